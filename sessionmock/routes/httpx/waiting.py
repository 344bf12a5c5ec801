"""The ways to wait for what an exchange brings, and for how long."""
from __future__ import annotations

import threading
from typing import NamedTuple, Protocol

from ...clock import Clock, Timer, nanoseconds
from ...engine.awaits import ended
from ...latch import Latch
from ..base import Host


class Waiter(Protocol):
    """Lets a thread or a coroutine wait; the engine's drives itself meanwhile."""

    def wait(self, latch: Latch, until: int | None) -> bool:
        """Block until `latch` is set, at most until `until` (nanoseconds of the host's clock); whether it was set."""

    async def ended(self, latch: Latch) -> None:
        """Wait for `latch` in a coroutine, on the asyncio or trio loop that is running here."""


class Parking:
    """The waiter for a host that is driven by somebody else."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def wait(self, latch: Latch, until: int | None) -> bool:
        lock = threading.Lock()
        lock.acquire()
        latch.tell(lock.release)
        return self._clock.park(lock, until)

    async def ended(self, latch: Latch) -> None:
        await ended(latch)


class Limits(NamedTuple):
    """What httpx's `timeout` extension says, in seconds; None waits for ever.

    A route does not tell when it is connected: `read` holds from the start, or `write` while a body of known length is
    not sent, each from the last sign of life. `connect` and `pool` are therefore the route's own matter.
    """

    read: float | None
    write: float | None


class Alarm:
    """Sets a latch after a time, for those who may not block; the timer is the engine's."""

    def __init__(self, host: Host, latch: Latch, seconds: float) -> None:
        self.rung = self._off = False
        self._host, self._latch = host, latch
        self._timer: Timer | None = None
        host.post(self._set, host.clock.now() + nanoseconds(seconds))

    def _set(self, when: int) -> None:
        if not self._off:
            self._timer = self._host.clock.call_at(when, self._ring)

    def _ring(self) -> None:
        self.rung = True
        self._latch.set()

    def cancel(self) -> None:
        self._off = True
        self._host.post(self._unset)

    def _unset(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
