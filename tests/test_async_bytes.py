"""`AsyncBytes`: a body that is read while it comes."""
from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Callable, Iterator

import pytest

import sessionmock as sm
from tests.routes.origin import Origin, Peer

PATIENCE = 20.0


@pytest.fixture
def session() -> Iterator[sm.URLSession]:
    with sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        yield session


def holding(gone: threading.Event) -> Callable[[Peer], None]:
    """A server that sends half of its answer and waits until its client has gone."""
    def script(peer: Peer) -> None:
        peer.read_head()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx")
        if not peer.sock.recv(1):
            gone.set()
    return script


def ended(task: sm.URLSessionTask) -> sm.URLError | None:
    deadline = time.monotonic() + PATIENCE
    while task.state is not sm.TaskState.COMPLETED and time.monotonic() < deadline:
        time.sleep(0.01)
    return task.error


def test_dropping_the_reader_cancels(session: sm.URLSession) -> None:
    """A body that nobody can read any more is not loaded any further; the server sees its client go."""
    gone = threading.Event()
    with Origin(holding(gone)) as server:
        stream, _ = session.bytes(server.url).result()
        task = stream.task
        assert b"x"[0] == next(iter(stream))
        del stream
        gc.collect()
        error = ended(task)
        assert error is not None
        assert sm.URLError.Code.CANCELLED == error.code
        assert gone.wait(PATIENCE)


def test_cancelling_who_waits_for_the_next_byte_cancels(session: sm.URLSession) -> None:
    """asyncio's own CancelledError comes out of the iteration, and the task ends with -999, though its reader is still held."""
    gone = threading.Event()

    async def read(stream: sm.AsyncBytes, first: asyncio.Event) -> None:
        async for _ in stream:
            first.set()

    async def main() -> sm.AsyncBytes:
        stream, _ = await session.bytes(server.url)
        first = asyncio.Event()
        reading = asyncio.create_task(read(stream, first))
        await first.wait()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        return stream

    with Origin(holding(gone)) as server:
        stream = asyncio.run(main())
        error = ended(stream.task)
        assert error is not None
        assert sm.URLError.Code.CANCELLED == error.code
        assert gone.wait(PATIENCE)
