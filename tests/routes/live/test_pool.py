"""The kept connections to an origin: how many, for whom, how long, and what becomes of a request when one has died."""
from __future__ import annotations

import pytest

from sessionmock.errors import Code
from sessionmock.models.body import FileStream
from sessionmock.models.message import Request
from tests.routes.origin import Stream

from .peers import Peer, simple
from .worlds import Event, World


class Gated:
    """A script that answers a request only when it is let through."""

    def __init__(self, world: World) -> None:
        self.waiting, self.through = world.gate(), world.gate()

    async def __call__(self, peer: Peer) -> None:
        while head := await peer.read_head():
            self.waiting.open()
            await self.through.passed()
            await peer.reply(head.split(b" ")[1])

    def arrived(self) -> None:
        self.waiting.wait()


def test_limit_and_order(world):
    """At most the configured number of connections is made; what waits goes on in the order of opening."""
    gate = Gated(world)
    client = world.client(limit=2)
    with world.origin(gate) as origin:
        exchanges = [client.open(f"{origin.url}/{i}") for i in range(8)]
        gate.arrived()
        gate.arrived()
        world.settle(20)
        assert len(origin.heads) == 2
        for _ in exchanges:
            gate.through.open()
        assert [exchange.sink.succeed().body for exchange in exchanges] == [f"/{i}".encode() for i in range(8)]
        assert origin.connections == 2
    starts = [exchange.timing.request_start for exchange in exchanges]
    assert starts[2:] == sorted(starts[2:])
    assert max(starts[:2]) <= starts[2]


def test_strict_order(world):
    """On a single connection the order is exact, and a cancelled waiter is passed over."""
    gate = Gated(world)
    client = world.client(limit=1)
    with world.origin(gate) as origin:
        exchanges = [client.open(f"{origin.url}/{i}") for i in range(6)]
        gate.arrived()
        exchanges[2].cancel()
        world.settle()
        for _ in range(5):
            gate.through.open()
        exchanges[5].sink.succeed()
        assert [head.split(" ")[1] for head in origin.heads] == ["/0", "/1", "/3", "/4", "/5"]
        assert origin.connections == 1


def test_origins_apart(world):
    """The limit is one for each scheme, host and port."""
    gate = Gated(world)
    client = world.client(limit=1)
    with world.origin(gate) as one, world.origin(gate) as two:
        exchanges = [client.open(one.url), client.open(two.url)]
        gate.arrived()
        gate.arrived()
        gate.through.open()
        gate.through.open()
        for exchange in exchanges:
            exchange.sink.succeed()


def test_failure_lets_the_next_go(world):
    """A connection that fails or is cancelled gives its place to whoever waits."""
    async def script(peer: Peer) -> None:
        if (await peer.read_head()).startswith(b"GET /bad"):
            return
        await peer.reply(b"fine")

    client = world.client(limit=1)
    with world.origin(script) as origin:
        bad, good = client.open(origin.url + "/bad"), client.open(origin.url + "/good")
        assert bad.sink.wait().error.code == Code.NETWORK_CONNECTION_LOST
        assert good.sink.succeed().body == b"fine"


def test_last_in_first_out(world):
    """Of several idle connections the one used last serves next."""
    gate = Gated(world)
    client = world.client(limit=3)
    with world.origin(gate) as origin:
        exchanges = [client.open(f"{origin.url}/{i}") for i in range(3)]
        for _ in exchanges:
            gate.arrived()
        for _ in exchanges:
            gate.through.open()
        ends = [exchange.sink.succeed().heads[0].timing.facts.local_address for exchange in exchanges]
        for _ in range(3):
            gate.through.open()
        reused = [client.load(origin.url).heads[0].timing.facts.local_address for _ in range(3)]
        assert origin.connections == 3
    assert len(set(reused)) == 1
    assert reused[0] in ends


def closing(closed: Event):
    """A script whose first connection answers once and closes, without saying that it will."""
    async def script(peer: Peer) -> None:
        if peer.number == 1:
            await peer.read_head()
            await peer.reply(b"first")
            peer.close()
            closed.set()
        else:
            await simple(peer)
    return script


def test_stale(world, client):
    """A connection that the server closed while nobody drove the loop is noticed before a request goes out on it, so
    even a POST is safe."""
    closed, second = world.event(), world.recorder()

    def again(_: object) -> None:
        """On the engine, whose loop cannot notice the connection's end before this returns."""
        (connection,) = next(iter(client.channel._pools.values())).connections
        closed.wait()
        while not connection.stale():    # over sockets it may be on its way
            pass
        client.open(origin.url + "/2", "POST", body=b"x", sink=second)

    with world.origin(closing(closed)) as origin:
        client.load(origin.url, sink=world.recorder(end=again)).succeed()
        assert second.succeed().body == b"/2"
        assert origin.connections == 2


@pytest.mark.parametrize(("seconds", "connections"), [(59, 1), (61, 2)])
def test_expiry(world, seconds, connections):
    """An idle connection is used again within a minute, not after it."""
    client = world.client()
    with world.origin() as origin:
        client.load(origin.url).succeed()
        world.shift(seconds)
        client.load(origin.url).succeed()
        assert origin.connections == connections


async def dropping(peer: Peer) -> None:
    """The first connection answers one request and drops the second as it comes; every other one answers."""
    await peer.read_head()
    await peer.reply(b"first")
    if peer.number == 1:
        await peer.read_head()
        await peer.read_body()
        return
    await simple(peer)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
def test_retry(world, client, method):
    """An idempotent request whose reused connection dies without a word is sent once more, on a new connection, and its
    body is reported once."""
    with world.origin(dropping) as origin:
        client.load(origin.url).succeed()
        sink = client.load(origin.url, method, body=b"body" if method == "PUT" else None)
        if method != "HEAD":
            assert sink.succeed().body == b"first"
            assert sink.heads[0].timing.reused is False
        assert sink.uploaded == (4 if method == "PUT" else 0)
        assert len(origin.heads) == 3
        assert origin.connections == 2


@pytest.mark.parametrize(("method", "body"), [("POST", lambda: b"x"), ("PATCH", lambda: None), ("PUT", lambda: Stream([b"x"]))])
def test_no_retry(world, client, method, body):
    """What is not idempotent, or has a stream, fails instead: the server may have acted on it (RFC 9110, section 9.2.2)."""
    with world.origin(dropping) as origin:
        client.load(origin.url).succeed()
        assert client.load(origin.url, method, body=body()).error.code == Code.NETWORK_CONNECTION_LOST
        assert len(origin.heads) == 2


def test_no_retry_of_what_goes_once(world, client):
    """A plain client sends it again itself, or does not: its own transport would not (httpcore raises)."""
    with world.origin(dropping) as origin:
        client.load(origin.url).succeed()
        asked = Request("GET", origin.url, [], once=True)
        assert world.call(client.start, asked, world.recorder()).sink.wait().error.code == Code.NETWORK_CONNECTION_LOST
        assert len(origin.heads) == 2


def test_retry_from_a_file(world, client, tmp_path):
    """A file can be read twice, so its upload is sent once more like one from memory, and is reported once."""
    path = tmp_path / "body"
    path.write_bytes(bytes(range(256)) * 4000)
    bodies = []

    async def script(peer: Peer) -> None:
        while await peer.read_head():
            bodies.append(await peer.read_body())
            if len(bodies) == 2:
                return
            await peer.reply(b"taken")

    with world.origin(script) as origin:
        client.load(origin.url).succeed()
        sink = client.load(origin.url, "PUT", body=FileStream(path)).succeed()
        assert sink.uploaded == 1_024_000
        assert bodies == [b"", path.read_bytes(), path.read_bytes()]
        assert origin.connections == 2


def test_retry_only_once(world, client):
    """A second death ends it, and so does one on a fresh connection (scenario fail-dropped-before)."""
    async def script(peer: Peer) -> None:
        await peer.read_head()
        if peer.number == 1:
            await peer.reply(b"first")
            await peer.read_head()

    with world.origin(script) as origin:
        client.load(origin.url).succeed()
        assert client.load(origin.url).error.code == Code.NETWORK_CONNECTION_LOST
        assert (len(origin.heads), origin.connections) == (3, 2)


def test_no_retry_after_a_byte(world, client):
    """A connection that dies after the first byte of an answer is not tried again."""
    async def script(peer: Peer) -> None:
        await peer.read_head()
        await peer.reply(b"first")
        await peer.read_head()
        await peer.send(b"HTTP/1.1 1")

    with world.origin(script) as origin:
        client.load(origin.url).succeed()
        assert client.load(origin.url).error.code == Code.NETWORK_CONNECTION_LOST
        assert origin.connections == 1


@pytest.mark.parametrize("who", ["request", "response"])
def test_close(world, client, who):
    """Connection: close, from either side, keeps the connection from being used again."""
    async def script(peer: Peer) -> None:
        while await peer.read_head():
            await peer.reply(b"", *(["Connection: close"] if who == "response" else []))

    with world.origin(script) as origin:
        for _ in range(2):
            client.load(origin.url, "GET", *([("Connection", "close")] if who == "request" else [])).succeed()
        assert origin.connections == 2


def test_flush(world):
    """After a flush neither idle nor busy connections serve again."""
    gate = Gated(world)
    client = world.client()
    with world.origin(gate) as origin:
        for _ in range(3):
            gate.through.open()
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
        gate.through.open()
        gate.through.open()
        busy.sink.succeed()
        client.load(origin.url).succeed()
        assert origin.connections == 3


def test_close_channel(world):
    """Closing a channel closes every connection, busy or not, and leaves nothing on the loop."""
    gate = Gated(world)
    client = world.client(limit=2)
    with world.origin(gate) as origin:
        exchanges = [client.open(origin.url) for _ in range(4)]
        gate.arrived()
        gate.arrived()
        client.channel.close()
        world.settle()
        assert client.channel._pools == {}
        assert [exchange.sink.events for exchange in exchanges] == [[]] * 4
        gate.through.open()
        gate.through.open()


def test_empty_pools_go(world, client):
    """A pool without a connection is forgotten."""
    async def script(peer: Peer) -> None:
        await peer.read_head()
        await peer.send(b"HTTP/1.1 200 OK\r\n\r\n")

    with world.origin(script) as origin:
        client.load(origin.url).succeed()
        world.settle()
    assert client.channel._pools == {}
