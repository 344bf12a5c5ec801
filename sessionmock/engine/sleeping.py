"""Sleeps of code under test that pass in virtual time: `time.sleep`, `asyncio.sleep` and `trio.sleep`, for who asked for it.

The functions are replaced wherever a module holds them, under whatever name, while anybody wants it; each asks at its call
whether it is meant. It is in the context that asked, in those that were copied from it, and on the thread that asked. All
other threads and tests sleep in real time, and nothing else of these modules is touched.
"""
from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextvars import ContextVar
from types import ModuleType
from typing import Any

from ..clock import nanoseconds, sleeps
from ..latch import Latch
from ..patches import Patch, Target
from .virtual import VirtualEngine

_here: ContextVar[PatchedSleep | None] = ContextVar("sessionmock_sleep", default=None)
_on: list[PatchedSleep] = []        # those in force, of all threads


class PatchedSleep:
    """Sleeps pass in the time of `engine` from now on, until `stop()`, or the end of a `with` block of this."""

    def __init__(self, engine: VirtualEngine) -> None:
        self.engine = engine
        self.thread = threading.get_ident()
        self.outer = _here.get()
        _replaced.__enter__()
        _on.append(self)
        _here.set(self)

    def stop(self) -> None:
        """Sleeps take their time again. A second call does nothing."""
        if self in _on:
            _on.remove(self)
            if _here.get() is self:
                _here.set(self.outer)
            _replaced.__exit__()

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None:
        self.stop()


def _engine_for(seconds: object) -> VirtualEngine | None:
    """In whose time a sleep of `seconds` passes here; None for real time, which also has those that are no sleeps, or have no end."""
    if not isinstance(seconds, int | float) or not 0 < seconds < math.inf:
        return None
    asked = _here.get()
    while asked is not None and asked not in _on:
        asked = asked.outer
    if asked is None:
        thread = threading.get_ident()
        asked = next((one for one in reversed(_on) if one.thread == thread), None)
    return None if asked is None else asked.engine


def _blocking(original: Callable[[Any], None]) -> Callable[[Any], None]:
    def sleep(seconds: Any, /) -> None:
        engine = _engine_for(seconds)
        if engine is None:
            original(seconds)
        else:
            engine.wait(Latch(), engine.clock.now() + nanoseconds(seconds))

    return sleep


def _awaited(original: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., Coroutine[Any, Any, Any]]:
    async def sleep(delay: Any, *result: Any, **named: Any) -> Any:
        engine = _engine_for(delay)
        if engine is None:
            return await original(delay, *result, **named)
        over = Latch()
        timer = engine.clock.call_at(engine.clock.now() + nanoseconds(delay), over.set)
        try:
            await engine.ended(over)
        finally:
            timer.cancel()
        return await original(0, *result, **named)

    return sleep


def _holders() -> Iterator[Target]:
    """Every module that holds a sleep: its own, and those that took a copy by `from time import sleep`."""
    wraps = {id(sleep): _awaited if is_coroutine else _blocking for sleep, is_coroutine in sleeps()}
    for module in list(sys.modules.values()):
        if isinstance(module, ModuleType):
            yield from (Target(module, name, wraps[id(held)]) for name, held in list(vars(module).items()) if id(held) in wraps)


_replaced = Patch(_holders)
