from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, strategies

from sessionmock.core.ranges import (
    Resumption,
    Validators,
    can_resume,
    judge,
    parse_content_range,
    resume_headers,
    resume_validators,
)
from sessionmock.models.message import ResponseHead

DATE, LATER, LATEST = (f"Wed, 21 Oct 2015 07:28:0{second} GMT" for second in range(3))


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


@pytest.mark.parametrize(("fields", "if_range"), [
    ({"etag": '"v1"'}, '"v1"'), ({"etag": '"v1"', "last-modified": DATE}, '"v1"'),
    ({"last-modified": DATE, "date": LATER}, DATE), ({"last-modified": "Wed Oct 21 07:28:00 2015", "date": LATEST}, "Wed Oct 21 07:28:00 2015"),
    ({"etag": 'W/"v1"', "last-modified": DATE, "date": LATER}, None), ({"etag": "v1", "last-modified": DATE, "date": LATER}, None),
])
def test_what_tells_bytes_apart(fields, if_range):
    """A strong tag, or a date that was a second ago. A date is no condition where there is a tag."""
    found = resume_validators(list(fields.items()))
    assert (fields.get("etag"), fields.get("last-modified"), if_range) == (*found, found.if_range)


@pytest.mark.parametrize("fields", [
    {}, {"etag": 'W/"v1"'}, {"etag": "v1"}, {"etag": '"a", "b"'}, {"etag": ""}, {"last-modified": "", "date": LATER}, {"last-modified": DATE},
    {"last-modified": DATE, "date": DATE}, {"last-modified": LATER, "date": DATE}, {"last-modified": DATE, "date": "now"},
    {"last-modified": "yesterday", "date": LATER}, {"last-modified": f"{DATE}, {DATE}", "date": LATER},
    {"etag": 'W/"v1"', "last-modified": DATE, "date": DATE},
])
def test_what_tells_nothing(fields):
    """A weak or malformed tag, a date that is none, and one within the second of the answer or without the answer's date."""
    assert resume_validators(list(fields.items())) is None


@pytest.mark.parametrize(("validators", "asked"), [
    (Validators('"v1"', DATE), [("Range", "bytes=5-"), ("If-Range", '"v1"')]), (Validators(None, DATE), [("Range", "bytes=5-"), ("If-Range", DATE)]),
    (Validators('W/"v1"', DATE), [("Range", "bytes=5-")])])
def test_resume_headers(validators, asked):
    """A resumed download asks for everything from its offset on, if the resource is the same where that may be asked."""
    assert asked == resume_headers(5, validators)


RANGES, TAG = ("Accept-Ranges", "bytes"), ("ETag", '"v1"')


@pytest.mark.parametrize(("get", "http", "ranges", "plain"), list(product((True, False), repeat=4)))
@pytest.mark.parametrize("received", [0, 1, 9, 10])
def test_preconditions(get, http, ranges, plain, received):
    """Resume data is there if and only if every condition holds and some bytes, but not all, have come."""
    headers = [one for one, there in ((RANGES, ranges), (("Content-Encoding", "gzip"), not plain)) if there]
    can = can_resume("GET" if get else "POST", "https://a/" if http else "ftp://a/", [], ResponseHead(200, headers), received, 10)
    assert can == (get and http and ranges and plain and 0 < received < 10)


@pytest.mark.parametrize(("can", "changes"), [
    (True, {}),
    (True, {"expected": -1}),
    (True, {"head": ResponseHead(206, [TAG])}),
    (True, {"head": ResponseHead(200, [TAG, ("accept-ranges", "items, Bytes")])}),
    (True, {"head": ResponseHead(200, [TAG, RANGES, ("Content-Encoding", "Identity")])}),
    (False, {"head": ResponseHead(200, [TAG, ("Accept-Ranges", "none")])}),
    (False, {"head": ResponseHead(404, [TAG, RANGES])}),
    (False, {"request_headers": [("range", "bytes=3-")]}),
    (False, {"method": "HEAD"}),
])
def test_more_preconditions(can, changes):
    """Chunked and resumed downloads count; error pages and ranges of the user's own do not."""
    case = {"method": "GET", "url": "http://a/", "request_headers": [], "head": ResponseHead(200, [TAG, RANGES]), "received": 5,
            "expected": 10}
    assert can == can_resume(**{**case, **changes})


VERSION = Validators('"v1"', DATE)


def partial(value: str | None, *more: tuple[str, str]) -> ResponseHead:
    """A 206, of the right version unless it says otherwise."""
    return ResponseHead(206, [*([] if value is None else [("Content-Range", value)]), *({"ETag": '"v1"'} | dict(more)).items()])


@pytest.mark.parametrize(("head", "expected", "verdict"), [
    (partial("bytes 5-9/10"), 10, "SPLICE"),
    (partial("bytes 5-9/10", ("Content-Length", "5"), ("ETag", '"v1"')), 10, "SPLICE"),
    (partial("bytes 5-9/10"), -1, "SPLICE"),
    (partial("bytes 5-9/*"), 10, "SPLICE"),
    (partial("bytes 5-9/*"), -1, "FAIL"),
    (partial("bytes 4-9/10"), 10, "AGAIN"),
    (partial("bytes 6-9/10"), 10, "FAIL"),
    (partial("bytes 0-9/10"), 10, "AGAIN"),
    (partial("bytes 5-8/10"), 10, "FAIL"),
    (partial("bytes 5-10/11"), 10, "FAIL"),
    (partial("bytes 5-8/9"), 10, "FAIL"),
    (partial("bytes */10"), 10, "FAIL"),
    (partial(None), 10, "FAIL"),
    (partial("nonsense"), 10, "FAIL"),
    (partial("bytes 5-9/10", ("Content-Range", "bytes 5-9/10")), 10, "FAIL"),
    (partial("bytes 5-9/10", ("Content-Length", "4")), 10, "FAIL"),
    (partial("bytes 5-9/10", ("Last-Modified", DATE)), 10, "SPLICE"),
    (partial("bytes 5-9/10", ("Last-Modified", LATER)), 10, "FAIL"),
    (partial("bytes 5-9/10", ("ETag", '"v2"')), 10, "FAIL"),
    (partial("bytes 5-9/10", ("ETag", 'W/"v1"')), 10, "FAIL"),
    (partial("bytes 0-9/10", ("ETag", '"v2"')), 10, "FAIL"),
    (partial("bytes 5-9/10", ("ETag", "")), 10, "AGAIN"),
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
    assert Resumption[verdict] == judge(head, 5, expected, VERSION)


@pytest.mark.parametrize(("kept", "fields", "verdict"), [
    (Validators(None, DATE), [("Last-Modified", DATE)], "SPLICE"),
    (Validators(None, DATE), [("Last-Modified", LATER)], "FAIL"),
    (Validators(None, DATE), [("Last-Modified", "yesterday")], "FAIL"),
    (Validators(None, DATE), [("Last-Modified", DATE), ("ETag", 'W/"x"')], "AGAIN"),
    (Validators(None, DATE), [], "AGAIN"),
    (Validators('W/"x"', DATE), [("Last-Modified", DATE), ("ETag", 'W/"x"')], "SPLICE"),
    (Validators('W/"x"', DATE), [("Last-Modified", DATE), ("ETag", 'W/"y"')], "AGAIN"),
    (Validators('W/"x"', DATE), [("Last-Modified", DATE)], "AGAIN"),
    (Validators('W/"x"', DATE), [("ETag", 'W/"x"')], "AGAIN"),
    (Validators('"x"', None), [("ETag", '"x"')], "SPLICE"),
    (Validators('"x"', None), [("Last-Modified", DATE), ("ETag", '"x"')], "AGAIN"),
])
def test_a_part_is_of_the_same_version(kept, fields, verdict):
    """Where each of its validators is one that was kept, and one that tells bytes apart is there; else the download starts over, or
    fails where the server was asked for the same version alone and gave another."""
    assert Resumption[verdict] == judge(ResponseHead(206, [("Content-Range", "bytes 5-9/10"), *fields]), 5, 10, kept)


@given(strategies.integers(1, 256), strategies.integers(0, 300), strategies.integers(0, 300), strategies.integers(-1, 300))
def test_never_a_wrong_splice(offset, first, last, total):
    """Whatever range a server claims, what is appended ends exactly where the resource does."""
    value = f"bytes {first}-{last}/{'*' if total < 0 else total}"
    if judge(partial(value), offset, 257, VERSION) is Resumption.SPLICE:
        assert (offset, 256) == (first, last)
