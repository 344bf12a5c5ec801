"""Runs with random faults: every invariant holds in them, and a seed has one history."""
from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sessionmock.faults.table import TABLE
from tests.faults.random_runs import ARGUMENTS, LiveRunner, Runner, random_plan, serve
from tests.routes.live.socket_world import SocketOrigin


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where downloads and cassettes lie."""
    folder = tmp_path_factory.mktemp("runs")
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    yield folder
    tempfile.tempdir = before


@pytest.fixture(scope="module")
def runner(folder: Path) -> Runner:
    return Runner(folder)


def test_every_kind_comes_up() -> None:
    """Of the plans of a thousand seeds: every kind that the table has anywhere."""
    kinds = {line.kind.name for seed in range(1_000) for line in random_plan(random.Random(seed), ARGUMENTS)}
    assert {kind for row in TABLE.values() for kind in row} == kinds


@pytest.mark.parametrize("start", range(0, 500, 250))
def test_every_invariant_holds(runner: Runner, start: int) -> None:
    """By script, cassette and a network in memory, in virtual time. In every third run at least, a fault acts."""
    fired = sum(bool(runner.run(seed).fired) for seed in range(start, start + 250))
    assert 80 < fired


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("start", range(0, 20_000, 1_000))
def test_every_invariant_holds_in_more_runs(runner: Runner, start: int) -> None:
    for seed in range(start, start + 1_000):
        runner.run(seed)


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("start", range(0, 2_000, 500))
def test_every_invariant_holds_over_sockets(folder: Path, start: int) -> None:
    with SocketOrigin(serve) as origin:
        live = LiveRunner(folder, origin.url)
        for seed in range(start, start + 500):
            live.run(seed)


# one seed, one history --------------------------------------------------------------------------------------------------
def digests(*seeds: int, hash_seed: str = "random") -> list[str]:
    """Those of the runs of another process."""
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-m", "tests.faults.random_runs", *map(str, seeds)]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=600).stdout.split()


def test_a_seed_has_one_history(runner: Runner) -> None:
    """In one process twice, in any order, and in another process with other hashes."""
    seeds = range(100)
    first = [runner.run(seed).history.digest() for seed in seeds]
    again = [runner.run(seed).history.digest() for seed in reversed(seeds)]
    assert first == again[::-1]
    assert len(set(first)) > 60
    assert first == digests(0, 100)


@pytest.mark.soak
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("start", range(0, 1_000, 250))
def test_more_seeds_have_one_history(runner: Runner, start: int) -> None:
    first = [runner.run(seed).history.digest() for seed in range(start, start + 250)]
    for hash_seed in ("0", "1", "random", "random"):
        assert first == digests(start, start + 250, hash_seed=hash_seed)


BY_WORKERS = """
import pathlib, tempfile, pytest
from tests.faults.random_runs import Runner

@pytest.fixture(scope="module")
def runner(tmp_path_factory):
    folder = tempfile.tempdir = str(tmp_path_factory.mktemp("runs"))
    return Runner(pathlib.Path(folder))

@pytest.mark.parametrize("start", range(0, 1_000, 20))
def test_seeds(runner, start):
    for seed in range(start, start + 20):
        pathlib.Path("digests", str(seed)).write_text(runner.run(seed).history.digest())
"""


@pytest.mark.soak
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("workers", [0, 1, 2, 4])
def test_a_seed_has_one_history_on_any_worker(runner: Runner, tmp_path: Path, workers: int) -> None:
    (tmp_path / "digests").mkdir()
    (tmp_path / "test_seeds.py").write_text(BY_WORKERS)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": "random"}
    command = [sys.executable, "-m", "pytest", "-q", "-n", str(workers), "-p", "no:cacheprovider", "test_seeds.py"]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, timeout=1_000)
    assert [runner.run(seed).history.digest() for seed in range(1_000)] == [(tmp_path / "digests" / str(seed)).read_text() for seed in range(1_000)]
