"""Who waits under a virtual clock, and at which line of the user's: what the report of a deadlock names."""
from __future__ import annotations

import asyncio
import os
import sys
import sysconfig
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NamedTuple

_OTHERS = (os.path.dirname(os.path.dirname(__file__)) + os.sep, sysconfig.get_path("purelib"), sysconfig.get_path("platlib"),
           sysconfig.get_path("stdlib"))        # whose lines are not the user's


class Waiter(NamedTuple):
    """Who waits."""

    thread: threading.Thread
    task: Any                       # of asyncio or trio, that waits there; None for the thread itself
    is_over: Callable[[], bool]     # whether it need not wait any more

    def __str__(self) -> str:
        if self.task is None:
            return f"thread {self.thread.name}{line_of(sys._current_frames().get(self.thread.ident or 0))}"
        name = self.task.get_name() if isinstance(self.task, asyncio.Task) else self.task.name
        return f"coroutine {name}{line_of(_innermost(self.task))}"


class Waiters:
    """Those who wait now; they are held as long as they do."""

    def __init__(self) -> None:
        self._waiting: list[Waiter] = []

    @property
    def threads(self) -> Collection[threading.Thread]:
        """The threads that they wait on."""
        return [one.thread for one in self._waiting]

    def elsewhere(self) -> Iterator[Waiter]:
        """The innermost on each other thread: who waits within another's wait goes on first."""
        here = threading.current_thread()
        innermost = {one.thread: one for one in list(self._waiting)}
        return (one for thread, one in innermost.items() if thread is not here and thread.is_alive())

    @contextmanager
    def waits(self, is_over: Callable[[], bool] = lambda: False, *, on_loop: bool = False) -> Iterator[None]:
        """This thread waits in this block, or the coroutine that runs here, until `is_over`, which any thread may ask."""
        me = Waiter(threading.current_thread(), _current_task() if on_loop else None, is_over)
        self._waiting.append(me)
        try:
            yield
        finally:
            self._waiting.remove(me)

    def told(self) -> list[str]:
        """Each with the line where it stands."""
        return list(map(str, list(self._waiting)))


def _current_task() -> Any:
    trio = sys.modules.get("trio")
    return trio.lowlevel.current_task() if trio is not None and trio.lowlevel.in_trio_task() else asyncio.current_task()


def _innermost(task: Any) -> FrameType | None:
    """The frame of the user's in which a task of asyncio or trio stands, as far down as coroutines await each other."""
    coroutine: Any = task.get_coro() if isinstance(task, asyncio.Task) else task.coro
    frame = None
    while (inner := getattr(coroutine, "cr_frame", None)) is not None:
        if not inner.f_code.co_filename.startswith(_OTHERS):
            frame = inner
        coroutine = coroutine.cr_await
    return frame


def line_of(frame: FrameType | None) -> str:
    """Where that is: the innermost line that is the user's."""
    while frame is not None and frame.f_code.co_filename.startswith(_OTHERS):
        frame = frame.f_back
    return "" if frame is None else f" at {frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_name}"
