import copy
import pickle

import pytest

from sessionmock.errors import InvalidArgumentException
from sessionmock.models.message import ResponseHead
from sessionmock.models.response import HTTPURLResponse, URLResponse

URL = "http://example.com/a"


def http(*headers, status=200):
    return HTTPURLResponse(URL, status, header_fields=headers)


def test_plain_response():
    """A response of another scheme has what it was given (scenario data-scheme-data)."""
    response = URLResponse("data:text/plain;charset=utf-8,hello%20world", "text/plain", 11, "utf-8")
    assert ("text/plain", 11, "utf-8", "unknown.txt") == \
        (response.mime_type, response.expected_content_length, response.text_encoding_name, response.suggested_filename)
    bare = URLResponse(URL)
    assert (None, -1, None) == (bare.mime_type, bare.expected_content_length, bare.text_encoding_name)


@pytest.mark.parametrize(("value", "mime_type", "encoding"), [
    ("text/plain; charset=utf-8", "text/plain", "utf-8"),
    ("Text/HTML;charset=\"ISO-8859-1\"", "text/html", "iso-8859-1"),
    ("text/html ; x=1; Charset=UTF-8; charset=b", "text/html", "utf-8"),
    ('text/html; x="; charset=no"', "text/html", None),
    ("text/html; charset=", "text/html", None),
    ("image/png", "image/png", None),
    ("", None, None),
    (" ; charset=utf-8", None, "utf-8"),
])
def test_content_type(value, mime_type, encoding):
    """Type and charset are those of Content-Type, in lower case."""
    response = http(("content-type", value))
    assert (mime_type, encoding) == (response.mime_type, response.text_encoding_name)


def test_no_content_type():
    """Without Content-Type there is neither type nor charset (scenario data-unicode-header)."""
    assert (None, None) == (http().mime_type, http().text_encoding_name)


@pytest.mark.parametrize(("headers", "length"), [
    ([], -1),
    ([("Content-Length", "5")], 5),
    ([("content-length", "0")], 0),
    ([("Content-Length", "5"), ("Content-Length", " 5")], 5),
    ([("Content-Length", "5"), ("Content-Length", "6")], -1),
    ([("Content-Length", "-5")], -1),
    ([("Content-Length", "+5")], -1),
    ([("Content-Length", "five")], -1),
    ([("Content-Length", "²")], -1),
    ([("Content-Length", "9" * 5000)], -1),
    ([("Content-Length", "31"), ("Content-Encoding", "gzip")], -1),
    ([("Content-Length", "31"), ("Content-Encoding", "Identity")], 31),
])
def test_expected_content_length(headers, length):
    """The expected length is Content-Length, -1 where that is absent, no one number, or the length of coded content."""
    assert length == http(*headers).expected_content_length


def test_all_header_fields():
    """Names are capitalised but for X- and WWW-Authenticate; repeated fields are joined, Set-Cookie too."""
    response = http(("etag", "e"), ("x-MiXed", "1"), ("X-Mixed", "2"), ("www-authenticate", "Basic"), ("SET-COOKIE", "a"),
                    ("set-cookie", "b"))
    assert {"Etag": "e", "x-MiXed": "1, 2", "WWW-Authenticate": "Basic", "Set-Cookie": "a, b"} == response.all_header_fields
    assert "1, 2" == response.value("x-mixed")
    assert response.value("missing") is None
    assert ("SET-COOKIE", "a") == response.headers[4]


def test_fields_as_a_mapping():
    """The constructor takes a mapping too, and the version and reason have defaults."""
    response = HTTPURLResponse(URL, 404, None, {"A": "1"})
    assert (404, "HTTP/1.1", "", [("A", "1")]) == (response.status_code, response.http_version, response.reason, response.headers)
    with pytest.raises(InvalidArgumentException, match="status_code was given '200'"):
        HTTPURLResponse(URL, "200")


def test_from_head():
    """A head of a route gives the same response as the constructor, equal and with an equal hash."""
    response = HTTPURLResponse.from_head(URL, ResponseHead(418, [("A", "1")], "I'm a teapot", "HTTP/1.0"))
    expected = HTTPURLResponse(URL, 418, "HTTP/1.0", {"A": "1"}, reason="I'm a teapot")
    assert expected == response
    assert hash(expected) == hash(response)
    assert "I'm a teapot" == response.reason


def test_equality():
    """Responses differ where a member differs, and an HTTP response is no plain one."""
    assert http() != http(status=201)
    assert http() != http(("A", "1"))
    assert URLResponse(URL, "a/b") != URLResponse(URL, "a/c")
    assert URLResponse(URL) != http()
    assert URLResponse(URL, "a/b") == URLResponse(URL, "a/b")


@pytest.mark.parametrize("response", [URLResponse(URL, "a/b", 5, "utf-8"), http(("A", "1"))])
def test_immutable_and_picklable(response):
    """A response cannot be changed, also not through what it returns, and survives pickling and copying."""
    for name in ("url", "mime_type", "expected_content_length", "other"):
        with pytest.raises(AttributeError):
            setattr(response, name, None)
    if isinstance(response, HTTPURLResponse):
        response.headers.clear()
        response.all_header_fields.clear()
        assert {"A": "1"} == response.all_header_fields
    assert response == pickle.loads(pickle.dumps(response)) == copy.copy(response) == copy.deepcopy(response)


@pytest.mark.parametrize(("status", "phrase"), [
    (200, "no error"), (404, "not found"), (503, "service unavailable"), (199, "informational"), (299, "success"),
    (399, "redirected"), (499, "client error"), (599, "server error")])
def test_localized_string(status, phrase):
    """Darwin's phrases, and those of the class for a status without one."""
    assert phrase == HTTPURLResponse.localized_string(status)


def test_suggested_filename():
    """The suggested name takes the response's own URL, headers and type."""
    response = http(("Content-Disposition", "attachment; filename=b"), ("Content-Type", "image/png; x=y"))
    assert "b.png" == response.suggested_filename


def test_repr():
    """The reprs are short and show what matters."""
    assert "HTTPURLResponse('http://example.com/a', 200, 'HTTP/1.1', 1 headers)" == repr(http(("A", "1")))
    assert "URLResponse('u', 'a/b', 5, None)" == repr(URLResponse("u", "a/b", 5))


def test_a_plain_response_says_that_it_is_not_over_http():
    """What types promise for http is missed with a way out; what nobody has, without one."""
    response = URLResponse("data:,text")
    with pytest.raises(AttributeError, match=r"'status_code': it is the response of data:,text, .*isinstance\(response, HTTPURLResponse\)"):
        response.status_code  # noqa: B018
    with pytest.raises(AttributeError, match=r"^'URLResponse' object has no attribute 'status_cod'$"):
        response.status_cod  # noqa: B018
    assert not hasattr(response, "all_header_fields")
    assert response == copy.copy(response) == pickle.loads(pickle.dumps(response))
