"""An HTTP/1.1 answer as a client reads it, without any I/O (RFC 9112).

An `Answer` turns what the peer sends into events. What is in canonical form (CRLF lines, plain names, no folding, framing said
once) is read by a strict parser of a few microseconds, and as h11 reads it. What that does not recognise, a head, the first line of
a chunk or the trailers, is read as browsers do (`lenient`) or not at all, and ends the use of the connection.
"""
from __future__ import annotations

import re
from enum import IntEnum

from ....models.message import Headers, ResponseHead
from ..fields import CONTROLS, KINDS, Kind, kind_of, text, tokens
from . import lenient
from .events import CHUNK_LINE_LIMIT, HEAD_LIMIT, INFORMATIONAL_LIMIT, AnswerError, End, Event, Garbage, Lost

_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})(?:;[^\r\n]*)?[ \t]*\r\n")


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
                    if self.length >= 0 or self.chunked or not value.isascii() or value.lower() != "chunked":
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
    DONE = 5


_HEAD, _LENGTH, _CHUNKED, _UNTIL_CLOSE, _SWITCHED, _DONE = map(int, State)


class Answer:
    """Reads the answer to one request: `feed` it what arrives, `eof` when nothing more will.

    `method` frames the answer (HEAD has no body), `upgrades` allows 101. When End has come, `reusable` says whether
    this answer leaves the connection fit for another, and `rest` holds bytes beyond its end, which do not.
    """

    __slots__ = (
        "_buffer", "_in_chunk", "_informational", "_odd", "_state", "_trailing", "denied", "header_bytes", "left", "method", "rest",
        "reusable", "started", "upgrades",
    )

    def __init__(self, method: str, upgrades: bool = False) -> None:
        self.method = method
        self.upgrades = upgrades
        self.started = False       # any byte came
        self.reusable = False
        self.denied = False        # the head told of a body that an answer to HEAD, 204 and 304 have not; some servers send it
        self.rest = b""
        self.header_bytes = 0      # of all heads so far, status lines and blank lines included
        self._state = _HEAD
        self._buffer = b""         # an incomplete head, chunk header or trailer section
        self.left = 0              # bytes of the body, or of the chunk, still to come
        self._in_chunk = False     # within a chunk or before the CRLF that ends it
        self._trailing = False     # after the last chunk
        self._informational = 0
        self._odd = False          # a head was not in canonical form

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
        if state in (_UNTIL_CLOSE, _SWITCHED) or (self._trailing and self._buffer in (b"", b"\r") and state != _DONE):
            self._end([], b"", events)     # the last chunk ends a body, whatever follows (RFC 9112, section 8)
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
        lines = _lines(buffer[:end]) if 0 <= end <= HEAD_LIMIT else None
        fields = _Fields()
        if (lines is not None and (first := lines[0])[:9] == "HTTP/1.1 " and first[12:13] in ("", " ") and len(number := first[9:12]) == 3
                and number.isascii() and number.isdigit() and number >= "100" and fields.read(lines, 1)):
            end += 4
            version, status, reason, length, chunked = "HTTP/1.1", int(number), first[13:], fields.length, fields.chunked
            headers = fields.headers
        else:
            head, end = self._odd_head(buffer, events)
            if head is None:
                return
            version, status, reason, headers, length, chunked = head
            self._odd = True
        if status == 101 and not self.upgrades:
            self._fail(Garbage("the server switches to another protocol, which nobody asked for"), events)
            return
        self.header_bytes += end
        events.append(ResponseHead(status, headers, reason, version))
        rest = buffer[end:]
        self._buffer = b""
        if status < 200 and status != 101:
            self._odd = self._odd or length > 0 or chunked
            self._informational += 1
            if self._informational > INFORMATIONAL_LIMIT:
                events.pop()
                self._fail(Garbage(f"more than {INFORMATIONAL_LIMIT} informational responses before a final one"), events)
            elif rest:
                self._head(rest, events)
            return
        self.reusable = not (fields.closes or self._odd)
        if status == 101:
            self.reusable = False
            self._state = _SWITCHED
            if rest:
                events.append(rest)
        elif self.method == "HEAD" or status in (204, 304):
            self.denied = length > 0 or chunked
            if self.denied and status == 204:
                self.reusable = False      # there is nothing that it could be the length of (RFC 9112, section 6.1)
            self._end([], rest, events)
        elif chunked:
            self._state = _CHUNKED
            if rest:
                self._chunks(rest, events)
        elif length > 0:
            self._state = _LENGTH
            self.left = length
            if rest:
                self._length(rest, events)
        elif length == 0:
            self._end([], rest, events)
        else:
            self.reusable = False
            self._state = _UNTIL_CLOSE
            if rest:
                events.append(rest)

    def _length(self, data: bytes, events: list[Event]) -> None:
        left = self.left - len(data)
        if left > 0:
            self.left = left
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
            if self.left:
                piece = data[at:at + self.left]
                self.left -= len(piece)
                at += len(piece)
                pieces.append(piece)
            elif self._in_chunk:
                ending = data[at:at + 2]
                if ending == b"\r\n":
                    at += 2
                elif ending[:1] == b"\n":
                    self.reusable = False
                    at += 1
                else:
                    if ending != b"\r":
                        problem = f"a chunk ends in {ending!r} instead of CRLF"
                    break
                self._in_chunk = False
            else:
                if match := _CHUNK.match(data, at):
                    at = match.end()
                    self.left = int(match[1], 16)
                else:
                    end = data.find(b"\n", at)
                    if (size if end < 0 else end) - at > CHUNK_LINE_LIMIT:
                        problem = f"the first line of a chunk is longer than {CHUNK_LINE_LIMIT} bytes"
                    if end < 0 or problem:
                        break
                    try:
                        self.left = lenient.chunk_size(data[at:end])
                    except Garbage as error:
                        problem = str(error)
                        break
                    self.reusable = False
                    at = end + 1
                if self.left:
                    self._in_chunk = True
                else:
                    self._trailing = True
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
        lines = _lines(data[at:end]) if end >= 0 else None
        fields = _Fields()
        if lines is not None and fields.read(lines, 0) and fields.length < 0 and not fields.chunked:
            self._end(fields.headers, data[end + 4:], events)
        else:
            self._odd_trailers(data, at, events)

    def _odd_head(self, buffer: bytes, events: list[Event]) -> tuple[lenient.Head | None, int]:
        """The head that `buffer` begins with, and where it ends; None where there is none, or not yet."""
        end = -1
        try:
            start = lenient.start(buffer)
            end = lenient.section_end(buffer, start)
            if end >= 0:
                return lenient.head(buffer[start:end]), end
        except Garbage as error:
            self._fail(error, events)
        else:
            self._buffer = buffer
        return None, end

    def _odd_trailers(self, data: bytes, at: int, events: list[Event]) -> None:
        """Trailers that are not in canonical form, or not complete."""
        self._buffer = data[at:]
        try:
            end = at + 1 if data.startswith(b"\n", at) else lenient.section_end(data, at)
            if end >= 0:
                self.reusable = False
                self._end(lenient.trailers(data[at:end]), data[end:], events)
        except Garbage as error:
            self._fail(error, events)
