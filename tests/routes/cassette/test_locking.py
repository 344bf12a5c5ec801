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


def test_an_error_within_gives_the_lock_back(tmp_path: Path) -> None:
    """The next one is let in."""
    with pytest.raises(RuntimeError), locking.locked(tmp_path / "a.yaml"):
        raise RuntimeError
    with locking.locked(tmp_path / "a.yaml"):
        pass


def test_a_stamp_changes_with_the_file(tmp_path: Path) -> None:
    """None where there is none; another one after it was written, made longer or replaced."""
    path = tmp_path / "a.yaml"
    stamps = [locking.stamp(path)]
    for text in ("one", "longer", "longes"):
        path.write_text(text)
        os.utime(path, ns=(len(stamps), len(stamps)))
        stamps.append(locking.stamp(path))
    (tmp_path / "b.yaml").write_text("longes")
    os.utime(tmp_path / "b.yaml", ns=(3, 3))
    (tmp_path / "b.yaml").replace(path)
    stamps.append(locking.stamp(path))
    assert stamps[0] is None
    assert 5 == len(set(stamps))
    assert stamps[-1] == locking.stamp(path)
