"""The parts of a URL that a load needs."""
from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionmock.models.url import split_url, with_canonical_host


@pytest.mark.parametrize(("url", "target", "authority"), [
    ("http://a", "/", "a"),
    ("http://a?q=1#f", "/?q=1", "a"),
    ("http://a/?#f", "/?", "a"),
    ("HTTP://u:p@A:80/x", "/x", "a"),
    ("https://a:80/%C3%A9/%2F", "/%C3%A9/%2F", "a:80"),
    ("http://[::1]:8080/", "/", "[::1]:8080"),
    ("http://a/é b", "/%C3%A9%20b", "a"),
    ("http://a/!$&'()*+,-./:;=@_~?a[]=1&b=/?", "/!$&'()*+,-./:;=@_~?a[]=1&b=/?", "a"),
    ("http://[fe80::1%25eth0]:81/", "/", "[fe80::1]:81"),
    ("\0 http://a/b\tc\r\n ", "/bc", "a"),
    ("http://a:00000000000081/", "/", "a:81"),
    ("http://a:/", "/", "a"),
    ('http://a/"<>\\^`{|}', "/%22%3C%3E%5C%5E%60%7B%7C%7D", "a"),
])
def test_what_goes_on_the_wire(url: str, target: str, authority: str) -> None:
    """The target never has a fragment nor what a request line cannot hold; what is encoded stays as it is (RFC 3986, section 2)."""
    parts = split_url(url)
    assert (target, authority) == (parts.target, parts.authority)


@pytest.mark.parametrize("url", [
    "http://a b/", "http://a<b/", "http://a\x00b/", 'http://a"b/', "http://a:port/", "http://a:99999/", "http://[::1/",
    "http:///a", "http:a", "https:/a", "http://", "http://:80/", "http://u@/", "ws://?a", "http://a\\@b/", "http://a\\b/", "http://[::1]a/",
    "http://::1/", "http://a:٨٠/", "http://a:8:0/", "http://a:-1/", "http://a:" + "9" * 9999,
])
def test_no_urls(url: str) -> None:
    """No host, one that can be none, a port that is none, an open bracket, and what two readers would read differently."""
    with pytest.raises(ValueError):
        split_url(url)


@given(st.text("hk:/?#@[]%\\ .1aß\xa0\t\n\0\x7f\ud800", max_size=12).map("http://h".__add__))
def test_whatever_is_a_url_can_stand_on_a_request_line(url: str) -> None:
    """Target and authority are printable ASCII without a blank, whatever was given."""
    try:
        parts = split_url(url)
    except ValueError:
        return
    assert re.fullmatch("/[!-~]*", parts.target)
    assert re.fullmatch("[!-~]+", parts.authority)


def test_a_password_stands_in_no_error() -> None:
    with pytest.raises(ValueError, match="'a:' names no server") as raised:
        split_url("http://ann:secret@a:port/")
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(("url", "spelled"), [
    ("http://ann:p@BÜCHER.example:81/A?b#c", "http://ann:p@xn--bcher-kva.example:81/A?b#c"), ("http://[FE80::1%25eth0]", "http://[fe80::1%eth0]"),
    ("http://[fe80::1%25eth0]:81/?", "http://[fe80::1%eth0]:81/?"), ("mailto:a@b", "mailto:a@b"), ("http://0x7f.1:80/#", "http://127.0.0.1/#"),
])
def test_only_the_host_is_spelled_anew(url: str, spelled: str) -> None:
    """For who takes it apart by other rules."""
    assert spelled == with_canonical_host(url)


def test_what_another_scheme_calls_a_host_is_left_to_it() -> None:
    """The rules of names and addresses are those of servers."""
    assert ("1.2.3", 4) == split_url("app://1.2.3:4/x")[2:4]
    assert split_url("app://Some%20Thing/").host == "some%20thing"
