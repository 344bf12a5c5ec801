from __future__ import annotations

import threading
import tracemalloc

import pytest

from sessionmock.clock import SECOND, SystemClock
from sessionmock.errors import Code
from sessionmock.routes.live.upload import SLICE

from .origin import PATIENCE, Client, LoopHost, Origin, Peer, Recorder, Stream


@pytest.fixture
def host():
    with LoopHost() as running:
        yield running


@pytest.fixture
def client(host):
    made = Client(host)
    yield made
    made.channel.close()


def echo(peer: Peer) -> None:
    """Answer with the request's body."""
    while peer.read_head():
        peer.reply(peer.read_body())


def settled(body: Stream, client: Client) -> Stream:
    """`body` once everything that could close it has run."""
    client.host.settle()
    for worker in client.host.workers:
        worker.join(PATIENCE)
    client.host.settle()
    return body


@pytest.mark.parametrize("size", [0, 1, SLICE, SLICE + 1, 5_000_000])
def test_bytes(client, size):
    """A body of bytes arrives whole, is reported once for each byte, and its connection goes on."""
    body = bytes(range(256)) * (size // 256 + 1)
    with Origin(echo) as origin:
        sink = client.load(origin.url, "PUT", body=body[:size]).succeed()
        assert sink.body == body[:size]
        assert sink.uploaded == size
        client.load(origin.url).succeed()
        assert origin.connections == 1


@pytest.mark.parametrize("may_block", [False, True])
@pytest.mark.parametrize("length", [-1, 9])
def test_stream(client, length, may_block):
    """A stream arrives whole, in chunks where its length is not known, is closed once, and its connection goes on."""
    body = Stream([b"abc", b"def", b"ghi"], length, may_block)
    with Origin(echo) as origin:
        sink = client.load(origin.url, "POST", body=body).succeed()
        assert (sink.body, sink.uploaded) == (b"abcdefghi", 9)
        assert ("Transfer-Encoding: chunked" in origin.heads[0]) == (length < 0)
        client.load(origin.url).succeed()
        assert origin.connections == 1
    assert settled(body, client).closed == 1


def test_empty_stream(client):
    """A stream of no bytes is a body of length 0, which is not even read, or of no chunk."""
    chunked, nothing = Stream([]), Stream([b"never read"], 0)
    with Origin(echo) as origin:
        assert client.load(origin.url, "POST", body=chunked).succeed().body == b""
        assert client.load(origin.url, "POST", body=nothing).succeed().body == b""
        assert "Content-Length: 0" in origin.heads[1]
    assert (chunked.closed, nothing.closed, nothing.reads) == (1, 1, 0)


@pytest.mark.parametrize("may_block", [False, True])
@pytest.mark.parametrize("body", [
    Stream([b"abc", OSError("the disk is gone")]), Stream([b"abc"], 5), Stream([b"abc", b"def"], 5), Stream([b"abc", b"d"], 3),
], ids=["raises", "short", "long", "longer at the end"])
def test_bad_stream(client, body, may_block):
    """A stream that raises, or does not hold to its length, fails the exchange with -1021, and the server never sees a
    request that looks complete."""
    whole: list[bytes] = []

    def script(peer: Peer) -> None:
        peer.read_head()
        whole.append(peer.read_body())

    body = Stream(body.pieces, body.length, may_block)
    with Origin(script) as origin:
        sink = client.load(origin.url, "POST", body=body)
    assert all(len(got) < body.length for got in whole)
    assert (sink.error.code, sink.heads) == (Code.REQUEST_BODY_STREAM_EXHAUSTED, [])
    assert settled(body, client).closed == 1


def test_continue(client):
    """A body waits for 100 Continue."""
    def script(peer: Peer) -> None:
        peer.read_head()
        peer.sock.settimeout(0.05)
        with pytest.raises(TimeoutError):
            peer.sock.recv(1)
        peer.sock.settimeout(PATIENCE)
        peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        peer.reply(peer.read_body())

    with Origin(script) as origin:
        sink = client.load(origin.url, "POST", ("Expect", "100-continue"), body=b"body").succeed()
    assert (sink.body, sink.events) == (b"body", ["informational", "sent", "head", "data", "end"])


class Hurried(SystemClock):
    """A clock whose timers come at once, and which remembers what they were set to."""

    def call_at(self, when, call, *arguments):
        self.delay = when - self.now()
        return super().call_at(0, call, *arguments)


def test_continue_never_comes(host):
    """After a second without an answer the body is sent anyway."""
    host.clock = Hurried(host.loop)
    client = Client(host)
    with Origin(echo) as origin:
        sink = client.load(origin.url, "POST", ("Expect", "100-continue"), body=b"body").succeed()
        client.channel.close()
    assert sink.body == b"body"
    assert 0.9 * SECOND < host.clock.delay <= SECOND


def test_expectation_failed(client):
    """A final answer instead of 100 Continue: the body is never sent, and the connection not used again."""
    rest: list[bytes] = []

    def script(peer: Peer) -> None:
        if peer.read_head().startswith(b"POST"):
            peer.reply(status="417 Expectation Failed")
            rest.append(peer.read(1))
        else:
            peer.reply()

    body = Stream([b"abc"], may_block=True)
    with Origin(script) as origin:
        sink = client.load(origin.url, "POST", ("Expect", "100-continue"), body=body).succeed()
        client.load(origin.url).succeed()
        assert origin.connections == 2
    assert (sink.status, sink.uploaded, body.reads) == (417, 0, 0)
    assert rest in ([b""], [])
    assert settled(body, client).closed == 1


def test_early_refusal(client):
    """413 before the upload is over ends the upload; the answer is delivered though the server hangs up (scenario
    upload-early-error)."""
    def script(peer: Peer) -> None:
        peer.read_head()
        peer.read(10)
        peer.reply(b"too large", "Connection: close", status="413 Content Too Large")

    for size, body in ((SLICE, bytes(SLICE)), (20_000_000, bytes(20_000_000)), (20_000_000, Stream([bytes(SLICE)] * 80))):
        with Origin(script) as origin:
            sink = client.load(origin.url, "POST", body=body).succeed()
        assert (sink.status, sink.body) == (413, b"too large")
        assert sink.uploaded < size or size == SLICE


def test_early_refusal_of_no_length(client):
    """So is one that ends with its connection, which the server resets because it has not read the body."""
    def script(peer: Peer) -> None:
        peer.read_head()
        peer.read(10)
        peer.send(b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\n\r\ntoo large")

    with Origin(script) as origin:
        sink = client.load(origin.url, "POST", body=bytes(20_000_000)).succeed()
    assert sink.status == 413
    assert sink.uploaded < 20_000_000


def test_full_duplex(client):
    """A 200 that begins early does not end the upload: both directions run side by side."""
    def script(peer: Peer) -> None:
        peer.read_head()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n")
        first = peer.read(6)      # "3\r\nabc"
        peer.send(first[3:])
        assert sink.began.wait(PATIENCE)
        go.set()
        peer.read_line()
        peer.read_line()
        peer.send(peer.read(3))
        peer.read(5 + 2)

    class Waiting(Stream):
        def read(self, size: int) -> bytes:
            if self.reads == 1:
                assert go.wait(PATIENCE)
            return super().read(size)

    go = threading.Event()
    sink = Recorder()
    with Origin(script) as origin:
        client.load(origin.url, "POST", body=Waiting([b"abc", b"def"], may_block=True), sink=sink)
    assert (sink.status, sink.body) == (200, b"abcdef")


def test_answer_before_the_end(client):
    """An answer that is complete before its request is: the rest is not sent and the connection not used again."""
    def script(peer: Peer) -> None:
        if peer.read_head().startswith(b"POST"):
            peer.reply(b"enough")
            peer.read(10_000_000)
        else:
            peer.reply()

    go = threading.Event()

    class Waiting(Stream):
        def read(self, size: int) -> bytes:
            assert go.wait(PATIENCE)
            return super().read(size)

    body = Waiting([b"x"], may_block=True)
    with Origin(script) as origin:
        assert client.load(origin.url, "POST", body=body).succeed().body == b"enough"
        client.load(origin.url).succeed()
        assert origin.connections == 2
        assert body.closed == 0     # never while a read runs
        go.set()
        assert settled(body, client).closed == 1


def test_cancel(client):
    """Cancelling an upload to a server that does not read ends at once, and the stream is closed."""
    def script(peer: Peer) -> None:
        peer.read_head()
        assert stop.wait(PATIENCE)

    stop, sent = threading.Event(), threading.Event()
    body = Stream([bytes(SLICE)] * 1000)
    with Origin(script) as origin:
        exchange = client.open(origin.url, "POST", body=body, sink=Recorder(sent=lambda _: sent.set()))
        assert sent.wait(PATIENCE)
        exchange.cancel()
        assert settled(body, client).closed == 1
        stop.set()
    assert exchange.sink.events == ["sent"]


@pytest.mark.parametrize("may_block", [False, True])
def test_constant_memory(client, may_block):
    """200 MB of a stream need no more memory than a few slices, and no more than one piece is read ahead."""
    total = 200_000_000
    block = bytes(SLICE)

    class Endless(Stream):
        left = total

        def read(self, size: int) -> bytes:
            self.left -= (count := min(size, self.left))
            return block[:count]

    counts: list[int] = []

    def script(peer: Peer) -> None:
        peer.read_head()
        counts.append(peer.discard(total))
        peer.reply()

    with Origin(script) as origin:
        tracemalloc.start(1)
        try:
            sink = client.load(origin.url, "POST", body=Endless([], total, may_block)).succeed()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert counts == [total]
    assert sink.uploaded == total
    assert peak < 4_000_000
