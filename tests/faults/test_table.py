"""The table of points and kinds: which pairs make sense."""
from __future__ import annotations

from typing import Any

import pytest

from sessionmock import InvalidArgumentException
from sessionmock.faults.plan import FaultPlan
from sessionmock.faults.table import TABLE


def test_rows_cite_the_taxonomy() -> None:
    """By its numbers, 1 to 74, and every row says what happens."""
    for kinds in TABLE.values():
        for row in kinds.values():
            assert row.text
            assert set(row.rows) <= set(range(1, 75))


@pytest.mark.parametrize(("point", "kind", "arguments", "said"), [
    ("body", "refuse", (), "refuse.* makes no sense there: at this point there are .*reset.*; refuse is for connect, proxy"),
    ("connect", "truncate", (), "truncate is for head, body"),
    ("callback.task_did_complete", "unanswered", (), "unanswered"),
    ("callback.session_did_create_task", "delay", (1,), "at this point there are cancel, cancel_by_producing_resume_data, fail, invalidate, raises;"),
    ("head", "malformed", ("chunk",), "makes no sense"),
    ("resolve", "disk_full", (), "disk_full is for disk"),
])
def test_a_pair_that_makes_no_sense_is_refused_with_those_that_do(point: str, kind: str, arguments: tuple[Any, ...], said: str) -> None:
    """When the plan is made."""
    with pytest.raises(InvalidArgumentException, match=said):
        getattr(FaultPlan().at(point), kind)(*arguments)


def test_of_a_whole_the_parts_that_suit_are_taken() -> None:
    """`disk_full` of "cache" is about what is put into it."""
    assert FaultPlan().at("cache").disk_full()[0].points == ("cache.set",)
    assert len(FaultPlan().at("callback").unanswered()[0].points) < len(FaultPlan().at("callback").raises(KeyError)[0].points)
