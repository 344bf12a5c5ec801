"""What of header fields is compared."""
from __future__ import annotations

from sessionmock.models.fields import joined
from sessionmock.routes.cassette.headers import compared
from sessionmock.routes.cassette.ignored import Ignored


def test_a_boundary_and_what_follows_from_it_are_no_difference() -> None:
    """The type stays, and the length of what has no boundary."""
    asked = [("Content-Type", 'multipart/form-data; charset=utf-8; boundary="a b"'), ("Content-Length", "9")]
    assert [("content-type", "multipart/form-data; charset=utf-8")] == compared(asked)
    plain = [("content-type", "text/plain; boundary=x"), ("content-length", "9")]
    assert plain == compared(plain)


def test_fields_that_are_ignored_are_left_out() -> None:
    """By patterns; repeated ones that stay are one value."""
    assert {"b": "2, 3"} == joined(compared([("X-A", "1"), ("B", "2"), ("b", "3")], Ignored("header.x-*")))
