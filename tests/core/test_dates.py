"""Dates of HTTP's fields."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from sessionmock.core.dates import http_date

NOW = datetime(2026, 3, 15, 12, 30, 30, tzinfo=UTC)
DATE = datetime(2050, 8, 18, 2, 1, 18, tzinfo=UTC)


@pytest.mark.parametrize("form", [
    "Thu, 18 Aug 2050 02:01:18 GMT", "Thursday, 18-Aug-50 02:01:18 GMT", "Thu Aug 18 02:01:18 2050", " Thu, 18 Aug 2050 02:01:18 GMT\t",
])
def test_dates_have_one_of_three_forms(form: str) -> None:
    """RFC 9110, section 5.6.7; in any case, which RFC 9111, section 4.2, asks of caches."""
    assert {DATE} == {http_date(text, NOW) for text in (form, form.upper(), form.lower())}


@pytest.mark.parametrize("text", [
    None, "", "0", "-1", "tomorrow", "2050-08-18", "2050-08-18T02:01:18Z", "1755489678",
    "Thu, 18 Aug 50 02:01:18 GMT", "Thu 18 Aug 2050 02:01:18 GMT", "Thu, 18-Aug-2050 02:01:18 GMT", "Thu, 18-Aug-50 02:01:18 GMT",
    "Thursday, 18 Aug 2050 02:01:18 GMT", "Thursday, 18-Aug-2050 02:01:18 GMT", "Thuxyz, 18 Aug 2050 02:01:18 GMT", "18 Aug 2050 02:01:18 GMT",
    "Thu, 18 Aug 2050 2:01:18 GMT", "Thu, 8 Aug 2050 02:01:18 GMT", "Thu, 18 Aug 2050 02:01 GMT", "Thu, 18 Aug 2050 02:01:18",
    "Thu, 18 Aug 2050 02:01:18 UTC", "Thu, 18 Aug 2050 02:01:18 +0000", "Thu, 18 Aug 2050 02:01:18 GMT+1", "Thu, 18 Aug 2050  02:01:18 GMT",
    "Thu, 18 August 2050 02:01:18 GMT", "Thu, 31 Jun 2050 02:01:18 GMT", "Thu, 18 Aug 2050 24:01:18 GMT", "Thu, 18 Aug 2050 02:01:61 GMT",
    "Thu, 00 Aug 2050 02:01:18 GMT", "Thu, 18 Aug 0000 02:01:18 GMT", "Thu Aug 18 02:01:18 50", "Thu Aug 8 02:01:18 2050",
    "Thu, 18 Aug 2050 02:01:18 GMT, Thu, 18 Aug 2050 02:01:18 GMT", "Thu, ١٨ Aug 2050 02:01:18 GMT",
])
def test_nothing_else_is_a_date(text: str | None) -> None:
    """What nearly is one is none: an Expires that cannot be read has passed (RFC 9111, section 5.3)."""
    assert http_date(text, NOW) is None


def test_a_day_of_one_digit_has_a_blank_before_it() -> None:
    assert datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC) == http_date("Sun Nov  6 08:49:37 1994") == http_date("Sun, 06 Nov 1994 08:49:37 GMT")


@pytest.mark.parametrize(("year", "expected"), [("26", 2026), ("50", 2050), ("75", 2075), ("77", 1977), ("94", 1994), ("00", 2000)])
def test_a_year_of_two_digits_is_at_most_50_years_ahead(year: str, expected: int) -> None:
    """Else it is the most recent one in the past (RFC 9110, section 5.6.7)."""
    assert datetime(expected, 11, 6, 8, 49, 37, tzinfo=UTC) == http_date(f"Sunday, 06-Nov-{year} 08:49:37 GMT", NOW)


def test_50_years_are_counted_to_the_second() -> None:
    text = NOW.strftime("Sunday, %d-%b-76 %H:%M:%S GMT")
    assert datetime(2076, *NOW.timetuple()[1:6], tzinfo=UTC) == http_date(text, NOW)
    assert datetime(1976, *NOW.timetuple()[1:6], tzinfo=UTC) == http_date(text, NOW - timedelta(seconds=1))
    assert datetime(2076, *NOW.timetuple()[1:6], tzinfo=UTC) == http_date(text, NOW.astimezone(timezone(timedelta(hours=-9))))


@pytest.mark.parametrize(("date", "expected"), [("01-Mar-04", 2104), ("01-Jan-46", 2146), ("01-Mar-46", 2046)])
def test_a_year_of_two_digits_may_be_of_the_next_century(date: str, expected: int) -> None:
    found = http_date(f"Monday, {date} 00:00:00 GMT", datetime(2096, 2, 29, tzinfo=UTC))
    assert found is not None
    assert expected == found.year


def test_a_leap_second_is_the_one_before() -> None:
    """Of 23:59:60 there is no datetime."""
    assert datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC) == http_date("Sat, 31 Dec 2016 23:59:60 GMT")
