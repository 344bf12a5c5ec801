"""What lets several processes write one file: its state told from another, and a lock for whoever writes."""
from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
