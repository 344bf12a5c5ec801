"""The engine under a virtual clock: no loop and no thread. Whoever waits makes every call, in order of time.

A thread that waits makes one call after the other. A coroutine that awaits lets the loop that it runs on go round a few
times before each call, so that whoever the last one woke goes on before time does. Time also stands still while an
operation is out on somebody's asyncio loop, unless that operation itself awaits what only time brings.
"""
from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable
from contextvars import ContextVar, copy_context
from typing import Any, NamedTuple

from ..clock import SECOND, JumpingClock, SystemClock, breathe
from ..latch import Condition, Latch
from . import awaits, work
from .protocol import Engine, Waitable
from .resting import BLINK, Others, pause
from .waiters import Waiter, Waiters

ROUNDS = 12                 # of a loop, between two calls: whoever was woken, and whoever waits for that one, goes on before time does
PAUSE = SECOND // 1000      # between two looks at an operation that is out, in real time
LOOKS = 2000                # at who was woken on another thread and does not go on, before time does all the same
HOPE = SECOND // 4          # for other threads and coroutines, where nothing is left to run, in real time


class Unfinished(NamedTuple):
    """A task that has not ended on an engine."""

    words: str              # which one, and what it waits for
    is_counted: bool        # whether the engine counts it and it goes nowhere: it was suspended on its way


describers: list[Callable[[Engine], Iterable[Unfinished]]] = []
"""Who knows tasks that have not ended on an engine."""


def _pause(over: Callable[[], None]) -> None:
    """Let `PAUSE` of real time pass on this thread; then call `over`."""
    pause(PAUSE)
    over()


class VirtualOuting:
    """An operation that is out on an asyncio loop: time stands still until it is back."""

    def __init__(self, out: set[VirtualOuting], loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.waiting = 0        # how many of its coroutines await what time brings
        self.name = "an operation"
        self._out = out         # all that are out
        out.add(self)

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        self.name = f"the coroutine {getattr(coroutine, '__qualname__', coroutine)}"
        context = copy_context()
        context.run(_outing.set, self)
        return self.loop.create_task(coroutine, context=context)

    def back(self) -> None:
        self._out.discard(self)


_outing: ContextVar[VirtualOuting | None] = ContextVar("sessionmock_outing", default=None)    # which the code here is part of


class VirtualMain:
    """The main thread is whoever waits: calls for it are made in their turn, as all others."""

    def __init__(self, engine: VirtualEngine) -> None:
        self.add = engine.post
        self._engine = engine

    def run(self) -> None:
        self._engine.watch(lambda: False, self._engine.clock.now())


class VirtualEngine:
    """See the module, and `protocol.Engine` for its methods."""

    def __init__(self, clock: JumpingClock | None = None) -> None:
        self.clock: JumpingClock = clock or JumpingClock()
        self.main = VirtualMain(self)
        self._turn = threading.RLock()      # one call at a time, however many threads wait
        self._out: set[VirtualOuting] = set()
        self._waiters = Waiters()
        self._others = Others()
        self._awaiting = 0                  # coroutines in `ended`
        self._rounds = 0                    # that they have let pass since the last call, all together
        self._is_pausing = False            # one of them lets real time pass, for all
        self._looks = 0                     # in a row, at who was woken on another thread
        self._hopes_since: int | None = None    # when it was first found, in real time, that nothing is left to run
        self._live = 0                      # loads that are driven

    def post(self, call: Callable[..., None], *arguments: Any) -> None:
        self.clock.call_at(self.clock.now(), call, *arguments)

    post_eager = work = post

    def on_engine(self) -> bool:
        return False

    def enlist(self, eager: bool) -> None:
        self._live += 1

    def delist(self, eager: bool) -> None:
        self._live -= 1

    def hasten(self) -> None: ...

    attach = detach = rest = hasten

    # waiting ------------------------------------------------------------------------------------------------------
    def wait(self, latch: Waitable, until: int | None = None) -> bool:
        """Run what is due, and let time pass, until `latch` is done; False when virtual time ran out."""
        if latch.done:
            return True
        if until is None:
            self._wait(latch, None)
            return True
        limit = self.clock.call_at(until, lambda: None)      # whoever else lets time pass, it stops there
        try:
            return self._wait(latch, until)
        finally:
            limit.cancel()

    def _wait(self, latch: Waitable, until: int | None) -> bool:
        def is_late() -> bool:
            return until is not None and until <= self.clock.now()

        with self._waiters.waits(lambda: is_late() or (isinstance(latch, Latch) and latch.done)):
            while not latch.done:
                made = self.clock.made
                if self._stands_still(is_limited=until is not None):
                    pause(PAUSE)
                elif self._others_are_on_their_way():
                    continue
                elif not self._go_on(latch, until, made):
                    if until is not None:
                        return latch.done
                    self._hope(self._others.are_there(self._waiters.threads))
                    pause(PAUSE)
                elif is_late() and not self.clock.has_due():
                    return latch.done
        return True

    async def ended(self, latch: Waitable) -> None:
        if latch.done:
            return
        outing = _outing.get()
        self._awaiting += 1
        if outing is not None:
            outing.waiting += 1
        try:
            with self._waiters.waits(on_loop=True):
                while not latch.done:
                    await self._breathe(latch)
        finally:
            self._awaiting -= 1
            if outing is not None:
                outing.waiting -= 1

    async def _breathe(self, latch: Waitable) -> None:
        """Let the loop that runs here go round; when it has done so often enough, make the next call."""
        await breathe()
        self._rounds += 1
        made = self.clock.made
        if self._rounds < ROUNDS * self._awaiting or self._is_pausing or latch.done:
            return
        if self._stands_still(is_awaited=True):
            await self._pause()
        elif not (self._others_are_on_their_way() or self._go_on(latch, None, made)):
            self._hope(True)
            await self._pause()
        self._rounds = 0

    async def _pause(self) -> None:
        """Let real time pass, for all coroutines that wait. (The loop's own clock may be one that a test has stopped.)"""
        self._is_pausing, paused = True, Latch()
        work.pool.submit(_pause, paused.set)
        try:
            await awaits.ended(paused)
        finally:
            self._is_pausing = False

    def watch(self, condition: Callable[[], bool], until: int | None = None) -> bool:
        return self.wait(Condition(condition), until)

    def let_pass(self, duration: int) -> None:
        until = self.clock.now() + duration
        due = True
        while due:
            with self._turn:
                due = self.clock.advance(until)

    def _run_until_idle(self) -> None:
        """Run what is due, and let time pass, until no load goes on. Timers that no load waits for are left alone."""
        with self._waiters.waits():
            while self._out or self._goes_on():
                if self._stands_still(is_limited=True):
                    pause(PAUSE)
                    continue
                if self._others_are_on_their_way():
                    continue
                with self._turn:
                    if not self.clock.advance(None):
                        return

    def has_to_do(self, span: int) -> bool:
        return bool(self._out)      # all else happens by whoever waits

    def _goes_on(self) -> bool:
        """Whether a call is due, or a load is driven that was not suspended on its way."""
        return self.clock.has_due() or (self._live > 0 and self._live > sum(one.is_counted for one in self._unfinished()))

    def _step(self, *, jumps: bool = False) -> bool:
        """Make the next call, on a thread that does not wait; False where none is due now, or with `jumps` at all, and where an
        operation is out. Who has the turn rests within a call of its own, which goes on by what is made here."""
        if self._stands_still(is_limited=True):
            return False
        has_turn = self._turn.acquire(blocking=False)
        try:
            return self.clock.advance(None if jumps else self.clock.now())
        finally:
            if has_turn:
                self._turn.release()

    def _others_are_on_their_way(self) -> bool:
        """Whether time is about to jump, and others go on before it does: who was woken on another thread, or still does something."""
        if self.clock.has_due():
            return False
        if self._looks < LOOKS and any(self._goes_first(one) for one in self._waiters.elsewhere()):
            self._looks += 1
            pause(BLINK)
            return True
        self._looks = 0                     # in a row, at who was woken on another thread
        return self._others.are_busy(self._waiters.threads)

    def _goes_first(self, one: Waiter) -> bool:
        """Whether `one`, who waits on another thread, was woken and has not gone on; of a coroutine its loop has to go round to say so."""
        return one.is_over() if one.task is None else self._rounds < ROUNDS * self._awaiting

    def _go_on(self, latch: Waitable, until: int | None, made: int) -> bool:
        """Make the next call, unless another thread has set `latch` meanwhile, or makes one, or has since `made` calls were: whoever that one
        woke goes first. False where none is due by `until`."""
        if not self._turn.acquire(blocking=False):
            pause(BLINK)
            return True
        try:
            if latch.done or self.clock.made != made or self.clock.advance(until):
                self._hopes_since = None
                self._rounds = 0
                return True
        finally:
            self._turn.release()
        return False

    def _hope(self, others: bool) -> None:
        """Nothing is left to run. Where there are `others` who may change that, in real time, they get `HOPE`. Raises the deadlock."""
        now = SystemClock().now()
        since = self._hopes_since = now if self._hopes_since is None else self._hopes_since
        if not others or now - since > HOPE:
            self._hopes_since = None
            raise self._deadlock("nothing is left to run, and what is waited for has not happened")

    # operations of queues -----------------------------------------------------------------------------------------
    def repeat(self, step: Callable[..., bool], *arguments: Any) -> None:
        if step(*arguments):
            self.post(self.repeat, step, *arguments)

    def send_out(self, loop: asyncio.AbstractEventLoop) -> VirtualOuting:
        return VirtualOuting(self._out, loop)

    def _stands_still(self, *, is_awaited: bool = False, is_limited: bool = False) -> bool:
        """Whether an operation is out that must come back before time goes on. One that cannot, because its loop stands still itself,
        is a deadlock for who waits without a limit; who `is_limited` waits for none."""
        out = [outing for outing in list(self._out) if not outing.waiting]
        here = None if is_awaited else asyncio._get_running_loop()
        if out and all(outing.loop is here or not outing.loop.is_running() for outing in out):
            if is_limited:
                return False
            raise self._deadlock(f"{out[0].name} waits for {out[0].loop!r} to run, which waits for it or does not run at all")
        return bool(out)

    def _unfinished(self) -> Iterable[Unfinished]:
        return (one for describe in describers for one in describe(self))

    def _deadlock(self, why: str) -> RuntimeError:
        lines = [f"deadlock under the virtual clock at {self.clock.now() / SECOND:g} s: {why}"]
        for title, told in (("who waits", self._waiters.told()), ("tasks that have not ended", [one.words for one in self._unfinished()])):
            lines.append(f"{title}: {'none' if not told else ''}".rstrip())
            lines += [f"  {one}" for one in told]
        return RuntimeError("\n".join(lines))
