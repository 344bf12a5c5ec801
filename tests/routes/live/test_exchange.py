"""Exchanges over HTTP/1.1: what comes of an answer, how they fail, are cancelled and held."""
from __future__ import annotations

import asyncio
import contextvars
import gc
import os
import subprocess
import sys
import threading

import pytest

from sessionmock.clock import SECOND
from sessionmock.errors import Code
from sessionmock.models.message import Request
from sessionmock.routes.live import race
from tests.routes.origin import Stream

from .peers import Peer, simple
from .socket_world import PATIENCE
from .worlds import over_sockets

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def one(*replies: bytes):
    """A script that answers one request with these bytes and closes."""
    async def script(peer: Peer) -> None:
        await peer.read_head()
        await peer.read_body()
        for reply in replies:
            await peer.send(reply)
    return script


class TestAnswers:
    def test_get(self, world, client):
        """A GET brings head, body and end, and the head tells addresses and times."""
        with world.origin() as origin:
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

    def test_keep_alive(self, world, client):
        """Requests one after the other go over one connection, which only the first has to make."""
        with world.origin() as origin:
            sinks = [client.load(f"{origin.url}/{i}") for i in range(5)]
        assert [sink.body for sink in sinks] == [b"/0", b"/1", b"/2", b"/3", b"/4"]
        assert origin.connections == 1
        assert [sink.heads[0].timing.reused for sink in sinks] == [False, True, True, True, True]
        assert sinks[1].heads[0].timing.connect_start is None

    def test_name(self, world):
        """A name is looked up off the engine, and its addresses are tried in order."""
        asked = []

        def resolve(name: str) -> list[str]:
            asked.append((name, threading.current_thread() is getattr(world.host, "_thread", None)))
            return ["::1", "127.0.0.1"]

        client = world.client(route=world.route(resolve=resolve))
        with world.origin() as origin:
            sink = client.load(f"http://some.example:{origin.port}/").succeed()
        assert asked == [("some.example", False)]
        timing = sink.heads[0].timing
        assert timing.domain_lookup_start <= timing.domain_lookup_end <= timing.connect_start
        assert origin.heads[0].split("\r\n")[1] == f"Host: some.example:{origin.port}"

    def test_head(self, world, client):
        """HEAD has no body, and its connection goes on."""
        async def script(peer: Peer) -> None:
            while await peer.read_head():
                await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")

        with world.origin(script) as origin:
            assert client.load(origin.url, "HEAD").events == ["head", "end"]
            assert client.load(origin.url, "HEAD").events == ["head", "end"]
        assert origin.connections == 1

    @pytest.mark.parametrize(("method", "status"), [("HEAD", "200 OK"), ("GET", "304 Not Modified")])
    def test_a_body_that_must_not_be_there_is_nobody_elses_answer(self, world, client, method, status):
        """It may come late, when the connection has the next request already: that is asked for again, on another one."""
        async def script(peer: Peer) -> None:
            if peer.number == 1:
                await peer.read_head()
                await peer.send(f"HTTP/1.1 {status}\r\nContent-Length: 5\r\n\r\n".encode())
                await peer.read_head()
                await peer.send(b"hello")
            await simple(peer)

        with world.origin(script) as origin:
            client.load(origin.url, method).succeed()
            assert client.load(origin.url + "/next").succeed().body == b"/next"
        assert origin.connections == 2

    def test_a_request_that_is_sent_once_takes_no_such_connection(self, world, client):
        """A body that must not be there would cost it its answer."""
        async def script(peer: Peer) -> None:
            while await peer.read_head():
                await peer.read_body()
                await peer.send(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n")

        with world.origin(script) as origin:
            for method, connections in (("GET", 1), ("HEAD", 1), ("POST", 2), ("PATCH", 3)):
                client.load(origin.url, method).succeed()
                assert origin.connections == connections

    def test_until_close(self, world, client):
        """A body without framing ends with its connection."""
        with world.origin(one(b"HTTP/1.1 200 OK\r\n\r\nab", b"cd")) as origin:
            assert client.load(origin.url).succeed().body == b"abcd"

    def test_informational_and_trailers(self, world, client):
        """1xx heads come before the answer, and trailers at its end."""
        reply = (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                 b"2\r\nab\r\n0\r\nX-T: 1\r\n\r\n")
        with world.origin(one(reply)) as origin:
            sink = client.load(origin.url).succeed()
        assert sink.events == ["informational", "head", "data", "end"]
        assert (sink.early[0].status, sink.early[0].headers) == (103, [("Link", "</a>")])
        assert sink.trailers == [("X-T", "1")]

    def test_excess(self, world, client):
        """Bytes beyond an answer are dropped, and the connection with them."""
        async def script(peer: Peer) -> None:
            await peer.read_head()
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabmore")      # at once: later it would meet the next request
            await peer.read_head()

        with world.origin(script) as origin:
            assert client.load(origin.url).succeed().body == b"ab"
            client.load(origin.url).succeed()
        assert origin.connections == 2

    def test_switch(self, world, client):
        """After 101 bytes go both ways until one side closes, and the host's limit no longer counts the connection."""
        async def script(peer: Peer) -> None:
            await peer.read_head()
            await peer.send(b"HTTP/1.1 101 Go\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\nhi ")
            await peer.send(await peer.read(5))
            await peer.read(1)

        with world.origin(script) as origin:
            small = world.client(limit=1)
            echoed = world.event()
            sink = world.recorder(data=lambda data: data.endswith(b"e") and echoed.set())
            exchange = small.open(origin.url, "GET", ("Connection", "Upgrade"), ("Upgrade", "echo"), sink=sink)
            sink.began.wait()
            origin.script = one(b"HTTP/1.1 204 X\r\n\r\n")
            assert small.load(origin.url).status == 204
            exchange.write(b"there")
            echoed.wait()
            exchange.close()
            sink.succeed()
        assert (sink.heads[0].status, sink.body) == (101, b"hi there")

    @pytest.mark.parametrize(("fields", "url", "code"), [
        ([("X", "a\r\nb")], "http://127.0.0.1:1/", Code.UNKNOWN),
        ([], "http://127.0.0.1:99999999/", Code.BAD_URL),
        ([], "gopher://127.0.0.1/", Code.UNSUPPORTED_URL),
        ([], "http://", Code.BAD_URL),
    ])
    def test_unsendable(self, world, client, fields, url, code):
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
    def test_broken_answers(self, world, client, reply, code, events):
        """What came before an answer broke stays delivered; a fresh connection's request is never sent twice."""
        with world.origin(one(reply)) as origin:
            sink = client.load(origin.url)
            assert len(origin.heads) == 1
        assert (events, code) == (sink.events, sink.error.code)
        assert sink.error.failing_url == origin.url
        assert sink.error.underlying_error is not None

    def test_reset(self, world, client):
        """A reset within an answer is a lost connection, after what came."""
        async def script(peer: Peer) -> None:
            await peer.read_head()
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
            await sink.began.reached()
            peer.reset()

        sink = world.recorder()
        with world.origin(script) as origin:
            client.load(origin.url, sink=sink)
        assert (sink.body, sink.error.code) == (b"abc", Code.NETWORK_CONNECTION_LOST)
        assert isinstance(sink.error.underlying_error, ConnectionResetError)

    def test_refused(self, world, client):
        """Nobody listens: -1004."""
        with world.origin() as origin:
            pass
        sink = client.load(origin.url)
        assert (sink.events, sink.error.code) == (["fail"], Code.CANNOT_CONNECT_TO_HOST)

    @pytest.mark.parametrize("answer", [
        OSError("no such name"), UnicodeError("bad label"), [], KeyboardInterrupt(), asyncio.CancelledError()])
    def test_no_name(self, world, answer):
        """A name that nobody knows: -1003, whatever the resolver's words (scenario fail-no-host)."""
        def resolve(_: str) -> list[str]:
            if isinstance(answer, BaseException):
                raise answer
            return answer

        sink = world.client(route=world.route(resolve=resolve)).load("http://nowhere.example/")
        assert (sink.events, sink.error.code) == (["fail"], Code.CANNOT_FIND_HOST)

    def test_names_of_the_network(self, world, client):
        """The network is asked where no resolver is given."""
        with world.origin() as origin:
            assert client.load(f"http://localhost:{origin.port}/x").succeed().body == b"/x"


class TestAddresses:
    def test_silent(self, world):
        """An address that says nothing is not waited for: the next ones are tried beside it, each after a head start."""
        client = world.client(route=world.route(resolve=lambda _: ["127.0.0.2", "127.0.0.3", "127.0.0.1"]))
        with world.origin() as origin, world.silent(origin.port):
            sink = client.load(f"http://some.example:{origin.port}/").succeed()
            assert len(world.wires(client)) == 1
        if world.in_memory:
            timing = sink.heads[0].timing
            assert timing.connect_end - timing.connect_start == SECOND // 4

    def test_none(self, world):
        """The failure is that of the last address."""
        client = world.client(route=world.route(resolve=lambda _: ["somewhere", "127.0.0.3", "127.0.0.1"]))
        with world.origin() as origin:
            pass
        sink = client.load(f"http://some.example:{origin.port}/")
        assert (sink.events, sink.error.code) == (["fail"], Code.CANNOT_CONNECT_TO_HOST)
        assert isinstance(sink.error.underlying_error, ConnectionRefusedError)
        assert f"127.0.0.1 port {origin.port}" in str(sink.error.underlying_error)

    def test_cancel(self, world):
        """Cancelling lets go of the connections that are still to stand."""
        client = world.client(route=world.route(resolve=lambda _: ["127.0.0.2"] * 2))
        with world.silent() as port:
            exchange = client.open(f"http://some.example:{port}/")
            if world.in_memory:
                world.shift(1)
            world.until(lambda: len(world.wires(client)) == 2)
            exchange.cancel()
            world.settle()
        assert (world.wires(client), exchange.sink.events) == (set(), [])

    def test_cancel_as_it_connects(self, world, monkeypatch):
        """Cancelled between the connection and its first use, it is let go of too."""
        def settle(entered, wire, problem):
            original(entered, wire, problem)
            sink.exchange.cancel()
            wires.append(wire)

        original, wires = race._Race._settle, []
        monkeypatch.setattr(race._Race, "_settle", settle)
        client, sink = world.client(), world.recorder()
        with world.origin() as origin:
            client.open(origin.url, sink=sink)
            world.until(lambda: wires)
            world.settle()
        assert (world.wires(client), sink.events) == (set(), [])


class TestCancel:
    def test_in_body(self, world, client):
        """Cancelling within a body closes the connection at once and says nothing more."""
        async def script(peer: Peer) -> None:
            await peer.read_head()
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
            closed.append(await peer.read(1))

        closed: list[bytes] = []
        sink = world.recorder()
        with world.origin(script) as origin:
            exchange = client.open(origin.url, sink=sink)
            sink.began.wait()
            exchange.cancel()
            exchange.cancel()
            world.settle()
        assert closed in ([b""], [])    # the reset may also raise in the script
        assert sink.events in (["head", "data"], ["head"])
        assert not exchange.ended or exchange.connection is None

    @pytest.mark.parametrize("event", ["head", "data"])
    def test_from_the_sink(self, world, client, event):
        """A sink that cancels hears nothing more, though the whole answer has been read."""
        done = world.event()
        sink = world.recorder(**{event: lambda _: (sink.exchange.cancel(), done.set())})
        with world.origin() as origin:
            client.open(origin.url, sink=sink)
            done.wait()
            world.settle()
        assert sink.events[-1] == event

    def test_while_connecting(self, world):
        """Cancelling while a name is looked up needs no answer of the resolver, and frees the place for the next."""
        client = world.client(limit=1, route=world.route(resolve=lambda _: ["127.0.0.1"]))
        with world.origin() as origin:
            with world.held_work():
                first = client.open(f"http://some.example:{origin.port}/")
                second = client.open(f"http://some.example:{origin.port}/2")
                world.settle()
                first.cancel()
                world.settle()
            second.sink.succeed()
        assert first.sink.events == []
        assert origin.heads[0].startswith("GET /2 ")

    def test_complete(self, world, client):
        """Cancelling after the end does nothing, least of all to the connection."""
        with world.origin() as origin:
            exchange = client.open(origin.url)
            exchange.sink.wait()
            exchange.cancel()
            client.load(origin.url).succeed()
        assert origin.connections == 1


class TestPause:
    def test_bounded(self, world, client):
        """A paused sink is sent at most what one read holds, of 500 MB; resuming brings the rest."""
        size = 500_000_000

        async def script(peer: Peer) -> None:
            await peer.read_head()
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
            block = memoryview(bytes(1_000_000))
            for _ in range(size // len(block)):
                await peer.send(block)

        sink = world.recorder(keep=False, head=lambda _: (sink.exchange.pause(), sink.exchange.pause()))
        with world.origin(script) as origin:
            exchange = client.open(origin.url, sink=sink)
            sink.began.wait()
            world.settle(50)
            assert sink.received <= 262_144
            exchange.resume()
            exchange.resume()
            sink.succeed()
        assert sink.received == size

    def test_reused(self, world, client):
        """A connection whose exchange ended while paused serves the next one."""
        sink = world.recorder(head=lambda _: sink.exchange.pause())
        with world.origin() as origin:
            client.load(origin.url, sink=sink).succeed()
            assert client.load(origin.url + "/next").succeed().body == b"/next"
        assert origin.connections == 1

    def test_late_resume(self, world, client):
        """A resume that comes while the answer ends does not leave the connection deaf."""
        def late(_: object) -> None:
            sink.exchange.pause()
            world.elsewhere(sink.exchange.resume)

        with world.origin() as origin:
            sink = world.recorder(head=late)
            client.load(origin.url, sink=sink).succeed()
            assert client.load(origin.url + "/next").succeed().body == b"/next"

    def test_before_the_answer(self, world, client):
        """An exchange paused before its connection stands reads nothing until it is resumed."""
        replied = world.event()

        async def script(peer: Peer) -> None:
            await peer.read_head()
            await peer.reply(b"here")
            replied.set()

        with world.origin(script) as origin:
            exchange = world.call(lambda: paused(client.open(origin.url)))
            replied.wait()
            world.settle(20)
            assert exchange.sink.events == []
            exchange.resume()
            exchange.sink.succeed()


def paused(exchange):
    exchange.pause()
    return exchange


@over_sockets
class TestForeignThreads:
    def test_many(self, world, client):
        """Exchanges opened, paused, resumed and cancelled on many threads each end once, or were cancelled."""
        def drive(number: int) -> None:
            for i in range(30):
                sink = world.recorder()
                exchange = client.channel.open(Request("GET", f"{origin.url}/{number}/{i}", []), sink)
                exchange.pause()
                exchange.resume()
                if i % 5 == 0:
                    exchange.cancel()
                else:
                    assert sink.succeed().body == f"/{number}/{i}".encode()

        with world.origin() as origin:
            threads = [threading.Thread(target=drive, args=(n,)) for n in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(PATIENCE)
            client.channel.close()
            world.settle()

    def test_context(self, world, client):
        """What the route sets up keeps no context of whoever opened the exchange."""
        variable = contextvars.ContextVar("variable", default="clean")
        seen = []
        sink = world.recorder(head=lambda _: seen.append(variable.get()))
        with world.origin() as origin:
            def dirty() -> None:
                variable.set("dirty")
                client.open(origin.url, sink=sink)
            world.call(dirty)
            sink.succeed()
        assert seen == ["clean"]


@over_sockets
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_fork(world, client):
    """A forked child gives its copies of the descriptors back without disturbing the parent's connection."""
    with world.origin() as origin:
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


@over_sockets
def test_open_on_the_engine(world, client):
    """On the engine's own loop an idle connection takes a request before `open` returns."""
    with world.origin() as origin:
        client.load(origin.url).succeed()

        def start() -> bool:
            exchange = client.channel.open(Request("GET", origin.url + "/now", []), sink)
            return exchange.connection is not None

        sink = world.recorder()
        assert world.call(start)
        assert sink.succeed().body == b"/now"


def test_stream_closed_when_unused(world, client):
    """A body's stream is closed where its request never came to be sent."""
    with world.origin() as origin:
        pass
    body = Stream([b"x"])
    client.load(origin.url, "POST", body=body)
    assert (body.closed, body.reads) == (1, 0)


def test_httpx_is_not_imported():
    """A live route needs neither httpx nor what httpx brings."""
    program = "import sys, sessionmock.routes.live; sys.exit('h11' in sys.modules or 'httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
