"""A connection of HTTP/2: a stream for each of its exchanges."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    InformationalResponseReceived,
    RemoteSettingsChanged,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
    WindowUpdated,
)
from h2.exceptions import ProtocolError

from ..exchange import IDEMPOTENT, LiveExchange
from ..failures import CERTIFICATE_CODES, broken
from ..http1.events import AnswerError, Garbage, Lost
from ..link import Owner
from ..network.base import Wire
from .codec import CONNECTION_WINDOW, CONTINUATION, HEADERS, STREAM_WINDOW, Fields, regular_fields, request_fields, response_head
from .output import Output
from .stream import Stream

MOST_STREAMS = 1000      # streams at once for a peer that tells no limit


class Multiplex(Output):
    """One connection for many exchanges, as many as the peer allows. On the engine only.

    What comes is first taken in for all streams, then given to their exchanges.

    Wide because asyncio tells one object what becomes of a connection, of what is sent on it (`Output`) and of its streams.
    """

    __slots__ = ("_ended", "_limit", "_received", "_streams", "_touched", "_untold", "answered", "opening", "tap")

    multiplexed = True

    def __init__(self, pool: Owner, wire: Wire, exchange: LiveExchange, held: bool) -> None:
        super().__init__(pool, wire, exchange, held)
        self.tap: Any = None           # stands between this and the transport, for streams with faults
        self._streams: dict[int, Stream] = {}
        self.opening: dict[Stream, None] = {}      # wait until what lies in the socket was read
        self._touched: dict[Stream, None] = {}     # have something for their exchanges
        self._limit = pool.streams
        self._received = 0             # bytes
        self._untold = 0               # bytes of bodies that came, and the peer does not know that they did
        self.answered = False          # an answer came to its end
        self._ended = False            # a stream did, within the present read

    # driven by the pool --------------------------------------------------------------------------------------------

    @property
    def room(self) -> bool:
        """Whether another exchange may start now."""
        return (self.fit and len(self._streams) + len(self.opening) < self._limit
                and self.codec.highest_outbound_stream_id < self.codec.HIGHEST_ALLOWED_STREAM_ID - 2)

    def usable(self, oldest: int, exchange: LiveExchange) -> bool:
        return self.fit and not self.transport.is_closing() and (self._busy or self.idle_since >= oldest)

    def begin(self, exchange: LiveExchange) -> None:
        super().begin(exchange)
        self._write_soon()
        if self.room:
            self.pool.release(self)

    def start(self, exchange: LiveExchange) -> None:
        stream = Stream(self, exchange)
        exchange.connection = stream
        stream.reused = self.reused
        self.reused = True
        if exchange.is_tapped:
            self.opening[stream] = None
            exchange.enter_stream(stream, self)
        elif self.opening or (stream.reused and not self._busy and self.stale()):
            # A farewell may lie there: let it be read first.
            self.opening[stream] = None
            self.pool.channel.adapter.after_reading(self.open_late, stream)
        else:
            self.open(stream)

    def retire(self) -> None:
        """Take no more exchanges; close when the last is over."""
        self.fit = False
        if not self._busy:
            self.abort()

    def drop(self) -> None:
        """Close, without a word to the exchanges."""
        self.fit = False
        for stream in [*self.opening, *self._streams.values()]:
            stream.exchange.drop()
        self.abort()

    # driven by the streams -----------------------------------------------------------------------------------------

    def taken(self, stream: Stream, count: int) -> None:
        """The exchange took `count` bytes: the peer may send as many more, told in large steps."""
        stream.credit += count
        if stream.open and stream.credit >= STREAM_WINDOW // 2:
            self.codec.increment_flow_control_window(stream.credit, stream.id)
            stream.credit = 0
            self._write_soon()

    def cancel(self, stream: Stream) -> None:
        """Nobody waits for the answer of `stream` any more; the others go on."""
        self.opening.pop(stream, None)
        if self._streams.get(stream.id) is stream:
            self._close(stream, ErrorCodes.CANCEL)
        self._settle()

    # called by the transport -----------------------------------------------------------------------------------------

    def buffer_updated(self, count: int) -> None:
        self._received += count
        try:
            for frame in self.codec.frames(self._buffer[:count].tobytes()):
                if frame[3] in (HEADERS, CONTINUATION):
                    self._head_came(frame)
                for event in self.codec.take(frame):
                    handler = _HANDLERS.get(type(event))
                    if handler is not None:
                        handler(self, event)
        except ProtocolError as error:
            self._broken(Garbage(f"the server broke the rules of HTTP/2: {error}"))
        self._owe()
        self._write()
        self._settle()
        touched, self._touched = self._touched, {}
        for stream in touched:
            stream.deliver()

    def closed(self, error: Exception | None) -> None:
        self._broken(error or Lost("the peer closed the connection"))
        touched, self._touched = self._touched, {}
        for stream in touched:
            stream.deliver()

    # what comes ----------------------------------------------------------------------------------------------------

    def _head_came(self, frame: bytes) -> None:
        stream = self._streams.get(int.from_bytes(frame[5:9], "big"))
        if stream is not None and not stream.headed:
            timing = stream.exchange.timing
            timing.response_header_bytes += len(frame)
            if timing.response_start is None:
                timing.response_start = stream.exchange.channel.host.clock.now()

    def _of(self, event: Any) -> Stream | None:
        """The stream that `event` is about, unless it is over."""
        stream = self._streams.get(event.stream_id)
        if stream is not None:
            self._touched[stream] = None
        return stream

    def _informed(self, event: InformationalResponseReceived) -> None:
        if stream := self._of(event):
            try:
                stream.informed(response_head(_fields(event))[0])
            except AnswerError as error:
                self._fail(stream, error)

    def _responded(self, event: ResponseReceived) -> None:
        if stream := self._of(event):
            try:
                stream.answered(*response_head(_fields(event)))
            except AnswerError as error:
                self._fail(stream, error)

    def _data(self, event: DataReceived) -> None:
        size = event.flow_controlled_length or 0
        self._untold += size
        if self._untold >= CONNECTION_WINDOW // 4:
            self.codec.increment_flow_control_window(self._untold)
            self._untold = 0
        if stream := self._of(event):
            data = event.data or b""
            stream.credit += size - len(data)
            try:
                stream.came(data)
            except AnswerError as error:
                self._fail(stream, error)

    def _trailers(self, event: TrailersReceived) -> None:
        if stream := self._of(event):
            try:
                stream.ended(regular_fields(_fields(event)))
            except AnswerError as error:
                self._fail(stream, error)
            else:
                self._complete(stream)

    def _ended_stream(self, event: StreamEnded) -> None:
        if stream := self._of(event):
            stream.ended([])
            self._complete(stream)

    def _reset(self, event: StreamReset) -> None:
        if stream := self._of(event):
            self.reset(stream, event.error_code)

    def reset(self, stream: Stream, code: Any) -> None:
        """The server wants no more of `stream`, for this reason."""
        self.forget(stream)
        self._touched[stream] = None
        if code == ErrorCodes.REFUSED_STREAM and _may_retry(stream.exchange):
            self.pool.admit(self._again(stream))
        elif code == ErrorCodes.HTTP_1_1_REQUIRED and _may_retry(stream.exchange):
            self.fit = False
            self.pool.demand_http1()
            self.pool.leave(self, [self._again(stream)])
        else:
            stream.broke(Lost(f"the server reset the stream: {_name(code)}"))

    def _windows(self, event: WindowUpdated) -> None:
        if event.stream_id and (stream := self._streams.get(event.stream_id)) is not None:
            stream.go_on()
        else:
            self.turn_soon()

    def _settings(self, event: RemoteSettingsChanged) -> None:
        self._limit = self.pool.streams = int(min(self.codec.remote_settings.max_concurrent_streams, MOST_STREAMS))
        self._ended = True      # there may be more room
        self.turn_soon()        # and larger windows

    def _goodbye(self, event: ConnectionTerminated) -> None:
        """Streams above the last one were not touched (RFC 9113, section 6.8): they are asked for elsewhere, whatever their
        method. Those below it end as usual, unless the connection is about to be closed over an error (section 5.4.1)."""
        self.fit = False
        last, code = event.last_stream_id or 0, event.error_code
        again = [self._again(stream) for stream in self.opening]
        self.opening.clear()
        for stream in [stream for number, stream in self._streams.items() if number > last or code != ErrorCodes.NO_ERROR]:
            self.forget(stream)
            if stream.id > last and _may_retry(stream.exchange):
                again.append(self._again(stream))
            else:
                stream.broke(Lost(f"the server closed the connection: {_name(code)}"))
                self._touched[stream] = None
        self.pool.leave(self, again)

    # streams -------------------------------------------------------------------------------------------------------

    @property
    def _busy(self) -> bool:
        return bool(self._streams or self.opening)

    def open_late(self, stream: Stream) -> None:
        if stream not in self.opening:
            return
        del self.opening[stream]
        if self.fit and not self.transport.is_closing() and (self._busy or not self.wire.hung_up()):
            self.open(stream)
        else:
            self.fit = False
            self.pool.leave(self, [self._again(stream)])
            self._settle()

    def open(self, stream: Stream) -> None:
        exchange, codec = stream.exchange, self.codec
        timing = exchange.timing
        stream.id = codec.get_next_available_stream_id()
        stream.mark = self._received
        stream.open = True
        self._streams[stream.id] = stream
        self._collect()
        timing.facts, timing.reused = self.facts, stream.reused
        timing.request_start = exchange.channel.host.clock.now()
        codec.send_headers(stream.id, request_fields(exchange.outgoing, self.pool.origin[0]), not exchange.outgoing.length)
        timing.request_header_bytes = self._collect()
        self._write_soon()
        exchange.step()
        if exchange.outgoing.length:
            self._sending[stream] = None
        stream.begin()

    def _complete(self, stream: Stream) -> None:
        """The answer of `stream` is. A request that is not is given up (RFC 9113, section 8.1)."""
        self.answered = True
        self._close(stream, None if stream.requested else ErrorCodes.CANCEL)

    def _fail(self, stream: Stream, error: Exception) -> None:
        """The answer of `stream` cannot be read on."""
        stream.broke(error)
        self._close(stream, ErrorCodes.PROTOCOL_ERROR)

    def _close(self, stream: Stream, code: ErrorCodes | None) -> None:
        """The wire has seen the last of `stream`, with `code` as our last word."""
        if code is not None and self.codec.streams[stream.id].open:
            self.codec.reset_stream(stream.id, code)
            self._owe()
            self._write_soon()
        self.forget(stream)
        stream.stop()

    def forget(self, stream: Stream) -> None:
        stream.open = False
        self._streams.pop(stream.id, None)
        self._sending.pop(stream, None)
        self._ended = True

    def _again(self, stream: Stream) -> LiveExchange:
        """The exchange of `stream`, which is to begin anew."""
        self._touched.pop(stream, None)
        if stream.id:
            stream.exchange.retried = True
        return stream.detach()

    def _settle(self) -> None:
        """Streams may have ended: tell the pool, or close after the last."""
        if self.floods and self.fit:
            self._broken(Lost("the server reads nothing of the frames that it has to be answered with"))
        if self.held is not None:
            return
        if not self.fit:
            if not self._busy and not self.transport.is_closing():
                self._write()
                self.close()
                self.pool.lost(self)
        elif self._ended and self.room:
            self._ended = False
            self.pool.release(self)

    def _broken(self, error: Exception) -> None:
        """The connection is lost: its streams fail, but for those that a kept connection's end has surely passed."""
        self.fit = False
        streams, again, problem = list(self._streams.values()), [self._again(stream) for stream in self.opening], None
        self.opening.clear()
        for stream in streams:
            self.forget(stream)
            stream.stop()
            exchange = stream.exchange
            failure = broken(error, exchange.request.url)
            unheard = stream.mark == self._received and not exchange.retried
            if failure.code in CERTIFICATE_CODES and not stream.headed:
                if problem is None:
                    problem = (self._again(stream), failure)
                else:
                    again.append(self._again(stream))
            elif self.answered and unheard and not exchange.request.once and exchange.request.method in IDEMPOTENT and _may_retry(exchange):
                again.append(self._again(stream))
            else:
                self._touched[stream] = None
                stream.broke(error)
        if problem is not None:
            self.pool.replace(self, *problem)
        self.pool.lost(self, again)
        if not self.transport.is_closing():
            self._write()
            self.close()

_HANDLERS: dict[type[Any], Callable[[Multiplex, Any], None]] = {
    InformationalResponseReceived: Multiplex._informed, ResponseReceived: Multiplex._responded, DataReceived: Multiplex._data,
    TrailersReceived: Multiplex._trailers, StreamEnded: Multiplex._ended_stream, StreamReset: Multiplex._reset,
    WindowUpdated: Multiplex._windows, RemoteSettingsChanged: Multiplex._settings, ConnectionTerminated: Multiplex._goodbye,
}


def _may_retry(exchange: LiveExchange) -> bool:
    """Whether a request that was not processed can be sent again, and is ready for it: once, and not with a stream that was begun."""
    return not (exchange.retried or exchange.ended) and exchange.renew()


def _fields(event: Any) -> Fields:
    fields: Fields = event.headers
    return fields


def _name(code: Any) -> str:
    return code.name if isinstance(code, ErrorCodes) else f"code {code}"
