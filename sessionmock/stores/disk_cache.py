"""The disk tier of a cache: one file for each response, in a folder that several processes may share.

A file holds the body, then a description of the response in JSON, then a footer with the description's length and
checksum: so a body is written as it arrives, and read without its description being touched. A file appears and goes
as a whole; one that is not as it should be is removed and was never there. No error of the disk leaves this module.
"""
from __future__ import annotations

import json
import os
import re
import struct
import tempfile
import threading
import weakref
import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from itertools import chain
from typing import Any, NamedTuple

from ..clock import SECOND, SystemClock
from ..models.cached_response import CachedURLResponse, CacheStoragePolicy
from ..models.response import HTTPURLResponse, URLResponse
from .files import replace_file
from .forking import give_lock

HELD = 1 << 20                # bytes; a longer body stays in its file and is read piece by piece
SHARE = 20                    # no response takes more than a twentieth of the capacity (Apple: about 5 %)
DESCRIPTION_LIMIT = 1 << 20   # bytes
VARIANTS = 16                 # responses of one URL at once, each for other header fields; those of signed requests are all different
STALE_TEMPORARY = 86_400 * SECOND    # what a process that died left half written is removed after a day
_FOOTER = struct.Struct(">4sII")
_MAGIC = b"smc1"
_wall = SystemClock()    # the times of files are the file system's, whatever clock a session has
_NAME = re.compile(r"[0-9a-f]{32}-[0-9a-f]{16}")
_TEMPORARY = re.compile(r"\.(?:body|[0-9a-f]{32}-[0-9a-f]{16})\..*\.tmp")


class Entry(NamedTuple):
    """A stored response, and which requests it is for: those that have `selected` (digests) in the fields `names`.

    `mark` is that of its file, by which one that was replaced is known; None for what has none.
    """

    cached: CachedURLResponse
    names: tuple[str, ...]
    selected: tuple[str | None, ...]
    stored: datetime
    mark: int | None = None


class FileBody:
    """A body in an open file, at its beginning. It stays readable when the file is replaced or removed meanwhile."""

    __slots__ = ("__weakref__", "_handle", "_release", "checksum", "length", "temporary")

    def __init__(self, handle: int, length: int, checksum: int, temporary: str | None = None) -> None:
        self.length, self.checksum = length, checksum
        self.temporary = temporary      # the file's path while it is nobody's entry yet
        self._handle = handle
        self._release = weakref.finalize(self, _release, handle, temporary, os.getpid())

    def chunks(self, size: int, first: int = 0) -> Iterator[bytes]:
        position = first
        while position < self.length:
            piece = os.pread(self._handle, min(size, self.length - position), position)
            if not piece:
                raise OSError("a cached body was cut short")
            position += len(piece)
            yield piece

    def move_to(self, path: str, description: bytes) -> int:
        """Finish the temporary file with `description` and make it the entry at `path`; bytes in all. Raises OSError."""
        assert self.temporary is not None
        os.pwrite(self._handle, description, self.length)
        os.replace(self.temporary, path)
        self.temporary = None
        self._release.detach()
        self._release = weakref.finalize(self, _release, self._handle, None, os.getpid())
        return self.length + len(description)


def _release(handle: int, temporary: str | None, process: int) -> None:
    os.close(handle)
    if temporary is not None and process == os.getpid():     # a forked child does not own the file
        _unlink(temporary)


def _used(path: str) -> int:
    """When the file was used last (ns); 0 where it is gone."""
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


def _unlink(path: str) -> None:
    with suppress(OSError):
        os.unlink(path)


class DiskCache:
    """The files below `folder`, at most `capacity` bytes of them; the least recently used go first."""

    def __init__(self, folder: str | os.PathLike[str], capacity: int) -> None:
        self.folder = os.path.abspath(folder)
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
        description = _describe(key, entry, checksum) if self._capacity and checksum is not None else None
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
        return _mark_of(description)

    def holds(self, key: str, entry: Entry) -> bool:
        """Whether the file of `entry` is still the one that it came from or went to; then it was used just now."""
        path = self._path(key, entry.selected)
        try:
            with open(path, "rb", buffering=0) as file:
                file.seek(-_FOOTER.size, os.SEEK_END)
                kept = _mark_of(file.read(_FOOTER.size)) == entry.mark
            if kept:
                self._touch(path)
        except (OSError, struct.error):
            return False
        return kept

    def find(self, key: str) -> Iterator[Entry]:
        """The entries of `key`, whoever they are for."""
        for path in self._paths(key):
            entry = _read(path, key)
            if entry is not None:
                yield entry

    def use(self, key: str, entry: Entry) -> None:
        """Note that `entry` was used just now."""
        with suppress(OSError):
            self._touch(self._path(key, entry.selected))

    def remove(self, key: str) -> None:
        """Remove the entries of `key`."""
        for path in self._paths(key):
            _unlink(path)

    def remove_one(self, key: str, selected: tuple[str | None, ...]) -> None:
        """Remove the entry of `key` for `selected`."""
        _unlink(self._path(key, selected))

    def remove_others(self, key: str, entry: Entry) -> None:
        """Remove the entries of `key` that were chosen by other fields than `entry`: they are never chosen again. Also those
        that were used longest ago, where there are too many."""
        own = self._path(key, entry.selected)
        others = sorted((path for path in self._paths(key) if path != own), key=_used)
        for path in others[:max(0, len(others) - VARIANTS + 1)]:
            _unlink(path)
        for path in others:
            if (old := _read(path, key)) is not None and old.names != entry.names:
                _unlink(path)

    # All of them ---------------------------------------------------------------------------------

    def remove_since(self, date: datetime | None) -> None:
        """Remove what was stored after `date`; None removes all."""
        for path, _, _ in self._files():
            if date is None or ((entry := _read(path, None)) is not None and entry.stored > date):
                _unlink(path)

    def trim(self) -> None:
        """Count the folder, and remove what was least recently used until it fits."""
        with self._lock:
            files = sorted(self._files(), key=lambda file: file[2])
            total = sum(size for _, size, _ in files)
            for path, size, _ in files:
                if total <= self._capacity:
                    break
                _unlink(path)
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


def _mark_of(raw: bytes) -> int:
    """The mark of a file that ends with `raw`: the checksum of its description, which tells when it was stored."""
    mark: int = _FOOTER.unpack(raw[-_FOOTER.size:])[2]
    return mark


def _describe(key: str, entry: Entry, checksum: int) -> bytes | None:
    """Description and footer of `entry`'s file; None for a `user_info` that is not plain data."""
    cached, response = entry.cached, entry.cached.response
    assert cached.requested is not None
    assert cached.received is not None
    tree: dict[str, Any] = {
        "key": key, "names": entry.names, "selected": entry.selected, "stored": entry.stored.isoformat(),
        "requested": cached.requested.isoformat(), "received": cached.received.isoformat(), "url": response.url,
        "user_info": cached.user_info, "length": cached.size, "checksum": checksum,
    }
    if isinstance(response, HTTPURLResponse):
        tree["http"] = [response.status_code, response.http_version, response.headers, response.reason]
    else:
        tree["plain"] = [response.mime_type, response.expected_content_length, response.text_encoding_name]
    try:
        text = json.dumps(tree)
    except (TypeError, ValueError, RecursionError):
        return None
    if cached.user_info is not None and json.loads(text)["user_info"] != cached.user_info:
        return None
    raw = text.encode()
    return raw + _FOOTER.pack(_MAGIC, len(raw), zlib.crc32(raw)) if len(raw) <= DESCRIPTION_LIMIT else None


def _read(path: str, key: str | None) -> Entry | None:
    """The entry in the file at `path`, of `key` where one is given; None, and the file removed, where it is not whole."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    keep = False
    try:
        end = os.fstat(handle).st_size - _FOOTER.size
        magic, length, checksum = _FOOTER.unpack(os.pread(handle, _FOOTER.size, end))
        if magic != _MAGIC or length > DESCRIPTION_LIMIT:
            raise ValueError("not a cached response")
        raw = os.pread(handle, length, end - length)
        if zlib.crc32(raw) != checksum:
            raise ValueError("its description is damaged")
        tree = json.loads(raw)
        if tree["length"] != end - length or (key is not None and tree["key"] != key):
            raise ValueError("it is another response's")
        body: bytes | FileBody
        if tree["length"] > HELD:
            body, keep = FileBody(handle, tree["length"], tree["checksum"]), True
        else:
            body = os.pread(handle, tree["length"], 0)
            if zlib.crc32(body) != tree["checksum"]:
                raise ValueError("its body is damaged")
        return _entry(tree, body, checksum)
    except Exception:       # the file may hold anything
        _unlink(path)
        return None
    finally:
        if not keep:
            os.close(handle)


def _entry(tree: dict[str, Any], body: bytes | FileBody, mark: int) -> Entry:
    if "http" in tree:
        status, version, headers, reason = tree["http"]
        pairs = [(str(name), str(value)) for name, value in headers]
        response: URLResponse = HTTPURLResponse(tree["url"], status, version, pairs, reason=reason)
    else:
        response = URLResponse(tree["url"], *tree["plain"])
    times = (datetime.fromisoformat(tree[name]) for name in ("requested", "received", "stored"))
    requested, received, stored = (time.astimezone(UTC) for time in times)
    cached = CachedURLResponse(
        response, body, tree["user_info"], CacheStoragePolicy.ALLOWED, requested=requested, received=received,
    )
    return Entry(cached, tuple(tree["names"]), tuple(tree["selected"]), stored, mark)
