"""The recordings of processes that were killed, merged into their cassette when it is opened next."""
from __future__ import annotations

import contextlib
import warnings
from collections.abc import Sequence
from pathlib import Path

from ...errors import CassetteError, RecordingWarning
from . import files
from .asked import Masking, Matcher, asked_of
from .ignored import Ignored
from .interaction import Interaction, Tape
from .journal import Dead, dead_journals, folder_of
from .locking import locked
from .matching import Index

UNFINISHED = "unfinished"


def is_unfinished(tape: Tape) -> bool:
    """Whether the recording of `tape` was broken off: mode "once" goes on with it."""
    return tape.metadata.get("sessionmock") == UNFINISHED


def mark_unfinished(tape: Tape, value: bool) -> None:
    """Write down whether it was."""
    if value:
        tape.metadata["sessionmock"] = UNFINISHED
    else:
        tape.metadata.pop("sessionmock", None)


def recover(path: Path, match_on: Sequence[str | Matcher], masking: Masking | None, ignored: Ignored) -> None:
    """Merge into the cassette at `path` what processes that have ended recorded for it and did not save. Raises CassetteError."""
    folder = folder_of(path)
    try:
        with locked(path), dead_journals(folder) as dead:
            if any(journal.answers for journal in dead):
                tape = files.load(path) or Tape()
                for journal in dead:
                    tape.interactions = _merged(tape, journal, match_on, masking, ignored)
                mark_unfinished(tape, True)
                files.save(path, tape)
            for journal in dead:
                journal.file.unlink()
            with contextlib.suppress(OSError):
                folder.rmdir()     # unless others record
    except (OSError, CassetteError) as error:
        warnings.warn(f"{path}: a recording that was broken off stays in {folder}: {error}", RecordingWarning, stacklevel=4)


def succeeded(before: Sequence[Interaction], new: Sequence[Interaction], match_on: Sequence[str | Matcher], masking: Masking | None,
              ignored: Ignored) -> tuple[list[Interaction], list[Interaction]]:
    """What stays of `before` and `new` where new answers take the place of those to the same requests, as with vcrpy 9.

    A failure takes the place of no answer: who records while a server is gone keeps what he had.
    """
    again = Index([one for one in new if one.response.status], match_on, masking=masking, ignored=ignored)
    stays = [one for one in before if not again.answers(asked_of(one))]
    there = Index(stays, match_on, masking=masking, ignored=ignored)
    return stays, [one for one in new if one.response.status or not there.answers(asked_of(one))]


def _merged(tape: Tape, journal: Dead, match_on: Sequence[str | Matcher], masking: Masking | None, ignored: Ignored) -> list[Interaction]:
    """The interactions of `tape` with those of `journal`: what stands there already, as by another process, is not there twice."""
    before, others = tape.interactions[:journal.how.before], tape.interactions[journal.how.before:]
    new = []
    for _, place, interaction in journal.answers:
        if place is not None and place < len(before) and asked_of(before[place]) == asked_of(interaction):
            before[place] = interaction
        else:
            new.append(interaction)
    if journal.how.replaces:
        before, new = succeeded(before, new, match_on, masking, ignored)
    there = Index(others, match_on, masking=masking, ignored=ignored)
    return [*before, *others, *(interaction for interaction in new if there.take(asked_of(interaction)) is None)]
