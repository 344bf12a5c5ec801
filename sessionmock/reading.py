"""`AsyncBytes`: a response's body as it arrives (api: URLSession.AsyncBytes)."""
from __future__ import annotations

import codecs
from collections.abc import AsyncIterator, Iterator
from typing import Any

from .engine.consumers import ToReader
from .engine.load import Load
from .loading import ended, whoever

_BREAKS = frozenset("\n\r\x85\u2028\u2029")


class AsyncBytes:
    """The bytes of one response, once, while they come: nothing is read ahead of what is taken.

    Iterate it with `async for` on any asyncio or trio loop, or with `for` in plain code: it gives ints, `chunks()` gives
    bytes and `lines()` str. A failure of the load is raised where it meets the reader. An iterator that is dropped before
    its end cancels the task, and so does leaving the session's `with` or `async with` where nobody else is reading.
    """

    def __init__(self, task: Any, load: Load, reader: ToReader) -> None:
        self.task = task
        self._load = load
        self._reader = reader

    def __repr__(self) -> str:
        return f"<AsyncBytes of {self.task!r}>"

    def __del__(self) -> None:
        if not self._load.latch.done:
            self._load.cancel()

    async def _pieces(self) -> AsyncIterator[bytes]:
        with self._reader.reading(whoever()):
            while (piece := self._reader.take()) is not None:
                if isinstance(piece, bytes):
                    yield piece
                else:
                    await ended(piece)

    def _pieces_here(self) -> Iterator[bytes]:
        engine = self._load.context.engine
        with self._reader.reading(whoever()):
            while (piece := self._reader.take()) is not None:
                if isinstance(piece, bytes):
                    yield piece
                else:
                    engine.wait(piece)

    async def __aiter__(self) -> AsyncIterator[int]:
        async for piece in self._pieces():
            for byte in piece:
                yield byte

    def __iter__(self) -> Iterator[int]:
        for piece in self._pieces_here():
            yield from piece

    def chunks(self, size: int = 65_536) -> Chunks:
        """The body in pieces of at most `size` bytes, as they come; with `async for` or `for`."""
        return Chunks(self, size)

    def lines(self, *, keep_empty: bool = False) -> Lines:
        """The body's lines as str (UTF-8, what is none replaced), without their ends; with `async for` or `for`.

        Lines end with LF, CR, CRLF, NEL, LS or PS. Empty ones are left out, as URLSession does, unless `keep_empty`.
        """
        return Lines(self, keep_empty)


class Chunks:
    """Pieces of an `AsyncBytes`."""

    def __init__(self, source: AsyncBytes, size: int) -> None:
        self._source, self._size = source, size

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._source._pieces():
            for start in range(0, len(piece), self._size):
                yield piece[start:start + self._size]

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._source._pieces_here():
            for start in range(0, len(piece), self._size):
                yield piece[start:start + self._size]


class Lines:
    """Lines of an `AsyncBytes`."""

    def __init__(self, source: AsyncBytes, keep_empty: bool) -> None:
        self._source, self._keep_empty = source, keep_empty

    async def __aiter__(self) -> AsyncIterator[str]:
        splitter = Splitter(self._keep_empty)
        async for piece in self._source._pieces():
            for line in splitter.feed(piece):
                yield line
        for line in splitter.rest():
            yield line

    def __iter__(self) -> Iterator[str]:
        splitter = Splitter(self._keep_empty)
        for piece in self._source._pieces_here():
            yield from splitter.feed(piece)
        yield from splitter.rest()


class Splitter:
    """Cuts UTF-8 into lines, however it is cut into pieces."""

    def __init__(self, keep_empty: bool) -> None:
        self._keep_empty = keep_empty
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._line: list[str] = []
        self._after_cr = False

    def feed(self, data: bytes, *, final: bool = False) -> Iterator[str]:
        """The lines that `data` completes."""
        text = self._decoder.decode(data, final)
        start = 0
        for position, character in enumerate(text):
            if character not in _BREAKS:
                self._after_cr = False
                continue
            if character == "\n" and self._after_cr:
                self._after_cr = False
                start = position + 1
                continue
            self._after_cr = character == "\r"
            line = "".join(self._line) + text[start:position]
            self._line = []
            start = position + 1
            if line or self._keep_empty:
                yield line
        if start < len(text):
            self._line.append(text[start:])

    def rest(self) -> Iterator[str]:
        """What stands after the last line's end."""
        yield from self.feed(b"", final=True)
        if self._line:
            yield "".join(self._line)
