"""Lines of plans, and the one call that says them."""
from __future__ import annotations

import dataclasses
import inspect
import re
from typing import Any

import pytest

from sessionmock import InvalidArgumentException
from sessionmock.faults.lines import _TAKES, CONDITIONS, FaultLine, Lines
from sessionmock.faults.plan import FaultPlan


def test_the_call_takes_what_a_line_says() -> None:
    """The same names and defaults, and the docstring explains each."""
    taken = {name: parameter.default for name, parameter in inspect.signature(Lines.at).parameters.items() if name not in ("self", "point")}
    assert taken == CONDITIONS
    assert all(f"`{name}" in (Lines.at.__doc__ or "") for name in taken)
    assert set(_TAKES) | {"url", "task"} == set(CONDITIONS)


def test_a_line_is_a_value() -> None:
    """Equal, hashed and never changed; methods are kept in upper case; `repr` makes it anew."""
    plan = FaultPlan().at("body", url="https://api.test/*", method="get", byte=10, nth=2, optional=True).reset()
    [line] = plan
    assert line == FaultPlan().at("body", optional=True, nth=2, byte=10, method="GET", url="https://api.test/*").reset()[0]
    assert eval(repr(line)) == line
    assert hash(eval(repr(line))) == hash(line)
    assert str(line) == "at('body', url='https://api.test/*', method='GET', byte=10, nth=2, optional=True).reset()"
    with pytest.raises(dataclasses.FrozenInstanceError):
        line.byte = 3  # type: ignore[misc]    # that is the mistake
    assert {line: 1}[eval(repr(line))] == 1


def test_a_line_shows_no_secret_and_says_what_is_about_time() -> None:
    """`str` is for reports."""
    line = FaultPlan().at("head", url="https://api.test/a?token=s3cr3tt0k3nv4lu3").delay(1)[0]
    assert "s3cr3tt0k3nv4lu3" not in str(line)
    assert line.is_timed
    assert not FaultPlan().at("head").reset()[0].is_timed
    assert FaultPlan().at("redirect").unanswered()[0].is_timed
    assert FaultPlan().at("write.body").malformed("window")[0].is_timed
    assert not FaultPlan().at("head").malformed("header")[0].is_timed


@pytest.mark.parametrize(("said", "error"), [
    ({"byte": -1}, "byte=.* was given -1; it takes an int of at least 0"),
    ({"byte": True}, "byte"),
    ({"first": 0}, "first"),
    ({"nth": 0}, "nth"),
    ({"every": "2"}, "every"),
    ({"probability": 1.5}, "probability=.* was given 1.5; it takes a number from 0 to 1"),
    ({"probability": -0.1}, "probability"),
    ({"probability": "often"}, "probability"),
    ({"method": 3}, "method"),
    ({"method": "GET POST"}, "method"),
    ({"from_here_on": 1}, "from_here_on"),
    ({"optional": "yes"}, "optional"),
    ({"task": 3}, "task"),
    ({"url": 3}, "url"),
    ({"first": 2, "nth": 1}, "first=2 and nth=1 contradict"),
    ({"nth": 4, "every": 2}, "nth=4 and every=2 contradict"),
    ({"first": 2, "from_here_on": True}, "first=2 and from_here_on=True contradict"),
])
def test_what_makes_no_sense_is_refused(said: dict[str, Any], error: str) -> None:
    """With the keyword, its value and what it takes, when the kind is said."""
    with pytest.raises(InvalidArgumentException, match=error):
        FaultPlan().at("body", **said).reset()


def test_bytes_are_for_bodies() -> None:
    """Where none are counted, the points that have them are named."""
    with pytest.raises(InvalidArgumentException, match=r"no bytes are counted there; write.body, body, disk.write have them"):
        FaultPlan().at("connect", byte=3).refuse()


def test_a_place_says_that_it_has_no_kind_yet() -> None:
    """It is checked before one is said."""
    assert repr(FaultPlan().at("body", byte=3)) == "<at('body', byte=3), and no kind yet>"
    with pytest.raises(InvalidArgumentException, match="there is no point 'bdy'"):
        FaultPlan().at("bdy")
    assert isinstance(FaultPlan().at("body", url=re.compile("a")).end()[0], FaultLine)
