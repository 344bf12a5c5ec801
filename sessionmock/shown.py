"""What reports and reprs print: URLs, header fields and text, with pseudonyms in the place of secrets, the same as in cassettes.

Values stay as they are: only what somebody is about to read comes through here. Where secrets stand is looked up in
`secrets`, which is loaded with the first thing that is printed.
"""
from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from .secrets.pseudonyms import Pseudonyms
    from .secrets.scrubber import Scrubber

T = TypeVar("T")

# Passwords of what should have been a URL: with a "/", "?", "#" or blank that is not encoded as it should be, so that what follows the
# user's colon looks like a port and is none; and behind less than two slashes.
_BROKEN_OFF = r"""(//[^/?#\s@:"'<>[]*:)(?!\d*(?:[/?#\s"'<>]|\Z)|[^/?#\s"'<>]*@)"""
_IN_TEXT = re.compile(_BROKEN_OFF + r"""([^\s"'<>]+)(?=@)""")
_IN_URL = re.compile(_BROKEN_OFF + r"(.+)(?=@)", re.DOTALL)
_SLASHLESS = re.compile(r"\A((?:https?:)?/?[^/?#\s@:]*:)(?!//)([^/?#\s@]+)(?=@)", re.IGNORECASE)


class _Means(NamedTuple):
    pseudonyms: Pseudonyms
    scrubber: Scrubber


class _Hidden:
    """Stands in for both where nothing can be looked up."""

    def url(self, value: str) -> str:
        return "(hidden)"

    prose = of = url

    def headers(self, fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return [(name, "(hidden)") for name, _ in fields]

    @property
    def names(self) -> _Hidden:
        return self

    def holds(self, name: str, value: str) -> bool:
        return True


_HIDDEN: Any = _Hidden()


def _means() -> _Means:
    try:
        return _loaded()
    except (ImportError, OSError):      # the interpreter ends, or no file can be opened: what may be secret is not shown at all
        return _Means(_HIDDEN, _HIDDEN)


@cache
def _loaded() -> _Means:
    from .secrets.pseudonyms import Pseudonyms
    from .secrets.scrubber import Scrubber

    pseudonyms = Pseudonyms()
    return _Means(pseudonyms, Scrubber(lambda value, where: pseudonyms.of(value) if value else value))


def url(value: Any) -> Any:
    """A URL, be it a broken one; what is no text stays as it is."""
    if not isinstance(value, str):
        return value
    if "@" in value:
        value = _SLASHLESS.sub(_without_password, _IN_URL.sub(_without_password, value))
    return _means().scrubber.url(value)


def _without_password(found: re.Match[str]) -> str:
    return found[1] + secret(found[2])


def headers(fields: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Header fields."""
    return _means().scrubber.headers(list(fields))


def text(value: str) -> str:
    """Text in which URLs, header fields, JSON or assignments may stand, as a message does."""
    return _means().scrubber.prose(_IN_TEXT.sub(_without_password, value) if "@" in value else value)


def counted(count: int, noun: str) -> str:
    """`count` and what is counted, as "1 cassette" and "2 cassettes"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def secret(value: str) -> str:
    """What is a secret whatever it says."""
    return _means().pseudonyms.of(value) if value else value


def value(one: Any) -> str:
    """The repr of `one`, of whatever kind it is."""
    if isinstance(one, dict):
        return f"{{{', '.join(f'{key!r}: {_member(key, item)}' for key, item in one.items())}}}"
    if isinstance(one, str):
        return repr(text(one if " " in one else url(one)))
    if isinstance(one, list) and all(type(each) is tuple and list(map(type, each)) == [str, str] for each in one):
        return repr(headers(one))
    if type(one) is tuple and len(one) == 2 and isinstance(one[0], str):
        return f"({value(one[0])}, {_member(*one)})"
    if type(one) in (tuple, list):
        inside = ", ".join(map(value, one))
        return f"[{inside}]" if isinstance(one, list) else f"({inside},)" if len(one) == 1 else f"({inside})"
    if isinstance(one, bytes | bytearray | memoryview):
        return f"<{len(one)} bytes>"
    return text(repr(one))


def _member(name: object, item: Any) -> str:
    """What a mapping or a pair has under `name`, which may say that it is a secret."""
    if isinstance(name, str) and isinstance(item, str) and _means().scrubber.names.holds(name, item):
        return repr(secret(item))
    return value(item)


def printed(kind: type[T]) -> type[T]:
    """`kind`, a class of named tuples or a dataclass, with a repr that comes through here."""
    def __repr__(self: Any) -> str:
        return f"{kind.__name__}({', '.join(f'{name}={value(getattr(self, name))}' for name in kind.__match_args__)})"  # type: ignore[attr-defined]    # both have it

    kind.__repr__ = __repr__  # type: ignore[method-assign]    # that is what it is for
    return kind
