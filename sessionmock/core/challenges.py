"""Challenges of HTTP authentication and the fields that answer them (RFC 9110, section 11; Digest has its own module)."""
from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from ..models.credential import URLCredential


class Challenge(NamedTuple):
    """One challenge of a WWW-Authenticate or Proxy-Authenticate field (RFC 9110, section 11.6.1)."""

    scheme: str                    # lower case
    parameters: dict[str, str]     # names in lower case, values without quotes; the first of a name counts
    token: str | None              # token68, as NTLM and Negotiate use it


_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER = re.compile(rf'({_TOKEN})[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,="][^\s,"]*))(?=[ \t]*(?:,|$)|[ \t])')
_SCHEME = re.compile(rf"({_TOKEN})(?:[ \t]+([A-Za-z0-9._~+/-]+=*)(?=[ \t]*(?:,|$)))?(?=[ \t,]|$)")
# A quote that is not closed takes all that follows, so that nothing is read twice.
_GARBAGE = re.compile(r'(?:"(?:[^"\\]|\\.)*+(?:"|\\?$)|[^",])+')


def parse_challenges(values: Iterable[str]) -> list[Challenge]:
    """The challenges in `values`, one for each field line, in their order; what cannot be read is passed over."""
    found: list[Challenge] = []
    for value in values:
        current: Challenge | None = None
        position = 0
        while (position := _past_commas(value, position)) < len(value):
            if match := _PARAMETER.match(value, position):
                name, text, plain = match.groups()
                if current is not None:
                    current.parameters.setdefault(name.lower(), plain if text is None else re.sub(r"\\(.)", r"\1", text))
            elif match := _SCHEME.match(value, position):
                current = Challenge(match[1].lower(), {}, match[2])
                found.append(current)
            else:
                match = _GARBAGE.match(value, position)
                assert match is not None, "what is no comma is at least garbage"
            position = match.end()
    return found


def _past_commas(value: str, position: int) -> int:
    while position < len(value) and value[position] in ", \t":
        position += 1
    return position


Body = bytes | Iterable[bytes] | None
"""A body as far as it is known before it is sent: whole, in the pieces of a file, or not at all, because it is a stream."""


class Answer(Protocol):
    """Makes the field that answers one kind of challenge with one credential."""

    def authorization(self, method: str, target: str, body: Body) -> str:
        """The value of Authorization or Proxy-Authorization for one request."""


class Basic:
    """RFC 7617, always in UTF-8: the only charset that the RFC names, and what browsers send."""

    __slots__ = ("_value",)

    def __init__(self, user: str, password: str) -> None:
        self._value = "Basic " + b64encode(f"{user}:{password}".encode()).decode()

    def authorization(self, method: str, target: str, body: Body) -> str:
        return self._value


Step = Callable[[bytes | None], bytes | None]
"""One step of a handshake: takes the server's token (None at first), gives the next one, None when it cannot go on."""

Negotiator = Callable[[str, str, URLCredential], Step]
"""Begins a handshake for (scheme "ntlm" or "negotiate", host, credential)."""


class Handshake:
    """NTLM or Negotiate: several requests on one connection, each answering the token of the 401 before it (RFC 4559)."""

    __slots__ = ("_scheme", "_step", "_token")

    def __init__(self, scheme: str, step: Step) -> None:
        self._scheme, self._step = scheme, step
        self._token: bytes | None = None

    def goes_on(self, challenges: Iterable[Challenge]) -> bool:
        """Whether a 401 is the next message of this handshake and not a refusal."""
        token = next((one.token for one in challenges if one.scheme == self._scheme.lower() and one.token), None)
        try:
            self._token = None if token is None else b64decode(token, validate=True)
        except ValueError:
            self._token = None
        return self._token is not None

    def authorization(self, method: str, target: str, body: Body) -> str:
        return f"{self._scheme} {b64encode(self._step(self._token) or b'').decode()}"
