from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies

from sessionmock.core.resume_data import DownloadResumeData, UploadResumeData, decode, encode

CREATED = datetime(2026, 1, 2, 3, 4, 5, 678, UTC)
DOWNLOAD = DownloadResumeData(
    original_url="http://a.test/x", current_url="https://b.test/y?z", method="GET", headers=[("X-K", "\u00e4"), ("X-K", "2")],
    offset=100, expected=257, tag='"v1"', modified=None, partial="download-1.part", created=CREATED)
UPLOAD = UploadResumeData(
    resource_url="https://a.test/uploads/1", original_url="https://a.test/up", method="POST",
    headers=[("Content-Type", "text/plain")], path="/tmp/\u00fc.bin", size=5, modified=1_700_000_000_123_456_789, created=CREATED)
EMBEDDED = replace(UPLOAD, path=None, modified=-1, size=4, body=b"\0\xffab")
EVERY = [DOWNLOAD, replace(DOWNLOAD, expected=-1), UPLOAD, EMBEDDED, replace(EMBEDDED, body=b"", size=0),
         replace(UPLOAD, path=None, size=-1, modified=-1)]


@pytest.mark.parametrize("data", EVERY)
def test_round_trip(data):
    """Resume data comes back as it went in."""
    assert data == decode(encode(data), type(data))


def test_expected_is_stable():
    """The envelope begins with a mark, a version and a kind, so that later versions can tell it."""
    assert b"SMRESUME\x02\x01" == encode(DOWNLOAD)[:10]
    assert b"SMRESUME\x02\x02" == encode(UPLOAD)[:10]


@pytest.mark.parametrize("data", [DOWNLOAD, EMBEDDED])
def test_every_changed_byte_is_found(data):
    """A blob with any one byte changed in any of eight bits, or to zero, is refused."""
    blob = encode(data)
    for position in range(len(blob)):
        for flip in (*(1 << bit for bit in range(8)), 0xFF):
            damaged = bytearray(blob)
            damaged[position] ^= flip
            with pytest.raises(ValueError, match="resume data"):
                decode(bytes(damaged), type(data))


@pytest.mark.parametrize("data", [DOWNLOAD, EMBEDDED])
def test_every_length(data):
    """A blob that lost its end or got more is refused."""
    blob = encode(data)
    for length in range(len(blob)):
        with pytest.raises(ValueError, match="resume data"):
            decode(blob[:length], type(data))
    with pytest.raises(ValueError, match="damaged"):
        decode(blob + b"\0", type(data))


@given(strategies.binary(max_size=300))
def test_garbage(blob):
    """Random bytes, with the right beginning or without, are refused and do no other harm."""
    for start in (b"", b"SMRESUME", encode(DOWNLOAD)[:22]):
        with pytest.raises(ValueError, match="resume data"):
            decode(start + blob, DownloadResumeData)


@pytest.mark.parametrize("blob", [b"", b"not resume data", "text", None, 7])
def test_no_resume_data(blob):
    """What is no resume data at all is refused alike (scenario download-resume-bad-data)."""
    with pytest.raises(ValueError, match="no resume data"):
        decode(blob, DownloadResumeData)


def test_kinds_are_told_apart():
    """Resume data of an upload is none for a download, and the other way round."""
    for data, kind in ((UPLOAD, DownloadResumeData), (DOWNLOAD, UploadResumeData)):
        with pytest.raises(ValueError, match="kind"):
            decode(encode(data), kind)


def forged(data, change) -> bytes:
    """A blob of a right sum whose payload was changed by hand."""
    blob = encode(data)
    payload = json.loads(blob[22:22 + int.from_bytes(blob[10:14], "big")])
    text = json.dumps(change(payload)).encode()
    blob = blob[:10] + len(text).to_bytes(4, "big") + bytes(8) + text
    return blob + hashlib.sha256(blob).digest()


def test_version():
    """Another version is refused by name, whatever its sum says."""
    blob = encode(DOWNLOAD)[:-32].replace(b"SMRESUME\x02", b"SMRESUME\x03")
    with pytest.raises(ValueError, match="version 3"):
        decode(blob + hashlib.sha256(blob).digest(), DownloadResumeData)


@pytest.mark.parametrize(("name", "value"), [
    ("partial", "../etc/passwd"), ("partial", "/etc/passwd"), ("partial", "a\\b"), ("partial", ".."), ("partial", ""),
    ("partial", 1),
    ("current_url", "file:///etc/passwd"), ("original_url", None), ("current_url", "http://[a"), ("method", "GET / HTTP/1.1\r\n"),
    ("method", ""), ("headers", [["X", "a\r\nY: b"]]), ("headers", [["X Y", "a"]]), ("headers", [["X"]]), ("headers", 5),
    ("offset", -1), ("offset", 0), ("offset", 257), ("offset", 1.5), ("offset", True), ("offset", "1"), ("offset", 1 << 63),
    ("expected", -2), ("expected", 99), ("tag", ""), ("tag", "\"a\"\r\nX: y"), ("tag", None), ("modified", ""), ("modified", 1),
    ("created", "2026-01-01"), ("created", "yesterday"), ("created", 5), ("surplus", 1),
])
def test_values_are_checked(name, value):
    """A payload of impossible values is refused though its sum is right: the sum is no signature."""
    with pytest.raises(ValueError, match="resume data"):
        decode(forged(DOWNLOAD, lambda payload: {**payload, name: value}), DownloadResumeData)


@pytest.mark.parametrize(("name", "value"), [
    ("path", "a\0b"), ("path", 5), ("size", -2), ("size", None), ("modified", "now"), ("resource_url", "ftp://a/b"),
    ("has_body", True),
])
def test_values_of_uploads_are_checked(name, value):
    """The same holds for uploads; a body beside a path is one thing too many."""
    with pytest.raises(ValueError, match="resume data"):
        decode(forged(UPLOAD, lambda payload: {**payload, name: value}), UploadResumeData)


@pytest.mark.parametrize("payload", [[], None, 1, "x", {}])
def test_other_payloads(payload):
    """A payload that is no object, or an empty one, is refused."""
    with pytest.raises(ValueError, match="resume data"):
        decode(forged(DOWNLOAD, lambda _: payload), DownloadResumeData)


def test_missing_values():
    """A payload that lacks a value is refused."""
    payload = json.loads(encode(DOWNLOAD)[22:-32])
    for missing in payload:
        rest = {name: value for name, value in payload.items() if name != missing}
        with pytest.raises(ValueError, match="resume data"):
            decode(forged(DOWNLOAD, lambda _, rest=rest: rest), DownloadResumeData)


def test_too_large():
    """Fields beyond the limit are refused when the blob is made."""
    with pytest.raises(ValueError, match="1048576"):
        encode(replace(DOWNLOAD, headers=[("X", "a" * (1 << 20))]))


def test_large_body():
    """The body of an upload from data is not limited."""
    body = b"x" * (3 << 20)
    assert body == decode(encode(replace(EMBEDDED, body=body, size=len(body))), UploadResumeData).body
