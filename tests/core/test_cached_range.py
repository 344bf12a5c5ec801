"""A range out of a stored complete response."""
from __future__ import annotations

from collections.abc import Iterator

import pytest

from sessionmock import CachedURLResponse, HTTPURLResponse, URLResponse
from sessionmock.core.cached_range import part_for

URL = "https://example.com/a"
TAGGED = [("ETag", '"1"')]


def stored(*headers: tuple[str, str], status: int = 200, data: bytes = b"0123456789") -> CachedURLResponse:
    return CachedURLResponse(HTTPURLResponse(URL, status, "HTTP/1.1", headers), data)


@pytest.mark.parametrize(("asked", "first", "part"), [
    ("bytes=0-1", 0, b"01"), ("bytes=0-0", 0, b"0"), ("bytes=5-", 5, b"56789"), ("bytes=-3", 7, b"789"), ("bytes=-99", 0, b"0123456789"),
    ("bytes=8-99", 8, b"89"), ("Bytes= 2-3 ", 2, b"23"), ("bytes=9-999999999999999999", 9, b"9"),
])
def test_one_range_is_cut_from_the_whole(asked: str, first: int, part: bytes) -> None:
    """RFC 9110, sections 14.1.2, 14.4 and 15.3.7: a 206 that says where its bytes were."""
    found = part_for([("Range", asked)], stored(("content-length", "10"), ("X", "y"), *TAGGED))
    assert found is not None
    response = found.response
    assert isinstance(response, HTTPURLResponse)
    assert (206, part, len(part)) == (response.status_code, found.data, response.expected_content_length)
    where = [("Content-Length", str(len(part))), ("Content-Range", f"bytes {first}-{first + len(part) - 1}/10")]
    assert [("X", "y"), *TAGGED, *where] == response.headers


@pytest.mark.parametrize("asked", [
    "bytes=10-", "bytes=-0", "bytes=-", "bytes=5-4", "bytes=0-1,3-4", "bytes=0-1, 3-4", "lines=0-1", "bytes 0-1", "bytes=a-b", "bytes=--1", "",
    "bytes=" + "9" * 5000 + "-",
])
def test_what_is_no_single_range_that_can_be_given_is_for_the_server(asked: str) -> None:
    """It knows how to refuse it, or to answer with several parts."""
    assert part_for([("Range", asked)], stored()) is None


@pytest.mark.parametrize("whole", [
    stored(status=206), stored(status=404), stored(data=b""), stored(("Content-Encoding", "gzip")), CachedURLResponse(URLResponse(URL), b"0123"),
])
def test_what_is_no_whole_representation_has_no_ranges(whole: CachedURLResponse) -> None:
    """A range is one of the coded bytes, and those are not kept."""
    assert part_for([("Range", "bytes=0-1")], whole) is None


@pytest.mark.parametrize(("condition", "tag", "given"), [
    ('"1"', '"1"', True), ('"2"', '"1"', False), ('W/"1"', 'W/"1"', False), ('"1"', 'W/"1"', False), ("Sun, 06 Nov 1994 08:49:37 GMT", '"1"', False),
])
def test_if_range_needs_the_strong_tag_that_is_stored(condition: str, tag: str, given: bool) -> None:
    """RFC 9110, section 13.1.5."""
    found = part_for([("Range", "bytes=0-1"), ("If-Range", condition)], stored(("ETag", tag)))
    assert given is (found is not None)


def test_a_body_in_a_file_is_read_from_where_the_range_begins() -> None:
    """And no further than it goes."""
    read = []

    class Body:
        length = 10

        def chunks(self, size: int, first: int = 0) -> Iterator[bytes]:
            for start in range(first, 10, size):
                read.append(start)
                yield b"0123456789"[start:start + size]

    whole = CachedURLResponse(HTTPURLResponse(URL, 200), Body())
    found = part_for([("Range", "bytes=3-7")], whole)
    assert found is not None
    assert ([b"345", b"67"], [3, 6]) == (list(found.chunks(3)), read[:2])
    assert b"34567" == found.data
