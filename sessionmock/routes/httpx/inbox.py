"""What an exchange brings, held for a client that reads at its own pace, and the ways to wait for it."""
from __future__ import annotations

import threading
from collections import deque
from typing import NamedTuple, Protocol

from ...clock import Clock, Timer, nanoseconds
from ...engine.awaits import ended
from ...errors import URLError
from ...latch import Latch
from ...models.message import Headers, ResponseHead
from ..base import Exchange, Host
from ..offload import Deferred

HELD = 131_072         # bytes of a body held for a client that does not read, before the route is paused


class Waiter(Protocol):
    """Lets a thread or a coroutine wait; the engine's drives itself meanwhile."""

    def wait(self, latch: Latch, until: int | None) -> bool:
        """Block until `latch` is set, at most until `until` (nanoseconds of the host's clock); whether it was set."""

    async def ended(self, latch: Latch) -> None:
        """Wait for `latch` in a coroutine, on the asyncio or trio loop that is running here."""


class Parking:
    """The waiter for a host that is driven by somebody else."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def wait(self, latch: Latch, until: int | None) -> bool:
        lock = threading.Lock()
        lock.acquire()
        latch.tell(lock.release)
        return self._clock.park(lock, until)

    async def ended(self, latch: Latch) -> None:
        await ended(latch)


class Limits(NamedTuple):
    """What httpx's `timeout` extension says, in seconds; None waits for ever.

    A route does not tell when it is connected: `read` holds from the start, or `write` while a body of known length is
    not sent, each from the last sign of life. `connect` and `pool` are therefore the route's own matter.
    """

    read: float | None
    write: float | None


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
        self.exchange: Exchange = Deferred()

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


class Alarm:
    """Sets a latch after a time, for those who may not block; the timer is the engine's."""

    def __init__(self, host: Host, latch: Latch, seconds: float) -> None:
        self.rung = self._off = False
        self._host, self._latch = host, latch
        self._timer: Timer | None = None
        host.post(self._set, host.clock.now() + nanoseconds(seconds))

    def _set(self, when: int) -> None:
        if not self._off:
            self._timer = self._host.clock.call_at(when, self._ring)

    def _ring(self) -> None:
        self.rung = True
        self._latch.set()

    def cancel(self) -> None:
        self._off = True
        self._host.post(self._unset)

    def _unset(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
