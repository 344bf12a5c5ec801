"""What of a URL is compared."""
from __future__ import annotations

import pytest

from sessionmock.routes.cassette.keys import URLKey, split_key, url_key


@pytest.mark.parametrize(("url", "expected"), [
    ("http://api.test", URLKey("http", "api.test", 80, "/", ())),
    ("https://api.test/a?b=2&a=1#part", URLKey("https", "api.test", 443, "/a", (("a", "1"), ("b", "2")))),
    ("HTTPS://API.test:8443/a%2fb%41", URLKey("https", "api.test", 8443, "/a%2FbA", ())),
    ("http://api.test/a b?c+d=%20", URLKey("http", "api.test", 80, "/a%20b", (("c d", " "),))),
    ("http://api.test/?a&b=&&c=1=2", URLKey("http", "api.test", 80, "/", (("a", ""), ("b", ""), ("c", "1=2")))),
    ("http://user:pw@api.test/", URLKey("http", "api.test", 80, "/", ())),
    ("http://[::1]:81/", URLKey("http", "::1", 81, "/", ())),
    ("http://b%C3%BCcher.test./", URLKey("http", "xn--bcher-kva.test.", 80, "/", ())),
    ("http://0x7f.1", URLKey("http", "127.0.0.1", 80, "/", ())),
    ("http://10.1", URLKey("http", "10.0.0.1", 80, "/", ())),
    ("http://b\xfccher.test/", URLKey("http", "xn--bcher-kva.test", 80, "/", ())),
    ("http://XN--bcher-KVA.test/", URLKey("http", "xn--bcher-kva.test", 80, "/", ())),
    ("http://api.test/?b=1&a=2&b=0&a=1", URLKey("http", "api.test", 80, "/", (("a", "2"), ("a", "1"), ("b", "1"), ("b", "0")))),
    ("http://api.test/%E9?q=%E9", URLKey("http", "api.test", 80, "/%E9", (("q", "\udce9"),))),
    ("http://api.test/?q=%c3%a9", URLKey("http", "api.test", 80, "/", (("q", "\xe9"),))),
    ("my:thing", URLKey("my", "", 0, "thing", ())),
])
def test_what_is_compared(url: str, expected: URLKey) -> None:
    """The host has its canonical form, ports are filled in, escapes have one form, the query goes by name, fragment and user are left out."""
    assert expected == url_key(url)


@pytest.mark.parametrize("url", ["http://api.test:port/", "http://[::1/", "http://server.1/"])
def test_what_is_no_url_is_compared_as_text(url: str) -> None:
    """It equals itself and nothing else."""
    assert URLKey("", "", 0, url, ()) == url_key(url)


@pytest.mark.parametrize("url", ["http://api.test", "http://api.test/a/b;c?x=1&y=2&x=0", "http://api.test/?b=2&b=1&a", "https://a-b.test?a", "https://api.test/?=1&&b"])
def test_the_short_way_gives_what_the_long_one_does(url: str) -> None:
    """URLs in which nothing is to be decoded are split without the general reader, and alike."""
    assert split_key(url) == url_key(url)
