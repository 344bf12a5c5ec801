"""The parts of a URL that a load needs."""
from __future__ import annotations

import pytest

from sessionmock.models.url import split_url


@pytest.mark.parametrize(("url", "target", "authority"), [
    ("http://a", "/", "a"),
    ("http://a?q=1#f", "/?q=1", "a"),
    ("http://a/?#f", "/?", "a"),
    ("HTTP://u:p@A:80/x", "/x", "a"),
    ("https://a:80/%C3%A9/%2F", "/%C3%A9/%2F", "a:80"),
    ("http://[::1]:8080/", "/", "[::1]:8080"),
    ("http://a/é b", "/%C3%A9%20b", "a"),
    ("http://a/!$&'()*+,-./:;=@_~?a[]=1&b=/?", "/!$&'()*+,-./:;=@_~?a[]=1&b=/?", "a"),
    ('http://a/"<>\\^`{|}', "/%22%3C%3E%5C%5E%60%7B%7C%7D", "a"),
])
def test_what_goes_on_the_wire(url: str, target: str, authority: str) -> None:
    """The target never has a fragment nor what a request line cannot hold; what is encoded stays as it is (RFC 3986, section 2)."""
    parts = split_url(url)
    assert (target, authority) == (parts.target, parts.authority)


@pytest.mark.parametrize("url", [
    "http://a b/", "http://a<b/", "http://a\x00b/", 'http://a"b/', "http://a:port/", "http://a:99999/", "http://[::1/",
])
def test_no_urls(url: str) -> None:
    """A host that can be none, a port that is none and an open bracket are no URL."""
    with pytest.raises(ValueError):
        split_url(url)
