"""What came nearest to a request that nothing recorded answers, and how it differs. Slow: for reports."""
from __future__ import annotations

import heapq
import re

from ...models.message import Headers
from .asked import Asked, agree, asked_of
from .bodies import plain
from .keys import url_key
from .matching import Index

# How much a differing field speaks against a candidate.
_WEIGHTS = {"host": 16, "path": 12, "uri": 12, "method": 6, "scheme": 4, "port": 4, "query": 3, "body": 2, "raw_body": 2}


def nearest(index: Index, asked: Asked, count: int = 3) -> list[int]:
    """The positions that differ least from `asked`, by the weight of the fields; of equals the first."""
    key = url_key(asked.url)

    def weight(position: int, *, bodies: bool = False) -> tuple[int, int]:
        differing = sum(_WEIGHTS.get(name, 1) for name, _, _ in differences(index, asked, position, bodies=bodies))
        return differing, -_common(key.path, url_key(index.interactions[position].uri).path)

    likely = heapq.nsmallest(20 + count, range(len(index)), weight)    # bodies are read of these alone
    return heapq.nsmallest(count, likely, lambda position: weight(position, bodies=True))


def differences(index: Index, asked: Asked, position: int, *, bodies: bool = True) -> list[tuple[str, str, str]]:
    """(field, asked, recorded) for each field that `index` compares and in which the interaction at `position` differs.

    Without `bodies`, only what can be known without reading the interaction.
    """
    recorded = index.interactions[position]
    seen = index.comparison
    ours, theirs = (url_key(seen.url(url)) for url in (asked.url, recorded.uri))
    found = []
    for name in index.names:
        if name == "method":
            if asked.method.upper() != recorded.method.upper():
                found.append((name, asked.method, recorded.method))
        elif name == "uri":
            if seen.text(asked.url) != seen.text(recorded.uri):
                found.append((name, asked.url, recorded.uri))
        elif name == "headers":
            found += _fields(index, asked.headers, recorded.request.headers) if bodies else []
        elif name in ("body", "raw_body"):
            how = seen.meaning_of(asked) if bodies else None
            if how is not None and seen.body(how, asked.headers, asked.body) != seen.recorded(how, recorded):
                found.append((name, _body(asked.headers, asked.body), _body(recorded.request.headers, recorded.body)))
        elif (mine := getattr(ours, name)) != (other := getattr(theirs, name)):
            found.append((name, _query(mine), _query(other)) if name == "query" else (name, str(mine), str(other)))
    if bodies:
        found += [(getattr(matcher, "__name__", repr(matcher)), "no match", "") for matcher in index.custom
                  if not agree(matcher, asked, asked_of(recorded))]
    return found


def shown(body: bytes | None) -> str:
    """`body` for a reader, cut to what fits."""
    if not body:
        return "(none)"
    try:
        return _cut(body.decode())
    except UnicodeDecodeError:
        return f"{len(body)} bytes beginning {body[:16].hex(' ')}"


def _common(one: str, other: str) -> int:
    """How many characters `one` and `other` share at their start."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _fields(index: Index, asked: Headers, recorded: Headers) -> list[tuple[str, str, str]]:
    ours, theirs = map(index.comparison.fields, (asked, recorded))
    return [(f"headers[{name}]", ours.get(name) or "(none)", theirs.get(name) or "(none)")
            for name in dict.fromkeys((*ours, *theirs)) if ours.get(name) != theirs.get(name)]


def _body(headers: Headers, body: bytes | None) -> str:
    return shown(plain(headers, body) if body else None)


def _query(pairs: tuple[tuple[str, str], ...]) -> str:
    text = "&".join(f"{name}={value}" for name, value in pairs)
    return _cut(_BYTE.sub(lambda found: f"%{ord(found[0]) - 0xdc00:02X}", text)) or "(none)"


_BYTE = re.compile("[\udc80-\udcff]")    # what was no UTF-8


def _cut(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]}… ({len(text)} characters)"
