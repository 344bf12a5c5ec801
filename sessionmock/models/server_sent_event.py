"""ServerSentEvent: one message of an event stream (HTML, section 9.2)."""
from __future__ import annotations

from dataclasses import dataclass

from ..shown import printed
from .immutable import immutable


@immutable
@printed
@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """What a server sent in a text/event-stream, as `AsyncBytes.events` gives it.

    `event` is its type, "message" where the server names none; `data` its lines, joined by LF. `id` is the last event ID, which
    a reconnection says in Last-Event-ID, and `retry` the milliseconds to wait before one: both as the stream said them last, in
    this event or before it; "" and None where it has not.
    """

    data: str
    event: str = "message"
    id: str = ""
    retry: int | None = None
