"""A request's body on its way: sliced, read ahead by one piece at most, and never faster than the peer takes it."""
from __future__ import annotations

from typing import BinaryIO, Protocol

from ...clock import SECOND, Timer
from ...errors import Code, URLError, url_error
from ...models.body import FileStream
from ...models.message import BodyStream
from ...user_code import is_of_user_code
from .exchange import LiveExchange, release
from .http1.outgoing import LAST_CHUNK, chunk

SLICE = 262_144             # bytes handed to a transport at once
HANDED = 4 * SLICE          # bytes of a file handed to the kernel at once
BURST = 4                   # slices in one go: a peer that takes everything at once must not keep the engine from others
CONTINUE_WAIT = SECOND      # how long a body waits for 100 Continue before it is sent anyway (RFC 9110, section 10.1.1)


class Outlet(Protocol):
    """What an upload writes to: a connection, or a stream of one."""

    @property
    def chunks(self) -> bool:
        """A body of unknown length is to be sent in chunks."""

    @property
    def writable(self) -> bool:
        """Whether more may be written now."""

    def write(self, data: bytes | memoryview) -> None:
        """Send `data`."""

    def send_file(self, file: BinaryIO, count: int) -> int:
        """Send at most `count` bytes of `file` without reading them here; how many went, and 0 where none does."""

    def sent_all(self) -> None:
        """The body is complete."""

    def fail(self, error: URLError) -> None:
        """The body cannot be sent to its end."""


class Upload:
    """Sends the body of one exchange on one connection; told by the connection when it may write."""

    __slots__ = ("_at", "_body", "_chunked", "_connection", "_exchange", "_held", "_length", "_reading", "_timer", "done", "waiting")

    def __init__(self, connection: Outlet, exchange: LiveExchange) -> None:
        body = exchange.request.body
        assert body is not None, "an empty body needs no upload"
        self._connection = connection
        self._exchange = exchange
        self._body: memoryview | BodyStream = memoryview(body) if isinstance(body, bytes) else body
        self._length = exchange.outgoing.length
        self._chunked = self._length < 0 and connection.chunks
        self._at = 0                   # bytes taken from the body
        self._held: bytes | None = None    # a piece read but not written
        self._reading = False          # a read runs on another thread
        self._timer: Timer | None = None
        self.waiting = exchange.outgoing.expects
        self.done = False              # sent, or stopped
        exchange.streaming = True
        if self.waiting:
            clock = exchange.channel.host.clock
            self._timer = clock.call_at(clock.now() + CONTINUE_WAIT, self.proceed)

    def proceed(self) -> None:
        """The peer said 100 Continue, or has said nothing for too long."""
        if self.waiting:
            self.waiting = False
            self._stop_timer()
            self.pump()

    def pump(self) -> None:
        """Send what the transport takes now."""
        if self.waiting:
            return
        if isinstance(self._body, memoryview):
            self._pump_bytes(self._body)
        else:
            self._pump_stream(self._body)

    def stop(self) -> None:
        """Send no more, and let go of the stream."""
        if self.done:
            return
        self.done = True
        self._held = None
        self._stop_timer()
        if not isinstance(self._body, memoryview) and not self._reading:
            release(self._exchange.channel.host, self._body)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _finish(self) -> None:
        self.stop()
        self._connection.sent_all()

    def _pump_bytes(self, body: memoryview) -> None:
        connection = self._connection
        for _ in range(BURST):
            if self.done or not connection.writable:
                return
            piece = body[self._at:self._at + SLICE]
            self._at += len(piece)
            connection.write(piece)
            if self._at == self._length:
                self._finish()
            self._tell(len(piece), self._at)
        if not self.done:
            self._exchange.channel.host.post(self.pump)

    def _pump_stream(self, body: BodyStream) -> None:
        """Read and write in turn. The piece that completes a known length waits for the stream's end: a request whose
        stream goes on must not look complete to the server."""
        connection = self._connection
        for _ in range(2 * BURST):                # a read and a write are a turn each
            if self.done or self._reading or not connection.writable:
                return
            if self._held is not None and self._at != self._length:
                self._write_held()
                continue
            if body.may_block:
                self._reading = True
                self._exchange.channel.host.work(self._read, body)
                return
            try:
                if isinstance(body, FileStream) and self._hand_over(body):
                    continue
                piece = body.read(SLICE)
            except Exception as error:
                self._fail(error)
                return
            self._take(piece)
        if not self.done:
            self._exchange.channel.host.post(self.pump)

    def _hand_over(self, body: FileStream) -> bool:
        """Let the kernel send of a file what it takes at once, but for the last slice; whether it took anything."""
        sent = 0
        if (count := self._length - self._at - SLICE) > 0:
            sent = self._connection.send_file(body.open(), min(count, HANDED))
            if sent:
                self._at += sent
                self._tell(sent, self._at)
        return sent > 0

    def _read(self, body: BodyStream) -> None:
        """On a worker."""
        piece, problem = b"", None
        try:
            piece = body.read(SLICE)
        except BaseException as error:
            problem = error
        self._exchange.channel.host.post(self._arrived, body, piece, problem)

    def _arrived(self, body: BodyStream, piece: bytes, problem: BaseException | None) -> None:
        self._reading = False
        if self.done:
            release(self._exchange.channel.host, body)
        elif problem is not None:
            self._fail(problem)
        else:
            self._take(piece)
            self._pump_stream(body)

    def _take(self, piece: bytes) -> None:
        """The stream gave `piece`; empty: it is at its end."""
        self._at += len(piece)
        if self._length >= 0 and (self._at > self._length or (not piece and self._at < self._length)):
            how = f"{self._at} bytes and then ended" if not piece else f"{self._at} bytes or more"
            self._fail(ValueError(f"the body's stream has a length of {self._length} bytes, but gave {how}"))
        elif piece:
            self._held = piece
        else:
            if self._held is not None:
                self._write_held()
            if not self.done:
                if self._chunked:
                    self._connection.write(LAST_CHUNK)
                self._finish()

    def _write_held(self) -> None:
        piece, self._held = self._held, None
        assert piece is not None
        self._connection.write(chunk(piece) if self._chunked else piece)
        self._tell(len(piece), self._at)

    def _tell(self, count: int, at: int) -> None:
        """Report `count` bytes more, but none twice where a retry sends them again."""
        new = min(count, at - self._exchange.reported)
        if new > 0 and not self._exchange.ended:
            self._exchange.reported += new
            self._exchange.sink.sent(new)

    def _fail(self, error: BaseException) -> None:
        """The body cannot be sent to its end: its source is used up, or code of the user's that gives it has raised `error`."""
        code = Code.UNKNOWN if is_of_user_code(error) else Code.REQUEST_BODY_STREAM_EXHAUSTED
        self._connection.fail(url_error(code, self._exchange.request.url, error))
