"""A recorded answer on its way: at once, piece by piece, at its recorded pace, held back and cancelled."""
from __future__ import annotations

from typing import Any

import pytest

from sessionmock.clock import SECOND
from sessionmock.errors import Code
from sessionmock.models.message import Request, ResponseHead
from sessionmock.routes.base import FINISHED
from sessionmock.routes.cassette import Extra, Interaction, RecordedRequest, RecordedResponse
from sessionmock.routes.cassette.interaction import LEFT, Failure
from sessionmock.routes.cassette.playback import PIECE, pieces, play

from ..doubles import FakeHost, RecordingSink

ASKED = Request("GET", "http://api.test/?token=asked", [])


def item(body: bytes, status: int = 200, **extra: Any) -> Interaction:
    return Interaction(RecordedRequest("GET", "http://api.test/"), RecordedResponse(status, "OK", [("A", "1")], body), Extra(**extra))


def drive(host: FakeHost) -> None:
    """Everything that is posted and every timer, in order."""
    host.run()
    while host.clock.advance(None):
        host.run()


class Timed(RecordingSink):
    """Notes the second of each piece, and of the end."""

    def __init__(self, host: FakeHost) -> None:
        super().__init__()
        self.host, self.times = host, list[float]()
        self.on_data = self.note

    def note(self) -> None:
        self.times.append(self.host.clock.now() / SECOND)

    def end(self, trailers: Any) -> None:
        self.note()
        super().end(trailers)


def test_a_small_answer_is_there_at_once() -> None:
    """Early heads, head, recorded pieces, trailers; and the exchange is over."""
    host, sink = FakeHost(), RecordingSink()
    early = ResponseHead(103, [("Link", "<x>")], "Early Hints")
    answer = item(b"one-two", informational=[early], trailers=[("T", "1")], chunks=[(0, 5), (3, 90)], http_version="HTTP/2")
    assert FINISHED is play(answer, ASKED, sink, host)
    assert [("informational", early), ("head", ResponseHead(200, [("A", "1")], "OK", "HTTP/2")),
            ("data", b"one"), ("data", b"-two"), ("end", [("T", "1")])] == sink.calls
    assert [] == host.posted


def test_what_a_sink_does_to_an_answer_does_not_reach_the_tape() -> None:
    """Heads and trailers are given as copies: a second playing is as the first."""
    answer = item(b"", informational=[ResponseHead(103, [("A", "1")])], trailers=[("T", "1")])
    before = repr(answer)
    sink = RecordingSink()
    play(answer, ASKED, sink, FakeHost())
    sink.calls[0][1].headers.clear()
    sink.calls[1][1].headers.clear()
    sink.calls[2][1].clear()
    assert before == repr(answer)


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_answers_that_have_no_body(method: str, status: int) -> None:
    """None is given, whatever was recorded (RFC 9112, section 6.3)."""
    sink = RecordingSink()
    play(item(b"x", status), Request(method, "http://api.test/", []), sink, FakeHost())
    assert ["head", "end"] == sink.names


def test_a_large_body_can_be_held_back() -> None:
    """The first piece comes at once, others from the engine: none while paused, all after, none after a cancel."""
    host, sink = FakeHost(), RecordingSink()
    exchange = play(item(b"x" * (3 * PIECE + 1)), ASKED, sink, host)
    assert (["head", "data"], None) == (sink.names, exchange.timing)
    exchange.pause()
    host.run()
    assert PIECE == len(sink.body)
    sink.on_data = exchange.pause
    exchange.resume()
    assert 2 * PIECE == len(sink.body)
    sink.on_data = lambda: None
    exchange.resume()
    assert (3 * PIECE + 1, "end") == (len(sink.body), sink.names[-1])
    exchange.resume()
    assert 1 == sink.names.count("end")


def test_a_cancelled_body_goes_no_further() -> None:
    """Also from within a piece; and a timer that was set is taken back."""
    host, sink = FakeHost(), RecordingSink()
    exchange = play(item(b"x" * 3 * PIECE), ASKED, sink, host)
    sink.on_data = exchange.cancel
    host.run()
    assert (2 * PIECE, False) == (len(sink.body), "end" in sink.names)
    host, sink = FakeHost(), RecordingSink()
    exchange = play(item(b"one-two", chunks=[(0, 0), (3, 9000)]), ASKED, sink, host, 1.0)
    host.run()
    exchange.cancel()
    drive(host)
    assert (b"one", 0) == (sink.body, host.clock.now())


@pytest.mark.parametrize(("speed", "expected"), [(1.0, [1, 2, 8, 8]), (2.0, [0.5, 1, 4, 4])])
def test_the_recorded_pace(speed: float, expected: list[float]) -> None:
    """Each piece comes at its time after the head, faster by `speed`."""
    host = FakeHost()
    sink = Timed(host)
    play(item(b"abc", chunks=[(0, 1000), (1, 2000), (2, 8000)]), ASKED, sink, host, speed)
    drive(host)
    assert (expected, b"abc") == (sink.times, sink.body)


def test_the_pace_goes_on_while_nobody_reads() -> None:
    """What became due during a pause comes at once after it; what is not due waits for its own time."""
    host = FakeHost()
    sink = Timed(host)
    exchange = play(item(b"abc", chunks=[(0, 1000), (1, 2000), (2, 8000)]), ASKED, sink, host, 1.0)
    exchange.pause()
    host.run()
    host.clock._now = 5 * SECOND
    exchange.resume()
    exchange.resume()
    drive(host)
    assert [5, 5, 8, 8] == sink.times


@pytest.mark.parametrize(("size", "chunks", "expected"), [
    (3, [], [(3, 0)]),
    (3, [(0, 5), (1, 7)], [(1, 5), (3, 7)]),
    (3, [(1, 7), (0, 5)], [(1, 5), (3, 7)]),              # in any order
    (3, [(0, 5), (0, 4), (1, 2)], [(1, 5), (3, 5)]),      # none before the one that it follows
    (3, [(0, 5), (3, 7), (9, 9)], [(3, 5)]),              # what an edited body no longer has
    (2 * PIECE + 1, [(0, 5)], [(PIECE, 5), (2 * PIECE, 5), (2 * PIECE + 1, 5)]),
])
def test_the_pieces_of_a_body(size: int, chunks: list[tuple[int, int]], expected: list[tuple[int, int]]) -> None:
    """They cover it whole, in order, none too large."""
    assert expected == pieces(size, chunks)
    assert size == expected[-1][0]


def test_a_failure_comes_again() -> None:
    """Without a head at once, else after what came before it; of its code, for the URL that is asked now, over a cause of its kind."""
    lost = Failure(Code.NETWORK_CONNECTION_LOST, "reset", "ConnectionResetError")
    for status, names in ((0, ["fail"]), (200, ["head", "data", "fail"])):
        host, sink = FakeHost(), RecordingSink()
        play(item(b"part", status, failure=lost), ASKED, sink, host)
        drive(host)
        error = sink.calls[-1][1]
        assert (names, Code.NETWORK_CONNECTION_LOST, ASKED.url) == (sink.names, error.code, error.failing_url)
        assert ["it failed so when it was recorded; nothing was sent now"] == error.__notes__
        assert (ConnectionResetError, "reset") == (type(error.underlying_error), str(error.underlying_error))


def test_an_answer_that_was_left_can_be_left_again() -> None:
    """It stays open after what came, as it was; a cancel is the end of it."""
    host, sink = FakeHost(), RecordingSink()
    exchange = play(item(b"part", failure=LEFT), ASKED, sink, host)
    host.run()
    assert ["head", "data"] == sink.names
    exchange.cancel()
    drive(host)
    assert ["head", "data"] == sink.names


@pytest.mark.parametrize("body", [b"part", b""])
def test_who_reads_on_where_the_recorded_reader_left_fails(body: bytes) -> None:
    """After a moment, so that nobody takes a part for the whole."""
    host, sink = FakeHost(), RecordingSink()
    play(item(body, failure=LEFT), ASKED, sink, host)
    drive(host)
    assert ("fail", SECOND) == (sink.names[-1], host.clock.now())
    assert f"ends here, after {len(body)} bytes: its reader left" in str(sink.calls[-1][1])


def test_the_pace_of_an_answer_that_was_left() -> None:
    """Its pieces come at their times, and the moment after the last begins then."""
    host = FakeHost()
    sink = Timed(host)
    play(item(b"abc", chunks=[(0, 1000), (1, 2000)], failure=LEFT), ASKED, sink, host, 1.0)
    drive(host)
    assert ([1.0, 2.0], 3 * SECOND) == (sink.times, host.clock.now())
