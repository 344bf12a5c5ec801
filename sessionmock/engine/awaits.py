"""Waiting in a coroutine for something that another thread brings about, on asyncio or trio."""
from __future__ import annotations

import asyncio
import os
import sys
from collections import deque
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary, ref

from .protocol import Waitable


def in_event_loop() -> bool:
    """Whether a loop of asyncio or trio would stand still while this thread waits."""
    trio = sys.modules.get("trio")
    return asyncio._get_running_loop() is not None or (trio is not None and trio.lowlevel.in_trio_run())


async def ended(latch: Waitable) -> None:
    """Wait for `latch` on whatever loop runs here: asyncio's or trio's."""
    trio = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_task():
        event = trio.Event()
        token = trio.lowlevel.current_trio_token()
        latch.tell(partial(_wake_trio, token, event, os.getpid()))
        await event.wait()
        return
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    bell = _bells.get(loop)
    if bell is None:
        bell = _bells[loop] = _Bell(loop)
    latch.tell(partial(bell.ring, future))
    await future


def _wake_trio(token: Any, event: Any, process: int) -> None:
    import trio
    if os.getpid() != process:          # in a forked child the token's lock may be one that nobody lets go of
        return
    try:
        token.run_sync_soon(event.set)
    except trio.RunFinishedError:       # nobody is there to be woken
        pass


class _Bell:
    """Wakes one asyncio loop from other threads, once for all that has come since it last looked."""

    __slots__ = ("_futures", "_loop", "_rung")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = ref(loop)          # which holds the bell, and not the other way round
        self._futures: deque[asyncio.Future[None]] = deque()
        self._rung = False

    def ring(self, future: asyncio.Future[None]) -> None:
        """What the coroutine behind `future` waits for has happened; on any thread."""
        self._futures.append(future)
        if not self._rung:
            self._rung = True
            try:
                if (loop := self._loop()) is not None:
                    loop.call_soon_threadsafe(self._answer)
            except RuntimeError:        # the loop is closed, and nobody waits there any more
                self._futures.clear()

    def _answer(self) -> None:
        self._rung = False              # before looking: what comes after rings again
        while self._futures:
            future = self._futures.popleft()
            if not future.done():
                future.set_result(None)


_bells: WeakKeyDictionary[asyncio.AbstractEventLoop, _Bell] = WeakKeyDictionary()
