"""The edge to httpx: requests for its transports, and a route as a transport for its clients.

The one module that imports httpx. httpx2, whose models differ in their module only, is served by duck typing: what a
client gets is built from the classes of the client's own package.
"""
from __future__ import annotations

import importlib
import importlib.util
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
from httpx import ByteStream, DecodingError, InvalidURL, RequestError, Response

from ...models.message import Headers
from ...models.url import split_url, with_canonical_host
from ..base import Channel, Host, Route
from .sending import Sending
from .waiting import Parking, Waiter

__all__ = [
    "HTTPX", "ByteStream", "DecodingError", "EdgeRequest", "EdgeURL", "InvalidURL", "RequestError", "Response", "RouteTransport",
    "edge_request", "edge_url", "packages", "read_at_once",
]

HTTPX: Any = httpx              # the package for what is of no package
EdgeRequest = httpx.Request     # not to be taken for a Request of ours

if TYPE_CHECKING:
    from ...models.configuration import URLSessionConfiguration
    from .client_route import OwnWay


class EdgeURL(NamedTuple):
    """A URL as httpx has read it, and what stands in Host for it."""

    url: httpx.URL
    host: bytes


def edge_url(url: str, package: Any = httpx) -> EdgeURL:
    """`url`, with its host in canonical form: httpx knows fewer names. Raises InvalidURL where it is none."""
    try:
        return EdgeURL(package.URL(with_canonical_host(url)), split_url(url).authority.encode())
    except ValueError as error:
        raise package.InvalidURL(str(error)) from None


def edge_request(
    method: str, url: EdgeURL, headers: Headers, body: bytes | None, package: Any = httpx, extensions: Mapping[str, Any] | None = None,
) -> httpx.Request:
    """The request of `package` for one of ours, read, with Host and framing as the package's client would have added them."""
    pairs = [(name.encode(), value.encode()) for name, value in headers]
    names = {name.lower() for name, _ in pairs}
    if b"host" not in names:
        pairs.insert(0, (b"Host", url.host))
    if (body or method in {"POST", "PUT", "PATCH"}) and not names & {b"content-length", b"transfer-encoding"}:
        pairs.append((b"Content-Length", b"%d" % len(body or b"")))
    stream = package.ByteStream(body or b"")
    request: httpx.Request = package.Request(method, url.url, headers=pairs, stream=stream, extensions=extensions)
    request.read()
    return request


def read_at_once(response: httpx.Response) -> None:
    """`response.read()`. Of bytes that are there and not coded it leaves the same behind, in a tenth of the time. Raises DecodingError."""
    stream = response.stream
    if type(stream) is not ByteStream or "_content" in vars(response) or "content-encoding" in response.headers:
        response.read()
        return
    response._content = content = b"".join(stream)
    response._num_bytes_downloaded = len(content)
    response.is_stream_consumed = response.is_closed = True


def packages() -> list[Any]:
    """httpx, and httpx2 where it is installed."""
    return [httpx, *([importlib.import_module("httpx2")] if importlib.util.find_spec("httpx2") else [])]


class Hosts(NamedTuple):
    """What a request of a client is sent under."""

    awaited: Host       # lends the clock, the engine and threads; its `post` makes the engine run
    driven: Host        # the same for a request that a blocked caller waits for, who runs the engine meanwhile
    waiter: Waiter      # what blocked callers wait on


class RouteTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Sends the requests of a plain httpx (or httpx2) client over a route: `httpx.Client(transport=RouteTransport(...))`.

    - `route`: a Route, or a callable that names the route of each request.
    - `hosts`: what it is sent under, or a callable that says so for each request. A host alone has to be driven by another thread or
      a virtual clock.
    - `configuration`: what the route is bound with; the ephemeral one without.

    Failures are raised as the client's own exceptions over the URLError; a request that nothing answers as the
    UnmatchedRequest itself. Closing the client closes the transport.
    """

    def __init__(
        self, route: Route | Callable[[], Route], hosts: Host | Callable[[], Hosts], configuration: URLSessionConfiguration | None = None,
    ) -> None:
        self._hosts: Callable[[], Hosts] = hosts if callable(hosts) else lambda: Hosts(hosts, hosts, Parking(hosts.clock))
        self._name: Callable[[], Route] = route if callable(route) else lambda: route
        self._configuration = configuration
        self._channels: list[tuple[Route, Host, Channel]] = []
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<RouteTransport: {len(self._channels)} routes so far>"

    def _channel(self, host: Host) -> Channel:
        route = self._name()
        with self._lock:
            for known, its, channel in self._channels:
                if known is route and its is host:
                    return channel
            if self._configuration is None:
                from ...models.configuration import URLSessionConfiguration

                self._configuration = URLSessionConfiguration.ephemeral()
            channel = route.bind(self._configuration, host)
            self._channels.append((route, host, channel))
            return channel

    def handle_request(self, request: Any, own: OwnWay | None = None) -> Any:
        """The client's response to `request`. `own` is how it would be sent without us, for a ClientRoute."""
        hosts = self._hosts()
        sending = Sending(request, self._channel(hosts.driven), hosts.awaited, hosts.waiter, own)
        try:
            sending.block(sending.answered)
            return sending.response()
        except BaseException:
            if own is not None:
                own.close()
            raise

    async def handle_async_request(self, request: Any, own: OwnWay | None = None) -> Any:
        """`handle_request`, awaited."""
        if not hasattr(request.stream, "__iter__"):
            await request.aread()
        hosts = self._hosts()
        sending = Sending(request, self._channel(hosts.awaited), hosts.awaited, hosts.waiter, own, is_coroutine=True)
        try:
            await sending.hold(sending.answered)
            return sending.response()
        except BaseException:
            if own is not None:
                await own.aclose()
            raise

    def close(self) -> None:
        """Close the connections of its routes."""
        with self._lock:
            channels, self._channels = self._channels, []
        for _, _, channel in channels:
            channel.close()

    async def aclose(self) -> None:
        """`close`, awaited."""
        self.close()
