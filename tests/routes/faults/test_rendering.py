"""Answers of scripts and cassettes, rendered to bytes and read again: what is not spoilt comes as it was given."""
from __future__ import annotations

import gc
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sessionmock as sm
from sessionmock.faults.armed import Faults
from sessionmock.faults.current import use_faults
from sessionmock.faults.plan import FaultPlan
from sessionmock.models.message import ResponseHead
from sessionmock.routes.base import ChannelOver

FAR = 10**9
QUIET = FaultPlan().at("connect", nth=FAR, optional=True).refuse().at("write.body", byte=FAR, optional=True).reset().at(
    "proxy", nth=FAR, optional=True).reset()
at = FaultPlan().at


class Delegate:
    """Notes what comes; pieces of a body are one."""

    def __init__(self) -> None:
        self.seen: list[Any] = []
        self.body = b""
        self.sent = 0
        self.error: Any = None

    def task_did_receive_informational_response(self, session: Any, task: Any, response: Any) -> None:
        self.seen.append((response.status_code, response.reason, response.all_header_fields))

    def data_task_did_receive_response(self, session: Any, task: Any, response: Any) -> Any:
        self.seen.append((response.status_code, response.reason, response.all_header_fields, response.http_version))
        return sm.ResponseDisposition.ALLOW

    def data_task_did_receive_data(self, session: Any, task: Any, data: bytes) -> None:
        self.body += data

    def task_did_send_body_data(self, session: Any, task: Any, sent: int, total: int, expected: int) -> None:
        self.sent = total

    def task_did_complete(self, session: Any, task: Any, error: Any) -> None:
        self.error = error


def load(route: Any, plan: FaultPlan, url: str = "http://example.com/", method: str = "GET", **settings: Any) -> tuple[Delegate, float, list[str]]:
    """What a data task comes to in virtual time, how many seconds that took, and what fired."""
    delegate, faults = Delegate(), Faults(plan)
    with sm.virtual_time() as clock, sm.use_route(route), use_faults(faults):
        with sm.URLSession(sm.URLSessionConfiguration.ephemeral(), delegate) as session:
            session.data_task(sm.URLRequest(url, method, **settings)).resume()
        return delegate, round(clock.now(), 6), [str(fired) for fired in faults.fired]


def told(answer: Any, plan: FaultPlan, **request: Any) -> Any:
    script = sm.ScriptRoute().answer(answer)
    delegate, seconds, _ = load(script, plan, **request)
    error = delegate.error
    return (delegate.seen, delegate.body, delegate.sent, seconds, len(script.misses), len(script.waiting),
            None if error is None else (error.code, type(error.underlying_error), str(error.underlying_error)))


A = sm.Answer
ANSWERS: dict[str, Any] = {
    "with a body that its status cannot have": A(204, [], b"odd"),
    "not modified, with a body": A(304, [("ETag", "x")], b"odd"),
    "of another protocol": A(101, [("Upgrade", "x")], b"raw"),
    "with fields that no head can have": A(200, [("Bad Name", "x"), ("X", "a\r\nb"), ("Y", " padded "), ("Z", "zwölf"), ("Z", "two")], b"b"),
    "of another version": A(200, [("x", "y")], b"b", http_version="HTTP/2", reason="Zwölf\N{EURO SIGN}"),
    "with trailers after a length": A(200, [("Content-Length", "3")], b"abc", trailers=[("X-Sum", "1")]),
    "shorter than it says": A(200, [("Content-Length", "30")], b"abc"),
    "shorter than it says, in time": A(200, [("Content-Length", "30")], [(b"abc", 1.0), (b"d", 2.0)]),
    "in time": A(200, [], [(b"abc", 1.0), (b"d", 2.0)], trailers=[("X-Sum", "1")]),
    "in chunks": A(200, [("Transfer-Encoding", "chunked")], b"abc"),
    "in a coding that nobody has": A(200, [("Transfer-Encoding", "gzip, chunked")], b"abc"),
    "that cannot be decoded": A(200, [("Content-Encoding", "gzip")], b"abc"),
    "with early hints": A(200, [], b"abc", informational=[ResponseHead(103, [("Link", "x")], "Early"), 102], delay=3),
    "large": A(200, [], b"z" * 2_000_000),
    "large, in time": A(200, [("Content-Length", "2000000")], [(b"z" * 1_000_000, 0.0), (b"z" * 1_000_000, 0.5)]),
    "never": A(delay=math.inf),
    "an error": A(error=-1009),
    "an error within": A(200, [("Content-Length", "10")], b"abc", error=-1011),
    "none": lambda request: None,
    "what a function raises": lambda request: 1 / 0,
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_comes_as_it_was_given(name: str) -> None:
    """Head, body, trailers, failure and their times, whatever bytes could say of them; and a miss is one miss."""
    assert told(ANSWERS[name], FaultPlan()) == told(ANSWERS[name], QUIET)


@pytest.mark.parametrize("request_", [
    {"method": "HEAD"}, {"method": "POST", "http_body": b"x" * 300_000}, {"url": "https://example.com/"}, {"url": "http://[::1]:8080/"},
    {"url": "http://ex\N{LATIN SMALL LETTER A WITH DIAERESIS}mple.com/?q=1#f"},
    {"all_http_header_fields": {"Expect": "100-continue"}, "method": "PUT", "http_body": b"x"}])
def test_whatever_was_asked(request_: dict[str, Any]) -> None:
    """Other methods, bodies and URLs."""
    answer = A(200, [("Content-Length", "0")])
    assert told(answer, FaultPlan(), **request_) == told(answer, QUIET, **request_)


class NotingRoute:
    """A route that notes what it was asked."""

    source = "script"
    is_live = False

    def __init__(self) -> None:
        self.bodies: list[Any] = []
        self.script = sm.ScriptRoute().answer(lambda request: A(200, [], request.body or b""))

    def bind(self, configuration: Any, host: Any) -> Any:
        asked = self

        class Channel(ChannelOver):
            def open(self, request: Any, sink: Any) -> Any:
                asked.bodies.append(request.body)
                return super().open(request, sink)

        return Channel(self.script.bind(configuration, host))


@pytest.mark.parametrize("plan", [
    at("body", byte=FAR, optional=True).reset(), at("write.body", byte=4).delay(1), at("reuse", optional=True, nth=FAR).end()])
def test_a_body_reaches_the_route_once(plan: FaultPlan) -> None:
    """A stream as a stream of its length, and what it gives; over the wire where something may go wrong with it there."""
    route = NotingRoute()
    delegate, _, _ = load(route, plan, method="POST", http_body_stream=sm.InputStream(b"abcdef"))
    assert [-1] == [body.length for body in route.bodies]
    assert (b"abcdef", 6) == (delegate.body, delegate.sent)


def test_a_kept_connection_is_pretended() -> None:
    """It dies under each request: a GET is sent again, and its route is asked once."""
    route = NotingRoute()
    delegate, _, fired = load(route, at("reuse").end())
    assert (None, 1, 1) == (delegate.error, len(route.bodies), len(fired))
    delegate, _, fired = load(route, at("reuse").reset(), method="POST", http_body=b"abc")
    assert (-1005, 3, 1, 1) == (delegate.error.code, delegate.sent, len(route.bodies), len(fired))


class HoldingRoute:
    """A route whose answer is held back."""

    source = "script"
    is_live = False

    def __init__(self) -> None:
        self.calls: list[str] = []

    def bind(self, configuration: Any, host: Any) -> Any:
        held = self

        class Exchange:
            timing = None

            def pause(self) -> None:
                held.calls.append("pause")

            def resume(self) -> None:
                held.calls.append("resume")

            def cancel(self) -> None:
                held.calls.append("cancel")

        class Channel(ChannelOver):
            def open(self, request: Any, sink: Any) -> Any:
                sink.head(ResponseHead(200, []))
                for _ in range(40):
                    sink.data(b"x" * 65_536)
                return Exchange()

        return Channel(None)


def test_an_inner_answer_is_held_back_and_given_up() -> None:
    """It is paused while much of it waits, goes on when that was taken, and is cancelled when the load fails of its time-out."""
    route = HoldingRoute()
    delegate, seconds, _ = load(route, at("body", byte=FAR, optional=True).reset())
    assert (-1001, 60.0, 40 * 65_536) == (delegate.error.code, seconds, len(delegate.body))
    assert ["pause", "resume", "cancel"] == list(dict.fromkeys(route.calls))


@pytest.mark.parametrize(("plan", "code", "body", "sent", "seconds"), [
    (at("write.body", byte=10).reset(), -1005, 0, 10, 0), (at("write.body", byte=10).never(), -1001, 0, 10, 60),
    (at("write.body", byte=10).drip(1), None, 100, 20, 10), (at("write.body", byte=10).slice(3), None, 100, 20, 0),
    (at("write").delay(3), None, 100, 20, 6), (at("write.head").never(), -1001, 0, 0, 60), (at("write.head").end(), -1005, 0, 0, 0),
    (at("head").slice(3), None, 100, 20, 0), (at("head").drip(100), None, 100, 20, 0.58), (at("head").truncate(), -1005, 0, 20, 0),
    (at("head").corrupt(), -1017, 0, 20, 0), (at("head").duplicate(), None, 100, 20, 0),
    (at("body", byte=5).corrupt(), None, 100, 20, 0), (at("body", byte=5).truncate(), -1005, 5, 20, 0),
    (at("body", byte=5).duplicate(), None, 100, 20, 0), (at("body", byte=50).drip(10), None, 100, 20, 5),
    (at("body", byte=5).malformed("chunk"), -1017, 5, 20, 0), (at("body", byte=99).never(), -1001, 99, 20, 60),
    (at("body", byte=7).cancel(), -999, 7, 20, 0), (at("body", byte=7).invalidate(), -999, 7, 20, 0),
    (at("body", byte=7).suspend(5), None, 100, 20, 5),
    (at("body", byte=7).fail(-1011), -1011, 7, 20, 0), (at("resolve").fail(-1011), -1011, 0, 0, 0), (at("connect").suspend(5), None, 100, 20, 5),
    (at("resolve").delay(2), None, 100, 20, 2), (at("proxy").delay(2), None, 100, 20, 2), (at("resolve").raises(KeyboardInterrupt), -1003, 0, 0, 0),
], ids=str)
def test_each_acts_at_its_byte(plan: FaultPlan, code: int | None, body: int, sent: int, seconds: float) -> None:
    """What came before was delivered, nothing was told that was not sent, and each fired once."""
    script = sm.ScriptRoute().answer(A(200, [("Content-Length", "100")], b"0123456789" * 10))
    delegate, took, fired = load(script, plan, method="POST", http_body=b"x" * 20)
    assert (code, body, sent, seconds) == (delegate.error and delegate.error.code, len(delegate.body), delegate.sent, took)
    assert len(plan) == len({str(line) for line in plan}) <= len(fired) <= 2


@pytest.mark.parametrize(("plan", "code", "body"), [
    (at("body", byte=5).truncate(), None, 5), (at("body", byte=95).duplicate(), None, 105), (at("body", byte=5).malformed("chunk"), -1017, 5),
    (at("trailers").truncate(), -1005, 100), (at("trailers").end(), -1005, 100), (at("trailers").malformed("trailer"), -1017, 100),
    (at("trailers").corrupt(), -1017, 100), (at("body", byte=5).end(), -1005, 5)], ids=str)
def test_bodies_in_chunks(plan: FaultPlan, code: int | None, body: int) -> None:
    """As far as their framing can tell."""
    script = sm.ScriptRoute().answer(A(200, [("Transfer-Encoding", "chunked")], b"0123456789" * 10, trailers=[("X-Sum", "1")]))
    delegate, _, fired = load(script, plan)
    assert (code, body, 1) == (delegate.error and delegate.error.code, len(delegate.body), len(fired))


def test_what_a_proxy_answers() -> None:
    """To CONNECT: -1004 over that. To a request that is made of it: that is the answer."""
    plan = at("proxy").status(502, body=b"bad")
    tunnelled, _, _ = load(sm.ScriptRoute().answer(A()), plan, "https://example.com/")
    assert (-1004, 502) == (tunnelled.error.code, tunnelled.error.underlying_error.head.status)
    plain, _, _ = load(sm.ScriptRoute().answer(A()), plan)
    assert (None, 502, b"bad") == (plain.error, plain.seen[0][0], plain.body)


def test_a_server_whose_client_has_gone_does_not_begin() -> None:
    """Where what is due at one time comes in another order, a request may have failed before its server has begun to read it."""
    codes = []
    for seed in range(8):
        with (sm.virtual_time() as clock, sm.use_route(sm.ScriptRoute().answer(lambda request: 200)), use_faults(Faults(at("write.head").reset())),
              sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session):
            clock.permute(seed)
            tasks = [session.data_task("http://example.com/") for _ in range(4)]
            for task in tasks:
                task.resume()
            clock.run_until_idle()
            codes += [getattr(task.error, "code", None) for task in tasks]
    assert {sm.URLError.Code.NETWORK_CONNECTION_LOST} == set(codes)


@pytest.mark.parametrize("make", [
    lambda session, file: session.upload(sm.URLRequest("http://example.com/", "PUT"), from_file=file),
    lambda session, file: session.data(sm.URLRequest.multipart("http://example.com/", files={"file": file})),
    lambda session, file: session.data(sm.URLRequest("http://example.com/", "PUT", http_body_stream=sm.InputStream(path=file)))],
    ids=["file", "form", "stream"])
def test_no_file_stays_open_where_its_upload_stands_still(tmp_path: Path, make: Callable[[sm.URLSession, Path], Any]) -> None:
    """Nobody drives an exchange that was given up as its task ended."""
    file = tmp_path / "upload"
    file.write_bytes(b"x" * 300_000)
    with sm.virtual_time(), sm.use_route(sm.ScriptRoute().answer(A())), use_faults(Faults(at("write.body", byte=100_000).never())), \
            sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session, pytest.raises(sm.URLError, match="-1001"):
        make(session, file).result()
    gc.collect()                   # what is open still is warned of now
