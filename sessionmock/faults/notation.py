"""Lines of plans as tables of TOML: `point`, `kind`, what the kind takes and what else a line says, each by its name.

    [[fault]]
    point = "body"
    kind = "delay"
    seconds = 3
    url = "https://api.example.com/*"

A pattern is `url = {regex = "..."}`, an exception its name ("ValueError", "package.module:Name"), an error its code. What TOML has no
word for (a task, a function, an exception with arguments) stays itself in the dict.
"""
from __future__ import annotations

import builtins
import errno
import pkgutil
import re
from collections.abc import Mapping
from typing import Any

from ..errors import InvalidArgumentException, URLError
from .kinds import KINDS, parameters
from .lines import CONDITIONS, FaultLine, Place
from .names import unknown


def line_to_dict(line: FaultLine) -> dict[str, Any]:
    """`line` as a table."""
    said = line.kind.given | line.conditions
    return {"point": line.point, "kind": line.kind.name, **{name: _plain(name, value) for name, value in said.items()}}


def line_from_dict(table: Mapping[str, Any], place: str) -> FaultLine:
    """The line that `table` is, the one of `place`. Raises InvalidArgumentException, which names the key and what there is."""
    if not isinstance(table, Mapping):
        raise InvalidArgumentException(f"{place} is {table!r}: give a line of a plan, or a table with point, kind and what else it says")
    for name in ("point", "kind"):
        if not isinstance(table.get(name), str):
            raise InvalidArgumentException(f"{place}: {name} is {table.get(name)!r}: give its name")
    point, kind = table["point"], table["kind"]
    if kind not in KINDS:
        raise unknown(f"{place}: kind", "kind", kind, KINDS)
    taken = parameters(kind)
    rest = {name: value for name, value in table.items() if name not in ("point", "kind")}
    for name in rest:
        if name not in taken and name not in CONDITIONS:
            raise unknown(f"{place}: {kind}", "key", name, (*taken, *CONDITIONS))
    if missing := [name for name, parameter in taken.items() if parameter.default is parameter.empty and name not in rest]:
        raise InvalidArgumentException(f"{place}: {kind} takes {' and '.join(taken)}, and {' and '.join(missing)} is missing")
    try:
        values = {name: _value(name, value) for name, value in rest.items()}
        where: Place[FaultLine] = Place(lambda line: line, point, {name: value for name, value in values.items() if name in CONDITIONS})
        made: FaultLine = getattr(where, kind)(**{name: value for name, value in values.items() if name in taken})
    except InvalidArgumentException as error:
        raise InvalidArgumentException(f"{place}: {error}") from None
    return made


def _plain(name: str, value: Any) -> Any:
    """`value` as TOML can have it, where it can."""
    if isinstance(value, re.Pattern):
        return {"regex": value.pattern, **({"flags": flags} if (flags := int(value.flags & ~re.UNICODE)) else {})}
    if isinstance(value, URLError) and not value.user_info:
        return int(value.code)
    if isinstance(value, type):
        return value.__name__ if value.__module__ == "builtins" else f"{value.__module__}:{value.__qualname__}"
    if name == "errno":
        return errno.errorcode[value]
    if name == "headers":
        return [list(pair) for pair in value]
    if name == "body":
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value
    return value


def _value(name: str, value: Any) -> Any:
    """What TOML's `value` stands for. Raises InvalidArgumentException."""
    if name == "url" and isinstance(value, Mapping):
        try:
            return re.compile(value["regex"], value.get("flags", 0))
        except (KeyError, TypeError, re.error) as error:
            raise InvalidArgumentException(f"url={dict(value)!r} is no pattern ({error!r}): give {{regex = \"...\"}}") from None
    if name == "exception" and isinstance(value, str):
        try:
            return pkgutil.resolve_name(value) if ":" in value else getattr(builtins, value)
        except (ImportError, AttributeError, ValueError):
            raise InvalidArgumentException(f"exception={value!r} is none: give its name, as \"ValueError\" or \"package.module:Name\"") from None
    return value
