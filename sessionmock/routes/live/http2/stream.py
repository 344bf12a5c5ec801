"""One exchange on a connection of HTTP/2."""
from __future__ import annotations

from collections import deque
from typing import BinaryIO, ClassVar, Protocol

from ....errors import URLError
from ....models.message import Headers, ResponseHead
from ..exchange import LiveExchange
from ..failures import broken
from ..http1.events import INFORMATIONAL_LIMIT, End, Garbage, Lost
from ..network.base import READ_SIZE
from ..upload import SLICE, Upload

TURN = 65_536     # bytes of a body that are sent before another stream has its turn

Event = ResponseHead | bytes | End | URLError


class Frames(Protocol):
    """What carries streams, as they see it: `connection.Multiplex`."""

    @property
    def writable(self) -> bool:
        """Whether more of a body may be written now."""

    def window(self, stream: Stream) -> int:
        """Bytes that the next frame of `stream` may carry."""

    def send(self, stream: Stream, data: bytes | memoryview, last: bool) -> None:
        """Send `data` in a frame, which is the request's last one or not."""

    def turn_soon(self) -> None:
        """Call `go_on` of every stream that has more to send, soon."""

    def taken(self, stream: Stream, count: int) -> None:
        """The exchange took `count` bytes of the answer."""

    def cancel(self, stream: Stream) -> None:
        """Nobody waits for the answer any more."""


class Stream:
    """What an exchange and its upload see as their connection. On the engine only.

    What comes is kept in order until the exchange takes it: a paused one takes nothing, so the peer's window for this
    stream alone runs out.
    """

    __slots__ = (
        "_delivering", "_events", "_finished", "_informational", "_left", "_pending", "_upload", "connection",
        "credit", "exchange", "headed", "id", "mark", "open", "requested", "reused",
    )

    chunks: ClassVar[bool] = False      # frames do what chunks did
    switched: ClassVar[bool] = False    # there is no 101

    def __init__(self, connection: Frames, exchange: LiveExchange) -> None:
        self.connection = connection
        self.exchange = exchange
        self.id = 0
        self.reused = False            # the connection was made for another exchange
        self.mark = 0                  # bytes that the connection had received when this stream began
        self.open = False              # the peer may still send
        self.headed = False            # the final head has come
        self.requested = False         # the request is complete
        self.credit = 0                # bytes that were taken, and the peer does not know it yet
        self._events: deque[Event] = deque()
        self._delivering = False
        self._informational = 0
        self._left = -1                # bytes of the body still to come; -1: unknown
        self._pending: deque[memoryview] = deque()    # the request's, given by the upload, for which there was no window
        self._finished = False         # nothing will be added to that
        self._upload: Upload | None = None

    # the request, driven by the connection and the upload ----------------------------------------------------------

    def begin(self) -> None:
        """The head is on its way: send the body."""
        exchange = self.exchange
        if not exchange.outgoing.length:
            self._requested()
            return
        body = exchange.request.body
        if isinstance(body, bytes) and len(body) <= SLICE and not exchange.outgoing.expects:
            self._finished = True
            self.write(body)
            if exchange.reported < len(body):
                exchange.sink.sent(len(body) - exchange.reported)
                exchange.reported = len(body)
        else:
            self._upload = Upload(self, exchange)
            self._upload.pump()

    @property
    def writable(self) -> bool:
        """Whether the upload may give more."""
        return not self._pending and self.connection.writable

    def write(self, data: bytes | memoryview) -> None:
        self._pending.append(memoryview(data))
        self._push()

    def send_file(self, file: BinaryIO, count: int) -> int:
        """Takes nothing: a file goes in frames like everything else."""
        return 0

    def sent_all(self) -> None:
        """The upload has given everything."""
        self._upload = None
        self._finished = True
        if not self._pending:
            self.connection.send(self, b"", True)
            self._requested()

    def fail(self, error: URLError) -> None:
        """The exchange cannot go on."""
        exchange = self.detach()
        self.connection.cancel(self)
        exchange.fail(error)

    def go_on(self) -> None:
        """There may be a window, or room in the transport, again."""
        self._push()
        if self._upload is not None and not self._pending:
            self._upload.pump()

    def _push(self) -> None:
        pending, connection, turn = self._pending, self.connection, TURN
        while pending and turn and connection.writable:
            piece = pending[0]
            size = min(len(piece), connection.window(self), turn)
            if size <= 0:
                break
            if size == len(piece):
                pending.popleft()
            else:
                pending[0] = piece[size:]
            turn -= size
            last = self._finished and not pending
            connection.send(self, piece[:size], last)
            if last:
                self._requested()
        if not turn:
            connection.turn_soon()

    def _requested(self) -> None:
        self.requested = True
        self.exchange.timing.request_end = self.exchange.channel.host.clock.now()
        self.exchange.step()

    # the answer, driven by the connection --------------------------------------------------------------------------

    def informed(self, head: ResponseHead) -> None:
        """A 1xx has come. Raises Garbage for one too many."""
        self._informational += 1
        if self._informational > INFORMATIONAL_LIMIT:
            raise Garbage(f"more than {INFORMATIONAL_LIMIT} informational responses before a final one")
        self._events.append(head)
        if head.status == 100 and self._upload is not None:
            self._upload.proceed()

    def answered(self, head: ResponseHead, length: int) -> None:
        """The final head has come."""
        exchange = self.exchange
        self.headed = True
        self._left = 0 if exchange.request.method == "HEAD" or head.status in (204, 304) else length
        self._events.append(head)
        if self._upload is not None and (self._upload.waiting or head.status >= 300):
            # The server has made up its mind: sending it the rest is of no use to anybody (RFC 9110, section 10.1.1).
            self._upload.stop()

    def came(self, data: bytes) -> None:
        """A piece of the body. Raises Garbage where it is longer than the head said."""
        if self._left >= 0:
            self._left -= len(data)
            if self._left < 0:
                raise Garbage("the body is longer than its Content-Length")
        if data:
            self._events.append(data)

    def ended(self, trailers: Headers) -> None:
        """The answer is complete."""
        if self._left > 0:
            self.broke(Lost(f"the body ended {self._left} bytes before its Content-Length"))
        else:
            self._events.append(End(trailers))

    def broke(self, error: Exception) -> None:
        """Nothing more comes, for this reason; it is told after what did come."""
        self._events.append(broken(error, self.exchange.request.url))

    def deliver(self) -> None:
        """Give the exchange what it takes."""
        if self._delivering:
            return
        self._delivering = True
        events, exchange = self._events, self.exchange
        exchange.sink.cork()
        try:
            while events and not exchange.paused and not exchange.ended:
                event = events.popleft()
                if type(event) is bytes:
                    self._data(event)
                elif type(event) is ResponseHead:
                    if event.status < 200:
                        exchange.sink.informational(event)
                    else:
                        event.timing = exchange.timing
                        exchange.sink.head(event)
                elif type(event) is End:
                    self.detach()
                    exchange.settle()
                    exchange.sink.end(event.trailers)
                elif isinstance(event, URLError):
                    self.detach()
                    exchange.fail(event)
        finally:
            self._delivering = False
            exchange.sink.uncork()

    def _data(self, data: bytes) -> None:
        """Deliver `data` and the pieces next to it as one, no larger than one read of HTTP/1.1 would be."""
        events, pieces, size = self._events, [data], len(data)
        while events and type(following := events[0]) is bytes and size + len(following) <= READ_SIZE:
            pieces.append(following)
            size += len(following)
            events.popleft()
        if len(pieces) > 1:
            data = b"".join(pieces)
        self.connection.taken(self, len(data))
        self.exchange.sink.data(data)

    def stop(self) -> None:
        """Send no more of the request."""
        self._pending.clear()
        if self._upload is not None:
            self._upload.stop()

    # driven by the exchange ----------------------------------------------------------------------------------------

    def pause(self, paused: bool) -> None:
        if not paused:
            self.deliver()

    def cancel(self) -> None:
        """The exchange is over before its answer is."""
        self.detach()
        self.connection.cancel(self)

    def close(self) -> None:
        """After a 101, which there is not."""
        self.cancel()

    def detach(self) -> LiveExchange:
        """Part from the exchange, which is over or goes elsewhere."""
        exchange = self.exchange
        if exchange.connection is self:
            exchange.connection = None
        if exchange.is_tapped:
            exchange.leave()
        self._events.clear()
        self.stop()
        return exchange
