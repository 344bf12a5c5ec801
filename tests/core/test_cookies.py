"""The rules of RFC 6265bis, one case a line. Sections are those of the draft."""
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sessionmock.core.cookies import (
    admit,
    domain_match,
    domains_of,
    path_match,
    paths_of,
    permits,
    registrable_domain,
    would_cover,
)
from sessionmock.models.cookie import EARLIEST, HTTPCookie, default_path, parse_cookie_date, parse_set_cookie
from sessionmock.models.enums import CookieAcceptPolicy
from sessionmock.models.url import split_url

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FURTHEST = NOW + timedelta(days=400)


def date(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


DATES = [  # 5.1.1: what a server wrote, and when that is
    ("Wed, 09 Jun 2021 10:18:14 GMT", date(2021, 6, 9, 10, 18, 14)),
    ("Wednesday, 09-Jun-21 10:18:14 GMT", date(2021, 6, 9, 10, 18, 14)),
    ("Wed Jun  9 10:18:14 2021", date(2021, 6, 9, 10, 18, 14)),
    ("Wed, 09-Jun-2021 10:18:14 GMT", date(2021, 6, 9, 10, 18, 14)),
    ("2021 Jun 9 10:18:14", date(2021, 6, 9, 10, 18, 14)),
    ("10:18:14 9 JUNE 2021", date(2021, 6, 9, 10, 18, 14)),
    ("9 junibug 2021 10:18:14", date(2021, 6, 9, 10, 18, 14)),
    ("09Jun 2021 10:18:14", None),                               # "09Jun" is the day; no month is left
    ("9 Jun 2021 1:2:3", date(2021, 6, 9, 1, 2, 3)),
    ("9 Jun 2021 10:18:14.500", date(2021, 6, 9, 10, 18, 14)),
    ("9 Jun 2021 10:18:14PM", date(2021, 6, 9, 10, 18, 14)),
    ("9th Jun 2021st 10:18:14", date(2021, 6, 9, 10, 18, 14)),
    ("9;Jun;2021;10:18:14", date(2021, 6, 9, 10, 18, 14)),
    ("9\tJun\t2021\t10:18:14", date(2021, 6, 9, 10, 18, 14)),
    ("9 Jun 70 00:00:00", date(1970, 6, 9)),
    ("9 Jun 99 00:00:00", date(1999, 6, 9)),
    ("9 Jun 69 00:00:00", date(2069, 6, 9)),
    ("9 Jun 00 00:00:00", date(2000, 6, 9)),
    ("01 Jun 02 00:00:00", date(2002, 6, 1)),                     # the first number that can be a day is one
    ("9 Jun 120 00:00:00", None),                                 # the year 120
    ("9 Jun 1600 00:00:00", None),
    ("1 Jan 1601 00:00:00", date(1601, 1, 1)),
    ("31 Dec 9999 23:59:59", date(9999, 12, 31, 23, 59, 59)),
    ("9 Jun 12021 00:00:00", None),                               # five digits are no year
    ("0 Jun 2021 00:00:00", None),
    ("32 Jun 2021 00:00:00", None),
    ("31 Jun 2021 00:00:00", None),
    ("29 Feb 2024 00:00:00", date(2024, 2, 29)),
    ("29 Feb 2023 00:00:00", None),
    ("9 Jun 2021 24:00:00", None),
    ("9 Jun 2021 23:60:00", None),
    ("9 Jun 2021 23:59:60", None),
    ("9 Jun 2021 10:18", None),
    ("9 Jun 2021 100:18:14", None),
    ("9 Jun 2021 10:18:140", None),
    ("9 Jun 2021", None),
    ("9 2021 10:18:14", None),
    ("Jun 2021 10:18:14", None),
    ("9 Jun 10:18:14", None),
    ("9 Jyn 2021 10:18:14", None),
    ("Thu, 01 Jan 1970 00:00:00 GMT", date(1970, 1, 1)),
    ("Thu, 01 Jan 1970 00:00:00 +0900", date(1970, 1, 1)),        # zones are not read
    ("٩ Jun 2021 10:18:14", None),                                # digits are ASCII's
    ("0", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "expected"), DATES)
def test_dates_are_read_as_leniently_as_the_rules_say(text: str, expected: datetime | None) -> None:
    """Section 5.1.1: day, month, year and time in any order and dress, or no date."""
    assert expected == parse_cookie_date(text)


DOMAINS = [  # 5.1.3: host, domain, covered
    ("example.com", "example.com", True),
    ("www.example.com", "example.com", True),
    ("a.b.example.com", "example.com", True),
    ("example.com", "www.example.com", False),
    ("superexample.com", "example.com", False),
    ("example.com.", "example.com", False),
    ("example.org", "example.com", False),
    ("com", "example.com", False),
    ("example.com", "com", True),
    ("127.0.0.1", "127.0.0.1", True),
    ("127.0.0.1", "0.0.1", False),
    ("127.0.0.1", "1", False),
    ("::1", "::1", True),
    ("localhost", "localhost", True),
    ("a.localhost", "localhost", True),
]


@pytest.mark.parametrize(("host", "domain", "expected"), DOMAINS)
def test_a_domain_covers_itself_and_the_names_below_it(host: str, domain: str, expected: bool) -> None:
    """Section 5.1.3, and the jar's index finds exactly what it allows."""
    assert expected == domain_match(host, domain)
    assert expected == bool({domain, f".{domain}"} & set(domains_of(host)))


PATHS = [  # 5.1.4: request path, cookie path, sent
    ("/", "/", True),
    ("/a", "/", True),
    ("/a", "/a", True),
    ("/a/", "/a", True),
    ("/a/b", "/a", True),
    ("/a/b", "/a/", True),
    ("/ab", "/a", False),
    ("/a", "/a/", False),
    ("/", "/a", False),
    ("/a/b/c", "/a/b", True),
    ("/a/bc", "/a/b", False),
    ("/A", "/a", False),
    ("//", "/", True),
    ("//a", "//", True),
    ("/%61", "/a", False),
]


@pytest.mark.parametrize(("path", "cookie_path", "expected"), PATHS)
def test_a_path_covers_itself_and_what_lies_below_it(path: str, cookie_path: str, expected: bool) -> None:
    """Section 5.1.4, and the jar's index finds exactly what it allows."""
    assert expected == path_match(path, cookie_path)
    assert expected == (cookie_path in set(paths_of(path)))


def test_paths_come_longest_first_and_once() -> None:
    """The jar asks for each path that can match one time."""
    assert ["/a/b", "/a/", "/a", "/"] == list(paths_of("/a/b"))
    assert ["/a/", "/a", "/"] == list(paths_of("/a/"))
    assert ["/"] == list(paths_of("/"))


@pytest.mark.parametrize("path", ["//v1/me", "/a//b", "/a///b", "//", "/a//", "///"])
def test_an_empty_segment_brings_no_path_twice(path: str) -> None:
    """Section 5.8.3 sends each cookie of the list once; the paths are just those that match (5.1.4)."""
    assert [path[:end] for end in range(len(path), 0, -1) if path_match(path, path[:end])] == list(paths_of(path))


@pytest.mark.parametrize(("line", "kept"), [("a=1; Partitioned", False), ("a=1; partitioned; Secure", True), ("a=1; Secure; Partitioned=x", True)])
def test_a_partitioned_cookie_is_secure(line: str, kept: bool) -> None:
    """CHIPS, section 2.1: else it is ignored."""
    assert kept is (parse_set_cookie(line, "example.com", "/", NOW) is not None)


@pytest.mark.parametrize(("path", "expected"), [
    ("", "/"), ("/", "/"), ("/a", "/"), ("/a/", "/a"), ("/a/b", "/a"), ("/a/b/", "/a/b"), ("a/b", "/"), ("//", "/"),
])
def test_the_default_path_ends_before_the_last_slash(path: str, expected: str) -> None:
    """Section 5.1.4, default-path."""
    assert expected == default_path(path)


BIG = "x" * 4093
PAIRS = [  # 5.6, steps 1 to 5: the line, and name and value, or None where it is ignored
    ("a=b", ("a", "b")),
    ("a=b; Path=/", ("a", "b")),
    ("  a  =  b  ;", ("a", "b")),
    ("\ta\t=\tb\t", ("a", "b")),
    ("a=b=c", ("a", "b=c")),
    ("a==", ("a", "=")),
    ("a=", ("a", "")),
    ("a", ("", "a")),
    ("=a", ("", "a")),
    ("=a=b", ("", "a=b")),
    ("=", None),
    ("", None),
    (" ; Path=/", None),
    (";a=b", None),
    ('a="b c"', ("a", '"b c"')),
    ('a="b;c"', ("a", '"b')),
    ("a=b,c", ("a", "b,c")),
    ("a b=c d", ("a b", "c d")),
    ("a=b\tc", ("a", "b\tc")),
    ("a=b\x00c", None),
    ("a=b\x1fc", None),
    ("a=b\x7fc", None),
    ("a=b\nc=d", None),
    ("a=b; x=\r", None),
    ("a\x0b=b", None),
    ("a=é", ("a", "é")),
    ("a=%41", ("a", "%41")),
    (f"abc={BIG}", ("abc", BIG)),
    (f"abcd={BIG}", None),
    ("a=" + "é" * 2047, ("a", "é" * 2047)),
    ("a=" + "é" * 2048, None),
    (f"{BIG}xxx", ("", f"{BIG}xxx")),
    (f"{BIG}xxxx", None),
]


@pytest.mark.parametrize(("line", "expected"), PAIRS)
def test_name_and_value_are_cut_from_the_line(line: str, expected: tuple[str, str] | None) -> None:
    """Section 5.6: the first "=" parts, blanks go, control characters and more than 4096 bytes spoil all."""
    cookie = parse_set_cookie(line, "example.com", "/", NOW)
    assert expected == (None if cookie is None else (cookie.name, cookie.value))


LONG = "/" + "p" * 1023
ATTRIBUTES = [  # 5.6.1 to 5.6.7, on https://example.com/dir/page: the attributes, the member, its value
    ("", "expires_date", None),
    ("", "is_session_only", True),
    ("Expires=Thu, 01 Jan 2026 00:01:00 GMT", "expires_date", NOW + timedelta(minutes=1)),
    ("EXPIRES = Thu, 01 Jan 2026 00:01:00 GMT", "expires_date", NOW + timedelta(minutes=1)),
    ("Expires=Thu, 01 Jan 2026 00:01:00 GMT", "is_session_only", False),
    ("Expires=Wed, 01 Jan 2031 00:00:00 GMT", "expires_date", FURTHEST),
    ("Expires=tomorrow", "expires_date", None),
    ("Expires=Thu, 01 Jan 2026 00:01:00 GMT; Expires=never", "expires_date", NOW + timedelta(minutes=1)),
    ("Expires=Thu, 01 Jan 2026 00:01:00 GMT; Expires=Thu, 01 Jan 2026 00:02:00 GMT", "expires_date", NOW + timedelta(minutes=2)),
    ("Max-Age=60", "expires_date", NOW + timedelta(minutes=1)),
    ("max-age=60", "is_session_only", False),
    ("Max-Age=60; Max-Age=120", "expires_date", NOW + timedelta(minutes=2)),
    ("Max-Age=60; Max-Age=x", "expires_date", NOW + timedelta(minutes=1)),
    ("Max-Age=0", "expires_date", EARLIEST),
    ("Max-Age=-1", "expires_date", EARLIEST),
    ("Max-Age=000000000000060", "expires_date", NOW + timedelta(minutes=1)),
    ("Max-Age=99999999999999999999", "expires_date", FURTHEST),
    ("Max-Age=34560001", "expires_date", FURTHEST),
    ("Max-Age=", "expires_date", None),
    ("Max-Age", "expires_date", None),
    ("Max-Age=-", "expires_date", None),
    ("Max-Age=+60", "expires_date", None),
    ("Max-Age=6 0", "expires_date", None),
    ("Max-Age=60.5", "expires_date", None),
    ('Max-Age="60"', "expires_date", None),
    ("Max-Age=٦٠", "expires_date", None),
    ("Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "expires_date", NOW + timedelta(minutes=1)),
    ("Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60", "expires_date", NOW + timedelta(minutes=1)),
    ("Max-Age=x; Expires=Thu, 01 Jan 2026 00:01:00 GMT", "expires_date", NOW + timedelta(minutes=1)),
    ("", "domain", "example.com"),
    ("Domain=example.com", "domain", ".example.com"),
    ("Domain=.example.com", "domain", ".example.com"),
    ("DOMAIN=EXAMPLE.com", "domain", ".example.com"),
    ("Domain", "domain", "example.com"),
    ("Domain=", "domain", "example.com"),
    ("Domain=.", "domain", "example.com"),
    ("Domain=example.com; Domain=", "domain", "example.com"),
    ("Domain=other.com; Domain=example.com", "domain", ".example.com"),
    (f"Domain={'d' * 1025}", "domain", "example.com"),
    ("", "path", "/dir"),
    ("Path=/", "path", "/"),
    ("path = /a/b ", "path", "/a/b"),
    ("Path=", "path", "/dir"),
    ("Path=a", "path", "/dir"),
    ("Path=/a; Path=", "path", "/dir"),
    ("Path=/a; Path=/b", "path", "/b"),
    (f"Path={LONG}", "path", LONG),
    (f"Path={LONG}p", "path", "/dir"),
    ("", "is_secure", False),
    ("Secure", "is_secure", True),
    ("secure", "is_secure", True),
    ("Secure=no", "is_secure", True),
    ("Secured", "is_secure", False),
    ("HttpOnly", "is_http_only", True),
    ("httponly=1", "is_http_only", True),
    ("Http-Only", "is_http_only", False),
    ("SameSite=Lax", "same_site_policy", "lax"),
    ("samesite=STRICT", "same_site_policy", "strict"),
    ("SameSite=None; Secure", "same_site_policy", None),
    ("SameSite=other", "same_site_policy", None),
    ("SameSite", "same_site_policy", None),
    ("SameSite=Lax; SameSite=Strict", "same_site_policy", "strict"),
    ("=Secure", "is_secure", False),
    ("; ;; Secure", "is_secure", True),
    ("Unknown=1; HttpOnly", "is_http_only", True),
    ("Comment=c; Version=1", "version", 0),
]


@pytest.mark.parametrize(("attributes", "member", "expected"), ATTRIBUTES)
def test_attributes_are_read_by_their_own_rules(attributes: str, member: str, expected: object) -> None:
    """Sections 5.6.1 to 5.6.7: case does not count, the last of equals wins, what is bad is passed over."""
    cookie = parse_set_cookie(f"a=b; {attributes}", "example.com", "/dir/page", NOW)
    assert cookie is not None
    assert expected == getattr(cookie, member)


def suffixes(domain: str) -> bool:
    return domain in ("com", "co.uk", "uk", "github.io", "localhost", "example")


ADMITTED = [  # 5.7: URL of the response, line, and the domain under which it is kept, or None
    ("http://example.com/", "a=b", "example.com"),
    ("http://EXAMPLE.com/", "a=b", "example.com"),
    ("http://www.example.com/", "a=b; Domain=example.com", ".example.com"),
    ("http://www.example.com/", "a=b; Domain=www.example.com", ".www.example.com"),
    ("http://example.com/", "a=b; Domain=www.example.com", None),
    ("http://www.example.com/", "a=b; Domain=other.example.com", None),
    ("http://www.example.com/", "a=b; Domain=ample.com", None),
    ("http://example.com/", "a=b; Domain=example.com.", None),
    ("http://example.com/", "a=b; Domain=..example.com", None),
    ("http://example.com/", "a=b; Domain=com", None),
    ("http://www.example.co.uk/", "a=b; Domain=co.uk", None),
    ("http://www.example.co.uk/", "a=b; Domain=example.co.uk", ".example.co.uk"),
    ("http://github.io/", "a=b; Domain=github.io", "github.io"),
    ("http://me.github.io/", "a=b; Domain=github.io", None),
    ("http://localhost/", "a=b; Domain=localhost", "localhost"),
    ("http://localhost/", "a=b", "localhost"),
    ("http://127.0.0.1/", "a=b", "127.0.0.1"),
    ("http://127.0.0.1/", "a=b; Domain=127.0.0.1", "127.0.0.1"),
    ("http://127.0.0.1/", "a=b; Domain=0.0.1", None),
    ("http://127.0.0.1/", "a=b; Domain=.127.0.0.1", "127.0.0.1"),
    ("http://[::1]/", "a=b", "::1"),
    ("http://[0::1]/", "a=b; Domain=[::1]", "::1"),
    ("http://[fe80::1%25eth0]/", "a=b; Domain=[FE80::1]", "fe80::1%eth0"),
    ("http://[::1]/", "a=b; Domain=[::2]", None),
    ("http://bücher.example/", "a=b; Domain=bücher.example", None),
    ("http://bücher.example/", "a=b; Domain=xn--bcher-kva.example", ".xn--bcher-kva.example"),
    ("http://example.com/", "a=b; Secure", None),
    ("http://127.0.0.1/", "a=b; Secure", None),
    ("http://localhost/", "a=b; Secure", None),
    ("https://example.com/", "a=b; Secure", "example.com"),
    ("https://example.com/", "a=b; SameSite=None", None),
    ("https://example.com/", "a=b; SameSite=None; Secure", "example.com"),
    ("https://example.com/", "a=b; SameSite=Strict", "example.com"),
    ("https://example.com/", "__Secure-a=b; Secure", "example.com"),
    ("https://example.com/", "__Secure-a=b", None),
    ("https://example.com/", "__SECURE-a=b", None),
    ("http://example.com/", "__Secure-a=b; Secure", None),
    ("https://www.example.com/", "__Secure-a=b; Secure; Domain=example.com", ".example.com"),
    ("https://example.com/", "__Secure=b", "example.com"),
    ("https://example.com/", "__Secure-", None),
    ("https://example.com/", "__Host-a=b; Secure; Path=/", "example.com"),
    ("https://example.com/", "__host-a=b; Secure; Path=/", "example.com"),
    ("https://example.com/", "__Host-a=b; Secure", None),
    ("https://example.com/", "__Host-a=b; Path=/", None),
    ("https://example.com/", "__Host-a=b; Secure; Path=/x", None),
    ("https://example.com/", "__Host-a=b; Secure; Path=/; Domain=example.com", None),
    ("https://example.com/", "__HOST-a=b; Path=/", None),
    ("http://example.com/", "__Host-a=b; Secure; Path=/", None),
    ("https://example.com/", "=__Host-a; Secure; Path=/", None),
    ("https://example.com/", "__Host-a; Secure; Path=/", None),
    ("https://example.com/", "=__secure-a=b; Secure", None),
    ("https://example.com/", "a=__Host-b", "example.com"),
]


@pytest.mark.parametrize(("url", "line", "expected"), ADMITTED)
def test_a_response_sets_only_what_it_may(url: str, line: str, expected: str | None) -> None:
    """Section 5.7: domains, public suffixes, TLS, SameSite=None and prefixes decide what is kept."""
    host = split_url(url).host
    cookie = parse_set_cookie(line, host, "/", NOW)
    kept = cookie and admit(cookie, host, url.startswith("https"), suffixes)
    assert expected == (kept.domain if kept else None)


def test_a_cookie_for_one_host_is_not_admitted_from_another() -> None:
    """Section 5.7, step 10, for cookies that a program hands over."""
    cookie = HTTPCookie(name="a", value="b", domain="example.com", path="/")
    assert cookie == admit(cookie, "example.com", False, suffixes)
    assert admit(cookie, "www.example.com", False, suffixes) is None


SECURE = HTTPCookie(name="a", value="b", domain=".example.com", path="/dir", secure=True)


@pytest.mark.parametrize(("change", "expected"), [
    ({}, True),
    ({"domain": "example.com"}, True),
    ({"domain": "www.example.com"}, True),
    ({"domain": ".com"}, True),
    ({"domain": "other.com"}, False),
    ({"path": "/dir/deep"}, True),
    ({"path": "/"}, False),
    ({"path": "/directory"}, False),
    ({"name": "A"}, False),
    ({"value": "c"}, True),
])
def test_secure_cookies_are_left_alone_by_those_set_in_the_clear(change: dict[str, str], expected: bool) -> None:
    """Section 5.7, step 16."""
    assert expected == would_cover(replace(SECURE, is_secure=False, **change), SECURE)
    assert not would_cover(replace(SECURE, is_secure=False, **change), replace(SECURE, is_secure=False))


ALWAYS, NEVER, MAIN = CookieAcceptPolicy


@pytest.mark.parametrize(("policy", "host", "main", "expected"), [
    (ALWAYS, "a.com", None, True),
    (ALWAYS, "a.com", "b.com", True),
    (NEVER, "a.com", None, False),
    (NEVER, "a.com", "a.com", False),
    (MAIN, "a.com", None, True),
    (MAIN, "a.com", "a.com", True),
    (MAIN, "a.com", "www.a.com", True),
    (MAIN, "www.a.com", "a.com", True),
    (MAIN, "cdn.a.com", "www.a.com", True),
    (MAIN, "a.com", "b.com", False),
    (MAIN, "a.co.uk", "b.co.uk", False),
    (MAIN, "x.a.co.uk", "y.a.co.uk", True),
    (MAIN, "127.0.0.1", "127.0.0.2", False),
    (MAIN, "127.0.0.1", "127.0.0.1", True),
])
def test_the_policy_asks_for_the_main_document(policy: CookieAcceptPolicy, host: str, main: str | None, expected: bool) -> None:
    """Apple's HTTPCookie.AcceptPolicy: always, never, or from the site of the main document where there is one."""
    assert expected == permits(policy, host, main, suffixes)


@pytest.mark.parametrize(("host", "expected"), [
    ("www.example.com", "example.com"), ("example.com", "example.com"), ("com", None), ("a.b.example.co.uk", "example.co.uk"),
    ("127.0.0.1", None), ("printer", None),
])
def test_a_registrable_domain_is_one_label_below_a_public_suffix(host: str, expected: str | None) -> None:
    """What makes two hosts one site."""
    assert expected == registrable_domain(host, suffixes)
