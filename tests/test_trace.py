"""Whose history what begins is written into, and the view of it that tests ask for."""
from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextvars import copy_context
from typing import Any

import pytest

import sessionmock as sm
from sessionmock.clock import JumpingClock
from sessionmock.history import Asked, Called, Ended, History, Opened
from sessionmock.registry import Scope, current_scope
from sessionmock.trace import ExchangeRecord, history_of

URL = "http://a.test/"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """The trace of before is the one after each test, here and on the main thread."""
    before = sm.set_trace(None)
    yield
    sm.set_trace(before)


@pytest.fixture
def scope() -> Iterator[Scope]:
    """A scope that is open, with a history."""
    with Scope("a block") as made:
        made.history = History()
        yield made


def elsewhere(call: Callable[[], Any]) -> Any:
    """What `call` gives on a thread of its own."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(call()))
    thread.start()
    thread.join()
    return found[0]


# the order of look-up ------------------------------------------------------------------------------------------------------
def test_the_scope_owns_what_begins_in_it(scope: Scope) -> None:
    """Its history is that of what begins here, and of what was given to it as its own."""
    assert scope.history is history_of(current_scope()) is history_of(scope)


def test_a_scope_without_a_history_has_that_of_the_one_around(scope: Scope) -> None:
    """The nearest that looks; where none does, there is none."""
    with Scope("an inner block") as inner:
        assert scope.history is history_of(current_scope()) is history_of(inner)
    assert history_of(Scope("a scope that was never opened")) is None
    assert history_of(None) is None


def test_the_context_comes_before_the_scope(scope: Scope) -> None:
    """What begins where a trace was set is the trace's; the one before is given back."""
    first, second = sm.Trace(), sm.Trace()
    assert [None, first, second] == [sm.set_trace(first), sm.set_trace(second), sm.set_trace(None)]
    sm.set_trace(first)
    assert first.history is history_of(current_scope()) is history_of(scope)
    sm.set_trace(None)
    assert scope.history is history_of(current_scope())


def test_a_trace_is_of_its_context() -> None:
    """Another context does not see it, though it runs on the same thread."""
    trace, context = sm.Trace(), copy_context()
    sm.set_trace(trace)
    assert context.run(lambda: history_of(Scope("own"))) is trace.history       # the main thread's, in the end
    assert copy_context().run(lambda: history_of(None)) is trace.history
    sm.set_trace(None)
    assert context.run(lambda: history_of(None)) is None


def test_the_main_threads_trace_is_for_threads_without_an_owner() -> None:
    """Their own context and owner come first; a trace that another thread has set is that thread's alone."""
    mine, theirs = sm.Trace(), sm.Trace()
    sm.set_trace(mine)
    assert mine.history is elsewhere(lambda: history_of(None))
    assert (None, theirs.history) == elsewhere(lambda: (sm.set_trace(theirs), history_of(None)))
    assert mine.history is history_of(None)
    owner = Scope("an owner")
    owner.history = History()
    assert owner.history is elsewhere(lambda: history_of(owner))


def test_what_a_trace_collects_the_scope_around_gets_too(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trace that is set within a scope takes nothing away from it; without a scope nothing lies around it."""
    trace = sm.Trace()
    with Scope("an inner block, without a history"):
        sm.set_trace(trace)
    trace.history.add(JumpingClock(), Called, None, "a", ())
    assert scope.history is not None
    assert ["a"] == trace.names() == sm.Trace(scope.history).names()
    monkeypatch.setattr("sessionmock.trace.current_scope", lambda: None)
    alone = sm.Trace()
    sm.set_trace(alone)
    alone.history.add(JumpingClock(), Called, None, "b", ())
    assert (["b"], 1) == (alone.names(), len(scope.history))


# two at a time ----------------------------------------------------------------------------------------------------------------
def test_two_threads_see_only_their_own() -> None:
    """Each thread loads in a trace of its own, at the same time, and finds its own load there and no other."""
    both = threading.Barrier(2)

    def load(name: str) -> list[str]:
        trace = sm.Trace()
        sm.set_trace(trace)
        with sm.use_route(sm.ScriptRoute().answer(body=b"x")), sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
            both.wait(20)
            session.data(f"{URL}{name}").result()
            both.wait(20)
        return [exchange.url for exchange in trace.exchanges]

    found: dict[str, list[str]] = {}
    threads = [threading.Thread(target=lambda name=name: found.update({name: load(name)})) for name in "ab"]      # type: ignore[misc]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {"a": [f"{URL}a"], "b": [f"{URL}b"]} == found


def test_a_task_keeps_the_history_that_it_began_in() -> None:
    """What is set later is for what begins later: a session's end is the session's, its tasks' ends are theirs."""
    class Delegate:
        def session_did_become_invalid(self, session: Any, error: Any) -> None: ...

        def task_did_complete(self, session: Any, task: Any, error: Any) -> None: ...

    first, second = sm.Trace(), sm.Trace()
    with sm.virtual_time(), sm.use_route(sm.ScriptRoute().answer(delay=1)):
        sm.set_trace(first)
        with sm.URLSession(sm.URLSessionConfiguration.ephemeral(), Delegate()) as session:
            sm.set_trace(second)
            session.data_task(URL).resume()
            sm.set_trace(None)
    assert (["session_did_become_invalid"], ["task_did_complete"]) == (first.names(), second.names())


# the view ---------------------------------------------------------------------------------------------------------------------
def test_a_trace_is_a_view() -> None:
    """Callbacks as they were made, questions too; exchanges as they ended, and no tasks. A history that is given is looked at."""
    clock, history = JumpingClock(), History()
    history.add(clock, Called, "task", "data_task_did_receive_data", ("task", b"data"))
    history.add(clock, Opened, "task", 1, "GET", URL, "script")
    history.add(clock, Asked, "task", "task_did_receive_challenge", ("task", "challenge"))
    history.add(clock, Ended, "task", 1, "GET", URL, None, "script", 1.5, "lost")
    history.add(clock, Ended, "task", 0, "GET", URL, None, "script", 2.5, "lost")
    trace = sm.Trace(history)
    assert ["data_task_did_receive_data", "task_did_receive_challenge"] == trace.names()
    assert [("task", ("task", b"data")), ("task", ("task", "challenge"))] == [(each.task, each.arguments) for each in trace.callbacks]
    assert [ExchangeRecord("GET", URL, None, "script", 1.5, "lost")] == trace.exchanges
    assert ([], []) == (sm.Trace().callbacks, sm.Trace().exchanges)
