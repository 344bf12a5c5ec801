"""Files that users name: opened at once, and only where they are regular files."""
from __future__ import annotations

import errno
import os
import stat

_KINDS = {stat.S_IFIFO: "a FIFO", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device", stat.S_IFSOCK: "a socket"}


def irregular(mode: int) -> str | None:
    """What the thing of `mode` (of `os.stat`) is, in words; None for a regular file and a folder."""
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return None
    return _KINDS.get(stat.S_IFMT(mode), "something else")


def refuse_irregular(path: str | os.PathLike[str], mode: int) -> None:
    """Raise IsADirectoryError for a folder and PermissionError for a FIFO, a device or a socket: whoever opens one of those may wait
    for ever, and whoever reads one may never come to its end. `mode` is that of `os.stat`."""
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "a folder, not a file", os.fspath(path))
    if (kind := irregular(mode)) is not None:
        raise PermissionError(errno.EPERM, f"{kind}, not a regular file", os.fspath(path))


def open_regular(path: str | os.PathLike[str], flags: int = os.O_RDONLY) -> int:
    """The handle of the regular file at `path`, as an opener of `open` too. Raises OSError."""
    refuse_irregular(path, os.stat(path).st_mode)
    # What has become a FIFO since then keeps nobody waiting either.
    return os.open(path, flags | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0))
