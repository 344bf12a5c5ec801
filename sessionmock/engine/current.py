"""Which engine is in force: the process's own, or that of a block in virtual time."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from ..clock import VirtualClock
from ..models.settings import instance, optional
from .loop import engine
from .protocol import Engine
from .virtual import VirtualEngine

_current: ContextVar[Engine] = ContextVar("sessionmock_engine", default=engine)


def current_engine() -> Engine:
    """The engine of sessions made here."""
    return _current.get()


def current_date() -> datetime:
    """The date where nobody says another: the wall clock's, and in a block in virtual time that of its clock."""
    return _current.get().clock.date()


@contextmanager
def virtual_time(clock: VirtualClock | None = None) -> Iterator[VirtualClock]:
    """Sessions made in this block live in virtual time: it stands still until somebody waits, and then jumps to the
    next timer. No thread runs for them; callbacks are made by whoever waits, in the order of time. Answers must come
    from a script or a cassette: a live server knows no virtual time."""
    virtual = VirtualEngine(optional(instance(VirtualClock)).of("virtual_time(clock)", clock))
    token = _current.set(virtual)
    try:
        yield virtual.clock
    finally:
        _current.reset(token)
