"""A network in memory: the same connections as over the system's, under real and under virtual time, without a socket.

What a server does is a coroutine (see `peer.Peer`):

    async def serve(peer):
        await peer.receive()
        await peer.send(b"HTTP/1.1 200 OK\\r\\nContent-Length: 9\\r\\n\\r\\nhalf")
        peer.reset()

    LiveRoute(network=MemoryNetwork(serve))
"""
from __future__ import annotations

import errno
import os
import socket
import ssl
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from threading import get_ident
from typing import Any, TypeAlias, cast

from ....clock import JumpingClock
from ...base import Host
from ..contexts import Offer
from .base import READ_SIZE, P, Resolve, Wire, ask, family_of
from .coroutines import Later, Routine
from .dates import dated
from .ends import End, pair
from .peer import MemoryWire, Peer, Serve, sleep
from .tls import MemoryTLS
from .transport import MemoryTransport

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class After:
    """What becomes of a look-up or of an attempt to connect so many seconds later; infinitely many: nothing, ever."""

    seconds: float
    outcome: Any = None


Found: TypeAlias = Sequence[str] | OSError | After    # what a name brings
Place: TypeAlias = Serve | OSError | After            # what an address and a port bring


class MemoryNetwork:
    """Servers, by where they listen. `serve` answers at every other address and port, and then every other name leads to it.

    `names` and `places` may be changed at any time; hosts stand there in their canonical form. A network may serve sessions of several
    engines at once; a server runs on the engine of the session that has connected to it.
    """

    def __init__(self, serve: Serve | None = None) -> None:
        self.names: dict[str, Found] = {"localhost": [LOOPBACK]}
        self.places: dict[tuple[str, int], Place] = {}
        self._serve = serve
        self._ports = count(49_152)

    def listen(self, serve: Place, address: str = LOOPBACK, port: int = 0) -> int:
        """Let `serve` answer at `address` and `port`, or at a port that is free; which one."""
        port = port or next(self._ports)
        self.places[address, port] = serve
        return port

    def adapter(self, host: Host) -> MemoryAdapter:
        return MemoryAdapter(self, host)

    def found(self, name: str) -> Found:
        """What looking `name` up brings."""
        known = self.names.get(name)
        if known is None:
            known = socket.gaierror(socket.EAI_NONAME, "Name or service not known") if self._serve is None else [LOOPBACK]
        return known

    def place(self, address: str, port: int) -> Place:
        """What connecting to `address` and `port` brings."""
        return self.places.get((address, port)) or self._serve or ConnectionRefusedError(
            errno.ECONNREFUSED, f"{os.strerror(errno.ECONNREFUSED)}: {address} port {port}")

    def ends(self, address: str, port: int) -> tuple[End, End]:
        """Both ends of a new connection to `address` and `port`, the client's first."""
        return pair(_end_name(address, next(self._ports)), _end_name(address, port))


def _end_name(address: str, port: int) -> tuple[object, ...]:
    """An end of a connection, as sockets name theirs."""
    return (address, port, 0, 0) if ":" in address else (address, port)


class MemoryAdapter:
    """One channel's access to a network in memory. Whatever goes on goes on by calls that are posted to the host."""

    __slots__ = ("_host", "_network", "_running", "_thread", "buffer")

    buffer: memoryview

    def __init__(self, network: MemoryNetwork, host: Host) -> None:
        self._network, self._host = network, host
        self._running: set[Routine] = set()
        self._thread: int | None = None    # that makes a call of `soon`: there is no loop to tell where the engine is

    def enter(self) -> None:
        self.buffer = memoryview(bytearray(READ_SIZE))

    def run(self, call: Callable[..., None], *arguments: Any) -> None:
        if self._thread == get_ident():
            call(*arguments)
        else:
            self._host.post(call, *arguments)

    def soon(self, call: Callable[..., None], *arguments: Any) -> None:
        self._host.post(self._make, call, arguments)

    def _make(self, call: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        before, self._thread = self._thread, get_ident()
        try:
            call(*arguments)
        finally:
            self._thread = before

    def after_reading(self, call: Callable[..., None], *arguments: Any) -> None:
        self.soon(self.soon, call, *arguments)

    def start(self, coroutine: Coroutine[Any, Any, None]) -> Routine:
        return Routine(lambda: coroutine, self.soon, self._running)

    def promise(self) -> Later[Any]:
        return Later()

    async def look_up(self, name: str, resolve: Resolve | None) -> Sequence[str]:
        if resolve is not None:
            return await ask(self, self._host, resolve, name)
        found = await self._outcome(self._network.found(name))
        return cast("Sequence[str]", found)

    def connect(self, address: str, port: int, settled: Callable[[Wire, OSError | None], None]) -> Wire:
        if family_of(address) is None:
            raise OSError(f"{address!r} is no numeric address")
        wire = MemoryWire()
        Routine(partial(self._connect, wire, address, port, settled), self.soon, self._running)
        return wire

    async def _connect(self, wire: MemoryWire, address: str, port: int, settled: Callable[[Wire, OSError | None], None]) -> None:
        problem: OSError | None = None
        try:
            serve: Serve = await self._outcome(self._network.place(address, port))
        except OSError as error:
            problem = error
        if wire.closed:
            return
        if problem is None:
            self.join(wire, serve, address, port)
        settled(wire, problem)

    def join(self, wire: MemoryWire, serve: Serve, address: str, port: int) -> None:
        """Let `serve` answer at the other end of `wire`, which stands from now on."""
        wire.end, far = self._network.ends(address, port)
        Routine(partial(_served, serve, Peer(far, self._host, self._running)), self.soon, self._running)

    async def _outcome(self, outcome: Any) -> Any:
        """What becomes of a look-up or an attempt in the end. Raises it where that is an OSError."""
        while isinstance(outcome, After):
            await sleep(self._host, outcome.seconds)
            outcome = outcome.outcome
        if isinstance(outcome, OSError):
            raise outcome
        return outcome

    async def stand(self, wire: Wire, make: Callable[[], P], offer: Offer | None, name: str | None) -> P:
        assert isinstance(wire, MemoryWire)
        assert wire.end is not None
        protocol, post = make(), self.soon
        stood: Later[None] = Later()
        if offer is None:
            transport = MemoryTransport(wire.end, protocol, post)
            post(stood.set_result, None)
        else:
            if isinstance(self._host.clock, JumpingClock):
                offer = dated(offer, self._host.clock)
            transport = MemoryTransport(wire.end, MemoryTLS(self._host.clock, post, protocol, offer, stood, name), post)
        try:
            await stood
        except BaseException:
            transport.abort()
            wire.close()
            raise
        return protocol

    def abandon(self) -> None:
        """A forked child has a copy of its own of everything."""


async def _served(serve: Serve, peer: Peer) -> None:
    """What a server does with a connection; a mistake of its is raised, after the connection was broken off."""
    try:
        await serve(peer)
    except (ConnectionError, ssl.SSLError):
        peer.close()      # the client broke off, or this side of the connection is closed already
    except GeneratorExit:
        raise             # nobody knows of this connection any more
    except BaseException:
        peer.reset()
        raise
    else:
        peer.close()
