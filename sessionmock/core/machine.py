"""The states of a task: a table, and the value that goes through it.

`TRANSITIONS[phase][event]` names the next phase, what to do on the way and the rule it follows; every pair is there.
Nothing here performs anything: a load does the effects, in their order, and brings the next event. A `Machine` meets
one event at a time, and none from its exchange while its gate is shut (it is suspended, or a callback of its delegate is
still out), so order, back-pressure and "a cancelled task delivers nothing more" follow from table and gate alone.

The rules: I-numbers are the invariants of URLSession (Apple's documentation of URLSessionTask and its delegates),
RFC 9110 is HTTP semantics, the other names are conformance scenarios.
"""
from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from ..models.enums import TaskState


class Phase(IntEnum):
    """Where a task is. The public state follows from it and from the suspend count (`Machine.state`)."""

    CREATED = 0         # never resumed
    DELAYED = 1         # resumed before its earliest begin date
    BEGINNING = 2       # that date has come, and the delegate is asked how to go on
    WAITING = 3         # there is no network that it may use
    LOADING = 4         # a request is on its way; its final response has not come
    NEEDING_STREAM = 5  # the delegate is asked for a body stream
    REDIRECTING = 6     # the delegate is asked about a redirect
    CHALLENGED = 7      # the delegate is asked for a credential
    DECIDING = 8        # the delegate is asked what to do with the response
    RECEIVING = 9       # the body comes
    CACHING = 10        # the delegate is asked whether the response may be cached
    COMPLETING = 11     # the outcome is fixed, its message is on its way
    COMPLETED = 12      # the message was delivered


class Event(IntEnum):
    """What a task meets."""

    RESUMED = 0         # the suspend count fell to 0
    CANCELLED = 1
    TIMED_OUT = 2
    FAILED = 3          # the exchange, a rule or a delegate's exception ended the load
    NEEDS_STREAM = 4    # the body must be supplied, or supplied again, by the delegate
    STREAM = 5          # the delegate supplied it
    SENT = 6            # bytes of the request's body left
    INFORMED = 7        # a 1xx response
    REDIRECT = 8        # a response that leads elsewhere
    FOLLOW = 9          # the delegate follows it, perhaps changed
    CHALLENGE = 10      # a response that asks for a credential
    RETRY = 11          # there is one: send the request again
    RESPONSE = 12       # a response that is the final one
    ALLOW = 13          # the delegate takes it as it is
    BECOME = 14         # the delegate turns the task into another
    DATA = 15           # a piece of the body
    END = 16            # the body is complete
    STORED = 17         # the delegate answered what may be cached
    DELIVERED = 18      # the terminal message was delivered
    EARLY = 19          # the earliest begin date has not come
    DUE = 20            # it has
    BEGIN = 21          # the delegate lets the delayed task go on
    UNREACHABLE = 22    # no network may be used now, and the configuration waits for one
    REACHABLE = 23      # one may be used


class Effect(IntEnum):
    """What to do on a transition: `load.load` has a function for each."""

    OPEN = 0            # complete the request and open an exchange for it
    ASK_STREAM = 1
    TELL_SENT = 2
    TELL_INFORMED = 3
    ASK_REDIRECT = 4
    DROP = 5            # the response of this exchange is not wanted: let it run dry or abort it
    ASK_CHALLENGE = 6
    ASK_RESPONSE = 7
    BECOME = 8
    CONSUME = 9         # hand a piece of the body to whoever takes it
    ASK_STORE = 10      # the whole body is there: may it be cached?
    STORE = 11
    SETTLE_RESPONSE = 12  # a response held back by a question is the final one after all
    ABORT = 13          # the exchange ends at once
    FAIL = 14           # the outcome is an error
    SUCCEED = 15        # the outcome is a response
    TELL_WAITING = 16
    ASK_DELAYED = 17
    SEND = 18           # the request as it stands, after a wait


class Row(NamedTuple):
    """A transition: the next phase (None: it stays), the effects in order, and the rule."""

    to: Phase | None
    effects: tuple[Effect, ...]
    rule: str


P, E, F = Phase, Event, Effect

_IGNORED = Row(None, (), "I4: an exchange that was given up says nothing more; an answer that comes late changes nothing")
_STAYS = Row(None, (), "I2: a task that runs is not started again")
_FAILS = Row(P.COMPLETING, (F.ABORT, F.FAIL), "I4: exactly one terminal message")
_CANCELS = Row(P.COMPLETING, (F.ABORT, F.FAIL), "I3: cancelled at once, -999, whatever was on its way")
_TIMES_OUT = Row(P.COMPLETING, (F.ABORT, F.FAIL), "I16: -1001")
_AGAIN = Row(P.LOADING, (F.DROP, F.OPEN), "I21, I22: the next hop is a request of its own")

# No limit runs before the first resume and before the earliest begin date; everywhere else a time-out ends the task.
_UNLIMITED = {E.RESUMED: _STAYS, E.CANCELLED: _CANCELS, E.FAILED: _FAILS}
_LIMITED = {**_UNLIMITED, E.TIMED_OUT: _TIMES_OUT}

ROWS: dict[Phase, dict[Event, Row]] = {
    P.CREATED: {
        **_UNLIMITED,
        E.RESUMED: Row(P.LOADING, (F.OPEN,), "I1: nothing happens before the first resume"),
    },
    P.LOADING: {
        **_LIMITED,
        E.NEEDS_STREAM: Row(P.NEEDING_STREAM, (F.DROP, F.ASK_STREAM), "Apple: needNewBodyStream for a streamed upload"),
        E.SENT: Row(None, (F.TELL_SENT,), "Apple: didSendBodyData"),
        E.INFORMED: Row(None, (F.TELL_INFORMED,), "data-informational: a 1xx but 101 is told and is not the response"),
        E.REDIRECT: Row(P.REDIRECTING, (F.ASK_REDIRECT,), "I21: the delegate is asked at each hop"),
        E.CHALLENGE: Row(P.CHALLENGED, (F.ASK_CHALLENGE,), "RFC 9110, section 11.3: a challenge asks for a credential"),
        E.RETRY: Row(P.LOADING, (F.DROP, F.OPEN),
                     "RFC 7616, section 3.3: a stale nonce is answered unasked; RFC 9110, section 10.1.1: a 417 is asked again without Expect; "
                     "an upload goes on (docs/rules.md, Resumable uploads)"),
        E.RESPONSE: Row(P.DECIDING, (F.ASK_RESPONSE,), "I14: response before data"),
        E.EARLY: Row(P.DELAYED, (), "Apple: nothing begins before earliestBeginDate"),
        E.UNREACHABLE: Row(P.WAITING, (F.TELL_WAITING,), "Apple: waitsForConnectivity, and taskIsWaitingForConnectivity at most once"),
    },
    P.DELAYED: {
        **_UNLIMITED,
        E.DUE: Row(P.BEGINNING, (F.ASK_DELAYED,), "Apple: willBeginDelayedRequest"),
    },
    P.BEGINNING: {
        **_LIMITED,
        E.BEGIN: Row(P.LOADING, (F.OPEN,), "Apple: continueLoading, or useNewRequest"),
    },
    P.WAITING: {
        **_LIMITED,
        E.REACHABLE: Row(P.LOADING, (F.SEND,), "Apple: the task begins when there is connectivity"),
    },
    P.NEEDING_STREAM: {
        **_LIMITED,
        E.STREAM: Row(P.LOADING, (F.OPEN,), "auth-basic-upload-stream: the new stream is sent; none is -1021"),
    },
    P.REDIRECTING: {
        **_LIMITED,
        E.TIMED_OUT: Row(P.COMPLETING, (F.SETTLE_RESPONSE, F.ABORT, F.SUCCEED),
                         "corelibs: a time-out while the redirect is asked about ends the task with the 3xx and no error"),
        E.FOLLOW: _AGAIN,
        E.NEEDS_STREAM: Row(P.NEEDING_STREAM, (F.DROP, F.ASK_STREAM), "Apple: a 307 or 308 sends the body again, from a new stream"),
        E.RESPONSE: Row(P.DECIDING, (F.ASK_RESPONSE,), "redirect-refused: the 3xx and its body are the response"),
    },
    P.CHALLENGED: {
        **_LIMITED,
        E.RETRY: _AGAIN,
        E.NEEDS_STREAM: Row(P.NEEDING_STREAM, (F.DROP, F.ASK_STREAM), "auth-basic-upload-stream: a stream is asked for again before the retry"),
        E.ALLOW: Row(P.LOADING, (), "Apple: the server of a new connection is trusted, and the exchange goes on"),
        E.RESPONSE: Row(P.DECIDING, (F.ASK_RESPONSE,), "auth-basic-default: without a credential the 401 is the response"),
    },
    P.DECIDING: {
        **_LIMITED,
        E.ALLOW: Row(P.RECEIVING, (), "I15: no data before the disposition"),
        E.BECOME: Row(P.RECEIVING, (F.BECOME,), "data-become-download: the body goes to the task that this one became"),
        E.RETRY: Row(P.LOADING, (F.DROP, F.OPEN), "I19: what cannot be resumed is loaded from the start"),
    },
    P.RECEIVING: {
        **_LIMITED,
        E.SENT: Row(None, (F.TELL_SENT,), "Apple: didSendBodyData"),
        E.DATA: Row(None, (F.CONSUME,), "I14: data in order"),
        E.END: Row(P.CACHING, (F.ASK_STORE,), "Apple: willCacheResponse after the last data"),
    },
    P.CACHING: {
        **_LIMITED,
        E.STORED: Row(P.COMPLETING, (F.STORE, F.SUCCEED), "I4, I13: a response of any status is no error"),
    },
    P.COMPLETING: {
        E.DELIVERED: Row(P.COMPLETED, (), "I3: completed when the message is delivered"),
    },
    P.COMPLETED: {},
}
"""What the rules name: each of these can happen."""

TRANSITIONS: dict[Phase, dict[Event, Row]] = {phase: {event: ROWS[phase].get(event, _IGNORED) for event in Event} for phase in Phase}
"""Every pair of phase and event. A pair that no rule names is ignored, and stays where it is."""

# Phases in which the delegate is asked, and the exchange's events wait for the answer.
ASKING = frozenset({P.BEGINNING, P.NEEDING_STREAM, P.REDIRECTING, P.CHALLENGED, P.DECIDING, P.CACHING})

# Phases in which nothing is on its way and nobody is asked: time alone, or the network, brings the next event.
PARKED = frozenset({P.DELAYED, P.WAITING})


class Question:
    """A callback that is out: what comes next waits until it is over. `name` is the delegate method, "" for a reader's hold."""

    __slots__ = ("left", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.left = False       # the delegate has been called, and it is now the delegate who lets the task wait


class Machine:
    """Where one task is: its phase, how often it is suspended, and the question that is out."""

    __slots__ = ("cancelled", "phase", "question", "suspensions")

    def __init__(self) -> None:
        self.phase = Phase.CREATED
        self.suspensions = 1
        self.cancelled = False
        self.question: Question | None = None

    def meet(self, event: Event) -> tuple[Effect, ...]:
        """Make the transition for `event`; what is to be done, in order."""
        to, effects, _ = TRANSITIONS[self.phase][event]
        if to is not None:
            self.phase = to
        return effects

    @property
    def gate_is_open(self) -> bool:
        """Whether an event of the exchange may come in."""
        return self.question is None and not self.suspensions

    @property
    def asked(self) -> str | None:
        """The delegate method whose answer the task waits for, None where it waits for none."""
        return self.question.name if self.question is not None and self.phase in ASKING else None

    @property
    def state(self) -> TaskState:
        """`URLSessionTask.state`, derived (I2, I3)."""
        if self.phase is Phase.COMPLETED:
            return TaskState.COMPLETED
        if self.cancelled:
            return TaskState.CANCELING
        return TaskState.SUSPENDED if self.suspensions else TaskState.RUNNING

    def resume(self) -> bool:
        """Undo one suspension; whether none is left."""
        if self.suspensions:
            self.suspensions -= 1
        return not self.suspensions

    def suspend(self) -> None:
        self.suspensions += 1

    def cancel(self) -> None:
        """The task is as good as ended, unless its outcome is fixed."""
        if self.phase < Phase.COMPLETING:
            self.cancelled = True

    def ask(self, name: str) -> Question:
        """The callback `name` is out from now on."""
        self.question = question = Question(name)
        return question

    def answer(self, question: Question) -> bool:
        """`question` is over; False where the task went on without it."""
        if self.question is not question:
            return False
        self.question = None
        return True
