"""Content codings held against the bytes: many recorders store a body decoded and keep the header that says gzip or br.

Which tool did so cannot be told from its file (vcrpy's changed with urllib3 2.0, browsers' HAR always does), so decoding
decides: what the body cannot be decoded from goes from the header, and a replayed answer decodes rightly.
"""
from __future__ import annotations

import zlib
from collections.abc import Callable

from ....core.decoding import DecodingError, codings, decoder
from ....models.message import Headers, header

_TRIED = 1 << 20      # bytes of output after which a coding is believed
_LARGEST = 1 << 26
_MARKS = {"gzip": b"\x1f\x8b\x08", "zstd": b"\x28\xb5\x2f\xfd"}


def repaired(headers: Headers, body: bytes) -> Headers:
    """`headers` with as much of their Content-Encoding as `body` has, and then with the length of `body`; else as given.

    A tool that undoes codings begins with the last one, so what is left of several is the first of them. Bytes that begin like
    the coding and are corrupt or cut later keep it: that is what the server sent.
    """
    value = header(headers, "content-encoding") if body else None
    if value is None or not codings(value):
        return headers
    names = [name.strip() for name in value.split(",")]
    known = [place for place, name in enumerate(names, 1) if codings(name)]
    length = 0 if _is_text(body) else next(
        (length for holds in (_holds, _begins) for length in reversed(known) if holds(codings(",".join(names[:length])), body)), 0)
    if length == known[-1]:
        return headers
    left = [] if not length else [", ".join(names[:length])]
    place = next(place for place, (name, _) in enumerate(headers) if name.lower() == "content-encoding")
    others = [[(name, value)] if name.lower() != "content-encoding" else [(name, coding) for coding in left if at == place]
              for at, (name, value) in enumerate(headers)]
    return sized([pair for pairs in others for pair in pairs], body)


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


def rewritten(headers: Headers, body: bytes, change: Callable[[bytes], bytes]) -> tuple[Headers, bytes]:
    """`body` changed, its content coding undone where that needs to be, and the headers that speak of it."""
    coded = header(headers, "content-encoding") is not None
    plain = undone(headers, body) if coded else body
    new = change(plain)
    if new is plain or new == plain:
        return headers, body
    if coded and plain is not body:
        headers = [pair for pair in headers if pair[0].lower() != "content-encoding"]
    return sized(headers, new), new


def _holds(names: list[str], body: bytes) -> bool:
    """Whether `body` can be decoded to its end from the codings `names`, or so far that nobody doubts it."""
    if len(names) == 1 and names[0] in _MARKS:
        return _begins(names, body)    # these begin with a mark, which tells as much at less cost
    if names[-1] == "deflate" and not _is_whole(body):
        return False
    size = 0
    try:
        whole = decoder(",".join(names))
        for piece in whole.pieces(body) if whole else ():
            size += len(piece)
            if size > _TRIED:
                return True
        if whole:
            whole.flush()
    except DecodingError:
        return False
    return True


def _begins(names: list[str], body: bytes) -> bool:
    """Whether `body` is at least begun in the last of `names`. Of br, and of deflate without zlib's frame, no beginning tells."""
    if (mark := _MARKS.get(names[-1])) is not None:
        return body.startswith(mark) or (names[-1] == "zstd" and body[1:4] == b"\x2a\x4d\x18")    # a frame to be skipped
    if names[-1] == "deflate" and len(body) > 1 and body[0] & 15 == 8 and int.from_bytes(body[:2], "big") % 31 == 0:
        try:
            zlib.decompressobj().decompress(body, 1)
            return True
        except zlib.error:
            return False
    return _holds(names[-1:], body)


def _is_whole(body: bytes) -> bool:
    """Whether `body` is deflated to its last byte: much that is not begins so, and soon comes to an end."""
    for bits in (15, -15):    # with zlib's frame, as the standard says, or without one, as some servers send it
        stream, size, rest = zlib.decompressobj(bits), 0, body
        try:
            while rest and not stream.eof and size <= _TRIED:
                size += len(stream.decompress(rest, _TRIED))
                rest = stream.unconsumed_tail
        except zlib.error:
            continue
        if size > _TRIED or (stream.eof and not stream.unused_data):
            return True
    return False


def _is_text(body: bytes) -> bool:
    """Whether `body` is UTF-8 without control characters, as nothing is that is coded."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return False
    return not any(character < " " and character not in "\t\n\f\r" for character in text[:4096])
