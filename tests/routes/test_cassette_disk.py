"""Cassettes on disk: read whole, replaced whole, and what the disk refuses told with the file."""
from __future__ import annotations

import gc
import os
import threading
from pathlib import Path

import pytest

from sessionmock.errors import CassetteError
from sessionmock.routes.cassette import Format, Interaction, RecordedRequest, RecordedResponse, Tape, files, read_tape, write_tape

TAPE = Tape([Interaction(RecordedRequest("GET", "http://api.test/"), RecordedResponse(200, "OK", [], b"a"))])


@pytest.mark.parametrize("content", [None, b"", b" \n"])
def test_what_is_no_cassette_is_none(tmp_path: Path, content: bytes | None) -> None:
    """No file and an empty one are told apart by nobody: vcrpy records into both."""
    path = tmp_path / "a.yaml"
    if content is not None:
        path.write_bytes(content)
    assert files.load(path) is None
    with pytest.raises(CassetteError, match=r"a\.yaml: no such file, or nothing in it"):
        read_tape(path)


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    """A folder in the place of the file."""
    with pytest.raises(CassetteError, match="cannot be read: Is a directory"):
        files.load(tmp_path)


def test_what_cannot_be_written_is_told_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """No half of a file, and no other one beside it."""
    (tmp_path / "a.yaml").mkdir()
    with pytest.raises(CassetteError, match=r"a\.yaml: cannot be written: "):
        write_tape(tmp_path / "a.yaml", TAPE)
    assert ["a.yaml"] == os.listdir(tmp_path)


def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    """What does not say its size."""
    path = tmp_path / "a.yaml"
    write_tape(tmp_path / "b.yaml", TAPE)
    os.mkfifo(path)
    writer = threading.Thread(target=lambda: path.write_bytes((tmp_path / "b.yaml").read_bytes()))
    writer.start()
    tape = files.load(path)
    writer.join()
    assert tape is not None
    assert TAPE.interactions == tape.interactions


@pytest.mark.parametrize("grows", [False, True])
def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, grows: bool) -> None:
    """Neither one that says so nor one that only turns out to be."""
    monkeypatch.setattr(files, "MAX_BYTES", 10)
    (tmp_path / "a.yaml").write_bytes(b"x" * 11)
    if grows:
        real = os.fstat(0)
        monkeypatch.setattr(os, "fstat", lambda handle: os.stat_result((*real[:6], 4, *real[7:])))
    with pytest.raises(CassetteError, match="larger than 10 bytes"):
        files.load(tmp_path / "a.yaml")


@pytest.mark.parametrize("layout", [None, "json", Format.HAR])
def test_the_layout_that_is_wanted(tmp_path: Path, layout: str | Format | None) -> None:
    """By name, by value, or by the name of the file; a saved tape keeps the one that it was read in."""
    path = tmp_path / "a.yaml"
    write_tape(path, TAPE, layout)
    tape = read_tape(path)
    assert Format(layout or "yaml") is tape.format
    files.save(path, tape)
    assert tape.format is read_tape(path).format


def test_no_garbage_is_looked_for_while_much_is_made() -> None:
    """Collecting is as it was after it, on or off, also after an error."""
    was = gc.isenabled()
    try:
        for enabled in (True, False):
            (gc.enable if enabled else gc.disable)()
            with pytest.raises(ZeroDivisionError), files.uncollected():
                assert not gc.isenabled()
                raise ZeroDivisionError
            assert enabled is gc.isenabled()
    finally:
        (gc.enable if was else gc.disable)()


def test_what_was_frozen_stays_so() -> None:
    """Objects that somebody took out of collection before are not put back into it."""
    if not gc.isenabled():
        pytest.skip("nothing is collected here")
    gc.freeze()
    try:
        with files.uncollected():
            pass
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
