"""What is remembered of a task, a session and an exchange while their records come."""
from __future__ import annotations

from collections import deque
from typing import Any

from ..clock import SECOND
from ..shown import text, url

KEPT = 8      # of the last events of a task or session

Event = tuple[Any, ...]      # time in nanoseconds, a word, and what it was about


class SessionStory:
    """One session, by its number."""

    __slots__ = ("events", "invalid", "invalidating", "made", "number", "open", "queue", "tells_end", "told")

    def __init__(self, number: int, queue: Any, tells_end: bool = False) -> None:
        self.number = number
        self.queue = queue
        self.tells_end = tells_end
        self.invalidating = self.invalid = False
        self.told = 0                           # how often its delegate was told that it is invalid
        self.made: deque[tuple[int, int]] = deque()     # keys of its tasks
        self.open: set[tuple[int, int]] = set()     # those that have not ended
        self.events: deque[Event] = deque(maxlen=KEPT)


class TaskStory:
    """One task, by the number of its session and its identifier: a download that a data task became goes on with its story."""

    __slots__ = ("began", "cancelled", "ended", "events", "exchanges", "last", "once", "question", "rank", "resumed", "seen", "sent", "session",
                 "terminal", "told", "written")

    def __init__(self, session: SessionStory, terminal: str = "", *, seen: bool = False) -> None:
        self.session = session
        self.terminal = terminal                # the terminal message that it is to get
        self.seen = seen                        # it was made before these eyes
        self.resumed = not seen
        self.cancelled = self.ended = False
        self.told = 0                           # terminal messages
        self.last, self.rank = "", 0            # the last callback that has a place in their order, and that place
        self.once: set[str] = set()             # those that come once, and came
        self.question = ""                      # that nobody has answered yet
        self.sent = self.written = 0            # as the delegate was told last
        self.began: int | None = None           # when its first request went out
        self.exchanges: dict[int, ExchangeStory] = {}
        self.events: deque[Event] = deque(maxlen=KEPT)


class ExchangeStory:
    """One exchange of a task."""

    __slots__ = ("closed", "connection", "ended", "headed", "source")

    def __init__(self, source: str) -> None:
        self.source = source
        self.connection: tuple[int, int] | None = None      # that it was given up on
        self.headed = self.closed = self.ended = False


def lines(events: deque[Event]) -> tuple[str, ...]:
    """`events` as a report prints them, without secrets."""
    return tuple(f"{event[0] / SECOND:.6f} s  {' '.join(_shown(value) for value in event[1:] if value not in ('', None))}" for event in list(events))


def _shown(value: object) -> str:
    return str(url(value)) if isinstance(value, str) and "://" in value else text(str(value))
