"""Checks the records of a history as they come: one pass, and the same work for each."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeAlias

from .. import shown
from ..clock import SECOND, JumpingClock
from ..engine.queues import OperationQueue
from ..errors import URLError
from ..history import (
    Answered,
    Asked,
    Became,
    Called,
    Closed,
    Ended,
    History,
    Instructed,
    Made,
    Opened,
    Received,
    Record,
    Returned,
)
from . import blame
from .order import METRICS, ONCE, RANKS, TERMINAL, UNRESUMED
from .stories import ExchangeStory, SessionStory, TaskStory, lines
from .violations import BrokenInvariants, Violation

Key: TypeAlias = tuple[int, int]     # the number of a session, and the identifier of its task

REMEMBERED = 500                     # tasks of a session that have ended, for what may come too late
MOST = 20                            # violations: what follows from the first ones helps nobody
GRACE = 3600 * SECOND                # of virtual time, that a task may take beyond its own limit


class InvariantWatch:
    """Checks V1 to V7, V9 and V12 to V14 over what a history is told, as it is told: `violations`. On whatever thread that is.

    It holds no task and no body. What began before it, or elsewhere, is judged only by what can be seen here.
    """

    kinds: ClassVar[frozenset[type]]      # what it looks at

    def __init__(self, history: History | None = None) -> None:
        self.violations: list[Violation] = []
        self._tasks: dict[Key, TaskStory] = {}
        self._sessions: dict[int, SessionStory] = {}
        self._running: dict[Any, str] = {}                   # the call that runs on each serial queue
        self._failed: dict[int, int] = {}                    # connections, and which of their exchanges failed there or was given up
        self._told: set[tuple[str, object]] = set()
        if history is not None:
            history.watch(self.see, self.kinds)

    def __repr__(self) -> str:
        return f"<InvariantWatch: {shown.counted(len(self._tasks), 'task')}, {shown.counted(len(self.violations), 'violation')}>"

    def see(self, record: Record) -> None:
        """Check `record`, which comes after those that were seen."""
        if (check := _CHECKS.get(type(record))) is not None:
            try:
                check(self, record)
            except Exception as error:      # whoever makes the record has no part in it
                self._unchecked(record, error)

    def verify(self) -> None:
        """Raises BrokenInvariants where something did not hold."""
        if self.violations:
            raise BrokenInvariants(self.violations)

    def unfinished(self) -> list[TaskStory]:
        """The lives of the tasks that were resumed or cancelled and have not ended."""
        return [story for story in list(self._tasks.values()) if story.seen and not story.ended and (story.resumed or story.cancelled)]

    def broken(self, invariant: str, what: str, story: TaskStory | SessionStory | None, subject: object = "", misuse: str = "") -> None:
        """Note that `invariant` does not hold, once for each `subject`."""
        about = subject if isinstance(subject, str) else shown.text(repr(subject))
        mark = (invariant, about if story is None else story)
        if mark not in self._told and len(self.violations) < MOST:
            self._told.add(mark)
            self.violations.append(Violation(invariant, what, about, () if story is None else lines(story.events), misuse))

    def _unchecked(self, record: Record, error: Exception) -> None:
        kind = type(record).__name__
        self.broken("V15", f"the check of {kind} raised {type(error).__name__}: {error}", None, f"records of the kind {kind}")

    # lives ------------------------------------------------------------------------------------------------------------
    def _story(self, task: Any) -> TaskStory:
        session = task._session
        key = session._number, task._identifier
        return self._tasks.get(key) or self._begin(key, TaskStory(self._session(key[0], session._queue)))

    def _begin(self, key: Key, story: TaskStory) -> TaskStory:
        self._tasks[key] = story
        story.session.made.append(key)
        return story

    def _session(self, number: int, queue: Any, tells_end: bool = False) -> SessionStory:
        return self._sessions.get(number) or self._sessions.setdefault(number, SessionStory(number, queue, tells_end))

    # sessions ---------------------------------------------------------------------------------------------------------
    def _became(self, record: Became) -> None:
        session = self._session(record.session, record.queue, record.tells_end)
        session.events.append((record.time, record.state))
        about = f"session {record.session}"
        if record.state == "valid":
            return
        if record.is_shared:
            self.broken("V7", f"the shared session became {record.state}", session, about)
            return
        session.invalidating = True
        if record.state == "invalid":
            self._ended_session(session, record, about)

    def _ended_session(self, session: SessionStory, record: Became, about: str) -> None:
        if session.invalid:
            self.broken("V5", "it became invalid twice", session, about)
        elif session.tells_end and not session.told:
            self.broken("V5", "it became invalid, and its delegate was not told", session, about, blame.of_queue(session.queue))
        if record.has_delegate:
            self.broken("V6", "it is invalid and holds its delegate", session, about)
        for key in list(session.open):
            story = self._tasks[key]
            self.broken("V1" if story.resumed else "V2", "its session became invalid, and it has not completed", story, f"task {key[1]} of {about}")
        session.invalid = True
        for key in session.made:
            self._tasks.pop(key, None)
        session.made.clear()
        session.open.clear()

    def _made(self, record: Made) -> None:
        task: Any = record.task
        key = record.session, task._identifier
        session = self._session(record.session, task._session._queue)
        story = TaskStory(session, record.terminal, seen=True)
        if record.goes_on and (before := self._tasks.get(key)) is not None:
            story.resumed, story.rank, story.exchanges, story.events = True, before.rank, before.exchanges, before.events
        story.events.append((record.time, "made"))
        self._begin(key, story)
        session.open.add(key)
        while len(session.made) > REMEMBERED and session.made[0] not in session.open:
            self._tasks.pop(session.made.popleft(), None)
        if session.invalidating and not record.goes_on:
            self.broken("V6", "it was made after its session was invalidated", story, task)

    def _instructed(self, record: Instructed) -> None:
        story = self._story(record.task)
        story.events.append((record.time, record.name))
        if record.name == "resume":
            story.resumed = True
        elif record.name == "cancel":
            story.cancelled = True

    # callbacks --------------------------------------------------------------------------------------------------------
    def _called(self, record: Called | Asked) -> None:
        name, task = record.name, record.task
        if task is None:
            self._called_session(record)
            return
        story = self._story(task)
        session = story.session
        story.events.append((record.time, name))
        if name == "session_did_create_task":       # is made where the task is, so that it can still be changed
            return
        in_turn = self._on_queue(record, session, story, task)
        if session.told or session.invalid:
            if in_turn:
                self.broken("V5", f"{name} after its session became invalid", story, task)
        elif not task._identifier:                  # a revalidation behind a stale response: it has no order and no end that anybody is told
            return
        rank = RANKS.get(name)
        if not story.resumed and name not in UNRESUMED:
            self.broken("V2", f"{name} of a task that was never resumed", story, task)
        if story.told and name in TERMINAL:
            self.broken("V1", f"it was told by {name} that it is complete, after it was told so before", story, task)
        over = story.told or (story.ended and rank != METRICS)      # who waits for a load itself is told past the queue
        if in_turn and name not in TERMINAL and (over or name in story.once or (story.rank >= METRICS if rank is None else rank < story.rank)):
            self.broken("V3", f"{name} comes after {'its completion' if over else story.last}", story, task)
        if rank is not None:
            story.last, story.rank = name, max(rank, story.rank)
        if type(record) is Asked:
            story.question = name
        if name in ONCE:
            story.once.add(name)
        elif name in TERMINAL:
            story.told += 1
            self._error(record.arguments[-1], story, task)
        elif name in _TOTALS:
            self._total(name, record.arguments, story, task)

    def _called_session(self, record: Called | Asked) -> None:
        session = self._sessions.get(record.session)
        if session is None:
            return
        session.events.append((record.time, record.name))
        about = f"session {record.session}"
        self._on_queue(record, session, session, about)
        if session.told or session.invalid:
            self.broken("V5", f"{record.name} after it became invalid", session, about)
        session.told += record.name == "session_did_become_invalid"

    def _on_queue(self, record: Called | Asked, session: SessionStory, story: TaskStory | SessionStory, subject: object) -> bool:
        """Check where the call of `record` is made; whether its queue lets one after the other run, so that there is an order."""
        queue = session.queue
        if record.queue is not queue:
            where = f"on {record.queue!r}" if record.queue is not None else "on no queue, by whoever caused it"
            self.broken("V4", f"{record.name} was called {where}, and not on {queue!r}", story, subject, blame.of_queue(queue))
        if queue.max_concurrent_operation_count > 1:
            return False
        if queue is not OperationQueue.main:        # who waits within one of its operations runs the next ones
            before = self._running.get(queue)
            if before is not None and not _has_lost_its_loop(queue):
                self.broken("V4", f"{record.name} was called while {before} was not over", story, subject, blame.of_queue(queue))
            self._running[queue] = record.name
        return True

    def _returned(self, record: Returned) -> None:
        session = self._sessions.get(record.session)
        if session is not None and self._running.get(session.queue) == record.name:      # of whichever task: one runs at a time
            self._running.pop(session.queue, None)

    def _answered(self, record: Answered) -> None:
        story = self._story(record.task)
        story.events.append((record.time, "answered", record.name))
        story.question = ""

    def _total(self, name: str, arguments: tuple[Any, ...], story: TaskStory, task: Any) -> None:
        """A delegate is told how much was sent, or written."""
        count, total, expected = arguments[1:4]
        is_sent = name == "task_did_send_body_data"
        before = story.sent if is_sent else story.written
        if count <= 0 or (total < before + count if before else total < count):
            self.broken("V9", f"{name} tells of {count} bytes and {total} in all, after {before}", story, task)
        elif 0 <= expected < total and (is_sent or self._is_live(story)):
            self.broken("V9", f"{name} tells of {total} bytes of {expected}", story, task)
        if is_sent:
            story.sent = total
        else:
            story.written = total

    @staticmethod
    def _is_live(story: TaskStory) -> bool:
        """Whether what was announced binds who answers: scripts and cassettes may say what they want."""
        return all(exchange.source == "live" for exchange in list(story.exchanges.values()))

    def _error(self, error: Any, story: TaskStory, task: Any) -> None:
        if error is None:
            return
        source = next((exchange.source for exchange in reversed(list(story.exchanges.values()))), "")
        wrong = ""
        if not isinstance(error, URLError):
            wrong = f"it failed with {type(error).__name__}: {error}"
        elif not isinstance(error.underlying_error, BaseException | None):
            wrong = f"it failed with {error!r}, and what lies under that is no exception"
        elif error.failing_url is None and source == "live":
            wrong = f"it failed with {error!r}, which does not say the URL"
        if wrong:
            self.broken("V13", wrong, story, task, blame.of_source(task, source))

    # exchanges ---------------------------------------------------------------------------------------------------------
    def _opened(self, record: Opened) -> None:
        task = record.task
        if task is None:
            return
        story = self._story(task)
        story.events.append((record.time, "asks", record.source, record.method, record.url))
        story.exchanges[record.exchange] = ExchangeStory(record.source)
        story.sent = 0
        if story.began is None:
            story.began = record.time
        if not story.resumed:
            self.broken("V2", f"a request of a task that was never resumed: {record.method} {shown.url(record.url)}", story, task)
        if story.ended and task.task_identifier:
            self.broken("V3", f"a request after its completion: {record.method} {shown.url(record.url)}", story, task)

    def _received(self, record: Received) -> None:
        task = record.task
        if task is None:
            return
        story = self._story(task)
        exchange = story.exchanges.get(record.exchange)
        if exchange is None or exchange.closed:      # what was on its way when it was given up
            return
        status = record.status
        if exchange.ended:
            wrong = f"{f'a head of {status}' if status is not None else f'{record.size} bytes'} after the end of its answer"
        elif status is None:
            wrong = "" if exchange.headed else f"{record.size} bytes before the head of their answer"
        elif 100 <= status < 200 and status != 101:
            wrong = f"an informational head of {status} after the final one" if exchange.headed else ""
        else:
            wrong = f"a second head, of {status}" if exchange.headed else ""
            exchange.headed = True
        if status is not None or not story.events or story.events[-1][1] != "gets":
            story.events.append((record.time, "gets", status if status is not None else "data"))
        if wrong:
            self.broken("V3", wrong, story, task, blame.of_source(task, exchange.source))

    def _closed(self, record: Closed) -> None:
        if record.task is not None:
            story = self._story(record.task)
            story.events.append((record.time, "gives its exchange up"))
            if (exchange := story.exchanges.get(record.exchange)) is not None:
                exchange.closed = True
                exchange.connection = record.connection
                if record.connection and not exchange.ended:
                    self._fails(*record.connection)
                    if exchange.ended:              # at this moment, on another thread
                        self._failed.pop(record.connection[0], None)

    def _ended(self, record: Ended) -> None:
        if not record.exchange:
            self._ended_task(record)
            return
        story, connection = None if record.task is None else self._story(record.task), record.connection
        if story is not None:
            story.events.append((record.time, "exchange ended", record.status, record.error))
            exchange = story.exchanges.setdefault(record.exchange, ExchangeStory(record.source))
            if exchange.ended and not exchange.closed:
                self.broken("V3", "its answer ended twice", story, record.task, blame.of_source(record.task, exchange.source))
            exchange.ended = True
            connection = connection or exchange.connection
        if not connection:
            return
        number, turn = connection
        failed = self._failed.get(number)
        if failed is not None and failed < turn:        # what came before it may be told of after it, by another thread
            self.broken("V12", f"{record.method} {shown.url(record.url)} went over a connection on which an exchange had failed", story,
                        record.task if record.task is not None else f"{record.method} {shown.url(record.url)}")
        if record.error:
            self._fails(number, turn)
        elif failed == turn:
            self._failed.pop(number, None)          # it was given up as it came to its end

    def _fails(self, number: int, turn: int) -> None:
        """The exchange that was the `turn`-th of a connection has failed there."""
        self._failed[number] = min(turn, self._failed.get(number, turn))

    def _ended_task(self, record: Ended) -> None:
        task: Any = record.task
        if not task._identifier:
            return
        story = self._story(task)
        session = story.session
        story.events.append((record.time, "ended", record.status, record.error))
        if story.ended:
            self.broken("V1", "it ended twice", story, task)
            return
        story.ended = True
        session.open.discard((session.number, task._identifier))
        if story.seen and not story.told and (story.terminal == "completion_handler" or (
                story.terminal and story.terminal in task._session._context.methods)):
            self.broken("V1", f"it ended, and {story.terminal} was not called", story, task, blame.of_queue(session.queue))
        if story.told == 0:
            self._error(task.error, story, task)
        if story.began is not None and record.time - story.began > GRACE:
            self._was_late(record.time - story.began, story, task)
        transfer = task._life.transfer
        if (transfer.received > transfer.expected >= 0 and self._is_live(story) and transfer.request.http_method != "HEAD"):
            self.broken("V9", f"it received {transfer.received} bytes of {transfer.expected}", story, task)
        progress = task._life.progress
        if progress is not None and progress.fraction_completed > 1 and self._is_live(story):
            self.broken("V9", f"its progress is {progress.fraction_completed}", story, task)

    def _was_late(self, elapsed: int, story: TaskStory, task: Any) -> None:
        context = task._session._context
        if isinstance(context.engine.clock, JumpingClock) and elapsed > context.resource_limit + GRACE:
            self.broken("V14", f"it took {elapsed / SECOND:g} s, and timeout_interval_for_resource is {context.resource_limit / SECOND:g} s", story,
                        task, blame.of_question(story.question))


def _has_lost_its_loop(queue: Any) -> bool:
    """Whether `queue` delivers to an asyncio loop that was closed: a coroutine that ran there is never over."""
    loop = getattr(queue, "_loop", None)
    return loop is not None and bool(loop.is_closed())


_TOTALS = frozenset({"task_did_send_body_data", "download_task_did_write_data"})
_CHECKS: Mapping[type, Callable[[InvariantWatch, Any], None]] = {
    Called: InvariantWatch._called,
    Asked: InvariantWatch._called,
    Answered: InvariantWatch._answered,
    Returned: InvariantWatch._returned,
    Became: InvariantWatch._became,
    Made: InvariantWatch._made,
    Instructed: InvariantWatch._instructed,
    Opened: InvariantWatch._opened,
    Received: InvariantWatch._received,
    Closed: InvariantWatch._closed,
    Ended: InvariantWatch._ended,
}
InvariantWatch.kinds = frozenset(_CHECKS)
