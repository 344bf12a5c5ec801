"""Operations of queues: those that can be cancelled, and of which queue the code here is part."""
from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from typing import Any

Operation = Callable[[], Any]


class Added:
    """An operation of the user's, which can be cancelled as long as it has not begun: until then it is in `waiting`."""

    __slots__ = ("_operation", "_waiting")

    def __init__(self, operation: Operation, waiting: set[Added]) -> None:
        self._operation: Operation | None = operation
        self._waiting = waiting
        waiting.add(self)

    def __call__(self) -> Any:
        self._waiting.discard(self)
        return None if self._operation is None else self._operation()

    def cancel(self) -> None:
        """It comes to its turn all the same, and does nothing."""
        self._operation = None


class _OnThread(threading.local):
    queue: Any = None


here = _OnThread()
"""`here.queue` is the queue whose operation runs on this thread."""

_within: ContextVar[Any] = ContextVar("sessionmock_queue", default=None)    # whose operation a coroutine is

_tasks: set[asyncio.Task[Any]] = set()      # that run: an asyncio loop holds its tasks only weakly


def current_queue() -> Any:
    """The queue whose operation the code here is part of; None elsewhere."""
    return here.queue or _within.get()


def as_part_of(queue: object, run: Callable[[Coroutine[Any, Any, Any]], asyncio.Task[Any]],
               coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """The task that `run` makes of `coroutine`, which is an operation of `queue`."""
    token = _within.set(queue)
    try:
        task = run(coroutine)
    finally:
        _within.reset(token)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    return task
