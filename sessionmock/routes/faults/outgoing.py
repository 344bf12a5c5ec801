"""A request of HTTP/1.1 on its way from the connection to the transport, and what goes wrong with it."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from ...faults.armed import Shot
from ..live.http1 import outgoing as http1
from .flow import Flow, Note
from .framing import Framing
from .hits import BREAKS
from .incoming import Line
from .pace import Pace
from .shots import BodyShots


class RequestLine(Line, Protocol):
    """The connection, as a request sees it."""

    def part(self, shot: Shot) -> None:
        """The peer breaks off, as `shot` says."""


class Outgoing:
    """Puts what is sent into a flow, with what goes wrong in its places. `tell` hears how many bytes of the body have gone."""

    __slots__ = ("_flow", "_framing", "_gone", "_head", "_line", "_pace", "_parting", "_request", "_shots", "_tell")

    def __init__(self, flow: Flow, line: RequestLine, request: http1.Outgoing, tell: Callable[[int], None]) -> None:
        self._flow, self._line, self._request, self._tell = flow, line, request, tell
        self._gone = 0                         # bytes of the body
        self._head = True                      # is still to be sent
        self._framing = Framing.of_request_body(request.length)
        self._shots = BodyShots()              # that are to act in the body
        self._pace = Pace()
        self._parting: Shot | None = None      # how the connection breaks when the request has gone

    def reuse(self) -> bool:
        """The connection was kept for this; whether it breaks: the peer has closed it, and answers what it gets with that."""
        for shot in self._line.passing("reuse"):
            if shot.kind.name in BREAKS:
                self._parting = shot
            else:
                self._line.hit(self._flow, shot)
        return self._parting is not None

    def written(self, data: bytes) -> None:
        """The connection writes `data`: first of all the head, whole."""
        flow = self._flow
        if self._head:
            self._head = False
            for shot in self._line.passing("write.head"):
                self._line.hit(flow, shot)
            size = len(self._request.head)
            flow.put(data[:size])
            data = data[size:]
            if self._request.length:
                self._shots = BodyShots(self._line.passing("write.body"))
        for name, piece in self._framing.feed(data):
            if name == "body":
                self._content(piece)
            else:
                flow.put(piece)
        flow.put(self._framing.rest())
        if self._parting is not None:
            flow.put(partial(self._line.part, self._parting))
            self._parting = None

    def _content(self, data: bytes) -> None:
        while data:
            shot = self._shots.step(data)
            if isinstance(shot, bytes):
                self._pace.put(self._flow, shot, told=self._went)
                data = data[len(shot):]
                continue
            if self._line.hit(self._flow, shot):
                continue
            if shot.kind.name in ("drip", "slice"):
                self._pace = Pace.of(shot.kind)
                self._flow.put(Note(shot.fire))

    def _went(self, count: int) -> None:
        self._gone += count
        self._tell(self._gone)
