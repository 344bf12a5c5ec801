"""Messages, and what is read of their fields."""
from __future__ import annotations

import pytest

from sessionmock.models.message import sole


@pytest.mark.parametrize(("values", "expected"), [
    ([], None), (["/a"], "/a"), ([" /a\t"], "/a"), (["/a", "/a "], "/a"), (["/a", "/b"], None), ([""], ""),
])
def test_a_field_that_must_not_be_repeated_has_one_value_or_none(values: list[str], expected: str | None) -> None:
    """Copies that differ say nothing."""
    assert expected == sole([("Other", "/c"), *(("LOCATION", value) for value in values)], "location")
