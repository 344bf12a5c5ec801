"""How far a task has come (Apple's Progress, as `URLSessionTask.progress` uses it)."""
from __future__ import annotations

from collections.abc import Callable
from typing import Self, overload

from ..errors import InvalidArgumentException
from ..user_code import tell_each
from .callables import taking
from .settings import reject, whole

Handler = Callable[[], None]

_TOTAL, _UNITS = whole(-1), whole(0)


class _HandlerMember:
    """What a call of a progress goes on to: a function without parameters, or None."""

    def __init__(self, doc: str) -> None:
        self.__doc__ = doc

    def __set_name__(self, owner: type, name: str) -> None:
        self._name, self._kept = name, f"_{name.removesuffix('_handler')}"

    @overload
    def __get__(self, progress: None, owner: type) -> Self: ...
    @overload
    def __get__(self, progress: Progress, owner: type) -> Handler | None: ...
    def __get__(self, progress: Progress | None, owner: type) -> Self | Handler | None:
        if progress is None:
            return self
        handler: Handler | None = getattr(progress, self._kept)
        return handler

    def __set__(self, progress: Progress, handler: Handler | None) -> None:
        setattr(progress, self._kept, handler if handler is None else taking(f"Progress.{self._name}", handler))


class Progress:
    """Units done of units in all: bytes, for a task. Its calls go on to the task: cancel, pause as suspend, resume.

    `total_unit_count` is -1 while the total is not known; the progress is indeterminate then. `cancellation_handler`,
    `pausing_handler` and `resuming_handler` are called, without arguments, by the calls of these names; None for none.
    One of several tasks is made of
    theirs, as children:

        whole = Progress(100)
        whole.add_child(photo.progress, with_pending_unit_count=90)
        whole.add_child(caption.progress, with_pending_unit_count=10)
    """

    __slots__ = ("_cancellation", "_cancelled", "_children", "_observers", "_own", "_parent", "_paused", "_pausing", "_resuming", "_total")

    cancellation_handler = _HandlerMember("What `cancel` calls: at first None for a progress of one's own, the task's `cancel` for a task's.")
    pausing_handler = _HandlerMember("What `pause` calls: at first None, or the task's `suspend`.")
    resuming_handler = _HandlerMember("What `resume` calls: at first None, or the task's `resume`.")

    def __init__(self, total_unit_count: int = -1, *, cancellation_handler: Handler | None = None,
                 pausing_handler: Handler | None = None, resuming_handler: Handler | None = None) -> None:
        self.total_unit_count, self._own = total_unit_count, 0
        self._children: list[tuple[Progress, int]] = []     # each with its units of this one
        self._parent: Progress | None = None
        self.cancellation_handler, self.pausing_handler, self.resuming_handler = cancellation_handler, pausing_handler, resuming_handler
        self._cancelled = self._paused = False
        self._observers: tuple[tuple[Callable[[Progress], None]], ...] = ()

    @property
    def total_unit_count(self) -> int:
        """The units in all; -1 while that is not known."""
        return self._total

    @total_unit_count.setter
    def total_unit_count(self, count: int) -> None:
        self._total = _TOTAL.of("Progress.total_unit_count", count)

    @property
    def completed_unit_count(self) -> int:
        """The units that are done, with all of each child that has finished."""
        return self._own + sum(units for child, units in self._children if child.is_finished)

    @completed_unit_count.setter
    def completed_unit_count(self, count: int) -> None:
        self._own += _UNITS.of("Progress.completed_unit_count", count) - self.completed_unit_count

    @property
    def fraction_completed(self) -> float:
        """From 0.0 to 1.0, with what the children have done so far; 0.0 while indeterminate."""
        if self.is_indeterminate:
            return 0.0
        done = self._own + sum(units * child.fraction_completed for child, units in self._children)
        return min(1.0, done / self.total_unit_count) if self.total_unit_count else 1.0

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

    def add_child(self, child: Progress, with_pending_unit_count: int) -> None:
        """`child` is so many units of this one, of its `total_unit_count`: it tells this one's observers of its changes, on its own
        delegate queue, and is cancelled, paused and resumed with it; now, where this one is already.

        A child has one parent: another, or a circle, raises InvalidArgumentException.
        """
        if not isinstance(child, Progress):
            reject("Progress.add_child(child)", child, "a Progress, as that of a task")
        units = _UNITS.of("Progress.add_child(with_pending_unit_count)", with_pending_unit_count)
        if child._parent is not None:
            raise InvalidArgumentException(f"{child!r} is a child of {child._parent!r} already: a progress has one parent")
        above: Progress | None = self
        while above is not None:
            if above is child:
                raise InvalidArgumentException(f"{child!r} cannot be its own child, nor that of a child of its own")
            above = above._parent
        child._parent = self
        self._children.append((child, units))
        if self._cancelled:
            child.cancel()
        if self._paused:
            child.pause()

    def cancel(self) -> None:
        """Cancels the task, once, and the children."""
        if not self._cancelled:
            self._cancelled = True
            _call(self.cancellation_handler)
            for child, _ in self._children:
                child.cancel()

    def pause(self) -> None:
        """Suspends the task, and the children, unless it is paused already."""
        if not self._paused:
            self._paused = True
            _call(self.pausing_handler)
            for child, _ in self._children:
                child.pause()

    def resume(self) -> None:
        """Resumes the task, and the children, after `pause`."""
        if self._paused:
            self._paused = False
            _call(self.resuming_handler)
            for child, _ in self._children:
                child.resume()

    def update(self, completed: int, total: int | None = None) -> None:
        """Sets what is done, and the total where it is given, and tells the observers, its own and those of what it is a child of.
        For the owner, on its delegate queue."""
        self.completed_unit_count = completed
        if total is not None:
            self.total_unit_count = total
        changed: Progress | None = self
        while changed is not None:
            tell_each("an observer of the progress", [observer for (observer,) in changed._observers], changed)
            changed = changed._parent

    def observe(self, callback: Callable[[Progress], None]) -> Handler:
        """Calls `callback` with the progress at every change; returns a function that ends that, harmless to call again."""
        taking("Progress.observe(callback)", callback, "progress")
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
