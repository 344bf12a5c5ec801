"""What stands between a stream of HTTP/2 and its connection while an exchange with faults is on it."""
from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from h2.errors import ErrorCodes

from ....errors import URLError
from ....faults.armed import Shot
from ....faults.kinds import Kind, os_error
from ....faults.table import needs_http2
from ..flow import Flow, Note
from ..hits import BREAKS, Hits
from ..pace import Pace
from . import frames
from .inbound import Inbound
from .tap import FrameTap

if TYPE_CHECKING:
    from ...live.http2.connection import Multiplex
    from ...live.http2.stream import Stream


class TappedStream(Hits):
    """The connection as `stream` sees it (`live.http2.stream.Frames`), and what comes for it before the connection hears of it."""

    def __init__(self, stream: Stream, connection: Multiplex, tell: Callable[[int], None], *, kept: bool) -> None:
        exchange = stream.exchange
        faults = exchange.request.faults
        assert faults is not None
        channel = exchange.channel
        self.faults = faults
        self.stream, self._connection, self._tell = stream, connection, tell
        self.incoming = Flow(channel.adapter, channel.host.clock, self._bring)
        self._outgoing = Flow(channel.adapter, channel.host.clock, self._bring)
        self.answer = Inbound(self.incoming, self)
        self._at = 0                             # bytes of the request's body that have gone
        self._shots: deque[Shot] | None = None   # that are to act in it, by byte; None: it has not begun
        self._pace = Pace()                      # of it
        stream.connection = self
        shots = [*(self.passing("reuse") if stream.reused or kept else ())]
        if kept and any(shot.kind.name in BREAKS for shot in shots):
            connection.answered = True           # once, before this
        for shot in (*shots, *self.passing("write.head")):
            self._hit_first(shot)
        self._outgoing.put(partial(channel.adapter.after_reading, self._open) if stream.reused else self._open)    # a farewell may lie there
        self._outgoing.run()

    def leave(self) -> None:
        """The exchange is over, or goes elsewhere: what still comes is no part of it."""
        self.answer.over = True
        self.incoming.drop()
        self._outgoing.drop()
        if self._connection.tap is not None:
            self._connection.tap.left(self)

    @property
    def _frames(self) -> FrameTap:
        """What stands between the connection and its transport: from the first turn of its own on that one of its streams has."""
        if self._connection.tap is None:
            self._connection.tap = FrameTap(self._connection)
        tap: FrameTap = self._connection.tap
        return tap

    def _bring(self, data: bytes) -> None:
        self._frames.bring(data)

    @property
    def id(self) -> int:
        """The stream's number."""
        return self.stream.id

    # before anything is sent -----------------------------------------------------------------------------------------

    def _hit_first(self, shot: Shot) -> None:
        """Put what `shot` does to a request of which nothing was sent."""
        kind = shot.kind
        if needs_http2(kind):
            self._outgoing.put(partial(self._fire, shot, partial(self._refuse, kind)))
        elif kind.name in BREAKS:
            self._outgoing.put(partial(self._fire, shot, partial(self._break_first, kind)))
        else:
            self.hit(self._outgoing, shot)

    def _refuse(self, kind: Kind) -> None:
        """The server has not touched the request, and takes others; none where it says goodbye."""
        connection, stream = self._connection, self.stream
        farewell = frames.goaway(connection.codec.highest_outbound_stream_id, ErrorCodes.NO_ERROR) if kind.name == "malformed" else b""
        stream.id = connection.codec.get_next_available_stream_id()    # that it would have had
        if not farewell or stream.exchange.retried:
            del connection.opening[stream]
            connection.reset(stream, ErrorCodes.REFUSED_STREAM)
        self._frames.bring(farewell)

    def _break_first(self, kind: Kind) -> None:
        """The head goes into a connection that breaks off."""
        del self._connection.opening[self.stream]
        self._connection.open(self.stream)
        self._frames.lose(None if kind.name == "end" else os_error(kind))

    def _open(self) -> None:
        self._connection.open_late(self.stream)
        if self.stream.open:
            self._frames.entered(self)

    # what goes wrong -------------------------------------------------------------------------------------------------

    def hit_in_frames(self, flow: Flow, shot: Shot) -> bool:
        kind = shot.kind
        spoils: dict[str, Callable[[], object]] = {
            "reset": partial(self._spoil, frames.reset(self.id, ErrorCodes.INTERNAL_ERROR)),
            "goaway": partial(self._spoil, frames.goaway(self.id, ErrorCodes.INTERNAL_ERROR)),
            "settings": partial(self._spoil, frames.BAD_SETTINGS),
            "window": flow.freeze,       # it never opens
        }
        flow.put(partial(self._fire, shot, spoils[kind["what"] if kind.name == "malformed" else kind.name]))
        return True

    def _spoil(self, frame: bytes) -> None:
        """`frame` comes, and nothing after it."""
        self._frames.bring(frame)
        self.cut()

    def break_off(self, error: OSError) -> None:
        self._frames.lose(error)

    def fail(self, error: URLError) -> None:
        self.stream.fail(error)

    def end(self) -> None:
        self._frames.lose(None)

    def cut(self) -> None:
        """The connection has all that it is to have of the stream: the server need send no more."""
        self.answer.over = True
        self._frames.tell(frames.reset(self.id, ErrorCodes.CANCEL))

    def swallowed(self, count: int) -> None:
        """So many bytes of a body came to nothing: the server may send as many more, on whatever stream."""
        if count:
            self._frames.tell(frames.window_update(count))

    # the connection, for the stream ----------------------------------------------------------------------------------

    @property
    def writable(self) -> bool:
        return self._connection.writable

    def window(self, stream: Stream) -> int:
        if self._shots is None:
            self._shots = deque(sorted(self.passing("write.body"), key=lambda shot: shot.byte))
        flow, shots = self._outgoing, self._shots
        if not flow.is_empty:
            return 0
        if not shots or shots[0].byte > self._at:
            ahead = shots[0].byte - self._at if shots else self._connection.window(stream)
            return min(self._connection.window(stream), ahead, self._pace.size or ahead)
        shot = shots.popleft()
        if not self.hit(flow, shot):
            self._pace = Pace.of(shot.kind)
            flow.put(Note(shot.fire))
        flow.put(self._go_on)
        flow.run()
        return 0

    def _go_on(self) -> None:
        if self.stream.open:      # else the server has ended it, of which a paused exchange has not heard
            self.stream.go_on()

    def send(self, stream: Stream, data: bytes | memoryview, last: bool) -> None:
        self._connection.send(stream, data, last)
        self._at += len(data)
        self._tell(self._at)
        if self._pace.seconds:
            self._outgoing.put(self._pace.seconds, self._go_on)
            self._outgoing.run()

    def turn_soon(self) -> None:
        self._connection.turn_soon()

    def taken(self, stream: Stream, count: int) -> None:
        self._connection.taken(stream, count)

    def cancel(self, stream: Stream) -> None:
        self._connection.cancel(stream)
