"""Requests made ready: why one cannot be sent, and the fields that it goes out with."""
from __future__ import annotations

import pytest

from sessionmock import InputStream, URLRequest
from sessionmock.core.preparation import announced, announced_length, completed, refusal
from sessionmock.models.message import Headers


@pytest.mark.parametrize(("url", "redirected", "code"), [
    ("https://a.test/", False, None), ("HTTP://a.test", False, None), ("data:,x", False, None), ("file:///x", False, None),
    (None, False, -1002), ("ftp://a.test/", False, -1002), ("no-url", False, -1002), ("data:,x", True, -1002), ("file:///x", True, -1002),
    ("http://", False, -1000), ("http://a.test:port/", False, -1000), ("http://[::1/", False, -1000),
])
def test_what_cannot_be_sent(url: str | None, redirected: bool, code: int | None) -> None:
    """No URL, one that is none, a scheme that nothing serves; a server leads to no local file."""
    error = refusal(URLRequest(url), None, redirected=redirected)
    assert code == (None if error is None else error.code)
    if error is not None:
        assert url == error.failure_url_string


@pytest.mark.parametrize(("url", "redirected", "said"), [
    ("a.test/x", False, "write https://"), ("localhost:8080/x", False, "'localhost'"), ("ftp://a.test/", False, "'ftp'"),
    ("file:///x", True, "nothing that is local"), ("http:///x", False, "http://HOST/PATH"), ("http://a b/", False, "'a b'"),
    ("http://a.test:99999/", False, "'99999'"),
])
def test_what_cannot_be_sent_says_why(url: str, redirected: bool, said: str) -> None:
    """With the value and the way out."""
    assert said in str(refusal(URLRequest(url), None, redirected=redirected))


@pytest.mark.parametrize("url", ["ws://a.test/", "wss://a.test/", "WS://a.test/", "gopher://a.test/"])
@pytest.mark.parametrize("redirected", [False, True])
def test_what_no_http_task_speaks_is_refused(url: str, redirected: bool) -> None:
    """A WebSocket is for a task of its own; neither asked for nor led to."""
    error = refusal(URLRequest(url), None, redirected=redirected)
    assert error is not None
    assert -1002 == error.code


def test_any_scheme_where_something_serves_it() -> None:
    """As where protocol classes are asked first."""
    assert refusal(URLRequest("my:x"), None, any_scheme=True) is None


@pytest.mark.parametrize(("method", "body", "code"), [("GET", b"x", -1103), ("GET", b"", None), ("GET", None, None), ("POST", b"x", None)])
def test_a_get_has_no_body(method: str, body: bytes | None, code: int | None) -> None:
    """I27; an empty one is none."""
    error = refusal(URLRequest("http://a.test/", http_method=method), body)
    assert code == (None if error is None else error.code)


@pytest.mark.parametrize(("value", "length"), [("12", 12), (" 7 ", 7), ("", -1), ("-1", -1), ("\u0663", -1), ("1e3", -1), ("9" * 19, -1)])
def test_a_length_that_a_request_announces(value: str, length: int) -> None:
    """A number of ASCII digits; what is none is as nothing."""
    request = URLRequest("http://a.test/")
    request.all_http_header_fields = {"Content-Length": value}
    assert length == announced_length(request)
    assert length == announced(InputStream(data=b"x" * 12), request).length


def _completed(request: URLRequest, body: bytes | None = None, *, cookies: str | None = None, is_upload: bool = False) -> Headers:
    return completed(request, body, additional=[("X-Mine", "configuration"), ("accept", "text/plain")], cookies=cookies,
                     defaults=[("Accept", "*/*"), ("User-Agent", "ours")], is_upload=is_upload).headers


def test_fields_yield_to_the_requests_own() -> None:
    """I26: the configuration's to the request's, the defaults to both, whatever their case."""
    request = URLRequest("http://a.test/")
    request.set_value("request", for_http_header_field="x-mine")
    found = {name.lower(): value for name, value in _completed(request)}
    assert {"x-mine": "request", "accept": "text/plain", "user-agent": "ours"} == found


@pytest.mark.parametrize(("fields", "coding"), [
    ({"Range": "bytes=3-"}, "identity"), ({"range": "bytes=3-", "accept-encoding": "br"}, "br"), ({}, "gzip"), ({"If-Range": '"a"'}, "gzip")])
def test_a_range_is_asked_for_unencoded(fields: dict[str, str], coding: str) -> None:
    """Where the request does not say otherwise: positions count the bytes that are sent."""
    request = URLRequest("http://a.test/", all_http_header_fields=fields)
    found = completed(request, None, additional=[], cookies=None, defaults=[("Accept-Encoding", "gzip")], is_upload=False).headers
    assert [coding] == [value for name, value in found if name.lower() == "accept-encoding"]


def test_cookies_of_the_store_win() -> None:
    """I25: over a Cookie field set by hand; without any, that one goes."""
    request = URLRequest("http://a.test/")
    request.set_value("by=hand", for_http_header_field="Cookie")
    assert ["of=store"] == [value for name, value in _completed(request, cookies="of=store") if name.lower() == "cookie"]
    assert ["by=hand"] == [value for name, value in _completed(request) if name.lower() == "cookie"]


@pytest.mark.parametrize(("method", "body", "is_upload", "kind"), [
    ("POST", b"a=1", False, "application/x-www-form-urlencoded"), ("POST", b"a=1", True, None), ("PUT", b"a=1", False, None),
    ("POST", None, False, None),
])
def test_a_form_unless_it_says_otherwise(method: str, body: bytes | None, is_upload: bool, kind: str | None) -> None:
    """A POST with a body, that is no upload (scenario data-post)."""
    found = {name.lower(): value for name, value in _completed(URLRequest("http://a.test/", http_method=method), body, is_upload=is_upload)}
    assert kind == found.get("content-type")
