"""The keep-alive connections to one origin, of one kind, and who waits for one."""
from __future__ import annotations

import contextvars
from collections import OrderedDict
from collections.abc import Hashable
from typing import TYPE_CHECKING

from ...clock import SECOND
from .dial import dial

if TYPE_CHECKING:
    import asyncio

    from ...errors import URLError
    from ...models.proxy import ProxyConfiguration
    from .connection import Connection
    from .exchange import LiveExchange
    from .route import LiveChannel

IDLE_LIMIT = 60 * SECOND    # a connection that has done nothing for longer is not used again; judged when it would be

LANE_LIMIT = 10 * SECOND    # how long the connection of a handshake waits for the next message


class Pool:
    """At most `limit` connections; requests beyond that wait in the order in which they came. On the engine only.

    Every step is O(1): waiting requests are an ordered set, idle connections a dict used as a stack (last in, first out,
    so that what is not needed grows old).
    """

    __slots__ = ("_dialling", "_idle", "_lane", "_limit", "_made", "_size", "_waiting", "channel", "key", "origin", "proxy")

    def __init__(self, channel: LiveChannel, key: Hashable, origin: tuple[str, str, int], proxy: ProxyConfiguration | None,
                 limit: int, lane: bool = False) -> None:
        self.channel = channel
        self.key = key                 # what the connections have in common: the origin, and what requests ask of them
        self.origin = origin
        self.proxy = proxy             # what leads there; None: straight
        self._limit = 1 if lane else limit
        self._lane = lane              # of one task, for a handshake of several requests
        self._size = 0                 # slots taken: connections made and being made
        self._made: set[Connection] = set()
        self._idle: dict[Connection, None] = {}
        self._dialling: dict[LiveExchange, asyncio.Task[None]] = {}
        self._waiting: OrderedDict[LiveExchange, None] = OrderedDict()

    @property
    def connections(self) -> set[Connection]:
        return self._made

    def admit(self, exchange: LiveExchange) -> None:
        """Start `exchange` on a connection, now or when its turn comes."""
        if self._waiting or not self._assign(exchange):
            self._waiting[exchange] = None

    def cancel(self, exchange: LiveExchange) -> None:
        """`exchange` has no connection yet and needs none any more."""
        self._waiting.pop(exchange, None)
        if task := self._dialling.pop(exchange, None):
            task.cancel()
            self._vacate()

    def made(self, connection: Connection) -> None:
        """A connection stands."""
        assert connection.exchange is not None
        self._dialling.pop(connection.exchange, None)
        self._made.add(connection)

    def failed(self, exchange: LiveExchange) -> None:
        """No connection could be made for `exchange`."""
        if self._dialling.pop(exchange, None):
            self._vacate()

    def release(self, connection: Connection) -> None:
        """`connection` is free for another exchange."""
        connection.idle_since = self.channel.host.clock.now()
        self._idle[connection] = None
        self._serve()
        if self._lane and connection in self._idle:
            clock = self.channel.host.clock
            clock.call_at(clock.now() + LANE_LIMIT, self._expire, connection)

    def _expire(self, connection: Connection) -> None:
        if connection in self._idle:
            connection.abort()

    def lost(self, connection: Connection) -> None:
        """`connection` is closed or about to be."""
        self._idle.pop(connection, None)
        if connection in self._made:
            self._made.remove(connection)
            self._vacate()
        else:
            self.channel.switched.discard(connection)

    def leave(self, connection: Connection) -> None:
        """`connection` speaks another protocol now and no longer counts as one of the host's."""
        self.channel.switched.add(connection)
        self._made.discard(connection)
        self._vacate()

    def replace(self, connection: Connection, exchange: LiveExchange, refused: URLError | None = None) -> None:
        """Make a new connection for `exchange` in the place of `connection`, which is closed; or with `refused`, one that
        only finds out which client certificate is asked for."""
        self._made.discard(connection)
        self._dial(exchange, refused)

    def drop_idle(self) -> None:
        """Close the connections that do nothing, and let no other outlive its exchange."""
        for connection in list(self._made):
            connection.fit = False
            if connection in self._idle:
                connection.abort()

    def close(self) -> None:
        """Close everything; open exchanges are dropped, those that wait first."""
        for exchange in [*self._waiting, *self._dialling]:
            exchange.drop()
        for connection in list(self._made):
            if connection.exchange is None:
                connection.abort()
            else:
                connection.exchange.drop()

    def _vacate(self) -> None:
        self._size -= 1
        self._serve()
        if not self._size:
            self.channel.forget(self)

    def _serve(self) -> None:
        while self._waiting and (self._idle or self._size < self._limit):
            self._assign(self._waiting.popitem(last=False)[0])

    def _assign(self, exchange: LiveExchange) -> bool:
        """Start `exchange` on an idle connection or a new one; False where the limit is reached."""
        if self._idle:
            oldest = self.channel.host.clock.now() - IDLE_LIMIT
            while self._idle:
                connection = self._idle.popitem()[0]
                if connection.idle_since >= oldest and not connection.stale():
                    connection.start(exchange)
                    return True
                self._made.discard(connection)
                self._size -= 1
                connection.abort()
        if self._size < self._limit:
            self._size += 1
            self._dial(exchange)
            return True
        return False

    def _dial(self, exchange: LiveExchange, refused: URLError | None = None) -> None:
        loop = self.channel.loop
        assert loop is not None
        self._dialling[exchange] = loop.create_task(dial(self, exchange, refused), context=contextvars.Context())
