"""What of a recording is not in its file yet: first in memory alone, then, with its secrets replaced, in a journal too."""
from __future__ import annotations

import contextlib
from collections.abc import Collection, Sequence
from pathlib import Path

from .interaction import Interaction
from .journal import How, Journal, Written
from .locking import HAS_LOCKS
from .secrets import Secrets


class Draft:
    """The answers that were recorded for the cassette at `path` since it was saved. Its owner has the locks."""

    def __init__(self, path: Path, secrets: Secrets | None) -> None:
        self._path, self._secrets = path, secrets
        self._journal: Journal | None = None
        self._new: list[Written] = []         # in memory alone
        self._written: list[Written] = []     # in the journal, without secrets

    def add(self, answer: Written) -> bool:
        """Take in `answer`; whether it is the first that is in memory alone."""
        self._new.append(answer)
        return len(self._new) == 1

    def write(self, how: How) -> None:
        """Write into the journal what is in memory alone. Raises OSError."""
        if not (self._new and HAS_LOCKS):
            return
        new, journal = self._new[:], self._journal or Journal(self._path, how)
        known = self._secrets.known() if self._secrets else frozenset()
        self.clean([answer.interaction for answer in new])
        fresh = self._secrets.known() - known if self._secrets else ()
        if fresh and self._written and _holds(journal.text(), fresh):      # what is a secret was learnt late
            self.clean([answer.interaction for answer in self._written])
            journal.rewrite(self._written)
        journal.append(new)
        self._journal = journal
        self._written += new
        del self._new[:len(new)]

    def clean(self, interactions: Sequence[Interaction]) -> None:
        """Replace the secrets of `interactions`, which costs little where that was done before."""
        if self._secrets:
            self._secrets.clean_all(interactions, {id(answer.interaction) for answer in self._written})

    def saved(self, interactions: Sequence[Interaction]) -> None:
        """`interactions` stand in the file: the journal has had its time, for it has none but these."""
        there = set(map(id, interactions))
        self._new = [answer for answer in self._new if id(answer.interaction) not in there]
        self._written.clear()
        if self._journal is not None:
            self._journal.remove()
            self._journal = None

    def leave(self) -> None:
        """In a forked child: all of it is the parent's."""
        self._new, self._written = [], []
        if self._journal is not None:
            with contextlib.suppress(OSError):
                self._journal.leave()
            self._journal = None


def _holds(text: str, words: Collection[str]) -> bool:
    return any(word in text for word in words)
