"""An HTTP/1.1 answer as a client reads it, without any I/O (RFC 9112).

An `Answer` turns what the peer sends into events. A head in canonical form (CRLF lines, plain names, no folding,
framing said once) is read by a strict parser of a few microseconds. Any other head goes untouched to h11, whose
leniency decides, and h11 then keeps the whole answer. So whatever the fast parser accepts h11 accepts too, and reads
the same.
"""
from __future__ import annotations

import re
from enum import IntEnum
from typing import TYPE_CHECKING

from ....models.message import Headers, ResponseHead
from ..fields import CONTROLS, KINDS, Kind, kind_of, text, tokens
from .events import HEAD_LIMIT, INFORMATIONAL_LIMIT, AnswerError, End, Event, Garbage, Lost

if TYPE_CHECKING:
    from .lenient import LenientAnswer

_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,20})(?:;[^\r\n]*)?[ \t]*\r\n")
_BLANK_LINE = re.compile(rb"\n\r?\n")


def _lines(section: bytes) -> list[str] | None:
    """The lines of a section that ends without its last CRLF; None where a line holds or ends in anything unusual."""
    if len(section.translate(None, CONTROLS)) + 2 * section.count(b"\r\n") != len(section):
        return None
    try:
        return str(section, "utf-8").split("\r\n")
    except UnicodeDecodeError:
        return [text(line) for line in section.split(b"\r\n")]


class _Fields:
    """Fields in canonical form, and what they say about framing."""

    __slots__ = ("chunked", "closes", "headers", "length")

    def __init__(self) -> None:
        self.headers: Headers = []
        self.length = -1
        self.chunked = self.closes = False

    def read(self, lines: list[str], start: int) -> bool:
        """Take the lines from `start` on; False where one of them is not canonical."""
        append = self.headers.append
        kinds = KINDS
        for index in range(start, len(lines)):
            name, colon, value = lines[index].partition(":")
            if not colon:
                return False
            kind = kinds.get(name)
            if kind is None:
                kind = kind_of(name)
            value = value.strip(" \t")
            if kind:
                if kind < 0:
                    return False
                if kind == Kind.CONTENT_LENGTH:
                    if self.length >= 0 or self.chunked or len(value) > 18 or not (value.isascii() and value.isdigit()):
                        return False
                    self.length = int(value)
                elif kind == Kind.TRANSFER_ENCODING:
                    if self.length >= 0 or self.chunked or value.lower() != "chunked":
                        return False
                    self.chunked = True
                elif kind == Kind.CONNECTION and value != "keep-alive":
                    self.closes = self.closes or "close" in tokens(value)
            append((name, value))
        return True


class State(IntEnum):
    """Where an answer is."""

    HEAD = 0           # waiting for a head, informational or final
    LENGTH = 1         # within a body of known length
    CHUNKED = 2
    UNTIL_CLOSE = 3    # the end of the connection is the end of the body
    SWITCHED = 4       # after 101: bytes of another protocol
    LENIENT = 5        # h11 reads
    DONE = 6


_HEAD, _LENGTH, _CHUNKED, _UNTIL_CLOSE, _SWITCHED, _LENIENT, _DONE = map(int, State)


class Answer:
    """Reads the answer to one request: `feed` it what arrives, `eof` when nothing more will.

    `method` frames the answer (HEAD has no body), `upgrades` allows 101. When End has come, `reusable` says whether
    this answer leaves the connection fit for another, and `rest` holds bytes beyond its end, which do not.
    """

    __slots__ = (
        "_buffer", "_in_chunk", "_informational", "_left", "_lenient", "_state", "_trailing", "header_bytes", "method", "rest",
        "reusable", "started", "upgrades",
    )

    def __init__(self, method: str, upgrades: bool = False) -> None:
        self.method = method
        self.upgrades = upgrades
        self.started = False       # any byte came
        self.reusable = False
        self.rest = b""
        self.header_bytes = 0      # of all heads so far, status lines and blank lines included
        self._state = _HEAD
        self._buffer = b""         # an incomplete head, chunk header or trailer section
        self._left = 0             # bytes of the body, or of the chunk, still to come
        self._in_chunk = False     # within a chunk or before the CRLF that ends it
        self._trailing = False     # after the last chunk
        self._informational = 0
        self._lenient: LenientAnswer | None = None

    @property
    def state(self) -> State:
        return State(self._state)

    def feed(self, data: bytes) -> list[Event]:
        """What `data`, not empty, brings. After an error or End, nothing: what still comes is kept in `rest`."""
        self.started = True
        state = self._state
        events: list[Event] = []
        if state == _LENGTH:
            self._length(data, events)
        elif state == _HEAD:
            self._head(self._buffer + data if self._buffer else data, events)
        elif state == _CHUNKED:
            self._chunks(self._buffer + data if self._buffer else data, events)
        elif state == _LENIENT:
            self._judged(data, events)
        elif state == _DONE:
            self.rest += data
            self.reusable = False
        else:
            events.append(data)
        return events

    def eof(self) -> list[Event]:
        """What the end of the connection brings: End where it ends the answer, nothing after End, else Lost."""
        events: list[Event] = []
        state = self._state
        if state == _LENIENT:
            self._judged(b"", events)
        elif state in (_UNTIL_CLOSE, _SWITCHED):
            self._state = _DONE
            events.append(End([]))
        elif state != _DONE:
            where = "within its answer" if self.started else "without an answer"
            self._fail(Lost(f"the peer closed the connection {where}"), events)
        self.reusable = False
        return events

    def _fail(self, error: AnswerError, events: list[Event]) -> None:
        self._state = _DONE
        self.reusable = False
        events.append(error)

    def _end(self, trailers: Headers, rest: bytes, events: list[Event]) -> None:
        self._state = _DONE
        if rest:
            self.rest = rest
            self.reusable = False
        events.append(End(trailers))

    def _head(self, buffer: bytes, events: list[Event]) -> None:
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            if not buffer.startswith(b"HTTP/"[:len(buffer)]):
                self._fail(Garbage(f"the answer does not begin with HTTP/ but with {buffer[:40]!r}"), events)
            elif _BLANK_LINE.search(buffer):
                self._hand_over(buffer, events)
            elif len(buffer) > HEAD_LIMIT:
                self._fail(Garbage(f"the head of the answer is longer than {HEAD_LIMIT} bytes"), events)
            else:
                self._buffer = buffer
            return
        if end > HEAD_LIMIT:
            self._fail(Garbage(f"the head of the answer is longer than {HEAD_LIMIT} bytes"), events)
            return
        lines = _lines(buffer[:end])
        fields = _Fields()
        if lines is None or (first := lines[0])[:9] != "HTTP/1.1 " or first[12:13] not in ("", " ") or not fields.read(lines, 1):
            self._hand_over(buffer, events)
            return
        number = first[9:12]
        if not (number.isascii() and number.isdigit() and len(number) == 3 and number >= "100"):
            self._hand_over(buffer, events)
            return
        status = int(number)
        if status < 200 and (fields.chunked or fields.length >= 0 or (status == 101 and not self.upgrades)):
            self._hand_over(buffer, events)
            return
        self.header_bytes += end + 4
        events.append(ResponseHead(status, fields.headers, first[13:]))
        rest = buffer[end + 4:]
        self._buffer = b""
        if status < 200 and status != 101:
            self._informational += 1
            if self._informational > INFORMATIONAL_LIMIT:
                events.pop()
                self._fail(Garbage(f"more than {INFORMATIONAL_LIMIT} informational responses before a final one"), events)
            elif rest:
                self._head(rest, events)
            return
        self.reusable = not fields.closes
        if status == 101:
            self.reusable = False
            self._state = _SWITCHED
            if rest:
                events.append(rest)
        elif self.method == "HEAD" or status in (204, 304) or fields.length == 0:
            self._end([], rest, events)
        elif fields.length > 0:
            self._state = _LENGTH
            self._left = fields.length
            if rest:
                self._length(rest, events)
        elif fields.chunked:
            self._state = _CHUNKED
            if rest:
                self._chunks(rest, events)
        else:
            self.reusable = False
            self._state = _UNTIL_CLOSE
            if rest:
                events.append(rest)

    def _length(self, data: bytes, events: list[Event]) -> None:
        left = self._left - len(data)
        if left > 0:
            self._left = left
            events.append(data)
        elif left == 0:
            events.append(data)
            self._end([], b"", events)
        else:
            events.append(data[:left])
            self._end([], data[left:], events)

    def _chunks(self, data: bytes, events: list[Event]) -> None:
        """Chunks from the start of `data`; the pieces of one read are joined, which spares the receiver work."""
        pieces: list[bytes] = []
        at, size = 0, len(data)
        problem = ""
        while at < size and not self._trailing:
            if self._left:
                piece = data[at:at + self._left]
                self._left -= len(piece)
                at += len(piece)
                pieces.append(piece)
            elif self._in_chunk:
                ending = data[at:at + 2]
                if ending != b"\r\n":
                    if ending != b"\r":
                        problem = f"a chunk ends in {ending!r} instead of CRLF"
                    break
                self._in_chunk = False
                at += 2
            elif match := _CHUNK.match(data, at):
                at = match.end()
                self._left = int(match[1], 16)
                if self._left:
                    self._in_chunk = True
                else:
                    self._trailing = True
            else:
                if data.find(b"\r\n", at) >= 0:
                    problem = f"{data[at:at + 40]!r} is no chunk size"
                elif size - at > HEAD_LIMIT:
                    problem = f"a chunk header is longer than {HEAD_LIMIT} bytes"
                break
        if pieces:
            events.append(pieces[0] if len(pieces) == 1 else b"".join(pieces))
        if problem:
            self._fail(Garbage(problem), events)
        elif self._trailing:
            self._trailers(data, at, events)
        else:
            self._buffer = data[at:]

    def _trailers(self, data: bytes, at: int, events: list[Event]) -> None:
        if data.startswith(b"\r\n", at):
            self._end([], data[at + 2:], events)
            return
        end = data.find(b"\r\n\r\n", at)
        if end < 0:
            self._buffer = data[at:]
            if len(self._buffer) > HEAD_LIMIT:
                self._fail(Garbage(f"the trailers are longer than {HEAD_LIMIT} bytes"), events)
            return
        lines = _lines(data[at:end])
        fields = _Fields()
        if lines is None or not fields.read(lines, 0):
            self._fail(Garbage(f"{data[at:min(end, at + 80)]!r} are no trailers"), events)
            return
        self._end(fields.headers, data[end + 4:], events)

    def _hand_over(self, buffer: bytes, events: list[Event]) -> None:
        """Give the untouched bytes of this head, and all that follows, to h11."""
        from .lenient import LenientAnswer  # h11 costs an import that most processes never need

        self._buffer = b""
        self._state = _LENIENT
        self._lenient = LenientAnswer(self.method, self.upgrades, INFORMATIONAL_LIMIT - self._informational)
        self._judged(buffer, events)

    def _judged(self, data: bytes, events: list[Event]) -> None:
        lenient = self._lenient
        assert lenient is not None
        before = lenient.header_bytes
        lenient.feed(data, events)
        self.header_bytes += lenient.header_bytes - before
        if lenient.switched:
            self._state = _SWITCHED
        elif events and isinstance(events[-1], End | AnswerError):
            self._state = _DONE
            self.rest = lenient.rest
            self.reusable = lenient.reusable and not self.rest
