"""Names that are none: those there are, the nearest first."""
from __future__ import annotations

import copy
from typing import Any

import pytest

from sessionmock import InvalidArgumentException
from sessionmock.faults.names import nearest
from sessionmock.faults.plan import FaultPlan


def test_the_nearest_comes_first() -> None:
    """In any case; whatever was given."""
    assert nearest("BYTES", ["url", "task", "byte"])[0] == "byte"
    assert sorted(nearest(None, ["b", "a"])) == ["a", "b"]


@pytest.mark.parametrize(("said", "error", "message"), [
    (lambda plan: plan.at("body", bite=3), TypeError, r"at\(...\): there is no keyword 'bite': choose from byte, .*from_here_on"),
    (lambda plan: plan.at("body", byte=3).rset(), AttributeError, r"<at\('body', byte=3\).*: there is no kind 'rset': choose from reset, .*cancel"),
    (lambda plan: plan.at("bdy").reset(), InvalidArgumentException, "there is no point 'bdy': choose from body, .*connect"),
    (lambda plan: plan.at("tls").certificate("expird"), InvalidArgumentException, "choose from 'expired', "),
])
def test_a_wrong_name_lists_the_right_ones(said: Any, error: type[Exception], message: str) -> None:
    """It is an InvalidArgumentException, and what Python raises for such a mistake."""
    with pytest.raises(error, match=message) as failure:
        said(FaultPlan())
    assert isinstance(failure.value, InvalidArgumentException)


def test_a_place_is_asked_for_what_it_has_as_any_object_is() -> None:
    """Python looks for methods of its own."""
    place = FaultPlan().at("body")
    assert not hasattr(place, "rset")
    assert hasattr(place, "reset")
    assert copy.copy(place).reset() == place.reset()
