"""What browsers and curl read of an answer over HTTP/1 that is not in canonical form.

A line ends with LF, after CR or alone; a field may be folded (RFC 9112, sections 2.2 and 5.2), its name may hold blanks and what is
no token (section 5.1); blanks stand around a chunk's size (section 7.1.1); framing may be said twice, or by `identity`, as long as
it is the same framing (section 6.3). Another reader on the way may have understood any of that otherwise: whoever asks here
uses the connection for no other answer (section 11). What has no one meaning (NUL, a CR alone, two lengths, a coding that was not
asked for, a line without a colon) is Garbage.
"""
from __future__ import annotations

import re
from typing import NamedTuple

from ....models.message import Headers
from ..fields import text, tokens
from .events import HEAD_LIMIT, Garbage

_BLANK_LINE = re.compile(rb"\n\r?\n")
_STATUS_LINE = re.compile(r"(HTTP/[0-9](?:\.[0-9])?) +([1-9][0-9]{2})(?: ([^\0\r]*))?", re.IGNORECASE)
_FOLD = re.compile(rb"\r?\n[ \t]+")
_STRAY_FOLD = re.compile(rb"\A[ \t]|(?:\A|\n)[^ \t:\n][^:\n]*\n[ \t]")
_NAME = re.compile(r"[^\0-\x08\n-\x1f\x7f:]+")
_CHUNK = re.compile(rb"[ \t]*0*([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r]*)?\r?")
_LARGEST = 1 << 63       # what does not fit in 64 bits with a sign, others may read as something else
_PREFIX = 4              # bytes of empty lines before the first one: the end of the last answer, sent twice


class Head(NamedTuple):
    """A head, and what it says about framing."""

    version: str
    status: int
    reason: str
    headers: Headers
    length: int       # -1: unknown
    chunked: bool


def start(data: bytes) -> int:
    """Where the first line of an answer begins, as far as it has come. Raises Garbage where none does."""
    line = data.lstrip(b"\r\n")
    if len(data) - len(line) > _PREFIX or not b"http/".startswith(line[:5].lower()):
        raise Garbage(f"the answer does not begin with HTTP/ but with {data[:40]!r}")
    return len(data) - len(line)


def section_end(data: bytes, at: int) -> int:
    """Where the head, or the trailers, that begin at `at` end: after the first empty line; -1 where none has come. Raises Garbage for
    more than anybody reads."""
    match = _BLANK_LINE.search(data, at)
    end = match.end() if match else -1
    if (end if match else len(data) + 4) - at > HEAD_LIMIT + 4:
        raise Garbage(f"a head or a trailer section is longer than {HEAD_LIMIT} bytes")
    return end


def head(section: bytes) -> Head:
    """The head that `section` is, with its empty line. Raises Garbage."""
    line, _, rest = section.partition(b"\n")
    match = _STATUS_LINE.fullmatch(text(line.removesuffix(b"\r")))
    if match is None:
        raise Garbage(f"{line[:80]!r} is no status line")
    headers = _fields(rest)
    length, chunked = _framing(headers)
    return Head(match[1].upper(), int(match[2]), match[3] or "", _told_once(headers, -1 if chunked else length), length, chunked)


def trailers(section: bytes) -> Headers:
    """The fields of a trailer section with its empty line, without those that come too late to be about framing (RFC 9110,
    section 6.5.1). Raises Garbage."""
    return [field for field in _fields(section) if field[0].lower() not in ("content-length", "transfer-encoding")]


def chunk_size(line: bytes) -> int:
    """The size that a chunk's first line, which ended in LF, names. Raises Garbage."""
    match = _CHUNK.fullmatch(line)
    size = -1 if match is None else int(match[1], 16)
    if not 0 <= size < _LARGEST:
        raise Garbage(f"{line[:40]!r} is no chunk size")
    return size


def _fields(section: bytes) -> Headers:
    """The fields of a section that ends with an empty line."""
    if _STRAY_FOLD.search(section):
        raise Garbage("a line is folded where no value was begun")
    headers: Headers = []
    for line in _FOLD.sub(b" ", section).split(b"\n")[:-2]:
        name, colon, value = text(line.removesuffix(b"\r")).partition(":")
        disguised = not name.isascii() and name.lower().isascii()      # as Set-Coo\N{KELVIN SIGN}ie
        if not colon or disguised or not _NAME.fullmatch(name) or "\r" in value or "\0" in value:
            raise Garbage(f"{line.partition(b':')[0][:80]!r} is no name of a field, or its value none")
        headers.append((name.rstrip(" \t"), value.strip(" \t")))
    return headers


def content_length(headers: Headers) -> int:
    """The length that all of `headers` agree on; -1 where they tell none. Raises Garbage."""
    lengths = _members(headers, "content-length")
    if not lengths:
        return -1
    length, *others = lengths
    if others or not (length.isascii() and length.isdigit()) or len(length) > 19 or int(length) >= _LARGEST:
        raise Garbage(f"{', '.join(sorted(lengths))!r} is no Content-Length")
    return int(length)


def _framing(headers: Headers) -> tuple[int, bool]:
    """The length of the body, or -1, and whether it comes in chunks."""
    codings = _members(headers, "transfer-encoding") - {"", "identity"}
    if codings - {"chunked"}:
        raise Garbage(f"nobody asked for the transfer codings {', '.join(sorted(codings))}")
    return content_length(headers), bool(codings)


def _told_once(headers: Headers, length: int) -> Headers:
    """`headers` with one Content-Length, or none for -1: nobody is to take another length for that of the body (RFC 9112, section 6.3)."""
    told: Headers = []
    for field in headers:
        if field[0].lower() != "content-length":
            told.append(field)
        elif length >= 0:
            told.append((field[0], str(length)))
            length = -1
    return told


def _members(headers: Headers, name: str) -> set[str]:
    """The members of all lists that fields of this name are; one beyond ASCII stays what it is, for its lower case may look like others."""
    return {token for each, value in headers if each.lower() == name for token in (tokens(value) if value.isascii() else [value])}
