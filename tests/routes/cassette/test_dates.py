"""Dates of recorded answers, given later than they were recorded: what moves, what lives on, and what stays as it is."""
from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sessionmock.clock import JumpingClock
from sessionmock.models.message import Headers
from sessionmock.routes.cassette import Extra, Interaction, RecordedRequest, RecordedResponse
from sessionmock.routes.cassette.dates import headers_now

NOW = JumpingClock(datetime(2026, 1, 31, tzinfo=UTC))    # 30 days after the recording
THEN = datetime(2026, 1, 1, tzinfo=UTC)


def given(*headers: tuple[str, str], then: datetime | None = THEN, refresh: bool = False, clock: JumpingClock = NOW) -> Headers:
    answer = RecordedResponse(200, "OK", list(headers))
    return headers_now(Interaction(RecordedRequest("GET", "http://api.test/"), answer, Extra(recorded_at=then)), clock, refresh)


@pytest.mark.parametrize(("expires", "expected"), [
    ("Fri, 02 Jan 2026 00:00:00 GMT", "Sun, 01 Feb 2026 00:00:00 GMT"),     # it lived a day then
    ("Fri, 02-Jan-2026 00:00:00 GMT", "Sun, 01 Feb 2026 00:00:00 GMT"),     # as Netscape wrote it
    ("Sat, 28 Feb 2026 00:00:00 GMT", "Sat, 28 Feb 2026 00:00:00 GMT"),     # it lives still
    ("Thu, 01 Jan 1970 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT"),     # it was to be deleted
    ("never", "never"),
])
def test_a_cookie_that_lived_lives_on(expires: str, expected: str) -> None:
    """As long from now as then; nothing else of the line changes, and nothing of what lives or is to die."""
    assert [("SET-cookie", f"sid=1; Path=/; Expires={expected}; Secure")] == given(("SET-cookie", f"sid=1; Path=/; Expires={expires}; Secure"))


def test_cookies_in_one_line_are_kept_apart() -> None:
    """Some recorders join them by commas."""
    assert [("Set-Cookie", "a=1; expires=Sun, 01 Feb 2026 00:00:00 GMT, b=2; Max-Age=5")] == given(
        ("Set-Cookie", "a=1; expires=Fri, 02 Jan 2026 00:00:00 GMT, b=2; Max-Age=5"))


def test_without_a_time_of_recording_nothing_moves() -> None:
    """The Date of the answer says it too."""
    cookie = ("Set-Cookie", "a=1; Expires=Fri, 02 Jan 2026 00:00:00 GMT")
    assert [cookie] == given(cookie, then=None)
    assert "a=1; Expires=Sun, 01 Feb 2026 00:00:00 GMT" == given(cookie, ("Date", "Thu, 01 Jan 2026 00:00:00 GMT"), then=None)[0][1]


DATED = [
    ("Date", "Thu, 01 Jan 2026 00:00:00 GMT"), ("Expires", "Thu, 01 Jan 2026 01:00:00 GMT"), ("Last-Modified", "Wed, 31 Dec 2025 00:00:00 GMT"),
    ("Retry-After", "Thu, 01 Jan 2026 00:02:00 GMT"), ("X-RateLimit-Reset", "1767225660"),
    ("Set-Cookie", "a=1; Expires=Sat, 28 Feb 2026 00:00:00 GMT"),
]


def test_dates_move_where_that_is_asked() -> None:
    """Each is as far from now as it was from the recording, also where a clock stands before it."""
    assert [
        ("Date", "Sat, 31 Jan 2026 00:00:00 GMT"), ("Expires", "Sat, 31 Jan 2026 01:00:00 GMT"), ("Last-Modified", "Fri, 30 Jan 2026 00:00:00 GMT"),
        ("Retry-After", "Sat, 31 Jan 2026 00:02:00 GMT"), ("X-RateLimit-Reset", "1769817660"),
        ("Set-Cookie", "a=1; Expires=Mon, 30 Mar 2026 00:00:00 GMT"),
    ] == given(*DATED, refresh=True)
    assert ("Date", "Mon, 01 Dec 2025 00:00:00 GMT") == given(*DATED, refresh=True, clock=JumpingClock(datetime(2025, 12, 1, tzinfo=UTC)))[0]


def test_dates_stay_where_it_is_not() -> None:
    """And what is no date, or the last that there is, stays in any case."""
    assert DATED == given(*DATED)
    others = [("Expires", "0"), ("Retry-After", "120"), ("Age", "5"), ("ETag", "1767225660"), ("Set-Cookie", "a=1; Max-Age=9"),
              ("Expires", "Fri, 31 Dec 9999 23:59:59 GMT")]
    assert others == given(*others, refresh=True)
