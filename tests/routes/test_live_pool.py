from __future__ import annotations

import threading
import time

import pytest

from sessionmock.clock import SECOND, SystemClock
from sessionmock.errors import Code
from sessionmock.models.body import FileStream

from .origin import PATIENCE, Client, LoopHost, Origin, Peer, Recorder, Stream, simple


@pytest.fixture
def host():
    with LoopHost() as running:
        yield running


@pytest.fixture
def client(host):
    made = Client(host)
    yield made
    made.channel.close()


class Gate:
    """A script that answers a request only when it is let through."""

    def __init__(self) -> None:
        self.waiting = threading.Semaphore(0)
        self.through = threading.Semaphore(0)

    def __call__(self, peer: Peer) -> None:
        while head := peer.read_head():
            self.waiting.release()
            assert self.through.acquire(timeout=PATIENCE)
            peer.reply(head.split(b" ")[1])

    def arrived(self) -> None:
        assert self.waiting.acquire(timeout=PATIENCE)


def test_limit_and_order(host):
    """At most the configured number of connections is made; what waits goes on in the order of opening."""
    gate = Gate()
    client = Client(host, limit=2)
    with Origin(gate) as origin:
        exchanges = [client.open(f"{origin.url}/{i}") for i in range(8)]
        gate.arrived()
        gate.arrived()
        host.settle(20)
        assert len(origin.heads) == 2
        for _ in exchanges:
            gate.through.release()
        assert [exchange.sink.succeed().body for exchange in exchanges] == [f"/{i}".encode() for i in range(8)]
        assert origin.connections == 2
        client.channel.close()
    starts = [exchange.timing.request_start for exchange in exchanges]
    assert starts[2:] == sorted(starts[2:])
    assert max(starts[:2]) < starts[2]


def test_strict_order(host):
    """On a single connection the order is exact, and a cancelled waiter is passed over."""
    gate = Gate()
    client = Client(host, limit=1)
    with Origin(gate) as origin:
        exchanges = [client.open(f"{origin.url}/{i}") for i in range(6)]
        gate.arrived()
        exchanges[2].cancel()
        host.settle()
        for _ in range(5):
            gate.through.release()
        exchanges[5].sink.succeed()
        client.channel.close()
        assert [head.split(" ")[1] for head in origin.heads] == ["/0", "/1", "/3", "/4", "/5"]
        assert origin.connections == 1


def test_origins_apart(host):
    """The limit is one for each scheme, host and port."""
    gate = Gate()
    client = Client(host, limit=1)
    with Origin(gate) as one, Origin(gate) as two:
        exchanges = [client.open(one.url), client.open(two.url)]
        gate.arrived()
        gate.arrived()
        gate.through.release()
        gate.through.release()
        for exchange in exchanges:
            exchange.sink.succeed()
        client.channel.close()


def test_failure_lets_the_next_go(host):
    """A connection that fails or is cancelled gives its place to whoever waits."""
    def script(peer: Peer) -> None:
        if peer.read_head().startswith(b"GET /bad"):
            return
        peer.reply(b"fine")

    client = Client(host, limit=1)
    with Origin(script) as origin:
        bad, good = client.open(origin.url + "/bad"), client.open(origin.url + "/good")
        assert bad.sink.wait().error.code == Code.NETWORK_CONNECTION_LOST
        assert good.sink.succeed().body == b"fine"
        client.channel.close()


def test_last_in_first_out(host):
    """Of several idle connections the one used last serves next."""
    gate = Gate()
    client = Client(host, limit=3)
    with Origin(gate) as origin:
        exchanges = [client.open(f"{origin.url}/{i}") for i in range(3)]
        for _ in exchanges:
            gate.arrived()
        for _ in exchanges:
            gate.through.release()
        ends = [exchange.sink.succeed().heads[0].timing.facts.local_address for exchange in exchanges]
        for _ in range(3):
            gate.through.release()
        reused = [client.load(origin.url).heads[0].timing.facts.local_address for _ in range(3)]
        client.channel.close()
        assert origin.connections == 3
    assert len(set(reused)) == 1
    assert reused[0] in ends


def closing(closed: threading.Event):
    """A script whose first connection answers once and closes, without saying that it will."""
    def script(peer: Peer) -> None:
        if peer.number == 1:
            peer.read_head()
            peer.reply(b"first")
            peer.sock.close()
            closed.set()
        else:
            simple(peer)
    return script


def test_stale(client):
    """A connection that the server closed while nobody drove the loop is noticed before a request goes out on it, so
    even a POST is safe."""
    closed, second = threading.Event(), Recorder()

    def again(_: object) -> None:
        """On the engine, whose loop cannot notice the connection's end before this returns."""
        (connection,) = next(iter(client.channel._pools.values())).connections
        assert closed.wait(PATIENCE)
        while not connection.stale():
            time.sleep(0.001)
        client.open(origin.url + "/2", "POST", body=b"x", sink=second)

    with Origin(closing(closed)) as origin:
        client.load(origin.url, sink=Recorder(end=again)).succeed()
        assert second.succeed().body == b"/2"
        assert origin.connections == 2


class ShiftedClock(SystemClock):
    """Real time, plus what a test adds."""

    offset = 0

    def now(self) -> int:
        return super().now() + self.offset


@pytest.mark.parametrize(("seconds", "connections"), [(59, 1), (61, 2)])
def test_expiry(host, seconds, connections):
    """An idle connection is used again within a minute, not after it."""
    clock = host.clock = ShiftedClock(host.loop)
    client = Client(host)
    with Origin() as origin:
        client.load(origin.url).succeed()
        clock.offset += seconds * SECOND
        client.load(origin.url).succeed()
        client.channel.close()
        assert origin.connections == connections


def dropping(peer: Peer) -> None:
    """The first connection answers one request and drops the second as it comes; every other one answers."""
    peer.read_head()
    peer.reply(b"first")
    if peer.number == 1:
        peer.read_head()
        peer.read_body()
        return
    simple(peer)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
def test_retry(client, method):
    """An idempotent request whose reused connection dies without a word is sent once more, on a new connection, and its
    body is reported once."""
    with Origin(lambda peer: dropping(peer)) as origin:
        client.load(origin.url).succeed()
        sink = client.load(origin.url, method, body=b"body" if method == "PUT" else None)
        if method != "HEAD":
            assert sink.succeed().body == b"first"
            assert sink.heads[0].timing.reused is False
        assert sink.uploaded == (4 if method == "PUT" else 0)
        assert len(origin.heads) == 3
        assert origin.connections == 2


@pytest.mark.parametrize(("method", "body"), [("POST", b"x"), ("PATCH", None), ("PUT", Stream([b"x"]))])
def test_no_retry(client, method, body):
    """What is not idempotent, or has a stream, fails instead: the server may have acted on it (RFC 9110, section 9.2.2)."""
    with Origin(dropping) as origin:
        client.load(origin.url).succeed()
        assert client.load(origin.url, method, body=body).error.code == Code.NETWORK_CONNECTION_LOST
        assert len(origin.heads) == 2


def test_retry_from_a_file(client, tmp_path):
    """A file can be read twice, so its upload is sent once more like one from memory, and is reported once."""
    path = tmp_path / "body"
    path.write_bytes(bytes(range(256)) * 4000)
    bodies = []

    def script(peer: Peer) -> None:
        while peer.read_head():
            bodies.append(peer.read_body())
            if len(bodies) == 2:
                return
            peer.reply(b"taken")

    with Origin(script) as origin:
        client.load(origin.url).succeed()
        sink = client.load(origin.url, "PUT", body=FileStream(path)).succeed()
        assert sink.uploaded == 1_024_000
        assert bodies == [b"", path.read_bytes(), path.read_bytes()]
        assert origin.connections == 2


def test_retry_only_once(client):
    """A second death ends it, and so does one on a fresh connection (scenario fail-dropped-before)."""
    def script(peer: Peer) -> None:
        peer.read_head()
        if peer.number == 1:
            peer.reply(b"first")
            peer.read_head()

    with Origin(script) as origin:
        client.load(origin.url).succeed()
        assert client.load(origin.url).error.code == Code.NETWORK_CONNECTION_LOST
        assert (len(origin.heads), origin.connections) == (3, 2)


def test_no_retry_after_a_byte(client):
    """A connection that dies after the first byte of an answer is not tried again."""
    def script(peer: Peer) -> None:
        peer.read_head()
        peer.reply(b"first")
        peer.read_head()
        peer.send(b"HTTP/1.1 1")

    with Origin(script) as origin:
        client.load(origin.url).succeed()
        assert client.load(origin.url).error.code == Code.NETWORK_CONNECTION_LOST
        assert origin.connections == 1


@pytest.mark.parametrize("who", ["request", "response"])
def test_close(client, who):
    """Connection: close, from either side, keeps the connection from being used again."""
    def script(peer: Peer) -> None:
        while peer.read_head():
            peer.reply(b"", *(["Connection: close"] if who == "response" else []))

    with Origin(script) as origin:
        for _ in range(2):
            client.load(origin.url, "GET", *([("Connection", "close")] if who == "request" else [])).succeed()
        assert origin.connections == 2


def test_flush(host):
    """After a flush neither idle nor busy connections serve again."""
    gate = Gate()
    client = Client(host)
    with Origin(gate) as origin:
        for _ in range(3):
            gate.through.release()
        client.load(origin.url).succeed()
        client.channel.flush()
        client.load(origin.url).succeed()
        assert origin.connections == 2
        client.load(origin.url).succeed()
        assert origin.connections == 2
        busy = client.open(origin.url)
        for _ in range(4):
            gate.arrived()
        client.channel.flush()
        gate.through.release()
        gate.through.release()
        busy.sink.succeed()
        client.load(origin.url).succeed()
        client.channel.close()
        assert origin.connections == 3


def test_close_channel(host):
    """Closing a channel closes every connection, busy or not, and leaves nothing on the loop."""
    gate = Gate()
    client = Client(host, limit=2)
    with Origin(gate) as origin:
        exchanges = [client.open(origin.url) for _ in range(4)]
        gate.arrived()
        gate.arrived()
        client.channel.close()
        host.settle()
        assert client.channel._pools == {}
        assert [exchange.sink.events for exchange in exchanges] == [[]] * 4
        gate.through.release()
        gate.through.release()


def test_empty_pools_go(client):
    """A pool without a connection is forgotten."""
    with Origin(lambda peer: (peer.read_head(), peer.send(b"HTTP/1.1 200 OK\r\n\r\n"))) as origin:
        client.load(origin.url).succeed()
        client.host.settle()
    assert client.channel._pools == {}
