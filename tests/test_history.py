"""Histories: what is written down, in which order and time, for whom."""
from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest

import sessionmock as sm
from sessionmock.clock import SECOND, JumpingClock
from sessionmock.history import EVERYTHING, Became, Called, Closed, Ended, Escaped, Faulted, History, Opened, Written
from sessionmock.registry import Scope

URL = "http://a.test/"


@pytest.fixture
def clock() -> Iterator[sm.VirtualClock]:
    with sm.virtual_time() as clock:
        yield clock


def called(history: History, name: str, clock: Any = None) -> None:
    """Add a record to `history`, as who makes one does: by asking whether it is wanted."""
    if Called in history.kinds:
        history.add(clock or JumpingClock(), Called, None, name, ())


def names(history: History) -> list[str]:
    return [record.name for record in history if isinstance(record, Called)]


# records -----------------------------------------------------------------------------------------------------------------
def test_records_are_numbered_and_have_the_clocks_time() -> None:
    """Numbers count up from 1 in each history; times are the clock's, whichever session's that is."""
    history, clock = History(), JumpingClock()
    called(history, "a", clock)
    clock.advance(5 * SECOND)
    called(history, "b", clock)
    called(history, "c")
    assert [Called(1, 0, None, "a", ()), Called(2, 5 * SECOND, None, "b", ()), Called(3, 0, None, "c", ())] == list(history)
    assert 3 == len(history)


def test_a_history_is_read_as_it_was() -> None:
    """What comes while somebody iterates is not met there."""
    history = History()
    called(history, "a")
    for _ in history:
        called(history, "more")
    assert ["a", "more"] == names(history)


def test_a_history_keeps_what_it_wants() -> None:
    """Other kinds are not asked for, and not kept where somebody around wants them."""
    history = History([Ended])
    assert (frozenset({Ended}), EVERYTHING) == (history.kinds, History().kinds)
    called(history, "a")
    assert 0 == len(history)


def test_a_history_keeps_the_last_ones() -> None:
    """With a limit the oldest are let go of; the numbers count on."""
    history = History(limit=2)
    for name in "abc":
        called(history, name)
    assert ([2, 3], ["b", "c"]) == ([record.number for record in history], names(history))


def test_a_history_of_exchanges() -> None:
    """What a report of a failure shows: the last that ended, and nothing else. No task is kept for its sake, unless an outer history
    does so."""
    history, outer = History.of_exchanges(1), History()
    history.nest(outer)
    for url in ("first", "last"):
        history.add(JumpingClock(), Ended, task := cast(Any, object()), 1, "GET", url, 200, "script", 0.0, "")
    called(history, "a")
    assert [("last", None)] == [(record.url, record.task) for record in history if isinstance(record, Ended)]
    assert task is list(outer)[1].task


# views --------------------------------------------------------------------------------------------------------------------
def test_a_watcher_sees_each_record_as_it_is_made() -> None:
    """From the moment that it watches, and only what the history keeps."""
    history, seen = History([Called]), list[Any]()
    called(history, "before")
    history.watch(seen.append)
    history.watch(lambda record: seen.append(record.number))
    called(history, "after")
    history.add(JumpingClock(), Closed, None, 1)
    assert [Called(2, 0, None, "after", ()), 2] == seen


def test_what_an_inner_history_gets_the_outer_gets_too() -> None:
    """Each numbers for itself and keeps what it wants; what neither wants is made no record of."""
    outer, inner = History([Called, Ended]), History([Ended])
    called(outer, "before")
    inner.nest(outer)
    assert frozenset({Called, Ended}) == inner.kinds
    called(inner, "inside")
    inner.add(JumpingClock(), Ended, None, 0, "GET", URL, None, "", 0.0, "")
    assert ([1], [1, 2, 3]) == ([record.number for record in inner], [record.number for record in outer])
    assert ["before", "inside"] == names(outer)


def test_what_only_the_inner_history_wants_stays_there() -> None:
    """The outer one is not asked to keep what it does not want."""
    outer, inner = History([Ended]), History([Called])
    inner.nest(outer)
    called(inner, "inside")
    assert (["inside"], 0) == (names(inner), len(outer))


def test_histories_lie_in_one_another_once() -> None:
    """A history that lies in another stays there; none lies in itself."""
    outer, other, inner = History(), History(), History()
    inner.nest(inner)
    inner.nest(outer)
    inner.nest(other)
    called(inner, "inside")
    assert (["inside"], ["inside"], []) == (names(inner), names(outer), names(other))


def test_any_thread_may_add() -> None:
    """No number is given twice, and no record is lost."""
    history = History()
    start = threading.Barrier(4)

    def add() -> None:
        start.wait(20)
        for _ in range(500):
            called(history, "a")

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(range(1, 2001)) == sorted(record.number for record in history)


@contextmanager
def looked_at(history: History) -> Iterator[None]:
    """What begins in this block is written down in `history`."""
    with Scope("a block") as scope:
        scope.history = history
        yield


# a whole load --------------------------------------------------------------------------------------------------------------
class Delegate:
    def task_will_perform_http_redirection(self, session: Any, task: Any, response: Any, request: Any) -> Any:
        return request

    def download_task_did_finish_downloading(self, session: Any, task: Any, location: Any) -> None: ...

    def task_did_complete(self, session: Any, task: Any, error: Any) -> None: ...


@pytest.mark.usefixtures("clock")
def test_what_happens_in_a_load_is_written_down() -> None:
    """What was opened, sent, received, asked, answered, called, written and ended, in order, in virtual nanoseconds."""
    script = sm.ScriptRoute().answer(status=307, headers={"Location": "/there"}, delay=1)
    script.answer(headers={"Content-Length": "6"}, informational=[103], body=[(b"abc", 2.0), (b"def", 0.5)])
    history = History()
    with looked_at(history), sm.use_route(script), sm.URLSession(sm.URLSessionConfiguration.ephemeral(), Delegate()) as session:
        task = session.download_task(sm.URLRequest(URL, "POST", http_body=b"body"))
        task.resume()

    records = list(history)
    assert list(range(1, len(records) + 1)) == [record.number for record in records]
    assert {task} == {record.task for record in records if not isinstance(record, Became)}
    first, second = (record.exchange for record in records if isinstance(record, Opened))
    assert 0 < first < second
    assert [
        ("Became", 0.0, ("valid", False, True, False)),
        ("Made", 0.0, ("task_did_complete", False)),
        ("Instructed", 0.0, ("resume",)),
        ("Opened", 0.0, (first, "POST", URL, "script")),
        ("Sent", 0.0, (first, 4)),
        ("Became", 0.0, ("invalidating", False, True, False)),
        ("Received", 1.0, (first, 307, 0)),
        ("Ended", 1.0, (first, "POST", URL, 307, "script", 1000.0, "")),
        ("Asked", 1.0, ("task_will_perform_http_redirection",)),
        ("Returned", 1.0, ("task_will_perform_http_redirection",)),
        ("Answered", 1.0, ("task_will_perform_http_redirection",)),
        ("Opened", 1.0, (second, "POST", f"{URL}there", "script")),
        ("Sent", 1.0, (second, 4)),
        ("Received", 1.0, (second, 103, 0)),
        ("Received", 1.0, (second, 200, 0)),
        ("Filed", 1.0, ()),
        ("Received", 3.0, (second, None, 3)),
        ("Written", 3.0, (3,)),
        ("Received", 3.5, (second, None, 3)),
        ("Written", 3.5, (3,)),
        ("Ended", 3.5, (second, "POST", f"{URL}there", 200, "script", 2500.0, "")),
        ("Called", 3.5, ("download_task_did_finish_downloading",)),
        ("Returned", 3.5, ("download_task_did_finish_downloading",)),
        ("Called", 3.5, ("task_did_complete",)),
        ("Returned", 3.5, ("task_did_complete",)),
        ("Ended", 3.5, (0, "POST", f"{URL}there", 200, "script", 3500.0, "")),
        ("Became", 3.5, ("invalid", False, False, False)),
    ] == [told(record) for record in records]
    assert not any(isinstance(record, Closed) for record in records)
    [path] = {record.path for record in records if isinstance(record, Written)}
    assert path == next(record.arguments[1] for record in records if isinstance(record, Called))


def told(record: Any) -> tuple[str, float, tuple[Any, ...]]:
    """A record by its kind, its time in seconds and what it says beside what each test or process has of its own."""
    own = ("number", "time", "task", "arguments", "values", "path", "session", "queue", "connection")
    values = {name: value for name, value in record._asdict().items() if name not in own}
    return type(record).__name__, record.time / SECOND, tuple(values.values())


@pytest.mark.usefixtures("clock")
def test_an_exchange_that_is_given_up_is_closed() -> None:
    """A request that times out: its exchange is closed before its end, and the task ends with the error."""
    history, script = History(), sm.ScriptRoute().answer(delay=math.inf)
    with looked_at(history), sm.use_route(script), sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        session.data_task(URL, lambda *_: None).resume()
    [exchange] = {record.exchange for record in history if isinstance(record, Opened)}
    assert [
        ("Became", 0.0, ("valid", False, False, False)),
        ("Made", 0.0, ("completion_handler", False)),
        ("Instructed", 0.0, ("resume",)),
        ("Opened", 0.0, (exchange, "GET", URL, "script")),
        ("Became", 0.0, ("invalidating", False, False, False)),
        ("Closed", 60.0, (exchange,)),
        ("Called", 60.0, ("completion_handler",)),
        ("Returned", 60.0, ("completion_handler",)),
        ("Ended", 60.0, (0, "GET", URL, None, "script", 60_000.0, f"timed out (-1001) for {URL}")),
        ("Became", 60.0, ("invalid", False, False, False)),
    ] == [told(record) for record in history]


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("kind", sorted(EVERYTHING - {Closed, Escaped, Faulted}, key=lambda kind: kind.__name__), ids=lambda kind: kind.__name__)
def test_nothing_is_made_of_what_nobody_wants(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A history that wants one kind is asked to add that kind alone: no other record is even made."""
    added: list[Any] = []
    add = History.add

    def counted(self: History, clock: Any, kind: Any, *values: Any) -> None:
        added.append(kind)
        add(self, clock, kind, *values)

    monkeypatch.setattr(History, "add", counted)
    script = sm.ScriptRoute().answer(status=307, headers={"Location": "/there"}).answer(body=b"abc")
    with looked_at(History([kind])), sm.use_route(script), sm.URLSession(sm.URLSessionConfiguration.ephemeral(), Delegate()) as session:
        session.download_task(sm.URLRequest(URL, "POST", http_body=b"body")).resume()
    assert {kind} == set(added)


@pytest.mark.usefixtures("clock")
def test_nothing_is_made_where_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a history nobody is asked to add anything: a record that is not wanted costs no call."""
    added: list[Any] = []
    monkeypatch.setattr(History, "add", lambda *_: added.append(1))
    script = sm.ScriptRoute().answer(status=307, headers={"Location": "/there"}).answer(body=b"abc")
    with looked_at(History([])), sm.use_route(script), sm.URLSession(sm.URLSessionConfiguration.ephemeral(), Delegate()) as session:
        session.download_task(sm.URLRequest(URL, "POST", http_body=b"body")).resume()
    assert [] == added
