"""The header fields of a configuration, and which of them go where."""
from __future__ import annotations

import pytest

from sessionmock import URLRequest
from sessionmock.core.additional import AdditionalFields

HOME = "https://a.test/"
FIELDS = AdditionalFields({"X": "y", "authorization": "Bearer one", "HOST": "inner.test"})
BOUND = (("authorization", "Bearer one"), ("HOST", "inner.test"))
ORIGINAL = URLRequest(HOME)


def test_there_may_be_none() -> None:
    """And there are none that are bound, mostly."""
    assert () == AdditionalFields(None).anywhere == AdditionalFields({"X": "y"}).bound
    assert ((("X", "y"),), BOUND) == (FIELDS.anywhere, FIELDS.bound)


@pytest.mark.parametrize(("url", "redirected", "added"), [
    (HOME, False, BOUND), (HOME, True, ()), ("https://b.test/", False, ()), ("https://a.test:444/", False, ()), ("http://a.test/", False, ()),
    ("https://a.test:port/", False, ()), (None, False, ())])
def test_what_is_bound_goes_to_the_first_origin_alone(url: str | None, redirected: bool, added: tuple[tuple[str, str], ...]) -> None:
    """After a redirect the request has it, or was meant not to."""
    assert (("X", "y"), *added) == FIELDS.for_request(URLRequest(url), ORIGINAL, redirected=redirected)


def test_the_next_hop_is_given_what_is_its_own() -> None:
    """Where it has none of that name; elsewhere it is taken away, and nothing but that."""
    within = URLRequest(f"{HOME}next", all_http_header_fields={"Host": "other.test"})
    away = URLRequest("https://b.test/", all_http_header_fields={"Authorization": "Bearer one", "Host": "other.test"})
    for request in (within, away):
        FIELDS.fit(request, ORIGINAL)
    assert {"Host": "other.test", "authorization": "Bearer one"} == within.all_http_header_fields
    assert {"Host": "other.test"} == away.all_http_header_fields


def test_resume_data_keeps_none_of_it() -> None:
    """The user's own stay, one of the same name too."""
    own = [("X", "mine"), ("authorization", "Bearer two")]
    assert own == FIELDS.removed_from([*BOUND, *own])
    assert own is AdditionalFields(None).removed_from(own)
