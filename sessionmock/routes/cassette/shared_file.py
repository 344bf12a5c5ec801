"""One file, many writers: whoever saves holds a lock, sees what others wrote meanwhile, and keeps it."""
from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import NamedTuple

from ...errors import CassetteError
from . import files
from .asked import Masking, Matcher, asked_of
from .ignored import NOTHING, Ignored
from .interaction import Interaction, Tape
from .locking import locked, stamp
from .matching import Index
from .recovery import is_unfinished, mark_unfinished


class SharedFile:
    """A cassette file that others may write too. `tape` is what stood in it at first; `exists` says whether there was one.

    Raises CassetteError where it is broken.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp = stamp(path)                     # before it is read: what is written from now on is seen later
        tape = files.load(path)
        self.exists = tape is not None
        self.tape = tape or Tape()
        self._others: list[Interaction] = []          # what others wrote into it meanwhile
        self._before = self.tape.interactions         # what it held when it was last read or written

    @property
    def count(self) -> int:
        """How many interactions it held when it was last read or written."""
        return len(self._before)

    @property
    def unfinished(self) -> bool:
        """Whether its recording was broken off."""
        return is_unfinished(self.tape)

    @unfinished.setter
    def unfinished(self, value: bool) -> None:
        mark_unfinished(self.tape, value)

    def write(self, kept: Sequence[Interaction], new: Sequence[Interaction], match_on: Sequence[str | Matcher],
              masking: Masking | None, ignored: Ignored = NOTHING) -> list[Interaction]:
        """Write what is `kept` of its interactions, what others wrote meanwhile, and what is `new`.

        Returns those of `new` that others have recorded as well, and that were therefore left out. Raises CassetteError and OSError.
        """
        kept, added = [*kept, *self._others], list(new)
        others: list[Interaction] = []
        with locked(self.path):
            if stamp(self.path) != self._stamp:
                there = self._changed(len(new))
                kept, others, added = merge(kept, new, self._before, there.interactions if there else (), match_on, masking,
                                             ignored)
            whole = [*kept, *others, *added]
            files.save(self.path, Tape(whole, self.tape.metadata, self.tape.format))
            self._stamp = stamp(self.path)
        self._others += others
        self._before = whole
        there_now = set(map(id, added))
        return [interaction for interaction in new if id(interaction) not in there_now]

    def _changed(self, count: int) -> Tape | None:
        """The file, which another wrote. Raises CassetteError."""
        try:
            return files.load(self.path)
        except CassetteError as error:
            lost = f"{self.path} was changed meanwhile and cannot be read, so {count} recorded answers are not saved"
            raise CassetteError(f"{lost}: {error}") from error


class Merged(NamedTuple):
    """Two recordings of one cassette in one."""

    kept: list[Interaction]      # of ours that were there before, what nobody took out
    others: list[Interaction]    # what others added
    added: list[Interaction]     # of ours that are new, what others have not recorded as well


def merge(kept: Sequence[Interaction], added: Sequence[Interaction], before: Sequence[Interaction], there: Sequence[Interaction],
          match_on: Sequence[str | Matcher], masking: Masking | None, ignored: Ignored = NOTHING) -> Merged:
    """Of a file that held `before` and now holds `there`, and our wish to have `kept` and `added`.

    A request that both sides recorded stands as often as the side has it that asked it more often, theirs first: whichever
    of the two tests replays finds what it asks.
    """
    left = Counter(map(_same, before))
    others = []
    for interaction in there:
        key = _same(interaction)
        if left[key]:
            left[key] -= 1
        else:
            others.append(interaction)
    still = []
    for interaction in kept:
        key = _same(interaction)
        if left[key]:
            left[key] -= 1      # somebody took it out
        else:
            still.append(interaction)
    theirs = Index(others, match_on, masking=masking, ignored=ignored)
    return Merged(still, others, [interaction for interaction in added if theirs.take(asked_of(interaction)) is None])


def _same(interaction: Interaction) -> Hashable:
    request, response = interaction.request, interaction.response
    return request.method, request.uri, request.body, response.status, response.body
