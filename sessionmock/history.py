"""What happened: typed records, numbered, in the session's own time, each in the history of the scope that it belongs to.

A session, a task or an exchange keeps the history that it began in (see `trace`), so two tests in two threads see only
their own. Where there is none, or none that wants a kind, nothing is made of it. `Trace` is a view of a history; reports,
invariants and hashes are others.
"""
from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, MutableSequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self, TypeAlias

from .clock import Clock, JumpingClock
from .shown import printed

if TYPE_CHECKING:
    from pathlib import Path

    from .models.fields import Pairs
    from .tasks import URLSessionTask


@printed
class Called(NamedTuple):
    """A delegate method or a handler was called, and nobody waits for an answer."""

    number: int                   # counts up in a history
    time: int                     # nanoseconds of the session's clock
    task: URLSessionTask | None   # what it was about; None for the session's own
    name: str                     # of the delegate method, or "completion_handler"
    arguments: tuple[Any, ...]    # after the session
    session: int = 0              # its number, which tells the sessions of a process apart
    queue: object = None          # the OperationQueue that makes the call; None where none does


@printed
class Asked(NamedTuple):
    """A delegate method was called that is a question."""

    number: int
    time: int
    task: URLSessionTask | None
    name: str
    arguments: tuple[Any, ...]
    session: int = 0
    queue: object = None


@printed
class Answered(NamedTuple):
    """The question `name` was answered."""

    number: int
    time: int
    task: URLSessionTask | None
    name: str
    values: tuple[Any, ...]


@printed
class Returned(NamedTuple):
    """The call of the delegate method or handler `name` is over, with the coroutine that it may have returned."""

    number: int
    time: int
    task: URLSessionTask | None
    name: str
    session: int


@printed
class Became(NamedTuple):
    """A session became `state`: "valid" when it was made, "invalidating" when it was told to take no more tasks, "invalid" at its end."""

    number: int
    time: int
    task: None
    session: int
    state: str
    is_shared: bool
    has_delegate: bool
    tells_end: bool               # whether its delegate is to be told that it is invalid
    queue: object                 # the OperationQueue that its callbacks belong on


@printed
class Made(NamedTuple):
    """A task was made."""

    number: int
    time: int
    task: URLSessionTask
    session: int
    terminal: str                 # the terminal message that it is to get: a delegate method, "completion_handler", or "" for none
    goes_on: bool                 # the download that a data task of the same identifier became


@printed
class Instructed(NamedTuple):
    """Somebody called `resume`, `suspend` or `cancel` of a task that had not ended."""

    number: int
    time: int
    task: URLSessionTask
    name: str


@printed
class Escaped(NamedTuple):
    """An exception that nobody waits for went to `threading.excepthook`."""

    number: int
    time: int
    task: URLSessionTask | None   # what it was raised for, where that is known
    where: str
    error: BaseException
    of_user: bool                 # came out of code of the user's


@printed
class Opened(NamedTuple):
    """A request was given to a route, or to the cache or a protocol class, as `source` says."""

    number: int
    time: int
    task: URLSessionTask | None
    exchange: int                 # tells the exchanges of a process apart
    method: str
    url: str
    source: str                   # "live", "cassette", "script", "cache", "protocol" or "local"


@printed
class Requested(NamedTuple):
    """A request came to a route: what of it is worth a look. Kept only by a history that is asked to, for it holds bodies."""

    number: int
    time: int
    task: URLSessionTask | None   # None for a plain client's
    exchange: int
    method: str
    url: str
    headers: Pairs                # pairs, and by name in any case
    content: bytes | Content | None
    source: str                   # "live", "cassette" or "script"

    @property
    def body(self) -> bytes | None:
        """The body; of a stream what was read of it so far, and of a file what it holds (which may raise OSError)."""
        return self.content if self.content is None or isinstance(self.content, bytes) else self.content.whole


@printed
class Sent(NamedTuple):
    """`size` bytes of a request's body were handed to the transport."""

    number: int
    time: int
    task: URLSessionTask | None
    exchange: int
    size: int


@printed
class Received(NamedTuple):
    """A head came (`status`, informational ones too), or `size` bytes of a body."""

    number: int
    time: int
    task: URLSessionTask | None
    exchange: int
    status: int | None
    size: int


@printed
class Closed(NamedTuple):
    """An exchange was given up before its end."""

    number: int
    time: int
    task: URLSessionTask | None
    exchange: int
    connection: tuple[int, int] | None = None     # as of `Ended`


@printed
class Filed(NamedTuple):
    """A file was made for a download."""

    number: int
    time: int
    task: URLSessionTask | None
    path: Path


@printed
class Written(NamedTuple):
    """`size` bytes were written into the file of a download."""

    number: int
    time: int
    task: URLSessionTask | None
    path: Path | None
    size: int


@printed
class Ended(NamedTuple):
    """An exchange ended, or with `exchange` 0 a task."""

    number: int
    time: int
    task: URLSessionTask | None
    exchange: int
    method: str
    url: str
    status: int | None            # None where no response came
    source: str
    milliseconds: float
    error: str                    # why no response came, or not all of it; "" where it did
    connection: tuple[int, int] | None = None     # of HTTP/1.1, that it was on: its number in this process, and which of its exchanges this is


@printed
class Faulted(NamedTuple):
    """A fault of a plan acted."""

    number: int
    time: int
    task: URLSessionTask | None   # None for a plain client's request
    point: str                    # where, as "body"
    kind: str                     # what, as "reset()"
    url: str


Record: TypeAlias = (Called | Asked | Answered | Returned | Became | Made | Instructed | Escaped | Opened | Requested | Sent | Received | Closed
                     | Filed | Written | Ended | Faulted)
EVERYTHING: frozenset[type] = frozenset({
    Called, Asked, Answered, Returned, Became, Made, Instructed, Escaped, Opened, Sent, Received, Closed, Filed, Written, Ended, Faulted})

exchange_numbers = itertools.count(1)


class Content(Protocol):
    """The content of a body that came as a stream."""

    @property
    def whole(self) -> bytes:
        """What is known of it."""


class History:
    """The records of one scope, in the order in which they came. Any thread may add.

    `kinds` are those that are kept, the last `limit` of them (None: all). Without `holds_tasks` the task of a record is None: what a
    task has, its body or the partial file of its resume data, goes with the last who holds the task.
    """

    def __init__(self, kinds: Iterable[type] = EVERYTHING, limit: int | None = None, *, holds_tasks: bool = True) -> None:
        self._holds_tasks = holds_tasks
        self.kept = frozenset(kinds)
        self._made = self.kinds = self.kept            # of which records are made here; `kinds` is what somebody looks at here or around
        self.records: MutableSequence[Record] = [] if limit is None else deque(maxlen=limit)
        self.outer: History | None = None
        self._numbers = itertools.count(1)
        self._watchers: list[Callable[[Record], None]] = []
        self.clock: Clock | None = None                # that the last record was timed by

    def __repr__(self) -> str:
        return f"<History: {len(self.records)} records>"

    @classmethod
    def of_exchanges(cls, limit: int) -> Self:
        """The last `limit` exchanges and tasks that ended, and nothing else: what a report of a failure shows."""
        return cls((Ended,), limit, holds_tasks=False)

    def __iter__(self) -> Iterator[Record]:
        return iter(list(self.records))

    def __len__(self) -> int:
        return len(self.records)

    def add(self, clock: Clock, kind: Callable[..., Record], *values: Any) -> None:
        """A record of `kind` (one of `kinds`: ask before) with its `values`, numbered and timed here."""
        if kind in self._made:
            record = kind(next(self._numbers), clock.now(), *values)
            self.clock = clock
            if kind in self.kept:
                self.records.append(record if self._holds_tasks else kind(record.number, record.time, None, *values[1:]))
            for watcher in self._watchers:
                watcher(record)
        if self.outer is not None and kind in self.outer.kinds:
            self.outer.add(clock, kind, *values)

    def keep(self, kind: type) -> None:
        """Keep what comes of `kind` from now on too."""
        self.kept |= {kind}
        self._look_at({kind})

    def nest(self, outer: History) -> None:
        """What is added here goes to `outer` too, as far as that wants it. A history that lies in another stays there."""
        if self.outer is None and outer is not self:
            self.outer = outer
            self.kinds |= outer.kinds

    def watch(self, watcher: Callable[[Record], None], kinds: Iterable[type] = ()) -> None:
        """Call `watcher` with each record from now on, where it is made, also with those of `kinds`, which need not be kept. It must
        neither block nor raise, and be done with the record's task when it returns."""
        self._look_at(kinds)
        self._watchers.append(watcher)

    def digest(self) -> str:
        """A hash of what is kept here, the same for whoever runs the same again: in hex digits (see `digest`)."""
        from .digest import digest

        return digest(self, timed=isinstance(self.clock, JumpingClock))

    def _look_at(self, kinds: Iterable[type]) -> None:
        self._made |= frozenset(kinds)
        self.kinds |= self._made
