"""What lets several processes write one file: its state told from another, and a lock for whoever writes."""
from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:    # not there on Windows: files are still replaced whole, and a change is seen
    fcntl = None    # type: ignore[assignment]

HAS_LOCKS = fcntl is not None

Stamp = tuple[int, int, int]

_here = threading.local()    # `folders`: those that this thread has locked


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

    The folder itself is locked, so that no file is left behind; the file cannot be, since it is replaced. A thread that has the
    lock has it: a signal's handler, or a finalizer, may come while it saves.
    """
    folder = Path(os.path.realpath(path)).parent
    folder.mkdir(parents=True, exist_ok=True)
    folders: set[Path] = _here.__dict__.setdefault("folders", set())
    if fcntl is None or folder in folders:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        folders.add(folder)
        yield
    finally:
        folders.discard(folder)
        os.close(handle)    # which unlocks it


def try_lock(handle: int) -> bool:
    """Lock an open file, until it is closed or its process dies; False where another has it, or there are no such locks."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
