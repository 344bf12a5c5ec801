"""Transports of httpx and httpx2 as live ends of routes: one that is given, or the one of the client that asks."""
from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from ...models.message import Request
from ...patches import own_traffic
from ..base import Channel, Exchange, Host, Sink, UnconnectedChannel, Unmeasured
from ..offload import Deferred, LoopThread, Pump, read_body
from .edge import edge_request, edge_url, head_of, package_of
from .errors import url_error_for

if TYPE_CHECKING:
    from ...models.configuration import URLSessionConfiguration


class OwnWay(Unmeasured):
    """A client's request, sent by its own transport for a route: piece by piece, on the stack of who reads the answer."""

    def __init__(self, send: Callable[[Any], Any], asked: Any) -> None:
        self._send, self._asked = send, asked
        self._request: Request
        self._sink: Sink
        self._response: Any = None
        self._pieces: Any = None
        self.sends = False           # this way was taken, and the answer is not complete

    def start(self, request: Request, sink: Sink) -> None:
        self._request, self._sink = request, sink
        self.sends = True

    def go_on(self) -> None:
        """Bring the head, then each time a piece of the body, to the sink."""
        try:
            if self._response is None:
                with own_traffic():
                    self._pieces = iter(self._answered(self._send(self._to_send())))
            elif not self._pass_on(next(self._pieces, None)):
                self._response.stream.close()
        except BaseException as error:
            self._failed(error)

    async def go_on_async(self) -> None:
        try:
            if self._response is None:
                with own_traffic():
                    self._pieces = aiter(self._answered(await self._send(self._to_send())))
            elif not self._pass_on(await anext(self._pieces, None)):
                await self._response.stream.aclose()
        except BaseException as error:
            self._failed(error)

    def _to_send(self) -> Any:
        """The client's own request; where the route has read its body, one with the same head."""
        body, asked = self._request.body, self._asked
        if body is None or isinstance(body, bytes):
            self._sink.sent(len(body or b""))
            return asked
        package = package_of(asked)
        stream = package.ByteStream(read_body(body, self._sink))
        return package.Request(asked.method, asked.url, headers=asked.headers.raw, stream=stream, extensions=asked.extensions)

    def _answered(self, response: Any) -> Any:
        self._response = response
        self._sink.head(head_of(response))
        return response.stream

    def _pass_on(self, piece: bytes | None) -> bool:
        if piece is None:
            self.sends = False
            self._sink.end([])
        elif piece:
            self._sink.data(piece)
        return piece is not None

    def _failed(self, error: BaseException) -> None:
        """An interrupt, or the cancellation of who asks, ends the exchange and goes on to its own."""
        self.sends = False
        self._sink.fail(url_error_for(error, self._request.url))
        if not isinstance(error, Exception):
            raise error

    def pause(self) -> None:
        """Nothing is read unless somebody asks for it."""

    resume = pause

    def cancel(self) -> None:
        self.sends = False

    def close(self) -> None:
        """Give the connection back."""
        if self._response is not None:
            self._response.stream.close()

    async def aclose(self) -> None:
        if self._response is not None:
            await self._response.stream.aclose()


class TransportRoute:
    """Any httpx or httpx2 transport, sync or async, as a live route. It can tell no metrics, 1xx answers or trailers.

    `transport` is not closed by the route: it may serve other clients.
    """

    source = "live"
    is_live = True

    def __init__(self, transport: Any) -> None:
        self.transport = transport

    def bind(self, configuration: URLSessionConfiguration, host: Host) -> Channel:
        return TransportChannel(self.transport, host)


class TransportChannel(UnconnectedChannel):
    """A transport in the hands of one session. A sync one runs on pooled threads, an async one on a private loop.

    The transport's connections are its own: there is nothing of ours to forget, and no proxy of ours on the way.
    """

    def __init__(self, transport: Any, host: Host) -> None:
        self._transport, self._host = transport, host
        self._loop = LoopThread()
        self._package = package_of(transport)

    def open(self, request: Request, sink: Sink) -> Exchange:
        deferred = Deferred()
        self._host.work(self._send, request, sink, deferred)
        return deferred

    def _send(self, request: Request, sink: Sink, deferred: Deferred) -> None:
        if not deferred.cancelled:
            pump = Pump(self._host, sink, self._pieces(request, sink), lambda error: url_error_for(error, request.url))
            deferred.settle(pump)
            pump.run()

    def _pieces(self, request: Request, sink: Sink) -> Generator[bytes]:
        """Send the request, give the head to the sink, and yield the body's pieces."""
        body = request.body
        if isinstance(body, bytes):
            sink.sent(len(body))
        elif body is not None:
            body = read_body(body, sink)
        asked = edge_request(request.method, edge_url(request.url, self._package), request.headers, body, self._package)
        if hasattr(self._transport, "handle_request"):
            with own_traffic():
                response = self._transport.handle_request(asked)
        else:
            response = self._loop.run(self._ask(asked))
        sink.head(head_of(response))
        yield from self._loop.pieces(response.stream)

    async def _ask(self, asked: Any) -> Any:
        with own_traffic():
            return await self._transport.handle_async_request(asked)

    def close(self) -> None:
        self._loop.close()
