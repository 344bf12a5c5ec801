"""What the engine asks of a route, and what a route may ask of the engine.

A session binds a route once (`Route.bind`) and opens one exchange on the resulting channel for each request it
sends. `Channel.open` may be called on any thread, never blocks and never runs user code; a route that has its answer
ready may call the sink before `open` returns, another calls it later from the engine.

    engine                      route
    channel.open(request, sink) ->
                               <- sink.sent*  sink.informational*  sink.head  sink.data*  (sink.end | sink.fail)
    exchange.pause() / resume() / cancel() ->

Every member of these protocols is required. Two bases spare a channel what is not its own: `UnconnectedChannel` is for one
that makes no connections, `ChannelOver` for one that lies over another; `ExchangeOver` and `SinkOver` likewise pass on
what a wrapper does not change.
"""
from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, ClassVar, Protocol

from ..clock import Clock
from ..errors import Code, URLError, url_error
from ..models.configuration import URLSessionConfiguration
from ..models.message import Headers, Request, ResponseHead
from ..models.proxy import ProxyConfiguration
from ..models.timing import Timing
from ..models.url import URLParts


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

    @property
    def timing(self) -> Timing | None:
        """What was measured so far; None for one that goes over no connection of ours."""

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
    """A route in the hands of one session. `request.terms` is for routes that make connections."""

    def open(self, request: Request, sink: Sink) -> Exchange:
        """Start `request`. Never raises for what the peer or the network does: that is `sink.fail`."""

    def proxy_for(self, parts: URLParts) -> ProxyConfiguration | None:
        """The proxy of HTTP that a request for `parts` goes through, or None: who answers its 407 must know it."""

    def flush(self) -> None:
        """Forget idle connections: the next request makes a new one (`URLSession.flush`)."""

    def close(self) -> None:
        """Release everything; no exchange is open any more. From any thread."""

    def abandon(self) -> None:
        """In a forked child: give back what was inherited, and leave alone what the parent goes on using."""


class Route(Protocol):
    """A source of answers."""

    @property
    def source(self) -> str:
        """The word a report shows: "live", "cassette" or "script"."""

    @property
    def is_live(self) -> bool:
        """Whether servers themselves answer, and nothing is replayed, recorded or made up."""

    def bind(self, configuration: URLSessionConfiguration, host: Host) -> Channel:
        """The channel of one session."""


def not_validated(url: str) -> URLError:
    """-1003: DNSSEC must vouch for the host's name (`Request.validates_name`), and nothing on the way does."""
    return url_error(Code.CANNOT_FIND_HOST, url, OSError(
        "requires_dnssec_validation, and nothing vouches for the name: answer over LiveRoute(resolve=..., resolve_validates=True), without a proxy"))


_limit: ContextVar[URLError | None] = ContextVar("sessionmock_limit", default=None)


def expire(exchange: Exchange, error: URLError) -> None:
    """Cancel `exchange` because it has reached a limit of time, as `error` says, and not because nobody wants it: a recording tells the
    two apart."""
    outer = _limit.set(error)
    try:
        exchange.cancel()
    finally:
        _limit.reset(outer)


def limit_reached() -> URLError | None:
    """What says that the exchange that is cancelled here has reached a limit of time; None where it has not."""
    return _limit.get()


class UnconnectedChannel:
    """The base of channels that make no connections: there is no proxy, and nothing to forget, release or leave alone."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def proxy_for(self, parts: URLParts) -> ProxyConfiguration | None:
        """There is none."""
        return None

    def flush(self) -> None:
        """No connection is kept."""

    def close(self) -> None:
        """Nothing is held."""

    def abandon(self) -> None:
        """Nothing was inherited."""


class ChannelOver:
    """The base of channels over another one; `inner` is None where nothing lies below, and who derives opens nothing there."""

    def __init__(self, inner: Channel | None) -> None:
        self.inner = inner

    def __repr__(self) -> str:
        return f"<{type(self).__name__} over {self.inner!r}>"

    def open(self, request: Request, sink: Sink) -> Exchange:
        """Open `request` on the channel below."""
        assert self.inner is not None, "nothing lies below this channel"
        return self.inner.open(request, sink)

    def proxy_for(self, parts: URLParts) -> ProxyConfiguration | None:
        """That of the channel below."""
        return None if self.inner is None else self.inner.proxy_for(parts)

    def flush(self) -> None:
        """Flush the channel below."""
        if self.inner is not None:
            self.inner.flush()

    def close(self) -> None:
        """Close the channel below."""
        if self.inner is not None:
            self.inner.close()

    def abandon(self) -> None:
        """Abandon the channel below."""
        if self.inner is not None:
            self.inner.abandon()


class Unmeasured:
    """The base of exchanges that go over no connection of ours."""

    __slots__ = ()

    timing: ClassVar[Timing | None] = None


class Finished(Unmeasured):
    """The exchange of an answer that was whole before `open` returned: there is nothing left to hold back or to end."""

    __slots__ = ()

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def cancel(self) -> None: ...


FINISHED = Finished()
"""The exchange of every answer that is whole when `Channel.open` returns."""


class ExchangeOver:
    """The base of exchanges over another one, `inner`; who derives changes what it overrides."""

    __slots__ = ("inner",)

    def __init__(self, inner: Exchange) -> None:
        self.inner = inner

    def __repr__(self) -> str:
        return f"<{type(self).__name__} over {self.inner!r}>"

    @property
    def timing(self) -> Timing | None:
        """What was measured of the inner one."""
        return self.inner.timing

    def pause(self) -> None:
        """Pause the inner one."""
        self.inner.pause()

    def resume(self) -> None:
        """Resume the inner one."""
        self.inner.resume()

    def cancel(self) -> None:
        """Cancel the inner one."""
        self.inner.cancel()


class SinkOver:
    """The base of sinks that pass on to `sink` what an exchange brings; who derives sees what it overrides.

    `sent`, `moved`, `cork` and `uncork` are those of `sink` itself.
    """

    __slots__ = ("cork", "moved", "sent", "sink", "uncork")

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.sent, self.moved, self.cork, self.uncork = sink.sent, sink.moved, sink.cork, sink.uncork    # no call of ours between

    def __repr__(self) -> str:
        return f"<{type(self).__name__} over {self.sink!r}>"

    def informational(self, head: ResponseHead) -> None:
        """Pass on a 1xx head."""
        self.sink.informational(head)

    def head(self, head: ResponseHead) -> None:
        """Pass on the final head."""
        self.sink.head(head)

    def data(self, data: bytes) -> None:
        """Pass on a piece of the body."""
        self.sink.data(data)

    def end(self, trailers: Headers) -> None:
        """Pass on the end."""
        self.sink.end(trailers)

    def fail(self, error: URLError) -> None:
        """Pass on the failure."""
        self.sink.fail(error)
