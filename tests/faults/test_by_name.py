"""What people ask for first: every line of the page does what the page says."""
from __future__ import annotations

import pytest

from tests.faults.by_name import ROWS, ByName, play


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what)
def test_each_is_one_line(row: ByName) -> None:
    """On a script, in virtual time; the line has acted."""
    outcome, route = play(row)
    assert outcome == row.expected
    assert not route.faults.unfired
