"""The edge to httpx: its values and errors to ours and back, and a route as its transport.

The one module that imports httpx. httpx2, whose models differ in their module only, is served by duck typing: what a
client gets is built from the classes of the client's own package.
"""
from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import httpx
from httpx import ByteStream, DecodingError, InvalidURL, RequestError, Response

from ...clock import nanoseconds
from ...errors import Code, url_error
from ...models.message import BodyStream, Headers, Request, ResponseHead, body_length
from ..base import Channel, Host, Route
from ..offload import Deferred
from .client_route import way
from .errors import client_class, client_error
from .inbox import Alarm, Inbox, Limits, Parking, Waiter

__all__ = [
    "ByteStream", "DecodingError", "EdgeRequest", "EdgeURL", "InvalidURL", "RequestError", "Response", "RouteTransport",
    "edge_request", "edge_url", "head_of", "package_of", "packages",
]

EdgeRequest = httpx.Request     # not to be taken for a Request of ours

if TYPE_CHECKING:
    from ...models.configuration import URLSessionConfiguration
    from .transport_route import OwnWay


# Values

class EdgeURL(NamedTuple):
    """A URL as httpx has read it, and what httpx puts into Host for it."""

    url: httpx.URL
    host: bytes


def edge_url(url: str, package: Any = httpx) -> EdgeURL:
    """Raises InvalidURL where httpx cannot read `url`."""
    parsed = package.URL(url)
    return EdgeURL(parsed, parsed.netloc)


def edge_request(method: str, url: EdgeURL, headers: Headers, body: bytes | None, package: Any = httpx) -> httpx.Request:
    """The request of `package` for one of ours, read, with Host and framing as the package's client would have added them."""
    pairs = [(name.encode(), value.encode()) for name, value in headers]
    names = {name.lower() for name, _ in pairs}
    if b"host" not in names:
        pairs.insert(0, (b"Host", url.host))
    if (body or method in {"POST", "PUT", "PATCH"}) and not names & {b"content-length", b"transfer-encoding"}:
        pairs.append((b"Content-Length", b"%d" % len(body or b"")))
    request: httpx.Request = package.Request(method, url.url, headers=pairs, stream=package.ByteStream(body or b""))
    request.read()
    return request


def head_of(response: httpx.Response) -> ResponseHead:
    """The head of a response of httpx or httpx2, names and order as they were given."""
    return ResponseHead(response.status_code, text_pairs(response.headers.raw), response.reason_phrase, response.http_version)


def text_pairs(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Header fields as str: UTF-8 where they are UTF-8, Latin-1 where not."""
    pairs = list(raw)
    try:
        return [(name.decode(), value.decode()) for name, value in pairs]
    except UnicodeDecodeError:
        return [(_text(name), _text(value)) for name, value in pairs]


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def package_of(value: object) -> Any:
    """The package, httpx or httpx2, whose request or transport `value` is; httpx for what is of neither."""
    return sys.modules.get(client_class(value)[0], httpx)


def packages() -> list[Any]:
    """httpx, and httpx2 where it is installed."""
    return [httpx, *([importlib.import_module("httpx2")] if importlib.util.find_spec("httpx2") else [])]


# A route as the transport of a plain client

class Sending:
    """One request of a client on its way over a channel; `own` is the way of the client's own transport, which may be taken."""

    def __init__(
        self, transport: RouteTransport, request: Any, channel: Channel, body: bytes | BodyStream | None,
        own: OwnWay | None = None,
    ) -> None:
        self.package = package_of(request)
        self.request = request
        self._transport = transport
        timeout = request.extensions.get("timeout", {})
        self._limits = Limits(timeout.get("read"), timeout.get("write"))
        self.inbox = inbox = Inbox(body_length(body))
        deferred = inbox.exchange       # what is asked for while `open` is still running reaches the exchange then
        assert isinstance(deferred, Deferred)
        self.own = own
        outer = way.set(own)
        try:
            exchange = channel.open(Request(request.method, str(request.url), text_pairs(request.headers.raw), body), inbox)
        finally:
            way.reset(outer)
        deferred.settle(exchange)

    def response(self) -> Any:
        """The client's response, once the head is there; raises the client's exception where none came."""
        inbox = self.inbox
        if inbox.answer is None:
            assert inbox.error is not None
            raise client_error(inbox.error, self.package, self.request)
        head = inbox.answer
        extensions = {"http_version": head.http_version.encode()}
        if head.reason:                 # without, httpx names the standard one
            extensions["reason_phrase"] = head.reason.encode()
        return self.package.Response(
            head.status,
            headers=[(name.encode(), value.encode()) for name, value in head.headers],
            stream=_body_class(self.package)(self),
            extensions=extensions,
        )

    def piece(self) -> bytes | None:
        """The next piece of the body after a wait, None at its end; raises the client's exception where it broke off."""
        piece = self.inbox.take()
        if piece is None and self.inbox.error is not None:
            raise client_error(self.inbox.error, self.package, self.request)
        return piece

    def answered(self) -> bool:
        return self.inbox.answer is not None or self.inbox.error is not None

    def block(self, ready: Callable[[], bool]) -> None:
        """Block until `ready()`, or raise the client's time-out."""
        while not ready():
            if self.own is not None and self.own.sends:
                self.own.go_on()
                continue
            latch = self.inbox.expect()
            if ready():
                return
            limit = self._limit()
            until = None if limit is None else self._transport.host.clock.now() + nanoseconds(limit)
            try:
                told = self._transport.waiter.wait(latch, until)
            except BaseException:
                self.inbox.exchange.cancel()
                raise
            if not told and not latch.done:
                raise self._timeout()

    async def hold(self, ready: Callable[[], bool]) -> None:
        """Like `block`, in a coroutine."""
        while not ready():
            if self.own is not None and self.own.sends:
                await self.own.go_on_async()
                continue
            latch = self.inbox.expect()
            if ready():
                return
            limit = self._limit()
            alarm = None if limit is None else Alarm(self._transport.host, latch, limit)
            try:
                await self._transport.waiter.ended(latch)
            except BaseException:
                self.inbox.exchange.cancel()
                raise
            finally:
                if alarm is not None:
                    alarm.cancel()
            if alarm is not None and alarm.rung and not ready():
                raise self._timeout()

    def _limit(self) -> float | None:
        return self._limits.write if self.inbox.unsent > 0 and self.inbox.answer is None else self._limits.read

    def _timeout(self) -> BaseException:
        self.inbox.exchange.cancel()
        writing = self.inbox.unsent > 0 and self.inbox.answer is None
        kind = self.package.WriteTimeout if writing else self.package.ReadTimeout
        raised: BaseException = kind("The route took too long", request=self.request)
        raised.__cause__ = url_error(Code.TIMED_OUT, str(self.request.url))
        return raised

    def close(self) -> None:
        self._cancel()
        if self.own is not None:
            self.own.close()

    async def aclose(self) -> None:
        self._cancel()
        if self.own is not None:
            await self.own.aclose()

    def _cancel(self) -> None:
        if not self.inbox.ended and self.inbox.error is None:
            self.inbox.exchange.cancel()


@lru_cache(maxsize=2)
def _body_class(package: Any) -> type:
    """The class of response streams, a kind of the package's own: its client asks for that."""

    class RouteBody(package.SyncByteStream, package.AsyncByteStream):     # type: ignore[misc]
        def __init__(self, sending: Sending) -> None:
            self._sending = sending

        def __iter__(self) -> Iterator[bytes]:
            sending = self._sending
            while True:
                sending.block(sending.inbox.readable)
                if (piece := sending.piece()) is None:
                    return
                yield piece

        async def __aiter__(self) -> AsyncIterator[bytes]:
            sending = self._sending
            while True:
                await sending.hold(sending.inbox.readable)
                if (piece := sending.piece()) is None:
                    return
                yield piece

        def close(self) -> None:
            self._sending.close()

        async def aclose(self) -> None:
            await self._sending.aclose()

    return RouteBody


class IterableBody:
    """A client's request body that is iterated, as an upload of a file: pulled on pooled threads."""

    may_block = True

    def __init__(self, pieces: Iterable[bytes], length: int) -> None:
        self.length = length
        self._pieces = iter(pieces)
        self._rest = b""

    def read(self, size: int) -> bytes:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._rest = piece
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken

    def close(self) -> None:
        self._rest = b""
        self._pieces = iter(())


class RouteTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Sends the requests of a plain httpx (or httpx2) client over a route: `httpx.Client(transport=RouteTransport(...))`.

    - `route`: a Route, or a callable that names the route of each request.
    - `host`: what lends the clock, the engine and threads. Its `post` must make the engine run.
    - `waiter`: what blocked callers wait on; without, the engine has to be driven by another thread or a virtual clock.
    - `configuration`: what the route is bound with; the ephemeral one without.
    - `driven`: the host of requests that a blocked caller waits for, who runs the engine meanwhile; without, `host`.

    Failures are raised as the client's own exceptions over the URLError; a request that nothing answers as the
    UnmatchedRequest itself. Closing the client closes the transport.
    """

    def __init__(
        self, route: Route | Callable[[], Route], host: Host, waiter: Waiter | None = None,
        configuration: URLSessionConfiguration | None = None, *, driven: Host | None = None,
    ) -> None:
        self.host = host
        self._driven = driven or host
        self.waiter: Waiter = waiter or Parking(host.clock)
        self._name = cast("Callable[[], Route]", (lambda: route) if hasattr(route, "bind") else route)
        self._configuration = configuration
        self._channels: list[tuple[Route, Host, Channel]] = []
        self._lock = threading.Lock()

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
        sending = Sending(self, request, self._channel(self._driven), _body(request), own)
        sending.block(sending.answered)
        return sending.response()

    async def handle_async_request(self, request: Any, own: OwnWay | None = None) -> Any:
        if not hasattr(request.stream, "__iter__"):
            await request.aread()
        sending = Sending(self, request, self._channel(self.host), _body(request), own)
        await sending.hold(sending.answered)
        return sending.response()

    def close(self) -> None:
        with self._lock:
            channels, self._channels = self._channels, []
        for _, _, channel in channels:
            channel.close()

    async def aclose(self) -> None:
        self.close()


def _body(request: Any) -> bytes | BodyStream | None:
    if isinstance(request.stream, package_of(request).ByteStream):
        return request.read() or None
    length = request.headers.get("content-length", "")
    return IterableBody(request.stream, int(length) if length.isdecimal() else -1)
