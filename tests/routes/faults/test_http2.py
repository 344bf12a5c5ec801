"""Faults of single streams of HTTP/2, and of its connections: before a server of h2's, in memory and over sockets."""
from __future__ import annotations

import errno
from typing import Any

import pytest
import trustme
from h2.errors import ErrorCodes
from h2.events import DataReceived, StreamEnded, StreamReset

from sessionmock.faults.armed import About, ExchangeFaults, Faults
from sessionmock.faults.plan import FaultLine, FaultPlan
from sessionmock.models.message import Request
from sessionmock.routes.faults.network import FaultyExchange
from tests.routes.live.h2server import Server, echo, h2_origin, serving
from tests.routes.live.worlds import Client, Recorder, World, in_memory

LOST, TIMED_OUT, NO_HTTP = -1005, -1001, -1017
BODY = bytes(range(200))

at = FaultPlan().at


class FaultyClient(Client):
    """A client whose requests for `/spoilt...` meet the faults of a plan, and all others none."""

    def __init__(self, world: World, plan: FaultPlan, **options: Any) -> None:
        super().__init__(world, **options)
        self.faults = Faults(plan)

    def start(self, request: Request, sink: Any) -> Any:
        if "/spoilt" not in request.url:
            return super().start(request, sink)
        request.faults = ExchangeFaults((self.faults,), About(self.world.host.clock, None, None, request.method, request.url))
        sink.exchange = exchange = FaultyExchange(self.channel, request, sink)
        self.channel.run(self.channel.begin, exchange)
        return exchange

    def load(self, url: str, method: str = "GET", *fields: tuple[str, str], body: Any = None, sink: Any = None) -> Recorder:
        sink = sink or Recorder(self.world)
        self.open(url, method, *fields, body=body, sink=sink)
        return sink.wait()

    def sinks(self, *urls: str) -> list[Any]:
        """The recorders of requests that are opened at once."""
        sinks = [Recorder(self.world) for _ in urls]
        self.world.call(lambda: [self.open(url, sink=sink) for url, sink in zip(urls, sinks, strict=True)])
        return sinks


@pytest.fixture(scope="module")
def tls(authority: trustme.CA) -> Any:
    return serving(authority)


@pytest.fixture
def make(world: World, trust: Any) -> Any:
    def made(plan: FaultPlan, limit: int = 6) -> FaultyClient:
        client = FaultyClient(world, plan, limit=limit, route=world.route(trust))
        world._clients.append(client)
        return client

    return made


def heard(sink: Recorder) -> tuple[Any, ...]:
    """What came of an exchange: the body, the status, and the code."""
    sink.wait()
    return sink.body, sink.heads[0].status if sink.heads else None, None if sink.error is None else int(sink.error.code)


class Script:
    """A server that says early hints, a head, a body in two frames and trailers; and that shows what it was told."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.paths: list[str] = []

    async def __call__(self, server: Server) -> None:
        async for event in server.events():
            if isinstance(event, StreamReset):
                self.told.append((event.stream_id, ErrorCodes(event.error_code).name))
            elif isinstance(event, StreamEnded):
                await self.answer(server, event.stream_id)

    async def answer(self, server: Server, stream: int) -> None:
        path = server.heads[stream][":path"]
        self.paths.append(path)
        if "hints" in path:
            server.h2.send_headers(stream, [(":status", "103"), ("link", "</a>")])
        server.head(stream, 200, *([] if "trailers" in path else [("content-length", "200")]), ("x-same", "yes"))
        server.h2.send_data(stream, BODY[:120])
        server.h2.send_data(stream, BODY[120:], end_stream="trailers" not in path)
        if "trailers" in path:
            server.h2.send_headers(stream, [("x-sum", "1")], end_stream=True)
        await server.flush()


ONE = [
    # of one stream: the neighbour goes on over the same connection
    (at("head").reset(scope="stream"), (b"", None, LOST)),
    (at("body", byte=130).reset(scope="stream"), (BODY[:130], 200, LOST)),
    (at("write.head").reset(scope="stream"), (b"", None, LOST)),
    (at("write.head", nth=1).reset(scope="stream"), (BODY, 200, None)),
    (at("body", byte=130).truncate(), (BODY[:130], 200, LOST)),
    (at("body").truncate(), (b"", 200, LOST)),
    (at("body", byte=3).corrupt(), (BODY[:3] + b"\xfc" + BODY[4:], 200, None)),
    (at("body", byte=130).duplicate(), (BODY, 200, NO_HTTP)),
    (at("body", byte=130).malformed("chunk"), (BODY, 200, None)),
    (at("body", byte=10).slice(7), (BODY, 200, None)),
    (at("body", byte=10).drip(10_000), (BODY, 200, None)),
    (at("body", byte=10).delay(0.001), (BODY, 200, None)),
    (at("head").delay(0.001), (BODY, 200, None)),
    (at("head").drip(100_000), (BODY, 200, None)),
    (at("head").slice(1), (BODY, 200, None)),
    (at("write.head").delay(0.001), (BODY, 200, None)),
    (at("head").corrupt(), (b"", None, NO_HTTP)),
    (at("head").malformed("status line"), (b"", None, NO_HTTP)),
    (at("head").malformed("header"), (b"", None, NO_HTTP)),
    (at("head").malformed("length"), (b"", None, NO_HTTP)),
    (at("trailers").malformed("trailer"), (BODY, 200, NO_HTTP)),
    (at("trailers").corrupt(), (BODY, 200, None)),
    (at("trailers").reset(scope="stream"), (BODY, 200, LOST)),
    (at("trailers").delay(0.001), (BODY, 200, None)),
    (at("informational").malformed("status line"), (b"", None, NO_HTTP)),
    (at("informational").malformed("header"), (b"", None, NO_HTTP)),
    (at("informational").duplicate(), (BODY, 200, None)),
    (at("informational").reset(scope="stream"), (b"", None, LOST)),
]
ALL = [
    # of the connection: all that is on it
    (at("head").reset(), (b"", None, LOST)),
    (at("head").end(), (b"", None, LOST)),
    (at("head").truncate(), (b"", None, LOST)),
    (at("head").oserror(errno.ETIMEDOUT), (b"", None, LOST)),
    (at("head").malformed("goaway"), (b"", None, LOST)),
    (at("head").malformed("settings"), (b"", None, NO_HTTP)),
    (at("body", byte=130).reset(), (BODY[:130], 200, LOST)),
    (at("body", byte=130).end(), (BODY[:130], 200, LOST)),
    (at("body", byte=130).malformed("goaway"), (BODY[:130], 200, LOST)),
    (at("trailers").truncate(), (BODY, 200, LOST)),
    (at("trailers").end(), (BODY, 200, LOST)),
    (at("informational").end(), (b"", None, LOST)),
    (at("write.head").reset(), (b"", None, LOST)),
    (at("write.head").end(), (b"", None, LOST)),
]


def plans(rows: Any) -> Any:
    return pytest.mark.parametrize(("line", "outcome"), [pytest.param(line, outcome, id=str(line)) for [line], outcome in rows])


@in_memory
@plans(ONE)
def test_one_stream(world: World, make: Any, tls: Any, line: FaultLine, outcome: tuple[Any, ...]) -> None:
    """What goes wrong with one stream leaves its neighbours and its connection alone, before and behind it."""
    client, script = make(FaultPlan([line])), Script()
    with h2_origin(world, script, tls) as origin:
        parts = "hints/trailers"
        if outcome[1] and outcome[2] in (LOST, NO_HTTP) and line.point == "body":
            parts = "hints"
        a, spoilt, b = client.sinks(*(f"{origin.url}/{name}/{parts}" for name in ("a", "spoilt", "b")))
        assert heard(a) == heard(b) == (BODY, 200, None)
        assert heard(spoilt) == outcome
        assert heard(client.load(f"{origin.url}/c")) == (BODY, 200, None)
        assert origin.connections == 1
    assert len(client.faults.fired) == (0 if "chunk" in str(line.kind) else 2 if outcome == (b"", None, LOST) and line.point == "write.head" else 1)


@in_memory
@plans(ALL)
def test_all_of_a_connection(world: World, make: Any, tls: Any, line: FaultLine, outcome: tuple[Any, ...]) -> None:
    """What goes wrong with the connection ends all that is on it, and the next request makes another."""
    client = make(FaultPlan([line]))

    async def script(server: Server) -> None:
        if server.number == 2:
            await Script()(server)
            return
        async for event in server.events():
            if isinstance(event, StreamEnded) and "spoilt" in server.heads[event.stream_id][":path"]:
                await Script().answer(server, event.stream_id)

    with h2_origin(world, script, tls) as origin:
        waiting, spoilt = client.sinks(*(f"{origin.url}/{name}/hints/trailers" for name in ("waiting", "spoilt")))
        assert heard(spoilt) == outcome
        assert heard(waiting) == (b"", None, outcome[2])
        assert heard(client.load(f"{origin.url}/c")) == (BODY, 200, None)
        assert origin.connections == 2
    assert len(client.faults.fired) == 1


SENT = b"upload" * 50_000       # more than a window


class Taking:
    """A server that takes bodies, and answers with how many bytes they had."""

    def __init__(self, world: World, limit: int) -> None:
        self.world, self.limit = world, limit
        self.enough, self.over = world.event(), world.event()
        self.resets: list[str] = []

    async def __call__(self, server: Server) -> None:
        async for event in server.events():
            if isinstance(event, DataReceived) and len(server.bodies[event.stream_id]) >= self.limit:
                self.enough.set()
            elif isinstance(event, StreamReset):
                self.resets.append(ErrorCodes(event.error_code).name)
                self.over.set()
            elif isinstance(event, StreamEnded):
                await server.reply(event.stream_id, str(len(server.bodies[event.stream_id])).encode())


@pytest.mark.parametrize("line", [
    at("write.body", byte=100_000).delay(0.001), at("write.body", byte=299_999).slice(10_000), at("write.body").slice(7_000),
    at("write.body", byte=200_000).drip(5_000_000), at("write.head").delay(0.001)], ids=str)
def test_bodies_at_another_pace(world: World, make: Any, tls: Any, line: FaultPlan) -> None:
    """A body that is late, in pieces or slow arrives whole, and the neighbour's too."""
    client = make(line)
    with h2_origin(world, Taking(world, 0), tls) as origin:
        sinks = [Recorder(world) for _ in range(2)]
        world.call(lambda: [client.open(f"{origin.url}/{name}", "POST", body=SENT, sink=sink)
                            for name, sink in zip(("a", "spoilt"), sinks, strict=True)])
        assert [heard(sink) for sink in sinks] == [(b"300000", 200, None)] * 2
        assert [sink.uploaded for sink in sinks] == [300_000] * 2
    assert len(client.faults.fired) == 1


@pytest.mark.parametrize("line", [at("write.body", byte=100_000).never(), at("write.body", byte=100_000).malformed("window")], ids=str)
def test_a_body_that_nobody_takes(world: World, make: Any, tls: Any, line: FaultPlan) -> None:
    """The upload stands at that byte, and no more is told to have gone; the neighbour goes on."""
    client, server = make(line), Taking(world, 100_000)
    with h2_origin(world, server, tls) as origin:
        sink = Recorder(world)
        exchange = client.open(f"{origin.url}/spoilt", "POST", body=SENT, sink=sink)
        server.enough.wait()
        assert heard(client.load(f"{origin.url}/b", "POST", body=SENT)) == (b"300000", 200, None)
        world.settle()
        assert sink.uploaded == 100_000
        exchange.cancel()
        server.over.wait()
        assert server.resets == ["CANCEL"]


@pytest.mark.parametrize(("line", "neighbour"), [
    (at("write.body", byte=100_000).reset(scope="stream"), None), (at("write.body", byte=100_000).reset(), LOST),
    (at("write.body", byte=100_000).end(), LOST), (at("write.body", byte=100_000).oserror(errno.EPIPE), LOST)], ids=str)
def test_a_body_that_breaks_off(world: World, make: Any, tls: Any, line: FaultPlan, neighbour: int | None) -> None:
    """-1005 after as many bytes as have gone; what is on the same connection goes on where only the stream was reset."""
    client = make(line)

    async def script(server: Server) -> None:
        async for event in server.events():
            if isinstance(event, StreamReset):
                await server.reply(1, b"after it")

    with h2_origin(world, script, tls) as origin:
        b, sink = Recorder(world), Recorder(world)
        world.call(lambda: [client.open(f"{origin.url}/b", sink=b), client.open(f"{origin.url}/spoilt", "POST", body=SENT, sink=sink)])
        assert heard(sink) == (b"", None, LOST)
        assert sink.uploaded == 100_000
        assert heard(b) == ((b"after it", 200, None) if neighbour is None else (b"", None, neighbour))
    assert len(client.faults.fired) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(("line", "connections"), [
    (at("reuse").reset(), 2), (at("reuse").end(), 2), (at("reuse", nth=1).reset(scope="stream"), 1),
    (at("write.head", nth=1).malformed("goaway"), 2), (at("write.head", nth=1).reset(scope="stream"), 1)], ids=str)
def test_a_kept_connection(world: World, make: Any, tls: Any, line: FaultPlan, connections: int, method: str) -> None:
    """One that dies before its next request costs a GET another one and fails a POST; a server that says that it has touched nothing is
    asked again, whatever the method."""
    client = make(line)
    with h2_origin(world, echo, tls) as origin:
        assert client.load(f"{origin.url}/a").succeed().body == b"/a"
        sink = client.load(f"{origin.url}/spoilt", method, body=b"body" if method == "POST" else None)
        dies = method == "POST" and connections == 2 and "reuse" in str(line)
        assert heard(sink) == ((b"", None, LOST) if dies else (b"body" if method == "POST" else b"/spoilt", 200, None))
        assert client.load(f"{origin.url}/b").succeed().body == b"/b"
        assert origin.connections == connections
    assert len(client.faults.fired) == 1


@in_memory
@pytest.mark.parametrize(("line", "body"), [(at("body", byte=130).delay(0.001), BODY[:150]), (at("body", byte=130).never(), None),
                                            (at("body", byte=130).malformed("chunk"), BODY[:150])], ids=str)
def test_the_server_ends_the_connection_meanwhile(world: World, make: Any, tls: Any, line: FaultPlan, body: bytes | None) -> None:
    """What came before is told before the end is; who is to hear nothing does not hear of that either."""
    client = make(line)

    async def script(server: Server) -> None:
        [stream] = await server.gather(1)
        server.head(stream, 200, ("content-length", "200"))
        server.h2.send_data(stream, BODY[:150])
        await server.flush()

    with h2_origin(world, script, tls) as origin:
        sink = Recorder(world)
        exchange = client.open(f"{origin.url}/spoilt", sink=sink)
        if body is None:
            world.until(lambda: sink.received == 130)
            world.settle()
            assert (sink.body, sink.error) == (BODY[:130], None)
            exchange.cancel()
        else:
            assert heard(sink) == (body, 200, LOST)
