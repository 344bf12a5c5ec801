"""A client's own way: taken by a client route, and driven by whoever reads the answer."""
from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest

from sessionmock.errors import Code
from sessionmock.models.message import Request, ResponseHead
from sessionmock.routes.httpx.client_route import ClientRoute, OwnWay

from ..doubles import FakeHost, FakeLive, RecordingSink, Stream

URL = "http://api.test/"


class Body:
    """The stream of a response, sync and async."""

    def __init__(self, *pieces: bytes | BaseException) -> None:
        self.pieces, self.closed = pieces, 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, BaseException):
                raise piece
            yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece

    def close(self) -> None:
        self.closed += 1

    async def aclose(self) -> None:
        self.closed += 1


class Way:
    """An own way to a response with `body`, sync or async, and the sink that it brings it to."""

    def __init__(self, *pieces: bytes | BaseException, package: Any = httpx, fails: BaseException | None = None) -> None:
        self.body, self.sink, self.fails = Body(*pieces), RecordingSink(), fails
        self.sent: list[Any] = []
        self.asked = package.Request("POST", URL, headers=[("X-A", "1")], content=b"abc", extensions={"timeout": {}})
        self.package = package

    def respond(self, request: Any) -> Any:
        self.sent.append(request)
        if self.fails is not None:
            raise self.fails
        response = self.package.Response(200)
        response.stream = self.body
        return response

    async def respond_later(self, request: Any) -> Any:
        return self.respond(request)

    def sync(self, body: Any = b"abc") -> OwnWay:
        return self.opened(OwnWay(self.respond, self.asked, None), body)

    def later(self, body: Any = b"abc") -> OwnWay:
        return self.opened(OwnWay(self.respond_later, self.asked, None), body)

    def opened(self, own: OwnWay, body: Any) -> OwnWay:
        channel = ClientRoute(FakeLive()).bind(None, FakeHost())    # type: ignore[arg-type]
        assert own is channel.open(Request("POST", URL, [], body, own_way=own), self.sink)
        return own


def test_the_route_takes_the_way_that_there_is() -> None:
    """Where a client offers none, what lies below is opened."""
    live = FakeLive([("head", ResponseHead(204, [])), ("end", [])])
    sink = RecordingSink()
    assert live is ClientRoute(live).bind(None, FakeHost()).open(Request("GET", URL, [], None), sink)    # type: ignore[arg-type]
    assert ["head", "end"] == sink.names
    way = Way(b"one")
    assert way.sync().sends
    assert ("live", True) == (ClientRoute(live).source, ClientRoute(live).is_live)


def test_each_step_brings_a_piece() -> None:
    """The head first, then what the stream has, then the end, with the stream closed; nothing goes ahead of the reader."""
    way = Way(b"one", b"", b"two")
    own = way.sync()
    seen = []
    while own.sends:
        own.go_on()
        seen.append(way.sink.names[-1])
    assert ["head", "data", "data", "data", "end"] == seen
    assert (b"onetwo", 1, None) == (way.sink.body, way.body.closed, own.timing)
    own.pause()
    own.resume()
    own.close()
    assert 2 == way.body.closed


def test_each_step_in_a_coroutine() -> None:
    """The same by a transport that is asynchronous."""
    way = Way(b"one", b"two")

    async def read() -> None:
        own = way.later()
        while own.sends:
            await own.go_on_async()
        await own.aclose()

    asyncio.run(read())
    assert (["sent", "head", "data", "data", "end"], b"onetwo", 2) == (way.sink.names, way.sink.body, way.body.closed)


@pytest.mark.parametrize("package", [httpx, httpx2])
def test_what_is_sent_is_the_clients_own_request(package: Any) -> None:
    """With a body that was streamed, and read by the route, it is one with the same head."""
    way = Way(package=package)
    way.sync().go_on()
    assert way.asked is way.sent[0]
    way.sync(Stream(b"abcdef")).go_on()
    again = way.sent[1]
    assert (b"abcdef", "1", {"timeout": {}}, package.Request) == (again.read(), again.headers["x-a"], again.extensions, type(again))


@pytest.mark.parametrize(("fails", "pieces"), [(httpx.ConnectError("no"), ()), (None, (b"one", httpx.ReadError("gone")))])
def test_what_a_transport_raises_is_the_routes_failure(fails: BaseException | None, pieces: tuple[Any, ...]) -> None:
    """With the code that the error has; and nothing is sent any more."""
    way = Way(*pieces, fails=fails)
    own = way.sync()
    while own.sends:
        own.go_on()
    assert "fail" == way.sink.names[-1]
    assert way.sink.calls[-1][1].code in (Code.CANNOT_CONNECT_TO_HOST, Code.NETWORK_CONNECTION_LOST)


def test_an_interrupt_ends_the_exchange_and_goes_on() -> None:
    """Who asked is interrupted too: in a call, and a coroutine that is cancelled."""
    way = Way(fails=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        way.sync().go_on()
    assert "fail" == way.sink.names[-1]
    later = Way(fails=asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(later.later().go_on_async())
    assert "fail" == later.sink.names[-1]


def test_a_cancelled_way_sends_nothing() -> None:
    """And a response that never came needs no closing."""
    way = Way()
    own = way.sync()
    own.cancel()
    own.close()
    asyncio.run(own.aclose())
    assert (False, [], 0) == (own.sends, way.sent, way.body.closed)


def test_it_costs_no_import_of_httpx() -> None:
    """Who records by a client route, and uses no client, loads none."""
    code = ("import sys; from sessionmock.routes.httpx.client_route import ClientRoute, OwnWay; "
            "sys.exit(any(name in sys.modules for name in ('httpx', 'httpx2', 'respx')))")
    assert 0 == subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[3]).returncode
