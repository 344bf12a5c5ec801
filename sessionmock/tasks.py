"""Tasks: one load each, started, held and cancelled by whoever has them (Apple's `URLSessionTask` and its kinds)."""
from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from . import shown
from .delegates import methods
from .errors import (
    DOWNLOAD_RESUME_DATA,
    UPLOAD_RESUME_DATA,
    Code,
    GenericException,
    URLError,
    url_error,
)
from .latch import Latch
from .load.callbacks import Telling
from .load.life import Life
from .loading import Loading
from .models.callables import taking
from .models.enums import TaskState
from .models.message import DEFAULT_PRIORITY, Headers, Request
from .models.progress import Progress
from .models.request import URLRequest
from .models.response import URLResponse
from .models.settings import FLAG, MOMENT, NUMBER, TEXT, Setting, Settings, optional, whole
from .registry import Scope, Site

if TYPE_CHECKING:
    from .session import URLSession

TRANSFER_SIZE_UNKNOWN = -1
"""What a count of bytes reads when nobody knows it."""

_UNSCHEDULED = "a task begins when it is resumed, whatever its size"


class URLSessionTask(Settings):
    """One load of a session. It is born suspended: nothing happens before `resume()` (I1).

    All members may be used on any thread. The session holds the task until its terminal message was delivered.
    """

    __slots__ = ("__weakref__", "_delegate", "_identifier", "_life", "_scope", "_session", "_site")

    State: TypeAlias = TaskState
    DEFAULT_PRIORITY: ClassVar[float] = DEFAULT_PRIORITY
    LOW_PRIORITY: ClassVar[float] = 0.25
    HIGH_PRIORITY: ClassVar[float] = 0.75

    count_of_bytes_client_expects_to_send = Setting(
        TRANSFER_SIZE_UNKNOWN, whole(-1), "Bytes that will go, header and body: a hint for scheduling; -1: unknown.", idle=_UNSCHEDULED)
    count_of_bytes_client_expects_to_receive = Setting(
        TRANSFER_SIZE_UNKNOWN, whole(-1), "Bytes that will come, header and body: a hint for scheduling; -1: unknown.", idle=_UNSCHEDULED)
    task_description = Setting(None, optional(TEXT), "Free for the caller's use; shown by `repr` and in leak reports.")

    _life: Life

    def __init__(self, session: URLSession, identifier: int, site: Site, scope: Scope | None) -> None:
        self._session = session
        self._identifier = identifier
        self._site = site
        self._scope = scope
        self._delegate: object | None = None
        self._values = {}

    def __repr__(self) -> str:
        request = self._life.transfer.original_request
        described = f" {self.task_description!r}" if self.task_description else ""
        return f"<{type(self).__name__} {self._identifier}{described}: {request.http_method} {shown.url(request.url)}, {self.state.name.lower()}>"

    def __copy__(self) -> URLSessionTask:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> URLSessionTask:
        return self

    @property
    def task_identifier(self) -> int:
        """Counts up from 1 in each session (I24)."""
        return self._identifier

    @property
    def original_request(self) -> URLRequest | None:
        """The request the task was made with, in a copy (I22)."""
        return self._life.transfer.original_request.copy()

    @property
    def current_request(self) -> URLRequest | None:
        """The request being loaded: another one after a redirect (I22)."""
        return self._life.transfer.request.copy()

    @property
    def outgoing_request(self) -> Request | None:
        """The current request as it goes out, with every field that the session adds; None before it does. Not to be changed."""
        return self._life.transfer.message

    @property
    def response(self) -> URLResponse | None:
        """The response, once there is one; set before any callback tells of it."""
        return self._life.transfer.response

    @property
    def trailers(self) -> Headers:
        """The fields that came after the body (RFC 9110, section 6.5), as pairs; empty before its end."""
        return list(self._life.transfer.trailers)

    @property
    def error(self) -> URLError | None:
        """Why the task failed; None while it runs and when it did not."""
        return self._life.error

    @property
    def state(self) -> TaskState:
        """running, suspended, canceling or completed (I3)."""
        return self._life.state

    @property
    def count_of_bytes_received(self) -> int:
        """Bytes of the body that came, before content decoding."""
        return self._life.transfer.received

    @property
    def count_of_bytes_sent(self) -> int:
        """Bytes of the request's body that were handed to the transport."""
        return self._life.transfer.sent

    @property
    def count_of_bytes_expected_to_receive(self) -> int:
        """What the response announces, -1 where it does not; 0 before there is one."""
        response = self._life.transfer.response
        return 0 if response is None else response.expected_content_length

    @property
    def count_of_bytes_expected_to_send(self) -> int:
        """The length of the request's body: 0 without one, -1 for a stream."""
        return self._life.transfer.total

    @property
    def priority(self) -> float:
        """How urgent it is, from 0.0 to 1.0; 0.5 by default. Values outside are cut.

        Of the tasks that wait for one of an origin's connections (`http_maximum_connections_per_host`) those with the highest
        go first, and among equals those that came first. It may be changed at any time.
        """
        return self._life.transfer.urgency.value

    @priority.setter
    def priority(self, value: float) -> None:
        self._life.transfer.urgency.set(min(1.0, max(0.0, NUMBER.of("URLSessionTask.priority", value))))

    @property
    def earliest_begin_date(self) -> datetime | None:
        """When the load may begin at the earliest, aware; None (the default) for at once. Set it before the first `resume()`.

        When it has come the delegate is asked by `task_will_begin_delayed_request`. Setting it later raises GenericException.
        """
        return self._life.earliest_begin_date

    @earliest_begin_date.setter
    def earliest_begin_date(self, date: datetime | None) -> None:
        moment = optional(MOMENT).of("URLSessionTask.earliest_begin_date", date)
        if not self._life.never_resumed:
            raise GenericException(f"the earliest_begin_date of {self!r} is set before the task is resumed, not after")
        self._life.earliest_begin_date = moment

    @property
    def progress(self) -> Progress:
        """Bytes of the response, or of the body of an upload; cancelling, pausing and resuming it does so to the task.

        Its observers are called on the delegate queue.
        """
        life = self._life
        if life.progress is None:
            total = life.transfer.total if life.is_upload else self.count_of_bytes_expected_to_receive or -1
            life.progress = Progress(total, cancellation_handler=self.cancel, pausing_handler=self.suspend, resuming_handler=self.resume)
            life.progress.completed_unit_count = life.transfer.sent if life.is_upload else life.transfer.received
        return life.progress

    @property
    def prefers_incremental_delivery(self) -> bool:
        """Whether the delegate gets data as it comes (True, the default) or all at once at the end.

        False for a task with a completion handler and for a download; setting it there changes nothing.
        """
        return self._life.is_incremental

    @prefers_incremental_delivery.setter
    def prefers_incremental_delivery(self, value: bool) -> None:
        self._life.is_incremental = FLAG.of("URLSessionTask.prefers_incremental_delivery", value)

    @property
    def delegate(self) -> object | None:
        """The task's own delegate, asked before the session's, method by method (I23). None again after completion.

        Set it before the first `resume()`; later raises GenericException. What can be no delegate raises InvalidArgumentException.
        """
        return self._delegate

    @delegate.setter
    def delegate(self, delegate: object | None) -> None:
        if not self._life.never_resumed:
            raise GenericException(f"the delegate of {self!r} is set before the task is resumed, not after")
        self._life.set_methods(methods(delegate))
        self._delegate = delegate

    def resume(self) -> None:
        """Undo one suspension; the task runs when none is left. Does nothing to a task that runs or has ended (I2)."""
        self._session._queue.notice()
        self._life.resume()

    def suspend(self) -> None:
        """Stop: no further request is sent, nothing more is read, nothing is delivered and the idle timer stands still, until as
        many `resume()` (I2)."""
        self._life.suspend()

    def cancel(self) -> None:
        """End with -999, unless the task has ended (I3)."""
        self._life.cancel()


class URLSessionDataTask(URLSessionTask):
    """A response in memory: for its completion handler, or piece by piece for the delegate."""

    __slots__ = ()


class URLSessionUploadTask(URLSessionDataTask):
    """A data task whose request has a body of its own."""

    __slots__ = ()

    def cancel_by_producing_resume_data(self, completion_handler: Callable[[bytes | None], object] | None = None) -> Loading[bytes | None]:
        """Cancel, and call `completion_handler` with what `upload_task(resume_data=...)` goes on with.

        It gets None where the server has named no resource for the upload (draft-ietf-httpbis-resumable-upload, a 104 with
        a Location of the same origin). The handler is called before the completion, whose error carries the same data (I20).
        What is returned gives it too, by `await` or `.result()`.
        """
        return _producing(self, UPLOAD_RESUME_DATA, completion_handler)


class URLSessionDownloadTask(URLSessionTask):
    """A response in a file."""

    __slots__ = ()

    def resume(self) -> None:
        """As for every task (I2). Warns, once for a session, where nobody is there to take the file (docs/rules.md, Delegates)."""
        life = self._life
        if life.never_resumed and life.loses_its_result:
            self._session._warn_of_lost_file(self)
        super().resume()

    def cancel_by_producing_resume_data(self, completion_handler: Callable[[bytes | None], object] | None = None) -> Loading[bytes | None]:
        """Cancel, and call `completion_handler` with what `download_task(resume_data=...)` goes on with.

        It gets None where the download cannot be resumed: that takes an http GET, an answer with a strong ETag or an
        older Last-Modified and byte ranges, and a part of the body (I19). The handler is called before the completion, whose
        error carries the same data (I20). What is returned gives it too, by `await` or `.result()`.

        The part is removed with the last reference to the data, and with the process. `bytes(data)` is a copy to be kept
        elsewhere, for which it stays a day.
        """
        return _producing(self, DOWNLOAD_RESUME_DATA, completion_handler)


def _producing(task: URLSessionTask, key: str, handler: Callable[[bytes | None], object] | None) -> Loading[bytes | None]:
    """Cancel `task`; its resume data is under `key` in its error, and is given to `handler`."""
    if handler is not None:
        taking("cancel_by_producing_resume_data(completion_handler)", handler, "resume_data")
    produced = _Produced(task, key, handler)
    task._life.instruct(produced.make)
    return Loading(task, task._life, produced.outcome, produced.latch)


class _Produced:
    """The resume data of a task that is cancelled for it."""

    def __init__(self, task: URLSessionTask, key: str, handler: Callable[[bytes | None], object] | None) -> None:
        self._task, self._key, self._handler = task, key, handler
        self._data: bytes | None = None
        self.latch = Latch()

    def outcome(self) -> tuple[bytes | None, None]:
        """The data, and no error: that there is none is None."""
        return self._data, None

    def make(self) -> None:
        """In a turn of the life: cancel it, with the data in its error."""
        life = self._task._life
        error = url_error(Code.CANCELLED, life.transfer.request.url)
        if not life.is_over and (data := life.resume_data()) is not None:
            self._data = error.user_info[self._key] = data
        if self._handler is not None:
            told = Telling("completion handler", self._task, self._handler, (self._data,))
            life.queue.submit(told, life.engine)
        life.cancel(error)
        self.latch.set()
