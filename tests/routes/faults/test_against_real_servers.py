"""Each misbehaviour of a real server, and the line of a plan that says the same: a load comes to the same, over every route."""
from __future__ import annotations

from collections.abc import Iterator

import pytest

import sessionmock as sm
from sessionmock.routes.faults.route import FaultRoute

from .cases import CASES
from .misbehaviour import Case
from .stage import Stage, play


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage(tmp_path_factory.mktemp("stage")) as made:
        yield made


def each(cases: list[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in cases])


@each([case for case in CASES if case.real is not None or case.door != "http"])
def test_a_real_server_that_misbehaves(stage: Stage, case: Case) -> None:
    """The code, the underlying error, the resume data and the callbacks that the table names."""
    with stage.playing(case):
        verdict = play(case, stage.live(), stage.address(case, misbehaving=True), stage.proxy(case, misbehaving=True))
    assert verdict == case.verdict


@each(list(CASES))
def test_a_plan_says_the_same(stage: Stage, case: Case) -> None:
    """Over a script and a cassette in virtual time, and over an honest real server."""
    url, proxy = stage.address(case, misbehaving=False), stage.proxy(case, misbehaving=False)
    verdicts = {}
    for name, route in {"script": stage.script(), "cassette": stage.cassette(case, url)}.items():
        with sm.virtual_time():
            faulted = FaultRoute(route, case.plan)
            verdicts[name] = play(case, faulted, url, proxy)
            assert not faulted.faults.unfired, name
    with stage.playing(case):
        faulted = FaultRoute(stage.live(), case.plan)
        verdicts["live"] = play(case, faulted, url, proxy)
        assert not faulted.faults.unfired, "live"
    assert dict.fromkeys(verdicts, case.verdict) == verdicts
