"""Content codings held against the bytes."""
from __future__ import annotations

import gzip
import zlib

import brotli
import pytest
import zstandard

from sessionmock.models.message import Headers
from sessionmock.routes.cassette.formats import codings

TEXT = b'{"name": "Ann"}' * 10
RAW_DEFLATE = zlib.compress(TEXT, wbits=-15)
CODED = {
    "gzip": gzip.compress(TEXT, mtime=0), "x-gzip": gzip.compress(TEXT, mtime=0), "deflate": zlib.compress(TEXT), "br": brotli.compress(TEXT),
    "zstd": zstandard.compress(TEXT),
}


def fields(coding: str, length: int = 5) -> Headers:
    return [("Content-Type", "application/json"), ("Content-Encoding", coding), ("content-length", str(length))]


@pytest.mark.parametrize(("coding", "body"), [*CODED.items(), ("deflate", RAW_DEFLATE), ("GZIP", CODED["gzip"]), ("br, gzip", CODED["gzip"]),
                                              ("gzip, aws-chunked", CODED["gzip"])])
def test_a_coding_that_the_body_has_stays(coding: str, body: bytes) -> None:
    """Also without zlib's frame, in capitals, and where it is the last of several, or of those that are codings."""
    assert fields(coding) == codings.repaired(fields(coding), body)


@pytest.mark.parametrize("coding", [*CODED, "gzip, aws-chunked"])
def test_a_coding_that_was_undone_goes(coding: str) -> None:
    """With it the length of the coded body; the other fields stay."""
    assert [("Content-Type", "application/json"), ("content-length", str(len(TEXT)))] == codings.repaired(fields(coding), TEXT)


def test_bytes_that_are_no_text_are_no_deflate_either() -> None:
    """Where nothing can be inflated, nothing was deflated."""
    assert [("Content-Encoding", "deflate")] != codings.repaired([("Content-Encoding", "deflate")], b"\xff\xfe\xfd" * 9)


@pytest.mark.parametrize(("headers", "body"), [([], TEXT), (fields("gzip"), b""), (fields("unheard-of"), TEXT), (fields("utf-8, none"), TEXT)])
def test_what_cannot_be_told_stays(headers: Headers, body: bytes) -> None:
    """No coding, no body, and what is no coding that is known."""
    assert headers == codings.repaired(headers, body)


@pytest.mark.parametrize(("coding", "body"), CODED.items())
def test_undoing(coding: str, body: bytes) -> None:
    """The body as it was before the coding."""
    assert TEXT == codings.undone(fields(coding), body)


@pytest.mark.parametrize(("headers", "body"), [
    ([], TEXT), (fields("gzip"), b""), (fields("gzip"), TEXT), (fields("gzip"), CODED["gzip"][:-9]),
    (fields("unheard-of"), TEXT), (fields("identity"), TEXT),
])
def test_what_cannot_be_undone_is_given_as_it_is(headers: Headers, body: bytes) -> None:
    """No coding, no body, another coding, one that breaks off, and one that is not known."""
    assert body == codings.undone(headers, body)


def test_a_body_that_grows_without_end_is_given_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small file may stand for gigabytes."""
    monkeypatch.setattr(codings, "_LARGEST", 1000)
    bomb = gzip.compress(bytes(100_000))
    assert bomb == codings.undone(fields("gzip"), bomb)


def test_several_codings_are_undone_from_the_last() -> None:
    """As they were applied."""
    assert TEXT == codings.undone(fields("gzip, deflate"), zlib.compress(CODED["gzip"]))


WASM, PNG = b"\0asm\1\0\0\0\1\4\1\x60\0\0\xff\xfe", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0"


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, br", "br, deflate"])
@pytest.mark.parametrize("body", [b"HKD,7.8\nUSD,1\n", b"x^2 + 1", b"80 columns", "80 caf\xe9".encode("latin-1"), WASM, PNG,
                                  b"\xff\xd8\xff\xe0\0\x10JFIF", b"(\xb5", b"\x1f\x8b is no gzip", b"\x0b\x05\x80 hello", b'{\n    "@": "@"\n}'])
def test_what_cannot_be_decoded_was_decoded(coding: str, body: bytes) -> None:
    """Text may begin as zlib does, and binary bodies as anything: only decoding tells."""
    assert [("Content-Type", "application/json"), ("content-length", str(len(body)))] == codings.repaired(fields(coding), body)


def test_of_several_codings_those_stay_that_the_body_has() -> None:
    """A tool that undoes the last only leaves the first ones."""
    headers = [("A", "1"), ("Content-Encoding", "br"), ("B", "2"), ("content-encoding", "gzip")]
    assert headers == codings.repaired(headers, gzip.compress(CODED["br"]))
    assert [("A", "1"), ("Content-Encoding", "br"), ("B", "2")] == codings.repaired(headers, CODED["br"])
    assert fields("gzip", len(CODED["gzip"])) == codings.repaired(fields("gzip, gzip"), CODED["gzip"])
    assert fields("gzip", len(CODED["gzip"])) == codings.repaired(fields("gzip, deflate, aws-chunked"), CODED["gzip"])


@pytest.mark.parametrize(("coding", "body"), [("gzip", CODED["gzip"][:-9] + b"123456789"), ("deflate", CODED["deflate"][:9]),
                                              ("zstd", CODED["zstd"][:12])])
def test_a_body_that_is_corrupt_or_cut_keeps_its_coding(coding: str, body: bytes) -> None:
    """It is what the server sent, and a replay fails as the answer did."""
    assert fields(coding) == codings.repaired(fields(coding), body)


def test_a_length_that_is_not_named_is_not_added() -> None:
    """It is changed where it stands."""
    assert [("A", "1")] == codings.sized([("A", "1")], b"abc")
    assert [("CONTENT-LENGTH", "3")] == codings.sized([("CONTENT-LENGTH", "1")], b"abc")
