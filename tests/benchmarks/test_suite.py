"""Every benchmark gives the rows that the README shows, of contestants that there are."""
from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ..readme import README
from . import own, peers, servers, suite
from .harness import Figures, Race

SAMPLE = {"wall": 2.0, "cpu": 1.0, "p90": 1.0, "load": 1.0, "tls": 0.0}


@pytest.fixture
def races(monkeypatch: pytest.MonkeyPatch) -> list[Race]:
    """All races, with no server and no large file for them."""
    @contextmanager
    def nowhere() -> Iterator[str]:
        yield "http://nowhere.test"

    @contextmanager
    def nowhere_secure() -> Iterator[tuple[str, str]]:
        yield "https://nowhere.test", "authority.pem"
    for name in ("nginx", "slow", "bulk"):
        monkeypatch.setattr(servers, name, nowhere)
    monkeypatch.setattr(servers, "nginx_http2", nowhere_secure)
    monkeypatch.setattr(suite, "entry_points", lambda **_: ["the plugin"])
    monkeypatch.setattr(suite, "cassette_file", lambda *_: ("tape.yaml", []))
    monkeypatch.setattr(suite, "as_json", lambda file: "tape.json")
    monkeypatch.setattr(suite, "MEGABYTE", 1)
    return [race for benchmark in suite.BENCHMARKS.values() for race in benchmark()]


def test_rows_are_those_of_the_readme(races: list[Race]) -> None:
    """In their order, each once for each peer."""
    rows = [row for race in races for row in race.rows(
        {name: Figures([SAMPLE | {"peak": len(contestant.called)}], 1, contestant.called) for name, contestant in race.contestants.items()})]
    table = re.search(r"<!-- measured -->\n(.*?)<!-- end -->", README.read_text(), re.DOTALL)
    assert table is not None
    assert [row.name for row in rows] == [line.split(" | ")[0].removeprefix("| ") for line in table[1].splitlines()[4:]]
    assert all(str(row).startswith(row.name) for row in rows)


def test_contestants_are_there(races: list[Race]) -> None:
    """Each is a function of its module, and has a name of its own among those that `--against` compares."""
    contestants = [contestant for race in races for contestant in race.contestants.values()]
    places: dict[str, Any] = {"own": own, "peers": peers}
    for contestant in contestants:
        module, function = contestant.function.split(".")
        assert callable(getattr(places[module], function))
        assert contestant.called
    ours = {(contestant.called, contestant.function, str(contestant.arguments)) for contestant in contestants if contestant.is_own}
    assert len(ours) == len({called for called, _, _ in ours})
