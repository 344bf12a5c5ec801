"""Each misbehaviour of a real server, and the line of a plan that says the same: a load comes to the same, over every route."""
from __future__ import annotations

from collections.abc import Iterator

import pytest

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
