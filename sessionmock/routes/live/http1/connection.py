"""A connection of HTTP/1.1 and the exchange that is on it."""
from __future__ import annotations

import asyncio
import itertools
from typing import BinaryIO, ClassVar

from ....errors import URLError
from ....models.message import ResponseHead
from ..exchange import IDEMPOTENT, LiveExchange
from ..failures import CERTIFICATE_CODES, broken
from ..link import Link, Owner
from ..network.base import Wire
from ..upload import SLICE, Upload
from .answer import Answer, State
from .events import AnswerError, End, Event

_numbers = itertools.count(1)


class Connection(Link):
    """A keep-alive connection, driving one exchange at a time. On the engine only."""

    __slots__ = ("_answer", "_number", "_resuming", "_turns", "_upload", "_wary", "exchange", "heir")

    chunks: ClassVar[bool] = True      # a body of unknown length is sent in chunks

    def __init__(self, pool: Owner, wire: Wire, exchange: LiveExchange, held: bool = False) -> None:
        super().__init__(pool, wire, exchange, held)
        self.exchange: LiveExchange | None = None
        self.heir: Link | None = None  # what took over, because the server chose HTTP/2
        self._answer = Answer("GET")
        self._number, self._turns = next(_numbers), itertools.count(1)
        self._upload: Upload | None = None
        self._resuming = False         # within `resume_writing`
        self._wary = False             # the body of the last answer, which has none, may still come

    @property
    def switched(self) -> bool:
        """A 101 has made this connection another protocol's."""
        return self._answer.state is State.SWITCHED

    # driven by the pool and the exchange -------------------------------------------------------------------------

    def usable(self, oldest: int, exchange: LiveExchange) -> bool:
        if self._wary and exchange.request.method not in IDEMPOTENT:    # it could not be sent again
            return False
        return self.idle_since >= oldest and not self.stale()

    def retire(self) -> None:
        self.fit = False
        if self.exchange is None:
            self.abort()

    def drop(self) -> None:
        if self.exchange is None:
            self.abort()
        else:
            self.exchange.drop()

    def start(self, exchange: LiveExchange) -> None:
        """Send the request of `exchange` and bring its answer."""
        self.exchange = exchange
        exchange.connection = self
        request, outgoing, timing = exchange.request, exchange.outgoing, exchange.timing
        self._answer = Answer(request.method, outgoing.upgrades)
        self._upload = None
        if exchange.is_tapped:
            exchange.enter(self)
        timing.facts, timing.reused, timing.connection = self.facts, self.reused, (self._number, next(self._turns))
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
            exchange.step()
            self._upload.pump()
        if exchange.paused and self.exchange is exchange:
            self.pause(True)

    def pause(self, paused: bool) -> None:
        if paused:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def cancel(self) -> None:
        """The exchange on this connection is over before its answer is."""
        self._detach()
        self.abort()

    # driven by the upload ----------------------------------------------------------------------------------------

    def write(self, data: bytes | memoryview) -> None:
        self.transport.write(data)

    def send_file(self, file: BinaryIO, count: int) -> int:
        """Have the network send at most `count` bytes of `file` from where it stands, which spares this process two copies of
        each; how many it took. Where it takes none (over TLS it never does), what is written then tells when there is room
        again, or what is wrong."""
        transport = self.transport
        if self.exchange is None or self.exchange.is_tapped:
            return 0
        transport.set_write_buffer_limits(0)      # `resume_writing` comes when all is written: the order is kept
        if self.facts.tls is not None or transport.get_write_buffer_size():
            return 0
        return self.wire.send_file(file, count)

    def sent_all(self) -> None:
        """The request is complete."""
        self._upload = None
        assert self.exchange is not None
        self.exchange.timing.request_end = self.exchange.channel.host.clock.now()
        self.exchange.step()

    def fail(self, error: URLError) -> None:
        """The exchange cannot go on."""
        exchange = self._detach()
        self.abort()
        exchange.fail(error)

    # called by the transport ---------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        handshake = transport.get_extra_info("ssl_object")
        if handshake is not None and self.first is not None and handshake.selected_alpn_protocol() == "h2":
            self.speak_http2(transport)
        else:
            super().connection_made(transport)

    def speak_http2(self, transport: asyncio.Transport) -> None:
        """The server has chosen HTTP/2: another connection takes over."""
        from ..http2.connection import Multiplex  # h2 costs an import that most processes never need

        assert self.first is not None
        self.heir = heir = Multiplex(self.pool, self.wire, self.first, self.held is not None)
        self.first = None
        transport.set_protocol(heir)
        heir.connection_made(transport)

    def buffer_updated(self, count: int) -> None:
        exchange = self.exchange
        if exchange is None:
            self.abort()     # nobody asked: the next answer could not be told from this
            return
        timing = exchange.timing
        if timing.response_start is None:
            timing.response_start = exchange.channel.host.clock.now()
        events = self._answer.feed(self._buffer[:count].tobytes())
        if events:
            self._deliver(exchange, events)
        else:
            exchange.sink.moved()

    def eof_received(self) -> None:
        """The peer sends no more; asyncio closes the transport after this."""
        self.fit = False
        exchange = self.exchange
        if exchange is None:
            self.abort()
        elif not self._retried(exchange):
            self._deliver(exchange, self._answer.eof())

    def closed(self, error: Exception | None) -> None:
        exchange = self.exchange
        if exchange is not None and exchange.connection is not self:
            exchange = None      # cancelled before the connection stood
        if exchange is not None and error is not None:
            self._read_last(exchange)
            exchange = self.exchange
        if exchange is not None and not self._retried(exchange):
            if error is None or (self._upload is not None and self._upload.done):
                # A server that hangs up on the body which its answer has refused resets the connection: that is its end, too.
                self._deliver(exchange, self._answer.eof())
            else:
                self._detach()
                self._failed(exchange, broken(error, exchange.request.url))
        self.pool.lost(self)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._upload is not None:
            self._resuming = True
            try:
                self._upload.pump()
            finally:
                self._resuming = False

    def abort(self) -> None:
        if self._resuming:
            # asyncio tells of the loss twice, and fails of that, where a transport is aborted in `resume_writing`.
            self.fit = False
            self.pool.channel.host.post(self.transport.abort)
            self.pool.lost(self)
        else:
            super().abort()

    # ---------------------------------------------------------------------------------------------------------------

    def _deliver(self, exchange: LiveExchange, events: list[Event]) -> None:
        if len(events) == 1:
            self._bring(exchange, events)
            return
        exchange.sink.cork()
        try:
            self._bring(exchange, events)
        finally:
            exchange.sink.uncork()

    def _bring(self, exchange: LiveExchange, events: list[Event]) -> None:
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
            elif isinstance(event, AnswerError) and not self._retried(exchange):
                self.fail(broken(event, exchange.request.url))
            if self.exchange is not exchange:
                break

    def _head(self, exchange: LiveExchange, head: ResponseHead) -> None:
        timing = exchange.timing
        timing.response_header_bytes = self._answer.header_bytes
        head.timing = timing
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
            self._wary = self._answer.denied
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
        if exchange.is_tapped:
            exchange.leave()
        if self._upload is not None:
            self._upload.stop()
        return exchange

    def _retried(self, exchange: LiveExchange) -> bool:
        """Send the request again where the peer closed a kept connection as it came, or sent late what the last answer must not
        have: it has surely not answered it, and a method that is idempotent may be seen twice (RFC 9112, section 9.3.1). Once,
        and on a new connection."""
        begun = self._answer.header_bytes if self._wary else self._answer.started
        request = exchange.request
        if not self.reused or begun or exchange.retried or request.once or request.method not in IDEMPOTENT or not exchange.renew():
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
        while self.exchange is exchange and (count := self.wire.read_last(self._buffer)):
            self.buffer_updated(count)

