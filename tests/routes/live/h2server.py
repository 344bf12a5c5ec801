"""The server's side of HTTP/2 for the tests of the wire: h2 over a `Peer`, as scripts that see each event."""
from __future__ import annotations

import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import trustme
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, PingAckReceived, RequestReceived, StreamEnded
from h2.exceptions import StreamClosedError
from h2.settings import SettingCodes

from .peers import Peer
from .worlds import World


class Server:
    """One connection as its script sees it, from `begin` on."""

    def __init__(self, peer: Peer, settings: dict[SettingCodes, int]) -> None:
        self.peer = peer
        self.number = peer.number
        self.h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8", validate_outbound_headers=False))
        self.h2.local_settings.update(settings)
        self.h2.initiate_connection()
        self.h2.update_settings(settings)
        self.heads: dict[int, dict[str, str]] = {}
        self.bodies: dict[int, bytes] = {}
        self.fields: dict[int, list[tuple[str, str]]] = {}
        self.arrived: deque[Any] = deque()
        self.greedy = True

    async def begin(self) -> Server:
        await self.flush()
        return self

    async def flush(self) -> None:
        await self.peer.send(self.h2.data_to_send())

    async def receive(self) -> bool:
        """Take in what the client sent; windows are opened again at once unless `greedy` is off."""
        data = await self.peer.receive()
        for event in self.h2.receive_data(data) if data else ():
            if isinstance(event, RequestReceived):
                self.fields[event.stream_id] = event.headers
                self.heads[event.stream_id] = dict(event.headers)
                self.bodies[event.stream_id] = b""
            elif isinstance(event, DataReceived):
                self.bodies[event.stream_id] += event.data
                if event.flow_controlled_length and self.greedy:
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            self.arrived.append(event)
        if data:
            await self.flush()
        return bool(data)

    async def events(self) -> AsyncIterator[Any]:
        """What the client sends until it closes."""
        while self.arrived or await self.receive():
            if self.arrived:
                yield self.arrived.popleft()

    async def requests(self) -> AsyncIterator[int]:
        """The streams of complete requests."""
        async for event in self.events():
            if isinstance(event, StreamEnded):
                yield event.stream_id

    async def gather(self, count: int) -> list[int]:
        """The streams of the next `count` complete requests."""
        streams: list[int] = []
        while len(streams) < count and (self.arrived or await self.receive()):
            if self.arrived and isinstance(event := self.arrived.popleft(), StreamEnded):
                streams.append(event.stream_id)
        return streams

    def head(self, stream: int, status: int = 200, *fields: tuple[str, str], end: bool = False) -> None:
        self.h2.send_headers(stream, [(":status", str(status)), *fields], end_stream=end)

    async def reply(self, stream: int, body: bytes | None = None, *fields: tuple[str, str], status: int = 200) -> None:
        """A whole answer; without a body, the path."""
        if body is None:
            body = self.heads[stream][":path"].encode()
        self.head(stream, status, *fields, end=not body)
        if body:
            await self.send_all(stream, body)
        await self.flush()

    async def send_all(self, stream: int, body: bytes) -> None:
        """A body of any size, waiting for windows."""
        await self.send_some(stream, body)
        self.h2.end_stream(stream)
        await self.flush()

    async def send_some(self, stream: int, body: bytes) -> None:
        while body:
            if self.h2.streams[stream].closed:
                raise StreamClosedError(stream)
            size = min(self.h2.local_flow_control_window(stream), 16384, len(body))
            if size:
                self.h2.send_data(stream, body[:size])
                body = body[size:]
            await self.flush()
            if not size and not await self.receive():
                raise ConnectionError("the client closed")

    async def goodbye(self, last: int, code: ErrorCodes = ErrorCodes.NO_ERROR) -> None:
        """GOAWAY, after which h2 would say no more."""
        state = self.h2.state_machine.state
        self.h2.close_connection(code, last_stream_id=last)
        self.h2.state_machine.state = state
        await self.flush()

    async def heard(self) -> None:
        """Wait until the client has read all that was sent, or closes."""
        self.h2.ping(b"all read")
        await self.flush()
        while not any(isinstance(event, PingAckReceived) for event in self.arrived) and await self.receive():
            pass

    async def linger(self) -> None:
        """Serve the protocol until the client closes."""
        while await self.receive():
            pass


async def echo(server: Server) -> None:
    """Answer every request with its path, or with its body."""
    async for stream in server.requests():
        await server.reply(stream, server.bodies[stream] or None)


def serving(authority: trustme.CA, *protocols: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    context.set_alpn_protocols(list(protocols or ("h2", "http/1.1")))
    return context


def h2_origin(world: World, script: Callable[[Server], Coroutine[Any, Any, None]], context: ssl.SSLContext, **settings: int) -> Any:
    """A server in `world` whose scripts get a Server."""
    chosen = {SettingCodes[name.upper()]: value for name, value in settings.items()}

    async def serve(peer: Peer) -> None:
        await script(await Server(peer, chosen).begin())

    return world.origin(serve, context)
