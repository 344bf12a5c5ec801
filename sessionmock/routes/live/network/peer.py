"""The wires of a network in memory: the client's, and the server's, which simple code can write."""
from __future__ import annotations

import math
import ssl
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO

from ....clock import nanoseconds
from .base import fulfil
from .coroutines import Later, Routine
from .ends import Bytes, End

if TYPE_CHECKING:
    from ...base import Host

READ = 65_536    # bytes that a server reads at once

# What a server does with a connection; it is closed when that returns.
Serve = Callable[["Peer"], Coroutine[Any, Any, None]]


async def sleep(host: Host, seconds: float) -> None:
    """Wait by the clock of `host`; for ever where `seconds` are infinite."""
    woken: Later[None] = Later()
    if not math.isinf(seconds):
        clock = host.clock
        clock.call_at(clock.now() + nanoseconds(seconds), fulfil, woken)
    await woken


class MemoryWire:
    """An end of a connection, or of one that is still to stand: then `end` is None."""

    __slots__ = ("closed", "end")

    def __init__(self, end: End | None = None) -> None:
        self.end = end
        self.closed = False

    async def send(self, data: Bytes) -> None:
        end = self._standing
        count = end.send(data)
        while count < len(data):
            data = memoryview(data)[count:]
            room: Later[None] = Later()
            end.drained = end.stirred = partial(fulfil, room)
            await room
            end.drained = end.stirred = None
            count = end.send(data)

    async def receive(self, count: int = READ) -> bytes:
        end = self._standing
        while not end.waiting:
            if end.error is not None:
                raise end.error
            if end.finished:
                return b""
            news: Later[None] = Later()
            end.stirred = partial(fulfil, news)
            await news
            end.stirred = None
        return bytes(end.take(count))

    def stirs(self) -> bool:
        end = self._standing
        return end.waiting or end.finished or end.error is not None

    def hung_up(self) -> bool:
        end = self._standing
        return not end.waiting and (end.finished or end.error is not None)

    def read_last(self, buffer: memoryview) -> int:
        end = self._standing
        if not end.waiting:
            return 0
        piece = end.take(len(buffer))
        buffer[:len(piece)] = piece
        return len(piece)

    def send_file(self, file: BinaryIO, count: int) -> int:
        """There is no kernel to hand a file to."""
        return 0

    def close(self) -> None:
        self.closed = True
        if self.end is not None:
            self.end.close()

    @property
    def _standing(self) -> End:
        assert self.end is not None, "it is not connected yet"
        return self.end


class Peer(MemoryWire):
    """The server's side of a connection. What waits goes on by the client's engine and in its time."""

    __slots__ = ("_host", "_incoming", "_outgoing", "_running", "tls")

    def __init__(self, end: End, host: Host, running: set[Routine]) -> None:
        super().__init__(end)
        self._host, self._running = host, running
        self.tls: ssl.SSLObject | None = None    # of the handshake, once `secure` is over
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()

    async def secure(self, context: ssl.SSLContext) -> None:
        """Speak TLS from here on. Raises ssl.SSLError where the client wants none of it, after it was told ours."""
        handshake = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        while True:
            try:
                handshake.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                await self._fill()
            except ssl.SSLError:
                await self._flush()
                raise
            else:
                break
        self.tls = handshake
        await self._flush()

    async def send(self, data: Bytes) -> None:
        """Send all of `data`; returns when the client's buffers hold it."""
        if self.tls is None:
            await super().send(data)
            return
        while data:
            data = memoryview(data)[self.tls.write(data):]
            await self._flush()

    async def receive(self, count: int = READ) -> bytes:
        """At least one byte and at most `count`; none at the end. Raises OSError where the client has broken off."""
        if self.tls is None:
            return await super().receive(count)
        while True:
            try:
                return self.tls.read(count)
            except ssl.SSLWantReadError:
                await self._fill()
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""

    async def sleep(self, seconds: float) -> None:
        """Let time pass; infinitely many seconds are silence for ever."""
        await sleep(self._host, seconds)

    def start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run `coroutine` beside this one."""
        Routine(lambda: coroutine, self._host.post, self._running)

    def finish(self) -> None:
        """Send no more, but go on reading: a FIN. TLS is told nothing of it."""
        self._standing.finish()

    def reset(self, error: OSError | None = None) -> None:
        """Break the connection off: a RST, which the client notices after what was sent before; as `error`."""
        self.closed = True
        self._standing.reset(error)

    def close(self) -> None:
        """Close the connection, as TLS does it where that is spoken. What was not read makes it a reset."""
        if self.tls is not None and not self.closed:
            try:
                self.tls.unwrap()
            except ssl.SSLError:    # wants the client's answer, which nobody waits for
                pass
            try:
                self._standing.send(self._outgoing.read())
            except OSError:
                pass
        super().close()

    async def _fill(self) -> None:
        data = await super().receive(READ)
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    async def _flush(self) -> None:
        if data := self._outgoing.read():
            await super().send(data)
