"""This checkout beside another commit of it: the CPU and the wall time of every contestant of ours, pair by pair.

Two processes play the same round, one right after the other, and take turns in who begins: what the machine does besides
hits both. What is told is the median of the rounds' ratios, now to then, and in brackets their quartiles: half of all
rounds lie between them. Above 1 is slower. A process has its luck with memory and hashes for as long as it lives, so there
is a new pair for each of several laps. A contestant that seems to be slower has more laps before it is said, for beside
other busy processes one round in four is off by a fifth.
"""
from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median, quantiles
from time import monotonic
from typing import NamedTuple

from .harness import HERE, ROOT, Contestant, Race, Worker, importing_from

LAPS = 6                # for a contestant that seems slower, three times as many
LAP = 2.0               # seconds of rounds in a lap, but at least ROUNDS of each
ROUNDS = (3, 16)        # in a lap: at least, at most
SLOWER = 1.05           # of CPU: a row above it is marked

Sample = dict[str, float]


class Ratio(NamedTuple):
    """Now to then: the median of all rounds, and the quartiles."""

    low: float
    middle: float
    high: float

    @classmethod
    def of(cls, pairs: Sequence[tuple[Sample, Sample]], key: str) -> Ratio:
        """The ratio of one figure."""
        low, middle, high = quantiles([now[key] / then[key] for now, then in pairs], n=4)
        return cls(low, middle, high)

    def __str__(self) -> str:
        return f"{self.middle:.3f} [{self.low:.2f} {self.high:.2f}]"


class Comparison(NamedTuple):
    """What became of one contestant."""

    called: str
    count: int
    pairs: list[tuple[Sample, Sample]]

    @property
    def cpu(self) -> Ratio:
        """CPU, now to then."""
        return Ratio.of(self.pairs, "cpu")

    @property
    def is_slower(self) -> bool:
        """Whether it takes more CPU than the commit did, by more than 5 %."""
        return self.cpu.middle > SLOWER

    def __str__(self) -> str:
        now, then = (median(pair[which]["cpu"] for pair in self.pairs) / self.count * 1e6 for which in (0, 1))
        mark = "  SLOWER" if self.is_slower else ""
        return (f"{self.called:<44} {now:>10.4g} us {then:>10.4g} us   {self.cpu!s:>18}   {Ratio.of(self.pairs, 'wall')!s:>18}"
                f"  {len(self.pairs):>4}{mark}")


HEADING = f"{'contestant':<44} {'CPU now':>13} {'CPU then':>13}   {'CPU, now to then':>18}   {'wall, now to then':>18}  rounds"


def compare(race: Race, then: Sequence[Path], seen: set[str]) -> Iterator[Comparison]:
    """The race's own contestants, those that were not `seen` before, beside themselves as they were in `then`."""
    for contestant in race.contestants.values():
        asked = json.dumps(contestant)
        if contestant.is_own and asked not in seen:
            seen.add(asked)
            comparison = Comparison(contestant.called, race.count * contestant.times, [])
            for lap in range(3 * LAPS):
                if lap < LAPS or comparison.is_slower:
                    comparison.pairs.extend(_lap(race, contestant, (HERE, then), lap))
            yield comparison


def _lap(race: Race, contestant: Contestant, trees: tuple[Sequence[Path], Sequence[Path]], lap: int) -> Iterator[tuple[Sample, Sample]]:
    least, most = ROUNDS
    count = race.count * contestant.times
    with ExitStack() as stack:
        workers = [] if race.fresh else [stack.enter_context(Worker(contestant, tree)) for tree in trees]
        for worker in workers:
            for _ in range(race.warm):
                worker.play(count)
        start = monotonic()
        for number in range(most):
            if number >= least and monotonic() - start > LAP:
                return
            samples: list[Sample] = [{}, {}]
            for which in (0, 1) if (number + lap) % 2 else (1, 0):
                if race.fresh:
                    with Worker(contestant, trees[which]) as worker:
                        samples[which] = worker.play(count)
                else:
                    samples[which] = workers[which].play(count)
            yield samples[0], samples[1]


@contextmanager
def checkout(revision: str) -> Iterator[Sequence[Path]]:
    """The library and the plugin as they were at `revision`, in a folder of their own, with the contestants of today."""
    packed = subprocess.run(
        ["git", "archive", "--format=tar", revision, "sessionmock", "plugins"], cwd=ROOT, capture_output=True, check=True).stdout
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(packed)) as files:
            files.extractall(folder, filter="data")
        paths = [Path(folder), Path(folder, "plugins"), ROOT]
        where = subprocess.run(
            [sys.executable, "-P", "-c", "import pytest_sessionmock, sessionmock; print(sessionmock.__file__, pytest_sessionmock.__file__)"],
            env=importing_from(paths), capture_output=True, text=True, check=True).stdout
        assert where.count(folder) == 2, where
        yield paths
