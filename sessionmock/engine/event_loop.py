"""The asyncio loop that the engine drives, and what is given to somebody else's."""
from __future__ import annotations

import asyncio
import os
import select
import selectors
from collections import deque
from collections.abc import Coroutine
from typing import Any

from ..clock import SECOND, SystemClock, monotonic
from . import work

TICK = SECOND // 50      # between two looks of a loop that nobody can wake

_graveyard: list[EngineLoop] = []    # a forked child's copies of its parent's loops: never closed, never finalized


class EngineLoop(asyncio.SelectorEventLoop):
    """Reports what its callbacks raise to `threading.excepthook`: a logger may not run on the engine's stack.

    It needs no descriptor of its own: where the process has none left it is a little slower, so that loads can still fail,
    and end, each for itself. Without the pair of sockets by which asyncio wakes a loop it looks up every `TICK`.
    """

    time = staticmethod(monotonic)

    def __init__(self) -> None:
        try:
            self._own_selector: selectors.BaseSelector = selectors.DefaultSelector()
        except OSError:
            self._own_selector = getattr(selectors, "PollSelector", selectors.SelectSelector)()
        self._deaf = False      # nobody can wake it: it has no pair of sockets
        super().__init__(self._own_selector)
        self.set_exception_handler(_report)
        self._ready: deque[asyncio.Handle]                  # asyncio's: calls that are due
        self._scheduled: list[Any]                          # and timers

    def _make_self_pipe(self) -> None:
        try:
            super()._make_self_pipe()   # type: ignore[misc]
            self._deaf = False
        except OSError:
            self._deaf = True
            self._csock = None          # asyncio: nobody is to be woken by it
            clock = SystemClock(self)
            clock.call_at(clock.now() + TICK, self._make_self_pipe)

    def _close_self_pipe(self) -> None:
        if not self._deaf:
            super()._close_self_pipe()  # type: ignore[misc]

    def has_to_do(self, span: int, *, listens: bool) -> bool:
        """Whether a call is due now or within `span` nanoseconds; with `listens`, also whether bytes may come."""
        until = self.time() + span / SECOND
        if self._ready or any(timer._when <= until and not timer._cancelled for timer in list(self._scheduled)):
            return True
        return listens and len(self._own_selector.get_map() or ()) > (not self._deaf)

    def take_over(self) -> None:
        """Let it be run again: the thread that ran it has gone with the interpreter's end."""
        self._thread_id: int | None = None

    def __del__(self) -> None:
        """At the interpreter's end finalizers of users may still need it; the process then ends with all that it has open."""

    def abandon(self) -> None:
        """In a forked child: set the parent's loop aside untouched, for its descriptors are shared with the parent."""
        _graveyard.append(self)
        if hasattr(select, "epoll") and isinstance(self._own_selector, selectors.EpollSelector):
            with select.epoll() as own:     # what becomes of this loop here must not unregister the parent's descriptors
                os.dup2(own.fileno(), self._own_selector.fileno(), inheritable=False)


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    try:
        raise context.get("exception") or RuntimeError(context["message"])
    except BaseException:
        work.report(f"the engine: {context['message']}", ours=True)


class SystemOuting:
    """An operation on somebody's asyncio loop: real time goes on meanwhile, so there is nothing to keep."""

    __slots__ = ("_loop",)

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        return self._loop.create_task(coroutine)

    def back(self) -> None: ...
