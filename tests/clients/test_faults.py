"""Faults as plain clients of httpx and httpx2 meet them: over scripts and cassettes in virtual time, and live on our wire."""
from __future__ import annotations

import asyncio
import socketserver
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import httpx2
import pytest
import trio

from sessionmock import (
    Answer,
    CassetteRoute,
    ClientRoute,
    FaultPlan,
    FaultRoute,
    Interception,
    InvalidArgumentException,
    LeakScope,
    LiveRoute,
    ScriptRoute,
    URLError,
    URLSessionConfiguration,
    transport,
    use_route,
    virtual_time,
)
from sessionmock.errors import Code
from sessionmock.faults.armed import Faults
from sessionmock.faults.current import use_faults
from sessionmock.history import Faulted, History
from sessionmock.routes.live.network.memory import After, MemoryNetwork

URL = "https://api.test/items"
BODY = b"0123456789"
LIMITS = {"pool": 1, "connect": 2, "write": 3, "read": 4}


# clients: each sends one request and reads the answer ------------------------------------------------------------------
def blocking(package: ModuleType, given: Any, method: str = "GET", url: str = URL, *, content: Any = None, **options: Any) -> Any:
    with package.Client(**{"transport": given, "timeout": package.Timeout(**LIMITS), **options}) as client:
        return client.request(method, url, content=content)


async def _awaited(package: ModuleType, given: Any, method: str, url: str, content: Any, options: dict[str, Any]) -> Any:
    async with package.AsyncClient(**{"transport": given, "timeout": package.Timeout(**LIMITS), **options}) as client:
        return await client.request(method, url, content=content)


def on_asyncio(package: ModuleType, given: Any, method: str = "GET", url: str = URL, *, content: Any = None, **options: Any) -> Any:
    return asyncio.run(_awaited(package, given, method, url, content, options))


def on_trio(package: ModuleType, given: Any, method: str = "GET", url: str = URL, *, content: Any = None, **options: Any) -> Any:
    return trio.run(_awaited, package, given, method, url, content, options)


Ask = Callable[..., Any]
FLAVOURS = [(package, ask) for package in (httpx, httpx2) for ask in (blocking, on_asyncio, on_trio)]
of_every_flavour = pytest.mark.parametrize(("package", "ask"), FLAVOURS, ids=lambda one: one.__name__)


def script(body: bytes = BODY) -> ScriptRoute:
    return ScriptRoute().answer(lambda request: Answer(body=body, headers={"X-Method": request.method, "Content-Length": str(len(body))}))


@pytest.fixture
def clock() -> Iterator[Any]:
    with virtual_time() as clock:
        yield clock


# what is raised ---------------------------------------------------------------------------------------------------------
def at(*arguments: Any, **conditions: Any) -> Any:
    return FaultPlan().at(*arguments, **conditions)


@pytest.mark.parametrize(("plan", "name", "seconds"), [
    (at("resolve").never(), "ConnectTimeout", 2),
    (at("connect").never(), "ConnectTimeout", 2),
    (at("tls").never(), "ConnectTimeout", 2),
    (at("proxy").never(), "ReadTimeout", 4),
    (at("head").never(), "ReadTimeout", 4),
    (at("body", byte=5).never(), "ReadTimeout", 4),
    (at("resolve").delay(1.5).at("connect").delay(1.5), "ConnectTimeout", 2),
    (at("connect").delay(1.5).at("tls").delay(1.5).at("head").delay(3.5), "", 6.5),
    (at("body").drip(0.5), "", 20),
], ids=str)
def test_each_step_has_its_limit_of_time(clock: Any, plan: FaultPlan, name: str, seconds: float) -> None:
    """One for the name and the connection, one for TLS, one for each sign of life; all of it in no time."""
    for number, (package, ask) in enumerate(FLAVOURS, 1):
        route = FaultRoute(script(), plan)
        if name:
            with pytest.raises(getattr(package, name)) as raised:
                ask(package, transport(route))
            assert Code.TIMED_OUT == raised.value.__cause__.code    # type: ignore[union-attr]
        else:
            assert BODY == ask(package, transport(route)).content
        assert not route.faults.unfired
        assert number * seconds == pytest.approx(clock.now())


@pytest.mark.parametrize(("point", "error", "name"), [
    ("connect", Code.NETWORK_CONNECTION_LOST, "ConnectError"),
    ("connect", Code.TIMED_OUT, "ConnectTimeout"),
    ("tls", Code.SERVER_CERTIFICATE_UNTRUSTED, "ConnectError"),
    ("head", Code.NETWORK_CONNECTION_LOST, "RemoteProtocolError"),
    ("head", Code.CANNOT_CONNECT_TO_HOST, "ConnectError"),
    ("body", Code.TIMED_OUT, "ReadTimeout"),
    ("body", URLError(Code.NETWORK_CONNECTION_LOST, {"NSUnderlyingErrorKey": ConnectionResetError(104, "reset")}), "ReadError"),
    ("body", Code.CANNOT_DECODE_RAW_DATA, "DecodingError"),
    ("body", Code.UNKNOWN, "TransportError"),
])
def test_an_error_by_its_code_is_what_a_socket_would_give_there(clock: Any, point: str, error: Any, name: str) -> None:
    route = FaultRoute(script(), at(point).fail(error))
    with pytest.raises(httpx.TransportError if name == "TransportError" else httpx.RequestError) as raised:
        blocking(httpx, transport(route))
    assert name == type(raised.value).__name__
    assert raised.value.request.url == URL


@pytest.mark.parametrize(("plan", "names"), [
    (at("connect").reset(), "ReadError ConnectError ReadError"),
    (at("connect").end(), "RemoteProtocolError ConnectError RemoteProtocolError"),
    (at("connect").refuse(), "ConnectError ConnectError ConnectError"),
], ids=str)
def test_a_connection_that_stood_for_a_moment_is_none_that_was_refused(clock: Any, plan: FaultPlan, names: str) -> None:
    """Before anything is said, within a handshake, and at a proxy."""
    proxied, found = plan + at("proxy", nth=9, optional=True).reset(), []
    for url, lines in (("http://api.test/", plan), (URL, plan), (URL, proxied)):
        with pytest.raises(httpx.TransportError) as raised:
            blocking(httpx, transport(FaultRoute(script(), lines)), url=url)
        found.append(type(raised.value).__name__)
    assert names.split() == found


@of_every_flavour
def test_a_body_breaks_off_where_it_is_said(clock: Any, package: ModuleType, ask: Ask) -> None:
    """What came before is the client's."""
    given, came = transport(FaultRoute(script(), at("body", byte=5).reset())), []

    async def read(package: ModuleType) -> None:
        async with package.AsyncClient(transport=given) as client, client.stream("GET", URL) as response:
            async for piece in response.aiter_bytes():
                came.append(piece)

    with pytest.raises(package.ReadError):
        if ask is blocking:
            with package.Client(transport=given) as client, client.stream("GET", URL) as response:
                came.extend(response.iter_bytes(1))
        elif ask is on_trio:
            trio.run(read, package)
        else:
            asyncio.run(read(package))
    assert BODY[:5] == b"".join(came)


@of_every_flavour
def test_an_upload_breaks_off_where_it_is_said(clock: Any, package: ModuleType, ask: Ask) -> None:
    """Of a body that is made as it goes, too."""
    async def later() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    pieces = [b"abc"] * 4
    for content in (b"".join(pieces), iter(pieces) if ask is blocking else later()):
        route = FaultRoute(script(), at("write.body", byte=7).reset())
        with pytest.raises(package.ReadError):
            ask(package, transport(route), "POST", content=content)
        assert [f"write.body byte 7 of POST {URL}: reset()"] == [str(fired).replace("scope='connection'", "") for fired in route.faults.fired]


def test_an_act_on_tasks_says_that_a_plain_client_has_none(clock: Any) -> None:
    for plan in (at("head").cancel(), at("connect").invalidate(), at("body").suspend(1), at("head").cancel_by_producing_resume_data()):
        with pytest.raises(InvalidArgumentException, match="is a plain client's request, which is no task"):
            blocking(httpx, transport(FaultRoute(script(), plan)))


# whom faults meet -------------------------------------------------------------------------------------------------------
def test_lines_choose_by_url_and_method_and_lines_for_tasks_choose_no_client(clock: Any) -> None:
    plan = at("connect", url="*/other").refuse().at("connect", method="POST").refuse().at("connect", task=lambda task: True).refuse()
    route = FaultRoute(script(), plan)
    given = transport(route)
    assert "GET" == blocking(httpx, given).headers["X-Method"]
    assert 3 == len(route.faults.unfired)
    for method, url in (("GET", URL.replace("items", "other")), ("POST", URL)):
        with pytest.raises(httpx.ConnectError):
            blocking(httpx, transport(route), method, url)
    assert [plan[2]] == route.faults.unfired


@of_every_flavour
def test_a_client_that_tries_again_gets_its_answer(clock: Any, package: ModuleType, ask: Ask) -> None:
    """Passes are counted over all its requests, and what was not asked for is not used up."""
    route = FaultRoute(ScriptRoute().answers([Answer(body=b"first"), Answer(body=b"second")]), at("connect", first=2).refuse())
    for _ in range(2):
        with pytest.raises(package.ConnectError) as raised:
            ask(package, transport(route))
        assert isinstance(raised.value.__cause__.__cause__, ConnectionRefusedError)    # type: ignore[union-attr]
    assert [b"first", b"second"] == [ask(package, transport(route)).content for _ in range(2)]


def test_what_acted_is_in_the_history(clock: Any) -> None:
    """Of the scope that the client is used in."""
    history = History()
    with LeakScope("a test") as scope:
        scope.history = history
        with pytest.raises(httpx.ConnectError):
            blocking(httpx, transport(FaultRoute(script(), at("connect").refuse())))
    assert [(None, "connect", "refuse()", URL)] == [record[2:] for record in history if isinstance(record, Faulted)]


def test_faults_in_force_meet_what_is_sent_there(clock: Any) -> None:
    """In the block, and of a scope on all its threads; by a client that was made before."""
    def elsewhere(client: httpx.Client) -> None:
        try:
            client.get(URL)
        except httpx.ReadError as error:
            found.append(error)

    found: list[httpx.ReadError] = []
    faults = Faults(at("connect").refuse())
    with httpx.Client(transport=transport(script())) as client:
        client.get(URL)
        with use_faults(faults), pytest.raises(httpx.ConnectError):
            client.get(URL)
        client.get(URL)
        with LeakScope("a test") as scope:
            scope.faults = (Faults(at("head").reset()),)
            thread = threading.Thread(target=elsewhere, args=(client,))
            thread.start()
            thread.join()
    assert (1, 1) == (len(faults.fired), len(found))


def test_an_answer_that_nothing_happens_to_is_as_it_was(clock: Any) -> None:
    """Its reason, its fields and its extensions, though it went through what could have spoilt it."""
    answer = Answer(203, headers=[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Odd", "ä")], body=BODY, reason="Hear, hear")
    plain, faulty = (ScriptRoute().answer(lambda request: answer) for _ in range(2))
    wanted = blocking(httpx, transport(plain))
    found = blocking(httpx, transport(FaultRoute(faulty, at("body", nth=2, optional=True).reset())))
    assert (wanted.status_code, wanted.headers.raw, wanted.extensions, wanted.content) == (
        found.status_code, found.headers.raw, found.extensions, found.content)


def test_a_redirect_is_followed_to_where_it_breaks(clock: Any) -> None:
    """By the client itself: each hop is a request of its own."""
    route = FaultRoute(ScriptRoute().answer(
        lambda request: Answer(302, headers={"Location": "/landed"}) if request.url == URL else 200), at("head", url="*/landed").end())
    with pytest.raises(httpx.RemoteProtocolError, match="Server disconnected without sending a response"):
        blocking(httpx, transport(route), follow_redirects=True)
    assert "https://api.test/landed" == route.faults.fired[0].url


# on every route ---------------------------------------------------------------------------------------------------------
def test_a_recorded_answer_breaks_off_too(clock: Any, tmp_path: Path) -> None:
    """And is not used up by what never came to it."""
    with use_route(CassetteRoute(tmp_path / "tape.yaml", "all", live=script())):
        blocking(httpx, transport())
    route = FaultRoute(CassetteRoute(tmp_path / "tape.yaml"), at("resolve", first=1).unknown_host().at("body", byte=3, first=1).end())
    with pytest.raises(httpx.ConnectError, match="cannot find host"):
        blocking(httpx, transport(route))
    with pytest.raises(httpx.RemoteProtocolError, match=r"received 3 bytes, expected 10"):
        blocking(httpx, transport(route))


@pytest.fixture
def server() -> Iterator[str]:
    """The URL of a server that answers on as many connections as there are."""
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            while self.request.recv(65536):
                self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n" + BODY)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{made.server_address[1]}/"
        made.shutdown()
        thread.join()


def on_its_own(package: ModuleType, ask: Ask, url: str) -> Any:
    """By a client that knows nothing of us."""
    return ask(package, None, url=url, trust_env=False, verify=False)


@of_every_flavour
def test_a_client_on_its_own_way_meets_them_on_our_wire(server: str, package: ModuleType, ask: Ask) -> None:
    """Its other requests go by its own transport."""
    faults = Faults(at("head", nth=2).reset().at("head", nth=3).end())
    with LeakScope("a test") as scope, use_route(ClientRoute(LiveRoute())), Interception(scope), use_faults(faults):
        assert BODY == on_its_own(package, ask, server).content
        with pytest.raises(package.ReadError):
            on_its_own(package, ask, server)
        with pytest.raises(package.RemoteProtocolError, match="Server disconnected"):
            on_its_own(package, ask, server)
        response = on_its_own(package, ask, server)
    assert "network_stream" in response.extensions      # all lines are used up: this one is its own again
    assert 2 == len(faults.fired)


def test_who_has_another_transport_meets_none() -> None:
    """MockTransport, ASGITransport, WSGITransport and classes of users keep their own way."""
    faults = Faults(at("connect", optional=True).refuse())
    with LeakScope("a test") as scope, use_route(script()), Interception(scope), use_faults(faults):
        assert 204 == blocking(httpx, httpx.MockTransport(lambda request: httpx.Response(204))).status_code
    assert [] == faults.fired


def test_who_waits_for_a_connection_waits_as_long_as_the_pool_may_take(clock: Any) -> None:
    network, configuration = MemoryNetwork(), URLSessionConfiguration.ephemeral()
    port = network.listen(After(float("inf")))
    configuration.http_maximum_connections_per_host = 1

    async def ask() -> None:
        async with httpx.AsyncClient(transport=transport(LiveRoute(network=network), configuration)) as client:
            first = asyncio.ensure_future(client.get(f"http://127.0.0.1:{port}/", timeout=None))
            await asyncio.sleep(0)
            with pytest.raises(httpx.PoolTimeout):
                await client.get(f"http://127.0.0.1:{port}/", timeout=httpx.Timeout(9, pool=1))
            first.cancel()
            await asyncio.wait([first])

    asyncio.run(ask())
    assert 1 == clock.now()


# other answers ----------------------------------------------------------------------------------------------------------
@of_every_flavour
def test_a_client_answers_a_challenge_as_it_does_a_servers(clock: Any, package: ModuleType, ask: Ask) -> None:
    """By Basic, and by Digest with the nonce that it was given."""
    asked: list[str] = []
    route = FaultRoute(
        ScriptRoute().answer(lambda request: asked.append(dict(request.headers).get("Authorization", "")) or 200),
        at("head", first=1).challenge("Digest", "gate"))
    assert 200 == ask(package, transport(route), auth=package.DigestAuth("ann", "secret")).status_code
    assert asked[0].startswith('Digest username="ann", realm="gate"')
    answer = ask(package, transport(FaultRoute(script(), at("head").challenge("Basic", "gate", proxy=True))))
    assert (407, 'Basic realm="gate"') == (answer.status_code, answer.headers["Proxy-Authenticate"])


@of_every_flavour
def test_a_client_is_led_elsewhere_and_keeps_what_it_is_given(clock: Any, package: ModuleType, ask: Ask) -> None:
    """A chain of redirects by a plan, a loop of them, and cookies."""
    route = FaultRoute(script(), at("head", url=URL, first=1).redirect("/second").at("head", url="*/second").redirect(URL, 307))
    assert BODY == ask(package, transport(route), follow_redirects=True).content
    with pytest.raises(package.TooManyRedirects):
        ask(package, transport(FaultRoute(script(), at("head").redirect("/again"))), follow_redirects=True)
    given = ask(package, transport(FaultRoute(script(), at("head").status(429, {"Retry-After": "3", "Set-Cookie": "a=1"}, b"later"))))
    assert (429, b"later", "3", "1") == (given.status_code, given.content, given.headers["Retry-After"], given.cookies["a"])


@of_every_flavour
def test_an_own_way_goes_on_under_a_plan_of_all_kinds(server: str, package: ModuleType, ask: Ask) -> None:
    """Also where the answer of a client's own transport goes over a wire of ours in memory, because it might have been replaced."""
    faults = Faults(at("head", nth=2).status(503).at("body", byte=4, nth=2).end())
    with LeakScope("a test") as scope, use_route(ClientRoute(LiveRoute())), Interception(scope), use_faults(faults):
        assert BODY == on_its_own(package, ask, server).content
        assert 503 == on_its_own(package, ask, server).status_code
        with pytest.raises(package.RemoteProtocolError, match="received 4 bytes, expected 10"):
            on_its_own(package, ask, server)
    assert 2 == len(faults.fired)


@of_every_flavour
def test_what_breaks_off_is_recorded_as_the_server_sent_it_or_not_at_all(
        server: str, package: ModuleType, ask: Ask, tmp_path: Path) -> None:
    """A fault is the test's, and no recording has it."""
    faults = Faults(at("body", byte=4, first=1).end())
    route = CassetteRoute(tmp_path / "tape.yaml", "all", live=ClientRoute(LiveRoute()))
    with LeakScope("a test") as scope, use_route(route), Interception(scope), use_faults(faults):
        with pytest.raises(package.RemoteProtocolError):
            on_its_own(package, ask, server)
        assert BODY == on_its_own(package, ask, server).content
    with virtual_time(), use_route(CassetteRoute(tmp_path / "tape.yaml")):
        assert BODY == ask(package, transport(), url=server).content
