"""What tasks take from the cache of their session, and what they leave there."""
from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import sessionmock as sm
from sessionmock.errors import Code, url_error

URL = "https://api.example/"
A = f"{URL}a"


class Delegate:
    """Notes what it is asked and told."""

    def __init__(self) -> None:
        self.redirects: list[tuple[int, str | None]] = []
        self.metrics: list[sm.URLSessionTaskMetrics] = []

    def task_will_perform_http_redirection(self, session: Any, task: Any, response: Any, request: Any) -> Any:
        self.redirects.append((response.status_code, request.url))
        return request

    def task_did_finish_collecting_metrics(self, session: Any, task: Any, metrics: Any) -> None:
        self.metrics.append(metrics)

    @property
    def sources(self) -> list[list[str]]:
        """Where the answers of each task came from."""
        return [[each.resource_fetch_type.name.lower() for each in one.transaction_metrics] for one in self.metrics]


@contextmanager
def scripted(delegate: Delegate | None = None) -> Iterator[tuple[sm.ScriptRoute, sm.URLSession]]:
    """A session in virtual time with a cache in memory, and the script that answers it."""
    script, configuration = sm.ScriptRoute(), sm.URLSessionConfiguration.ephemeral()
    with sm.virtual_time(), sm.use_route(script), sm.URLSession(configuration, delegate) as session:
        yield script, session


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_with_a_lifetime_is_asked_about_and_followed_without_its_server(status: int) -> None:
    """Each hop has an entry of its own."""
    with scripted(delegate := Delegate()) as (script, session):
        there = script.get(f"{URL}b").respond(200, text="b", headers={"Cache-Control": "no-store"})
        here = script.get(A).respond(status, headers={"Location": "/b", "Cache-Control": "max-age=60"})
        assert [b"b", b"b"] == [session.data(A).result()[0] for _ in range(2)]
        assert (1, 2) == (here.call_count, there.call_count)
    assert [(status, f"{URL}b")] * 2 == delegate.redirects
    assert [["network_load", "network_load"], ["local_cache", "network_load"]] == delegate.sources


def test_redirects_in_the_cache_that_go_in_a_circle_are_limited() -> None:
    """As those are that come from servers (I21)."""
    with scripted() as (script, session):
        here = script.get(A).respond(301, headers={"Location": "/a", "Cache-Control": "max-age=60"})
        with pytest.raises(sm.URLError) as raised:
            session.data(A).result()
        assert (Code.HTTP_TOO_MANY_REDIRECTS, 1) == (raised.value.code, here.call_count)


@pytest.mark.parametrize("failure", [
    sm.Answer(503), sm.Answer(error=url_error(Code.NETWORK_CONNECTION_LOST, A)), sm.Answer(delay=math.inf)])
def test_what_is_stale_stands_in_for_a_server_that_fails(failure: sm.Answer) -> None:
    """RFC 5861, section 4; the failure is measured too."""
    with scripted(delegate := Delegate()) as (script, session):
        script.answer(sm.Answer(headers={"Cache-Control": "max-age=0, stale-if-error=600"}, body=b"old"))
        script.answer(failure)
        assert [b"old", b"old"] == [session.data(A).result()[0] for _ in range(2)]
    assert [["network_load"], ["network_load", "local_cache"]] == delegate.sources


def test_without_a_network_what_is_stale_stands_in() -> None:
    """As for a server that cannot be asked; nothing is sent."""
    class Path(sm.PathMonitor):
        path = sm.NetworkPath(is_satisfied=True)

    monitor, script = Path(), sm.ScriptRoute()
    with sm.virtual_time(), sm.use_route(script), sm.URLSession(sm.URLSessionConfiguration.ephemeral(), path_monitor=monitor) as session:
        script.answer(sm.Answer(headers={"Cache-Control": "max-age=0, stale-if-error=60"}, body=b"old"))
        session.data(A).result()
        monitor.path = sm.NetworkPath(is_satisfied=False)
        assert b"old" == session.data(A).result()[0]


@pytest.mark.parametrize(("limits", "answer"), [
    ({"timeout_interval_for_resource": 30}, sm.Answer(delay=math.inf)),      # the whole is limited, whatever there is to spare
    ({}, sm.Answer(body=[(b"n", 0), (b"ew", 100)])),                         # the server has answered
])
def test_a_time_out_that_is_no_servers_silence_is_one(limits: dict[str, float], answer: sm.Answer) -> None:
    """-1001 (I16)."""
    configuration = sm.URLSessionConfiguration.ephemeral()
    for name, value in limits.items():
        setattr(configuration, name, value)
    script = sm.ScriptRoute()
    with sm.virtual_time(), sm.use_route(script), sm.URLSession(configuration) as session:
        script.answer(sm.Answer(headers={"Cache-Control": "max-age=0, stale-if-error=600"}, body=b"old"))
        session.data(A).result()
        script.answer(answer)
        with pytest.raises(sm.URLError) as raised:
            session.data(A).result()
    assert Code.TIMED_OUT is raised.value.code
