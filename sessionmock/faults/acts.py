"""Kinds that act on the task itself, wherever its load is: it is cancelled or suspended, its session invalidated; and the error of `fail`.

A task is known here by what it can do alone: this layer lies below tasks. Each act is a call that users make too, on any thread and
at any moment; in the midst of a load's turn it takes effect when the step that is being made is over.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..clock import Timer, nanoseconds
from ..errors import FAILING_URL, FAILING_URL_STRING, Code, InvalidArgumentException, URLError, url_error
from .armed import Fired, Shot
from .kinds import Kind


def act(shot: Shot) -> None:
    """Do what `shot` does to its task, and fire it. A task that gives no resume data is cancelled for it all the same.

    Raises URLError (-1 over an InvalidArgumentException) for a plain client's request, which has no task.
    """
    about = shot.about
    if about.task is None:
        raise url_error(Code.UNKNOWN, about.url, InvalidArgumentException(
            f"at({shot.point!r}).{shot.kind}: {about.method} {about.url} is a plain client's request, which is no task: select tasks by task=... "
            "or url=..., or let the network fail"))
    _ACTS[shot.kind.name](shot.fire(), shot.kind)


def failure(shot: Shot) -> URLError:
    """The error of a kind `fail`, about the URL that `shot` is about unless it names one."""
    error, url = shot.kind["error"], shot.about.url
    return URLError(error.code, {FAILING_URL: url, FAILING_URL_STRING: url, **error.user_info})


class Delayed:
    """`call`, made on `engine` when `seconds` are over, unless `latch` is set before. The engine is kept running for it."""

    def __init__(self, engine: Any, latch: Any, seconds: float, call: Callable[[], object]) -> None:
        self._engine, self._latch, self._call = engine, latch, call
        self._timer: Timer | None = None
        engine.post_eager(self._begin, engine.clock.now() + nanoseconds(seconds))

    def _begin(self, when: int) -> None:
        self._engine.enlist(True)
        self._timer = self._engine.clock.call_at(when, self._due)
        self._latch.tell(self._ended)

    def _due(self) -> None:
        self._latch.forget(self._ended)
        self._over()
        self._call()

    def _ended(self) -> None:
        self._engine.post_eager(self._give_up)

    def _give_up(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._over()

    def _over(self) -> None:
        self._timer = None
        self._engine.delist(True)


def _suspend(fired: Fired, kind: Kind) -> None:
    task = fired.task
    life = task._life
    task.suspend()
    Delayed(life.engine, life.latch, kind["seconds"], life.resume)


def _produce_resume_data(fired: Fired, _: Kind) -> None:
    task = fired.task
    if hasattr(task, "cancel_by_producing_resume_data"):
        fired.producing = task.cancel_by_producing_resume_data()
    else:
        task.cancel()


_ACTS: dict[str, Callable[[Fired, Kind], None]] = {
    "cancel": lambda fired, _: fired.task.cancel(),
    "cancel_by_producing_resume_data": _produce_resume_data,
    "suspend": _suspend,
    "invalidate": lambda fired, _: fired.task._session.invalidate_and_cancel(),
}
