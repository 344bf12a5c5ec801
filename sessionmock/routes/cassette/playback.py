"""A recorded answer on its way to a sink."""
from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ...clock import Timer, nanoseconds
from ...models.message import Headers, Request, ResponseHead
from ..base import FINISHED, Unmeasured
from .dates import headers_now
from .failures import left, replayed
from .interaction import LEFT, Failure, Interaction

if TYPE_CHECKING:
    from ..base import Exchange, Host, Sink

PIECE = 128 * 1024    # bytes handed over at a time
_PATIENCE = 1.0       # seconds


def play(interaction: Interaction, request: Request, sink: Sink, host: Host, speed: float = 0.0, *, refresh: bool = False) -> Exchange:
    """Give the answer to `request` to `sink` on the caller's stack; `refresh` is for its dates (`headers_now`).

    A large body goes on from the engine after its first piece, so that its reader can pause it. Pieces are those that were
    recorded: at once where `speed` is 0, else at their times after the head, divided by `speed`. A recorded failure comes where
    it came then.
    """
    response, extra = interaction.response, interaction.extra
    for head in extra.informational:
        sink.informational(ResponseHead(head.status, head.headers[:], head.reason, head.http_version))
    status, failure = response.status, extra.failure
    if not status and failure is not None:
        sink.fail(replayed(failure, request.url))
        return FINISHED
    sink.head(ResponseHead(status, headers_now(interaction, host.clock, refresh), response.reason, extra.http_version))
    body = response.body
    if failure is not None:
        return Unfinished(body, pieces(len(body), extra.chunks), failure, request.url, sink, host, speed)
    if body and request.method != "HEAD" and status not in (204, 304):    # RFC 9112, section 6.3
        chunks = extra.chunks
        if len(body) > PIECE or (chunks and speed):
            return Playback(body, pieces(len(body), chunks), extra.trailers[:], sink, host, speed)
        start = 0
        for end, _ in pieces(len(body), chunks) if chunks else ((len(body), 0),):
            sink.data(body[start:end])
            start = end
    sink.end(extra.trailers[:])
    return FINISHED


def pieces(size: int, chunks: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """(end, milliseconds after the head) of each piece of a body of `size` bytes that came in `chunks`, none too large.

    Chunks that an edited body no longer has are left out, and no piece comes before the one that it follows.
    """
    starts = [(0, 0)]
    for start, time in sorted(chunks):
        if start == starts[-1][0]:
            starts[-1] = (start, max(time, starts[-1][1]))
        elif start < size:
            starts.append((start, max(time, starts[-1][1])))
    ends = [start for start, _ in starts[1:]] + [size]
    return [(min(at + PIECE, end), time) for (start, time), end in zip(starts, ends, strict=True) for at in range(start, end, PIECE)]


class Playback(Unmeasured):
    """A body on its way: whoever calls `deliver` hands over what is due, until it is paused, cancelled or at its end."""

    __slots__ = ("_body", "_delivering", "_done", "_host", "_lock", "_next", "_paused", "_pieces", "_sink", "_speed", "_start",
                 "_timer", "_trailers")

    def __init__(self, body: bytes, pieces: list[tuple[int, int]], trailers: Headers, sink: Sink, host: Host, speed: float) -> None:
        self._body, self._pieces, self._trailers, self._sink, self._host, self._speed = body, pieces, trailers, sink, host, speed
        self._next = 0
        self._paused = self._delivering = self._done = False
        self._timer: Timer | None = None
        self._lock = threading.Lock()
        if speed:
            self._start = host.clock.now()
        else:
            self._next = len(pieces[:1])
            if pieces:
                sink.data(body[:pieces[0][0]])
        host.post(self.deliver)

    def pause(self) -> None:
        with self._lock:
            self._paused = True

    def cancel(self) -> None:
        with self._lock:
            self._done = True
            timer = self._timer
        if timer is not None:
            self._host.post(timer.cancel)

    def resume(self) -> None:
        with self._lock:
            self._paused = False
        if self._speed:
            self._host.post(self.deliver)    # timers are the engine's
        else:
            self.deliver()

    def deliver(self) -> None:
        """Hand over piece after piece, unless another thread is at it."""
        with self._lock:
            if self._delivering or self._done:
                return
            self._delivering = True
        while self._more():
            start = self._pieces[self._next - 1][0] if self._next else 0
            end = self._pieces[self._next][0]
            self._next += 1
            self._sink.data(self._body[start:end])

    def _more(self) -> bool:
        """Whether a piece is due now; gives up delivering where none is, and ends the answer at its end."""
        with self._lock:
            if self._done or self._paused or not self._due():
                self._delivering = False
                return False
            if self._next < len(self._pieces):
                return True
            self._done = True
        self._finish()
        return False

    def _finish(self) -> None:
        self._sink.end(self._trailers)

    def _due(self) -> bool:
        """Whether the next piece has its time; sets a timer for it where not."""
        if not self._speed or self._next == len(self._pieces):
            return True
        clock = self._host.clock
        when = self._start + nanoseconds(self._pieces[self._next][1] / 1000 / self._speed)
        if when <= clock.now():
            return True
        if self._timer is not None:
            self._timer.cancel()
        self._timer = clock.call_at(when, self.deliver)
        return False


class Unfinished(Playback):
    """A body that breaks off with `failure`. One that its reader left stays open for `_PATIENCE`, as it was open when he left;
    then whoever still reads fails, rather than take a part for the whole."""

    __slots__ = ("_failure", "_gone", "_url")

    def __init__(self, body: bytes, pieces: list[tuple[int, int]], failure: Failure, url: str, sink: Sink, host: Host, speed: float) -> None:
        self._failure, self._url, self._gone = failure, url, False
        super().__init__(body, pieces, [], sink, host, speed)

    def cancel(self) -> None:
        self._gone = True
        super().cancel()

    def _finish(self) -> None:
        if self._failure == LEFT:
            self._host.post(self._stay_open)
        else:
            self._sink.fail(replayed(self._failure, self._url))

    def _stay_open(self) -> None:
        clock = self._host.clock
        if not self._gone:
            self._timer = clock.call_at(clock.now() + nanoseconds(_PATIENCE), self._fail)

    def _fail(self) -> None:
        if not self._gone:
            self._sink.fail(left(len(self._body), self._url))
