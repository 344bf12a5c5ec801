"""Bodies whose text does not show: compressed without saying so, in UTF-16 or UTF-32; and bodies that are too long to be looked through at once."""
from __future__ import annotations

import bz2
import codecs
import gzip
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

_LARGEST = 1 << 26       # bytes that are unpacked: what is larger stays as it is
_PIECE = 1 << 23
_SHOWN = re.compile(rb"(?!BZh|x[\x01^])[ -~\t\r\n](?![\0\x80-\xff])")
_CUTS = (b',"', b', "', b"\n", b"&", b">", b" ")


class Opened(NamedTuple):
    """What a body is without its encoding, and what puts it back."""

    plain: bytes
    closed: Callable[[bytes], bytes]


def shows(body: bytes) -> bool:
    """Whether `body` begins as text does that is in no encoding, and as nothing else."""
    return _SHOWN.match(body) is not None


def opened(body: bytes) -> Opened | None:
    """`body` without its encoding; None where it has none that can be undone. Which one it is, its first bytes say."""
    for mark, undo, redo in _COMPRESSIONS:
        if body.startswith(mark):
            try:
                return Opened(undo(body), redo)
            except Exception:      # each library has errors of its own, and a body that begins so by chance is none
                return None
    charset = _charset(body)
    if charset is None:
        return None
    mark, name = charset
    try:
        return Opened(body[len(mark):].decode(name).encode(), lambda plain: mark + plain.decode().encode(name))
    except UnicodeDecodeError:
        return None


def pieces(body: bytes) -> Iterator[bytes]:
    """`body` in pieces, cut where it does not matter, if there are such places: between members, lines or words."""
    start, whole = 0, True      # whether what begins at `start` is whole, or was cut anywhere
    while len(body) - start > _PIECE or not whole:
        look = body.rfind if whole else body.find
        ends = (look(cut, start + 1, start + _PIECE) for cut in _CUTS)
        end = next((end for end in ends if end > start), None)
        whole = end is not None or len(body) - start <= _PIECE
        end = start + _PIECE if end is None else end
        yield body[start:end]
        start = end
    yield body[start:]


def _charset(body: bytes) -> tuple[bytes, str] | None:
    """(byte order mark, codec); without a mark by the zeros that the first letters have."""
    for mark, name in ((codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"), (codecs.BOM_UTF16_LE, "utf-16-le"),
                       (codecs.BOM_UTF16_BE, "utf-16-be")):
        if body.startswith(mark):
            return mark, name
    zeros = tuple(byte == 0 for byte in body[:4])
    return (b"", _ZEROS[zeros]) if zeros in _ZEROS else None


_ZEROS: dict[tuple[bool, ...], str] = {(False, True, True, True): "utf-32-le", (True, True, True, False): "utf-32-be",
          (False, True, False, True): "utf-16-le", (True, False, True, False): "utf-16-be"}


def _inflated(body: bytes) -> bytes:
    """Of gzip or zlib, whichever it is."""
    unpacker = zlib.decompressobj(wbits=47)
    plain = unpacker.decompress(body, _LARGEST)
    if not unpacker.eof or unpacker.unused_data:
        raise ValueError("more than one, or cut off, or too large")
    return plain


def _unzstd(body: bytes) -> bytes:
    import zstandard

    return zstandard.ZstdDecompressor().decompressobj().decompress(body)


def _zstd(plain: bytes) -> bytes:
    import zstandard

    return zstandard.ZstdCompressor().compress(plain)


_COMPRESSIONS: tuple[tuple[bytes, Callable[[bytes], bytes], Callable[[bytes], bytes]], ...] = (
    (b"\x1f\x8b", _inflated, lambda plain: gzip.compress(plain, mtime=0)), (b"\x28\xb5\x2f\xfd", _unzstd, _zstd),
    *((bytes((0x78, flags)), _inflated, zlib.compress) for flags in (0x01, 0x5e, 0x9c, 0xda)),
    (b"BZh", bz2.decompress, bz2.compress), (b"\xfd7zXZ\0", lzma.decompress, lzma.compress),
)
