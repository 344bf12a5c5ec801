from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import os
import socket
import subprocess
import sys
import threading

import pytest

from sessionmock.clock import SECOND
from sessionmock.errors import Code
from sessionmock.models.message import Request
from sessionmock.routes.live import LiveRoute, race

from .origin import PATIENCE, Client, LoopHost, Origin, Peer, Recorder, Stream

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
def host():
    with LoopHost() as running:
        yield running


@pytest.fixture
def client(host):
    made = Client(host)
    yield made
    made.channel.close()


def one(*replies: bytes):
    """A script that answers one request with these bytes and closes."""
    def script(peer: Peer) -> None:
        peer.read_head()
        peer.read_body()
        for reply in replies:
            peer.send(reply)
    return script


class TestAnswers:
    def test_get(self, client):
        """A GET brings head, body and end, and the head tells addresses and times."""
        with Origin() as origin:
            sink = client.load(origin.url + "/hello?x")
        assert (sink.events, sink.body, sink.status) == (["head", "data", "end"], b"/hello?x", 200)
        timing = sink.heads[0].timing
        assert timing.facts.remote_address == ("127.0.0.1", origin.port)
        assert timing.facts.local_address[0] == "127.0.0.1"
        assert (timing.reused, timing.facts.tls) == (False, None)
        times = [timing.connect_start, timing.connect_end, timing.request_start, timing.request_end, timing.response_start]
        assert times == sorted(times)
        assert (timing.domain_lookup_start, timing.secure_connection_start) == (None, None)
        assert timing.request_header_bytes == len(origin.heads[0]) + 4
        assert timing.response_header_bytes == 38

    def test_keep_alive(self, client):
        """Requests one after the other go over one connection, which only the first has to make."""
        with Origin() as origin:
            sinks = [client.load(f"{origin.url}/{i}") for i in range(5)]
        assert [sink.body for sink in sinks] == [b"/0", b"/1", b"/2", b"/3", b"/4"]
        assert origin.connections == 1
        assert [sink.heads[0].timing.reused for sink in sinks] == [False, True, True, True, True]
        assert sinks[1].heads[0].timing.connect_start is None

    def test_name(self, host):
        """A name is looked up off the engine, and its addresses are tried in order."""
        asked = []

        def resolve(name: str) -> list[str]:
            asked.append((name, threading.current_thread() is host._thread))
            return ["::1", "127.0.0.1"]

        client = Client(host, route=LiveRoute(resolve=resolve))
        with Origin() as origin:
            sink = client.load(f"http://some.example:{origin.port}/").succeed()
            client.channel.close()
        assert asked == [("some.example", False)]
        timing = sink.heads[0].timing
        assert timing.domain_lookup_start <= timing.domain_lookup_end <= timing.connect_start
        assert origin.heads[0].split("\r\n")[1] == f"Host: some.example:{origin.port}"

    def test_head(self, client):
        """HEAD has no body, and its connection goes on."""
        def script(peer: Peer) -> None:
            while peer.read_head():
                peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")

        with Origin(script) as origin:
            assert client.load(origin.url, "HEAD").events == ["head", "end"]
            assert client.load(origin.url, "HEAD").events == ["head", "end"]
        assert origin.connections == 1

    def test_until_close(self, client):
        """A body without framing ends with its connection."""
        with Origin(one(b"HTTP/1.1 200 OK\r\n\r\nab", b"cd")) as origin:
            assert client.load(origin.url).succeed().body == b"abcd"

    def test_informational_and_trailers(self, client):
        """1xx heads come before the answer, and trailers at its end."""
        reply = (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                 b"2\r\nab\r\n0\r\nX-T: 1\r\n\r\n")
        with Origin(one(reply)) as origin:
            sink = client.load(origin.url).succeed()
        assert sink.events == ["informational", "head", "data", "end"]
        assert (sink.early[0].status, sink.early[0].headers) == (103, [("Link", "</a>")])
        assert sink.trailers == [("X-T", "1")]

    def test_excess(self, client):
        """Bytes beyond an answer are dropped, and the connection with them."""
        def script(peer: Peer) -> None:
            peer.read_head()
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabmore")      # at once: later it would meet the next request
            peer.read_head()

        with Origin(script) as origin:
            assert client.load(origin.url).succeed().body == b"ab"
            client.load(origin.url).succeed()
        assert origin.connections == 2

    def test_switch(self, client):
        """After 101 bytes go both ways until one side closes, and the host's limit no longer counts the connection."""
        def script(peer: Peer) -> None:
            peer.read_head()
            peer.send(b"HTTP/1.1 101 Go\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\nhi ")
            peer.send(peer.read(5))
            peer.read(1)

        with Origin(script) as origin:
            small = Client(client.host, limit=1)
            echoed = threading.Event()
            sink = Recorder(data=lambda data: data.endswith(b"e") and echoed.set())
            exchange = small.open(origin.url, "GET", ("Connection", "Upgrade"), ("Upgrade", "echo"), sink=sink)
            assert sink.began.wait(PATIENCE)
            origin.script = one(b"HTTP/1.1 204 X\r\n\r\n")
            assert small.load(origin.url).status == 204
            exchange.write(b"there")
            assert echoed.wait(PATIENCE)
            exchange.close()
            sink.succeed()
            small.channel.close()
        assert (sink.heads[0].status, sink.body) == (101, b"hi there")

    @pytest.mark.parametrize(("fields", "url", "code"), [
        ([("X", "a\r\nb")], "http://127.0.0.1:1/", Code.UNKNOWN),
        ([], "http://127.0.0.1:99999999/", Code.BAD_URL),
        ([], "gopher://127.0.0.1/", Code.UNSUPPORTED_URL),
        ([], "http://", Code.CANNOT_FIND_HOST),
    ])
    def test_unsendable(self, client, fields, url, code):
        """A request that cannot be put on a wire fails before anything is sent, and says why."""
        sink = client.load(url, "GET", *fields)
        assert (sink.events, sink.error.code, sink.error.failing_url) == (["fail"], code, url)


class TestFailures:
    @pytest.mark.parametrize(("reply", "code", "events"), [
        (b"", Code.NETWORK_CONNECTION_LOST, ["fail"]),
        (b"HTTP/1.1 200 O", Code.NETWORK_CONNECTION_LOST, ["fail"]),
        (b"HTTP/1.1 100 Continue\r\n\r\n", Code.NETWORK_CONNECTION_LOST, ["informational", "fail"]),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", Code.NETWORK_CONNECTION_LOST, ["head", "data", "fail"]),
        (CHUNKED + b"3\r\nabc", Code.NETWORK_CONNECTION_LOST, ["head", "data", "fail"]),
        (CHUNKED + b"3\r\nabc\r\nzz\r\n", Code.CANNOT_PARSE_RESPONSE, ["head", "data", "fail"]),
        (b"this is not HTTP\r\n\r\n", Code.CANNOT_PARSE_RESPONSE, ["fail"]),
    ])
    def test_broken_answers(self, client, reply, code, events):
        """What came before an answer broke stays delivered; a fresh connection's request is never sent twice."""
        with Origin(one(reply)) as origin:
            sink = client.load(origin.url)
            assert len(origin.heads) == 1
        assert (events, code) == (sink.events, sink.error.code)
        assert sink.error.failing_url == origin.url
        assert sink.error.underlying_error is not None

    def test_reset(self, client):
        """A reset within an answer is a lost connection, after what came."""
        def script(peer: Peer) -> None:
            peer.read_head()
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
            assert sink.began.wait(PATIENCE)
            peer.reset()

        sink = Recorder()
        with Origin(script) as origin:
            client.load(origin.url, sink=sink)
        assert (sink.body, sink.error.code) == (b"abc", Code.NETWORK_CONNECTION_LOST)
        assert isinstance(sink.error.underlying_error, ConnectionResetError)

    def test_refused(self, client):
        """Nobody listens: -1004."""
        with Origin() as origin:
            pass
        sink = client.load(origin.url)
        assert (sink.events, sink.error.code) == (["fail"], Code.CANNOT_CONNECT_TO_HOST)

    @pytest.mark.parametrize("answer", [OSError("no such name"), UnicodeError("bad label"), []])
    def test_no_name(self, host, answer):
        """A name that nobody knows: -1003, whatever the resolver's words (scenario fail-no-host)."""
        def resolve(_: str) -> list[str]:
            if isinstance(answer, Exception):
                raise answer
            return answer

        sink = Client(host, route=LiveRoute(resolve=resolve)).load("http://nowhere.example/")
        assert (sink.events, sink.error.code) == (["fail"], Code.CANNOT_FIND_HOST)

    def test_system_names(self, client):
        """The system is asked where no resolver is given."""
        with Origin() as origin:
            assert client.load(f"http://localhost:{origin.port}/x").succeed().body == b"/x"


@contextlib.contextmanager
def silent(port: int = 0):
    """The port of a listener on 127.0.0.2 whose queue is full: whoever connects hears nothing."""
    with contextlib.ExitStack() as held:
        listener = held.enter_context(socket.create_server(("127.0.0.2", port), backlog=0))
        address = listener.getsockname()
        for _ in range(4):
            queued = held.enter_context(socket.socket())
            queued.setblocking(False)
            queued.connect_ex(address)
        yield address[1]


class TestAddresses:
    def test_silent(self, host):
        """An address that says nothing is not waited for: the next ones are tried beside it, each after a head start."""
        client = Client(host, route=LiveRoute(resolve=lambda _: ["127.0.0.2", "127.0.0.3", "127.0.0.1"]))
        with Origin() as origin, silent(origin.port):
            sink = client.load(f"http://some.example:{origin.port}/").succeed()
            client.channel.close()
        timing = sink.heads[0].timing
        assert 0.2 * SECOND < timing.connect_end - timing.connect_start < 2 * SECOND
        assert client.channel.adapter._wires == set()

    def test_none(self, host):
        """The failure is that of the last address."""
        client = Client(host, route=LiveRoute(resolve=lambda _: ["somewhere", "127.0.0.3", "127.0.0.1"]))
        with Origin() as origin:
            pass
        sink = client.load(f"http://some.example:{origin.port}/")
        assert (sink.events, sink.error.code) == (["fail"], Code.CANNOT_CONNECT_TO_HOST)
        assert isinstance(sink.error.underlying_error, ConnectionRefusedError)
        assert f"127.0.0.1 port {origin.port}" in str(sink.error.underlying_error)

    def test_cancel(self, host):
        """Cancelling closes the sockets that are still connecting."""
        client = Client(host, route=LiveRoute(resolve=lambda _: ["127.0.0.2"] * 2))
        with silent() as port:
            exchange = client.open(f"http://some.example:{port}/")
            while len(client.channel.adapter._wires) < 2:
                host.settle()
            sockets = [wire.socket for wire in client.channel.adapter._wires]
            exchange.cancel()
            host.settle()
        assert [one.fileno() for one in sockets] == [-1, -1]
        assert (client.channel.adapter._wires, exchange.sink.events) == (set(), [])

    def test_cancel_as_it_connects(self, host, monkeypatch):
        """Cancelled between the connection and its first use, the socket is closed too."""
        def settle(entered, wire, problem):
            original(entered, wire, problem)
            assert opened.wait(PATIENCE)
            exchange.cancel()
            sockets.append(wire.socket)

        original, opened, sockets = race._Race._settle, threading.Event(), []
        monkeypatch.setattr(race._Race, "_settle", settle)
        client = Client(host)
        with Origin() as origin:
            exchange = client.open(origin.url)
            opened.set()
            while not sockets:
                host.settle()
            host.settle()
        assert ([one.fileno() for one in sockets], client.channel.adapter._wires, exchange.sink.events) == ([-1], set(), [])


class TestCancel:
    def test_in_body(self, client):
        """Cancelling within a body closes the connection at once and says nothing more."""
        def script(peer: Peer) -> None:
            peer.read_head()
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
            closed.append(peer.read(1))

        closed: list[bytes] = []
        sink = Recorder()
        with Origin(script) as origin:
            exchange = client.open(origin.url, sink=sink)
            assert sink.began.wait(PATIENCE)
            exchange.cancel()
            exchange.cancel()
            client.host.settle()
        assert closed in ([b""], [])    # the reset may also raise in the script
        assert sink.events in (["head", "data"], ["head"])
        assert not exchange.ended or exchange.connection is None

    @pytest.mark.parametrize("event", ["head", "data"])
    def test_from_the_sink(self, client, event):
        """A sink that cancels hears nothing more, though the whole answer has been read."""
        box = []
        began = threading.Event()
        sink = Recorder(**{event: lambda _: (began.wait(PATIENCE), box[0].cancel(), done.set())})
        done = threading.Event()
        with Origin() as origin:
            box.append(client.open(origin.url, sink=sink))
            began.set()
            assert done.wait(PATIENCE)
            client.host.settle()
        assert sink.events[-1] == event

    def test_while_connecting(self, host):
        """Cancelling while a name is looked up needs no answer of the resolver, and frees the place for the next."""
        asked, go = threading.Event(), threading.Event()

        def resolve(name: str) -> list[str]:
            asked.set()
            if name == "slow.example":
                assert go.wait(PATIENCE)
            return ["127.0.0.1"]

        client = Client(host, limit=1, route=LiveRoute(resolve=resolve))
        with Origin() as origin:
            first = client.open(f"http://slow.example:{origin.port}/")
            second = client.open(f"http://slow.example:{origin.port}/2")
            assert asked.wait(PATIENCE)
            first.cancel()
            host.settle()
            go.set()
            second.sink.succeed()
            client.channel.close()
        assert first.sink.events == []
        assert origin.heads[0].startswith("GET /2 ")

    def test_complete(self, client):
        """Cancelling after the end does nothing, least of all to the connection."""
        with Origin() as origin:
            exchange = client.open(origin.url)
            exchange.sink.wait()
            exchange.cancel()
            client.load(origin.url).succeed()
        assert origin.connections == 1


class TestPause:
    def test_bounded(self, client):
        """A paused sink is sent at most what one read holds, of 500 MB; resuming brings the rest."""
        size = 500_000_000

        def script(peer: Peer) -> None:
            peer.read_head()
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
            block = memoryview(bytes(1_000_000))
            for _ in range(size // len(block)):
                peer.send(block)

        box = []
        opened = threading.Event()
        sink = Recorder(keep=False, head=lambda _: (opened.wait(PATIENCE), box[0].pause(), box[0].pause()))
        with Origin(script) as origin:
            box.append(client.open(origin.url, sink=sink))
            opened.set()
            assert sink.began.wait(PATIENCE)
            client.host.settle(50)
            assert sink.received <= 262_144
            held = sink.received
            box[0].resume()
            box[0].resume()
            sink.succeed()
        assert (held <= 262_144, sink.received) == (True, size)

    def test_reused(self, client):
        """A connection whose exchange ended while paused serves the next one."""
        box = []
        opened = threading.Event()
        sink = Recorder(head=lambda _: (opened.wait(PATIENCE), box[0].pause()))
        with Origin() as origin:
            box.append(client.open(origin.url, sink=sink))
            opened.set()
            sink.succeed()
            assert client.load(origin.url + "/next").succeed().body == b"/next"
        assert origin.connections == 1

    def test_late_resume(self, client):
        """A resume that comes while the answer ends does not leave the connection deaf."""
        def late(_: object) -> None:
            assert opened.wait(PATIENCE)
            box[0].pause()
            other = threading.Thread(target=box[0].resume)
            other.start()
            other.join(PATIENCE)

        box, opened = [], threading.Event()
        with Origin() as origin:
            box.append(client.open(origin.url, sink=(sink := Recorder(head=late))))
            opened.set()
            sink.succeed()
            assert client.load(origin.url + "/next").succeed().body == b"/next"

    def test_before_the_answer(self, client):
        """An exchange paused before its connection stands reads nothing until it is resumed."""
        replied = threading.Event()

        def script(peer: Peer) -> None:
            peer.read_head()
            peer.reply(b"here")
            replied.set()

        with Origin(script) as origin:
            exchange = client.host.call(lambda: paused(client.open(origin.url)))
            assert replied.wait(PATIENCE)
            client.host.settle(20)
            assert exchange.sink.events == []
            exchange.resume()
            exchange.sink.succeed()


def paused(exchange):
    exchange.pause()
    return exchange


class TestForeignThreads:
    def test_many(self, client):
        """Exchanges opened, paused, resumed and cancelled on many threads each end once, or were cancelled."""
        def drive(number: int) -> None:
            for i in range(30):
                exchange = client.open(f"{origin.url}/{number}/{i}")
                exchange.pause()
                exchange.resume()
                if i % 5 == 0:
                    exchange.cancel()
                else:
                    assert exchange.sink.succeed().body == f"/{number}/{i}".encode()

        with Origin() as origin:
            threads = [threading.Thread(target=drive, args=(n,)) for n in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(PATIENCE)
            client.channel.close()
            client.host.settle()

    def test_context(self, client):
        """What the route sets up keeps no context of whoever opened the exchange."""
        variable = contextvars.ContextVar("variable", default="clean")
        seen = []
        sink = Recorder(head=lambda _: seen.append(variable.get()))
        with Origin() as origin:
            def dirty() -> None:
                variable.set("dirty")
                client.open(origin.url, sink=sink)
            client.host.call(dirty)
            sink.succeed()
        assert seen == ["clean"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_fork(client):
    """A forked child gives its copies of the descriptors back without disturbing the parent's connection."""
    with Origin() as origin:
        client.load(origin.url).succeed()
        ready, told = os.pipe()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                client.channel.abandon()
                pool = next(iter(client.channel._pools.values()))
                gone = all(connection.wire.socket.fileno() == -1 for connection in pool.connections)
                gc.collect()
                os.write(told, b"y" if gone else b"n")
                status = 0
            finally:
                os._exit(status)
        assert os.read(ready, 1) == b"y"
        assert os.waitpid(child, 0)[1] == 0
        os.close(ready)
        os.close(told)
        assert client.load(origin.url + "/after").succeed().body == b"/after"
        assert origin.connections == 1


def test_open_on_the_engine(client):
    """On the engine an idle connection takes a request before `open` returns."""
    with Origin() as origin:
        client.load(origin.url).succeed()

        def start() -> bool:
            exchange = client.channel.open(Request("GET", origin.url + "/now", []), sink)
            assert asyncio.get_running_loop() is client.host.loop
            return exchange.connection is not None

        sink = Recorder()
        assert client.host.call(start)
        assert sink.succeed().body == b"/now"


def test_stream_closed_when_unused(client):
    """A body's stream is closed where its request never came to be sent."""
    with Origin() as origin:
        pass
    body = Stream([b"x"])
    client.load(origin.url, "POST", body=body)
    assert (body.closed, body.reads) == (1, 0)


def test_h11_is_not_imported():
    """h11 is loaded by the first answer that needs it, not before."""
    program = "import sys, sessionmock.routes.live; sys.exit('h11' in sys.modules or 'httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
