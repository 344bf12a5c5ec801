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

from .clock import Clock
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


@printed
class Asked(NamedTuple):
    """A delegate method was called that is a question."""

    number: int
    time: int
    task: URLSessionTask | None
    name: str
    arguments: tuple[Any, ...]


@printed
class Answered(NamedTuple):
    """The question `name` was answered."""

    number: int
    time: int
    task: URLSessionTask | None
    name: str
    values: tuple[Any, ...]


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


@printed
class Faulted(NamedTuple):
    """A fault of a plan acted."""

    number: int
    time: int
    task: URLSessionTask | None   # None for a plain client's request
    point: str                    # where, as "body"
    kind: str                     # what, as "reset()"
    url: str


Record: TypeAlias = Called | Asked | Answered | Opened | Requested | Sent | Received | Closed | Written | Ended | Faulted
EVERYTHING: frozenset[type] = frozenset({Called, Asked, Answered, Opened, Sent, Received, Closed, Written, Ended, Faulted})

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
        self.kept = self.kinds = frozenset(kinds)      # `kinds` are those that somebody looks at, here or around
        self.records: MutableSequence[Record] = [] if limit is None else deque(maxlen=limit)
        self.outer: History | None = None
        self._numbers = itertools.count(1)
        self._watchers: list[Callable[[Record], None]] = []

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
        if kind in self.kept:
            kept = values if self._holds_tasks else (None, *values[1:])
            record = kind(next(self._numbers), clock.now(), *kept)
            self.records.append(record)
            for watcher in self._watchers:
                watcher(record)
        if self.outer is not None and kind in self.outer.kinds:
            self.outer.add(clock, kind, *values)

    def keep(self, kind: type) -> None:
        """Keep what comes of `kind` from now on too."""
        self.kept |= {kind}
        self.kinds |= {kind}

    def nest(self, outer: History) -> None:
        """What is added here goes to `outer` too, as far as that wants it. A history that lies in another stays there."""
        if self.outer is None and outer is not self:
            self.outer = outer
            self.kinds = self.kept | outer.kinds

    def watch(self, watcher: Callable[[Record], None]) -> None:
        """Call `watcher` with each record from now on, where it is made; it must neither block nor raise."""
        self._watchers.append(watcher)
