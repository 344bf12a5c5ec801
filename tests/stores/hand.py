"""A clock for tests of stores."""
from __future__ import annotations

from datetime import datetime

from sessionmock.engine.virtual_clock import VirtualClock


class Hand(VirtualClock):
    """A clock whose date is set by hand."""

    @property
    def today(self) -> datetime:
        return self.date()

    @today.setter
    def today(self, date: datetime) -> None:
        self._engine.clock._start = date
