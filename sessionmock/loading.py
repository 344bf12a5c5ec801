"""`Loading`: a load whose outcome somebody is about to want, by `await` or by `.result()`."""
from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator
from functools import partial
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary, ref

from .clock import nanoseconds
from .engine.loop import AnyEngine
from .engine.loop import engine as system_engine
from .engine.queues import delivers_here
from .engine.virtual import VirtualEngine
from .errors import URLError
from .latch import Latch
from .load.load import Load

T = TypeVar("T")


class Loading(Generic[T]):
    """A resumed task and its outcome. Asked twice, it gives the same.

    `await` it on any asyncio or trio loop, or call `.result()` from plain code. A load that nobody waits for yet starts
    20 to 41 ms after its creation (its caller is expected to wait at once); everything else starts at once.
    """

    def __init__(self, task: Any, load: Load, outcome: Callable[[], tuple[T, URLError | None]], latch: Latch | None = None) -> None:
        self.task = task
        self._load = load
        self._outcome_of_load = outcome
        self._latch = latch or load.latch

    def __repr__(self) -> str:
        return f"<Loading of {self.task!r}>"

    def done(self) -> bool:
        """Whether the outcome is there."""
        return self._latch.done

    def cancel(self) -> None:
        """Cancel the task: the outcome is `URLError` -999 unless it was there already."""
        self.task.cancel()

    def result(self, timeout: float | None = None) -> T:
        """Wait for the outcome, at most `timeout` seconds: (data, response), or for a download (path, response).

        Raises the URLError that the load failed with; TimeoutError when the time runs out (the task goes on); and
        RuntimeError at once where waiting could never end: on the engine's stack, on the session's own serial queue
        or on an asyncio loop that a delegate queue delivers to. KeyboardInterrupt cancels the task.
        """
        load = self._load
        if not self._latch.done:
            self._refuse_to_block()
            engine = load.context.engine
            try:
                ended = engine.wait(self._latch, None if timeout is None else engine.clock.now() + nanoseconds(timeout))
            except KeyboardInterrupt:
                self.cancel()
                raise
            if not ended:
                load.hasten()
                raise TimeoutError(f"{self.task!r} has not ended after {timeout} s; it goes on")
        return self._outcome()

    def _refuse_to_block(self) -> None:
        context = self._load.context
        if context.engine.on_engine():
            place = "the engine's own stack"
        elif context.queue.is_current and context.queue.max_concurrent_operation_count == 1:
            place = "the session's own delegate queue"
        elif delivers_here():
            place = "an asyncio loop that a delegate queue delivers to"
        else:
            return
        raise RuntimeError(f".result() of {self.task!r} on {place} would wait for ever; await it, or use a completion handler")

    def _outcome(self) -> T:
        value, error = self._outcome_of_load()
        if error is not None:
            raise error from error.underlying_error
        return value

    def __await__(self) -> Generator[Any, None, T]:
        return self.run().__await__()

    async def run(self) -> T:
        """The same as a coroutine function, for `create_task` and trio's `start_soon`."""
        load = self._load
        if not self._latch.done:
            load.hasten()
            load.context.queue.notice()
            await ended_or(self.cancel, self._latch, load.context.engine)
        return self._outcome()


def whoever() -> object:
    """Who runs here: the task of asyncio or trio, else the thread."""
    trio = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_task():
        return trio.lowlevel.current_task()
    return (None if asyncio._get_running_loop() is None else asyncio.current_task()) or threading.get_ident()


class Done:
    """That something was done, with the handler called that wanted to hear of it: to be awaited, or not, on any loop."""

    def __init__(self, engine: AnyEngine) -> None:
        self._engine = engine
        self.latch = Latch()

    def after(self, call: Callable[[], Any]) -> Any:
        """Make `call`; then it is done."""
        try:
            return call()
        finally:
            self.latch.set()

    def __await__(self) -> Generator[Any, None, None]:
        return self._wait().__await__()

    async def _wait(self) -> None:
        if not self.latch.done:
            await ended(self.latch, self._engine)


async def ended_or(give_up: Callable[[], None], latch: Latch, engine: AnyEngine) -> None:
    """`ended`; whoever stops waiting gives up what was waited for."""
    try:
        await ended(latch, engine)
    except GeneratorExit:      # dropped, perhaps by the collector in the midst of anything
        engine.post_eager(give_up)
        raise
    except BaseException:      # cancellation, as the library in charge raises it
        give_up()
        raise


async def ended(latch: Latch, engine: AnyEngine = system_engine) -> None:
    """Wait for `latch`, which `engine` sets, on whatever loop runs here: asyncio's or trio's."""
    if isinstance(engine, VirtualEngine):     # whoever waits makes the calls
        await engine.ended(latch)
        return
    trio = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_task():
        event = trio.Event()
        token = trio.lowlevel.current_trio_token()
        latch.tell(partial(_wake_trio, token, event, os.getpid()))
        await event.wait()
        return
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    bell = _bells.get(loop)
    if bell is None:
        bell = _bells[loop] = _Bell(loop)
    latch.tell(partial(bell.ring, future))
    await future


def _wake_trio(token: Any, event: Any, process: int) -> None:
    import trio
    if os.getpid() != process:          # in a forked child the token's lock may be one that nobody lets go of
        return
    try:
        token.run_sync_soon(event.set)
    except trio.RunFinishedError:       # nobody is there to be woken
        pass


class _Bell:
    """Wakes one asyncio loop from other threads, once for all that has come since it last looked."""

    __slots__ = ("_futures", "_loop", "_rung")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = ref(loop)          # which holds the bell, and not the other way round
        self._futures: deque[asyncio.Future[None]] = deque()
        self._rung = False

    def ring(self, future: asyncio.Future[None]) -> None:
        self._futures.append(future)
        if not self._rung:
            self._rung = True
            try:
                if (loop := self._loop()) is not None:
                    loop.call_soon_threadsafe(self._answer)
            except RuntimeError:        # the loop is closed, and nobody waits there any more
                self._futures.clear()

    def _answer(self) -> None:
        self._rung = False              # before looking: what comes after rings again
        while self._futures:
            future = self._futures.popleft()
            if not future.done():
                future.set_result(None)


_bells: WeakKeyDictionary[asyncio.AbstractEventLoop, _Bell] = WeakKeyDictionary()
