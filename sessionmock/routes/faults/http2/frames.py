"""Frames of HTTP/2 as bytes: cut out of what comes, and made (RFC 9113, sections 4.1 and 6)."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ...live.http2.codec import FRAME_HEAD, Fields

DATA, HEADERS, RST_STREAM, SETTINGS, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 7, 8, 9
END_STREAM, END_HEADERS, PADDED, PRIORITY = 0x1, 0x4, 0x8, 0x20

LARGEST = 16_384     # bytes of a frame's payload that every peer takes


class Frame(NamedTuple):
    """One frame."""

    kind: int
    flags: int
    stream: int         # 0: the connection
    payload: bytes = b""

    def __bytes__(self) -> bytes:
        return b"%b%c%c%b%b" % (len(self.payload).to_bytes(3, "big"), self.kind, self.flags, self.stream.to_bytes(4, "big"), self.payload)

    @property
    def content(self) -> bytes:
        """The payload of DATA or HEADERS without padding and priority."""
        start = bool(self.flags & PADDED)
        end = len(self.payload) - (self.payload[0] if start else 0)
        return self.payload[start + (5 if self.kind == HEADERS and self.flags & PRIORITY else 0):end]


class Cutter:
    """Cuts bytes into frames."""

    def __init__(self, rest: bytes) -> None:
        self._rest = rest

    def frames(self, data: bytes) -> Iterator[Frame]:
        """Those that `data` completes."""
        data = self._rest + data
        at = 0
        while len(data) - at >= FRAME_HEAD:
            end = at + FRAME_HEAD + int.from_bytes(data[at:at + 3], "big")
            if end > len(data):
                break
            yield Frame(data[at + 3], data[at + 4], int.from_bytes(data[at + 5:at + 9], "big") & 0x7FFF_FFFF, data[at + FRAME_HEAD:end])
            at = end
        self._rest = data[at:]


def block(fields: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A header block that neither knows nor changes what was compressed before: literals that are never indexed (RFC 7541, section 6.2.3)."""
    return b"".join(b"\x10%b%b" % (_string(name), _string(value)) for name, value in fields)


def _string(text: bytes) -> bytes:
    """A string literal (RFC 7541, section 5.2), its length as a number of 7 bits and what follows (section 5.1)."""
    rest = len(text) - 127
    if rest < 0:
        return b"%c%b" % (len(text), text)
    length = bytearray(b"\x7f")
    while rest > 127:
        length.append(rest & 127 | 128)
        rest >>= 7
    return b"%b%c%b" % (bytes(length), rest, text)


def head(stream: int, fields: Fields, *, last: bool) -> bytes:
    """The frames of a head, or of trailers; with `last` nothing follows."""
    whole = block(fields)
    pieces = [whole[at:at + LARGEST] for at in range(0, len(whole), LARGEST)] or [b""]
    kinds = [HEADERS] + [CONTINUATION] * (len(pieces) - 1)
    flags = [0] * (len(pieces) - 1) + [END_HEADERS]
    flags[0] |= END_STREAM if last else 0
    return b"".join(bytes(Frame(kind, flag, stream, piece)) for kind, flag, piece in zip(kinds, flags, pieces, strict=True))


def body(stream: int, data: bytes, *, last: bool) -> bytes:
    """A frame of a body."""
    return bytes(Frame(DATA, END_STREAM if last else 0, stream, data))


def reset(stream: int, code: int) -> bytes:
    """RST_STREAM."""
    return bytes(Frame(RST_STREAM, 0, stream, code.to_bytes(4, "big")))


def goaway(last: int, code: int) -> bytes:
    """GOAWAY: the streams above `last` were not touched."""
    return bytes(Frame(GOAWAY, 0, 0, last.to_bytes(4, "big") + code.to_bytes(4, "big")))


def window_update(count: int) -> bytes:
    """WINDOW_UPDATE of the connection: so many more bytes may come."""
    return bytes(Frame(WINDOW_UPDATE, 0, 0, count.to_bytes(4, "big")))


BAD_SETTINGS = bytes(Frame(SETTINGS, 0, 0, b"\0\x04\xff\xff\xff\xff"))
"""SETTINGS with a window that is larger than any may be (RFC 9113, section 6.5.2)."""
