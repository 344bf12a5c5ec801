"""Content codings held against the bytes: many recorders store a body decoded and keep the header that says gzip or br.

Which tool did so cannot be told from its file (vcrpy's changed with urllib3 2.0, browsers' HAR always does), so the
bytes decide: where they cannot be what the header says, the header goes, and a replayed answer decodes rightly.
"""
from __future__ import annotations

import zlib
from collections.abc import Callable

from ....core.decoding import DecodingError, codings, decoder
from ....models.message import Headers, header

_TRIED = 1 << 20      # bytes of output after which a coding is believed
_LARGEST = 1 << 26


def repaired(headers: Headers, body: bytes) -> Headers:
    """`headers` without a Content-Encoding that `body` does not have, and then with the length of `body`; else as given.

    Bytes that begin like the coding and are corrupt later keep it: that is what the server sent.
    """
    value = header(headers, "content-encoding") if body else None
    if value is None or not (known := codings(value)) or _CHECKS[known[-1]](body):
        return headers
    return sized([(name, value) for name, value in headers if name.lower() != "content-encoding"], body)


def sized(headers: Headers, body: bytes) -> Headers:
    """`headers` with the length of `body` where they name one."""
    return [(name, str(len(body)) if name.lower() == "content-length" else value) for name, value in headers]


def undone(headers: Headers, body: bytes) -> bytes:
    """`body` with the content codings that `headers` name undone; as it is where that does not work, or gives 64 MiB."""
    value = header(headers, "content-encoding") if body else None
    if value is None:
        return body
    try:
        whole = decoder(value)
        if whole is None:
            return body
        data = bytearray()
        for piece in whole.pieces(body):
            data += piece
            if len(data) > _LARGEST:
                return body
        whole.flush()
    except DecodingError:
        return body
    return bytes(data)


def _deflate(body: bytes) -> bool:
    """With zlib's frame, as the standard says, or without one, as some servers send it."""
    if len(body) > 1 and body[0] & 15 == 8 and (body[0] << 8 | body[1]) % 31 == 0:
        return True
    if _is_text(body):
        return False
    try:
        zlib.decompressobj(-15).decompress(body, _TRIED)
    except zlib.error:
        return False
    return True


def _br(body: bytes) -> bool:
    """Brotli has no mark of its own, but no stream of more than a few bytes reads as text."""
    return not _is_text(body)


def _is_text(body: bytes) -> bool:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return False
    return not any(character < " " and character not in "\t\n\f\r" for character in text[:4096])


_CHECKS: dict[str, Callable[[bytes], bool]] = {
    "gzip": lambda body: body[:2] == b"\x1f\x8b",
    "deflate": _deflate,
    "br": _br,
    "zstd": lambda body: body[:4] == b"\x28\xb5\x2f\xfd" or body[1:4] == b"\x2a\x4d\x18",
}
