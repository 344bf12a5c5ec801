"""V11: what is left when all is over, that was not there before."""
from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from ..clock import SECOND
from ..engine import work
from ..engine.loop import engine as system_engine
from ..engine.virtual import VirtualEngine
from ..load.timeouts import Timeouts
from ..registry import OWN_THREADS
from ..routes.live.link import standing
from .settling import settled

_DESCRIPTORS = "/proc/self/fd"


class Baseline:
    """What there is at one moment: descriptors of sockets and files, threads, connections and counted loads."""

    def __init__(self) -> None:
        self._found = set(_present())

    def beyond(self) -> list[str]:
        """What there is now and was not then, and stays."""
        return sorted(text for text, _ in settled(lambda: list(set(_present()) - self._found)))


def _present() -> Iterator[tuple[str, Any]]:
    """Everything that has to go: in words, and by what tells it from others."""
    loop = system_engine._loop
    own = set()
    for name in ("_ssock", "_csock"):       # by which asyncio wakes the loop, which may be closed at this moment
        with suppress(AttributeError, OSError):
            own.add(f"socket:[{os.fstat(getattr(loop, name).fileno()).st_ino}]")
    for descriptor in os.listdir(_DESCRIPTORS) if os.path.isdir(_DESCRIPTORS) else ():
        try:
            target = os.readlink(f"{_DESCRIPTORS}/{descriptor}")
        except OSError:             # that of the listing itself
            continue
        if (target.startswith("socket:") and target not in own) or "/sessionmock-downloads-" in target:
            yield f"descriptor {descriptor}: {target}", target
    for thread in threading.enumerate():
        if not thread.name.startswith(OWN_THREADS) or (thread.name.startswith(work.NAME) and not work.pool.is_idle(thread)):
            yield f"thread {thread.name}", thread.ident
    for reference in standing.valuerefs():
        yield f"connection {reference()!r}", reference
    if system_engine._live:
        yield f"{system_engine._live} loads that the engine counts", system_engine._live


def timers(engine: Any) -> list[str]:
    """The timers of loads that a virtual clock still has, where the loads are over."""
    if not isinstance(engine, VirtualEngine):
        return []
    return [f"timer of a load at {when / SECOND:g} s" for when, _, timer in list(engine.clock._timers)
            if timer.call is not None and isinstance(getattr(timer.call, "__self__", None), Timeouts)]
