"""One file of the disk tier of a cache: the body, then a description of the response in JSON, then a footer with the description's
length and checksum. So a body is written as it arrives, and read without its description being touched.
"""
from __future__ import annotations

import json
import os
import struct
import weakref
import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple

from ..models.cached_response import CHUNK, CachedURLResponse, CacheStoragePolicy
from ..models.response import HTTPURLResponse, URLResponse
from ..regular import open_regular

HELD = 1 << 20                # bytes; a longer body stays in its file and is read piece by piece
DESCRIPTION_LIMIT = 1 << 20   # bytes
_FOOTER = struct.Struct(">4sII")
_MAGIC = b"smc1"
FOOTER_SIZE = _FOOTER.size


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

    def is_whole(self) -> bool:
        """Whether it is what was written: all of it is read, and has the checksum."""
        checksum = 0
        try:
            for piece in self.chunks(CHUNK):
                checksum = zlib.crc32(piece, checksum)
        except OSError:
            return False
        return checksum == self.checksum

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
        unlink(temporary)


def unlink(path: str) -> None:
    """Remove the file at `path`, as far as that can be done."""
    with suppress(OSError):
        os.unlink(path)


def mark_of(raw: bytes) -> int:
    """The mark of a file that ends with `raw`: the checksum of its description, which tells when it was stored."""
    mark: int = _FOOTER.unpack(raw[-_FOOTER.size:])[2]
    return mark


def describe(key: str, entry: Entry, checksum: int) -> bytes | None:
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


def read(path: str, key: str | None) -> Entry | None:
    """The entry in the file at `path`, of `key` where one is given; None, and the file removed, where it is not whole."""
    try:
        handle = open_regular(path)
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
        unlink(path)
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
