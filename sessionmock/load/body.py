"""The body of a load's request: what it is sent with, at first, again and elsewhere."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from ..core import preparation
from ..core.machine import Event
from ..errors import Code, URLError
from ..models.body import again
from ..models.message import BodyStream, ResponseHead, body_length
from ..models.request import URLRequest
from ..models.response import HTTPURLResponse
from .callbacks import Callbacks
from .context import Context
from .inbox import Inbox
from .transfer import Transfer


class Dispatch(Protocol):
    """Sends a request of the load."""

    def __call__(self, request: URLRequest, body: bytes | BodyStream | None, *, is_own: bool = True, answers_own: bool = True) -> None:
        """Load `request` with `body`. `is_own`: it is the task's own request, which the cache has to do with; `answers_own`: what is
        answered is the answer to that."""


class Body(Protocol):
    """What a load sends beside the head. Every method is called in a turn of the load."""

    is_upload: bool      # whether it is the task's own, whatever its request says of one

    def submit(self, dispatch: Dispatch) -> None:
        """Send the request as it stands."""

    def take(self, request: URLRequest) -> None:
        """The delegate has put `request` in the place of the one that waited: it brings its own body."""

    def carry(self, following: URLRequest, keeps_body: bool) -> bool:
        """Take what `following` is sent with, the next hop; `keeps_body` where the response did not make the method GET. False: it
        is a stream that was read already, and the delegate has to supply it again."""

    def send_again(self) -> None:
        """The request as it stands is to be sent once more."""

    def ask_stream(self) -> None:
        """The delegate is asked for the body; without one that has it, the load fails."""

    def intercept(self, event: Event, payload: Any) -> bool:
        """Whether an event of the exchange is this body's own matter, which is dealt with then."""

    def adjusted(self, head: ResponseHead, response: HTTPURLResponse) -> ResponseHead | None:
        """The final head as the load is to see it; None where it was this body's own matter."""

    def resume_data(self) -> bytes | None:
        """What the body can be gone on with by another task."""

    def failed(self, error: URLError) -> None:
        """The load fails with `error`, which may carry what the body can be gone on with."""


MakeBody = Callable[[Transfer, Inbox, Callbacks, Context], Body]


class RequestBody:
    """The body that a request brings."""

    __slots__ = ("_callbacks", "_inbox", "_transfer")
    is_upload = False

    def __init__(self, transfer: Transfer, inbox: Inbox, callbacks: Callbacks, context: Context) -> None:
        self._transfer, self._inbox, self._callbacks = transfer, inbox, callbacks

    def submit(self, dispatch: Dispatch) -> None:
        transfer = self._transfer
        transfer.sent = 0
        dispatch(transfer.request, transfer.body)

    def take(self, request: URLRequest) -> None:
        stream = request.http_body_stream
        body = request.http_body if stream is None else preparation.announced(stream, request)
        self._transfer.body, self._transfer.total = body, body_length(body)

    def carry(self, following: URLRequest, keeps_body: bool) -> bool:
        """It is the request's own body, also where the delegate has changed it (I21)."""
        transfer = self._transfer
        stream = following.http_body_stream
        if stream is None or stream is not transfer.request.http_body_stream:
            self.take(following)
            return True
        transfer.body = again(transfer.body)
        return transfer.body is not None

    def send_again(self) -> None:
        send_again(self._transfer, self._inbox)

    def ask_stream(self) -> None:
        if not self._callbacks.call("task_need_new_body_stream", answered=self._stream_came):
            self._stream_came(None)

    def _stream_came(self, stream: BodyStream | None) -> None:
        stream_came(self._inbox, None if stream is None else preparation.announced(stream, self._transfer.request))

    def intercept(self, event: Event, payload: Any) -> bool:
        return False

    def adjusted(self, head: ResponseHead, response: HTTPURLResponse) -> ResponseHead | None:
        return head

    def resume_data(self) -> bytes | None:
        return None

    def failed(self, error: URLError) -> None: ...


def send_again(transfer: Transfer, inbox: Inbox) -> None:
    """`Body.send_again`: a stream that was read has to be supplied anew."""
    body = transfer.body
    lost = body is not None and again(body) is None
    inbox.meet(Event.NEEDS_STREAM if lost else Event.RETRY)


def stream_came(inbox: Inbox, body: BodyStream | None) -> None:
    """The delegate has answered the question for a stream; without a `body` the load fails."""
    if body is None:
        inbox.meet(Event.FAILED, inbox.owner.failure(Code.REQUEST_BODY_STREAM_EXHAUSTED))
    else:
        inbox.meet(Event.STREAM, body)
