"""One request on the live route: what the engine holds of it."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, ClassVar, Protocol

from ...errors import URLError
from ...models.body import again
from ...models.message import DEFAULT_PRIORITY, BodyStream, Request, header
from ...models.proxy import ProxyConfiguration
from ...models.timing import Timing
from ..base import Host, Sink
from .channel import Channel
from .contexts import Offer
from .http1.outgoing import Outgoing
from .network.base import P, Reach, Wire
from .race import first_to_connect
from .tunnel import PROXY_AUTHORIZATION, tunnel

# Methods that may be sent again where nothing tells whether the server saw them (RFC 9110, section 9.2.2).
IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})


class Carrier(Protocol):
    """What an exchange is on once it has started: a connection, or a stream of one."""

    @property
    def switched(self) -> bool:
        """A 101 has made this connection another protocol's."""

    def pause(self, paused: bool) -> None:
        """Deliver no more, or go on."""

    def write(self, data: bytes) -> None:
        """Send `data` after a 101."""

    def close(self) -> None:
        """After a 101: close when all that was written is sent."""

    def cancel(self) -> None:
        """The exchange is over before its answer is."""


class Queue(Protocol):
    """Where an exchange waits until it starts."""

    def cancel(self, exchange: LiveExchange) -> None:
        """`exchange` has no connection yet and needs none any more."""

    def reprioritize(self, exchange: LiveExchange) -> None:
        """How urgent `exchange` is has changed."""

    def pause(self, exchange: LiveExchange) -> None:
        """`exchange`, which has no connection, is paused now, or is not any more."""


class LiveExchange:
    """A request from `open` to its end. Public methods: from any thread, any number of times."""

    __slots__ = ("adapter", "channel", "connection", "ended", "outgoing", "paused", "pool", "priority", "reported", "request", "retried", "sink",
                 "streaming", "timing")

    is_tapped: ClassVar[bool] = False    # `enter` and `leave` want to be called

    outgoing: Outgoing     # set on the engine, before the exchange reaches a pool

    def __init__(self, channel: Channel, request: Request, sink: Sink) -> None:
        self.channel = channel
        self.adapter: Reach = channel.adapter    # what a connection for it is made through
        self.request = request
        self.sink = sink
        self.timing = Timing()
        self.pool: Queue | None = None
        self.connection: Carrier | None = None
        self.ended = False                     # nothing reaches the sink any more
        self.paused = False
        self.priority = DEFAULT_PRIORITY       # by which it waits for a connection
        self.retried = False
        self.reported = 0                      # body bytes told to the sink; a retry does not tell them twice
        self.streaming = False                 # the body's stream is in the hands of an Upload, which closes it

    def pause(self) -> None:
        """Read no more. What the kernel and one read hold stays there: memory is bounded by the connection's buffer."""
        if not self.paused:
            self.paused = True
            self.channel.run(self._apply_pause)

    def resume(self) -> None:
        """Read on after `pause`."""
        if self.paused:
            self.paused = False
            self.channel.run(self._apply_pause)

    def cancel(self) -> None:
        """End at once, without a word to the sink; the connection is closed unless the answer was complete."""
        if not self.ended:
            self.channel.run(self.drop)

    def reprioritize(self) -> None:
        """How urgent it is has changed while it waits for a connection."""
        self.channel.run(self._reprioritize)

    def write(self, data: bytes) -> None:
        """Send `data` of the protocol that a 101 switched to. Dropped where the connection is gone."""
        self.channel.run(self._write, data)

    def close(self) -> None:
        """After a 101: send what was written, then close without reading more; `end` follows. Else the same as `cancel`."""
        self.channel.run(self._close)

    # on the engine -----------------------------------------------------------------------------------------------

    def enter(self, connection: Any) -> None:
        """It starts on `connection`, of HTTP/1.1."""

    def enter_stream(self, stream: Any, connection: Any) -> None:
        """It is to start on `stream` of `connection`, which opens it when this says so."""

    def leave(self) -> None:
        """It is no longer on what it has entered."""

    # the steps of making a connection for it (`dial`): what derives from this may take them otherwise, or fail them
    async def look_up(self, name: str) -> Sequence[str]:
        """The addresses of `name`. Raises whatever the resolver raises."""
        return await self.adapter.look_up(name, self.channel.resolve)

    async def connect(self, addresses: Sequence[str], port: int) -> Wire:
        """A connection to one of `addresses`. Raises OSError or URLError."""
        return await first_to_connect(self.adapter, self.channel.host.clock, addresses, port)

    async def tunnel(self, wire: Wire, proxy: ProxyConfiguration, host: str, port: int) -> None:
        """Make `wire`, which leads to `proxy`, lead to `host`. Raises URLError."""
        await tunnel(wire, proxy, host, port, header(self.request.headers, PROXY_AUTHORIZATION), self.request.url)

    async def stand(self, wire: Wire, make: Callable[[], P], offer: Offer | None, name: str | None) -> P:
        """The protocol that `make` gives, on `wire` (`Reach.stand`)."""
        return await self.adapter.stand(wire, make, offer, name)

    def _apply_pause(self) -> None:
        if self.connection is not None:
            self.connection.pause(self.paused)
        elif self.pool is not None:
            self.pool.pause(self)

    def _reprioritize(self) -> None:
        if self.pool is not None:
            self.pool.reprioritize(self)

    def _write(self, data: bytes) -> None:
        if self.connection is not None:
            self.connection.write(data)

    def _close(self) -> None:
        if self.connection is not None and self.connection.switched:
            self.connection.close()
        else:
            self.drop()

    def step(self) -> None:
        """Another step of `timing` has begun."""
        if (stepped := self.request.stepped) is not None:
            stepped(self.timing)

    def drop(self) -> None:
        """`cancel`, on the engine."""
        if self.ended:
            return
        self.settle()
        if self.connection is not None:
            self.connection.cancel()
        elif self.pool is not None:
            self.pool.cancel(self)

    def renew(self) -> bool:
        """Have the body ready to be sent from its start; False where it was begun and cannot be read twice."""
        body = self.request.body
        if body is None or isinstance(body, bytes) or not self.streaming:
            return True
        self.request.body = again(body) or body
        self.streaming = self.request.body is body
        return not self.streaming

    def fail(self, error: URLError) -> None:
        """Tell the sink, unless the exchange is over."""
        if not self.ended:
            self.settle()
            self.sink.fail(error)

    def settle(self) -> None:
        """The exchange is over: nothing more reaches the sink. A stream that no upload took is closed."""
        self.ended = True
        body = self.request.body
        if body is not None and not isinstance(body, bytes) and not self.streaming:
            self.streaming = True
            release(self.channel.host, body)


def release(host: Host, body: BodyStream) -> None:
    """Close `body`, off the engine where that may run user code. What it raises changes nothing any more."""
    if body.may_block:
        host.work(_close, body)
    else:
        _close(body)


def _close(body: BodyStream) -> None:
    with suppress(Exception):
        body.close()
