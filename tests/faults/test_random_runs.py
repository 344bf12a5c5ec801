"""Runs with random faults keep to the rules, whatever the faults."""
from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator

import pytest

from sessionmock.faults.table import TABLE
from tests.faults.random_runs import ARGUMENTS, Runner, random_plan


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    folder = tmp_path_factory.mktemp("runs")
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    yield Runner(folder)
    tempfile.tempdir = before


def test_every_kind_comes_up() -> None:
    """Of the plans of a thousand seeds: every kind that the table has anywhere."""
    kinds = {line.kind.name for seed in range(1_000) for line in random_plan(random.Random(seed), ARGUMENTS)}
    assert {kind for row in TABLE.values() for kind in row} == kinds


@pytest.mark.parametrize("seeds", [range(200), range(200, 400)], ids=["first", "second"])
def test_every_run_ends(runner: Runner, seeds: range) -> None:
    for seed in seeds:
        assert runner.run(seed).history.records, seed
