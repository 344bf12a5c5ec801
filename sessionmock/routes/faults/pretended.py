"""A way to a server in memory, wherever an exchange would have gone."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..live.network.base import P, Resolve, Wire
from ..live.network.memory import LOOPBACK, MemoryAdapter
from ..live.network.peer import MemoryWire, Serve

if TYPE_CHECKING:
    from ..live.contexts import Offer


class Pretended:
    """The way of one exchange to its server, which is `serve` wherever it leads (`live.network.base.Reach`)."""

    def __init__(self, adapter: MemoryAdapter, serve: Serve) -> None:
        self.adapter, self._serve = adapter, serve
        self.promise = adapter.promise

    async def look_up(self, name: str, resolve: Resolve | None) -> Sequence[str]:
        return [LOOPBACK]

    def connect(self, address: str, port: int, settled: Callable[[Wire, OSError | None], None]) -> Wire:
        wire = MemoryWire()
        self.adapter.soon(self._settle, wire, address, port, settled)
        return wire

    def _settle(self, wire: MemoryWire, address: str, port: int, settled: Callable[[Wire, OSError | None], None]) -> None:
        if not wire.closed:
            self.adapter.join(wire, self._serve, address, port)
            settled(wire, None)

    async def stand(self, wire: Wire, make: Callable[[], P], offer: Offer | None, name: str | None) -> P:
        return await self.adapter.stand(wire, make, None, None)
