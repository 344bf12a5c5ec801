"""The time of a test: real, or virtual from the moment that its mark, the ini file, or whoever needs it says so."""
from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any

from .imports import loaded

_LOOK = 0.005       # seconds between two looks whether anything is under way


@contextmanager
def in_real_time() -> Iterator[None]:
    """The virtual time of the test that is on is not that of this block, as of a fixture that outlives it."""
    if not loaded():
        yield
        return
    from sessionmock import real_time

    with real_time():
        yield


class RealClock:
    """What a test has for a clock whose answers come from servers, by the command line or the ini file. It tells the time, lets
    it pass as it does, and leaves sleeps alone: a recording must not be made faster than its server goes."""

    def __init__(self, held: Callable[[], Iterable[Any]]) -> None:
        self._held = held                   # the sessions and tasks of the test that have not ended
        self._start = time.monotonic()

    def __repr__(self) -> str:
        return f"<RealClock at {self.now():g} s>"

    def now(self) -> float:
        """Seconds since it was made."""
        return time.monotonic() - self._start

    def date(self) -> datetime:
        """The wall clock, aware, in UTC."""
        return datetime.now(UTC)

    def advance(self, seconds: float) -> None:
        """Wait as long."""
        time.sleep(seconds)

    def run_until_idle(self) -> None:
        """Wait until no task of the test is running."""
        from sessionmock import TaskState

        under_way = (TaskState.RUNNING, TaskState.CANCELING)
        while any(getattr(made, "state", None) in under_way for made in list(self._held())):
            time.sleep(_LOOK)

    def permute(self, seed: int | str) -> None:
        """Real time has no ties."""

    def patch_sleep(self) -> AbstractContextManager[None]:
        """Sleeps take their time."""
        return nullcontext()
