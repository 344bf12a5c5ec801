"""What a run knows beyond single tests."""
from __future__ import annotations

import pytest
from pytest_sessionmock.run import RunState

from .conftest import Inner


class Terminal:
    """What a summary was written to."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def section(self, title: str, **_: object) -> None:
        self.lines.append(f"== {title}")

    def write_line(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture
def run(inner: Inner) -> RunState:
    return RunState(inner.config())


def summary(run: RunState) -> list[str]:
    terminal = Terminal()
    run.summarize(terminal)
    return terminal.lines


def test_a_finding_is_told_once(run: RunState) -> None:
    """Two that read alike are two, one that is found twice is one."""
    first, second = ["alike"], ["alike"]
    assert [first] == run.untold([first])
    assert [second] == run.untold([first, second])
    assert [] == run.untold([second, first])


def test_a_quiet_run_says_nothing(run: RunState) -> None:
    """Without leaks there is no section."""
    run.take_in({})
    run.take_in({"sessionmock_leaks": [[], [[]]], "sessionmock_unclosed": []})
    assert [] == summary(run)


def test_what_workers_hand_on_is_put_together(run: RunState) -> None:
    """Leaks of each worker are told, those made while modules were imported only where every worker has left them, clients with
    how often they were found."""
    run.take_in({"sessionmock_leaks": [["one"], [["everywhere", "ended elsewhere"]]], "sessionmock_unclosed": ["LEAK: a client"]})
    run.take_in({"sessionmock_leaks": [["two"], [["everywhere"]]], "sessionmock_unclosed": ["LEAK: a client"]})
    assert [
        "== sessionmock: httpx clients never closed", "    2 a client",
        "== sessionmock: leaks of the run", "everywhere\n\none\n\ntwo",
    ] == summary(run)


def test_the_live_route_takes_no_proxies_of_the_environment(run: RunState) -> None:
    """There is one for the whole run."""
    assert run.live is run.live
    assert run.live.is_live
