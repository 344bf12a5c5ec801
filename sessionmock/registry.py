"""Who is alive, where it was made and whose it is.

A session is held here until it is invalidated (Apple: the session object keeps a strong reference to its delegate
until your app exits or invalidates the session), so no garbage collection ever hides a leak. A creation site is a
handful of (code object, instruction) pairs: cheap to take always, resolved to lines only when somebody asks.
"""
from __future__ import annotations

import linecache
import os
import sys
import threading
import weakref
from collections.abc import Callable, Hashable, Iterator
from contextvars import ContextVar
from types import CodeType
from typing import Any, NamedTuple, Self

from .clock import SystemClock
from .errors import UnmatchedRequest
from .history import Escaped, History
from .patches import Patch, Target
from .user_code import is_meant

_HERE = os.path.dirname(__file__) + os.sep
_FRAMES = 8
OWN_THREADS = "sessionmock-"    # how the names of this package's threads begin: they work for whoever asks
_MAY_BE_CHECKS = (AssertionError, BaseExceptionGroup, TypeError)      # of exceptions; what is no Exception may be one too, as pytest's
_main = threading.main_thread()


class Line(NamedTuple):
    """One resolved frame of a creation site."""

    file: str
    line: int
    function: str
    text: str


class Site:
    """Where something was made: the innermost frames outside this package, and the thread."""

    __slots__ = ("_frames", "_thread")

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
        self._thread = threading.current_thread()

    @property
    def key(self) -> Hashable:
        """The same for whatever is made at the same lines."""
        return tuple(self._frames)

    @property
    def thread(self) -> str:
        """The name of the thread; "" for the main one."""
        return "" if self._thread is _main else self._thread.name

    def lines(self) -> Iterator[Line]:
        """The frames, innermost first, without those that ask to be hidden (`__tracebackhide__`, as in pytest)."""
        for code, instruction in self._frames:
            if "__tracebackhide__" in code.co_varnames:
                continue
            number = code.co_firstlineno
            for start, end, line in code.co_lines():
                if start <= instruction < end and line is not None:
                    number = line
            text = linecache.getline(code.co_filename, number).strip()
            yield Line(code.co_filename, number, code.co_name, text)

    def __str__(self) -> str:
        first = next(self.lines(), None)
        return "an unknown place" if first is None else f"{first.file}:{first.line} in {first.function}"


class Scope:
    """An owner of sessions and tasks: a test, a fixture, a block. The innermost open one owns what is made."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.outer: Scope | None = None     # the one that was open when this one was opened
        self.over = False                   # it was judged: what it still comes to own is the outer one's to answer for
        self.held: dict[Any, None] = {}     # what it answers for and what has not ended, in order of creation
        self.history: History | None = None     # what happens to what it owns; None: nobody looks
        self.faults: tuple[Any, ...] | None = None      # in force for what it owns (`faults.armed.Faults`); None: those of the scope around it
        self.raised: list[BaseException] = []   # by the user's code for what it owns, where it has a history

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    @property
    def is_open(self) -> bool:
        """Whether it owns what is made now, or an inner one does."""
        return self in _scopes

    def hold(self, made: Any) -> None:
        """Answer for `made` until it is let go. Where this scope was judged already, the one around it answers."""
        self.held[made] = None
        if self.over:                       # asked afterwards: it may be judged on another thread just now
            self.held.pop(made, None)
            if self.outer is not None:
                self.outer.hold(made)

    def let_go(self, made: Any) -> None:
        """`made` has ended: whoever answers for it, this one or one around it, holds it no longer."""
        if made in self.held:
            self.held.pop(made, None)
        elif self.outer is not None:
            self.outer.let_go(made)

    def open(self) -> None:
        """Own what is made from now on. What threads of before make stays with whoever started them."""
        _threads.__enter__()
        self.outer = _scopes[-1] if _scopes else None
        adopt_threads(self.outer)
        _scopes.append(self)
        _here.set(self)

    def close(self) -> None:
        """Own nothing more, but what the threads make that were started meanwhile. Does nothing to a scope that is not open."""
        if self in _scopes:
            adopt_threads(self)
            _scopes.remove(self)
            _here.set(_scopes[-1] if _scopes else None)
            _threads.__exit__()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def raised(made: Any, error: BaseException | None) -> None:
    """Code of the user's has raised `error` while it was called for `made`, or for nobody known. Where it may be a check that has
    failed, or a call with too many or too few arguments, it is noted by who answers for `made`, and looks. (A request that nothing
    answers is noted as a miss, and what a fault raises is meant.)"""
    may_be_check = isinstance(error, _MAY_BE_CHECKS) or not isinstance(error, Exception)
    if error is None or not may_be_check or isinstance(error, UnmatchedRequest) or is_meant(error):
        return
    scope = getattr(made, "_scope", None) or current_scope()
    while scope is not None and (scope.over or scope.history is None):
        scope = scope.outer
    if scope is not None and not any(known is error for known in scope.raised):
        scope.raised.append(error)


def escaped(made: Any, where: str, error: BaseException, *, of_user: bool) -> None:
    """`error` reaches nobody but `threading.excepthook`. Where it concerns `made`, and somebody looks at what happens, that is written
    down."""
    scope = getattr(made, "_scope", None) or current_scope()
    while scope is not None and scope.history is None:
        scope = scope.outer
    if scope is not None and scope.history is not None and Escaped in scope.history.kinds:
        task = made if hasattr(made, "_life") else None
        scope.history.add(scope.history.clock or SystemClock(), Escaped, task, where, error, of_user)


_scopes: list[Scope] = []
_here: ContextVar[Scope | None] = ContextVar("sessionmock_scope", default=None)
_thread_scopes: weakref.WeakKeyDictionary[threading.Thread, Scope | None] = weakref.WeakKeyDictionary()


def adopt_threads(scope: Scope | None) -> None:
    """Threads that run now and belong to nobody yet were started in `scope`, and what they make later is its own."""
    here = threading.current_thread()
    for thread in threading.enumerate():
        if not (thread is here or thread is _main or thread in _thread_scopes or thread.name.startswith(OWN_THREADS)):
            _thread_scopes[thread] = scope


def started_in(thread: threading.Thread) -> Scope | None:
    """The scope that `thread` was started in; None where nobody knows."""
    return _thread_scopes.get(thread)


def current_scope() -> Scope | None:
    """The owner of what is made here now. On the main thread it is the innermost open scope; on another the one that sent
    its context along, as `asyncio.to_thread` does, while it is open, else the one that the thread was started in."""
    thread = threading.current_thread()
    if thread is not _main:
        here = _here.get()
        if here in _scopes:
            return here
        if thread in _thread_scopes:
            return _thread_scopes[thread]
    return _scopes[-1] if _scopes else None


def _started(original: Callable[[threading.Thread], None]) -> Callable[[threading.Thread], None]:
    def start(self: threading.Thread) -> None:
        """A thread belongs to whoever starts it, which may be another thread, as a server's of a wide fixture."""
        if not self.name.startswith(OWN_THREADS):
            _thread_scopes[self] = current_scope()
        original(self)

    return start


_threads = Patch(lambda: (Target(threading.Thread, "start", _started),))


sessions: dict[int, Any] = {}    # every session that is not invalid yet, by its number, in order of creation
