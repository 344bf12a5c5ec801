"""What stands in a cassette in the place of a secret.

One secret always has one pseudonym, so that a recorded login replays; a pseudonym is its own pseudonym, so that what a
client got from a tape and sends again is found; and nothing but the secret's keyed digest goes into it. Faker gives the
readable part, where it is installed.
"""
from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from functools import cache
from typing import Any

PSEUDONYM = re.compile(r"fake-[a-z]+-[0-9a-f]{12}")
JWT = re.compile(r"eyJ[A-Za-z0-9_-]{5,4000}+\.[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]*")

_SIGNATURE = "c2Vzc2lvbm1vY2sgcHNldWRvbnlt"    # "sessionmock pseudonym": no signature of anything
_NUMBERS = 555_000_000_000
_NUMBER = re.compile(r"555\d{9}")
_SHORT = 16         # what is shorter may be a word that people choose: its digest is made dear to guess
_ROUNDS = 1000
_KEPT_CLAIMS = ("exp", "iat", "nbf", "auth_time")
_WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath", "island", "juniper", "lagoon", "meadow",
          "nectar", "orchid", "prairie", "quartz")


def is_pseudonym(value: str) -> bool:
    """Whether `value` came from `Pseudonyms`."""
    return value.endswith(_SIGNATURE) or PSEUDONYM.fullmatch(value) is not None or _NUMBER.fullmatch(value) is not None


class Pseudonyms:
    """The pseudonyms of one `seed`. `of` may be called from any thread."""

    def __init__(self, seed: int | str = 0) -> None:
        self._key = str(seed).encode()
        self._found: dict[str, str] = {}

    def of(self, secret: str) -> str:
        """The pseudonym of `secret`: fit for headers, cookies, URLs and JSON. A JWT gets one that parses, with its times."""
        found = self._found.get(secret)
        if found is None:
            found = secret if is_pseudonym(secret) else self._jwt(secret) or self._plain(secret)
            self._found[secret] = found
        return found

    def number(self, secret: str) -> str:
        """The pseudonym of digits: digits."""
        return secret if is_pseudonym(secret) else str(_NUMBERS + int.from_bytes(self._digest(secret)[:4], "big") % 10**9)

    def _plain(self, secret: str) -> str:
        digest = self._digest(secret)
        return f"fake-{_word(digest)}-{digest[:6].hex()}"

    def _jwt(self, secret: str) -> str | None:
        if not JWT.fullmatch(secret):
            return None
        try:
            head, claims = (json.loads(_unbase64(part)) for part in secret.split(".")[:2])
            kept: dict[str, Any] = {name: claims[name] for name in _KEPT_CLAIMS if isinstance(claims.get(name), int | float)}
            algorithm = str(head.get("alg", "none"))
        except (ValueError, AttributeError, RecursionError):
            return None
        shown = ({"alg": algorithm, "typ": "JWT"}, {"sub": self._plain(secret), **kept})
        return ".".join((*(_base64(json.dumps(part, separators=(",", ":")).encode()) for part in shown), _SIGNATURE))

    def _digest(self, secret: str) -> bytes:
        data = secret.encode("utf-8", "surrogatepass")
        if len(data) < _SHORT:
            return hashlib.pbkdf2_hmac("sha256", data, self._key, _ROUNDS)
        return hmac.digest(self._key, data, "sha256")


def _word(digest: bytes) -> str:
    names = _names()
    return names[int.from_bytes(digest[:4], "big") % len(names)]


@cache
def _names() -> tuple[str, ...]:
    """Faker's names, or a few words where it is not there. Only its list is loaded: a whole Faker takes a sixth of a second."""
    try:
        from faker.generator import Generator
        from faker.providers.person.en_US import Provider
    except ImportError:
        return _WORDS
    generator = Generator()
    generator.seed_instance(0)
    provider = Provider(generator)
    names = (provider.last_name().lower() for _ in range(1000))
    return tuple(dict.fromkeys(name for name in names if name.isascii() and name.isalpha()))


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unbase64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
