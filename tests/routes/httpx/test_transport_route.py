"""A transport of httpx as a live route, its threads run by hand."""
from __future__ import annotations

from typing import Any

import httpx
import httpx2
import pytest

from sessionmock.errors import Code
from sessionmock.models.message import Request
from sessionmock.routes.httpx.transport_route import TransportRoute

from ..doubles import FakeHost, RecordingSink, Stream

URL = "http://api.test/"


class Bench:
    """A transport that answers by `answer`, as a route."""

    def __init__(self, answer: Any, transport: Any = None) -> None:
        self.asked: list[Any] = []
        self.host, self.sink = FakeHost(), RecordingSink()
        self.transport = transport or httpx.MockTransport(lambda request: self.asked.append(request) or answer(request))
        self.channel = TransportRoute(self.transport).bind(None, self.host)    # type: ignore[arg-type]

    def open(self, method: str = "GET", url: str = URL, body: Any = None) -> Any:
        return self.channel.open(Request(method, url, [("X-A", "1")], body), self.sink)


def test_a_transport_is_asked_on_a_thread() -> None:
    """Nothing is sent before; the answer comes as from any route."""
    bench = Bench(lambda request: httpx.Response(201, text="made"))
    bench.open()
    assert [] == bench.asked
    bench.host.run()
    assert (["head", "data", "end"], b"made", "1") == (bench.sink.names, bench.sink.body, bench.asked[0].headers["x-a"])
    bench.channel.close()


def test_extensions_go_both_ways() -> None:
    """The transport sees those of the request, and whoever asks those of the response; a reason that nobody gave is none."""
    bench = Bench(lambda request: httpx.Response(201, extensions={"mine": 1}))
    bench.channel.open(Request("GET", URL, [], extensions={"timeout": {"read": 5}}), bench.sink)
    bench.host.run()
    [(_, head), *_] = bench.sink.calls
    assert ({"timeout": {"read": 5}}, {"mine": 1}, "") == (bench.asked[0].extensions, head.extensions, head.reason)


def test_a_load_that_was_cancelled_asks_nothing() -> None:
    """It is cancelled before a thread was free."""
    bench = Bench(lambda request: httpx.Response(200))
    bench.open().cancel()
    bench.host.run()
    assert ([], []) == (bench.asked, bench.sink.calls)


@pytest.mark.parametrize(("body", "sent"), [(b"abc", [("sent", 3)]), (Stream(b"abc"), [("sent", 3)]), (None, [])])
def test_bodies_are_told_as_sent(body: Any, sent: list[Any]) -> None:
    """Bytes, and a stream, which is read whole."""
    bench = Bench(lambda request: httpx.Response(200, content=request.read()))
    bench.open("PUT", body=body)
    bench.host.run()
    assert (sent, b"abc" if sent else b"") == ([call for call in bench.sink.calls if call[0] == "sent"], bench.sink.body)


def test_a_transport_of_nobodys_is_given_requests_of_httpx() -> None:
    """It is known by what it can do."""
    class Own:
        def handle_request(self, request: Any) -> Any:
            assert type(request) is httpx.Request
            return httpx.Response(204)

    bench = Bench(None, Own())
    bench.open()
    bench.host.run()
    assert ["head", "end"] == bench.sink.names


def test_a_transport_of_httpx2_is_given_its_own() -> None:
    """Request and response are of its package."""
    class Own(httpx2.BaseTransport):
        def handle_request(self, request: Any) -> Any:
            assert type(request) is httpx2.Request
            return httpx2.Response(204)

    bench = Bench(None, Own())
    bench.open()
    bench.host.run()
    assert ["head", "end"] == bench.sink.names


def test_what_it_raises_has_its_code() -> None:
    """And what httpx cannot read has none of its own."""
    def refuse(request: Any) -> Any:
        raise httpx.ConnectTimeout("late")

    bench = Bench(refuse)
    bench.open()
    bench.host.run()
    assert Code.TIMED_OUT == bench.sink.calls[0][1].code
    bench = Bench(refuse)
    bench.open(url="http://api.test:port/")
    bench.host.run()
    assert Code.BAD_URL == bench.sink.calls[0][1].code
