"""The kinds of things that leak. A kind tells whether a thing is over, what it is and how it was left, and how to mend that.

A new kind of life (a conversation, a transfer in another process) is a class here and a line in `KINDS`; scopes know none
of them.
"""
from __future__ import annotations

import sysconfig
from collections import Counter
from collections.abc import Iterator
from itertools import dropwhile
from typing import Any, NamedTuple, Protocol, TypeVar

from .. import registry, shown
from ..delegates import QUESTIONS
from ..engine.protocol import Engine
from ..engine.virtual import Unfinished, describers
from ..models.enums import TaskState
from ..registry import Site
from ..session import URLSession
from ..tasks import URLSessionTask
from .report import Leak, told_lines

T_contra = TypeVar("T_contra", contravariant=True)

_PACKAGES = (sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))
_NOBODY = "no test or fixture (made while modules were imported)"


class Kind(Protocol[T_contra]):
    """What is to be known of one kind of things."""

    def is_over(self, made: T_contra) -> bool:
        """Whether `made` is no leak: it has ended, or waits for something else, which is to blame."""

    def leak(self, made: T_contra) -> Leak:
        """What there is to say of `made`, which is not over."""


class LifeKind(Kind[T_contra], Protocol[T_contra]):
    """A kind of things that an engine drives, and that can be ended for whoever has left them."""

    def engine(self, made: T_contra) -> Engine:
        """Whose time it takes `made` to end."""

    def goes_on(self, made: T_contra) -> bool:
        """Whether it comes to its end by itself, and not only by code of users."""

    def progress(self, made: T_contra) -> object:
        """What is another thing once `made` has come nearer to its end."""

    def end(self, made: T_contra) -> None:
        """End `made`; on any thread. That may take a while."""

    def has_ended(self, made: T_contra) -> bool:
        """Whether it has."""


class _State(NamedTuple):
    """How something was left."""

    words: str       # what it was: "left running"
    remedy: str


# sessions -----------------------------------------------------------------------------------------------------------
_VALID = _State("never invalidated", "make it by `with URLSession(...) as session:`, or call finish_tasks_and_invalidate() or "
                                     "invalidate_and_cancel()")
_INVALIDATING = _State("invalidated and never became invalid", "let its delegate queue run, and its delegate's callbacks return")


class _Sessions:
    """Sessions live until they are invalid. The shared one is nobody's."""

    def is_over(self, made: URLSession) -> bool:
        return made._is_shared or made._invalid.done or (made._invalid.asked and bool(made._open()))

    def leak(self, made: URLSession) -> Leak:
        described = f" {made.session_description!r}" if made.session_description else ""
        state = _INVALIDATING if made._invalid.asked else _VALID
        counts = Counter(_state_of(task).words for task in made._open())
        tasks = ", ".join(f"{count} {'task' if count == 1 else 'tasks'} {words}" for words, count in counts.items())
        return _leak("session", made, f"URLSession {made._number}{described}", state, tasks)

    def engine(self, made: URLSession) -> Engine:
        return made._context.engine

    def goes_on(self, made: URLSession) -> bool:
        return made._invalid.asked

    def progress(self, made: URLSession) -> object:
        return made._invalid.asked, len(made._open())

    def end(self, made: URLSession) -> None:
        made.invalidate_and_cancel()

    def has_ended(self, made: URLSession) -> bool:
        return made._invalid.done


# tasks --------------------------------------------------------------------------------------------------------------
_NEVER_RESUMED = _State("never resumed", "resume() it, cancel() it, or do not make it")
_SUSPENDED = _State("left suspended", "resume() it as often as it was suspended, or cancel() it")
_RUNNING = _State("left running", "wait for its end (.result(), await, or for its completion handler), or cancel() it")
_UNDELIVERED = _State("left with its end undelivered", "let the delegate queue run: OperationQueue.main is run by .result(), "
                                                       "OperationQueue.main.run() or the main thread's loop")
_UNANSWERED = _State("left waiting", "call the question's completion handler, or return the answer")
_OUT = _State("left waiting", "let the callback return, and what it awaits end")

def _state_of(task: URLSessionTask) -> _State:
    """What a task that has not ended waits for."""
    life = task._life
    if life.never_resumed:
        return _NEVER_RESUMED
    if life.is_over:
        return _UNDELIVERED
    if life.question is not None:
        return _UNANSWERED if life.question in QUESTIONS else _OUT
    return _SUSPENDED if task.state is TaskState.SUSPENDED else _RUNNING


def _more(task: URLSessionTask, state: _State) -> str:
    """What else there is to say of a task in `state`; "" for nothing."""
    life = task._life
    if state is _UNANSWERED:
        return f"the delegate has not answered {life.question}"
    if state is _OUT:
        return f"the delegate's {life.question} has not returned"
    if received := life.transfer.received:
        expected = task.count_of_bytes_expected_to_receive
        return f"{received} of {expected if expected >= 0 else 'unknown'} bytes received"
    return ""


class _Tasks:
    """Tasks live until their end was delivered."""

    def is_over(self, made: URLSessionTask) -> bool:
        return self.has_ended(made)

    def leak(self, made: URLSessionTask) -> Leak:
        life, session = made._life, made._session
        request, state = life.transfer.original_request, _state_of(made)
        described = f" {made.task_description!r}" if made.task_description else ""
        where = "the shared session" if session._is_shared else f"session {session._number}"
        more = _more(made, state)
        what = f"{type(made).__name__} {made._identifier}{described} of {where}: {request.http_method} {shown.url(request.url)}"
        return _leak("task", made, what, state, more)

    def engine(self, made: URLSessionTask) -> Engine:
        return made._life.engine

    def goes_on(self, made: URLSessionTask) -> bool:
        return _state_of(made) in (_RUNNING, _UNDELIVERED, _OUT)

    def progress(self, made: URLSessionTask) -> object:
        return _state_of(made)

    def end(self, made: URLSessionTask) -> None:
        made.cancel()

    def has_ended(self, made: URLSessionTask) -> bool:
        return made.state is TaskState.COMPLETED


# clients ------------------------------------------------------------------------------------------------------------
class Client(NamedTuple):
    """A client of httpx or httpx2 on its way."""

    client: Any
    site: Site
    owner: str


class _Clients:
    """Clients of httpx and httpx2 live until they are closed, which is for their owners to do."""

    def is_over(self, made: Client) -> bool:
        return bool(made.client.is_closed)

    def leak(self, made: Client) -> Leak:
        kind = type(made.client)
        lines = list(told_lines(made.site))
        own = list(dropwhile(lambda line: line.file.startswith(_PACKAGES), lines))      # an SDK's line says less than its user's
        return Leak("client", f"{kind.__module__.partition('.')[0]}.{kind.__qualname__} was never closed", made.owner, tuple(own or lines),
                    made.site.thread, "make it by `with` or `async with`, or call close() or aclose()")


# all of them --------------------------------------------------------------------------------------------------------
CLIENTS: Kind[Client] = _Clients()
KINDS: dict[type, LifeKind[Any]] = {URLSession: _Sessions(), URLSessionTask: _Tasks()}
"""The kinds of what a session has made, by class: each holds for the classes derived from it too, but for those that have their own."""


def kind_of(made: object) -> LifeKind[Any]:
    """The kind of `made`."""
    return next(KINDS[one] for one in type(made).__mro__ if one in KINDS)


def _unfinished(engine: Engine) -> Iterator[Unfinished]:
    """The tasks on `engine` that have not ended, for the report of a deadlock."""
    for session in registry.sessions.copy().values():
        for task in session._open():
            if task._life.engine is engine:
                state = _state_of(task)
                more = _more(task, state)
                yield Unfinished(f"{task!r}: {state.words}{f', {more}' if more else ''}; {state.remedy}", task._life.is_held)


describers.append(_unfinished)


def unowned() -> Iterator[URLSession | URLSessionTask]:
    """What was made where no scope was open, and has not ended."""
    shared = type(URLSession)._shared
    for session in (*registry.sessions.copy().values(), *(() if shared is None else (shared,))):
        yield from (made for made in (session, *session._open()) if made._scope is None)


def _leak(kind: str, made: URLSession | URLSessionTask, what: str, state: _State, more: str) -> Leak:
    owner = _NOBODY if made._scope is None else made._scope.name
    description = f"{what} was {state.words}{f' ({more})' if more else ''}"
    return Leak(kind, description, owner, tuple(told_lines(made._site)), made._site.thread, state.remedy)
