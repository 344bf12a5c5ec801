"""Who takes the response of a load: a completion handler, a `Loading`, or the delegate."""
from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from ..core.machine import Question
from ..errors import DESCRIPTION, Code, GenericException, URLError, url_error
from ..latch import Latch
from ..models.response import HTTPURLResponse, URLResponse
from .consumer import Consumed
from .ending import Message

HANDLER = "completion_handler"


class InMemory:
    """What consumers have in common that keep nothing on disk."""

    caches = True
    asks = False
    terminal = ""
    is_incremental = False
    is_file = False
    written = 0
    undecodable = (Code.CANNOT_DECODE_RAW_DATA, Code.CANNOT_DECODE_RAW_DATA)

    def creates_file(self, load: Consumed) -> bool:
        return False

    def begin(self, load: Consumed, response: URLResponse) -> None:
        """Nothing is prepared."""

    def end(self, load: Consumed) -> None:
        load.ask_to_store()

    def told(self) -> None:
        """Nothing is left to be cleared away."""

    def leave(self, load: Consumed, leaver: object) -> None:
        """Nobody has to read for the load to end."""

    def loses(self, load: Consumed) -> bool:
        return False

    def resume_data(self, load: Consumed) -> bytes | None:
        return None

    def orphan(self) -> None:
        """Nothing is the parent's."""


class Collecting(InMemory):
    """Collects the body, as far as the configuration's `maximum_body_size` goes."""

    _size = 0     # bytes

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def data(self, load: Consumed, data: bytes) -> None:
        self._pieces.append(data)
        self._size += len(data)
        if self._size > load.context.body_limit:
            self._pieces = []
            load.end_with(url_error(Code.DATA_LENGTH_EXCEEDS_MAXIMUM, load.transfer.request.url, **{DESCRIPTION: (
                f"the body has more than maximum_body_size={load.context.body_limit} bytes of the configuration: raise it, or load it "
                "by download() or bytes(), which have no limit")}))


class ToHandler(Collecting):
    """Collects the body for a completion handler, called with (data, response, error) on the delegate queue."""

    terminal = HANDLER

    def __init__(self, handler: Callable[..., Any]) -> None:
        super().__init__()
        self._handler: Callable[..., Any] | None = handler

    def finished(self, load: Consumed, error: URLError | None) -> Message | None:
        data = None if error is not None else b"".join(self._pieces)
        self._pieces = []
        handler, self._handler = self._handler, None
        assert handler is not None
        return HANDLER, handler, (data, load.transfer.response, error)


class ToLoading(Collecting):
    """Collects the body for a `Loading`, which is told where the load ends: no queue lies between."""

    _response: URLResponse | None = None
    _error: URLError | None = None

    def finished(self, load: Consumed, error: URLError | None) -> Message | None:
        self._response, self._error = load.transfer.response, error
        return None

    def outcome(self) -> tuple[tuple[bytes, HTTPURLResponse], URLError | None]:
        """The data and the response, and the error instead of them."""
        pieces = self._pieces
        if len(pieces) != 1:
            self._pieces = pieces = [b"".join(pieces)]
        return (pieces[0], self._response), self._error  # type: ignore[return-value]    # without an error there is a response, of its scheme (docs/rules.md, Names)


class ToDelegate(Collecting):
    """Hands the response and the body to the delegate of a data or upload task: each piece as it comes, or all at the end."""

    asks = True
    terminal = "task_did_complete"

    def __init__(self) -> None:
        super().__init__()
        self.is_incremental = True

    def data(self, load: Consumed, data: bytes) -> None:
        if self.is_incremental:
            load.callbacks.call("data_task_did_receive_data", data)
        else:
            super().data(load, data)

    def end(self, load: Consumed) -> None:
        pieces, self._pieces = self._pieces, []
        if not (pieces and load.callbacks.call("data_task_did_receive_data", b"".join(pieces), answered=partial(self._told, load))):
            load.ask_to_store()

    def _told(self, load: Consumed, *_: Any) -> None:
        load.ask_to_store()

    def finished(self, load: Consumed, error: URLError | None) -> Message | None:
        return completion(load, error)


class ToReader(InMemory):
    """Holds one piece of the body at a time until somebody takes it; what is not taken is not read from the wire."""

    def __init__(self) -> None:
        self.opened = Latch()               # the response is there, or the error
        self.response: URLResponse | None = None
        self.error: URLError | None = None
        self._over = False
        self._reader: object = None         # who iterates
        self._is_begun = False              # somebody does, or did
        self._left = False
        self._pieces: deque[tuple[bytes, Question]] = deque()
        self._arrived: Latch | None = None
        self._load: Consumed | None = None

    def begin(self, load: Consumed, response: URLResponse) -> None:
        self._load = load
        self.response = response
        self.opened.set()

    def data(self, load: Consumed, data: bytes) -> None:
        self._pieces.append((data, load.callbacks.hold()))
        self._ring()

    def finished(self, load: Consumed, error: URLError | None) -> Message | None:
        self.error = error
        self._over = True
        self.opened.set()
        self._ring()
        return None

    def _ring(self) -> None:
        if (arrived := self._arrived) is not None:
            arrived.set()

    def take(self) -> bytes | Latch | None:
        """The next piece; None at the end; a latch to wait for where neither is there. Raises what the load failed with."""
        arrived = self._arrived = Latch()   # before looking: what comes after sets it
        try:
            data, question = self._pieces.popleft()
        except IndexError:
            if not self._over:
                return arrived
            if self.error is not None:
                raise self.error from self.error.cause
            return None
        assert self._load is not None
        self._load.callbacks.go_on(question)
        return data

    @contextmanager
    def reading(self, reader: object) -> Iterator[None]:
        """`reader` takes pieces in this block. Nobody did before: what that one has taken would be missing."""
        if self._is_begun:
            raise GenericException("this body is read once, and was begun to be read already: go on with the first iterator, or keep what it gives")
        self._is_begun, self._reader = True, reader
        try:
            yield
        finally:
            self._reader = None
            if self._left and self._load is not None:
                self._load.cancel()

    def leave(self, load: Consumed, leaver: object) -> None:
        """The session is left by `leaver`, and waits for its tasks: what nobody else is reading, now or then, would never end."""
        self._left = True
        if not self.opened.awaited and self._reader in (None, leaver):
            load.cancel()


def completion(load: Consumed, error: URLError | None) -> Message | None:
    """`task_did_complete`, where a delegate has it."""
    method = load.callbacks.method("task_did_complete")
    return None if method is None else (method.name, method.call, (load.context.session, load.task, error))
