"""Points: names, parts and wholes."""
from __future__ import annotations

import pytest

from sessionmock import SELECTORS, InvalidArgumentException
from sessionmock.faults.points import POINTS, WHOLES, expand, row_of
from sessionmock.faults.table import TABLE


def test_a_point_without_its_part_means_all_of_them() -> None:
    """In order; one that has no parts is itself."""
    assert expand("write") == ("write.head", "write.body")
    assert expand("disk") == ("disk.create", "disk.write", "disk.close", "disk.move")
    assert expand("body") == ("body",)
    assert len(expand("callback")) == len(SELECTORS) - 1      # session_did_become_invalid is of no task


@pytest.mark.parametrize(("name", "first"), [
    ("bdy", "body"), ("disk.writ", "disk.write"), ("callback.task_did_complet", "callback.task_did_complete"), ("Connect", "connect"),
    ("cokies", "cookies"), (None, ""), (3, "")])
def test_a_wrong_name_lists_those_there_are_the_nearest_first(name: object, first: str) -> None:
    """Whatever its type."""
    with pytest.raises(InvalidArgumentException, match=rf"there is no point .*choose from {first}") as failure:
        expand(name)  # type: ignore[arg-type]    # that is the mistake
    assert "cookies" in str(failure.value)


def test_every_point_has_a_row_of_the_table_and_only_points_do() -> None:
    """All callbacks share one."""
    assert {row_of(name) for name in POINTS} == set(TABLE)
    assert set(WHOLES) == {"write", "disk", "cache", "cookies", "credentials", "callback"}
