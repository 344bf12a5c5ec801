"""Who is alive, where it was made and whose it is.

A session is held here until it is invalidated (Apple: the session object keeps a strong reference to its delegate
until your app exits or invalidates the session), so no garbage collection ever hides a leak. A creation site is a
handful of (code object, instruction) pairs: cheap to take always, resolved to lines only when somebody asks.
"""
from __future__ import annotations

import linecache
import sys
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple

_HERE = str(Path(__file__).resolve().parent)
_FRAMES = 8


class Line(NamedTuple):
    """One resolved frame of a creation site."""

    file: str
    line: int
    function: str
    text: str


class Site:
    """Where something was made: the innermost frames outside this package."""

    __slots__ = ("_frames",)

    def __init__(self) -> None:
        frame = sys._getframe(1)
        while frame.f_back is not None and frame.f_code.co_filename.startswith(_HERE):
            frame = frame.f_back
        frames: list[tuple[CodeType, int]] = []
        walker = frame
        for _ in range(_FRAMES):
            frames.append((walker.f_code, walker.f_lasti))
            if walker.f_back is None:
                break
            walker = walker.f_back
        self._frames = frames

    def lines(self) -> Iterator[Line]:
        """The frames, innermost first."""
        for code, instruction in self._frames:
            number = code.co_firstlineno
            for start, end, line in code.co_lines():
                if start <= instruction < end and line is not None:
                    number = line
            text = linecache.getline(code.co_filename, number).strip()
            yield Line(code.co_filename, number, code.co_name, text)

    def __str__(self) -> str:
        first = next(self.lines())
        return f"{first.file}:{first.line} in {first.function}"


class Scope:
    """An owner of sessions and tasks: a test, a fixture, a block. The innermost open one owns what is made."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<Scope {self.name}>"

    def __enter__(self) -> Scope:
        _scopes.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        adopt_threads(self)
        _scopes.remove(self)


_scopes: list[Scope] = []
_thread_scopes: weakref.WeakKeyDictionary[threading.Thread, Scope] = weakref.WeakKeyDictionary()


def adopt_threads(scope: Scope) -> None:
    """Threads that run now and belong to nobody yet were started in `scope`, and what they make later is its own."""
    for thread in threading.enumerate():
        if thread is not threading.main_thread() and thread not in _thread_scopes:
            _thread_scopes[thread] = scope


def current_scope() -> Scope | None:
    """The owner of what this thread makes now: the scope that started the thread, else the innermost open one."""
    if _thread_scopes and (scope := _thread_scopes.get(threading.current_thread())) is not None:
        return scope
    return _scopes[-1] if _scopes else None


sessions: dict[int, Any] = {}    # every session that is not invalid yet, by its number, in order of creation
