"""All sixteen invariants over a block, a history that is there, and a run that is made twice: for sweeps and suites."""
from __future__ import annotations

import _thread
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .. import registry
from ..clock import nanoseconds
from ..history import History, Made, Record
from . import blame
from .baseline import Baseline, timers
from .bodies import Bodies, TrueBody
from .remains import Remains
from .stories import TaskStory
from .violations import BrokenInvariants, Violation
from .watch import InvariantWatch
from .watchdog import stacks, watchdog

LIMIT = 20.0      # seconds of real time that a block may take


class Watched(InvariantWatch):
    """The watch of a block (`watched`): its `history`, and the invariants that only its end can tell of."""

    kinds = InvariantWatch.kinds | Remains.kinds

    def __init__(self, *, settles: bool = True) -> None:
        self.history = History()
        self._bodies = Bodies()
        self._engines: set[Any] = set()
        self._remains = Remains()
        self._baseline = Baseline() if settles else None
        super().__init__(self.history)

    def _unfinished(self, invariant: str, what: str, story: TaskStory) -> None:
        self.broken(invariant, what, story, f"a task of session {story.session.number}", blame.of_question(story.question))

    def see(self, record: Record) -> None:
        super().see(record)
        try:
            self._bodies.see(record)
            self._remains.see(record)
            if type(record) is Made:
                task: Any = record.task
                self._engines.add(task._session._context.engine)
        except Exception as error:
            self._unchecked(record, error)

    def verify(self, *, true_body: TrueBody | None = None, keeps: Collection[Path] = (), finished: bool = True) -> None:
        """Raises BrokenInvariants with all that did not hold up to now.

        With `finished` (the default) every task that was begun has to have completed, every session that was invalidated has to be
        invalid, and what they used has to be gone. `true_body` is what the answers' bodies are, before content coding: of all, by URL, or
        by a function of the task that gives None where nobody knows. `keeps` are files of downloads that the user has, beside those that
        a `Loading` gave.
        """
        if finished:
            self._judge_end(keeps)
        if true_body is not None:
            for task, wrong in self._bodies.wrong(true_body):
                self.broken("V8", wrong, None, task)
        super().verify()

    def _judge_end(self, keeps: Collection[Path]) -> None:
        for engine in self._engines:
            engine.let_pass(0)              # in virtual time connections are closed when somebody lets that be done
        for story in self.unfinished():
            self._unfinished("V1" if story.resumed else "V2", "it has not completed", story)
        for session in list(self._sessions.values()):
            if session.invalidating and not session.invalid:
                self.broken("V5", "it was invalidated, and has not become invalid", session, f"session {session.number}")
        self._remains.judge(lambda invariant, what, subject: self.broken(invariant, what, None, subject), keeps)
        if self._baseline is not None and all(session.invalid for session in list(self._sessions.values())):
            for left in (*self._baseline.beyond(), *(timer for engine in self._engines for timer in timers(engine))):
                self.broken("V11", f"left: {left}", None, left)

    def hung(self, limit: float) -> None:
        """The block is not over after `limit` seconds: note who waits for what, and end its sessions."""
        for story in self.unfinished():
            self._unfinished("V14", f"it has not completed after {limit:g} s", story)
        self.violations.append(Violation("V14", f"the block is not over after {limit:g} s", "", stacks()))
        for number in list(self._sessions):
            if (session := registry.sessions.get(number)) is not None:
                session.invalidate_and_cancel()


@contextmanager
def watched(*, limit: float = LIMIT, settles: bool = True) -> Iterator[Watched]:
    """A block whose sessions and tasks are watched, on all threads: it gives the watch, whose `verify()` judges what came of them.

    After `limit` seconds of real time its sessions are cancelled, and `verify` says where everybody stood; where it is not over 20 s
    after that, this is printed and the main thread gets a KeyboardInterrupt. Without `settles` nothing is said of sockets, threads and
    connections that are left (V11), which spares looking at them.
    """
    watch = Watched(settles=settles)
    scope = registry.Scope("a watched block")
    scope.history = watch.history
    tokens = [watchdog.arm(nanoseconds(limit), lambda: watch.hung(limit)), watchdog.arm(nanoseconds(limit + LIMIT), lambda: _interrupt(watch))]
    scope.open()
    if scope.outer is not None and (around := scope.outer.history) is not None:
        watch.history.nest(around)
    try:
        yield watch
    finally:
        watchdog.disarm(*tokens)
        scope.close()
        scope.over = True
        for made in list(scope.held):           # whoever is around answers for what is left
            scope.held.pop(made, None)
            if scope.outer is not None:
                scope.outer.hold(made)


def _interrupt(watch: Watched) -> None:
    """The block does not end, though its sessions were ended: it is stuck elsewhere."""
    print(*watch.violations, sep="\n\n", file=sys.stderr, flush=True)
    _thread.interrupt_main()


def check(history: History, *, true_body: TrueBody | None = None) -> list[Violation]:
    """What does not hold of what `history` kept, which holds its tasks and everything about them. What only a moment can tell is not
    looked at: files, sockets and threads that are left."""
    watch = Watched(settles=False)
    for record in history:
        watch.see(record)
    try:
        watch.verify(true_body=true_body)
    except BrokenInvariants as broken:
        return list(broken.violations)
    return []


def repeat(run: Callable[[], object], times: int = 2) -> str:
    """Make `run` `times` times, watched; the digest that all of them have. Raises BrokenInvariants where they differ, or break another
    invariant."""
    digests = []
    for _ in range(times):
        with watched(settles=False) as watch:
            run()
        watch.verify(finished=False)
        digests.append(watch.history.digest())
    if len(set(digests)) > 1:
        raise BrokenInvariants([Violation("V16", f"{times} runs have the digests {', '.join(one[:12] for one in digests)}", "", ())])
    return digests[0]
