"""What a program leaves behind when it ends: sessions that were not invalidated and tasks whose handlers never ran, told as
ResourceWarnings at the line that made them, where those are on (`python -W default`, `-X dev`).
"""
from __future__ import annotations

import atexit
import os
import sys
import warnings
from _warnings import warn_explicit
from collections.abc import Callable, Iterator
from typing import Any

from .. import registry
from ..latch import Latch
from ..session import URLSession
from ..tasks import URLSessionTask
from .kinds import kind_of
from .report import Leak

_inherited: set[int] = set()    # sessions that are the parent's to end, in a forked child


class _Left:
    """Something that a program is about to leave behind: told of when the last reference goes, unless it has ended until then."""

    def __init__(self, ended: Latch, leak: Leak) -> None:
        self._ended = ended
        self._text = f"{leak.description}: {leak.remedy}"
        self._place = (leak.lines[0].file, leak.lines[0].line) if leak.lines else ("an unknown place", 1)

    # What it needs is here, and in C: nothing else is there any more.
    def __del__(self, warn: Callable[..., None] = warn_explicit, category: type[Warning] = ResourceWarning,
                look: Callable[..., Any] = getattr) -> None:
        # A session whose end is announced has nothing left but callbacks that nobody waits for.
        if not (self._ended.done or look(self._ended, "announced", False)):
            warn(self._text, category, *self._place)


def _left() -> Iterator[tuple[Latch, URLSession | URLSessionTask]]:
    """What has not ended, with what is set when it has."""
    shared = type(URLSession)._shared
    for session in (*registry.sessions.values(), *(() if shared is None else (shared,))):
        if session._number not in _inherited:
            yield session._invalid, session
            yield from ((task._life.latch, task) for task in session._open())


def _is_told() -> bool:
    """Whether a filter may let ResourceWarnings pass."""
    for action, message, category, module, line in warnings.filters:
        if category in ResourceWarning.__mro__:
            if action != "ignore":
                return True
            if not (message or module or line):
                return False
    return True


def _remember() -> None:
    """The program ends. Functions that were registered with `atexit` before this library was imported, and finalizers, may still end
    what is left; so it is told of when `sys` itself is taken down, after them."""
    if _is_told():
        vars(sys)["_sessionmock_left"] = [
            _Left(ended, kind_of(made).leak(made)) for ended, made in list(_left()) if not kind_of(made).is_over(made)]


atexit.register(_remember)
os.register_at_fork(after_in_child=lambda: _inherited.update(registry.sessions))
