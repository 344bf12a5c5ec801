"""Callbacks that have a say in what is recorded: what they see, change and drop, and what becomes of their mistakes."""
from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from sessionmock.errors import InvalidArgumentException, RecordingWarning
from sessionmock.models.message import Request, ResponseHead
from sessionmock.routes.cassette import CassetteRoute, RecordedAnswer, files

from ..doubles import FakeHost, FakeLive, RecordingSink, Stream

URL = "http://api.test/a?time=1"


def answers(*bodies: bytes) -> FakeLive:
    return FakeLive(*([("head", ResponseHead(200, [("Content-Length", str(len(body))), ("X-Id", "7")], "OK")), ("data", body), ("end", [])]
                      for body in bodies))


def ask(route: CassetteRoute, url: str = URL, body: Any = None) -> RecordingSink:
    host, sink = FakeHost(), RecordingSink()
    sink.exchange = route.bind(None, host).open(Request("POST", url, [("X-Key", "secret")], body), sink)
    host.run()
    return sink


def without_time(request: Request) -> Request:
    request.url = request.url.partition("?")[0]
    return request


@pytest.mark.parametrize("stream", [None, False, True])
def test_what_they_return_is_what_is_recorded(tmp_path: Path, stream: bool | None) -> None:
    """The request and the answer, changed in place or new; what is sent and what the client gets stay as they are."""
    seen: list[Any] = []

    def before_request(request: Request) -> Request:
        seen.append(request.headers.get("x-key"))       # type: ignore[attr-defined]
        del request.headers[0]
        return Request("PUT", request.url, request.headers, b"told" if request.body == b"asked" else None)

    def before_response(answer: RecordedAnswer) -> RecordedAnswer:
        seen.append((answer.method, answer.url, answer.status, answer.reason, answer.body))
        answer.body = b"a longer one"
        return answer

    live = answers(b"given")
    body = b"asked" if stream is None else Stream(b"asked", may_block=stream)
    with CassetteRoute(tmp_path / "a.yaml", "all", live=live, before_record_request=before_request, before_record_response=before_response) as route:
        assert b"given" == ask(route, body=body).body
    assert (["secret", ("PUT", URL, 200, "OK", b"given")], [b"asked"]) == (seen, live.bodies)
    assert [("X-Key", "secret")] == live.requests[0].headers
    tape = files.load(tmp_path / "a.yaml")
    assert tape is not None
    (one,) = tape.interactions
    assert ("PUT", [], b"told", b"a longer one") == (one.method, one.request.headers, one.body, one.response.body)
    assert [("Content-Length", "12"), ("X-Id", "7")] == one.response.headers


def test_an_answer_whose_coding_was_undone_no_longer_says_that_it_has_one(tmp_path: Path) -> None:
    """Else nobody could read it."""
    def before_response(answer: RecordedAnswer) -> RecordedAnswer:
        answer.body = gzip.decompress(answer.body)
        return answer

    coded = gzip.compress(b"plain")
    fields = [("Content-Encoding", "gzip"), ("Content-Length", str(len(coded))), ("X-Id", "7")]
    live = FakeLive([("head", ResponseHead(200, fields, "OK")), ("data", coded), ("end", [])])
    with CassetteRoute(tmp_path / "a.yaml", "all", live=live, before_record_response=before_response) as route:
        assert coded == ask(route).body
    tape = files.load(tmp_path / "a.yaml")
    assert tape is not None
    answer = tape.interactions[0].response
    assert (b"plain", [("Content-Length", "5"), ("X-Id", "7")]) == (answer.body, answer.headers)


def test_a_request_is_compared_as_it_would_be_recorded(tmp_path: Path) -> None:
    """Else what was recorded would never be found again."""
    options: dict[str, Any] = {"before_record_request": without_time}
    with CassetteRoute(tmp_path / "a.yaml", "once", live=answers(b"1"), **options) as route:
        ask(route)
    with CassetteRoute(tmp_path / "a.yaml", "none", **options) as route:
        assert b"1" == ask(route, "http://api.test/a?time=2").body
        assert "POST http://api.test/a" in str(ask(route, "http://api.test/a?time=3").missed)


@pytest.mark.parametrize("name", ["before_record_request", "before_record_response"])
def test_what_they_drop_is_not_recorded(tmp_path: Path, name: str) -> None:
    """The client has its live answer all the same."""
    drop: dict[str, Any] = {name: lambda given: None if "?" in given.url else given}
    with CassetteRoute(tmp_path / "a.yaml", "new_episodes", live=answers(b"1", b"2"), **drop) as route:
        assert [b"1", b"2"] == [ask(route).body, ask(route, "http://api.test/b").body]
        assert 1 == route.recorded
    tape = files.load(tmp_path / "a.yaml")
    assert tape is not None
    assert ["http://api.test/b"] == [one.uri for one in tape.interactions]


def test_a_request_that_is_dropped_goes_live_in_a_replay_too(tmp_path: Path) -> None:
    """But in mode "none", where the miss says why there is nothing."""
    drop: dict[str, Any] = {"before_record_request": lambda request: None}
    path = tmp_path / "a.yaml"
    path.write_text("interactions: []\nversion: 1\n")
    for stream in (None, Stream(b"asked")):
        with CassetteRoute(path, "once", live=answers(b"1"), **drop) as route:
            assert (b"1", []) == (ask(route, body=stream).body, route.misses)
    with CassetteRoute(path, "none", live=answers(b"1"), **drop) as route:
        assert "before_record_request drops it" in str(ask(route).missed)


def broken(given: object) -> Any:
    raise ValueError("my mistake")


@pytest.mark.parametrize("name", ["before_record_request", "before_record_response"])
@pytest.mark.parametrize("mode", ["all", "new_episodes"])
@pytest.mark.parametrize(("hook", "said"), [(broken, "my mistake"), (lambda given: "text", "it returned str; it returns the Re")])
def test_what_they_raise_fails_the_task(tmp_path: Path, name: str, mode: str, hook: Any, said: str) -> None:
    """With its name; nothing is recorded."""
    options: dict[str, Any] = {name: hook}
    with CassetteRoute(tmp_path / "a.yaml", mode, live=answers(b"1"), **options) as route:
        sink = ask(route)
    assert "fail" == sink.names[-1]
    assert said in str(sink.calls[-1][1])
    assert f"raised in {name}" in str(sink.calls[-1][1])
    assert not (tmp_path / "a.yaml").exists()


def test_a_body_that_is_none_is_told() -> None:
    """Text would have to be encoded by a guess."""
    def text(request: Request) -> Request:
        return Request("GET", URL, [], "text")      # type: ignore[arg-type]

    sink = ask(CassetteRoute("a.yaml", "new_episodes", live=answers(b"1"), before_record_request=text))
    assert "the body that it returned is str; a body is bytes" in str(sink.calls[-1][1])


def test_what_is_raised_where_nobody_waits_is_a_warning(tmp_path: Path) -> None:
    """A task that is cancelled has ended already."""
    live = FakeLive([("head", ResponseHead(200, [])), ("data", b"1")])
    route = CassetteRoute(tmp_path / "a.yaml", "all", live=live, before_record_response=broken)
    sink = ask(route)
    with pytest.warns(RecordingWarning, match="not recorded: .*my mistake"):
        sink.exchange.cancel()


def test_what_cannot_be_called_is_refused() -> None:
    """At once."""
    with pytest.raises(InvalidArgumentException, match="before_record_response"):
        CassetteRoute("a.yaml", before_record_response=5)       # type: ignore[arg-type]
