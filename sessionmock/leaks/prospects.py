"""Whether anything may still end what was left: where nothing can, nobody waits, and not long for what never did before.

A task or session ends by what its engine has to do, or by code that runs on another thread. What was there while a whole wait
was in vain is known from then on, by the lines where it was made or stands: the next time it is given a moment only. So a suite
that leaks a thousand times, beside a server's thread that never ends anything, waits in vain about once.
"""
from __future__ import annotations

import selectors
import sys
import threading
from collections.abc import Callable, Hashable, Iterable, Iterator
from types import CodeType, FrameType
from typing import Any

from .. import registry
from ..clock import SECOND, SystemClock
from ..engine.bystander import THREAD as BYSTANDER
from ..engine.loop import THREAD as ENGINE
from ..engine.work import pool
from .kinds import kind_of

MOMENT = SECOND // 1000     # nanoseconds for what was in vain before
_RESTS = {SystemClock.park.__code__, selectors.DefaultSelector.select.__code__}     # where threads of the engine's own wait
_LOOKERS = (ENGINE, BYSTANDER)
_DEPTH = 16                 # frames that tell one thing that a thread does from another

_vain: set[Hashable] = set()    # what never ended anything


class Prospects:
    """What may still end what a scope has left."""

    def __init__(self, scope: registry.Scope, left: Callable[[], Iterable[Any]], span: int) -> None:
        self._scope, self._left, self._span = scope, left, span
        self._last: set[Hashable] = set()

    def patience(self) -> int:
        """How many nanoseconds to wait for the next sign of life."""
        threads = list(self._busy_threads())
        ours = any(thread.name.startswith(registry.OWN_THREADS) for thread, _ in threads)
        self._last = {*self._engines(ours), *((registry.started_in(thread) is self._scope, _codes(frame)) for thread, frame in threads)}
        if not self._last:
            return 0
        return MOMENT if self._last <= _vain else self._span

    def were_vain(self) -> None:
        """All of the time was waited, and nothing came."""
        _vain.update(self._last)

    def _engines(self, working: bool) -> Iterator[Hashable]:
        """What is left and goes on, if its engine has something to do, or threads are `working` for it; and such an engine, for what
        only code of users ends."""
        busy: dict[Any, bool] = {}
        for made in self._left():
            kind = kind_of(made)
            engine = kind.engine(made)
            if engine not in busy:
                busy[engine] = engine.has_to_do(self._span)
            if (busy[engine] or working) and kind.goes_on(made):
                yield made._site.key, kind.progress(made)
            elif busy[engine]:
                yield id(engine)

    def _busy_threads(self) -> Iterator[tuple[threading.Thread, FrameType | None]]:
        """Threads that may run code of users: others than this one and those of ours that have nothing to do."""
        here, frames = threading.current_thread(), sys._current_frames()
        for thread in threading.enumerate():
            frame = frames.get(thread.ident or 0)
            if thread is not here and not pool.is_idle(thread) and not (thread.name in _LOOKERS and frame and frame.f_code in _RESTS):
                yield thread, frame


def _codes(frame: FrameType | None) -> Hashable:
    """What a thread does: the functions that it is in, the innermost first."""
    codes: list[CodeType] = []
    while frame is not None and len(codes) < _DEPTH:
        codes.append(frame.f_code)
        frame = frame.f_back
    return tuple(codes)
