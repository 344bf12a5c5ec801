"""What stands between a plain client and the route that answers it."""
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from sessionmock import LiveRoute, ScriptRoute
from sessionmock.clients.transport import Passing, WatchedRoute
from sessionmock.clock import SystemClock
from sessionmock.models.message import Request


class Noting:
    """An exchange, or a sink, that notes what is asked of it."""

    timing = "measured"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: self.asked.append(name)


@pytest.fixture
def inner() -> Noting:
    return Noting()


@pytest.fixture
def passing(inner: Noting) -> Passing:
    channel: Any = SimpleNamespace(engine=SimpleNamespace(clock=SystemClock()), source="script")
    sink: Any = Noting()
    made = Passing(channel, Request("GET", "http://a.test/", []), sink, None)
    made.exchange = inner  # type: ignore[assignment]
    return made


def test_what_is_asked_of_an_exchange_reaches_it(passing: Passing, inner: Noting) -> None:
    """And what it has measured comes back."""
    passing.pause()
    passing.resume()
    assert "measured" == passing.timing
    passing.cancel()
    passing.cancel()
    assert ["pause", "resume", "cancel", "cancel"] == inner.asked
    assert passing.over


def test_a_watched_route_is_as_live_as_the_one_within() -> None:
    """Whoever asks hears of the route that answers."""
    assert [("live", True), ("script", False)] == [(route.source, route.is_live) for route in map(WatchedRoute, (LiveRoute(), ScriptRoute()))]
