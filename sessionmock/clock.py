"""Time and waiting. Nothing else in sessionmock reads a clock, sets a timer or waits with a limit.

Times are integer nanoseconds on a monotonic clock of no known start; only differences mean anything. `date()` is the
wall clock, for cookies, caches and certificates alone. Tests that freeze or patch time change that, and never the other:
a stopped monotonic clock would stop every time-out.
"""
from __future__ import annotations

import heapq
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.util import module_from_spec
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

SECOND = 1_000_000_000

# A copy of the module for ourselves: what tests put in the place of the shared one's functions, whoever holds them, is not in it.
assert time.__spec__ is not None
_time: Any = module_from_spec(time.__spec__)
_datetime = sys.modules.get("_datetime")    # held: where it is gone, in finalizers at the interpreter's end, Python 3.13 crashes on a date
monotonic: Callable[[], float] = _time.monotonic
"""The monotonic clock in seconds, for asyncio loops of ours."""

computed: Callable[[], int] = _time.process_time_ns
"""Nanoseconds that the threads of the process have computed, all together."""


def nanoseconds(seconds: float) -> int:
    """`seconds` as the clock counts them; what no timer can reach is cut to 100 years."""
    return int(min(seconds, 3_155_760_000.0) * SECOND)


class Timer(Protocol):
    """A call that has been set for later."""

    def cancel(self) -> None:
        """Drop the call if it has not been made yet."""


class Clock(Protocol):
    """The seam: what tells the time, sets timers on the engine and lets a thread wait."""

    def now(self) -> int:
        """Nanoseconds on the monotonic clock."""

    def date(self) -> datetime:
        """The wall clock, aware, in UTC."""

    def call_at(self, when: int, call: Callable[..., None], *arguments: Any) -> Timer:
        """Make `call` on the engine at `when` or soon after. Only from the engine."""

    def remind_at(self, when: int, call: Callable[[], None]) -> Timer:
        """`call_at` for what is hardly ever due, as a time-out: setting and cancelling it costs next to nothing."""

    def park(self, lock: threading.Lock, until: int | None) -> bool:
        """Wait to acquire `lock`, at most until `until`; whether it was acquired."""


class _Reminder:
    """A call that is made at its time; cancelled by forgetting it."""

    __slots__ = ("call",)

    def __init__(self, call: Callable[[], None]) -> None:
        self.call: Callable[[], None] | None = call

    def cancel(self) -> None:
        self.call = None


class SystemClock:
    """Real time, with timers on an asyncio loop. `loop` may be None where no timer is set.

    A timer of the loop for each request would cost as much as parsing its answer. So one timer stands for all reminders, at
    the time of the earliest; it stays where that is cancelled.
    """

    def __init__(self, loop: AbstractEventLoop | None = None) -> None:
        self._loop = loop
        self._reminders: list[tuple[int, int, _Reminder]] = []     # a heap
        self._numbers = count()
        self._timer: Timer | None = None       # of the reminders
        self._rings_at = 0                     # when it does
        self._most = 64                        # reminders, before those that were cancelled are cleared away

    def now(self) -> int:
        now: int = _time.monotonic_ns()
        return now

    def date(self) -> datetime:
        return datetime.now(UTC)

    def call_at(self, when: int, call: Callable[..., None], *arguments: Any) -> Timer:
        assert self._loop is not None, "this clock has no loop to set timers on"
        return self._loop.call_later(max(0, when - _time.monotonic_ns()) / SECOND, call, *arguments)

    def remind_at(self, when: int, call: Callable[[], None]) -> Timer:
        reminder = _Reminder(call)
        reminders = self._reminders
        heapq.heappush(reminders, (when, next(self._numbers), reminder))
        if self._timer is None or when < self._rings_at:
            self._set(when)
        if len(reminders) > self._most:
            reminders[:] = [one for one in reminders if one[2].call is not None]
            heapq.heapify(reminders)
            self._most = 2 * max(32, len(reminders))
        return reminder

    def _set(self, when: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._rings_at = when
        self._timer = self.call_at(when, self._ring)

    def _ring(self) -> None:
        """Make the calls that are due, and set the timer for the next."""
        self._timer = None
        now, reminders = self.now(), self._reminders
        try:
            while reminders and (reminders[0][0] <= now or reminders[0][2].call is None):
                call = heapq.heappop(reminders)[2].call
                if call is not None:
                    call()
        finally:
            if reminders and self._timer is None:      # else a call has set one
                self._set(reminders[0][0])

    def park(self, lock: threading.Lock, until: int | None) -> bool:
        if until is None:
            return lock.acquire()
        return lock.acquire(timeout=min(max(0.0, (until - _time.monotonic_ns()) / SECOND), threading.TIMEOUT_MAX))


def sleeps() -> Iterator[tuple[Callable[..., Any], bool]]:
    """The functions that everybody sleeps by, and whether each is to be awaited: of `time`, of asyncio, and of trio where that is loaded."""
    for name in ("time", "asyncio", "trio"):
        if (module := sys.modules.get(name)) is not None:
            yield module.sleep, name != "time"


async def breathe() -> None:
    """Let the others on the asyncio or trio loop that is running here go on."""
    trio = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_task():
        await trio.lowlevel.checkpoint()
    else:
        import asyncio

        await asyncio.sleep(0)


class JumpingTimer:
    """What a jumping clock is to call; cancelled by forgetting it."""

    __slots__ = ("arguments", "call")

    def __init__(self, call: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        self.call: Callable[..., None] | None = call
        self.arguments = arguments

    def cancel(self) -> None:
        self.call = None
        self.arguments = ()

    def owner(self) -> object:
        """Whose call it is: two of one owner are never permuted."""
        first = self.arguments[0] if self.arguments else None
        for call in (first, self.call):         # what is handed a call, as to repeat it, is about that one
            if (owner := getattr(call, "__self__", None)) is not None:
                return owner
        return self.call if first is None else first


class JumpingClock:
    """Time that stands still until somebody waits, and then jumps to the next timer.

    Calls are made by whoever waits, one at a time, in the order (time, sequence): the same program gives the same
    order every time. It starts at 0 ns and, for `date()`, at `start` (2026-01-01 UTC).
    """

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._start = start
        self._now = 0
        self.made = 0                                             # calls so far
        self._sequence = count()
        self._timers: list[tuple[int, int, JumpingTimer]] = []    # tuples of numbers: no thread is let in while they are sorted
        self._random: Random | None = None                        # who permutes calls of one time

    def __repr__(self) -> str:
        return f"<JumpingClock at {self._now / SECOND:g} s, {self.date()}>"

    def now(self) -> int:
        """Nanoseconds since the clock was made."""
        return self._now

    def date(self) -> datetime:
        """The date that it is then, aware, in UTC."""
        return self._start + timedelta(microseconds=self._now // 1000)

    def call_at(self, when: int, call: Callable[..., None], *arguments: Any) -> Timer:
        """Make `call` when the clock has come to `when`."""
        timer = JumpingTimer(call, arguments)
        heapq.heappush(self._timers, (max(when, self._now), next(self._sequence), timer))
        return timer

    def remind_at(self, when: int, call: Callable[[], None]) -> Timer:
        """`call_at`, as for what is hardly ever due."""
        return self.call_at(when, call)

    def park(self, lock: threading.Lock, until: int | None) -> bool:
        """Run what is due, jump, run on, until `lock` is free, `until` has come or nothing is left to run."""
        while not lock.acquire(blocking=False):
            if not self.advance(until):
                return False
        return True

    def advance(self, until: int | None) -> bool:
        """Make the next call that is due by `until`; False, and the time moved on to `until`, where there is none."""
        while self._timers:
            if until is not None and self._timers[0][0] > until:
                break
            when, _, timer = heapq.heappop(self._timers) if self._random is None else self._pick(self._random)
            if timer.call is None:
                continue
            self._now = when
            self.made += 1
            timer.call(*timer.arguments)
            return True
        if until is not None:
            self._now = max(self._now, until)
        return False

    def has_due(self) -> bool:
        """Whether a call is due now."""
        while self._timers and self._timers[0][2].call is None:
            heapq.heappop(self._timers)
        return bool(self._timers) and self._timers[0][0] <= self._now

    def permute(self, seed: object) -> None:
        """Make calls that are due at one time in an order that `seed` decides; those of one owner stay in the order of creation."""
        self._random = Random(repr(seed))

    def _pick(self, random: Random) -> tuple[int, int, JumpingTimer]:
        """Take the next call out: of each owner's first among those that are due first, any."""
        due = sorted(entry for entry in self._timers if entry[0] == self._timers[0][0])
        firsts: dict[int, tuple[int, int, JumpingTimer]] = {}
        for entry in due:
            firsts.setdefault(id(entry[2].owner()), entry)
        picked = random.choice(list(firsts.values()))
        self._timers.remove(picked)
        heapq.heapify(self._timers)
        return picked
