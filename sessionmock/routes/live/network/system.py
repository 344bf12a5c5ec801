"""The system's network: sockets, on the asyncio loop that is the engine."""
from __future__ import annotations

import asyncio
import codecs
import os
import select
import socket
import sys
from asyncio import AbstractEventLoop
from collections.abc import Callable, Coroutine, Sequence
from contextvars import Context
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from weakref import WeakKeyDictionary

from ....clock import JumpingClock
from ...base import Host
from ..contexts import Offer
from .base import READ_SIZE, P, Promise, Resolve, Running, Wire, ask, family_of

if TYPE_CHECKING:
    import ssl

codecs.lookup("idna")      # `socket` turns every host into bytes by it, and would import it in the midst of a load

# asyncio asks for the buffer, fills it and says so without a break, so one serves all connections of a loop.
_BUFFERS: WeakKeyDictionary[AbstractEventLoop, memoryview] = WeakKeyDictionary()


def resolve(host: str) -> Sequence[str]:
    """The system's answer, each address once; with its zone where it means nothing without, as those of this link (RFC 4007)."""
    found = [entry[4] for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
    return list(dict.fromkeys(f"{place[0]}%{place[3]}" if len(place) == 4 and place[3] else str(place[0]) for place in found))


class SystemNetwork:
    """Whatever the sockets of this process reach."""

    def adapter(self, host: Host) -> SystemAdapter:
        return SystemAdapter(host)


class SystemWire:
    """A socket. A transport that is put on it reads and writes this very object."""

    __slots__ = ("_adapter", "_poll", "connecting", "socket")

    def __init__(self, adapter: SystemAdapter, family: socket.AddressFamily) -> None:
        self._adapter = adapter
        self._poll: select.poll | None = None
        self.connecting = False
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.setblocking(False)

    async def send(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self.socket, data)

    async def receive(self, count: int) -> bytes:
        return await asyncio.get_running_loop().sock_recv(self.socket, count)

    def stirs(self) -> bool:
        """Asked of the kernel, because asyncio tells only while its loop runs."""
        if not hasattr(select, "poll"):    # Windows
            return bool(select.select([self.socket], [], [], 0)[0])
        if self._poll is None:
            self._poll = select.poll()
            self._poll.register(self.socket.fileno(), select.POLLIN | select.POLLPRI)
        return bool(self._poll.poll(0))

    def hung_up(self) -> bool:
        try:
            return not self.socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def read_last(self, buffer: memoryview) -> int:
        try:
            return self.socket.recv_into(buffer)
        except OSError:
            return 0

    def send_file(self, file: BinaryIO, count: int) -> int:
        if sys.platform != "linux":
            return 0
        try:
            return os.sendfile(self.socket.fileno(), file.fileno(), None, count)
        except OSError:    # nothing goes into the socket now, or an odd file system
            return 0

    def close(self) -> None:
        self._adapter.forget(self)
        self.socket.close()

    def abandon(self) -> None:
        """Give the descriptor back without shutting the connection down, which the parent process has, too."""
        if (descriptor := self.socket.detach()) >= 0:
            os.close(descriptor)


class SystemAdapter:
    """One channel's sockets."""

    __slots__ = ("_host", "_loop", "_wires", "buffer", "soon")

    buffer: memoryview
    soon: Callable[..., Any]    # the loop's own: HTTP/2 calls it for each request

    def __init__(self, host: Host) -> None:
        self._host = host
        self._loop: AbstractEventLoop | None = None    # the engine's, known from `enter` on
        self._wires: set[SystemWire] = set()           # what `abandon` gives back

    def enter(self) -> None:
        if isinstance(self._host.clock, JumpingClock):
            raise RuntimeError("a live server knows no virtual time: answer by a script or a cassette, which is recorded in real time (as by "
                               "pytest --sessionmock=record)")
        loop = self._loop = asyncio.get_running_loop()
        buffer = _BUFFERS.get(loop)
        if buffer is None:
            buffer = _BUFFERS[loop] = memoryview(bytearray(READ_SIZE))
        self.buffer = buffer
        self.soon = loop.call_soon

    def run(self, call: Callable[..., None], *arguments: Any) -> None:
        if self._loop is not None and asyncio._get_running_loop() is self._loop:
            call(*arguments)
        else:
            self._host.post(call, *arguments)

    def after_reading(self, call: Callable[..., None], *arguments: Any) -> None:
        self.soon(self.soon, call, *arguments)    # two turns, because reads come after what is ready

    def start(self, coroutine: Coroutine[Any, Any, None]) -> Running:
        return self.loop.create_task(coroutine, context=Context())

    def promise(self) -> Promise[Any]:
        return self.loop.create_future()

    @property
    def loop(self) -> AbstractEventLoop:
        """The engine's."""
        assert self._loop is not None, "`enter` comes first"
        return self._loop

    async def look_up(self, name: str, known: Resolve | None) -> Sequence[str]:
        return await ask(self, self._host, known or resolve, name)

    def connect(self, address: str, port: int, settled: Callable[[Wire, OSError | None], None]) -> Wire:
        family = family_of(address)
        if family is None:
            raise OSError(f"{address!r} is no numeric address")
        bare, _, zone = address.partition("%")
        place = (bare, port, 0, int(zone) if zone.isdecimal() and len(zone) < 10 else socket.if_nametoindex(zone)) if zone else (address, port)
        wire = SystemWire(self, family)
        self._wires.add(wire)
        try:
            wire.socket.connect(place)
        except BlockingIOError:
            wire.connecting = True
            self.loop.add_writer(wire.socket, self._settle, wire, f"{address} port {port}", settled)
        except OSError:
            wire.close()
            raise
        else:
            self.soon(settled, wire, None)
        return wire

    def _settle(self, wire: SystemWire, where: str, settled: Callable[[Wire, OSError | None], None]) -> None:
        wire.connecting = False
        self.loop.remove_writer(wire.socket)
        number = wire.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        settled(wire, OSError(number, f"{os.strerror(number)}: {where}") if number else None)

    async def stand(self, wire: Wire, make: Callable[[], P], offer: Offer | None, name: str | None) -> P:
        assert isinstance(wire, SystemWire)
        try:
            _, protocol = await self.loop.create_connection(
                make, sock=wire.socket, ssl=None if offer is None else cast("ssl.SSLContext", offer), server_hostname=name)
        except BaseException:
            wire.close()
            raise
        return protocol

    def forget(self, wire: SystemWire) -> None:
        """`wire` is about to be closed."""
        self._wires.discard(wire)
        if wire.connecting:
            wire.connecting = False
            self.loop.remove_writer(wire.socket)

    def abandon(self) -> None:
        for wire in self._wires:
            wire.abandon()
