"""Text that becomes bytes and comes back."""
from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sessionmock.routes.cassette.formats.texts import body_text, from_bytes, moment, text, wire_text


@pytest.mark.parametrize(("value", "as_text", "on_the_wire"), [
    ("plain", "plain", "plain"),
    ("\xe9", "\xe9", b"\xe9"),                                  # the byte of the wire
    ("\xc3\xa9", "\xc3\xa9", "\xc3\xa9".encode()),              # which, as bytes, would be read as UTF-8
    ("\u20ac", "\u20ac", "\u20ac".encode()),
    ("\ud800", b"\xed\xa0\x80", b"\xed\xa0\x80"),
])
def test_values_that_a_file_cannot_say_become_bytes(value: str, as_text: str | bytes, on_the_wire: str | bytes) -> None:
    """And come back as they were."""
    assert (as_text, on_the_wire) == (text(value), wire_text(value))
    assert [value] * 2 == [found if isinstance(found, str) else from_bytes(found) for found in (text(value), wire_text(value))]


def test_a_body_is_text_where_it_is_utf_8() -> None:
    """Else bytes."""
    assert ("\xe9", b"\xff") == (body_text("\xe9".encode()), body_text(b"\xff"))


@pytest.mark.parametrize(("node", "expected"), [
    ("2025-06-07T08:09:10Z", datetime(2025, 6, 7, 8, 9, 10, tzinfo=UTC)), ("2025-06-07T08:09:10", datetime(2025, 6, 7, 8, 9, 10, tzinfo=UTC)),
    ("Sat, 07 Jun 2025 08:09:10 GMT", datetime(2025, 6, 7, 8, 9, 10, tzinfo=UTC)), (0.0, datetime(1970, 1, 1, tzinfo=UTC)),
    (1e300, None), ("yesterday", None), (7, None), (None, None),
])
def test_a_moment_in_any_of_the_ways_that_recorders_write_it(node: object, expected: datetime | None) -> None:
    """ISO 8601, HTTP's dates, seconds since 1970; None for all else."""
    assert expected == moment(node)
