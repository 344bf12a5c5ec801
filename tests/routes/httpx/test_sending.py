"""A plain client's request on its way, driven by hand: what it sends, gets, waits for and gives up."""
from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import httpx2
import pytest

from sessionmock.clock import SECOND
from sessionmock.errors import Code, UnmatchedRequest, url_error
from sessionmock.models.message import Request, ResponseHead
from sessionmock.models.timing import Timing
from sessionmock.routes.base import UnconnectedChannel
from sessionmock.routes.httpx.sending import IterableBody, Sending, body_of, headers_of

from ..doubles import FakeHost, NotingExchange

URL = "http://api.test/"


class Channel(NotingExchange, UnconnectedChannel):
    """A channel that keeps the sink, to be answered by the test; it is its own exchange."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[Request] = []
        self.sink: Any = None

    def open(self, request: Request, sink: Any) -> Channel:
        self.requests.append(request)
        self.sink = sink
        return self


class Waiter:
    """Does `then` when it is asked to wait; where nothing is left to do, time runs out."""

    def __init__(self, *then: Callable[[], Any]) -> None:
        self.then = list(then)
        self.limits: list[int | None] = []

    def wait(self, latch: Any, until: int | None) -> bool:
        self.limits.append(until)
        if not self.then:
            return False
        self.then.pop(0)()
        return bool(latch.done)

    async def ended(self, latch: Any) -> None:
        self.wait(latch, None)


class Bench:
    """One request of a client, with its channel, host and waiter."""

    def __init__(self, package: Any = httpx, *then: str, method: str = "GET", content: Any = None, timeout: Any = None) -> None:
        self.channel, self.host = Channel(), FakeHost()
        self.waiter = Waiter(*(lambda name=name: getattr(self, name)() for name in then))    # type: ignore[misc]
        self.package = package
        self.request = package.Request(method, URL, content=content, headers=[("X-A", "\xe9".encode())], extensions={"timeout": timeout or {}})
        self.sending = Sending(self.request, self.channel, self.host, self.waiter)

    def head(self) -> None:
        self.channel.sink.head(ResponseHead(200, [("A", "1")], "Fine", "HTTP/2"))

    def data(self) -> None:
        self.channel.sink.data(b"piece")

    def end(self) -> None:
        self.channel.sink.end([])

    def sign(self) -> None:
        self.channel.sink.moved()

    def lose(self) -> None:
        self.channel.sink.fail(url_error(Code.NETWORK_CONNECTION_LOST, URL))

    def interrupt(self) -> None:
        raise KeyboardInterrupt


@pytest.fixture(params=["sync", "async"])
def until(request: pytest.FixtureRequest) -> Callable[..., None]:
    """How a caller waits until something is so."""
    def hold(sending: Sending, ready: Callable[[], bool]) -> None:
        asyncio.run(sending.hold(ready))

    return Sending.block if request.param == "sync" else hold


@pytest.mark.parametrize("package", [httpx, httpx2])
def test_a_request_and_its_response(until: Any, package: Any) -> None:
    """The method, URL, headers and body as the client has them; the response is of the client's own package."""
    bench = Bench(package, "sign", "head", method="PUT", content=b"body")
    until(bench.sending, bench.sending.answered)
    (asked,) = bench.channel.requests
    assert ("PUT", URL, b"body", "\xe9") == (asked.method, asked.url, asked.body, dict(asked.headers)["X-A"])
    response = bench.sending.response()
    assert (package.Response, 200, "Fine", "HTTP/2") == (type(response), response.status_code, response.reason_phrase, response.http_version)


@pytest.mark.parametrize("package", [httpx, httpx2])
@pytest.mark.parametrize(("url", "host"), [
    ("http://[fe80::1%25eth0]:81/", "[fe80::1]:81"), ("http://b%C3%BCcher.test/", "xn--bcher-kva.test"), ("http://127.1/", "127.0.0.1"),
    ("http://api.test:80/", "api.test"), ("http://foo.1/", "foo.1"),
])
def test_host_is_spelled_as_it_is_everywhere(package: Any, url: str, host: str) -> None:
    """Where the client made it of its URL; one that was set stays."""
    for headers, expected in (({}, host), ({"Host": "127.1:9"}, "127.1:9")):
        request = package.Request("GET", url, headers=headers)
        assert expected == dict(headers_of(request, str(request.url)))["Host"]


def test_a_body_is_read_as_it_comes() -> None:
    """Each piece after a wait, where there is none yet."""
    bench = Bench(httpx, "head", "data", "end")
    bench.sending.block(bench.sending.answered)
    assert b"piece" == bench.sending.response().read()
    other = Bench(httpx, "head", "data", "end")

    async def read() -> bytes:
        await other.sending.hold(other.sending.answered)
        return b"".join([piece async for piece in other.sending.response().aiter_raw()])

    assert b"piece" == asyncio.run(read())


@pytest.mark.parametrize("then", [("lose",), ("head", "lose")])
def test_a_failure_is_the_clients_own_exception(until: Any, then: tuple[str, ...]) -> None:
    """In the place of the response, or of a piece of it."""
    bench = Bench(httpx, *then)
    until(bench.sending, bench.sending.answered)
    with pytest.raises(httpx.RemoteProtocolError) as raised:
        bench.sending.response().read()
    assert bench.request is raised.value.request


def test_what_came_before_the_wait_is_not_waited_for(until: Any) -> None:
    """Also what comes between the look and the wait."""
    bench = Bench()
    looks: list[int] = []

    def ready() -> bool:
        looks.append(1)
        return len(looks) > 1

    until(bench.sending, ready)
    assert [] == bench.waiter.limits


@pytest.mark.parametrize(("unsent", "kind", "limit"), [(0, httpx.ReadTimeout, 5), (4, httpx.WriteTimeout, 3)])
def test_a_wait_ends_at_the_clients_limit(unsent: int, kind: Any, limit: int) -> None:
    """That for writing while a body of known length is not sent; the exchange is cancelled."""
    bench = Bench(httpx, method="PUT", content=b"body" if unsent else None, timeout={"read": 5, "write": 3})
    with pytest.raises(kind, match="The route took too long") as raised:
        bench.sending.block(bench.sending.answered)
    assert ([limit * SECOND], ["cancel"]) == (bench.waiter.limits, bench.channel.calls)
    assert Code.TIMED_OUT == raised.value.__cause__.code    # type: ignore[union-attr]


def test_a_coroutines_wait_ends_at_the_clients_limit() -> None:
    """By an alarm, which is taken back where it was not needed."""
    bench = Bench(httpx, "ring", timeout={"read": 5})
    bench.ring = lambda: (bench.host.run(), bench.host.clock.advance(None))    # type: ignore[attr-defined]
    with pytest.raises(httpx.ReadTimeout):
        asyncio.run(bench.sending.hold(bench.sending.answered))
    assert ["cancel"] == bench.channel.calls
    other = Bench(httpx, "head", timeout={"read": 5})
    asyncio.run(other.sending.hold(other.sending.answered))
    other.host.run()
    assert not other.host.clock.advance(None)


def test_who_is_interrupted_cancels_the_exchange(until: Any) -> None:
    """A thread by a signal, a coroutine by who cancels it."""
    bench = Bench(httpx, "interrupt")
    with pytest.raises(KeyboardInterrupt):
        until(bench.sending, bench.sending.answered)
    assert ["cancel"] == bench.channel.calls


@pytest.mark.parametrize(("then", "calls"), [([], ["cancel"]), (["head"], ["cancel"]), (["head", "end"], []), (["lose"], [])])
def test_closing_cancels_what_is_not_over(then: list[str], calls: list[str]) -> None:
    """Once: what has ended needs none."""
    for close in (Sending.close, lambda sending: asyncio.run(sending.aclose())):
        bench = Bench()
        for name in then:
            getattr(bench, name)()
        close(bench.sending)
        assert calls == bench.channel.calls


def test_a_body_that_is_iterated() -> None:
    """Its length is what the client says, unknown where it says none; it is read in the sizes that are asked for."""
    def pieces() -> Iterator[bytes]:
        yield b"abcd"
        yield b""
        yield b"ef"

    body = body_of(httpx.Request("PUT", URL, content=pieces()), httpx)
    assert isinstance(body, IterableBody)
    assert (-1, True) == (body.length, body.may_block)
    assert [b"abc", b"d", b"ef", b""] == [body.read(3) for _ in range(4)]
    known = body_of(httpx.Request("PUT", URL, content=pieces(), headers={"Content-Length": "6"}), httpx)
    assert isinstance(known, IterableBody)
    assert (6, b"abcd") == (known.length, known.read(9))
    known.close()
    assert b"" == known.read(9)
    assert [b"x", None] == [body_of(httpx.Request("PUT", URL, content=content), httpx) for content in (b"x", b"")]


def test_a_request_that_nothing_answers_is_raised_itself() -> None:
    """It is no error of the network's."""
    bench = Bench()
    bench.channel.sink.fail(url_error(Code.UNKNOWN, URL, UnmatchedRequest("nothing")))
    with pytest.raises(UnmatchedRequest, match="nothing"):
        bench.sending.response()


def test_limits_follow_the_steps_of_a_connection() -> None:
    """Whoever waits for longer than the next step may take is told that it has begun; whoever does not looks when its time has come."""
    bench = Bench(httpx, "dial", "stand", timeout={"pool": None, "connect": 2, "read": 9, "write": 1})
    timing = Timing()
    stepped = bench.channel.requests[0].stepped
    assert stepped is not None
    stepped(timing)

    def dial() -> None:
        timing.connect_start = 0
        stepped(timing)

    def stand() -> None:
        timing.request_start = timing.request_end = SECOND
        stepped(timing)

    bench.dial, bench.stand = dial, stand    # type: ignore[attr-defined]
    with pytest.raises(httpx.ReadTimeout):
        bench.sending.block(bench.sending.answered)
    assert [None, 2 * SECOND, 10 * SECOND] == bench.waiter.limits


@pytest.mark.parametrize(("times", "kind"), [({}, httpx.PoolTimeout), ({"connect_start": 0}, httpx.ConnectTimeout)])
def test_what_a_time_out_is_called_says_what_took_too_long(times: dict[str, int], kind: Any) -> None:
    bench = Bench(httpx, timeout={"pool": 2, "connect": 2, "read": None, "write": None})
    bench.sending._stepped(Timing(**times))
    with pytest.raises(kind):
        bench.sending.block(bench.sending.answered)


def test_a_request_goes_once(until: Any) -> None:
    """As by the client's own transport: what is lost with a kept connection is the caller's to send again."""
    bench = Bench(httpx, "head")
    until(bench.sending, bench.sending.answered)
    assert [True] == [request.once for request in bench.channel.requests]
