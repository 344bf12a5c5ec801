"""Callables of users: whether they can be called with what they will get, said where they are given."""
from __future__ import annotations

import inspect
from collections.abc import Callable
from types import FunctionType, MethodType
from typing import Any, NoReturn

from .settings import reject


def taking(place: str, call: Any, *names: str) -> Callable[..., Any]:
    """`call`, which `place` was given and which will get the arguments that `names` list. Raises InvalidArgumentException."""
    if not (callable(call) and _takes(call, len(names))):
        refuse(place, call, *names)
    function: Callable[..., Any] = call
    return function


def refuse(place: str, call: Any, *names: str) -> NoReturn:
    """Raises InvalidArgumentException: `place` was given `call`, which cannot get what `names` list. For who looks no closer than
    `callable`, because each load pays it."""
    reject(place, call, f"a function that can be called as function({', '.join(names)})")


def _takes(call: Any, count: int) -> bool:
    """Whether `call` takes `count` arguments; of a plain function seen at a glance, for each task with a handler pays it."""
    plain, given = (call.__func__, count + 1) if type(call) is MethodType else (call, count)
    if type(plain) is FunctionType and plain.__code__.co_argcount == given and not plain.__code__.co_kwonlyargcount:
        return True
    try:
        inspect.signature(call).bind(*range(count))
    except TypeError:
        return False
    except ValueError:      # written in C, and it does not say
        pass
    return True
