"""Field names and values, as both directions of HTTP/1.1 see them (RFC 9110, section 5)."""
from __future__ import annotations

import re
from enum import IntEnum

CONTROLS = bytes(c for c in (*range(32), 127) if c != 9)    # what no line of a head holds

_TOKEN = re.compile(r"[-!#$%&'*+.^_`|~0-9a-zA-Z]+")


class Kind(IntEnum):
    """What a field name means to framing."""

    INVALID = -1
    PLAIN = 0
    CONTENT_LENGTH = 1
    TRANSFER_ENCODING = 2
    CONNECTION = 3
    HOST = 4
    EXPECT = 5
    UPGRADE = 6


_SPECIAL = {
    "content-length": Kind.CONTENT_LENGTH, "transfer-encoding": Kind.TRANSFER_ENCODING, "connection": Kind.CONNECTION,
    "host": Kind.HOST, "expect": Kind.EXPECT, "upgrade": Kind.UPGRADE,
}
KINDS: dict[str, int] = {}    # names seen so far, valid ones only; plain ints, because comparing them is faster


def kind_of(name: str) -> int:
    """The kind of a name not seen before; remembered, up to a number of names that no honest peer reaches."""
    if not _TOKEN.fullmatch(name):
        return -1
    kind = int(_SPECIAL.get(name.lower(), 0))
    if len(KINDS) < 2048:
        KINDS[name] = kind
    return kind


def tokens(value: str) -> list[str]:
    """The members of a list like Connection's, in lower case."""
    return [token.strip(" \t") for token in value.lower().split(",")]


def text(data: bytes) -> str:
    """The bytes of a peer: UTF-8 where they are that, Latin-1 where not (scenario data-unicode-header)."""
    try:
        return str(data, "utf-8")
    except UnicodeDecodeError:
        return str(data, "latin-1")
