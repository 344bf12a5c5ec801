"""A sink that remembers, for the tests of routes."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from sessionmock.models.message import ResponseHead


class Recorder:
    """Notes what an exchange brings; `on` maps an event's name to what to do then, on the engine.

    `done` and `began` are set at its end and with its head; how they are waited for is theirs to know.
    """

    def __init__(self, done: Any, began: Any, keep: bool = True, **on: Callable[..., Any]) -> None:
        self.events: list[str] = []
        self.heads: list[ResponseHead] = []
        self.early: list[ResponseHead] = []
        self.pieces: list[bytes] = []
        self.received = self.uploaded = 0
        self.trailers: list[tuple[str, str]] | None = None
        self.error: Any = None
        self.on, self.keep = on, keep
        self.done, self.began = done, began

    def _note(self, name: str, *values: Any) -> None:
        if not self.events or self.events[-1] != name:
            self.events.append(name)
        if name in self.on:
            self.on[name](*values)

    def sent(self, count: int) -> None:
        self.uploaded += count
        self._note("sent", count)

    def cork(self) -> None: ...

    uncork = cork

    def moved(self) -> None:
        """Bytes that bring nothing are no event here."""

    def informational(self, head: ResponseHead) -> None:
        self.early.append(head)
        self._note("informational", head)

    def head(self, head: ResponseHead) -> None:
        self.heads.append(head)
        self._note("head", head)
        self.began.set()

    def data(self, data: bytes) -> None:
        assert data
        self.received += len(data)
        if self.keep:
            self.pieces.append(data)
        self._note("data", data)

    def end(self, trailers: list[tuple[str, str]]) -> None:
        assert not self.done.is_set()
        self.trailers = trailers
        self._note("end", trailers)
        self.done.set()

    def fail(self, error: Any) -> None:
        assert not self.done.is_set()
        self.error = error
        self._note("fail", error)
        self.done.set()

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    @property
    def status(self) -> int:
        return self.heads[0].status

    def wait(self) -> Self:
        """Wait for the end."""
        raise NotImplementedError

    def succeed(self) -> Self:
        self.wait()
        assert self.error is None, self.error
        return self
