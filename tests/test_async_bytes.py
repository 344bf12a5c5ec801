"""`AsyncBytes`: a body that is read while it comes."""
from __future__ import annotations

import asyncio
import gc
import math
import threading
import time
from collections.abc import AsyncIterable, Callable, Iterator
from contextlib import aclosing
from typing import Any, TypeVar

import pytest
import trio

import sessionmock as sm
from tests.routes.origin import Origin, Peer

PATIENCE = 20.0
T = TypeVar("T")


@pytest.fixture
def session() -> Iterator[sm.URLSession]:
    with sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        yield session


def holding(gone: threading.Event) -> Callable[[Peer], None]:
    """A server that sends half of its answer and waits until its client has gone."""
    def script(peer: Peer) -> None:
        peer.read_head()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx")
        if not peer.sock.recv(1):
            gone.set()
    return script


def ended(task: sm.URLSessionTask) -> sm.URLError | None:
    deadline = time.monotonic() + PATIENCE
    while task.state is not sm.TaskState.COMPLETED and time.monotonic() < deadline:
        time.sleep(0.01)
    return task.error


def test_dropping_the_reader_cancels(session: sm.URLSession) -> None:
    """A body that nobody can read any more is not loaded any further; the server sees its client go."""
    gone = threading.Event()
    with Origin(holding(gone)) as server:
        stream, _ = session.bytes(server.url).result()
        task = stream.task
        assert b"x"[0] == next(iter(stream))
        del stream
        gc.collect()
        error = ended(task)
        assert error is not None
        assert sm.URLError.Code.CANCELLED == error.code
        assert gone.wait(PATIENCE)


def test_cancelling_who_waits_for_the_next_byte_cancels(session: sm.URLSession) -> None:
    """asyncio's own CancelledError comes out of the iteration, and the task ends with -999, though its reader is still held."""
    gone = threading.Event()

    async def read(stream: sm.AsyncBytes, first: asyncio.Event) -> None:
        async for _ in stream:
            first.set()

    async def main() -> sm.AsyncBytes:
        stream, _ = await session.bytes(server.url)
        first = asyncio.Event()
        reading = asyncio.create_task(read(stream, first))
        await first.wait()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        return stream

    with Origin(holding(gone)) as server:
        stream = asyncio.run(main())
        error = ended(stream.task)
        assert error is not None
        assert sm.URLError.Code.CANCELLED == error.code
        assert gone.wait(PATIENCE)


@pytest.fixture
def scripted(session: sm.URLSession) -> Iterator[sm.URLSession]:
    """A session that a text is the answer to, each time."""
    route = sm.ScriptRoute()
    route.get("http://a.test/").respond(content=b"one\r\ntwo\n\nthr\xc3\xa9e")
    with sm.use_route(route, everywhere=True):
        yield session


def test_the_same_body_in_every_way(scripted: sm.URLSession) -> None:
    """Bytes, chunks, lines, characters and scalars, by `for` and by `async for`."""
    def opened() -> sm.AsyncBytes:
        return scripted.bytes("http://a.test/").result()[0]

    async def gathered(parts: AsyncIterable[T]) -> list[T]:
        return [part async for part in parts]

    body = "one\r\ntwo\n\nthr\u00e9e"
    for parts, expected in [
        (lambda stream: stream, list(body.encode())),
        (lambda stream: stream.chunks(4), [b"one\r", b"\ntwo", b"\n\nth", b"r\xc3\xa9e"]),
        (lambda stream: stream.lines(), ["one", "two", "thr\u00e9e"]),
        (lambda stream: stream.lines(keep_empty=True), ["one", "two", "", "thr\u00e9e"]),
        (lambda stream: stream.lines(ends="\n", keep_empty=True), ["one\r", "two", "", "thr\u00e9e"]),
        (lambda stream: stream.lines(ends=["\r\n", "t"]), ["one", "wo\n\n", "hr\u00e9e"]),
        (lambda stream: stream.characters(), ["o", "n", "e", "\r\n", *body[5:]]),
        (lambda stream: stream.unicode_scalars(), list(body)),
    ]:
        assert expected == list(parts(opened()))
        assert expected == asyncio.run(gathered(parts(opened())))


def test_a_protocols_lines_keep_what_ends_a_line_of_text(session: sm.URLSession) -> None:
    """Who keeps empty lines reads a protocol: there only LF, CR and CRLF end one, unless others are named."""
    with sm.use_route(sm.ScriptRoute().answers([sm.Answer(body="a\u2028b\x0bc\r\n\rd")] * 3)):
        for expected, options in [
            (["a", "b", "c", "d"], {}),
            (["a\u2028b\x0bc", "", "d"], {"keep_empty": True}),
            (["a", "b\x0bc\r\n\rd"], {"keep_empty": True, "ends": "\u2028"}),
        ]:
            assert expected == list(session.bytes("http://a.test/").result()[0].lines(**options))


def test_events_come_typed(session: sm.URLSession) -> None:
    """By `for` and by `async for`."""
    route = sm.ScriptRoute()
    route.get("http://a.test/").respond(content=b"event: add\ndata: 1\nid: 7\n\ndata: 2\n\ndata: cut off")
    expected = [sm.ServerSentEvent("1", "add", "7"), sm.ServerSentEvent("2", id="7")]

    async def gathered() -> list[sm.ServerSentEvent]:
        stream, _ = await session.bytes("http://a.test/")
        return [event async for event in stream.events()]

    with sm.use_route(route):
        assert expected == list(session.bytes("http://a.test/").result()[0].events())
        assert expected == asyncio.run(gathered())


@pytest.mark.parametrize("size", [0, -1, math.nan, 1.5, "4", None, True, math.inf])
def test_a_size_that_is_none_is_refused(scripted: sm.URLSession, size: Any) -> None:
    """At the call, and the body can still be read."""
    stream, _ = scripted.bytes("http://a.test/").result()
    with pytest.raises(sm.InvalidArgumentException, match=r"chunks was given .*; it takes an int of at least 1"):
        stream.chunks(size)
    assert b"one\r\ntwo" == next(iter(stream.chunks()))[:8]


@pytest.mark.parametrize("ends", ["", "abc", [], ["\n", ""], [b"\n"], None, 5, b"\n"])
def test_what_ends_no_line_is_refused(scripted: sm.URLSession, ends: Any) -> None:
    """At the call, with what would do."""
    stream, _ = scripted.bytes("http://a.test/").result()
    with pytest.raises(sm.InvalidArgumentException, match=r"lines\(ends=...\) was given .*; it takes a str of one or two characters"):
        stream.lines(ends=ends)
    with pytest.raises(sm.InvalidArgumentException, match=r"keep_empty"):
        stream.lines(keep_empty=1)    # type: ignore[arg-type]


def test_a_second_reader_is_told(scripted: sm.URLSession) -> None:
    """Beside the first, which goes on, and after it; by `for` and by `async for`."""
    async def gathered(parts: AsyncIterable[T]) -> list[T]:
        return [part async for part in parts]

    stream, _ = scripted.bytes("http://a.test/").result()
    lines = iter(stream.lines())
    assert "one" == next(lines)
    for again in (stream, stream.lines(), stream.chunks(), stream.events(), stream.characters()):
        with pytest.raises(sm.GenericException, match="read once"):
            list(again)    # type: ignore[call-overload]
    assert ["two", "thr\u00e9e"] == list(lines)
    with pytest.raises(sm.GenericException, match="read once"):
        asyncio.run(gathered(stream.lines()))


def test_an_iterator_that_is_closed_before_its_end_leaves_nothing_open(session: sm.URLSession) -> None:
    """Of which trio would warn when it is collected."""
    async def read(ways: Callable[[sm.AsyncBytes], AsyncIterable[Any]]) -> None:
        stream, _ = await session.bytes("data:,one%0Atwo")
        async with aclosing(aiter(ways(stream))) as found:  # type: ignore[type-var]
            await anext(found)

    async def all_ways() -> None:
        for ways in (lambda stream: stream, sm.AsyncBytes.lines, sm.AsyncBytes.characters, lambda stream: stream.chunks(1)):
            await read(ways)
        async with aclosing(sm.lines("data:,one%0Atwo")) as found:
            assert "one" == await anext(found)

    trio.run(all_ways)
    gc.collect()


def test_what_reads_it_says_what_it_reads(scripted: sm.URLSession) -> None:
    stream, _ = scripted.bytes("http://a.test/").result()
    assert f"<pieces of at most 5 bytes of {stream!r}>" == repr(stream.chunks(5))
    assert f"<parts of {stream!r}>" == repr(stream.lines())


def test_a_reader_names_its_task(scripted: sm.URLSession) -> None:
    """For whoever prints it."""
    stream, _ = scripted.bytes("http://a.test/").result()
    assert repr(stream) == f"<AsyncBytes of {stream.task!r}>"
    assert b"one" == bytes(stream)[:3]


def test_an_interrupt_of_who_waits_for_the_next_byte_cancels(session: sm.URLSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C comes out of the iteration, and the task ends with -999."""
    def interrupted(latch: object) -> None:
        raise KeyboardInterrupt

    gone = threading.Event()
    with Origin(holding(gone)) as server:
        stream, _ = session.bytes(server.url).result()
        pieces = iter(stream)
        assert b"x"[0] == next(pieces)
        monkeypatch.setattr(type(stream._life.engine), "wait", lambda self, latch: interrupted(latch))
        with pytest.raises(KeyboardInterrupt):
            next(pieces)
        monkeypatch.undo()
        error = ended(stream.task)
        assert error is not None
        assert sm.URLError.Code.CANCELLED == error.code
        assert gone.wait(PATIENCE)
