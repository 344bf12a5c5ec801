"""The ways to wait for what an exchange brings, and for how long."""
from __future__ import annotations

import threading
from typing import NamedTuple, Protocol

from ...clock import Clock, Timer
from ...engine.awaits import ended
from ...latch import Latch
from ...models.timing import Timing
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


class Step(NamedTuple):
    """Where an exchange is, and since when the limit of that step holds, at the earliest. For what httpx's `timeout` extension has limits:

    - "pool": until a connection for it is begun, or a kept one taken.
    - "connect": for the name and the connection together, and again for TLS.
    - "proxy", whose limit is that of "read": until the proxy leads to the server.
    - "write": while the request is not sent whole, from the last sign of life.
    - "read": until the answer is there, from the last sign of life.
    """

    name: str
    begun: int


_WRITING, _READING, _WAITING = Step("write", 0), Step("read", 0), Step("pool", 0)


def limit_of(step: str) -> str:
    """Which limit holds at the step of this name."""
    return "read" if step == "proxy" else step


def step_of(timing: Timing | None, unsent: bool, answered: bool) -> Step:
    """The step of an exchange with this `timing`. A route without connections tells none: there it is "read" from the start, or "write"
    while some of a body of known length is `unsent`."""
    if timing is None:
        return _WRITING if unsent and not answered else _READING
    if timing.request_start is not None:
        if timing.request_end is None and not answered:
            return Step("write", timing.request_start)
        return Step("read", timing.request_end or 0)
    if timing.secure_connection_start is not None:
        return Step("connect", timing.secure_connection_start)
    if timing.tunnel_start is not None:
        return Step("proxy", timing.tunnel_start)
    begun = timing.connect_start if timing.domain_lookup_start is None else timing.domain_lookup_start
    return _WAITING if begun is None else Step("connect", begun)


class Alarm:
    """Sets a latch at a time of the host's clock, for those who may not block; the timer is the engine's."""

    def __init__(self, host: Host, latch: Latch, when: int) -> None:
        self.rung = self._off = False
        self._host, self._latch = host, latch
        self._timer: Timer | None = None
        host.post(self._set, when)

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
