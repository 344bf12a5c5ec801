"""What bodies mean: which say the same, which do not, and what is left out."""
from __future__ import annotations

import gzip
import zlib

import brotli
import pytest
import zstandard

from sessionmock.routes.cassette import Secrets
from sessionmock.routes.cassette.bodies import meaning, plain, read_body
from sessionmock.routes.cassette.ignored import Ignored

JSON, FORM = "application/json", "application/x-www-form-urlencoded"


def multipart(boundary: str, *parts: tuple[str, bytes]) -> bytes:
    """A body of parts, each with its header lines."""
    return b"".join(f"--{boundary}\r\n{head}\r\n\r\n".encode() + body + b"\r\n" for head, body in parts) + f"--{boundary}--\r\n".encode()


def same(kind: str, one: bytes, other: bytes) -> bool:
    how = meaning([("Content-Type", kind)])
    return read_body(how, one) == read_body(how, other)


@pytest.mark.parametrize(("one", "other"), [
    (b"1", b"1.0"), (b"1", b"1e0"), (b"100", b"1E2"), (b"0.1", b"1e-1"), (b"0.10", b"0.1"), (b"-0", b"0.0"), (b"-0.0", b"0"),
    (b"1e500", b"1" + b"0" * 500), (b"1e5000", b"10e4999"), (b"9007199254740993", b"9007199254740993.0"), (b"NaN", b"NaN"),
    (b"0.7", b"7e-1"), (b"0.7", b"0.70000000000000000000"), (b"123456789012.25", b"1.2345678901225e11"), (b"1e-20", b"10E-21"),
    (b'{"a": [1.50, true]}', b'{"a":[1.5,true]}'),
])
def test_numbers_are_equal_by_what_they_are_worth(one: bytes, other: bytes) -> None:
    """However they are written."""
    assert same(JSON, one, other)


@pytest.mark.parametrize(("one", "other"), [
    (b"9007199254740992", b"9007199254740993"), (b"9007199254740992", b"9007199254740993.0"), (b"true", b"1"), (b"false", b"0"),
    (b'"1"', b"1"), (b"null", b"0"), (b"0.1", b"0.1000000000000000055511151231257827"), (b"1e400", b"1e401"), (b"1e400", b"Infinity"),
    (b"1e-400", b"0"), (b"1e-999999999", b"0"), (b"1", b"-1"), (b"NaN", b"Infinity"),
    (b"0.70000000000001", b"0.7"), (b"0.7000000000000000000001", b"0.7"), (b"12345678901234.5", b"12345678901234.500000001"),
    (b"1e99999999999999999999", b"1e99999999999999999998"),
])
def test_numbers_differ_however_little(one: bytes, other: bytes) -> None:
    """None is rounded, and truth is no number."""
    assert not same(JSON, one, other)


@pytest.mark.parametrize(("one", "other"), [
    (b"a", b"a="), (b"a=1&", b"a=1"), (b"b=2&a", b"a=&b=2"), (b"&&a=1", b"a=1"),
    (b"n=\xe9", b"n=%E9"), (b"n=%c3%a9", "n=é".encode()), (b"a=+", b"a=%20"),
])
def test_forms_that_say_the_same(one: bytes, other: bytes) -> None:
    """A name alone has an empty value, an "&" too much says nothing, and escapes are the bytes that they stand for."""
    assert same(FORM, one, other)


@pytest.mark.parametrize(("one", "other"), [
    (b"n=%E9", b"n=%E8"), (b"a=1&a=2", b"a=2&a=1"), (b"a", b"b"), (b'{"a": "1+1"}', b'{"a": "1 1"}'), (b"a", b"a=1"),
])
def test_forms_that_differ(one: bytes, other: bytes) -> None:
    """By their bytes, by the order under one name; what is no form goes by its bytes too."""
    assert not same(FORM, one, other)


def test_multipart_bodies_are_compared_to_their_innermost_parts() -> None:
    """A part that is multipart itself has a boundary of its own, and JSON in a part is JSON."""
    def nested(outer: str, inner: str, leaf: bytes) -> bytes:
        return multipart(outer, ('Content-Disposition: form-data; name="files"\r\nContent-Type: multipart/mixed; boundary="' + inner + '"',
                                 multipart(inner, ("Content-Type: application/json", leaf))))

    kind = "multipart/form-data; boundary=x"
    assert same(kind, nested("o1", "i1", b'{"a": 1, "b": 2}'), nested("o2", "i2", b'{"b":2,"a":1}'))
    assert not same(kind, nested("o1", "i1", b'{"a": 1}'), nested("o1", "i1", b'{"a": 2}'))


TEXT = b'{"a": 1}' * 20
GZIPPED = gzip.compress(TEXT, mtime=0)    # not of another time in each process


@pytest.mark.parametrize(("coding", "body"), [
    ("gzip", GZIPPED), ("x-gzip", GZIPPED), ("deflate", zlib.compress(TEXT)), ("br", brotli.compress(TEXT)),
    ("zstd", zstandard.compress(TEXT)), ("br, gzip", gzip.compress(brotli.compress(TEXT), mtime=0)), ("identity", TEXT),
    ("aws-chunked", b"a0;chunk-signature=ab\r\n" + TEXT + b"\r\n0;chunk-signature=cd\r\nx-amz-checksum-crc32:AAAA\r\n\r\n"),
    ("gzip,aws-chunked", b"%x\r\n%b\r\n0\r\n\r\n" % (len(GZIPPED), GZIPPED)),
])
def test_a_coded_body_says_what_is_in_it(coding: str, body: bytes) -> None:
    """Whatever its codings, one on the other too, and in the frames of S3."""
    assert TEXT == plain([("Content-Encoding", coding)], body)


@pytest.mark.parametrize(("coding", "body"), [
    ("gzip", b"no gzip"), ("gzip", GZIPPED[:-9]), ("br", b"\x0b\x00"), ("aws-chunked", b"5\r\nabc"), ("aws-chunked", b"plain"),
])
def test_a_body_that_is_not_coded_as_it_says_stays_as_it_is(coding: str, body: bytes) -> None:
    """Its bytes are all that it says."""
    assert body == plain([("content-encoding", coding)], body)


@pytest.mark.parametrize(("kind", "one", "other"), [
    (JSON, b'{"a": {"id": 1, "n": 1}, "l": [{"id": 1}]}', b'{"a": {"n": 1}, "l": [{"id": 2}]}'), (FORM, b"a.id=1&n=1", b"n=1&a.id=2"),
    ("multipart/form-data", multipart("b", ('Content-Disposition: form-data; name="a.id"', b"1")),
     multipart("b", ('Content-Disposition: form-data; name="a.id"', b"2"))),
])
def test_places_that_are_left_out(kind: str, one: bytes, other: bytes) -> None:
    """They are named alike in JSON, forms and parts."""
    how = meaning([("Content-Type", kind)])
    assert read_body(how, one, Ignored("body.*.id")) == read_body(how, other, Ignored("body.*.id"))
    assert read_body(how, one) != read_body(how, other)


@pytest.mark.parametrize(("kind", "asked", "recorded"), [
    (JSON, b'{"user": "ann", "password": "hunter2"}', b'{"user": "ann"}'),
    (JSON, b'{"user": "ann", "password": "hunter2"}', b'{"user": "ann", "password": null}'),
    (JSON, b'{"l": [{"password": {"old": "aaaaaa", "new": "bbbbbb"}}]}', b'{"l": [{}]}'), (JSON, b'{"shoe": 7}', b"{}"),
    (FORM, b"user=ann&password=hunter2", b"user=ann"), (FORM, b"shoe=7&a=1", b"a=1"),
    ("multipart/form-data; boundary=b",
     multipart("b", ('Content-Disposition: form-data; name="user"', b"ann"), ('Content-Disposition: form-data; name="password"', b"hunter2")),
     multipart("c", ('Content-Disposition: form-data; name="user"', b"ann"))),
])
def test_what_a_filter_took_away_is_not_missed(kind: str, asked: bytes, recorded: bytes) -> None:
    """At any depth: usual secrets, and names that the user has added, whatever they hold."""
    how, masking = meaning([("Content-Type", kind)]), Secrets(names=["shoe"]).masking
    one, other = (read_body(how, masking.body(body), masking.taken_away) for body in (asked, recorded))
    assert one == other


def test_what_is_no_secret_is_missed() -> None:
    """A member that is called like a secret and says something else stays in the comparison."""
    how, masking = meaning([("Content-Type", JSON)]), Secrets().masking
    assert read_body(how, b'{"password": true}', masking.taken_away) != read_body(how, b"{}", masking.taken_away)


@pytest.mark.parametrize(("kind", "is_json"), [
    ("application/json; charset=utf-8", True), ("application/vnd.api+json", True), ("text/json", True), ("application/x-amz-json-1.1", True),
    ("application/json-rpc", True), ("application/x-ndjson", False), ("application/json-seq", False), ("text/plain", False),
])
def test_types_that_are_json(kind: str, is_json: bool) -> None:
    """Those of AWS too; lines of JSON are none."""
    assert is_json is same(kind, b'{"a": 1}', b'{"a":1}')
