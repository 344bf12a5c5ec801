"""Looking again for a while: what ends on another thread, or in the system, does so a moment later."""
from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from ..clock import SECOND, SystemClock

SETTLE = SECOND // 2          # of real time
_STEP = SECOND // 500

T = TypeVar("T")


def settled(look: Callable[[], list[T]]) -> list[T]:
    """What `look` finds when `SETTLE` is over, or nothing as soon as it finds nothing."""
    left = look()
    if left:
        clock, locked = SystemClock(), threading.Lock()
        until = clock.now() + SETTLE
        locked.acquire()
        while left and clock.now() < until:
            clock.park(locked, clock.now() + _STEP)
            left = look()
    return left
