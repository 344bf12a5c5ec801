"""Cassettes on disk: what cannot be read or written says why, and what was there stays."""
from __future__ import annotations

import gc
import io
import json
import os
import stat
import zipfile
from pathlib import Path

import pytest

from sessionmock.errors import CassetteError
from sessionmock.routes.cassette import Interaction, RecordedRequest, RecordedResponse, Tape, files, read_tape, write_tape
from sessionmock.routes.cassette.formats import layouts
from sessionmock.routes.cassette.interaction import Format

TAPE = Tape([Interaction(RecordedRequest("GET", "http://a.test/", [], None), RecordedResponse(200, "OK", [], b"ok"))])
HAR = {"log": {"version": "1.2", "creator": {"name": "Playwright"}, "entries": [
    {"request": {"method": "GET", "url": "http://a.test/", "headers": []},
     "response": {"status": 200, "statusText": "OK", "headers": [], "content": {"_file": f"{40 * 'a'}.txt"}}}]}}


def archive(path: Path, **members: str | bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name.replace("_", "."), content)
    return path


@pytest.mark.parametrize("layout", [each for each in Format if each not in (Format.VCR_YAML, Format.VCR_JSON, Format.HAR)])
def test_layouts_that_are_only_read(tmp_path: Path, layout: Format) -> None:
    """Nothing is written; the message names those that are."""
    with pytest.raises(CassetteError, match="choose yaml, json or har"):
        write_tape(tmp_path / "tape", TAPE, layout)
    assert [] == list(tmp_path.iterdir())


def test_a_place_where_nothing_can_be_written(tmp_path: Path) -> None:
    """Below a file there is no folder."""
    (tmp_path / "file").write_text("")
    with pytest.raises(CassetteError, match="cannot be written"):
        write_tape(tmp_path / "file" / "tape.yaml", TAPE)


def test_what_was_there_stays_where_writing_breaks_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing half written lies beside it."""
    path = tmp_path / "tape.yaml"
    path.write_text("before")

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(CassetteError, match="No space left"):
        write_tape(path, TAPE)
    assert [("tape.yaml", "before")] == [(each.name, each.read_text()) for each in tmp_path.iterdir()]


@pytest.mark.parametrize("content", [None, "", " \n"])
def test_a_file_with_nothing_in_it(tmp_path: Path, content: str | None) -> None:
    """Is as none."""
    if content is not None:
        (tmp_path / "tape.yaml").write_text(content)
    with pytest.raises(CassetteError, match="no such file, or nothing in it"):
        read_tape(tmp_path / "tape.yaml")


def test_what_is_no_file(tmp_path: Path) -> None:
    """A folder cannot be read."""
    with pytest.raises(CassetteError, match="cannot be read"):
        read_tape(tmp_path)


@pytest.mark.parametrize("name", ["pipe.yaml", "pipe.har"])
def test_a_pipe_is_no_cassette(tmp_path: Path, name: str) -> None:
    """It is refused at once, and not replaced by a file; nor is a device."""
    pipe, device = tmp_path / name, tmp_path / f"device-{name}"
    os.mkfifo(pipe)
    device.symlink_to(os.devnull)
    for path, what in ((pipe, "a FIFO"), (device, "a device")):
        with pytest.raises(CassetteError, match=f"cannot be read: {what}, not a regular file"):
            read_tape(path)
        with pytest.raises(CassetteError, match=f"cannot be written: {what}, not a regular file"):
            write_tape(path, TAPE)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize("grows", [False, True])
def test_a_file_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, grows: bool) -> None:
    """Is not read into memory, also where it only turns out to be."""
    monkeypatch.setattr(files, "MAX_BYTES", 100)
    (tmp_path / "tape.yaml").write_text("#" * 101)
    if grows:
        real = os.fstat(0)
        monkeypatch.setattr(os, "fstat", lambda handle: os.stat_result((*real[:6], 4, *real[7:])))
    with pytest.raises(CassetteError, match="larger than 100 bytes"):
        read_tape(tmp_path / "tape.yaml")


def test_an_archive_of_playwright(tmp_path: Path) -> None:
    """The HAR in it, with the bodies beside it."""
    path = archive(tmp_path / "tape.zip", trace_har=json.dumps(HAR), **{f"{40 * 'a'}_txt": b"attached"})
    assert [b"attached"] == [found.response.body for found in read_tape(path).interactions]


def test_an_archive_without_a_har(tmp_path: Path) -> None:
    """Says so."""
    with pytest.raises(CassetteError, match=r"an archive that cannot be read: no \.har in it"):
        read_tape(archive(tmp_path / "tape.zip", trace_txt="nothing"))


def test_an_archive_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it would be when unpacked counts."""
    path = archive(tmp_path / "tape.zip", trace_har=json.dumps(HAR), large_txt=bytes(100_000))
    monkeypatch.setattr(layouts, "MAX_BYTES", 50_000)
    with pytest.raises(CassetteError, match="more than 50000 bytes when unpacked"):
        read_tape(path)


def test_an_archive_that_is_damaged(tmp_path: Path) -> None:
    """Half of one is none."""
    made = io.BytesIO(archive(tmp_path / "tape.zip", trace_har=json.dumps(HAR)).read_bytes())
    (tmp_path / "half.zip").write_bytes(made.read(60))
    with pytest.raises(CassetteError, match="an archive that cannot be read"):
        read_tape(tmp_path / "half.zip")


def test_brackets_are_yaml_too(tmp_path: Path) -> None:
    """What begins as JSON and is none is YAML, unless its name says JSON."""
    text = "{interactions: [], version: 1}"
    for name in ("tape.yaml", "tape.json"):
        (tmp_path / name).write_text(text)
    assert [] == read_tape(tmp_path / "tape.yaml").interactions
    with pytest.raises(CassetteError, match="not JSON"):
        read_tape(tmp_path / "tape.json")


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
