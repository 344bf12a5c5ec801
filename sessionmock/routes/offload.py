"""Exchanges whose answer comes from code that may block: it runs on pooled threads, which are given back while paused."""
from __future__ import annotations

import asyncio
import concurrent.futures
import sys
import threading
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from typing import Any, TypeVar

from ..engine.finalizing import begin
from ..engine.work import is_coroutine, new_loop
from ..errors import URLError
from ..models.message import BodyStream, Request
from ..models.timing import Timing
from .base import Exchange, Host, Sink, Unmeasured

T = TypeVar("T")


class LoopClosed(RuntimeError):
    """A `LoopThread` runs nothing more, or nobody waits for what a `Caller` was to run."""


PIECE = 65_536    # bytes read from a request's body at a time


def read_body(body: BodyStream, sink: Sink) -> bytes:
    """The whole of `body`, which is told to `sink` as sent and then closed."""
    pieces = []
    try:
        while piece := body.read(PIECE):
            pieces.append(piece)
            sink.sent(len(piece))
    finally:
        body.close()
    return b"".join(pieces)


class Deferred:
    """An exchange that stands for another one, which is settled on later."""

    __slots__ = ("_cancelled", "_inner", "_lock", "_paused")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._paused = self._cancelled = False
        self._inner: Exchange | None = None

    @property
    def timing(self) -> Timing | None:
        return None if self._inner is None else self._inner.timing

    @property
    def cancelled(self) -> bool:
        return self._cancelled

    def settle(self, inner: Exchange) -> None:
        """From now on `inner` is meant; what was asked for so far is passed on to it."""
        with self._lock:
            self._inner = inner
            paused, cancelled = self._paused, self._cancelled
        if cancelled:
            inner.cancel()
        elif paused:
            inner.pause()
            if not self._paused:       # resumed in this very moment, perhaps before the pause
                inner.resume()

    def pause(self) -> None:
        with self._lock:
            self._paused = True
            inner = self._inner
        if inner is not None:
            inner.pause()

    def resume(self) -> None:
        with self._lock:
            self._paused = False
            inner = self._inner
        if inner is not None:
            inner.resume()

    def cancel(self) -> None:
        with self._lock:
            self._cancelled = True
            inner = self._inner
        if inner is not None:
            inner.cancel()


class Pump(Unmeasured):
    """Takes pieces of a body from a generator and gives them to a sink; the generator is closed in the end.

    `run()` is called on a thread that may block. A pause ends that call, `resume` asks the host for another one.
    """

    __slots__ = ("_cancelled", "_host", "_lock", "_paused", "_pieces", "_running", "_sink", "_to_error")

    def __init__(self, host: Host, sink: Sink, pieces: Generator[bytes], to_error: Callable[[BaseException], URLError]) -> None:
        self._host, self._sink, self._pieces, self._to_error = host, sink, pieces, to_error
        self._lock = threading.Lock()
        self._paused = self._cancelled = False
        self._running = True       # whoever makes a pump calls `run()`

    def run(self) -> None:
        """Pump until the body's end, a pause or the end of the exchange."""
        sink = self._sink
        try:
            for piece in self._pieces:
                if self._cancelled:
                    break
                if piece:
                    sink.data(piece)
                with self._lock:
                    if self._paused and not self._cancelled:
                        self._running = False
                        return
            else:
                sink.end([])
            self._pieces.close()
        except BaseException as error:
            fail(sink, error, self._to_error)

    def pause(self) -> None:
        with self._lock:
            self._paused = True

    def resume(self) -> None:
        with self._lock:
            self._paused = False
        self._start()

    def cancel(self) -> None:
        with self._lock:
            self._cancelled = True
        self._start()              # so that the generator is closed

    def _start(self) -> None:
        with self._lock:
            if self._running:
                return
            self._running = True
        self._host.work(self.run)


def fail(sink: Sink, error: BaseException, to_error: Callable[[BaseException], URLError]) -> None:
    """End an exchange by `error` of user code. Also what is no Exception, as pytest.fail's, must not be lost with a thread."""
    sink.fail(to_error(error))
    if isinstance(error, KeyboardInterrupt | SystemExit):
        raise error


class Runner:
    """The base of what runs code of users for threads that may block."""

    def call(self, function: Callable[..., T], *arguments: Any) -> T:
        """What `function` gives, called here; what that is to be awaited is for `run`."""
        return function(*arguments)

    def run(self, awaitable: Awaitable[T]) -> T:
        """What `awaitable` gives; the calling thread blocks meanwhile."""
        raise NotImplementedError

    def pieces(self, stream: Any) -> Generator[bytes]:
        """The pieces of an httpx stream, for a thread that may block; one that is only asynchronous is read by `run`."""
        if hasattr(stream, "__iter__"):
            try:
                yield from stream
            finally:
                stream.close()
            return
        iterator = stream.__aiter__()
        try:
            while (piece := self.run(_next(iterator))) is not None:
                yield piece
        finally:
            self._leave(iterator, stream)

    def _leave(self, iterator: AsyncIterator[bytes], stream: Any) -> None:
        """Close `stream`, however far it was read: on a loop of its own where this one was closed meanwhile, and with it the iterator."""
        try:
            self.run(_left(iterator, stream))
        except (LoopClosed, concurrent.futures.CancelledError):
            other = LoopThread()
            try:
                other.run(stream.aclose())
            finally:
                other.close()


class LoopThread(Runner):
    """A private asyncio loop for async code of users and transports, on its own thread from the first use to `close`.

    One loop for all of a channel's exchanges, because clients' connection pools and locks are bound to theirs.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    def run(self, awaitable: Awaitable[T]) -> T:
        with self._lock:
            if not (self._closed or self._loop):
                loop = new_loop()
                if begin(threading.Thread(target=self._serve, args=(loop,), name="sessionmock-async", daemon=True)):
                    self._loop = loop
                else:
                    loop.close()
            if self._loop is None or sys.is_finalizing():
                _forget(awaitable)
                raise LoopClosed("the channel is closed") if self._closed else RuntimeError("no thread can be had that runs asynchronous code")
            future = asyncio.run_coroutine_threadsafe(_outcome(awaitable), self._loop)
        try:
            value, error = future.result()
        except concurrent.futures.CancelledError:
            _forget(awaitable)                     # the loop was closed, perhaps before its turn came
            raise
        if error is not None:
            raise error
        return value

    def close(self) -> None:
        """Cancel what still runs and end the thread."""
        with self._lock:
            loop, self._loop, self._closed = self._loop, None, True
        if loop is not None:
            loop.call_soon_threadsafe(loop.stop)

    @staticmethod
    def _serve(loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
            for task in (tasks := asyncio.all_tasks(loop)):
                task.cancel()
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()


class Caller(Runner):
    """The coroutine of a client that waits for its answer: what the answer takes of users' code runs there, in the client's own task and
    context, on its loop, whichever library's that is. `wake` tells it that there is something to run."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._lock = threading.Lock()
        self._asked: deque[tuple[Awaitable[Any], concurrent.futures.Future[Any]]] = deque()
        self._closed = False
        self._thread = threading.get_ident()

    @property
    def is_asked(self) -> bool:
        """Whether there is something to run."""
        return bool(self._asked)

    @property
    def is_here(self) -> bool:
        """Whether this is the thread that the coroutine runs on, which may not wait for it."""
        return threading.get_ident() == self._thread

    def call(self, function: Callable[..., T], *arguments: Any) -> T:
        value, error = self.run(_called(function, arguments))
        if error is not None:
            raise error
        return value

    def run(self, awaitable: Awaitable[T]) -> T:
        future: concurrent.futures.Future[T] = concurrent.futures.Future()
        with self._lock:
            if self._closed:
                _forget(awaitable)
                raise LoopClosed("nobody waits for the answer any more")
            self._asked.append((awaitable, future))
        self._wake()
        return future.result()

    async def go_on(self) -> None:
        """In that coroutine: run what was asked for. An interrupt, or the cancellation of who waits, goes on from here."""
        awaitable, future = self._asked.popleft()
        try:
            future.set_result(await awaitable)
        except BaseException as error:
            future.set_exception(error)
            if not isinstance(error, Exception):
                raise

    def close(self) -> None:
        """It waits no more: what is asked for from now on, or has not begun, fails with LoopClosed."""
        with self._lock:
            self._closed = True
        while self._asked:
            awaitable, future = self._asked.popleft()
            _forget(awaitable)
            future.set_exception(LoopClosed("nobody waits for the answer any more"))


def runner_for(request: Request, otherwise: LoopThread) -> Runner:
    """Who runs users' code for the answer to `request`: the coroutine that asked, where it is one and runs on another thread."""
    caller = request.caller
    return caller if isinstance(caller, Caller) and not caller.is_here else otherwise


def _forget(awaitable: Awaitable[Any]) -> None:
    """Nobody is going to await it."""
    if is_coroutine(awaitable):
        awaitable.close()


async def _called(function: Callable[..., T], arguments: tuple[Any, ...]) -> tuple[T, None] | tuple[Any, Exception]:
    """What `function` gives or raises, also a StopIteration, which no coroutine may raise."""
    try:
        return function(*arguments), None
    except Exception as error:
        return None, error


async def _outcome(awaitable: Awaitable[T]) -> tuple[T, None] | tuple[Any, BaseException]:
    """What `awaitable` gives, or which of the two exceptions it raised that would end the loop, with all that runs there."""
    try:
        return await awaitable, None
    except (KeyboardInterrupt, SystemExit) as error:
        return None, error


async def _next(iterator: AsyncIterator[bytes]) -> bytes | None:
    return await anext(iterator, None)


async def _left(iterator: AsyncIterator[bytes], stream: Any) -> None:
    if (close := getattr(iterator, "aclose", None)) is not None:      # a generator, which the collector would close at any time
        await close()
    await stream.aclose()
