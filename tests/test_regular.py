"""Files that users name are regular files."""
from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from sessionmock.regular import open_regular


def test_a_regular_file_is_opened(tmp_path: Path) -> None:
    """As `open` wants it of an opener, also through a link, for writing too."""
    (tmp_path / "file").write_bytes(b"data")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    with open(tmp_path / "link", "r+b", opener=open_regular) as file:
        assert b"data" == file.read()
        file.write(b"!")
    assert b"data!" == (tmp_path / "file").read_bytes()


@pytest.mark.parametrize("kind", ["FIFO", "device", "socket", "folder"])
def test_everything_else_is_refused_by_name(tmp_path: Path, kind: str) -> None:
    """At once: nobody writes into the FIFO."""
    path = tmp_path / "it"
    if kind == "FIFO":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    else:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
    with pytest.raises(IsADirectoryError if kind == "folder" else PermissionError, match=rf"a {kind}, not a .*it'"):
        open_regular(path)


def test_what_is_not_there_is_told_as_ever(tmp_path: Path) -> None:
    """By the system."""
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "missing")
