"""Request bodies that are read before anybody is asked, so that they can be compared: on the spot, or on a pooled thread.

What is read is what could have been recorded, and no more: a body that is larger than the whole cassette is none of those in it.
A body that does not come before its answer does, as one half of a conversation, is compared when it has come.
"""
from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from ...clock import SECOND, Timer
from ...models.message import BodyStream
from ..offload import PIECE, Deferred

if TYPE_CHECKING:
    from ..base import Exchange, Host

PATIENCE = SECOND      # how long a body may bring nothing before its answer is given all the same


class Ahead:
    """A request body that is read ahead, at most a piece further than `most` bytes; then the same bytes, framed as `stream` would have been."""

    def __init__(self, stream: BodyStream, most: int) -> None:
        self.length, self.may_block = stream.length, stream.may_block
        self.here = not stream.may_block or getattr(stream, "reads_here", False)    # whoever opens the exchange may read it
        self.ended = False            # whether it was read to its end
        self.size = 0                 # bytes that were read
        self._sent = False            # whether somebody sends it: nobody reads ahead of that
        self._stream, self._most = stream, most
        self._pieces: deque[bytes] = deque()
        self._given = 0               # bytes of the first piece
        self._lock = threading.Lock()

    def fill(self) -> None:
        """Read it ahead. Raises what the stream does."""
        while not (self.ended or self._sent or self.size > self._most):
            with self._lock:
                if piece := self._next(PIECE):
                    self._pieces.append(piece)
        self.may_block = self.may_block and not self.ended

    @property
    def body(self) -> bytes:
        """What was read and not given yet."""
        return b"".join(self._pieces)[self._given:]

    def read(self, size: int) -> bytes:
        self._sent = True
        with self._lock:
            if not self._pieces:
                return b"" if self.ended else self._next(size)
            piece = self._pieces[0][self._given:self._given + size]
            self._given += len(piece)
            if self._given == len(self._pieces[0]):
                self._pieces.popleft()
                self._given = 0
            return piece

    def close(self) -> None:
        self._stream.close()

    def _next(self, size: int) -> bytes:
        piece = bytes(self._stream.read(size))
        self.size += len(piece)
        self.ended = not piece
        return piece


class Reading(Deferred):
    """An exchange whose request's body is read ahead on a pooled thread. What `answer` opens takes its place once the body is there,
    and what `fail` opens where that raised. A body that stops coming is not waited for: `answer` gets this exchange then."""

    def __init__(self, host: Host, ahead: Ahead, answer: Callable[[Reading | None], Exchange], fail: Callable[[Exception], Exchange]) -> None:
        super().__init__()
        self._host, self._ahead, self._answer, self._fail = host, ahead, answer, fail
        self._turn = threading.Lock()              # held by whoever goes on with the exchange: the thread that reads, or the engine
        self._rest: Callable[[], None] | None = None
        self._is_read = False
        self._resting = threading.Lock()           # for the two above
        self._seen = 0
        self._timer: Timer | None = None
        host.work(self._read)
        host.post(self._watch)

    def then(self, rest: Callable[[], None]) -> None:
        """Call `rest` when no more of the body can be read, now or later."""
        with self._resting:
            if not self._is_read:
                self._rest = rest
                return
        rest()

    def _read(self) -> None:
        error: Exception | None = None
        try:
            self._ahead.fill()
        except Exception as raised:
            error = raised
        if self._turn.acquire(blocking=False):
            self._host.post(self._unwatch)
            if self.cancelled:
                self._ahead.close()
            else:
                self.settle(self._answer(None) if error is None else self._fail(error))
            return
        with self._resting:
            self._is_read = True
        if self._rest is not None:
            self._rest()

    def _watch(self) -> None:
        """On the engine: look again later whether more has come."""
        if not self._turn.locked():
            self._timer = self._host.clock.call_at(self._host.clock.now() + PATIENCE, self._look)

    def _unwatch(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        before, self._seen = self._seen, self._ahead.size
        if before != self._seen:
            self._watch()
        elif self._turn.acquire(blocking=False) and not self.cancelled:
            self.settle(self._answer(self))
