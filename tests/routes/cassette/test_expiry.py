"""The age of recorded answers, and what is done about it."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sessionmock.errors import InvalidArgumentException
from sessionmock.routes.cassette import Extra, Interaction, OnExpiry, RecordedRequest, RecordedResponse
from sessionmock.routes.cassette.expiry import Expiry, age, recorded_at

NOW = datetime(2025, 6, 7, 8, 9, 10, tzinfo=UTC)


def item(then: datetime | None = None, date: str | None = None) -> Interaction:
    headers = [] if date is None else [("Date", date)]
    return Interaction(RecordedRequest("GET", "http://api.test/"), RecordedResponse(200, "OK", headers), Extra(recorded_at=then))


@pytest.mark.parametrize(("one", "expected"), [
    (item(NOW, "Sat, 07 Jun 2025 00:00:00 GMT"), NOW),
    (item(None, "Sat, 07 Jun 2025 08:09:10 GMT"), NOW),
    (item(None, "Sat, 07 Jun 2025 08:09:10"), None),        # of no zone: of no moment
    (item(None, "yesterday"), None),
    (item(), None),
])
def test_when_an_answer_was_recorded(one: Interaction, expected: datetime | None) -> None:
    """As its file says, else by its Date, else nobody knows; and so its age."""
    assert expected == recorded_at(one)
    assert (None if expected is None else timedelta(hours=1)) == age(one, NOW + timedelta(hours=1))


def test_without_a_limit_nothing_is_too_old() -> None:
    """No age is asked for, and nothing is told."""
    expiry = Expiry(None, "fail", can_ask=True)
    assert not expiry.refuses(item(datetime(1980, 1, 1, tzinfo=UTC)), NOW)
    assert ("", False, []) == (expiry.warning, expiry.renews, expiry.expired)


@pytest.mark.parametrize(("then", "refused"), [
    (NOW - timedelta(seconds=60), False), (NOW - timedelta(seconds=61), True), (NOW + timedelta(days=1), False), (None, False),
])
def test_the_limit_is_the_last_age_that_is_given(then: datetime | None, refused: bool) -> None:
    """What is as old as the limit is given, and what has no age."""
    assert refused is Expiry(60, OnExpiry.FAIL, can_ask=False).refuses(item(then), NOW)


@pytest.mark.parametrize(("on_expiry", "can_ask", "ci", "renews", "refused", "warns"), [
    ("warn", True, "", False, False, True),
    ("fail", True, "", False, True, False),
    ("rerecord", True, "", True, True, True),
    ("rerecord", False, "", False, False, True),      # nobody to ask
    ("rerecord", True, "1", False, False, True),      # in CI nothing is recorded
])
def test_what_happens_to_an_old_answer(monkeypatch: pytest.MonkeyPatch, on_expiry: str, can_ask: bool, ci: str,
                                       renews: bool, refused: bool, warns: bool) -> None:
    """It is given with a warning, refused, or asked for anew where there is a server and no CI."""
    monkeypatch.setenv("CI", ci)
    expiry = Expiry(60, on_expiry, can_ask=can_ask)
    assert (renews, refused) == (expiry.renews, expiry.refuses(item(NOW - timedelta(days=3)), NOW))
    assert warns is bool(expiry.warning)


def test_the_warning_counts_and_names_the_first() -> None:
    """How many, how old they may be, and the first of them with its age in days or seconds."""
    expiry = Expiry(60, "warn", can_ask=False)
    expiry.refuses(item(NOW - timedelta(days=3, hours=4)), NOW)
    assert "1 answers are older than 0:01:00: GET http://api.test/, recorded 3 days ago" == expiry.warning
    expiry.refuses(item(NOW - timedelta(seconds=90)), NOW)
    assert "2 answers are older than 0:01:00: GET http://api.test/, recorded 3 days ago, …" == expiry.warning
    assert "GET http://api.test/, recorded 90 s ago" == expiry.expired[1]


def test_an_unknown_name_is_misuse() -> None:
    """The error says what there is."""
    with pytest.raises(InvalidArgumentException, match="on_expiry 'sulk': choose from warn, fail, rerecord"):
        Expiry(60, "sulk", can_ask=False)
