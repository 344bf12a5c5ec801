"""The edge to httpx: clients of httpx and httpx2 over a route, their transports as a route, and the errors both ways."""
from __future__ import annotations

import asyncio
import gzip
import math
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import httpx2
import pytest
import trio

from sessionmock.clock import SECOND, JumpingClock
from sessionmock.errors import UNDERLYING, Code, UnmatchedRequest, URLError, url_error
from sessionmock.models.message import Request, ResponseHead
from sessionmock.routes.base import UnconnectedChannel, Unmeasured
from sessionmock.routes.httpx.edge import Hosts, RouteTransport
from sessionmock.routes.httpx.errors import client_error, url_error_for
from sessionmock.routes.httpx.inbox import HELD
from sessionmock.routes.httpx.transport_route import TransportRoute
from sessionmock.routes.script import Answer, ScriptRoute

from .origin import LoopHost, Recorder, Stream

URL = "https://api.test/things"
PACKAGES = [httpx, httpx2]


@pytest.fixture
def host() -> Iterator[LoopHost]:
    with LoopHost() as host:
        yield host


class Sync:
    """A plain client, used as such."""

    def __init__(self, package: Any) -> None:
        self.package = package

    def __call__(self, transport: Any, use: Callable[..., Any], **values: Any) -> Any:
        with self.package.Client(transport=transport, **values) as client:
            return use(client)

    def request(self, transport: Any, *arguments: Any, **values: Any) -> Any:
        return self(transport, lambda client: client.request(*arguments, **values))


class Async(Sync):
    """An async client, on asyncio or trio."""

    def __init__(self, package: Any, run: Callable[..., Any]) -> None:
        super().__init__(package)
        self.run = run

    def __call__(self, transport: Any, use: Callable[..., Any], **values: Any) -> Any:
        async def main() -> Any:
            async with self.package.AsyncClient(transport=transport, **values) as client:
                return await use(client)

        return self.run(main)


@pytest.fixture(params=PACKAGES, ids=["httpx", "httpx2"])
def package(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(params=["sync", "asyncio", "trio"])
def client(request: pytest.FixtureRequest, package: Any) -> Sync:
    if request.param == "sync":
        return Sync(package)
    return Async(package, trio.run if request.param == "trio" else lambda main: asyncio.run(main()))


class Late(UnconnectedChannel, Unmeasured):
    """A route that answers from the engine, or before `open` returns, and remembers what it was asked."""

    source = "live"
    is_live = True

    def __init__(self, answer: Callable[[Any], Any], at_once: bool = False) -> None:
        self.answer, self.at_once = answer, at_once
        self.requests: list[Request] = []
        self.log: list[str] = []

    def bind(self, configuration: Any, host: Any) -> Late:
        self.host = host
        return self

    def open(self, request: Request, sink: Any) -> Late:
        self.requests.append(request)
        if self.at_once:
            self.answer(sink)
        else:
            self.host.post(self.answer, sink)
        return self

    def pause(self) -> None:
        self.log.append("pause")

    def resume(self) -> None:
        self.log.append("resume")

    def cancel(self) -> None:
        self.log.append("cancel")

    def close(self) -> None:
        self.log.append("close")


def test_a_client_reads_a_scripted_answer(client: Sync, host: LoopHost) -> None:
    """Status, reason, version, headers and body reach clients of both packages, sync, on asyncio and on trio."""
    script = ScriptRoute().answer(
        status=201, reason="Made", http_version="HTTP/2",
        headers=[("X-A", "1"), ("x-a", "é")], body=[(b"ab", 0), (b"cd", 0.001)],
    )
    response = client.request(RouteTransport(script, host), "GET", URL)
    assert (201, "Made") == (response.status_code, response.reason_phrase)
    assert ("HTTP/2", b"abcd") == (response.http_version, response.content)
    assert ["1", "é"] == response.headers.get_list("x-a")
    assert "OK" == client.request(RouteTransport(script.answer(), host), "GET", URL).reason_phrase
    assert client.package.Response is type(response)


def test_a_client_decodes_what_the_route_left_coded(client: Sync, host: LoopHost) -> None:
    """Content coding passes the transport untouched and is undone by the client."""
    script = ScriptRoute().answer(headers={"Content-Encoding": "gzip"}, body=gzip.compress(b"hello"))
    assert b"hello" == client.request(RouteTransport(script, host), "GET", URL).content


def test_a_clients_request_reaches_the_route(client: Sync, host: LoopHost) -> None:
    """Method, URL, headers and body of the client are the route's request, framing once."""
    script = ScriptRoute()
    route = script.put(URL, params={"a": "1"}, json={"b": 2}).respond(204)
    values = {"params": {"a": "1"}, "json": {"b": 2}, "headers": {b"X-A": "é".encode()}}
    response = client.request(RouteTransport(script, host), "PUT", URL, **values)
    assert 204 == response.status_code
    asked = route.calls.last.request
    assert "é" == asked.headers["x-a"]
    assert ["7"] == asked.headers.get_list("content-length")
    assert ["api.test"] == asked.headers.get_list("host")


def test_an_empty_body_is_none(client: Sync, host: LoopHost) -> None:
    """A request without content has no body, and keeps the length that its client wrote."""
    late = Late(lambda sink: (sink.head(ResponseHead(204, [])), sink.end([])))
    client.request(RouteTransport(late, host), "POST", URL)
    assert late.requests[0].body is None
    assert ("Content-Length", "0") in late.requests[0].headers


def test_a_streamed_upload_reaches_the_route(client: Sync, host: LoopHost) -> None:
    """Bodies that a client iterates, files and async iterators among them, arrive whole."""
    async def pieces() -> AsyncIterator[bytes]:
        yield b"ab"
        yield b"cd"

    script = ScriptRoute()
    route = script.post(URL).respond(204)
    content = pieces() if isinstance(client, Async) else iter([b"ab", b"", b"cd"])
    client.request(RouteTransport(script, host), "POST", URL, content=content)
    client.request(RouteTransport(script, host), "POST", URL, files={"file": ("name.txt", b"hello")})
    assert b"abcd" == route.calls[0].request.content
    assert b"hello" in route.calls[1].request.content
    assert str(len(route.calls[1].request.content)) == route.calls[1].request.headers["content-length"]


def test_an_unmatched_request_is_raised_itself(client: Sync, host: LoopHost) -> None:
    """What nothing answers is no error of the network: the UnmatchedRequest comes through."""
    script = ScriptRoute()
    with pytest.raises(UnmatchedRequest, match="no answer is left") as caught:
        client.request(RouteTransport(script, host), "GET", URL)
    assert script.misses == [caught.value]


def test_a_scripts_own_exception_is_raised_itself(client: Sync, host: LoopHost) -> None:
    """An exception of user code that says nothing of the network comes through as it is, as under respx."""
    script = ScriptRoute()
    script.get(URL).mock(side_effect=KeyError("mine"))
    with pytest.raises(KeyError, match="mine"):
        client.request(RouteTransport(script, host), "GET", URL)


def test_a_failure_is_the_clients_own_exception(client: Sync, host: LoopHost) -> None:
    """A URLError is raised as the package's exception with the URLError as its cause, before and within a body."""
    script = ScriptRoute().answer(error=Code.CANNOT_FIND_HOST).answer(error=Code.CANNOT_PARSE_RESPONSE, body=b"half")
    with pytest.raises(client.package.ConnectError) as caught:
        client.request(RouteTransport(script, host), "GET", URL)
    assert Code.CANNOT_FIND_HOST == caught.value.__cause__.code
    assert URL == str(caught.value.request.url)
    with pytest.raises(client.package.RemoteProtocolError):
        client.request(RouteTransport(script, host), "GET", URL)


def test_a_route_that_is_silent_times_out(client: Sync, host: LoopHost) -> None:
    """The client's read limit ends the wait for a head and for a body, and cancels the exchange."""
    for answer in (lambda sink: None, lambda sink: sink.head(ResponseHead(200, []))):
        late = Late(answer)
        with pytest.raises(client.package.ReadTimeout) as caught:
            client(RouteTransport(late, host), lambda client: client.get(URL), timeout=0.01)
        assert Code.TIMED_OUT == caught.value.__cause__.code
        assert "cancel" in late.log


def test_an_upload_that_stands_still_is_a_write_timeout(client: Sync, host: LoopHost) -> None:
    """While a body of known length is not sent, the client's write limit holds."""
    late = Late(lambda sink: sink.sent(2))
    limits = client.package.Timeout(None, write=0.01)
    with pytest.raises(client.package.WriteTimeout):
        client(RouteTransport(late, host), lambda client: client.post(URL, content=b"abcd"), timeout=limits)


class VirtualHost:
    """An engine that the waiting client drives through virtual time."""

    def __init__(self) -> None:
        self.clock = JumpingClock()

    def post(self, call: Any, *arguments: Any) -> None:
        self.clock.call_at(self.clock.now(), call, *arguments)

    work = post


def test_signs_of_life_begin_the_wait_anew() -> None:
    """A limit counts from the last event, so waits that are longer only together do not time out."""
    host = VirtualHost()

    def answer(sink: Any) -> None:
        host.clock.call_at(2 * SECOND, sink.informational, ResponseHead(102, []))
        host.clock.call_at(4 * SECOND, sink.head, ResponseHead(200, []))
        host.clock.call_at(6 * SECOND, sink.data, b"x")

    with httpx.Client(transport=RouteTransport(Late(answer), host), timeout=3) as client, pytest.raises(httpx.ReadTimeout):
        client.get(URL)
    assert 9 * SECOND == host.clock.now()


def test_the_clients_limits_pass_in_virtual_time() -> None:
    """Under a virtual clock a silent route times out at once, and the clock shows the client's limit."""
    host = VirtualHost()
    script = ScriptRoute().answers([Answer(delay=math.inf), Answer(delay=3, body=b"x")])
    with httpx.Client(transport=RouteTransport(script, host), timeout=5) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.get(URL)
        assert 5 * SECOND == host.clock.now()
        assert b"x" == client.get(URL).content
        assert 8 * SECOND == host.clock.now()


def test_a_client_that_does_not_read_pauses_the_route(client: Sync, host: LoopHost) -> None:
    """More than 128 KiB held pauses the exchange; reading on resumes it, and nothing is lost."""
    piece = b"x" * (HELD // 2)
    def answer(sink: Any) -> None:
        sink.head(ResponseHead(200, []))
        for _ in range(4):
            sink.data(piece)
        sink.end([])

    late = Late(answer, at_once=True)       # nobody can read in between
    assert 4 * len(piece) == len(client.request(RouteTransport(late, host), "GET", URL).content)
    assert ["pause", "resume"] == [entry for entry in late.log if entry in {"pause", "resume"}]


def test_a_response_closed_early_cancels_the_exchange(package: Any, host: LoopHost) -> None:
    """Leaving a streamed response before its end ends the exchange; reading it whole does not."""
    def answer(sink: Any) -> None:
        sink.head(ResponseHead(200, []))
        sink.data(b"x")

    late = Late(answer)
    with package.Client(transport=RouteTransport(late, host)) as client, client.stream("GET", URL) as response:
        assert b"x" == next(response.iter_raw())
    assert ["cancel", "close"] == late.log
    whole = Late(lambda sink: (answer(sink), sink.end([])))
    Sync(package).request(RouteTransport(whole, host), "GET", URL)
    assert ["close"] == whole.log


def test_a_cancelled_task_cancels_the_exchange(host: LoopHost) -> None:
    """Cancelling the awaiter on asyncio and trio ends the exchange."""
    async def with_asyncio(late: Late) -> None:
        async with httpx.AsyncClient(transport=RouteTransport(late, host)) as client:
            task = asyncio.create_task(client.get(URL))
            while not late.requests:
                await asyncio.sleep(0)    # takes no time: lets the request go on
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    async def with_trio(late: Late) -> None:
        async with httpx.AsyncClient(transport=RouteTransport(late, host)) as client:
            with trio.CancelScope() as scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(client.get, URL)
                    while not late.requests:
                        await trio.sleep(0)    # likewise
                    scope.cancel()

    first, second = Late(lambda sink: None), Late(lambda sink: None)
    asyncio.run(with_asyncio(first))
    trio.run(with_trio, second)
    assert ["cancel", "close"] == first.log == second.log


def test_a_callable_names_the_route_of_each_request(host: LoopHost) -> None:
    """A transport over a callable sends each request over the route named at that moment, bound once."""
    first, second = ScriptRoute().answers([Answer(201), Answer(203)]), ScriptRoute().answer(status=202)
    routes = iter([first, second, first])
    with httpx.Client(transport=RouteTransport(lambda: next(routes), host)) as client:
        assert [201, 202, 203] == [client.get(URL).status_code for _ in range(3)]


def test_a_waiter_may_drive(host: LoopHost) -> None:
    """Blocked callers wait by the waiter that the transport was given."""
    limits: list[int | None] = []

    class Waiter:
        def wait(self, latch: Any, until: int | None) -> bool:
            limits.append(until)
            done = threading.Event()
            latch.tell(done.set)
            return done.wait(20)

    script = ScriptRoute().answer(delay=0.05)       # so that there is something to wait for
    with httpx.Client(transport=RouteTransport(script, lambda: Hosts(host, host, Waiter())), timeout=None) as client:
        assert 200 == client.get(URL).status_code
    assert None in limits


# Transports as routes

class Carrying:
    """A channel over a transport."""

    def __init__(self, transport: Any, host: Any) -> None:
        self.channel = TransportRoute(transport).bind(None, host)

    def open(self, method: str = "GET", body: Any = None, sink: Any = None) -> Recorder:
        sink = sink or Recorder()
        sink.exchange = self.channel.open(Request(method, URL, [("X-A", "1")], body), sink)
        return sink


class AsyncOnly:
    """An async transport that answers by a handler; it can do no other."""

    def __init__(self, package: Any, handler: Callable[[Any], Any]) -> None:
        self._inner = package.MockTransport(handler)

    async def handle_async_request(self, request: Any) -> Any:
        return await self._inner.handle_async_request(request)


@pytest.fixture(params=["sync", "async"])
def carry(request: pytest.FixtureRequest, package: Any, host: LoopHost) -> Iterator[Callable[..., Carrying]]:
    made: list[Carrying] = []

    def carry(handler: Callable[[Any], Any]) -> Carrying:
        class Transport(AsyncOnly, package.AsyncBaseTransport): ...

        transport = Transport(package, handler) if request.param == "async" else package.MockTransport(handler)
        made.append(Carrying(transport, host))
        return made[-1]

    yield carry
    for carrying in made:
        carrying.channel.close()


def test_a_transport_answers_as_a_route(package: Any, carry: Any) -> None:
    """The request reaches the transport in its package's class, and its answer the sink, coding intact."""
    packed = gzip.compress(b"hello")

    def handle(request: Any) -> Any:
        assert package.Request is type(request)
        text = f"{request.method} {request.url} {request.headers['x-a']} {request.headers['host']} {request.content!r}"
        return package.Response(207, headers={"X-Seen": text, "Content-Encoding": "gzip"}, content=packed)

    sink = carry(handle).open("POST", Stream([b"ab", b"cd"], may_block=True)).succeed()
    assert (207, packed, 4) == (sink.status, sink.body, sink.uploaded)
    assert ("X-Seen", f"POST {URL} 1 api.test b'abcd'") in sink.heads[0].headers


def test_a_transports_exception_is_mapped(package: Any, carry: Any) -> None:
    """What a transport raises fails the exchange with a code and the exception under it."""
    def handle(request: Any) -> Any:
        raise package.ReadTimeout("late")

    error = carry(handle).open().wait().error
    assert (Code.TIMED_OUT, URL) == (error.code, error.failing_url)
    assert isinstance(error.underlying_error, package.ReadTimeout)


def test_a_refused_connection_is_a_code(package: Any, host: LoopHost) -> None:
    """A real transport's failure to connect is read from the error of the system under it."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{sock.getsockname()[1]}/"
    for transport in (package.HTTPTransport(), package.AsyncHTTPTransport()):
        carrying = Carrying(transport, host)
        sink = Recorder()
        carrying.channel.open(Request("GET", url, []), sink)
        assert Code.CANNOT_CONNECT_TO_HOST == sink.wait().error.code
        carrying.channel.close()


def test_a_transports_body_is_closed_on_cancel(host: LoopHost) -> None:
    """A cancelled exchange reads no more of the transport's body and closes it."""
    closed = threading.Event()

    class Endless(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            while True:
                yield b"x"

        def close(self) -> None:
            closed.set()

    opened = threading.Event()

    def stop(data: bytes) -> None:
        assert opened.wait(20)
        sink.exchange.cancel()

    sink = Recorder(data=stop)
    carrying = Carrying(httpx.MockTransport(lambda request: httpx.Response(200, stream=Endless())), host)
    carrying.open(sink=sink)
    opened.set()
    assert closed.wait(20)
    assert not sink.done.is_set()


def test_async_exchanges_share_one_loop(host: LoopHost) -> None:
    """Two exchanges over one async transport meet on one loop, even while both wait."""
    event = asyncio.Event()

    class Meeting(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.method == "PUT":
                event.set()
            await event.wait()
            return httpx.Response(204)

    carrying = Carrying(Meeting(), host)
    waiting = carrying.open("GET")
    carrying.open("PUT").succeed()
    waiting.succeed()
    carrying.channel.close()


def test_a_route_may_stand_behind_its_own_transport(host: LoopHost) -> None:
    """A route as a transport as a route gives the same answer."""
    script = ScriptRoute().answer(status=203, headers={"X-A": "1"}, body=b"abc")
    sink = Carrying(RouteTransport(script, host), host).open().succeed()
    assert (203, [("X-A", "1")], b"abc") == (sink.status, sink.heads[0].headers, sink.body)


# Errors

def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def refused(verdict: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError("refused")
    error.verify_code = verdict
    return error


@pytest.mark.parametrize(("code", "make"), [
    (Code.TIMED_OUT, lambda x: x.ConnectTimeout("")),
    (Code.TIMED_OUT, lambda x: x.ReadTimeout("")),
    (Code.TIMED_OUT, lambda x: x.WriteTimeout("")),
    (Code.CANNOT_CONNECT_TO_HOST, lambda x: x.ConnectError("")),
    (Code.CANNOT_CONNECT_TO_HOST, lambda x: caused(x.ConnectError(""), ConnectionRefusedError(111, ""))),
    (Code.CANNOT_FIND_HOST, lambda x: caused(x.ConnectError(""), caused(x.ConnectError(""), socket.gaierror(-2, "")))),
    (Code.NOT_CONNECTED_TO_INTERNET, lambda x: caused(x.ConnectError(""), OSError(101, ""))),
    (Code.SECURE_CONNECTION_FAILED, lambda x: caused(x.ConnectError(""), ssl.SSLError("handshake"))),
    (Code.SERVER_CERTIFICATE_HAS_BAD_DATE, lambda x: caused(x.ConnectError(""), refused(10))),
    (Code.SERVER_CERTIFICATE_NOT_YET_VALID, lambda x: caused(x.ConnectError(""), refused(9))),
    (Code.SERVER_CERTIFICATE_UNTRUSTED, lambda x: caused(x.ConnectError(""), refused(62))),
    (Code.NETWORK_CONNECTION_LOST, lambda x: x.ReadError("")),
    (Code.NETWORK_CONNECTION_LOST, lambda x: x.WriteError("")),
    (Code.NETWORK_CONNECTION_LOST, lambda x: x.RemoteProtocolError("Server disconnected without sending a response.")),
    (Code.NETWORK_CONNECTION_LOST, lambda x: x.RemoteProtocolError("peer closed connection without sending all")),
    (Code.CANNOT_PARSE_RESPONSE, lambda x: x.RemoteProtocolError("illegal status line")),
    (Code.UNSUPPORTED_URL, lambda x: x.UnsupportedProtocol("")),
    (Code.BAD_URL, lambda x: x.InvalidURL("")),
    (Code.CANNOT_DECODE_RAW_DATA, lambda x: x.DecodingError("")),
    (Code.NETWORK_CONNECTION_LOST, lambda x: ConnectionResetError(104, "")),
    (Code.TIMED_OUT, lambda x: TimeoutError()),
    (Code.UNKNOWN, lambda x: ValueError("")),
    (Code.CANNOT_CONNECT_TO_HOST, lambda x: type("Own", (x.ConnectError,), {})("")),
])
def test_an_exception_has_its_code(package: Any, code: Code, make: Callable[[Any], Exception]) -> None:
    """Exceptions of either package, and what lies under them, map to Apple's codes."""
    error = make(package)
    assert url_error(code, URL, error) == url_error_for(error, URL)


@pytest.mark.parametrize(("name", "error"), [
    ("ReadTimeout", URLError(Code.TIMED_OUT)),
    ("ConnectTimeout", URLError(Code.TIMED_OUT, {UNDERLYING: httpx2.ConnectTimeout("")})),
    ("ConnectTimeout", URLError(Code.TIMED_OUT, {UNDERLYING: type("Own", (httpx.ConnectTimeout,), {})("")})),
    ("ConnectError", URLError(Code.SERVER_CERTIFICATE_UNTRUSTED)),
    ("ConnectError", URLError(Code.NOT_CONNECTED_TO_INTERNET)),
    ("RemoteProtocolError", URLError(Code.NETWORK_CONNECTION_LOST)),
    ("ReadError", URLError(Code.NETWORK_CONNECTION_LOST, {UNDERLYING: ConnectionResetError(104, "")})),
    ("UnsupportedProtocol", URLError(Code.UNSUPPORTED_URL)),
    ("TransportError", URLError(Code.BAD_URL, {UNDERLYING: httpx.InvalidURL("")})),
    ("TransportError", URLError(-4711)),
])
def test_a_code_has_its_exception(package: Any, name: str, error: URLError) -> None:
    """Codes map back to the exceptions of the client's package; a httpx exception under an error decides."""
    request = package.Request("GET", URL)
    raised = client_error(error, package, request)
    assert (getattr(package, name), error, request) == (type(raised), raised.__cause__, raised.request)
