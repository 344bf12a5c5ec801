"""What needs no network: data: URLs (RFC 2397) and file: URLs (RFC 8089)."""
from __future__ import annotations

import base64
import binascii
import mimetypes
import os
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from ..errors import Code, URLError, url_error
from ..models.configuration import URLSessionConfiguration
from ..models.message import GivenResponse, Request, ResponseHead
from ..models.response import URLResponse
from .base import FINISHED, Exchange, Host, Sink, UnconnectedChannel, Unmeasured

_PIECE = 128 * 1024


class LocalRoute:
    """Answers data: and file: URLs with a `URLResponse`, which knows no status and no headers."""

    source = "local"
    is_live = False

    def bind(self, configuration: URLSessionConfiguration, host: Host) -> LocalChannel:
        return LocalChannel(host)


class LocalChannel(UnconnectedChannel):
    """`LocalRoute` in the hands of one session."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def open(self, request: Request, sink: Sink) -> Exchange:
        if request.parts.scheme == "file":
            reading = _File(request.url, sink, self._host)
            self._host.work(reading.start)
            return reading
        try:
            data, kind, charset = _data(request.url)
        except ValueError as error:
            sink.fail(url_error(Code.BAD_URL, request.url, error))
        else:
            sink.head(_head(request.url, kind, len(data), charset))
            if data:
                sink.data(data)
            sink.end([])
        return FINISHED


class _File(Unmeasured):
    """A file on its way: read piece by piece on pooled threads, no further than is wanted."""

    def __init__(self, url: str, sink: Sink, host: Host) -> None:
        self._url, self._sink, self._host = url, sink, host
        self._file: Any = None
        self._paused = self._cancelled = False

    def start(self) -> None:
        parts = urlsplit(self._url)
        path = os.fsdecode(unquote_to_bytes(parts.path))
        try:
            if parts.netloc not in ("", "localhost"):
                raise FileNotFoundError(f"file: URLs name files of this machine, not of {parts.netloc!r}")
            if not path.startswith("/"):
                raise FileNotFoundError(f"file: URLs name files by their whole path, not as {path!r}")
            self._file = open(path, "rb")  # noqa: SIM115 - closed at its end, or when the load is
            size = os.fstat(self._file.fileno()).st_size
        except OSError as error:
            self._sink.fail(file_error(self._url, error))
            return
        except ValueError as error:        # a NUL in the path
            self._sink.fail(file_error(self._url, FileNotFoundError(f"{error}: {path!r}")))
            return
        self._sink.head(_head(self._url, mimetypes.guess_type(path)[0] or "application/octet-stream", size, None))
        self._read()

    def _read(self) -> None:
        while not self._paused and not self._cancelled:
            try:
                data = self._file.read(_PIECE)
            except OSError as error:
                self._file.close()
                self._sink.fail(file_error(self._url, error))
                return
            if not data:
                self._file.close()
                self._sink.end([])
                return
            self._sink.data(data)
        if self._cancelled:
            self._file.close()

    def pause(self) -> None:
        self._paused = True

    def resume(self) -> None:
        if self._paused:
            self._paused = False
            self._host.work(self._read)

    def cancel(self) -> None:
        self._cancelled = True
        self.resume()


def file_error(url: str | None, error: OSError) -> URLError:
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
