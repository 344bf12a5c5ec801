from __future__ import annotations

import gzip
import random
import tracemalloc
import zlib

import brotli
import pytest
import zstandard

from sessionmock.core.decoding import PIECE, DecodingError, TooManyCodingsError, accept_encoding, decoder

TEXT = "".join(random.Random(7).choices("abcdefgh \n", k=50_000)).encode()


def raw_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(data) + stream.flush()


ENCODE = {
    "gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress, "zstd": zstandard.ZstdCompressor().compress,
}


def decoded(encoding: str, data: bytes, step: int = 1 << 30) -> bytes:
    """All of `data`, fed in steps."""
    stream = decoder(encoding)
    assert stream is not None
    return b"".join(stream.decode(data[at:at + step]) for at in range(0, len(data), step)) + stream.flush()


@pytest.mark.parametrize("step", [1, 7, 4096, 1 << 30])
@pytest.mark.parametrize("coding", ENCODE)
def test_round_trip(coding, step):
    """Every coding gives the original back, however the data was cut."""
    assert decoded(coding, ENCODE[coding](TEXT), step) == TEXT


@pytest.mark.parametrize("step", [1, 1 << 30])
def test_deflate_without_header(step):
    """deflate without zlib's header is recognised, as some servers send it."""
    assert decoded("deflate", raw_deflate(TEXT), step) == TEXT


@pytest.mark.parametrize("step", [1, 5, 1 << 30])
def test_gzip_members(step):
    """A gzip body may have several members, padding and rubbish behind them."""
    data = gzip.compress(b"one ") + gzip.compress(b"two ") + gzip.compress(b"three") + b"\0\0\0rubbish"
    assert decoded("gzip", data, step) == b"one two three"


def test_zstd_frames():
    """A zstd body may have several frames."""
    assert decoded("zstd", ENCODE["zstd"](b"one ") + ENCODE["zstd"](b"two"), 5) == b"one two"


def test_stacked():
    """Stacked codings are undone last first."""
    assert decoded("gzip, br", brotli.compress(gzip.compress(TEXT)), 1000) == TEXT


@pytest.mark.parametrize("name", ["GZIP", "x-gzip", " identity , gzip "])
def test_names(name):
    """Names are read without case, with the old x- form, and identity does nothing."""
    assert decoded(name, gzip.compress(TEXT)) == TEXT


@pytest.mark.parametrize("encoding", [
    None, "", "identity", ",", "none", "utf-8", "UTF-8", "binary", "aws-chunked", "compress", "x-custom", "gzip;q=1"])
def test_raw(encoding):
    """Nothing that is known: no decoder."""
    assert decoder(encoding) is None


@pytest.mark.parametrize("encoding", ["aws-chunked,gzip", "gzip, aws-chunked", "utf-8, gzip, none", "identity,x-gzip"])
def test_what_is_no_coding_is_passed_over_in_a_list(encoding):
    assert decoded(encoding, gzip.compress(TEXT)) == TEXT


def test_too_many():
    """More than five codings are an error that names them, once there is data."""
    encoding = ", ".join(["gzip"] * 6)
    undoing = decoder(encoding)
    assert b"" == undoing.flush()
    with pytest.raises(TooManyCodingsError, match=encoding):
        undoing.decode(b"data")
    assert decoder("none, " + ", ".join(["identity", "utf-8"] * 9)) is None


HEADER = b"\x1f\x8b\x08\0\0\0\0\0\0\x03"


@pytest.mark.parametrize("step", [1, 3, 1 << 30])
@pytest.mark.parametrize("rubbish", [
    b"garbage", b"\x1fgarbage", b"\x1f", b"\x1f\x8b", b"\x1f\x8bgarbage", b"\x1f\x8b\x08garbage", HEADER, HEADER + b"garbage", b"\0", b"\0" * 999,
    b"\0\0garbage", b"\0\x1fgarbage", b"\r\n", b"\x1fgarbage" + gzip.compress(b"no more", mtime=0)])
def test_what_follows_a_gzip_file_and_is_none_is_ignored(rubbish, step):
    """Whatever it begins like."""
    assert decoded("gzip", gzip.compress(TEXT) + rubbish, step) == TEXT
    assert decoded("gzip", gzip.compress(b"a") + gzip.compress(b"") + gzip.compress(b"b") + rubbish, step) == b"ab"


@pytest.mark.parametrize("step", [1, 1 << 30])
def test_a_further_member_after_padding(step):
    assert decoded("gzip", gzip.compress(b"one ") + bytes(512) + gzip.compress(b"two"), step) == b"one two"


@pytest.mark.parametrize("step", [1, 1 << 30])
@pytest.mark.parametrize("spoil", [lambda data: data[:-3], lambda data: data[:-8] + b"\1\2\3\4" + data[-4:]])
def test_a_further_member_that_is_broken_is_an_error(spoil, step):
    """It has given something, so that it is one: its loss is not passed over."""
    with pytest.raises(DecodingError):
        decoded("gzip", gzip.compress(b"one ") + spoil(gzip.compress(b"two")), step)


@pytest.mark.parametrize("step", [1, 50, 1 << 30])
@pytest.mark.parametrize("rubbish", [b"garbage", b"\0\0", b"\x28\xb5", b"\x28\xb5\x2f\xfd", b"\x1fgarbage", b"x" * 500])
@pytest.mark.parametrize("coding", ["deflate", "raw", "zstd"])
def test_what_follows_the_other_codings_is_ignored(coding, rubbish, step):
    data = raw_deflate(TEXT) if coding == "raw" else ENCODE[coding](TEXT)
    assert decoded("deflate" if coding == "raw" else coding, data + rubbish, step) == TEXT


@pytest.mark.parametrize("coding", ENCODE)
def test_corrupt(coding):
    """Data that is not in the coding is an error that names it."""
    with pytest.raises(DecodingError, match=coding):
        decoded(coding, b"\xff\xff this is not encoded at all" * 10)


@pytest.mark.parametrize("coding", ENCODE)
def test_truncated(coding):
    """Data that ends too early is an error when the body ends, and what came before it was decoded."""
    stream = decoder(coding)
    data = ENCODE[coding](TEXT)
    text = stream.decode(data[:-3])
    assert TEXT.startswith(text)
    with pytest.raises(DecodingError, match="ends too early"):
        stream.flush()


@pytest.mark.parametrize("coding", ENCODE)
def test_empty(coding):
    """A body without a byte is empty in every coding."""
    assert decoder(coding).flush() == b""


def test_truncated_header():
    """One byte of deflate is no body."""
    stream = decoder("deflate")
    assert stream.decode(b"\x78") == b""
    with pytest.raises(DecodingError):
        stream.flush()


@pytest.mark.parametrize("coding", ENCODE)
def test_bomb(coding):
    """A small body that expands to 20 MB comes in pieces of at most 256 KiB and takes little memory at any time."""
    data = ENCODE[coding](bytes(20_000_000))
    stream = decoder(coding)
    tracemalloc.start()
    try:
        sizes = [len(piece) for at in range(0, len(data), 131_072) for piece in stream.pieces(data[at:at + 131_072])]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    stream.flush()
    assert sum(sizes) == 20_000_000
    assert max(sizes) <= PIECE
    assert peak < 8_000_000


def test_accept_encoding():
    """Accept-Encoding names what is installed."""
    assert accept_encoding() == "gzip, deflate, br, zstd"
