"""Which route is in force: here, everywhere, or none."""
from __future__ import annotations

import threading
from typing import Any

import pytest

from sessionmock import LiveRoute, ScriptRoute, use_live_route, use_route
from sessionmock.routes.current import current_route, live_route


def elsewhere(call: Any) -> Any:
    """What `call` gives on a thread of its own, which has a context of its own."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(call()))
    thread.start()
    thread.join()
    return found[0]


def test_a_route_holds_in_its_block_and_in_its_context() -> None:
    """The inner one goes before the outer one, and other threads have none."""
    one, other = ScriptRoute(), ScriptRoute()
    assert current_route() is None
    with use_route(one) as given:
        assert given is one
        with use_route(other):
            assert (other, None) == (current_route(), elsewhere(current_route))
        assert one is current_route()
    assert current_route() is None


def test_a_route_for_everybody_is_for_who_has_none() -> None:
    """On all threads; the last one that was opened, whichever ends first."""
    one, other, own = ScriptRoute(), ScriptRoute(), ScriptRoute()
    with use_route(one, everywhere=True) as given:
        assert given is one
        with use_route(own):
            assert (own, one) == (current_route(), elsewhere(current_route))
        with use_route(other, everywhere=True):
            assert (other, other) == (current_route(), elsewhere(current_route))
        assert one is current_route()
    assert current_route() is None


def test_what_answers_where_no_route_is_in_force() -> None:
    """A live route, until another is named; on all threads."""
    assert isinstance(live_route(), LiveRoute)
    own = LiveRoute()
    with use_live_route(own) as given:
        assert (own, own, own, None) == (given, live_route(), elsewhere(live_route), current_route())
    assert own is not live_route()


def test_an_error_in_the_block_ends_it_too() -> None:
    """No route stays in force behind an exception."""
    for manager in (use_route(ScriptRoute()), use_route(ScriptRoute(), everywhere=True), use_live_route(ScriptRoute())):
        before = live_route()
        with pytest.raises(ZeroDivisionError), manager:
            raise ZeroDivisionError
        assert current_route() is None
        assert before is live_route()
