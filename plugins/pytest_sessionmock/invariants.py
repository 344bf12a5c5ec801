"""Invariants: what is checked of every test that has to do with sessionmock, and what becomes of it where something does not hold."""
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from .settings import invariants_of

if TYPE_CHECKING:
    from sessionmock import History, InvariantWatch


class Invariants:
    """Those of one test."""

    def __init__(self, item: pytest.Item) -> None:
        self._item = item
        self._how = "off"
        self._watch: InvariantWatch | None = None
        self._told = 0

    def begin(self, history: History, mark: Mapping[str, Any]) -> None:
        """Look at what `history` is told from now on, unless the ini file or `mark` says not to."""
        self._how = invariants_of(self._item, mark)
        if self._how != "off":
            from sessionmock import InvariantWatch

            self._watch = InvariantWatch(history)

    def complaints(self) -> str:
        """What did not hold and was not told yet, where that fails the test; "" where there is nothing. What is only to be warned of is."""
        if self._watch is None or len(self._watch.violations) == self._told:
            return ""
        new = self._watch.violations[self._told:]
        self._told += len(new)
        text = "\n\n".join(map(str, new))
        if self._how == "fail":
            return text
        self._item.warn(pytest.PytestWarning(text))
        return ""
