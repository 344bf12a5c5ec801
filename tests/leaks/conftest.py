"""A scope that is cleaned up, and a script in force."""
from __future__ import annotations

from collections.abc import Iterator

import pytest

from sessionmock import LeakScope, ScriptRoute, use_route


@pytest.fixture
def scope() -> Iterator[LeakScope]:
    with LeakScope("here") as scope:
        yield scope
        scope.clean_up()


@pytest.fixture
def script() -> Iterator[ScriptRoute]:
    script = ScriptRoute()
    with use_route(script):
        yield script
