"""Request bodies that are read piece by piece (`models.message.BodyStream`)."""
from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, Protocol, TypeAlias, cast

from ..errors import InvalidArgumentException
from ..regular import open_regular, refuse_irregular
from ..user_code import user_code
from .message import BodyStream
from .settings import reject

_PIECE = 1 << 20    # bytes of a file that are looked at together


class Readable(Protocol):
    """A binary file, or what is read like one."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; b"" at the end."""


BodySource: TypeAlias = bytes | bytearray | memoryview | Readable | Iterable[bytes]
"""What a body can be read from (`as_body_stream`): bytes, a binary file, an `InputStream`, an iterable of bytes."""


class BytesStream:
    """Bytes in memory; `data` is copied where it can change."""

    __slots__ = ("_data", "_position", "length")
    may_block = False

    def __init__(self, data: bytes | bytearray | memoryview) -> None:
        self._data = bytes(data)
        self._position = 0
        self.length = len(self._data)

    def read(self, size: int) -> bytes:
        piece = self._data[self._position:self._position + size]
        self._position += len(piece)
        return piece

    def close(self) -> None:
        """Nothing is held."""

    def again(self) -> BytesStream:
        """The same from its start."""
        return BytesStream(self._data)


class FileStream:
    """A file from `offset` to its end, opened at the first read.

    What is wrong with the file (missing, a folder, a FIFO or a device, not readable) is an OSError of `open` or `read`, where the
    load can fail of it; the length is -1 then.
    """

    __slots__ = ("_file", "length", "offset", "path")
    may_block = False

    def __init__(self, path: str | os.PathLike[str], offset: int = 0) -> None:
        self.path, self.offset = os.fspath(path), offset
        self._file: BinaryIO | None = None
        self.length = -1
        try:
            found = os.stat(self.path)
        except (OSError, ValueError):
            return
        if stat.S_ISREG(found.st_mode):
            self.length = max(0, found.st_size - offset)

    def problem(self) -> OSError | None:
        """Why reading would fail, seen without opening the file; None where nothing speaks against it."""
        try:
            refuse_irregular(self.path, os.stat(self.path).st_mode)
        except ValueError as error:        # a NUL in the path
            return FileNotFoundError(f"{error}: {self.path!r}")
        except OSError as error:
            return error
        return None if os.access(self.path, os.R_OK) else PermissionError(f"not to be read: {self.path!r}")

    def open(self) -> BinaryIO:
        """The open file, at the place where reading goes on. Raises OSError."""
        if self._file is None:
            try:
                self._file = cast("BinaryIO", open(self.path, "rb", buffering=0, opener=open_regular))  # noqa: SIM115
            except ValueError as error:    # a NUL in the path
                raise FileNotFoundError(f"{error}: {self.path!r}") from error
            if self.offset:
                self._file.seek(self.offset)
        return self._file

    def read(self, size: int) -> bytes:
        return (self._file or self.open()).read(size)

    def pieces(self) -> Iterator[bytes]:
        """What reading gives, by an opening of its own: for who must know the body before it is sent. Raises OSError."""
        with open(self.path, "rb", buffering=0, opener=open_regular) as file:
            file.seek(self.offset)
            while piece := file.read(_PIECE):
                yield piece

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def again(self) -> FileStream:
        """The same file from the same offset, as it is now."""
        return FileStream(self.path, self.offset)


class ReaderStream:
    """An object with `read(size)` that returns bytes, from where it stands; closing leaves it open to its owner."""

    __slots__ = ("_file", "length")
    may_block = True

    def __init__(self, file: Any) -> None:
        self._file = file
        self.length = _rest(file)

    def read(self, size: int) -> bytes:
        with user_code(f"{type(self._file).__name__}.read of the body stream"):
            return _piece(self._file.read(size))

    def close(self) -> None:
        """The file is its owner's."""


class IterableStream:
    """Pieces of bytes from any iterable, which may be a generator; `length` in all, -1 when not known."""

    __slots__ = ("_left", "_pieces", "length")
    may_block = True

    def __init__(self, iterable: Iterable[bytes], length: int = -1) -> None:
        self._pieces = iter(iterable)
        self._left = b""
        self.length = length

    def read(self, size: int) -> bytes:
        while not self._left:
            with user_code("the iterable of the body stream"):
                try:
                    self._left = _piece(next(self._pieces))
                except StopIteration:
                    return b""
        piece, self._left = self._left[:size], self._left[size:]
        return piece

    def close(self) -> None:
        """Ends a generator, so that its `finally` runs now."""
        if callable(close := getattr(self._pieces, "close", None)):
            close()


class ChainedStream:
    """Several streams as one body, each opened when the one before has ended."""

    __slots__ = ("_open", "_parts", "length", "may_block")

    def __init__(self, streams: Iterable[BodyStream]) -> None:
        self._parts = tuple(streams)
        self._open = list(self._parts)
        lengths = [each.length for each in self._open]
        self.length = -1 if -1 in lengths else sum(lengths)
        self.may_block = any(each.may_block for each in self._open)

    def read(self, size: int) -> bytes:
        while self._open:
            if piece := self._open[0].read(size):
                return piece
            self._open.pop(0).close()
        return b""

    def close(self) -> None:
        while self._open:
            self._open.pop().close()

    def problem(self) -> OSError | None:
        """What is wrong with one of the files among the streams, as `FileStream.problem`."""
        return next((problem for part in self._parts if isinstance(part, FileStream) and (problem := part.problem()) is not None), None)

    def again(self) -> ChainedStream | None:
        """The same from its start; None where one of the streams is neither bytes nor a file."""
        parts = [part.again() if isinstance(part, BytesStream | FileStream) else None for part in self._parts]
        return ChainedStream(part for part in parts if part is not None) if None not in parts else None


class InputStream:
    """Apple's InputStream over bytes or a file. It announces no length, so the body goes chunked (I27, scenario data-body-stream).
    `may_block` says whether reading it may wait, as for a file that is no regular one."""

    __slots__ = ("_source", "may_block")
    length = -1

    def __init__(self, data: bytes | bytearray | memoryview | None = None, *, path: str | os.PathLike[str] | None = None) -> None:
        if (data is None) == (path is None):
            raise InvalidArgumentException("InputStream takes either data=bytes or path=a file's path")
        if data is not None and not isinstance(data, (bytes, bytearray, memoryview)):
            reject("InputStream(data)", data, "bytes (encode a str), or path=a file's path")
        if path is not None and not isinstance(path, (str, os.PathLike)):
            reject("InputStream(path=...)", path, "the path of a file, str or os.PathLike")
        self._source: BodyStream = FileStream(path) if path is not None else BytesStream(cast("bytes", data))
        self.may_block = self._source.may_block

    def __repr__(self) -> str:
        over = f"{self._source.length} bytes" if isinstance(self._source, BytesStream) else repr(self._source)
        return f"<InputStream over {over}>"

    def read(self, size: int) -> bytes:
        """At most `size` bytes; b"" at the end."""
        return self._source.read(size)

    def close(self) -> None:
        """Close what lies below."""
        self._source.close()


class SizedStream:
    """A stream of `length` bytes, by the word of whoever sends it."""

    __slots__ = ("_source", "length", "may_block")

    def __init__(self, source: BodyStream, length: int) -> None:
        self._source, self.length, self.may_block = source, length, source.may_block

    def read(self, size: int) -> bytes:
        return self._source.read(size)

    def close(self) -> None:
        self._source.close()


class KeptBody:
    """A request body stream that keeps what is read from it."""

    def __init__(self, stream: BodyStream) -> None:
        self._stream = stream
        self.length = stream.length
        self.may_block = stream.may_block
        self.reads_here = getattr(stream, "reads_here", False)      # of a plain client's (`routes.httpx.sending`)
        self.pieces: list[bytes] = []
        self._ended = False

    def read(self, size: int) -> bytes:
        piece = self._stream.read(size)
        if piece:
            self.pieces.append(bytes(piece))
        self._ended = not piece
        return piece

    @property
    def is_whole(self) -> bool:
        """Whether all of it was read."""
        return self._ended or self.length == sum(map(len, self.pieces))

    @property
    def whole(self) -> bytes:
        """What was read so far."""
        return b"".join(self.pieces)

    def close(self) -> None:
        self._stream.close()


class ReadAgain:
    """What a body stream holds that can be read twice, read when it is asked for."""

    def __init__(self, stream: FileStream | ChainedStream) -> None:
        self._stream = stream

    @property
    def whole(self) -> bytes:
        """All of it. Raises OSError where a file is not what it was."""
        stream = self._stream.again()
        assert stream is not None, "it can be read twice"
        try:
            return b"".join(iter(lambda: stream.read(_PIECE), b""))
        finally:
            stream.close()


def looked_at(body: bytes | BodyStream | None) -> tuple[bytes | BodyStream | None, bytes | KeptBody | ReadAgain | None]:
    """`body` as it is to be sent, and its content for who looks at it later."""
    if body is None or isinstance(body, bytes):
        return body, body
    if isinstance(body, FileStream | ChainedStream) and body.again() is not None:
        return body, ReadAgain(body)
    kept = KeptBody(body)
    return kept, kept


def as_body_stream(value: Any) -> BodyStream:
    """`value` as a stream: bytes, a binary file (or anything with `read`), an iterable of bytes, or a stream already.

    Raises InvalidArgumentException for anything else, and for a file opened in text mode.
    """
    if isinstance(value, (bytes, bytearray, memoryview)):
        return BytesStream(value)
    if hasattr(value, "read"):
        if hasattr(value, "may_block"):
            return cast("BodyStream", value)
        if hasattr(value, "encoding"):
            raise InvalidArgumentException(f"{value!r} is opened in text mode; a body is bytes: open it with mode 'rb'")
        return ReaderStream(value)
    if isinstance(value, Iterable) and not isinstance(value, str):
        return IterableStream(value)
    raise InvalidArgumentException(
        f"{value!r} cannot be a body stream; it takes bytes, a binary file, an iterable of bytes or InputStream(path=...)")


def again(body: bytes | BodyStream | None) -> bytes | BodyStream | None:
    """`body` to be sent once more, or None where it cannot be read twice.

    A stream that is none of ours, or an `InputStream`, is asked of the delegate again (Apple: needNewBodyStream).
    """
    return body.again() if isinstance(body, FileStream | ChainedStream) else body if isinstance(body, bytes) else None


def fresh(stream: BodyStream) -> BodyStream:
    """`stream` for a task of its own: from its start where it can be read again, else as it stands."""
    return stream.again() or stream if isinstance(stream, FileStream | ChainedStream) else stream


def _piece(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    raise InvalidArgumentException(f"a body stream gave {value!r}; it has to give bytes")


def _rest(file: Any) -> int:
    """How many bytes `file` has from where it stands, -1 where it cannot tell."""
    try:
        here = file.tell()
        end = file.seek(0, os.SEEK_END)
        file.seek(here)
    except (AttributeError, OSError, ValueError):
        return -1
    return max(0, end - here) if isinstance(end, int) and isinstance(here, int) else -1
