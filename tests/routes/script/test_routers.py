"""Routers of respx asked for one request: where user code runs, and what a channel is asked for."""
from __future__ import annotations

from typing import Any

import httpx
import pytest
import respx

from sessionmock.errors import Code, InvalidArgumentException, UnmatchedRequest
from sessionmock.models.message import Request, ResponseHead
from sessionmock.routes.base import FINISHED
from sessionmock.routes.offload import Deferred, LoopThread
from sessionmock.routes.script.routers import Routers

from ..doubles import FakeHost, FakeLive, RecordingSink

URL = "http://api.test/"


class Asker:
    """What an answer asks of the channel that the request came in by."""

    def __init__(self, inner: Any = None) -> None:
        self.host, self.loop, self.inner = FakeHost(), LoopThread(), inner
        self.missed: list[str] = []

    def miss(self, request: Request, sink: Any, reason: str, kind: Any = UnmatchedRequest) -> Any:
        self.missed.append(reason)
        return FINISHED

    def pass_through(self, request: Request, sink: Any) -> Any:
        return self.inner.open(request, sink)


class Bench:
    """Routers with one router, a channel and a sink."""

    def __init__(self, inner: Any = None) -> None:
        self.routers, self.router, self.asker, self.sink = Routers(), respx.Router(), Asker(inner), RecordingSink()
        self.routers.attach(self.router)

    def open(self, method: str = "GET", url: str = URL, body: bytes | None = None) -> Any:
        return self.routers.open(Request(method, url, [], body), self.sink, self.asker)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_an_answer_that_is_there_is_given_here(bench: Bench) -> None:
    """On the caller's stack, and the exchange is over; respx has counted it."""
    route = bench.router.get(URL).respond(201, text="made")
    assert FINISHED is bench.open()
    assert (["head", "data", "end"], b"made", 1) == (bench.sink.names, bench.sink.body, route.call_count)
    assert [] == bench.asker.host.posted


def test_an_answer_without_a_body(bench: Bench) -> None:
    """No empty piece is given."""
    bench.router.route().respond(200, text="")
    bench.open()
    assert ["head", "end"] == bench.sink.names


def test_a_callable_waits_for_a_thread(bench: Bench) -> None:
    """Nothing of the user's runs before; a load that was cancelled meanwhile asks it nothing."""
    asked: list[Any] = []
    bench.router.get(URL).mock(side_effect=lambda request: asked.append(request) or httpx.Response(200))
    exchange = bench.open()
    assert isinstance(exchange, Deferred)
    assert ([], []) == (asked, bench.sink.calls)
    bench.asker.host.run()
    assert (1, ["head", "end"]) == (len(asked), bench.sink.names)
    cancelled = bench.open()
    cancelled.cancel()
    bench.asker.host.run()
    assert 1 == len(asked)


def test_a_callable_of_a_route_that_cannot_match_needs_none(bench: Bench) -> None:
    """Its pattern is of respx's own kinds: it is judged here."""
    bench.router.get(URL, params={"a": "1"}).mock(side_effect=lambda request: httpx.Response(500))
    bench.router.get(URL).respond(200)
    assert FINISHED is bench.open()
    assert 200 == bench.sink.calls[0][1].status


def test_a_stream_is_pumped_on_a_thread(bench: Bench) -> None:
    """After the head, which is there at once."""
    bench.router.get(URL).mock(return_value=httpx.Response(200, content=iter([b"one", b"two"])))
    bench.open()
    assert ["head"] == bench.sink.names
    bench.asker.host.run()
    assert (["head", "data", "data", "end"], b"onetwo") == (bench.sink.names, bench.sink.body)


def test_what_a_channel_is_asked_for() -> None:
    """Misses are its matter, and so is what is passed through."""
    bench = Bench()
    bench.router.get(URL).respond(200)
    bench.open("POST")
    assert ["its only route does not match:"] == [reason.partition("\n")[0] for reason in bench.asker.missed]
    live = FakeLive([("head", ResponseHead(204, [])), ("end", [])])
    bench = Bench(live)
    bench.router.get(URL).pass_through()
    assert live is bench.open()
    assert ["head", "end"] == bench.sink.names


def test_side_effects_that_are_used_up_are_a_miss(bench: Bench) -> None:
    """The reason names the route."""
    bench.router.get(URL).mock(side_effect=[httpx.Response(200)])
    for _ in range(2):
        bench.open()
        bench.asker.host.run()
    assert 1 == len(bench.asker.missed)
    assert "all side effects of" in bench.asker.missed[0]


def test_what_is_no_response_is_told(bench: Bench) -> None:
    """A side effect that gives anything else ends the load with what is wrong with it."""
    bench.router.get(URL).mock(side_effect=lambda request: 7)
    bench.open()
    bench.asker.host.run()
    assert ["fail"] == bench.sink.names
    assert "gave 7" in str(bench.sink.calls[0][1].underlying_error) or "7" in repr(bench.sink.calls[0][1].underlying_error)


@pytest.mark.parametrize("url", ["http://api.test:port/", "http://foo.1/", "http://♥.test/"])
def test_what_is_no_url_to_httpx(bench: Bench, url: str) -> None:
    """-1000, and no router is asked."""
    bench.open(url=url)
    assert Code.BAD_URL == bench.sink.calls[0][1].code


def test_what_is_attached() -> None:
    """A router, once."""
    routers, router = Routers(), respx.Router()
    routers.attach(router)
    with pytest.raises(InvalidArgumentException, match="attached already"):
        routers.attach(router)
    with pytest.raises(InvalidArgumentException, match="not a respx router"):
        routers.attach(7)    # type: ignore[arg-type]
