"""Dates of HTTP's fields (RFC 9110, section 5.6.7): Date, Expires, Last-Modified and Retry-After; cookies have a reader of their own."""
from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

from ..clock import SystemClock

_TIME = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
_MONTH = r"(?P<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_FORMS = tuple(re.compile(form, re.ASCII | re.IGNORECASE) for form in (
    rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?P<day>\d\d) {_MONTH} (?P<year>\d{{4}}) {_TIME} GMT",
    rf"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?P<day>\d\d)-{_MONTH}-(?P<year>\d\d) {_TIME} GMT",
    rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) {_MONTH} (?P<day>[ \d]\d) {_TIME} (?P<year>\d{{4}})",
))
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def http_date(value: str | None, now: datetime | None = None) -> datetime | None:
    """The date that a field says in one of the three forms, in any case; None for anything else, as "0" or "-1".

    A year of two digits is the latest that makes a date no more than 50 years after `now`, which is aware (by default the system's).
    """
    found = _parts(value) if value else None
    if found is None:
        return None
    is_short, year, month, day, hour, minute, second = found
    if is_short:
        this_year, *rest = (now or SystemClock().date()).astimezone(UTC).timetuple()[:6]
        last = this_year + 50 - ([month, day, hour, minute, second] > rest)
        year = last - (last - year) % 100
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None


@lru_cache(maxsize=512)
def _parts(value: str) -> tuple[bool, int, int, int, int, int, int] | None:
    """Whether the year has two digits, then year, month, day, hour, minute and second, of which 60 is no time of its own."""
    match = next((found for form in _FORMS if (found := form.fullmatch(value.strip(" \t")))), None)
    if match is None:
        return None
    day, hour, minute, second = (int(match[part]) for part in ("day", "hour", "minute", "second"))
    month = _MONTHS.index(match["month"].lower()) + 1
    return len(match["year"]) == 2, int(match["year"]), month, day, hour, minute, second - (second == 60)
