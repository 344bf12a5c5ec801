"""What every test has: pytest's own test bed, Hypothesis without its stop-watch, and a look at what it leaves."""
from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from sessionmock.invariants import Remains
from sessionmock.registry import current_scope

pytest_plugins = ["pytester"]

settings.register_profile("sessionmock", deadline=None)    # a busy machine is no reason to fail
settings.load_profile("sessionmock")


@pytest.fixture(autouse=True)
def remains(request: pytest.FixtureRequest) -> Iterator[None]:
    """Beside what the plugin watches in each test: no file of a download is left, and nothing raised in sessionmock itself. One that does
    so on purpose says `@pytest.mark.sessionmock(invariants="off")`."""
    scope = current_scope()
    marks = [mark.kwargs["invariants"] for mark in request.node.iter_markers("sessionmock") if "invariants" in mark.kwargs]
    if scope is None or scope.history is None or marks[:1] == ["off"]:
        yield
    else:
        left = Remains(scope.history)
        yield
        left.verify()
