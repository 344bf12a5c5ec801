"""The pseudonym of a JSON Web Token: one that says what the token said, but for persons, and that nobody signed.

What a client checks stays (OpenID Connect Core, section 3.1.3.7): the header, issuer, audience, times, scopes, and words. Names and
addresses become others, and what looks as an identifier becomes one of the same form.
"""
from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any, Protocol

from .values import is_made

_KEPT = frozenset({"iss", "aud", "azp", "client_id", "cid", "appid", "nonce", "scope", "scp", "roles", "groups", "permissions", "amr", "acr", "typ",
                   "token_use", "ver", "locale", "zoneinfo", "tid", "kid", "realm_access", "resource_access", "events"})
_NAMES = frozenset({"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "unique_name", "username", "upn",
                    "cognito:username", "login", "first_name", "last_name", "display_name", "street_address", "locality", "formatted"})
_PAGES = frozenset({"picture", "profile", "website", "avatar_url"})
_NOBODYS = re.compile(r".*@(?:.*\.)?(?:example\.(?:com|org|net)|example|test|invalid|localhost)", re.I)    # RFC 2606
_SHORTEST_SUBJECT = 10      # one that is found again where it stands elsewhere; a shorter one tells nobody who it is
_SHORTEST_SIGNATURE = 8     # that can be told for a pseudonym's


class Fakes(Protocol):
    """What stands in the place of parts of a token (`pseudonyms.Pseudonyms`)."""

    def of(self, secret: str) -> str:
        """Something of the same form."""

    def plain(self, secret: str) -> str:
        """A word."""

    def name(self, secret: str) -> str:
        """A person's name."""

    def filler(self, secret: str) -> Callable[[str], str]:
        """What puts in the place of a part of `secret` as many characters."""


def token(secret: str, pseudonyms: Fakes) -> str | None:
    """The pseudonym of the token `secret`; None where it is none."""
    head, *parts = secret.split(".")
    if not isinstance(_json(head), dict):
        return None
    fill = pseudonyms.filler(secret)
    if len(parts) == 4:      # encrypted (RFC 7516)
        return ".".join((head, *map(fill, parts)))
    claims = _json(parts[0])
    if not isinstance(claims, dict):
        return None
    said = json.dumps({name: _claim(name, value, pseudonyms) for name, value in claims.items()}, separators=(",", ":"))
    signature = parts[1] if len(parts[1]) >= _SHORTEST_SIGNATURE else "x" * 2 * _SHORTEST_SIGNATURE
    return f"{head}.{base64.urlsafe_b64encode(said.encode()).rstrip(b'=').decode()}.{fill(signature)}"


def subject(secret: str) -> str | None:
    """Whom the token `secret` is about, where that is replaced in its pseudonym and may stand elsewhere too."""
    claims = _json(secret.split(".")[1])
    found = claims.get("sub") if isinstance(claims, dict) else None
    return found if isinstance(found, str) and len(found) >= _SHORTEST_SUBJECT else None


def _claim(name: str, value: Any, pseudonyms: Fakes) -> Any:
    if name in _KEPT or not isinstance(value, str | dict | list):
        return value
    if isinstance(value, dict):
        return {inner: _claim(inner, item, pseudonyms) for inner, item in value.items()}
    if isinstance(value, list):
        return [_claim(name, item, pseudonyms) for item in value]
    if name == "sub":
        return pseudonyms.of(value) if len(value) >= _SHORTEST_SUBJECT else value
    if "@" in value:
        return value if _NOBODYS.fullmatch(value) else pseudonyms.of(value)
    if name in _NAMES:
        return " ".join(map(pseudonyms.name, value.split()))
    if name in _PAGES:
        return f"https://example.com/{pseudonyms.plain(value)}"
    if name == "phone_number":
        return f"+{pseudonyms.of(re.sub('[^0-9]', '', value))}"
    if name == "birthdate":
        return "1970-01-01"
    return pseudonyms.of(value) if is_made(value) else value


def _json(part: str) -> Any:
    try:
        return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        return None
