"""Recorded dates in the time of a replay: cookies live on that lived then, and where that is asked all dates move with the clock."""
from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from ...clock import Clock
from ...core.dates import http_date
from ...models.cookie import parse_cookie_date
from ...models.message import Headers
from .expiry import recorded_at
from .interaction import Interaction

_EXPIRES = re.compile(r"(;\s*expires\s*=\s*)((?:[a-z]+,\s*)?[^;,]*)", re.I)
_EPOCH = re.compile(r"[1-9]\d{9}")    # seconds since 1970, as in X-RateLimit-Reset


def headers_now(interaction: Interaction, clock: Clock, refresh: bool) -> Headers:
    """The headers of the answer, to be given now.

    With `refresh`, each field that is a date (Date, Expires, Last-Modified, Retry-After...) and the Expires of each cookie is as
    far from now as it was from the recording. Without, that is so only of a cookie that lived when it was recorded and would
    not now. What was never to live, as a cookie that is deleted, stays so.
    """
    headers = interaction.response.headers
    if not refresh and not any(len(name) == 10 and name.lower() == "set-cookie" for name, _ in headers):
        return headers[:]
    then, now = recorded_at(interaction), clock.date()
    if then is None or (then >= now and not refresh):
        return headers[:]

    def moved(name: str, value: str) -> str:
        if name.lower() == "set-cookie":
            return _EXPIRES.sub(lambda found: found[1] + _cookie_date(found[2], then, now, refresh), value)
        return _date(name.lower(), value, now - then) if refresh else value

    return [(name, moved(name, value)) for name, value in headers]


def _cookie_date(text: str, then: datetime, now: datetime, refresh: bool) -> str:
    expires = parse_cookie_date(text)
    if expires is None or expires <= then or (expires > now and not refresh):
        return text
    return _written(expires, now - then)


def _date(name: str, value: str, past: timedelta) -> str:
    if "reset" in name and _EPOCH.fullmatch(value):
        return str(int(value) + int(past.total_seconds()))
    when = http_date(value)
    return value if when is None else _written(when, past)


def _written(when: datetime, past: timedelta) -> str:
    try:
        return format_datetime((when + past).astimezone(UTC), usegmt=True)
    except OverflowError:    # a cookie of the year 9999 lives long enough
        return format_datetime(when, usegmt=True)
