"""The faults of a test: those of its mark and its fixture, with a seed of their own, and what there is to say of them at its end."""
from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from .settings import root_seed

if TYPE_CHECKING:
    from sessionmock import FaultLine, Faults, LeakScope


def seed_of(item: pytest.Item) -> int:
    """What is drawn in `item` is drawn from this: the root seed and the test's own name, so that neither workers nor the order of tests
    change it. (xdist adds the name of a group to `nodeid`, and not to this.)"""
    place = "" if item.parent is None else item.parent.nodeid
    return int.from_bytes(sha256(f"{root_seed(item.config)} {place}::{item.name}".encode()).digest()[:8], "big")


class ItemFaults:
    """The faults of one test, until `stack` is closed. Those of `armed` are all tests that have some; `go_virtual` puts this one into
    virtual time."""

    def __init__(self, item: pytest.Item, stack: ExitStack, armed: set[str], go_virtual: Callable[[], object]) -> None:
        self._item, self._stack, self._all_armed, self._go_virtual = item, stack, armed, go_virtual
        self._faults: Faults | None = None      # None: nobody can have armed any
        self._answers_itself = False            # whether a script or a cassette answers here, and no server
        self._told = False                      # whether it was said which of them never acted

    def in_force(self, scope: LeakScope) -> Faults:
        """In force from the first use on for what `scope`, the test's, comes to own, on whatever thread."""
        if self._faults is None:
            from sessionmock import Faults

            self._faults = Faults((), seed_of(self._item))
            self._stack.enter_context(self._faults.watched(self._armed))
            scope.faults = (self._faults,)
        return self._faults

    def answered_here(self) -> None:
        """A script or a cassette is in force from now on: nobody waits for a fault that is about time."""
        self._answers_itself = True
        if self._faults is not None and any(line.is_timed for line in self._faults.plan):
            self._go_virtual()

    def _armed(self, line: FaultLine) -> None:
        self._all_armed.add(self._item.nodeid)
        if line.is_timed and self._answers_itself:
            self._go_virtual()

    def complaints(self) -> str:
        """What is wrong with the test that ends, and was not said yet: lines that never acted; "" where nothing is."""
        if self._faults is None or self._told:
            return ""
        told = self._faults.complaints
        self._told = bool(told)
        return "\n".join(text[0].upper() + text[1:] for text in told)

    def section(self) -> str:
        """What acted and, unless that was said, what did not: for the report of a test that has failed; "" where there is nothing."""
        if self._faults is None:
            return ""
        told = [*map(str, self._faults.fired), *(() if self._told else self._faults.complaints)]
        seed = root_seed(self._item.config)
        return "\n".join((*told, f"(drawn from seed {seed}: --sessionmock-seed={seed} draws the same)")) if told else ""
