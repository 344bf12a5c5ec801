"""Every row of the taxonomy: the code, the underlying error, the resume data and the callbacks, and that nothing is left."""
from __future__ import annotations

import gc
import tempfile
import threading
from pathlib import Path

import pytest

import sessionmock as sm
from tests.faults.server import BASE
from tests.faults.taxonomy import ROWS, Row, play


@pytest.fixture(autouse=True)
def reported(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """What went to threading.excepthook: what a fault raises in user code is meant."""
    found: list[BaseException] = []
    monkeypatch.setattr(threading, "excepthook", lambda arguments: found.append(arguments.exc_value))
    return found


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in ROWS if row.load is not None])
def test_row(row: Row, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the table of docs/faults.md says."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert row.load is not None
    played = play(row.load)
    assert played.verdict == row.wanted
    assert not played.unfired
    row.check(played)
    del played

    def left() -> list[Path]:
        return [file for folder in tmp_path.iterdir() for file in folder.iterdir()]

    if left():
        gc.collect()      # whoever had resume data is gone, and may be in a circle
    assert [] == left()


def test_a_session_that_is_invalid_makes_no_tasks() -> None:
    """Row 3."""
    with sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        session.finish_tasks_and_invalidate()
        with pytest.raises(sm.GenericException, match="invalid"):
            session.data_task(BASE)


def test_all_rows_are_there() -> None:
    """74 rows, each executed or with the reason why it is not."""
    assert set(range(1, 75)) == {row.number for row in ROWS}
    assert all((row.load is None) == (row.wanted is None) == bool(row.why) for row in ROWS)
    assert len({row.name for row in ROWS}) == len(ROWS)
