"""User code that is called: whose it was that raised, and that one of several does not keep the others from being called."""
from __future__ import annotations

from typing import Any

import pytest

from sessionmock.user_code import blame, is_of_user_code, tell_each, user_code


def test_what_is_raised_goes_on_and_says_where_it_was_raised() -> None:
    """Also where the block is left by what is no Exception."""
    for error in (ValueError("bad"), SystemExit(1)):
        with pytest.raises(type(error)) as caught, user_code("Mine.store_cookies"):
            raise error
        assert (error, ["raised in Mine.store_cookies"]) == (caught.value, error.__notes__)


def test_it_is_said_once_for_each_place() -> None:
    """An exception may go through several places, and be raised again."""
    error = ValueError("bad")
    for place in ("the inner", "the inner", "the outer"):
        blame(error, place)
    assert ["raised in the inner", "raised in the outer"] == error.__notes__


def test_user_code_is_told_from_our_own() -> None:
    """By its note; other notes are nothing to go by."""
    ours, theirs = ValueError("ours"), ValueError("theirs")
    ours.add_note("near line 7")
    blame(theirs, "a listener")
    assert (False, True) == (is_of_user_code(ours), is_of_user_code(theirs))


def test_a_block_that_ends_well_changes_nothing() -> None:
    """What it gives is given."""
    with user_code("nothing"):
        value = 7
    assert 7 == value


def test_every_listener_is_called() -> None:
    """The first exception is raised when all of them were."""
    called: list[Any] = []

    def listener(number: int, error: Exception | None = None) -> Any:
        def call(value: str) -> None:
            called.append((number, value))
            if error is not None:
                raise error
        return call

    first = ValueError("first")
    with pytest.raises(ValueError, match="first") as caught:
        tell_each("a listener", [listener(1), listener(2, first), listener(3, LookupError("second"))], "value")
    assert [(1, "value"), (2, "value"), (3, "value")] == called
    assert (first, ["raised in a listener"]) == (caught.value, first.__notes__)
