"""Cassettes that several processes write: the lock, and what tells one state of a file from another."""
from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from sessionmock.routes.cassette import locking


def test_the_folder_is_locked(tmp_path: Path) -> None:
    """Made where it is missing; no file is left in it, and afterwards it is free."""
    with locking.locked(tmp_path / "new" / "tape.yaml"):
        handle = os.open(tmp_path / "new", os.O_RDONLY)
        with pytest.raises(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(handle)
    assert [] == list((tmp_path / "new").iterdir())


def test_a_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is made, and whoever saves last wins."""
    monkeypatch.setattr(locking, "fcntl", None)
    with locking.locked(tmp_path / "new" / "tape.yaml"), locking.locked(tmp_path / "new" / "tape.yaml"):
        assert (tmp_path / "new").is_dir()


def test_a_stamp_changes_with_the_file(tmp_path: Path) -> None:
    """None without a file."""
    path = tmp_path / "tape.yaml"
    assert locking.stamp(path) is None
    path.write_text("one")
    one = locking.stamp(path)
    path.write_text("another")
    assert None not in (one, locking.stamp(path))
    assert one != locking.stamp(path)
