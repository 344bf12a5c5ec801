"""Layouts of other recorders as trees: told apart, and understood in the parts where their recorders differ."""
from __future__ import annotations

import base64
import zlib
from typing import Any

import pytest

from sessionmock.errors import CassetteError
from sessionmock.routes.cassette import Format, Interaction
from sessionmock.routes.cassette.formats.foreign import decode, recognised
from sessionmock.routes.cassette.formats.vcr_tree import Misshapen
from sessionmock.routes.cassette.formats.vcr_yaml import Plain

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
    tree: Any = [item] if layout in (Format.VCR_0, Format.EXVCR, Format.PHP_VCR) else {"interactions": [item], "http_interactions": [item]}
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


GZIPPED = zlib.compress(b"packed")


@pytest.mark.parametrize(("body", "expected", "lost"), [
    ({"encoding": "UTF-8", "file": Plain("no"), "string": "{}"}, b"{}", 0), ({"encoding": "", "string": Plain("no")}, b"", 0),
    ({"raw_gzip": base64.b64encode(GZIPPED).decode()}, b"packed", 0), ({"fields": {"a": "1 2"}}, b"a=1+2", 0),
    ({"on_disk": "a.json"}, b"", 7), ({"file": Plain("yes"), "string": "a.json"}, b"", 7), (None, b"", 0),
])
def test_the_bodies_of_rs_vcr(body: Any, expected: bytes, lost: int) -> None:
    """Those that stand in a file of the user's are lost."""
    found = one(Format.RUBY_VCR, {"method": "get", "uri": URL}, {
        "status": {"status_code": "200", "message": "OK"}, "headers": {"content-length": "7"}, "body": body})
    assert (200, expected, lost) == (found.response.status, found.response.body, found.extra.lost)


@pytest.mark.parametrize(("response", "expected"), [
    ({"status_code": 200, "body": "a", "type": "ok"}, (200, "", b"a")),
    ({"status_code": ["HTTP/1.1", 404, "Not Found"], "body": ""}, (404, "Not Found", b"")),
    ({"status_code": 200, "body": base64.b64encode(b"\x83m\0\0\0\2\xff\0").decode(), "binary": True}, (200, "", b"\xff\0")),
])
def test_exvcr(response: dict[str, Any], expected: tuple[int, str, bytes]) -> None:
    """A status alone or with its line; Erlang's binaries."""
    found = one(Format.EXVCR, {"method": "post", "url": URL, "body": "", "request_body": "a=1", "headers": []}, {"headers": {"A": "1"}, **response})
    assert ("POST", b"a=1", [("A", "1")]) == (found.method, found.body, found.response.headers)
    assert expected == (found.response.status, found.response.reason, found.response.body)


def test_failures_of_exvcr_are_left_out_and_patterns_fail_alone() -> None:
    """No recorded request is a pattern."""
    error = {"request": {"url": URL, "method": "get"}, "response": {"type": "error", "body": "nxdomain", "status_code": None}}
    pattern = {"request": {"url": "~r/.+/"}, "response": {"status_code": 200}}
    whole = {"request": {"url": URL}, "response": {"status_code": 200, "body": "a"}}
    assert Format.EXVCR is recognised([error])
    broken, found = decode([error, pattern, whole], Format.EXVCR, told).interactions
    assert ("GET", b"a") == (found.method, found.response.body)
    with pytest.raises(CassetteError, match="interaction 2: a pattern of URLs"):
        _ = broken.response


@pytest.mark.parametrize(("headers", "body", "expected"), [
    ({"Content-Type": "text/plain"}, "/wA=", b"/wA="), ({"Content-Transfer-Encoding": "binary"}, "/wA=", b"\xff\0"),
    ({"Content-Type": "application/x-gzip"}, "/wA=", b"\xff\0"),
])
def test_php_vcr(headers: dict[str, str], body: str, expected: bytes) -> None:
    """Binary bodies by their type, forms as fields, a status with its parts or alone."""
    request = {"method": "POST", "url": URL, "headers": {"Host": "api.test"}, "post_fields": {"a": "1 2"}}
    assert Format.PHP_VCR is recognised([{"request": request, "response": {"status": 200}}])
    for status in (200, {"http_version": "1.1", "code": "200", "message": "OK"}):
        found = one(Format.PHP_VCR, request, {"status": status, "headers": headers, "body": body})
        assert (b"a=1+2", 200, expected) == (found.body, found.response.status, found.response.body)
