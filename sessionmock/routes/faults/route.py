"""A route with faults: what its inner route answers goes wrong on its way as a plan says."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import Code, InvalidArgumentException, url_error
from ...faults.armed import About, ExchangeFaults, Faults
from ...faults.plan import AnyPlan
from ...faults.points import POINTS
from ..base import FINISHED, Channel, ChannelOver, Exchange, Host, Route, Sink
from ..current import checked
from ..live.route import LiveChannel, http2_installed
from .network import FaultyExchange
from .rendering import RenderedChannel
from .replies import ReplyChannel

if TYPE_CHECKING:
    from ...models.configuration import URLSessionConfiguration
    from ...models.message import Request
    from ...models.proxy import ProxyConfiguration
    from ...models.url import URLParts

_BESIDE_HEADS = tuple(point.name for point in POINTS.values() if point.is_wire and point.name not in ("head", "frame"))


class FaultRoute:
    """The answers of `route`, with the faults of `plan`: a FaultPlan, or a list of its lines.

    `seed`, an int, decides what `probability` draws. `faults` are the plan in force: `faults.fired` says what acted, `faults.unfired` what
    never did. It is `route` for whoever asks: `source`, `is_live`, `misses` and all else are those of `route`. Raises
    InvalidArgumentException for what is no route and no plan.
    """

    def __init__(self, route: Route, plan: AnyPlan, seed: int = 0) -> None:
        self.inner = checked(route, "FaultRoute")
        self.faults = Faults(plan, seed)

    def __repr__(self) -> str:
        return f"<FaultRoute over {self.inner!r}: {self.faults!r}>"

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    @property
    def source(self) -> str:
        """That of `route`."""
        return self.inner.source

    @property
    def is_live(self) -> bool:
        """Whether `route` asks servers."""
        return self.inner.is_live

    def bind(self, configuration: URLSessionConfiguration, host: Host) -> Channel:
        """The channel of whoever has no tasks, a plain client."""
        return ArmingChannel(self.faults, FaultChannel(self.inner, self.inner.bind(configuration, host), configuration, host), host)


class ArmingChannel(ChannelOver):
    """Gives requests that bring none the faults of a plan."""

    def __init__(self, faults: Faults, inner: Channel, host: Host) -> None:
        super().__init__(inner)
        self._faults, self._host = faults, host

    def open(self, request: Request, sink: Sink) -> Exchange:
        about = About(self._host.clock, None, None, request.method, request.url)
        request.faults = request.faults or ExchangeFaults((self._faults,), about)
        return super().open(request, sink)


class FaultChannel(ChannelOver):
    """A channel of `route` for requests that bring faults (`Request.faults`). What it is over is closed by whoever made that."""

    def __init__(self, route: Route, inner: Channel, configuration: URLSessionConfiguration, host: Host) -> None:
        super().__init__(inner)
        self._route, self._configuration, self._host = route, configuration, host
        self._replies = ReplyChannel(inner, host)
        self._rendered: RenderedChannel | None = None

    def open(self, request: Request, sink: Sink) -> Exchange:
        """Open `request` where it is answered; its faults act on the way there."""
        faults, inner = request.faults, self.inner
        assert inner is not None
        if faults is None:
            return inner.open(request, sink)
        replaces = faults.may_pass("head", replaces=True)
        if not replaces and (wire := _wire(inner, request)) is not None:
            exchange = FaultyExchange(wire, request, sink)
            wire.run(wire.begin, exchange)
            return exchange
        spoils = faults.may_pass(*_BESIDE_HEADS) | faults.may_pass("head", replaces=False)      # both are asked: they note who comes
        if not spoils or not request.url.lower().startswith(("http:", "https:")):
            return self._replies.open(request, sink)
        if faults.wants_http2 and not http2_installed():
            sink.fail(url_error(Code.UNKNOWN, request.url, InvalidArgumentException(
                "a line of the plan is one that HTTP/2 alone can show, and that needs h2: pip install 'sessionmock[http2]'")))
            return FINISHED
        if self._rendered is None:
            self._rendered = RenderedChannel(self._replies, self._configuration, self._host)
        return self._rendered.open(request, sink)

    def proxy_for(self, parts: URLParts) -> ProxyConfiguration | None:
        """The inner channel's; or the one that was pretended."""
        return super().proxy_for(parts) or (None if self._rendered is None else self._rendered.proxy_for(parts))

    def close(self) -> None:
        """Close the connections in memory."""
        if self._rendered is not None:
            self._rendered.close()


def _wire(channel: Channel, request: Request) -> LiveChannel | None:
    """The live channel that `request` goes over where it is given to `channel`; None where it goes over none."""
    while (over_for := getattr(channel, "over_for", None)) is not None:
        channel = over_for(request)
    return channel if isinstance(channel, LiveChannel) else None


def unwrapped(route: Route | None) -> tuple[Route | None, tuple[Faults, ...]]:
    """`route` without its faults, and those."""
    if not isinstance(route, FaultRoute):
        return route, ()
    inner, faults = unwrapped(route.inner)
    return inner, (*faults, route.faults)
