"""How old stored responses are, and for how long they are fresh."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from sessionmock.core.freshness import Facts, aged, freshness_lifetime, standing
from sessionmock.models.cached_response import CachedURLResponse
from sessionmock.models.response import HTTPURLResponse, URLResponse

NOW = datetime(2026, 1, 1, tzinfo=UTC)
URL = "https://example.com/a"
Pairs = list[tuple[str, str]]


def ago(seconds: float) -> str:
    """The date of `seconds` before NOW as a server writes it."""
    return format_datetime(NOW - timedelta(seconds=seconds), usegmt=True)


def facts(headers: Pairs, status: int = 200, *, requested: float = 0, received: float = 0) -> Facts:
    return Facts(status, headers, NOW - timedelta(seconds=requested or received), NOW - timedelta(seconds=received))


def cached(headers: Pairs) -> CachedURLResponse:
    """A response that came 10 seconds ago."""
    moment = NOW - timedelta(seconds=10)
    return CachedURLResponse(HTTPURLResponse(URL, 200, None, headers), b"x", requested=moment, received=moment)


def control(value: str) -> Pairs:
    return [("Cache-Control", value)]


@pytest.mark.parametrize(("headers", "status", "expected"), [
    (control("max-age=60"), 200, 60),
    (control("s-maxage=60"), 200, 0),
    (control("s-maxage=5, max-age=60"), 200, 60),
    (control("max-age=x"), 200, 0),
    ([*control("max-age=60"), ("Expires", ago(0))], 200, 60),
    ([("Expires", ago(-60))], 200, 60),
    ([("Expires", ago(-60)), ("Date", ago(40))], 200, 100),
    ([("Expires", ago(60))], 200, 0),
    ([("Expires", "0")], 200, 0),
    ([("Expires", "0"), ("Last-Modified", ago(1000))], 200, 0),
    ([("Expires", ago(-60)), ("Expires", ago(-60))], 200, 0),
    ([("Last-Modified", ago(1000))], 200, 100),
    ([("Last-Modified", ago(1000)), ("Date", ago(200))], 200, 80),
    ([("Last-Modified", ago(1000))], 404, 100),
    ([("Last-Modified", ago(1000))], 302, 0),
    ([("Last-Modified", ago(1000)), *control("public")], 302, 100),
    ([("Last-Modified", ago(-1000))], 200, 0),
    ([("Last-Modified", "long ago")], 200, 0),
    ([], 200, 0),
])
def test_freshness_comes_from_the_first_that_tells_it(headers: Pairs, status: int, expected: float) -> None:
    """RFC 9111, sections 4.2.1 and 4.2.2: max-age, Expires, then a tenth of the time since Last-Modified; never s-maxage."""
    assert expected == freshness_lifetime(facts(headers, status))


@pytest.mark.parametrize(("headers", "requested", "received", "expected"), [
    ([], 0, 0, 0),
    ([], 0, 30, 30),
    ([("Date", ago(30))], 0, 30, 30),
    ([("Date", ago(50))], 0, 30, 50),
    ([("Date", ago(10))], 0, 30, 30),
    ([("Age", "100")], 0, 0, 100),
    ([("Age", "100")], 0, 30, 130),
    ([("Age", "100")], 35, 30, 135),
    ([("Age", "100"), ("Date", ago(200))], 0, 30, 200),
    ([("Age", "5, 7")], 0, 0, 5),
    ([("Age", "-5")], 0, 0, 0),
    ([("Age", "old")], 0, 0, 0),
    ([("Date", "yesterday")], 0, 30, 30),
])
def test_age_counts_from_the_origin(headers: Pairs, requested: float, received: float, expected: float) -> None:
    """RFC 9111, section 4.2.3: the greater of apparent and corrected age, and the time in the cache."""
    assert expected == standing(facts(headers, requested=requested, received=received)).age_at(NOW)


@pytest.mark.parametrize(("headers", "age"), [([], "10"), ([("age", "30")], "40"), ([("Age", "30"), ("Date", ago(100))], "100")])
def test_a_response_is_given_with_the_age_that_it_has(headers: Pairs, age: str) -> None:
    """RFC 9111, section 4: in place of the one that was stored."""
    kept = [pair for pair in headers if pair[0] == "Date"]
    found = aged(cached([*headers, ("X", "y")]), NOW)
    assert found is not None
    assert [*kept, ("X", "y"), ("Age", age)] == found.headers


def test_what_is_no_http_has_no_age() -> None:
    """Nor a lifetime."""
    assert aged(CachedURLResponse(URLResponse("custom:x"), b""), NOW) is None
