"""Header fields that were joined, and forms that were taken apart."""
from __future__ import annotations

from typing import Any

import pytest

from sessionmock.routes.cassette.formats.fields import apart, posted


@pytest.mark.parametrize(("value", "expected"), [
    ("a=1; Path=/\nb=2; Path=/; HttpOnly", ["a=1; Path=/", "b=2; Path=/; HttpOnly"]), ("a=1\r\nb=2", ["a=1", "b=2"]),
    ("a=1, b=2", ["a=1", "b=2"]), ("a=1; Path=/,b=2", ["a=1; Path=/", "b=2"]),
    ("a=1; Expires=Fri, 01 Jan 2100 00:00:00 GMT, b=2; Expires=Fri, 01-Jan-2100 00:00:00 GMT; Secure",
     ["a=1; Expires=Fri, 01 Jan 2100 00:00:00 GMT", "b=2; Expires=Fri, 01-Jan-2100 00:00:00 GMT; Secure"]),
    ("prefs=a=1,b=2", ["prefs=a=1,b=2"]), ('a="1, b=2"; Path=/', ['a="1, b=2"; Path=/']), ("a=1, 2", ["a=1, 2"]),
])
def test_cookies_that_were_joined(value: str, expected: list[str]) -> None:
    """By line ends, or by commas where no cookie has one."""
    assert [("A", "1"), *(("set-cookie", one) for one in expected)] == apart([("A", "1"), ("set-cookie", value)])


def test_other_fields_are_joined_by_line_ends_alone() -> None:
    """What has none is the same list."""
    assert [("Link", "<a>, <b>"), ("Link", "<c>")] == apart([("Link", "<a>, <b>\n<c>")])
    whole = [("Vary", "a, b=c"), ("Set-Cookie", "a=1")]
    assert apart(whole) is whole


@pytest.mark.parametrize(("params", "size", "expected"), [
    ([{"name": "a", "value": "1 2"}, {"name": "a", "value": "\xe9"}, {"name": "b"}], -1, b"a=1+2&a=%C3%A9&b="),
    ([{"name": "a", "value": "1%202"}], 7, b"a=1%202"), ([{"name": "a", "value": "1%202"}], -1, b"a=1%25202"),
    ([{"name": "a", "value": None}], None, b"a="), ([{"name": "a", "value": 1}], None, b"a=1"),
])
def test_a_form(params: list[dict[str, Any]], size: Any, expected: bytes) -> None:
    """Names may repeat; a size tells where they stand as they were escaped."""
    assert expected == posted(params, "application/x-www-form-urlencoded", size, {})


def test_a_multipart_form() -> None:
    """With its boundary, files by their names and types."""
    params = [{"name": "a", "value": "1"}, {"name": "f", "fileName": 'x".txt', "contentType": "text/plain", "value": "text"}]
    expected = (b'--xyz\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
                b'--xyz\r\nContent-Disposition: form-data; name="f"; filename="x%22.txt"\r\nContent-Type: text/plain\r\n\r\ntext\r\n--xyz--\r\n')
    assert expected == posted(params, 'multipart/form-data; boundary="xyz"', -1, {})
    assert posted(params, "multipart/form-data", -1, {}).startswith(b"--boundary\r\n")
