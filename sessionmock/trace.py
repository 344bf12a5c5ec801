"""What happened, for tests and reports: callbacks as they were made, exchanges as they ended."""
from __future__ import annotations

from collections.abc import MutableSequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Callback(NamedTuple):
    """One call of a delegate method or completion handler."""

    name: str
    task: Any          # the task it was about, None for the session's own
    arguments: tuple[Any, ...]


class ExchangeRecord(NamedTuple):
    """One request and how it was answered."""

    method: str
    url: str
    status: int | None     # None where no response came
    source: str            # "live", "cassette" or "script"
    milliseconds: float
    error: str = ""        # why no response came, or not all of it


@dataclass(slots=True)
class Trace:
    """Collects while it is the current trace (`set_trace`). Appending is atomic, so every thread may."""

    callbacks: MutableSequence[Callback] = field(default_factory=list)      # a deque(maxlen=0) where nobody wants them
    exchanges: MutableSequence[ExchangeRecord] = field(default_factory=list)

    def names(self) -> list[str]:
        """The names of the callbacks, in order."""
        return [callback.name for callback in self.callbacks]


current: Trace | None = None


def set_trace(trace: Trace | None) -> Trace | None:
    """Make `trace` the one that collects (None: nobody does); returns the one before."""
    global current
    before, current = current, trace
    return before
