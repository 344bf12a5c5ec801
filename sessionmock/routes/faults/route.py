"""A route with faults: what its inner route answers goes wrong on its way as a plan says."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...faults.armed import About, ExchangeFaults, Faults
from ...faults.plan import AnyPlan
from ..base import Channel, ChannelOver, Exchange, Host, Route, Sink
from ..current import checked

if TYPE_CHECKING:
    from ...models.configuration import URLSessionConfiguration
    from ...models.message import Request


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

    def close(self) -> None:
        """Nothing of its own is held."""


def unwrapped(route: Route | None) -> tuple[Route | None, tuple[Faults, ...]]:
    """`route` without its faults, and those."""
    if not isinstance(route, FaultRoute):
        return route, ()
    inner, faults = unwrapped(route.inner)
    return inner, (*faults, route.faults)
