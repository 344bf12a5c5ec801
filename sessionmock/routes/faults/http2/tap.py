"""What stands between a connection of HTTP/2 and its transport, from the first request on that brings faults."""
from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from hpack.exceptions import HPACKError

from ...live.http2.codec import CONTINUATION, HEADERS, Fields
from . import frames
from .frames import Cutter, Frame

if TYPE_CHECKING:
    from ...live.http2.connection import Multiplex
    from ...live.http2.stream import Stream
    from ..flow import Flow
    from .inbound import Inbound


class Watched(Protocol):
    """A stream with faults, as the tap of its connection sees it: `stream.TappedStream`."""

    @property
    def stream(self) -> Stream:
        """The one of the connection."""

    @property
    def answer(self) -> Inbound:
        """Takes what comes for it."""

    @property
    def incoming(self) -> Flow:
        """Where that puts it."""


class FrameTap(asyncio.BufferedProtocol):
    """Takes what comes for requests with faults, and passes on all else; hears in the connection's place what becomes of the
    transport. On the engine only.

    The header blocks of those requests' streams are read as they come, with the connection's own memory of compressed fields, and
    are passed on uncompressed: so each can be changed, late or lost, and those of other streams are still understood.
    """

    def __init__(self, connection: Multiplex) -> None:
        self._connection = connection
        codec = connection.codec
        self._cutter, codec.rest = Cutter(codec.rest), b""
        self._streams: dict[int, Watched] = {}      # all that there have been
        self._present: dict[Watched, None] = {}     # with an exchange on it
        self._head: Frame | None = None             # a header block that is not complete
        self._broken: list[Exception | None] = []   # the connection broke off, as a fault said, over this
        self._ended: list[Exception | None] = []    # it did by itself, and the streams have more to tell that came before
        connection.transport.set_protocol(self)

    def entered(self, stream: Watched) -> None:
        """What comes on `stream` is its own from now on."""
        self._streams[stream.stream.id] = stream
        self._present[stream] = None

    def left(self, stream: Watched) -> None:
        """No exchange is on `stream` any more."""
        self._present.pop(stream, None)
        self._settle()

    def bring(self, data: bytes) -> None:
        """`data` comes."""
        connection = self._connection
        buffer = connection.get_buffer(-1)
        if not self._broken:
            buffer[:len(data)] = data
            connection.buffer_updated(len(data))

    def tell(self, frame: bytes) -> None:
        """Let the server know `frame`, of which the connection knows nothing."""
        self._connection.say(frame)

    def lose(self, error: Exception | None) -> None:
        """The connection breaks off."""
        self._broken.append(error)
        self._connection.transport.abort()

    # called by the transport -----------------------------------------------------------------------------------------

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._connection.get_buffer(sizehint)

    def buffer_updated(self, count: int) -> None:
        for frame in self._cutter.frames(self.get_buffer(count)[:count].tobytes()):
            stream = self._streams.get(frame.stream)
            if stream is None or frame.kind == frames.WINDOW_UPDATE:
                self.bring(bytes(frame))
                continue
            if frame.kind in (HEADERS, CONTINUATION):
                self._block_came(stream, frame)
            else:
                stream.answer.came(frame)
            stream.incoming.run()

    def _block_came(self, stream: Watched, frame: Frame) -> None:
        """A header block, or a part of one."""
        before = self._head.payload if self._head is not None else b""
        head = (self._head or frame)._replace(payload=before + frame.content)
        self._head = head
        if frame.flags & frames.END_HEADERS:
            self._head = None
            try:
                fields: Fields = list(self._connection.codec.decoder.decode(head.payload, raw=True))
            except HPACKError:
                self.bring(bytes(frame))     # no better there: it ends the connection
            else:
                stream.answer.fields(fields, last=bool(head.flags & frames.END_STREAM))

    def pause_writing(self) -> None:
        self._connection.pause_writing()

    def resume_writing(self) -> None:
        self._connection.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        if self._broken:
            self._connection.connection_lost(self._broken[0])
            return
        self._ended.append(error)
        for stream in list(self._present):
            if stream.incoming.frozen:
                self._connection.forget(stream.stream)     # it hears nothing of it
            else:
                stream.incoming.put(self._settle)
                stream.incoming.run()
        self._settle()

    def _settle(self) -> None:
        """Tell the connection that it has ended, when the streams have told all that came before."""
        if self._ended and all(stream.incoming.frozen or stream.incoming.is_empty for stream in self._present):
            self._connection.pool.channel.adapter.soon(self._connection.connection_lost, self._ended.pop())
