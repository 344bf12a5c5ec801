"""Leaks: sessions that were never invalidated and tasks that never ended, found by who owns them.

Ownership decides, not garbage collection and not a comparison of before and after: each session and task belongs to
the scope that was open where it was made (`registry.Scope`), and is judged when that scope ends. A session and its
tasks may have different owners: a test that leaves a task on a session of a wider fixture leaks the task. Clients of
httpx and httpx2 that were never closed are found the same way, where somebody asked for that (`watch_clients`).
"""
from __future__ import annotations

import os
import sysconfig
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import dropwhile
from pathlib import Path
from typing import Any, NamedTuple

from . import registry
from .clock import SECOND, SystemClock, nanoseconds
from .models.enums import TaskState
from .patches import Patch, Target
from .registry import Line, Scope, Site, current_scope
from .session import URLSession
from .tasks import URLSessionTask

DRAIN = 0.5                    # seconds that a late end may take
_FIRST_STEP = SECOND // 1_000_000
_LONGEST_STEP = SECOND // 10

_MEND = {
    "never invalidated": "make it by `with URLSession(...) as session:`, or call finish_tasks_and_invalidate() or invalidate_and_cancel()",
    "invalidated and never became invalid": "let its delegate queue run, and its delegate's callbacks return",
    "never resumed": "resume() it, cancel() it, or do not make it",
    "suspended": "resume() it as often as it was suspended, or cancel() it",
    "running": "wait for its end (.result(), await, or for its completion handler), or cancel() it",
    "undelivered": "let the delegate queue run: OperationQueue.main is run by .result(), OperationQueue.main.run() or the main thread's loop",
    "unanswered": "call the question's completion handler, or return the answer",
    "never closed": "make it by `with` or `async with`, or call close() or aclose()",
}

_SETTLED = Scope("settled")    # owns what was reported, or is allowed: nobody looks at it again


Made = URLSession | URLSessionTask


class Leak(NamedTuple):
    """Something that outlived its owner. `str()` is the whole report, `headline` its first line."""

    kind: str                  # "session", "task" or "client"
    description: str           # what it is and what state it was left in
    owner: str                 # the scope: a test, a fixture, a block
    lines: tuple[Line, ...]    # where it was made, innermost first
    thread: str                # the thread that made it; "" for the main one
    remedy: str                # how to mend it

    @property
    def headline(self) -> str:
        """What leaked and where it was made, on one line."""
        place = f"{_near(self.lines[0].file)}:{self.lines[0].line}" if self.lines else "an unknown place"
        return f"LEAK: {self.description}; made at {place}"

    def __str__(self) -> str:
        text = [f"LEAK: {self.description}"]
        for number, line in enumerate(self.lines):
            text.append(f"  {'from   ' if number else 'made at'}  {_near(line.file)}:{line.line} in {line.function}")
            if line.text:
                text.append(f"               {line.text}")
        text.append(f"  owner    {self.owner}{f' (thread {self.thread})' if self.thread else ''}")
        text.append(f"  mend     {self.remedy}")
        return "\n".join(text)


class _Client(NamedTuple):
    """A client of httpx or httpx2 on its way."""

    client: Any
    site: Site


class LeakScope(Scope):
    """Owns the sessions and tasks that are made while it is open, and tells which of them have not ended.

    As a context manager, or by `open()` and `close()`. What threads make that were started meanwhile is its own too,
    even later: once it was cleaned up, that is judged with the scope around it. The shared session is nobody's leak;
    tasks on it are.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._excused: list[URLSession] = []
        self._clients: list[_Client] = []
        self._prune_at = 64

    def owns(self, made: Made) -> bool:
        """Whether `made` is this scope's to answer for."""
        scope = made._scope
        while scope is not None and scope is not self and scope.over:
            scope = scope.outer
        return scope is self

    def excuse(self, session: URLSession) -> None:
        """`session` is no leak: `clean_up` ends it. Its tasks are judged as any."""
        self._excused.append(session)

    def claim(self) -> None:
        """Own what has no owner yet."""
        for made in _everything():
            if made._scope is None:
                made._scope = self

    def leaks(self) -> list[Leak]:
        """What has not ended now, sessions before their tasks."""
        return [_of_session(made) if isinstance(made, URLSession) else _of_task(made) for made in self._unfinished()]

    def drain(self, limit: float = DRAIN) -> list[Leak]:
        """`leaks()` after up to `limit` seconds for what is about to end; it stops at the first look that finds nothing.

        Sessions in virtual time get as much of theirs.
        """
        _wait_while(self._is_unclean, limit)
        return self.leaks()

    def clean_up(self, limit: float = DRAIN) -> None:
        """Cancel the tasks and invalidate the sessions it owns or excused, and wait up to `limit` seconds for their end."""
        self._excused += [session for session in registry.sessions.copy().values() if self.owns(session)]
        tasks = [made for made in _everything() if isinstance(made, URLSessionTask) and self.owns(made)]
        for task in tasks:
            task.cancel()
        self.settle(limit)
        _wait_while(lambda: any(task.state is not TaskState.COMPLETED for task in tasks), limit)
        self.over = True

    def settle(self, limit: float = DRAIN) -> None:
        """End the sessions it excused, waiting as `clean_up` does; leave the rest as it is, and let nobody judge it again."""
        for made in _everything():
            if self.owns(made):
                made._scope = _SETTLED
        excused, self._excused = self._excused, []
        for session in excused:
            session.invalidate_and_cancel()
        _wait_while(lambda: not all(session._invalid.done for session in excused), limit)

    def take_clients(self) -> list[Leak]:
        """The clients of httpx and httpx2 that it made while they were watched (`watch_clients`) and that are not closed now.

        They are kept alive until then, so that none is overlooked because it was collected, and not asked about again.
        """
        clients, self._clients = self._clients, []
        return [_of_client(made, self.name) for made in clients if not made.client.is_closed]

    def _add_client(self, made: _Client) -> None:
        self._clients.append(made)
        if len(self._clients) >= self._prune_at:
            self._clients = [made for made in self._clients if not made.client.is_closed]
            self._prune_at = 2 * max(32, len(self._clients))

    def _is_unclean(self) -> bool:
        return next(self._unfinished(), None) is not None

    def _unfinished(self) -> Iterator[Made]:
        for session in _living():
            tasks = session._open()
            if self.owns(session) and not session._is_shared and session not in self._excused \
                    and not (session._invalidating and tasks):      # that one waits for its tasks, which are to blame
                yield session
            yield from filter(self.owns, tasks)


def _near(file: str) -> str:
    """`file` as seen from the working folder, where it lies in it."""
    return file.removeprefix(os.getcwd() + os.sep)


def _living() -> list[URLSession]:
    shared = type(URLSession)._shared
    return [*registry.sessions.copy().values(), *(() if shared is None else (shared,))]


def _everything() -> Iterator[Made]:
    for session in _living():
        yield session
        yield from session._open()


def _held() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


def _wait_while(unclean: Callable[[], bool], limit: float) -> None:
    """Let `limit` seconds of virtual time pass, and up to as many of real time, looking at growing intervals; a first look
    that is clean costs nothing more."""
    if not unclean():
        return
    engines = [session._context.engine for session in _living()]
    for engine in {engine.clock: engine for engine in engines}.values():
        engine.let_pass(nanoseconds(limit))
    clock, lock = SystemClock(), _held()
    until = clock.now() + nanoseconds(limit)
    step = _FIRST_STEP
    while unclean() and (now := clock.now()) < until:
        clock.park(lock, min(now + step, until))
        step = min(step * 2, _LONGEST_STEP)


def _of_session(session: URLSession) -> Leak:
    described = f" {session.session_description!r}" if session.session_description else ""
    verdict = "invalidated and never became invalid" if session._invalidating else "never invalidated"
    counts = Counter(_LEFT[_verdict(task)] for task in session._open())
    tasks = ", ".join(f"{count} {'task' if count == 1 else 'tasks'} {state}" for state, count in counts.items())
    return _leak("session", f"URLSession {session._number}{described} was {verdict}", tasks, session, verdict)


def _of_task(task: URLSessionTask) -> Leak:
    verdict = _verdict(task)
    life = task._life
    request = life.outbound.original_request
    described = f" {task.task_description!r}" if task.task_description else ""
    session = f"session {task._session._number}" if not task._session._is_shared else "the shared session"
    what = f"{type(task).__name__} {task._identifier}{described} of {session}: {request.http_method} {request.url}"
    more = ""
    if verdict == "unanswered":
        more = f"the delegate has not answered {life.question}"
    elif received := life.inbound.received:
        expected = task.count_of_bytes_expected_to_receive
        more = f"{received} of {expected if expected >= 0 else 'unknown'} bytes received"
    return _leak("task", f"{what} was {_LEFT[verdict]}", more, task, verdict)


def _of_client(made: _Client, owner: str) -> Leak:
    kind = type(made.client)
    lines = list(_telling(made.site))
    own = list(dropwhile(lambda line: line.file.startswith(_PACKAGES), lines))      # an SDK's line says less than its user's
    description = f"{kind.__module__.partition('.')[0]}.{kind.__qualname__} was never closed"
    return Leak("client", description, owner, tuple(own or lines), made.site.thread, _MEND["never closed"])


_LEFT = {
    "never resumed": "never resumed",
    "suspended": "left suspended",
    "running": "left running",
    "undelivered": "left with its end undelivered",
    "unanswered": "left waiting",
}


def _verdict(task: URLSessionTask) -> str:
    """What a task that has not ended waits for."""
    life = task._life
    if life.never_resumed:
        return "never resumed"
    if life.is_over:
        return "undelivered"
    if life.question:
        return "unanswered"
    return "suspended" if task.state is TaskState.SUSPENDED else "running"


def _leak(kind: str, what: str, more: str, made: Made, verdict: str) -> Leak:
    site: Site = made._site
    owner = made._scope.name if made._scope is not None else "no test or fixture (made while modules were imported)"
    return Leak(kind, f"{what} ({more})" if more else what, owner, tuple(_telling(site)), site.thread, _MEND[verdict])


def _telling(site: Site) -> Iterator[Line]:
    """The lines of the user's own code: up to the first frame of what runs the code, without those of an import."""
    for number, line in enumerate(site.lines()):
        if number and not _RUNNERS.isdisjoint(Path(line.file).parts):
            return
        if not line.file.startswith("<frozen importlib"):
            yield line


_RUNNERS = frozenset({
    "_pytest", "pluggy", "pytest_asyncio", "asyncio", "anyio", "trio", "unittest", "doctest.py", "concurrent",
    "threading.py", "socketserver.py", "hypothesis",
})
_PACKAGES = (sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))


def _noticed(original: Callable[..., None]) -> Callable[..., None]:
    def __init__(self: Any, *arguments: Any, **values: Any) -> None:
        original(self, *arguments, **values)
        scope = current_scope()
        while scope is not None and scope.over:
            scope = scope.outer
        if isinstance(scope, LeakScope):
            scope._add_client(_Client(self, Site()))

    return __init__


def _makers() -> Iterator[Target]:
    from .routes.httpx.edge import packages

    for package in packages():
        yield Target(package.Client, "__init__", _noticed)
        yield Target(package.AsyncClient, "__init__", _noticed)


_watch = Patch(_makers)


def watch_clients() -> Patch:
    """A context manager: clients of httpx and httpx2 that are made in it are kept for `LeakScope.take_clients`."""
    return _watch
