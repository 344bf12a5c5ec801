"""Bodies that are read before anybody is asked: how far, by whom, and what becomes of one that does not come."""
from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from sessionmock.clock import SECOND
from sessionmock.errors import RecordingWarning
from sessionmock.models.message import Request
from sessionmock.routes.cassette import CassetteRoute, Interaction, RecordedRequest, RecordedResponse, Tape, finder, write_tape
from sessionmock.routes.cassette.ahead import Ahead

from ..doubles import FakeHost, FakeLive, RecordingSink, Stream
from ..test_cassette_route import URL, answer


def item(asked: bytes, answered: bytes) -> Interaction:
    return Interaction(RecordedRequest("POST", URL, [], asked), RecordedResponse(200, "OK", [], answered))


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    write_tape(tmp_path / "tape.yaml", Tape([item(b"aaaa", b"got a"), item(b"bbbb", b"got b")]))
    return tmp_path / "tape.yaml"


def opened(route: CassetteRoute, body: Any, host: FakeHost) -> RecordingSink:
    sink = RecordingSink()
    sink.exchange = route.bind(None, host).open(Request("POST", URL, [], body), sink)
    return sink


@pytest.mark.parametrize("ends", [True, False])
def test_the_same_bytes_are_read_again(ends: bool) -> None:
    """What was read ahead, then the rest of the stream; framed as the stream would have been."""
    stream = Stream(b"abcdef" * 20_000, length=9)
    body = Ahead(stream, 1 << 20 if ends else 0)
    body.fill()
    assert (ends, 9) == (body.ended, body.length)
    assert b"abcdef" * 20_000 == b"".join(iter(lambda: body.read(1000), b""))
    assert b"" == body.read(1)
    body.close()
    assert 1 == stream.closed


def test_one_who_opens_may_read_what_does_not_block(tape: Path) -> None:
    """The answer is there at once, and the stream is closed."""
    stream = Stream(b"bbbb")
    assert b"got b" == opened(CassetteRoute(tape), stream, FakeHost()).body
    assert 1 == stream.closed


def test_what_may_block_is_read_on_a_thread(tape: Path) -> None:
    """Nothing of it is read before that, and the answer comes from there."""
    host, stream = FakeHost(), Stream(b"bbbb", may_block=True)
    sink = opened(CassetteRoute(tape), stream, host)
    assert (b"bbbb", []) == (stream.data, sink.calls)
    host.run()
    assert (["sent", "head", "data", "end"], b"got b", 1) == (sink.names, sink.body, stream.closed)


def test_an_exchange_that_was_cancelled_meanwhile_asks_nobody(tape: Path) -> None:
    """The stream is closed, and nothing was played or missed."""
    host, stream, route = FakeHost(), Stream(b"cccc", may_block=True), CassetteRoute(tape)
    sink = opened(route, stream, host)
    sink.exchange.cancel()
    host.run()
    assert ([], 1, 0, []) == (sink.calls, stream.closed, route.played, route.misses)


def test_a_stream_that_raises_fails_its_exchange(tape: Path) -> None:
    """With what it raised, wherever it was read."""
    class Broken(Stream):
        def read(self, size: int) -> bytes:
            raise LookupError("no such file")

    for may_block in (False, True):
        host, stream = FakeHost(), Broken(b"", may_block=may_block)
        sink = opened(CassetteRoute(tape), stream, host)
        host.run()
        assert "no such file" in str(sink.calls[0][1])
        assert stream.closed


def test_no_more_is_read_than_could_have_been_recorded(tape: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that is larger than the whole cassette is a miss long before its end; one that goes live is sent whole."""
    monkeypatch.setattr(finder, "_LAYOUT", 0)
    most, size = 2 * tape.stat().st_size, 200_000
    stream = Stream(b"x" * size)
    assert "no recorded answer" in str(opened(CassetteRoute(tape, "none"), stream, FakeHost()).missed)
    assert most < size - len(stream.data) < most + 100_000
    live = FakeLive(answer())
    with CassetteRoute(tape, "new_episodes", live=live) as route:
        assert b"live" == opened(route, Stream(b"x" * size), FakeHost()).body
    assert [size] == [len(body or b"") for body in live.bodies]


@pytest.mark.parametrize(("mode", "options"), [("all", {}), ("once", {"path": "new.yaml"}), ("none", {"match_on": ["method", "uri"]})])
def test_nothing_is_read_where_nothing_is_compared(tape: Path, mode: str, options: dict[str, Any]) -> None:
    """What is recorded anyway goes as it comes."""
    path = tape.with_name(options.pop("path", tape.name))
    host, stream = FakeHost(), Stream(b"cccc", may_block=True)
    with CassetteRoute(path, mode, live=FakeLive(answer()), **options) as route:
        assert "end" in opened(route, stream, host).names


class Held(Stream):
    """A stream that brings nothing more until it is let go: reading it then runs what the engine does meanwhile."""

    def __init__(self, data: bytes, meanwhile: Any) -> None:
        super().__init__(data, may_block=True)
        self.meanwhile: Any = meanwhile

    def read(self, size: int) -> bytes:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return super().read(size)


def impatient(host: FakeHost) -> None:
    """On the engine: time passes, and a look at the body finds nothing new."""
    while host.posted:
        call, *arguments = host.posted.pop(0)
        call(*arguments)
    host.clock.advance(2 * SECOND)


@pytest.mark.parametrize(("body", "missed"), [(b"aaaa", 0), (b"bbbb", 1)])
def test_a_body_that_comes_after_its_answer_is_compared_then(tape: Path, body: bytes, missed: int) -> None:
    """The first answer that is left is given; where it was another body's, that is a miss."""
    host = FakeHost()
    route = CassetteRoute(tape, "none")
    sink = opened(route, Held(body, lambda: impatient(host)), host)
    host.run()
    assert (b"got a", missed) == (sink.body, len(route.misses))
    assert all("number 1 was given before the body had come" in str(miss) for miss in route.misses)
    route.close()


def test_a_body_that_never_ends_is_said_not_to_be_compared(tape: Path) -> None:
    """When the cassette is closed."""
    host, route = FakeHost(), CassetteRoute(tape, "none")

    class Endless(Held):
        def read(self, size: int) -> bytes:
            super().read(size)
            with pytest.warns(RecordingWarning, match="POST .* was answered before its body had come, which was not compared"):
                route.close()
            return b""

    assert b"got a" == opened_and_run(route, Endless(b"", lambda: impatient(host)), host).body


def opened_and_run(route: CassetteRoute, body: Stream, host: FakeHost) -> RecordingSink:
    sink = opened(route, body, host)
    host.run()
    return sink


def test_a_body_that_does_not_come_goes_live_where_the_server_is_asked(tape: Path) -> None:
    """The rest is read by whoever sends it, after what was read ahead, once the piece that is on its way has come."""
    waits, sends = threading.Event(), threading.Event()

    class Slow(Stream):
        def read(self, size: int) -> bytes:
            waits.set()
            assert sends.wait(10)
            return super().read(2)

    class Sending(FakeLive):
        def open(self, request: Request, sink: Any) -> FakeLive:
            sends.set()
            return super().open(request, sink)

    class Threads(FakeHost):
        def work(self, call, *arguments) -> None:
            reader.append(threading.Thread(target=call, args=arguments))
            reader[0].start()

    reader: list[threading.Thread] = []
    host, live = Threads(), Sending(answer())
    route = CassetteRoute(tape, "verify", live=live)
    opened(route, Slow(b"aabb", may_block=True), host)
    assert waits.wait(10)
    impatient(host)
    reader[0].join()
    assert [b"aabb"] == live.bodies
    assert ["body"] == [difference.place for difference in route.differences]
