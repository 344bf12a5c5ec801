"""What needs no network: data: URLs (RFC 2397) and file: URLs (RFC 8089)."""
from __future__ import annotations

import base64
import binascii
import mimetypes
import os
from collections.abc import Generator
from functools import partial
from urllib.parse import unquote_to_bytes, urlsplit

from ..errors import Code, URLError, url_error
from ..models.configuration import URLSessionConfiguration
from ..models.message import GivenResponse, Request, ResponseHead
from ..models.response import URLResponse
from ..regular import open_regular
from .base import FINISHED, Exchange, Host, Sink, UnconnectedChannel
from .offload import Pump

_PIECE = 128 * 1024


class LocalRoute:
    """Answers data: and file: URLs with a `URLResponse`, which knows no status and no headers."""

    source = "local"
    is_live = False

    def bind(self, configuration: URLSessionConfiguration, host: Host) -> LocalChannel:
        return LocalChannel(host)


class LocalChannel(UnconnectedChannel):
    """`LocalRoute` in the hands of one session. Files are read on pooled threads, no further than is wanted."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def open(self, request: Request, sink: Sink) -> Exchange:
        url = request.url
        if request.parts.scheme == "file":
            reading = Pump(self._host, sink, _pieces(url, sink), partial(file_error, url))
            self._host.work(reading.run)
            return reading
        try:
            data, kind, charset = _data(url)
        except ValueError as error:
            sink.fail(url_error(Code.BAD_URL, url, error))
        else:
            sink.head(_head(url, kind, len(data), charset))
            if data:
                sink.data(data)
            sink.end([])
        return FINISHED


def _pieces(url: str, sink: Sink) -> Generator[bytes]:
    """Open the file of `url`, give its head to the sink, and yield what is in it. Raises OSError."""
    path = _path(url)
    with open(path, "rb", opener=open_regular) as file:
        sink.head(_head(url, mimetypes.guess_type(path)[0] or "application/octet-stream", os.fstat(file.fileno()).st_size, None))
        while piece := file.read(_PIECE):
            yield piece


def _path(url: str) -> str:
    """The path that a file: URL names. Raises FileNotFoundError where that can be none of this machine."""
    parts = urlsplit(url)
    path = os.fsdecode(unquote_to_bytes(parts.path))
    if parts.netloc not in ("", "localhost"):
        raise FileNotFoundError(f"file: URLs name files of this machine, not of {parts.netloc!r}")
    if not path.startswith("/"):
        raise FileNotFoundError(f"file: URLs name files by their whole path, not as {path!r}")
    if "\0" in path:
        raise FileNotFoundError(f"no path holds a NUL: {path!r}")
    return path


def file_error(url: str | None, error: BaseException) -> URLError:
    """The error of a file that cannot be read: -1100, -1101 or -1102."""
    if isinstance(error, IsADirectoryError):
        code = Code.FILE_IS_DIRECTORY
    elif isinstance(error, PermissionError):
        code = Code.NO_PERMISSIONS_TO_READ_FILE
    else:
        code = Code.FILE_DOES_NOT_EXIST
    return url_error(code, url, error)


def _head(url: str, mime_type: str, length: int, charset: str | None) -> ResponseHead:
    return ResponseHead(0, [], given=GivenResponse(URLResponse(url, mime_type, length, charset)))


def _data(url: str) -> tuple[bytes, str, str | None]:
    """The bytes, type and charset of a data: URL."""
    head, comma, text = url.split("#", 1)[0].partition(":")[2].partition(",")
    if not comma:
        raise ValueError("a data: URL has a comma before its data")
    kind, *parameters = head.split(";")
    data = unquote_to_bytes(text)
    if parameters and parameters[-1].strip().lower() == "base64":
        data = b"".join(data.split())
        try:
            data = base64.b64decode(data + b"=" * (-len(data) % 4), validate=True)
        except binascii.Error as error:
            raise ValueError(f"the data of a base64 data: URL is not base64: {error}") from None
    charset = next((p.partition("=")[2].strip().strip('"').lower() for p in parameters if p.strip().lower().startswith("charset=")), None)
    if not kind:
        return data, "text/plain", charset or "us-ascii"
    return data, kind.strip().lower(), charset
