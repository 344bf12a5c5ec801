"""Which faults are in force where something begins: those of the block around, and those of the scope that owns it."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ..models.settings import instance
from ..registry import Scope
from .armed import Faults

_here: ContextVar[tuple[Faults, ...]] = ContextVar("sessionmock_faults", default=())
_FAULTS = instance(Faults, "Faults(plan), or what FaultRoute has as `faults`")


@contextmanager
def use_faults(faults: Faults) -> Iterator[Faults]:
    """Tasks created, and requests of plain clients sent, in this block meet `faults` too, on whatever route. It gives
    `faults`. Raises InvalidArgumentException for what are none, as a plan that is not armed (`Faults(plan)`)."""
    token = _here.set((*_here.get(), _FAULTS.of("use_faults(faults)", faults)))
    try:
        yield faults
    finally:
        _here.reset(token)


def faults_of(scope: Scope | None) -> tuple[Faults, ...]:
    """The faults in force for what begins here and belongs to `scope`: those of the innermost scope around it that says so."""
    while scope is not None and scope.faults is None:
        scope = scope.outer
    return _here.get() if scope is None or scope.faults is None else (*scope.faults, *_here.get())
