"""The server that the tests of the engine share, and the engine's policy made switchable."""
from __future__ import annotations

from collections.abc import Iterator

import pytest

from sessionmock.engine import loop
from tests.engine.server import Server


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of a server in a process of its own."""
    with Server() as running:
        yield running.url


@pytest.fixture(params=["waiter", "background"])
def policy(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Who drives: the test is run over both."""
    monkeypatch.setattr(loop, "policy", request.param)
    return str(request.param)
