"""Bodies on their way: bytes and streams, what ends an upload early, and how much of it is held."""
from __future__ import annotations

import tracemalloc

import pytest

from sessionmock.clock import SECOND
from sessionmock.errors import Code
from sessionmock.routes.live.upload import SLICE
from tests.routes.origin import Stream

from .peers import Peer
from .worlds import World, in_memory


async def echo(peer: Peer) -> None:
    """Answer with the request's body."""
    while await peer.read_head():
        await peer.reply(await peer.read_body())


def settled(body: Stream, world: World) -> Stream:
    """`body` once everything that could close it has run."""
    world.settle()
    world.finish_work()
    world.settle()
    return body


@pytest.mark.parametrize("size", [0, 1, SLICE, SLICE + 1, 5_000_000])
def test_bytes(world, client, size):
    """A body of bytes arrives whole, is reported once for each byte, and its connection goes on."""
    body = bytes(range(256)) * (size // 256 + 1)
    with world.origin(echo) as origin:
        sink = client.load(origin.url, "PUT", body=body[:size]).succeed()
        assert sink.body == body[:size]
        assert sink.uploaded == size
        client.load(origin.url).succeed()
        assert origin.connections == 1


@pytest.mark.parametrize("may_block", [False, True])
@pytest.mark.parametrize("length", [-1, 9])
def test_stream(world, client, length, may_block):
    """A stream arrives whole, in chunks where its length is not known, is closed once, and its connection goes on."""
    body = Stream([b"abc", b"def", b"ghi"], length, may_block)
    with world.origin(echo) as origin:
        sink = client.load(origin.url, "POST", body=body).succeed()
        assert (sink.body, sink.uploaded) == (b"abcdefghi", 9)
        assert ("Transfer-Encoding: chunked" in origin.heads[0]) == (length < 0)
        client.load(origin.url).succeed()
        assert origin.connections == 1
    assert settled(body, world).closed == 1


def test_empty_stream(world, client):
    """A stream of no bytes is a body of length 0, which is not even read, or of no chunk."""
    chunked, nothing = Stream([]), Stream([b"never read"], 0)
    with world.origin(echo) as origin:
        assert client.load(origin.url, "POST", body=chunked).succeed().body == b""
        assert client.load(origin.url, "POST", body=nothing).succeed().body == b""
        assert "Content-Length: 0" in origin.heads[1]
    assert (chunked.closed, nothing.closed, nothing.reads) == (1, 1, 0)


@pytest.mark.parametrize("may_block", [False, True])
@pytest.mark.parametrize("body", [
    Stream([b"abc", OSError("the disk is gone")]), Stream([b"abc"], 5), Stream([b"abc", b"def"], 5), Stream([b"abc", b"d"], 3),
], ids=["raises", "short", "long", "longer at the end"])
def test_bad_stream(world, client, body, may_block):
    """A stream that raises, or does not hold to its length, fails the exchange with -1021, and the server never sees a
    request that looks complete."""
    whole: list[bytes] = []

    async def script(peer: Peer) -> None:
        await peer.read_head()
        whole.append(await peer.read_body())

    body = Stream(body.pieces, body.length, may_block)
    with world.origin(script) as origin:
        sink = client.load(origin.url, "POST", body=body)
    assert all(len(got) < body.length for got in whole)
    assert (sink.error.code, sink.heads) == (Code.REQUEST_BODY_STREAM_EXHAUSTED, [])
    assert settled(body, world).closed == 1


def test_continue(world, client):
    """A body waits for 100 Continue."""
    async def script(peer: Peer) -> None:
        await peer.read_head()
        assert peer.buffer == b""
        asked.set()
        await go.reached()
        await peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        await peer.reply(await peer.read_body())

    asked, go = world.event(), world.event()
    world.stop_timers()     # of the second after which it waits no longer
    with world.origin(script) as origin:
        exchange = client.open(origin.url, "POST", ("Expect", "100-continue"), body=b"body")
        asked.wait()
        world.settle()
        assert exchange.sink.uploaded == 0
        go.set()
        sink = exchange.sink.succeed()
    assert (sink.body, sink.events) == (b"body", ["informational", "sent", "head", "data", "end"])


@in_memory
def test_continue_never_comes(world, client):
    """After a second without an answer the body is sent anyway."""
    with world.origin(echo) as origin:
        sink = client.load(origin.url, "POST", ("Expect", "100-continue"), body=b"body").succeed()
    assert (sink.body, world.clock.now()) == (b"body", SECOND)


def test_expectation_failed(world, client):
    """A final answer instead of 100 Continue: the body is never sent, and the connection not used again."""
    rest: list[bytes] = []

    async def script(peer: Peer) -> None:
        if (await peer.read_head()).startswith(b"POST"):
            await peer.reply(status="417 Expectation Failed")
            rest.append(await peer.read(1))
        else:
            await peer.reply()

    body = Stream([b"abc"], may_block=True)
    with world.origin(script) as origin:
        sink = client.load(origin.url, "POST", ("Expect", "100-continue"), body=body).succeed()
        client.load(origin.url).succeed()
        assert origin.connections == 2
    assert (sink.status, sink.uploaded, body.reads) == (417, 0, 0)
    assert rest in ([b""], [])
    assert settled(body, world).closed == 1


def test_early_refusal(world, client):
    """413 before the upload is over ends the upload; the answer is delivered though the server hangs up (scenario
    upload-early-error)."""
    async def script(peer: Peer) -> None:
        await peer.read_head()
        await peer.read(10)
        await peer.reply(b"too large", "Connection: close", status="413 Content Too Large")

    for size, body in ((SLICE, bytes(SLICE)), (20_000_000, bytes(20_000_000)), (20_000_000, Stream([bytes(SLICE)] * 80))):
        with world.origin(script) as origin:
            sink = client.load(origin.url, "POST", body=body).succeed()
        assert (sink.status, sink.body) == (413, b"too large")
        assert sink.uploaded < size or size == SLICE


def test_early_refusal_of_no_length(world, client):
    """So is one that ends with its connection, which the server resets because it has not read the body."""
    async def script(peer: Peer) -> None:
        await peer.read_head()
        await peer.read(10)
        await peer.send(b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\n\r\ntoo large")

    with world.origin(script) as origin:
        sink = client.load(origin.url, "POST", body=bytes(20_000_000)).succeed()
    assert sink.status == 413
    assert sink.uploaded < 20_000_000


def test_full_duplex(world, client):
    """A 200 that begins early does not end the upload: both directions run side by side."""
    async def script(peer: Peer) -> None:
        await peer.read_head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n")
        first = await peer.read(6)      # "3\r\nabc"
        await peer.send(first[3:])
        await sink.began.reached()
        go.set()
        await peer.read_line()
        await peer.read_line()
        await peer.send(await peer.read(3))
        await peer.read(5 + 2)

    class Waiting(Stream):
        def read(self, size: int) -> bytes:
            if self.reads == 1:
                go.wait()
            return super().read(size)

    go = world.event()
    sink = world.recorder()
    with world.origin(script) as origin:
        client.load(origin.url, "POST", body=Waiting([b"abc", b"def"], may_block=True), sink=sink)
    assert (sink.status, sink.body) == (200, b"abcdef")


def test_answer_before_the_end(world, client):
    """An answer that is complete before its request is: the rest is not sent and the connection not used again."""
    async def script(peer: Peer) -> None:
        if (await peer.read_head()).startswith(b"POST"):
            await peer.reply(b"enough")
            await peer.read(10_000_000)
        else:
            await peer.reply()

    body = Stream([b"x"], may_block=True)
    with world.origin(script) as origin:
        with world.held_work():
            assert client.load(origin.url, "POST", body=body).succeed().body == b"enough"
            client.load(origin.url).succeed()
            assert origin.connections == 2
            assert body.closed == 0     # never while a read runs
        assert settled(body, world).closed == 1


def test_cancel(world, client):
    """Cancelling an upload to a server that does not read ends at once, and the stream is closed."""
    async def script(peer: Peer) -> None:
        await peer.read_head()
        await stop.reached()

    stop, sent = world.event(), world.event()
    body = Stream([bytes(SLICE)] * 1000)
    with world.origin(script) as origin:
        exchange = client.open(origin.url, "POST", body=body, sink=world.recorder(sent=lambda _: sent.set()))
        sent.wait()
        exchange.cancel()
        assert settled(body, world).closed == 1
        stop.set()
    assert exchange.sink.events == ["sent"]


@pytest.mark.parametrize("may_block", [False, True])
def test_constant_memory(world, client, may_block):
    """200 MB of a stream need no more memory than a few slices, and no more than one piece is read ahead."""
    total = 200_000_000
    block = bytes(SLICE)

    class Endless(Stream):
        left = total

        def read(self, size: int) -> bytes:
            self.left -= (count := min(size, self.left))
            return block[:count]

    counts: list[int] = []

    async def script(peer: Peer) -> None:
        await peer.read_head()
        counts.append(await peer.discard(total))
        await peer.reply()

    with world.origin(script) as origin:
        tracemalloc.start(1)
        try:
            sink = client.load(origin.url, "POST", body=Endless([], total, may_block)).succeed()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert counts == [total]
    assert sink.uploaded == total
    assert peak < 4_000_000
