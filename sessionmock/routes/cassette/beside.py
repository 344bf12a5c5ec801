"""The other cassettes in a cassette's folder: whether one of them has what this one misses. Slow: for reports."""
from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from ...errors import CassetteError
from . import files
from .asked import Asked, Masking
from .interaction import Interaction
from .matching import Index

_FOLDER = 100              # other cassettes that are looked into
_LARGEST = 4 << 20         # bytes of one that is


def elsewhere(path: Path, index: Index, asked: Asked, masking: Masking | None) -> Iterator[tuple[str, list[int]]]:
    """The names of files beside `path` that answer `asked`, compared as by `index`, with the positions of the answers."""
    for other in _beside(path):
        try:
            there = Index(_interactions(other, other.stat().st_mtime_ns), index.match_on, masking=masking, ignored=index.comparison.ignored)
            if answers := there.answers(asked):
                yield other.name, answers
        except (CassetteError, OSError):
            continue


@lru_cache(maxsize=_FOLDER)      # a run with many misses reads a folder once
def _interactions(path: Path, changed: int) -> Sequence[Interaction]:
    tape = files.load(path)
    return tape.interactions if tape else ()


def _beside(path: Path) -> Iterator[Path]:
    try:
        for other in itertools.islice(sorted(path.parent.iterdir()), _FOLDER):
            if other.suffix.lower() in files.SUFFIXES and other.name != path.name and other.is_file() and other.stat().st_size <= _LARGEST:
                yield other
    except OSError:
        return
