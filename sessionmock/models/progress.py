"""How far a task has come (Apple's Progress, as `URLSessionTask.progress` uses it)."""
from __future__ import annotations

from collections.abc import Callable

from ..user_code import tell_each

Handler = Callable[[], None]


class Progress:
    """Units done of units in all: bytes, for a task. Its calls go on to the task: cancel, pause as suspend, resume.

    `total_unit_count` is -1 while the total is not known; the progress is indeterminate then.
    """

    __slots__ = ("_cancelled", "_observers", "_paused", "cancellation_handler", "completed_unit_count", "pausing_handler",
                 "resuming_handler", "total_unit_count")

    def __init__(self, total_unit_count: int = -1, *, cancellation_handler: Handler | None = None,
                 pausing_handler: Handler | None = None, resuming_handler: Handler | None = None) -> None:
        self.total_unit_count, self.completed_unit_count = total_unit_count, 0
        self.cancellation_handler, self.pausing_handler = cancellation_handler, pausing_handler
        self.resuming_handler = resuming_handler
        self._cancelled = self._paused = False
        self._observers: tuple[tuple[Callable[[Progress], None]], ...] = ()

    @property
    def fraction_completed(self) -> float:
        """From 0.0 to 1.0; 0.0 while indeterminate."""
        if self.is_indeterminate:
            return 0.0
        return min(1.0, self.completed_unit_count / self.total_unit_count) if self.total_unit_count else 1.0

    @property
    def is_indeterminate(self) -> bool:
        """Whether the total is unknown, or nothing has been done of nothing."""
        return self.total_unit_count < 0 or (self.total_unit_count == 0 and self.completed_unit_count == 0)

    @property
    def is_finished(self) -> bool:
        """Whether all units are done."""
        return not self.is_indeterminate and self.completed_unit_count >= self.total_unit_count

    @property
    def is_cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._cancelled

    @property
    def is_paused(self) -> bool:
        """Whether `pause` was called, and `resume` not since."""
        return self._paused

    def cancel(self) -> None:
        """Cancels the task, once."""
        if not self._cancelled:
            self._cancelled = True
            _call(self.cancellation_handler)

    def pause(self) -> None:
        """Suspends the task, unless it is paused already."""
        if not self._paused:
            self._paused = True
            _call(self.pausing_handler)

    def resume(self) -> None:
        """Resumes the task after `pause`."""
        if self._paused:
            self._paused = False
            _call(self.resuming_handler)

    def update(self, completed: int, total: int | None = None) -> None:
        """Sets what is done, and the total where it is given, and tells the observers. For the owner, on its delegate queue."""
        self.completed_unit_count = completed
        if total is not None:
            self.total_unit_count = total
        tell_each("an observer of the progress", [observer for (observer,) in self._observers], self)

    def observe(self, callback: Callable[[Progress], None]) -> Handler:
        """Calls `callback` with the progress at every change; returns a function that ends that, harmless to call again."""
        entry = (callback,)    # an object of this call's own: the same callback may observe twice
        self._observers += (entry,)

        def stop() -> None:
            self._observers = tuple(each for each in self._observers if each is not entry)
        return stop

    def __repr__(self) -> str:
        return f"Progress({self.completed_unit_count} of {self.total_unit_count})"


def _call(handler: Handler | None) -> None:
    if handler is not None:
        handler()
