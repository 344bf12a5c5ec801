"""A commit beside another: what is compared, and what is said of it."""
from __future__ import annotations

import shutil

import pytest

from . import against
from .harness import ROOT, Contestant, Race, Worker

CREATION = Contestant("own.creation", {}, 2, "creation")


def _samples(*ratios: float) -> list[tuple[dict[str, float], dict[str, float]]]:
    return [({"cpu": ratio * 0.25, "wall": 1.0}, {"cpu": 0.25, "wall": 1.0}) for ratio in ratios]


def test_a_row_is_marked_where_it_takes_over_five_percent_more() -> None:
    """The median of the rounds decides, not the worst of them."""
    fast = against.Comparison("GET", 10, _samples(1.0, 1.02, 1.04, 1.01, 3.0))
    slow = against.Comparison("GET", 10, _samples(1.0, 1.06, 1.08, 1.07, 1.06))
    assert (fast.is_slower, slow.is_slower) == (False, True)
    assert "1.020 [1.00 2.02]" in str(fast)
    assert str(slow).endswith("SLOWER")


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Workers that play at once: the first tree is `now`'s. What they played, in order."""
    played: list[tuple[str, str]] = []

    class Played(Worker):
        def __init__(self, contestant: Contestant, paths: object) -> None:
            self._what = contestant.called, "now" if paths is against.HERE else "then"

        def __exit__(self, *_: object) -> None:
            pass

        def play(self, count: int) -> dict[str, float]:
            played.append(self._what)
            return {"cpu": count * (1.5 if self._what == ("slow", "now") else 1.0), "wall": 1.0}

    monkeypatch.setattr(against, "Worker", Played)
    return played


def _compare(*contestants: Contestant) -> list[against.Comparison]:
    race = Race({str(number): contestant for number, contestant in enumerate(contestants)}, 10, 1, lambda found: [], warm=0)
    return list(against.compare(race, [ROOT], set()))


def test_both_take_turns(played: list[tuple[str, str]]) -> None:
    """Each plays as often as the other, and each begins half of the rounds."""
    assert [("creation", 1.0)] == [(comparison.called, comparison.cpu.middle) for comparison in _compare(CREATION)]
    rounds = [played[place:place + 2] for place in range(0, len(played), 2)]
    assert all({"now", "then"} == {tree for _, tree in round_} for round_ in rounds)
    assert len(rounds) // 2 == sum(first == ("creation", "now") for first, _ in rounds)


def test_what_seems_slower_is_looked_at_longer(played: list[tuple[str, str]]) -> None:
    """It has three times as many laps."""
    slow, same = _compare(CREATION._replace(called="slow"), CREATION)
    assert slow.is_slower
    assert len(slow.pairs) == 3 * len(same.pairs)


def test_peers_and_repetitions_are_left_out(played: list[tuple[str, str]]) -> None:
    """Only our own contestants are compared, each once."""
    assert ["creation"] == [comparison.called for comparison in _compare(CREATION, Contestant("peers.nothing", {}), CREATION)]


@pytest.mark.skipif(not (ROOT / ".git").exists() or not shutil.which("git"), reason="there is no history without git")
def test_a_commit_is_played_by_the_contestants_of_today() -> None:
    """A checkout has the library and the plugin of its commit, and workers play it."""
    with against.checkout("HEAD") as then:
        assert (then[0] / "sessionmock" / "__init__.py").exists()
        with Worker(CREATION, then) as worker:
            assert worker.play(3)["cpu"] > 0
