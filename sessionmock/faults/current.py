"""Which faults are in force where a task is created."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from .armed import Faults

_here: ContextVar[tuple[Faults, ...]] = ContextVar("sessionmock_faults", default=())
_everywhere: list[Faults] = []


@contextmanager
def use_faults(faults: Faults, *, everywhere: bool = False) -> Iterator[Faults]:
    """Tasks created, and requests of plain clients sent, in this block meet `faults`; with `everywhere`, those of all threads."""
    if everywhere:
        _everywhere.append(faults)
        try:
            yield faults
        finally:
            _everywhere.remove(faults)
    else:
        token = _here.set((*_here.get(), faults))
        try:
            yield faults
        finally:
            _here.reset(token)


def current_faults() -> tuple[Faults, ...]:
    """The faults in force here."""
    here = _here.get()
    return (*_everywhere, *here) if _everywhere else here
