"""The consumer of a download: a temporary file, written as the bytes come."""
from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from ..core.ranges import Resumption, can_resume, judge, resume_headers, resume_validators, spliced_length
from ..core.resume_data import DownloadResumeData, encode
from ..errors import DOWNLOAD_RESUME_DATA, Code, URLError, url_error
from ..history import Filed, Written
from ..models.request import URLRequest
from ..models.response import HTTPURLResponse, URLResponse
from ..regular import open_regular
from ..stores.files import try_lock, unlock
from .consumer import Consumed
from .consumers import HANDLER, completion
from .ending import Message
from .partial_files import WHOLE, HeldData, PartialFile, create, folder

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class ToFile:
    """Writes the body to a temporary file.

    The file is there for the delegate's `download_task_did_finish_downloading` or the handler, and removed after it
    (I18); a `Loading` keeps it: there the caller owns it. Bytes are written as they come, so a killed process leaves
    what it had. With `resumed` the file goes on where it stopped, where the server gives exactly the rest (I19); until
    then the partial file stays as it is, and so does the resume data that names it. `partial` is who holds that file, None where
    nobody in this process does.
    """

    caches = False      # downloads are never cached (Apple)
    asks = False
    is_incremental = False
    is_file = True
    undecodable = (Code.DOWNLOAD_DECODING_FAILED_MID_STREAM, Code.DOWNLOAD_DECODING_FAILED_TO_COMPLETE)

    def __init__(self, handler: Callable[..., Any] | None = None, *, keeps: bool = False, resumed: DownloadResumeData | None = None,
                 partial: PartialFile | None = None) -> None:
        self._handler = handler
        self._keeps = keeps
        self._resumed = resumed
        self._afresh = False                        # what was there is of no use: the whole is asked for
        self._asked: URLRequest | None = None       # the task's request without what resuming adds
        self._file: int | None = None
        self._begun = False                         # the file is written by this task
        self._whole = -1                            # bytes that the file has to have, where a range was spliced
        self._blob: bytes | None = None
        self._lent = False                          # a handler has the file until it returns
        self._partial = partial
        self.path: Path | None = None
        self.written = 0
        self.expected = -1
        self._outcome: tuple[Any, URLError | None] = (None, None)

    @property
    def terminal(self) -> str:
        return HANDLER if self._handler is not None else "" if self._keeps else "task_did_complete"

    def loses(self, load: Consumed) -> bool:
        """Whether nobody gets the file."""
        return self._handler is None and not self._keeps and load.callbacks.method("download_task_did_finish_downloading") is None

    def leave(self, load: Consumed, leaver: object) -> None:
        """Nobody has to read for the load to end."""

    def resuming(self) -> tuple[URLRequest, URLRequest]:
        """The request that asks for the rest (for the whole, where the partial file is not there any more), and that which
        the download began with."""
        resumed = self._resumed
        assert resumed is not None
        request = URLRequest(resumed.current_url, resumed.method)
        for name, value in resumed.headers:
            request.set_value(value, name)
        original = request.copy()
        original.url = resumed.original_url
        try:
            path = folder() / resumed.partial
            self._afresh = path.stat().st_size < resumed.offset
        except OSError:
            self._afresh = True
        if not self._afresh:
            self.path = path
            self._partial = self._partial or PartialFile(path, stays=True)
            for name, value in resume_headers(resumed.offset, resumed.validators):
                request.set_value(value, name)
        return request, original

    def creates_file(self, load: Consumed) -> bool:
        resumed, head = self._resumed, load.transfer.last.head
        return resumed is None or head is None or judge(head, resumed.offset, resumed.expected, resumed.validators) is Resumption.RESTART

    def begin(self, load: Consumed, response: URLResponse) -> None:
        self.expected = response.expected_content_length
        resumed, head = self._resumed, load.transfer.last.head
        self._asked = load.transfer.request
        if resumed is None or head is None:
            self._create(load)
            return
        self._asked = load.transfer.request.copy()
        for name, _ in resume_headers(resumed.offset, resumed.validators):
            self._asked.set_value(None, name)
        verdict = judge(head, resumed.offset, resumed.expected, resumed.validators)
        if self._afresh and verdict is not Resumption.RESTART:
            verdict = Resumption.FAIL
        elif verdict is Resumption.SPLICE:
            if self._reopen(resumed.offset):
                self.expected = self._whole = spliced_length(head)
            else:
                verdict = Resumption.AGAIN
        elif verdict is Resumption.RESTART and not self._replace(load):
            return
        if verdict is Resumption.FAIL:
            load.end_with(url_error(Code.BAD_SERVER_RESPONSE, load.transfer.request.url))
        elif verdict is Resumption.AGAIN:
            self._afresh = True
            load.start_over(self._asked)
        else:
            load.callbacks.call("download_task_did_resume_at_offset", self.written, self.expected)

    def _create(self, load: Consumed) -> bool:
        """Open a new file; False where the load failed of that."""
        try:
            _pass("disk.create", load)
            self._file, self._partial = create()
        except OSError as error:
            _fail(load, Code.CANNOT_CREATE_FILE, error)
            return False
        self.path, self._begun = self._partial.path, True
        if (history := load.callbacks.history) is not None and Filed in history.kinds:
            history.add(load.engine.clock, Filed, load.task, self.path)
        return True

    def _replace(self, load: Consumed) -> bool:
        """Open a new file in place of the part: under its name nothing else may be found by other resume data. False where the load
        failed of that."""
        if self._reopen(0):
            self._close()
            self._remove()
        return self._create(load)

    def _reopen(self, offset: int) -> bool:
        """Go on with the partial file from `offset`. False where there is none: removed, cut short, or in the hands of another
        task that has the same resume data."""
        path, self.path = self.path, None
        if path is None:
            return False
        try:
            file = open_regular(path, os.O_RDWR)
        except OSError:
            return False
        try:
            usable = try_lock(file) and (found := os.fstat(file)).st_nlink > 0 and found.st_size >= offset
            if usable:
                os.ftruncate(file, offset)
                os.lseek(file, offset, os.SEEK_SET)
        except OSError:
            usable = False
        if not usable:
            os.close(file)
            return False
        self._file, self.path, self.written, self._begun = file, path, offset, True
        return True

    def data(self, load: Consumed, data: bytes) -> None:
        assert self._file is not None
        if 0 <= self._whole < self.written + len(data):
            assert self._resumed is not None
            self._blob = self._held(self._resumed)  # what came is not to be trusted, what was there before is
            load.end_with(url_error(Code.BAD_SERVER_RESPONSE, load.transfer.request.url))
            return
        try:
            _pass("disk.write", load)
            rest = memoryview(data)
            while rest:
                count = os.write(self._file, rest)
                self.written += count
                rest = rest[count:]
        except OSError as error:
            _fail(load, Code.CANNOT_WRITE_TO_FILE, error)
            return
        if (history := load.callbacks.history) is not None and Written in history.kinds:
            history.add(load.engine.clock, Written, load.task, self.path, len(data))
        if self._handler is None:
            load.callbacks.call("download_task_did_write_data", len(data), self.written, self.expected)

    def resume_data(self, load: Consumed) -> bytes | None:
        """What the download can be gone on with, or None (the preconditions of I19)."""
        resumed, asked, head = self._resumed, self._asked, load.transfer.last.head if load.transfer.transactions else None
        if self._blob is not None or self.path is None or not self.path.exists():
            return self._blob
        if resumed is not None and not self._begun:
            return self._held(resumed)
        if head is None or asked is None or load.transfer.response is None or (head.status == 206 and resumed is None) or not can_resume(
                asked.http_method, asked.url or "", asked.header_pairs(), head, self.written, self.expected):
            return None
        validators = resume_validators(head.headers) if resumed is None or self._whole < 0 else resumed.validators
        if validators is None:
            return None
        self._blob = self._held(DownloadResumeData(
            original_url=load.transfer.original_request.url or "", current_url=load.transfer.request.url or "", method=asked.http_method,
            headers=load.context.additional.removed_from(asked.header_pairs()), offset=self.written, expected=self.expected, tag=validators.tag,
            modified=validators.modified, partial=self.path.name, created=load.engine.clock.date()))
        return self._blob

    def _held(self, data: DownloadResumeData) -> bytes:
        assert self._partial is not None
        return HeldData(encode(data), self._partial)

    def end(self, load: Consumed) -> None:
        if self.written < self._whole:
            load.end_with(url_error(Code.NETWORK_CONNECTION_LOST, load.transfer.request.url))
            return
        try:
            _pass("disk.move", load)
            if self._keeps or self._resumed is not None:
                self._rename()
        except OSError as error:
            _fail(load, Code.CANNOT_MOVE_FILE, error)
            return
        try:
            _pass("disk.close", load)
            self._close()
        except OSError as error:
            _fail(load, Code.CANNOT_CLOSE_FILE, error)
            return
        if self._handler is None and not self._keeps and load.callbacks.call(
                "download_task_did_finish_downloading", self.path, answered=partial(self._told, load)):
            return
        if self.loses(load):
            self._remove()
        load.stored()

    def _rename(self) -> None:
        """Give the finished file a name that no resume data knows, before it is let go of. Raises OSError."""
        assert self.path is not None
        assert self._partial is not None
        own = os.path.splitext(self.path)[0] + WHOLE
        os.rename(self.path, own)
        self._partial.stay()
        self.path = Path(own)

    def _told(self, load: Consumed, *_: Any) -> None:
        self._remove()
        load.stored()

    def finished(self, load: Consumed, error: URLError | None) -> Message | None:
        with suppress(OSError):        # it has failed of something else
            self._close()
        if error is not None:
            if error.code is not Code.CANCELLED and (blob := self.resume_data(load)) is not None:
                error.user_info[DOWNLOAD_RESUME_DATA] = blob
            if self._blob is None and self._begun:
                self._remove()
            self._partial = self._blob = None
        if self._keeps:
            self._outcome = (self.path, load.transfer.response), error
            return None
        handler, self._handler = self._handler, None
        if handler is not None:
            self._lent = error is None
            return HANDLER, handler, (None if error else self.path, load.transfer.response, error)
        return completion(load, error)

    def outcome(self) -> tuple[tuple[Path, HTTPURLResponse], URLError | None]:
        """The file and the response, and the error instead of them."""
        return self._outcome

    def told(self) -> None:
        """A handler has had the file, and the coroutine that it may have returned is over."""
        if self._lent:
            self._remove()

    def orphan(self) -> None:
        """In a forked child: the file is the parent's, with the lock on it, which is let go of by no close but the last."""
        file, self._file = self._file, None
        self.path = None
        if file is not None:
            os.close(file)

    def _close(self) -> None:
        """Let go of the file. Raises OSError."""
        file, self._file = self._file, None
        if file is not None:
            unlock(file)
            os.close(file)

    def _remove(self) -> None:
        if self.path is not None and self._partial is not None:
            self._partial.stay()
            self.path.unlink(missing_ok=True)


def _pass(point: str, load: Consumed) -> None:
    """Raise the OSError of a fault at `point`, where there is one."""
    faults = load.callbacks.faults
    if faults is not None:
        faults.fail_on_disk(point)


def _fail(load: Consumed, code: Code, error: OSError) -> None:
    """End `load` with `code`, or as every full disk ends it: something can be done about that."""
    error.__traceback__ = None        # its frames hold the load, which holds the error, which holds the file
    load.end_with(url_error(Code.CANNOT_WRITE_TO_FILE if error.errno in _FULL else code, load.transfer.request.url, error))
