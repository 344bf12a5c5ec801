"""Places that are not compared: how they are named, and what is refused."""
from __future__ import annotations

import pytest

from sessionmock.errors import InvalidArgumentException
from sessionmock.routes.cassette.ignored import Ignored


@pytest.mark.parametrize(("pattern", "named", "others"), [
    ("query.page", ["query.page"], ["query.pages", "query", "body.page", "query.Page"]),
    ("query.X-Amz-*", ["query.X-Amz-Date"], ["query.x-id"]),
    ("header.X-Id", ["headers.x-id"], ["headers.x-ids"]), ("headers.x-*", ["headers.x-id"], ["headers.id"]),
    ("body.items.*.id", ["body.items.0.id"], ["body.items.0", "body.id"]), ("body.user[id]", ["body.user[id]"], ["body.useri"]),
    ("body", ["body"], ["body.id"]), ("*", ["body", "query.a", "status"], []), ("*.id", ["body.id", "query.id"], ["body"]),
    ("status", ["status"], []),
])
def test_a_pattern_names_places(pattern: str, named: list[str], others: list[str]) -> None:
    """`*` stands for anything, brackets for themselves, header fields are found in any case."""
    leaves_out = Ignored(pattern)
    assert (named, []) == ([place for place in named if leaves_out(place)], [place for place in others if leaves_out(place)])


def test_what_a_place_is_part_of_covers_it() -> None:
    """A part of what is left out is left out too."""
    assert [True, True, False] == [Ignored(["body.user"]).covers(place) for place in ("body.user", "body.user.0.id", "body.users")]


@pytest.mark.parametrize("pattern", ["id", "X-Amz-Date", "", "query.", "cookies.a", "status.a", "bodyid", 7, None])
def test_what_names_no_place_is_refused(pattern: object) -> None:
    """With the pattern and the way out."""
    with pytest.raises(InvalidArgumentException, match=r'ignore .*"query\.NAME"'):
        Ignored([pattern])    # type: ignore[list-item]


@pytest.mark.parametrize("match", ["AWS", "gcp", 1, ""])
def test_an_unknown_kind_of_requests_is_refused(match: object) -> None:
    """With those that are known."""
    with pytest.raises(InvalidArgumentException, match="choose from 'aws'"):
        Ignored().beside(match)    # type: ignore[arg-type]


@pytest.mark.parametrize(("url", "expected"), [
    ("http://a.test/?X-Amz-Date=1&list=2&X-Amz-Signature=3", "http://a.test/?list=2"), ("http://a.test/?X-Amz-Date=1", "http://a.test/"),
    ("http://a.test/?x%2Did=1&X%2DAmz-Date=2#part", "http://a.test/?x%2Did=1"), ("http://a.test/", "http://a.test/"),
])
def test_parameters_leave_a_url(url: str, expected: str) -> None:
    """By their names as they are meant; what stays is as it was written."""
    assert expected == Ignored("query.nothing").beside("aws").url(url)
