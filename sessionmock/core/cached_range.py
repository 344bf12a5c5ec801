"""A range out of a stored complete response (RFC 9110, section 14; RFC 9111, section 3.3)."""
from __future__ import annotations

import re
from collections.abc import Iterator

from ..models.cached_response import CachedBody, CachedURLResponse
from ..models.message import Headers, header
from ..models.response import HTTPURLResponse

_ONE = re.compile(r"bytes=[ \t]*(\d{0,18})-(\d{0,18})[ \t]*", re.ASCII | re.IGNORECASE)


def part_for(headers: Headers, cached: CachedURLResponse) -> CachedURLResponse | None:
    """The 206 with the part of `cached` that a GET with these `headers` asks for; None where only the server can answer.

    That is so for several ranges at once, for one that is not satisfiable, for a body with a content coding (a range is one of the
    coded bytes, which are not kept), and where If-Range names anything but the entity tag that `cached` has, a strong one.
    """
    response = cached.response
    asked = _ONE.fullmatch(header(headers, "range") or "")
    if asked is None or not isinstance(response, HTTPURLResponse) or response.status_code != 200:
        return None
    coding, condition = response.value("Content-Encoding"), header(headers, "if-range")
    if coding is not None and coding.strip().lower() != "identity":
        return None
    if condition is not None and (condition.startswith("W/") or condition != response.value("ETag")):
        return None
    if (found := _positions(asked[1], asked[2], cached.size)) is None:
        return None
    first, last = found
    fields = [(name, value) for name, value in response.headers if name.lower() not in ("content-length", "content-range")]
    fields += [("Content-Length", str(last - first + 1)), ("Content-Range", f"bytes {first}-{last}/{cached.size}")]
    body = cached.body
    part = body[first:last + 1] if isinstance(body, bytes) else _Part(body, first, last - first + 1)
    return cached.replacing(response.replacing(fields, 206, "Partial Content"), part)


def _positions(first: str, last: str, size: int) -> tuple[int, int] | None:
    """The first and the last byte of a range of `size` bytes, as its text says them; None where it is not satisfiable (14.1.2)."""
    if first:
        start, end = int(first), int(last) if last else size - 1
    else:
        start, end = max(0, size - int(last or 0)), size - 1
    end = min(end, size - 1)
    return (start, end) if start <= end else None


class _Part:
    """A part of a body that is not held in memory."""

    def __init__(self, whole: CachedBody, first: int, length: int) -> None:
        self._whole, self._first, self.length = whole, first, length

    def chunks(self, size: int, first: int = 0) -> Iterator[bytes]:
        left = self.length - first
        for piece in self._whole.chunks(size, self._first + first):
            if left <= 0:
                return
            yield piece[:left]
            left -= len(piece)
