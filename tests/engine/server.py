"""A small keep-alive server in a process of its own, and programs run beside it: `with Server() as server`.

The first segment of a path says what comes: /fast (the path, at once), /slow/SECONDS, /hang (nothing, ever),
/drip/COUNT/SECONDS (pieces of 1 KB), /big/BYTES, /cookie, /redirect, /status/CODE, /drop (the connection is closed),
/sent (how many bytes the last /big has been able to send), /closing (closes the connection after 30 answers).
"""
from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0
PIECE = bytes(65536)


class Server:
    """The server's process; `url` is where it listens."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, __file__], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._process.stdout.close()


def run_program(program: str, *arguments: str, timeout: float = PATIENCE, status: int = 0, **environment: str) -> str:
    """What `program` printed, run in a new interpreter; it has to end with `status` and say nothing on stderr. Warnings are errors
    where PYTHONWARNINGS says nothing else."""
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=timeout,
        env={**os.environ, "PYTHONWARNINGS": "error", **environment}, check=False)
    assert (status, "") == (done.returncode, done.stderr), f"{done.stdout}\n{done.stderr}"
    return done.stdout


class Peer:
    """Serves one connection."""

    sent = 0      # by the last /big of all connections

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.answers = 0

    async def serve(self) -> None:
        try:
            while await self.one():
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.writer.close()

    async def one(self) -> bool:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length = next((int(line[15:]) for line in head.split("\r\n") if line.lower().startswith("content-length:")), 0)
        if length:
            await self.reader.readexactly(length)
        path = head.split(" ")[1]
        what, *values = path[1:].split("/")
        self.answers += 1
        if what == "fast":
            self.answer(path.encode())
        elif what == "closing":
            last = self.answers == 30
            self.answer(path.encode(), "Connection: close" if last else "")
            return not last
        elif what == "slow":
            await asyncio.sleep(float(values[0]))
            self.answer(path.encode())
        elif what == "hang":
            await self.reader.read()
            return False
        elif what == "drop":
            return False
        elif what == "cookie":
            self.answer(b"", "Set-Cookie: taste=sweet; Path=/")
        elif what == "redirect":
            self.answer(b"", "Location: /fast/redirected", status="302 Found")
        elif what == "status":
            self.answer(b"body", status=f"{values[0]} Whatever")
        elif what == "sent":
            self.answer(str(Peer.sent).encode())
        elif what == "drip":
            count = int(values[0])
            self.writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/x\r\nContent-Length: %d\r\n\r\n" % (count * 1024))
            for _ in range(count):
                self.writer.write(PIECE[:1024])
                await self.writer.drain()
                await asyncio.sleep(float(values[1]))
        elif what == "big":
            await self.big(int(values[0]))
        else:
            self.answer(b"unknown", status="404 Not Found")
        return True

    async def big(self, size: int) -> None:
        """A body of zeros, each piece counted once it has left this process."""
        self.writer.transport.set_write_buffer_limits(0)
        Peer.sent = 0
        self.writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/x\r\nContent-Length: %d\r\n\r\n" % size)
        rest = size
        while rest:
            piece = PIECE[:rest]
            self.writer.write(piece)
            await self.writer.drain()
            rest -= len(piece)
            Peer.sent += len(piece)

    def answer(self, body: bytes, field: str = "", status: str = "200 OK") -> None:
        lines = [f"HTTP/1.1 {status}", "Content-Type: text/x", f"Content-Length: {len(body)}", *([field] if field else []), "", ""]
        self.writer.write("\r\n".join(lines).encode() + body)


async def main() -> None:
    peers: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        peers.add(task)
        try:
            await Peer(reader, writer).serve()
        except asyncio.CancelledError:
            pass
        finally:
            peers.discard(task)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    stdin = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdin), sys.stdin)
    await stdin.read()
    for peer in list(peers):
        peer.cancel()
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
