"""Who waits under a virtual clock, and at which line of the user's: what the report of a deadlock names."""
from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_OWN = os.path.dirname(os.path.dirname(__file__)) + os.sep


class Waiters:
    """Those who wait now; they are held as long as they do."""

    def __init__(self) -> None:
        self._who: list[threading.Thread | Any] = []     # a task of asyncio or trio, where it is no thread

    def __len__(self) -> int:
        return len(self._who)

    @contextmanager
    def thread(self) -> Iterator[None]:
        """This thread waits in this block."""
        yield from self._hold(threading.current_thread())

    @contextmanager
    def coroutine(self) -> Iterator[None]:
        """The coroutine that runs here waits in this block."""
        trio = sys.modules.get("trio")
        here = trio is not None and trio.lowlevel.in_trio_task()
        yield from self._hold(trio.lowlevel.current_task() if trio is not None and here else asyncio.current_task())

    def _hold(self, who: Any) -> Iterator[None]:
        self._who.append(who)
        try:
            yield
        finally:
            self._who.remove(who)

    def told(self) -> list[str]:
        """Each with the line where it stands."""
        frames = sys._current_frames()
        return [f"thread {who.name}{_line(frames.get(who.ident or 0))}" if isinstance(who, threading.Thread) else
                f"coroutine {who.get_name() if isinstance(who, asyncio.Task) else who.name}{_line(_innermost(who))}" for who in list(self._who)]


def _innermost(task: Any) -> FrameType | None:
    """The frame in which a task of asyncio or trio stands, as far down as coroutines await each other."""
    coroutine: Any = task.get_coro() if isinstance(task, asyncio.Task) else task.coro
    frame = None
    while (inner := getattr(coroutine, "cr_frame", None)) is not None:
        if not inner.f_code.co_filename.startswith(_OWN):
            frame = inner
        coroutine = coroutine.cr_await
    return frame


def _line(frame: FrameType | None) -> str:
    """Where that is: the innermost line that is not of this package."""
    while frame is not None and frame.f_code.co_filename.startswith(_OWN):
        frame = frame.f_back
    return "" if frame is None else f" at {frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_name}"
