"""Clients that were made without a transport of ours, in the hands of one scope; and the network, watched."""
from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
import trio
import trustme

from sessionmock import (
    Answer,
    CassetteRoute,
    ClientRoute,
    Interception,
    LeakScope,
    LiveRoute,
    ScriptRoute,
    UnmatchedRequest,
    transport,
    use_route,
    virtual_time,
    watch_clients,
)
from sessionmock.clients.guard import NetworkGuard
from sessionmock.clients.interception import interception
from sessionmock.engine.loop import engine
from sessionmock.errors import RecordingWarning
from sessionmock.latch import Latch
from sessionmock.routes.base import ChannelOver
from sessionmock.routes.httpx.transport_route import TransportRoute

URL = "http://api.test/"


@pytest.fixture
def served() -> Iterator[str]:
    """The URL of a server that says "live" once a connection."""
    def serve() -> None:
        while True:
            try:
                connection = listener.accept()[0]
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nlive")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


@pytest.fixture
def scope() -> Iterator[LeakScope]:
    with LeakScope("a test") as scope:
        yield scope


def script(text: str) -> ScriptRoute:
    return ScriptRoute().answers(Answer(body=text.encode()) for _ in range(3))


def in_thread(call: Callable[[], Any]) -> Any:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(call()))
    thread.start()
    thread.join()
    return found[0]


def test_two_threads_keep_two_routes(served: str) -> None:
    """Each thread that opened an interception has its own route; a thread of before, which opened none, goes live."""
    opened, asked = threading.Barrier(3), threading.Barrier(3)
    found: dict[str, str] = {}

    def test(name: str) -> None:
        with LeakScope(name) as scope, use_route(script(name)), Interception(scope):
            opened.wait()
            found[name] = client.get(served).text
            asked.wait()

    def bystander() -> None:
        opened.wait()
        found["bystander"] = client.get(served).text
        asked.wait()

    with httpx.Client() as client:
        threads = [threading.Thread(target=bystander), *(threading.Thread(target=test, args=(name,)) for name in ("one", "two"))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert {"one": "one", "two": "two", "bystander": "live"} == found


def test_everywhere_is_what_nobody_else_has(served: str) -> None:
    """A thread of before takes the route too; one that another interception owns keeps its own."""
    with ThreadPoolExecutor(1) as early, httpx.Client() as client:
        early.submit(int).result()
        ask = partial(client.get, served)
        with LeakScope("one") as one, Interception(one), ThreadPoolExecutor(1) as pool:
            pool.submit(int).result()
            with LeakScope("other") as other, use_route(script("scripted"), everywhere=True):
                with Interception(other):
                    assert "live" == early.submit(ask).result().text
                with Interception(other, everywhere=True) as everywhere:
                    assert "scripted" == early.submit(ask).result().text
                    assert everywhere is early.submit(interception).result() is not pool.submit(interception).result()


def test_no_route_means_the_clients_own_way(scope: LeakScope, served: str) -> None:
    """Where no route is in force a client's request goes by its own transport, and once the interception is over again."""
    with httpx.Client() as client:
        with Interception(scope):
            assert "live" == client.get(served).text
            with use_route(script("scripted")):
                assert "scripted" == client.get(served).text
        with use_route(script("scripted")):
            assert "live" == client.get(served).text


@pytest.mark.parametrize("package", [httpx, httpx2])
def test_virtual_time(scope: LeakScope, package: Any) -> None:
    """In virtual time a client's time-out passes at once, and so does a late answer that it waits for."""
    late = ScriptRoute().answers([Answer(body=b"late", delay=60), Answer(delay=60)])
    with Interception(scope), use_route(late), virtual_time() as clock, package.Client() as client:
        assert "late" == client.get(URL, timeout=90).text
        assert 60 == clock.now()
        with pytest.raises(package.ReadTimeout):
            client.get(URL, timeout=5)
        assert 65 == clock.now()


@pytest.mark.parametrize("kind", [httpx.HTTPTransport, httpx.AsyncHTTPTransport])
def test_a_transport_as_live_route_is_not_asked_again(scope: LeakScope, served: str, tmp_path: Path, kind: Any) -> None:
    """A route that records by a transport of httpx sends there, past its own interception and guard."""
    own = kind()
    with (CassetteRoute(tmp_path / "tape.yaml", "all", live=TransportRoute(own)) as route, use_route(route),
          Interception(scope, allowed_hosts=[]) as interception):
        assert "live" == httpx.get(served).text
    assert [] == interception.misses
    assert 1 == route.recorded
    own.close() if kind is httpx.HTTPTransport else asyncio.run(own.aclose())


class Ways:
    """The ways to send a request by a client of `package`."""

    def __init__(self, package: Any) -> None:
        self.package = package

    def sync(self, url: str, values: dict[str, Any], **options: Any) -> Any:
        with self.package.Client(**options) as client:
            return client.post(url, **values)

    def asyncio(self, url: str, values: dict[str, Any], **options: Any) -> Any:
        return asyncio.run(self._ask(url, values, options))

    def trio(self, url: str, values: dict[str, Any], **options: Any) -> Any:
        return trio.run(self._ask, url, values, options)

    async def _ask(self, url: str, values: dict[str, Any], options: dict[str, Any]) -> Any:
        async with self.package.AsyncClient(**options) as client:
            return await client.post(url, **values)


@pytest.fixture(params=[httpx, httpx2])
def ways(request: pytest.FixtureRequest) -> Ways:
    return Ways(request.param)


@pytest.mark.parametrize("kind", ["sync", "asyncio", "trio"])
def test_recording_goes_the_clients_own_way(scope: LeakScope, tmp_path: Path, ways: Ways, kind: str) -> None:
    """A client's TLS is its own while it is recorded: an authority that only it knows. The tape then answers without it."""
    authority = trustme.CA()
    own, strange = ssl.create_default_context(), ssl.create_default_context()
    authority.configure_trust(own)
    service = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(service)

    def serve() -> None:
        for _ in range(3):
            with listener.accept()[0] as plain:
                try:
                    with service.wrap_socket(plain, server_side=True) as connection:
                        got = b""
                        while not got.endswith((b"body", b"0\r\n\r\n")):
                            got += connection.recv(65536)
                        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it: ")
                        connection.sendall(b"body" if b"body" in got else b"nothing")
                except ssl.SSLError:
                    pass

    send = getattr(ways, kind)
    tape = tmp_path / "tape.yaml"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        url = f"https://localhost:{listener.getsockname()[1]}/"
        live = ClientRoute(LiveRoute())
        with CassetteRoute(tape, "all", live=live) as route, use_route(route), Interception(scope, allowed_hosts=[]) as interception:
            assert "all of it: body" == send(url, {"content": b"body"}, verify=own).text
            pieces: Any = iter([b"bo", b"dy"]) if kind == "sync" else {"a": "body"}
            assert "all of it: body" == send(url, {"content" if kind == "sync" else "data": pieces}, verify=own).text
            with pytest.raises(ways.package.ConnectError):
                send(url, {"content": b"body"}, verify=strange)
            assert [] == interception.misses
        thread.join()
    with use_route(CassetteRoute(tape, "none")), Interception(scope):
        assert "all of it: body" == send(url, {"content": b"body"}, verify=strange).text


@pytest.fixture
def proxy() -> Iterator[str]:
    """A proxy that only the client's own transport knows: it says what it was sent."""
    def serve() -> None:
        while True:
            with server.accept()[0] as connection:
                got = connection.recv(65536)
                if not got:
                    return
                while not got.endswith((b"body", b"0\r\n\r\n")):
                    got += connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + got.partition(b"\r\n\r\n")[2])

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        socket.create_connection(server.getsockname()).close()
        thread.join()


async def passes(request: Any) -> Any:
    """A side effect that lets its request pass."""
    return request


@pytest.mark.parametrize("kind", ["sync", "asyncio", "trio"])
@pytest.mark.parametrize("how", [
    lambda script: script.post(URL).pass_through(),
    lambda script: script.post(URL).mock(side_effect=lambda request: request),
    lambda script: script.post(URL).mock(side_effect=passes),
    lambda script: script.answer(lambda request: request),
    lambda script: script.answer(passes),
], ids=["pass_through", "effect", "coroutine", "function", "coroutine function"])
def test_what_a_script_lets_pass_goes_the_clients_own_way(scope: LeakScope, proxy: str, ways: Ways, kind: str, how: Any) -> None:
    """By its own transport, whoever decides it and on whichever thread; a body that was read for the decision is sent whole."""
    passing = ScriptRoute(live=ClientRoute(LiveRoute()))
    how(passing)
    own = ways.package.HTTPTransport if kind == "sync" else ways.package.AsyncHTTPTransport
    with use_route(passing), Interception(scope, allowed_hosts=[]) as interception:
        for body in (b"body", iter([b"bo", b"dy"])) if kind == "sync" else (b"body",):
            sent = getattr(ways, kind)(URL, {"content": body}, transport=own(proxy=proxy)).text
            assert sent in ("body", "4\r\nbody\r\n0\r\n\r\n")
    assert ([], []) == (interception.misses, passing.misses)


def test_a_stream_is_recorded_as_it_is_read(scope: LeakScope, served: str, tmp_path: Path) -> None:
    """The head comes before the body is asked for; of a body that is not read to its end that is kept which came, and its connection given back."""
    route = CassetteRoute(tmp_path / "tape.yaml", "all", live=ClientRoute(LiveRoute()))
    with use_route(route), Interception(scope), httpx.Client() as client:
        with client.stream("GET", served) as response:
            assert [b"live"] == list(response.iter_raw())
        with client.stream("GET", served) as response:
            assert 200 == response.status_code
    assert 2 == route.recorded
    with pytest.warns(RecordingWarning, match="after 0 bytes"):
        route.close()


def test_cancelled_on_its_own_way(scope: LeakScope, tmp_path: Path) -> None:
    """A cancelled caller leaves nothing on the engine, and gets its own cancellation."""
    async def ask() -> None:
        async with httpx.AsyncClient() as client:
            task = asyncio.create_task(client.get(f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout=None))
            connection = (await asyncio.get_running_loop().sock_accept(silent))[0]
            with connection:
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task

    live = engine._live
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.setblocking(False)
        with CassetteRoute(tmp_path / "tape.yaml", "all", live=ClientRoute(LiveRoute())) as route, use_route(route), Interception(scope):
            asyncio.run(ask())
    for _ in range(3):                       # the engine's turns
        done = Latch()
        engine.post_eager(done.set)
        in_thread(lambda done=done: engine.wait(done))
    assert engine._live <= live              # a load of before may have ended meanwhile
    assert 0 == route.recorded


def test_the_caller_drives(served: str) -> None:
    """A request of a sync client runs on the thread that waits for it; only an async client's wakes a thread of ours."""
    class Watched(LiveRoute):
        def bind(self, configuration: Any, host: Any) -> Any:
            channel = super().bind(configuration, host)
            opened = channel.open
            channel.open = lambda request, sink: host.post(lambda: threads.append(threading.current_thread().name)) or opened(request, sink)  # type: ignore[method-assign]
            return channel

    async def ask() -> str:
        async with httpx.AsyncClient(transport=transport(Watched())) as client:
            return (await client.get(served)).text

    def ask_here() -> str:
        threading.current_thread().name = "the caller"      # not the main thread, which may have an alarm's handler to mind
        with httpx.Client(transport=transport(Watched())) as client:
            return client.get(served).text

    threads: list[str] = []
    assert "live" == in_thread(ask_here)
    assert ["the caller"] == threads
    assert "live" == asyncio.run(ask())
    assert ["the caller", "sessionmock-engine"] == threads


def test_live_requests_of_ours_pass_the_guard(scope: LeakScope, served: str) -> None:
    """Nothing is allowed, and yet a route's own live request reaches its server, looked up by name; a socket of the test does not."""
    name = served.replace("127.0.0.1", "localhost")
    passing = ScriptRoute(live=LiveRoute())
    passing.get(name).pass_through()
    with use_route(passing), Interception(scope, allowed_hosts=[]) as interception:
        assert "live" == httpx.get(name).text
        assert [] == interception.misses
        with pytest.raises(UnmatchedRequest, match=r"(?s)a look-up of localhost.*at tests/clients/test_interception.py:\d+ in test_live"):
            socket.create_connection(("localhost", httpx.URL(name).port))
    assert 1 == len(interception.misses)


def test_whose_scopes_are_its_own(scope: LeakScope) -> None:
    """Its own, those within, those that it serves too, and those that ended: not the ones around it, and nobody's."""
    with LeakScope("fixture") as fixture, LeakScope("other") as other, LeakScope("ended") as ended:
        pass
    with LeakScope("served") as served, LeakScope("inner") as inner, LeakScope("stranger") as stranger:
        served.outer = stranger.outer = None
        inner.outer = scope
        taking = Interception(scope, [served])
        assert [True, True, True, False, False] == [taking.owns(one) for one in (scope, inner, served, stranger, None)]
    assert [True] * 3 == [taking.owns(one) for one in (fixture, other, ended)]


def test_interceptions_may_end_in_any_order(scope: LeakScope) -> None:
    """The one that is left is in force; when the last one has ended, none is."""
    one, other = Interception(scope), Interception(scope)
    one.__enter__()
    other.__enter__()
    assert other is interception()
    one.__exit__(None, None, None)
    assert other is interception()
    other.__exit__(None, None, None)
    assert interception() is None


class Passed:
    """A route of a user's over a live one."""

    source = "live"
    is_live = True

    def bind(self, configuration: Any, host: Any) -> Any:
        return ChannelOver(LiveRoute().bind(configuration, host))


@pytest.mark.parametrize("route", [
    LiveRoute(), ClientRoute(LiveRoute()), TransportRoute(httpx.MockTransport(lambda request: httpx.Response(200))), Passed(),
], ids=lambda route: type(route).__name__)
def test_another_client_goes_where_it_will_while_the_route_is_live(scope: LeakScope, route: Any) -> None:
    """Where servers themselves answer the test, whatever the class of the route, nobody is kept from the network."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with use_route(route), Interception(scope, allowed_hosts=[]) as interception:
            socket.create_connection(listener.getsockname()).close()
        assert [] == interception.misses
        with (use_route(ScriptRoute()), Interception(scope, allowed_hosts=[]) as interception,
              pytest.raises(UnmatchedRequest, match=r"a connection to 127\.0\.0\.1")):
            socket.create_connection(listener.getsockname())
        assert 1 == len(interception.misses)


@pytest.mark.parametrize(("allowed", "hosts", "others"), [
    (["loopback"], ["localhost", "LOCALHOST", "app.localhost", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "0.0.0.0", socket.gethostname()],
     ["api.test", "10.0.0.1", "::2", "localhost.test"]),
    (["*.test", "10.0.*"], ["api.test", "a.b.TEST.", "10.0.3.4"], ["test", "10.1.0.1", "localhost", "127.0.0.1"]),
    ([], [], ["localhost", "127.0.0.1", "api.test"]),
])
def test_what_is_allowed(allowed: list[str], hosts: list[str], others: list[str]) -> None:
    """`loopback` is this machine by any of its names; `*` stands for any part of a name or address."""
    guard = NetworkGuard(allowed, lambda: True, [])
    assert hosts == [host for host in (*hosts, *others) if guard.allows(host)]


def test_closed_clients_are_not_kept(scope: LeakScope) -> None:
    """However many clients a scope made and closed, it keeps few of them, and every open one."""
    kept = []
    with watch_clients():
        for number in range(200):
            client = httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(200)))
            kept.append(client)
            if number != 3:
                client.close()
    assert len(scope._clients) < 100
    assert [kept[3]] == [made.client for made in scope._clients if not made.client.is_closed]
    assert ["client"] == [leak.kind for leak in scope.take_clients()]
    assert [] == scope.take_clients()
    kept[3].close()
