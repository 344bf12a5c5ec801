"""Who waits for a connection: the most urgent first, and among equals in the order in which they came."""
from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator

from .exchange import LiveExchange


class Waiting:
    """Exchanges by their priority. Every step costs the same however many wait, as long as their priorities are few.

    One that is paused, as that of a suspended task, is `held`: its turn does not come before it goes on (I2).
    """

    __slots__ = ("_ranks", "held")

    def __init__(self) -> None:
        self._ranks: dict[float, OrderedDict[LiveExchange, None]] = {}     # none of them is empty
        self.held: dict[LiveExchange, None] = {}

    def __bool__(self) -> bool:
        """Whether it is somebody's turn."""
        return bool(self._ranks)

    def __iter__(self) -> Iterator[LiveExchange]:
        for priority in sorted(self._ranks, reverse=True):
            yield from self._ranks[priority]
        yield from self.held

    def add(self, exchange: LiveExchange) -> None:
        """`exchange` waits behind those that are as urgent."""
        if (urgency := exchange.request.urgency) is not None:
            urgency.changed = exchange.reprioritize     # before looking: what changes after that is told
            exchange.priority = urgency.value
        if exchange.paused:
            self.held[exchange] = None
        else:
            self._ranks.setdefault(exchange.priority, OrderedDict())[exchange] = None

    def prefer(self, exchanges: Iterable[LiveExchange]) -> None:
        """`exchanges`, which have waited before, wait before those that are as urgent."""
        for exchange in reversed([*exchanges]):
            self.add(exchange)
            if exchange not in self.held:
                self._ranks[exchange.priority].move_to_end(exchange, last=False)

    def next(self) -> LiveExchange:
        """Whose turn it is; it waits no more."""
        exchange = next(iter(self._ranks[max(self._ranks)]))
        self.discard(exchange)
        return exchange

    def discard(self, exchange: LiveExchange) -> bool:
        """`exchange` waits no more; whether it did."""
        rank = self.held if exchange in self.held else self._ranks.get(exchange.priority)
        if rank is None or exchange not in rank:
            return False
        if (urgency := exchange.request.urgency) is not None:
            urgency.changed = None
        del rank[exchange]
        if not rank and rank is not self.held:
            del self._ranks[exchange.priority]
        return True
