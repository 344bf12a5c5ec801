"""A request as HTTP/1.1 writes it (RFC 9112)."""
from __future__ import annotations

from typing import NamedTuple

from .... import shown
from ....models.message import Request, body_length
from ..fields import CONTROLS, KINDS, Kind, kind_of, tokens

LAST_CHUNK = b"0\r\n\r\n"

_BODILESS = frozenset({"GET", "HEAD", "TRACE"})    # say nothing of a length without a body; all others Content-Length: 0


class Outgoing(NamedTuple):
    """A request's head as bytes, and what it promised."""

    head: bytes
    length: int         # of the body; -1: chunked
    expects: bool       # Expect: 100-continue, with a body to wait with (RFC 9110, section 10.1.1)
    closes: bool        # Connection: close
    upgrades: bool      # Upgrade: the peer may answer 101


def outgoing(request: Request, proxied: bool = False) -> Outgoing:
    """The head of `request` on the wire: Host first if it is missing, then its fields, then its framing.

    Content-Length and Transfer-Encoding of the request itself are replaced by what is true (I26, I27): the length of a
    body that is known, chunked for one that is not, `Content-Length: 0` without one but for GET, HEAD and TRACE, as the open-source URLSession does.
    `proxied` writes the absolute form (RFC 9112, section 3.2.2). Raises ValueError naming the field where a method, name or
    value would end its line early (CR, LF, NUL, controls).
    """
    method, body, parts = request.method, request.body, request.parts
    lines = [f"{method} {f'http://{parts.authority}{parts.target}' if proxied else parts.target} HTTP/1.1"]
    expects = closes = upgrades = False
    host = None
    kinds = KINDS
    for name, value in request.headers:
        kind = kinds.get(name)
        if kind is None:
            kind = kind_of(name)
        if kind > 0:
            if kind in (Kind.CONTENT_LENGTH, Kind.TRANSFER_ENCODING):
                continue
            if kind == Kind.HOST:
                host = value
            elif kind == Kind.CONNECTION:
                closes = closes or "close" in tokens(value)
            elif kind == Kind.EXPECT:
                expects = value.strip().lower() == "100-continue"
            else:
                upgrades = True
        elif kind:
            raise ValueError(f"{name!r} is no field name: names are letters, digits and !#$%&'*+-.^_`|~ (RFC 9110, section 5.1)")
        lines.append(f"{name}: {value}")
    if host is None:
        lines.insert(1, f"Host: {parts.authority}")
    length = body_length(body)
    if length > 0 or (length == 0 and (method not in _BODILESS or not isinstance(body, bytes | None))):
        lines.append(f"Content-Length: {length}")
    elif length < 0:
        lines.append("Transfer-Encoding: chunked")
    count = len(lines) + 1
    lines += ("", "")
    head = "\r\n".join(lines).encode("utf-8", "surrogateescape")
    if len(head.translate(None, CONTROLS)) + 2 * count != len(head) or not _plain(method):
        _reject(request)
    return Outgoing(head, length, expects and length != 0, closes, upgrades)


def _plain(method: str) -> bool:
    return (method in KINDS or kind_of(method) >= 0) and method != "CONNECT"


def _reject(request: Request) -> None:
    """Raises ValueError for the part of `request` that cannot stand in a head."""
    if kind_of(request.method) < 0:
        raise ValueError(f"{request.method!r} is no method, which is a token (RFC 9110, section 9.1)")
    if request.method == "CONNECT":
        raise ValueError("CONNECT asks a proxy for a tunnel; it is no method of a request")
    for name, value in request.headers:
        if any((c < " " and c != "\t") or c == "\x7f" for c in value):
            [(_, said)] = shown.headers([(name, value)])
            raise ValueError(f"the value of the field {name!r} holds a control character, which would end its line: {said!r}")
    raise ValueError(f"the target of {shown.url(request.url)!r} cannot stand on a request line")


def chunk(data: bytes) -> bytes:
    """`data`, not empty, as one chunk (RFC 9112, section 7.1)."""
    return b"%x\r\n%b\r\n" % (len(data), data)
