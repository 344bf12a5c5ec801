"""The files of downloads that are not whole, and when they go."""
from __future__ import annotations

import copy
import os
import pickle
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sessionmock.load.partial_files import DAY, HeldData, PartialFile, create, folder
from sessionmock.stores.files import try_lock


@pytest.fixture(autouse=True)
def _private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of downloads of this test's own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def made(age: float = 0, name: str = "download-left.part") -> Path:
    """A file in the folder that nobody has written to for `age` seconds."""
    path = folder() / name
    path.write_bytes(b"da")
    changed = path.stat().st_mtime - age
    os.utime(path, (changed, changed))
    return path


def test_a_new_file_is_the_users_alone_and_locked() -> None:
    """Another process sees that somebody writes to it."""
    file, partial = create()
    other = os.open(partial.path, os.O_RDWR)
    assert (folder(), 0o600, False) == (partial.path.parent, stat.S_IMODE(partial.path.stat().st_mode), try_lock(other))
    os.close(other)
    os.close(file)


def test_a_file_goes_with_the_last_who_holds_it() -> None:
    """Who writes it, and then whoever has its resume data."""
    partial: PartialFile | None = PartialFile(path := made())
    held = HeldData(b"data", partial)      # type: ignore[arg-type]
    del partial
    assert path.exists()
    del held
    assert not path.exists()


def test_a_file_that_is_gone_is_no_trouble() -> None:
    """It was finished, and has another name."""
    partial = PartialFile(path := made())
    path.unlink()
    del partial


def test_a_file_whose_other_holders_are_not_known_stays() -> None:
    """As where resume data came from another process."""
    partial = PartialFile(path := made(), stays=True)
    del partial
    assert path.exists()


@pytest.mark.parametrize("copied", [bytes, HeldData.hex, copy.copy, copy.deepcopy, lambda data: pickle.loads(pickle.dumps(data))])
def test_a_copy_keeps_the_file(copied: Callable[[Any], Any]) -> None:
    """Nobody knows how long it is good for, so the file is left to the day's end."""
    held = HeldData(b"data", PartialFile(path := made()))
    kept = copied(held)
    assert (kept, type(kept)) in ((b"data", bytes), (b"data".hex(), str))
    del held
    assert path.exists()


def test_what_is_read_as_a_buffer_is_a_copy() -> None:
    """As by a file that it is written to (from Python 3.12 on)."""
    held = HeldData(b"data", PartialFile(path := made()))
    assert b"data" == held.__buffer__(0)
    del held
    assert path.exists()


def test_a_forked_child_removes_nothing() -> None:
    """The file is its parent's."""
    partial = PartialFile(path := made())
    child = os.fork()
    if child == 0:
        del partial
        os._exit(0)
    os.waitpid(child, 0)
    assert path.exists()
    del partial
    assert not path.exists()


def test_what_a_killed_process_left_goes_after_a_day() -> None:
    """Neither what is younger, nor what somebody writes to, nor a file that is whole: that is its caller's."""
    old, young, whole, written = (
        made(DAY + 60), made(DAY - 60, "download-young.part"), made(DAY + 60, "download-whole.tmp"), made(DAY + 60, "download-written.part"))
    (folder() / "download-folder.part").mkdir()
    os.utime(folder() / "download-folder.part", (0, 0))
    writer = os.open(written, os.O_RDWR)
    assert try_lock(writer)
    os.close(create()[0])
    os.close(writer)
    assert [False, True, True, True] == [path.exists() for path in (old, young, whole, written)]


def test_a_folder_of_many_files_is_looked_through_less_often() -> None:
    """Once for as many new files as there were."""
    for number in range(4):
        made(0, f"download-{number}.tmp")
    os.close(create()[0])
    old = made(DAY + 60)
    for exists in (True, True, True, True, False):
        os.close(create()[0])
        assert exists == old.exists()
