"""What tells one state of a file from another, and the lock of who writes it."""
from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from sessionmock.routes.cassette import locking
from sessionmock.routes.cassette.locking import locked, stamp


def test_a_stamp_changes_with_the_file(tmp_path: Path) -> None:
    """None where there is none; another one after it was written, made longer or replaced."""
    path = tmp_path / "a.yaml"
    stamps = [stamp(path)]
    for text in ("one", "longer", "longes"):
        path.write_text(text)
        os.utime(path, ns=(len(stamps), len(stamps)))
        stamps.append(stamp(path))
    (tmp_path / "b.yaml").write_text("longes")
    os.utime(tmp_path / "b.yaml", ns=(3, 3))
    (tmp_path / "b.yaml").replace(path)
    stamps.append(stamp(path))
    assert stamps[0] is None
    assert 5 == len(set(stamps))
    assert stamps[-1] == stamp(path)


def test_one_at_a_time_is_in_a_folder(tmp_path: Path) -> None:
    """Whoever comes second goes on when the first has left; the folder is made where it is not there, and nothing stays in it."""
    path, order = tmp_path / "new" / "a.yaml", []

    def second() -> None:
        order.append("asks")
        asked.set()
        with locked(path.with_name("b.yaml")):
            order.append("second")

    asked = threading.Event()
    thread = threading.Thread(target=second)
    with locked(path):
        thread.start()
        asked.wait()
        order.append("first leaves")
    thread.join()
    assert ["asks", "first leaves", "second"] == order
    assert [] == list(path.parent.iterdir())


def test_an_error_within_gives_the_lock_back(tmp_path: Path) -> None:
    """The next one is let in."""
    with pytest.raises(RuntimeError), locked(tmp_path / "a.yaml"):
        raise RuntimeError
    with locked(tmp_path / "a.yaml"):
        pass


def test_without_locks_of_the_system_everybody_is_let_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no fcntl the folder is made, and that is all."""
    monkeypatch.setattr(locking, "fcntl", None)
    with locked(tmp_path / "new" / "a.yaml"), locked(tmp_path / "new" / "a.yaml"):
        assert (tmp_path / "new").is_dir()
