"""What connections have in common, whichever version of HTTP they speak."""
from __future__ import annotations

import asyncio
import select
from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar
from weakref import WeakKeyDictionary

from ...models.timing import TLS, ConnectionFacts, ProxyAddress

if TYPE_CHECKING:
    import socket

    from .exchange import LiveExchange
    from .pool import Pool

READ_SIZE = 131_072

# asyncio asks for the buffer, fills it and says so without a break, so one serves all connections of a loop.
_BUFFERS: WeakKeyDictionary[asyncio.AbstractEventLoop, memoryview] = WeakKeyDictionary()

_UNKNOWN = ConnectionFacts(None, None, None, None)
_TLS_VERSIONS = {"TLSv1": 0x0301, "TLSv1.1": 0x0302, "TLSv1.2": 0x0303, "TLSv1.3": 0x0304}


class Link(asyncio.BufferedProtocol):
    """A connection to one origin. On the engine only."""

    __slots__ = ("_buffer", "_poll", "_room", "facts", "first", "fit", "held", "idle_since", "pool", "reused", "socket", "transport")

    multiplexed: ClassVar[bool] = False    # carries many exchanges at once

    transport: asyncio.Transport

    def __init__(self, pool: Pool, socket: socket.socket, first: LiveExchange, held: bool) -> None:
        self.pool = pool
        self.socket = socket           # the transport's own object, kept for the stale check and for a last read
        self.first: LiveExchange | None = first    # what it is made for; None once it stands
        self.facts = _UNKNOWN          # once the connection stands, addresses, TLS and proxy
        self.fit = True                # for exchanges after the present ones
        self._room = True              # the transport's buffer has
        self.reused = False
        self.idle_since = 0
        self._poll: select.poll | None = None
        loop = asyncio.get_running_loop()
        buffer = _BUFFERS.get(loop)
        if buffer is None:
            buffer = _BUFFERS[loop] = memoryview(bytearray(READ_SIZE))
        self._buffer = buffer
        # Until `begin` nothing is sent, because the server is not trusted yet; this gets what ended the connection before.
        self.held: asyncio.Future[Exception | None] | None = loop.create_future() if held else None

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
    def usable(self, oldest: int) -> bool:
        """Whether an exchange may start, on a connection that was not idle since before `oldest`."""

    @abstractmethod
    def retire(self) -> None:
        """Take no more exchanges: close, now or after the present ones."""

    @abstractmethod
    def drop(self) -> None:
        """Close at once, and drop the exchanges."""

    def stale(self) -> bool:
        """Whether the peer has closed, or said something, since the last answer: asked of the kernel, because asyncio tells
        only while its loop runs (RFC 9112, section 9.3)."""
        if self.transport.is_closing():
            return True
        if not hasattr(select, "poll"):    # Windows
            return bool(select.select([self.socket], [], [], 0)[0])
        if self._poll is None:
            self._poll = select.poll()
            self._poll.register(self.socket.fileno(), select.POLLIN | select.POLLPRI)
        return bool(self._poll.poll(0))

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

    # called by asyncio -------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands, TLS included: begin at once with the exchange that it was made for, unless held."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
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
            version, numbers = told("ssl_object").version(), self.pool.channel.tls_numbers
            tls = TLS(_TLS_VERSIONS.get(version, 0), numbers.get(cipher[0], 0))
        proxy = self.pool.proxy
        self.facts = ConnectionFacts(
            told("sockname"), told("peername"), tls, None if proxy is None else ProxyAddress(proxy.host, proxy.port, proxy.type))
        if self.held is None:
            self.begin(exchange)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def connection_lost(self, error: Exception | None) -> None:
        self.fit = False
        if self.held is not None and not self.held.done():
            self.held.set_result(error)

    def pause_writing(self) -> None:
        self._room = False

    def resume_writing(self) -> None:
        self._room = True
