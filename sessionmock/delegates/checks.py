"""What is wrong with a delegate, said where it is given to a session or a task: it would be ignored, or fail later."""
from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Callable
from typing import Any, NoReturn, TypeGuard

from ..errors import DelegateWarning, InvalidArgumentException
from ..registry import Site
from .protocols import PROTOTYPES, QUESTIONS, SELECTORS

_ANY_NAME = "a_name_that_only_one_has_who_has_all"
_SUBJECTS = ("session_", "task_", "data_task_", "upload_task_", "download_task_", "stream_task_", "web_socket_task_",
             "websocket_task_")
_EVENTS = ("_did_", "_will_", "_need_")
_ALIKE = 0.8    # how near a name comes to another that begins otherwise and is meant; 1.0 is the same


def _refuse(delegate: object, why: str) -> NoReturn:
    raise InvalidArgumentException(f"delegate={delegate!r}: {why}")


def refuse_what_is_none(delegate: object) -> None:
    """Raises InvalidArgumentException for a class, and for what has a method of every name."""
    if isinstance(delegate, type):
        _refuse(delegate, f"a delegate is an object, and this is a class: give an instance, as {delegate.__name__}()")
    if callable(getattr(delegate, _ANY_NAME, None)):
        _refuse(delegate, "it has a method of every name, so every question would be asked of it; give a Mock(spec=YourDelegate), a "
                          "create_autospec(YourDelegate, instance=True), or an object that has the methods it answers")


def judge_what_has_none(delegate: object) -> None:
    """`delegate` has no method of a delegate. Raises InvalidArgumentException for a function and a value of Python's own types; warns
    of what has other methods, so that it is meant for something else."""
    kind = type(delegate)
    if callable(delegate) or (kind.__module__ == "builtins" and kind is not object):
        _refuse(delegate, f"what is a {kind.__name__} has no delegate method; give an object that has some of sessionmock.SELECTORS (what is "
                          "called can be the completion_handler of a task)")
    if any(_is_method(getattr(kind, name, None)) for name in _public_names(kind)):
        _warn_here(f"a {kind.__name__} has no delegate method, and nothing of it is ever called: sessionmock.SELECTORS has their names")


def form(name: str, function: Callable[..., Any]) -> bool | None:
    """How `function`, bound, is called as the method `name`: True with the completion handler of its question, False without; None
    where it cannot take the arguments."""
    if not callable(function) or _only_makes_a_generator(function):
        return None
    count = len(_parameters(name)) - (name in QUESTIONS)
    may_take_handler = name in QUESTIONS and not inspect.iscoroutinefunction(function)
    # A decorated function is called as what it wraps, or by a signature of its own: the decorator may give arguments, or take some.
    for follow_wrapped in (True, False):
        try:
            signature = inspect.signature(function, follow_wrapped=follow_wrapped)
        except ValueError:        # a builtin that says nothing
            return False
        if may_take_handler and _takes(signature, count + 1):
            return True
        if _takes(signature, count):
            return False
    return None


def _only_makes_a_generator(function: Callable[..., Any]) -> bool:
    """Whether nothing of `function` would run when it is called."""
    return inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)


def _parameters(name: str) -> tuple[str, ...]:
    """The parameters of the method `name`, without self."""
    code = PROTOTYPES[name].__code__
    return code.co_varnames[1:code.co_argcount]


def _takes(signature: inspect.Signature, count: int) -> bool:
    """Whether `count` arguments by position satisfy `signature`."""
    try:
        signature.bind(*range(count))
    except TypeError:
        return False
    return True


def refuse_misfit(delegate: object, name: str, function: Callable[..., Any]) -> NoReturn:
    """Raises InvalidArgumentException: the method `name` cannot take its arguments."""
    needed = ("self", *(each for each in _parameters(name) if each != "completion_handler"))
    way_out = f"def {name}({', '.join(needed)})"
    if name in QUESTIONS:
        way_out += ", which returns the answer, or takes completion_handler last" if not inspect.iscoroutinefunction(function) \
            else ", which returns the answer"
    if not callable(function):
        _refuse(delegate, f"its {name} is {function!r}, which cannot be called: {way_out}")
    if _only_makes_a_generator(function):
        _refuse(delegate, f"its {name} has a yield, so that a call of it runs nothing: {way_out}")
    _refuse(delegate, f"its {name}{inspect.signature(function)} cannot take the arguments that it is called with: {way_out}")


def warn_of_near_misses(holder: object, name_of_class: str) -> bool:
    """A DelegateWarning for each public method of `holder`, a delegate or its class, that is named like a callback and is none.

    Tells whether there was one.
    """
    warned = False
    for name in _public_names(holder):
        if (nearest := _nearest(name)) and _is_method(method := getattr(holder, name, None)):
            warned = True
            message = f"{name_of_class}.{name} is no delegate method, and is never called; the nearest is {nearest}"
            code = getattr(inspect.unwrap(method), "__code__", None)
            if code is None:
                _warn_here(message)
            else:        # where it is written, and not where a session is made
                warnings.warn_explicit(message, DelegateWarning, code.co_filename, code.co_firstlineno)
    return warned


def _warn_here(message: str) -> None:
    line = next(Site().lines())
    warnings.warn_explicit(message, DelegateWarning, line.file, line.line)


def _public_names(holder: object) -> list[str]:
    return [name for name in dir(holder) if not name.startswith("_") and name not in SELECTORS]


def _is_method(value: object) -> TypeGuard[Callable[..., Any]]:
    return callable(value) and not isinstance(value, type)


def _nearest(name: str) -> str | None:
    """The delegate method that is meant by `name`; None where none is."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    if snake.removeprefix("url_") in SELECTORS:
        return snake.removeprefix("url_")
    event = re.sub(r"^url_?session_", "", snake)       # as Swift and PyObjC name them
    begins = event != snake or event.startswith(_SUBJECTS)
    if not begins and not any(part in event for part in _EVENTS):
        return None
    import difflib  # when something looks wrong, and not before

    nearest = difflib.get_close_matches(event, SELECTORS, 1, 0.0 if begins else _ALIKE)
    return nearest[0] if nearest else None
