"""One connection and the exchange that is on it."""
from __future__ import annotations

import asyncio
import select
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

from ...errors import URLError
from ...models.message import ResponseHead
from .exchange import IDEMPOTENT, LiveExchange
from .failures import CERTIFICATE_CODES, broken
from .http1 import Answer, AnswerError, End, Event, State
from .upload import SLICE, Upload

if TYPE_CHECKING:
    import socket

    from .pool import Pool

READ_SIZE = 131_072

# asyncio asks for the buffer, fills it and says so without a break, so one serves all connections of a loop.
_BUFFERS: WeakKeyDictionary[asyncio.AbstractEventLoop, memoryview] = WeakKeyDictionary()


_TLS_VERSIONS = {"TLSv1": 0x0301, "TLSv1.1": 0x0302, "TLSv1.2": 0x0303, "TLSv1.3": 0x0304}


class TLS(NamedTuple):
    """What was negotiated, by IANA's numbers: 0x0304 is TLS 1.3, 0x1301 TLS_AES_128_GCM_SHA256."""

    version: int
    cipher_suite: int


class Connection(asyncio.BufferedProtocol):
    """A keep-alive connection to one origin, driving one exchange at a time. On the engine only."""

    __slots__ = (
        "_answer", "_buffer", "_poll", "_room", "_tls_numbers", "_upload", "exchange", "facts", "fit", "held",
        "idle_since", "pool", "reused", "socket", "transport",
    )

    transport: asyncio.Transport

    def __init__(self, pool: Pool, socket: socket.socket, exchange: LiveExchange, tls_numbers: dict[str, int],
                 held: bool = False) -> None:
        self.pool = pool
        self.socket = socket           # the transport's own object, kept for the stale check and for a last read
        self.exchange: LiveExchange | None = exchange
        self.facts: dict[str, Any] = {}    # addresses and TLS, for every head of this connection
        self.fit = True                # for another exchange after the present one
        self._room = True              # the transport's buffer has
        self.reused = False
        self.idle_since = 0
        self._answer = Answer("GET")
        self._upload: Upload | None = None
        self._poll: select.poll | None = None
        loop = asyncio.get_running_loop()
        buffer = _BUFFERS.get(loop)
        if buffer is None:
            buffer = _BUFFERS[loop] = memoryview(bytearray(READ_SIZE))
        self._buffer = buffer
        self._tls_numbers = tls_numbers
        # Until `begin` nothing is sent, because the server is not trusted yet; this gets what ended the connection before.
        self.held: asyncio.Future[Exception | None] | None = loop.create_future() if held else None

    @property
    def switched(self) -> bool:
        """A 101 has made this connection another protocol's."""
        return self._answer.state is State.SWITCHED

    # driven by the pool and the exchange -------------------------------------------------------------------------

    def begin(self, exchange: LiveExchange) -> None:
        """The connection is fit for use, first by the exchange that it was made for."""
        self.held = None
        self.exchange = exchange
        self.pool.made(self)
        self.start(exchange)

    def start(self, exchange: LiveExchange) -> None:
        """Send the request of `exchange` and bring its answer."""
        self.exchange = exchange
        exchange.connection = self
        request, outgoing, timing = exchange.request, exchange.outgoing, exchange.timing
        self._answer = Answer(request.method, outgoing.upgrades)
        self._upload = None
        timing.request_start = exchange.channel.host.clock.now()
        timing.request_header_bytes = len(outgoing.head)
        body = request.body if outgoing.length else b""
        if isinstance(body, bytes) and len(body) <= SLICE and not outgoing.expects:
            self.transport.write(outgoing.head + body)
            self.sent_all()
            if exchange.reported < len(body):
                exchange.reported = len(body)
                exchange.sink.sent(len(body))
        else:
            self.transport.write(outgoing.head)
            self._upload = Upload(self, exchange)
            self._upload.pump()
        if exchange.paused and self.exchange is exchange:
            self.pause(True)

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

    def pause(self, paused: bool) -> None:
        if paused:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def cancel(self) -> None:
        """The exchange on this connection is over before its answer is."""
        self._detach()
        self.abort()

    def abort(self) -> None:
        """Close at once, dropping what was not sent."""
        self.fit = False
        self.transport.abort()
        self.pool.lost(self)

    def close(self) -> None:
        """Close after sending what was written."""
        self.transport.close()

    # driven by the upload ----------------------------------------------------------------------------------------

    @property
    def writable(self) -> bool:
        """Whether more may be written now."""
        return self._room and not self.transport.is_closing()

    def write(self, data: bytes | memoryview) -> None:
        self.transport.write(data)

    def sent_all(self) -> None:
        """The request is complete."""
        self._upload = None
        assert self.exchange is not None
        self.exchange.timing.request_end = self.exchange.channel.host.clock.now()

    def fail(self, error: URLError) -> None:
        """The exchange cannot go on."""
        exchange = self._detach()
        self.abort()
        exchange.fail(error)

    # called by asyncio -------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands, TLS included: begin at once with the exchange that it was made for, unless held."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        exchange = self.exchange
        assert exchange is not None
        if exchange.ended:
            transport.abort()
            return
        timing, now = exchange.timing, exchange.channel.host.clock.now()
        timing.connect_end = now
        told = transport.get_extra_info
        self.facts = {"local_address": told("sockname"), "remote_address": told("peername"), "tls": None}
        if cipher := told("cipher"):
            timing.secure_connection_end = now
            version = told("ssl_object").version()
            self.facts["tls"] = TLS(_TLS_VERSIONS.get(version, 0), self._tls_numbers.get(cipher[0], 0))
        if self.pool.proxy is not None:
            self.facts["proxy"] = (self.pool.proxy.host, self.pool.proxy.port, self.pool.proxy.type)
        if self.held is not None:
            self.exchange = None
        else:
            self.begin(exchange)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, count: int) -> None:
        exchange = self.exchange
        if exchange is None:
            self.abort()     # nobody asked: the next answer could not be told from this
            return
        timing = exchange.timing
        if timing.response_start is None:
            timing.response_start = exchange.channel.host.clock.now()
        self._deliver(exchange, self._answer.feed(self._buffer[:count].tobytes()))

    def eof_received(self) -> None:
        """The peer sends no more; asyncio closes the transport after this."""
        self.fit = False
        exchange = self.exchange
        if exchange is None:
            self.abort()
        elif not self._retried(exchange):
            self._deliver(exchange, self._answer.eof())

    def connection_lost(self, error: Exception | None) -> None:
        self.fit = False
        if self.held is not None and not self.held.done():
            self.held.set_result(error)
        exchange = self.exchange
        if exchange is not None and exchange.connection is not self:
            exchange = None      # cancelled before the connection stood
        if exchange is not None and error is not None:
            self._read_last(exchange)
            exchange = self.exchange
        if exchange is not None and not self._retried(exchange):
            if error is None:
                self._deliver(exchange, self._answer.eof())
            else:
                self._detach()
                self._failed(exchange, broken(error, exchange.request.url))
        self.pool.lost(self)

    def pause_writing(self) -> None:
        self._room = False

    def resume_writing(self) -> None:
        self._room = True
        if self._upload is not None:
            self._upload.pump()

    # ---------------------------------------------------------------------------------------------------------------

    def _deliver(self, exchange: LiveExchange, events: list[Event]) -> None:
        sink = exchange.sink
        for event in events:
            if type(event) is bytes:
                sink.data(event)
            elif type(event) is ResponseHead:
                if event.status >= 200 or event.status == 101:
                    self._head(exchange, event)
                else:
                    sink.informational(event)
                    if event.status == 100 and self._upload is not None:
                        self._upload.proceed()
            elif type(event) is End:
                self._complete(exchange, event)
            elif isinstance(event, AnswerError):
                self.fail(broken(event, exchange.request.url))
            if self.exchange is not exchange:
                break

    def _head(self, exchange: LiveExchange, head: ResponseHead) -> None:
        timing = exchange.timing
        timing.response_header_bytes = self._answer.header_bytes
        head.extra = {**self.facts, "timing": timing, "reused": self.reused}
        upload = self._upload
        if upload is not None and (upload.waiting or head.status >= 300):
            # The server has made up its mind: sending it the rest is of no use to anybody (RFC 9110, section 10.1.1).
            upload.stop()
            self.fit = False
        if head.status == 101:
            self.pool.leave(self)
        exchange.sink.head(head)

    def _complete(self, exchange: LiveExchange, end: End) -> None:
        sent = self._upload is None
        exchange.settle()
        self._detach()
        if sent and self.fit and self._answer.reusable and not exchange.outgoing.closes and not self.transport.is_closing():
            self.transport.resume_reading()    # whatever a late `pause` did
            self.reused = True
            self.pool.release(self)
        else:
            self.abort()
        exchange.sink.end(end.trailers)

    def _failed(self, exchange: LiveExchange, failure: URLError) -> None:
        """The connection broke: where TLS 1.3 asked for another client certificate (after the handshake, RFC 8446, section
        4.4.2.4), what the server asks for is looked up first."""
        if failure.code in CERTIFICATE_CODES and not self._answer.started:
            self.transport.abort()
            self.pool.replace(self, exchange, failure)
        else:
            exchange.fail(failure)

    def _detach(self) -> LiveExchange:
        """Part from the exchange, which is over or goes elsewhere."""
        exchange = self.exchange
        assert exchange is not None
        self.exchange = exchange.connection = None
        if self._upload is not None:
            self._upload.stop()
        return exchange

    def _retried(self, exchange: LiveExchange) -> bool:
        """Send the request again where the peer closed a kept connection as it came: it has surely not answered it, and a
        method that is idempotent may be seen twice (RFC 9112, section 9.3.1). Once, and on a new connection."""
        body = exchange.request.body
        if (not self.reused or self._answer.started or exchange.retried or exchange.request.method not in IDEMPOTENT
                or not (body is None or isinstance(body, bytes))):
            return False
        exchange.retried = True
        self._detach()
        self.fit = False
        self.transport.abort()
        self.pool.replace(self, exchange)
        return True

    def _read_last(self, exchange: LiveExchange) -> None:
        """Writing failed because the peer closed early: its answer may still wait to be read (scenario upload-early-error)."""
        if self.transport.get_extra_info("ssl_object") is not None:
            return
        try:
            while self.exchange is exchange and (count := self.socket.recv_into(self._buffer)):
                self.buffer_updated(count)
        except OSError:
            return

