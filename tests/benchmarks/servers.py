"""The servers that benchmarks talk to, each a process of its own."""
from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

KILOBYTE = "x" * 1024
HEAD = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nCache-Control: no-store\r\nContent-Length: 1024\r\n\r\n"
ANSWER = (HEAD + KILOBYTE).encode()
DELAY = 0.001

NGINX = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log crit;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_timeout 1h; keepalive_requests 1000000000; tcp_nodelay on; default_type text/plain;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{ listen 127.0.0.1:{port} backlog=1024 {protocol}; location / {{ add_header Cache-Control no-store; return 200 "{body}"; }} }}
}}
"""


class Missing(Exception):
    """Something of the system that a benchmark needs is not there; the message says how to get it."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _until_it_listens(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(500):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.01)
    raise RuntimeError(f"{process.args!r} did not start to listen on port {port}")


@contextmanager
def _running(command: list[str], port: int) -> Iterator[str]:
    with subprocess.Popen(command) as process:
        try:
            _until_it_listens(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@contextmanager
def nginx_http2() -> Iterator[tuple[str, str]]:
    """The same over HTTP/2 and TLS; its base URL and the file of the authority to trust."""
    import trustme

    authority = trustme.CA()
    with tempfile.TemporaryDirectory() as folder:
        own = authority.issue_cert("127.0.0.1")
        own.private_key_and_cert_chain_pem.write_to_path(f"{folder}/server.pem")
        authority.cert_pem.write_to_path(f"{folder}/authority.pem")
        protocol = f"ssl http2; ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.pem"
        with nginx(protocol) as url:
            yield url.replace("http:", "https:"), f"{folder}/authority.pem"


@contextmanager
def nginx(protocol: str = "") -> Iterator[str]:
    """A real nginx that answers every GET with 1 KB; its base URL."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        raise Missing("needs nginx on the PATH; on Debian and Ubuntu: apt-get install nginx-light")
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        configuration = Path(folder, "nginx.conf")
        configuration.write_text(NGINX.format(folder=folder, port=port, body=KILOBYTE, protocol=protocol))
        with _running([program, "-c", str(configuration), "-p", folder, "-e", f"{folder}/error.log"], port) as base:
            yield base


@contextmanager
def slow() -> Iterator[str]:
    """A server that takes a millisecond for each answer of 1 KB."""
    port = free_port()
    with _running([sys.executable, "-m", __name__, "slow", str(port)], port) as base:
        yield base


@contextmanager
def bulk() -> Iterator[str]:
    """A server that sends /N bytes as fast as it can and takes any upload."""
    port = free_port()
    with _running([sys.executable, "-m", __name__, "bulk", str(port)], port) as base:
        yield base


# in the processes --------------------------------------------------------------------------------------------------
class _Slow(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._unread = transport, b""

    def data_received(self, data: bytes) -> None:
        self._unread += data
        while b"\r\n\r\n" in self._unread:
            self._unread = self._unread.partition(b"\r\n\r\n")[2]
            asyncio.get_running_loop().call_later(DELAY, self._transport.write, ANSWER)


async def _serve_slowly(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Slow, "127.0.0.1", port)
    await server.serve_forever()


def _serve_bulk(port: int) -> None:
    with socket.create_server(("127.0.0.1", port)) as listener, tempfile.TemporaryFile() as zeros:
        zeros.truncate(1 << 30)
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_bulk_connection, args=(connection, zeros.fileno()), daemon=True).start()


def _bulk_connection(connection: socket.socket, zeros: int) -> None:
    buffer = memoryview(bytearray(1 << 20))
    with connection, open(zeros, "rb", closefd=False) as file:
        while head := _head(connection):
            method, target, _ = head.split(b" ", 2)
            if method == b"GET":
                size = int(target.strip(b"/"))
                connection.sendall(b"HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Length: %d\r\n\r\n" % size)
                connection.sendfile(file, 0, size)
                continue
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
            if fields.get(b"expect") == b"100-continue":
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            left = int(fields[b"content-length"])
            while left:
                left -= connection.recv_into(buffer, min(left, len(buffer))) or left
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def _head(connection: socket.socket) -> bytes:
    """The next request's head, byte for byte off the kernel's buffer so that the body stays there."""
    head = b""
    while b"\r\n\r\n" not in head:
        there = connection.recv(65536, socket.MSG_PEEK)
        if not there:
            return b""
        end = (head + there).find(b"\r\n\r\n")
        head += connection.recv(len(there) if end < 0 else end + 4 - len(head))
    return head


if __name__ == "__main__":
    kind, listens_on = sys.argv[1], int(sys.argv[2])
    try:
        asyncio.run(_serve_slowly(listens_on)) if kind == "slow" else _serve_bulk(listens_on)
    except KeyboardInterrupt:
        pass
