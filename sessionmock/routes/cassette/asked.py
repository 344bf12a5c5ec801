"""A request as it is held against a recorded one, and as matchers of users see it."""
from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from ...models.fields import Fields, Pairs
from ...models.message import Headers
from ...shown import printed
from ...user_code import user_code
from .interaction import Interaction
from .keys import url_key


@printed
class Asked(NamedTuple):
    """A request as the index sees it, and a matcher of a user's. `body` is None where it cannot be known ahead, b"" where there is none."""

    method: str
    url: str
    headers: Headers
    body: bytes | None

    @property
    def uri(self) -> str:
        return self.url

    @property
    def scheme(self) -> str:
        return url_key(self.url).scheme

    @property
    def protocol(self) -> str:
        return self.scheme

    @property
    def host(self) -> str:
        return url_key(self.url).host

    @property
    def port(self) -> int:
        return url_key(self.url).port

    @property
    def path(self) -> str:
        return url_key(self.url).path

    @property
    def query(self) -> tuple[tuple[str, str], ...]:
        return url_key(self.url).query

    @property
    def fields(self) -> Fields:
        """The headers as a mapping."""
        return Fields(self.headers)


Matcher = Callable[[Asked, Asked], object]


def asked_of(interaction: Interaction) -> Asked:
    """The request of a recorded interaction."""
    request = interaction.request
    return Asked(request.method, request.uri, request.headers, request.body or b"")


def agree(matcher: Matcher, asked: Asked, recorded: Asked) -> bool:
    """What `matcher` says; as with vcrpy, one that returns None agrees and one that raises AssertionError does not."""
    try:
        with user_code(f"the matcher {getattr(matcher, '__name__', matcher)}"):
            verdict = matcher(*(one._replace(headers=Pairs(one.headers), body=one.body or None) for one in (asked, recorded)))
    except AssertionError:
        return False
    return verdict is None or bool(verdict)


class Masking(Protocol):
    """Takes secrets out of what is compared, so that requests which differ in secrets alone are the same."""

    def url(self, url: str) -> str:
        """`url` as it is to be compared."""

    def headers(self, headers: Headers) -> Headers:
        """`headers` as they are to be compared."""

    def body(self, body: bytes) -> bytes:
        """`body` as it is to be compared."""

    def taken_away(self, place: str, value: object) -> bool:
        """Whether a filter may have taken away what stands at `place` of a body, as "body.user.password"; its `value` went through
        `body`."""
