"""HAR 1.2 (the W3C draft "HTTP Archive format"), as browsers, Playwright, mitmproxy, Polly and Replay write it.

Entries without an answer (status 0: blocked, failed, aborted), of WebSockets (101) and of what is no server's (data:, blob:)
are left out, but for the failures that we recorded. A body stands there decoded, whatever its Content-Encoding says, and as
text whatever its charset; the exact bytes that we write beside it (`har_writer`) hold where they still say the same. An entry
that cannot be read fails alone, and one whose body the browser did not keep is `lost`.
"""
from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from ....models.message import Headers, ResponseHead, header
from ..interaction import METRICS, REPLACED, Extra, Format, Interaction, RecordedRequest, RecordedResponse, Tape
from .broken import Place, read_each
from .charsets import charset_of, encoded
from .codings import repaired, undone
from .fields import apart, posted
from .texts import moment
from .vcr_tree import Misshapen, as_list, as_mapping, as_number, as_text, failure_of, header_pairs, is_cut, unbase64

EXTRA = "_sessionmock"
NEVER = "1970-01-01T00:00:00.000Z"    # a time has to be there

Attached = Callable[[str], bytes | None]    # the bytes of a file that a HAR names beside itself; None where there is none

_ATTACHED_NAME = re.compile(r"[0-9a-f]{40}(?:\.[A-Za-z0-9]{1,10})?")    # Playwright's: the digest of what is in it
_URL_SAFE = str.maketrans("-_", "+/")
_NO_SERVERS = re.compile(r"(?:data|blob|about|javascript|file|wss?|chrome|[a-z]+-extension):", re.I)


def decode(tree: Any, attached: Attached, place: Place) -> Tape:
    """The tape of a HAR; `place` tells where in its file an entry is wrong. Raises Misshapen where it has no entries."""
    log = as_mapping(tree["log"], "`log`", tree)
    ours = {name: log[key] for key, name in ((EXTRA, "sessionmock"), ("comment", REPLACED)) if isinstance(log.get(key), str)}
    return Tape(read_each(_entries(log), "entry", lambda entry: _interaction(as_mapping(entry, "an entry", log), attached),
                          lambda tree: _entries(tree["log"]), place), ours, Format.HAR)


def _entries(log: dict[str, Any]) -> list[Any]:
    """In their order, which Polly says and all others mean."""
    entries = as_list(log.get("entries"), "`entries`", log)
    if all(isinstance(entry, dict) and isinstance(entry.get("_order"), int) for entry in entries):
        return sorted(entries, key=lambda entry: entry["_order"])
    return entries


def _interaction(entry: dict[str, Any], attached: Attached) -> Interaction | None:
    request = as_mapping(entry.get("request"), "`request`", entry)
    response = as_mapping(entry.get("response") or {"status": 0}, "`response`", entry)
    ours = as_mapping(entry.get(EXTRA) or {}, f"`{EXTRA}`", entry)
    failure = failure_of(ours)
    if (response.get("status") in (-1, 0, "0", "", None) and failure is None) or _NO_SERVERS.match(str(request.get("url"))):
        return None
    status = as_number(response["status"], "`status`", response)
    if status == 101:
        return None
    method = as_text(request.get("method"), "`method`", request)
    headers = _headers(response.get("headers"), response)
    content = as_mapping(response.get("content") or {}, "`content`", response)
    body = _body(content, headers, "_order" in entry, attached)
    if "body" in ours:
        exact = unbase64(as_text(ours["body"], "`body`", ours), ours)
        if undone(headers, exact) == body:    # else the content was edited, which holds
            body = exact
    lost = 0 if body or failure or method == "HEAD" else _lost(status, content, headers)
    return Interaction(
        RecordedRequest(method, as_text(request.get("url"), "`url`", request), _headers(request.get("headers"), request),
                        _asked(request, ours, attached)),
        RecordedResponse(status, as_text(response.get("statusText") or "", "`statusText`", response),
                         headers if ours.get("exact") else repaired(apart(headers), body), body),
        Extra(
            _version(response.get("httpVersion")),
            [_head(head, ours) for head in as_list(ours.get("informational"), "informational", ours)],
            _headers(ours.get("trailers"), ours),
            [_chunk(chunk, ours) for chunk in as_list(ours.get("chunks"), "chunks", ours)],
            recorded_at=_started(entry),
            metrics={name: as_number(number, f"the metric {name}", ours)
                     for name, number in as_mapping(ours.get("metrics") or {}, "`metrics`", ours).items() if name in METRICS},
            cut=is_cut(ours),
            failure=failure,
            lost=lost,
        ),
    )


def _lost(status: int, content: dict[str, Any], headers: Headers) -> int:
    """How many bytes the body had that is not there: as the recorder says, or else the server. Nobody sees that of a redirect."""
    if status in (204, 304) or (300 <= status < 400 and header(headers, "location") is not None):
        return 0
    size = content.get("size")
    if not isinstance(size, int) or size < 0:
        length = header(headers, "content-length") or ""
        size = int(length) if length.isdecimal() and len(length) < 10 else 0
    return min(size, 10**9 - 1)


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


def _body(content: dict[str, Any], headers: Headers, polly: bool, attached: Attached) -> bytes:
    """The body of an answer: text, base64, Polly's list of pieces, or a file that Playwright attached."""
    if "_file" in content:
        return _file(content, attached)
    text = content.get("text")
    if text is None:
        return b""
    if not isinstance(text, str):
        raise Misshapen("the text of a body is text", content)
    flagged = _is_flagged(content)
    if polly and text.startswith('["') and header(headers, "content-encoding") is not None:
        pieces = _pieces(text)
        if pieces is not None and (flagged or repaired(headers, pieces) is headers):
            return pieces
    return _said(text, flagged, header(headers, "content-type"), content)


def _said(text: str, flagged: bool, kind: str | None, around: dict[str, Any]) -> bytes:
    """What `text` stands for: base64 where it is `flagged` so and is some, else text in the charset of its `kind`."""
    size = around.get("size")
    if flagged and (data := _base64("".join(text.splitlines()), size)) is not None:
        return data
    return encoded(text, charset_of(kind) or charset_of(str(around.get("mimeType"))), size if isinstance(size, int) else None)


def _is_flagged(around: dict[str, Any]) -> bool:
    return str(around.get("encoding")).lower() == "base64"


def _base64(text: str, size: Any = None) -> bytes | None:
    """The bytes of `text` in either alphabet; without padding only where nothing, and not their `size` either, says that it is none."""
    try:
        padded = text.translate(_URL_SAFE) + "=" * (-len(text) % 4)
        data = base64.b64decode(padded, validate=True)
    except ValueError:    # some writers flag what is none
        return None
    whole = len(padded) == len(text) or (base64.b64encode(data).decode() == padded and size in (None, -1, len(data)))
    return data if whole else None


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
    text = as_text("" if post.get("text") is None else post["text"], "`text`", post)
    kind = header(_headers(request.get("headers"), request), "content-type")
    if not text and post.get("params"):
        return posted(as_list(post["params"], "`params`", post), kind or str(post.get("mimeType") or ""), request.get("bodySize"), post)
    if ours.get("request_base64"):
        return unbase64(text, post)
    size = request.get("bodySize")
    body = _said(text, _is_flagged(post), kind, post | {"size": size})
    if isinstance(size, int) and size != len(body) and (size + 2) // 3 * 4 == len(body) and (data := _base64(text)) is not None:
        return data
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
    return moment(started) if started != NEVER else None
