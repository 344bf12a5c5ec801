"""A server in memory that speaks HTTP/2, for one request, in the place of one that writes and reads HTTP/1.1."""
from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, Event, RequestReceived, StreamEnded, StreamReset

from ....models.message import ResponseHead
from ...live.exchange import LiveExchange
from ...live.http1.answer import State
from ...live.http1.connection import Connection
from ...live.http1.outgoing import LAST_CHUNK, Outgoing, chunk
from ...live.http2.codec import Fields, response_head
from ...live.network.base import Wire
from ...live.network.ends import End
from ...live.network.memory import MemoryAdapter
from ...live.network.peer import Peer
from ..framing import Framing
from ..heads import Rendered, rendered
from ..pretended import Pretended
from . import frames

if TYPE_CHECKING:
    from ...live.contexts import Offer

STREAM = 1    # the client's first, and the only one
_LEFT_OUT = (b"connection", b"transfer-encoding")


class Framed:
    """The server's side of a connection: written and read as HTTP/1.1, in frames on the wire."""

    def __init__(self, peer: Peer, method: str, outgoing: Outgoing) -> None:
        self._peer, self._outgoing = peer, outgoing
        self._h2 = H2Connection(H2Configuration(client_side=False, header_encoding=None, validate_inbound_headers=False,
                                                validate_outbound_headers=False, normalize_outbound_headers=False))
        self._answer = Framing(method)
        self._events: deque[Event] = deque()
        self.hung_up = peer.hung_up
        self.reset = peer.reset

    @property
    def end(self) -> End | None:
        """That of the peer."""
        return self._peer.end

    async def begin(self) -> None:
        """Say the first word."""
        self._h2.initiate_connection()
        await self._flush()

    async def linger(self) -> None:
        """Read on until the client closes: what it has not read is lost where this closes first."""
        while not self._peer.closed and await self._peer.receive():
            pass

    async def receive(self) -> bytes:
        """More of the request; nothing at its end."""
        while self._events or await self._hear():
            while self._events:
                event = self._events.popleft()
                if isinstance(event, RequestReceived):
                    await self._peer.send(frames.goaway(STREAM, ErrorCodes.NO_ERROR))     # no other request comes here
                    return self._outgoing.head
                if isinstance(event, DataReceived) and event.data:
                    return chunk(event.data) if self._outgoing.length < 0 else event.data
                if isinstance(event, StreamEnded) and self._outgoing.length < 0:
                    return LAST_CHUNK
        return b""

    async def send(self, data: bytes) -> None:
        """Send a head, or more of what follows it."""
        for name, piece in self._answer.feed(data):
            last = self._answer.state == State.DONE
            if name in ("informational", "head"):
                self._h2.send_headers(STREAM, head_fields(piece), end_stream=last)
            elif name == "body":
                await self._send_body(piece, last)
            elif name == "trailers":
                if trailers := _fields(piece):
                    self._h2.send_headers(STREAM, trailers, end_stream=True)
                else:
                    self._h2.end_stream(STREAM)
            await self._flush()

    async def _send_body(self, data: bytes, last: bool) -> None:
        """Send `data` as the client opens its windows."""
        while data:
            size = min(self._h2.local_flow_control_window(STREAM), self._h2.max_outbound_frame_size, len(data))
            if size:
                self._h2.send_data(STREAM, data[:size], end_stream=last and size == len(data))
                data = data[size:]
                await self._flush()
            elif not await self._hear():
                raise ConnectionError("the client has closed")

    async def _hear(self) -> bool:
        """Take in what the client sends next; False at its end, or where it has given the request up."""
        data = await self._peer.receive()
        for event in self._h2.receive_data(data) if data else ():
            if isinstance(event, DataReceived) and event.flow_controlled_length:
                self._h2.acknowledge_received_data(event.flow_controlled_length, STREAM)
            if isinstance(event, StreamReset):
                data = b""
            self._events.append(event)
        await self._flush()
        return bool(data)

    async def _flush(self) -> None:
        if data := self._h2.data_to_send():
            await self._peer.send(data)


class Choosing(asyncio.Protocol):
    """Has `connection` speak HTTP/2, as a server that has chosen it does, without a handshake."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.connection.speak_http2(transport)


class PretendedHTTP2(Pretended):
    """The way of `exchange` to its server, which `serve` is by writing and reading HTTP/1.1, over HTTP/2."""

    def __init__(self, adapter: MemoryAdapter, serve: Callable[[Any], Coroutine[Any, Any, None]], exchange: LiveExchange) -> None:
        async def serve_frames(peer: Peer) -> None:
            server = Framed(peer, exchange.request.method, exchange.outgoing)
            await server.begin()
            await serve(server)
            await server.linger()

        super().__init__(adapter, serve_frames)

    async def stand(self, wire: Wire, make: Callable[[], Any], offer: Offer | None, name: str | None) -> Any:
        chosen = await self.adapter.stand(wire, lambda: Choosing(make()), None, None)
        return chosen.connection


def head_fields(section: bytes) -> Fields:
    """A head of HTTP/1.1, as HTTP/2 has it."""
    status = section.split(b" ", 2)[1]
    return [(b":status", status), *(field for field in _fields(section) if field[0] not in _LEFT_OUT)]


def _fields(section: bytes) -> Fields:
    """The fields behind the first line of `section`."""
    lines = section.split(b"\r\n")[1:-2]
    return [(name.lower(), value) for name, _, value in (line.partition(b": ") for line in lines)]


def in_frames(head: ResponseHead, method: str, length: int | None, *, is_early: bool = False) -> Rendered:
    """`heads.rendered`, with what is read of the head over HTTP/2."""
    made = rendered(head, method, length, is_early=is_early)
    return made._replace(read=response_head(head_fields(made.data))[0])
