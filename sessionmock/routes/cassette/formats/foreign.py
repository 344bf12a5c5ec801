"""Layouts of other recorders, as trees: read into tapes, never written.

- vcrpy before 1.0: a list; a request in parts (protocol, host, port, path), response headers as lines of text
- Betamax and Ruby VCR: `http_interactions`, bodies with an encoding or in base64; Ruby VCR 1.x: a list of the same
- go-vcr 1 and 2: `code` beside a `status` of "200 OK", durations, the names of net/http
- cassetter: a `status` that is a number, bodies with a type: none, text, json (as a tree) or binary (in hexadecimal)
- DVR: a `name`, a `status` that is a number, bodies as JSON values, text or base64 by their type
"""
from __future__ import annotations

import base64
import json
import re
from typing import Any

from ....models.message import Headers, header
from ..interaction import Extra, Format, Interaction, RecordedRequest, RecordedResponse, Tape
from .codings import repaired, sized
from .texts import moment
from .vcr_tree import Misshapen, as_body, as_list, as_mapping, as_number, as_text, header_pairs, unbase64
from .vcr_yaml import typed


def recognised(tree: Any) -> Format | None:
    """Which of the layouts here `tree` has; None for none of them."""
    if isinstance(tree, list):
        request = _part(tree[:1], "request")
        return Format.RUBY_VCR if "uri" in request else Format.VCR_0
    if not isinstance(tree, dict):
        return None
    if "http_interactions" in tree:
        return Format.BETAMAX if "betamax" in str(tree.get("recorded_with", "")).lower() else Format.RUBY_VCR
    if "interactions" in tree and str(tree.get("version")) == "2":
        return Format.GO_VCR
    response = _part(tree.get("interactions"), "response")
    if isinstance(response.get("status"), dict):
        return None
    if "code" in response:
        return Format.GO_VCR
    if "status" in response and "name" in tree:
        return Format.DVR
    body = response.get("body")
    return Format.CASSETTER if isinstance(body, dict) and "type" in body else None


def decode(tree: Any, layout: Format) -> Tape:
    """The tape that `tree`, in `layout`, describes. Raises Misshapen."""
    items = tree if isinstance(tree, list) else as_list(tree[_LISTS[layout]], "the list of interactions", tree)
    return Tape([_READERS[layout](as_mapping(item, "an interaction", tree)) for item in items], format=layout)


def _part(items: Any, name: str) -> dict[str, Any]:
    """The mapping called `name` of the first item."""
    first = items[0] if isinstance(items, list) and items else None
    part = first.get(name) if isinstance(first, dict) else None
    return part if isinstance(part, dict) else {}


def _answer(status: int, reason: str, headers: Headers, body: bytes) -> RecordedResponse:
    return RecordedResponse(status, reason, repaired(headers, body), body)


# vcrpy before 1.0 ------------------------------------------------------------------------------------------------------


def _vcr_0(item: dict[str, Any]) -> Interaction:
    request = as_mapping(item.get("request"), "`request`", item)
    response = as_mapping(item.get("response"), "`response`", item)
    status = as_mapping(response.get("status"), "`status`", response)
    body = as_body(response.get("body"), response) or b""
    return Interaction(
        RecordedRequest(as_text(request.get("method"), "`method`", request), _url(request), _old_headers(request),
                        as_body(request.get("body"), request)),
        _answer(as_number(status.get("code"), "the status code", status),
                as_text(status.get("message") or "", "the status message", status), _old_headers(response), body),
    )


def _url(request: dict[str, Any]) -> str:
    """The URL of its parts; a port that its scheme implies is left out."""
    if "uri" in request or "url" in request:
        return as_text(request.get("uri", request.get("url")), "`uri`", request)
    scheme, host, path = (as_text(request.get(name), f"`{name}`", request) for name in ("protocol", "host", "path"))
    port = as_text(request.get("port") or "", "`port`", request)
    return f"{scheme}://{host}{'' if port in ('', {'http': '80', 'https': '443'}.get(scheme)) else f':{port}'}{path}"


def _old_headers(around: dict[str, Any]) -> Headers:
    """A mapping, lines of "name: value", or pairs in the list that a pickled frozenset was made of."""
    tree = around.get("headers") or []
    if isinstance(tree, dict):
        return header_pairs(tree, around)
    lines = as_list(tree, "`headers`", around)
    if len(lines) == 1 and isinstance(lines[0], list):
        lines = lines[0]
    found: Headers = []
    for line in lines:
        if isinstance(line, list) and len(line) == 2:
            name, value = line
        elif isinstance(line, (str, bytes)):
            name, _, value = as_text(line, "a header", lines).partition(":")
        else:
            raise Misshapen("a header is a line of text or a pair", lines)
        found.append((as_text(name, "a header's name", lines).strip(), as_text(value, "a header's value", lines).strip()))
    return found


# Betamax and Ruby VCR ------------------------------------------------------------------------------------------------


def _http(item: dict[str, Any]) -> Interaction:
    request = as_mapping(item.get("request"), "`request`", item)
    response = as_mapping(item.get("response"), "`response`", item)
    status = response.get("status")
    if not isinstance(status, dict):
        status = {"code": response.get("status_code", status)}
    version = as_text(response.get("http_version") or "1.1", "http_version", response)
    body = _encoded(response) or b""
    return Interaction(
        RecordedRequest(as_text(request.get("method"), "`method`", request).lstrip(":").upper(),
                        as_text(request.get("uri", request.get("url")), "`uri`", request),
                        header_pairs(request.get("headers"), request), _encoded(request)),
        _answer(as_number(status.get("code"), "the status code", status),
                as_text(status.get("message") or "", "the status message", status),
                header_pairs(response.get("headers"), response), body),
        Extra(version if "/" in version else f"HTTP/{version}", recorded_at=moment(item.get("recorded_at"))),
    )


def _encoded(around: dict[str, Any]) -> bytes | None:
    """A body of Betamax or Ruby VCR: bare, or with its encoding or in base64. An empty one was none, for a request."""
    tree = around.get("body")
    if not isinstance(tree, dict):
        return as_body(tree, around) or None
    if "base64_string" in tree:
        return _loosely(as_text(tree["base64_string"] or "", "base64_string", tree)) or None
    text = tree.get("string")
    encoding = as_text(tree.get("encoding") or "utf-8", "encoding", tree)
    if isinstance(text, str) and encoding.lower() in _ENCODINGS:
        try:
            return text.encode(encoding) or None
        except UnicodeEncodeError:    # Ruby names the encoding of bytes that its YAML holds as UTF-8
            pass
    return as_body(text, tree) or None


def _loosely(text: str) -> bytes:
    """Base64 as both of them read it: what is none of it, as a placeholder put into a body, is passed over."""
    letters = _NO_BASE64.sub("", text)
    letters = letters[:-1] if len(letters) % 4 == 1 else letters
    return base64.b64decode(letters + "=" * (-len(letters) % 4))


_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/]+")

# Encodings that requests guesses for bodies. Others are read as UTF-8: codecs of other kinds cost or do more than text needs.
_ENCODINGS = frozenset({"iso-8859-1", "latin-1", "latin1", "windows-1252", "cp1252", "utf-16", "utf-16le", "utf-16be", "utf-8-sig"})


# go-vcr --------------------------------------------------------------------------------------------------------------


def _go(item: dict[str, Any]) -> Interaction:
    request = as_mapping(item.get("request"), "`request`", item)
    response = as_mapping(item.get("response"), "`response`", item)
    code = as_number(response.get("code"), "`code`", response)
    status = as_text(response.get("status") or "", "`status`", response)
    body = as_body(response.get("body"), response) or b""
    return Interaction(
        RecordedRequest(as_text(request.get("method") or "GET", "`method`", request),    # net/http: "" is GET
                        as_text(request.get("url"), "`url`", request),
                        header_pairs(request.get("headers"), request), as_body(request.get("body"), request) or None),
        _answer(code, status.removeprefix(str(code)).strip(), header_pairs(response.get("headers"), response), body),
        Extra(_protocol(response), trailers=header_pairs(response.get("trailer"), response)),
    )


def _protocol(response: dict[str, Any]) -> str:
    version = as_text(response.get("proto") or "HTTP/1.1", "proto", response)
    return "HTTP/2" if version == "HTTP/2.0" else version


# DVR -----------------------------------------------------------------------------------------------------------------


def _dvr(item: dict[str, Any]) -> Interaction:
    request = as_mapping(item.get("request"), "`request`", item)
    response = as_mapping(item.get("response"), "`response`", item)
    asked, answered = header_pairs(request.get("headers"), request), header_pairs(response.get("headers"), response)
    body = _by_type(response, answered) or b""
    return Interaction(
        RecordedRequest(as_text(request.get("method") or "GET", "`method`", request), as_text(request.get("url"), "`url`", request),
                        asked, _by_type(request, asked)),
        _answer(as_number(response.get("status"), "`status`", response), "", sized(answered, body), body),
        Extra(recorded_at=moment(item.get("recorded_at"))),
    )


def _by_type(around: dict[str, Any], headers: Headers) -> bytes | None:
    """A body as the type in `headers` says: text, a JSON value, or base64."""
    node, kind = around.get("body"), header(headers, "content-type") or ""
    if kind.startswith("application/json") and node is not None:
        return json.dumps(node).encode()
    if kind.startswith("text/") or not isinstance(node, str):
        return as_body(node, around)
    return unbase64(node, around)


# cassetter -----------------------------------------------------------------------------------------------------------


def _cassetter(item: dict[str, Any]) -> Interaction:
    request = as_mapping(item.get("request"), "`request`", item)
    response = as_mapping(item.get("response"), "`response`", item)
    headers, body = header_pairs(response.get("headers"), response), _of_type(response) or b""
    return Interaction(
        RecordedRequest(as_text(request.get("method"), "`method`", request), as_text(request.get("uri"), "`uri`", request),
                        header_pairs(request.get("headers"), request), _of_type(request)),
        _answer(as_number(response.get("status"), "`status`", response), "", sized(headers, body) if body else headers, body),
        Extra(recorded_at=moment(item.get("recorded_at"))),
    )


def _of_type(around: dict[str, Any]) -> bytes | None:
    body = as_mapping(around.get("body") or {}, "`body`", around)
    content, kind = body.get("content"), body.get("type")
    if kind == "json":
        return json.dumps(typed(content), default=str).encode()
    if kind == "binary":
        try:
            return bytes.fromhex(as_text(content or "", "`content`", body))
        except ValueError:
            raise Misshapen("a binary body is in hexadecimal", body) from None
    return as_body(content, body)


_LISTS = {Format.BETAMAX: "http_interactions", Format.RUBY_VCR: "http_interactions", Format.GO_VCR: "interactions",
          Format.DVR: "interactions", Format.CASSETTER: "interactions"}
_READERS = {Format.VCR_0: _vcr_0, Format.BETAMAX: _http, Format.RUBY_VCR: _http, Format.GO_VCR: _go,
            Format.DVR: _dvr, Format.CASSETTER: _cassetter}
