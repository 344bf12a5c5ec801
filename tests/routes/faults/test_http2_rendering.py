"""Lines that HTTP/2 alone can show, on a script: its answer goes over HTTP/2 in memory, and is the same where nothing goes wrong."""
from __future__ import annotations

from typing import Any

import pytest

import sessionmock as sm
from sessionmock.errors import Code, InvalidArgumentException
from sessionmock.faults.plan import FaultPlan
from sessionmock.models.message import ResponseHead
from sessionmock.routes.faults import route
from sessionmock.routes.faults.route import FaultRoute
from tests.routes.live.worlds import Recorder, World, in_memory

at = FaultPlan().at

BODY = bytes(range(256)) * 4096      # 1 MiB: more than the window of a stream
UPLOAD = b"sent" * 100_000
LATE = at("body", byte=len(BODY)).reset(scope="stream")    # never comes to its byte
ANSWERS = {
    "big": sm.Answer(200, [("X-Case", "Kept"), ("Content-Length", str(len(BODY)))], BODY, reason="Fine"),
    "trailers": sm.Answer(203, [("Transfer-Encoding", "chunked"), ("Trailer", "X-Sum")], b"body", trailers=[("X-Sum", "1")],
                          informational=[ResponseHead(103, [("Link", "</a>")], "Early Hints")]),
    "empty": sm.Answer(204, [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]),
    "pieces": sm.Answer(200, {}, [(b"one", 1.0), (b"two", 1.0)]),
    "lost": sm.Answer(200, {}, b"half", error=Code.SECURE_CONNECTION_FAILED),
    "unknown": sm.Answer(error=Code.CANNOT_FIND_HOST),
}


def told(sink: Recorder) -> tuple[Any, ...]:
    """All that a sink was told."""
    sink.wait()
    return (sink.early, [(head.status, head.reason, head.http_version, head.headers) for head in sink.heads], sink.body, sink.trailers,
            sink.error and sink.error.code, sink.uploaded)


def sinks(world: World, plan: FaultPlan | None, *paths: str, method: str = "GET", body: bytes | None = None, scheme: str = "https") -> list[Recorder]:
    """What comes of requests that are opened at once over a script, with faults or without."""
    script = sm.ScriptRoute().answer(lambda request: ANSWERS[request.url.rsplit("/", 1)[1]])
    client = world.client(route=script if plan is None else FaultRoute(script, plan))    # type: ignore[arg-type]
    found = [Recorder(world) for _ in paths]
    for path, sink in zip(paths, found, strict=True):
        client.open(f"{scheme}://a.test/{path}", method, body=body, sink=sink)
    return [sink.wait() for sink in found]


@in_memory
@pytest.mark.parametrize(("method", "body", "scheme"), [("GET", None, "https"), ("GET", None, "http"), ("POST", UPLOAD, "http")])
def test_an_answer_without_faults_is_the_same(world: World, method: str, body: bytes | None, scheme: str) -> None:
    """Heads as they were written, trailers, pieces, failures, and how much was sent."""
    plain, framed = ([told(sink) for sink in sinks(world, plan, *ANSWERS, method=method, body=body, scheme=scheme)] for plan in (None, LATE))
    assert framed == plain


@in_memory
def test_requests_at_once_have_servers_of_their_own(world: World) -> None:
    """Each is answered with its own answer, also when its stream was refused first."""
    found = sinks(world, at("write.head", first=3).reset(scope="stream"), *ANSWERS, scheme="http")
    assert [told(sink)[2:3] for sink in found] == [told(sink)[2:3] for sink in sinks(world, None, *ANSWERS)]


@in_memory
@pytest.mark.parametrize(("plan", "path", "code", "size"), [
    (at("body", byte=300_000).reset(scope="stream"), "big", -1005, 300_000), (at("head").malformed("goaway"), "big", -1005, 0),
    (at("body", byte=2).malformed("goaway"), "trailers", -1005, 2), (at("head").malformed("settings"), "big", -1017, 0),
    (at("trailers").reset(scope="stream"), "trailers", -1005, 4), (at("write.head").malformed("goaway"), "big", -1005, 0),
    (at("write.head", nth=1).malformed("goaway"), "big", None, len(BODY)), (at("reuse").reset(scope="stream"), "big", -1005, 0),
    (at("body", byte=1).truncate().at("body", byte=2, optional=True).reset(scope="stream"), "big", -1005, 1)], ids=str)
def test_what_goes_wrong(world: World, plan: FaultPlan, path: str, code: int | None, size: int) -> None:
    """As over a live connection."""
    faulted = FaultRoute(sm.ScriptRoute().answer(lambda request: ANSWERS[path]), plan)
    sink = Recorder(world)
    world.client(route=faulted).open(f"http://a.test/{path}", sink=sink)      # type: ignore[arg-type]
    sink.wait()
    assert (sink.error and sink.error.code, len(sink.body)) == (code, size)
    assert not faulted.faults.unfired


@in_memory
def test_an_upload_to_a_window_that_never_opens(world: World) -> None:
    """So much goes as the window took; the inner route never hears of the request."""
    script = sm.ScriptRoute().answer(sm.Answer())
    sink = Recorder(world)
    exchange = world.client(route=FaultRoute(script, at("write.body", byte=70_000).malformed("window"))).open(    # type: ignore[arg-type]
        "https://a.test/", "POST", body=UPLOAD, sink=sink)
    world.settle()
    exchange.cancel()
    world.settle()
    assert (sink.uploaded, sink.events, len(script.calls)) == (70_000, ["sent"], 0)


@in_memory
def test_h2_is_asked_for_where_it_is_not_installed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the extra."""
    monkeypatch.setattr(route, "http2_installed", lambda: False)
    [sink] = sinks(world, LATE, "big")
    assert isinstance(sink.error.underlying_error, InvalidArgumentException)
    assert "sessionmock[http2]" in str(sink.error.underlying_error)
