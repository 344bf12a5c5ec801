"""Who sees to it that recordings outlast their process: a thread that journals them, a handler of SIGTERM, and what a fork does to them."""
from __future__ import annotations

import contextlib
import os
import signal
import threading
from typing import Any, Protocol
from weakref import WeakSet

from ...clock import SystemClock, nanoseconds
from ...engine.interrupts import Harmless

_PERIOD = nanoseconds(0.7)    # from the first answer to the journal: what is saved by then costs no more than without one


class Kept(Protocol):
    """A recording."""

    def flush(self) -> None:
        """Have everything in the journal, or in the file."""

    def orphan(self) -> None:
        """In a forked child: what was recorded is the parent's."""


class Keeper:
    """The recordings that have something to be journaled, and the thread that does it while there are any."""

    def __init__(self) -> None:
        self._clock = SystemClock()
        self._all: WeakSet[Kept] = WeakSet()
        self.reset()

    def reset(self) -> None:
        """Nothing is to be done, by nobody."""
        self._due: list[tuple[int, Kept]] = []     # and since when, the oldest first
        self._runs = False
        self._lock = threading.RLock()     # a signal's handler may come to whoever holds it

    def enter(self, recording: Kept) -> None:
        """`recording` is there: it is seen to that a SIGTERM, where nobody else minds it, ends the process only after its journal is written."""
        self._all.add(recording)
        if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, Harmless(self._terminate))

    def watch(self, recording: Kept) -> None:
        """`recording` has something new."""
        with self._lock:
            self._due.append((self._clock.now(), recording))
            starts, self._runs = not self._runs, True
        if starts:
            threading.Thread(target=self._run, name="sessionmock-journal", daemon=True).start()

    def flush(self, since: int | None = None) -> None:
        """Have everything journaled, or what has waited `since` then."""
        with self._lock:
            due = [recording for when, recording in self._due if since is None or when <= since]
            del self._due[:len(due)]
        for recording in due:
            with contextlib.suppress(Exception):    # what cannot be journaled is saved in the end, and says then why not
                recording.flush()

    def _run(self) -> None:
        bell = threading.Lock()
        bell.acquire()
        while True:
            with self._lock:
                if not self._due:
                    self._runs = False
                    return
                first = self._due[0][0]
            self._clock.park(bell, first + _PERIOD)
            self.flush(first)

    def _terminate(self, number: int, frame: Any) -> None:
        self.flush()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def orphan(self) -> None:
        """In a forked child."""
        self.reset()
        for recording in list(self._all):
            recording.orphan()


keeper = Keeper()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=keeper.orphan)
