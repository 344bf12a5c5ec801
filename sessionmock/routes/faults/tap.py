"""What stands between a connection of HTTP/1.1 and its transport while an exchange with faults is on it: bytes go wrong at their place."""
from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from ...errors import URLError
from ...faults.armed import ExchangeFaults, Shot
from ...models.message import Request
from ..base import Sink, SinkOver
from ..live.channel import Channel
from ..live.exchange import LiveExchange
from ..live.http1.connection import Connection
from .flow import Flow
from .framing import Framing
from .hits import Hits
from .incoming import Incoming
from .outgoing import Outgoing

if TYPE_CHECKING:
    from ..live.http2.connection import Multiplex
    from ..live.http2.stream import Stream
    from .http2.stream import TappedStream

HIGH_WATER = 65_536     # bytes that wait to be sent before the connection is asked to pause
WINDOW = 262_144        # bytes that wait to be read before the transport is


class TappedExchange(LiveExchange):
    """A request that brings faults: it puts itself between each connection that it is on and its transport."""

    __slots__ = ("_kept", "_now", "_told", "faults")

    is_tapped = True

    def __init__(self, channel: Channel, request: Request, sink: Sink, *, kept: bool = False) -> None:
        """With `kept`, its first connection counts as one that was kept."""
        super().__init__(channel, request, _Untold(sink))
        assert request.faults is not None
        self.faults: ExchangeFaults = request.faults
        self._kept = kept
        self._now: Tapped | TappedStream | None = None
        self._told = 0             # bytes of the request's body that the sink was told of

    def enter(self, connection: Connection) -> None:
        kept, self._kept = self._kept, False
        self._now = Tapped(self, connection, kept=kept)

    def enter_stream(self, stream: Stream, connection: Multiplex) -> None:
        from .http2.stream import TappedStream  # h2 costs an import that most processes never need

        kept, self._kept = self._kept, False
        self._now = TappedStream(stream, connection, self.tell, kept=kept)

    def leave(self) -> None:
        tapped, self._now = self._now, None
        if tapped is not None:
            tapped.leave()

    def tell(self, sent: int) -> None:
        """So many bytes of the request's body have gone, in this attempt."""
        if sent > self._told and not self.ended:
            assert isinstance(self.sink, _Untold)
            self.sink.sink.sent(sent - self._told)
            self._told = sent


class _Untold(SinkOver):
    """The sink of an exchange whose tap tells how much was sent: what the connection has handed over may go no further."""

    __slots__ = ()

    def __init__(self, sink: Any) -> None:
        super().__init__(sink)
        self.sent = self._ignore

    def _ignore(self, count: int) -> None: ...


class Tapped(Hits, asyncio.BufferedProtocol, asyncio.Transport):
    """The transport of `connection` as it sees it, and the protocol of its transport as that sees it, for one exchange."""

    def __init__(self, exchange: TappedExchange, connection: Connection, *, kept: bool) -> None:
        super().__init__()
        channel = exchange.channel
        self._connection, self.faults = connection, exchange.faults
        self._soon = channel.adapter.soon
        self._transport = connection.transport
        self.incoming = Flow(channel.adapter, channel.host.clock, self._bring)
        self._outgoing = Flow(channel.adapter, channel.host.clock, self._send)
        request, outgoing = exchange.request, exchange.outgoing
        self._answer = Incoming(self.incoming, self, Framing(request.method, outgoing.upgrades))
        self._request = Outgoing(self._outgoing, self, outgoing, exchange.tell)
        self._left = self._lost = self._over = False     # by the exchange; by the peer, or by what broke; and the connection knows it
        self._deaf = False           # the peer gets nothing
        self._full = False           # the connection was asked to pause writing
        connection.transport = self
        self._transport.set_protocol(self)
        if connection.reused or kept:
            self._deaf = self._request.reuse()
            connection.reused = connection.reused or self._deaf

    def leave(self) -> None:
        """The exchange is over, or goes elsewhere: what is still on its way is no part of it."""
        connection = self._connection
        self._left = True
        if not (self.incoming.is_empty and self._outgoing.is_empty) or self._lost:
            connection.fit = False
        self.incoming.drop()
        self._outgoing.drop()
        del self._answer, self._request      # which know this, and the exchange
        connection.transport = self._transport
        if self._lost:
            self._soon(self.lose, None)
        else:
            self._transport.set_protocol(connection)

    # what goes wrong -----------------------------------------------------------------------------------------------
    def break_off(self, error: OSError) -> None:
        self.incoming.drop()
        self._outgoing.drop()
        self._lost = True
        self._transport.abort()
        self._soon(self.lose, error)

    def part(self, shot: Shot) -> None:
        """The peer breaks off, as `shot` says."""
        self.hit(self.incoming, shot)
        self.incoming.run()

    def end(self) -> None:
        self._connection.eof_received()
        if not self._left:
            self._transport.close()

    def fail(self, error: URLError) -> None:
        if not self._left:
            self._connection.fail(error)

    def lose(self, error: Exception | None) -> None:
        """Tell the connection that it is lost; once."""
        if not self._over:
            self._over = True
            self._connection.connection_lost(error)

    # the transport, for the connection ------------------------------------------------------------------------------
    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._request.written(bytes(data))
        self._outgoing.run()
        if self._outgoing.size > HIGH_WATER and not self._full:
            self._full = True
            self._connection.pause_writing()

    def pause_reading(self) -> None:
        self.incoming.held = True
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self.incoming.held = False
        self._soon(self._read_on)

    def _read_on(self) -> None:
        self.incoming.run()
        if not self.incoming.held and self.incoming.size <= WINDOW and not self._left:
            self._transport.resume_reading()

    def is_closing(self) -> bool:
        return self._lost or self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    def get_write_buffer_size(self) -> int:
        return self._outgoing.size + self._transport.get_write_buffer_size()

    def close(self) -> None:
        self._outgoing.put(self._transport.close)
        self._outgoing.run()

    def abort(self) -> None:
        self.incoming.drop()
        self._outgoing.drop()
        self._transport.abort()

    # the protocol, for the transport --------------------------------------------------------------------------------
    def get_buffer(self, sizehint: int) -> memoryview:
        return self._connection.get_buffer(sizehint)

    def buffer_updated(self, count: int) -> None:
        self._answer.came(self._connection.get_buffer(-1)[:count].tobytes())
        exchange = self._connection.exchange
        if self.incoming.is_empty and exchange is not None:
            exchange.sink.moved()      # a part of a head, which is kept until the whole of it is there
        self.incoming.run()
        if self.incoming.size > WINDOW and not self._left:
            self._transport.pause_reading()
            self.incoming.put(self._read_on)

    def eof_received(self) -> bool:
        self._answer.ended()
        self.incoming.put(self.end)
        self.incoming.run()
        return self._connection.facts.tls is None      # the connection closes it; but asyncio's TLS stays open for nobody

    def connection_lost(self, error: Exception | None) -> None:
        if self._lost:
            return
        self._lost = True
        if error is not None and self._connection.facts.tls is None:
            buffer = self._connection.get_buffer(-1)
            while count := self._connection.wire.read_last(buffer):      # writing failed first, and the answer is still there
                self._answer.came(buffer[:count].tobytes())
        if self._left:
            self.lose(error)
        else:
            self.incoming.put(partial(self.lose, error))
            self.incoming.run()

    def pause_writing(self) -> None:
        self._outgoing.held = True
        if not self._full:
            self._full = True
            self._connection.pause_writing()

    def resume_writing(self) -> None:
        self._outgoing.held = False
        self._outgoing.run()
        self._make_room()

    # the flows ------------------------------------------------------------------------------------------------------
    def _bring(self, data: bytes) -> None:
        connection = self._connection
        connection.get_buffer(-1)[:len(data)] = data
        connection.buffer_updated(len(data))

    def _send(self, data: bytes) -> None:
        if not (self._deaf or self.is_closing()):
            self._transport.write(data)
        self._make_room()

    def _make_room(self) -> None:
        if self._full and not self._outgoing.held and not self._outgoing.size:
            self._full = False
            self._connection.resume_writing()
