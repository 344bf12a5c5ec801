"""How old a stored response is, and for how long it is fresh (RFC 9111, section 4.2)."""
from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from ..models.cached_response import CachedURLResponse
from ..models.message import Headers, header
from ..models.response import HTTPURLResponse
from .cache_control import MAX_DELTA, Directives, delta_seconds, directives, seconds
from .dates import http_date

HEURISTIC_SHARE = 0.1        # of the time since Last-Modified (section 4.2.2)

# Statuses that may be kept without being told for how long (RFC 9110, section 15.1). 206 is left out: no ranges are kept.
HEURISTIC = frozenset({200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501})


class Facts(NamedTuple):
    """What the rules of age need of a stored response."""

    status: int
    headers: Headers
    requested: datetime      # when its request was sent
    received: datetime       # when its head arrived, or a 304 last confirmed it


class Standing(NamedTuple):
    """What follows from the facts at any time."""

    headers: Headers         # without Age, which they have for the time of their arrival
    said: Directives         # by its Cache-Control
    lifetime: float          # seconds
    age: float               # seconds, when it was received
    received: datetime

    def age_at(self, now: datetime) -> float:
        """For how many seconds the origin has not confirmed it (section 4.2.3)."""
        return self.age + max(0.0, (now - self.received).total_seconds())


def standing_of(cached: CachedURLResponse, now: datetime) -> Standing:
    """How `cached` stands; one that no cache has stored yet is of `now`. Found once: what is reused often is judged each time."""
    found: Standing | None = cached._standing
    if found is None:
        response = cached.response
        status, headers = (response.status_code, response.headers) if isinstance(response, HTTPURLResponse) else (200, [])
        found = standing(Facts(status, headers, cached.requested or now, cached.received or now))
        if cached.requested is not None and cached.received is not None:
            cached._remember(found)
    return found


def standing(facts: Facts) -> Standing:
    """What follows from `facts`."""
    said = directives(header(facts.headers, "cache-control"))
    headers = [pair for pair in facts.headers if pair[0].lower() != "age"]
    return Standing(headers, said, freshness_lifetime(facts), _age(facts), facts.received)


def freshness_lifetime(facts: Facts) -> float:
    """For how many seconds a response is fresh, 0 where it cannot be told (section 4.2.1). `s-maxage` is for shared caches."""
    headers, received = facts.headers, facts.received
    control = directives(header(headers, "cache-control"))
    if (age := seconds(control, "max-age")) is not None:
        return age
    date = http_date(header(headers, "date"), received) or received
    if (expires := header(headers, "expires")) is not None:
        until = http_date(expires, received)
        return max(0.0, (until - date).total_seconds()) if until else 0.0
    changed = http_date(header(headers, "last-modified"), received)
    if changed is None or (facts.status not in HEURISTIC and "public" not in control):
        return 0.0
    return max(0.0, (date - changed).total_seconds() * HEURISTIC_SHARE)


def _age(facts: Facts) -> float:
    """For how many seconds the origin had not confirmed a response when it was received (section 4.2.3)."""
    value = header(facts.headers, "age")
    age = delta_seconds((value or "").partition(",")[0].strip()) or 0
    date = http_date(header(facts.headers, "date"), facts.received)
    apparent = (facts.received - date).total_seconds() if date else 0.0
    return max(apparent, age + max(0.0, (facts.received - facts.requested).total_seconds()))


def aged(cached: CachedURLResponse, now: datetime) -> HTTPURLResponse | None:
    """The response of `cached` as it is given at `now` without asking the server: with the age that it has, in place of a stored one
    (section 4). None for what is no HTTP."""
    response = cached.response
    if not isinstance(response, HTTPURLResponse):
        return None
    stored = standing_of(cached, now)
    return response.replacing([*stored.headers, ("Age", str(min(int(stored.age_at(now)), MAX_DELTA)))])
