"""The files of downloads that are not whole: where they lie, and when they go.

One is removed with the last who could go on with it: the load that writes it, then whoever holds resume data for it; at the latest
when the interpreter ends. What a killed process has left is removed after a day.
"""
from __future__ import annotations

import os
import stat
import tempfile
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from ..stores.files import try_lock

PARTIAL, WHOLE = ".part", ".tmp"      # how names end
DAY = 86_400                          # seconds

_alive: weakref.WeakValueDictionary[int, PartialFile] = weakref.WeakValueDictionary()
_due: dict[str, int] = {}             # by folder: after how many more files it is looked through


def folder() -> Path:
    """Where downloads lie until they are moved or removed: private to the user, the same for every process (I19).

    Raises OSError where it cannot be made, or is not the user's own: in a shared /tmp anybody may take its name.
    """
    user = os.getuid()
    place = os.path.join(tempfile.gettempdir(), f"sessionmock-downloads-{user}")
    try:
        found = os.lstat(place)
    except FileNotFoundError:
        with suppress(FileExistsError):      # somebody else has made it meanwhile
            os.mkdir(place, 0o700)
        found = os.lstat(place)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != user:
        raise PermissionError(f"{place} is not a folder of this user's")
    return Path(place)


class PartialFile:
    """Holds a file that is not whole: it is removed with this, in the process that made this. With `stays` it is not: somebody
    whom nobody knows of may have resume data for it."""

    __slots__ = ("__weakref__", "_end", "path")

    def __init__(self, path: Path, *, stays: bool = False) -> None:
        self.path = path
        _alive[id(self)] = self
        self._end = weakref.finalize(self, _remove, path, os.getpid())
        if stays:
            self.stay()

    def stay(self) -> None:
        """Let the file be."""
        self._end.detach()


weakref.finalize(PartialFile, int).detach()     # the first one imports, which finalizers cannot do any more when the interpreter ends


class HeldData(bytes):
    """Resume data that holds its partial file. Whoever takes a copy of it (`bytes(data)`, `data.hex()`, pickling, and from Python
    3.12 on whatever reads it as a buffer, such as writing it to a file) keeps the file from being removed with this or with the process."""

    partial: PartialFile

    def __new__(cls, data: bytes, partial: PartialFile) -> Self:
        made = super().__new__(cls, data)
        made.partial = partial
        return made

    def __bytes__(self) -> bytes:
        self.partial.stay()
        return self[:]

    def __buffer__(self, flags: int) -> memoryview:
        return memoryview(bytes(self))

    def hex(self, *arguments: Any, **options: Any) -> str:
        return bytes(self).hex(*arguments, **options)

    def __reduce__(self) -> tuple[type[bytes], tuple[bytes]]:
        return bytes, (bytes(self),)


def is_held(path: Path) -> bool:
    """Whether a load, or resume data, holds the file at `path`."""
    return any(one is not None and one.path == path for one in (reference() for reference in _alive.valuerefs()))


def create() -> tuple[int, PartialFile]:
    """A new file, open and locked. Raises OSError."""
    place = str(folder())
    file, name = tempfile.mkstemp(prefix="download-", suffix=PARTIAL, dir=place)
    try_lock(file)
    _due[place] = _due.get(place, 1) - 1
    if _due[place] <= 0:
        _due[place] = _sweep(place, os.fstat(file).st_mtime)      # by the file system's clock the others are as old, too
    return file, PartialFile(Path(name))


def _sweep(place: str, now: float) -> int:
    """Remove what nobody has written to for a day, nor has open. How many files there are: to look through so many costs little where
    it is done once for as many new ones."""
    names = os.listdir(place)
    for name in names:
        if name.endswith(PARTIAL):
            with suppress(OSError):
                _remove_old(os.path.join(place, name), now)
    return len(names)


def _remove_old(path: str, now: float) -> None:
    if now - os.lstat(path).st_mtime > DAY:
        file = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
        try:
            if try_lock(file):
                os.unlink(path)
        finally:
            os.close(file)


def _remove(path: Path, owner: int) -> None:
    if os.getpid() == owner:           # in a forked child it is the parent's
        with suppress(OSError):
            path.unlink()
