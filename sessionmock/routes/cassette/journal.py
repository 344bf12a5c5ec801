"""What is recorded and not in its file yet, beside the cassette: a process that is killed loses no more than its last moment.

A cassette `a.yaml` that is being recorded has a folder `.a.yaml.journal` with a file for each process that records it: a line of
JSON that says how it records, then one for each answer, secrets replaced, its body as in a cassette. The process holds a lock
on its file, which the system takes away when it dies; a file that nobody locks is merged when the cassette is opened next
(`recovery`). Without such locks (Windows) there are no journals.
"""
from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from .formats import vcr_tree
from .interaction import Interaction, Tape
from .locking import locked, try_lock

_LONGEST = 200    # characters of a cassette's name that are taken


class Written(NamedTuple):
    """An answer in a journal."""

    number: int           # of its request, in the order in which they were made
    place: int | None     # the position in the file of the answer that it renews
    interaction: Interaction


class How(NamedTuple):
    """What a merge must know of a recording."""

    before: int           # the interactions that the file held
    replaces: bool        # whether the new answers take the place of those to the same requests


class Journal:
    """The journal of this process for the cassette at `path`, made with the first answer. Raises OSError."""

    def __init__(self, path: Path, how: How) -> None:
        self._path, self._how = path, how
        self._file: Path | None = None
        self._handle = -1

    def append(self, answers: Iterable[Written]) -> None:
        """Write down `answers`, from which secrets are gone."""
        if self._file is None:
            self._make()
        _write(self._handle, answers)

    def rewrite(self, answers: Iterable[Written]) -> None:
        """Have `answers` and nothing else."""
        if self._file is not None:
            os.ftruncate(self._handle, 0)
            os.write(self._handle, _line(self._how._asdict()))
            _write(self._handle, answers)

    def text(self) -> str:
        """What stands in it, to look for something."""
        return "" if self._file is None else self._file.read_text("ascii")

    def remove(self) -> None:
        """All of it is in the cassette."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.unlink()
                self._file.parent.rmdir()      # unless others record too
            self.leave()

    def leave(self) -> None:
        """Give it up as it is: a forked child has nothing to do with the journal of its parent."""
        if self._file is not None:
            os.close(self._handle)
            self._file = None

    def _make(self) -> None:
        file = folder_of(self._path) / f"{os.getpid()}-{secrets.token_hex(4)}"
        with locked(self._path):       # nobody takes it for a dead one before it has its lock
            file.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            try_lock(handle)
        os.write(handle, _line(self._how._asdict()))
        self._file, self._handle = file, handle


class Dead(NamedTuple):
    """A journal whose process has ended, locked by us."""

    file: Path
    handle: int
    how: How
    answers: list[Written]      # in the order of their requests


def folder_of(path: Path) -> Path:
    """The folder of the journals of the cassette at `path`."""
    path = Path(os.path.realpath(path))
    return path.with_name(f".{path.name[:_LONGEST]}.journal")


def has_journals(path: Path) -> bool:
    """Whether there is such a folder. Each load of a cassette asks, so nothing is looked up that need not be."""
    folder, name = os.path.split(os.path.realpath(path) if os.path.islink(path) else path)
    return os.path.isdir(os.path.join(folder, f".{name[:_LONGEST]}.journal"))


@contextlib.contextmanager
def dead_journals(folder: Path) -> Iterator[list[Dead]]:
    """The journals in `folder` whose processes have ended: nobody else takes them within. Those that are still there afterwards stay."""
    found: list[Dead] = []
    try:
        for file in sorted(folder.iterdir()):
            handle = os.open(file, os.O_RDWR)
            if try_lock(handle):
                found.append(_read(file, handle))
            else:
                os.close(handle)       # its process lives
        yield found
    finally:
        for one in found:
            os.close(one.handle)


def _read(file: Path, handle: int) -> Dead:
    """What stands in `file`, as far as whole lines go."""
    trees = _trees(file)
    first = next(trees, {})
    answers = []
    for line in trees:
        with contextlib.suppress(LookupError, TypeError, vcr_tree.Misshapen):
            answers.append(Written(line["number"], line["place"], vcr_tree.decode_item(line["item"], None)))
    how = How(int(first.get("before", 0)), bool(first.get("replaces")))
    return Dead(file, handle, how, sorted(answers, key=lambda answer: answer.number))


def _trees(file: Path) -> Iterator[dict[str, Any]]:
    for line in file.read_bytes().split(b"\n")[:-1]:
        with contextlib.suppress(ValueError, RecursionError):
            if isinstance(tree := json.loads(line), dict):
                yield tree


def _write(handle: int, answers: Iterable[Written]) -> None:
    for number, place, interaction in answers:
        item = vcr_tree.encode(Tape([interaction]), binary=False)["interactions"][0]
        data = memoryview(_line({"number": number, "place": place, "item": item}))
        while data:
            data = data[os.write(handle, data):]


def _line(tree: dict[str, Any]) -> bytes:
    return json.dumps(tree, default=str).encode("ascii") + b"\n"
