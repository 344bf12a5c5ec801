"""Turns: a load takes its events one at a time, on whichever thread brings them.

Who finds the door open goes in; others leave their event in the inbox for whoever is inside. Callbacks never run in
there: they are posted to the delegate queue, and while one is out, or the task is suspended, the exchange's events wait.
"""
from __future__ import annotations

import inspect
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from .. import trace
from ..core.machine import Event, Phase
from ..engine import work
from ..engine.interrupts import shield
from ..errors import Code, GenericException, URLError, url_error
from ..models.request import URLRequest
from .dispatch import Method

if TYPE_CHECKING:
    from .context import Context
    from .sink import Inflow

_count = threading.Lock()    # guards every load's suspend count: held for two statements at most


def _forked() -> None:
    """In the child: whoever held the lock is not there to let go of it."""
    global _count
    _count = threading.Lock()


os.register_at_fork(after_in_child=_forked)


class Turns:
    """The inbox of a load, and the callbacks of its delegates."""

    __slots__ = ("_busy", "_cancelled", "_control", "_door", "_flow", "_incoming", "_last", "_methods", "_pieces", "_pondered", "_postponed",
                 "_suspensions", "_taken", "context", "phase", "request", "task")

    def __init__(self, context: Context, task: Any, request: URLRequest) -> None:
        self.context = context
        self.task = task
        self.request = request
        self.phase = Phase.CREATED
        self._methods: dict[str, Method] | None = None       # of the task's own delegate
        self._suspensions = 1
        self._cancelled = False
        self._door = threading.Lock()
        self._control: deque[Callable[[], None]] = deque()
        self._incoming: deque[tuple[Inflow, Event, Any]] = deque()
        self._flow: Inflow | None = None      # the exchange whose events count
        self._pieces: Iterator[bytes] | None = None           # of a body, decoded, that come before further events
        self._postponed = False               # a request is to be sent, but the task is suspended
        self._taken = 0                       # bytes handed out last, in use until the load goes on
        self._busy: object | None = None      # the callback that is out
        self._pondered: object | None = None  # the last one whose answer is being waited for
        self._last = 0                        # when something last moved

    # of the classes built on this one -------------------------------------------------------------------------
    def _meet(self, event: Event, payload: Any) -> None:
        """Make the transition for `event`."""
        raise NotImplementedError

    def _take(self, event: Event, payload: Any) -> None:
        """An event of the present exchange."""
        raise NotImplementedError

    def _send(self, payload: Any) -> None:
        """Send the present request."""
        raise NotImplementedError

    def _next_piece(self) -> None:
        """Hand out the next of `_pieces`."""
        raise NotImplementedError

    def _adjust(self) -> None:
        """What follows from where the load is after a turn."""
        raise NotImplementedError

    # inbox ----------------------------------------------------------------------------------------------------
    def resume(self) -> None:
        with shield:
            with _count:
                if self._suspensions:
                    self._suspensions -= 1
                started = not self._suspensions
            if started:
                self._control.append(partial(self._meet, Event.RESUMED, None))
                self.pump()

    def suspend(self) -> None:
        with _count:
            self._suspensions += 1
        self.nudge()

    def fail(self, event: Event, error: URLError) -> None:
        """End the load with `error`, unless it has ended."""
        with shield:
            if event is Event.CANCELLED and self.phase < Phase.COMPLETING:
                self._cancelled = True
            self._control.append(partial(self._meet, event, error))
            self.pump()

    def instruct(self, call: Callable[[], None]) -> None:
        """Make `call` in a turn of this load."""
        self._control.append(call)
        self.pump()

    def nudge(self) -> None:
        """Look again: a count has changed."""
        self._control.append(_look)
        self.pump()

    def bring(self, flow: Inflow, event: Event, payload: Any) -> None:
        """An event of the exchange `flow`."""
        self._last = self.context.engine.clock.now()
        self._incoming.append((flow, event, payload))
        if not flow.corked:
            self.pump()

    def moved(self) -> None:
        """The exchange is alive: the idle timer starts again (I16)."""
        self._last = self.context.engine.clock.now()

    def pump(self) -> None:
        """Take every event that can be taken now, unless another thread is at it: then it takes them."""
        with shield:
            while (self._control or (self._busy is None and not self._suspensions and (self._incoming or self._pieces))) and (
                    self._door.acquire(blocking=False)):
                try:
                    self._turn()
                except BaseException as error:
                    self._control.append(partial(self._meet, Event.FAILED, url_error(Code.UNKNOWN, self.request.url, error)))
                    self.context.engine.post_eager(self.pump)
                    raise
                finally:
                    self._door.release()

    @property
    def waits_for_delegate(self) -> bool:
        """Whether a callback is out, or a question not answered yet; the exchange's events wait for it."""
        return self._busy is not None

    def _turn(self) -> None:
        control, incoming = self._control, self._incoming
        while True:
            if control:
                control.popleft()()
            elif self._busy is not None or self._suspensions:      # events of the exchange wait
                break
            elif self._postponed:
                self._send(None)
            elif self._pieces is not None:
                self._next_piece()
            elif incoming:
                flow, event, payload = incoming.popleft()
                if flow is not self._flow:
                    continue                     # of an exchange that was given up
                flow.consumed += self._taken     # what was handed out is consumed now that the load goes on
                self._taken = 0
                self._take(event, payload)
            else:
                break
        self._adjust()

    # callbacks ------------------------------------------------------------------------------------------------
    def method(self, name: str) -> Method | None:
        """The delegate method to call: the task's own delegate is asked first, method by method (I23)."""
        if self._methods is not None and (found := self._methods.get(name)) is not None:
            return found
        return self.context.methods.get(name)

    def call(self, name: str, *arguments: Any, answered: Callable[..., None] | None = None) -> bool:
        """Post the callback `name` about this task; the exchange's events wait for it. False: no delegate has it.

        `answered` takes what a question is answered with, in a turn of this load; what it raises ends the load.
        """
        method = self.method(name)
        return method is not None and self._post(method, (self.task, *arguments), answered)

    def _post(self, method: Method, arguments: tuple[Any, ...], answered: Callable[..., None] | None) -> bool:
        token = self._busy = object()
        self.context.queue.submit(partial(self._perform, method, arguments, token, answered), self.context.engine)
        return True

    def _perform(self, method: Method, arguments: tuple[Any, ...], token: object, answered: Callable[..., None] | None) -> Any:
        """On the delegate queue: call the method unless the task was ended meanwhile (a cancelled task delivers nothing)."""
        if self._busy is not token or self.phase >= Phase.COMPLETING or self._cancelled:
            return None
        if trace.current is not None:
            trace.current.callbacks.append(trace.Callback(method.name, self.task, arguments))
        if self.phase is Phase.CHALLENGED:      # who is asked for a credential keeps a peer waiting, at work or not
            self._ponder(token)
        try:
            if method.takes_handler:
                method.call(self.context.session, *arguments, _Handler(self, method.name, token, answered))
                self._ponder(token)
                return None
            value = method.call(self.context.session, *arguments)
        except BaseException as error:
            self.crashed(method.name, error)
            return None
        if inspect.iscoroutine(value):
            self._ponder(token)
            return self._finish(value, method.name, token, answered)
        self._answer(token, answered, value if isinstance(value, tuple) else (value,))
        return None

    def _ponder(self, token: object) -> None:
        """From now on it is the delegate who lets the load wait, and neither its queue nor its work."""
        self._last = self.context.engine.clock.now()
        self._pondered = token

    async def _finish(self, coroutine: Any, name: str, token: object, answered: Callable[..., None] | None) -> None:
        try:
            value = await coroutine
        except BaseException as error:
            self.crashed(name, error)
        else:
            self._answer(token, answered, value if isinstance(value, tuple) else (value,))

    def crashed(self, name: str, error: BaseException) -> None:
        """A delegate's exception is reported, and ends its task."""
        work.report(f"the delegate's {name} of {self.task!r}")
        self.fail(Event.FAILED, url_error(Code.UNKNOWN, self.request.url, error))

    def hold(self) -> object:
        """Take no further events of the exchange until `go_on` with what this returns. In a turn of this load."""
        token = self._busy = object()
        return token

    def go_on(self, token: object) -> None:
        """End `hold`; on any thread."""
        self._answer(token, None, ())

    def _answer(self, token: object, answered: Callable[..., None] | None, values: tuple[Any, ...]) -> None:
        """The callback `token` is over; on any thread."""
        self._control.append(partial(self._answered, token, answered, values))
        self.pump()

    def _answered(self, token: object, answered: Callable[..., None] | None, values: tuple[Any, ...]) -> None:
        if self._busy is not token:         # the load went on without it
            return
        self._busy = None
        self._last = self.context.engine.clock.now()
        if answered is not None:
            answered(*values)


class _Handler:
    """The completion handler of a question: to be called once, from any thread."""

    __slots__ = ("_answered", "_load", "_name", "_token")

    def __init__(self, load: Turns, name: str, token: object, answered: Callable[..., None] | None) -> None:
        self._load: Turns | None = load
        self._name, self._token, self._answered = name, token, answered

    def __call__(self, *values: Any) -> None:
        load, self._load = self._load, None
        if load is None:
            raise GenericException(f"the completion handler of {self._name} was called twice")
        load._answer(self._token, self._answered, values)


def _look() -> None:
    """Nothing to do but to adjust."""
