"""The idle timer: what counts as silence, and what does not (I16)."""
from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

import sessionmock as sm
from tests.routes.origin import Origin, Peer, simple
from tests.tasks.delegates import PATIENCE, Collecting

LIMIT = 0.4      # seconds of silence that end a load


def made(delegate: Any, **settings: Any) -> sm.URLSession:
    configuration = sm.URLSessionConfiguration.ephemeral()
    configuration.timeout_interval_for_request = LIMIT
    for name, value in settings.items():
        setattr(configuration, name, value)
    return sm.URLSession(configuration, delegate)


class Slow(Collecting):
    """Works on each response for longer than silence may last."""

    def data_task_did_receive_response(self, session: Any, task: Any, response: Any) -> Any:
        time.sleep(1.5 * LIMIT)
        return sm.ResponseDisposition.ALLOW


def test_delegate_at_work_is_no_silence() -> None:
    """Neither the time that a delegate works on a question counts, nor that which the question waits for its turn in the queue."""
    delegate = Slow()
    with Origin() as server, made(delegate) as session:
        for _ in range(3):
            session.data_task(server.url).resume()
        assert [None] * 3 == [delegate.wait() for _ in range(3)]
    assert b"///" == delegate.body


@pytest.mark.parametrize("style", ["handler", "coroutine"])
def test_delegate_that_leaves_its_answer_for_later_is_timed(style: str) -> None:
    """A question that was asked and is not answered holds the load for as long as silence may last, and no longer."""
    kept: list[Any] = []

    class Handler(Collecting):
        def data_task_did_receive_response(self, session: Any, task: Any, response: Any, completion_handler: Any) -> None:
            kept.append(completion_handler)

    class Coroutine(Collecting):
        async def data_task_did_receive_response(self, session: Any, task: Any, response: Any) -> Any:
            import asyncio
            await asyncio.get_running_loop().run_in_executor(None, released.wait, PATIENCE)
            return sm.ResponseDisposition.ALLOW

    released = threading.Event()
    delegate: Collecting = Handler() if style == "handler" else Coroutine()
    with Origin() as server, made(delegate) as session:
        task = session.data_task(server.url)
        task.resume()
        deadline = time.monotonic() + PATIENCE
        while task.error is None and time.monotonic() < deadline:
            time.sleep(0.01)
        released.set()
        assert -1001 == delegate.code()


def dripping(pieces: Callable[[], list[bytes]]) -> Callable[[Peer], None]:
    def script(peer: Peer) -> None:
        peer.read_head()
        for piece in pieces():
            peer.send(piece)
            time.sleep(LIMIT / 4)
    return script


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("pieces", [
    [HEAD[at:at + 4] for at in range(0, len(HEAD), 4)] + [b"hi"],
    [CHUNKED, b"2", b";", b"a", b"=", b"b", b"\r", b"\nhi", b"\r", b"\n0\r\n\r\n"],
    [CHUNKED, b"2\r\nhi\r\n0\r\n", b"X", b"-", b"T", b":", b" ", b"1", b"\r\n\r\n"],
], ids=["head", "chunk header", "trailers"])
def test_every_byte_counts(pieces: list[bytes]) -> None:
    """A byte of a head, a chunk's header or a trailer is progress as one of the body is."""
    delegate = Collecting()
    with Origin(dripping(lambda: pieces)) as server, made(delegate) as session:
        session.data_task(server.url).resume()
        assert delegate.wait() is None
    assert b"hi" == delegate.body


def test_time_for_the_whole_counts_all_of_it() -> None:
    """The time for the resource goes on while the delegate works."""
    delegate = Slow()
    with Origin(simple) as server, made(delegate, timeout_interval_for_resource=LIMIT) as session:
        session.data_task(server.url).resume()
        assert -1001 == delegate.code()
