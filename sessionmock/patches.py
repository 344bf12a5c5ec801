"""Attributes of other people's classes, replaced while somebody wants it, and put back as they were."""
from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, NamedTuple

_ABSENT: Any = object()      # the attribute is inherited
_own: ContextVar[bool] = ContextVar("sessionmock_own_traffic", default=False)


@contextmanager
def own_traffic() -> Iterator[None]:
    """What is sent in this block is sent for a route: no patch asks about it again."""
    before = _own.get()
    _own.set(True)
    try:
        yield
    finally:
        _own.set(before)


def is_own_traffic() -> bool:
    """Whether what runs here sends for a route."""
    return _own.get()


class Target(NamedTuple):
    """An attribute and what replaces it: `wrap` is given the value found there."""

    owner: Any
    name: str
    wrap: Callable[[Any], Any]


class _Standing(NamedTuple):
    owner: Any
    name: str
    before: Any              # `_ABSENT` where the owner itself had none
    ours: Any


class Patch:
    """A context manager that any number of threads may be inside of: the first one in replaces, the last one out restores.

    Who replaced the same attribute meanwhile keeps it: ours stays below and passes on what it is given, until the other
    one restores it; it is found again then, not wrapped again.
    """

    def __init__(self, targets: Callable[[], Iterable[Target]]) -> None:
        self._targets = targets
        self._lock = threading.Lock()
        self._count = 0
        self._standing: list[_Standing] = []

    def __enter__(self) -> None:
        with self._lock:
            if not self._count:
                below = {id(standing.ours): standing for standing in self._standing}
                self._standing = [self._replace(target, below) for target in self._targets()]
            self._count += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._count -= 1
            if not self._count:
                self._standing = [standing for standing in reversed(self._standing) if not self._restore(standing)]

    def _replace(self, target: Target, below: dict[int, _Standing]) -> _Standing:
        owner, name, wrap = target
        found = vars(owner).get(name, _ABSENT)
        if (standing := below.get(id(found))) is not None:
            return standing
        current = getattr(owner, name)
        ours = wraps(current)(wrap(current))
        setattr(owner, name, ours)
        return _Standing(owner, name, found, ours)

    def _restore(self, standing: _Standing) -> bool:
        owner, name, before, ours = standing
        if vars(owner).get(name, _ABSENT) is not ours:
            return False
        if before is _ABSENT:
            delattr(owner, name)
        else:
            setattr(owner, name, before)
        return True
