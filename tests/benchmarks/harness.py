"""Races between contestants: interleaved rounds, a process for each, medians."""
from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
HERE = (ROOT, ROOT / "plugins")     # what a worker imports from: this checkout, wherever it is started


class Contestant(NamedTuple):
    """What runs in a worker: a context manager of `own` or `peers`, by name, with its arguments."""

    function: str
    arguments: dict[str, Any]
    times: int = 1       # how many it does where another does one
    called: str = ""     # what the report calls it: the name of its row

    @property
    def is_own(self) -> bool:
        """Whether it is sessionmock that runs, and not a peer."""
        return self.function.startswith("own.")


@dataclass(frozen=True)
class Figures:
    """What one contestant did in all rounds."""

    samples: list[dict[str, float]]
    count: int
    called: str = ""

    def __getitem__(self, key: str) -> float:
        """The median of one figure: "wall" and "cpu" in seconds, "peak" in bytes."""
        return median(sample[key] for sample in self.samples)

    @property
    def each(self) -> float:
        """Wall seconds for one of `count`."""
        return self["wall"] / self.count


class Race(NamedTuple):
    """Contestants that do the same in turns, and the rows that are made of their figures.

    `warm` rounds come before those that count. `fresh`: a new process for each round, for what is measured from the start
    of a process.
    """

    contestants: Mapping[str, Contestant]
    count: int
    rounds: int
    rows: Callable[[Mapping[str, Figures]], Iterable[Row]]
    warm: int = 1
    fresh: bool = False

    def run(self) -> dict[str, Figures]:
        """The figures of every contestant; all play in every round, in turns that rotate."""
        names = list(self.contestants)
        samples: dict[str, list[dict[str, float]]] = {name: [] for name in names}
        with ExitStack() as stack:
            workers = {} if self.fresh else {name: stack.enter_context(Worker(self.contestants[name])) for name in names}
            for number in range(-self.warm, self.rounds):
                turn = number % len(names)
                for name in names[turn:] + names[:turn]:
                    contestant = self.contestants[name]
                    with Worker(contestant) if self.fresh else _kept(workers[name]) as worker:
                        sample = worker.play(self.count * contestant.times)
                    if number >= 0:
                        samples[name].append(sample)
        return {name: Figures(samples[name], self.count * contestant.times, contestant.called)
                for name, contestant in self.contestants.items()}


class Broken(Exception):
    """A contestant ended before its round did; what it wrote about it is on the terminal."""


class Worker:
    """A contestant's process. `paths`: where it imports from."""

    def __init__(self, contestant: Contestant, paths: Sequence[Path] = HERE) -> None:
        self._name = contestant.function
        # -P: the folder that it is started in is not imported from.
        command = [sys.executable, "-P", "-m", "tests.benchmarks.worker", contestant.function, json.dumps(contestant.arguments)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=importing_from(paths))

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()     # the end of its input is the end of the contestant

    def play(self, count: int) -> dict[str, float]:
        """One round."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            print(count, file=self._process.stdin, flush=True)
            return dict(json.loads(self._process.stdout.readline()))
        except (BrokenPipeError, json.JSONDecodeError):
            raise Broken(f"{self._name} gave no result") from None


def importing_from(paths: Sequence[Path]) -> dict[str, str]:
    """The environment of a process that imports from `paths` before anything that is installed. Its lines are not counted."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths)), "COVERAGE_PROCESS_CONFIG": ""}


@contextmanager
def _kept(worker: Worker) -> Iterator[Worker]:
    yield worker


class Row(NamedTuple):
    """One line of the report. `ratio` is in own terms: above the goal is good, or below it where `most` is set."""

    name: str
    own: str
    peer: str
    ratio: float
    goal: float | None = None
    most: bool = False

    @property
    def verdict(self) -> str:
        if self.goal is None:
            return ""
        return "ok" if (self.ratio <= self.goal if self.most else self.ratio >= self.goal) else "miss"

    @property
    def aim(self) -> str:
        """The goal and what became of it, "" without one."""
        return "" if self.goal is None else f"{'<=' if self.most else '>='} {self.goal:<5g} {self.verdict}"

    def __str__(self) -> str:
        return f"{self.name:<44} {self.own:>13} {self.peer:>24} {self.ratio:>8.2f}  {self.aim}".rstrip()


HEADING = f"{'benchmark':<44} {'sessionmock':>13} {'peer':>24} {'ratio':>8}  goal"


def microseconds(seconds: float) -> str:
    return f"{seconds * 1e6:.0f} us"


def faster(own: Figures, peer: Figures, goal: float | None = None) -> Row:
    """How many times faster than `peer` our own was, for one of each."""
    return Row(own.called, microseconds(own.each), f"{peer.called} {microseconds(peer.each)}", peer.each / own.each, goal)
