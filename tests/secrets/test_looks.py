"""One pattern for many."""
from __future__ import annotations

import re

import pytest

from sessionmock.secrets.looks import any_of
from sessionmock.secrets.services import keys, named


def test_looks_that_begin_alike_stand_together() -> None:
    assert any_of(["k(?<=tok)en", "pass", r"\.com", "kty"]) == r"k(?:(?<=tok)en|ty)|p(?:ass)|\.(?:com)"


@pytest.mark.parametrize("text", ["a token", "kty", "passed", "x.com"])
def test_each_of_them_is_found(text: str) -> None:
    assert re.search(any_of(["k(?<=tok)en", "pass", r"\.com", "kty"]), text) is not None


@pytest.mark.parametrize("text", [
    '{"datadog_api_key": "a1B2c3D4e5F6a1B2c3D4e5F6a1B2c3D4e5F6a1B2"}', "BUNDLE_ENTERPRISE__CONTRIBSYS__COM=cafe1234:deadbeef",
    'Ü = "ü"; kraken_key = "' + "a1B2c3D4e5F6g7+/" * 5 + 'a1=="',
])
def test_a_key_beside_its_service_is_seen_at_a_quick_look(text: str) -> None:
    assert named(text) and len(list(keys(text))) == 1


@pytest.mark.parametrize("text", ["https://datadog.example/key/of/what/is/none", '{"okta": "short"}'])
def test_no_key_is_seen_where_nothing_is_as_long(text: str) -> None:
    assert not named(text)
