"""The world in memory and in virtual time."""
from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Coroutine, Generator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import sessionmock as sm
from sessionmock.clock import SECOND
from sessionmock.routes.live import LiveRoute
from sessionmock.routes.live.network import peer as memory
from sessionmock.routes.live.network.coroutines import Later
from sessionmock.routes.live.network.memory import After, MemoryAdapter, MemoryNetwork

from .peers import Peer, Script, simple
from .worlds import Client, World

LONG = 3600    # virtual seconds that a wait lasts at most


class MemoryWorld(World):
    in_memory = True

    def __enter__(self) -> MemoryWorld:
        self._held = ExitStack()
        self.clock = self._held.enter_context(sm.virtual_time())._engine.clock
        self.host = SimpleNamespace(clock=self.clock, post=self._post, work=self._post)
        self.network = Watched()
        return self

    def __exit__(self, *_: object) -> None:
        self.close_channels()
        self._held.close()

    def _post(self, call: Callable[..., None], *arguments: Any) -> None:
        self.clock.call_at(self.clock.now(), call, *arguments)

    def origin(self, script: Script = simple, context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> MemoryOrigin:
        return MemoryOrigin(self, script, context, host)

    def route(self, *arguments: Any, **options: Any) -> LiveRoute:
        return LiveRoute(*arguments, network=self.network, **options)

    @contextmanager
    def silent(self, port: int = 0) -> Generator[int]:
        yield self.network.listen(After(float("inf")), "127.0.0.2", port)

    def wait(self, event: threading.Event) -> None:
        limit = self.clock.now() + LONG * SECOND
        while not event.is_set():
            assert self.clock.advance(limit), "nothing is left to happen"

    async def reached(self, event: threading.Event, waiting: list[Later[None]]) -> None:
        if not event.is_set():
            waiting.append(Later())
            await waiting[-1]

    def call(self, call: Callable[..., Any], *arguments: Any) -> Any:
        return call(*arguments)

    def settle(self, passes: int = 5) -> None:
        while self.clock.advance(self.clock.now()):
            pass

    def stop_timers(self) -> None:
        """Time stands still by itself."""

    def shift(self, seconds: float) -> None:
        limit = self.clock.now() + int(seconds * SECOND)
        while self.clock.advance(limit):
            pass

    def date(self) -> datetime:
        return self.clock.date()

    def elsewhere(self, call: Callable[[], None]) -> None:
        call()

    def aside(self, call: Callable[[], None]) -> None:
        self._post(call)

    def finish_work(self) -> None:
        self.settle()

    def wires(self, client: Client) -> set[Any]:
        return {wire for wire in client.channel.adapter.wires if not wire.closed}


class Watched(MemoryNetwork):
    """A network whose connections can be looked at."""

    def adapter(self, host: Any) -> WatchedAdapter:
        return WatchedAdapter(self, host)


class WatchedAdapter(MemoryAdapter):
    def __init__(self, network: MemoryNetwork, host: Any) -> None:
        super().__init__(network, host)
        self.wires: list[memory.MemoryWire] = []

    def connect(self, address: str, port: int, settled: Any) -> Any:
        self.wires.append(super().connect(address, port, settled))
        return self.wires[-1]


class MemoryPeer(Peer):
    def __init__(self, origin: Any, wire: memory.MemoryWire, number: int = 0) -> None:
        super().__init__(origin)
        self.wire, self.number = wire, number
        self.tls = getattr(wire, "tls", None)

    async def receive(self, count: int = 65536) -> bytes:
        return await self.wire.receive(count)

    async def send(self, data: bytes) -> None:
        await self.wire.send(data)

    def start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        assert isinstance(self.wire, memory.Peer)
        self.wire.start(coroutine)

    async def reach(self, port: int) -> Peer:
        world = self.origin.world
        settled: Later[OSError | None] = Later()
        wire = world.network.adapter(world.host).connect("127.0.0.1", port, lambda _, problem: settled.set_result(problem))
        if problem := await settled:
            raise problem
        return MemoryPeer(self.origin, wire)

    def finish(self) -> None:
        assert self.wire.end is not None
        self.wire.end.finish()

    def close(self) -> None:
        self.wire.close()

    def reset(self) -> None:
        assert isinstance(self.wire, memory.Peer)
        self.wire.reset()


class MemoryOrigin:
    """A server in memory."""

    def __init__(self, world: MemoryWorld, script: Script, context: ssl.SSLContext | None, host: str) -> None:
        self.world, self.script, self.context, self.address = world, script, context, host
        self.heads: list[str] = []
        self.connections = 0
        self._running: list[memory.Peer] = []
        self.port = world.network.listen(self._serve, host)
        self.url = f"{'https' if context else 'http'}://{host}:{self.port}"

    def __enter__(self) -> MemoryOrigin:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        del self.world.network.places[self.address, self.port]
        self.world.settle()
        for peer in self._running:    # as if the client said no more
            assert peer.end is not None
            peer.end.other.finish()
        self.world.settle()
        assert kind is not None or not self._running, "a script of the server hangs"

    async def _serve(self, peer: memory.Peer) -> None:
        self.connections += 1
        number = self.connections
        self._running.append(peer)
        try:
            if self.context is not None:
                await peer.secure(self.context)
            await self.script(MemoryPeer(self, peer, number))
        finally:
            self._running.remove(peer)
