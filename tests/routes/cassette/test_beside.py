"""The other cassettes in a folder, where a cassette has no answer."""
from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sessionmock.routes.cassette import Tape, files
from sessionmock.routes.cassette.matching import Index
from sessionmock.routes.cassette.misses import Why

from .test_misses import ASKED, URL, Told, item, lines


def test_what_lies_in_another_cassette_is_told(tmp_path: Path) -> None:
    """Files beside this one are looked into: those that can be read, and are no other kind of file."""
    files.save(tmp_path / "b.yaml", Tape([item(f"{URL}/9"), item()]))
    files.save(tmp_path / "c.json", Tape([item(f"{URL}/9")]))
    (tmp_path / "broken.yaml").write_text("interactions: [")
    (tmp_path / "notes.txt").write_text(URL)
    (tmp_path / "empty.har").touch()
    there = lines(Told(tmp_path / "a.yaml"), Index([item(f"{URL}/1")]))
    assert "recorded in another cassette: b.yaml, number 2" == there[2]
    assert there[3].startswith("not in this cassette; nearest is number 1, ")
    assert "recorded in another cassette: b.yaml, number 2" == lines(Told(tmp_path / "a.yaml"), Index())[2]
    assert "never recorded: nothing is" == lines(Told(tmp_path / "no folder" / "a.yaml"), Index())[2]


def test_a_folder_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many misses a run has; a file that was written meanwhile is read again."""
    read = []
    load = files.load
    monkeypatch.setattr(files, "load", lambda path: (read.append(path.name), load(path))[1])
    for name in "bc":
        files.save(tmp_path / f"{name}.yaml", Tape([item(f"{URL}/{name}")]))
    for _ in range(3):
        lines(Told(tmp_path / "a.yaml"), Index())
    assert ["b.yaml", "c.yaml"] == read
    files.save(tmp_path / "c.yaml", Tape([item(), item()]))
    assert "recorded in another cassette: c.yaml, number 1, 2" in lines(Told(tmp_path / "a.yaml"), Index())
    assert ["b.yaml", "c.yaml", "c.yaml"] == read


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_no_event_loop_stands_still_for_it(tmp_path: Path, loop: str) -> None:
    """Read in a coroutine, a miss says what it knows; read after it, as a report does, it names the other cassettes too."""
    files.save(tmp_path / "b.yaml", Tape([item()]))
    why = Why(Told(tmp_path / "a.yaml"), Index(), ASKED)

    async def read() -> str:
        return why()

    there = asyncio.run(read()) if loop == "asyncio" else pytest.importorskip("trio").run(read)
    assert "another" not in there
    assert "recorded in another cassette: b.yaml, number 1" in why()
