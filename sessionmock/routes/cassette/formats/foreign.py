"""Layouts of other recorders, as trees: read into tapes, never written.

- vcrpy before 1.0: a list; a request in parts (protocol, host, port, path), response headers as lines of text
- Betamax, Ruby VCR and R's vcr: `http_interactions`, bodies with an encoding or in base64; Ruby VCR 1.x: a list of the same
- go-vcr 1 and 2: `code` beside a `status` of "200 OK", durations, the names of net/http
- cassetter: a `status` that is a number, bodies with a type: none, text, json (as a tree) or binary (in hexadecimal)
- DVR: a `name`, a `status` that is a number, bodies as JSON values, text or base64 by their type
- exvcr: a list, `status_code` and a `type`, binary bodies as Erlang terms in base64
- php-vcr: a list, Ruby's parts with bare bodies, forms as `post_fields`

An interaction that cannot be read fails alone.
"""
from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from ....models.message import Headers, header
from ..interaction import Extra, Format, Interaction, RecordedRequest, RecordedResponse, Tape
from .broken import Place, read_each
from .charsets import encoded
from .codings import repaired, sized
from .fields import apart
from .texts import moment
from .vcr_tree import Misshapen, as_body, as_list, as_mapping, as_number, as_text, header_pairs, unbase64
from .vcr_yaml import Plain, typed


def recognised(tree: Any) -> Format | None:
    """Which of the layouts here `tree` has; None for none of them."""
    if isinstance(tree, list):
        request, response = _part(tree[:1], "request"), _part(tree[:1], "response")
        if "uri" in request:
            return Format.RUBY_VCR
        if "url" in request and "protocol" not in request:
            return Format.EXVCR if "status_code" in response else Format.PHP_VCR
        return Format.VCR_0
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


def decode(tree: Any, layout: Format, place: Place) -> Tape:
    """The tape that `tree`, in `layout`, describes; `place` tells where in its file an interaction is wrong. Raises Misshapen."""
    items = as_list(_items(tree), "the list of interactions", tree)
    read = _READERS[layout]
    return Tape(read_each(items, "interaction", lambda item: read(as_mapping(item, "an interaction", items)), _items, place), format=layout)


def _items(tree: Any) -> Any:
    return tree if isinstance(tree, list) else tree["http_interactions" if "http_interactions" in tree else "interactions"]


def _part(items: Any, name: str) -> dict[str, Any]:
    """The mapping called `name` of the first item."""
    first = items[0] if isinstance(items, list) and items else None
    part = first.get(name) if isinstance(first, dict) else None
    return part if isinstance(part, dict) else {}


def _answer(status: int, reason: str, headers: Headers, body: bytes) -> RecordedResponse:
    return RecordedResponse(status, reason, repaired(apart(headers), body), body)


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
    headers = header_pairs(response.get("headers"), response)
    version = as_text(response.get("http_version") or "1.1", "http_version", response)
    body = _encoded(response) or b""
    return Interaction(
        RecordedRequest(as_text(request.get("method"), "`method`", request).lstrip(":").upper(),
                        as_text(request.get("uri", request.get("url")), "`uri`", request),
                        header_pairs(request.get("headers"), request), _encoded(request)),
        _answer(as_number(status.get("code", status.get("status_code")), "the status code", status),
                as_text(status.get("message") or "", "the status message", status), headers, body),
        Extra(version if "/" in version else f"HTTP/{version}", recorded_at=moment(item.get("recorded_at")),
              lost=_elsewhere(response.get("body"), headers)),
    )


def _encoded(around: dict[str, Any]) -> bytes | None:
    """A body of one of these: bare, or with its encoding or in base64. An empty one was none, for a request."""
    tree = around.get("body")
    if not isinstance(tree, dict):
        return as_body(tree, around) or None
    if "base64_string" in tree:
        return _loosely(as_text(tree["base64_string"] or "", "base64_string", tree)) or None
    if "raw_gzip" in tree:    # R's
        return _inflated(_loosely(as_text(tree["raw_gzip"] or "", "raw_gzip", tree)), tree)
    if isinstance(tree.get("fields"), dict):
        return urlencode(typed(tree["fields"]), doseq=True).encode("ascii")
    text = tree.get("string")
    if _elsewhere(tree, []) or (type(text) is Plain and text in ("no", "false")):    # R says "no body" so
        return None
    if isinstance(text, str):
        return encoded(text, as_text(tree.get("encoding") or "utf-8", "encoding", tree)) or None
    return as_body(text, tree) or None


def _elsewhere(body: Any, headers: Headers) -> int:
    """The size, 1 where nobody says it, of a body that R's vcr left in a file of the user's; 0 for any other."""
    if not isinstance(body, dict) or not ("on_disk" in body or str(body.get("file")).lower() in ("yes", "true")):
        return 0
    length = header(headers, "content-length") or ""
    return max(1, int(length)) if length.isdecimal() and len(length) < 10 else 1


def _inflated(data: bytes, around: dict[str, Any]) -> bytes:
    try:
        return zlib.decompress(data, 47)    # with the frame of zlib, as R does it, or of gzip, as it says
    except zlib.error as error:
        raise Misshapen(f"raw_gzip that is not: {error}", around) from None


def _loosely(text: str) -> bytes:
    """Base64 as both of them read it: what is none of it, as a placeholder put into a body, is passed over."""
    letters = _NO_BASE64.sub("", text)
    letters = letters[:-1] if len(letters) % 4 == 1 else letters
    return base64.b64decode(letters + "=" * (-len(letters) % 4))


_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/]+")


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


# exvcr ---------------------------------------------------------------------------------------------------------------


def _exvcr(item: dict[str, Any]) -> Interaction | None:
    request = as_mapping(item.get("request"), "`request`", item)
    response = as_mapping(item.get("response"), "`response`", item)
    if response.get("type") == "error":    # no answer: the body says why
        return None
    url = as_text(request.get("url"), "`url`", request)
    if url.startswith("~r/"):
        raise Misshapen(f"a pattern of URLs, {url}, is no recorded request", request)
    status = response.get("status_code")
    version, code, reason = status if isinstance(status, list) and len(status) == 3 else ("HTTP/1.1", status, "")
    body = as_body(response.get("body"), response) or b""
    if response.get("binary") in (True, "true"):
        body = _erlang(unbase64(body.decode("utf-8", "replace"), response), response)
    return Interaction(
        RecordedRequest(as_text(request.get("method") or "GET", "`method`", request).upper(), url, header_pairs(request.get("headers"), request),
                        as_body(request.get("body") or request.get("request_body"), request) or None),
        _answer(as_number(code, "the status code", response), as_text(reason, "the reason", response),
                header_pairs(response.get("headers"), response), body),
        Extra(as_text(version, "the version", response)),
    )


def _erlang(term: bytes, around: dict[str, Any]) -> bytes:
    """The bytes in a term of Erlang's external format, which has to be a binary."""
    if term[:2] != b"\x83m" or len(term) != 6 + int.from_bytes(term[2:6], "big"):
        raise Misshapen("a binary body is a binary of Erlang's external term format", around)
    return term[6:]


# php-vcr -------------------------------------------------------------------------------------------------------------


def _php(item: dict[str, Any]) -> Interaction:
    read = _http(item)
    request, response = item["request"], read.response
    if request.get("post_fields") and not read.request.body:
        fields = as_mapping(request["post_fields"], "`post_fields`", request)
        read.request.body = urlencode(typed(fields), doseq=True).encode("ascii")
    if "application/x-gzip" in (header(response.headers, "content-type") or "") or header(
            response.headers, "content-transfer-encoding") == "binary":
        response.body = _loosely(response.body.decode("utf-8", "replace"))
    return read


_READERS: dict[Format, Callable[[dict[str, Any]], Interaction | None]] = {
    Format.VCR_0: _vcr_0, Format.BETAMAX: _http, Format.RUBY_VCR: _http, Format.GO_VCR: _go, Format.DVR: _dvr, Format.CASSETTER: _cassetter,
    Format.EXVCR: _exvcr, Format.PHP_VCR: _php,
}
