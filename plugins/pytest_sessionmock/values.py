"""What was said about tests, read by its kind: text means the same in the ini file, in a mark and in a fixture."""
from __future__ import annotations

import difflib
import os
import pkgutil
import shlex
from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SWITCH = {"1": True, "yes": True, "true": True, "on": True, "0": False, "no": False, "false": False, "off": False}


class Kind(NamedTuple):
    """What an option takes."""

    wanted: str                                             # in words, for whoever gave something else
    read: Callable[[Any], Any]                              # gives the value, of text too; raises ValueError or another error of its own
    ini: Literal["bool", "args"] | None = None              # how pytest reads the ini file's value; None: as text


def _text(given: Any) -> Any:
    if not isinstance(given, str):
        raise ValueError
    return given


def _word(given: Any) -> Any:
    return getattr(given, "value", given)       # of an enumeration


def _file(given: Any) -> Any:
    return os.fspath(given)


def _bool(given: Any) -> Any:
    return given if isinstance(given, bool) else _SWITCH[given.lower()]


def _number(given: Any) -> Any:
    return float(given) if isinstance(given, str) else given + 0


def _age(given: Any) -> Any:
    if not isinstance(given, str):
        return None if given is None else given + 0
    number, unit = (given[:-1], given[-1]) if given[-1] in _UNITS else (given, "s")
    if not number.isdecimal():
        raise ValueError
    return int(number) * _UNITS[unit]


def _words(given: Any) -> Any:
    return shlex.split(given) if isinstance(given, str) else list(given)


def _secrets(given: Any) -> Any:
    words = shlex.split(given) if isinstance(given, str) else given
    return _SWITCH[words[0].lower()] if words in (["true"], ["false"]) else words


def _plan(given: Any) -> Any:
    from sessionmock import FaultPlan

    return FaultPlan(given)


def _function(given: Any) -> Any:
    function = pkgutil.resolve_name(given) if isinstance(given, str) else given
    if function is not None and not callable(function):
        raise ValueError
    return function


TEXT = Kind("text", _text)
WORD = Kind("one of its words", _word)
FILE = Kind("the name of a file as str, or a path", _file)
BOOL = Kind("true or false", _bool, "bool")
NUMBER = Kind("a number", _number)
WHOLE = Kind("an integer", int)
PLAN = Kind("a FaultPlan, or a list of its lines", _plan)
AGE = Kind("a number and s, m, h or d, as 30d, or a number of seconds", _age)
WORDS = Kind("a list", _words, "args")
SECRETS = Kind("names, true or false", _secrets, "args")
FUNCTION = Kind("a function, or where it is, as \"package.module:function\"", _function)


def nearest(name: str, names: Iterable[str]) -> str:
    """What to say to whoever wrote `name` where `names` can stand."""
    names = sorted(names)
    near = difflib.get_close_matches(name, names, 1)
    return f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(names)}"
