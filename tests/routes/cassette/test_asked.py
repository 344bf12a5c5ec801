"""A request as matchers of users see it, by the names that vcrpy gave its parts."""
from __future__ import annotations

import pytest

from sessionmock.models.fields import Fields, Pairs
from sessionmock.routes.cassette import Interaction, RecordedRequest, RecordedResponse
from sessionmock.routes.cassette.asked import Asked, agree, asked_of

HEADERS = [("Accept", "a"), ("X-Id", "1"), ("accept", "b")]
ASKED = Asked("PUT", "https://api.test/things?b=2&a=1#part", HEADERS, b"body")


@pytest.mark.parametrize("headers", [Fields(HEADERS), Pairs(HEADERS), ASKED.fields])
def test_headers_are_found_in_any_case(headers: Fields | Pairs) -> None:
    """Repeated ones are joined; one that is not there is None, or what the caller says."""
    assert ("a, b", "1") == (headers["ACCEPT"], headers["x-id"])
    assert ("a, b", None, "none") == (headers.get("Accept"), headers.get("X-Other"), headers.get("X-Other", "none"))
    assert ("accept" in headers, "X-Other" in headers, 7 in headers) == (True, False, False)
    assert {"accept": "a, b", "x-id": "1"} == dict(headers.items())


def test_pairs_are_a_list_too() -> None:
    """By number, by membership and in a loop they are the pairs that were sent."""
    pairs = Pairs(HEADERS)
    assert ("X-Id", "1") == pairs[1]
    assert ("Accept", "a") in pairs
    assert HEADERS == list(pairs)


def test_a_request_has_the_parts_that_vcrpy_names() -> None:
    """The URL's parts as they are compared: the query sorted, the port filled in."""
    assert (ASKED.url, "https", "https", "api.test", 443) == (ASKED.uri, ASKED.scheme, ASKED.protocol, ASKED.host, ASKED.port)
    assert ("/things", (("a", "1"), ("b", "2"))) == (ASKED.path, ASKED.query)


def test_the_request_of_a_recording() -> None:
    """What was recorded is asked in the same words."""
    recorded = Interaction(RecordedRequest("PUT", ASKED.url, HEADERS, b"body"), RecordedResponse(200))
    assert ASKED == asked_of(recorded)


def refuses(one: Asked, other: Asked) -> None:
    assert one.headers["x-id"] == "2"    # type: ignore[call-overload]


@pytest.mark.parametrize(("matcher", "agrees"), [
    (lambda one, other: True, True), (lambda one, other: False, False), (lambda one, other: 0, False),
    (lambda one, other: None, True), (refuses, False),
    (lambda one, other: one.headers["Accept"] == "a, b" and other.path == "/things", True),
])
def test_what_a_matcher_says(matcher: object, agrees: bool) -> None:
    """True and False, as with vcrpy nothing at all, or an assertion that fails."""
    assert agrees is agree(matcher, ASKED, ASKED)    # type: ignore[arg-type]
