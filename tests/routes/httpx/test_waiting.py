"""The ways to wait for an answer: parked, and with an alarm."""
from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from sessionmock.clock import SECOND, SystemClock
from sessionmock.latch import Latch
from sessionmock.models.timing import Timing
from sessionmock.routes.httpx.waiting import Alarm, Parking, step_of

from ..doubles import FakeHost


def test_a_parked_thread_goes_on_when_it_is_told() -> None:
    """By another thread, or at once where it was told before."""
    parking, latch = Parking(SystemClock()), Latch()
    thread = threading.Thread(target=latch.set)
    thread.start()
    assert parking.wait(latch, None)
    assert parking.wait(latch, None)
    thread.join()


def test_a_parked_thread_waits_no_longer_than_it_may() -> None:
    """Under a virtual clock that takes no time."""
    host = FakeHost()
    assert not Parking(host.clock).wait(Latch(), 5 * SECOND)
    assert 5 * SECOND == host.clock.now()


def test_a_coroutine_is_told_too() -> None:
    """On the loop that runs it, by another thread."""
    async def wait() -> bool:
        latch = Latch()
        asyncio.get_running_loop().run_in_executor(None, latch.set)
        await Parking(SystemClock()).ended(latch)
        return latch.done

    assert asyncio.run(wait())


def test_an_alarm_rings_at_its_time() -> None:
    """Its latch is set then, by the engine."""
    host, latch = FakeHost(), Latch()
    alarm = Alarm(host, latch, 5 * SECOND)
    host.run()
    assert (False, True) == (latch.done, host.clock.advance(None))
    assert (True, True, 5 * SECOND) == (alarm.rung, latch.done, host.clock.now())
    alarm.cancel()
    host.run()


def test_a_cancelled_alarm_is_silent() -> None:
    """Whether its timer was set already or is yet to be."""
    for runs in (True, False):
        host, latch = FakeHost(), Latch()
        alarm = Alarm(host, latch, 5 * SECOND)
        if runs:
            host.run()
        alarm.cancel()
        host.run()
        assert not host.clock.advance(None)
        assert (False, False) == (alarm.rung, latch.done)


@pytest.mark.parametrize(("times", "unsent", "answered", "name", "begun"), [
    ({}, False, False, "pool", 0),
    ({"domain_lookup_start": 1}, False, False, "connect", 1),
    ({"domain_lookup_start": 1, "connect_start": 2}, False, False, "connect", 1),      # one limit for both
    ({"connect_start": 2}, False, False, "connect", 2),
    ({"connect_start": 2, "tunnel_start": 3}, False, False, "proxy", 3),
    ({"connect_start": 2, "tunnel_start": 3, "secure_connection_start": 4}, False, False, "connect", 4),
    ({"connect_start": 2, "request_start": 5}, False, False, "write", 5),
    ({"connect_start": 2, "request_start": 5, "request_end": 6}, False, False, "read", 6),
    ({"connect_start": 2, "request_start": 5}, False, True, "read", 0),                # the server has made up its mind
    (None, True, False, "write", 0),
    (None, False, False, "read", 0),
    (None, True, True, "read", 0),
])
def test_each_step_has_its_limit(times: dict[str, int] | None, unsent: bool, answered: bool, name: str, begun: int) -> None:
    """By what was measured of the exchange; without connections by what was sent."""
    timing: Any = None if times is None else Timing(**times)
    assert (name, begun) == step_of(timing, unsent, answered)
