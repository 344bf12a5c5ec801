"""vcrpy's layout, version 1, as a tree of mappings, lists and scalars: the same for its YAML and its JSON files.

    interactions: [{request: {method, uri, body, headers}, response: {status: {code, message}, headers, body: {string}}}]
    version: 1

Headers are name -> list of values. vcrpy keeps keys of the response that it does not know, and of a request header
the first value only; so all that it cannot say stands under `sessionmock` in the response. Where both say the same
thing and differ (a file edited by hand), vcrpy's part holds.
"""
from __future__ import annotations

import base64
import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from ....errors import Code
from ....models.message import Headers, ResponseHead, header
from ..interaction import LEFT, METRICS, Extra, Failure, Format, Interaction, RecordedRequest, RecordedResponse, Tape
from .codings import repaired, sized
from .texts import body_text, from_bytes, moment, text, wire_text
from .vcr_yaml import YAMLError, typed

EXTRA = "sessionmock"
CUT = "request_cut"
NO_ANSWER = 599    # stands where a failure came before a head: every client of vcrpy's takes it for an error, as it would not take 0

Writer = Callable[[str], str | bytes]
Writers = tuple[Writer, Writer]    # of text, and of what went over the wire as a header's value


class Misshapen(Exception):
    """The tree is no cassette. `node` is the innermost mapping or list around what is wrong."""

    def __init__(self, message: str, node: Any) -> None:
        super().__init__(message)
        self.node = node


def line_of(error: Misshapen | YAMLError) -> int | None:
    """The line that `error` speaks of, where the tree knows it."""
    return error.line if isinstance(error, YAMLError) else getattr(error.node, "line", None)


def decode(tree: Any) -> Tape:
    """The tape that `tree` describes. Raises Misshapen."""
    if not isinstance(tree, dict) or not isinstance(tree.get("interactions"), list):
        raise Misshapen("a cassette is a mapping with a list called `interactions`", tree)
    if str(tree.get("version", 1)) != "1":
        raise Misshapen(f"version {tree['version']} of the format is not known (1 is)", tree)
    metadata = tree.get("metadata") or {}
    interactions = [decode_item(item, tree) for item in tree["interactions"]]
    return Tape(interactions, as_mapping(metadata, "metadata", tree), Format.VCR_YAML)


def encode(tape: Tape, *, binary: bool = True) -> dict[str, Any]:
    """The tree of `tape`. Without `binary` nothing in it is bytes, and a body that is not text stands there as base64."""
    writers: Writers = (text, wire_text) if binary else (str, str)
    tree: dict[str, Any] = {"interactions": [_item(interaction, *writers) for interaction in tape.interactions]}
    if tape.metadata:
        tree["metadata"] = tape.metadata
    return tree | {"version": 1}


def decode_item(item: Any, around: Any) -> Interaction:
    """One interaction of the list. Raises Misshapen."""
    item = as_mapping(item, "an interaction", around)
    request = as_mapping(item.get("request"), "`request`", item)
    response = as_mapping(item.get("response"), "`response`", item)
    ours = as_mapping(response.get(EXTRA) or {}, f"`{EXTRA}`", response)
    old = "status_code" in response
    status = as_mapping({"code": response["status_code"]} if old else response.get("status"), "`status`", response)
    reason = as_text(status.get("message") or "", "the status message", status)
    extra = Extra(
        as_text(ours.get("http_version") or (old and response.get("http_version")) or "HTTP/1.1", "http_version", response),
        [_head(head, ours) for head in as_list(ours.get("informational"), "informational", ours)],
        _pairs(ours.get("trailers"), ours),
        _chunks(ours.get("chunks"), ours),
        {key: typed(value) for key, value in response.items() if key not in (_OLD_HTTPX if old else _KNOWN)},
        moment(ours.get("recorded_at")),
        _metrics(ours.get("metrics"), ours),
        *(_told(ours) if ours else ()),
    )
    headers = _headers(response.get("headers"), ours.get("response_headers"), response, whole=True)
    place = "content" if old else "body"
    body = _any_body(response, place) or b""
    if body and place not in response:    # a tree, whose text may have had another length
        headers = sized(headers, body)
    code = as_number(status.get("code"), "the status code", status)
    return Interaction(
        RecordedRequest(
            as_text(request.get("method"), "`method`", request),
            as_text(request.get("uri", request.get("url")), "`uri`", request),
            _headers(request.get("headers"), ours.get("request_headers"), request, whole=False),
            request_body(request),
        ),
        RecordedResponse(
            0 if code == NO_ANSWER and extra.failure is not None else code,
            reason or as_text(ours.get("reason") or "", "reason", ours),
            headers if ours.get("exact") else repaired(headers, body),
            body,
        ),
        extra,
    )


def request_body(request: dict[str, Any]) -> bytes | None:
    """The body of the mapping of a request. Raises Misshapen.

    Of aiohttp, vcrpy keeps what stood under json= or data= as the tree that it was.
    """
    node = request.get("body")
    if isinstance(node, dict) and not node.keys() & {"string", "base64_string"}:
        kind = header(header_pairs(request.get("headers"), request), "content-type") or ""
        return urlencode(typed(node), doseq=True).encode() if "x-www-form-urlencoded" in kind else _json(node)
    if isinstance(node, list) and any(isinstance(piece, dict) for piece in node):
        return _json(node)
    return _any_body(request, "body")


def _json(node: Any) -> bytes:
    return json.dumps(typed(node), default=str).encode()


def _any_body(around: dict[str, Any], name: str) -> bytes | None:
    """A body, or what stands in its place where a serializer of a project's own wrote it as a tree."""
    if name not in around and "parsed_body" in around:
        return _json(around["parsed_body"])
    return as_body(around.get(name), around)


_KNOWN = frozenset({"status", "headers", "body", "parsed_body", EXTRA})
_OLD_HTTPX = frozenset({"status_code", "http_version", "headers", "content", EXTRA})    # what vcrpy 4.1 to 5.1 wrote for httpx


def _item(interaction: Interaction, text: Writer, wire_text: Writer) -> dict[str, Any]:
    request, response, extra = interaction.request, interaction.response, interaction.extra
    asked, more = _mapped(tuple(request.headers), text, False)
    answered, repeated = _mapped(tuple(response.headers), wire_text, True)
    ours: dict[str, Any] = {}
    if extra.http_version != "HTTP/1.1":
        ours["http_version"] = extra.http_version
    if not response.reason.isascii():    # vcrpy hands it to httpx as ASCII
        ours["reason"] = text(response.reason)
    if more:
        ours["request_headers"] = _listed(request.headers, text)
    if repeated:
        ours["response_headers"] = _listed(response.headers, text)
    if repaired(response.headers, response.body) is not response.headers:
        ours["exact"] = True    # the server said a coding that the body does not have
    if extra.informational:
        ours["informational"] = [
            {"status": head.status, "reason": text(head.reason), "headers": _listed(head.headers, text)}
            for head in extra.informational
        ]
    if extra.trailers:
        ours["trailers"] = _listed(extra.trailers, text)
    if extra.chunks:
        ours["chunks"] = " ".join(f"{start}@{time}" for start, time in extra.chunks)
    if extra.metrics:
        ours["metrics"] = " ".join(f"{name}@{number}" for name, number in extra.metrics.items())
    if extra.cut:
        ours[CUT] = True
    if extra.failure:
        ours |= failure_tree(extra.failure)
    if extra.lost:
        ours["lost"] = extra.lost
    if extra.recorded_at:
        ours["recorded_at"] = extra.recorded_at.isoformat()
    return {
        "request": {
            "body": None if request.body is None else _body(request.body, text),
            "headers": asked,
            "method": text(request.method),
            "uri": text(request.uri),
        },
        "response": {
            "body": answer if isinstance(answer := _body(response.body, text), dict) else {"string": answer},
            "headers": answered,
            **({EXTRA: ours} if ours else {}),
            "status": {"code": NO_ANSWER if extra.failure and not response.status else response.status,
                       "message": response.reason if response.reason.isascii() else ""},
            **extra.unknown,
        },
    }


def _body(body: bytes, writer: Writer) -> str | bytes | dict[str, str]:
    """Text where it is text, else bytes or, where `writer` writes none, what readers of Betamax's files know."""
    plain = body_text(body)
    return {"base64_string": base64.b64encode(body).decode()} if writer is str and isinstance(plain, bytes) else plain


# Failures ------------------------------------------------------------------------------------------------------------


def failure_tree(failure: Failure) -> dict[str, Any]:
    """What says how an answer ended that is not whole."""
    if failure.code == LEFT.code:
        return {"incomplete": True}
    told = {"code": Code(failure.code).name, "text": failure.text, "cause": failure.cause}
    return {"failure": {name: value for name, value in told.items() if value}}


def _told(ours: dict[str, Any]) -> tuple[bool, Failure | None, int]:
    """Whether the request's body was not sent to its end, how the answer failed, and how much of it was lost. Raises Misshapen."""
    return is_cut(ours), failure_of(ours), as_number(ours["lost"], "`lost`", ours) if ours.get("lost") else 0


def is_cut(ours: dict[str, Any]) -> bool:
    """Whether they say that the request's body was not sent to its end."""
    return CUT in ours and str(ours[CUT]).lower() == "true"


def failure_of(ours: dict[str, Any]) -> Failure | None:
    """What `failure_tree` said. Raises Misshapen."""
    if "incomplete" in ours and str(ours["incomplete"]).lower() == "true":
        return LEFT
    if "failure" not in ours:
        return None
    told = as_mapping(ours["failure"], "`failure`", ours)
    name = as_text(told.get("code"), "the code of a failure", told)
    if name not in Code.__members__:
        raise Misshapen(f"the code of a failure is a name of URLError.Code, not {name!r}", told)
    return Failure(Code[name], as_text(told.get("text") or "", "`text`", told), as_text(told.get("cause") or "", "`cause`", told))


# Headers -------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _mapped(headers: tuple[tuple[str, str], ...], writer: Writer, answered: bool) -> tuple[dict[str | bytes, list[str | bytes]], bool]:
    """The mapping of names to values, and whether it does not say all: remembered, because most headers come again and again."""
    grouped: dict[str, list[str]] = {}
    for name, value in headers:
        grouped.setdefault(name, []).append(value)
    if answered:
        partial = tuple((name, value) for name, values in grouped.items() for value in values) != headers
    else:
        partial = len({name.lower() for name in grouped}) != len(headers)
    names = str if writer is str else text
    return {names(name): [writer(value) for value in values] for name, values in grouped.items()}, partial


def _listed(headers: Headers, text: Writer) -> list[list[str | bytes]]:
    return [[text(name), text(value)] for name, value in headers]


def header_pairs(tree: Any, around: Any) -> Headers:
    """The pairs of a mapping of names to a value or a list of values, or of a list of such pairs, as vcrpy wrote it for Tornado."""
    found: Headers = []
    pairs = isinstance(tree, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in tree)
    for name, values in tree if pairs else as_mapping(tree or {}, "`headers`", around).items():
        for value in values if isinstance(values, list) else [values]:
            found.append((as_text(name, "a header's name", tree), as_text("" if value is None else value, f"the header {name}", tree)))
    return found


def _headers(tree: Any, exact: Any, around: Any, *, whole: bool) -> Headers:
    """The pairs of a header mapping; `exact` says their order and repeats, so far as it still says the same.

    vcrpy sorts the names and (`whole` False) keeps the first value of each when it writes a file anew.
    """
    found = header_pairs(tree, around)
    if exact is not None:
        pairs = _pairs(exact, around)
        if (sorted(pairs) == sorted(found)) if whole else (_firsts(pairs) == _firsts(found)):
            return pairs
    return found


def _firsts(headers: Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in reversed(headers)}


def _pairs(tree: Any, around: Any) -> Headers:
    pairs = []
    for pair in as_list(tree, "a list of headers", around):
        if not isinstance(pair, list) or len(pair) != 2:
            raise Misshapen(f"a header is a list of name and value, not {_shown(pair)}", tree)
        pairs.append((as_text(pair[0], "a header's name", pair), as_text(pair[1], "a header's value", pair)))
    return pairs


def _head(tree: Any, around: Any) -> ResponseHead:
    head = as_mapping(tree, "an informational response", around)
    reason = as_text(head.get("reason") or "", "reason", head)
    return ResponseHead(as_number(head.get("status"), "`status`", head), _pairs(head.get("headers"), head), reason)


def _chunks(tree: Any, around: Any) -> list[tuple[int, int]]:
    parts = [part.partition("@") for part in as_text(tree or "", "chunks", around).split()]
    try:
        return [(int(start), int(time)) for start, _, time in parts]
    except ValueError:
        raise Misshapen(f"`chunks` holds <first byte>@<milliseconds> and blanks, not {_shown(tree)}", around) from None


def _metrics(tree: Any, around: Any) -> dict[str, int]:
    parts = [part.partition("@") for part in as_text(tree or "", "metrics", around).split()]
    return {name: as_number(number, f"the metric {name}", around) for name, _, number in parts if name in METRICS}


# Shapes --------------------------------------------------------------------------------------------------------------


def as_mapping(node: Any, what: str, around: Any) -> dict[str, Any]:
    """`node`, which has to be a mapping; `what` and `around` are for Misshapen."""
    if isinstance(node, dict):
        return node
    raise Misshapen(f"{what} is a mapping, not {_shown(node)}", around)


def as_list(node: Any, what: str, around: Any) -> list[Any]:
    """`node`, a list or nothing."""
    if node is None:
        return []
    if isinstance(node, list):
        return node
    raise Misshapen(f"{what} is a list, not {_shown(node)}", around)


def as_text(node: Any, what: str, around: Any) -> str:
    """`node`, text in any form."""
    if isinstance(node, str):
        return str(node)
    if isinstance(node, bytes):
        return from_bytes(node)
    if isinstance(node, int) and not isinstance(node, bool):
        return str(node)
    raise Misshapen(f"{what} is text, not {_shown(node)}", around)


def as_number(node: Any, what: str, around: Any) -> int:
    """`node`, a number of at most nine digits; some languages write each as 200.0."""
    if type(node) is float and node.is_integer():
        node = int(node)
    if isinstance(node, int | str) and type(node) is not bool and (text := str(node)).isdecimal() and len(text) <= 9:
        return int(text)
    raise Misshapen(f"{what} is a number, not {_shown(node)}", around)


def as_body(node: Any, around: Any) -> bytes | None:
    """A body of any shape met: null, text, bytes, `{string: ...}`, or the list of an iterator's pieces."""
    if isinstance(node, dict):
        if "base64_string" in node:
            return unbase64(as_text(node["base64_string"] or "", "base64_string", node), node)
        node = node.get("string")
    if node is None or isinstance(node, bytes):
        return node
    if isinstance(node, str):
        return node.encode("utf-8", "surrogatepass")
    if isinstance(node, list):
        return b"".join(as_body(piece, node) or b"" for piece in node)
    raise Misshapen(f"a body is text or bytes, not {_shown(node)}", around)


def unbase64(text: str, around: Any) -> bytes:
    """The bytes that `text` stands for, blanks left out."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except ValueError as error:
        raise Misshapen(f"base64 that is not: {error}", around) from None


def _shown(node: Any) -> str:
    return "nothing" if node is None else f"{type(node).__name__} {str(node)[:60]!r}"
