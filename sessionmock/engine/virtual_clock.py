"""The virtual clock as its users see it: in seconds, with what they may do to time."""
from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from ..clock import SECOND, JumpingClock, nanoseconds
from ..errors import InvalidArgumentException
from ..latch import Latch
from ..models.settings import MOMENT, NUMBER, reject
from .bystander import bystander
from .sleeping import PatchedSleep
from .virtual import VirtualEngine

_START = datetime(2026, 1, 1, tzinfo=UTC)


class VirtualClock:
    """Time that stands still until somebody waits, and then jumps to whatever is due next.

    `virtual_time()` puts one in force, and the plugin gives a test its own as `sessionmock.clock`. It begins at 0 seconds and,
    for `date()`, at `start`, an aware datetime (2026-01-01 UTC). What is due at one time comes in the order in which it was
    asked for.
    """

    def __init__(self, start: datetime = _START) -> None:
        self._engine = VirtualEngine(JumpingClock(MOMENT.of("VirtualClock(start)", start)))
        self._blocks = 0                             # `virtual_time` blocks that have put it in force
        self._sleeps: list[PatchedSleep] = []

    def __repr__(self) -> str:
        return f"<VirtualClock at {self.now():g} s, {self.date()}>"

    def now(self) -> float:
        """Seconds of virtual time since it began, to the microsecond."""
        return round(self._engine.clock.now() / SECOND, 6)

    def date(self) -> datetime:
        """The date that it is then, aware, in UTC: by it cookies, caches and certificates expire."""
        return self._engine.clock.date()

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass: everything that is due by then is made, each at its time, and the clock stands there. 0 makes what is
        due now. Coroutines of the loop that runs here go on with their next `await`. InvalidArgumentException for less than 0, and for no end."""
        if not 0 <= NUMBER.of("VirtualClock.advance(seconds)", seconds) < math.inf:
            reject("VirtualClock.advance(seconds)", seconds, "a number of seconds, 0 or more; run_until_idle() goes on to the end of all loads")
        self._engine.wait(Latch(), self._engine.clock.now() + nanoseconds(seconds))

    def run_until_idle(self) -> None:
        """Let time pass until every load has ended, by its time-out if by nothing else, and every callback was made.

        Not waited for are tasks that were not resumed or are suspended, and timers that no load waits for, as of the age of connections
        that are kept. (A task whose delegate holds back an answer does end, by its time-out.)
        """
        self._engine._run_until_idle()

    def patch_sleep(self) -> PatchedSleep:
        """From now on `time.sleep`, `asyncio.sleep` and `trio.sleep` pass in this clock's time: to the end of the test or of the
        `virtual_time` block, or of a `with` block of what is returned.

        It holds for the thread and the context that it is called in, and for the tasks and threads that take this context along
        (`asyncio.to_thread`, `copy_context`). Copies that modules took by `from time import sleep` are replaced too; those in default
        arguments, classes and closures are not. Nothing else of `time` is: `asyncio.wait_for` and trio's deadlines go by real time.
        RuntimeError for a clock that is not in force.
        """
        if not self._blocks:
            raise RuntimeError(f"patch_sleep() of {self!r}, which is not in force: call it within `with virtual_time(clock):`")
        self._sleeps.append(patched := PatchedSleep(self._engine))
        return patched

    @contextmanager
    def _in_force(self) -> Iterator[None]:
        """A block in which it is in force. What was patched until the end of the last one is put back there."""
        self._blocks += 1
        try:
            with bystander.watching(self._engine):
                yield
        finally:
            self._blocks -= 1
            while self._sleeps and not self._blocks:
                self._sleeps.pop().stop()

    def permute(self, seed: int | str) -> None:
        """From now on, calls that are due at the same time come in an order that `seed` decides: the same for the same seed. What one
        load, connection or queue does stays in its order."""
        if not isinstance(seed, int | str):
            raise InvalidArgumentException(f"VirtualClock.permute({seed!r}): it takes an int or a str")
        self._engine.clock.permute(seed)
