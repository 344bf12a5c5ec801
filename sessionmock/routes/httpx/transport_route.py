"""A transport of httpx or httpx2 as a live route."""
from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from ...models.message import Request
from ...patches import own_traffic
from ..base import FINISHED, Channel, Exchange, Host, Sink, UnconnectedChannel, not_validated
from ..offload import Deferred, LoopThread, Pump, read_body
from .edge import HTTPX, edge_request, edge_url
from .errors import url_error_for
from .values import head_of, package_of

if TYPE_CHECKING:
    from ...models.configuration import URLSessionConfiguration


class TransportRoute:
    """Any httpx or httpx2 transport, sync or async, as a live route. It can tell no metrics, 1xx answers or trailers.

    `transport` is not closed by the route: it may serve other clients.
    """

    source = "live"
    is_live = True

    def __init__(self, transport: Any) -> None:
        self.transport = transport

    def __repr__(self) -> str:
        return f"<TransportRoute over {self.transport!r}>"

    def bind(self, configuration: URLSessionConfiguration, host: Host) -> Channel:
        """The channel of one session."""
        return TransportChannel(self.transport, host)


class TransportChannel(UnconnectedChannel):
    """A transport in the hands of one session. A sync one runs on pooled threads, an async one on a private loop.

    The transport's connections are its own: there is nothing of ours to forget, and no proxy of ours on the way.
    """

    def __init__(self, transport: Any, host: Host) -> None:
        self._transport, self._host = transport, host
        self._loop = LoopThread()
        self._package = package_of(transport) or HTTPX

    def open(self, request: Request, sink: Sink) -> Exchange:
        if request.validates_name:
            sink.fail(not_validated(request.url))
            return FINISHED
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
        url = edge_url(request.url, self._package)
        asked = edge_request(request.method, url, request.headers, body, self._package, request.extensions)
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
