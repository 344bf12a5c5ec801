"""Layouts of other recorders as trees: told apart, and understood in the parts where their recorders differ."""
from __future__ import annotations

import base64
from typing import Any

import pytest

from sessionmock.errors import CassetteError
from sessionmock.routes.cassette import Format, Interaction
from sessionmock.routes.cassette.formats.foreign import decode, recognised
from sessionmock.routes.cassette.formats.vcr_tree import Misshapen

URL = "http://api.test/"


@pytest.mark.parametrize(("tree", "layout"), [
    ([], Format.VCR_0),
    ([{"request": {"uri": URL}}], Format.RUBY_VCR),
    ([{"request": {"host": "api.test"}}], Format.VCR_0),
    ({"http_interactions": [], "recorded_with": "betamax/0.8.1"}, Format.BETAMAX),
    ({"http_interactions": [], "recorded_with": "VCR 6.0.0"}, Format.RUBY_VCR),
    ({"interactions": [], "version": 2}, Format.GO_VCR),
    ({"interactions": [{"response": {"code": 200}}]}, Format.GO_VCR),
    ({"interactions": [{"response": {"status": 200}}], "name": "a"}, Format.DVR),
    ({"interactions": [{"response": {"status": 200, "body": {"type": "none"}}}]}, Format.CASSETTER),
    ({"interactions": [{"response": {"status": {"code": 200}}}], "version": 1}, None),     # vcrpy's own
    ({"interactions": [{"response": {"status": 200, "body": "text"}}]}, None),
    ({"interactions": ["text"]}, None),
    ("text", None),
])
def test_a_layout_is_known_by_its_parts(tree: Any, layout: Format | None) -> None:
    """Not by the name of a file."""
    assert layout is recognised(tree)


def told(error: Misshapen, which: str, again: Any) -> CassetteError:
    return CassetteError(f"{which}: {error}, in {error.node}")


def one(layout: Format, request: dict[str, Any], response: dict[str, Any]) -> Interaction:
    item = {"request": request, "response": response}
    tree: Any = [item] if layout is Format.VCR_0 else {"interactions": [item], "http_interactions": [item]}
    return decode(tree, layout, told).interactions[0]


@pytest.mark.parametrize(("request_", "url"), [
    ({"protocol": "https", "host": "api.test", "port": 443, "path": "/a"}, "https://api.test/a"),
    ({"protocol": "http", "host": "api.test", "port": 8080, "path": "/a"}, "http://api.test:8080/a"),
    ({"protocol": "http", "host": "api.test", "path": "/a"}, "http://api.test/a"),
    ({"url": URL}, URL),
    ({"uri": URL}, URL),
])
def test_the_url_of_vcrpy_before_1(request_: dict[str, Any], url: str) -> None:
    """Of its parts, without a port that the scheme implies; or whole."""
    found = one(Format.VCR_0, {"method": "GET", **request_}, {"status": {"code": 200, "message": "OK"}})
    assert (url, "OK") == (found.uri, found.response.reason)


@pytest.mark.parametrize(("headers", "expected"), [
    ({"A": ["1", "2"]}, [("A", "1"), ("A", "2")]),
    (["A: 1", b"B:2"], [("A", "1"), ("B", "2")]),
    ([["A", "1"], ["B", "2"]], [("A", "1"), ("B", "2")]),
    ([[["A", "1"], ["B", "2"]]], [("A", "1"), ("B", "2")]),     # a frozenset, pickled
    (None, []),
])
def test_the_headers_of_vcrpy_before_1(headers: Any, expected: list[tuple[str, str]]) -> None:
    """A mapping, lines or pairs."""
    found = one(Format.VCR_0, {"method": "GET", "uri": URL}, {"status": {"code": 200}, "headers": headers})
    assert expected == found.response.headers


def test_a_header_that_is_neither_is_told() -> None:
    """With the list that it stands in."""
    with pytest.raises(CassetteError, match=r"interaction 1: a header is a line of text or a pair, in \[7\]"):
        one(Format.VCR_0, {"method": "GET", "uri": URL, "headers": [7]}, {"status": {"code": 200}})


@pytest.mark.parametrize(("body", "expected"), [
    ("text", b"text"), (None, None), ({"string": ""}, None), ({"base64_string": "/wA="}, b"\xff\x00"), ({"base64_string": None}, None),
    ({"base64_string": "aGVsbG8<gone>"}, base64.b64decode("aGVsbG8gone=")),      # as Ruby and Python read it
    ({"base64_string": "aGVsb"}, b"hel"),                                    # a letter too many says nothing
    ({"string": "caf\xe9", "encoding": "latin-1"}, b"caf\xe9"), ({"string": "caf\xe9", "encoding": "ASCII-8BIT"}, "caf\xe9".encode()),
    ({"string": "\u20ac", "encoding": "iso-8859-1"}, "\u20ac".encode()),     # Ruby: the encoding of bytes that stand there as UTF-8
    ({"string": "a", "encoding": "utf-16le"}, b"a\x00"),
])
def test_the_bodies_of_betamax_and_ruby_vcr(body: Any, expected: bytes | None) -> None:
    """Bare, in an encoding or in base64; an empty one was none."""
    found = one(Format.RUBY_VCR, {"method": ":post", "uri": URL, "body": body}, {"status": {"code": 200}, "body": body})
    assert ("POST", expected, expected or b"") == (found.method, found.body, found.response.body)


@pytest.mark.parametrize(("response", "expected"), [
    ({"status": {"code": 200, "message": "OK"}, "http_version": "2"}, (200, "OK", "HTTP/2")),
    ({"status": 200}, (200, "", "HTTP/1.1")),
    ({"status_code": 404, "http_version": "HTTP/1.0"}, (404, "", "HTTP/1.0")),
])
def test_the_status_of_betamax_and_ruby_vcr(response: dict[str, Any], expected: tuple[int, str, str]) -> None:
    """A mapping or a number; the version with or without its name."""
    found = one(Format.BETAMAX, {"method": "GET", "url": URL}, response)
    assert expected == (found.response.status, found.response.reason, found.extra.http_version)


def test_go_vcr_names_no_method_for_get() -> None:
    """As net/http, which writes HTTP/2.0 too."""
    found = one(Format.GO_VCR, {"method": "", "url": URL, "body": ""}, {"code": 200, "status": "200 OK", "proto": "HTTP/2.0"})
    assert ("GET", None, "OK", "HTTP/2") == (found.method, found.body, found.response.reason, found.extra.http_version)


@pytest.mark.parametrize(("kind", "body", "expected"), [
    ("application/json", {"a": 1}, b'{"a": 1}'), ("application/json", None, None), ("text/plain", "/wA=", b"/wA="),
    ("image/png", "/wA=", b"\xff\x00"), ("image/png", None, None),
])
def test_the_bodies_of_dvr(kind: str, body: Any, expected: bytes | None) -> None:
    """A JSON value, text or base64, by their type."""
    found = one(Format.DVR, {"url": URL, "headers": {"Content-Type": kind}, "body": body}, {"status": 200})
    assert ("GET", expected) == (found.method, found.body)


@pytest.mark.parametrize(("body", "expected"), [
    ({"type": "none"}, None), ({"type": "text", "content": "a"}, b"a"), ({"type": "json", "content": {"a": [1]}}, b'{"a": [1]}'),
    ({"type": "binary", "content": "ff00"}, b"\xff\x00"), ({"type": "binary"}, b""), (None, None),
])
def test_the_bodies_of_cassetter(body: Any, expected: bytes | None) -> None:
    """None, text, a tree or hexadecimal; a length goes with the body that there is."""
    found = one(Format.CASSETTER, {"method": "GET", "uri": URL, "body": body},
                {"status": 200, "headers": {"content-length": ["99"]}, "body": body})
    assert (expected, str(len(expected)) if expected else "99") == (found.body, found.response.headers[0][1])


def test_hexadecimal_that_is_none_is_told() -> None:
    """With the body that it stands in."""
    with pytest.raises(CassetteError, match="hexadecimal"):
        one(Format.CASSETTER, {"method": "GET", "uri": URL, "body": {"type": "binary", "content": "xy"}}, {"status": 200})
