"""What a run knows beyond single tests."""
from __future__ import annotations

import pytest
from pytest_sessionmock.run import RunState

from .conftest import Inner


@pytest.fixture
def run(inner: Inner) -> RunState:
    return RunState(inner.config())


def test_a_finding_is_told_once(run: RunState) -> None:
    """Two that read alike are two, one that is found twice is one."""
    first, second = ["alike"], ["alike"]
    assert [first] == run.untold([first])
    assert [second] == run.untold([first, second])
    assert [] == run.untold([second, first])


def test_the_live_route_takes_no_proxies_of_the_environment(run: RunState) -> None:
    """There is one for the whole run."""
    assert run.live is run.live
    assert run.live.is_live
