"""Heads and fields of an answer as bytes of HTTP/1.1, as far as bytes can say them."""
from __future__ import annotations

from typing import NamedTuple

from ...models.message import Headers, ResponseHead, header, sole
from ..live.fields import Kind, kind_of
from ..live.http1.answer import Answer
from ..live.http1.events import HEAD_LIMIT

_FRAMING = (Kind.CONTENT_LENGTH, Kind.TRANSFER_ENCODING, Kind.CONNECTION)


class Rendered(NamedTuple):
    """A head as bytes."""

    data: bytes
    read: ResponseHead      # what is read of them
    given: ResponseHead     # what they stand for
    length: int             # of the body that they tell of
    is_chunked: bool        # they tell that it comes in chunks


def rendered(head: ResponseHead, method: str, length: int | None, *, is_early: bool = False) -> Rendered:
    """`head`, final or `is_early`, of an answer to `method` whose body has `length` bytes; None: whoever sends it will tell."""
    if is_early:
        return _read(head, method, head.status if head.status != 101 else 102, [], 0, is_chunked=False)
    told = sole(head.headers, "content-length") or ""
    if header(head.headers, "transfer-encoding") is not None:
        length = None
    elif length is None and told.isdecimal():
        length = int(told)
    bodiless = head.status in (204, 304)
    status = head.status if head.status >= 200 and not (bodiless and length) else 200     # one that may have what it has
    if method == "HEAD" or status in (204, 304):
        return _read(head, method, status, [], 0, is_chunked=False)
    framing = ("Transfer-Encoding", "chunked") if length is None else ("Content-Length", str(length))
    return _read(head, method, status, [framing], length or 0, is_chunked=length is None)


def field_line(field: tuple[str, str]) -> bytes:
    """`field` as a line; nothing, where it cannot be one."""
    name, value = field
    if kind_of(name) < 0 or not _fits(value):
        return b""
    return f"{name}: {value}\r\n".encode("utf-8", "surrogateescape")


def _fits(value: str) -> bool:
    return value.isprintable() or not any((c < " " and c != "\t") or c == "\x7f" for c in value)


def _read(head: ResponseHead, method: str, status: int, framing: Headers, length: int, *, is_chunked: bool) -> Rendered:
    lines = [f"HTTP/1.1 {status} {head.reason if _fits(head.reason) else ''}\r\n".encode("utf-8", "surrogateescape")]
    lines += [field_line(field) for field in head.headers if kind_of(field[0]) not in _FRAMING]
    if status >= 200:
        framing = [*framing, ("Connection", "close")]
    closing = b"".join(map(field_line, framing)) + b"\r\n"
    data = b"".join(lines) + closing
    if len(data) > HEAD_LIMIT:
        data = lines[0] + closing
    read = Answer(method).feed(data)[0]
    assert isinstance(read, ResponseHead), f"{data!r} is no head"
    return Rendered(data, read, head, length, is_chunked)
