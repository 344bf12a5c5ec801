from __future__ import annotations

import gzip
import random
import tracemalloc
import zlib

import brotli
import pytest
import zstandard

from sessionmock.core.decoding import PIECE, DecodingError, UnknownCodingError, accept_encoding, decoder

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


@pytest.mark.parametrize("encoding", [None, "", "identity"])
def test_raw(encoding):
    """Nothing to undo: no decoder."""
    assert decoder(encoding) is None


@pytest.mark.parametrize("encoding", ["compress", "gzip, rot13", ", ".join(["gzip"] * 6)])
def test_unknown(encoding):
    """An unknown coding, or too many of them, is an error that names it, once there is data."""
    undoing = decoder(encoding)
    assert b"" == undoing.flush()
    with pytest.raises(UnknownCodingError, match=encoding):
        undoing.decode(b"data")


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
