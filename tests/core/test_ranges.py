from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, strategies

from sessionmock.core.ranges import Resumption, can_resume, judge, parse_content_range, resume_headers, resume_validator
from sessionmock.models.message import ResponseHead

DATE = "Wed, 21 Oct 2015 07:28:00 GMT"


@pytest.mark.parametrize(("value", "found"), [
    ("bytes 42-1233/1234", (42, 1233, 1234)), ("bytes 42-1233/*", (42, 1233, -1)), ("bytes */1234", (-1, -1, 1234)),
    ("Bytes  0-0/1", (0, 0, 1)), (" bytes 0-0/1 ", (0, 0, 1)), ("bytes */0", (-1, -1, 0)),
    (None, None), ("", None), ("bytes", None), ("bytes */*", None), ("bytes 5-4/10", None), ("bytes 5-10/10", None),
    ("bytes 0-4/3", None), ("items 0-1/2", None), ("bytes=0-1/2", None), ("bytes 0-1", None), ("bytes -1-1/2", None),
    ("bytes 0-1/2, bytes 0-1/2", None), ("bytes 0-\u0661/2", None), ("bytes 0-1/" + "9" * 5000, None), ("bytes 0 - 1/2", None),
])
def test_content_range(value, found):
    """A Content-Range is read where it is a range of bytes that can be, and is nothing otherwise."""
    assert found == parse_content_range(value)


@given(strategies.text("bytes 0123456789-/*=", max_size=40))
def test_any_content_range(value):
    """No text makes the parser fail, and no range that it gives is impossible."""
    if found := parse_content_range(value):
        assert -1 <= found.first <= found.last
        assert found.total == -1 or found.last < found.total


@pytest.mark.parametrize(("headers", "validator"), [
    ([("ETag", '"v1"'), ("Last-Modified", DATE)], '"v1"'), ([("etag", '"v1"')], '"v1"'), ([("Last-Modified", DATE)], DATE),
    ([("ETag", 'W/"v1"'), ("Last-Modified", DATE)], DATE), ([("ETag", 'W/"v1"')], None), ([("ETag", "v1")], None),
    ([("ETag", '"a"'), ("ETag", '"b"')], None), ([("Last-Modified", "")], None), ([], None),
])
def test_validator(headers, validator):
    """A strong ETag names the resource, else Last-Modified; a weak or malformed tag never does."""
    assert validator == resume_validator(headers)


def test_resume_headers():
    """A resumed download asks for everything from its offset on, if the resource is the same."""
    assert [("Range", "bytes=5-"), ("If-Range", '"v1"')] == resume_headers(5, '"v1"')


RANGES, TAG = ("Accept-Ranges", "bytes"), ("ETag", '"v1"')


@pytest.mark.parametrize(("get", "http", "tagged", "ranges", "plain"), list(product((True, False), repeat=5)))
@pytest.mark.parametrize("received", [0, 1, 9, 10])
def test_preconditions(get, http, tagged, ranges, plain, received):
    """Resume data is there if and only if every condition holds and some bytes, but not all, have come."""
    headers = [one for one, there in ((TAG, tagged), (RANGES, ranges), (("Content-Encoding", "gzip"), not plain)) if there]
    can = can_resume("GET" if get else "POST", "https://a/" if http else "ftp://a/", [], ResponseHead(200, headers), received, 10)
    assert can == (get and http and tagged and ranges and plain and 0 < received < 10)


@pytest.mark.parametrize(("can", "changes"), [
    (True, {}),
    (True, {"expected": -1}),
    (True, {"head": ResponseHead(206, [TAG])}),
    (True, {"head": ResponseHead(200, [TAG, ("accept-ranges", "items, Bytes")])}),
    (True, {"head": ResponseHead(200, [TAG, RANGES, ("Content-Encoding", "Identity")])}),
    (True, {"head": ResponseHead(200, [("Last-Modified", DATE), RANGES])}),
    (False, {"head": ResponseHead(200, [TAG, ("Accept-Ranges", "none")])}),
    (False, {"head": ResponseHead(404, [TAG, RANGES])}),
    (False, {"head": ResponseHead(200, [("ETag", 'W/"v1"'), RANGES])}),
    (False, {"request_headers": [("range", "bytes=3-")]}),
    (False, {"method": "HEAD"}),
])
def test_more_preconditions(can, changes):
    """Chunked and resumed downloads count; error pages, weak tags and ranges of the user's own do not."""
    case = {"method": "GET", "url": "http://a/", "request_headers": [], "head": ResponseHead(200, [TAG, RANGES]), "received": 5,
            "expected": 10}
    assert can == can_resume(**{**case, **changes})


def partial(value: str | None, *more: tuple[str, str]) -> ResponseHead:
    return ResponseHead(206, ([] if value is None else [("Content-Range", value)]) + list(more))


@pytest.mark.parametrize(("head", "expected", "verdict"), [
    (partial("bytes 5-9/10"), 10, "SPLICE"),
    (partial("bytes 5-9/10", ("Content-Length", "5"), ("ETag", '"v1"')), 10, "SPLICE"),
    (partial("bytes 5-9/10"), -1, "SPLICE"),
    (partial("bytes 5-9/*"), 10, "SPLICE"),
    (partial("bytes 5-9/*"), -1, "FAIL"),
    (partial("bytes 4-9/10"), 10, "FAIL"),
    (partial("bytes 6-9/10"), 10, "FAIL"),
    (partial("bytes 0-9/10"), 10, "FAIL"),
    (partial("bytes 5-8/10"), 10, "FAIL"),
    (partial("bytes 5-10/11"), 10, "FAIL"),
    (partial("bytes 5-8/9"), 10, "FAIL"),
    (partial("bytes */10"), 10, "FAIL"),
    (partial(None), 10, "FAIL"),
    (partial("nonsense"), 10, "FAIL"),
    (partial("bytes 5-9/10", ("Content-Range", "bytes 5-9/10")), 10, "FAIL"),
    (partial("bytes 5-9/10", ("Content-Length", "4")), 10, "FAIL"),
    (partial("bytes 5-9/10", ("ETag", '"v2"')), 10, "FAIL"),
    (partial("bytes 5-9/10", ("ETag", 'W/"v1"')), 10, "FAIL"),
    (partial("bytes 5-9/10", ("Content-Encoding", "gzip")), 10, "FAIL"),
    (partial("bytes 5-9/10", ("Content-Type", "multipart/byteranges; boundary=x")), 10, "FAIL"),
    (partial(None, ("Content-Type", "multipart/byteranges; boundary=x")), 10, "FAIL"),
    (ResponseHead(200, [("Content-Range", "bytes 5-9/10")]), 10, "RESTART"),
    (ResponseHead(203, []), 10, "RESTART"),
    (ResponseHead(412, []), 10, "AGAIN"),
    (ResponseHead(416, [("Content-Range", "bytes */3")]), 10, "AGAIN"),
    (ResponseHead(204, []), 10, "FAIL"),
    (ResponseHead(304, []), 10, "FAIL"),
    (ResponseHead(404, []), 10, "FAIL"),
    (ResponseHead(500, []), 10, "FAIL"),
])
def test_judge(head, expected, verdict):
    """Only the exact rest of the same resource is appended; a whole body starts over; the rest fails."""
    assert Resumption[verdict] == judge(head, 5, expected, '"v1"')


@pytest.mark.parametrize(("modified", "verdict"), [(DATE, "SPLICE"), ("Wed, 21 Oct 2015 07:28:01 GMT", "FAIL")])
def test_judge_by_date(modified, verdict):
    """Where a date was the validator, a 206 with another date fails, whatever its ETag."""
    assert Resumption[verdict] == judge(partial("bytes 5-9/10", ("Last-Modified", modified), ("ETag", 'W/"x"')), 5, 10, DATE)


@given(strategies.integers(1, 256), strategies.integers(0, 300), strategies.integers(0, 300), strategies.integers(-1, 300))
def test_never_a_wrong_splice(offset, first, last, total):
    """Whatever range a server claims, what is appended ends exactly where the resource does."""
    value = f"bytes {first}-{last}/{'*' if total < 0 else total}"
    if judge(partial(value), offset, 257, '"v1"') is Resumption.SPLICE:
        assert (offset, 256) == (first, last)
