"""The sink of one exchange: takes what a route brings into the load's inbox, and holds reading back when that fills."""
from __future__ import annotations

from typing import TYPE_CHECKING

from .. import trace
from ..core.machine import Event
from ..errors import URLError
from ..models.message import Headers, ResponseHead
from ..models.metrics import ResourceFetchType
from ..models.request import URLRequest
from ..routes.base import Exchange
from .metrics import Hop

if TYPE_CHECKING:
    from .responses import Answers

HELD = 128 * 1024        # bytes of a body that wait for the delegate before reading stops; one more read may be on its way
DROPPED = 64 * 1024      # a response nobody wants is read to its end up to here, so that its connection can be kept


class Inflow:
    """The sink of one exchange (routes.base.Sink)."""

    __slots__ = ("consumed", "corked", "ended", "exchange", "hop", "load", "paused", "started", "status", "wanted")

    def __init__(self, load: Answers, request: URLRequest) -> None:
        self.load = load
        self.exchange: Exchange | None = None
        self.wanted = True
        self.ended = False
        self.paused = False
        self.corked = False    # more comes at once: a turn for all of it costs half of what a turn for each does
        self.consumed = 0      # written inside the load's door; what has come, hop.received, where the route calls
        self.status: int | None = None
        self.started = load.context.engine.clock.now()
        self.hop = Hop(request, self.started, ResourceFetchType.NETWORK_LOAD)
        load.hops.append(self.hop)

    def sent(self, count: int) -> None:
        if self.wanted:
            self.load.bring(self, Event.SENT, count)

    def moved(self) -> None:
        if self.wanted:
            self.load.moved()

    def informational(self, head: ResponseHead) -> None:
        if self.wanted:
            self.load.bring(self, Event.INFORMED, head)

    def head(self, head: ResponseHead) -> None:
        self.status = head.status
        self.hop.head = head
        self.hop.answered = self.load.context.engine.clock.now()
        if self.wanted:
            self.load.bring(self, Event.RESPONSE, head)

    def data(self, data: bytes) -> None:
        hop = self.hop
        hop.received += len(data)
        if not self.wanted:
            if hop.received - self.consumed > DROPPED and self.exchange is not None:
                self.exchange.cancel()
            return
        load = self.load
        if hop.received - self.consumed > HELD and not self.paused:
            load.nudge()
        load.bring(self, Event.DATA, data)

    def end(self, trailers: Headers) -> None:
        self._over("")
        if self.wanted:
            self.load.bring(self, Event.END, trailers)

    def fail(self, error: URLError) -> None:
        self._over(str(error))
        if self.wanted:
            self.load.bring(self, Event.FAILED, error)

    def cork(self) -> None:
        self.corked = True

    def uncork(self) -> None:
        self.corked = False
        self.load.pump()

    def _over(self, error: str) -> None:
        self.ended = True
        self.exchange = None           # it knows this sink: together they would be a cycle
        hop = self.hop
        if not error:
            hop.ended = self.load.context.engine.clock.now()
        if trace.current is not None:
            load = self.load
            elapsed = load.context.engine.clock.now() - self.started
            trace.current.exchanges.append(trace.ExchangeRecord(
                hop.request.http_method, hop.request.url or "", self.status, load.source, elapsed / 1e6, error))
