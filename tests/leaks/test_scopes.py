"""Scopes: who owns what is made, what has not ended, and what a look costs."""
from __future__ import annotations

import math
import threading

import pytest

from sessionmock import (
    Answer,
    Leak,
    LeakScope,
    Loading,
    OperationQueue,
    ResponseDisposition,
    ScriptRoute,
    URLSession,
    URLSessionConfiguration,
    URLSessionTask,
    virtual_time,
)
from sessionmock.clock import SECOND
from sessionmock.leaks import scopes

URL = "http://api.test/thing"
EPHEMERAL = URLSessionConfiguration.ephemeral()
NEVER = Answer(delay=math.inf)


def kinds(leaks: list[Leak]) -> list[str]:
    return [leak.kind for leak in leaks]


def test_an_open_session_is_a_leak_until_it_is_invalid(scope: LeakScope) -> None:
    """A session is a leak from its creation to its invalidation."""
    session = URLSession(EPHEMERAL)
    assert ["session"] == kinds(scope.leaks())
    session.invalidate_and_cancel()
    assert [] == scope.drain()



def test_the_innermost_open_scope_owns(scope: LeakScope) -> None:
    """What is made in an inner scope is that one's, also when it is closed and the outer one is looked at."""
    with LeakScope("inner") as inner:
        URLSession(EPHEMERAL)
    URLSession(EPHEMERAL)
    assert 1 == len(scope.leaks()) == len(inner.leaks())
    inner.clean_up()
    assert 1 == len(scope.leaks())


def test_tasks_have_owners_of_their_own(scope: LeakScope) -> None:
    """A task on a wider scope's session belongs to the scope that was open when it was made."""
    session = URLSession(EPHEMERAL)
    with LeakScope("inner") as inner:
        session.data_task(URL)
    assert ["task"] == kinds(inner.leaks())
    assert ["session"] == kinds(scope.leaks())
    inner.clean_up()
    assert "valid" in repr(session)
    assert [] == inner.leaks()


def test_tasks_of_the_shared_session_are_judged(scope: LeakScope) -> None:
    """The shared session is no leak, a task on it is."""
    URLSession.shared.data_task(URL)
    assert ["task"] == kinds(scope.leaks())



def test_a_late_end_is_waited_for(scope: LeakScope, script: ScriptRoute) -> None:
    """The drain lets a task end that is about to, and is over with the first look that finds nothing."""
    script.answer(body=[(b"a", 0.05)])
    session = URLSession(EPHEMERAL)
    session.data_task(URL, lambda *_: None).resume()
    session.finish_tasks_and_invalidate()
    assert ["task"] == kinds(scope.leaks())
    assert [] == scope.drain(20)


def test_virtual_time_is_let_pass(scope: LeakScope, script: ScriptRoute) -> None:
    """Under a virtual clock the drain is that clock's: what ends within it is no leak, what ends later is one."""
    with virtual_time() as clock:
        session = URLSession(EPHEMERAL)
        for delay in (0.2, 7.0):
            script.answer(body=[(b"a", delay)])
            session.data_task(URL, lambda *_: None).resume()
        session.finish_tasks_and_invalidate()
        assert ["task"] == kinds(scope.drain(0.5))
        assert 0.5 == clock.now()


def test_cleaning_up_tells_delegates_in_virtual_time(scope: LeakScope) -> None:
    """Cleaning up makes the callbacks that are due under a virtual clock."""
    told = []

    class Delegate:
        def session_did_become_invalid(self, session: URLSession, error: object) -> None:
            told.append(session)

    with virtual_time():
        session = URLSession(EPHEMERAL, Delegate())
    scope.clean_up()
    assert [session] == told


def test_excused_sessions_are_ended(scope: LeakScope) -> None:
    """An excused session is no leak, its tasks are; cleaning up ends both."""
    session = URLSession(EPHEMERAL)
    scope.excuse(session)
    task = session.data_task(URL)
    assert ["task"] == kinds(scope.leaks())
    scope.clean_up()
    assert session.delegate is None
    assert URLSessionTask.State.COMPLETED is task.state


def test_settled_things_live_on(scope: LeakScope) -> None:
    """What is settled is nobody's leak any more, and goes on."""
    session = URLSession(EPHEMERAL)
    with LeakScope("outer") as outer:
        scope.settle()
        assert [] == scope.leaks() == outer.leaks()
    assert "valid, 0 tasks" in repr(session)
    session.invalidate_and_cancel()


def test_threads_belong_to_the_scope_that_started_them() -> None:
    """A thread makes things for the scope that it was started in, even later; after that was judged, for the one around it."""
    go, made = threading.Event(), threading.Semaphore(0)

    def work() -> None:
        for _ in range(2):
            go.wait()
            go.clear()
            URLSession(EPHEMERAL)
            made.release()

    with LeakScope("outer") as outer:
        with LeakScope("starts") as starts:
            thread = threading.Thread(target=work, name="worker")
            thread.start()
        with LeakScope("next") as following:
            go.set()
            made.acquire()
        leak, = starts.leaks()
        assert ("starts", "worker") == (leak.owner, leak.thread)
        assert [] == following.leaks()
        starts.clean_up()
        go.set()
        made.acquire()
        assert [] == following.leaks()
        assert ["starts"] == [leak.owner for leak in outer.leaks()]
        thread.join()
        outer.clean_up()


def test_callbacks_make_for_the_open_scope(scope: LeakScope, script: ScriptRoute) -> None:
    """What a delegate makes on a pooled thread belongs to the scope that is open, not to the first that used the thread."""
    queue = OperationQueue()
    owners: list[LeakScope] = []
    for name in ("first", "second"):
        with LeakScope(name) as own:
            done = threading.Event()
            queue.add_operation(lambda done=done: (URLSession(EPHEMERAL), done.set()))
            done.wait()
            owners.append(own)
    assert [1, 1] == [len(own.leaks()) for own in owners]
    for own in owners:
        own.clean_up()


def test_unclaimed_things_can_be_claimed() -> None:
    """A scope can own what was made where none was open."""
    made: list[URLSession] = []
    thread = threading.Thread(target=lambda: made.append(URLSession(EPHEMERAL)))
    thread.start()
    thread.join()
    made[0]._scope = None
    scope = LeakScope("claims")
    scope.claim()
    assert ["session"] == kinds(scope.leaks())
    scope.clean_up()
    assert [] == scope.leaks()


def test_finished_loads_are_none(scope: LeakScope, script: ScriptRoute) -> None:
    """A load whose result was seen leaves nothing behind, at the first look."""
    script.answer(body="hi")
    session = URLSession(EPHEMERAL)
    loading: Loading[object] = session.data(URL)
    loading.result()
    assert ["session"] == kinds(scope.leaks())
    session.invalidate_and_cancel()
    assert [] == scope.leaks()


def test_a_look_is_at_what_the_scope_owns(scope: LeakScope, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scope asks about its own things alone, however many others there are, and about none that have ended."""
    asked: list[object] = []
    find = scopes.kind_of
    monkeypatch.setattr(scopes, "kind_of", lambda made: (asked.append(made), find(made))[1])
    wide = [URLSession(EPHEMERAL) for _ in range(10)]
    with LeakScope("own") as own:
        with URLSession(EPHEMERAL) as ended:
            ended.data_task(URL).cancel()
        task = wide[0].data_task(URL)
        assert ["task"] == kinds(own.leaks())
        own.clean_up()
    assert {task} == set(asked)


def test_what_has_ended_is_held_no_more(scope: LeakScope, script: ScriptRoute) -> None:
    """A scope that is never judged keeps nothing alive: neither sessions nor tasks, whatever they became."""
    script.answers([Answer(body="hi")] * 2)
    with URLSession(EPHEMERAL, BecomesDownload()) as session:
        session.data(URL).result()
        session.data_task(URL).resume()
    assert [] == list(scope.held)


class BecomesDownload:
    """Takes every answer as a file."""

    def data_task_did_receive_response(self, session: URLSession, task: URLSessionTask, response: object) -> ResponseDisposition:
        return ResponseDisposition.BECOME_DOWNLOAD

    def download_task_did_finish_downloading(self, session: URLSession, task: URLSessionTask, location: object) -> None:
        assert session._scope is not None
        assert task in session._scope.held


class Ticking:
    """A clock that only parking moves."""

    time = 0

    def now(self) -> int:
        return self.time

    def park(self, lock: object, until: int) -> None:
        self.time = until


class Hoping:
    """Always as long as the limit is."""

    def patience(self) -> int:
        return SECOND

    def were_vain(self) -> None: ...


@pytest.mark.parametrize(("changes", "took"), [([], 0.0), ([0.4], 0.4), ([0.4, 0.8, 1.2, 1.6], 1.6), ([0.4, 1.0], 0.9)])
def test_what_comes_nearer_to_its_end_has_as_long_again(monkeypatch: pytest.MonkeyPatch, changes: list[float], took: float) -> None:
    """Half a second without a sign of life ends the wait, not half a second in all."""
    clock = Ticking()
    monkeypatch.setattr(scopes, "SystemClock", lambda: clock)
    scopes._wait_while(lambda: [change for change in changes if clock.time < change * SECOND], 0.5, [], Hoping())
    assert took <= clock.time / SECOND <= took + 0.1


def test_a_wait_ends_also_where_there_is_always_another_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten times the limit is as long as it may take."""
    clock = Ticking()
    monkeypatch.setattr(scopes, "SystemClock", lambda: clock)
    scopes._wait_while(lambda: [clock.time], 0.5, [], Hoping())
    assert 5 == clock.time / SECOND


class Stalling(Ticking):
    """A clock on a machine that stands still for a second whenever something parks."""

    looks = 0

    def park(self, lock: object, until: int) -> None:
        self.looks += 1
        self.time = until + SECOND


def test_a_machine_that_stands_still_takes_nothing_from_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is waited for stood still, too: only the time that was asked for counts."""
    clock = Stalling()
    monkeypatch.setattr(scopes, "SystemClock", lambda: clock)
    scopes._wait_while(lambda: [clock] if clock.looks < 5 else [], 0.5, [], Hoping())
    assert 5 == clock.looks
