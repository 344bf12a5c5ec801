"""The engine under a virtual clock: no loop and no thread. Whoever waits makes every call, in order of time.

A thread that waits makes one call after the other. A coroutine that awaits lets the loop that it runs on go round a few
times before each call, so that whoever the last one woke goes on before time does. Time also stands still while an
operation is out on somebody's asyncio loop, unless that operation itself awaits what only time brings.
"""
from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextvars import ContextVar, copy_context
from typing import TYPE_CHECKING, Any

from .. import registry
from ..clock import SECOND, SystemClock, VirtualClock, breathe

if TYPE_CHECKING:
    from .loop import Event

ROUNDS = 4                  # of a loop, between two calls
PAUSE = SECOND // 1000      # between two looks at an operation that is out, in real time


class Abroad:
    """An operation that is out on an asyncio loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.waiting = 0    # how many of its coroutines await what time brings


_operation: ContextVar[Abroad | None] = ContextVar("sessionmock_operation", default=None)


class VirtualEngine:
    """See the module. Its methods are the engine's."""

    virtual = True

    def __init__(self, clock: VirtualClock | None = None) -> None:
        self.clock: VirtualClock = clock or VirtualClock()
        self._turn = threading.RLock()      # one call at a time, however many threads wait
        self._abroad: set[Abroad] = set()
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

    def wait(self, latch: Event, until: int | None = None) -> bool:
        """Run what is due, and let time pass, until `latch` is set; False when virtual time ran out."""
        pause = SystemClock()
        while not latch.done:
            if self._stands_still():
                locked = threading.Lock()
                locked.acquire()
                pause.park(locked, pause.now() + PAUSE)
            elif not self._go_on(latch, until):
                return latch.done
        return True

    async def ended(self, latch: Event) -> None:
        """`wait` for a coroutine, on asyncio or trio."""
        operation = _operation.get()
        self._awaiting += 1
        if operation is not None:
            operation.waiting += 1
        try:
            while not latch.done:
                await breathe()
                self._rounds += 1
                if self._rounds >= ROUNDS * self._awaiting and not latch.done:
                    self._rounds = 0
                    if self._stands_still(awaited=True):
                        await breathe(PAUSE)
                    else:
                        self._go_on(latch, None)
        finally:
            self._awaiting -= 1
            if operation is not None:
                operation.waiting -= 1

    def _go_on(self, latch: Event, until: int | None) -> bool:
        """Make the next call, unless another thread has set `latch` meanwhile; False where none is due by `until`."""
        with self._turn:
            if latch.done or self.clock.advance(until):
                return True
        if until is None:
            raise self._deadlock("nothing is left to run, and what is waited for has not happened")
        return False

    # operations on loops ----------------------------------------------------------------------------------------
    def depart(self, loop: asyncio.AbstractEventLoop) -> Abroad:
        """An operation is given to `loop`: time stands still until `arrive`."""
        operation = Abroad(loop)
        self._abroad.add(operation)
        return operation

    def arrive(self, operation: Abroad) -> None:
        """It is over."""
        self._abroad.discard(operation)

    def accompany(self, operation: Abroad, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run `coroutine`, which is (part of) `operation`, on the loop that is running here."""
        context = copy_context()
        context.run(_operation.set, operation)
        return operation.loop.create_task(coroutine, context=context)

    def _stands_still(self, *, awaited: bool = False) -> bool:
        """Whether an operation is out that must come back before time goes on. Raises where it cannot."""
        out = [operation.loop for operation in list(self._abroad) if not operation.waiting]
        here = None if awaited else asyncio._get_running_loop()
        if out and all(loop is here or not loop.is_running() for loop in out):
            raise self._deadlock(f"an operation waits for {out[0]!r} to run, which waits for it or does not run at all")
        return bool(out)

    def _deadlock(self, why: str) -> RuntimeError:
        tasks = [repr(task) for session in list(registry.sessions.values()) if session._context.engine is self for task in session._open()]
        return RuntimeError(f"deadlock under the virtual clock: {why}; tasks that have not ended: {', '.join(tasks) or 'none'}")
