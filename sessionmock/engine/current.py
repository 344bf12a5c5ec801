"""Which engine is in force: the process's own, or that of a block in virtual time."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Protocol

from ..models.settings import instance, optional
from .loop import engine
from .protocol import Engine
from .virtual_clock import VirtualClock

_here: ContextVar[Engine | None] = ContextVar("sessionmock_engine", default=None)
_everywhere: list[Engine] = []


class Lasting(Protocol):
    """What was made under the process's own engine, and goes on under whichever is in force everywhere."""

    def hindrance(self) -> str:
        """What of the present scope is on its way in real time; "" for nothing."""

    def go_over(self, engine: Engine) -> None:
        """Go on under `engine`, unless something is on its way."""


lasting: list[Callable[[], Iterator[Lasting]]] = []
"""Who knows such things."""


def own_engine() -> Engine:
    """The engine that what is made here belongs to: that of the block around, else the process's own, whatever is in force everywhere."""
    return _here.get() or engine


def engine_of(own: Engine) -> Engine:
    """The engine that what belongs to `own` is used under now."""
    return _everywhere[-1] if _everywhere and own is engine else own


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
    next timer. Callbacks are made by whoever waits, in the order of time (docs/time.md). Answers must come from a script or a
    cassette: a live server knows no virtual time.

    `clock` may be one that was in force before, whose time goes on. The block holds in the context that it was opened in. With
    `everywhere` it holds on all threads that are in no such block of their own, and takes along the sessions and transports that were
    made before it, until it ends; RuntimeError where a task of the caller's is on its way in real time.
    """
    clock = optional(instance(VirtualClock)).of("virtual_time(clock)", clock) or VirtualClock()
    if everywhere and (hindrances := [words for one in _all_lasting() if (words := one.hindrance())]):
        raise RuntimeError("\n  ".join(("virtual time cannot begin here, for this is on its way in real time:", *hindrances)))
    with clock._in_force(), _everywhere_in(clock._engine) if everywhere else _here_in(clock._engine):
        yield clock


@contextmanager
def real_time() -> Iterator[None]:
    """In this block the virtual time that is in force everywhere is not: what is used in it lives in real time."""
    with _everywhere_in(engine):
        yield


@contextmanager
def _here_in(engine: Engine) -> Iterator[None]:
    token = _here.set(engine)
    try:
        yield
    finally:
        _here.reset(token)


@contextmanager
def _everywhere_in(other: Engine) -> Iterator[None]:
    _everywhere.append(other)
    _go_over()
    try:
        yield
    finally:
        _everywhere.remove(other)
        _go_over()


def _all_lasting() -> list[Lasting]:
    return [one for known in lasting for one in known()]


def _go_over() -> None:
    for one in _all_lasting():
        one.go_over(engine_of(engine))
