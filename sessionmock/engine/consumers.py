"""Who takes the response of a load: a completion handler, a `Loading`, or the delegate."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import URLError
from ..models.response import URLResponse
from .load import Load, Message

Outcome = tuple[bytes | None, URLResponse | None, URLError | None]


class InMemory:
    """What consumers have in common that keep nothing on disk."""

    caches = True
    asks = False

    def begin(self, load: Load, response: URLResponse) -> None:
        """Nothing is prepared."""

    def end(self, load: Load) -> None:
        load.ask_to_store()


class ToHandler(InMemory):
    """Collects the body for a completion handler, called with (data, response, error) on the delegate queue."""

    def __init__(self, handler: Callable[..., Any]) -> None:
        self._handler = handler
        self._pieces: list[bytes] = []

    def data(self, load: Load, data: bytes) -> None:
        self._pieces.append(data)

    def finished(self, load: Load, error: URLError | None) -> Message | None:
        data = None if error is not None else b"".join(self._pieces)
        self._pieces = []
        return "completion_handler", self._handler, (data, load.response, error)


class ToLoading(InMemory):
    """Collects the body for a `Loading`, which is told where the load ends: no queue lies between."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.outcome: Outcome = (None, None, None)

    def data(self, load: Load, data: bytes) -> None:
        self._pieces.append(data)

    def finished(self, load: Load, error: URLError | None) -> Message | None:
        pieces, self._pieces = self._pieces, []
        self.outcome = (pieces[0] if len(pieces) == 1 else b"".join(pieces), load.response, error)
        return None


class ToDelegate(InMemory):
    """Hands the response and each piece of the body to the delegate of a data or upload task."""

    asks = True

    def data(self, load: Load, data: bytes) -> None:
        load.call("data_task_did_receive_data", data)

    def finished(self, load: Load, error: URLError | None) -> Message | None:
        return completion(load, error)


def completion(load: Load, error: URLError | None) -> Message | None:
    """`task_did_complete`, where a delegate has it."""
    method = load.method("task_did_complete")
    return None if method is None else (method.name, method.call, (load.context.session, load.task, error))
