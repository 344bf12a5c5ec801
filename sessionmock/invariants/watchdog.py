"""V14 in real time: what takes too long is ended, and everybody learns who waited for what."""
from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable

from ..clock import SECOND, SystemClock
from ..registry import OWN_THREADS

_LOOK = SECOND // 4
_LINGER = SECOND


class Watchdog:
    """One thread for all blocks of a process: makes the call of a block that is not over in time, once. It ends when nobody needs it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: dict[object, tuple[int, Callable[[], None]]] = {}
        self._clock = SystemClock()
        self._runs = False

    def arm(self, limit: int, call: Callable[[], None]) -> object:
        """Make `call` in `limit` nanoseconds, on another thread, unless what this returns is disarmed before."""
        token = object()
        with self._lock:
            self._armed[token] = self._clock.now() + limit, call
            if not self._runs:
                self._runs = True
                threading.Thread(target=self._run, name=f"{OWN_THREADS}watchdog", daemon=True).start()
        return token

    def disarm(self, *tokens: object) -> None:
        """What they stand for is over."""
        with self._lock:
            for token in tokens:
                self._armed.pop(token, None)

    def _run(self) -> None:
        clock, locked = self._clock, threading.Lock()
        locked.acquire()
        idle_since = clock.now()
        while True:
            clock.park(locked, clock.now() + _LOOK)
            now = clock.now()
            with self._lock:
                due = [token for token, (when, _) in self._armed.items() if when <= now]
                calls = [self._armed.pop(token)[1] for token in due]
                if self._armed or calls:
                    idle_since = now
                elif now - idle_since > _LINGER:
                    self._runs = False
                    return
            for call in calls:
                call()


def stacks() -> tuple[str, ...]:
    """Where each thread stands, but those of sessionmock that have nothing to do: a line for the thread, and its innermost lines."""
    frames, found = sys._current_frames(), list[str]()
    for thread in threading.enumerate():
        frame = frames.get(thread.ident or 0)
        if frame is not None and thread is not threading.current_thread():
            found.append(f"thread {thread.name}:")
            found += [f"  {entry.filename}:{entry.lineno} in {entry.name}" for entry in traceback.extract_stack(frame)[-6:]]
    return tuple(found)


watchdog = Watchdog()
