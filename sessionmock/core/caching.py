"""The rules of a private HTTP cache (RFC 9111) under URLSession's cache policies.

Everything here is a function of its arguments: headers are pairs, times are aware datetimes, durations seconds.
`is_of_use` says whether what is stored matters to a load, `decide` how it begins, `stands_in_until` for how long a stale
response may take the place of an error, `may_store` whether a response is kept and `storable` which of its fields, `freshen` what a
304 changes, `invalidated` what a request such as POST makes worthless.
"""
from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import Enum
from urllib.parse import urljoin

from ..models.cached_response import CachedURLResponse
from ..models.enums import CachePolicy
from ..models.message import Headers, header
from ..models.response import HTTPURLResponse
from ..models.url import split_url
from .cache_control import Directives, directives, request_directives, seconds
from .dates import http_date
from .freshness import HEURISTIC, Standing, standing_of
from .redirects import have_one_origin


class Verdict(Enum):
    """How a load begins."""

    USE = "use"                  # give the cached response, as old as it is (`freshness.aged`)
    USE_STALE = "use stale"      # the same, and ask the server behind it (RFC 5861, section 3)
    REVALIDATE = "revalidate"    # ask with `validators`; on 304 give the cached response, `freshen`ed
    LOAD = "load"                # ask as if there were no cache
    FAIL = "fail"                # -1008, without asking (scenario cache-dont-load-miss)


# The policies under which nothing is taken from the cache.
RELOADS = frozenset({CachePolicy.RELOAD_IGNORING_LOCAL_CACHE_DATA, CachePolicy.RELOAD_IGNORING_LOCAL_AND_REMOTE_CACHE_DATA})

# Those under which its age does not matter.
_OF_ANY_AGE = frozenset({CachePolicy.RETURN_CACHE_DATA_ELSE_LOAD, CachePolicy.RETURN_CACHE_DATA_DONT_LOAD})

_ON_THE_WAY = {
    CachePolicy.RELOAD_IGNORING_LOCAL_AND_REMOTE_CACHE_DATA: [("Cache-Control", "no-cache"), ("Pragma", "no-cache")],
    CachePolicy.RELOAD_REVALIDATING_CACHE_DATA: [("Cache-Control", "max-age=0")],
}

# Statuses whose meaning hangs on the request's own ranges, conditions or credentials.
_NEVER = frozenset({206, 304, 401, 407, 412, 416})
_TELLING = frozenset({"cache-control", "expires", "last-modified", "etag"})
_TOLD = frozenset({"max-age", "public", "private"})
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_CONDITIONAL = frozenset({"if-none-match", "if-modified-since", "if-match", "if-unmodified-since"})
_SERVED = frozenset({"GET", "HEAD"})
_NONE: Directives = {}
# What a request says that wants nothing stale but what it names itself.
_DEMANDS = frozenset({"no-cache", "max-age", "min-fresh", "max-stale", "only-if-cached"})
# What stands for a server that could not answer (RFC 5861, section 4).
FAILURES = frozenset({500, 502, 503, 504})

# What belongs to one connection, or to a proxy on the way, and is not stored (section 3.1; RFC 9110, section 7.6.1).
_HOP = frozenset({
    "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authentication-info", "proxy-authorization", "te",
    "trailer", "transfer-encoding", "upgrade",
})
# Without any of these all of a response is stored.
_UNSTORED = _HOP | {"cache-control"}
# What describes a body.
_BODY = frozenset({"content-length", "content-encoding", "content-type", "content-range"})


def is_of_use(policy: CachePolicy, headers: Headers, cached: CachedURLResponse) -> bool:
    """Whether `cached` could be given to a request with these `headers`, or be asked about.

    What says neither for how long it is fresh nor which version it is, is stale at once and cannot be revalidated. Whoever takes
    data of any age can use it, and only who says so in Cache-Control besides.
    """
    if cached._standing is not None or policy in _OF_ANY_AGE or header(headers, "cache-control") is not None:
        return True       # the first: it was of use before
    response = cached.response
    return isinstance(response, HTTPURLResponse) and any(name.lower() in _TELLING for name, _ in response.headers)


def decide(policy: CachePolicy, method: str, headers: Headers, cached: CachedURLResponse | None, now: datetime) -> Verdict:
    """How a load of `method` with the request `headers` begins where `cached` is stored for it (None: nothing is).

    The policies are Apple's (docs/rules.md, Caching). To a request for a range, `cached` is that part (`core.cached_range`). A request
    with conditions of its own goes to the server and gets the answer to them, a 304 too (scenario cache-own-conditional), unless its
    policy asks for cached data of any age.
    """
    names = {name.lower() for name, _ in headers}
    if method not in _SERVED:
        cached = None
    if policy is CachePolicy.RETURN_CACHE_DATA_ELSE_LOAD:
        return Verdict.USE if cached else Verdict.LOAD
    if policy is CachePolicy.RETURN_CACHE_DATA_DONT_LOAD:
        return Verdict.USE if cached else Verdict.FAIL
    if policy in RELOADS:
        return Verdict.LOAD
    stored = standing_of(cached, now) if cached is not None and names.isdisjoint(_CONDITIONAL) else None
    if policy is not CachePolicy.RELOAD_REVALIDATING_CACHE_DATA:
        asked = request_directives(headers) if "cache-control" in names or "pragma" in names else _NONE
        if stored is not None and _is_usable(asked, stored, now):
            return Verdict.USE
        if stored is not None and method == "GET" and _leeway("stale-while-revalidate", asked, stored, now) >= 0:
            return Verdict.USE_STALE
        if "only-if-cached" in asked:
            return Verdict.FAIL
    return Verdict.REVALIDATE if stored is not None and "range" not in names and validators(stored.headers) else Verdict.LOAD


def _is_usable(asked: Directives, stored: Standing, now: datetime) -> bool:
    """Whether a response may be given without asking the server (sections 4, 4.2.4 and 5.2.1)."""
    said, lifetime = stored.said, stored.lifetime
    if "no-cache" in asked or _asks_always(said):
        return False
    age = stored.age_at(now)
    limit, least = seconds(asked, "max-age"), seconds(asked, "min-fresh")
    if (limit is not None and age > limit) or (least is not None and lifetime - age < least):
        return False
    if age < lifetime:
        return True
    if "max-stale" not in asked or "must-revalidate" in said:
        return False
    return asked["max-stale"] is None or age - lifetime <= (seconds(asked, "max-stale") or 0)


def _asks_always(said: Directives) -> bool:
    """Whether a response forbids its use without asking the server. A `no-cache` with names speaks of those fields alone (5.2.2.4)."""
    return "no-cache" in said and said["no-cache"] is None


def stands_in_until(policy: CachePolicy, headers: Headers, cached: CachedURLResponse, now: datetime) -> datetime | None:
    """Until when `cached`, which is stale, may be given in place of an error to a request with these `headers`: by its own
    stale-if-error, or by the request's (RFC 5861, section 4). None: never."""
    if policy is not CachePolicy.USE_PROTOCOL_CACHE_POLICY or any(name.lower() in _CONDITIONAL for name, _ in headers):
        return None
    asked = request_directives(headers)
    left = _leeway("stale-if-error", asked, standing_of(cached, now), now, seconds(asked, "stale-if-error"))
    return None if left < 0 else now + timedelta(seconds=left)


def _leeway(name: str, asked: Directives, stored: Standing, now: datetime, window: float | None = None) -> float:
    """For how many seconds more a response may be given though it is stale: until it has been so for `window` seconds, by default
    those that it has under `name`. Less than 0: it may not, by RFC 9111, section 4.2.4, too."""
    said = stored.said
    if window is None and _DEMANDS.isdisjoint(asked):
        window = seconds(said, name)
    if window is None or "must-revalidate" in said or _asks_always(said):
        return -1.0
    return window + stored.lifetime - stored.age_at(now)


def may_store(method: str, request_headers: Headers, status: int, headers: Headers) -> bool:
    """Whether the response may be kept (section 3). Answers to HEAD and to ranges are not.

    Also a response that is stale at once is kept: it can be revalidated, and two policies give data of any age.
    """
    if method != "GET" or status < 200 or status in _NEVER or header(request_headers, "range") is not None:
        return False
    control = directives(header(headers, "cache-control"))
    if "no-store" in request_directives(request_headers) or "*" in _list(header(headers, "vary")):
        return False
    if "must-understand" in control:                 # it stands above no-store (section 5.2.2.3)
        return status in HEURISTIC
    if "no-store" in control:
        return False
    told = not _TOLD.isdisjoint(control) or header(headers, "expires") is not None
    return told or status in HEURISTIC


def validators(headers: Iterable[tuple[str, str]]) -> Headers:
    """The fields that make a request ask whether the stored response with `headers` still holds; [] where it cannot (4.3.1)."""
    found = [("If-None-Match", header(headers, "etag")), ("If-Modified-Since", header(headers, "last-modified"))]
    return [(name, value) for name, value in found if value]


def freshen(stored: Headers, received: Headers) -> Headers:
    """The `stored` header fields after a 304, or an agreeing answer to HEAD, with those `received` (section 3.2).

    A 304 for another entity tag than the stored one confirms nothing and changes nothing (section 4.3.4).
    """
    tag, known = header(received, "etag"), header(stored, "etag")
    if tag and known and _weak(tag) != _weak(known):
        return stored
    listed = _list(header(received, "connection"))
    new = [(name, value) for name, value in received if (key := name.lower()) not in _HOP | _BODY and key not in listed]
    replaced = {name.lower() for name, _ in new} | {"age", "date"}      # the old ones would make it old at once
    return [(name, value) for name, value in stored if name.lower() not in replaced] + new


def storable(headers: Headers) -> Headers:
    """`headers` as a cache keeps them: without the fields of the connection and of a proxy, those that Connection names, and those
    that are for nobody who has not asked the server (sections 3.1 and 5.2.2.4). Those of a qualified `private` stay: they are kept
    from shared caches alone (section 5.2.2.7)."""
    if _UNSTORED.isdisjoint([name.lower() for name, _ in headers]):
        return headers
    listed = _list(header(headers, "connection")) | _list(directives(header(headers, "cache-control")).get("no-cache"))
    return [(name, value) for name, value in headers if (key := name.lower()) not in _HOP and key not in listed]


def without_body(headers: Headers) -> Headers:
    """`headers` of a response whose body is left out."""
    return [(name, value) for name, value in headers if name.lower() not in _BODY]


def head_agrees(stored: Headers, received: Headers) -> bool:
    """Whether a 200 to HEAD describes the `stored` response to GET; where not, that one is stale for good (section 4.3.5)."""
    tell = [(name, new, header(stored, name)) for name in ("etag", "last-modified", "content-length") if (new := header(received, name)) is not None]
    return all(new == old or (name == "last-modified" and old is not None and _is_same_date(new, old)) for name, new, old in tell)


def _is_same_date(one: str, other: str) -> bool:
    """Whether two dates are one, however they are written (RFC 9110, section 5.6.7)."""
    return (date := http_date(one)) is not None and date == http_date(other)


def invalidated(method: str, url: str, status: int, headers: Headers) -> list[str]:
    """The URLs whose cached responses a response to `method` makes worthless (section 4.4): [] for safe methods and errors.

    Besides `url` itself, those that Location and Content-Location name, where they have the same origin.
    """
    if method in _SAFE or not 200 <= status < 400:
        return []
    found = [url]
    for name in ("location", "content-location"):
        if value := header(headers, name):
            try:
                named = urljoin(url, value)
            except ValueError:
                continue
            if have_one_origin(named, url):
                found.append(named)
    return found


def reload_headers(policy: CachePolicy) -> Headers:
    """What a request under `policy` says to the caches on its way: no-cache where those are ignored too, max-age=0 where they are
    to ask the server as well (sections 5.2.1.1 and 5.2.1.4)."""
    return list(_ON_THE_WAY.get(policy, ()))


# What tells responses for one URL apart ---------------------------------------------------------------

def cache_key(url: str) -> str:
    """`url` as a cache compares it: without fragment and user, the default port and the empty path written one way."""
    parts = split_url(url)
    return f"{parts.scheme}://{parts.place}{parts.target}"


def varying(headers: Headers) -> tuple[str, ...]:
    """The request fields (lower case, sorted) that chose the response with `headers` (section 4.1).

    Authorization is one of them unless the response is public: several users may share one cache here, and what one
    may see is not for another (section 3.5).
    """
    names = _list(header(headers, "vary"))
    if "public" not in directives(header(headers, "cache-control")):
        names = names | {"authorization"}
    return tuple(sorted(names))


def selection(names: tuple[str, ...], headers: Headers) -> tuple[str | None, ...]:
    """What a request with `headers` has in the fields `names`, blanks around commas taken away; None where it has none."""
    values = (header(headers, name) for name in names)
    return tuple([None if value is None else ",".join(map(str.strip, value.split(","))) for value in values])


def _list(value: str | None) -> frozenset[str]:
    return frozenset(name.strip().lower() for name in value.split(",")) - {""} if value else frozenset()


def _weak(tag: str) -> str:
    return tag.strip().removeprefix("W/")
