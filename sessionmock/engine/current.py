"""Which engine is in force: the process's own, or that of a block in virtual time."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from ..models.settings import instance, optional
from .loop import engine
from .protocol import Engine
from .virtual_clock import VirtualClock

_here: ContextVar[Engine | None] = ContextVar("sessionmock_engine", default=None)
_everywhere: list[Engine] = []


def current_engine() -> Engine:
    """The engine of sessions made here."""
    here = _here.get()
    if here is None:
        return _everywhere[-1] if _everywhere else engine
    return here


def current_date() -> datetime:
    """The date where nobody says another: the wall clock's, and in a block in virtual time that of its clock."""
    return current_engine().clock.date()


@contextmanager
def virtual_time(clock: VirtualClock | None = None, *, everywhere: bool = False) -> Iterator[VirtualClock]:
    """Sessions and transports made in this block live in virtual time: it stands still until somebody waits, and then jumps to the
    next timer. No thread runs for them; callbacks are made by whoever waits, in the order of time. Answers must come
    from a script or a cassette: a live server knows no virtual time.

    `clock` may be one that was in force before, whose time goes on. The block holds in the context that it was opened in;
    with `everywhere`, on all threads that are in no such block of their own.
    """
    clock = optional(instance(VirtualClock)).of("virtual_time(clock)", clock) or VirtualClock()
    if everywhere:
        _everywhere.append(clock._engine)
        try:
            yield clock
        finally:
            _everywhere.remove(clock._engine)
    else:
        token = _here.set(clock._engine)
        try:
            yield clock
        finally:
            _here.reset(token)
