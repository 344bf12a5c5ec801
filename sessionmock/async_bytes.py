"""`AsyncBytes`: a response's body as it arrives (Apple's `URLSession.AsyncBytes`)."""
from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Iterator
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .core.event_stream import EventSplitter
from .core.text import LINE_ENDS, PROTOCOL_ENDS, CharacterSplitter, LineSplitter, ScalarSplitter, Splitter
from .errors import URLError
from .load.consumers import ToReader
from .load.life import Life
from .loading import ended_or, whoever
from .models.response import HTTPURLResponse
from .models.server_sent_event import ServerSentEvent
from .models.settings import FLAG, Takes, whole

if TYPE_CHECKING:
    from .tasks import URLSessionTask

Part = TypeVar("Part")


class AsyncBytes:
    """The bytes of one response, once, while they come: nothing is read ahead of what is taken.

    Iterate it with `async for` on any asyncio or trio loop, or with `for` in plain code: it gives ints, `chunks()` gives
    bytes, `lines()` str and `events()` server-sent events. One iterator reads the body; a second one raises GenericException.
    A failure of the load is raised where it meets the reader. An iterator that is dropped before its end cancels the task, and
    so do cancelling whoever waits for more and leaving the session's `with` or `async with` where nobody else is reading.
    """

    def __init__(self, task: URLSessionTask, life: Life, reader: ToReader) -> None:
        self.task = task
        self._life = life
        self._reader = reader

    def __repr__(self) -> str:
        return f"<AsyncBytes of {self.task!r}>"

    def __del__(self) -> None:
        if not self._life.latch.done:       # whatever is going on here, the engine cancels when it comes to it
            self._life.engine.post_eager(self._life.cancel)

    async def _pieces(self) -> AsyncGenerator[bytes, None]:
        engine = self._life.engine
        with self._reader.reading(whoever()):
            while (piece := self._reader.take()) is not None:
                if isinstance(piece, bytes):
                    yield piece
                else:
                    await ended_or(self._life.cancel, piece, engine)

    def _pieces_here(self) -> Iterator[bytes]:
        engine = self._life.engine
        with self._reader.reading(whoever()):
            while (piece := self._reader.take()) is not None:
                if isinstance(piece, bytes):
                    yield piece
                    continue
                try:
                    engine.wait(piece)
                except KeyboardInterrupt:
                    self._life.cancel()
                    raise

    async def __aiter__(self) -> AsyncGenerator[int, None]:
        async with aclosing(self._pieces()) as pieces:
            async for piece in pieces:
                for byte in piece:
                    yield byte

    def __iter__(self) -> Iterator[int]:
        for piece in self._pieces_here():
            yield from piece

    def chunks(self, size: int = 65_536) -> Chunks:
        """The body in pieces of at most `size` bytes, as they come; with `async for` or `for`."""
        return Chunks(self, _SIZE.of("AsyncBytes.chunks", size))

    def lines(self, *, keep_empty: bool = False, ends: str | Collection[str] = LINE_ENDS) -> Parts[str]:
        """The body's lines as str (UTF-8, what is none replaced), without their ends; with `async for` or `for`.

        A line ends with one of `ends`, each of one or two characters: "\\n" for LF alone, "\\r\\n" for CRLF alone. By default they
        are those of Apple's AsyncLineSequence: LF, VT, FF, CR, CRLF, NEL, LS and PS; text that may hold the last three within a line, as
        JSON does, is better cut with `ends="\\n"`. Empty lines are left out, as URLSession does, unless `keep_empty`, which is for
        protocols to which they mean something, as event streams: there LF, CR and CRLF alone end a line by default.
        """
        FLAG.of("AsyncBytes.lines(keep_empty=...)", keep_empty)
        if keep_empty and ends is LINE_ENDS:
            ends = PROTOCOL_ENDS
        return Parts(self, partial(LineSplitter, keep_empty, _ENDS.of("AsyncBytes.lines(ends=...)", (ends,) if isinstance(ends, str) else ends)))

    def events(self) -> Parts[ServerSentEvent]:
        """The body as server-sent events (HTML, section 9.2.6); with `async for` or `for`.

        Each is given as soon as it is complete; one that the body leaves incomplete is discarded. To connect again, with the last
        event's `id` in Last-Event-ID, is the caller's part.
        """
        return Parts(self, EventSplitter)

    def characters(self) -> Parts[str]:
        """The body's characters as a reader sees them, each a str that may have several code points; with `async for` or `for`."""
        return Parts(self, CharacterSplitter)

    def unicode_scalars(self) -> Parts[str]:
        """The body's code points, each a str; with `async for` or `for`."""
        return Parts(self, ScalarSplitter)


def _ends(value: Any) -> tuple[str, ...]:
    ends = tuple(value)
    if not ends or not all(isinstance(end, str) and len(end) in (1, 2) for end in ends):
        raise ValueError
    return ends


_SIZE = whole(1)
_ENDS = Takes("a str of one or two characters, as '\\n', or several of them", _ends)


class Chunks:
    """Pieces of an `AsyncBytes`."""

    def __init__(self, source: AsyncBytes, size: int) -> None:
        self._source, self._size = source, size

    def __repr__(self) -> str:
        return f"<pieces of at most {self._size} bytes of {self._source!r}>"

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        async with aclosing(self._source._pieces()) as pieces:
            async for piece in pieces:
                for start in range(0, len(piece), self._size):
                    yield piece[start:start + self._size]

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._source._pieces_here():
            for start in range(0, len(piece), self._size):
                yield piece[start:start + self._size]


class Parts(Generic[Part]):
    """Parts of an `AsyncBytes` read as UTF-8, what is none replaced: lines, characters, code points or events."""

    def __init__(self, source: AsyncBytes, splitter: Callable[[], Splitter[Part]]) -> None:
        self._source, self._splitter = source, splitter

    def __repr__(self) -> str:
        return f"<parts of {self._source!r}>"

    async def __aiter__(self) -> AsyncGenerator[Part, None]:
        splitter = self._splitter()
        async with aclosing(self._source._pieces()) as pieces:      # or trio warns of it where the reader stops early
            async for piece in pieces:
                for part in splitter.feed(piece):
                    yield part
        for part in splitter.rest():
            yield part

    def __iter__(self) -> Iterator[Part]:
        splitter = self._splitter()
        for piece in self._source._pieces_here():
            yield from splitter.feed(piece)
        yield from splitter.rest()


class Opened:
    """The outcome of `bytes`: the same reader however often it is asked for."""

    def __init__(self, task: URLSessionTask, life: Life, reader: ToReader) -> None:
        self._bytes = AsyncBytes(task, life, reader)
        self._reader = reader

    def __call__(self) -> tuple[tuple[AsyncBytes, HTTPURLResponse], URLError | None]:
        failed = self._reader.error if self._reader.response is None else None
        return (self._bytes, self._reader.response), failed  # type: ignore[return-value]    # a response, of its scheme, or an error
