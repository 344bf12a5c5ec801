"""A body that may be cached, taken while it arrives."""
from __future__ import annotations

import os
import zlib

from .cache_file import HELD, FileBody
from .disk_cache import DiskCache


class Spool:
    """Takes a body piece by piece, for `CachedURLResponse`: in memory up to 1 MiB, then in a file of the cache's folder.

    Without a disk tier that could take more, all of it stays in memory. A body that grows too large for the cache, or
    that the disk does not take, is given up, and what there was of it is released.
    """

    def __init__(self, memory_capacity: int, disk: DiskCache | None) -> None:
        on_disk = 0 if disk is None else disk.limit
        self._disk = disk if on_disk > HELD else None
        self._limit = on_disk if on_disk > HELD else max(memory_capacity, on_disk)
        self._pieces: list[bytes] | None = []
        self._file: FileBody | None = None
        self._handle = -1
        self._length = 0
        self._checksum = 0

    def write(self, data: bytes) -> bool:
        """Take `data`; False once the body has been given up."""
        if self._pieces is None and self._file is None:
            return False
        self._length += len(data)
        if self._length > self._limit:
            self.discard()
            return False
        try:
            if self._pieces is not None:
                self._pieces.append(data)
                if self._disk is not None and self._length > HELD:
                    self._open(self._disk)
            else:
                self._append(data)
        except OSError:
            self.discard()
            return False
        return True

    def body(self) -> bytes | FileBody | None:
        """The whole body, to be called once at its end; None where it was given up."""
        if self._pieces is not None:
            return b"".join(self._pieces)
        if self._file is not None:
            self._file.length, self._file.checksum = self._length, self._checksum
        return self._file

    def discard(self) -> None:
        """Give the body up."""
        self._pieces = self._file = None

    def _open(self, disk: DiskCache) -> None:
        self._handle, path = disk.temporary()
        self._file = FileBody(self._handle, 0, 0, path)
        pieces, self._pieces = self._pieces or [], None
        for piece in pieces:
            self._append(piece)

    def _append(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._handle, rest):]
        self._checksum = zlib.crc32(data, self._checksum)
