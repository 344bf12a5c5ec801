"""What was recorded for one cassette, in the order in which it was asked, until it stands in its file."""
from __future__ import annotations

import itertools
import sys
import threading
import warnings
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from ... import shown
from ...errors import CassetteError, RecordingWarning
from . import files
from .asked import Masking, Matcher
from .draft import Draft
from .ignored import NOTHING, Ignored
from .interaction import LEFT, REPLACED, Interaction
from .journal import How, Written
from .keeper import keeper
from .recovery import succeeded
from .replaced import Replaced, summary
from .secrets import Secrets
from .shared_file import SharedFile


class Recording:
    """The answers recorded for `file`. With `replaces`, they take the place of what stood there for the same requests. For any thread.

    Until they are saved, a journal has them too (`keeper`, which may come on top of any of its methods: the locks can be had again).
    """

    def __init__(self, file: SharedFile, match_on: Sequence[str | Matcher], secrets: Secrets | None, *, replaces: bool,
                 ignored: Ignored = NOTHING) -> None:
        self._file, self._match_on, self._secrets, self._replaces = file, match_on, secrets, replaces
        self._ignored = ignored
        self.count = 0                                   # answers recorded
        self._left: list[str] = []                       # those of them whose reader left, and that nobody was told of
        self._new: list[tuple[int, Interaction]] = []    # with the number of their request
        self._renewed: dict[int, Interaction] = {}       # in the place of those that had grown old
        self._numbers = itertools.count()
        self._replaced: Replaced = set()                 # in what was saved
        self._dirty = False                              # whether something is not in the file yet
        self._broken_off = False
        self._draft = Draft(file.path, secrets)          # those of them that are not in the file yet
        self._lock = threading.RLock()                   # for what is above
        self._writing = threading.RLock()

    def __len__(self) -> int:
        """How many interactions there are, in the file and new."""
        return len(self._file.tape.interactions) + len(self._new)

    @property
    def has_renewed(self) -> bool:
        """Whether an answer of the file was replaced because it had grown old."""
        return bool(self._renewed)

    def number(self) -> int:
        """The place that a request takes among the new ones, whenever its answer is complete."""
        return next(self._numbers)

    def add(self, number: int, place: int | None, interaction: Interaction) -> bool:
        """Take in what was recorded for request `number`: at the end, or at the `place` in the file of one that had grown old.

        Whether it is one more.
        """
        with self._lock:
            if place is not None and not interaction.response.status:
                return False      # an answer that had grown old is better than none
            self._dirty = True
            self.count += 1
            if interaction.extra.failure == LEFT:
                self._left.append(f"{interaction.method} {shown.url(interaction.uri)} after {len(interaction.response.body)} bytes")
            if self._draft.add(Written(number, place, interaction)):
                keeper.watch(self)
            if place is not None and place < len(self._file.tape.interactions):
                self._renewed[place] = interaction
                return False
            self._new.append((number, interaction))
            return True

    def remarks(self) -> Iterator[str]:
        """What a user is to be told of the recording, each once."""
        left, self._left = self._left, []
        if left:
            more = f", and {len(left) - 1} more" if len(left) > 1 else ""
            yield f"kept as far as it came, for its reader left: {left[0]}{more}"

    @property
    def replaced(self) -> str:
        """What was replaced in what was saved, in words; nothing where nothing was."""
        return summary(label for label, _ in self._replaced)

    @property
    def path(self) -> Path:
        """The cassette."""
        return self._file.path

    @property
    def is_dirty(self) -> bool:
        """Whether something is not in the file yet."""
        return self._dirty

    def break_off(self) -> None:
        """The recording ends before it is whole: mode "once" goes on with it another time."""
        self._broken_off = True

    def finish(self) -> None:
        """The recording is at its end."""
        if self._file.unfinished is not self._broken_off:
            self._file.unfinished, self._dirty = self._broken_off, True

    def flush(self) -> None:
        """Have everything in the journal that is not in the file. Raises OSError."""
        with self._writing, files.uncollected():
            self._draft.write(How(self._file.count, self._replaces))

    def orphan(self) -> None:
        """In a forked child: what was recorded so far is the parent's, and so are whoever holds a lock."""
        self._lock, self._writing = threading.RLock(), threading.RLock()
        self._new, self._renewed, self._left, self._dirty = [], {}, [], False
        self._draft.leave()

    def save(self, drop: Collection[int] = ()) -> None:
        """Write the file, without the positions in `drop`, if that or a new answer changes it. Raises CassetteError.

        What others wrote into it meanwhile is kept; what both recorded stands there once.
        """
        with self._writing:
            with self._lock:
                dirty, self._dirty = self._dirty, False
                new = [interaction for _, interaction in sorted(self._new, key=lambda pair: pair[0])]
            if not (dirty or drop):
                return
            try:
                with files.uncollected():
                    self._write(new, drop)
                with self._lock:
                    self._draft.saved((*new, *self._renewed.values()))
            except BaseException as error:
                if dirty:
                    self._dirty = True      # it can be tried again
                if isinstance(error, OSError):
                    raise CassetteError(f"{self._file.path}: cannot be written: {error.strerror}") from error
                raise

    def _write(self, new: list[Interaction], drop: Collection[int]) -> None:
        masking: Masking | None = None
        if self._secrets:
            self._draft.clean((*new, *self._renewed.values()))
            masking = self._secrets.masking
            self._replaced.update(*(interaction.extra.replaced for interaction in (*new, *self._renewed.values())))
            if self._replaced:
                self._file.tape.metadata[REPLACED] = self.replaced
        kept = [self._renewed.get(position, interaction) for position, interaction in enumerate(self._file.tape.interactions)
                if position not in drop]
        if self._replaces and new and kept:
            kept, new = succeeded(kept, new, self._match_on, masking, self._ignored)
        gone = set(map(id, self._file.write(kept, new, self._match_on, masking, self._ignored)))
        with self._lock:
            self._new = [pair for pair in self._new if id(pair[1]) not in gone]


def save_late(recording: Recording) -> None:
    """Save `recording`, whose route nobody closed before it was forgotten or the program ended, and say so."""
    if recording.is_dirty:
        if getattr(sys, "last_type", None) is KeyboardInterrupt:      # the program ends by it
            recording.break_off()
        recording.finish()
        recording.save()
        warnings.warn(f"{recording.path}: saved only now ({recording.count} recorded), for nobody closed its CassetteRoute: "
                      "use it in `with`, or call close()", RecordingWarning, stacklevel=2)
