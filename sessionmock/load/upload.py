"""The load of an upload task, which goes on where the server stopped after a loss (core.resumable_upload)."""
from __future__ import annotations

import os
import stat
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.machine import Event, Phase
from ..core.preparation import announced_length
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
from ..models.message import BodyStream, Headers, Request, ResponseHead, first
from ..models.request import URLRequest
from ..models.response import HTTPURLResponse
from ..routes.base import Route
from .load import Consumer, Load

if TYPE_CHECKING:
    from .context import Context


class Stage(Enum):
    """Which of its requests an upload is at."""

    CREATING = "the request as the user made it"
    LOCATING = "HEAD: how much does the server have?"
    APPENDING = "PATCH: the rest"


class Mark(NamedTuple):
    """What tells a file that was not touched: bytes, and nanoseconds since the epoch."""

    size: int
    modified: int


class UploadLoad(Load):
    """A load whose server may keep what it got of the body.

    A connection lost before the answer is made up for once, by asking how much arrived and sending the rest: further
    transactions of the same task. What else ends the upload carries resume data (I20). The answer to the request with
    the rest is the answer to the task's request, whose URL it bears; where the server had got everything, the answer to
    the question is all that is left of it, and stands in. A task that is resumed begins with the question.
    """

    __slots__ = ("_mark", "_offset", "_profile", "_resource", "_retried", "_source", "_stage", "_streamed")
    is_upload = True

    def __init__(self, context: Context, task: Any, request: URLRequest, consumer: Consumer, *,
                 body: bytes | BodyStream | None = None, streamed: bool = False, eager: bool = True, route: Route | None = None,
                 resumed: UploadResumeData | None = None) -> None:
        super().__init__(context, task, request, consumer, body=body, eager=eager, route=route)
        self._streamed = streamed                       # the delegate supplies the body
        if streamed:
            self.total_to_send = announced_length(request)
        self._stage = Stage.CREATING
        self._profile: DraftProfile | None = None       # None: nothing is offered to the server
        self._resource: str | None = None               # of the server, once it has named one
        self._source: bytes | BodyStream | None = body  # of the whole body; None where only the delegate has it
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
        source, mark, headers = self._source, self._mark, self.request.header_pairs()
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
                resource_url=self._resource, original_url=self.original_request.url or "", method=self.request.http_method,
                headers=headers, created=self.context.engine.clock.date(), **origin))
        except ValueError:                              # fields of more than 1 MiB
            return None

    # sending --------------------------------------------------------------------------------------------------
    def _submit(self) -> None:
        if self._stage is Stage.CREATING:
            self._create()
        elif (problem := self._source_problem()) is not None:
            self._resource = None
            self._meet(Event.FAILED, problem)
        elif self._stage is Stage.LOCATING:
            self._dispatch(self._addressed("HEAD", offset_fields(self._offered, self.request.header_pairs())), None, cached=False)
        else:
            self._invalidate()
            self.sent = self._offset
            fields = append_fields(self._offered, self.request.header_pairs(), self._offset)
            self._dispatch(self._addressed("PATCH", fields), self._body, cached=False)

    def _create(self) -> None:
        request, body = self.request, self._body
        if self._streamed and body is None:
            self._meet(Event.NEEDS_STREAM, None)
            return
        if isinstance(body, FileStream):                # as it is now, not when the task was made
            body = self._body = body.again()
            self.total_to_send = body.length
        self._resource = None                           # a new request makes a new one
        self._source, self._mark = body, _mark(body)
        self._profile = None if body is None else profile_for([*self.context.additional, *request.header_pairs()])
        if self._profile is not None:
            request = request.copy()
            for name, value in creation_fields(self._profile):
                request.set_value(value, name)
        self.sent = 0
        self._dispatch(request, body)

    def _carry_body(self, following: URLRequest, keeps_body: bool) -> bool:
        """The body is the upload's own, whatever the request says of one; no GET has it."""
        if not keeps_body or following.http_method == "GET":
            self._body, self._streamed, self.total_to_send = None, False, 0
            return True
        known, self._body = self._body, again(self._body)
        return self._body is not None or known is None

    @property
    def _offered(self) -> DraftProfile:
        assert self._profile is not None
        return self._profile

    def _addressed(self, method: str, fields: Headers) -> URLRequest:
        """A request of this task to the upload's resource."""
        request = self.request.copy()
        request.url, request.http_method, request.all_http_header_fields = self._resource, method, fields
        return request

    def _invalidate(self) -> None:
        """Let the cache take the coming answer for that to the task's own request, which it is: entries of its URL are stale."""
        if self._visit is None:
            self._visit = self.context.cache_visit(self.task, self.request, keeps=self.consumer.caches)
            if self._visit is not None:
                self._visit.look(Request(self.request.http_method, self.request.url or "", []))

    def _source_problem(self) -> URLError | None:
        """Why the source cannot be gone on with: a file has to be the one that was begun with."""
        source, url = self._source, self.request.url
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

    def _request_stream(self) -> bool:
        if self._stage is Stage.CREATING:
            return super()._request_stream()
        return self.call("task_need_new_body_stream_from_offset", self._offset, answered=self._stream_came)

    def _sized(self, stream: BodyStream) -> BodyStream:
        if self._stage is Stage.CREATING:
            return super()._sized(stream)
        return stream if self.total_to_send < 0 or stream.length >= 0 else SizedStream(stream, self.total_to_send - self._offset)

    # answers --------------------------------------------------------------------------------------------------
    def _take(self, event: Event, payload: Any) -> None:
        if event is Event.INFORMED and payload.status == UPLOAD_RESUMPTION_SUPPORTED:
            if self._stage is Stage.CREATING and self._profile is not None:
                self._resource = upload_resource(self.request.url or "", payload.headers) or self._resource
        elif event is Event.FAILED and payload.code is Code.NETWORK_CONNECTION_LOST and self._can_go_on():
            self._retried = True
            self._turn_to_question()
            self._meet(Event.RETRY, None)
            return
        super()._take(event, payload)

    def _can_go_on(self) -> bool:
        """Whether the one attempt to make up for a loss is left, and of use."""
        if self._retried or self._resource is None or self.phase is not Phase.LOADING:
            return False
        at_hand = isinstance(self._source, bytes) or self._mark is not None
        return at_hand or self.method("task_need_new_body_stream_from_offset") is not None

    def _turn_to_question(self) -> None:
        self._stage = Stage.LOCATING
        self._body = None

    def _judge(self, head: ResponseHead, response: HTTPURLResponse) -> None:
        if self._stage is Stage.LOCATING:
            self._learn(head, response)
            return
        location = (first(head.headers, "location") or "").strip()
        if self._stage is Stage.APPENDING and location and 300 <= head.status < 400:
            # It sends the task's own request elsewhere, as seen from the resource; a body is then sent from its start.
            head = replace(head, headers=[("Location", resolve(self._resource or "", location))])
            self._stage = Stage.CREATING
            self._body = self._source
        super()._judge(head, response)

    def _learn(self, head: ResponseHead, response: HTTPURLResponse) -> None:
        """The server tells how much it has."""
        where, self._offset = standing(head.status, head.headers, self.total_to_send)
        if where is Standing.PART:
            self._stage = Stage.APPENDING
            self._body = self._rest()
            self._meet(Event.NEEDS_STREAM if self._body is None else Event.RETRY, None)
        elif where is Standing.ALL:
            self.sent = self._offset
            self._meet(Event.RESPONSE, response)
        else:
            if where is Standing.GONE:
                self._resource = None
            reason = f"the upload stopped, and {where.value}: {head.status} for its resource"
            self._meet(Event.FAILED, _described(Code.BAD_SERVER_RESPONSE, self.request.url, reason))

    def _rest(self) -> bytes | BodyStream | None:
        """The body from the offset on; None: the delegate has it."""
        source = self._source
        if isinstance(source, bytes):
            return source[self._offset:]
        return FileStream(source.path, self._offset) if isinstance(source, FileStream) and self._mark is not None else None

    def _conclude(self, error: URLError | None) -> None:
        if error is not None and error.code is not Code.CANCELLED and (blob := self.resume_data()) is not None:
            error.user_info[UPLOAD_RESUME_DATA] = blob
        super()._conclude(error)


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
