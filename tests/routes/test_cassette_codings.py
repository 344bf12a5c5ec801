"""Content codings: headers that say one which a body does not have, and bodies that are looked into."""
from __future__ import annotations

import gzip
import zlib

import pytest

from sessionmock.routes.cassette.formats import codings
from sessionmock.routes.cassette.formats.codings import repaired, sized, undone


def coded(coding: str, length: str = "99") -> list[tuple[str, str]]:
    return [("Content-Encoding", coding), ("Content-Length", length), ("A", "1")]


@pytest.mark.parametrize(("coding", "body"), [
    ("gzip", gzip.compress(b"a")), ("GZIP", gzip.compress(b"a")), ("x-gzip", gzip.compress(b"a")), ("deflate", zlib.compress(b"a")),
    ("deflate", zlib.compress(b"\x00" * 100, wbits=-15)), ("br", b"\x0b\x00\x80\xff"), ("zstd", b"\x28\xb5\x2f\xfd"), ("fancy", b"text"),
    ("gzip", b"\x1f\x8b broken"), ("br, gzip", gzip.compress(b"a")), ("gzip", b""),
])
def test_a_coding_that_may_be_true_stays(coding: str, body: bytes) -> None:
    """Bytes that begin like it, a coding that nobody knows, no bytes at all."""
    headers = coded(coding)
    assert headers is repaired(headers, body)


@pytest.mark.parametrize(("coding", "body"), [
    ("gzip", b"text"), ("deflate", b"text"), ("deflate", b"\xff\xff\xff\xff"), ("br", b"text"), ("zstd", b"text"), ("br, gzip", b"text"),
])
def test_a_coding_that_cannot_be_true_goes(coding: str, body: bytes) -> None:
    """With the length that it had."""
    assert [("Content-Length", str(len(body))), ("A", "1")] == repaired(coded(coding), body)


def test_a_length_that_is_not_named_is_not_added() -> None:
    """It is changed where it stands."""
    assert [("A", "1")] == sized([("A", "1")], b"abc")


@pytest.mark.parametrize(("coding", "body", "expected"), [
    ("gzip", gzip.compress(b"a"), b"a"), ("gzip", b"text", b"text"), ("gzip", gzip.compress(b"a")[:-4], gzip.compress(b"a")[:-4]),
    ("fancy", b"a", b"a"), ("identity", b"a", b"a"), ("gzip", b"", b""), ("gzip, deflate", zlib.compress(gzip.compress(b"a")), b"a"),
])
def test_codings_are_undone_where_that_works(coding: str, body: bytes, expected: bytes) -> None:
    """Else the body is as it is."""
    assert expected == undone(coded(coding), body)


def test_what_would_fill_the_memory_stays_coded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that grows beyond the limit is left as it is."""
    monkeypatch.setattr(codings, "_LARGEST", 1000)
    body = gzip.compress(b"x" * 1001)
    assert body is undone(coded("gzip"), body)
    assert b"x" * 1000 == undone(coded("gzip"), gzip.compress(b"x" * 1000))
    assert body is undone([], body)
