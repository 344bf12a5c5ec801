"""What is waited for before a leak is told: what may still end it, and not what never did."""
from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from sessionmock import Answer, LeakScope, ResponseDisposition, ScriptRoute, URLSession, URLSessionConfiguration, virtual_time
from sessionmock.clock import SECOND, SystemClock
from sessionmock.leaks import prospects, scopes

from ..engine.server import run_program

URL = "http://api.test/thing"
EPHEMERAL = URLSessionConfiguration.ephemeral()
LONG = 20.0      # seconds; no test here waits for them


class Asked(SystemClock):
    """Real time, and how much of it was asked for."""

    waited = 0

    def park(self, lock: threading.Lock, until: int | None) -> bool:
        assert until is not None
        Asked.waited += until - self.now()
        return super().park(lock, until)


@pytest.fixture(autouse=True)
def waited(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Asked]]:
    """What drains waited; what other tests found vain is not known here, and the threads of others are."""
    Asked.waited = 0
    monkeypatch.setattr(scopes, "SystemClock", Asked)
    monkeypatch.setattr(prospects, "_vain", set())
    with LeakScope("others") as others:
        prospects._vain.update((False, key[1]) for key in _threads(others))
    yield Asked


def _threads(scope: LeakScope) -> list[tuple[bool, object]]:
    hopes = prospects.Prospects(scope, list, SECOND)
    hopes.patience()
    return [key for key in hopes._last if isinstance(key, tuple)]


ALONE = """
import math
from sessionmock import Answer, LeakScope, ScriptRoute, URLSession, URLSessionConfiguration, use_route
from sessionmock.leaks import scopes
from tests.leaks.test_prospects import EPHEMERAL, LONG, URL, Asked
scopes.SystemClock = Asked
script = ScriptRoute()
script.answer(Answer(delay=math.inf))
with LeakScope("here") as scope, use_route(script):
    session = URLSession(EPHEMERAL)
    session.data_task(URL)
    session.data_task(URL).suspend()
    URLSession(EPHEMERAL).data_task(URL).resume()
    print(len(scope.drain(LONG)), Asked.waited)
    scope.clean_up()
"""


def test_where_nothing_can_come_nobody_waits() -> None:
    """Sessions that nobody invalidates, tasks that nobody resumes, and an answer that never comes, are told at once. In a process of
    its own, where nothing of other tests may still end something."""
    leaks, waited = run_program(ALONE).split()
    assert (5, True) == (int(leaks), int(waited) < SECOND)


def test_a_thread_that_may_end_it_is_waited_for(scope: LeakScope) -> None:
    """One that the test has started goes on: what it ends is no leak, however long it waited for its turn."""
    session = URLSession(EPHEMERAL)
    threading.Timer(0.05, session.invalidate_and_cancel).start()
    assert [] == scope.drain(LONG)


def test_a_callback_that_may_end_it_is_waited_for(scope: LeakScope, script: ScriptRoute) -> None:
    """While a delegate's callback runs, its session may be ended by it."""
    running, go = threading.Event(), threading.Event()

    class Delegate:
        def data_task_did_receive_response(self, session: URLSession, task: object, response: object) -> ResponseDisposition:
            running.set()
            go.wait()
            session.invalidate_and_cancel()
            return ResponseDisposition.ALLOW

    script.answer(Answer(body="hi"))
    URLSession(EPHEMERAL, Delegate()).data_task(URL).resume()
    running.wait()
    threading.Timer(0.05, go.set).start()
    assert [] == scope.drain(LONG)


def test_what_was_in_vain_is_given_a_moment_only(waited: type[Asked]) -> None:
    """A thread that ends nothing is waited for once; the next leak beside it is told after a moment. One that does something else is
    waited for."""
    over = threading.Event()
    with LeakScope("outer") as outer:
        thread = threading.Thread(target=over.wait)
        thread.start()
        for most in (SECOND // 10, prospects.MOMENT * 2):
            waited.waited = 0
            with LeakScope("test") as own:
                URLSession(EPHEMERAL)
            assert ["session"] == [leak.kind for leak in own.drain(0.1)]
            own.clean_up()
            assert waited.waited <= most + SECOND // 50
        with LeakScope("ends it") as own:
            session = URLSession(EPHEMERAL)
            threading.Timer(0.05, session.invalidate_and_cancel).start()
        assert [] == own.drain(LONG)
        over.set()
        thread.join()
        outer.clean_up()


def test_under_a_virtual_clock_nothing_comes_by_itself(scope: LeakScope, script: ScriptRoute, waited: type[Asked]) -> None:
    """Its time is let pass, and then whoever would go on has to wait."""
    script.answer(Answer(delay=60))
    with virtual_time():
        URLSession(EPHEMERAL).data_task(URL).resume()
        assert 2 == len(scope.drain(LONG))
        assert waited.waited < SECOND
