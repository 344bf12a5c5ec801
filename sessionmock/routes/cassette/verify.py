"""A live answer held against the recorded one, place by place."""
from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from ... import shown as reported
from ...models.fields import Fields
from ...models.message import header
from .asked import Masking
from .bodies import meaning, read_body
from .formats.codings import undone
from .ignored import NOTHING, Ignored
from .interaction import Interaction, RecordedResponse
from .nearest import shown

_MOST = 50    # differences of one answer

# Headers that differ from one answer to the next, or with the connection.
_VOLATILE = (
    "age", "alt-svc", "cf-*", "connection", "content-encoding", "content-length", "date", "etag", "expires", "keep-alive", "last-modified",
    "nel", "report-to", "server-timing", "set-cookie", "transfer-encoding", "vary", "via", "x-amz*", "x-cache*", "x-ratelimit-*",
    "x-request-id", "x-runtime", "x-served-by", "x-timer", "x-trace-id",
)


class Difference(NamedTuple):
    """One place in which a live answer is not what the cassette has."""

    request: str     # method and URL
    place: str       # "status", "headers.<name>", "body", "body.<member>.<number>..."
    tape: str
    live: str

    def __str__(self) -> str:
        return f"{self.request}: {self.place}: the cassette has {self.tape}, the server gave {self.live}"


def compare(tape: Interaction | None, live: Interaction, masking: Masking | None, ignored: Ignored = NOTHING) -> list[Difference]:
    """How the answer in `live` differs from the one in `tape`, secrets and what is `ignored` aside."""
    asked = f"{live.request.method} {reported.url(live.request.uri)}"
    if tape is None:
        return [Difference(asked, "answer", "none", f"status {live.response.status}")]
    found = []
    for place, one, other in _differences(tape.response, live.response, masking):
        if not ignored.covers(place):
            found.append(Difference(asked, place, _cut(one), _cut(other)))
            if len(found) == _MOST:
                break
    return found


def _differences(tape: RecordedResponse, live: RecordedResponse, masking: Masking | None) -> Iterator[tuple[str, str, str]]:
    if tape.status != live.status:
        yield "status", str(tape.status), str(live.status)
    ours, theirs = (Fields(masking.headers(answer.headers) if masking else answer.headers) for answer in (tape, live))
    for name in dict.fromkeys((*ours, *theirs)):
        if ours.get(name) != theirs.get(name) and not any(fnmatchcase(name, pattern) for pattern in _VOLATILE):
            yield f"headers.{name}", ours.get(name) or "none", theirs.get(name) or "none"
    yield from _bodies(tape, live, masking)


def _bodies(tape: RecordedResponse, live: RecordedResponse, masking: Masking | None) -> Iterator[tuple[str, str, str]]:
    one, other = (undone(answer.headers, answer.body) for answer in (tape, live))
    if masking is not None:
        one, other = masking.body(one), masking.body(other)
    if one == other:
        return
    kind = header(live.headers, "content-type") or ""
    if "json" in kind:
        try:
            yield from _values("body", json.loads(one), json.loads(other))
            return
        except (ValueError, RecursionError):
            pass
    how = meaning(live.headers)
    if read_body(how, one) != read_body(how, other):
        yield "body", shown(one), shown(other)


def _values(place: str, one: Any, other: Any) -> Iterator[tuple[str, str, str]]:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in dict.fromkeys((*one, *other)):
            if name not in one or name not in other:
                yield f"{place}.{name}", _json(one, name), _json(other, name)
            else:
                yield from _values(f"{place}.{name}", one[name], other[name])
    elif isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            yield place, f"{len(one)} elements", f"{len(other)} elements"
        for number, (mine, theirs) in enumerate(zip(one, other, strict=False)):
            yield from _values(f"{place}.{number}", mine, theirs)
    elif type(one) is not type(other) or one != other:
        yield place, json.dumps(one), json.dumps(other)


def _json(around: dict[str, Any], name: str) -> str:
    return json.dumps(around[name]) if name in around else "none"


def _cut(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]}…"
