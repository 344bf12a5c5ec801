"""The ending of a load: metrics, the terminal message, and what is let go of after them."""
from __future__ import annotations

import gc
import threading
import weakref
from functools import partial
from typing import Any

import pytest

from sessionmock.core.machine import Phase
from sessionmock.errors import Code, URLError
from sessionmock.load.ending import Ending
from sessionmock.models.enums import TaskState
from sessionmock.models.metrics import URLSessionTaskMetrics

from .doubles import Parts, finish


def ending(delegate: object | None = None) -> tuple[Parts, Ending, list[str]]:
    """The ending of a load whose outcome is about to be fixed, and what happens then."""
    parts = Parts(delegate)
    parts.runs(Phase.COMPLETING)
    happened: list[str] = []
    made = Ending(parts.context, parts.inbox, parts.callbacks)
    made.latch.tell(lambda: happened.append(f"latch, {parts.machine.state.name}"))
    return parts, made, happened


class Measuring:
    def task_did_finish_collecting_metrics(self, session: Any, task: Any, metrics: Any) -> None:
        assert isinstance(metrics, URLSessionTaskMetrics)
        self.told = session, task, metrics.redirect_count


def test_the_terminal_message_comes_once_and_then_nothing_is_held() -> None:
    """It runs on the queue; the task is completed as it is made, what follows comes after it, and the latch last (I3, I4)."""
    parts, made, happened = ending()
    error = URLError(Code.TIMED_OUT)

    def handler(*outcome: Any) -> None:
        happened.append(f"told, {parts.machine.state.name}, {outcome[2] is error}")

    made.message = "completion_handler", handler, (None, None, error)
    made.conclude(error, parts.transfer, lambda: happened.append("over"))
    assert ([], error, TaskState.RUNNING, 1) == (happened, made.error, parts.machine.state, parts.queue.waiting)
    parts.queue.run()
    assert ["told, COMPLETED, True", "over", "latch, COMPLETED"] == happened
    assert (None, True) == (made.message, parts.inbox.owner is not parts.owner)


def test_without_anybody_to_tell_it_ends_at_once() -> None:
    """No queue lies between."""
    parts, made, happened = ending()
    made.conclude(None, parts.transfer, lambda: happened.append("over"))
    assert (["over", "latch, COMPLETED"], 0) == (happened, parts.queue.waiting)


def test_it_ends_once() -> None:
    """A second end, as that of a forked child, finds nothing left to be done."""
    parts, made, happened = ending()
    made.conclude(None, parts.transfer, lambda: happened.append("over"))
    made.end()
    assert ["over", "latch, COMPLETED"] == happened


def test_metrics_come_before_the_message() -> None:
    """Both on the queue, in that order (I14), and the metrics are those of the moment when the outcome was fixed."""
    parts, made, happened = ending(delegate := Measuring())
    parts.transfer.redirects = 3
    made.message = "completion_handler", lambda *_: happened.append("told"), ()
    made.conclude(None, parts.transfer, lambda: happened.append("over"))
    parts.transfer.redirects = 4
    assert 2 == parts.queue.waiting
    finish(parts.queue.run_one())
    assert ((parts.session, parts.task, 3), []) == (delegate.told, happened)
    parts.queue.run()
    assert ["told", "over", "latch, COMPLETED"] == happened


def test_metrics_are_told_where_no_message_is() -> None:
    """A load that was waited for is over at once, and its metrics come on the queue."""
    parts, made, happened = ending(delegate := Measuring())
    made.conclude(None, parts.transfer, lambda: None)
    assert (["latch, COMPLETED"], 1) == (happened, parts.queue.waiting)
    parts.queue.run()
    assert (parts.session, parts.task, 0) == delegate.told


@pytest.mark.parametrize("kind", ["plain", "coroutine"])
def test_a_message_that_raises_is_reported_and_the_end_comes_all_the_same(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its outcome is fixed: nothing of it changes."""
    reported: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", reported.append)

    def plain() -> None:
        raise LookupError

    async def coroutine() -> None:
        raise LookupError

    parts, made, happened = ending()
    made.message = "task_did_complete", plain if kind == "plain" else coroutine, ()
    made.conclude(None, parts.transfer, lambda: happened.append("over"))
    parts.queue.run()
    assert (["over", "latch, COMPLETED"], None, [LookupError]) == (happened, made.error, [each.exc_type for each in reported])


class Pause:
    def __await__(self) -> Any:
        yield


async def told_after_a_pause(happened: list[str]) -> None:
    await Pause()
    happened.append("told")


def test_the_end_waits_for_a_coroutine() -> None:
    """The state is completed as the message begins, and whoever waits goes on when it is over."""
    parts, made, happened = ending()
    made.message = "completion_handler", partial(told_after_a_pause, happened), ()
    made.conclude(None, parts.transfer, lambda: happened.append("over"))
    rest = parts.queue.run_one()
    assert rest is not None
    rest.send(None)
    assert ([], TaskState.COMPLETED) == (happened, parts.machine.state)
    finish(rest)
    assert ["told", "over", "latch, COMPLETED"] == happened


def test_a_message_that_is_delivered_as_it_is_posted_ends_nothing_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """As by a queue whose thread is faster: a coroutine is waited for there, too."""
    parts, made, happened = ending()
    rests: list[Any] = []
    monkeypatch.setattr(parts.queue, "submit", lambda operation, engine: rests.append(operation()))
    made.message = "completion_handler", partial(told_after_a_pause, happened), ()
    made.conclude(None, parts.transfer, lambda: happened.append("over"))
    assert [] == happened
    rests[0].send(None)
    finish(rests[0])
    assert ["told", "over", "latch, COMPLETED"] == happened


def test_what_the_user_gave_is_let_go_of_where_it_was_called() -> None:
    """After its call nothing holds the handler, and the task's own delegate neither."""
    class Handler:
        def __call__(self, *outcome: Any) -> None: ...

    parts, made, _ = ending()
    handler = Handler()
    held = weakref.ref(handler)
    made.message = "completion_handler", handler, ()
    del handler
    made.conclude(None, parts.transfer, lambda: None)
    parts.callbacks.set_methods({"task_did_complete": "a method"})      # type: ignore[dict-item]
    parts.queue.run()
    gc.collect()
    assert (None, None) == (held(), parts.callbacks.method("task_did_complete"))
