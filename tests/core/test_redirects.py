from __future__ import annotations

import pytest

from sessionmock.core.redirects import FOLLOWED, redirect_target, redirected_request, resolve
from sessionmock.models.request import URLRequest

BASE = "http://a/b/c/d;p?q"

# RFC 3986, sections 5.4.1 and 5.4.2; "http:g" by the leniency that 5.2.2 allows, and "#s" never lost.
RFC_3986 = {
    "g:h": "g:h", "g": "http://a/b/c/g", "./g": "http://a/b/c/g", "g/": "http://a/b/c/g/", "/g": "http://a/g",
    "//g": "http://g", "?y": "http://a/b/c/d;p?y", "g?y": "http://a/b/c/g?y", "#s": "http://a/b/c/d;p?q#s",
    "g#s": "http://a/b/c/g#s", "g?y#s": "http://a/b/c/g?y#s", ";x": "http://a/b/c/;x", "g;x": "http://a/b/c/g;x",
    "g;x?y#s": "http://a/b/c/g;x?y#s", "": "http://a/b/c/d;p?q", ".": "http://a/b/c/", "./": "http://a/b/c/",
    "..": "http://a/b/", "../": "http://a/b/", "../g": "http://a/b/g", "../..": "http://a/", "../../": "http://a/",
    "../../g": "http://a/g", "../../../g": "http://a/g", "../../../../g": "http://a/g", "/./g": "http://a/g",
    "/../g": "http://a/g", "g.": "http://a/b/c/g.", ".g": "http://a/b/c/.g", "g..": "http://a/b/c/g..",
    "..g": "http://a/b/c/..g", "./../g": "http://a/b/g", "./g/.": "http://a/b/c/g/", "g/./h": "http://a/b/c/g/h",
    "g/../h": "http://a/b/c/h", "g;x=1/./y": "http://a/b/c/g;x=1/y", "g;x=1/../y": "http://a/b/c/y",
    "g?y/./x": "http://a/b/c/g?y/./x", "g?y/../x": "http://a/b/c/g?y/../x", "g#s/./x": "http://a/b/c/g#s/./x",
    "g#s/../x": "http://a/b/c/g#s/../x", "http:g": "http://a/b/c/g",
}


@pytest.mark.parametrize(("reference", "target"), RFC_3986.items())
def test_examples_of_the_rfc(reference, target):
    """Every reference of RFC 3986, section 5.4, resolves to the URL that it gives."""
    assert target == resolve(BASE, reference)


@pytest.mark.parametrize(("base", "reference", "target"), [
    ("http://a", "b", "http://a/b"),
    ("http://a?q", "?r", "http://a?r"),
    ("http://a/b", "http://c/d/../e/./f", "http://c/e/f"),
    ("http://a/b", "http://c", "http://c"),
    ("http://a:81/b", "//c/d", "http://c/d"),
    ("http://a/b", "https:/c", "https:/c"),
    ("http://a/b", "unknown://x/y", "unknown://x/y"),
    ("http://a/b", "/x//y/../z", "http://a/x//z"),
    ("http://a/b", "mailto:a@b/../c", "mailto:a@b/../c"),
    ("http://a/b", "..", "http://a/"),
])
def test_other_references(base, reference, target):
    """Absolute references lose their dot segments too, a host brings its own port, other schemes are left as they are."""
    assert target == resolve(base, reference)


@pytest.mark.parametrize(("reference", "target"), [
    ("/ä?ö=ü#ß", "http://a/%C3%A4?%C3%B6=%C3%BC#%C3%9F"),
    ("/a b?c d", "http://a/a%20b?c%20d"),
    ("/%C3%A4?x=%2F%zz", "http://a/%C3%A4?x=%2F%zz"),
    ("/a|b?c={d}", "http://a/a|b?c={d}"),
    ("/\udcff", "http://a/%FF"),
])
def test_encoding(reference, target):
    """Raw non-ASCII characters and spaces are percent-encoded; what is encoded or merely unusual stays."""
    assert target == resolve("http://a/", reference)


@pytest.mark.parametrize(("base", "location", "target"), [
    ("http://a/b#top", "/c", "http://a/c#top"),
    ("http://a/b#top", "/c#", "http://a/c#"),
    ("http://a/b#top", "http://d/c#own", "http://d/c#own"),
])
def test_fragment(base, location, target):
    """A fragment is inherited unless the Location has one, be it empty (RFC 9110, section 10.2.2)."""
    assert target == redirect_target(302, location, base, "GET").url


@pytest.mark.parametrize("status", [200, 201, 300, 304, 309, 399, 401])
def test_final_statuses(status):
    """Other statuses are final responses even with a Location."""
    assert redirect_target(status, "/b", "http://a/", "GET") is None


@pytest.mark.parametrize(("location", "target", "same_origin"), [
    (" /c\t", "http://a/c", True), ("/c\td\r\n", "http://a/cd", True), ("\\c", "http://a/\\c", True), ("/c\\d", "http://a/c\\d", True),
    ("/c/%2e%2e/d", "http://a/c/%2e%2e/d", True), ("//A:80", "http://A:80", True), ("http:c", "http://a/c", True),
    ("http:/c", "http://a/c", True), ("http:", "http://a/b", True), ("http://user name@a/", "http://user name@a/", True),
    ("//b\u00fccher.test/\u00fc", "http://b\u00fccher.test/%C3%BC", False), ("ftp://x/", "ftp://x/", False),
    ("mailto:a@b", "mailto:a@b", False), ("javascript:1", "javascript:1", False), ("file:///etc/passwd", "file:///etc/passwd", False),
])
def test_unusual_locations(location, target, same_origin):
    """Blanks around and tabs within belong to no URL (RFC 3986, appendix C); what no route serves is for the task to fail with."""
    redirect = redirect_target(302, location, "http://a/b", "GET")
    assert (target, same_origin) == (redirect.url, redirect.same_origin)


@pytest.mark.parametrize(("base", "location", "same_origin"), [
    ("http://b\u00fccher.test/", "http://xn--bcher-kva.test/", True), ("http://127.0.0.1/", "//0x7f.1/", True),
    ("http://[::1]/", "//[0::1]:80/", True), ("http://stra\u00dfe.test/", "//strasse.test/", False),
    ("http://[fe80::1%1]/", "//[fe80::1%2]/", False), ("http://a/", "//a./", False),
])
def test_an_origin_is_that_of_the_canonical_host(base, location, same_origin):
    assert same_origin == redirect_target(302, location, base, "GET").same_origin


@pytest.mark.parametrize("location", [
    None, "", "  ", "\t", "http://[::1/x", "http://a:port/", "http://a:99999/", "http://a b/", "http://foo.1/", "http://a\\@b/", "//a\u3000b/",
    "http:///there", "///there", "//", "//:80/", "//u@/", "http://", "https:", "https:/a/", "https:a", "https:?a", "HTTPS:///a",
])
def test_unusable_locations(location):
    """A redirect without a Location that is a URL, or to a server without a host, is the final response."""
    assert redirect_target(302, location, "http://a/", "GET") is None


METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH")
REWRITTEN = {301: {"POST"}, 302: {"POST"}, 303: {"POST", "PUT", "DELETE", "PATCH"}}


@pytest.mark.parametrize("status", sorted(FOLLOWED))
@pytest.mark.parametrize("method", METHODS)
def test_method_table(status, method):
    """301 and 302 rewrite POST alone, 303 all but HEAD, every other status nothing; a body goes with its method."""
    rewritten = method in REWRITTEN.get(status, ())
    redirect = redirect_target(status, "/b", "http://a/", method)
    assert ("GET" if rewritten else method, not rewritten) == (redirect.method, redirect.keeps_body)


@pytest.mark.parametrize(("url", "same"), [
    ("http://a:80/x", True), ("http://A/x", True), ("/x", True), ("https://a/", False), ("http://a:81/", False),
    ("http://b/", False), ("http://a.b/", False), ("http://u:p@a/", True),
])
def test_same_origin(url, same):
    """Scheme, host and port make an origin; the default port may be written or not."""
    assert same == redirect_target(302, url, "http://a/", "GET").same_origin


FIELDS = {"Authorization": "Basic YTpi", "Cookie": "k=v", "Proxy-Authorization": "Basic YTpi", "Host": "virtual", "X-Kept": "1"}


def request(**more) -> URLRequest:
    made = URLRequest("http://a/x", **more)
    for name, value in FIELDS.items():
        made.set_value(value, for_http_header_field=name)
    return made


def test_fields_stay_at_home():
    """To another origin go neither credentials nor cookies nor a Host set by hand; other fields do."""
    following = redirected_request(request(), 302, "http://b/")
    assert [("X-Kept", "1")] == list(following.header_pairs())


def test_fields_within_the_origin():
    """Within one origin every field goes along."""
    assert FIELDS == dict(redirected_request(request(), 302, "/y").header_pairs())


def test_post_becomes_get():
    """A rewritten request loses its body and each field that describes one, and nothing else."""
    post = URLRequest("http://a/x", http_method="POST", http_body=b"x=1")
    for name in ("Content-Type", "content-length", "Content-Language", "Expect", "Transfer-Encoding", "X-K"):
        post.set_value("v", for_http_header_field=name)
    following = redirected_request(post, 301, "/y")
    assert ("http://a/y", "GET", None, None) == (following.url, following.http_method, following.http_body, following.http_body_stream)
    assert [("X-K", "v")] == list(following.header_pairs())
    assert ("http://a/x", "POST", b"x=1") == (post.url, post.http_method, post.http_body)


@pytest.mark.parametrize(("status", "method"), [(307, "POST"), (308, "POST"), (302, "PUT")])
def test_body_goes_along(status, method):
    """Where the method is kept, so are the body and its Content-Type."""
    put = URLRequest("http://a/x", http_method=method, http_body=b"x=1", timeout_interval=7)
    put.set_value("text/plain", for_http_header_field="Content-Type")
    following = redirected_request(put, status, "http://b/y")
    assert (method, b"x=1", 7) == (following.http_method, following.http_body, following.timeout_interval)
    assert [("Content-Type", "text/plain")] == list(following.header_pairs())


def test_nothing_to_follow():
    """Without a Location there is no next request."""
    assert redirected_request(URLRequest("http://a/"), 302, None) is None
