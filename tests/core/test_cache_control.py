"""The directives of Cache-Control."""
from __future__ import annotations

from time import process_time

import pytest

from sessionmock.core.cache_control import directives, request_directives, seconds


@pytest.mark.parametrize(("value", "expected"), [
    (None, {}),
    ("", {}),
    ("no-store", {"no-store": None}),
    ("No-Store, MAX-AGE=5", {"no-store": None, "max-age": "5"}),
    ("max-age=5,no-cache", {"max-age": "5", "no-cache": None}),
    ('max-age="5"', {"max-age": "5"}),
    ("max-age = 5 , no-cache", {"max-age": "5", "no-cache": None}),
    ("max-age=", {"max-age": None}),
    ("max-age=5, max-age=6", {"max-age": "5"}),
    ('no-cache="Set-Cookie, no-store", max-age=5', {"no-cache": "Set-Cookie, no-store", "max-age": "5"}),
    ("no-cache=a, no-cache=b", {"no-cache": "a,b"}),
    ("no-cache=a, no-cache", {"no-cache": None}),
    ("no-cache, no-cache=a", {"no-cache": None}),
    ("max-age=5; no-store", {"max-age": "5"}),
    (", ,no-store,,", {"no-store": None}),
    ("max-stale", {"max-stale": None}),
])
def test_directives_are_read(value: str | None, expected: dict[str, str | None]) -> None:
    """RFC 9111, section 5.2: names of any case, tokens or quoted strings, the first of a repeated one."""
    assert expected == directives(value)


@pytest.mark.parametrize("value", ["max-age=" + " " * 60_000 + "x", " " * 60_000, 'a="' + '\\"' * 30_000, 'a="' * 20_000, ", " * 30_000])
def test_a_field_as_long_as_a_head_is_read_at_once(value: str) -> None:
    """A server that means ill does not hold up the engine with a Cache-Control of its."""
    started = process_time()
    directives(value)
    assert process_time() - started < 1


@pytest.mark.parametrize(("text", "expected"), [
    ("max-age=60", 60), ("max-age=0", 0), ("no-store", None), ("max-age", 0), ("max-age=-1", 0), ("max-age=1.5", 0),
    ("max-age=x", 0), ("max-age=٦", 0), ("max-age=2147483648", 2 ** 31), ("max-age=2147483649", 2 ** 31), ("max-age=" + "9" * 5000, 2 ** 31),
])
def test_seconds_without_a_number_are_none_at_all(text: str, expected: int | None) -> None:
    """RFC 9111, sections 1.2.2 and 4.2.1: what is no number is stale, what is too much is 2^31."""
    assert expected == seconds(directives(text), "max-age")


def test_pragma_stands_for_a_field_that_is_not_there() -> None:
    """RFC 9111, section 5.4."""
    assert {"no-cache": None} == request_directives([("Pragma", "no-cache")])
    assert {"max-age": "5"} == request_directives([("Pragma", "no-cache"), ("Cache-Control", "max-age=5")])
