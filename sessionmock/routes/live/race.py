"""Connecting to one of several addresses: each has a head start before the next one is tried beside it (RFC 8305)."""
from __future__ import annotations

import errno
from collections import deque
from collections.abc import Sequence

from ...clock import SECOND, Clock
from .network.base import Promise, Reach, Wire, fulfil

NO_WAY = frozenset({errno.ENETUNREACH, errno.ENETDOWN})
HEAD_START = SECOND // 4    # of an address before the next one (RFC 8305, section 5: 250 ms)


async def first_to_connect(adapter: Reach, clock: Clock, addresses: Sequence[str], port: int) -> Wire:
    """A connection to the first address that takes it. Raises OSError of the last one that failed."""
    race, waiting = _Race(adapter, clock, port), deque(addresses)
    race.problem = OSError(f"no address to connect to in {list(addresses)}")
    try:
        while race.connected is None and (waiting or race.running):
            if not waiting or race.enter(waiting.popleft()):
                await race.news(limited=bool(waiting))
        if race.connected is None:
            raise race.problem
        race.running.discard(race.connected)
        return race.connected
    finally:
        race.stop()


class _Race:
    """Connections that are begun side by side."""

    __slots__ = ("_adapter", "_clock", "_port", "_woken", "connected", "problem", "running")

    def __init__(self, adapter: Reach, clock: Clock, port: int) -> None:
        self._adapter, self._clock, self._port = adapter, clock, port
        self._woken: Promise[None] = adapter.promise()
        self.connected: Wire | None = None
        self.problem: OSError
        self.running: set[Wire] = set()

    def enter(self, address: str) -> bool:
        """Begin to connect to `address`; False where that failed at once."""
        try:
            self.running.add(self._adapter.connect(address, self._port, self._settle))
        except OSError as error:
            self._failed(error)
            return False
        return True

    async def news(self, *, limited: bool) -> None:
        """Wait until a connection stands or has failed; `limited`, as long as a head start lasts."""
        self._woken = self._adapter.promise()
        timer = self._clock.call_at(self._clock.now() + HEAD_START, fulfil, self._woken) if limited else None
        try:
            await self._woken
        finally:
            if timer is not None:
                timer.cancel()

    def _settle(self, wire: Wire, problem: OSError | None) -> None:
        if self.connected is not None or wire not in self.running:
            return
        if problem is None:
            self.connected = wire
        else:
            self.running.discard(wire)
            wire.close()
            self._failed(problem)
        fulfil(self._woken)

    def _failed(self, problem: OSError) -> None:
        """The last problem is told; but that there is no way to an address, only where there is none to any."""
        if self.problem.errno is None or problem.errno not in NO_WAY:
            self.problem = problem

    def stop(self) -> None:
        """Close those that are still running, and the one that has connected where it was not taken out."""
        for wire in self.running:
            wire.close()
