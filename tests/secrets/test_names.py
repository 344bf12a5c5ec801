"""Names of secrets."""
from __future__ import annotations

import pytest

from sessionmock.secrets.names import Names

LONG = "x" * 16


@pytest.mark.parametrize("name", ["password", "Api-Key", "access_token", "clientSecret", "password2", "tokenValue", "JSESSIONID",
                                  "x.api.key", "csrf"])
def test_names_that_say_secret(name: str) -> None:
    """In any case, with any of "-_." between words, and numbered."""
    assert Names().is_secret(name)
    assert Names().is_secret(name)
    assert Names().stems.search(f"{name}=".lower().encode()) is not None


@pytest.mark.parametrize("name", ["name", "next_page_token", "tokens", "keyboard", "page"])
def test_names_that_do_not(name: str) -> None:
    """Positions are told by tokens too."""
    assert not Names().is_secret(name)


@pytest.mark.parametrize(("name", "value", "query", "holds"), [
    ("auth", LONG, False, True), ("auth", "basic", False, False), ("auth", f"{LONG} word", False, False), ("auth", f"http://{LONG}", False, False),
    ("key", LONG, True, True), ("key", LONG, False, False), ("session", LONG, True, True),
    ("page", LONG, True, False), ("password", "x", False, True),
])
def test_names_where_the_value_decides(name: str, value: str, query: bool, holds: bool) -> None:
    """A long word is a secret there, a short one says of which kind."""
    assert holds is Names().holds(name, value, query=query)


@pytest.mark.parametrize(("name", "value", "is_secret"), [
    ("X-Key", LONG, True), ("X-Key", "short", False), ("Idempotency-Key", LONG, False), ("X-Auth-Signature", LONG, True), ("Host", LONG, False),
    ("X-Api-Token", "x", True),
])
def test_headers_may_be_called_otherwise(name: str, value: str, is_secret: bool) -> None:
    """There a key is no place in a table."""
    assert is_secret is Names().of_header(name, value)


def test_names_of_a_users_own() -> None:
    """Added ones are secret, kept ones never."""
    own = Names(["favourite colour"], ["token", "session", "x-key"])
    assert own.is_secret("Favourite-Colour")
    assert own.stems.search(b"favourite") is not None
    assert (False, False, False) == (own.is_secret("token"), own.holds("session", LONG), own.of_header("X-Key", LONG))
    assert own.kept("TOKEN")


def test_a_name_is_known_however_many_were_seen() -> None:
    """What is remembered has a limit; what is said has not."""
    names = Names()
    for number in range(10_001):
        names.is_secret(f"n{number}")
    assert names.is_secret("password")
    assert 10_000 == len(names._known)
