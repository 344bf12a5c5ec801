"""An answer of HTTP/1.1 on its way from the transport to the connection, and what goes wrong with its parts."""
from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol

from ...faults.armed import Shot
from ...faults.kinds import Kind
from ..live.http1.answer import State
from ..live.http1.outgoing import LAST_CHUNK, chunk
from .flow import Flow, Note
from .framing import Framing
from .pace import Pace
from .shots import BodyShots

_LENGTH = re.compile(rb"(?mi)^content-length[ \t]*:[^\n]*\n")


class Line(Protocol):
    """The connection on which things go wrong: `tap.Tapped`."""

    def passing(self, point: str) -> Iterable[Shot]:
        """What is to go wrong at `point`."""

    def hit(self, flow: Flow, shot: Shot) -> bool:
        """Put what `shot` does into `flow`, where that is the same for whatever flows there; whether it is."""

    def end(self) -> None:
        """The peer sends no more."""


class Incoming:
    """Puts what comes into a flow, with what goes wrong in its places."""

    __slots__ = ("_chunks", "_copy", "_flow", "_framing", "_line", "_pace", "_shots", "_skips")

    def __init__(self, flow: Flow, line: Line, framing: Framing) -> None:
        self._flow, self._line, self._framing = flow, line, framing
        self._shots = BodyShots()                # that are to act in the body
        self._pace = Pace()                      # of the body
        self._copy: list[bytes] | None = None    # what is to come a second time
        self._chunks = False                     # the body goes on in chunks of ours
        self._skips = False                      # the rest of the body is lost

    def came(self, data: bytes) -> None:
        """The transport has read `data`."""
        for name, piece in self._framing.feed(data):
            if name == "body":
                self._content(piece)
                if self._framing.state == State.DONE:
                    self._repeat()
                    if self._chunks:
                        self._flow.put(LAST_CHUNK)
            elif name == "mark":
                if not self._chunks:
                    self._flow.put(piece)
            elif name == "trailers":
                self._trailers(piece)
            elif name == "rest":
                self._flow.put(piece)
            else:
                self._head(name, piece)

    def ended(self) -> None:
        """Nothing more comes."""
        self._flow.put(self._framing.rest())
        self._repeat()
        if self._chunks and self._framing.state == State.UNTIL_CLOSE:
            self._flow.put(LAST_CHUNK)

    def _head(self, name: str, section: bytes) -> None:
        """A head, of an informational response or the final one."""
        flow, pace = self._flow, Pace()
        for shot in self._line.passing(name):
            kind = shot.kind
            if self._line.hit(flow, shot):
                continue
            if kind.name in ("drip", "slice"):
                pace = Pace.of(kind)
            elif kind.name == "truncate":
                flow.put(Note(shot.fire), section[:len(section) // 2], self._line.end)
                return
            elif (spoilt := _spoilt_head(kind, section)) is None:
                continue                         # what HTTP/2 alone has
            else:
                section = spoilt
            flow.put(Note(shot.fire))
        if name == "head" and self._framing.has_body:
            self._shots = BodyShots(self._line.passing("body"))
            self._chunks = self._framing.state == State.CHUNKED and bool(self._shots)
            if not self._chunks and any(_spoils_chunk(shot.kind) for shot in self._shots):
                self._chunks = True
                section = _LENGTH.sub(b"", section, 1).replace(b"\n", b"\nTransfer-Encoding: chunked\r\n", 1)
        pace.put(flow, section)

    def _content(self, data: bytes) -> None:
        """Bytes of the body."""
        flow = self._flow
        while data and not self._skips:
            shot = self._shots.step(data)
            if isinstance(shot, bytes):
                self._give(shot)
                data = data[len(shot):]
                continue
            if self._line.hit(flow, shot):
                continue
            kind = shot.kind
            if kind.name == "malformed" and not _spoils_chunk(kind):
                continue                         # what HTTP/2 alone has
            flow.put(Note(shot.fire))
            if kind.name in ("drip", "slice"):
                self._pace = Pace.of(kind)
            elif kind.name == "corrupt":
                data = flipped(data)
            elif kind.name == "duplicate":
                self._copy = []
            elif kind.name == "truncate":
                self._skips = True
                if not self._chunks:
                    flow.put(self._line.end)
            else:
                flow.put(b"no size\r\n")

    def _give(self, data: bytes) -> None:
        if self._copy is not None:
            self._copy.append(data)
        self._pace.put(self._flow, data, chunk if self._chunks else bytes)

    def _repeat(self) -> None:
        """The body has come: what is to come twice comes again."""
        copy, self._copy = self._copy, None
        for piece in copy or ():
            self._give(piece)

    def _trailers(self, section: bytes) -> None:
        """The last chunk, and what follows it. Without fields, that is part of the body."""
        self._repeat()
        flow = self._flow
        start = section.index(b"\n") + 1
        if section[start:] not in (b"\r\n", b"\n"):
            for shot in self._line.passing("trailers"):
                if self._line.hit(flow, shot):
                    continue
                flow.put(Note(shot.fire))
                if shot.kind.name == "truncate":
                    flow.put(section[:(start + len(section)) // 2], self._line.end)
                    section = b""
                elif shot.kind.name == "corrupt":
                    colon = max(start, section.find(b":"))       # without it nobody takes a line for a field
                    section = section[:colon] + flipped(section[colon:])
                else:
                    section = section[:start] + b"no colon\r\n" + section[start:]
        flow.put(section)


def flipped(data: bytes) -> bytes:
    """`data` with another first byte."""
    return bytes([data[0] ^ 0xFF]) + data[1:]


def _spoils_chunk(kind: Kind) -> bool:
    return kind.name == "malformed" and kind["what"] == "chunk"


def _spoilt_head(kind: Kind, section: bytes) -> bytes | None:
    """`section` after `kind`; None where that is nothing that can happen to it."""
    if kind.name == "corrupt":
        return flipped(section)
    if kind.name == "duplicate":
        return section * 2
    line, _, fields = section.partition(b"\n")
    spoilt = {
        "status line": b"HTTP/1.1 two hundred\r\n" + fields,
        "header": line + b"\nno colon\r\n" + fields,
        "length": line + b"\nContent-Length: 12x\r\n" + fields,
    }
    return spoilt.get(kind["what"])
