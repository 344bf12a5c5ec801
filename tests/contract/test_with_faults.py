"""Every behaviour over a script and a cassette, once as it is and once with lines of a plan that never act."""
from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest

import sessionmock as sm
from sessionmock.faults.armed import Faults
from sessionmock.faults.current import use_faults
from sessionmock.faults.plan import FaultPlan
from sessionmock.routes.base import Route
from tests.contract.behaviours import BEHAVIOURS, CASSETTE, DELEGATE, SCRIPT, Behaviour
from tests.contract.players import Played, Run, expanded
from tests.contract.test_contract import ROWS

ONE, TWO = "http://one.test", "http://two.test"
FAR = 10**9
NEVER = (FaultPlan().at("connect", nth=FAR, optional=True).refuse().at("head", nth=FAR, optional=True).reset()
         .at("body", byte=FAR, optional=True).corrupt().at("write.body", byte=FAR, optional=True).end())


def play(behaviour: Behaviour, style: str, route: Route, folder: Path, plan: FaultPlan) -> Played:
    with use_faults(Faults(plan)):
        played = Run(behaviour, style, route, ONE, TWO, folder).play()
    if behaviour.ends_early:
        played.sources.clear()      # whether all has come by then is a matter of time
    return played


def script(behaviour: Behaviour) -> sm.ScriptRoute:
    return sm.ScriptRoute().answers(expanded(answer, ONE, TWO).answer for answer in behaviour.replies)


def same(behaviour: Behaviour, style: str, make: Any, folder: Path) -> bool:
    """The callbacks with their arguments, the requests that the route got, and the outcomes."""
    return play(behaviour, style, make(), folder, FaultPlan()) == play(behaviour, style, make(), folder, NEVER)


def some(rows: list[Any]) -> list[Any]:
    """Every seventh of `rows`; the others are left to `make soak`."""
    return [row if number % 7 == 0 else pytest.param(*row.values, id=row.id, marks=pytest.mark.soak) for number, row in enumerate(rows)]


@pytest.mark.parametrize(("behaviour", "style"), some([row for row in ROWS if SCRIPT in row.values[0].routes]))
def test_a_fault_that_does_not_act_changes_nothing(behaviour: Behaviour, style: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what a script answers."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert same(behaviour, style, lambda: script(behaviour), tmp_path)


@pytest.mark.parametrize("behaviour", some([
    pytest.param(behaviour, id=behaviour.name) for behaviour in BEHAVIOURS
    if {SCRIPT, CASSETTE} <= set(behaviour.routes) and DELEGATE in behaviour.styles and not behaviour.ends_early]))
def test_nor_of_what_a_cassette_has(behaviour: Behaviour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once recorded from the script."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    file = tmp_path / "tape.yaml"
    with sm.CassetteRoute(file, "all", live=script(behaviour), filter=False) as recorder:
        play(behaviour, DELEGATE, recorder, tmp_path, FaultPlan())
    assert same(behaviour, DELEGATE, lambda: sm.CassetteRoute(file, "none", filter=False), tmp_path)
