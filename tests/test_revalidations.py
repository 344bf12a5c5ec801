"""A stale response is given at once, and the server is asked behind it."""
from __future__ import annotations

import math
import threading
from typing import Any

import pytest

import sessionmock as sm
from sessionmock.clock import SECOND
from sessionmock.errors import Code, url_error
from tests.tasks.delegates import PATIENCE
from tests.tasks.test_cache import A, Delegate, scripted

WAITING = {"Cache-Control": "max-age=10, stale-while-revalidate=100", "ETag": '"1"'}


def let_pass(session: sm.URLSession, seconds: float) -> None:
    """Virtual time passes, and what is on its way comes."""
    session._context.engine.let_pass(int(seconds * SECOND))


@pytest.mark.parametrize(("answer", "given"), [
    (sm.Answer(200, headers=WAITING, body=b"new"), b"new"), (sm.Answer(304, headers=WAITING), b"old"), (sm.Answer(503), b"old"),
    (sm.Answer(error=url_error(Code.NETWORK_CONNECTION_LOST, A)), b"old"), (sm.Answer(delay=math.inf), b"old"),
])
def test_what_is_stale_is_given_at_once_and_asked_about_behind(answer: sm.Answer, given: bytes) -> None:
    """RFC 5861, section 3: one time, however many are given it; what comes of that is what the next one gets, and a failure is
    nobody's."""
    with scripted() as (script, session):
        script.answer(sm.Answer(headers=WAITING, body=b"old"))
        assert b"old" == session.data(A).result()[0]
        let_pass(session, 20)
        script.answer(answer)
        for _ in range(3):
            data, response = session.data(A).result()
            assert isinstance(response, sm.HTTPURLResponse)
            assert (b"old", "20") == (data, response.value("Age"))
        let_pass(session, 5)
        assert given == session.data(A).result()[0]


def test_what_is_asked_behind_is_what_was_asked_before() -> None:
    """But for the whole of it, and by a request that revalidates."""
    with scripted() as (script, session):
        here = script.get(A).respond(200, text="old", headers=WAITING)
        session.data(A).result()
        let_pass(session, 20)
        request = sm.URLRequest(A, all_http_header_fields={"X-Mine": "1", "Range": "bytes=0-1"})
        assert b"ol" == session.data(request).result()[0]
        let_pass(session, 1)
        fields = here.calls[1].request.headers
        assert ("1", '"1"', "max-age=0", None) == tuple(fields.get(name) for name in ("X-Mine", "If-None-Match", "Cache-Control", "Range"))


def test_a_revalidation_is_no_task_of_the_users() -> None:
    """No list has it, no number is taken for it and nobody is asked what to do with it; the delegate sees what was measured, and the
    history what was exchanged."""
    trace = sm.Trace()
    before = sm.set_trace(trace)
    with sm.LeakScope("test") as scope:
        with scripted(delegate := Delegate()) as (script, session):
            script.answer(sm.Answer(headers=WAITING, body=b"old"))
            session.data(A).result()
            let_pass(session, 20)
            script.answer(sm.Answer(301, headers={"Location": "/b", "Cache-Control": "max-age=60"}, delay=1))
            session.data(A).result()
            assert [] == session._open()
            let_pass(session, 2)
            assert ([], 3) == (delegate.redirects, session.data_task(A).task_identifier)
            assert ["script", "cache", "script"] == [each.source for each in trace.exchanges]
            session.invalidate_and_cancel()
        assert [["network_load"], ["local_cache"], ["network_load"], []] == delegate.sources      # the last was never resumed
    sm.set_trace(before)
    assert [] == scope.leaks()


@pytest.mark.parametrize("end", [sm.URLSession.finish_tasks_and_invalidate, sm.URLSession.invalidate_and_cancel])
def test_a_revalidation_ends_with_its_session(end: Any) -> None:
    """Nobody waits for it: the session is invalid at once, and what comes later is not kept."""
    with scripted() as (script, session):
        script.answer(sm.Answer(headers=WAITING, body=b"old"))
        session.data(A).result()
        let_pass(session, 20)
        script.answer(sm.Answer(headers=WAITING, body=b"new", delay=5))
        session.data(A).result()
        let_pass(session, 1)
        assert 1 == len(session._revalidations.tasks)
        cache = session.configuration.url_cache
        end(session)
        assert (True, 0) == (session._invalid.done, len(session._revalidations.tasks))
        found = cache.cached_response(A)
        assert found is not None
        assert b"old" == found.data


def test_a_revalidation_ends_by_itself_in_real_time() -> None:
    """Nobody has to wait for anything."""
    kept = threading.Event()

    class Cache(sm.URLCache):
        def store_cached_response_for_task(self, cached_response: Any, task: Any) -> None:
            super().store_cached_response_for_task(cached_response, task)
            if cached_response.data == b"new":
                kept.set()

    script, configuration = sm.ScriptRoute(), sm.URLSessionConfiguration.ephemeral()
    configuration.url_cache = Cache(disk_capacity=0)
    with sm.use_route(script), sm.URLSession(configuration) as session:
        script.answer(sm.Answer(headers={"Cache-Control": "max-age=0, stale-while-revalidate=100"}, body=b"old"))
        script.answer(sm.Answer(headers={"Cache-Control": "max-age=60"}, body=b"new"))
        assert [b"old", b"old"] == [session.data(A).result()[0] for _ in range(2)]
        assert kept.wait(PATIENCE)
        assert b"new" == session.data(A).result()[0]
