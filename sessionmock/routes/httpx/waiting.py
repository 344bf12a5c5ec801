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


class Limits(NamedTuple):
    """What httpx's `timeout` extension says, in seconds; None waits for ever. Which one holds is a matter of the step that a request
    is at.

    - `pool`: until a connection for it is begun, or a kept one taken.
    - `connect`: for the name and the connection together, and again for TLS.
    - `write`: while the request is not sent whole, from the last sign of life.
    - `read`: until the answer is there, and what a proxy says before, from the last sign of life.

    A route without connections tells no steps: there `read` holds from the start, or `write` while a body of known length is not sent.
    """

    pool: float | None
    connect: float | None
    write: float | None
    read: float | None


class Step(NamedTuple):
    """Where an exchange is: "pool", "connect", "proxy", "write" or "read"; and since when its limit holds, at the earliest."""

    name: str
    begun: int


def limit_of(step: str) -> str:
    """Which limit holds at the step of this name."""
    return "read" if step == "proxy" else step


def step_of(timing: Timing | None, unsent: bool, answered: bool) -> Step:
    """The step of an exchange with this `timing`. `unsent`: some of a body of known length was not handed over yet."""
    if timing is None:
        return Step("write" if unsent and not answered else "read", 0)
    if timing.request_start is not None:
        if timing.request_end is None and not answered:
            return Step("write", timing.request_start)
        return Step("read", timing.request_end or 0)
    if timing.secure_connection_start is not None:
        return Step("connect", timing.secure_connection_start)
    if timing.tunnel_start is not None:
        return Step("proxy", timing.tunnel_start)
    begun = timing.connect_start if timing.domain_lookup_start is None else timing.domain_lookup_start
    return Step("pool", 0) if begun is None else Step("connect", begun)


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
