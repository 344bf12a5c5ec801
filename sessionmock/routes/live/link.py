"""What connections have in common, whichever version of HTTP they speak."""
from __future__ import annotations

import asyncio
import weakref
from abc import abstractmethod
from collections.abc import Iterable
from typing import ClassVar, Protocol

from ...errors import URLError
from ...models.proxy import ProxyConfiguration
from ...models.timing import TLS, ConnectionFacts, ProxyAddress
from .channel import Channel
from .contexts import suite_number
from .exchange import LiveExchange
from .network.base import Promise, Wire

standing: weakref.WeakValueDictionary[int, Link] = weakref.WeakValueDictionary()     # connections that were made and are not closed

_UNKNOWN = ConnectionFacts(None, None, None, None)
_TLS_VERSIONS = {"TLSv1": 0x0301, "TLSv1.1": 0x0302, "TLSv1.2": 0x0303, "TLSv1.3": 0x0304}


class Owner(Protocol):
    """What keeps connections, as they see it: `pool.Pool`."""

    streams: int    # that a connection of HTTP/2 may carry at once, as the server said last

    @property
    def channel(self) -> Channel: ...

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port of the server."""

    @property
    def proxy(self) -> ProxyConfiguration | None:
        """What leads there; None: straight."""

    def cancel(self, exchange: LiveExchange) -> None:
        """`exchange` has no connection yet and needs none any more."""

    def admit(self, exchange: LiveExchange) -> None:
        """Start `exchange` on a connection, now or when its turn comes."""

    def made(self, connection: Link, exchange: LiveExchange) -> None:
        """`connection` stands, made for `exchange`."""

    def release(self, connection: Link) -> None:
        """`connection` is free for another exchange."""

    def lost(self, connection: Link, again: Iterable[LiveExchange] = ()) -> None:
        """`connection` is closed or about to be; `again` are to begin anew."""

    def leave(self, connection: Link, again: Iterable[LiveExchange] = ()) -> None:
        """`connection` no longer counts as one of the host's, but is not closed yet; `again` are to begin anew."""

    def replace(self, connection: Link, exchange: LiveExchange, refused: URLError | None = None) -> None:
        """Make a new connection for `exchange` in the place of `connection`; with `refused`, only to find out which client
        certificate is asked for."""

    def demand_http1(self) -> None:
        """The server wants no HTTP/2 for what is asked of it."""


class Link(asyncio.BufferedProtocol):
    """A connection to one origin. On the engine only."""

    __slots__ = ("__weakref__", "_buffer", "_room", "facts", "first", "fit", "held", "idle_since", "pool", "reused", "transport", "wire")

    multiplexed: ClassVar[bool] = False    # carries many exchanges at once

    transport: asyncio.Transport

    def __init__(self, pool: Owner, wire: Wire, first: LiveExchange, held: bool) -> None:
        self.pool = pool
        self.wire = wire               # what lies below the transport
        self.first: LiveExchange | None = first    # what it is made for; None once it stands
        self.facts = _UNKNOWN          # once the connection stands, addresses, TLS and proxy
        self.fit = True                # for exchanges after the present ones
        self._room = True              # the transport's buffer has
        self.reused = False
        self.idle_since = 0
        adapter = pool.channel.adapter
        self._buffer = adapter.buffer
        # Until `begin` nothing is sent, because the server is not trusted yet; this gets what ended the connection before.
        self.held: Promise[Exception | None] | None = adapter.promise() if held else None

    # driven by the pool ------------------------------------------------------------------------------------------

    @property
    def room(self) -> bool:
        """Whether it takes another exchange beside those that it has."""
        return False

    def begin(self, exchange: LiveExchange) -> None:
        """The connection is fit for use, first by the exchange that it was made for."""
        self.held = None
        self.pool.made(self, exchange)
        self.start(exchange)

    @abstractmethod
    def start(self, exchange: LiveExchange) -> None:
        """Send the request of `exchange` and bring its answer."""

    @abstractmethod
    def usable(self, oldest: int, exchange: LiveExchange) -> bool:
        """Whether `exchange` may start, on a connection that was not idle since before `oldest`."""

    @abstractmethod
    def retire(self) -> None:
        """Take no more exchanges: close, now or after the present ones."""

    @abstractmethod
    def drop(self) -> None:
        """Close at once, and drop the exchanges."""

    def stale(self) -> bool:
        """Whether the peer has closed, or said something, since the last answer (RFC 9112, section 9.3)."""
        return self.transport.is_closing() or self.wire.stirs()

    def abort(self) -> None:
        """Close at once, dropping what was not sent."""
        self.fit = False
        self.transport.abort()
        self.pool.lost(self)

    def close(self) -> None:
        """Close after sending what was written."""
        self.transport.close()

    @property
    def writable(self) -> bool:
        """Whether more of a body may be written now."""
        return self._room and not self.transport.is_closing()

    # called by the transport ---------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands, TLS included: begin at once with the exchange that it was made for, unless held."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        standing[id(self)] = self
        exchange, self.first = self.first, None
        assert exchange is not None
        if exchange.ended:
            transport.abort()
            return
        timing, now = exchange.timing, exchange.channel.host.clock.now()
        timing.connect_end = now
        told = transport.get_extra_info
        tls = None
        if cipher := told("cipher"):
            timing.secure_connection_end = now
            handshake = told("ssl_object")
            tls = TLS(_TLS_VERSIONS.get(handshake.version(), 0), suite_number(handshake.context, cipher[0]))
        proxy = self.pool.proxy
        self.facts = ConnectionFacts(
            told("sockname"), told("peername"), tls, None if proxy is None else ProxyAddress(proxy.host, proxy.port, proxy.type))
        if self.held is None:
            self.begin(exchange)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def connection_lost(self, error: Exception | None) -> None:
        self.fit = False
        standing.pop(id(self), None)
        if self.held is not None and not self.held.done():
            self.held.set_result(error)
        self.closed(error)
        self.wire.close()

    @abstractmethod
    def closed(self, error: Exception | None) -> None:
        """The connection is closed; `error` is None where the peer, or this side, wanted that."""

    def pause_writing(self) -> None:
        self._room = False

    def resume_writing(self) -> None:
        self._room = True
