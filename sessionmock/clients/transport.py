"""Plain httpx and httpx2 clients on sessionmock's routes and engine."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .. import registry
from ..clock import Clock
from ..engine.current import engine_of, own_engine
from ..engine.protocol import Engine
from ..errors import URLError, brief
from ..faults.armed import Faults, TaskFaults
from ..faults.current import faults_of
from ..history import Ended, History, Requested, exchange_numbers
from ..models.body import looked_at
from ..models.configuration import URLSessionConfiguration
from ..models.fields import Pairs
from ..models.message import Headers, Request, ResponseHead
from ..models.settings import instance, optional
from ..models.timing import Timing
from ..routes.base import Channel, ChannelOver, Exchange, Route, Sink, SinkOver
from ..routes.current import checked, current_route, live_route
from ..routes.faults.route import FaultChannel, unwrapped
from ..trace import history_of

if TYPE_CHECKING:
    from ..routes.httpx.edge import RouteTransport


_CONFIGURATION = optional(instance(URLSessionConfiguration, "a URLSessionConfiguration, as URLSessionConfiguration.ephemeral()"))


def transport(route: Route | Callable[[], Route | None] | None = None, configuration: URLSessionConfiguration | None = None) -> RouteTransport:
    """A transport for `httpx.Client`, `httpx.AsyncClient` and those of httpx2: `httpx.Client(transport=transport())`.

    Each request goes over `route`, or over the one that the callable `route` names then; without, over the route in
    force where it is sent (`use_route`), live where none is. `configuration` is what routes are bound with, an
    ephemeral one by default. Closing the client closes the transport. Failures are raised as the client's own
    exceptions over the URLError, and a request that nothing answers as UnmatchedRequest. Faults that are in force where a request
    is sent, and those of a FaultRoute, meet it on its way.
    """
    from ..routes.httpx.edge import Hosts, RouteTransport

    _CONFIGURATION.of("transport(configuration=...)", configuration)
    if route is not None and not callable(route):
        checked(route, "transport")
    named = route if callable(route) else current_route if route is None else lambda: route
    watched: dict[Route, WatchedRoute] = {}

    def choose() -> WatchedRoute:
        chosen = named() or live_route()
        return watched.get(chosen) or watched.setdefault(chosen, WatchedRoute(chosen))

    own, known = own_engine(), dict[Engine, Hosts]()

    def hosts() -> Hosts:
        engine = engine_of(own)
        return known.get(engine) or known.setdefault(engine, Hosts(Lender(engine), Lender(engine, driven=True), engine))

    return RouteTransport(choose, hosts, configuration)


class Lender:
    """What a transport has of the engine: its clock, its stack and its threads (routes.base.Host).

    With `driven`, whoever posts is about to wait, which runs the engine: no thread is woken for it.
    """

    def __init__(self, engine: Engine, *, driven: bool = False) -> None:
        self.engine = engine
        self.driven = driven
        self.post = engine.post if driven else engine.post_eager
        self.work = engine.work

    @property
    def clock(self) -> Clock:
        return self.engine.clock


class WatchedRoute:
    """A route whose exchanges are counted with the engine, as loads are, and traced, and meet the faults in force where they begin."""

    def __init__(self, route: Route) -> None:
        plain, self._faults = unwrapped(route)
        self._route = plain or route

    @property
    def source(self) -> str:
        return self._route.source

    @property
    def is_live(self) -> bool:
        return self._route.is_live

    def bind(self, configuration: URLSessionConfiguration, host: Any) -> WatchedChannel:
        inner = self._route.bind(configuration, host)
        return WatchedChannel(self.source, inner, host, self._faults, FaultChannel(self._route, inner, configuration, host))


class WatchedChannel(ChannelOver):
    """A channel whose exchanges are counted and traced. Those that may meet faults, of `faults` or in force where they begin, go
    through `faulty`."""

    def __init__(self, source: str, inner: Channel, host: Lender, faults: tuple[Faults, ...], faulty: Channel) -> None:
        super().__init__(inner)
        self.source, self.host, self.engine = source, host, host.engine
        self._faults, self._faulty = faults, faulty
        self.engine.attach()

    def open(self, request: Request, sink: Sink) -> Exchange:
        scope = registry.current_scope()
        history, in_force = history_of(scope), faults_of(scope)
        passing = Passing(self, request, sink, history)
        request = passing.requested(request)
        if self._faults:
            in_force = (*self._faults, *in_force)
        if in_force:
            request.faults = TaskFaults(in_force, self.engine.clock, history, None).exchange(request.method, request.url)
        passing.exchange = super().open(request, passing) if request.faults is None else self._faulty.open(request, passing)
        if not passing.over:
            passing.posted = True
            self.host.post(passing.enlist)
        return passing

    def close(self) -> None:
        self._faulty.close()
        super().close()
        self.engine.detach()


class Passing(SinkOver):
    """An exchange, and the sink of it, that passes everything on."""

    exchange: Exchange

    def __init__(self, channel: WatchedChannel, request: Request, sink: Sink, history: History | None) -> None:
        super().__init__(sink)
        self._channel, self._request = channel, request
        self._history = history
        self._number = 0 if self._history is None else next(exchange_numbers)
        self._started = channel.engine.clock.now()
        self._status: int | None = None
        self._counted = False
        self.over = False
        self.posted = False

    def requested(self, request: Request) -> Request:
        """`request` as it is to be given to the route, for somebody may want to look at its body later."""
        history = self._history
        if history is None or Requested not in history.kinds:
            return request
        body, content = looked_at(request.body)
        history.add(self._channel.engine.clock, Requested, None, self._number, request.method, request.url, Pairs(request.headers), content,
                    self._channel.source)
        return request if body is request.body else replace(request, body=body)

    @property
    def timing(self) -> Timing | None:
        return self.exchange.timing

    def head(self, head: ResponseHead) -> None:
        self._status = head.status
        self.sink.head(head)

    def end(self, trailers: Headers) -> None:
        self._end("", self._connection)
        self.sink.end(trailers)

    def fail(self, error: URLError) -> None:
        self._end(brief(error), self._connection)
        registry.raised(None, error.underlying_error)
        self.sink.fail(error)

    def pause(self) -> None:
        self.exchange.pause()

    def resume(self) -> None:
        self.exchange.resume()

    def cancel(self) -> None:
        self.exchange.cancel()
        self._end("cancelled")

    @property
    def _connection(self) -> tuple[int, int] | None:
        """The connection that it is on (`Timing.connection`); None where there is none, or no exchange yet."""
        timing = getattr(getattr(self, "exchange", None), "timing", None)
        return None if timing is None else timing.connection

    def _end(self, error: str, connection: tuple[int, int] | None = None) -> None:
        if self.over:
            return
        self.over = True
        engine = self._channel.engine
        if self._history is not None and Ended in self._history.kinds:
            elapsed = engine.clock.now() - self._started
            self._history.add(engine.clock, Ended, None, self._number, self._request.method, self._request.url, self._status,
                              self._channel.source, elapsed / 1e6, error, connection)
        if not self.posted:
            return
        if engine.on_engine():
            self._delist()
        else:
            engine.post_eager(self._delist)

    def enlist(self) -> None:
        """On the engine: have it run until this exchange is over."""
        if not self.over:
            self._counted = True
            self._channel.engine.enlist(not self._channel.host.driven)

    def _delist(self) -> None:
        if self._counted:
            self._counted = False
            self._channel.engine.delist(not self._channel.host.driven)
