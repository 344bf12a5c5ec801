"""What people ask for first: every line of the page does what the page says."""
from __future__ import annotations

import threading

import pytest

from tests.faults.by_name import ROWS, ByName, play


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what)
def test_each_is_one_line(row: ByName, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a script, in virtual time; the line has acted."""
    monkeypatch.setattr(threading, "excepthook", lambda arguments: None)        # what a fault raises in user code is meant
    outcome, route = play(row)
    assert outcome == row.expected
    assert not route.faults.unfired
