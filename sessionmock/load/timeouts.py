"""Time-outs: how long a load waits (I16), and whether the engine counts it."""
from __future__ import annotations

from functools import partial

from ..clock import Timer, nanoseconds
from ..core.machine import ASKING, PARKED, Event, Machine, Phase
from ..errors import Code
from .context import Context
from .inbox import Inbox
from .transfer import Transfer


class Timeouts:
    """The timer of one load. It runs on the engine while an exchange is open or a question is out.

    Suspended time does not count, nor does a delegate that is at work or has a callback still before it in its queue; one that
    is asked for a credential, or leaves another answer for later, does.
    """

    __slots__ = ("_context", "_counted_eager", "_enlisted", "_inbox", "_still", "_timer", "_transfer", "begins_at", "eager", "started_at")

    def __init__(self, context: Context, inbox: Inbox, transfer: Transfer, eager: bool) -> None:
        self._context = context
        self._inbox = inbox
        self._transfer = transfer
        self.eager = eager                    # False: whoever made the load is about to wait for it
        self._enlisted = False
        self._counted_eager = False
        self._timer: Timer | None = None
        self._still: int | None = None        # since when the idle timer stands still
        self.started_at: int | None = None
        self.begins_at = 0                    # when a delayed task is due

    @property
    def is_held(self) -> bool:
        """Whether the engine drives the load, which was suspended on its way."""
        return self._enlisted and self._still is not None

    def hasten(self) -> None:
        """Nobody is about to wait for this load in a way that drives it."""
        if not self.eager:
            self.eager = True
            self._context.engine.post_eager(self._hastened)

    def adjust(self) -> None:
        """After a turn: timers and the engine's count follow from where the load is now."""
        inbox = self._inbox
        machine, sink = inbox.machine, inbox.sink
        still = machine.suspensions > 0
        if still != (self._still is not None):
            self._stand(still)
        on_engine = self._is_waiting(machine) if sink is None or sink.ended else machine.phase < Phase.COMPLETING
        if on_engine != self._enlisted:
            self._enlisted = on_engine
            engine = self._context.engine
            if engine.on_engine():
                self._follow_engine()
            elif self.eager or not on_engine:
                engine.post_eager(self._follow_engine)
            else:
                engine.post(self._follow_engine)

    def _is_waiting(self, machine: Machine) -> bool:
        """Whether something else than an exchange brings the next event."""
        phase = machine.phase
        return self._inbox.postponed is not None or phase in PARKED or (phase in ASKING and machine.question is not None)

    def _stand(self, still: bool) -> None:
        now = self._context.engine.clock.now()
        if self._still is not None:
            self._inbox.moved_at += now - self._still
        self._still = now if still else None

    def _follow_engine(self) -> None:
        """Count with the engine and run a timer, or no longer."""
        engine = self._context.engine
        if self._enlisted and self._timer is None:
            self._counted_eager = self.eager
            engine.enlist(self._counted_eager)
            self._timer = engine.clock.remind_at(self._deadline(), self._check)
        elif not self._enlisted and self._timer is not None:
            engine.delist(self._counted_eager)
            self._timer.cancel()
            self._timer = None

    def _hastened(self) -> None:
        if self._timer is not None and not self._counted_eager:
            self._counted_eager = True
            self._context.engine.hasten()

    def _deadline(self) -> int:
        phase, started, moved = self._inbox.machine.phase, self.started_at, self._inbox.moved_at
        if phase is Phase.DELAYED:
            return self.begins_at
        if started is None:                # the delegate is asked about a delayed request
            return moved + self._idle_limit()
        whole = started + self._context.resource_limit
        return whole if phase is Phase.WAITING else min(moved + self._idle_limit(), whole)

    def _idle_limit(self) -> int:
        """The request's own limit, else the configuration's."""
        explicit = self._transfer.request.explicit_timeout_interval
        return self._context.idle_limit if explicit is None else nanoseconds(explicit)

    def _check(self) -> None:
        """The timer ran: has nothing moved for too long?"""
        if not self._enlisted:
            return
        inbox, clock = self._inbox, self._context.engine.clock
        machine, now = inbox.machine, clock.now()
        question = machine.question
        if self._still is not None:
            inbox.moved_at += now - self._still
            self._still = now
        elif question is not None and (machine.phase not in ASKING or not question.left):
            inbox.moved_at = now
        if now >= self._deadline():
            if machine.phase is Phase.DELAYED:
                inbox.instruct(partial(inbox.meet, Event.DUE))
            elif self.started_at is None or now < self.started_at + self._context.resource_limit:
                inbox.instruct(inbox.owner.fall_silent)
                if now >= self._deadline():
                    return
            else:
                inbox.fail(Event.TIMED_OUT, inbox.owner.failure(Code.TIMED_OUT))
                return
            if self._timer is None:        # the turn has taken the load off the engine
                return
        self._timer = clock.remind_at(self._deadline(), self._check)

    def orphan(self) -> None:
        """In a forked child: the timer is the parent's."""
        self._timer = None
        self._enlisted = False
