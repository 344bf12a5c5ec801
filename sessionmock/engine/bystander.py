"""Lets virtual time go on where nobody is seen to wait: the threads of a test rest in waits that the engine knows nothing of, as
`Event.wait`, `queue.get`, `Future.result`, or a loop of asyncio or trio that has nothing to do.

One thread looks at the others while virtual time is in force. Where none of them has moved for `GRACE` of real time, and the main
one stands in such a wait, it makes the calls that are due, and leaves those who wake up a moment of real time before the clock
jumps. While a debugger is there it does nothing: who stands at a breakpoint rests too. A test that waits for what cannot happen
is told on stderr what has not ended; it is for itself to end, for nobody can wake it.
"""
from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ..clock import SECOND
from . import work
from .finalizing import Lock, begin
from .resting import is_computing, rests
from .virtual import VirtualEngine
from .waiters import line_of

THREAD = "sessionmock-bystander"
LOOK = SECOND // 100        # how long it looks at a time
GRACE = 5                   # looks at which nothing has moved, before time goes on
HOPELESS = 200              # and before a test that has nothing to hope for is told
MOMENT = SECOND // 500      # for those who wake up
LINGER = 100                # looks at which there was nothing to look at
DEBUGGERS = ("pydevd", "debugpy")


class Bystander:
    """The one thread, and the engines that it looks after."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """In a forked child there is no thread."""
        self._lock = Lock()
        self._engines: list[VirtualEngine] = []
        self._thread: threading.Thread | None = None

    @contextmanager
    def watching(self, engine: VirtualEngine) -> Iterator[None]:
        """Look after `engine` in this block."""
        with self._lock:
            self._engines.append(engine)
            if self._thread is None:
                thread = threading.Thread(target=self._run, name=THREAD, daemon=True)
                self._thread = thread if begin(thread) else None
        try:
            yield
        finally:
            with self._lock:
                if engine in self._engines:
                    self._engines.remove(engine)

    def _run(self) -> None:
        idle = still = 0
        before: tuple[VirtualEngine, int] | None = None
        while True:
            with self._lock:
                engine = self._engines[-1] if self._engines else None
                idle = 0 if engine is not None else idle + 1
                if idle > LINGER:
                    self._thread = None
                    return
            if engine is not None:
                now = (engine, engine.clock.made) if _main_rests() else None
                still = still + 1 if now is not None and now == before else 0
                before = now
                if still >= GRACE:
                    self._drive(engine)
                if still == HOPELESS:
                    _tell(engine)
            if is_computing(LOOK):
                still = 0

    def _drive(self, engine: VirtualEngine) -> None:
        """Make the calls of `engine` until somebody moves."""
        while engine in self._engines and engine._goes_on():
            try:
                if not engine._step() and (is_computing(MOMENT) or not _main_rests() or not engine._step(jumps=True)):
                    return
            except BaseException:       # who waits elsewhere has no part in it
                work.report("virtual time that nobody is seen to wait for")
                return


def _tell(engine: VirtualEngine) -> None:
    """Say on stderr that the main thread waits, and for what it may, where anything has not ended."""
    if any(engine._unfinished()):
        stands = line_of(sys._current_frames().get(threading.main_thread().ident or 0))
        print(engine._deadlock(f"nothing is left to run, and the main thread waits{stands}"), file=sys.stderr)


def _main_rests() -> bool:
    """Whether the main thread is in a wait, and nobody debugs."""
    return rests(sys._current_frames().get(threading.main_thread().ident or 0)) and not any(name in sys.modules for name in DEBUGGERS)


bystander = Bystander()
os.register_at_fork(after_in_child=bystander.forget)
