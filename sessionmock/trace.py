"""Where what happens is written down, and the view of it that tests ask for: callbacks as they were made, exchanges as they ended.

A history is looked for where a session, a task or an exchange begins: that of the context it begins in (`set_trace`), else
that of the scope that owns it (a test, a fixture, a block: `registry.Scope`), else that of the main thread.
"""
from __future__ import annotations

import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

from .errors import InvalidArgumentException
from .history import Asked, Called, Ended, History
from .registry import Scope, current_scope
from .shown import printed, url

if TYPE_CHECKING:
    from .tasks import URLSessionTask


@printed
class Callback(NamedTuple):
    """One call of a delegate method or completion handler."""

    name: str
    task: URLSessionTask | None          # the task it was about, None for the session's own
    arguments: tuple[Any, ...]


@printed
class ExchangeRecord(NamedTuple):
    """One request and how it was answered."""

    method: str
    url: str
    status: int | None     # None where no response came
    source: str            # "live", "cassette" or "script"
    milliseconds: float
    error: str = ""        # why no response came, or not all of it

    @property
    def shown_url(self) -> str:
        """The URL as reports print it: with pseudonyms in the place of its secrets."""
        return str(url(self.url))


class Trace:
    """A view of a history: callbacks as they were made, exchanges as they ended. Without `history`, of one of its own."""

    def __init__(self, history: History | None = None) -> None:
        self.history = History() if history is None else history

    def __repr__(self) -> str:
        return f"<Trace of {self.history!r}>"

    @property
    def callbacks(self) -> list[Callback]:
        """Every callback, questions and handlers too."""
        return [Callback(one.name, one.task, one.arguments) for one in self.history if isinstance(one, Called | Asked)]

    @property
    def exchanges(self) -> list[ExchangeRecord]:
        """Every exchange that has ended."""
        return [ExchangeRecord(one.method, one.url, one.status, one.source, one.milliseconds, one.error)
                for one in self.history if isinstance(one, Ended) and one.exchange]

    def names(self) -> list[str]:
        """The names of the callbacks, in order."""
        return [callback.name for callback in self.callbacks]


_here: ContextVar[Trace | None] = ContextVar("sessionmock_trace", default=None)
_of_main: list[Trace] = []      # what `set_trace` set on the main thread: threads without an owner are its own


def set_trace(trace: Trace | None) -> Trace | None:
    """Let `trace` collect what begins from now on in this context, and in threads without an owner where this is the main
    thread; returns the one before. What the scope around collects goes there as well. None: it alone collects again."""
    if trace is not None and not isinstance(trace, Trace):
        raise InvalidArgumentException(f"set_trace({trace!r}): it takes a Trace, or None")
    before = _here.get()
    if trace is not None and (around := _of_scope(current_scope())) is not None:
        trace.history.nest(around)
    _here.set(trace)
    if threading.current_thread() is threading.main_thread():
        _of_main[:] = [] if trace is None else [trace]
    return before


def history_of(scope: Scope | None) -> History | None:
    """The history of what begins here and belongs to `scope`; None where nobody looks."""
    if (trace := _here.get()) is not None:
        return trace.history
    found = _of_scope(scope)
    return _of_main[-1].history if found is None and _of_main else found


def _of_scope(scope: Scope | None) -> History | None:
    while scope is not None and scope.history is None:
        scope = scope.outer
    return None if scope is None else scope.history
