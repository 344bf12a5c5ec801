"""HTML forms as request bodies: application/x-www-form-urlencoded and multipart/form-data."""
from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from secrets import token_hex
from typing import Any

from .body import BytesStream, ChainedStream, FileStream, as_body_stream
from .message import BodyStream
from .settings import header_value, reject

# Values are judged when the body is made: of what they may be, no type checker finds the common type of those in one mapping.
Fields = Mapping[str, object] | Iterable[tuple[str, object]]
Files = Mapping[str, object] | Iterable[tuple[str, object]]

_KEPT = frozenset(b"*-._0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
_PLUS = {byte: chr(byte) if byte in _KEPT else f"%{byte:02X}" for byte in range(256)} | {0x20: "+"}
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")    # RFC 2046, section 5.1.1
_ESCAPES = str.maketrans({"\r": "%0D", "\n": "%0A", '"': "%22"})                     # WHATWG HTML, section 4.10.21.8


def urlencoded(fields: Fields, encoding: str = "utf-8") -> bytes:
    """`fields` by the WHATWG serializer: blanks as "+", all but letters, digits and *-._ percent-encoded.

    Values are str, or int and float by their `str`; a list or tuple repeats the name. Raises InvalidArgumentException for others.
    """
    def encoded(text: str) -> str:
        return "".join(map(_PLUS.__getitem__, text.encode(encoding)))
    return "&".join(f"{encoded(name)}={encoded(value)}" for name, value in _texts(fields)).encode("ascii")


def multipart(fields: Fields, files: Files, boundary: str | None = None) -> tuple[str, bytes | BodyStream]:
    """The content type and the body of a form with files (RFC 7578): bytes where all is in memory, else a stream.

    The stream knows its length where every part's is known. Line breaks in values become CRLF, as in browsers.
    """
    mark = token_hex(16) if boundary is None else boundary
    if not _BOUNDARY.fullmatch(mark):
        reject("boundary", boundary, "1 to 70 characters of RFC 2046, section 5.1.1")
    pieces: list[bytes | BodyStream] = []
    for name, text in _texts(fields):
        value = re.sub(r"\r\n?|\n", "\r\n", text)
        pieces.append(f'--{mark}\r\nContent-Disposition: form-data; name="{_escaped(name)}"\r\n\r\n{value}\r\n'.encode())
    for name, given in _pairs("files", files):
        filename, content, kind = _file(name, given)
        pieces.append((f'--{mark}\r\nContent-Disposition: form-data; name="{_escaped(name)}"; filename="{_escaped(filename)}"\r\n'
                       f"Content-Type: {kind}\r\n\r\n").encode())
        pieces += [content, b"\r\n"]
    pieces.append(f"--{mark}--\r\n".encode())
    quoted = mark if re.fullmatch(r"[0-9A-Za-z'+_\-.]+", mark) else f'"{mark}"'
    return f"multipart/form-data; boundary={quoted}", _joined(pieces)


def _joined(pieces: list[bytes | BodyStream]) -> bytes | BodyStream:
    memory = [piece for piece in pieces if isinstance(piece, bytes)]
    if len(memory) == len(pieces):
        return b"".join(memory)
    return ChainedStream(BytesStream(piece) if isinstance(piece, bytes) else piece for piece in pieces)


def _file(name: str, given: Any) -> tuple[str, bytes | BodyStream, str]:
    """File name, content and content type of one file."""
    filename, value, kind = None, given, None
    if isinstance(given, tuple):
        if len(given) not in (2, 3):
            reject(f"files[{name!r}]", given, "(file name, value) or (file name, value, content type)")
        filename, value, kind = (*given, None)[:3]
    content: bytes | BodyStream
    if isinstance(value, str):
        content = value.encode()
    elif isinstance(value, (bytes, bytearray, memoryview)):
        content = bytes(value)
    elif isinstance(value, os.PathLike):
        content = FileStream(value)
        filename = filename or os.path.basename(os.fspath(value))
    else:
        content = as_body_stream(value)
        own = getattr(value, "name", None)
        filename = filename or (os.path.basename(own) if isinstance(own, str) else None)
    text = kind or ("text/plain" if isinstance(value, str) else "application/octet-stream")
    try:
        return str(filename or name), content, header_value(text)
    except (TypeError, ValueError):
        reject(f"files[{name!r}], as the content type,", kind, "a str without line breaks")


def _escaped(name: str) -> str:
    return name.translate(_ESCAPES)


def _pairs(place: str, given: Any) -> Iterable[tuple[str, Any]]:
    """`given` as pairs whose first is a str."""
    for pair in given.items() if isinstance(given, Mapping) else given:
        if not isinstance(pair, tuple) or len(pair) != 2 or not isinstance(pair[0], str):
            reject(place, pair, "a mapping of names to values, or pairs of them")
        yield pair


def _texts(fields: Fields) -> Iterable[tuple[str, str]]:
    for name, given in _pairs("fields", fields):
        for value in given if isinstance(given, (list, tuple)) else (given,):
            if isinstance(value, bool) or not isinstance(value, (str, int, float)):
                reject(f"fields[{name!r}]", value, "str, int or float, or a list of them")
            yield name, str(value)
