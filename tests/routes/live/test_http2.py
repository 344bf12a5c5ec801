"""HTTP/2 on the live route against h2's own server side: what no real server does on demand."""
from __future__ import annotations

import hpack
import pytest
from h2.errors import ErrorCodes
from h2.events import RequestReceived, StreamEnded, StreamReset
from hypothesis import given, settings
from hypothesis import strategies as st

import sessionmock as sm
from sessionmock.errors import Code
from sessionmock.models.body import FileStream
from sessionmock.models.message import Request
from sessionmock.models.trust import Terms
from sessionmock.routes.live import route
from sessionmock.routes.live.http2.codec import Decoder, Encoder
from sessionmock.routes.live.network.peer import sleep
from tests.routes.origin import Stream

from .h2server import Server, echo, h2_origin, serving
from .peers import Peer, simple
from .worlds import Client, in_memory


@pytest.fixture(scope="module")
def tls(authority):
    return serving(authority)


@pytest.fixture
def make(world, trust):
    def made(limit: int = 6, **settings) -> Client:
        return world.client(limit, world.route(trust, **settings))

    return made


@pytest.fixture
def client(make):
    return make()


# many on one --------------------------------------------------------------------------------------------------------
def test_fifty_streams(world, client, tls):
    """Fifty requests at once share one connection, which only the first of them made."""
    async def script(server: Server) -> None:
        streams = await server.gather(50)
        for stream in reversed(streams):
            await server.reply(stream)
        await server.linger()

    with h2_origin(world, script, tls) as origin:
        exchanges = [client.open(f"{origin.url}/{number}") for number in range(50)]
        for number, exchange in enumerate(exchanges):
            assert exchange.sink.succeed().body == b"/%d" % number
        assert origin.connections == 1
    heads = [exchange.sink.heads[0] for exchange in exchanges]
    assert {head.http_version for head in heads} == {"HTTP/2"}
    assert [head.timing.reused for head in heads] == [False] + [True] * 49
    assert [head.timing.connect_start is None for head in heads] == [False] + [True] * 49
    assert heads[0].timing.facts.tls.version == 0x0304
    timing = heads[0].timing
    assert timing.connect_end <= timing.request_start <= timing.request_end <= timing.response_start
    assert timing.request_header_bytes > 20
    assert timing.response_header_bytes > 9


def test_limit_of_streams(world, make, tls):
    """Beyond what a server allows at once a second connection is made, and beyond the limit of connections requests wait."""
    client, most = make(limit=2), []

    async def script(server: Server) -> None:
        async for stream in server.requests():
            most.append(len([s for s in server.h2.streams.values() if s.open]))
            await server.reply(stream)

    with h2_origin(world, script, tls, max_concurrent_streams=3) as origin:
        client.load(origin.url).succeed()
        exchanges = world.call(lambda: [client.open(f"{origin.url}/{number}") for number in range(20)])    # all before an answer
        assert [b"/%d" % number for number in range(20)] == [exchange.sink.succeed().body for exchange in exchanges]
        assert origin.connections == 2
    assert max(most) <= 3


@pytest.mark.parametrize("has_file", [False, True])
def test_refused_for_want_of_room(world, client, tls, tmp_path, has_file):
    """What a server refused before its limit was known is asked for again within that limit, with its body from a file or without one."""
    path = tmp_path / "body"
    path.write_bytes(b"body")

    async def script(server: Server) -> None:
        streams = await server.gather(5)
        for stream in streams[2:]:
            server.h2.reset_stream(stream, ErrorCodes.REFUSED_STREAM)
        for stream in streams[:2]:
            await server.reply(stream)
        async for stream in server.requests():
            await server.reply(stream)

    with h2_origin(world, script, tls) as origin:
        bodies = [FileStream(path) if has_file else None for _ in range(5)]
        exchanges = [client.open(f"{origin.url}/{number}", "POST", body=body) for number, body in enumerate(bodies)]
        assert [b"/%d" % number for number in range(5)] == [exchange.sink.succeed().body for exchange in exchanges]


# who chooses --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("settings", [{}, {"http2": False}])
def test_http1(world, make, authority, settings):
    """A server that knows no HTTP/2, or is offered none, gets as many connections as HTTP/1.1 wants."""
    chosen = []

    async def script(peer: Peer) -> None:
        chosen.append(peer.tls.selected_alpn_protocol())
        await peer.read_head()
        if len(chosen) == 3:
            all_here.set()
        await all_here.reached()
        await peer.reply(b"one")

    client, all_here = make(limit=3, **settings), world.event()
    with world.origin(script, serving(authority, *(["h2", "http/1.1"] if settings else ["http/1.1"]))) as origin:
        exchanges = [client.open(origin.url) for _ in range(3)]
        assert {exchange.sink.succeed().heads[0].http_version for exchange in exchanges} == {"HTTP/1.1"}
    assert chosen == ["http/1.1"] * 3


def test_not_installed(world, make, tls, monkeypatch):
    """Without h2 no HTTP/2 is offered."""
    monkeypatch.setattr(route, "http2_installed", lambda: False)
    with world.origin(simple, tls) as origin:
        assert make().load(origin.url + "/a").succeed().heads[0].http_version == "HTTP/1.1"


def test_upgrade(world, client, tls):
    """A request for another protocol goes over HTTP/1.1, beside the connection of HTTP/2."""
    protocols = []

    async def script(peer: Peer) -> None:
        protocols.append(peer.tls.selected_alpn_protocol())
        if protocols[-1] == "h2":
            await echo(await Server(peer, {}).begin())
        else:
            await simple(peer)

    with world.origin(script, tls) as origin:
        client.load(origin.url).succeed()
        assert client.load(origin.url, "GET", ("Connection", "Upgrade"), ("Upgrade", "x")).succeed().heads[0].http_version == "HTTP/1.1"
        assert client.load(origin.url).succeed().heads[0].http_version == "HTTP/2"
    assert protocols == ["h2", "http/1.1"]


def test_http1_required(world, client, tls):
    """A server that takes HTTP/2 and then demands HTTP/1.1 gets it."""
    async def script(peer: Peer) -> None:
        if peer.tls.selected_alpn_protocol() == "h2":
            server = await Server(peer, {}).begin()
            (stream,) = await server.gather(1)
            server.h2.reset_stream(stream, ErrorCodes.HTTP_1_1_REQUIRED)
            await server.flush()
            await server.linger()
        else:
            await simple(peer)

    with world.origin(script, tls) as origin:
        assert client.load(origin.url + "/a", "POST").succeed().heads[0].http_version == "HTTP/1.1"


def test_unreachable(world, make):
    """Requests that wait for one connection fail with it, and not after the patience of each."""
    client = make()
    with world.origin() as gone:
        pass
    exchanges = [client.open(f"https://127.0.0.1:{gone.port}/") for _ in range(20)]
    assert {exchange.sink.wait().error.code for exchange in exchanges} == {Code.CANNOT_CONNECT_TO_HOST}


# requests -----------------------------------------------------------------------------------------------------------
def test_fields(world, client, tls):
    """Names go out in lower case, without what belongs to a connection of HTTP/1.1; Host becomes :authority; fields that
    are secrets stay out of the compression's memory."""
    seen = []

    async def script(server: Server) -> None:
        async for stream in server.requests():
            seen.append(server.fields[stream])
            await server.reply(stream)

    fields = [("Host", "else.where"), ("X-Mixed", "Caf\xe9 "), ("Connection", "keep-alive, X-Hop"), ("X-Hop", "1"), ("Keep-Alive", "5"),
              ("TE", "gzip"), ("Cookie", "a=1"), ("Authorization", "Basic x"), ("Content-Length", "99")]
    with h2_origin(world, script, tls) as origin:
        client.load(origin.url + "/a?b", "PUT", *fields, body=b"xyz").succeed()
    assert seen == [[
        (":method", "PUT"), (":scheme", "https"), (":authority", "else.where"), (":path", "/a?b"), ("x-mixed", "Caf\xe9"),
        ("authorization", "Basic x"), ("content-length", "3"), ("cookie", "a=1")]]


@pytest.mark.parametrize("blocking", [False, True])
def test_upload(world, client, tls, blocking):
    """Bodies of bytes and of streams arrive whole and unframed through the window that the server gives."""
    big = bytes(range(256)) * 2000
    with h2_origin(world, echo, tls, initial_window_size=1000) as origin:
        sized = client.open(origin.url, "POST", body=big)
        flowing = client.open(origin.url, "POST", body=Stream([big[:300], big[300:200_000], b"end"], may_block=blocking))
        promised = client.open(origin.url, "POST", body=Stream([b"ab", b"cd"], length=4, may_block=blocking))
        assert (len(big), big) == (sized.sink.succeed().uploaded, sized.sink.body)
        assert flowing.sink.succeed().body == big[:200_000] + b"end"
        assert promised.sink.succeed().body == b"abcd"
        assert origin.connections == 1


def test_body_without_window(world, client, tls):
    """A body for which there is no window waits, and others do not."""
    go_on = world.event()

    async def script(server: Server) -> None:
        server.greedy = False
        async for stream in server.requests():
            await server.reply(stream, b"quick")
            if stream != 1:
                await go_on.reached()
                while sum(map(len, server.bodies.values())) < 65535:
                    await server.receive()
                server.greedy = True
                server.h2.increment_flow_control_window(1 << 20)
                server.h2.increment_flow_control_window(1 << 20, 1)
                await server.flush()

    with h2_origin(world, script, tls) as origin:
        slow = client.open(origin.url, "POST", body=bytes(600_000))
        assert client.load(origin.url).succeed().body == b"quick"
        assert not slow.sink.done.is_set()
        go_on.set()
        slow.sink.succeed()


def test_expect(world, client, tls):
    """A body that expects 100 Continue is sent after it, and not at all after a final answer."""
    async def script(server: Server) -> None:
        async for event in server.events():
            stream = getattr(event, "stream_id", 0)
            if isinstance(event, RequestReceived):
                if server.heads[stream][":path"] == "/no":
                    await server.reply(stream, b"no", status=417)
                elif server.heads[stream][":path"] == "/":
                    assert server.bodies[stream] == b""
                    server.head(stream, 100)
            elif isinstance(event, StreamEnded):
                await server.reply(stream, server.bodies[stream])
            elif isinstance(event, StreamReset):
                codes.append(event.error_code)

    codes: list[int] = []
    with h2_origin(world, script, tls) as origin:
        asked = client.load(origin.url + "/", "POST", ("Expect", "100-continue"), body=b"body").succeed()
        refused = client.load(origin.url + "/no", "POST", ("Expect", "100-continue"), body=b"body").succeed()
        assert client.load(origin.url + "/again", "POST", body=b"x").succeed().body == b"x"
        assert origin.connections == 1
    assert (asked.body, [head.status for head in asked.early]) == (b"body", [100])
    assert (refused.status, refused.uploaded) == (417, 0)
    assert codes == [ErrorCodes.CANCEL]


def test_early_answer(world, client, tls):
    """A final answer amid an upload ends it, whether or not the server resets the stream for that; the connection stays."""
    async def script(server: Server) -> None:
        server.greedy = False
        async for event in server.events():
            if isinstance(event, RequestReceived):
                stream = event.stream_id
                await server.reply(stream, b"too much", status=413)
                if server.heads[stream][":path"] == "/reset":
                    server.h2.reset_stream(stream, ErrorCodes.NO_ERROR)

    with h2_origin(world, script, tls) as origin:
        for path in "/reset", "/leave":
            refused = client.load(origin.url + path, "POST", body=bytes(4_000_000)).succeed()
            assert (refused.status, refused.body) == (413, b"too much")
            assert refused.uploaded < 4_000_000
        assert origin.connections == 1


# answers ------------------------------------------------------------------------------------------------------------
def test_early_hints_and_trailers(world, client, tls):
    """103 and trailers reach the sink; repeated fields stay apart, values that are no UTF-8 are Latin-1."""
    async def script(server: Server) -> None:
        (stream,) = await server.gather(1)
        server.h2.send_headers(stream, [(":status", "103"), ("link", "</a.css>")])
        server.h2.send_headers(stream, [(":status", "200"), ("set-cookie", "a=1"), ("set-cookie", "b=2"), (b"x-latin", b"caf\xe9")])
        server.h2.send_data(stream, b"body")
        server.h2.send_headers(stream, [("x-sum", "1")], end_stream=True)
        await server.flush()
        await server.linger()

    with h2_origin(world, script, tls) as origin:
        got = client.load(origin.url).succeed()
    assert got.events == ["informational", "head", "data", "end"]
    assert [(head.status, head.headers) for head in got.early] == [(103, [("link", "</a.css>")])]
    assert got.heads[0].headers == [("set-cookie", "a=1"), ("set-cookie", "b=2"), ("x-latin", "caf\xe9")]
    assert (got.body, got.trailers) == (b"body", [("x-sum", "1")])


def test_a_large_head(world, client, tls):
    """As large as browsers read."""
    async def script(server: Server) -> None:
        async for stream in server.requests():
            await server.reply(stream, b"body", *((f"x-{number}", "x" * 1000) for number in range(240)))

    with h2_origin(world, script, tls) as origin:
        sink = client.load(origin.url).succeed()
        assert (len(sink.heads[0].headers), sink.body) == (240, b"body")


def test_head(world, client, tls):
    """The answer to HEAD may name a length and has no body."""
    async def script(server: Server) -> None:
        async for stream in server.requests():
            server.head(stream, 200, ("content-length", "5"), end=True)
            await server.flush()

    with h2_origin(world, script, tls) as origin:
        got = client.load(origin.url, "HEAD").succeed()
    assert (got.body, got.heads[0].headers) == (b"", [("content-length", "5")])


def test_pause(world, client, tls):
    """A paused exchange blocks its own window only: others go on, and it holds 256 KiB at most."""
    big, stuck = bytes(range(256)) * 4000, world.event()

    async def script(server: Server) -> None:
        (first,) = await server.gather(1)
        server.head(first)
        sent = 0
        while (size := min(server.h2.local_flow_control_window(first), 16384)):
            server.h2.send_data(first, big[sent:sent + size])
            sent += size
        await server.flush()
        assert sent == 262_144
        stuck.set()
        (second,) = await server.gather(1)
        server.head(second)
        await server.send_all(second, big)
        await server.send_all(first, big[sent:])
        await server.linger()

    with h2_origin(world, script, tls) as origin:
        paused = client.open(origin.url)
        paused.pause()
        stuck.wait()
        assert client.load(origin.url).succeed().body == big
        world.settle()
        assert paused.sink.events == []
        paused.resume()
        assert paused.sink.succeed().body == big
        assert origin.connections == 1


def test_pause_within(world, client, tls):
    """An exchange that pauses as it is given data gets the rest, and how it ended, when it goes on."""
    async def script(server: Server) -> None:
        (stream,) = await server.gather(1)
        server.head(stream)
        server.h2.send_data(stream, b"one")
        await server.flush()
        await began.reached()
        server.h2.send_data(stream, b"two")
        server.h2.reset_stream(stream, ErrorCodes.INTERNAL_ERROR)
        await server.flush()
        await server.linger()

    began = world.event()
    sink = world.recorder(data=lambda _: sink.exchange.pause() or began.set())
    with h2_origin(world, script, tls) as origin:
        exchange = client.open(origin.url, sink=sink)
        began.wait()
        world.until(lambda: exchange.connection._events)
        assert sink.pieces == [b"one"]
        sink.on = {}
        exchange.resume()
        assert sink.wait().pieces == [b"one", b"two"]
    assert sink.error.code == Code.NETWORK_CONNECTION_LOST


# ends ---------------------------------------------------------------------------------------------------------------
def test_reset(world, client, tls):
    """RST_STREAM is -1005 for its exchange, after what came before it; the connection goes on."""
    async def script(server: Server) -> None:
        async for stream in server.requests():
            if server.heads[stream][":path"] == "/reset":
                server.head(stream)
                server.h2.send_data(stream, b"half")
                server.h2.reset_stream(stream, ErrorCodes.INTERNAL_ERROR)
                await server.flush()
            else:
                await server.reply(stream)

    with h2_origin(world, script, tls) as origin:
        lost = client.load(origin.url + "/reset")
        assert (lost.error.code, lost.body) == (Code.NETWORK_CONNECTION_LOST, b"half")
        assert "INTERNAL_ERROR" in str(lost.error.underlying_error)
        assert client.load(origin.url + "/b").succeed().body == b"/b"
        assert origin.connections == 1


@pytest.mark.parametrize(("body", "heard"), [(b"body", 2), (Stream([b"body"]), 1)])
def test_refused(world, client, tls, body, heard):
    """A refused stream is asked for once more, if its body can be sent again; then it is -1005."""
    seen = []

    async def script(server: Server) -> None:
        async for stream in server.requests():
            seen.append(stream)
            server.h2.reset_stream(stream, ErrorCodes.REFUSED_STREAM)
            await server.flush()

    with h2_origin(world, script, tls) as origin:
        assert client.load(origin.url, "POST", body=body).error.code == Code.NETWORK_CONNECTION_LOST
    assert len(seen) == heard


def test_goodbye(world, client, tls):
    """After GOAWAY the streams up to its last one end as usual; those above are asked for once more on a new connection,
    whatever their method; so is everything that comes later."""
    async def script(server: Server) -> None:
        if server.number == 1:
            streams = await server.gather(4)
            await server.goodbye(streams[1])
            await later.reached()
            for stream in streams[:2]:
                await server.reply(stream, b"old")
            await server.linger()
        else:
            await echo(server)

    later = world.event()
    with h2_origin(world, script, tls) as origin:
        exchanges = [client.open(f"{origin.url}/{number}", "POST") for number in range(4)]
        assert [exchange.sink.succeed().body for exchange in exchanges[2:]] == [b"/2", b"/3"]
        assert client.load(f"{origin.url}/4").succeed().body == b"/4"
        later.set()
        assert [exchange.sink.succeed().body for exchange in exchanges[:2]] == [b"old", b"old"]
        assert origin.connections == 2


def test_goodbye_twice(world, client, tls):
    """A request that two servers in turn did not touch is -1005."""
    async def script(server: Server) -> None:
        await server.gather(1)
        await server.goodbye(0, ErrorCodes.ENHANCE_YOUR_CALM)
        await server.linger()

    with h2_origin(world, script, tls) as origin:
        assert client.load(origin.url).error.code == Code.NETWORK_CONNECTION_LOST
        assert origin.connections == 2


@pytest.mark.parametrize("code", [ErrorCodes.INTERNAL_ERROR, ErrorCodes.ENHANCE_YOUR_CALM, 0xBAD])
def test_goodbye_over_an_error(world, client, tls, code):
    """The connection is about to be closed: what is on it ends with the error's name, at once and after what had come, and what the
    server did not touch is asked for once more."""
    async def script(server: Server) -> None:
        if server.number == 2:
            await echo(server)
            return
        streams = await server.gather(3)
        server.head(streams[0])
        server.h2.send_data(streams[0], b"begun")
        await server.flush()
        await server.goodbye(streams[1], code)
        await server.linger()

    with h2_origin(world, script, tls) as origin:
        exchanges = [client.open(f"{origin.url}/{number}", "PUT") for number in range(3)]
        assert exchanges[2].sink.succeed().body == b"/2"
        for exchange, body in zip(exchanges[:2], (b"begun", b""), strict=True):
            sink = exchange.sink.wait()
            assert (sink.error.code, sink.body) == (Code.NETWORK_CONNECTION_LOST, body)
            assert getattr(code, "name", "code 2989") in str(sink.error.underlying_error)
        assert origin.connections == 2


def ping(server: Server) -> bytes:
    return b"\0\0\x08\x06\0\0\0\0\0whatever" * 500


def setting(server: Server) -> bytes:
    return b"\0\0\0\x04\0\0\0\0\0" * 500


def stray(server: Server) -> bytes:
    """Of the stream of an answer that has ended."""
    return b"\0\0\1\0\0\0\0\0\1a" * 500


@in_memory
@pytest.mark.parametrize("frames", [ping, setting, stray])
@pytest.mark.parametrize("judged", [False, True])
def test_who_reads_nothing_is_not_answered_for_ever(world, client, tls, frames, judged):
    """What waits for such a server is bounded, also while its trust is asked about: its connection ends, and what is on it."""
    async def script(server: Server) -> None:
        if not judged:
            await server.reply((await server.gather(2))[0])
        for _ in range(5_000):
            data = frames(server)
            await server.peer.send(data)
            sent.append(len(data))

    sent: list[int] = []
    with h2_origin(world, script, tls) as origin:
        terms = Terms(judge=lambda *_: None) if judged else None
        sinks = [world.recorder(), world.recorder()]
        exchanges = [client.channel.open(Request("GET", origin.url, [], terms=terms), sink) for sink in sinks]
        world.settle()
        if judged:
            for exchange in exchanges:
                exchange.cancel()
        else:
            assert sinks[0].succeed().body == b"/"
            assert sinks[1].error.code == Code.NETWORK_CONNECTION_LOST
        world.settle()
        assert world.wires(client) == set()
    assert 65_536 < sum(sent) < 2_000_000


def test_loss(world, client, tls):
    """A connection that is lost fails all that is on it with -1005."""
    async def script(server: Server) -> None:
        streams = await server.gather(3)
        server.head(streams[0])
        await server.flush()

    with h2_origin(world, script, tls) as origin:
        exchanges = [client.open(origin.url) for _ in range(3)]
        assert {exchange.sink.wait().error.code for exchange in exchanges} == {Code.NETWORK_CONNECTION_LOST}
        assert origin.connections == 1


@pytest.mark.parametrize("farewell", [True, False])
def test_kept_connection_closed(world, client, tls, farewell):
    """What the server said, or closed, while nobody drove the loop is read before a request goes out, so even a POST is safe."""
    closed, idle = world.event(), world.event()

    async def script(server: Server) -> None:
        if server.number == 2:
            await echo(server)
            return
        (stream,) = await server.gather(1)
        await server.reply(stream)
        await idle.reached()
        if farewell:
            await server.goodbye(stream)
        server.peer.close()
        closed.set()

    def again(_: object) -> None:
        """On the engine, whose loop cannot read before this returns."""
        (connection,) = next(iter(client.channel._pools.values())).connections
        idle.set()
        closed.wait()
        while not connection.stale():
            pass
        client.open(origin.url + "/2", "POST", body=b"x", sink=second)

    second = world.recorder()
    with h2_origin(world, script, tls) as origin:
        client.load(origin.url, sink=world.recorder(end=again)).succeed()
        assert second.succeed().body == b"x"
        assert origin.connections == 2


def test_ping_while_idle(world, client, tls):
    """What is no farewell costs an idle connection nothing."""
    async def script(server: Server) -> None:
        (stream,) = await server.gather(1)
        await server.reply(stream)
        await idle.reached()
        server.h2.ping(b"are you?")
        await server.flush()
        said.set()
        await echo(server)

    def again(_: object) -> None:
        (connection,) = next(iter(client.channel._pools.values())).connections
        idle.set()
        said.wait()
        while not connection.stale():
            pass
        client.open(origin.url + "/2", "POST", sink=second)
        client.open(origin.url + "/3", "POST", sink=third)

    idle, said, second, third = world.event(), world.event(), world.recorder(), world.recorder()
    with h2_origin(world, script, tls) as origin:
        client.load(origin.url, sink=world.recorder(end=again)).succeed()
        assert (second.succeed().body, third.succeed().body) == (b"/2", b"/3")
        assert origin.connections == 1


def test_cancel(world, client, tls):
    """A cancelled exchange is told to the server, as CANCEL, and leaves the connection to others."""
    cancelled = []

    async def script(server: Server) -> None:
        async for event in server.events():
            if isinstance(event, StreamReset):
                cancelled.append((event.stream_id, event.error_code))
            elif isinstance(event, StreamEnded) and server.heads[event.stream_id][":path"] == "/":
                server.head(event.stream_id)
                await server.flush()
            elif isinstance(event, StreamEnded):
                await server.reply(event.stream_id)

    with h2_origin(world, script, tls) as origin:
        exchange = client.open(origin.url + "/")
        exchange.sink.began.wait()
        exchange.cancel()
        exchange.cancel()
        assert client.load(origin.url + "/b").succeed().body == b"/b"
        assert origin.connections == 1
    assert cancelled == [(1, ErrorCodes.CANCEL)]
    assert exchange.sink.events == ["head"]


def test_flush(world, client, tls):
    """A flushed connection ends with what is on it, and the next request makes a new one."""
    async def script(server: Server) -> None:
        async for stream in server.requests():
            if server.heads[stream][":path"] == "/slow":
                server.head(stream)
                await server.flush()
                await flushed.reached()
                server.h2.end_stream(stream)
                await server.flush()
            else:
                await server.reply(stream)

    flushed = world.event()
    with h2_origin(world, script, tls) as origin:
        slow = client.open(origin.url + "/slow")
        slow.sink.began.wait()
        client.channel.flush()
        assert client.load(origin.url + "/new").succeed().body == b"/new"
        flushed.set()
        slow.sink.succeed()
        assert origin.connections == 2
        client.channel.flush()
        world.settle()
        assert client.channel._pools == {}


def test_close(world, client, tls):
    """Closing the channel drops what is open without a word and closes the connection."""
    with h2_origin(world, Server.linger, tls) as origin:
        exchanges = [client.open(origin.url) for _ in range(3)]
        world.until(lambda: all(exchange.connection for exchange in exchanges))
        client.channel.close()
        world.settle()
        assert client.channel._pools == {}
    assert [exchange.sink.events for exchange in exchanges] == [[], [], []]


# caps and broken peers ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("length", "body", "code"), [
    ("9", b"short", Code.NETWORK_CONNECTION_LOST), ("2", b"long", Code.CANNOT_PARSE_RESPONSE)])
def test_wrong_length(world, client, tls, length, body, code):
    """A body of another length than its head says fails its own exchange alone."""
    async def script(server: Server) -> None:
        async for stream in server.requests():
            if server.heads[stream][":path"] == "/wrong":
                await server.reply(stream, body, ("content-length", length))
            else:
                await server.reply(stream)

    with h2_origin(world, script, tls) as origin:
        wrong = client.load(origin.url + "/wrong")
        assert (wrong.error.code, wrong.body) == (code, body if code == Code.NETWORK_CONNECTION_LOST else b"")
        assert client.load(origin.url + "/b").succeed().body == b"/b"
        assert origin.connections == 1


@pytest.mark.parametrize(("lengths", "succeeds"), [
    (["5", "5"], True), (["5, 5"], True), (["05"], True), ([], True), (["5", "6"], False), (["5, 6"], False), (["+5"], False), ([""], False),
    (["5x"], False), (["9223372036854775808"], False)])
def test_lengths_that_are_told_oddly(world, client, tls, lengths, succeeds):
    """What is one length over HTTP/1.1 is one here; what is none is the trouble of its own exchange alone, in trailers of none."""
    async def script(server: Server) -> None:
        slow, odd = await server.gather(2)
        server.head(slow)
        server.head(odd, 200, *(("content-length", length) for length in lengths))
        server.h2.send_data(odd, b"hello")
        server.h2.send_headers(odd, [("content-length", "none")], end_stream=True)
        await server.flush()
        await server.send_all(slow, b"slow")
        await echo(server)

    with h2_origin(world, script, tls) as origin:
        slow, odd = client.open(origin.url), client.open(origin.url)
        assert slow.sink.succeed().body == b"slow"
        if succeeds:
            assert odd.sink.succeed().body == b"hello"
        else:
            assert odd.sink.wait().error.code == Code.CANNOT_PARSE_RESPONSE
        assert client.load(origin.url + "/b").succeed().body == b"/b"
        assert origin.connections == 1


async def flood(server: Server, stream: int) -> None:
    for _ in range(101):
        server.head(stream, 103)


async def switch(server: Server, stream: int) -> None:
    server.head(stream, 101)


async def oversize(server: Server, stream: int) -> None:
    server.head(stream, 200, *((f"x-{number}", "x" * 1000) for number in range(260)))


async def garbage(server: Server, stream: int) -> None:
    await server.peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")


async def upper_case(server: Server, stream: int) -> None:
    server.h2.config.normalize_outbound_headers = False
    server.head(stream, 200, ("X-Upper", "1"))


async def push(server: Server, stream: int) -> None:
    await server.peer.send(b"\0\0\5\5\4\0\0\0\1\0\0\0\2\x82")


async def specific(server: Server, stream: int) -> None:
    server.h2.config.normalize_outbound_headers = False
    server.head(stream, 200, ("connection", "close"))


async def broken_line(server: Server, stream: int) -> None:
    server.head(stream, 200, ("x-one", "1\r\nx-two: 2"))


async def no_status(server: Server, stream: int) -> None:
    server.h2.send_headers(stream, [("x-status", "200")])


@pytest.mark.parametrize(("act", "connections"), [
    (flood, 1), (switch, 1), (upper_case, 1), (specific, 1), (broken_line, 1), (no_status, 1), (oversize, 2), (garbage, 2), (push, 2)])
def test_rules_broken(world, client, tls, act, connections):
    """Too many or too long heads, and what HTTP/2 forbids, are -1017: where it is the trouble of one stream the connection
    goes on, else a new one serves what comes next. An answer that came whole before that counts."""
    async def script(server: Server) -> None:
        if server.number == 2:
            await echo(server)
            return
        good, bad = await server.gather(2)
        server.head(good, 200, end=True)
        await server.flush()
        await act(server, bad)
        await server.flush()
        await echo(server)

    with h2_origin(world, script, tls) as origin:
        good, bad = client.open(origin.url), client.open(origin.url)
        assert bad.sink.wait().error.code == Code.CANNOT_PARSE_RESPONSE
        assert good.sink.succeed().status == 200
        assert client.load(origin.url + "/b").succeed().body == b"/b"
        assert origin.connections == connections


FIELDS = st.tuples(st.sampled_from([b":path", b"accept", b"x-a", b"cookie"]), st.sampled_from([b"/", b"1", b"x" * 40]), st.booleans())


@given(st.lists(st.lists(FIELDS, max_size=6), max_size=12), st.integers(0, 24), st.integers(0, 200))
@settings(max_examples=100, deadline=None)
def test_compression(heads, number, size):
    """What both sides remember of heads is what hpack would read and write, whatever came into the table or left it."""
    ours, theirs = (Encoder(), Decoder()), (hpack.Encoder(), hpack.Decoder())
    for at, fields in enumerate(heads * 3):
        head = [hpack.NeverIndexedHeaderTuple(name, value) if secret else (name, value) for name, value, secret in fields]
        if at == number:
            ours[0].header_table_size = theirs[0].header_table_size = size
        block = theirs[0].encode(head)
        assert block == ours[0].encode(head)
        assert theirs[1].decode(block, raw=True) == ours[1].decode(block, raw=True)


# neighbours ----------------------------------------------------------------------------------------------------------
class Mistaken:
    """A delegate whose answers about a task are none."""

    def session_did_receive_challenge(self, session, challenge):
        return sm.AuthChallengeDisposition.PERFORM_DEFAULT_HANDLING

    def task_did_receive_challenge(self, session, task, challenge):
        return None

    def task_will_perform_http_redirection(self, session, task, response, request):
        return "https://elsewhere.test/"

    def data_task_will_cache_response(self, session, task, proposed):
        return proposed.data


@in_memory
@pytest.mark.parametrize(("path", "status", "field", "callback"), [
    ("/auth", 401, ("www-authenticate", 'Basic realm="r"'), "task_did_receive_challenge"),
    ("/moved", 302, ("location", "/"), "task_will_perform_http_redirection"),
    ("/kept", 200, ("cache-control", "max-age=60"), "data_task_will_cache_response"),
])
def test_one_tasks_mistake_is_not_its_neighbours(world, trust, tls, path, status, field, callback, monkeypatch):
    """Of two tasks on one connection one fails of its delegate's wrong answer, and the other is answered whole."""
    async def script(server: Server) -> None:
        slow, bad = await server.gather(2)
        server.head(slow)
        await server.send_some(slow, b"first ")
        await server.reply(bad, b"b", field, status=status)
        await sleep(world.host, 1)
        await server.send_all(slow, b"second")
        await server.linger()

    ended = []
    monkeypatch.setattr("threading.excepthook", lambda _: None)
    with (h2_origin(world, script, tls) as origin, sm.use_route(world.route(trust)),
          sm.URLSession(sm.URLSessionConfiguration.ephemeral(), Mistaken()) as session):
        session.data_task(f"{origin.url}/slow", lambda data, response, error: ended.append(data)).resume()
        bad = session.data_task(f"{origin.url}{path}")
        bad.resume()
    assert (1, [b"first second"]) == (origin.connections, ended)
    assert (Code.UNKNOWN, True) == (bad.error.code, callback in str(bad.error))
