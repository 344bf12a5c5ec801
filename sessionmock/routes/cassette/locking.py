"""One file, many writers: whoever saves holds a lock, sees what others wrote meanwhile, and keeps it."""
from __future__ import annotations

import os
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from .interaction import Interaction
from .matching import Index, Matcher, Veil, asked_of

try:
    import fcntl
except ImportError:    # not there on Windows: files are still replaced whole, and a change is seen
    fcntl = None    # type: ignore[assignment]

Stamp = tuple[int, int, int]


def stamp(path: Path) -> Stamp | None:
    """What tells one state of the file at `path` from another; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """No other process or thread saves into the folder of `path` within. Raises OSError.

    The folder itself is locked, so that no file is left behind; the file cannot be, since it is replaced.
    """
    folder = Path(os.path.realpath(path)).parent
    folder.mkdir(parents=True, exist_ok=True)
    if fcntl is None:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)    # which unlocks it


class Merged(NamedTuple):
    """Two recordings of one cassette in one."""

    kept: list[Interaction]      # of ours that were there before, what nobody took out
    others: list[Interaction]    # what others added
    added: list[Interaction]     # of ours that are new, what others have not recorded as well


def merge(kept: Sequence[Interaction], added: Sequence[Interaction], before: Sequence[Interaction], there: Sequence[Interaction],
          match_on: Sequence[str | Matcher], veil: Veil | None) -> Merged:
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
    theirs = Index(others, match_on, veil=veil)
    return Merged(still, others, [interaction for interaction in added if theirs.take(asked_of(interaction)) is None])


def _same(interaction: Interaction) -> Hashable:
    request, response = interaction.request, interaction.response
    return request.method, request.uri, request.body, response.status, response.body
