"""The world of loopback sockets, in real time."""
from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Coroutine, Generator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any

from sessionmock.clock import SECOND, SystemClock
from sessionmock.routes.live import LiveRoute
from sessionmock.routes.live.network.coroutines import Later
from tests.routes import origin as sockets

from .peers import Peer, Script, simple
from .worlds import Client, World

PATIENCE = 20.0


class Blocking:
    """What a server awaits over sockets: `call` is made on the server's thread."""

    def __init__(self, call: Callable[..., Any], *arguments: Any) -> None:
        self.call, self.arguments = call, arguments

    def __await__(self) -> Generator[Blocking, Any, Any]:
        return (yield self)


def drive(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Run `coroutine` on this thread."""
    act, argument = coroutine.send, None
    while True:
        try:
            blocking = act(argument)
        except StopIteration:
            return
        try:
            act, argument = coroutine.send, blocking.call(*blocking.arguments)
        except BaseException as error:
            act, argument = coroutine.throw, error


class SocketWorld(World):
    in_memory = False

    def __enter__(self) -> SocketWorld:
        self.host = sockets.LoopHost()
        self.host.clock = ShiftedClock(self.host.loop)
        self.host.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.close_channels()
        self.host.__exit__()

    def origin(self, script: Script = simple, context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> SocketOrigin:
        return SocketOrigin(script, context, host)    # a coroutine function, which `run_script` knows

    def route(self, *arguments: Any, **options: Any) -> LiveRoute:
        return LiveRoute(*arguments, **options)

    @contextmanager
    def silent(self, port: int = 0) -> Generator[int]:
        with ExitStack() as held:      # a listener whose queue is full
            listener = held.enter_context(socket.create_server(("127.0.0.2", port), backlog=0))
            address = listener.getsockname()
            for _ in range(4):
                queued = held.enter_context(socket.socket())
                queued.setblocking(False)
                queued.connect_ex(address)
            yield address[1]

    def wait(self, event: threading.Event) -> None:
        assert event.wait(PATIENCE), "it did not happen"

    async def reached(self, event: threading.Event, waiting: list[Later[None]]) -> None:
        await Blocking(self.wait, event)

    def call(self, call: Callable[..., Any], *arguments: Any) -> Any:
        if threading.current_thread() is self.host._thread:
            return call(*arguments)
        return self.host.call(call, *arguments)

    def settle(self, passes: int = 5) -> None:
        self.host.settle(passes)

    def stop_timers(self) -> None:
        self.host.clock.stopped = True

    def shift(self, seconds: float) -> None:
        self.host.clock.offset += int(seconds * SECOND)

    def date(self) -> datetime:
        return datetime.now(UTC)

    def aside(self, call: Callable[[], None]) -> None:
        threading.Thread(target=call).start()

    def elsewhere(self, call: Callable[[], None]) -> None:
        thread = threading.Thread(target=call)
        thread.start()
        thread.join(PATIENCE)

    def finish_work(self) -> None:
        for worker in self.host.workers:
            worker.join(PATIENCE)

    def wires(self, client: Client) -> set[Any]:
        wires: set[Any] = client.channel.adapter._wires
        return wires


class ShiftedClock(SystemClock):
    """Real time, plus what a test adds."""

    offset = 0
    stopped = False    # timers that are set come never

    def now(self) -> int:
        return super().now() + self.offset

    def call_at(self, when: int, call: Callable[..., None], *arguments: Any) -> Any:
        timer = super().call_at(when - self.offset, call, *arguments)
        if self.stopped:
            timer.cancel()
        return timer


class SocketPeer(Peer):
    def __init__(self, origin: Any, sock: Any, number: int = 0) -> None:
        super().__init__(origin)
        self.sock, self.number = sock, number
        self.tls = sock if isinstance(sock, ssl.SSLSocket) else None

    async def receive(self, count: int = 65536) -> bytes:
        data: bytes = await Blocking(self.sock.recv, count)
        return data

    async def send(self, data: bytes) -> None:
        await Blocking(self.sock.sendall, data)

    def start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        thread = threading.Thread(target=drive, args=(coroutine,), daemon=True)
        self.origin._threads.append(thread)
        thread.start()

    async def reach(self, port: int) -> Peer:
        return SocketPeer(self.origin, socket.create_connection(("127.0.0.1", port)))

    def finish(self) -> None:
        try:
            socket.socket.shutdown(self.sock, socket.SHUT_WR)
        except OSError:
            pass

    def close(self) -> None:
        self.sock.close()

    def reset(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


class SocketOrigin(sockets.Origin):
    """A server on a socket, with a thread for each connection."""

    script: Any

    def run_script(self, peer: sockets.Peer) -> None:
        drive(self.script(SocketPeer(self, peer.sock, peer.number)))
