"""Live, as a plain client would be without us: by its own transport, with its own TLS, proxies, HTTP version and loop. What may meet
faults goes over our own wire instead (`client_wire`): nothing of ours stands between that transport and its server."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...models.message import Request
from ...patches import own_traffic
from ..base import Channel, ChannelOver, Exchange, Host, Route, Sink, Unmeasured
from ..offload import read_body
from .client_wire import ClientWire
from .errors import url_error_for
from .values import head_of, package_of

if TYPE_CHECKING:
    from ...models.configuration import URLSessionConfiguration


class ClientRoute:
    """A live route for recording: what an intercepted httpx or httpx2 client asks goes by that client's own transport, or by our own
    wire with the same settings where it may meet faults; anything else over `otherwise`."""

    source = "live"

    def __init__(self, otherwise: Route) -> None:
        self._otherwise = otherwise

    def __repr__(self) -> str:
        return f"<ClientRoute, otherwise {self._otherwise!r}>"

    @property
    def is_live(self) -> bool:
        """Whether servers answer: as it is otherwise."""
        return self._otherwise.is_live

    def bind(self, configuration: URLSessionConfiguration, host: Host) -> Channel:
        """The channel of one session."""
        return ClientChannel(self._otherwise.bind(configuration, host), host)


class ClientChannel(ChannelOver):
    """Such a route in the hands of one session."""

    def __init__(self, inner: Channel, host: Host) -> None:
        super().__init__(inner)
        self._host = host
        self._wires: dict[Any, Channel] = {}       # by the transport that each stands for

    def open(self, request: Request, sink: Sink) -> Exchange:
        own = request.own_way
        if not isinstance(own, OwnWay):
            return super().open(request, sink)
        own.start(request, sink)
        return own

    def over_for(self, request: Request) -> Channel:
        """What of ours answers `request` where it brings faults."""
        own = request.own_way
        if not isinstance(own, OwnWay):
            assert self.inner is not None
            return self.inner
        if (wire := self._wires.get(own.transport)) is None:
            wire = self._wires.setdefault(own.transport, ClientWire(own.transport, self._host))
        return wire

    def flush(self) -> None:
        for wire in list(self._wires.values()):
            wire.flush()
        super().flush()

    def close(self) -> None:
        while self._wires:
            self._wires.popitem()[1].close()
        super().close()

    def abandon(self) -> None:
        for wire in self._wires.values():
            wire.abandon()
        super().abandon()


class OwnWay(Unmeasured):
    """A client's request, sent by its own transport for a route: piece by piece, on the stack of who reads the answer.

    `send` is what the client's `transport` sends `asked` with, a function or a coroutine function.
    """

    def __init__(self, send: Callable[[Any], Any], asked: Any, transport: Any) -> None:
        self._send, self._asked, self.transport = send, asked, transport
        self._request: Request
        self._sink: Sink
        self._response: Any = None
        self._pieces: Any = None
        self.sends = False           # this way was taken, and the answer is not complete

    def start(self, request: Request, sink: Sink) -> None:
        self._request, self._sink = request, sink
        self.sends = True
        sink.moved()                 # who reads the answer may be waiting already, for a route that took its time to choose this way

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
        """The client's own request; where its body can be read once alone, one with the same head and the body in memory."""
        body, asked = self._request.body, self._asked
        package = package_of(asked)
        if body is None or isinstance(body, bytes):
            self._sink.sent(len(body or b""))
            if isinstance(asked.stream, package.ByteStream):
                return asked
        else:
            body = read_body(body, self._sink)
        stream = package.ByteStream(body or b"")
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
