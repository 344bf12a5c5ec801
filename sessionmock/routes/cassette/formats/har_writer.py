"""HAR 1.2 as it is written: what a browser would show, and beside it, under `_sessionmock`, what HAR has no place for.

A failure stands there as browsers write it, with status 0 and `_error`, and once more under `_sessionmock`.
"""
from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from ....errors import Code
from ....models.message import Headers, header
from ..interaction import LEFT, REPLACED, Extra, Failure, Interaction, RecordedRequest, Tape
from .charsets import charset_of, decoded
from .codings import repaired, undone
from .fields import apart
from .har import EXTRA, NEVER
from .vcr_tree import CUT, failure_tree


def encode(tape: Tape) -> dict[str, Any]:
    """The tree of `tape`: its `metadata`, but ours, and the unknown keys of vcrpy's responses have no place in a HAR."""
    ours, replaced = tape.metadata.get("sessionmock"), tape.metadata.get(REPLACED)
    return {"log": {
        "version": "1.2",
        "creator": {"name": "sessionmock", "version": ""},
        **({EXTRA: ours} if isinstance(ours, str) else {}),
        **({"comment": replaced} if isinstance(replaced, str) else {}),
        "entries": [_entry(interaction) for interaction in tape.interactions],
    }}


def _entry(interaction: Interaction) -> dict[str, Any]:
    request, response, extra = interaction.request, interaction.response, interaction.extra
    shown = undone(response.headers, response.body)
    ours: dict[str, Any] = {}
    if shown is not response.body:
        ours["body"] = base64.b64encode(response.body).decode()
    if repaired(apart(response.headers), response.body) is not response.headers:
        ours["exact"] = True
    if extra.informational:
        ours["informational"] = [{"status": head.status, "reason": head.reason, "headers": _fields(head.headers)}
                                 for head in extra.informational]
    if extra.trailers:
        ours["trailers"] = _fields(extra.trailers)
    if extra.chunks:
        ours["chunks"] = [[start, time] for start, time in extra.chunks]
    if extra.metrics:
        ours["metrics"] = extra.metrics
    if extra.cut:
        ours[CUT] = True
    if extra.failure:
        ours |= failure_tree(extra.failure)
    post = _post(request, ours)
    timings = _timings(extra)
    return {
        "startedDateTime": _stamp(extra.recorded_at),
        "time": sum(time for name, time in timings.items() if name != "ssl" and time > 0),
        "request": {
            "method": request.method, "url": request.uri, "httpVersion": extra.http_version, "cookies": [],
            "headers": _fields(request.headers), "queryString": _query(request.uri), **({} if post is None else {"postData": post}),
            "headersSize": -1, "bodySize": len(request.body or b""),
        },
        "response": {
            "status": response.status, "statusText": response.reason, "httpVersion": extra.http_version, "cookies": [],
            "headers": _fields(response.headers), "content": _content(response.headers, shown, extra.lost),
            "redirectURL": header(response.headers, "location") or "", "headersSize": -1, "bodySize": len(response.body),
            **({"_error": _error(extra.failure)} if extra.failure else {}),
        },
        "cache": {},
        "timings": timings,
        **({EXTRA: ours} if ours else {}),
    }


def _error(failure: Failure) -> str:
    return "the reader left" if failure == LEFT else f"{Code(failure.code).name.lower().replace('_', ' ')} ({failure.code}): {failure.text}"


def _timings(extra: Extra) -> dict[str, float]:
    """How long each phase took, in milliseconds: -1 for one that was not there, 0 for one that has to be said and was not measured."""
    measured = extra.metrics

    def phase(start: str, end: str) -> float:
        return (measured[end] - measured[start]) / 1000 if start in measured and end in measured else -1

    if "response_start" not in measured:
        return {"send": 0, "wait": 0, "receive": extra.chunks[-1][1] if extra.chunks else 0}
    return {
        "dns": phase("domain_lookup_start", "domain_lookup_end"), "connect": phase("connect_start", "connect_end"),
        "ssl": phase("secure_connection_start", "secure_connection_end"), "send": max(0, phase("request_start", "request_end")),
        "wait": max(0, phase("request_end", "response_start")), "receive": max(0, phase("response_start", "response_end")),
    }


def _fields(headers: Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def _query(uri: str) -> list[dict[str, str]]:
    try:
        query = urlsplit(uri).query
    except ValueError:
        return []
    pairs = (part.partition("=") for part in query.split("&") if part)
    return [{"name": name, "value": value} for name, _, value in pairs]


def _content(headers: Headers, body: bytes, lost: int) -> dict[str, Any]:
    kind = header(headers, "content-type")
    content: dict[str, Any] = {"size": lost or len(body), "mimeType": kind or ""}
    if lost:
        return content
    text = decoded(body, charset_of(kind))
    if text is None:
        return content | {"text": base64.b64encode(body).decode(), "encoding": "base64"}
    return content | {"text": text}


def _post(request: RecordedRequest, ours: dict[str, Any]) -> dict[str, Any] | None:
    if request.body is None:
        return None
    kind = header(request.headers, "content-type")
    text = decoded(request.body, charset_of(kind))
    if text is None:
        ours["request_base64"] = True
        text = base64.b64encode(request.body).decode()
    return {"mimeType": kind or "", "text": text}


def _stamp(at: datetime | None) -> str:
    return NEVER if at is None else at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
