"""Races between contestants: interleaved rounds, a process for each, medians."""
from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any, NamedTuple


class Contestant(NamedTuple):
    """What runs in a worker: a context manager of `own` or `peers`, by name, with its arguments."""

    function: str
    arguments: dict[str, Any]
    times: int = 1       # how many it does where another does one


@dataclass(frozen=True)
class Figures:
    """What one contestant did in all rounds."""

    samples: list[dict[str, float]]
    count: int

    def __getitem__(self, key: str) -> float:
        """The median of one figure: "wall" and "cpu" in seconds, "peak" in bytes."""
        return median(sample[key] for sample in self.samples)

    @property
    def each(self) -> float:
        """Wall seconds for one of `count`."""
        return self["wall"] / self.count


class Broken(Exception):
    """A contestant ended before its round did; what it wrote about it is on the terminal."""


class Worker:
    """A contestant's process."""

    def __init__(self, contestant: Contestant) -> None:
        self._name = contestant.function
        command = [sys.executable, "-m", "tests.benchmarks.worker", contestant.function, json.dumps(contestant.arguments)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

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


def race(
    contestants: Mapping[str, Contestant], count: int, rounds: int, *, warm: int = 1, fresh: bool = False,
) -> dict[str, Figures]:
    """Every contestant in every round, in turns that rotate. `warm` rounds come before those that count.

    `fresh`: a new process for each round, for what is measured from the start of a process.
    """
    names = list(contestants)
    samples: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    with ExitStack() as stack:
        workers = {} if fresh else {name: stack.enter_context(Worker(contestants[name])) for name in names}
        for number in range(-warm, rounds):
            turn = number % len(names)
            for name in names[turn:] + names[:turn]:
                with _fresh(contestants[name]) if fresh else _kept(workers[name]) as worker:
                    sample = worker.play(count * contestants[name].times)
                if number >= 0:
                    samples[name].append(sample)
    return {name: Figures(samples[name], count * contestants[name].times) for name in names}


def _fresh(contestant: Contestant) -> Worker:
    return Worker(contestant)


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


def faster(name: str, own: Figures, peer: Figures, called: str, goal: float | None) -> Row:
    """How many times faster than `peer` (by name `called`) our own was, for one of each."""
    return Row(name, microseconds(own.each), f"{called} {microseconds(peer.each)}", peer.each / own.each, goal)
