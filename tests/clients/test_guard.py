"""The guard of the network, asked itself: whose concern a connection is, what may be reached, and what is told."""
from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Iterator
from typing import Any

import anyio
import pytest
import uvloop

from sessionmock.clients import guard as module
from sessionmock.clients.guard import NetworkGuard
from sessionmock.errors import UnmatchedRequest


class Opened:
    """An open guard that allows `allowed`, over look-ups that ask no server."""

    def __init__(self, *allowed: str) -> None:
        self.refused: list[UnmatchedRequest] = []
        self.applies = True
        self.guard = NetworkGuard(allowed, lambda: self.applies, self.refused)

    def __enter__(self) -> Opened:
        self.guard.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.guard.close()


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every name has one address, and nobody is asked for it."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.7", 0))]

    async def of_loop(self: Any, host: Any, port: Any, **options: Any) -> Any:
        return socket.getaddrinfo(host, port)         # the loop asks on a thread

    monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments, **options: found)
    monkeypatch.setattr(socket, "gethostbyname", lambda name: "192.0.2.7")
    monkeypatch.setattr(socket, "gethostbyname_ex", lambda name: (name, [], ["192.0.2.7"]))
    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", of_loop)


@pytest.fixture
def tcp() -> Iterator[socket.socket]:
    with socket.socket() as made:
        yield made


LOOK_UPS = [
    lambda name: socket.getaddrinfo(name, 80), lambda name: socket.gethostbyname(name), lambda name: socket.gethostbyname_ex(name),
    lambda name: socket.getaddrinfo(name.encode(), None),
]


@pytest.mark.parametrize("look_up", LOOK_UPS)
def test_a_look_up_is_refused_and_told_with_its_line(look_up: Any) -> None:
    """The error says what was looked up, where, and what would allow it; the same place is told once."""
    with Opened("*.test") as opened:
        for _ in range(2):
            with pytest.raises(UnmatchedRequest, match=r"(?s)a look-up of api\.example.* at tests/clients/test_guard\.py:\d+ in .*"
                                                       r"sessionmock_allowed_hosts = \*\.test api\.example"):
                look_up("api.example")
    assert 1 == len(opened.refused)


@pytest.mark.parametrize("look_up", LOOK_UPS)
def test_the_address_of_an_allowed_name_is_allowed(look_up: Any) -> None:
    """What was looked up by name is connected to by address."""
    with Opened("api.test") as opened:
        assert not opened.guard.allows("192.0.2.7")
        look_up("api.test")
        assert opened.guard.allows("192.0.2.7")


def test_a_loop_looks_up_on_behalf_of_its_coroutine() -> None:
    """It is asked on the loop, where the line is known, and not once more on the thread that does it."""
    async def ask(name: str) -> None:
        await asyncio.get_running_loop().getaddrinfo(name, 80)

    with Opened("api.test") as opened:
        asyncio.run(ask("api.test"))
        assert opened.guard.allows("192.0.2.7")
        with pytest.raises(UnmatchedRequest, match=r"(?s)a look-up of api\.example:80.*in ask"):
            asyncio.run(ask("api.example"))
        opened.applies = False
        asyncio.run(ask("api.example"))
    assert [] == module._asked_on_loops


@pytest.mark.parametrize("look_up", [
    lambda: socket.getaddrinfo(None, 80), lambda: socket.getaddrinfo("", 80), lambda: socket.getaddrinfo("192.0.2.1", 80),
    lambda: socket.getaddrinfo("api.example", 80, flags=socket.AI_PASSIVE),
    lambda: socket.getaddrinfo("api.example", 80, flags=socket.AI_NUMERICHOST),
    lambda: socket.gethostbyname("192.0.2.1"), lambda: socket.gethostbyname(""),
])
def test_what_asks_nobody_is_let_through(look_up: Any) -> None:
    """Addresses are no names, and what is for this machine alone leaves it not."""
    with Opened() as opened:
        look_up()
    assert [] == opened.refused


def test_a_connection_is_refused_and_its_socket_closed(tcp: socket.socket) -> None:
    """No library's clean-up is relied on."""
    with Opened() as opened, pytest.raises(UnmatchedRequest, match=r"a connection to 192\.0\.2\.1:80"):
        tcp.connect(("192.0.2.1", 80))
    assert (1, -1) == (len(opened.refused), tcp.fileno())


def test_an_allowed_connection_is_made(tcp: socket.socket) -> None:
    """`connect_ex` too; a socket that is no stream to an address is not looked at."""
    with socket.create_server(("127.0.0.1", 0)) as listener, Opened("loopback") as opened:
        assert 0 == tcp.connect_ex(listener.getsockname())
        with socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            datagrams.connect(("192.0.2.1", 80))
    assert [] == opened.refused


def test_whose_concern_it_is() -> None:
    """Guards that say it is none of theirs let it pass; of several the last one is asked first."""
    with Opened() as outer, Opened() as inner:
        with pytest.raises(UnmatchedRequest):
            socket.gethostbyname("api.example")
        inner.applies = False
        with pytest.raises(UnmatchedRequest):
            socket.gethostbyname("api.example")
        outer.applies = False
        assert "192.0.2.7" == socket.gethostbyname("api.example")
    assert (1, 1) == (len(outer.refused), len(inner.refused))
    outer.applies = inner.applies = True
    assert "192.0.2.7" == socket.gethostbyname("api.example")


@pytest.mark.parametrize(("pattern", "same", "others"), [
    ("Bücher.example", ["xn--bcher-kva.example", "BÜCHER.EXAMPLE.", "b%C3%BCcher.example"], ["bucher.example"]),
    ("127.0.0.1", ["127.1", "0x7f.0.0.1", "2130706433", "0177.0.0.1"], ["127.0.0.2"]),
    ("loopback", ["127.1", "[::1]", "0:0:0:0:0:0:0:1", "LOCALHOST.", "::ffff:7f00:1", "0"], ["128.1", "::2", "localhost.example"]),
    ("2001:DB8:0::1", ["2001:db8::1", "[2001:db8:0:0::1]"], ["2001:db8::2"]),
    ("10.0.0.0/8", ["10.1.2.3", "0xa.1"], ["11.0.0.1", "ten.example"]),
    ("*", ["api.example", "192.0.2.1", "::1"], []),
])
def test_hosts_are_compared_however_they_are_written(pattern: str, same: list[str], others: list[str]) -> None:
    """By their canonical form, in the pattern and in what is asked for."""
    guard = NetworkGuard([pattern], lambda: True, [])
    assert same == [host for host in (*same, *others) if guard.allows(host)]


def test_a_pattern_with_a_port_names_that_port_alone() -> None:
    """Also by the address that its name was looked up to; the look-up itself has no port to tell."""
    with Opened("api.test:8080") as opened:
        socket.getaddrinfo("api.test", None)
        assert [True, False] == [opened.guard.allows("api.test", port) for port in (8080, 443)]
        assert [True, False] == [opened.guard.allows("192.0.2.7", port) for port in (8080, 443)]


class TestUvloop:
    """uvloop looks up and connects without Python's sockets."""

    @pytest.mark.parametrize("ask", [
        lambda: asyncio.open_connection("192.0.2.1", 80), lambda: asyncio.open_connection("api.example", 80),
        lambda: asyncio.get_running_loop().getaddrinfo("api.example", 80), lambda: anyio.connect_tcp("192.0.2.1", 80),
        lambda: in_task(asyncio.open_connection("192.0.2.1", 80)),
    ])
    def test_is_refused_with_the_line_that_asked(self, ask: Any) -> None:
        """A connection to a name or address, a look-up, by a library, in a task that another one waits for."""
        async def main() -> None:
            await ask()

        with Opened() as opened, pytest.raises((UnmatchedRequest, ExceptionGroup)):
            uvloop.run(main())
        (error,) = opened.refused
        assert re.search(r"(?s)(192\.0\.2\.1|api\.example):80.*at tests/clients/test_guard\.py:\d+ in (main|in_task|<lambda>)", str(error))

    def test_reaches_what_is_allowed(self) -> None:
        """By address and by name, over a socket of Python's too."""
        async def main(port: int) -> None:
            for connecting in (asyncio.open_connection("127.0.0.1", port), asyncio.open_connection(host="localhost", port=port)):
                (await connecting)[1].close()
            with socket.socket() as own:
                own.setblocking(False)
                await asyncio.get_running_loop().sock_connect(own, ("127.0.0.1", port))

        with socket.create_server(("127.0.0.1", 0)) as listener, Opened("loopback") as opened:
            uvloop.run(main(listener.getsockname()[1]))
        assert [] == opened.refused

    def test_a_socket_of_pythons_is_refused_too(self, tcp: socket.socket) -> None:
        """As aiohttp's happy eyeballs connect it."""
        async def main() -> None:
            tcp.setblocking(False)
            await asyncio.get_running_loop().sock_connect(tcp, ("192.0.2.1", 80))

        with Opened(), pytest.raises(UnmatchedRequest, match=r"a connection to 192\.0\.2\.1:80"):
            uvloop.run(main())

    def test_is_left_as_it_was(self) -> None:
        """Once no guard is open."""
        with Opened():
            assert "create_connection" in vars(uvloop.Loop)
        assert {"create_connection", "getaddrinfo"}.isdisjoint(vars(uvloop.Loop))


async def in_task(asking: Any) -> Any:
    return await asyncio.create_task(asking)
