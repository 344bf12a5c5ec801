"""Answers from code that may block: the exchange that stands for another, the pump of a body, the loop of async code."""
from __future__ import annotations

import asyncio
import inspect
import sys
import threading
from collections.abc import AsyncIterator, Generator, Iterator
from concurrent.futures import CancelledError
from typing import Any

import pytest

from sessionmock.errors import Code, URLError, url_error
from sessionmock.models.timing import Timing
from sessionmock.routes import offload
from sessionmock.routes.offload import Deferred, LoopThread, Pump, fail, read_body

from .doubles import FakeHost, NotingExchange, RecordingSink, Stream


def to_error(error: BaseException) -> URLError:
    return url_error(Code.UNKNOWN, "http://api.test/", error)


# deferred ---------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("asked", "told"), [
    ([], []), (["pause"], ["pause"]), (["pause", "resume"], []), (["cancel"], ["cancel"]), (["pause", "cancel"], ["cancel"]),
])
def test_what_was_asked_for_before_is_told_then(asked: list[str], told: list[str]) -> None:
    """The state in the end, and not each step towards it."""
    deferred, inner = Deferred(), NotingExchange(Timing(request_start=7))
    for name in asked:
        getattr(deferred, name)()
    assert ("cancel" in asked, None) == (deferred.cancelled, deferred.timing)
    deferred.settle(inner)
    assert told == inner.calls
    assert 7 == deferred.timing.request_start    # type: ignore[union-attr]


def test_what_is_asked_for_later_is_passed_on() -> None:
    """At once, each step."""
    deferred, inner = Deferred(), NotingExchange(Timing(request_start=7))
    deferred.settle(inner)
    for name in ("pause", "resume", "pause", "cancel"):
        getattr(deferred, name)()
    assert ["pause", "resume", "pause", "cancel"] == inner.calls


def test_a_resume_while_the_pause_is_told() -> None:
    """Who resumes in the moment of settling is not left paused."""
    class Resumed(NotingExchange):
        def pause(self) -> None:
            super().pause()
            deferred._paused = False     # as `resume` of another thread, which looked before this one was settled on

    deferred, inner = Deferred(), Resumed(Timing(request_start=7))
    deferred.pause()
    deferred.settle(inner)
    assert ["pause", "resume"] == inner.calls


# bodies -----------------------------------------------------------------------------------------------------------------

def test_a_body_is_read_whole_told_and_closed() -> None:
    """Piece by piece, also where it breaks."""
    sink, stream = RecordingSink(), Stream(b"x" * 100_000)
    assert 100_000 == len(read_body(stream, sink))
    assert ([("sent", 65536), ("sent", 34464)], 1) == (sink.calls, stream.closed)
    broken = Stream(b"")
    broken.read = lambda size: 1 / 0    # type: ignore[assignment, method-assign, return-value]
    with pytest.raises(ZeroDivisionError):
        read_body(broken, sink)
    assert 1 == broken.closed


class Pumped:
    """A pump with its host and sink, and whether its generator was closed."""

    def __init__(self, *pieces: bytes | BaseException) -> None:
        self.host, self.sink = FakeHost(), RecordingSink()
        self.closed = False
        self.pump = Pump(self.host, self.sink, self.made(pieces), to_error)

    def made(self, pieces: tuple[bytes | BaseException, ...]) -> Generator[bytes]:
        try:
            for piece in pieces:
                if isinstance(piece, BaseException):
                    raise piece
                yield piece
        finally:
            self.closed = True


def test_a_pump_gives_all_of_a_body() -> None:
    """Empty pieces are none; at the end the generator is closed."""
    pumped = Pumped(b"one", b"", b"two")
    pumped.pump.run()
    assert ([("data", b"one"), ("data", b"two"), ("end", [])], True) == (pumped.sink.calls, pumped.closed)
    assert pumped.pump.timing is None


def test_a_paused_pump_gives_its_thread_back() -> None:
    """After the piece that it was at; a resume asks for another thread, once."""
    pumped = Pumped(b"one", b"two", b"three")
    pumped.sink.on_data = pumped.pump.pause
    pumped.pump.run()
    assert ([("data", b"one")], []) == (pumped.sink.calls, pumped.host.posted)
    pumped.sink.on_data = lambda: None
    pumped.pump.resume()
    pumped.pump.resume()
    assert 1 == len(pumped.host.posted)
    pumped.host.run()
    assert ["data", "data", "data", "end"] == pumped.sink.names


def test_a_resume_before_the_pump_stands_needs_no_thread() -> None:
    """It goes on where it is."""
    pumped = Pumped(b"one", b"two")
    pumped.sink.on_data = lambda: (pumped.pump.pause(), pumped.pump.resume())    # type: ignore[assignment, func-returns-value]
    pumped.pump.run()
    assert (["data", "data", "end"], []) == (pumped.sink.names, pumped.host.posted)


@pytest.mark.parametrize("paused", [False, True])
def test_a_cancelled_pump_closes_its_generator(paused: bool) -> None:
    """Whether it ran or stood; nothing is given any more."""
    pumped = Pumped(b"one", b"two")
    pumped.sink.on_data = pumped.pump.pause if paused else pumped.pump.cancel
    pumped.pump.run()
    pumped.pump.cancel()
    pumped.host.run()
    assert ([("data", b"one")], True) == (pumped.sink.calls, pumped.closed)


def test_what_a_generator_raises_ends_the_exchange() -> None:
    """Also what is no Exception; an interrupt goes on to who interrupted."""
    for error in (ValueError(), pytest.fail.Exception("no")):
        pumped = Pumped(b"one", error)
        pumped.pump.run()
        assert ["data", "fail"] == pumped.sink.names
        assert error is pumped.sink.calls[1][1].underlying_error
    sink = RecordingSink()
    with pytest.raises(KeyboardInterrupt):
        fail(sink, KeyboardInterrupt(), to_error)
    assert ["fail"] == sink.names


# the loop of async code -------------------------------------------------------------------------------------------------

@pytest.fixture
def loop() -> Iterator[LoopThread]:
    loop = LoopThread()
    yield loop
    loop.close()


async def where() -> tuple[str, Any]:
    return threading.current_thread().name, asyncio.get_running_loop()


def test_coroutines_of_one_channel_share_a_loop(loop: LoopThread) -> None:
    """On a thread of its own, from the first use on."""
    (thread, first), (_, second) = loop.run(where()), loop.run(where())
    assert ("sessionmock-async", True) == (thread, first is second)


@pytest.mark.parametrize("want", ["of threads", "at the interpreter's end"])
def test_without_a_thread_asynchronous_code_is_refused(loop: LoopThread, monkeypatch: pytest.MonkeyPatch, want: str) -> None:
    """At once, where waiting for it would never end; with a thread it is run again."""
    async def one() -> int:
        return 1

    with monkeypatch.context() as patch:
        if want == "of threads":
            patch.setattr(offload, "begin", lambda thread: False)
        else:
            assert 1 == loop.run(one())
            patch.setattr(sys, "is_finalizing", lambda: True)
        with pytest.raises(RuntimeError, match="no thread can be had"):
            loop.run(one())
    assert 1 == loop.run(one())


def test_any_awaitable_is_run(loop: LoopThread) -> None:
    """As a side effect may give one that is no coroutine; what it raises is raised."""
    class Awaitable:
        def __await__(self) -> Generator[Any, None, int]:
            yield from asyncio.sleep(0).__await__()
            return 7

    async def broken() -> None:
        raise ValueError("no")

    assert 7 == loop.run(Awaitable())
    with pytest.raises(ValueError, match="no"):
        loop.run(broken())


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit()])
def test_whatever_a_coroutine_raises_leaves_the_loop_running(loop: LoopThread, error: BaseException) -> None:
    """asyncio would end it by these, and nobody would hear of them either."""
    async def broken() -> None:
        raise error

    with pytest.raises(type(error)):
        loop.run(broken())
    assert "sessionmock-async" == loop.run(where())[0]


class AsyncStream:
    """A stream of httpx's that is only asynchronous."""

    closed = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"

    async def aclose(self) -> None:
        self.closed += 1


class BothStream(AsyncStream):
    """One that is both."""

    def __iter__(self) -> Iterator[bytes]:
        yield b"here"

    def close(self) -> None:
        self.closed += 1


def test_streams_are_read_here_where_they_can_be(loop: LoopThread) -> None:
    """Others by the loop; both are closed, also by who does not read them to the end."""
    for stream, expected in ((BothStream(), [b"here"]), (AsyncStream(), [b"one", b"two"])):
        assert (expected, 1) == (list(loop.pieces(stream)), stream.closed)
        part = loop.pieces(stream)
        next(part)
        part.close()
        assert 2 == stream.closed


def test_a_closed_loop_takes_nothing_and_warns_of_nothing() -> None:
    """What was under way is cancelled; a coroutine that comes too late is closed, not forgotten."""
    cancelled, waiting = threading.Event(), threading.Event()

    async def wait() -> None:
        waiting.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    def run() -> None:
        with pytest.raises(CancelledError):
            loop.run(wait())

    loop = LoopThread()
    thread = threading.Thread(target=run)
    thread.start()
    waiting.wait()
    loop.close()
    thread.join()
    assert cancelled.is_set()
    with pytest.raises(RuntimeError, match="the channel is closed"):
        loop.run(where())
    loop.close()


class Unread(AsyncStream):
    """One that its reader leaves after a piece, with more under way."""

    def __init__(self) -> None:
        self.left: list[str] = []

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            yield b"one"
            await asyncio.Event().wait()
        finally:
            self.left.append("iterator")

    async def aclose(self) -> None:
        self.left.append("stream")


def test_a_stream_that_is_left_is_closed_with_its_iterator(loop: LoopThread) -> None:
    """On the loop that read it, where the iterator goes first."""
    pieces = loop.pieces(stream := Unread())
    assert b"one" == next(pieces)
    pieces.close()
    assert ["iterator", "stream"] == stream.left


@pytest.mark.parametrize("waits", [False, True])
def test_a_stream_is_closed_after_the_loop_was(waits: bool) -> None:
    """Whoever reads it may be slower than the end of the channel, also one that waits for a piece: no coroutine is left unawaited."""
    loop = LoopThread()
    pieces = loop.pieces(stream := Unread())
    assert b"one" == next(pieces)
    if waits:
        running = loop._loop
        assert running is not None
        running.call_soon_threadsafe(lambda: running.call_soon(loop.close))    # when the piece is asked for
        with pytest.raises((CancelledError, RuntimeError)):
            next(pieces)
    else:
        loop.close()
        pieces.close()
    assert "stream" in stream.left


def test_a_coroutine_whose_turn_never_came_is_closed(loop: LoopThread, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop may end between a coroutine's coming and its first step."""
    def scheduled(*arguments: Any) -> Any:
        future = schedule(*arguments)
        queued.set()
        return future

    def run() -> None:
        with pytest.raises(CancelledError):
            loop.run(coroutine)

    async def late() -> None:
        raise AssertionError("it has run")

    loop.run(where())
    coroutine, inner = late(), loop._loop
    assert inner is not None
    busy, held, queued, schedule = threading.Event(), threading.Event(), threading.Event(), asyncio.run_coroutine_threadsafe
    monkeypatch.setattr(asyncio, "run_coroutine_threadsafe", scheduled)
    inner.call_soon_threadsafe(lambda: (busy.set(), held.wait()))      # until all is said
    busy.wait()
    thread = threading.Thread(target=run)
    thread.start()
    queued.wait()
    loop.close()
    held.set()
    thread.join()
    assert "CORO_CLOSED" == inspect.getcoroutinestate(coroutine)
