"""What came nearest to a request, and the words for how it differs."""
from __future__ import annotations

import pytest

from sessionmock.models.message import Headers
from sessionmock.routes.cassette import Interaction, RecordedRequest, RecordedResponse
from sessionmock.routes.cassette.asked import Asked
from sessionmock.routes.cassette.matching import FIELDS, Index
from sessionmock.routes.cassette.nearest import differences, nearest, shown


def item(method: str, url: str, headers: Headers | None = None, body: bytes | None = None) -> Interaction:
    return Interaction(RecordedRequest(method, url, headers or [], body), RecordedResponse(200))


def test_the_host_weighs_more_than_the_path_and_that_more_than_the_rest() -> None:
    """Of equals, the longer common beginning of the path comes first, then the first in the file."""
    index = Index([
        item("GET", "http://other.test/things/1"), item("GET", "http://api.test/people"), item("GET", "http://api.test/things/2"),
        item("POST", "http://api.test/things/1"), item("GET", "http://api.test/things/1?a=1"), item("GET", "http://api.test/things/2"),
    ])
    assert [4, 3, 2, 5, 1, 0] == nearest(index, Asked("GET", "http://api.test/things/1", [], None), 6)
    assert [4, 3] == nearest(index, Asked("GET", "http://api.test/things/1", [], None), 2)
    assert [] == nearest(Index(), Asked("GET", "http://api.test/", [], None))


@pytest.mark.parametrize(("asked", "expected"), [
    (Asked("get", "http://api.test/things", [("Content-Type", "text/plain")], b"a"), []),
    (Asked("PUT", "http://api.test/things", [("Content-Type", "text/plain")], b"a"), [("method", "PUT", "GET")]),
    (Asked("GET", "https://api.test:81/things", [("Content-Type", "text/plain")], b"a"),
     [("scheme", "https", "http"), ("port", "81", "80"), ("uri", "https://api.test:81/things", "http://api.test/things")]),
    (Asked("GET", "http://api.test/other?a=1&b", [("Content-Type", "text/plain")], b"a"),
     [("path", "/other", "/things"), ("query", "a=1&b=", "(none)"), ("uri", "http://api.test/other?a=1&b", "http://api.test/things")]),
    (Asked("GET", "http://api.test/things#part", [("Content-Type", "text/html"), ("X", "1")], b"b"),
     [("body", "b", "a"), ("headers[content-type]", "text/html", "text/plain"), ("headers[x]", "1", "(none)"), ("raw_body", "b", "a")]),
    (Asked("GET", "http://api.test/things", [], None), [("headers[content-type]", "(none)", "text/plain")]),
])
def test_each_field_says_how_it_differs(asked: Asked, expected: list[tuple[str, str, str]]) -> None:
    """What was asked, and what was recorded; a body that was not sent is not compared."""
    index = Index([item("GET", "http://api.test/things", [("Content-Type", "text/plain")], b"a")], FIELDS)
    assert expected == differences(index, asked, 0)


def test_a_matcher_of_a_users_differs_by_its_name() -> None:
    """One that disagrees is named, as what it does is not known; without bodies it is not asked."""
    def same_day(one: Asked, other: Asked) -> bool:
        return False

    index = Index([item("GET", "http://api.test/")], ["path", same_day, lambda one, other: True])
    asked = Asked("GET", "http://api.test/", [], None)
    assert [("same_day", "no match", "")] == differences(index, asked, 0)
    assert [] == differences(index, asked, 0, bodies=False)


@pytest.mark.parametrize(("body", "expected"), [
    (None, "(none)"), (b"", "(none)"), ("é".encode(), "é"), (b"\xff\x00", "2 bytes beginning ff 00"),
    (b"x" * 201, "x" * 200 + "… (201 characters)"),
])
def test_a_body_for_a_reader(body: bytes | None, expected: str) -> None:
    """Text as it is as far as it fits, bytes by their number and first ones."""
    assert expected == shown(body)
