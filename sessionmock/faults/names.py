"""Names of which one was meant: those there are, the nearest first."""
from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import wraps
from typing import ParamSpec, TypeVar

from .. import shown
from ..errors import InvalidArgumentException

P = ParamSpec("P")
T = TypeVar("T")


class NoSuchKind(InvalidArgumentException, AttributeError):
    """A kind of fault that there is not. Also what Python raises for a method that there is not."""


class NoSuchKeyword(InvalidArgumentException, TypeError):
    """A keyword that a call does not take. Also what Python raises for it."""


def nearest(given: object, names: Iterable[str]) -> list[str]:
    """`names`, that which is most like `given` first."""
    from difflib import SequenceMatcher  # here: most programs mistake no name

    return sorted(names, key=lambda name: -SequenceMatcher(None, str(given).lower(), name.lower()).ratio())


def unknown(place: str, what: str, given: object, names: Iterable[str],
            kind: type[InvalidArgumentException] = InvalidArgumentException) -> InvalidArgumentException:
    """The error of whoever gave `given` at `place`, where one of `names` can stand."""
    return kind(f"{place}: there is no {what} {shown.value(given)}: choose from {', '.join(nearest(given, names))}")


def named(function: Callable[P, T]) -> Callable[P, T]:
    """`function`, a method, which names its keywords to whoever gives another one."""
    _, *taken = inspect.signature(function).parameters

    @wraps(function)
    def call(*arguments: P.args, **keywords: P.kwargs) -> T:
        for name in keywords:
            if name not in taken:
                raise unknown(f"{function.__name__}(...)", "keyword", name, taken, NoSuchKeyword)
        return function(*arguments, **keywords)

    return call
