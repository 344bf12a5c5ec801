"""HAR 1.2 (the W3C draft "HTTP Archive format"), as browsers, Playwright, mitmproxy, Polly and Replay write it.

Entries without an answer (status 0: blocked, failed, aborted) and those of WebSockets (101) are left out, but for the failures
that we recorded: those stand there as browsers write them, with status 0 and `_error`, and once more under `_sessionmock`. A body stands
there decoded, whatever its Content-Encoding says; what a browser would show is what is written too, and the exact bytes
stand beside it under `_sessionmock`, with all else that HAR has no place for.
"""
from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from ....errors import Code
from ....models.message import Headers, ResponseHead, header
from ..interaction import LEFT, METRICS, Extra, Failure, Format, Interaction, RecordedRequest, RecordedResponse, Tape
from .codings import repaired, undone
from .texts import moment
from .vcr_tree import Misshapen, as_list, as_mapping, as_number, as_text, failure_of, failure_tree, header_pairs, unbase64

EXTRA = "_sessionmock"

Attached = Callable[[str], bytes | None]    # the bytes of a file that a HAR names beside itself; None where there is none

_NEVER = "1970-01-01T00:00:00.000Z"    # a time has to be there
_ATTACHED_NAME = re.compile(r"[0-9a-f]{40}(?:\.[A-Za-z0-9]{1,10})?")    # Playwright's: the digest of what is in it


def decode(tree: Any, attached: Attached) -> Tape:
    """The tape of a HAR. Raises Misshapen."""
    log = as_mapping(tree["log"], "`log`", tree)
    entries = [as_mapping(entry, "an entry", log) for entry in as_list(log.get("entries"), "`entries`", log)]
    if all("_order" in entry for entry in entries):    # Polly's
        entries.sort(key=lambda entry: as_number(entry["_order"], "`_order`", entry))
    ours = {"sessionmock": log[EXTRA]} if isinstance(log.get(EXTRA), str) else {}
    return Tape([found for entry in entries if (found := _interaction(entry, attached)) is not None], ours, Format.HAR)


def _interaction(entry: dict[str, Any], attached: Attached) -> Interaction | None:
    request = as_mapping(entry.get("request"), "`request`", entry)
    response = as_mapping(entry.get("response") or {"status": 0}, "`response`", entry)
    ours = as_mapping(entry.get(EXTRA) or {}, f"`{EXTRA}`", entry)
    failure = failure_of(ours)
    if response.get("status") in (-1, 0, "0", None) and failure is None:
        return None
    status = as_number(response["status"], "`status`", response)
    if status == 101:
        return None
    headers = _headers(response.get("headers"), response)
    body = _body(as_mapping(response.get("content") or {}, "`content`", response), "_order" in entry, attached)
    if "body" in ours:
        exact = unbase64(as_text(ours["body"], "`body`", ours), ours)
        if undone(headers, exact) == body:    # else the content was edited, which holds
            body = exact
    return Interaction(
        RecordedRequest(as_text(request.get("method"), "`method`", request), as_text(request.get("url"), "`url`", request),
                        _headers(request.get("headers"), request), _asked(request, ours, attached)),
        RecordedResponse(status, as_text(response.get("statusText") or "", "`statusText`", response),
                         headers if ours.get("exact") else repaired(headers, body), body),
        Extra(
            _version(response.get("httpVersion")),
            [_head(head, ours) for head in as_list(ours.get("informational"), "informational", ours)],
            _headers(ours.get("trailers"), ours),
            [_chunk(chunk, ours) for chunk in as_list(ours.get("chunks"), "chunks", ours)],
            recorded_at=_started(entry),
            metrics={name: as_number(number, f"the metric {name}", ours)
                     for name, number in as_mapping(ours.get("metrics") or {}, "`metrics`", ours).items() if name in METRICS},
            failure=failure,
        ),
    )


def _version(version: Any) -> str:
    """The version as the wire says it: browsers write h2, HTTP/2.0, http/2.0 or nothing."""
    name = str(version or "").lower()
    return {"h2": "HTTP/2", "http/2.0": "HTTP/2", "http/2": "HTTP/2", "h3": "HTTP/3", "http/3": "HTTP/3", "http/3.0": "HTTP/3",
            "http/1.0": "HTTP/1.0"}.get(name, "HTTP/1.1")


def _headers(tree: Any, around: dict[str, Any]) -> Headers:
    """Pairs, in order; the pseudo fields of HTTP/2 that Chrome lists are none. Polly writes the values of one name as a list."""
    if isinstance(tree, dict):
        return header_pairs(tree, around)
    found: Headers = []
    for field in as_list(tree, "`headers`", around):
        as_mapping(field, "a header", around)
        name, value = as_text(field.get("name"), "a header's name", field), field.get("value")
        if not name.startswith(":"):
            values = value if isinstance(value, list) else [value]
            found += [(name, as_text("" if one is None else one, f"the header {name}", field)) for one in values]
    return found


def _body(content: dict[str, Any], polly: bool, attached: Attached) -> bytes:
    """The body of an answer: text, base64, Polly's list of pieces, or a file that Playwright attached."""
    if "_file" in content:
        return _file(content, attached)
    text = content.get("text")
    if text is None:
        return b""
    if not isinstance(text, str):
        raise Misshapen("the text of a body is text", content)
    flagged = content.get("encoding") == "base64"
    if text.startswith('["') and polly and (pieces := _pieces(text)) is not None:
        return pieces
    return unbase64(text, content) if flagged else text.encode("utf-8", "surrogatepass")


def _pieces(text: str) -> bytes | None:
    """What Polly made of an encoded body: a JSON list of its pieces, in base64, or in hexadecimal up to its version 5."""
    try:
        pieces = json.loads(text)
        for read in (bytes.fromhex, lambda piece: base64.b64decode(piece, validate=True)):
            try:
                return b"".join(read(piece) for piece in pieces)
            except ValueError:
                continue
    except (ValueError, TypeError, RecursionError):
        pass
    return None


def _file(content: dict[str, Any], attached: Attached) -> bytes:
    name = as_text(content["_file"], "`_file`", content)
    data = attached(name) if _ATTACHED_NAME.fullmatch(name) else None
    if data is None:
        raise Misshapen(f"the attached file {name!r} is not there, or its name is none that Playwright gives", content)
    return data


def _asked(request: dict[str, Any], ours: dict[str, Any], attached: Attached) -> bytes | None:
    """The request's body; HAR has no flag for base64, but some writers do, and a size that fits only the bytes tells."""
    post = request.get("postData")
    if post is None:
        return None
    post = as_mapping(post, "`postData`", request)
    if "_file" in post:
        return _file(post, attached)
    text = post.get("text")
    if text is None and post.get("params"):
        params = [as_mapping(param, "a parameter", post) for param in as_list(post["params"], "`params`", post)]
        pairs = [(as_text(param.get("name"), "`name`", param), as_text(param.get("value") or "", "`value`", param)) for param in params]
        return urlencode(pairs).encode("ascii")
    text = as_text("" if text is None else text, "`text`", post)
    size = request.get("bodySize")
    if post.get("encoding") == "base64" or ours.get("request_base64"):
        return unbase64(text, post)
    body = text.encode("utf-8", "surrogatepass")
    if isinstance(size, int) and size != len(body) and (size + 2) // 3 * 4 == len(body):
        try:
            return base64.b64decode(body, validate=True)
        except ValueError:
            pass
    return body


def _head(tree: Any, around: Any) -> ResponseHead:
    head = as_mapping(tree, "an informational response", around)
    return ResponseHead(as_number(head.get("status"), "`status`", head), _headers(head.get("headers"), head),
                        as_text(head.get("reason") or "", "`reason`", head))


def _chunk(tree: Any, around: Any) -> tuple[int, int]:
    pair = as_list(tree, "a chunk", around)
    if len(pair) != 2:
        raise Misshapen("a chunk is its first byte and its milliseconds", around)
    return as_number(pair[0], "a chunk's first byte", around), as_number(pair[1], "a chunk's time", around)


def _started(entry: dict[str, Any]) -> datetime | None:
    started = entry.get("startedDateTime")
    return moment(started) if started != _NEVER else None


# Written -------------------------------------------------------------------------------------------------------------


def encode(tape: Tape) -> dict[str, Any]:
    """The tree of `tape`: its `metadata`, but ours, and the unknown keys of vcrpy's responses have no place in a HAR."""
    ours = tape.metadata.get("sessionmock")
    return {"log": {
        "version": "1.2",
        "creator": {"name": "sessionmock", "version": ""},
        **({EXTRA: ours} if isinstance(ours, str) else {}),
        "entries": [_entry(interaction) for interaction in tape.interactions],
    }}


def _entry(interaction: Interaction) -> dict[str, Any]:
    request, response, extra = interaction.request, interaction.response, interaction.extra
    shown = undone(response.headers, response.body)
    ours: dict[str, Any] = {}
    if shown is not response.body:
        ours["body"] = base64.b64encode(response.body).decode()
    if repaired(response.headers, response.body) is not response.headers:
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
            "headers": _fields(response.headers), "content": _content(response.headers, shown),
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


def _content(headers: Headers, body: bytes) -> dict[str, Any]:
    content: dict[str, Any] = {"size": len(body), "mimeType": header(headers, "content-type") or ""}
    text = _text(body)
    if text is None:
        return content | {"text": base64.b64encode(body).decode(), "encoding": "base64"}
    return content | {"text": text}


def _post(request: RecordedRequest, ours: dict[str, Any]) -> dict[str, Any] | None:
    if request.body is None:
        return None
    text = _text(request.body)
    if text is None:
        ours["request_base64"] = True
        text = base64.b64encode(request.body).decode()
    return {"mimeType": header(request.headers, "content-type") or "", "text": text}


def _text(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _stamp(at: datetime | None) -> str:
    return _NEVER if at is None else at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
