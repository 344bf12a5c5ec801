"""A scripted server on loopback, and an engine, a sink and bodies for the tests of the live route."""
from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from sessionmock.clock import SystemClock
from sessionmock.models.message import Request
from sessionmock.routes.live import LiveRoute
from tests.routes import recorder
from tests.routes.doubles import configured

PATIENCE = 20.0


class Peer:
    """The server's side of one connection."""

    def __init__(self, origin: Origin, sock: socket.socket, number: int) -> None:
        self.origin, self.sock, self.number = origin, sock, number
        self.buffer = b""
        self.head = b""

    def read_head(self) -> bytes:
        """The next request's head; b"" where the client closed."""
        while b"\r\n\r\n" not in self.buffer:
            data = self.sock.recv(65536)
            if not data:
                return b""
            self.buffer += data
        self.head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        self.origin.heads.append(self.head.decode("latin-1"))
        return self.head

    def read(self, size: int) -> bytes:
        while len(self.buffer) < size:
            data = self.sock.recv(262144)
            if not data:
                break
            self.buffer += data
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def discard(self, size: int) -> int:
        """Read `size` bytes without keeping them; how many came."""
        count = min(size, len(self.buffer))
        self.buffer = self.buffer[count:]
        while count < size and (data := self.sock.recv(min(262144, size - count))):
            count += len(data)
        return count

    def read_line(self) -> bytes:
        while b"\r\n" not in self.buffer:
            data = self.sock.recv(65536)
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

    def read_body(self) -> bytes:
        if self.field("transfer-encoding"):
            body = b""
            while size := int(self.read_line(), 16):
                body += self.read(size)
                self.read_line()
            self.read_line()
            return body
        return self.read(int(self.field("content-length") or 0))

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def reply(self, body: bytes = b"", *fields: str, status: str = "200 OK") -> None:
        head = "\r\n".join([f"HTTP/1.1 {status}", *fields, f"Content-Length: {len(body)}", "", ""])
        self.send(head.encode() + body)

    def reset(self) -> None:
        """Close with RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


def simple(peer: Peer) -> None:
    """Answer every request with its target, keeping the connection."""
    while head := peer.read_head():
        peer.read_body()
        peer.reply(head.split(b" ")[1])


class Origin:
    """Runs `script(peer)` on a thread for each connection; the connection is closed when it returns."""

    def __init__(
        self, script: Callable[[Peer], None] = simple, context: ssl.SSLContext | None = None, host: str = "127.0.0.1",
    ) -> None:
        self.script, self.context = script, context
        self.heads: list[str] = []
        self.connections = 0
        self.errors: list[BaseException] = []
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server((host, 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        self.url = f"{'https' if context else 'http'}://{host}:{self.port}"

    def __enter__(self) -> Origin:
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(PATIENCE)
        for sock in self._open:
            try:
                socket.socket.shutdown(sock, socket.SHUT_RDWR)    # that of TLS takes its state from under a script that runs
            except OSError:
                pass
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "a script of the server hangs"
        if self.errors:
            raise self.errors[0]

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            self._open.append(sock)
            thread = threading.Thread(target=self._serve, args=(sock, self.connections), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        try:
            if self.context is not None:
                plain, sock = sock, self.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
                self._open[self._open.index(plain)] = sock
                try:
                    sock.do_handshake()
                except ssl.SSLError:
                    drain(sock)
                    raise
            self.run_script(Peer(self, sock, number))
        except OSError:
            pass
        except BaseException as error:
            self.errors.append(error)
        finally:
            sock.close()

    def run_script(self, peer: Peer) -> None:
        """Serve a connection by the script that there is now."""
        self.script(peer)


def drain(sock: socket.socket) -> None:
    """Read what still comes of a connection that TLS gave up: closed over unread bytes it would be reset, and the reset
    can overtake the alert."""
    sock.shutdown(socket.SHUT_WR)
    sock.settimeout(PATIENCE)
    while socket.socket.recv(sock, 65536):
        pass


class LoopHost:
    """An engine of the least kind: one asyncio loop on a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.clock = SystemClock(self.loop)
        self.problems: list[dict[str, Any]] = []
        self.workers: list[threading.Thread] = []
        self.loop.set_exception_handler(lambda _, context: self.problems.append(context))

    def __enter__(self) -> LoopHost:
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.settle()
        for worker in self.workers:
            worker.join(PATIENCE)
        left = [task for task in asyncio.all_tasks(self.loop) if not task.done()]
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(PATIENCE)
        self.loop.close()
        assert self.problems == []
        assert left == []

    def post(self, call: Callable[..., None], *arguments: Any) -> None:
        self.loop.call_soon_threadsafe(call, *arguments)

    def work(self, call: Callable[..., None], *arguments: Any) -> None:
        worker = threading.Thread(target=call, args=arguments, daemon=True)
        worker.start()
        self.workers.append(worker)    # a thread that was not started cannot be joined

    def settle(self, passes: int = 5) -> None:
        """Wait until the loop has run what was posted, and what that posted."""
        for _ in range(passes):
            done = threading.Event()
            self.loop.call_soon_threadsafe(done.set)
            assert done.wait(PATIENCE)

    def call(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """Run `call` on the loop; its result."""
        result: list[Any] = []
        done = threading.Event()

        def run() -> None:
            try:
                result.append(call(*arguments))
            finally:
                done.set()

        self.loop.call_soon_threadsafe(run)
        assert done.wait(PATIENCE)
        return result[0]


class Recorder(recorder.Recorder):
    """A recorder that threads wait for."""

    def __init__(self, keep: bool = True, **on: Callable[..., None]) -> None:
        super().__init__(threading.Event(), threading.Event(), keep, **on)

    def wait(self) -> Self:
        assert self.done.wait(PATIENCE), f"not done after {self.events}"
        return self


@dataclass
class Stream:
    """A body in pieces; an exception among them is raised."""

    pieces: list[bytes | Exception]
    length: int = -1
    may_block: bool = False
    reads: int = 0
    closed: int = 0

    def read(self, size: int) -> bytes:
        if self.reads == len(self.pieces):
            return b""
        piece = self.pieces[self.reads]
        self.reads += 1
        if isinstance(piece, Exception):
            raise piece
        assert len(piece) <= size
        return piece

    def close(self) -> None:
        self.closed += 1


class Client:
    """A channel on a LoopHost."""

    def __init__(self, host: LoopHost, limit: int = 6, route: LiveRoute | None = None, **configuration: Any) -> None:
        self.host = host
        self.channel = (route or LiveRoute()).bind(configured(limit, **configuration), host)

    def open(self, url: str, method: str = "GET", *fields: tuple[str, str], body: Any = None, sink: Any = None) -> Any:
        """An exchange; its recorder is `.sink`."""
        return self.channel.open(Request(method, url, list(fields), body), sink or Recorder())

    def load(self, url: str, method: str = "GET", *fields: tuple[str, str], body: Any = None, sink: Any = None) -> Recorder:
        """The recorder of a request that has ended."""
        return self.open(url, method, *fields, body=body, sink=sink).sink.wait()
