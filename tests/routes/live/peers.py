"""The server's side of a connection, as the servers of the tests see it."""
from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Coroutine
from typing import Any


class Peer:
    """The server's side of one connection, in either world."""

    number: int
    tls: Any = None       # of the handshake; has getpeercert and selected_alpn_protocol

    def __init__(self, origin: Any) -> None:
        self.origin = origin
        self.buffer = b""
        self.head = b""

    @abstractmethod
    async def receive(self, count: int = 65536) -> bytes:
        """At least one byte; none at the end."""

    @abstractmethod
    async def send(self, data: bytes) -> None:
        """Send all of `data`."""

    @abstractmethod
    def start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run `coroutine` beside this one."""

    @abstractmethod
    async def reach(self, port: int) -> Peer:
        """A connection to another server."""

    @abstractmethod
    def finish(self) -> None:
        """Send no more."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection."""

    @abstractmethod
    def reset(self) -> None:
        """Close with RST."""

    async def read_head(self) -> bytes:
        """The next request's head; b"" where the client closed."""
        while b"\r\n\r\n" not in self.buffer:
            data = await self.receive()
            if not data:
                return b""
            self.buffer += data
        self.head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        self.origin.heads.append(self.head.decode("latin-1"))
        return self.head

    async def read(self, size: int) -> bytes:
        pieces, count = [self.buffer], len(self.buffer)
        while count < size and (data := await self.receive(262144)):
            pieces.append(data)
            count += len(data)
        whole = b"".join(pieces)
        data, self.buffer = whole[:size], whole[size:]
        return data

    async def discard(self, size: int) -> int:
        """Read `size` bytes without keeping them; how many came."""
        count = min(size, len(self.buffer))
        self.buffer = self.buffer[count:]
        while count < size and (data := await self.receive(min(262144, size - count))):
            count += len(data)
        return count

    async def read_line(self) -> bytes:
        while b"\r\n" not in self.buffer:
            data = await self.receive()
            if not data:
                raise ConnectionError("the client closed within a line")
            self.buffer += data
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line

    def field(self, name: str) -> str | None:
        for line in self.head.decode("latin-1").split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name.lower():
                return value.strip()
        return None

    async def read_body(self) -> bytes:
        if self.field("transfer-encoding"):
            body = b""
            while size := int(await self.read_line(), 16):
                body += await self.read(size)
                await self.read_line()
            await self.read_line()
            return body
        return await self.read(int(self.field("content-length") or 0))

    async def reply(self, body: bytes = b"", *fields: str, status: str = "200 OK") -> None:
        head = "\r\n".join([f"HTTP/1.1 {status}", *fields, f"Content-Length: {len(body)}", "", ""])
        await self.send(head.encode() + body)


async def simple(peer: Peer) -> None:
    """Answer every request with its target, keeping the connection."""
    while head := await peer.read_head():
        await peer.read_body()
        await peer.reply(head.split(b" ")[1])


Script = Callable[[Peer], Coroutine[Any, Any, None]]    # what a server does with a connection
