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
from typing import Any

from ..clock import SECOND, SystemClock, VirtualClock, breathe
from ..latch import Condition, Latch
from . import awaits, work
from .protocol import Engine, Waitable

ROUNDS = 4                  # of a loop, between two calls
PAUSE = SECOND // 1000      # between two looks at an operation that is out, in real time

describers: list[Callable[[Engine], Iterable[str]]] = []
"""Who can name tasks that have not ended on an engine: the message of a deadlock says them."""


def _pause(over: Callable[[], None] = lambda: None) -> None:
    """Let `PAUSE` of real time pass on this thread; then call `over`."""
    clock, locked = SystemClock(), threading.Lock()
    locked.acquire()
    clock.park(locked, clock.now() + PAUSE)
    over()


class VirtualOuting:
    """An operation that is out on an asyncio loop: time stands still until it is back."""

    def __init__(self, out: set[VirtualOuting], loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.waiting = 0        # how many of its coroutines await what time brings
        self._out = out         # all that are out
        out.add(self)

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
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

    def __init__(self, clock: VirtualClock | None = None) -> None:
        self.clock: VirtualClock = clock or VirtualClock()
        self.main = VirtualMain(self)
        self._turn = threading.RLock()      # one call at a time, however many threads wait
        self._out: set[VirtualOuting] = set()
        self._awaiting = 0                  # coroutines in `ended`
        self._rounds = 0                    # that they have let pass since the last call, all together

    def post(self, call: Callable[..., None], *arguments: Any) -> None:
        self.clock.call_at(self.clock.now(), call, *arguments)

    post_eager = work = post

    def on_engine(self) -> bool:
        return False

    def enlist(self, eager: bool) -> None: ...

    delist = enlist

    def hasten(self) -> None: ...

    attach = detach = rest = hasten

    # waiting ------------------------------------------------------------------------------------------------------
    def wait(self, latch: Waitable, until: int | None = None) -> bool:
        """Run what is due, and let time pass, until `latch` is done; False when virtual time ran out."""
        while not latch.done:
            if self._stands_still():
                _pause()
            elif not self._go_on(latch, until):
                return latch.done
        return True

    async def ended(self, latch: Waitable) -> None:
        outing = _outing.get()
        self._awaiting += 1
        if outing is not None:
            outing.waiting += 1
        try:
            while not latch.done:
                await breathe()
                self._rounds += 1
                if self._rounds >= ROUNDS * self._awaiting and not latch.done:
                    self._rounds = 0
                    if self._stands_still(awaited=True):
                        paused = Latch()
                        work.pool.submit(_pause, paused.set)    # the loop's own clock may be one that a test has stopped
                        await awaits.ended(paused)
                    else:
                        self._go_on(latch, None)
        finally:
            self._awaiting -= 1
            if outing is not None:
                outing.waiting -= 1

    def watch(self, condition: Callable[[], bool], until: int | None = None) -> bool:
        return self.wait(Condition(condition), until)

    def let_pass(self, duration: int) -> None:
        until = self.clock.now() + duration
        due = True
        while due:
            with self._turn:
                due = self.clock.advance(until)

    def has_to_do(self, span: int) -> bool:
        return bool(self._out)      # all else happens by whoever waits

    def _go_on(self, latch: Waitable, until: int | None) -> bool:
        """Make the next call, unless another thread has set `latch` meanwhile; False where none is due by `until`."""
        with self._turn:
            if latch.done or self.clock.advance(until):
                return True
        if until is None:
            raise self._deadlock("nothing is left to run, and what is waited for has not happened")
        return False

    # operations of queues -----------------------------------------------------------------------------------------
    def repeat(self, step: Callable[..., bool], *arguments: Any) -> None:
        if step(*arguments):
            self.post(self.repeat, step, *arguments)

    def send_out(self, loop: asyncio.AbstractEventLoop) -> VirtualOuting:
        return VirtualOuting(self._out, loop)

    def _stands_still(self, *, awaited: bool = False) -> bool:
        """Whether an operation is out that must come back before time goes on. Raises where it cannot."""
        out = [outing.loop for outing in list(self._out) if not outing.waiting]
        here = None if awaited else asyncio._get_running_loop()
        if out and all(loop is here or not loop.is_running() for loop in out):
            raise self._deadlock(f"an operation waits for {out[0]!r} to run, which waits for it or does not run at all")
        return bool(out)

    def _deadlock(self, why: str) -> RuntimeError:
        left = [name for describe in describers for name in describe(self)]
        return RuntimeError(f"deadlock under the virtual clock: {why}; tasks that have not ended: {', '.join(left) or 'none'}")
