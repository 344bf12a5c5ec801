"""What time does to tasks: what counts as silence and what does not (I16), which limit holds, and that suspended tasks have time.
Time is the clock's, and servers are in memory."""
from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest

import sessionmock as sm
from sessionmock.routes.live.network.memory import MemoryNetwork
from sessionmock.routes.live.network.peer import Peer, Serve
from tests.tasks.delegates import Collecting

LIMIT = 60      # seconds of silence that end a load
URL = "http://a.test/"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
def clock() -> Iterator[sm.VirtualClock]:
    with sm.virtual_time() as clock:
        yield clock


def pieces(*data: bytes, pause: float = 0) -> Serve:
    """A server that answers by these pieces, `pause` seconds before each."""
    async def serve(peer: Peer) -> None:
        while await peer.receive():
            for piece in data:
                await peer.sleep(pause)
                await peer.send(piece)

    return serve


class Slow(Collecting):
    """Works on each response for longer than silence may last."""

    def __init__(self, clock: sm.VirtualClock) -> None:
        super().__init__()
        self.clock = clock

    def data_task_did_receive_response(self, session: Any, task: Any, response: Any) -> Any:
        self.clock.advance(1.5 * LIMIT)
        return sm.ResponseDisposition.ALLOW


@pytest.fixture
def network(clock: sm.VirtualClock) -> Iterator[MemoryNetwork]:
    """Where a.test says "hi" unless somebody else listens there, and slow.test answers when silence has lasted too long."""
    network = MemoryNetwork()
    network.names.update({"a.test": ["10.0.0.1"], "slow.test": ["10.0.0.2"]})
    network.listen(pieces(HEAD + b"hi"), "10.0.0.1", 80)
    network.listen(pieces(HEAD + b"hi", pause=3 * LIMIT), "10.0.0.2", 80)
    with sm.use_route(sm.LiveRoute(network=network, trust_env=False)):
        yield network


def made(delegate: Any = None, **settings: Any) -> sm.URLSession:
    configuration = sm.URLSessionConfiguration.ephemeral()
    for name, value in settings.items():
        setattr(configuration, name, value)
    return sm.URLSession(configuration, delegate)


@pytest.mark.usefixtures("network")
def test_delegate_at_work_is_no_silence(clock: sm.VirtualClock) -> None:
    """Neither the time that a delegate works on a question counts, nor that which the question waits for its turn in the queue."""
    delegate = Slow(clock)
    with made(delegate) as session:
        for _ in range(3):
            session.data_task(URL).resume()
    assert [None] * 3 == [delegate.wait() for _ in range(3)]
    assert (b"hihihi", 4.5 * LIMIT) == (delegate.body, clock.now())


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize("style", ["handler", "coroutine"])
def test_delegate_that_leaves_its_answer_for_later_is_timed(clock: sm.VirtualClock, style: str) -> None:
    """A question that was asked and is not answered holds the load for as long as silence may last, and no longer."""
    kept: list[Any] = []

    class Handler(Collecting):
        def data_task_did_receive_response(self, session: Any, task: Any, response: Any, completion_handler: Any) -> None:
            kept.append(completion_handler)

    class Coroutine(Collecting):
        async def data_task_did_receive_response(self, session: Any, task: Any, response: Any) -> Any:
            with made(timeout_interval_for_request=5 * LIMIT) as other:
                await other.data("http://slow.test/")
            kept.append(task.error)
            return sm.ResponseDisposition.ALLOW

    delegate: Collecting = Handler() if style == "handler" else Coroutine()
    with made(delegate) as session:
        session.data_task(URL).resume()
    assert (-1001, b"", 1) == (delegate.code(), delegate.body, len(kept))
    if style == "handler":
        assert LIMIT == clock.now()
    else:
        assert -1001 == kept[0].code    # was over before the coroutine was


@pytest.mark.parametrize("answer", [
    [HEAD[at:at + 4] for at in range(0, len(HEAD), 4)] + [b"hi"],
    [CHUNKED, b"2", b";", b"a", b"=", b"b", b"\r", b"\nhi", b"\r", b"\n0\r\n\r\n"],
    [CHUNKED, b"2\r\nhi\r\n0\r\n", b"X", b"-", b"T", b":", b" ", b"1", b"\r\n\r\n"],
], ids=["head", "chunk header", "trailers"])
def test_every_byte_counts(clock: sm.VirtualClock, network: MemoryNetwork, answer: list[bytes]) -> None:
    """A byte of a head, a chunk's header or a trailer is progress as one of the body is."""
    network.listen(pieces(*answer, pause=LIMIT - 1), "10.0.0.1", 80)
    with made() as session:
        assert b"hi" == session.data(URL).result()[0]
    assert (LIMIT - 1) * len(answer) == clock.now()


@pytest.mark.usefixtures("network")
def test_time_for_the_whole_counts_all_of_it(clock: sm.VirtualClock) -> None:
    """The time for the resource goes on while the delegate works."""
    delegate = Slow(clock)
    with made(delegate, timeout_interval_for_resource=LIMIT) as session:
        session.data_task(URL).resume()
    assert -1001 == delegate.code()


# limits -----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("request_limit", "configured", "code"), [
    (60.0, 10, None), (None, 10, -1001), (10, 60.0, -1001), (None, 60.0, None)])
def test_time_of_the_request_beats_the_configuration(
        clock: sm.VirtualClock, network: MemoryNetwork, request_limit: float | None, configured: float, code: int | None) -> None:
    """A time-out that was set on the request holds, also 60 where that is the default; else the configuration's does."""
    network.listen(pieces(HEAD + b"hi", pause=40), "10.0.0.1", 80)
    delegate = Collecting()
    with made(delegate, timeout_interval_for_request=configured) as session:
        session.data_task(sm.URLRequest(URL, timeout_interval=request_limit)).resume()
    assert (code, 40 if code is None else 10) == (delegate.code(), clock.now())


def test_whole_load_has_a_time_of_its_own(clock: sm.VirtualClock, network: MemoryNetwork) -> None:
    """A drip that never stands still long enough for the idle timer ends when the time for the resource is over."""
    network.listen(pieces(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", *[b"x"] * 1000, pause=20), "10.0.0.1", 80)
    delegate = Collecting()
    with made(delegate, timeout_interval_for_request=30, timeout_interval_for_resource=410) as session:
        session.data_task(URL).resume()
    assert (-1001, b"x" * 19, 410) == (delegate.code(), delegate.body, clock.now())


# suspending ---------------------------------------------------------------------------------------------------------------
class Holding(Collecting):
    """Suspends its task at the first data."""

    def data_task_did_receive_data(self, session: Any, task: Any, data: bytes) -> None:
        if not self.body:
            task.suspend()
        super().data_task_did_receive_data(session, task, data)


def test_suspended_task_reads_no_more(clock: sm.VirtualClock, network: MemoryNetwork) -> None:
    """Suspending pauses reading: the server cannot send on, nothing is delivered, the idle timer stands still, and after
    `resume` the same response goes on: the server sees one request."""
    async def serve(peer: Peer) -> None:
        heads.append(await peer.receive())
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
        for at in range(0, len(body), 1 << 16):
            await peer.send(body[at:at + (1 << 16)])
            sent.append(1 << 16)

    body, heads, sent = bytes(4 << 20), list[bytes](), list[int]()
    network.listen(serve, "10.0.0.1", 80)
    delegate = Holding()
    with made(delegate) as session:
        task = session.data_task(URL)
        task.resume()
        clock.advance(2 * LIMIT)
        assert sm.TaskState.SUSPENDED == task.state
        assert 0 < len(delegate.body) <= sum(sent) < 1 << 20
        assert task.count_of_bytes_received < 1 << 20
        task.resume()
    assert (None, body, 1) == (delegate.code(), delegate.body, len(heads))


def test_task_suspended_before_its_answer_hears_of_it_after(clock: sm.VirtualClock, network: MemoryNetwork) -> None:
    """A task that is suspended while the server thinks stays silent, and its time does not count."""
    network.listen(pieces(HEAD + b"hi", pause=40), "10.0.0.1", 80)
    delegate = Collecting()
    with made(delegate) as session:
        task = session.data_task(URL)
        task.resume()
        clock.advance(30)
        task.suspend()
        task.suspend()
        clock.advance(3 * LIMIT)
        task.resume()
        clock.advance(LIMIT)
        assert (sm.TaskState.SUSPENDED, b"", None) == (task.state, delegate.body, task.response)
        task.resume()
    assert (None, b"hi") == (delegate.code(), delegate.body)


# expectations -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("says", "second"), [(0.5, 0.5), (math.inf, 1.0)])
def test_body_waits_for_100_continue(clock: sm.VirtualClock, network: MemoryNetwork, says: float, second: float) -> None:
    """With Expect: 100-continue no byte of the body is sent before the server says so, or has said nothing for a second."""
    async def think(peer: Peer) -> None:
        await peer.sleep(says)
        await peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    async def serve(peer: Peer) -> None:
        read.append(await peer.receive())
        peer.start(think(peer))
        read.append(await peer.receive())
        times.append(clock.now())
        await peer.send(HEAD + b"hi")

    read, times = list[bytes](), list[float]()
    network.listen(serve, "10.0.0.1", 80)
    with made() as session:
        request = sm.URLRequest(URL, "PUT", all_http_header_fields={"Expect": "100-continue"})
        assert b"hi" == session.upload(request, b"body").result()[0]
    assert (True, b"body", [second]) == (read[0].endswith(b"\r\n\r\n"), read[1], times)
