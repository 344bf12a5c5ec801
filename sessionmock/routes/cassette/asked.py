"""A request as it is held against a recorded one, and as matchers of users see it."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol

from ...models.message import Headers
from ...shown import printed
from ...user_code import user_code
from .interaction import Interaction
from .keys import url_key


class Fields(dict[str, str]):
    """Headers by name in any case, repeated ones joined; for matchers written for vcrpy."""

    def __init__(self, headers: Headers) -> None:
        super().__init__()
        for name, value in headers:
            key = name.lower()
            self[key] = f"{self[key]}, {value}" if key in self else value

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.lower())

    def get(self, name: str, default: str | None = None) -> str | None:    # type: ignore[override]
        return super().get(name.lower(), default)


class Pairs(list[tuple[str, str]]):
    """Headers as pairs, and by name in any case, as a matcher that was written for vcrpy asks for them."""

    def __getitem__(self, key: Any) -> Any:
        return Fields(self)[key] if isinstance(key, str) else super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        return key in Fields(self) if isinstance(key, str) else super().__contains__(key)

    def get(self, name: str, default: str | None = None) -> str | None:
        """The value of the header `name`, repeated ones joined."""
        return Fields(self).get(name, default)

    def items(self) -> Iterable[tuple[str, str]]:
        """Names in small letters and their values."""
        return Fields(self).items()


@printed
class Asked(NamedTuple):
    """A request as the index sees it, and a matcher of a user's. `body` is None where it has none or cannot be known ahead."""

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
    return Asked(request.method, request.uri, request.headers, request.body)


def agree(matcher: Matcher, asked: Asked, recorded: Asked) -> bool:
    """What `matcher` says; as with vcrpy, one that returns None agrees and one that raises AssertionError does not."""
    try:
        with user_code(f"the matcher {getattr(matcher, '__name__', matcher)}"):
            verdict = matcher(*(one._replace(headers=Pairs(one.headers)) for one in (asked, recorded)))
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
