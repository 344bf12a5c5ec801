"""The consumer of a download: a temporary file, written as the bytes come."""
from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from ..core.ranges import Resumption, can_resume, judge, resume_headers, resume_validator
from ..core.resume_data import DownloadResumeData, encode
from ..errors import DOWNLOAD_RESUME_DATA, Code, URLError, url_error
from ..models.request import URLRequest
from ..models.response import URLResponse
from .consumers import completion
from .load import Load, Message


def folder() -> Path:
    """Where downloads lie until they are moved or removed: private to the user, the same for every process (I19)."""
    place = Path(tempfile.gettempdir()) / f"sessionmock-downloads-{os.getuid()}"
    place.mkdir(mode=0o700, exist_ok=True)
    return place


class ToFile:
    """Writes the body to a temporary file.

    The file is there for the delegate's `download_task_did_finish_downloading` or the handler, and removed after it
    (I18); a `Loading` keeps it: there the caller owns it. Bytes are written as they come, so a killed process leaves
    what it had. With `resumed` the file goes on where it stopped, where the server gives exactly the rest (I19).
    """

    caches = False      # downloads are never cached (Apple)
    asks = False
    undecodable = (Code.DOWNLOAD_DECODING_FAILED_MID_STREAM, Code.DOWNLOAD_DECODING_FAILED_TO_COMPLETE)

    def __init__(self, handler: Callable[..., Any] | None = None, *, keeps: bool = False, resumed: DownloadResumeData | None = None) -> None:
        self._handler = handler
        self._keeps = keeps
        self._resumed = resumed
        self._asked: URLRequest | None = None       # the task's request without what resuming adds
        self._file: int | None = None
        self._blob: bytes | None = None
        self.path: Path | None = None
        self.written = 0
        self.expected = -1
        self._outcome: tuple[Any, URLError | None] = (None, None)

    def resuming(self) -> URLRequest:
        """The request that asks for the rest; for the whole, where the partial file is not there any more."""
        resumed = self._resumed
        assert resumed is not None
        request = URLRequest(resumed.current_url, resumed.method)
        for name, value in resumed.headers:
            request.set_value(value, name)
        self._asked = request.copy()
        path = folder() / resumed.partial
        try:
            usable = path.stat().st_size >= resumed.offset
        except OSError:
            usable = False
        if not usable:
            self._resumed = None
            return request
        self.path = path
        for name, value in resume_headers(resumed.offset, resumed.validator):
            request.set_value(value, name)
        return request

    def begin(self, load: Load, response: URLResponse) -> None:
        self.expected = response.expected_content_length
        resumed, head = self._resumed, load.hops[-1].head
        if self._asked is None:
            self._asked = load.request
        if resumed is None or head is None:
            self._start(load)
            return
        verdict = judge(head, resumed.offset, resumed.expected, resumed.validator)
        if verdict is Resumption.FAIL:
            self._keeps_partial(load)
            load.end_with(url_error(Code.BAD_SERVER_RESPONSE, load.request.url))
        elif verdict is Resumption.AGAIN:
            self._resumed = None
            load.start_over(self._asked)
        else:
            offset = self.written = resumed.offset if verdict is Resumption.SPLICE else 0
            if verdict is Resumption.SPLICE:
                self.expected = resumed.expected if self.expected < 0 else offset + self.expected
            self._start(load)
            load.call("download_task_did_resume_at_offset", offset, self.expected)

    def _start(self, load: Load) -> None:
        """Open the file, at the place where writing goes on."""
        try:
            if self.path is None:
                self._file, name = tempfile.mkstemp(prefix="download-", suffix=".tmp", dir=folder())
                self.path = Path(name)
            else:
                self._file = os.open(self.path, os.O_RDWR)
                os.ftruncate(self._file, self.written)
                os.lseek(self._file, self.written, os.SEEK_SET)
        except OSError as error:
            load.end_with(url_error(Code.CANNOT_CREATE_FILE if self.path is None else Code.CANNOT_OPEN_FILE, load.request.url, error))

    def _keeps_partial(self, load: Load) -> None:
        """The answer was no use, but what was there before still is."""
        assert self._resumed is not None
        self._blob = encode(self._resumed)

    def data(self, load: Load, data: bytes) -> None:
        assert self._file is not None
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(self._file, rest):]
        except OSError as error:
            load.end_with(url_error(Code.CANNOT_WRITE_TO_FILE, load.request.url, error))
            return
        self.written += len(data)
        if self._handler is None:
            load.call("download_task_did_write_data", len(data), self.written, self.expected)

    def resume_data(self, load: Load) -> bytes | None:
        """What the download can be gone on with, or None (the preconditions of I19)."""
        if self._blob is not None:
            return self._blob
        head = load.hops[-1].head if load.hops else None
        asked = self._asked
        if head is None or asked is None or self.path is None or not self.path.exists() or load.response is None or not can_resume(
                asked.http_method, asked.url or "", asked.header_pairs(), head, self.written, self.expected):
            return None
        validator = resume_validator(head.headers)
        assert validator is not None
        self._blob = encode(DownloadResumeData(
            original_url=load.original_request.url or "", current_url=load.request.url or "", method=asked.http_method,
            headers=asked.header_pairs(), offset=self.written, expected=self.expected, validator=validator, partial=self.path.name,
            created=load.context.engine.clock.date()))
        return self._blob

    def end(self, load: Load) -> None:
        self._close()
        if self._handler is None and not self._keeps and load.call(
                "download_task_did_finish_downloading", self.path, answered=partial(self._told, load)):
            return
        load.stored()

    def _told(self, load: Load, *_: Any) -> None:
        self._remove()
        load.stored()

    def finished(self, load: Load, error: URLError | None) -> Message | None:
        self._close()
        if error is not None:
            if error.code is not Code.CANCELLED and (blob := self.resume_data(load)) is not None:
                error.user_info[DOWNLOAD_RESUME_DATA] = blob
            if self._blob is None:
                self._remove()
        if self._keeps:
            self._outcome = (self.path, load.response), error
            return None
        if self._handler is not None:
            return "completion_handler", self._hand_over, (None if error else self.path, load.response, error)
        return completion(load, error)

    def outcome(self) -> tuple[tuple[Path, URLResponse], URLError | None]:
        """The file and the response, and the error instead of them."""
        return self._outcome

    def _hand_over(self, *outcome: Any) -> Any:
        """Call the handler; the file is gone when it returns, or when the coroutine that it returned is over."""
        assert self._handler is not None
        value = None
        try:
            value = self._handler(*outcome)
        finally:
            if not hasattr(value, "__await__"):
                self._remove()
        return None if value is None else self._hand_over_rest(value) if hasattr(value, "__await__") else value

    async def _hand_over_rest(self, coroutine: Any) -> None:
        try:
            await coroutine
        finally:
            self._remove()

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def _remove(self) -> None:
        if self.path is not None:
            self.path.unlink(missing_ok=True)
