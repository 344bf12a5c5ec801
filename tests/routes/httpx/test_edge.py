"""What the edge makes for httpx, and what it spares it."""
from __future__ import annotations

import asyncio
import gzip
from typing import Any

import httpx
import httpx2
import pytest
from respx.models import clone_response

from sessionmock.errors import Code, url_error
from sessionmock.routes.httpx.client_route import OwnWay
from sessionmock.routes.httpx.edge import RouteTransport, edge_request, edge_url, packages, read_at_once

from ..doubles import FakeHost, FakeLive

URL = "http://api.test:8080/a?b=c"
CODED = gzip.compress(b"text", mtime=0)


def answers() -> list[httpx.Response]:
    """As respx makes them of what a test wrote down."""
    made = [httpx.Response(200, text="text"), httpx.Response(204), httpx.Response(200, json={"a": 1}),
            httpx.Response(200, headers={"Content-Encoding": "gzip"}, content=CODED), httpx.Response(200, content=iter([b"a", b"b"]))]
    return [clone_response(response, httpx.Request("GET", URL)) for response in made]


@pytest.mark.parametrize("number", range(len(answers())))
def test_a_response_is_read_as_by_httpx(number: int) -> None:
    """The same attributes are left behind, whatever way was taken; a second time nothing is done."""
    quick, slow = answers()[number], answers()[number]
    read_at_once(quick)
    slow.read()
    ways = {"_decoder", "_elapsed"}     # made when they are needed
    states = [{name: value for name, value in vars(each).items() if name not in (*ways, "stream", "_request")} for each in (quick, slow)]
    assert states[0] == states[1]
    assert (slow.content, slow.text, slow.is_closed) == (quick.content, quick.text, quick.is_closed)
    read_at_once(quick)
    assert slow.content == quick.content


def test_what_cannot_be_decoded_is_told() -> None:
    """As by httpx."""
    broken = clone_response(httpx.Response(200, headers={"Content-Encoding": "fancy, br"}), httpx.Request("GET", URL))
    broken.stream = httpx.ByteStream(b"\xff\xff no brotli")
    with pytest.raises(httpx.DecodingError):
        read_at_once(broken)


@pytest.mark.parametrize("package", [httpx, httpx2])
@pytest.mark.parametrize(("method", "headers", "body", "expected"), [
    ("GET", [], None, [("host", "api.test:8080")]), ("GET", [("Host", "other")], None, [("host", "other")]),
    ("POST", [], None, [("host", "api.test:8080"), ("content-length", "0")]),
    ("GET", [], b"abc", [("host", "api.test:8080"), ("content-length", "3")]),
    ("PUT", [("Transfer-Encoding", "chunked")], b"abc", [("host", "api.test:8080"), ("transfer-encoding", "chunked")]),
])
def test_a_request_is_as_its_client_would_have_made_it(package: Any, method: str, headers: Any, body: bytes | None, expected: Any) -> None:
    """With Host and framing, where there is none; and read."""
    made = edge_request(method, edge_url(URL, package), headers, body, package)
    assert (package.Request, expected, body or b"", URL) == (type(made), made.headers.multi_items(), made.content, str(made.url))


@pytest.mark.parametrize("package", [httpx, httpx2])
@pytest.mark.parametrize(("url", "host", "named"), [
    ("http://♥.test/", "xn--g6h.test", "xn--g6h.test"), ("http://straße.test/", "xn--strae-oqa.test", "xn--strae-oqa.test"),
    ("http://0x7f.1:81/", "127.0.0.1", "127.0.0.1:81"), ("http://[fe80::1%25eth0]/", "fe80::1%eth0", "[fe80::1]"),
])
def test_a_url_has_its_canonical_host(package: Any, url: str, host: str, named: str) -> None:
    """A zone is there for who connects, and stands in no Host."""
    made = edge_request("GET", edge_url(url, package), [], None, package)
    assert (host.encode(), named) == (made.url.raw_host, made.headers["host"])


@pytest.mark.parametrize("package", [httpx, httpx2])
def test_what_has_no_host_is_no_url(package: Any) -> None:
    """As the client's own package says it."""
    with pytest.raises(package.InvalidURL, match="no IPv4"):
        edge_url("http://foo.1/", package)


def test_both_packages_are_there() -> None:
    """Where httpx2 is not installed, one."""
    assert [httpx, httpx2] == packages()


@pytest.mark.parametrize("is_coroutine", [False, True])
def test_a_request_that_fails_gives_back_what_its_own_way_holds(is_coroutine: bool) -> None:
    """It may fail of something else, while the answer of its own transport has begun."""
    class Way(OwnWay):
        closed = 0

        def close(self) -> None:
            self.closed += 1

        async def aclose(self) -> None:
            self.closed += 1

    request, way = httpx.Request("GET", URL), Way(print, None, None)
    route: Any = FakeLive([("fail", url_error(Code.NETWORK_CONNECTION_LOST, URL))])
    sent = RouteTransport(route, FakeHost())
    with pytest.raises(httpx.RemoteProtocolError):
        if is_coroutine:
            asyncio.run(sent.handle_async_request(request, way))
        else:
            sent.handle_request(request, way)
    assert 1 == way.closed
