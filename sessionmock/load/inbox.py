"""The inbox of a load: it takes its events one at a time, on whichever thread brings them.

Who finds the door open goes in; others leave their event for whoever is inside. Callbacks never run in there: they are
posted to the delegate queue, and while one is out, or the task is suspended, the exchange's events wait.
"""
from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, ClassVar, Protocol

from ..core.machine import Effect, Event, Machine, Phase
from ..engine import work
from ..engine.interrupts import shield
from ..engine.protocol import Engine
from ..errors import Code, URLError
from .sink import LoadSink

_count = threading.Lock()    # guards every task's suspend count: held for two statements at most


def _forked() -> None:
    """In the child: whoever held the lock is not there to let go of it."""
    global _count
    _count = threading.Lock()


os.register_at_fork(after_in_child=_forked)


class Owner(Protocol):
    """Whose inbox it is. Every method is called in a turn, one at a time."""

    effects: ClassVar[Mapping[Effect, Callable[[Any, Any], None]]]
    """What the table asks for: each takes the owner, and what the event brought."""

    def take(self, event: Event, payload: Any) -> None:
        """An event of the present exchange."""

    def fall_silent(self) -> None:
        """Nothing has moved for as long as the request allows (I16)."""

    def next_piece(self) -> None:
        """Hand out the next of the pieces that lie ahead."""

    def adjust(self) -> None:
        """What follows from where the load is after a turn."""

    def failure(self, code: Code, cause: BaseException | None = None) -> URLError:
        """An error about the present request."""

    def crash(self, error: BaseException) -> URLError:
        """A turn has raised `error`: report it. What the load fails with for it."""


class _Nobody:
    """The owner of an inbox whose load has ended: what still comes changes nothing."""

    effects: ClassVar[Mapping[Effect, Callable[[Any, Any], None]]] = {effect: lambda owner, payload: None for effect in Effect}

    def take(self, event: Event, payload: Any) -> None: ...

    def next_piece(self) -> None: ...

    adjust = fall_silent = next_piece

    def failure(self, code: Code, cause: BaseException | None = None) -> URLError:
        return URLError(code)

    def crash(self, error: BaseException) -> URLError:
        work.report("a load that has ended", ours=True)
        return URLError(Code.UNKNOWN)


_NOBODY = _Nobody()


class Inbox:
    """Takes instructions at once, and events of the present exchange while the machine's gate is open."""

    __slots__ = ("_control", "_door", "_engine", "_incoming", "ahead", "machine", "moved_at", "owner", "postponed", "sink")

    def __init__(self, owner: Owner, engine: Engine) -> None:
        self.owner = owner
        self.machine = Machine()
        self._engine = engine
        self._door = threading.Lock()
        self._control: deque[Callable[[], None]] = deque()
        self._incoming: deque[tuple[LoadSink, Event, Any]] = deque()
        self.sink: LoadSink | None = None              # of the exchange whose events count
        self.ahead: Iterator[bytes] | None = None      # pieces of a body, decoded, that come before further events
        self.postponed: Callable[[], None] | None = None    # what comes next of the load itself, before further events
        self.moved_at = 0                              # when something last moved

    # from outside -------------------------------------------------------------------------------------------------
    def resume(self) -> None:
        """Undo one suspension."""
        with shield:
            with _count:
                started = self.machine.resume()
            if started:
                self._control.append(partial(self.meet, Event.RESUMED))
                self._run()

    def suspend(self) -> None:
        """Shut the gate until as many `resume()`."""
        with _count:
            self.machine.suspend()
        self.nudge()

    def fail(self, event: Event, error: URLError) -> None:
        """End the load with `error`, unless it has ended."""
        with shield:
            if event is Event.CANCELLED:
                self.machine.cancel()
            self._control.append(partial(self.meet, event, error))
            self._run()

    def instruct(self, call: Callable[[], None]) -> None:
        """Make `call` in a turn."""
        self._control.append(call)
        self.pump()

    def nudge(self) -> None:
        """Look again: a count has changed."""
        self._control.append(_look)
        self.pump()

    def bring(self, sink: LoadSink, event: Event, payload: Any) -> None:
        """An event of the exchange of `sink`."""
        self.moved_at = self._engine.clock.now()
        self._incoming.append((sink, event, payload))
        if not sink.corked:
            self.pump()

    def put(self, sink: LoadSink, event: Event, payload: Any) -> None:
        """An event of the exchange of `sink`, in a turn: it is taken when what came before was."""
        self._incoming.append((sink, event, payload))

    def put_back(self, event: Event, payload: Any) -> None:
        """An event of the present exchange that is to be taken again, before any other."""
        assert self.sink is not None
        self._incoming.appendleft((self.sink, event, payload))

    def moved(self) -> None:
        """The exchange is alive: the idle timer starts again (I16)."""
        self.moved_at = self._engine.clock.now()

    def pump(self) -> None:
        """Take every event that can be taken now, unless somebody is at it: who is inside looks again after leaving."""
        if not self._door.locked():
            with shield:
                self._run()

    def _run(self) -> None:
        machine = self.machine
        while (self._control or (machine.question is None and not machine.suspensions and (self._incoming or self.ahead))) and (
                self._door.acquire(blocking=False)):
            try:
                self._turn()
            except BaseException as error:      # of user code: who brought the event has no part in it
                self._control.append(partial(self._end_by, self.owner.crash(error)))
            finally:
                self._door.release()

    # in a turn ----------------------------------------------------------------------------------------------------
    def postpone(self, call: Callable[[], None]) -> None:
        """Make `call` next, or where the task is suspended, when it is resumed; never where it ends before."""
        self.postponed = call

    def _turn(self) -> None:
        control, incoming, machine, owner = self._control, self._incoming, self.machine, self.owner
        while True:
            if control:
                control.popleft()()
            elif machine.question is not None or machine.suspensions:      # events of the exchange wait
                break
            elif self.postponed is not None:
                call, self.postponed = self.postponed, None
                call()
            elif self.ahead is not None:
                owner.next_piece()
            elif incoming:
                sink, event, payload = incoming.popleft()
                if sink is not self.sink:
                    continue                     # of an exchange that was given up
                if sink.taken:
                    sink.consume()               # what was handed out is consumed now that the load goes on
                owner.take(event, payload)
            else:
                break
        owner.adjust()

    def meet(self, event: Event, payload: Any = None) -> None:
        """Make the transition for `event`."""
        for effect in self.machine.meet(event):
            owner = self.owner
            owner.effects[effect](owner, payload)

    def _end_by(self, failure: URLError) -> None:
        """End the load with `failure`, also where the outcome was about to be fixed and came not to it."""
        if self.machine.phase < Phase.COMPLETING:
            self.meet(Event.FAILED, failure)
        else:
            self.owner.effects[Effect.FAIL](self.owner, failure)

    def call_off(self) -> None:
        """The delegate has cancelled the task."""
        self.machine.cancel()
        self.meet(Event.CANCELLED, self.owner.failure(Code.CANCELLED))

    def settle(self) -> None:
        """The outcome is fixed: nothing of the exchange counts any more."""
        self.machine.question = self.sink = self.ahead = self.postponed = None
        self._incoming.clear()

    def leave(self) -> None:
        """The load has ended: nothing holds its owner any more."""
        self.owner = _NOBODY

    def orphan(self) -> None:
        """In a forked child: whoever was inside is not there."""
        self._door = threading.Lock()


def _look() -> None:
    """Nothing to do but to adjust."""
