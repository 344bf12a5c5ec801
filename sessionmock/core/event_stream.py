"""Event streams, however they are cut, into events (HTML, section 9.2.6)."""
from __future__ import annotations

from collections.abc import Iterator

from ..models.server_sent_event import ServerSentEvent
from .text import LineSplitter

_BOM = "\ufeff"


class EventSplitter:
    """Reads the lines of a text/event-stream, which end with LF, CR or CRLF. An event is given with the empty line that ends it; one that
    the stream leaves incomplete is discarded."""

    def __init__(self) -> None:
        self._lines = LineSplitter(True, ("\n", "\r", "\r\n"))
        self._is_first = True
        self._data: list[str] = []
        self._event = self._id = ""
        self._retry: int | None = None

    def feed(self, data: bytes, *, final: bool = False) -> Iterator[ServerSentEvent]:
        """The events that `data` completes."""
        for read in self._lines.feed(data, final=final):
            line = read.removeprefix(_BOM) if self._is_first else read
            self._is_first = False
            if line:
                self._take(line)
                continue
            lines, event = self._data, self._event
            self._data, self._event = [], ""
            if lines:
                yield ServerSentEvent("\n".join(lines), event or "message", self._id, self._retry)

    def rest(self) -> Iterator[ServerSentEvent]:
        """None: what no empty line ends is no event."""
        return iter(())

    def _take(self, line: str) -> None:
        """A field; a comment, which begins with a colon, has no name and is none."""
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdigit() and len(value) < 19:     # more digits are no time
            self._retry = int(value)
