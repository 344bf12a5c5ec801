"""The consumer of a download: a temporary file, written as the bytes come."""
from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import Code, URLError, url_error
from ..models.response import URLResponse
from .consumers import completion
from .load import Load, Message


class ToFile:
    """Writes the body to a temporary file.

    The file is there for the delegate's `download_task_did_finish_downloading` or the handler, and removed after it
    (I18); a `Loading` keeps it: there the caller owns it. A killed process leaves what had come.
    """

    asks = False

    def __init__(self, handler: Callable[..., Any] | None = None, *, keeps: bool = False) -> None:
        self._handler = handler
        self._keeps = keeps
        self._file: int | None = None
        self.path: Path | None = None
        self.written = 0
        self.outcome: tuple[Path | None, URLResponse | None, URLError | None] = (None, None, None)

    def begin(self, load: Load, response: URLResponse) -> None:
        try:
            self._file, name = tempfile.mkstemp(prefix="sessionmock-download-", suffix=".tmp")
        except OSError as error:
            load.end_with(url_error(Code.CANNOT_CREATE_FILE, load.request.url, error))
        else:
            self.path = Path(name)

    def data(self, load: Load, data: bytes) -> None:
        assert self._file is not None and load.response is not None
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(self._file, rest):]
        except OSError as error:
            load.end_with(url_error(Code.CANNOT_WRITE_TO_FILE, load.request.url, error))
            return
        self.written += len(data)
        if self._handler is None:
            load.call("download_task_did_write_data", len(data), self.written, load.response.expected_content_length)

    def end(self, load: Load) -> None:
        self._close()
        if self._handler is not None or self._keeps or not load.call("download_task_did_finish_downloading", self.path, answered=lambda *_: self._told(load)):
            load.stored()

    def _told(self, load: Load) -> None:
        self._remove()
        load.stored()

    def finished(self, load: Load, error: URLError | None) -> Message | None:
        self._close()
        if error is not None:
            self._remove()
        if self._keeps:
            self.outcome = (None if error else self.path, load.response, error)
            return None
        if self._handler is not None:
            return "completion_handler", self._hand_over, (None if error else self.path, load.response, error)
        return completion(load, error)

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
