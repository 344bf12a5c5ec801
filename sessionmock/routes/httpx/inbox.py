"""What an exchange brings, held for a client that reads at its own pace."""
from __future__ import annotations

import threading
from collections import deque

from ...errors import URLError
from ...latch import Latch
from ...models.message import Headers, ResponseHead
from ..offload import Deferred

HELD = 131_072         # bytes of a body held for a client that does not read, before the route is paused


class Inbox:
    """The sink of one exchange: holds what the client has not read yet, and pauses the route where that is too much."""

    def __init__(self, unsent: int) -> None:
        self.answer: ResponseHead | None = None
        self.ended = False
        self.error: URLError | None = None
        self.unsent = unsent               # bytes of the body still to go, not above 0 where that is unknown
        self._lock = threading.Lock()
        self._latch: Latch | None = None
        self._chunks: deque[bytes] = deque()
        self._held = 0
        self._full = False                 # more is held than should be, and the client has not taken it all since
        self._paused = False               # what the exchange was told of it
        self._steering = threading.RLock()
        self.exchange = Deferred()         # settled on when `open` has returned: data may come before

    def sent(self, count: int) -> None:
        self.unsent -= count
        self._wake()

    def moved(self) -> None:
        self._wake()

    def informational(self, head: ResponseHead) -> None:
        self._wake()

    def head(self, head: ResponseHead) -> None:
        self.answer = head
        self._wake()

    def data(self, data: bytes) -> None:
        with self._lock:
            self._chunks.append(data)
            self._held += len(data)
            self._full = self._full or self._held > HELD
        if self._full:
            self._steer()
        self._wake()

    def end(self, trailers: Headers) -> None:
        self.ended = True
        self._wake()

    def fail(self, error: URLError) -> None:
        self.error = error
        self._wake()

    def cork(self) -> None:
        """Whoever waits takes what is there when it looks."""

    uncork = cork

    def readable(self) -> bool:
        """Whether `take` has something to say."""
        return bool(self._chunks) or self.ended or self.error is not None

    def take(self) -> bytes | None:
        """The next piece; None where there is none. The route reads on when all is taken."""
        with self._lock:
            if not self._chunks:
                return None
            piece = self._chunks.popleft()
            self._held -= len(piece)
            drained = self._full and not self._chunks
            self._full = self._full and not drained
        if drained:
            self._steer()
        return piece

    def _steer(self) -> None:
        """Pause or resume the exchange; one at a time, or a pause could overtake the resume that came after it."""
        with self._steering:
            while self._paused is not self._full:
                self._paused = self._full
                if self._paused:
                    self.exchange.pause()
                else:
                    self.exchange.resume()

    def expect(self) -> Latch:
        """A latch that the next sign of life sets. Look whether it has come already only after this."""
        self._latch = latch = Latch()
        return latch

    def _wake(self) -> None:
        if (latch := self._latch) is not None:
            latch.set()
