"""When a load may begin: its earliest date, and a network that it may use."""
from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

import sessionmock as sm
from sessionmock.clock import SECOND
from sessionmock.core.machine import Phase
from sessionmock.errors import Code
from sessionmock.load.beginning import Beginning
from sessionmock.load.timeouts import Timeouts

from .doubles import URL, Parts

Delayed = sm.DelayedRequestDisposition
OFFLINE = sm.NetworkPath(is_satisfied=False)


def beginning(delegate: object | None = None, phase: Phase = Phase.DELAYED, **settings: Any) -> tuple[Parts, Beginning, Timeouts]:
    parts = Parts(delegate, **settings)
    timeouts = Timeouts(parts.context, parts.inbox, parts.transfer, True)
    parts.runs(phase)
    return parts, Beginning(parts.context, parts.inbox, parts.callbacks, parts.transfer, parts.body, timeouts), timeouts


# the date ------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("seconds", "early"), [(-5, False), (0, False), (5, True)])
def test_a_load_is_early_before_its_date(seconds: float, early: bool) -> None:
    """And its timer rings when that has come."""
    parts, made, timeouts = beginning()
    parts.engine.let_pass(100)
    made.date = parts.engine.clock.date() + timedelta(seconds=seconds)
    assert early is made.is_early(parts.engine.clock.now())
    assert (100 + seconds) * SECOND == timeouts.begins_at


def test_without_a_date_nothing_is_early() -> None:
    """Nor when the wait is over: the wall clock may have been set back meanwhile, and is not looked at again."""
    parts, made, timeouts = beginning()
    assert not made.is_early(0)
    made.date = parts.engine.clock.date() + timedelta(seconds=5)
    assert [True, False] == [made.is_early(0) for _ in range(2)]
    assert 5 * SECOND == timeouts.begins_at


class Asked:
    def __init__(self, *answer: Any) -> None:
        self.answer = answer

    def task_will_begin_delayed_request(self, session: Any, task: Any, request: Any) -> Any:
        self.request = request
        return self.answer


def test_without_a_delegate_it_begins_when_it_is_due() -> None:
    """Nobody is asked."""
    parts, made, _ = beginning(phase=Phase.BEGINNING)
    made.ask()
    assert (["OPEN"], Phase.LOADING) == (parts.owner.names(), parts.machine.phase)


def test_the_delegate_lets_it_go_on_as_it_is() -> None:
    """Asked with the request that waited."""
    parts, made, _ = beginning(delegate := Asked(Delayed.CONTINUE_LOADING, None), Phase.BEGINNING)
    made.ask()
    assert Phase.BEGINNING is parts.machine.phase
    parts.queue.run()
    assert ([("OPEN", None)], parts.transfer.request) == ([note for note in parts.owner.notes if note[0] != "adjust"], delegate.request)


def test_the_delegate_gives_another_request() -> None:
    """It is taken as it is now, with its own body; what the delegate changes later does not matter."""
    given = sm.URLRequest(f"{URL}new", "POST", http_body=b"new")
    parts, made, _ = beginning(Asked(Delayed.USE_NEW_REQUEST, given), Phase.BEGINNING)
    made.ask()
    parts.queue.run()
    given.url = f"{URL}later"
    transfer = parts.transfer
    assert (f"{URL}new", b"new", 3, URL) == (transfer.request.url, transfer.body, transfer.total, transfer.original_request.url)
    assert ["OPEN"] == parts.owner.names()


def test_the_delegate_cancels_it() -> None:
    """-999, and the task is canceling."""
    parts, made, _ = beginning(Asked(Delayed.CANCEL), Phase.BEGINNING)
    made.ask()
    parts.queue.run()
    assert (["ABORT", "FAIL"], True, Code.CANCELLED) == (parts.owner.names(), parts.machine.cancelled, parts.owner.notes[0][1].code)


# a network -----------------------------------------------------------------------------------------------------------------
class Told:
    def __init__(self) -> None:
        self.told = 0

    def task_is_waiting_for_connectivity(self, session: Any, task: Any) -> None:
        self.told += 1


def test_it_waits_until_there_is_a_network_that_it_may_use() -> None:
    """Each new one is looked at, and the delegate hears of the wait at most once."""
    monitor = sm.PathMonitor(OFFLINE)
    parts, made, _ = beginning(delegate := Told(), Phase.WAITING, path_monitor=monitor, allows_expensive_network_access=False)
    made.wait_for_path()
    made.wait_for_path()
    parts.queue.run()
    monitor.update(sm.NetworkPath(is_expensive=True))
    assert (1, [], Phase.WAITING) == (delegate.told, parts.owner.names(), parts.machine.phase)
    monitor.update(sm.NetworkPath())
    assert (["SEND"], Phase.LOADING) == (parts.owner.names(), parts.machine.phase)
    monitor.update(OFFLINE)
    monitor.update(sm.NetworkPath())
    assert (["SEND"], set()) == (parts.owner.names(), monitor._observers)


def test_a_network_comes_while_the_delegate_is_told() -> None:
    """The wait ends at once: what is told is no question."""
    monitor = sm.PathMonitor(OFFLINE)
    parts, made, _ = beginning(Told(), Phase.WAITING, path_monitor=monitor)
    made.wait_for_path()
    monitor.update(sm.NetworkPath())
    assert ["SEND"] == parts.owner.names()


@pytest.mark.parametrize("waited", [False, True])
def test_when_it_is_settled_no_network_matters_any_more(waited: bool) -> None:
    """A task that ended while it waited does not observe the monitor."""
    monitor = sm.PathMonitor(OFFLINE)
    parts, made, _ = beginning(phase=Phase.WAITING, path_monitor=monitor)
    if waited:
        made.wait_for_path()
    parts.machine.phase = Phase.COMPLETING
    made.settle()
    monitor.update(sm.NetworkPath())
    assert ([], set()) == (parts.owner.names(), monitor._observers)
