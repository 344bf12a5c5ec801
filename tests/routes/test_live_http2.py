"""HTTP/2 on the live route against h2's own server side: what no real server does on demand."""
from __future__ import annotations

import ssl
import threading

import hpack
import pytest
import trustme
from h2.errors import ErrorCodes
from h2.events import StreamEnded, StreamReset
from hypothesis import given, settings
from hypothesis import strategies as st

from sessionmock.errors import Code
from sessionmock.models.body import FileStream
from sessionmock.routes.live import LiveRoute, route
from sessionmock.routes.live.http2.codec import Decoder, Encoder

from .h2origin import H2Origin, Server, echo, serving
from .origin import PATIENCE, Client, LoopHost, Origin, Peer, Recorder, Stream, simple


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def tls(authority):
    return serving(authority)


@pytest.fixture
def make(authority):
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with LoopHost() as host:
        clients = []

        def made(limit: int = 6, **settings) -> Client:
            clients.append(Client(host, limit, LiveRoute(trusting, **settings)))
            return clients[-1]
        yield made
        for client in clients:
            client.channel.close()


@pytest.fixture
def client(make):
    return make()


# many on one --------------------------------------------------------------------------------------------------------
def test_fifty_streams(client, tls):
    """Fifty requests at once share one connection, which only the first of them made."""
    def script(server: Server) -> None:
        streams = server.gather(50)
        for stream in reversed(streams):
            server.reply(stream)
        server.linger()

    with H2Origin(script, tls) as origin:
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


def test_limit_of_streams(make, tls):
    """Beyond what a server allows at once a second connection is made, and beyond the limit of connections requests wait."""
    client, most = make(limit=2), []

    def script(server: Server) -> None:
        for stream in server.requests():
            most.append(len([s for s in server.h2.streams.values() if s.open]))
            server.reply(stream)

    with H2Origin(script, tls, max_concurrent_streams=3) as origin:
        client.load(origin.url).succeed()
        exchanges = [client.open(f"{origin.url}/{number}") for number in range(20)]
        assert [b"/%d" % number for number in range(20)] == [exchange.sink.succeed().body for exchange in exchanges]
        assert origin.connections == 2
    assert max(most) <= 3


@pytest.mark.parametrize("has_file", [False, True])
def test_refused_for_want_of_room(client, tls, tmp_path, has_file):
    """What a server refused before its limit was known is asked for again within that limit, with its body from a file or without one."""
    path = tmp_path / "body"
    path.write_bytes(b"body")

    def script(server: Server) -> None:
        streams = server.gather(5)
        for stream in streams[2:]:
            server.h2.reset_stream(stream, ErrorCodes.REFUSED_STREAM)
        for stream in streams[:2]:
            server.reply(stream)
        for stream in server.requests():
            server.reply(stream)

    with H2Origin(script, tls) as origin:
        bodies = [FileStream(path) if has_file else None for _ in range(5)]
        exchanges = [client.open(f"{origin.url}/{number}", "POST", body=body) for number, body in enumerate(bodies)]
        assert [b"/%d" % number for number in range(5)] == [exchange.sink.succeed().body for exchange in exchanges]


# who chooses --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("settings", [{}, {"http2": False}])
def test_http1(make, authority, settings):
    """A server that knows no HTTP/2, or is offered none, gets as many connections as HTTP/1.1 wants."""
    chosen = []

    def script(peer: Peer) -> None:
        chosen.append(peer.sock.selected_alpn_protocol())
        peer.read_head()
        gate.wait(PATIENCE)
        peer.reply(b"one")
    client, gate = make(limit=3, **settings), threading.Barrier(3)
    with Origin(script, serving(authority, *(["h2", "http/1.1"] if settings else ["http/1.1"]))) as origin:
        exchanges = [client.open(origin.url) for _ in range(3)]
        assert {exchange.sink.succeed().heads[0].http_version for exchange in exchanges} == {"HTTP/1.1"}
    assert chosen == ["http/1.1"] * 3


def test_not_installed(make, tls, monkeypatch):
    """Without h2 no HTTP/2 is offered."""
    monkeypatch.setattr(route, "http2_installed", lambda: False)
    with Origin(simple, tls) as origin:
        assert make().load(origin.url + "/a").succeed().heads[0].http_version == "HTTP/1.1"


def test_upgrade(client, tls):
    """A request for another protocol goes over HTTP/1.1, beside the connection of HTTP/2."""
    protocols = []

    def script(peer: Peer) -> None:
        protocols.append(peer.sock.selected_alpn_protocol())
        if protocols[-1] == "h2":
            echo(Server(peer, {}))
        else:
            simple(peer)

    with Origin(script, tls) as origin:
        client.load(origin.url).succeed()
        assert client.load(origin.url, "GET", ("Connection", "Upgrade"), ("Upgrade", "x")).succeed().heads[0].http_version == "HTTP/1.1"
        assert client.load(origin.url).succeed().heads[0].http_version == "HTTP/2"
    assert protocols == ["h2", "http/1.1"]


def test_http1_required(client, tls):
    """A server that takes HTTP/2 and then demands HTTP/1.1 gets it."""
    def script(peer: Peer) -> None:
        if peer.sock.selected_alpn_protocol() == "h2":
            server = Server(peer, {})
            (stream,) = server.gather(1)
            server.h2.reset_stream(stream, ErrorCodes.HTTP_1_1_REQUIRED)
            server.flush()
            server.linger()
        else:
            simple(peer)

    with Origin(script, tls) as origin:
        assert client.load(origin.url + "/a", "POST").succeed().heads[0].http_version == "HTTP/1.1"


def test_unreachable(make):
    """Requests that wait for one connection fail with it, and not after the patience of each."""
    client = make()
    with Origin() as gone:
        pass
    exchanges = [client.open(f"https://127.0.0.1:{gone.port}/") for _ in range(20)]
    assert {exchange.sink.wait().error.code for exchange in exchanges} == {Code.CANNOT_CONNECT_TO_HOST}


# requests -----------------------------------------------------------------------------------------------------------
def test_fields(client, tls):
    """Names go out in lower case, without what belongs to a connection of HTTP/1.1; Host becomes :authority; fields that
    are secrets stay out of the compression's memory."""
    seen = []

    def script(server: Server) -> None:
        for stream in server.requests():
            seen.append(server.fields[stream])
            server.reply(stream)

    fields = [("Host", "else.where"), ("X-Mixed", "Caf\xe9 "), ("Connection", "keep-alive, X-Hop"), ("X-Hop", "1"), ("Keep-Alive", "5"),
              ("TE", "gzip"), ("Cookie", "a=1"), ("Authorization", "Basic x"), ("Content-Length", "99")]
    with H2Origin(script, tls) as origin:
        client.load(origin.url + "/a?b", "PUT", *fields, body=b"xyz").succeed()
    assert seen == [[
        (":method", "PUT"), (":scheme", "https"), (":authority", "else.where"), (":path", "/a?b"), ("x-mixed", "Caf\xe9"),
        ("authorization", "Basic x"), ("content-length", "3"), ("cookie", "a=1")]]


@pytest.mark.parametrize("blocking", [False, True])
def test_upload(client, tls, blocking):
    """Bodies of bytes and of streams arrive whole and unframed through the window that the server gives."""
    big = bytes(range(256)) * 2000
    with H2Origin(echo, tls, initial_window_size=1000) as origin:
        sized = client.open(origin.url, "POST", body=big)
        flowing = client.open(origin.url, "POST", body=Stream([big[:300], big[300:200_000], b"end"], may_block=blocking))
        promised = client.open(origin.url, "POST", body=Stream([b"ab", b"cd"], length=4, may_block=blocking))
        assert (len(big), big) == (sized.sink.succeed().uploaded, sized.sink.body)
        assert flowing.sink.succeed().body == big[:200_000] + b"end"
        assert promised.sink.succeed().body == b"abcd"
        assert origin.connections == 1


def test_body_without_window(client, tls):
    """A body for which there is no window waits, and others do not."""
    go_on = threading.Event()

    def script(server: Server) -> None:
        server.greedy = False
        for stream in server.requests():
            server.reply(stream, b"quick")
            if stream != 1:
                assert go_on.wait(PATIENCE)
                while sum(map(len, server.bodies.values())) < 65535:
                    server.receive()
                server.greedy = True
                server.h2.increment_flow_control_window(1 << 20)
                server.h2.increment_flow_control_window(1 << 20, 1)
                server.flush()

    with H2Origin(script, tls) as origin:
        slow = client.open(origin.url, "POST", body=bytes(600_000))
        assert client.load(origin.url).succeed().body == b"quick"
        assert not slow.sink.done.is_set()
        go_on.set()
        slow.sink.succeed()


def test_expect(client, tls):
    """A body that expects 100 Continue is sent after it, and not at all after a final answer."""
    def script(server: Server) -> None:
        for event in server.events():
            stream = getattr(event, "stream_id", 0)
            if type(event).__name__ == "RequestReceived":
                if server.heads[stream][":path"] == "/no":
                    server.reply(stream, b"no", status=417)
                elif server.heads[stream][":path"] == "/":
                    assert server.bodies[stream] == b""
                    server.head(stream, 100)
            elif isinstance(event, StreamEnded):
                server.reply(stream, server.bodies[stream])
            elif isinstance(event, StreamReset):
                codes.append(event.error_code)

    codes: list[int] = []
    with H2Origin(script, tls) as origin:
        asked = client.load(origin.url + "/", "POST", ("Expect", "100-continue"), body=b"body").succeed()
        refused = client.load(origin.url + "/no", "POST", ("Expect", "100-continue"), body=b"body").succeed()
        assert client.load(origin.url + "/again", "POST", body=b"x").succeed().body == b"x"
        assert origin.connections == 1
    assert (asked.body, [head.status for head in asked.early]) == (b"body", [100])
    assert (refused.status, refused.uploaded) == (417, 0)
    assert codes == [ErrorCodes.CANCEL]


def test_early_answer(client, tls):
    """A final answer amid an upload ends it, whether or not the server resets the stream for that; the connection stays."""
    def script(server: Server) -> None:
        server.greedy = False
        for event in server.events():
            if type(event).__name__ == "RequestReceived":
                stream = event.stream_id
                server.reply(stream, b"too much", status=413)
                if server.heads[stream][":path"] == "/reset":
                    server.h2.reset_stream(stream, ErrorCodes.NO_ERROR)

    with H2Origin(script, tls) as origin:
        for path in "/reset", "/leave":
            refused = client.load(origin.url + path, "POST", body=bytes(4_000_000)).succeed()
            assert (refused.status, refused.body) == (413, b"too much")
            assert refused.uploaded < 4_000_000
        assert origin.connections == 1


# answers ------------------------------------------------------------------------------------------------------------
def test_early_hints_and_trailers(client, tls):
    """103 and trailers reach the sink; repeated fields stay apart, values that are no UTF-8 are Latin-1."""
    def script(server: Server) -> None:
        (stream,) = server.gather(1)
        server.h2.send_headers(stream, [(":status", "103"), ("link", "</a.css>")])
        server.h2.send_headers(stream, [(":status", "200"), ("set-cookie", "a=1"), ("set-cookie", "b=2"), (b"x-latin", b"caf\xe9")])
        server.h2.send_data(stream, b"body")
        server.h2.send_headers(stream, [("x-sum", "1")], end_stream=True)
        server.flush()
        server.linger()

    with H2Origin(script, tls) as origin:
        got = client.load(origin.url).succeed()
    assert got.events == ["informational", "head", "data", "end"]
    assert [(head.status, head.headers) for head in got.early] == [(103, [("link", "</a.css>")])]
    assert got.heads[0].headers == [("set-cookie", "a=1"), ("set-cookie", "b=2"), ("x-latin", "caf\xe9")]
    assert (got.body, got.trailers) == (b"body", [("x-sum", "1")])


def test_head(client, tls):
    """The answer to HEAD may name a length and has no body."""
    def script(server: Server) -> None:
        for stream in server.requests():
            server.head(stream, 200, ("content-length", "5"), end=True)
            server.flush()

    with H2Origin(script, tls) as origin:
        got = client.load(origin.url, "HEAD").succeed()
    assert (got.body, got.heads[0].headers) == (b"", [("content-length", "5")])


def test_pause(client, tls):
    """A paused exchange blocks its own window only: others go on, and it holds 256 KiB at most."""
    big, stuck = bytes(range(256)) * 4000, threading.Event()

    def script(server: Server) -> None:
        first, = server.gather(1)
        server.head(first)
        sent = 0
        while (size := min(server.h2.local_flow_control_window(first), 16384)):
            server.h2.send_data(first, big[sent:sent + size])
            sent += size
        server.flush()
        assert sent == 262_144
        stuck.set()
        (second,) = server.gather(1)
        server.head(second)
        server.send_all(second, big)
        server.send_all(first, big[sent:])
        server.linger()

    with H2Origin(script, tls) as origin:
        paused = client.open(origin.url)
        paused.pause()
        assert stuck.wait(PATIENCE)
        assert client.load(origin.url).succeed().body == big
        client.host.settle()
        assert paused.sink.events == []
        paused.resume()
        assert paused.sink.succeed().body == big
        assert origin.connections == 1


def test_pause_within(client, tls):
    """An exchange that pauses as it is given data gets the rest, and how it ended, when it goes on."""
    def script(server: Server) -> None:
        (stream,) = server.gather(1)
        server.head(stream)
        server.h2.send_data(stream, b"one")
        server.flush()
        began.wait(PATIENCE)
        server.h2.send_data(stream, b"two")
        server.h2.reset_stream(stream, ErrorCodes.INTERNAL_ERROR)
        server.flush()
        server.linger()

    began = threading.Event()
    sink = Recorder(data=lambda _: exchange.pause() or began.set())
    with H2Origin(script, tls) as origin:
        exchange = client.open(origin.url, sink=sink)
        assert began.wait(PATIENCE)
        while not client.host.call(lambda: exchange.connection._events):
            pass
        assert sink.pieces == [b"one"]
        sink.on = {}
        exchange.resume()
        assert sink.wait().pieces == [b"one", b"two"]
    assert sink.error.code == Code.NETWORK_CONNECTION_LOST


# ends ---------------------------------------------------------------------------------------------------------------
def test_reset(client, tls):
    """RST_STREAM is -1005 for its exchange, after what came before it; the connection goes on."""
    def script(server: Server) -> None:
        for stream in server.requests():
            if server.heads[stream][":path"] == "/reset":
                server.head(stream)
                server.h2.send_data(stream, b"half")
                server.h2.reset_stream(stream, ErrorCodes.INTERNAL_ERROR)
                server.flush()
            else:
                server.reply(stream)

    with H2Origin(script, tls) as origin:
        lost = client.load(origin.url + "/reset")
        assert (lost.error.code, lost.body) == (Code.NETWORK_CONNECTION_LOST, b"half")
        assert "INTERNAL_ERROR" in str(lost.error.underlying_error)
        assert client.load(origin.url + "/b").succeed().body == b"/b"
        assert origin.connections == 1


@pytest.mark.parametrize(("body", "heard"), [(b"body", 2), (Stream([b"body"]), 1)])
def test_refused(client, tls, body, heard):
    """A refused stream is asked for once more, if its body can be sent again; then it is -1005."""
    seen = []

    def script(server: Server) -> None:
        for stream in server.requests():
            seen.append(stream)
            server.h2.reset_stream(stream, ErrorCodes.REFUSED_STREAM)
            server.flush()

    with H2Origin(script, tls) as origin:
        assert client.load(origin.url, "POST", body=body).error.code == Code.NETWORK_CONNECTION_LOST
    assert len(seen) == heard


def test_goodbye(client, tls):
    """After GOAWAY the streams up to its last one end as usual; those above are asked for once more on a new connection,
    whatever their method; so is everything that comes later."""
    def script(server: Server) -> None:
        if server.number == 1:
            streams = server.gather(4)
            server.goodbye(streams[1])
            assert later.wait(PATIENCE)
            for stream in streams[:2]:
                server.reply(stream, b"old")
            server.linger()
        else:
            echo(server)

    later = threading.Event()
    with H2Origin(script, tls) as origin:
        exchanges = [client.open(f"{origin.url}/{number}", "POST") for number in range(4)]
        assert [exchange.sink.succeed().body for exchange in exchanges[2:]] == [b"/2", b"/3"]
        assert client.load(f"{origin.url}/4").succeed().body == b"/4"
        later.set()
        assert [exchange.sink.succeed().body for exchange in exchanges[:2]] == [b"old", b"old"]
        assert origin.connections == 2


def test_goodbye_twice(client, tls):
    """A request that two servers in turn did not touch is -1005."""
    def script(server: Server) -> None:
        server.gather(1)
        server.goodbye(0, ErrorCodes.ENHANCE_YOUR_CALM)
        server.linger()

    with H2Origin(script, tls) as origin:
        assert client.load(origin.url).error.code == Code.NETWORK_CONNECTION_LOST
        assert origin.connections == 2


def test_loss(client, tls):
    """A connection that is lost fails all that is on it with -1005."""
    def script(server: Server) -> None:
        streams = server.gather(3)
        server.head(streams[0])
        server.flush()

    with H2Origin(script, tls) as origin:
        exchanges = [client.open(origin.url) for _ in range(3)]
        assert {exchange.sink.wait().error.code for exchange in exchanges} == {Code.NETWORK_CONNECTION_LOST}
        assert origin.connections == 1


@pytest.mark.parametrize("farewell", [True, False])
def test_kept_connection_closed(client, tls, farewell):
    """What the server said, or closed, while nobody drove the loop is read before a request goes out, so even a POST is safe."""
    closed, idle = threading.Event(), threading.Event()

    def script(server: Server) -> None:
        if server.number == 2:
            echo(server)
            return
        (stream,) = server.gather(1)
        server.reply(stream)
        assert idle.wait(PATIENCE)
        if farewell:
            server.goodbye(stream)
        server.peer.sock.close()
        closed.set()

    def again(_: object) -> None:
        """On the engine, whose loop cannot read before this returns."""
        (connection,) = next(iter(client.channel._pools.values())).connections
        idle.set()
        assert closed.wait(PATIENCE)
        while not connection.stale():
            pass
        client.open(origin.url + "/2", "POST", body=b"x", sink=second)

    second = Recorder()
    with H2Origin(script, tls) as origin:
        client.load(origin.url, sink=Recorder(end=again)).succeed()
        assert second.succeed().body == b"x"
        assert origin.connections == 2


def test_ping_while_idle(client, tls):
    """What is no farewell costs an idle connection nothing."""
    def script(server: Server) -> None:
        (stream,) = server.gather(1)
        server.reply(stream)
        assert idle.wait(PATIENCE)
        server.h2.ping(b"are you?")
        server.flush()
        echo(server)

    def again(_: object) -> None:
        (connection,) = next(iter(client.channel._pools.values())).connections
        idle.set()
        while not connection.stale():
            pass
        client.open(origin.url + "/2", "POST", sink=second)
        client.open(origin.url + "/3", "POST", sink=third)

    idle, second, third = threading.Event(), Recorder(), Recorder()
    with H2Origin(script, tls) as origin:
        client.load(origin.url, sink=Recorder(end=again)).succeed()
        assert (second.succeed().body, third.succeed().body) == (b"/2", b"/3")
        assert origin.connections == 1


def test_cancel(client, tls):
    """A cancelled exchange is told to the server, as CANCEL, and leaves the connection to others."""
    cancelled = []

    def script(server: Server) -> None:
        for event in server.events():
            if isinstance(event, StreamReset):
                cancelled.append((event.stream_id, event.error_code))
            elif isinstance(event, StreamEnded) and server.heads[event.stream_id][":path"] == "/":
                server.head(event.stream_id)
                server.flush()
            elif isinstance(event, StreamEnded):
                server.reply(event.stream_id)

    with H2Origin(script, tls) as origin:
        exchange = client.open(origin.url + "/")
        assert exchange.sink.began.wait(PATIENCE)
        exchange.cancel()
        exchange.cancel()
        assert client.load(origin.url + "/b").succeed().body == b"/b"
        assert origin.connections == 1
    assert cancelled == [(1, ErrorCodes.CANCEL)]
    assert exchange.sink.events == ["head"]


def test_flush(client, tls):
    """A flushed connection ends with what is on it, and the next request makes a new one."""
    def script(server: Server) -> None:
        for stream in server.requests():
            if server.heads[stream][":path"] == "/slow":
                server.head(stream)
                server.flush()
                assert flushed.wait(PATIENCE)
                server.h2.end_stream(stream)
                server.flush()
            else:
                server.reply(stream)

    flushed = threading.Event()
    with H2Origin(script, tls) as origin:
        slow = client.open(origin.url + "/slow")
        assert slow.sink.began.wait(PATIENCE)
        client.channel.flush()
        assert client.load(origin.url + "/new").succeed().body == b"/new"
        flushed.set()
        slow.sink.succeed()
        assert origin.connections == 2
        client.channel.flush()
        client.host.settle()
        assert client.channel._pools == {}


def test_close(client, tls):
    """Closing the channel drops what is open without a word and closes the connection."""
    with H2Origin(Server.linger, tls) as origin:
        exchanges = [client.open(origin.url) for _ in range(3)]
        while not client.host.call(lambda: all(exchange.connection for exchange in exchanges)):
            pass
        client.channel.close()
        client.host.settle()
        assert client.channel._pools == {}
    assert [exchange.sink.events for exchange in exchanges] == [[], [], []]


# caps and broken peers ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("length", "body", "code"), [
    ("9", b"short", Code.NETWORK_CONNECTION_LOST), ("2", b"long", Code.CANNOT_PARSE_RESPONSE)])
def test_wrong_length(client, tls, length, body, code):
    """A body of another length than its head says fails its own exchange alone."""
    def script(server: Server) -> None:
        for stream in server.requests():
            if server.heads[stream][":path"] == "/wrong":
                server.reply(stream, body, ("content-length", length))
            else:
                server.reply(stream)

    with H2Origin(script, tls) as origin:
        wrong = client.load(origin.url + "/wrong")
        assert (wrong.error.code, wrong.body) == (code, body if code == Code.NETWORK_CONNECTION_LOST else b"")
        assert client.load(origin.url + "/b").succeed().body == b"/b"
        assert origin.connections == 1


def flood(server: Server, stream: int) -> None:
    for _ in range(101):
        server.head(stream, 103)


def switch(server: Server, stream: int) -> None:
    server.head(stream, 101)


def oversize(server: Server, stream: int) -> None:
    server.head(stream, 200, *((f"x-{number}", "x" * 1000) for number in range(70)))


def garbage(server: Server, stream: int) -> None:
    server.peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def upper_case(server: Server, stream: int) -> None:
    server.h2.config.normalize_outbound_headers = False
    server.head(stream, 200, ("X-Upper", "1"))


def push(server: Server, stream: int) -> None:
    server.peer.send(b"\0\0\5\5\4\0\0\0\1\0\0\0\2\x82")


def specific(server: Server, stream: int) -> None:
    server.h2.config.normalize_outbound_headers = False
    server.head(stream, 200, ("connection", "close"))


def broken_line(server: Server, stream: int) -> None:
    server.head(stream, 200, ("x-one", "1\r\nx-two: 2"))


def no_status(server: Server, stream: int) -> None:
    server.h2.send_headers(stream, [("x-status", "200")])


@pytest.mark.parametrize(("act", "connections"), [
    (flood, 1), (switch, 1), (upper_case, 1), (specific, 1), (broken_line, 1), (no_status, 1), (oversize, 2), (garbage, 2), (push, 2)])
def test_rules_broken(client, tls, act, connections):
    """Too many or too long heads, and what HTTP/2 forbids, are -1017: where it is the trouble of one stream the connection
    goes on, else a new one serves what comes next. An answer that came whole before that counts."""
    def script(server: Server) -> None:
        if server.number == 2:
            echo(server)
            return
        good, bad = server.gather(2)
        server.head(good, 200, end=True)
        server.flush()
        act(server, bad)
        server.flush()
        echo(server)

    with H2Origin(script, tls) as origin:
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
