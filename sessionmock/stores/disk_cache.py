"""The disk tier of a cache: one file for each response, in a folder that several processes may share.

A file (`cache_file`) appears and goes as a whole; one that is not as it should be is removed and was never there. No error of the
disk leaves this module.
"""
from __future__ import annotations

import os
import re
import struct
import tempfile
import threading
import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from itertools import chain

from ..clock import SECOND, SystemClock
from ..errors import InvalidArgumentException
from ..regular import irregular, open_regular
from .cache_file import FOOTER_SIZE, Entry, FileBody, describe, mark_of, read, unlink
from .files import replace_file
from .forking import give_lock

SHARE = 20                    # no response takes more than a twentieth of the capacity (Apple: about 5 %)
VARIANTS = 16                 # responses of one URL at once, each for other header fields; those of signed requests are all different
STALE_TEMPORARY = 86_400 * SECOND    # what a process that died left half written is removed after a day
_wall = SystemClock()    # the times of files are the file system's, whatever clock a session has
_NAME = re.compile(r"[0-9a-f]{32}-[0-9a-f]{16}")
_TEMPORARY = re.compile(r"\.(?:body|[0-9a-f]{32}-[0-9a-f]{16})\..*\.tmp")


def _used(path: str) -> int:
    """When the file was used last (ns); 0 where it is gone."""
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


class DiskCache:
    """The files below `folder`, at most `capacity` bytes of them; the least recently used go first."""

    def __init__(self, folder: str | os.PathLike[str], capacity: int) -> None:
        self.folder = os.path.abspath(folder)
        with suppress(OSError):      # what cannot be looked at is a disk that fails, which costs no load
            if (kind := irregular(os.stat(self.folder).st_mode)) is not None:
                raise InvalidArgumentException(f"URLCache(directory={self.folder!r}): it is {kind}, not a folder; name one, or none yet")
        self._capacity = capacity
        self._lock: threading.Lock          # of the three below
        give_lock(self)
        self._stamp = 0
        self._written = 0                   # bytes since the folder was last counted
        self._counted: int | None = None    # bytes that were in it then

    @property
    def limit(self) -> int:
        """Bytes that one response may have."""
        return self._capacity // SHARE

    @property
    def capacity(self) -> int:
        """Bytes that all files together may have; setting less removes at once, 0 removes all and keeps nothing more."""
        return self._capacity

    @capacity.setter
    def capacity(self, value: int) -> None:
        self._capacity = value
        self.trim()

    def usage(self) -> int:
        """Bytes of the files that are there now, whoever wrote them."""
        return sum(size for _, size, _ in self._files())

    # One entry -----------------------------------------------------------------------------------

    def put(self, key: str, entry: Entry) -> int | None:
        """Keep `entry`, in place of one for the same requests: the mark of its file, None where it cannot be kept."""
        body = entry.cached.body
        checksum = zlib.crc32(body) if isinstance(body, bytes) else getattr(body, "checksum", None)
        description = describe(key, entry, checksum) if self._capacity and checksum is not None else None
        if description is None or entry.cached.size + len(description) > self.limit:
            return None
        path = self._path(key, entry.selected)
        try:
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            if isinstance(body, FileBody) and body.temporary is not None:
                size = body.move_to(path, description)
            else:
                size = replace_file(path, chain(entry.cached.chunks(), [description]))
            self._touch(path)
        except OSError:
            return None
        with self._lock:
            self._written += size
            full = self._counted is None or self._counted + self._written > self._capacity or self._written > self._capacity // 8
        if full:
            self.trim()
        return mark_of(description)

    def holds(self, key: str, entry: Entry) -> bool:
        """Whether the file of `entry` is still the one that it came from or went to; then it was used just now."""
        path = self._path(key, entry.selected)
        try:
            with open(path, "rb", buffering=0, opener=open_regular) as file:
                file.seek(-FOOTER_SIZE, os.SEEK_END)
                kept = mark_of(file.read(FOOTER_SIZE)) == entry.mark
            if kept:
                self._touch(path)
        except (OSError, struct.error):
            return False
        return kept

    def find(self, key: str) -> Iterator[Entry]:
        """The entries of `key`, whoever they are for."""
        for path in self._paths(key):
            entry = read(path, key)
            if entry is not None:
                yield entry

    def use(self, key: str, entry: Entry) -> bool:
        """Note that `entry`, which was found, is used now. False where its body is damaged: then it is removed."""
        path, body = self._path(key, entry.selected), entry.cached.body
        if isinstance(body, FileBody) and not body.is_whole():      # a shorter one was looked at when it was read
            unlink(path)
            return False
        with suppress(OSError):
            self._touch(path)
        return True

    def remove(self, key: str) -> None:
        """Remove the entries of `key`."""
        for path in self._paths(key):
            unlink(path)

    def remove_one(self, key: str, selected: tuple[str | None, ...]) -> None:
        """Remove the entry of `key` for `selected`."""
        unlink(self._path(key, selected))

    def remove_others(self, key: str, entry: Entry) -> None:
        """Remove the entries of `key` that were chosen by other fields than `entry`: they are never chosen again. Also those
        that were used longest ago, where there are too many."""
        own = self._path(key, entry.selected)
        others = sorted((path for path in self._paths(key) if path != own), key=_used)
        for path in others[:max(0, len(others) - VARIANTS + 1)]:
            unlink(path)
        for path in others:
            if (old := read(path, key)) is not None and old.names != entry.names:
                unlink(path)

    # All of them ---------------------------------------------------------------------------------

    def remove_since(self, date: datetime | None) -> None:
        """Remove what was stored after `date`; None removes all."""
        for path, _, _ in self._files():
            if date is None or ((entry := read(path, None)) is not None and entry.stored > date):
                unlink(path)

    def trim(self) -> None:
        """Count the folder, and remove what was least recently used until it fits."""
        with self._lock:
            files = sorted(self._files(), key=lambda file: file[2])
            total = sum(size for _, size, _ in files)
            for path, size, _ in files:
                if total <= self._capacity:
                    break
                unlink(path)
                total -= size
            self._counted, self._written = total, 0

    def temporary(self) -> tuple[int, str]:
        """A new file for a body on its way: its handle and path. Raises OSError."""
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        return tempfile.mkstemp(prefix=".body.", suffix=".tmp", dir=self.folder)

    # Names and times -----------------------------------------------------------------------------

    def _path(self, key: str, selected: tuple[str | None, ...]) -> str:
        name = sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        return os.path.join(self.folder, name[:2], f"{name}-{sha256(repr(selected).encode()).hexdigest()[:16]}")

    def _paths(self, key: str) -> list[str]:
        folder, name = os.path.split(self._path(key, ()))
        try:
            names = os.listdir(folder)
        except OSError:
            return []
        return [os.path.join(folder, each) for each in names if each.startswith(name[:33]) and _NAME.fullmatch(each)]

    def _files(self) -> Iterator[tuple[str, int, int]]:
        """Path, bytes and last use (ns) of every entry. What is not of this cache is passed over."""
        for folder in (self.folder, *(os.path.join(self.folder, f"{number:02x}") for number in range(256))):
            try:
                found = os.scandir(folder)
            except OSError:
                continue
            with found:
                for each in found:
                    with suppress(OSError):
                        status = each.stat(follow_symlinks=False)
                        if _NAME.fullmatch(each.name):
                            yield each.path, status.st_size, status.st_mtime_ns
                        elif _TEMPORARY.fullmatch(each.name) and _now() - status.st_mtime_ns > STALE_TEMPORARY:
                            os.unlink(each.path)

    def _touch(self, path: str) -> None:
        with self._lock:
            self._stamp = stamp = max(self._stamp + 1, _now())     # two uses in one tick keep their order
        os.utime(path, ns=(stamp, stamp))


def _now() -> int:
    return int(_wall.date().timestamp() * SECOND)
