"""What stands in the place of a secret."""
from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from sessionmock.secrets.pseudonyms import PSEUDONYM, Pseudonyms, is_pseudonym


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def claims(token: str) -> Any:
    text = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def test_one_secret_has_one_pseudonym() -> None:
    """In every run of one seed, short ones and long ones; another seed has others."""
    for secret in ("short", "a secret of many characters", "\ud800"):
        name = Pseudonyms().of(secret)
        assert (name, True) == (Pseudonyms().of(secret), PSEUDONYM.fullmatch(name) is not None)
        assert name != Pseudonyms(1).of(secret)
    made = Pseudonyms("seed")
    assert made.of("short") is made.of("short")


def test_a_pseudonym_is_its_own() -> None:
    """What a client got from a cassette and sends again is found."""
    made = Pseudonyms()
    for name in (made.of("secret"), made.number("1234"), made.of(f"{part({'alg': 'HS256'})}.{part({'sub': 'ann'})}.abc")):
        assert is_pseudonym(name)
        assert name == made.of(name)
    assert made.number("1234") == made.number(made.number("1234"))
    assert not is_pseudonym("secret")


def test_digits_become_digits() -> None:
    """Always as many."""
    number = Pseudonyms().number("1234")
    assert (12, True) == (len(number), number.isdigit())


def test_a_token_that_parses_stays_one() -> None:
    """With its algorithm and its times, and nothing else of it."""
    token = f"{part({'alg': 'RS256', 'kid': 'k'})}.{part({'sub': 'ann', 'exp': 7, 'iat': 'soon'})}.signature"
    name = Pseudonyms().of(token)
    assert 3 == len(name.split("."))
    assert {"exp": 7, "sub": Pseudonyms()._plain(token)} == claims(name)
    assert b'{"alg":"RS256","typ":"JWT"}' == base64.urlsafe_b64decode(name.split(".")[0] + "=" * (-len(name.split(".")[0]) % 4))


@pytest.mark.parametrize("token", [
    "eyJhbGciOiJIUzI1NiJ9.AAAA.sig",                       # claims that are no JSON
    f"{part({'alg': 'HS256'})}.{part([1])}.sig",           # or no mapping
    f"{part('eyJ text')}.{part({})}.sig",
])
def test_what_only_looks_like_a_token_is_a_secret_as_any(token: str) -> None:
    """Nothing of it can be kept."""
    assert PSEUDONYM.fullmatch(Pseudonyms().of(token))
