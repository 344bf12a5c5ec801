"""Files that several processes share."""
from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sessionmock.stores import files


@pytest.fixture(params=["with locks", "without"])
def path(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A file's path, on a system with POSIX locks and on one without."""
    if request.param == "without":
        monkeypatch.setattr(files, "fcntl", None)
    return str(tmp_path / "file")


def test_a_file_is_replaced_whole(path: str, tmp_path: Path) -> None:
    """It holds the pieces, is its owner's alone, and nothing else is left in the folder."""
    Path(path).write_bytes(b"before")
    assert 7 == files.replace_file(path, [b"one", b"", b"more"])
    assert b"onemore" == Path(path).read_bytes()
    assert 0o600 == os.stat(path).st_mode & 0o777
    assert [path] == [str(each) for each in tmp_path.iterdir()]


def test_what_was_there_stays_where_the_pieces_break_off(path: str, tmp_path: Path) -> None:
    """The exception comes out, the file is as before, and no half of the new one is left."""
    def pieces() -> Iterator[bytes]:
        yield b"half"
        raise KeyError("no more")

    Path(path).write_bytes(b"before")
    with pytest.raises(KeyError):
        files.replace_file(path, pieces())
    assert b"before" == Path(path).read_bytes()
    assert [path] == [str(each) for each in tmp_path.iterdir()]


def test_what_is_no_regular_file_is_not_replaced(path: str, tmp_path: Path) -> None:
    """A FIFO stays one."""
    os.mkfifo(path)
    with pytest.raises(PermissionError, match="a FIFO"):
        files.replace_file(path, [b"one"])
    assert Path(path).is_fifo()


def test_one_at_a_time_holds_the_lock_of_a_path(path: str) -> None:
    """Within `locked` nobody else gets the lock; after it somebody does. Without POSIX locks everybody does."""
    with files.locked(path):
        handle = os.open(f"{path}.lock", os.O_RDWR)
        assert (files.fcntl is None) is files.try_lock(handle)
    assert files.try_lock(handle)
    files.unlock(handle)
    with files.locked(path):
        pass
    os.close(handle)


def test_where_no_lock_can_be_made_nothing_is_locked(tmp_path: Path) -> None:
    """In a folder that cannot be written to nothing will change."""
    with files.locked(str(tmp_path / "missing" / "file")):
        pass
    assert [] == list(tmp_path.iterdir())


def test_a_signature_changes_with_the_file(path: str) -> None:
    """None without a file, and another one after each replacement, be it of the same bytes."""
    seen = [files.signature(path)]
    for _ in range(3):
        files.replace_file(path, [b"same"])
        seen.append(files.signature(path))
    assert seen[0] is None
    assert len(seen) == len(set(seen))
