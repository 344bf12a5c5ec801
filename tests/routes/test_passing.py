"""Requests that go past a cassette or script: which, over what, and that nothing of them is recorded."""
from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from sessionmock import (
    CassetteRoute,
    Interception,
    ScriptRoute,
    TransportRoute,
    URLSession,
    URLSessionConfiguration,
    use_live_route,
    use_route,
)
from sessionmock.errors import InvalidArgumentException, UnmatchedRequest
from sessionmock.leaks.scopes import LeakScope


def answering(text: str) -> TransportRoute:
    return TransportRoute(httpx.MockTransport(lambda request: httpx.Response(200, text=text)))


def load(route: CassetteRoute | ScriptRoute, url: str) -> bytes:
    with use_route(route), URLSession(URLSessionConfiguration.ephemeral()) as session:
        return session.data(url).result()[0]


@pytest.mark.parametrize("mode", ["none", "once", "all", "verify"])
def test_hosts_that_pass_are_live_and_unrecorded_in_every_mode(tmp_path: Path, mode: str) -> None:
    """Nothing is written for them, compared or missed."""
    path = tmp_path / "tape.yaml"
    with CassetteRoute(path, mode, live=answering("live"), pass_through=["localhost", "*.internal"]) as route:
        assert [b"live"] * 3 == [load(route, f"http://{host}/") for host in ("localhost:8080", "a.internal", "a.b.INTERNAL")]
    assert ([], [], 0, False) == (route.misses, route.differences, route.recorded, path.exists())


def test_other_hosts_are_answered_from_the_cassette(tmp_path: Path) -> None:
    """What is not there is a miss, and what a pattern names goes live even where nothing is recorded."""
    route = CassetteRoute(tmp_path / "tape.yaml", "none", pass_through="*.internal:81")
    with use_live_route(answering("live")):
        assert b"live" == load(route, "http://a.internal:81/")
        for url in ("http://internal/", "http://a.internal/", "http://a.internal.test:81/"):
            with pytest.raises(Exception, match="no recorded answer"):
                load(route, url)
    assert 3 == len(route.misses)


def test_a_plain_client_goes_its_own_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the cassette its own transport sends what it asks; elsewhere it is answered from there."""
    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", lambda transport, request: httpx.Response(200, text="its own"))
    scope = LeakScope("test")
    with (scope, use_live_route(answering("live")), use_route(CassetteRoute(tmp_path / "tape.yaml", "none", pass_through=["*.internal"])),
          Interception(scope), httpx.Client() as client):
        assert "its own" == client.get("http://a.internal/").text
        with pytest.raises(UnmatchedRequest):
            client.get("http://api.test/")


@pytest.mark.parametrize("pattern", ["http://localhost", "a b", "", 80, "10.0.0.0/99", "localhost:http"])
def test_a_pattern_that_names_no_host_is_refused(tmp_path: Path, pattern: object) -> None:
    """At the call, with the way out."""
    with pytest.raises(InvalidArgumentException, match=r"pass_through: .* names no host: give a name"):
        CassetteRoute(tmp_path / "tape.yaml", pass_through=[pattern])    # type: ignore[list-item]


def test_hosts_that_pass_are_none_of_the_scripts_business() -> None:
    """Neither its answers nor its routers see them, and they are no misses."""
    script = ScriptRoute(live=answering("live"), pass_through="*.internal").answer(body=b"queued")
    script.router.route().respond(text="routed")
    assert [b"live", b"queued"] == [load(script, url) for url in ("http://a.internal/", "http://api.test/")]
    assert [b"live", b"routed"] == [load(script, url) for url in ("http://a.internal/", "http://api.test/")]
    assert 1 == script.calls.call_count
    with use_live_route(answering("live too")):
        assert b"live too" == load(ScriptRoute(pass_through=["a.internal"]), "http://a.internal/")
    with pytest.raises(InvalidArgumentException, match="names no host"):
        ScriptRoute(pass_through=["a b"])
