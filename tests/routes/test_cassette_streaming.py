"""Bodies that were recorded piece by piece come back so: at once, or at their recorded times."""
from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from sessionmock.clock import SECOND
from sessionmock.errors import InvalidArgumentException
from sessionmock.models.message import Request
from sessionmock.routes.cassette import CassetteRoute, Extra, Interaction, RecordedRequest, RecordedResponse, Tape, write_tape
from sessionmock.routes.cassette.playback import PIECE, pieces

from .doubles import FakeHost, RecordingSink

URL = "http://api.test/events"
EVENTS = [b"data: 1\n\n", b"data: 2\n\n", b"data: 3\n\n"]


class Timed(RecordingSink):
    """Notes every call with its time in seconds."""

    def __init__(self, host: FakeHost) -> None:
        super().__init__()
        self.host = host
        self.timed: list[tuple[float, Any]] = []

    def data(self, data: bytes) -> None:
        self.timed.append((self.host.clock.now() / SECOND, data))
        super().data(data)

    def end(self, trailers) -> None:
        self.timed.append((self.host.clock.now() / SECOND, "end"))


@pytest.fixture(params=["a.yaml", "a.json", "a.har"])
def path(request, tmp_path: Path) -> Path:
    path = tmp_path / request.param
    response = RecordedResponse(200, "OK", [("Content-Type", "text/event-stream")], b"".join(EVENTS))
    chunks = [(0, 500), (9, 1000), (18, 4000)]
    write_tape(path, Tape([Interaction(RecordedRequest("GET", URL), response, Extra(chunks=chunks))]))
    return path


def opened(path: Path, speed: float) -> tuple[FakeHost, Timed, Any]:
    host = FakeHost()
    sink = Timed(host)
    channel = CassetteRoute(path, speed=speed).bind(None, host)    # type: ignore[arg-type]
    exchange = channel.open(Request("GET", URL, []), sink)
    return host, sink, exchange


def run(host: FakeHost) -> None:
    """Everything that is posted and every timer, in order."""
    host.run()
    while host.clock.advance(None):
        host.run()


@pytest.mark.parametrize(("speed", "times"), [(0.0, [0, 0, 0, 0]), (1.0, [0.5, 1, 4, 4]), (4.0, [0.125, 0.25, 1, 1])])
def test_pieces_come_at_their_times(path: Path, speed: float, times: list[float]):
    """Pieces are as they were recorded; speed 0 waits for nothing, 1.0 keeps the times, more is faster."""
    host, sink, _ = opened(path, speed)
    run(host)
    assert list(zip(times, [*EVENTS, "end"], strict=True)) == sink.timed


def test_a_paused_stream_catches_up(path: Path):
    """Nothing comes while it is paused; what became due then comes at once, and the rest at its own time."""
    host, sink, exchange = opened(path, 1.0)
    host.run()
    exchange.pause()
    host.clock.call_at(2 * SECOND, exchange.resume)
    run(host)
    assert [(2.0, EVENTS[0]), (2.0, EVENTS[1]), (4.0, EVENTS[2]), (4.0, "end")] == sink.timed


def test_resuming_early_waits_all_the_same(path: Path):
    """A pause that ends before the next piece is due changes nothing."""
    host, sink, exchange = opened(path, 1.0)
    host.run()
    exchange.pause()
    exchange.resume()
    run(host)
    assert [0.5, 1, 4, 4] == [time for time, _ in sink.timed]


def test_a_cancelled_stream_leaves_no_timer(path: Path):
    """After a cancel nothing comes, and time does not move on for it."""
    host, sink, exchange = opened(path, 1.0)
    host.run()
    exchange.cancel()
    run(host)
    assert ([], 0) == (sink.timed, host.clock.now())


@pytest.mark.parametrize(("size", "chunks", "expected"), [
    (10, [], [(10, 0)]),
    (10, [(0, 5), (4, 9)], [(4, 5), (10, 9)]),
    (10, [(4, 9)], [(4, 0), (10, 9)]),
    (10, [(0, 9), (4, 3)], [(4, 9), (10, 9)]),
    (10, [(0, 1), (0, 2), (10, 3), (99, 4)], [(10, 2)]),
    (PIECE + 5, [(0, 1), (2, 3)], [(2, 1), (PIECE + 2, 3), (PIECE + 5, 3)]),
])
def test_chunks_of_any_kind_cut_the_body(size: int, chunks: list[tuple[int, int]], expected: list[tuple[int, int]]):
    """Chunks that an edited body no longer has are left out, times never run backwards, large pieces are cut."""
    assert expected == pieces(size, chunks)


@pytest.mark.parametrize("speed", [-1, math.nan, math.inf])
def test_a_speed_that_is_none(tmp_path: Path, speed: float):
    """A speed below 0 or without end is refused with what it may be."""
    with pytest.raises(InvalidArgumentException, match=r"1\.0 is the recorded pace"):
        CassetteRoute(tmp_path / "a.yaml", speed=speed)
