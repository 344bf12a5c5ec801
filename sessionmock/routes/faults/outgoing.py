"""A request of HTTP/1.1 on its way from the connection to the transport, and what goes wrong with it."""
from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial

from ...faults.armed import Shot
from ..live.http1 import outgoing as http1
from .flow import Flow, Note
from .framing import Framing
from .incoming import Line
from .pace import EVEN, Pace, pace_of


class Outgoing:
    """Puts what is sent into a flow, with what goes wrong in its places. `tell` hears how many bytes of the body have gone."""

    __slots__ = ("_at", "_flow", "_framing", "_head", "_line", "_pace", "_request", "_shots", "_tell")

    def __init__(self, flow: Flow, line: Line, request: http1.Outgoing, tell: Callable[[int], None]) -> None:
        self._flow, self._line, self._request, self._tell = flow, line, request, tell
        self._head = True                      # is still to be sent
        self._framing = Framing.of_request_body(request.length)
        self._shots: deque[Shot] = deque()     # that are to act in the body, by byte
        self._at = 0
        self._pace: Pace = EVEN

    def begin(self, point: str) -> bool:
        """`point` is passed, before anything else; whether the connection breaks there."""
        shots = list(self._line.passing(point))
        for shot in shots:
            self._line.hit(self._flow, shot)
        return any(shot.kind.name in ("reset", "end") for shot in shots)

    def written(self, data: bytes) -> None:
        """The connection writes `data`: first of all the head, whole."""
        flow = self._flow
        if self._head:
            self._head = False
            self.begin("write.head")
            size = len(self._request.head)
            flow.put(data[:size])
            data = data[size:]
            if self._request.length:
                self._shots = deque(sorted(self._line.passing("write.body"), key=lambda shot: shot.byte))
        for name, piece in self._framing.feed(data):
            if name == "body":
                self._content(piece)
            else:
                flow.put(piece)
        flow.put(self._framing.rest())

    def _content(self, data: bytes) -> None:
        while data:
            shot = self._shots[0] if self._shots else None
            count = len(data) if shot is None else min(len(data), max(0, shot.byte - self._at))
            if count:
                self._give(data[:count])
                data = data[count:]
                continue
            assert shot is not None
            self._shots.popleft()
            if self._line.hit(self._flow, shot):
                continue
            if shot.kind.name in ("drip", "slice"):
                self._pace = pace_of(shot.kind)
                self._flow.put(Note(shot.fire))

    def _give(self, data: bytes) -> None:
        for piece in self._pace.pieces(data):
            self._pace.put(self._flow, piece, whole=True)
            self._at += len(piece)
            self._flow.put(Note(partial(self._tell, self._at)))
