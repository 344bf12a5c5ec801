"""The seam of time: real and virtual."""
from __future__ import annotations

import asyncio
import math
import threading
from datetime import UTC, datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionmock.clock import SECOND, JumpingClock, SystemClock, nanoseconds


def held() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


@pytest.mark.parametrize(("seconds", "expected"), [(0, 0), (0.5, SECOND // 2), (60.0, 60 * SECOND), (math.inf, 3_155_760_000 * SECOND)])
def test_seconds_become_nanoseconds(seconds: float, expected: int) -> None:
    """What no timer reaches is 100 years."""
    assert expected == nanoseconds(seconds)


# real time ----------------------------------------------------------------------------------------------------------------

def test_the_system_clock_goes_on() -> None:
    """It never goes back, and its date is now, in UTC."""
    clock = SystemClock()
    first = clock.now()
    assert clock.now() >= first
    assert abs(clock.date() - datetime.now(UTC)) < timedelta(minutes=1)


def test_parking_ends_with_the_lock_or_with_the_time() -> None:
    """True where the lock was acquired, False where the time ran out; a time that is over does not wait."""
    clock, lock = SystemClock(), held()
    assert not clock.park(lock, clock.now() - SECOND)
    assert not clock.park(lock, clock.now() + SECOND // 100)
    lock.release()
    assert clock.park(lock, clock.now())
    threading.Timer(0.01, lock.release).start()
    assert clock.park(lock, None)
    lock.release()
    assert clock.park(lock, 10 ** 30)


class Hand(SystemClock):
    """Real time that a test turns by hand, and notes the timers of."""

    def __init__(self) -> None:
        super().__init__()
        self.time = 0
        self.timers: list[list[Any]] = []      # [when, call], the call None where it was made or cancelled

    def now(self) -> int:
        return self.time

    def call_at(self, when: int, call: Any, *arguments: Any) -> Any:
        timer = [when, call]
        self.timers.append(timer)
        return SimpleNamespace(cancel=lambda: timer.__setitem__(1, None))

    def turn(self, to: int) -> None:
        """Make every call that is due by then."""
        self.time = to
        while due := [timer for timer in self.timers if timer[1] is not None and timer[0] <= to]:
            call, due[0][1] = due[0][1], None
            call()

    @property
    def set(self) -> list[int]:
        """When the timers that are set ring."""
        return [when for when, call in self.timers if call is not None]


def test_reminders_come_in_the_order_of_their_times_by_one_timer() -> None:
    """Which is set for the earliest, and again for the next."""
    clock, came = Hand(), list[str]()
    for when in (30, 10, 20):
        clock.remind_at(when, partial(came.append, f"at {when}"))
    assert [10] == clock.set
    clock.turn(10)
    assert (["at 10"], [20]) == (came, clock.set)
    clock.turn(35)
    assert (["at 10", "at 20", "at 30"], []) == (came, clock.set)


def test_a_cancelled_reminder_costs_no_timer_and_never_comes() -> None:
    """The timer that was set for it stays, and serves those after it."""
    clock, came = Hand(), list[str]()
    for when in range(10, 60):
        clock.remind_at(when, partial(came.append, "never")).cancel()
    clock.remind_at(70, partial(came.append, "at 70"))
    assert (1, [10]) == (len(clock.timers), clock.set)
    clock.turn(10)
    assert ([], [70]) == (came, clock.set)
    clock.turn(80)
    assert ["at 70"] == came


def test_what_was_cancelled_is_cleared_away() -> None:
    """However many there were, and whatever they would have called is let go of at once."""
    clock, came = Hand(), list[int]()
    kept = [clock.remind_at(10_000 + number, partial(came.append, number)) for number in range(100)]
    for number in range(5_000):
        clock.remind_at(20_000 + number, partial(came.append, -1)).cancel()
    assert len(clock._reminders) <= 2 * len(kept) + 64
    clock.turn(30_000)
    assert list(range(100)) == came


def test_a_reminder_may_set_another_or_fail() -> None:
    """What it sets comes in its turn; what it raises is the loop's to report, and the others come all the same."""
    clock, came = Hand(), list[str]()

    def again() -> None:
        came.append("first")
        clock.remind_at(15, partial(came.append, "second"))
        raise ValueError

    clock.remind_at(10, again)
    clock.remind_at(20, partial(came.append, "third"))
    with pytest.raises(ValueError):
        clock.turn(10)
    clock.turn(20)
    assert ["first", "second", "third"] == came


def test_a_reminder_in_virtual_time_is_a_timer() -> None:
    """A cancelled one does not keep time going: nothing is left to wait for."""
    clock, came = JumpingClock(), list[int]()
    clock.remind_at(5, lambda: came.append(clock.now()))
    clock.remind_at(7, lambda: came.append(clock.now())).cancel()
    assert (True, False, [5], 5) == (clock.advance(None), clock.advance(None), came, clock.now())


def test_timers_of_the_system_clock_run_on_its_loop_unless_cancelled() -> None:
    """In the order of their times; one that is over is run soon."""
    async def main() -> list[str]:
        clock, ran, done = SystemClock(asyncio.get_running_loop()), list[str](), asyncio.Event()
        now = clock.now()
        clock.call_at(now + SECOND // 50, done.set)
        clock.call_at(now + SECOND // 100, ran.append, "later")
        clock.call_at(now - SECOND, ran.append, "at once")
        clock.call_at(now, ran.append, "never").cancel()
        await done.wait()
        return ran

    assert ["at once", "later"] == asyncio.run(main())


def test_a_clock_without_a_loop_sets_no_timer() -> None:
    """It says so."""
    with pytest.raises(AssertionError, match="no loop to set timers on"):
        SystemClock().call_at(0, print)


# virtual time ---------------------------------------------------------------------------------------------------------------

def test_virtual_time_starts_at_its_date_and_stands_still() -> None:
    """0 ns and 2026-01-01 UTC by default."""
    clock = JumpingClock()
    assert (0, datetime(2026, 1, 1, tzinfo=UTC)) == (clock.now(), clock.date())
    assert datetime(2030, 5, 6, tzinfo=UTC) == JumpingClock(datetime(2030, 5, 6, tzinfo=UTC)).date()
    assert 0 == clock.now()


def test_waiting_jumps_to_what_is_due() -> None:
    """Time is a timer's time while it is run, and the limit's in the end."""
    clock, seen = JumpingClock(), list[int]()
    clock.call_at(3 * SECOND, lambda: seen.append(clock.now()))
    clock.call_at(9 * SECOND, lambda: seen.append(clock.now()))
    assert not clock.park(held(), 5 * SECOND)
    assert ([3 * SECOND], 5 * SECOND) == (seen, clock.now())
    assert datetime(2026, 1, 1, 0, 0, 5, tzinfo=UTC) == clock.date()


def test_a_call_set_for_the_past_is_due_now() -> None:
    """Time never goes back."""
    clock, seen = JumpingClock(), list[int]()
    assert not clock.park(held(), SECOND)
    clock.call_at(0, lambda: seen.append(clock.now()))
    assert not clock.park(held(), SECOND)
    assert [SECOND] == seen


def test_waiting_ends_where_the_lock_is_released_by_a_call() -> None:
    """Nothing after it is run, and time stays there."""
    clock, lock, seen = JumpingClock(), held(), list[str]()
    clock.call_at(SECOND, lock.release)
    clock.call_at(SECOND, seen.append, "after")
    assert clock.park(lock, None)
    assert ([], SECOND) == (seen, clock.now())


def test_waiting_for_nothing_ends_when_nothing_is_left() -> None:
    """Without a limit time stays where the last call was."""
    clock = JumpingClock()
    clock.call_at(SECOND, int)
    assert not clock.park(held(), None)
    assert SECOND == clock.now()


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=30))
def test_calls_come_in_the_order_of_time_and_then_of_setting(timers: list[tuple[int, bool]]) -> None:
    """Cancelled ones do not come, and time passes as if they had not been there."""
    clock, made = JumpingClock(), list[Any]()
    for number, (when, cancelled) in enumerate(timers):
        timer = clock.call_at(when, lambda number=number: made.append((clock.now(), number)))
        if cancelled:
            timer.cancel()
            timer.cancel()
    clock.park(held(), None)
    assert sorted((when, number) for number, (when, cancelled) in enumerate(timers) if not cancelled) == made
