"""Coroutines without an event loop: each goes on by a call that is posted to the engine, under real and under virtual time."""
from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")
Post = Callable[..., None]    # makes a call with arguments, soon


class Later(Generic[T]):
    """A value that comes later; one coroutine may await it. Has what asyncio's TLS asks of a future, too."""

    __slots__ = ("_done", "_error", "_told", "_value")

    _value: T

    def __init__(self) -> None:
        self._done = False
        self._error: BaseException | None = None
        self._told: Callable[[], None] | None = None

    def done(self) -> bool:
        """Whether the value has come."""
        return self._done

    def cancelled(self) -> bool:
        """Never: a coroutine is cancelled, not what it waits for."""
        return False

    def set_result(self, value: T, /) -> None:
        """The value is `value`."""
        self._value = value
        self._settle()

    def set_exception(self, error: BaseException | type[BaseException], /) -> None:
        """There is no value: `error` is raised in its place."""
        self._error = error() if isinstance(error, type) else error
        self._settle()

    def tell(self, call: Callable[[], None]) -> None:
        """Make `call` as the value comes."""
        self._told = call

    def _settle(self) -> None:
        assert not self._done, "a value comes once"
        self._done = True
        if self._told is not None:
            self._told()

    def __await__(self) -> Generator[Later[T], None, T]:
        if not self._done:
            yield self
        if self._error is not None:
            raise self._error
        return self._value


class Routine:
    """A coroutine under way; what it raises is raised by the call that drives it. It is made, and begins, after what is due already: where
    nothing goes on any more before that, there is none.

    `running` holds it until it ends: what waits for something that never comes is held by nothing else, and would be
    closed when the collector finds it.
    """

    __slots__ = ("_awaited", "_coroutine", "_make", "_post", "_running")

    def __init__(self, make: Callable[[], Coroutine[Any, Any, None]], post: Post, running: set[Routine]) -> None:
        self._make: Callable[[], Coroutine[Any, Any, None]] | None = make
        self._coroutine: Coroutine[Any, Any, None] | None = None
        self._post = post
        self._running = running
        self._awaited: Later[Any] | None = None
        running.add(self)
        post(self._begin)

    def _begin(self) -> None:
        make, self._make = self._make, None
        if make is not None:
            self._coroutine = make()
            self._step(self._coroutine.send, None)

    def cancel(self) -> None:
        """Raise CancelledError where the coroutine waits."""
        self._post(self._cancel)

    def _cancel(self) -> None:
        coroutine, self._make = self._coroutine if self._make is None else self._make(), None
        if coroutine is not None:
            self._step(coroutine.throw, CancelledError())

    def _go_on(self, awaited: Later[Any]) -> None:
        if self._coroutine is not None and awaited is self._awaited:    # else it was cancelled while it waited for that
            self._step(self._coroutine.send, None)

    def _step(self, act: Callable[[Any], Any], argument: Any) -> None:
        coroutine, self._coroutine = self._coroutine, None
        try:
            awaited = self._awaited = act(argument)
        except BaseException as ended:
            self._running.discard(self)
            if isinstance(ended, StopIteration | CancelledError):
                return
            raise
        self._coroutine = coroutine
        awaited.tell(lambda: self._post(self._go_on, awaited))
