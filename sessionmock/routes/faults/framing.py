"""Where in the bytes of HTTP/1.1 its parts stand: heads whole, bodies as they come, the trailers whole."""
from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ...models.message import ResponseHead
from ..live.http1 import lenient
from ..live.http1.answer import Answer, State
from ..live.http1.events import Garbage


class Part(NamedTuple):
    """A stretch of bytes: "informational" or "head" (a whole section), "body" (without transfer coding), "mark" (what frames a chunk),
    "trailers" (the last chunk with all that follows it), or "rest": what is no such thing."""

    name: str
    data: bytes


class Framing:
    """Takes apart what comes. It reads what the connection would read, by the same rules; what makes no sense is `rest` from there on."""

    __slots__ = ("_answer", "_buffer", "_left", "state")

    def __init__(self, method: str, upgrades: bool = False) -> None:
        self._answer = Answer(method, upgrades)
        self.state = State.HEAD
        self._buffer = b""         # a section, or a line of a chunk, that is not complete
        self._left = 0             # bytes of the body, or of the chunk, still to come; of a chunk also what ends it

    @classmethod
    def of_request_body(cls, length: int) -> Framing:
        """For the body of a request: -1 is chunked."""
        framing = cls("")
        framing.state, framing._left = (State.CHUNKED, 0) if length < 0 else (State.LENGTH if length else State.DONE, length)
        return framing

    @property
    def has_body(self) -> bool:
        """Whether there is still a body to come."""
        return self.state in (State.LENGTH, State.CHUNKED, State.UNTIL_CLOSE)

    def feed(self, data: bytes) -> Iterator[Part]:
        """The parts that `data` completes or goes on with. Of each it is known what follows, as it is given."""
        data = self._buffer + data
        self._buffer = b""
        while data:
            try:
                part = self._part(data)
            except Garbage:
                self.state = State.DONE
                part = Part("rest", data)
            if part is None:
                self._buffer = data
                return
            data = data[len(part.data):]
            yield part

    def _part(self, data: bytes) -> Part | None:
        """The first part of `data`; None where it is a section, or a line, that is not complete."""
        state = self.state
        if state == State.HEAD:
            return self._head(data)
        if state == State.CHUNKED and not self._left:
            return self._line(data)
        if state in (State.LENGTH, State.CHUNKED):
            piece = data[:self._left]
            self._left -= len(piece)
            if not self._left and state == State.LENGTH:
                self.state = State.DONE
            return Part("body", piece)
        return Part("body" if state == State.UNTIL_CLOSE else "rest", data)

    def rest(self) -> bytes:
        """What was kept back because it is not complete; nothing more comes."""
        rest, self._buffer = self._buffer, b""
        return rest

    def _line(self, data: bytes) -> Part | None:
        """What stands before, between and after chunks."""
        end = data.find(b"\n") + 1
        if not end:
            return None
        line = data[:end].rstrip(b"\r\n")
        self._left = lenient.chunk_size(line) if line else 0
        if self._left or not line:                 # the end of a chunk is an empty line
            return Part("mark", data[:end])
        stop = data.find(b"\n", end) + 1 if data[end:end + 2].startswith((b"\n", b"\r\n")) else lenient.section_end(data, end)
        if stop <= 0:
            return None
        self.state = State.DONE
        return Part("trailers", data[:stop])

    def _head(self, data: bytes) -> Part | None:
        end = lenient.section_end(data, lenient.start(data))
        if end < 0:
            return None
        [event, *_] = self._answer.feed(data[:end])
        if not isinstance(event, ResponseHead):
            raise Garbage("no head")
        self.state, self._left = self._answer.state, self._answer.left
        return Part("informational" if event.status < 200 and event.status != 101 else "head", data[:end])
