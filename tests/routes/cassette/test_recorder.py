"""A live answer that is kept as it passes: what is passed on, what is worth keeping, and its times."""
from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest

from sessionmock.clock import JumpingClock
from sessionmock.errors import Code, url_error
from sessionmock.models.body import KeptBody
from sessionmock.models.message import Headers, Request, ResponseHead
from sessionmock.models.timing import Timing
from sessionmock.routes.base import Finished, expire
from sessionmock.routes.cassette import Interaction
from sessionmock.routes.cassette.interaction import LEFT, Failure
from sessionmock.routes.cassette.recorder import RecordedExchange, Recorder
from sessionmock.routes.httpx.errors import NamedError

from ..doubles import RecordingSink, Stream


class Kept:
    """A recorder, what it passes on and what it keeps."""

    def __init__(self, body: Any = None, url: str = "http://api.test/a#part") -> None:
        self.clock, self.sink = JumpingClock(), RecordingSink()
        self.interactions: list[Interaction] = []
        self.over = 0
        self.recorder = Recorder(Request("PUT", url, [("A", "1")], body), self.sink, self.clock, self.interactions.append, self.note)

    def note(self, recorder: Recorder) -> None:
        assert recorder is self.recorder
        self.over += 1

    def answer(self, status: int, *pieces: bytes, headers: Headers | None = None, ends: bool = True) -> None:
        self.recorder.head(ResponseHead(status, headers or [], "OK", "HTTP/2"))
        for piece in pieces:
            self.clock._now += 1_500_000
            self.recorder.data(piece)
        if ends:
            self.recorder.end([("T", "1")])


def test_all_of_an_answer_is_kept_and_passed_on() -> None:
    """The request without its fragment, the head, the body and its times, the trailers and when it was asked."""
    kept = Kept(b"asked")
    kept.recorder.informational(ResponseHead(103, [("Link", "<x>")]))
    kept.answer(201, b"one", b"two")
    assert ["informational", "head", "data", "data", "end"] == kept.sink.names
    (one,) = kept.interactions
    assert ("PUT", "http://api.test/a", [("A", "1")], b"asked") == (one.method, one.uri, one.request.headers, one.body)
    assert (201, "OK", b"onetwo") == (one.response.status, one.response.reason, one.response.body)
    assert ("HTTP/2", [("T", "1")], [(0, 1), (3, 3)], 103) == (
        one.extra.http_version, one.extra.trailers, one.extra.chunks, one.extra.informational[0].status)
    assert one.extra.recorded_at is not None
    assert (UTC, 0) == (one.extra.recorded_at.tzinfo, one.extra.recorded_at.microsecond)
    assert {} == one.extra.metrics
    assert 1 == kept.over


def test_times_of_pieces_are_kept_of_streams_alone() -> None:
    """An answer that names its length, or comes in one piece, has none."""
    kept = Kept()
    kept.answer(200, b"one", b"two", headers=[("Content-Length", "6")])
    single = Kept()
    single.answer(200, b"one")
    assert [[], []] == [one.extra.chunks for one in kept.interactions + single.interactions]


def test_what_was_measured_is_kept_from_the_request_on() -> None:
    """Steps in microseconds after it was sent, a step of before as 0, sizes as they are, and when the answer ended."""
    kept = Kept()
    kept.clock._now += 2_000
    sizes = {"request_header_bytes": 7, "response_header_bytes": 9}
    timing = Timing(request_start=-5, response_start=4_000, **sizes)
    kept.recorder.head(ResponseHead(200, [("Content-Length", "0")], timing=timing))
    kept.recorder.end([])
    assert {"request_start": 0, "response_start": 4, "response_end": 2, **sizes} == kept.interactions[0].extra.metrics


@pytest.mark.parametrize(("status", "headers", "failure"), [
    (200, [], LEFT), (200, [("Content-Length", "4")], None), (204, [], None), (304, [], None), (302, [], None), (401, [], None), (407, [], None)])
@pytest.mark.parametrize("how", ["cancel", "close"])
def test_an_answer_that_was_left_is_kept_as_far_as_it_came(how: str, status: int, headers: Headers, failure: Failure | None) -> None:
    """With a mark, unless it was whole, or its head is all that anybody wants: a redirect's, a challenge's."""
    kept = Kept()
    kept.answer(status, b"part", headers=headers, ends=False)
    if how == "cancel":
        RecordedExchange(Finished(), kept.recorder).cancel()
    else:
        kept.recorder.give_up()
    (one,) = kept.interactions
    assert (status, b"part", failure, 1) == (one.response.status, one.response.body, one.extra.failure, kept.over)


def test_a_cancel_before_a_head_leaves_nothing() -> None:
    """What was not answered and is not wanted any more is no failure of the server's."""
    kept = Kept()
    RecordedExchange(Finished(), kept.recorder).cancel()
    assert ([], 1) == (kept.interactions, kept.over)


def test_a_limit_of_time_is_kept_as_a_failure() -> None:
    """That a server is silent is the server's doing, with a head or without."""
    for pieces in ((), (b"part",)):
        kept = Kept(b"asked")
        if pieces:
            kept.answer(200, *pieces, ends=False)
        expire(RecordedExchange(Finished(), kept.recorder), url_error(Code.TIMED_OUT, "", NamedError("WriteTimeout", "slow")))
        (one,) = kept.interactions
        assert (b"".join(pieces), Failure(Code.TIMED_OUT, "slow", "WriteTimeout"), b"asked") == (one.response.body, one.extra.failure, one.body)


def test_a_failure_keeps_what_came_before_it() -> None:
    """Its code, what was said, and what came of the answer."""
    kept = Kept()
    kept.answer(200, b"part", headers=[("Content-Length", "9")], ends=False)
    kept.recorder.fail(url_error(Code.NETWORK_CONNECTION_LOST, "http://api.test/a", ConnectionResetError(104, "reset\nby peer")))
    (one,) = kept.interactions
    assert (200, b"part") == (one.response.status, one.response.body)
    assert Failure(Code.NETWORK_CONNECTION_LOST, "[Errno 104] reset by peer", "ConnectionResetError") == one.extra.failure
    assert "fail" == kept.sink.names[-1]


@pytest.mark.parametrize("code", [Code.CANCELLED, Code.UNKNOWN, Code.BAD_URL, Code.REQUEST_BODY_STREAM_EXHAUSTED, Code.CANNOT_OPEN_FILE])
def test_what_the_program_did_is_no_failure_of_a_server(code: Code) -> None:
    """A cancel, an exception of its own, a mistake: nothing of it is recorded."""
    kept = Kept()
    kept.recorder.fail(url_error(code, "http://api.test/a"))
    assert [] == kept.interactions


def test_an_answer_is_kept_once() -> None:
    """A load that is cancelled when its redirect is complete gives nothing more."""
    kept = Kept()
    kept.answer(302)
    kept.recorder.give_up()
    assert 1 == len(kept.interactions)


def test_another_protocol_is_no_answer() -> None:
    """What follows a 101 is not kept, and passed on all the same."""
    kept = Kept()
    kept.answer(101, b"frames")
    assert ([], ["head", "data", "end"], 1) == (kept.interactions, kept.sink.names, kept.over)


def test_a_body_that_is_read_elsewhere_is_kept() -> None:
    """Piece by piece, as the live route reads it; closing it closes the user's."""
    stream = Stream(b"abcdef", may_block=True, length=6)
    body = KeptBody(stream)
    kept = Kept(body)
    assert (6, True) == (body.length, body.may_block)
    assert b"abcdef" == b"".join(iter(lambda: body.read(4), b""))
    body.close()
    kept.answer(200)
    assert (b"abcdef", 1, False) == (kept.interactions[0].body, stream.closed, kept.interactions[0].cut)


@pytest.mark.parametrize(("length", "reads", "cut"), [(6, 1, True), (6, 2, False), (-1, 2, True), (-1, 3, False), (-1, 0, True)])
def test_a_body_that_was_not_sent_to_its_end_is_told_from_a_whole_one(length: int, reads: int, cut: bool) -> None:
    """By its length, or by an end that was read."""
    body = KeptBody(Stream(b"abcdef", may_block=False, length=length))
    kept = Kept(body)
    for _ in range(reads):
        body.read(3)
    kept.answer(413)
    assert (b"abcdef"[:3 * reads], cut) == (kept.interactions[0].body, kept.interactions[0].cut)
