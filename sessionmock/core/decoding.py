"""Content codings undone while a body arrives (RFC 9110, section 8.4): gzip, deflate, br and zstd.

gzip and deflate are always there, br with the module `brotli` (1.2 or later) or `brotlicffi`, zstd with `zstandard`. What is known
here is undone; what is not, most of it no coding at all (`none`, `utf-8`, `aws-chunked`), is passed over, as browsers do. What
follows a whole body and is not in its coding is ignored, but for br, whose modules fail there. Output comes in pieces of at most
256 KiB, made as they are asked for, so a small body that expands to a huge one costs its receiver no memory.
"""
from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any, Protocol

PIECE = 262_144       # the most bytes in one piece of output
_INPUT = 65_536       # input looked at in one go: zlib copies what it did not get to
_CODINGS = 5          # more codings than this on one body are an attack, not an encoding


class DecodingError(ValueError):
    """Encoded data that is corrupt, or that ends too early."""


class TooManyCodingsError(DecodingError):
    """Data in more codings at once than anybody means."""


class _Stage(Protocol):
    """One coding."""

    def feed(self, data: bytes) -> Iterator[bytes]: ...

    def finish(self) -> None: ...


class Decoder:
    """Undoes the codings of one body."""

    def __init__(self, stages: list[_Stage]) -> None:
        self._stages = stages

    def decode(self, data: bytes) -> bytes:
        """All that `data` adds. Raises DecodingError for corrupt data."""
        return b"".join(self.pieces(data))

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """What `data` adds, in pieces of at most 256 KiB, decoded one by one; to be taken to the end before the next
        call. Raises DecodingError for corrupt data, after what came before it."""
        flow: Iterator[bytes] = iter((data,))
        for stage in self._stages:
            flow = _through(stage, flow)
        return flow

    def flush(self) -> bytes:
        """The body is complete: nothing is held back, so this is b"". Raises DecodingError where the data is not."""
        for stage in self._stages:
            stage.finish()
        return b""


def _through(stage: _Stage, flow: Iterator[bytes]) -> Iterator[bytes]:
    for data in flow:
        yield from stage.feed(data)


class _Refusal:
    """Codings that are not undone, so many are they."""

    def __init__(self, names: str) -> None:
        self._names = names

    def feed(self, data: bytes) -> Iterator[bytes]:
        raise TooManyCodingsError(f"more than {_CODINGS} content codings at once: {self._names}")

    def finish(self) -> None:
        """Nothing came."""


class _Zlib:
    """gzip (any number of members) and deflate (with or without zlib's header, as servers differ)."""

    def __init__(self, gzip: bool) -> None:
        self._name = "gzip" if gzip else "deflate"
        self._members = gzip       # more of them may follow
        self._stream = zlib.decompressobj(31) if gzip else None
        self._begun = self._over = False
        self._tried = False        # a further member was begun that has given nothing: it may be none
        self._held = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), _INPUT):
            try:
                yield from self._inflate(self._held + data[start:start + _INPUT])
            except zlib.error as error:
                if not self._tried:
                    raise DecodingError(f"corrupt {self._name} data: {error}") from error
                self._ignore()

    def finish(self) -> None:
        if (self._begun or self._held) and not self._over and not self._tried:
            raise DecodingError(f"the {self._name} data ends too early")

    def _inflate(self, data: bytes) -> Iterator[bytes]:
        self._held = b""
        while data or (self._begun and not self._over):
            if self._over:
                data = data.lstrip(b"\0")
                if not data or not self._next_member(data):
                    return
            if self._stream is None:
                if len(data) < 2:
                    self._held = data
                    return
                headed = data[0] & 15 == 8 and int.from_bytes(data[:2], "big") % 31 == 0    # RFC 1950, section 2.2
                self._stream = zlib.decompressobj(15 if headed else -15)
            self._begun = True
            limit = 1 if self._tried else PIECE
            piece = self._stream.decompress(data, limit)
            if piece:
                self._tried = False
                yield piece
            self._over = self._stream.eof
            data = self._stream.unused_data if self._over else self._stream.unconsumed_tail
            if not data and len(piece) < limit:
                return

    def _next_member(self, data: bytes) -> bool:
        """Begin a further member of a gzip file. What cannot be one is ignored, as gzip does."""
        if not self._members or data[:1] != b"\x1f":
            self._ignore()
            return False
        self._stream = zlib.decompressobj(31)
        self._over = False
        self._tried = True
        return True

    def _ignore(self) -> None:
        """Whatever comes is not part of the body."""
        self._members, self._over = False, True


class _Brotli:
    def __init__(self, make: Callable[[], Any], failure: type[Exception]) -> None:
        self._stream = make()
        self._failure = failure
        self._begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._begun = self._begun or bool(data)
        try:
            while not self._stream.is_finished():
                piece = self._stream.process(data, output_buffer_limit=PIECE)
                if not piece and self._stream.can_accept_more_data():
                    return
                yield from _cut(piece)
                data = b""
        except self._failure as error:
            raise DecodingError(f"corrupt br data: {error}") from error

    def finish(self) -> None:
        if self._begun and not self._stream.is_finished():
            raise DecodingError("the br data ends too early")


class _Zstandard:
    """zstandard's push interface has no limit of output; a block of 4 bytes gives at most 128 KiB, so the input is
    handed over in such small portions that one gives 2 MiB at worst."""

    PORTION = 64

    def __init__(self, make: Callable[[], Any], failure: type[Exception]) -> None:
        self._make = make
        self._stream = make()
        self._failure = failure
        self._begun = False
        self._tried = self._ignoring = False     # a further frame was begun that has given nothing: it may be none; it is none

    def feed(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), self.PORTION):
            portion = data[start:start + self.PORTION]
            while portion and not self._ignoring:
                if self._stream.eof:
                    self._stream = self._make()
                    self._tried = True
                self._begun = True
                try:
                    piece = self._stream.decompress(portion)
                except self._failure as error:
                    if not self._tried:
                        raise DecodingError(f"corrupt zstd data: {error}") from error
                    self._ignoring = True
                    return
                self._tried = self._tried and not piece
                yield from _cut(piece)
                portion = self._stream.unused_data if self._stream.eof else b""

    def finish(self) -> None:
        if self._begun and not self._stream.eof and not self._tried:
            raise DecodingError("the zstd data ends too early")


def _cut(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), PIECE):
        yield data[start:start + PIECE]


_BUILT_IN: dict[str, Callable[[], _Stage]] = {"gzip": lambda: _Zlib(gzip=True), "deflate": lambda: _Zlib(gzip=False)}


def _stages() -> dict[str, Callable[[], _Stage]]:
    """What can be undone, by the name of the coding, in the order of Accept-Encoding."""
    try:
        return _installed()
    except OSError:         # the process has no descriptor left to look with: it looks again the next time
        return _BUILT_IN


@cache
def _installed() -> dict[str, Callable[[], _Stage]]:
    known = dict(_BUILT_IN)
    for name in ("brotli", "brotlicffi"):
        module = None if "br" in known else _module(name)
        if module is not None and hasattr(module.Decompressor, "can_accept_more_data"):
            known["br"] = partial(_Brotli, module.Decompressor, module.error)
    zstandard = _module("zstandard")
    if zstandard is not None:
        known["zstd"] = lambda: _Zstandard(lambda: zstandard.ZstdDecompressor().decompressobj(), zstandard.ZstdError)
    return known


def _module(name: str) -> Any:
    try:
        return __import__(name)
    except ImportError:
        return None


def accept_encoding() -> str:
    """The value of Accept-Encoding that says what can be decoded here: "gzip, deflate" at least. The first call imports the decoders."""
    try:
        return _accepted()
    except OSError:
        return ", ".join(_BUILT_IN)


@cache
def _accepted() -> str:
    return ", ".join(_installed())


def codings(content_encoding: str) -> list[str]:
    """The codings of a Content-Encoding that are known here, in the order in which they were applied."""
    known = _stages()
    return [name for each in content_encoding.lower().split(",") if (name := each.strip().removeprefix("x-")) in known]


def decoder(content_encoding: str | None) -> Decoder | None:
    """What undoes the codings that a Content-Encoding lists; None where there is nothing to undo.

    Too many of them are a TooManyCodingsError with the first data: an answer without a body can bear any.
    """
    if content_encoding is None:
        return None
    names = codings(content_encoding)
    if not names:
        return None
    if len(names) > _CODINGS:
        return Decoder([_Refusal(content_encoding)])
    known = _stages()
    return Decoder([known[name]() for name in reversed(names)])
