"""The interpreter's end: threads that cannot be started any more, and what those that are gone have left behind.

When Python finalizes, finalizers of users run on one thread, and all others are gone wherever they stood: their locks stay
locked, the loop that one of them ran stays running. `Thread.start` would wait for ever there (3.11) or raises (3.13), and
from 3.12 on it raises as soon as the main module has ended, in `atexit` functions too.
"""
from __future__ import annotations

import sys
import threading


def begin(thread: threading.Thread) -> bool:
    """Start `thread`. False where none can be started: the interpreter ends, or the system has no more threads to give."""
    if sys.is_finalizing():
        return False
    try:
        thread.start()
    except RuntimeError:
        return False
    return True


class Lock:
    """A re-entrant lock that at the interpreter's end keeps nobody out: whoever holds it then is gone."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        self._lock.acquire(not sys.is_finalizing())

    def __exit__(self, *_: object) -> None:
        try:
            self._lock.release()
        except RuntimeError:        # entered past one who is gone
            pass
