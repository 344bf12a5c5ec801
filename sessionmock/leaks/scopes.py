"""Scopes: who owns what is made, and which of that has not ended.

Ownership decides, not garbage collection and not a comparison of before and after: each session and task belongs to
the scope that was open where it was made (`registry.Scope`), and is judged when that scope ends. A session and its
tasks may have different owners: a test that leaves a task on a session of a wider fixture leaks the task. Clients of
httpx and httpx2 that were never closed are found the same way, where somebody asked for that (`watch_clients`).

A scope holds what it owns until that has ended, so a look costs what is left, however much others have made.
"""
from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from ..clock import SECOND, SystemClock, nanoseconds
from ..patches import Patch, Target
from ..registry import Scope, Site, current_scope
from ..session import URLSession
from ..tasks import URLSessionTask
from .kinds import CLIENTS, Client, kind_of, unowned
from .prospects import Prospects
from .report import Leak

DRAIN = 0.5                    # seconds that a late end may take, from the last sign of it
_AT_MOST = 10                  # times as long, for what goes on showing some
_FIRST_STEP = SECOND // 1_000_000
_LONGEST_STEP = SECOND // 10


class LeakScope(Scope):
    """Owns the sessions and tasks that are made while it is open, and tells which of them have not ended.

    As a context manager, or by `open()` and `close()`. What threads make that were started meanwhile is its own too,
    even later: once it was cleaned up, that is judged with the scope around it. The shared session is nobody's leak;
    tasks on it are.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._excused: dict[URLSession, None] = {}
        self._clients: list[Client] = []
        self._prune_at = 64

    def owns(self, made: URLSession | URLSessionTask) -> bool:
        """Whether `made` is this scope's to answer for, and has not ended."""
        return made in self.held

    def excuse(self, session: URLSession) -> None:
        """`session` is no leak: `clean_up` ends it. Its tasks are judged as any."""
        self._excused[session] = None

    def take_over(self, session: URLSession) -> None:
        """`session`, whoever owned or excused it, is excused by this scope from now on. Its tasks stay their owners'."""
        owner = session._scope
        session._scope = self
        while owner is not None:
            owner.held.pop(session, None)
            if isinstance(owner, LeakScope):
                owner._excused.pop(session, None)
            owner = owner.outer
        self.excuse(session)

    def claim(self) -> None:
        """Own what has no owner yet."""
        for made in unowned():
            made._scope = self
            self.hold(made)

    def leaks(self) -> list[Leak]:
        """What has not ended now, sessions before their tasks."""
        return [kind_of(made).leak(made) for made in self._unfinished()]

    def drain(self, limit: float = DRAIN) -> list[Leak]:
        """`leaks()` after up to `limit` seconds in which nothing comes nearer to its end; it stops at the first look that finds none.

        Sessions in virtual time get as much of theirs.
        """
        _wait_while(lambda: [(made, kind_of(made).progress(made)) for made in self._unfinished()], limit, self.held,
                    Prospects(self, self._unfinished, nanoseconds(limit)))
        return self.leaks()

    def clean_up(self, limit: float = DRAIN) -> None:
        """Cancel the tasks and invalidate the sessions it owns or excused, and wait up to `limit` seconds for their end."""
        self.over = True
        self._end(limit, [*self.held, *self._excused])

    def settle(self, limit: float = DRAIN) -> None:
        """End the sessions it excused, waiting as `clean_up` does; leave the rest as it is, and let nobody judge it again."""
        self._end(limit, list(self._excused))

    def take_clients(self) -> list[Leak]:
        """The clients of httpx and httpx2 that it made while they were watched (`watch_clients`) and that are not closed now.

        They are kept alive until then, so that none is overlooked because it was collected, and not asked about again.
        """
        clients, self._clients = self._clients, []
        return [CLIENTS.leak(made) for made in clients if not CLIENTS.is_over(made)]

    def _unfinished(self) -> Iterator[Any]:
        return (made for made in list(self.held) if made not in self._excused and not kind_of(made).is_over(made))

    def _end(self, limit: float, ending: list[Any]) -> None:
        """End all of `ending`, tasks before their sessions; of what is left nobody is asked again."""
        self.held.clear()
        self._excused.clear()
        for made in reversed(ending):
            kind_of(made).end(made)

        def left() -> list[Any]:
            return [made for made in ending if not kind_of(made).has_ended(made)]

        _wait_while(left, limit, ending, Prospects(self, left, nanoseconds(limit)))

    def _watch(self, client: object) -> None:
        self._clients.append(Client(client, Site(), self.name))
        if len(self._clients) >= self._prune_at:
            self._clients = [made for made in self._clients if not CLIENTS.is_over(made)]
            self._prune_at = 2 * max(32, len(self._clients))


class Hopes(Protocol):
    """Whether anything may still happen (`Prospects`)."""

    def patience(self) -> int:
        """How many nanoseconds to wait for the next sign of life."""

    def were_vain(self) -> None:
        """All of them were waited, and nothing came."""


def _wait_while(left: Callable[[], list[Any]], limit: float, things: Iterable[Any], hopes: Hopes) -> None:
    """Let `limit` seconds of the virtual time of `things` pass, and up to as many of real time as there is hope, looking at growing
    intervals what is left; where that is another thing than before, as many again. A first look that finds nothing costs nothing more."""
    if not (seen := left()):
        return
    engines = [kind_of(made).engine(made) for made in list(things)]
    for engine in {engine.clock: engine for engine in engines}.values():
        engine.let_pass(nanoseconds(limit))
    clock, lock = SystemClock(), threading.Lock()
    lock.acquire()                          # nobody lets go of it: parking takes its time
    span = nanoseconds(limit)
    waited = since = 0
    step = _FIRST_STEP
    while found := left():
        if found != seen:
            seen, since = found, waited
        until = min(since + min(hopes.patience(), span), _AT_MOST * span)
        if waited >= until:
            if waited:
                hopes.were_vain()
            return
        asked = min(step, until - waited)
        clock.park(lock, clock.now() + asked)
        waited += asked     # and not what it took: a machine that stands still does so for what is waited for, too
        step = min(step * 2, _LONGEST_STEP)


# clients ------------------------------------------------------------------------------------------------------------
def _noticed(original: Callable[..., None]) -> Callable[..., None]:
    def __init__(self: Any, *arguments: Any, **values: Any) -> None:
        original(self, *arguments, **values)
        scope = current_scope()
        while scope is not None and scope.over:
            scope = scope.outer
        if isinstance(scope, LeakScope):
            scope._watch(self)

    return __init__


def _makers() -> Iterator[Target]:
    from ..routes.httpx.edge import packages

    for package in packages():
        yield Target(package.Client, "__init__", _noticed)
        yield Target(package.AsyncClient, "__init__", _noticed)


_watched = Patch(_makers)


def watch_clients() -> Patch:
    """A context manager: clients of httpx and httpx2 that are made in it are kept for `LeakScope.take_clients`."""
    return _watched
