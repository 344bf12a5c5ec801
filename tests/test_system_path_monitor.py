"""The machine's own network: tasks that wait for it, and what is looked at meanwhile."""
from __future__ import annotations

import asyncio
import errno
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import sessionmock as sm
from sessionmock import path_monitor
from sessionmock.errors import Code, url_error
from sessionmock.path_monitor import LOOK, SystemPathMonitor, is_want_of_network, neighbourhood, ways_out
from sessionmock.routes.live.network.base import Wire
from sessionmock.routes.live.network.system import SystemAdapter, SystemNetwork
from tests.load.doubles import HandEngine
from tests.routes.origin import Origin

PATIENCE = 20.0


# looking --------------------------------------------------------------------------------------------------------------------

@pytest.fixture
def routes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The machine's ways out, to be changed; how often they were looked at is the length of `looks`."""
    found = ["", ""]
    monkeypatch.setattr(path_monitor, "ways_out", lambda: tuple(found))
    monkeypatch.setattr(path_monitor, "neighbourhood", lambda: ())
    return found


def test_nothing_is_looked_at_while_nobody_waits(routes: list[str]) -> None:
    """And no timer is left behind."""
    engine, told = HandEngine(), list[str]()
    monitor = SystemPathMonitor(engine)
    engine.let_pass(10)
    assert not engine.calls
    observer = lambda: told.append("changed")    # noqa: E731
    monitor.observe(observer)
    engine.run()
    monitor.ignore(observer)
    engine.let_pass(10)
    assert not engine.clock.advance(None)
    assert [] == told


def test_a_change_is_told_and_so_is_the_first_look(routes: list[str]) -> None:
    """The network may have come back between the attempt that failed and the wait."""
    engine, told = HandEngine(), list[str]()
    monitor = SystemPathMonitor(engine)
    monitor.observe(lambda: told.append("one"))
    monitor.observe(lambda: told.append("two"))
    engine.run()
    engine.let_pass(LOOK / 1e9)
    assert ["one", "two"] == sorted(told)
    engine.let_pass(10)
    assert 2 == len(told)
    routes[0] = "192.0.2.7"
    engine.let_pass(1)
    assert ["one", "one", "two", "two"] == sorted(told)


@pytest.mark.parametrize(("cause", "ways", "expected"), [
    (OSError(errno.ENETUNREACH, "x"), ["10.0.0.1", ""], True), (OSError(errno.ENETDOWN, "x"), ["", ""], True),
    (OSError(errno.ECONNREFUSED, "x"), ["", ""], False), (None, ["", ""], False), (ValueError("x"), ["", ""], False),
    (socket.gaierror(socket.EAI_AGAIN, "x"), ["", ""], True), (socket.gaierror(socket.EAI_AGAIN, "x"), ["", "fe80::1"], False),
])
def test_what_is_for_want_of_a_network(routes: list[str], cause: Exception | None, ways: list[str], expected: bool) -> None:
    """There is no way to the server; or no name is known, and there is no way to anybody who would know it."""
    routes[:] = ways
    assert expected is is_want_of_network(url_error(Code.CANNOT_FIND_HOST, "http://a.test/", cause))


def test_this_machine_can_be_looked_at() -> None:
    """Whatever it has: without an error, twice the same, and no descriptor is left."""
    assert 2 == len(ways_out())
    assert (ways_out(), neighbourhood()) == (ways_out(), neighbourhood())


# waiting --------------------------------------------------------------------------------------------------------------------

class Cut(SystemNetwork):
    """The system's network, from which there is no way anywhere until `is_up`."""

    def __init__(self) -> None:
        self.is_up = False
        self.tried = threading.Event()

    def adapter(self, host: Any) -> SystemAdapter:
        return CutAdapter(self, host)


class CutAdapter(SystemAdapter):
    def __init__(self, network: Cut, host: Any) -> None:
        super().__init__(host)
        self.network = network

    def connect(self, address: str, port: int, settled: Callable[[Wire, OSError | None], None]) -> Wire:
        if not self.network.is_up:
            self.network.tried.set()
            raise OSError(errno.ENETUNREACH, "no way there")
        return super().connect(address, port, settled)


class Told:
    def __init__(self) -> None:
        self.waiting = 0
        self.is_waiting = threading.Event()

    def task_is_waiting_for_connectivity(self, session: Any, task: Any) -> None:
        self.waiting += 1
        self.is_waiting.set()


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cut]:
    monkeypatch.setattr(path_monitor, "LOOK", LOOK // 50)
    network = Cut()
    with sm.use_route(sm.LiveRoute(network=network, trust_env=False)):
        yield network


def waiting() -> sm.URLSessionConfiguration:
    configuration = sm.URLSessionConfiguration.ephemeral()
    configuration.waits_for_connectivity = True
    return configuration


@pytest.mark.parametrize("body", [None, b"body", [b"bo", b"dy"]], ids=["none", "bytes", "stream"])
def test_a_task_without_a_network_begins_when_there_is_one(network: Cut, routes: list[str], body: Any) -> None:
    """The delegate hears of it once, however often it was tried in vain; a stream, which can be sent once, is not waited with."""
    told = Told()
    with Origin() as server, sm.URLSession(waiting(), told) as session:
        sent = {"http_body_stream": body} if isinstance(body, list) else {"http_body": body}
        loading = session.data(sm.URLRequest(server.url, "POST" if body else "GET", **sent))    # type: ignore[arg-type]
        if isinstance(body, list):
            with pytest.raises(sm.URLError) as failure:
                loading.result(PATIENCE)
            assert (Code.NOT_CONNECTED_TO_INTERNET, 0) == (failure.value.code, told.waiting)
            return
        waiter = threading.Thread(target=loading.result)
        waiter.start()
        assert told.is_waiting.wait(PATIENCE)
        routes[0] = "192.0.2.1"                 # a change that does not help
        network.tried.clear()
        assert network.tried.wait(PATIENCE)
        network.is_up = True
        routes[0] = "192.0.2.2"
        assert 200 == loading.result(PATIENCE)[1].status_code    # type: ignore[attr-defined]
        waiter.join()
        assert (1, 1) == (told.waiting, len(server.heads))


@pytest.mark.usefixtures("routes")
def test_a_task_that_does_not_wait_fails_at_once(network: Cut) -> None:
    with sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session, pytest.raises(sm.URLError) as failure:
        session.data("http://127.0.0.1:1/").result(PATIENCE)
    assert Code.NOT_CONNECTED_TO_INTERNET == failure.value.code


@pytest.mark.usefixtures("routes")
def test_a_task_that_waits_can_be_cancelled(network: Cut) -> None:
    """As any; its session ends then."""
    told = Told()
    with sm.URLSession(waiting(), told) as session:
        loading = session.data("http://127.0.0.1:1/")
        threading.Thread(target=lambda: told.is_waiting.wait(PATIENCE) and loading.cancel()).start()
        with pytest.raises(sm.URLError) as failure:
            loading.result(PATIENCE)
    assert Code.CANCELLED == failure.value.code


def test_this_machine_itself_needs_no_network() -> None:
    """Nor is a server that refuses waited for."""
    with Origin() as server:
        url = server.url
        with sm.URLSession(waiting()) as session:
            assert 200 == session.data(url).result(PATIENCE)[1].status_code    # type: ignore[attr-defined]
    with sm.URLSession(waiting()) as session, pytest.raises(sm.URLError) as failure:
        session.data(url).result(PATIENCE)
    assert Code.CANNOT_CONNECT_TO_HOST == failure.value.code


def test_what_a_script_says_is_not_waited_for() -> None:
    """It is no connection of this machine's; nor is one in virtual time."""
    script = sm.ScriptRoute()
    script.answer(sm.Answer(error=sm.URLError(Code.NOT_CONNECTED_TO_INTERNET, {"NSUnderlyingErrorKey": OSError(errno.ENETUNREACH, "x")})))
    with sm.use_route(script), sm.URLSession(waiting()) as session, pytest.raises(sm.URLError):
        session.data("http://a.test/").result(PATIENCE)


def test_awaiting_waits_too(network: Cut, routes: list[str]) -> None:
    """On an asyncio loop."""
    told = Told()

    async def main(url: str) -> int:
        async with sm.URLSession(waiting(), told) as session:
            loading = asyncio.ensure_future(session.data(url).run())
            await asyncio.to_thread(told.is_waiting.wait, PATIENCE)
            network.is_up = True
            routes[1] = "2001:db8::2"
            return (await loading)[1].status_code    # type: ignore[attr-defined, no-any-return]

    with Origin() as server:
        assert 200 == asyncio.run(main(server.url))
