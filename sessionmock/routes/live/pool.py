"""The kept connections to one origin, of one kind, and who waits for one."""
from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable

from ...clock import SECOND
from ...errors import URLError
from ...models.proxy import ProxyConfiguration
from .channel import Channel
from .dial import dial
from .exchange import LiveExchange
from .link import Link
from .network.base import Running
from .waiting import Waiting

IDLE_LIMIT = 60 * SECOND    # a connection that has done nothing for longer is not used again; judged when it would be

LANE_LIMIT = 10 * SECOND    # how long the connection of a handshake waits for the next message

UNTOLD_STREAMS = 100    # at once, until the server tells its limit: the least that RFC 9113, section 6.5.2, recommends


class Pool:
    """At most `limit` connections; requests beyond that wait, the most urgent first. On the engine only.

    Every step is O(1): waiting requests are ordered sets, idle connections a dict used as a stack (last in, first out,
    so that what is not needed grows old). A connection of HTTP/2 counts as idle while it has room for another request, and
    a second one is made only when there is none. As long as the server may choose HTTP/2, connections are made one after the
    other: the first may do for all.
    """

    __slots__ = ("_dialling", "_emptied", "_idle", "_lane", "_leaving", "_limit", "_made", "_one_by_one", "_size", "_waiting", "channel",
                 "http2", "key", "origin", "proxy", "streams")

    def __init__(self, channel: Channel, emptied: Callable[[Pool], None], key: Hashable, origin: tuple[str, str, int],
                 proxy: ProxyConfiguration | None, limit: int, lane: bool = False, http2: bool = False) -> None:
        self.channel = channel
        self._emptied = emptied        # is told when no connection is left and nobody waits
        self.key = key                 # what the connections have in common: the origin, and what requests ask of them
        self.origin = origin
        self.proxy = proxy             # what leads there; None: straight
        self.http2 = http2             # is offered to the server
        self._one_by_one = http2       # no connection is made while another one is being made
        self.streams = UNTOLD_STREAMS  # that a connection of HTTP/2 may carry at once, as the server said last
        self._limit = 1 if lane else limit
        self._lane = lane              # of one task, for a handshake of several requests
        self._size = 0                 # slots taken: connections made and being made
        self._made: set[Link] = set()            # connections that hold a slot
        self._leaving: set[Link] = set()         # connections that gave their slot up and are not closed yet
        self._idle: dict[Link, None] = {}
        self._dialling: dict[LiveExchange, Running] = {}
        self._waiting = Waiting()

    @property
    def connections(self) -> set[Link]:
        return self._made | self._leaving

    def admit(self, exchange: LiveExchange) -> None:
        """Start `exchange` on a connection, now or when its turn comes."""
        if self._waiting or not self._assign(exchange):
            self._waiting.add(exchange)
            exchange.step()

    def reprioritize(self, exchange: LiveExchange) -> None:
        """How urgent `exchange` is has changed: where it waits, it does so behind those that are as urgent as it is now."""
        if self._waiting.discard(exchange):
            self._waiting.add(exchange)

    def pause(self, exchange: LiveExchange) -> None:
        """`exchange`, which has no connection, is paused now, or is not any more."""
        if (exchange in self._waiting.held) != exchange.paused and self._waiting.discard(exchange):
            self._waiting.add(exchange)
            self._serve()

    def cancel(self, exchange: LiveExchange) -> None:
        """`exchange` has no connection yet and needs none any more."""
        if self._waiting.discard(exchange):
            self._end_where_empty()
        if task := self._dialling.pop(exchange, None):
            task.cancel()
            self._vacate()

    def start_on_idle(self, exchange: LiveExchange) -> bool:
        """Start `exchange`, for which a connection is about to be made, on one that has become idle since; False where none
        has."""
        if not self._idle:
            return False
        del self._dialling[exchange]
        self._size -= 1
        if not self._assign(exchange):
            self._waiting.prefer([exchange])
        return True

    def made(self, connection: Link, exchange: LiveExchange) -> None:
        """A connection stands, made for `exchange`."""
        self._dialling.pop(exchange, None)
        self._made.add(connection)
        if self.http2:
            self._one_by_one = connection.multiplexed
            if not self._one_by_one:
                self._serve()

    def failed(self, exchange: LiveExchange) -> None:
        """No connection could be made for `exchange`."""
        if self._dialling.pop(exchange, None):
            self._one_by_one = False    # those who wait need not fail one after the other
            self._vacate()

    def demand_http1(self) -> None:
        """The server wants no HTTP/2 for what is asked of it."""
        self.http2 = self._one_by_one = False

    def release(self, connection: Link) -> None:
        """`connection` is free for another exchange."""
        connection.idle_since = self.channel.host.clock.now()
        self._idle[connection] = None
        self._serve()
        if self._lane and connection in self._idle:
            clock = self.channel.host.clock
            clock.call_at(clock.now() + LANE_LIMIT, self._expire, connection)

    def _expire(self, connection: Link) -> None:
        if connection in self._idle:
            connection.abort()

    def lost(self, connection: Link, again: Iterable[LiveExchange] = ()) -> None:
        """`connection` is closed or about to be; `again` are to begin anew."""
        self._idle.pop(connection, None)
        self._waiting.prefer(again)
        self._leaving.discard(connection)
        self._vacate(connection)

    def leave(self, connection: Link, again: Iterable[LiveExchange] = ()) -> None:
        """`connection` no longer counts as one of the host's: it speaks another protocol now, or only brings to its end what
        it has. `again` are to begin anew."""
        self._idle.pop(connection, None)
        self._waiting.prefer(again)
        self._leaving.add(connection)
        self._vacate(connection)

    def replace(self, connection: Link, exchange: LiveExchange, refused: URLError | None = None) -> None:
        """Make a new connection for `exchange` in the place of `connection`, which is closed; or with `refused`, one that
        only finds out which client certificate is asked for."""
        self._idle.pop(connection, None)
        if connection in self._made:
            self._made.remove(connection)
        else:
            self._size += 1
        self._dial(exchange, refused)

    def drop_idle(self) -> None:
        """Close the connections that do nothing, and let no other outlive its exchange."""
        self._idle.clear()
        for connection in list(self._made):
            connection.retire()

    def close(self) -> None:
        """Close everything; open exchanges are dropped, those that wait first."""
        for exchange in [*self._waiting, *self._dialling]:
            exchange.drop()
        for connection in self.connections:
            connection.drop()

    def _vacate(self, connection: Link | None = None) -> None:
        """A slot is free: that of `connection` if it has one, or of one that was not made."""
        if connection is None:
            self._size -= 1
        elif connection in self._made:
            self._made.remove(connection)
            self._size -= 1
        self._serve()
        self._end_where_empty()

    def _end_where_empty(self) -> None:
        if not self._size and not self._leaving and not self._waiting.held:
            self._emptied(self)

    def _serve(self) -> None:
        while self._waiting:
            exchange = self._waiting.next()
            if not self._assign(exchange):
                self._waiting.prefer([exchange])
                return

    def _assign(self, exchange: LiveExchange) -> bool:
        """Start `exchange` on an idle connection or a new one; False where the limit is reached."""
        if self._idle:
            oldest = self.channel.host.clock.now() - IDLE_LIMIT
            while self._idle:
                connection = self._idle.popitem()[0]
                if connection.usable(oldest, exchange):
                    connection.start(exchange)
                    if connection.room:
                        self._idle[connection] = None
                    return True
                self._made.discard(connection)
                self._size -= 1
                connection.abort()
        if self._size < self._limit and not (self._one_by_one and self._dialling):
            self._size += 1
            self._dial(exchange)
            return True
        return False

    def _dial(self, exchange: LiveExchange, refused: URLError | None = None) -> None:
        self._dialling[exchange] = self.channel.adapter.start(dial(self, exchange, refused))
