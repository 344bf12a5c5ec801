"""A recorded answer on its way to a sink."""
from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ...models.message import Headers, ResponseHead
from .interaction import Interaction

if TYPE_CHECKING:
    from ..base import Host, Sink

PIECE = 128 * 1024    # bytes handed over at a time


class Finished:
    """The exchange of an answer that was given whole before `open` returned."""

    __slots__ = ()

    def pause(self) -> None:
        """There is nothing left to hold back."""

    def resume(self) -> None:
        """There is nothing left to give."""

    def cancel(self) -> None:
        """There is nothing left to end."""


FINISHED = Finished()


def play(interaction: Interaction, method: str, sink: Sink, host: Host) -> Finished | Playback:
    """Give the answer to `sink` on the caller's stack.

    A body of more than one piece goes on from the engine after the first, so that its reader can pause it.
    """
    response, extra = interaction.response, interaction.extra
    for head in extra.informational:
        sink.informational(ResponseHead(head.status, head.headers[:], head.reason, head.http_version))
    status = response.status
    sink.head(ResponseHead(status, response.headers[:], response.reason, extra.http_version))
    body = response.body
    if body and method != "HEAD" and status not in (204, 304):    # RFC 9112, section 6.3
        if len(body) > PIECE:
            sink.data(body[:PIECE])
            playback = Playback(body, extra.trailers[:], sink)
            host.post(playback.deliver)
            return playback
        sink.data(body)
    sink.end(extra.trailers[:])
    return FINISHED


class Playback:
    """The rest of a body: whoever calls `deliver` or `resume` hands it over, until it is paused, cancelled or at its end."""

    __slots__ = ("_body", "_delivering", "_done", "_lock", "_paused", "_position", "_sink", "_trailers")

    def __init__(self, body: bytes, trailers: Headers, sink: Sink) -> None:
        self._body, self._trailers, self._sink = body, trailers, sink
        self._position = PIECE
        self._paused = self._delivering = self._done = False
        self._lock = threading.Lock()

    def pause(self) -> None:
        with self._lock:
            self._paused = True

    def cancel(self) -> None:
        with self._lock:
            self._done = True

    def resume(self) -> None:
        with self._lock:
            self._paused = False
        self.deliver()

    def deliver(self) -> None:
        """Hand over piece after piece, unless another thread is at it."""
        with self._lock:
            if self._delivering or self._done:
                return
            self._delivering = True
        while self._more():
            piece = self._body[self._position:self._position + PIECE]
            self._position += PIECE
            self._sink.data(piece)

    def _more(self) -> bool:
        """Whether a piece is due now; gives up delivering where none is, and ends the answer at its end."""
        with self._lock:
            if self._done or self._paused:
                self._delivering = False
                return False
            if self._position < len(self._body):
                return True
            self._done = True
        self._sink.end(self._trailers)
        return False
