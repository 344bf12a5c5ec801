"""Files that several processes share: replaced whole or not at all, changed by one at a time."""
from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from ..regular import refuse_irregular

try:
    import fcntl
except ImportError:     # no POSIX locks here: changes are still whole, but two at once may lose one
    fcntl = None  # type: ignore[assignment]


def replace_file(path: str, pieces: Iterable[bytes]) -> int:
    """Make `path` hold `pieces`, for readers all at once; bytes written. Only its owner may read the file.

    The folder must exist. Raises OSError, also where there is something else than a regular file, and then leaves what was there
    before.
    """
    with suppress(FileNotFoundError):
        refuse_irregular(path, os.stat(path).st_mode)
    folder, name = os.path.split(path)
    handle, temporary = tempfile.mkstemp(prefix=f".{name}.", suffix=".tmp", dir=folder or ".")
    try:
        with os.fdopen(handle, "wb") as file:
            size = sum(map(file.write, pieces))
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    return size


@contextmanager
def locked(path: str) -> Iterator[None]:
    """Hold the lock of `path` against other threads and processes; the system frees it when its holder dies.

    The lock is the file `path`.lock beside it: a lock on `path` itself would be lost with each replacement.
    """
    try:
        handle = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:         # a folder that cannot be written to: nothing will change in it
        yield
        return
    try:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def try_lock(handle: int) -> bool:
    """Lock an open file; False where another task or process has it. It is free again after `unlock`, or when its holder dies."""
    if fcntl is not None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


def unlock(handle: int) -> None:
    """Undo `try_lock`, also where a forked child still has the file open."""
    if fcntl is not None:
        fcntl.flock(handle, fcntl.LOCK_UN)


def signature(path: str) -> tuple[int, int, int] | None:
    """What changes whenever `path` is replaced, or None where there is no file."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
