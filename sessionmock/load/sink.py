"""The sink of one exchange: takes what a route brings into the load's inbox, and holds reading back when that fills."""
from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

from ..core.machine import Event
from ..engine.protocol import Engine
from ..errors import Code, URLError, brief
from ..history import Closed, Ended, History, Opened, Received, Requested, Sent, exchange_numbers
from ..models.body import looked_at
from ..models.fields import Pairs
from ..models.message import Headers, Request, ResponseHead
from ..routes.base import Exchange, SinkOver, expire
from .transfer import Transaction

HELD = 128 * 1024        # bytes of a body that wait for the delegate before reading stops; one more read may be on its way
DROPPED = 64 * 1024      # a response nobody wants is read to its end up to here, so that its connection can be kept


class Bringing(Protocol):
    """Where a sink brings what comes."""

    def bring(self, sink: LoadSink, event: Event, payload: Any) -> None:
        """An event of the exchange of `sink`."""

    def moved(self) -> None:
        """The exchange is alive."""

    def nudge(self) -> None:
        """Look again: more is held than should be."""

    def pump(self) -> None:
        """Take what was brought while the sink was corked."""


class LoadSink:
    """The sink of one exchange (routes.base.Sink), and its back-pressure."""

    __slots__ = ("_engine", "_history", "_inbox", "_number", "_task", "consumed", "corked", "ended", "exchange", "paused", "status",
                 "taken", "transaction", "wanted")

    def __init__(self, inbox: Bringing, engine: Engine, transaction: Transaction, history: History | None = None, task: Any = None) -> None:
        self._inbox = inbox
        self._engine = engine
        self.transaction = transaction
        self.exchange: Exchange | None = None
        self.wanted = True
        self.ended = False
        self.paused = False
        self.corked = False    # more comes at once: a turn for all of it costs half of what a turn for each does
        self.taken = 0         # bytes handed out last, in use until the load goes on
        self.consumed = 0      # written inside the load's door; what has come, transaction.received, where the route calls
        self.status: int | None = None
        self._history = history
        if history is not None:
            self._task = task
            self._number = next(exchange_numbers)

    # called by the route --------------------------------------------------------------------------------------------
    def sent(self, count: int) -> None:
        if self._history is not None:
            self._note(Sent, count)
        if self.wanted:
            self._inbox.bring(self, Event.SENT, count)

    def moved(self) -> None:
        if self.wanted:
            self._inbox.moved()

    def informational(self, head: ResponseHead) -> None:
        if self._history is not None:
            self._note(Received, head.status, 0)
        if self.wanted:
            self._inbox.bring(self, Event.INFORMED, head)

    def head(self, head: ResponseHead) -> None:
        self.status = head.status
        transaction = self.transaction
        transaction.head = head
        transaction.answered = self._engine.clock.now()
        if self._history is not None:
            self._note(Received, head.status, 0)
        if self.wanted:
            self._inbox.bring(self, Event.RESPONSE, head)

    def data(self, data: bytes) -> None:
        transaction = self.transaction
        transaction.received += len(data)
        if self._history is not None:
            self._note(Received, None, len(data))
        if not self.wanted:
            if transaction.received - self.consumed > DROPPED:
                self._give_up()
            return
        inbox = self._inbox
        if transaction.received - self.consumed > HELD and not self.paused:
            inbox.nudge()
        inbox.bring(self, Event.DATA, data)

    def end(self, trailers: Headers) -> None:
        self.transaction.ended = self._engine.clock.now()
        self._over("")
        if self.wanted:
            self._inbox.bring(self, Event.END, trailers)

    def fail(self, error: URLError) -> None:
        self._over(error)
        if self.wanted:
            self._inbox.bring(self, Event.FAILED, error)

    def cork(self) -> None:
        self.corked = True

    def uncork(self) -> None:
        self.corked = False
        self._inbox.pump()

    def _over(self, error: URLError | str) -> None:
        self.ended = True
        self.exchange = None           # it knows this sink: together they would be a cycle
        if self._history is not None and Ended in self._history.kinds:
            transaction = self.transaction
            request = transaction.request
            elapsed = self._engine.clock.now() - transaction.started
            self._note(Ended, request.http_method, request.url or "", self.status, transaction.source, elapsed / 1e6, brief(error),
                       transaction.connection)

    # in a turn of the load --------------------------------------------------------------------------------------------
    def opened(self) -> None:
        """The request goes to the transaction's source."""
        if self._history is not None:
            request = self.transaction.request
            self._note(Opened, request.http_method, request.url or "", self.transaction.source)

    def requested(self, message: Request) -> Request:
        """`message` goes to a route: as it is to be given to it, for somebody may want to look at its body later."""
        if self._history is None or Requested not in self._history.kinds:
            return message
        body, content = looked_at(message.body)
        self._note(Requested, message.method, message.url, Pairs(message.headers), content, self.transaction.source)
        return message if body is message.body else replace(message, body=body)

    def consume(self) -> None:
        """Nobody has in hand any more what was handed out."""
        if self.taken:
            self.consumed += self.taken
            self.taken = 0

    def hold_back(self, still: bool) -> None:
        """Pause the exchange while the task stands `still` or too much of the body waits; else let it go on."""
        exchange = self.exchange
        if exchange is not None and not self.ended:
            pause = still or self.transaction.received - self.consumed > HELD
            if pause != self.paused:
                self.paused = pause
                (exchange.pause if pause else exchange.resume)()

    def abort(self, failure: URLError | None = None) -> None:
        """The exchange ends at once: because of `failure`, or because nothing more is wanted."""
        self.wanted = False
        self._give_up(failure if failure is not None and failure.code == Code.TIMED_OUT else None)

    def drop(self) -> None:
        """The rest of this response is not wanted; a short one is read to its end, which saves the connection. Where no head has
        come, the request is not wanted."""
        self.wanted = False
        exchange = self.exchange
        if self.status is None or self.transaction.received > DROPPED:
            self._give_up()
        elif exchange is not None and not self.ended:
            exchange.resume()

    def _give_up(self, limit: URLError | None = None) -> None:
        """End the exchange, unless it has ended; once, and where it has reached a `limit` so that this is known. Its end may come at the
        same moment, on another thread."""
        exchange, self.exchange = self.exchange, None
        if exchange is not None and not self.ended:
            if self._history is not None:
                self._note(Closed, self.transaction.connection)
            if limit is None:
                exchange.cancel()
            else:
                expire(exchange, limit)

    def _note(self, kind: Any, *values: Any) -> None:
        history = self._history
        if history is not None and kind in history.kinds:
            history.add(self._engine.clock, kind, self._task, self._number, *values)


class Bodiless(SinkOver):
    """The sink of an exchange for HEAD, whose answer has no body, whatever a route says (RFC 9110, section 9.3.2)."""

    __slots__ = ()

    def data(self, data: bytes) -> None:
        """It is dropped."""
