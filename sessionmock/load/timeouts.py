"""Patience: how long a load waits, when it reads on, and whether the engine counts it."""
from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from ..clock import Timer, nanoseconds
from ..core.machine import ASKING, PARKED, Event, Phase
from ..errors import Code, url_error
from ..models.request import URLRequest
from .inbox import Turns
from .sink import HELD

if TYPE_CHECKING:
    from .context import Context


class Patience(Turns):
    """The timers of a load (I16). They run on the engine while an exchange is open or a question is out."""

    __slots__ = ("_begins", "_counted_eager", "_enlisted", "_started", "_still", "_timer", "eager")

    def __init__(self, context: Context, task: Any, request: URLRequest, *, eager: bool) -> None:
        super().__init__(context, task, request)
        self.eager = eager                    # False: whoever made it is about to wait for it
        self._enlisted = False
        self._counted_eager = False
        self._timer: Timer | None = None
        self._started: int | None = None
        self._begins = 0                      # when a delayed task is due
        self._still: int | None = None        # since when the idle timer stands still

    def hasten(self) -> None:
        """Nobody is about to wait for this load in a way that drives it."""
        if not self.eager:
            self.eager = True
            self.context.engine.post_eager(self._hastened)

    def _adjust(self) -> None:
        """After a turn: reading, timers and the engine's count follow from where the load is now."""
        flow = self._flow
        if flow is not None and self._taken and self._busy is None and self._pieces is None:
            flow.consumed += self._taken         # nobody has it in hand any more
            self._taken = 0
        still = self._suspensions > 0
        if still != (self._still is not None):
            now = self.context.engine.clock.now()
            if self._still is not None:
                self._last += now - self._still
            self._still = now if still else None
        if flow is not None and flow.exchange is not None and not flow.ended:
            pause = still or flow.hop.received - flow.consumed > HELD
            if pause != flow.paused:
                flow.paused = pause
                (flow.exchange.pause if pause else flow.exchange.resume)()
        if flow is None or flow.ended:
            on_engine = self._postponed or self.phase in PARKED or (self.phase in ASKING and self._busy is not None)
        else:
            on_engine = self.phase < Phase.COMPLETING
        if on_engine != self._enlisted:
            self._enlisted = on_engine
            engine = self.context.engine
            if engine.on_engine():
                self._follow_engine()
            elif self.eager or not on_engine:
                engine.post_eager(self._follow_engine)
            else:
                engine.post(self._follow_engine)

    def _follow_engine(self) -> None:
        """Count with the engine and run a timer, or no longer."""
        engine = self.context.engine
        if self._enlisted and self._timer is None:
            self._counted_eager = self.eager
            engine.enlist(self._counted_eager)
            self._timer = engine.clock.call_at(self._deadline(), self._check_time)
        elif not self._enlisted and self._timer is not None:
            engine.delist(self._counted_eager)
            self._timer.cancel()
            self._timer = None

    def _hastened(self) -> None:
        if self._timer is not None and not self._counted_eager:
            self._counted_eager = True
            self.context.engine.hasten()

    def _deadline(self) -> int:
        if self.phase is Phase.DELAYED:
            return self._begins
        if self._started is None:                # the delegate is asked about a delayed request
            return self._last + self._idle_limit()
        if self.phase is Phase.WAITING:
            return self._started + self.context.resource_limit
        return min(self._last + self._idle_limit(), self._started + self.context.resource_limit)

    def _idle_limit(self) -> int:
        explicit = self.request.explicit_timeout_interval
        return self.context.idle_limit if explicit is None else nanoseconds(explicit)

    def _check_time(self) -> None:
        """The timer ran: has nothing moved for too long (I16)? Suspended time does not count, nor does a delegate that is at work
        or has a callback still before it in its queue; one that is asked for a credential, or leaves another answer for later, does."""
        if not self._enlisted:
            return
        clock = self.context.engine.clock
        now = clock.now()
        if self._still is not None:
            self._last += now - self._still
            self._still = now
        elif self._busy is not None and (self.phase not in ASKING or self._busy is not self._pondered):
            self._last = now
        if now >= self._deadline() and self.phase is Phase.DELAYED:
            self.instruct(partial(self._meet, Event.DUE, None))
            if self._timer is not None:
                self._timer = clock.call_at(self._deadline(), self._check_time)
        elif now >= self._deadline():
            self.fail(Event.TIMED_OUT, url_error(Code.TIMED_OUT, self.request.url))
        else:
            self._timer = clock.call_at(self._deadline(), self._check_time)
