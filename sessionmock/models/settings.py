"""Checked attributes with defaults, declared in one line each: what requests and configurations are made of.

    class Thing(Settings):
        limit = Setting(6, whole(1), "How many there may be at once.")

An owner keeps only what was set, so that making and copying one costs the same however many settings there are. `help` shows
of each what it is for, what it takes and its default.
"""
from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import Enum, IntEnum
from math import isnan
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, NoReturn, Self, TypeVar, overload

from .. import shown
from ..errors import InvalidArgumentException
from .url import split_url

T = TypeVar("T")
E = TypeVar("E", bound=IntEnum)
K = TypeVar("K")

TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")    # RFC 9110, section 5.6.2
_UNSAFE = re.compile(r"[\r\n\0]")                      # RFC 9110, section 5.5


def reject(place: str, value: object, takes: str) -> NoReturn:
    """Raises InvalidArgumentException: `place` was given `value` and takes something else."""
    given = repr(value) if isinstance(value, bytes | bytearray) else shown.value(value)
    raise InvalidArgumentException(f"{place} was given {given}; it takes {takes}") from None


class Takes(NamedTuple, Generic[T]):
    """What a setting or an argument accepts: in words, and as a function that returns the value to keep or raises TypeError or
    ValueError."""

    words: str
    accept: Callable[[Any], T]

    def of(self, place: str, value: object) -> T:
        """What to keep of `value`, which `place` was given. Raises InvalidArgumentException."""
        try:
            return self.accept(value)
        except (TypeError, ValueError):
            reject(place, value, self.words)


class Settings:
    """The owner of `Setting` attributes; `_values` holds those that were set, by name."""

    __slots__ = ("_values",)
    _values: dict[str, Any]

    def _changed(self) -> dict[str, Any]:
        """The settings that differ from their defaults."""
        kind = type(self)
        return {name: value for name, value in self._values.items() if value != getattr(kind, name).default}

    def _remarks(self) -> list[str]:
        """What whoever made these settings is to be told: which of them have no effect."""
        kind = type(self)
        return [f"{kind.__name__}.{name} has no effect here: {setting.idle}"
                for name in self._changed() if (setting := getattr(kind, name)).idle]

    def _shown(self) -> list[str]:
        """`_changed` as a repr shows it: of a mapping the keys alone, since header values may be secrets."""
        return [f"{name}={shown.value(list(value) if isinstance(value, Mapping) else value)}" for name, value in self._changed().items()]


class Setting(Generic[T]):
    """One attribute of a `Settings` class: its default, what it takes, what it is for and, where it has no effect, why (`idle`)."""

    name = ""

    def __init__(self, default: T, takes: Takes[T], doc: str, *, idle: str = "") -> None:
        self.default, self.takes, self.idle = default, takes, idle
        words = f"{type(default).__name__}.{default.name}" if isinstance(default, Enum) else repr(default)
        self.__doc__ = f"{doc}{f' No effect here: {idle}.' if idle else ''}\n\nTakes {takes.words}; {words} unless it is set."

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = self.name or name    # the second is another name for the same setting

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: Settings, owner: type) -> T: ...
    def __get__(self, instance: Settings | None, owner: type) -> Self | T:
        if instance is None:
            return self
        value: T = instance._values.get(self.name, self.default)
        return value

    def __set__(self, instance: Settings, value: T) -> None:
        try:
            instance._values[self.name] = self.takes.accept(value)
        except (TypeError, ValueError):     # as `Takes.of`, which would write the place for each value
            reject(f"{type(instance).__name__}.{self.name}", value, self.takes.words)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _url(value: Any) -> str:
    split_url(url := _text(value))
    return url


def _number(value: Any) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or isnan(value):
        raise ValueError
    return float(value)


def _seconds(value: Any) -> float:
    if not (seconds := _number(value)) > 0:
        raise ValueError
    return seconds


def _moment(value: Any) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise TypeError
    return value


def _a_path(value: Any) -> str | os.PathLike[str]:
    if not isinstance(value, (str, os.PathLike)):
        raise TypeError
    return value


def _called(value: Any) -> Callable[..., Any]:
    if not callable(value):
        raise TypeError
    return value  # type: ignore[no-any-return]    # it is callable


def header_field(place: str, name: Any, value: Any) -> tuple[str, str]:
    """A header field, the blanks around its value removed (RFC 9110, section 5). Raises InvalidArgumentException."""
    if not isinstance(name, str) or not TOKEN.fullmatch(name):
        reject(f"{place}, as the name of a header field,", name, "a token of RFC 9110 (letters, digits and !#$%&'*+-.^_`|~)")
    try:
        return name, header_value(value)
    except (TypeError, ValueError):
        [(_, said)] = shown.headers([(name, value)]) if isinstance(value, str) else [(name, value)]
        reject(f"{place}, as the value of {name},", said, "a str without line breaks and NUL")


def header_value(value: Any) -> str:
    """`value` without the blanks around it; TypeError or ValueError where no field can have it (RFC 9110, section 5.5)."""
    if _UNSAFE.search(value):
        raise ValueError
    if not value.isascii():
        value.encode()    # lone surrogates have no UTF-8
    return str(value.strip(" \t"))


def _header_map(value: Any) -> Mapping[str, str]:
    return MappingProxyType(dict(header_field("a header map", name, text) for name, text in _pairs(value)))


def _pairs(value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise TypeError
    return value.items()


FLAG = Takes("True or False", _flag)
TEXT = Takes("a str", _text)
URL = Takes("an absolute URL as str", _url)
NUMBER = Takes("a number", _number)
SECONDS = Takes("a number of seconds above 0", _seconds)
MOMENT = Takes("an aware datetime, one with a time zone, as datetime.now(UTC)", _moment)
PATH = Takes("a path, str or os.PathLike", _a_path)
CALLED = Takes("a function or another callable", _called)
HEADER_MAP = Takes("a mapping of header names to str values, or None", _header_map)
ANY_MAP: Takes[Mapping[str, Any]] = Takes("a mapping, or None", lambda value: MappingProxyType(dict(_pairs(value))))


def optional(takes: Takes[T]) -> Takes[T | None]:
    """`takes`, or None."""
    words = takes.words if takes.words.endswith("or None") else f"{takes.words}, or None"
    return Takes(words, lambda value: None if value is None else takes.accept(value))


def member(kind: type[E], alike: str = "") -> Takes[E]:
    """A member of `kind`, or its number; also of the enumeration named `alike`, which has the same numbers."""
    def accept(value: Any) -> E:
        if type(value) is not int and not isinstance(value, kind) and type(value).__name__ != alike:
            raise TypeError
        return kind(value)
    return Takes(f"a {kind.__name__} ({', '.join(each.name for each in kind)})", accept)


def whole(least: int) -> Takes[int]:
    """An int of at least `least`."""
    def accept(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise ValueError
        return value
    return Takes(f"an int of at least {least}", accept)


def instance(kind: type[K], words: str = "") -> Takes[K]:
    """A `kind`, which `words` may say how to come by."""
    def accept(value: Any) -> K:
        if not isinstance(value, kind):
            raise TypeError
        return value
    return Takes(words or f"a {kind.__name__}", accept)


def each(words: str, fits: Callable[[Any], bool]) -> Takes[Sequence[Any]]:
    """A list or a tuple of what `fits`, which `words` name."""
    def accept(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, (list, tuple)) or not all(map(fits, value)):
            raise TypeError
        return tuple(value)
    return Takes(f"a list or a tuple of {words}", accept)
