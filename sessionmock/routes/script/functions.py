"""Functions that answer requests: which is asked, and what it may give."""
from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeAlias

from ... import shown
from ...errors import InvalidArgumentException
from ...models.message import Request
from ...user_code import user_code
from ..offload import LoopThread
from .answer import Answer

Given: TypeAlias = Answer | int | bytes | str | dict[str, Any] | list[Any] | Request | None
"""What a function gives: an answer, its status, its body, what its body says as JSON; the request itself, which goes live; None: another answers."""
Function: TypeAlias = Callable[[Request], Given | Awaitable[Given]]


def given_by(functions: Iterable[Function], request: Request, loop: LoopThread) -> Answer | Request | None:
    """The answer of the first of `functions` that has one: `request` itself to pass it through, None where none has one. On a thread
    that may block; coroutines run on `loop`. Raises what a function raises, and InvalidArgumentException for what is no answer."""
    for function in functions:
        name = getattr(function, "__qualname__", repr(function))
        with user_code(f"the function {name}"):
            given = function(request)
            if inspect.isawaitable(given):
                given = loop.run(given)
        if given is not None:
            return _answer(given, request, name)
    return None


def _answer(given: Given, request: Request, name: str) -> Answer | Request:
    match given:
        case Answer():
            return given
        case int():
            return Answer(given)
        case bytes() | str():
            return Answer(body=given)
        case dict() | list():
            return Answer(headers={"Content-Type": "application/json"}, body=json.dumps(given))
    if given is request:
        return request
    raise InvalidArgumentException(
        f"{name} answered with {shown.value(given)}: give an Answer, a status, a body (bytes, str), a dict or list for JSON, "
        "the request itself to let it pass, or None")
