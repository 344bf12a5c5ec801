"""Functions that answer requests, and what they may give."""
from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from ... import shown
from ...errors import InvalidArgumentException
from ...models.message import Request
from ...user_code import user_code
from ..offload import LoopThread, runner_for
from .answer import Answer

Given: TypeAlias = Answer | int | bytes | str | dict[str, Any] | list[Any] | Request | None
"""What a function gives: an answer, its status, its body, what its body says as JSON; the request itself, which goes live; None: another answers."""
Function: TypeAlias = Callable[[Request], Given | Awaitable[Given]]


class Scripted:
    """A function that answers, and whether it has."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.called = False

    def __str__(self) -> str:
        return f"the function {getattr(self.function, '__qualname__', repr(self.function))}"

    def answer(self, request: Request, loop: LoopThread) -> Answer | Request | None:
        """What it answers to `request`: that itself to pass it through, None where another is to answer. On a thread that may block;
        where a client's coroutine asks, the function runs in that one, else here, and its coroutine on `loop`.

        Raises what the function raises, and InvalidArgumentException for what is no answer.
        """
        with user_code(str(self)):
            runner = runner_for(request, loop)
            given = runner.call(self.function, request)
            if inspect.isawaitable(given):
                given = runner.run(given)
        if given is None:
            return None
        self.called = True
        return _answer(given, request, self)


def _answer(given: Given, request: Request, scripted: Scripted) -> Answer | Request:
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
        f"{scripted} answered with {shown.value(given)}: give an Answer, a status, a body (bytes, str), a dict or list for JSON, "
        "the request itself to let it pass, or None")
