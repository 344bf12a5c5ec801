"""The answer on one stream of HTTP/2 on its way to the connection, and what goes wrong with its parts."""
from __future__ import annotations

from functools import partial
from math import ceil
from typing import Protocol

from ....faults.kinds import Kind
from ...live.http2.codec import Fields
from ..flow import Flow, Note
from ..incoming import Line, flipped
from ..pace import Pace
from ..shots import BodyShots
from . import frames
from .frames import Frame


class StreamLine(Line, Protocol):
    """The stream on which things go wrong: `stream.TappedStream`."""

    @property
    def id(self) -> int:
        """The stream's number."""

    def cut(self) -> None:
        """The connection has all that it is to have of the stream."""

    def swallowed(self, count: int) -> None:
        """So many bytes of a body came to nothing."""


class Inbound:
    """Puts what comes on a stream into a flow, with what goes wrong in its places."""

    __slots__ = ("_copy", "_flow", "_headed", "_line", "_pace", "_shots", "over")

    def __init__(self, flow: Flow, line: StreamLine) -> None:
        self._flow, self._line = flow, line
        self.over = False                        # what still comes is not heard of
        self._headed = False
        self._shots: BodyShots | None = None     # that are to act in the body; None: it has not begun
        self._pace = Pace()                      # of the body
        self._copy: list[bytes] | None = None    # what is to come a second time

    def fields(self, fields: Fields, *, last: bool) -> None:
        """A head or trailers have come; with `last`, nothing follows."""
        if self.over:
            return
        if self._headed:
            self._repeat()
            point = "trailers"
        else:
            point = "informational" if fields and fields[0][1].startswith(b"1") else "head"
            self._headed = point == "head"
        flow, pace, times = self._flow, Pace(), 1
        for shot in self._line.passing(point) if fields else ():
            kind = shot.kind
            if self._line.hit(flow, shot):
                continue
            flow.put(Note(shot.fire))
            if kind.name in ("drip", "slice"):
                pace = Pace.of(kind)
            elif kind.name == "duplicate":
                times = 2
            elif kind.name == "truncate":
                section = frames.head(self._line.id, fields, last=last)
                flow.put(section[:len(section) // 2], self._line.end)
            else:
                fields = _spoilt(kind, fields)
        section = frames.head(self._line.id, fields, last=last) * times
        if pace.seconds:
            flow.put(pace.seconds * ceil(len(section) / pace.size), section)    # in the midst of it nothing else can come
        else:
            pace.put(flow, section)

    def came(self, frame: Frame) -> None:
        """A frame of another kind has come."""
        if frame.kind != frames.DATA:
            self._flow.put(bytes(frame))
            return
        data = frame.content
        self._line.swallowed(len(frame.payload) - len(data))
        if data and self._shots is None and not self.over:
            self._shots = BodyShots(self._line.passing("body"))
        self._content(data)
        if frame.flags & frames.END_STREAM and not self.over:
            self._repeat()
            self._flow.put(frames.body(self._line.id, b"", last=True))

    def _content(self, data: bytes) -> None:
        """Bytes of the body."""
        flow, shots = self._flow, self._shots
        while data and not self.over:
            assert shots is not None
            shot = shots.step(data)
            if isinstance(shot, bytes):
                self._give(shot)
                data = data[len(shot):]
                continue
            if self._line.hit(flow, shot):
                continue
            kind = shot.kind
            if kind.name == "malformed":
                continue                         # there are no chunks
            flow.put(Note(shot.fire))
            if kind.name == "corrupt":
                data = flipped(data)
            elif kind.name == "duplicate":
                self._copy = []
            elif kind.name == "truncate":
                self.over = True
                flow.put(frames.body(self._line.id, b"", last=True), self._line.cut)
            else:
                self._pace = Pace.of(kind)
        if self.over:
            self._line.swallowed(len(data))

    def _give(self, data: bytes) -> None:
        if self._copy is not None:
            self._copy.append(data)
        self._pace.put(self._flow, data, partial(frames.body, self._line.id, last=False))

    def _repeat(self) -> None:
        """The body has come: what is to come twice comes again."""
        copy, self._copy = self._copy, None
        for piece in copy or ():
            self._give(piece)


def _spoilt(kind: Kind, fields: Fields) -> Fields:
    """`fields` after `kind`."""
    (name, value), *others = fields
    what = kind["what"] if kind.name == "malformed" else None
    if what == "status line":
        return [(name, value[:1] + b"OO"), *others]
    if what == "length":
        return [*(field for field in fields if field[0] != b"content-length"), (b"content-length", b"12x")]
    if what is None:
        return [(name, flipped(value)), *others]
    return [*fields, (b"Upper-Case", b"")]
