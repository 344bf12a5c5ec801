"""The body of an upload task, which goes on where the server stopped after a loss (core.resumable_upload)."""
from __future__ import annotations

import os
import stat
from dataclasses import replace
from enum import Enum
from typing import Any, NamedTuple

from ..core.machine import Event, Phase
from ..core.preparation import announced, announced_length
from ..core.redirects import resolve
from ..core.resumable_upload import (
    UPLOAD_RESUMPTION_SUPPORTED,
    VERSION_FIELD,
    DraftProfile,
    Standing,
    append_fields,
    creation_fields,
    offset_fields,
    profile_for,
    standing,
    upload_resource,
)
from ..core.resume_data import UploadResumeData, encode
from ..errors import DESCRIPTION, UPLOAD_RESUME_DATA, Code, URLError, url_error
from ..models.body import FileStream, SizedStream, again
from ..models.message import BodyStream, Headers, ResponseHead, sole
from ..models.request import URLRequest
from ..models.response import HTTPURLResponse
from .body import Dispatch, send_again, stream_came
from .callbacks import Callbacks
from .context import Context
from .inbox import Inbox
from .transfer import Transfer


class Stage(Enum):
    """Which of its requests an upload is at."""

    CREATING = "the request as the user made it"
    LOCATING = "HEAD: how much does the server have?"
    APPENDING = "PATCH: the rest"


class Mark(NamedTuple):
    """What tells a file that was not touched: bytes, and nanoseconds since the epoch."""

    size: int
    modified: int


class Upload:
    """A body that is the task's own, and whose server may keep what it got of it.

    A connection lost before the answer is made up for once, by asking how much arrived and sending the rest: further
    transactions of the same task. What else ends the upload carries resume data (I20). The answer to the request with
    the rest is the answer to the task's request, whose URL it bears; where the server had got everything, the answer to
    the question is all that is left of it, and stands in. A task that is resumed begins with the question.
    """

    __slots__ = (
        "_callbacks",
        "_context",
        "_inbox",
        "_mark",
        "_offset",
        "_profile",
        "_resource",
        "_retried",
        "_source",
        "_stage",
        "_streamed",
        "_transfer",
    )
    is_upload = True

    def __init__(self, transfer: Transfer, inbox: Inbox, callbacks: Callbacks, context: Context, *, streamed: bool = False,
                 resumed: UploadResumeData | None = None) -> None:
        self._transfer, self._inbox, self._callbacks, self._context = transfer, inbox, callbacks, context
        self._streamed = streamed                       # the delegate supplies the body
        if streamed:
            transfer.total = announced_length(transfer.request)
        self._stage = Stage.CREATING
        self._profile: DraftProfile | None = None       # None: nothing is offered to the server
        self._resource: str | None = None               # of the server, once it has named one
        self._source: bytes | BodyStream | None = transfer.body  # of the whole body; None where only the delegate has it
        self._mark: Mark | None = None                  # of a file
        self._offset = 0
        self._retried = False
        if resumed is not None:
            self._profile = profile_for(resumed.headers)
            self._resource = resumed.resource_url
            self._mark = Mark(resumed.size, resumed.modified)
            self._turn_to_question()

    def resume_data(self) -> bytes | None:
        """What the upload can be gone on with: once the server has named a resource, and while the source is at hand."""
        if self._resource is None or self._profile is None:
            return None
        request = self._transfer.request
        source, mark, headers = self._source, self._mark, self._context.additional.removed_from(request.header_pairs())
        if all(name.lower() != VERSION_FIELD.lower() for name, _ in headers):
            headers.append((VERSION_FIELD, str(self._profile.version)))
        origin: dict[str, Any] = {}                     # of a stream: its delegate is asked
        if isinstance(source, bytes):
            origin = {"body": source, "size": len(source)}
        elif isinstance(source, FileStream) and mark is not None:
            origin = {"path": os.path.abspath(os.fsdecode(source.path)), "size": mark.size, "modified": mark.modified}
        elif not self._streamed:
            return None
        try:
            return encode(UploadResumeData(
                resource_url=self._resource, original_url=self._transfer.original_request.url or "", method=request.http_method,
                headers=headers, created=self._context.engine.clock.date(), **origin))
        except ValueError:                              # fields of more than 1 MiB
            return None

    def failed(self, error: URLError) -> None:
        if error.code is not Code.CANCELLED and (blob := self.resume_data()) is not None:
            error.user_info[UPLOAD_RESUME_DATA] = blob

    # sending --------------------------------------------------------------------------------------------------
    def submit(self, dispatch: Dispatch) -> None:
        transfer = self._transfer
        if self._stage is Stage.CREATING:
            self._create(dispatch)
        elif (problem := self._source_problem()) is not None:
            self._resource = None
            self._inbox.meet(Event.FAILED, problem)
        elif self._stage is Stage.LOCATING:
            question = self._addressed("HEAD", offset_fields(self._offered, transfer.request.header_pairs()))
            dispatch(question, None, is_own=False, answers_own=False)
        else:
            transfer.sent = self._offset
            fields = append_fields(self._offered, transfer.request.header_pairs(), self._offset)
            dispatch(self._addressed("PATCH", fields), transfer.body, is_own=False)

    def _create(self, dispatch: Dispatch) -> None:
        transfer = self._transfer
        request, body = transfer.request, transfer.body
        if self._streamed and body is None:
            self._inbox.meet(Event.NEEDS_STREAM)
            return
        if isinstance(body, FileStream):                # as it is now, not when the task was made
            body = transfer.body = body.again()
            transfer.total = body.length
        self._resource = None                           # a new request makes a new one
        self._source, self._mark = body, _mark(body)
        self._profile = None if body is None else profile_for([*self._context.additional.anywhere, *request.header_pairs()])
        if self._profile is not None:
            request = request.copy()
            for name, value in creation_fields(self._profile):
                request.set_value(value, name)
        transfer.sent = 0
        dispatch(request, body)

    def take(self, request: URLRequest) -> None:
        """The body stays what it is."""

    def carry(self, following: URLRequest, keeps_body: bool) -> bool:
        """The body is the upload's own, whatever the request says of one; no GET has it."""
        transfer = self._transfer
        if not keeps_body or following.http_method == "GET":
            transfer.body, self._streamed, transfer.total = None, False, 0
            return True
        known, transfer.body = transfer.body, again(transfer.body)
        return transfer.body is not None or known is None

    def send_again(self) -> None:
        send_again(self._transfer, self._inbox)

    @property
    def _offered(self) -> DraftProfile:
        assert self._profile is not None
        return self._profile

    def _addressed(self, method: str, fields: Headers) -> URLRequest:
        """A request of this task to the upload's resource."""
        request = self._transfer.request.copy()
        request.url, request.http_method, request.all_http_header_fields = self._resource, method, fields
        return request

    def _source_problem(self) -> URLError | None:
        """Why the source cannot be gone on with: a file has to be the one that was begun with."""
        source, url = self._source, self._transfer.request.url
        if not isinstance(source, FileStream) or self._mark is None:
            return None
        try:
            found = os.stat(source.path)
        except OSError as error:
            denied = isinstance(error, PermissionError)
            return url_error(Code.NO_PERMISSIONS_TO_READ_FILE if denied else Code.FILE_DOES_NOT_EXIST, url, error)
        if self._mark == (found.st_size, found.st_mtime_ns):
            return None
        changed = f"{source.path!r} was changed since its upload began; upload it anew"
        return _described(Code.REQUEST_BODY_STREAM_EXHAUSTED, url, changed)

    def ask_stream(self) -> None:
        if self._stage is Stage.CREATING:
            asked = self._callbacks.call("task_need_new_body_stream", answered=self._stream_came)
        else:
            asked = self._callbacks.call("task_need_new_body_stream_from_offset", self._offset, answered=self._stream_came)
        if not asked:
            self._stream_came(None)

    def _stream_came(self, stream: BodyStream | None) -> None:
        stream_came(self._inbox, None if stream is None else self._sized(stream))

    def _sized(self, stream: BodyStream) -> BodyStream:
        """`stream`, with the length that it has to have where that is known."""
        if self._stage is Stage.CREATING:
            return announced(stream, self._transfer.request)
        total = self._transfer.total
        return stream if total < 0 or stream.length >= 0 else SizedStream(stream, total - self._offset)

    # answers --------------------------------------------------------------------------------------------------
    def intercept(self, event: Event, payload: Any) -> bool:
        """A 104 that names the resource is told as any other; a loss may be made up for."""
        if event is Event.INFORMED and payload.status == UPLOAD_RESUMPTION_SUPPORTED:
            if self._stage is Stage.CREATING and self._profile is not None:
                self._resource = upload_resource(self._transfer.request.url or "", payload.headers) or self._resource
        elif event is Event.FAILED and payload.code is Code.NETWORK_CONNECTION_LOST and self._can_go_on():
            self._retried = True
            self._turn_to_question()
            self._inbox.meet(Event.RETRY)
            return True
        return False

    def _can_go_on(self) -> bool:
        """Whether the one attempt to make up for a loss is left, and of use."""
        if self._retried or self._resource is None or self._inbox.machine.phase is not Phase.LOADING:
            return False
        at_hand = isinstance(self._source, bytes) or self._mark is not None
        return at_hand or self._callbacks.method("task_need_new_body_stream_from_offset") is not None

    def _turn_to_question(self) -> None:
        self._stage = Stage.LOCATING
        self._transfer.body = None

    def adjusted(self, head: ResponseHead, response: HTTPURLResponse) -> ResponseHead | None:
        if self._stage is Stage.LOCATING:
            self._learn(head, response)
            return None
        location = sole(head.headers, "location")
        if self._stage is Stage.APPENDING and location and 300 <= head.status < 400:
            # It sends the task's own request elsewhere, as seen from the resource; a body is then sent from its start.
            head = replace(head, headers=[("Location", resolve(self._resource or "", location))])
            self._stage = Stage.CREATING
            self._transfer.body = self._source
        return head

    def _learn(self, head: ResponseHead, response: HTTPURLResponse) -> None:
        """The server tells how much it has."""
        transfer, inbox = self._transfer, self._inbox
        where, self._offset = standing(head.status, head.headers, transfer.total)
        if where is Standing.PART:
            self._stage = Stage.APPENDING
            transfer.body = self._rest()
            inbox.meet(Event.NEEDS_STREAM if transfer.body is None else Event.RETRY)
        elif where is Standing.ALL:
            transfer.sent = self._offset
            inbox.meet(Event.RESPONSE, response)
        else:
            if where is Standing.GONE:
                self._resource = None
            reason = f"the upload stopped, and {where.value}: {head.status} for its resource"
            inbox.meet(Event.FAILED, _described(Code.BAD_SERVER_RESPONSE, transfer.request.url, reason))

    def _rest(self) -> bytes | BodyStream | None:
        """The body from the offset on; None: the delegate has it."""
        source = self._source
        if isinstance(source, bytes):
            return source[self._offset:]
        return FileStream(source.path, self._offset) if isinstance(source, FileStream) and self._mark is not None else None


def _described(code: Code, url: str | None, description: str) -> URLError:
    error = url_error(code, url)
    error.user_info[DESCRIPTION] = description
    return error


def _mark(body: bytes | BodyStream | None) -> Mark | None:
    """The mark of a regular file that is sent from its start."""
    if not isinstance(body, FileStream) or body.offset:
        return None
    try:
        found = os.stat(body.path)
    except (OSError, ValueError):
        return None
    return Mark(found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else None
