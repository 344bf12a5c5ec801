"""Checked attributes with defaults, declared in one line each: what requests and configurations are made of.

    class Thing(Settings):
        limit = Setting(6, whole(1))

An owner keeps only what was set, so that making and copying one costs the same however many settings there are.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, NoReturn, Self, TypeVar, overload

from ..errors import InvalidArgumentException

T = TypeVar("T")
E = TypeVar("E", bound=IntEnum)

TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")    # RFC 9110, section 5.6.2
_UNSAFE = re.compile(r"[\r\n\0]")                      # RFC 9110, section 5.5


def reject(place: str, value: object, takes: str) -> NoReturn:
    """Raises InvalidArgumentException: `place` was given `value` and takes something else."""
    raise InvalidArgumentException(f"{place} was given {value!r}; it takes {takes}") from None


class Takes(NamedTuple, Generic[T]):
    """What a setting accepts: in words, and as a function that returns the value to keep or raises TypeError or ValueError."""

    words: str
    accept: Callable[[Any], T]


class Settings:
    """The owner of `Setting` attributes; `_values` holds those that were set, by name."""

    __slots__ = ("_values",)
    _values: dict[str, Any]

    def _changed(self) -> dict[str, Any]:
        """The settings that differ from their defaults."""
        kind = type(self)
        return {name: value for name, value in self._values.items() if value != getattr(kind, name).default}

    def _shown(self) -> list[str]:
        """`_changed` as a repr shows it: of a mapping the keys alone, since header values may be secrets."""
        return [f"{name}={list(value) if isinstance(value, Mapping) else value!r}" for name, value in self._changed().items()]


class Setting(Generic[T]):
    """One attribute of a `Settings` class, with its default and what it takes."""

    __slots__ = ("default", "name", "takes")

    def __init__(self, default: T, takes: Takes[T]) -> None:
        self.default, self.takes = default, takes

    def __set_name__(self, owner: type, name: str) -> None:
        if not hasattr(self, "name"):    # another name for the same setting
            self.name = name

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
        except (TypeError, ValueError):
            reject(f"{type(instance).__name__}.{self.name}", value, self.takes.words)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _seconds(value: Any) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not value > 0:
        raise ValueError
    return float(value)


def header_field(place: str, name: Any, value: Any) -> tuple[str, str]:
    """A header field, the blanks around its value removed (RFC 9110, section 5). Raises InvalidArgumentException."""
    if not isinstance(name, str) or not TOKEN.fullmatch(name):
        reject(f"{place}, as the name of a header field,", name, "a token of RFC 9110 (letters, digits and !#$%&'*+-.^_`|~)")
    try:
        return name, header_value(value)
    except (TypeError, ValueError):
        reject(f"{place}, as the value of {name},", value, "a str without line breaks and NUL")


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


def _sequence(value: Any) -> tuple[Any, ...]:
    if not isinstance(value, (list, tuple)):
        raise TypeError
    return tuple(value)


FLAG = Takes("True or False", _flag)
TEXT = Takes("a str", _text)
SECONDS = Takes("a number of seconds above 0", _seconds)
HEADER_MAP = Takes("a mapping of header names to str values, or None", _header_map)
ANY_MAP: Takes[Mapping[str, Any]] = Takes("a mapping, or None", lambda value: MappingProxyType(dict(_pairs(value))))
SEQUENCE: Takes[Sequence[Any]] = Takes("a list or a tuple", _sequence)
ANYTHING: Takes[Any] = Takes("anything", lambda value: value)


def optional(takes: Takes[T]) -> Takes[T | None]:
    """`takes`, or None."""
    words = takes.words if takes.words.endswith("or None") else f"{takes.words}, or None"
    return Takes(words, lambda value: None if value is None else takes.accept(value))


def member(kind: type[E]) -> Takes[E]:
    """A member of `kind`, or its number."""
    return Takes(f"a {kind.__name__} ({', '.join(each.name for each in kind)})", kind)


def whole(least: int) -> Takes[int]:
    """An int of at least `least`."""
    def accept(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise ValueError
        return value
    return Takes(f"an int of at least {least}", accept)
