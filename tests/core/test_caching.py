"""The rules of RFC 9111 for a private cache under URLSession's policies, and hishel's opinion on 10,000 random cases."""
from __future__ import annotations

import random
import types
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, NamedTuple

import pytest
from hishel import CacheMiss, CacheOptions, Entry, FromCache, IdleClient, StoreAndUse
from hishel import Headers as TheirHeaders
from hishel import Request as TheirRequest
from hishel import Response as TheirResponse
from hishel._core import _spec as their_rules

from sessionmock.core.cache_control import directives
from sessionmock.core.caching import (
    Verdict,
    cache_key,
    decide,
    freshen,
    head_agrees,
    invalidated,
    is_of_use,
    may_store,
    reload_headers,
    selection,
    stands_in_until,
    storable,
    validators,
    varying,
)
from sessionmock.core.dates import http_date
from sessionmock.models.cached_response import CachedURLResponse
from sessionmock.models.enums import CachePolicy
from sessionmock.models.response import HTTPURLResponse, URLResponse

NOW = datetime(2026, 1, 1, tzinfo=UTC)
URL = "https://example.com/a"
Pairs = list[tuple[str, str]]

PROTOCOL, RELOAD, ELSE_LOAD, DONT_LOAD, RELOAD_ALL, REVALIDATE = CachePolicy


def ago(seconds: float) -> str:
    """The date of `seconds` before NOW as a server writes it."""
    return format_datetime(NOW - timedelta(seconds=seconds), usegmt=True)


def cached(headers: Pairs, age: float = 0, status: int = 200) -> CachedURLResponse:
    moment = NOW - timedelta(seconds=age)
    return CachedURLResponse(HTTPURLResponse(URL, status, None, headers), b"x", requested=moment, received=moment)


def control(value: str) -> Pairs:
    return [("Cache-Control", value)]


# Storing --------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("method", "asked", "status", "headers", "expected"), [
    ("GET", [], 200, [], True),
    ("GET", [], 200, control("max-age=60"), True),
    ("GET", [], 200, control("max-age=0"), True),
    ("GET", [], 200, control("no-cache"), True),
    ("GET", [], 200, control("private"), True),
    ("GET", [], 200, control("no-store"), False),
    ("GET", [], 200, control("no-store, max-age=60"), False),
    ("GET", [], 200, control("must-understand, no-store"), True),
    ("GET", [], 299, control("must-understand, no-store, max-age=60"), False),
    ("GET", control("no-store"), 200, control("max-age=60"), False),
    ("GET", control("no-cache"), 200, control("max-age=60"), True),
    ("GET", [("Range", "bytes=0-")], 200, control("max-age=60"), False),
    ("GET", [("Authorization", "Basic x")], 200, control("max-age=60"), True),
    ("GET", [("If-None-Match", '"1"')], 200, control("max-age=60"), True),
    ("GET", [], 206, control("max-age=60"), False),
    ("GET", [], 304, control("max-age=60"), False),
    ("GET", [], 401, control("max-age=60"), False),
    ("GET", [], 407, control("max-age=60"), False),
    ("GET", [], 103, control("max-age=60"), False),
    ("GET", [], 200, [*control("max-age=60"), ("Vary", "*")], False),
    ("GET", [], 200, [*control("max-age=60"), ("Vary", "Accept"), ("Vary", "a, *")], False),
    ("GET", [], 200, [*control("max-age=60"), ("Vary", "Accept")], True),
    ("GET", [], 204, [], True),
    ("GET", [], 404, [], True),
    ("GET", [], 410, [], True),
    ("GET", [], 301, [], True),
    ("GET", [], 302, [], False),
    ("GET", [], 302, control("max-age=60"), True),
    ("GET", [], 302, control("s-maxage=60"), False),
    ("GET", [], 302, [("Expires", ago(-60))], True),
    ("GET", [], 500, [], False),
    ("GET", [], 503, control("public"), True),
    ("HEAD", [], 200, control("max-age=60"), False),
    ("POST", [], 200, control("max-age=60"), False),
    ("PUT", [], 200, control("max-age=60"), False),
])
def test_what_may_be_stored(method: str, asked: Pairs, status: int, headers: Pairs, expected: bool) -> None:
    """RFC 9111, section 3, for a private cache that keeps answers to GET only, and no ranges."""
    assert expected == may_store(method, asked, status, headers)


# The beginning of a load ----------------------------------------------------------------------------

FRESH, STALE, TAGGED = control("max-age=60"), control("max-age=5"), [("ETag", '"1"')]
USE, BEHIND, AGAIN, LOAD, FAIL = Verdict
WAITING = "max-age=5, stale-while-revalidate="

DECISIONS = [  # policy, method, request fields, stored fields (10 seconds old) or None, verdict
    (PROTOCOL, "GET", [], None, LOAD),
    (PROTOCOL, "GET", [], FRESH, USE),
    (PROTOCOL, "GET", [], STALE, LOAD),
    (PROTOCOL, "GET", [], STALE + TAGGED, AGAIN),
    (PROTOCOL, "GET", [], [*STALE, ("Last-Modified", ago(1000))], AGAIN),
    (PROTOCOL, "GET", [], [], LOAD),
    (PROTOCOL, "GET", [], [("Last-Modified", ago(1000))], USE),
    (PROTOCOL, "GET", [], control("max-age=10"), LOAD),
    (PROTOCOL, "GET", [], control("max-age=11"), USE),
    (PROTOCOL, "GET", [], control("no-cache, max-age=60") + TAGGED, AGAIN),
    (PROTOCOL, "GET", [], control('no-cache="Set-Cookie", max-age=60') + TAGGED, USE),
    (PROTOCOL, "GET", [], control('no-cache="Set-Cookie", no-cache, max-age=60') + TAGGED, AGAIN),
    (PROTOCOL, "GET", [], control('no-cache="", max-age=60') + TAGGED, AGAIN),
    (PROTOCOL, "GET", [], control(WAITING + "5"), BEHIND),
    (PROTOCOL, "GET", [], control(WAITING + "5") + TAGGED, BEHIND),
    (PROTOCOL, "GET", [], control(WAITING + "4") + TAGGED, AGAIN),
    (PROTOCOL, "GET", [], control(WAITING + "x") + TAGGED, AGAIN),
    (PROTOCOL, "GET", [], control("max-age=60, stale-while-revalidate=60"), USE),
    (PROTOCOL, "GET", [], control(WAITING + "60, must-revalidate") + TAGGED, AGAIN),
    (PROTOCOL, "GET", [], control(WAITING + "60, no-cache") + TAGGED, AGAIN),
    (PROTOCOL, "GET", control("max-age=60"), control(WAITING + "60") + TAGGED, AGAIN),
    (PROTOCOL, "GET", control("max-stale=1"), control(WAITING + "60") + TAGGED, AGAIN),
    (PROTOCOL, "GET", control("stale-while-revalidate=60"), STALE + TAGGED, AGAIN),
    (PROTOCOL, "GET", control("only-if-cached"), control(WAITING + "60"), FAIL),
    (PROTOCOL, "GET", [("If-None-Match", '"2"')], control(WAITING + "60"), LOAD),
    (PROTOCOL, "HEAD", [], control(WAITING + "60") + TAGGED, AGAIN),
    (PROTOCOL, "HEAD", [], FRESH, USE),
    (PROTOCOL, "HEAD", [], STALE + TAGGED, AGAIN),
    (PROTOCOL, "POST", [], FRESH, LOAD),
    (PROTOCOL, "OPTIONS", [], FRESH, LOAD),
    (PROTOCOL, "GET", [("Range", "bytes=0-1")], FRESH, USE),
    (PROTOCOL, "GET", [("Range", "bytes=0-1")], STALE + TAGGED, LOAD),
    (PROTOCOL, "GET", [("Range", "bytes=0-1"), ("If-Range", '"1"')], FRESH + TAGGED, USE),
    (PROTOCOL, "GET", [("If-None-Match", '"2"')], FRESH, LOAD),
    (PROTOCOL, "GET", [("if-modified-since", ago(5))], STALE + TAGGED, LOAD),
    (PROTOCOL, "GET", [("If-Match", '"2"')], FRESH, LOAD),
    (PROTOCOL, "GET", [("If-Unmodified-Since", ago(5))], FRESH, LOAD),
    (PROTOCOL, "GET", control("no-cache"), FRESH + TAGGED, AGAIN),
    (PROTOCOL, "GET", control("no-cache"), FRESH, LOAD),
    (PROTOCOL, "GET", [("Pragma", "no-cache")], FRESH, LOAD),
    (PROTOCOL, "GET", [("Pragma", "no-cache"), *control("max-age=60")], FRESH, USE),
    (PROTOCOL, "GET", control("max-age=10"), FRESH, USE),
    (PROTOCOL, "GET", control("max-age=9"), FRESH, LOAD),
    (PROTOCOL, "GET", control("max-age=0"), FRESH + TAGGED, AGAIN),
    (PROTOCOL, "GET", control("max-age=x"), FRESH, LOAD),
    (PROTOCOL, "GET", control("min-fresh=50"), FRESH, USE),
    (PROTOCOL, "GET", control("min-fresh=51"), FRESH, LOAD),
    (PROTOCOL, "GET", control("max-stale"), STALE, USE),
    (PROTOCOL, "GET", control("max-stale=5"), STALE, USE),
    (PROTOCOL, "GET", control("max-stale=4"), STALE, LOAD),
    (PROTOCOL, "GET", control("max-stale=x"), STALE, LOAD),
    (PROTOCOL, "GET", control("max-stale, max-age=5"), STALE, LOAD),
    (PROTOCOL, "GET", control("max-stale"), control("max-age=5, must-revalidate"), LOAD),
    (PROTOCOL, "GET", control("max-stale"), control("max-age=60, no-cache"), LOAD),
    (PROTOCOL, "GET", control("only-if-cached"), None, FAIL),
    (PROTOCOL, "GET", [("If-None-Match", '"2"'), *control("only-if-cached")], FRESH, FAIL),
    (PROTOCOL, "GET", control("only-if-cached"), FRESH, USE),
    (PROTOCOL, "GET", control("only-if-cached"), STALE + TAGGED, FAIL),
    (PROTOCOL, "GET", control("only-if-cached, max-stale"), STALE, USE),
    (PROTOCOL, "GET", control("no-store"), FRESH, USE),
    (RELOAD, "GET", [], FRESH, LOAD),
    (RELOAD, "GET", [], None, LOAD),
    (RELOAD_ALL, "GET", [], FRESH, LOAD),
    (ELSE_LOAD, "GET", [], None, LOAD),
    (ELSE_LOAD, "GET", [], STALE + TAGGED, USE),
    (ELSE_LOAD, "GET", control("no-cache"), STALE, USE),
    (ELSE_LOAD, "GET", [("If-None-Match", '"2"')], STALE, USE),
    (ELSE_LOAD, "GET", control("no-cache"), control(WAITING + "60"), USE),
    (ELSE_LOAD, "POST", [], FRESH, LOAD),
    (DONT_LOAD, "GET", [], None, FAIL),
    (DONT_LOAD, "GET", [], STALE, USE),
    (DONT_LOAD, "POST", [], FRESH, FAIL),
    (REVALIDATE, "GET", [], None, LOAD),
    (REVALIDATE, "GET", [], FRESH, LOAD),
    (REVALIDATE, "GET", [], FRESH + TAGGED, AGAIN),
    (REVALIDATE, "GET", [], control(WAITING + "60") + TAGGED, AGAIN),
    (REVALIDATE, "GET", [("If-None-Match", '"2"')], FRESH + TAGGED, LOAD),
]


@pytest.mark.parametrize(("policy", "method", "asked", "stored", "expected"), DECISIONS)
def test_how_a_load_begins(policy: CachePolicy, method: str, asked: Pairs, stored: Pairs | None, expected: Verdict) -> None:
    """Apple's policies, and under the protocol's own RFC 9111, sections 4 and 5.2.1."""
    assert expected is decide(policy, method, asked, None if stored is None else cached(stored, age=10), NOW)


@pytest.mark.parametrize("policy", CachePolicy)
@pytest.mark.parametrize("stored", [
    [], [("Age", "1")], [("Content-Type", "a/b")], control("max-age=60"), control("stale-if-error=60"), [("Expires", "0")],
    [("ETag", '"1"')], [("Last-Modified", ago(60))]])
@pytest.mark.parametrize("asked", [[], control("max-stale"), control("only-if-cached"), control("stale-if-error=60"), [("Pragma", "no-cache")]])
def test_what_is_of_no_use_changes_nothing(policy: CachePolicy, asked: Pairs, stored: Pairs) -> None:
    """A load begins as if it were not there, and it stands in for no error; what tells its age or its version is of use."""
    kept = cached(stored)
    assert is_of_use(policy, asked, kept) or stored in ([], [("Age", "1")], [("Content-Type", "a/b")])
    if not is_of_use(policy, asked, kept):
        assert decide(policy, "GET", asked, None, NOW) is decide(policy, "GET", asked, kept, NOW)
        assert stands_in_until(policy, asked, kept, NOW) is None
        assert not validators(stored)


def test_a_response_that_is_not_https_is_given_by_age_policies_alone() -> None:
    """A plain URLResponse has no headers: nothing says that it is fresh."""
    plain = CachedURLResponse(URLResponse("custom:x"), b"")
    assert LOAD is decide(PROTOCOL, "GET", [], plain, NOW)
    assert USE is decide(ELSE_LOAD, "GET", [], plain, NOW)


SPARE = "max-age=5, stale-if-error="


@pytest.mark.parametrize(("policy", "asked", "stored", "seconds_left"), [   # the stored response is 10 seconds old
    (PROTOCOL, [], control(SPARE + "60"), 55),
    (PROTOCOL, [], control(SPARE + "5"), 0),
    (PROTOCOL, [], control(SPARE + "4"), None),
    (PROTOCOL, [], control("max-age=5"), None),
    (PROTOCOL, [], control(SPARE + "60, must-revalidate"), None),
    (PROTOCOL, [], control(SPARE + "60, no-cache"), None),
    (PROTOCOL, control("max-age=0"), control(SPARE + "60"), None),
    (PROTOCOL, control("no-cache"), control(SPARE + "60"), None),
    (PROTOCOL, control("stale-if-error=20"), control("max-age=5"), 15),
    (PROTOCOL, control("stale-if-error=20, max-age=0"), control("max-age=5"), 15),
    (PROTOCOL, control("stale-if-error=0"), control(SPARE + "60"), None),
    (PROTOCOL, control("stale-if-error=20"), control("max-age=5, must-revalidate"), None),
    (PROTOCOL, [("If-None-Match", '"2"')], control(SPARE + "60"), None),
    (REVALIDATE, [], control(SPARE + "60"), None),
    (RELOAD, [], control(SPARE + "60"), None),
])
def test_how_long_a_response_stands_in_for_an_error(policy: CachePolicy, asked: Pairs, stored: Pairs, seconds_left: int | None) -> None:
    """RFC 5861, section 4: what the response allows, or the request; never what RFC 9111, section 4.2.4, forbids."""
    until = stands_in_until(policy, asked, cached(stored, age=10), NOW)
    assert (None if seconds_left is None else NOW + timedelta(seconds=seconds_left)) == until


def test_policies_tell_the_caches_on_the_way() -> None:
    """`reload_ignoring_local_cache_data` adds no header (tests/conformance/README.md); to revalidate, and to ignore remote caches, is
    said to them."""
    said = {RELOAD_ALL: [("Cache-Control", "no-cache"), ("Pragma", "no-cache")], REVALIDATE: control("max-age=0")}
    assert {policy: said.get(policy, []) for policy in CachePolicy} == {policy: reload_headers(policy) for policy in CachePolicy}


# What is stored, and what is given ------------------------------------------------------------------

@pytest.mark.parametrize("headers", [
    [("Connection", "close, X-Hop"), ("x-hop", "1"), ("Keep-Alive", "timeout=5"), ("Upgrade", "h2c"), ("Trailer", "X"), ("TE", "trailers")],
    [("Proxy-Authenticate", "Basic"), ("Proxy-Authentication-Info", "x"), ("Proxy-Authorization", "y"), ("Proxy-Connection", "close")],
    [("Transfer-Encoding", "chunked")],
])
def test_fields_of_a_hop_and_of_a_proxy_are_not_stored(headers: Pairs) -> None:
    """RFC 9111, section 3.1."""
    assert [("X-End", "1"), ("Set-Cookie", "a=b")] == storable([("X-End", "1"), *headers, ("Set-Cookie", "a=b")])


def test_fields_that_ask_for_validation_are_not_stored() -> None:
    """RFC 9111, section 5.2.2.4; those of `private` are kept from shared caches alone (5.2.2.7)."""
    qualified = control('no-cache="Set-Cookie, X-A", private="X-P", no-cache=x-b')
    kept = [("X-P", "1"), ("X-C", "2")]
    assert [*qualified, *kept] == storable([*qualified, ("set-cookie", "a=b"), ("X-A", "1"), ("X-B", "1"), *kept])
    assert [*control("no-cache"), *kept] == storable([*control("no-cache"), *kept])


# Validation and invalidation ------------------------------------------------------------------------

def test_validators_ask_with_all_that_is_known() -> None:
    """RFC 9111, section 4.3.1: the entity tag and the date."""
    date = ago(1000)
    assert [("If-None-Match", '"1"'), ("If-Modified-Since", date)] == validators([("ETAG", '"1"'), ("last-modified", date)])
    assert [("If-None-Match", 'W/"1"')] == validators([("ETag", 'W/"1"')])
    assert [] == validators([("ETag", ""), ("Date", date)])


def test_a_304_changes_all_but_the_body_and_the_connection() -> None:
    """RFC 9111, section 3.2: fields are replaced, those about the body or the connection kept; old dates and ages go."""
    body = [("ETag", '"1"'), ("Content-Type", "a/b"), ("Content-Length", "3")]
    stored = [*body, ("X-A", "1"), ("X-A", "2"), ("Age", "5"), ("Date", "old"), ("B", "b")]
    ignored = [("Content-Length", "0"), ("Content-Type", "c/d"), ("Connection", "close, B"), ("B", "c")]
    taken = [("x-a", "3"), *control("max-age=9")]
    assert [*body, ("B", "b"), *taken] == freshen(stored, ignored + taken)


def test_a_304_for_another_tag_changes_nothing() -> None:
    """RFC 9111, section 4.3.4; a weak tag is as good as a strong one."""
    stored = [("ETag", '"1"')]
    assert stored == freshen(stored, [("ETag", '"2"'), ("X", "y")])
    assert [("ETag", 'W/"1"'), ("X", "y")] == freshen(stored, [("ETag", 'W/"1"'), ("X", "y")])


@pytest.mark.parametrize(("received", "expected"), [
    ([], True), ([("ETag", '"1"')], True), ([("etag", '"2"')], False), ([("Last-Modified", "x")], False), ([("Date", "x")], True),
    ([("Content-Length", "3")], True), ([("Content-Length", "4")], False),
    ([("Last-Modified", "Thursday, 01-Jan-26 00:00:00 GMT")], True), ([("Last-Modified", ago(1))], False),
])
def test_head_tells_whether_the_stored_response_still_holds(received: Pairs, expected: bool) -> None:
    """RFC 9111, section 4.3.5: validators and length agree or were not sent; a date agrees however it is written."""
    assert expected == head_agrees([("ETag", '"1"'), ("Last-Modified", ago(0)), ("Content-Length", "3")], received)


@pytest.mark.parametrize(("method", "status", "headers", "expected"), [
    ("POST", 200, [], [URL]),
    ("PUT", 204, [], [URL]),
    ("DELETE", 303, [], [URL]),
    ("MYSTERY", 200, [], [URL]),
    ("GET", 200, [("Location", "/b")], []),
    ("HEAD", 200, [], []),
    ("OPTIONS", 200, [], []),
    ("TRACE", 200, [], []),
    ("POST", 404, [], []),
    ("POST", 500, [], []),
    ("POST", 100, [], []),
    ("POST", 201, [("Location", "/b")], [URL, "https://example.com/b"]),
    ("PUT", 201, [("Location", "b?c"), ("Content-Location", "https://EXAMPLE.com:443/d")],
     [URL, "https://example.com/b?c", "https://EXAMPLE.com:443/d"]),
    ("POST", 201, [("Location", "http://example.com/b")], [URL]),
    ("POST", 201, [("Content-Location", "https://other.com/b")], [URL]),
    ("POST", 201, [("Location", "https://example.com:x/b")], [URL]),
    ("POST", 201, [("Location", "https://[/b")], [URL]),
])
def test_unsafe_methods_make_what_is_stored_worthless(method: str, status: int, headers: Pairs, expected: list[str]) -> None:
    """RFC 9111, section 4.4: the URL and what Location and Content-Location name on the same origin, unless it failed."""
    assert expected == invalidated(method, URL, status, headers)


# Keys -----------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("one", "other", "same"), [
    ("https://example.com", "https://example.com/", True),
    ("https://example.com/a#b", "https://example.com/a#c", True),
    ("HTTPS://Example.COM:443/a", "https://example.com/a", True),
    ("https://user:secret@example.com/a", "https://example.com/a", True),
    ("https://bücher.example/a", "https://xn--bcher-kva.example/a", True),
    ("http://[fe80::1%25eth0]/a", "http://[fe80::1%eth0]:80/a", True),
    ("http://[fe80::1%eth0]/a", "http://[fe80::1%eth1]/a", False),
    ("https://example.com/a", "http://example.com/a", False),
    ("https://example.com/a", "https://example.com:444/a", False),
    ("https://example.com/a", "https://example.com/A", False),
    ("https://example.com/a", "https://example.com/a?", False),
    ("https://example.com/a?x=1", "https://example.com/a?x=2", False),
    ("https://example.com/a?x=1", "https://example.com/a", False),
])
def test_urls_are_compared_without_fragment_and_user(one: str, other: str, same: bool) -> None:
    """Scheme, host, port, path and query make the key (corelibs' key lacks scheme and query)."""
    assert same == (cache_key(one) == cache_key(other))


def test_vary_and_credentials_choose_the_response() -> None:
    """RFC 9111, section 4.1; one user's answer is not another's unless it is public (section 3.5)."""
    names = varying([("Vary", "Accept, X-B"), ("vary", "x-a,")])
    assert ("accept", "authorization", "x-a", "x-b") == names
    assert ("accept",) == varying([("Vary", "Accept"), *control("public")])
    assert ("a,b", None, "", None) == selection(names, [("ACCEPT", " a , b"), ("X-A", "")])
    assert ("a,b,c", None, None, None) == selection(names, [("Accept", "a"), ("accept", "b,c")])


# A second opinion ------------------------------------------------------------------------------------

class Case(NamedTuple):
    method: str
    asked: dict[str, str]
    status: int
    headers: dict[str, str]
    age: int                 # seconds since it was received

    def said(self, *names: str) -> bool:
        return not directives(self.headers.get("Cache-Control")).keys().isdisjoint(names)


# Where hishel 2.0 (as a private cache) decides otherwise, and why ours stays.
DIFFERENCES: list[tuple[str, str, Callable[[Case], Any]]] = [
    ("stored", "answers to HEAD are not stored here: a key has no method", lambda c: c.method == "HEAD"),
    ("stored", "no-store of the request forbids storing (5.2.1.5)", lambda c: "no-store" in c.asked.get("Cache-Control", "")),
    ("stored", "an answer to a Range request is not stored here", lambda c: "Range" in c.asked),
    ("stored", "Vary: * is stored by hishel, and never given (4.1)", lambda c: c.headers.get("Vary") == "*"),
    ("stored", "must-understand stands above no-store and rules out statuses that are not understood (5.2.2.3)",
     lambda c: c.said("must-understand")),
    ("stored", "401 belongs to the credentials of its request", lambda c: c.status == 401),
    ("stored", "a max-age that is no number tells no time, but it is there; of two the first counts (4.2.1)",
     lambda c: "max-age=x" in c.headers.get("Cache-Control", "")),
    ("fresh", "hishel does not read Age (4.2.3)", lambda c: "Age" in c.headers),
    ("fresh", "hishel counts age from Date alone, here it also counts from the arrival (4.2.3)",
     lambda c: (http_date(c.headers.get("Date")) or NOW) > NOW - timedelta(seconds=c.age)),
    ("fresh", "max-age, min-fresh, max-stale of the request are not read by hishel (5.2.1)",
     lambda c: any(word in c.asked.get("Cache-Control", "") for word in ("max-age", "min-fresh", "max-stale", "only-if-cached"))),
    ("fresh", "hishel caps heuristics at a week, counts them from now, and for every status (4.2.2)",
     lambda c: "Last-Modified" in c.headers and not c.said("max-age") and "Expires" not in c.headers),
    ("fresh", "a no-cache that names fields is about those alone (5.2.2.4)", lambda c: '="' in c.headers.get("Cache-Control", "")),
    ("fresh", "a max-age that is no number is stale here and of two the first counts; hishel looks on (4.2.1)",
     lambda c: "max-age=x" in c.headers.get("Cache-Control", "")),
    ("fresh", "Pragma: no-cache of the request stands for Cache-Control (5.4)", lambda c: "Pragma" in c.asked),
]


def a_case(dice: random.Random) -> Case:
    """A random request and response; parts that hardly ever matter together are rare."""
    def some(chance: float, choices: list[str]) -> str | None:
        return dice.choice(choices) if dice.random() < chance else None

    tokens = ["no-store", "no-cache", "private", "public", "must-revalidate", "must-understand", "s-maxage=5", "immutable",
              'no-cache="Set-Cookie"', "proxy-revalidate", "max-age=x"]
    times = [f"max-age={n}" for n in (0, 5, 60, 600, 99_999)]
    words = [word for word in (some(0.6, times), some(0.35, tokens), some(0.15, tokens)) if word]
    age = dice.choice([0, 1, 20, 200, 4_000])
    dates = [ago(n) for n in (-90_000, -100, -10, 0, 30, 300, 5_000)]
    headers = {
        "Cache-Control": ", ".join(words) or None,
        "Expires": some(0.3, [*dates, "0"]),
        "Date": some(0.9, [ago(age)] * 20 + [*dates, "never"]),
        "Last-Modified": some(0.4, [ago(n) for n in (50, 1_000, 90_000, 90_000_000)]),
        "Age": some(0.15, ["0", "50", "500"]),
        "ETag": some(0.4, ['"1"', 'W/"2"']),
        "Vary": some(0.15, ["*", "Accept", "Accept, X-Other"]),
    }
    asked = {
        "Cache-Control": some(0.2, ["no-cache", "no-store", "max-age=0", "max-age=100", "min-fresh=30", "max-stale",
                                    "only-if-cached"]),
        "Authorization": some(0.1, ["Bearer x"]),
        "Accept": some(0.3, ["text/plain"]),
        "Range": some(0.03, ["bytes=0-9"]),
        "Pragma": some(0.05, ["no-cache"]),
    }
    return Case(
        dice.choice(["GET"] * 17 + ["HEAD", "POST", "DELETE"]), {k: v for k, v in asked.items() if v},
        dice.choice([200] * 10 + [203, 204, 206, 301, 302, 304, 307, 308, 401, 404, 410, 418, 500, 501, 503]),
        {k: v for k, v in headers.items() if v}, age,
    )


def ours(case: Case) -> tuple[bool, bool]:
    """Whether we store it, and whether we then give it to the same request again."""
    asked, headers = list(case.asked.items()), list(case.headers.items())
    verdict = decide(PROTOCOL, case.method, asked, cached(headers, case.age, case.status), NOW)
    return may_store(case.method, asked, case.status, headers), verdict is Verdict.USE


def theirs(case: Case) -> tuple[bool, bool]:
    """The same by hishel."""
    options = CacheOptions(shared=False)
    request = TheirRequest(case.method, URL, TheirHeaders(case.asked))
    response = TheirResponse(case.status, TheirHeaders(case.headers))
    stored = isinstance(CacheMiss(request=request, options=options).next(response), StoreAndUse)
    entry = Entry(uuid.UUID(int=0), request, response)
    return stored, isinstance(IdleClient(options=options).next(request, [entry]), FromCache)


def test_hishel_agrees_but_for_reasons_that_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 10,000 random cases every verdict (stored, fresh) that differs has a reason in the table, and every reason a case."""
    monkeypatch.setattr(their_rules, "time", types.SimpleNamespace(time=NOW.timestamp))
    dice = random.Random(9111)
    seen: Counter[str] = Counter()
    for _ in range(10_000):
        case = a_case(dice)
        (we_store, we_give), (they_store, they_give) = ours(case), theirs(case)
        differing = [kind for kind, differs in (
            ("stored", we_store != they_store), ("fresh", we_store and they_store and we_give != they_give),
        ) if differs]
        for kind in differing:
            reasons = [why for of, why, holds in DIFFERENCES if of == kind and holds(case)]
            assert reasons, f"{kind}: we say {we_store, we_give}, hishel {they_store, they_give}: {case}"
            seen.update(reasons)
        seen["same" if not differing else "different"] += 1
    assert {why for _, why, _ in DIFFERENCES} <= seen.keys()
    assert seen["same"] > 6_000
