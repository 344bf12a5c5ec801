"""Whether other threads do anything: virtual time does not jump while they may be on their way to something that they ask of it.

A thread rests that stands in a wait of the standard library. Any other may compute, or sleep, or wait for a
server: which of these it does shows in the time that the process computes. Who sleeps or waits is not waited for.
"""
from __future__ import annotations

import sys
import threading
from collections.abc import Collection
from types import FrameType
from typing import TypeAlias

from ..clock import SECOND, SystemClock, computed
from ..registry import OWN_THREADS

FEW = 2                         # threads where virtual time is in force: this one, and the bystander
LOOKS = 20                      # at threads that do not come to rest, before time goes on all the same
BLINK = SECOND // 20_000        # for a thread that was woken, to be seen
LOOK = SECOND // 1000           # at what the process computes
STILL = 8                       # looks at which a thread stands at one place: fewer say only that the machine is busy
SHARE = 4                       # a process in which a thread computes does so for at least one such part of a look
RESTS = frozenset({"threading", "queue", "selectors", "concurrent", "asyncio", "trio", "multiprocessing", "uvloop"})    # packages that wait
BEGINS = frozenset({"_bootstrap", "_bootstrap_inner", "run", "start"})      # functions of theirs in which a thread does not wait, but begins


Place: TypeAlias = tuple[threading.Thread, int, int]     # a thread, its innermost frame, and where in that it is


def rests(frame: FrameType | None) -> bool:
    """Whether a thread whose innermost frame that is stands in a wait; None is that of one that has ended."""
    return frame is None or (str(frame.f_globals.get("__name__")).partition(".")[0] in RESTS and frame.f_code.co_name not in BEGINS)


def pause(span: int) -> None:
    """Let `span` nanoseconds of real time pass on this thread."""
    clock, locked = SystemClock(), threading.Lock()
    locked.acquire()
    clock.park(locked, clock.now() + span)


def is_computing(span: int) -> bool:
    """Whether other threads compute, as far as is seen in `span` nanoseconds that this one waits."""
    before = computed()
    pause(span)
    return computed() - before > span // SHARE


class Others:
    """The other threads, of users. Those that do not come to rest are asked about no more."""

    def __init__(self) -> None:
        self._looks = 0
        self._restless: set[threading.Thread] = set()
        self._stands: dict[Place, int] = {}     # at how many looks in a row a thread stood where it does, which is no wait

    def are_there(self, waiting: Collection[threading.Thread]) -> bool:
        """Whether there are any but those that are `waiting`."""
        return any(not (thread in waiting or thread.name.startswith(OWN_THREADS)) for thread in threading.enumerate())

    def are_busy(self, waiting: Collection[threading.Thread]) -> bool:
        """Whether any of them but those that are `waiting` computes."""
        if threading.active_count() <= FEW:
            return False
        others = [thread for thread in threading.enumerate()
                  if not (thread in waiting or thread in self._restless or thread.name.startswith(OWN_THREADS))]
        if not others:
            return False
        pause(BLINK)
        frames = sys._current_frames()
        places = [(thread, id(frame), frame.f_lasti) for thread in others
                  if (frame := frames.get(thread.ident or 0)) is not None and not rests(frame)]
        self._stands = {place: self._stands.get(place, 0) + 1 for place in places}
        busy = bool(places) and (is_computing(LOOK) or min(self._stands.values()) < STILL)
        self._looks = self._looks + 1 if busy else 0
        if self._looks >= LOOKS:        # several threads may count at once, and past it
            self._looks = 0
            self._restless.update(others)
        return busy
