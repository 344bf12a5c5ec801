"""What the engine asks of a route, and what a route may ask of the engine.

A session binds a route once (`Route.bind`) and opens one exchange on the resulting channel for each request it
sends. `Channel.open` may be called on any thread, never blocks and never runs user code; a route that has its answer
ready may call the sink before `open` returns, another calls it later from the engine.

    engine                      route
    channel.open(request, sink) ->
                               <- sink.sent*  sink.informational*  sink.head  sink.data*  (sink.end | sink.fail)
    exchange.pause() / resume() / cancel() ->
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from ..clock import Clock
from ..errors import URLError
from ..models.configuration import URLSessionConfiguration
from ..models.message import Headers, Request, ResponseHead


class Sink(Protocol):
    """Takes what an exchange brings. Calls come one after the other; after `end` or `fail` none follows."""

    def sent(self, count: int) -> None:
        """`count` more bytes of the request's body were handed to the transport."""

    def moved(self) -> None:
        """Bytes came that bring nothing else yet: a part of a head, of a chunk's header or of the trailers."""

    def informational(self, head: ResponseHead) -> None:
        """A 1xx response other than 101 (RFC 9110, section 15.2)."""

    def head(self, head: ResponseHead) -> None:
        """The final response's head."""

    def data(self, data: bytes) -> None:
        """A piece of the body, never empty, transfer coding removed, content coding still there."""

    def end(self, trailers: Headers) -> None:
        """The response is complete."""

    def fail(self, error: URLError) -> None:
        """The exchange failed; nothing follows."""

    def cork(self) -> None:
        """More than one of these calls follows at once: what they bring may wait for `uncork`, and be taken together."""

    def uncork(self) -> None:
        """What came since `cork` is all that came at once."""


class Exchange(Protocol):
    """One request on its way and its response. Every method may be called on any thread and more than once."""

    def pause(self) -> None:
        """Read no more of the body: at most what was read already still reaches the sink."""

    def resume(self) -> None:
        """Read on after `pause`."""

    def cancel(self) -> None:
        """End at once. What was on its way may still reach the sink, which ignores it."""


class Host(Protocol):
    """What the engine lends to a channel."""

    @property
    def clock(self) -> Clock:
        """What tells the time to this session."""

    def post(self, call: Callable[..., None], *arguments: Any) -> None:
        """Run `call` on the engine soon; from any thread. On the engine the asyncio loop of `loop()` is running."""

    def work(self, call: Callable[..., None], *arguments: Any) -> None:
        """Run `call` on a pooled thread: for what may block or runs user code (names, user streams, callables).
        Under a virtual clock it is run by whoever drives the clock."""


class Channel(Protocol):
    """A route in the hands of one session. One that goes through proxies also has `proxy_for(parts)`: the ProxyConfiguration
    of HTTP that a request for these URLParts goes through, or None. `request.terms` is for routes that make connections."""

    def open(self, request: Request, sink: Sink) -> Exchange:
        """Start `request`. Never raises for what the peer or the network does: that is `sink.fail`."""

    def flush(self) -> None:
        """Forget idle connections: the next request makes a new one (`URLSession.flush`)."""

    def close(self) -> None:
        """Release everything; no exchange is open any more. From any thread."""


class Route(Protocol):
    """A source of answers. `source` is the word a report shows: "live", "cassette" or "script"."""

    source: str

    def bind(self, configuration: URLSessionConfiguration, host: Host) -> Channel:
        """The channel of one session."""
