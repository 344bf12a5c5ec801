"""The six delegate protocols: each method's name, parameters, answer, and the selector that it stands for.

They are the one place where a delegate method is written down: `SELECTORS` and `QUESTIONS`, the look-up and the checks of a
delegate, `help()` and the type checker all read it. Long because every method says here when it is called and what it answers.
"""
from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, TypeVarTuple

from ..errors import GenericException

if TYPE_CHECKING:
    from pathlib import Path

    from ..errors import URLError
    from ..models.body import BodySource, InputStream
    from ..models.cached_response import CachedURLResponse
    from ..models.credential import URLAuthenticationChallenge, URLCredential
    from ..models.enums import AuthChallengeDisposition, DelayedRequestDisposition, ResponseDisposition
    from ..models.metrics import URLSessionTaskMetrics
    from ..models.request import URLRequest
    from ..models.response import HTTPURLResponse
    from ..session import URLSession
    from ..tasks import URLSessionDataTask, URLSessionDownloadTask, URLSessionTask

    ChallengeAnswer = AuthChallengeDisposition | tuple[AuthChallengeDisposition, URLCredential | None]
    DelayedRequestAnswer = DelayedRequestDisposition | tuple[DelayedRequestDisposition, URLRequest | None]

Handler = TypeVar("Handler")
Answer = TypeVar("Answer")
Arguments = TypeVarTuple("Arguments")

PROTOTYPES: dict[str, Callable[..., Any]] = {}
"""The protocols' own functions, by name: what a class inherits that does not define the method."""

_selectors: dict[str, str] = {}
_questions: dict[str, int] = {}


def _declared(function: Callable[..., Any], selector: str) -> Any:
    PROTOTYPES[function.__name__] = function
    _selectors[function.__name__] = selector
    return function


def _tells(selector: str) -> Callable[
        [Callable[[Any, *Arguments], None]],
        Callable[[Any, *Arguments], None] | Callable[[Any, *Arguments], Coroutine[Any, Any, None]]]:
    """A method that is told something. To a type checker it is a function or a coroutine function."""
    return lambda function: _declared(function, selector)


def _asks(selector: str) -> Callable[
        [Callable[[Any, *Arguments, Handler], Answer]],
        Callable[[Any, *Arguments, Handler], None] | Callable[[Any, *Arguments], Answer]
        | Callable[[Any, *Arguments], Coroutine[Any, Any, Answer]]]:
    """A question, written with its completion handler and with what it answers.

    To a type checker it is a function that takes the handler, or a function or a coroutine function that returns the answer.
    """
    def declare(function: Callable[..., Any]) -> Any:
        _questions[function.__name__] = function.__code__.co_argcount - 2      # without self and the handler
        return _declared(function, selector)
    return declare


def _absent() -> GenericException:
    """What calling a protocol's own question raises: not to have it is an answer, and no value stands for that.

    No NotImplementedError, by which type checkers would know a method that has to be defined.
    """
    return GenericException("a delegate's protocol answers nothing: where a question has no answer of yours, do not define its method")


class AnswersChallenge(Protocol):
    """The completion handler of a challenge; without a credential it is None."""

    def __call__(self, disposition: AuthChallengeDisposition, credential: URLCredential | None = None, /) -> None: ...


class AnswersDelayedRequest(Protocol):
    """The completion handler of a delayed request; without a new request it is None."""

    def __call__(self, disposition: DelayedRequestDisposition, new_request: URLRequest | None = None, /) -> None: ...


class URLSessionDelegate(Protocol):
    """What a session tells its delegate about itself (Apple: URLSessionDelegate).

    Every method of a delegate is optional, and its absence means something. A class that inherits a protocol has its methods
    checked by a type checker, and responds to those alone that it defines; a class that inherits none responds to what it has.
    A method may be a coroutine function. A question may take its completion handler last, to be called once, from any thread;
    or go without and return the answer. Callbacks run on the session's delegate queue (I6).
    """

    @_tells("URLSession:didBecomeInvalidWithError:")
    def session_did_become_invalid(self, session: URLSession, error: URLError | None, /) -> None:
        """The last callback of a session, after that of its last task (I10). `error` is None. The delegate is let go after it (I9)."""
        return None

    @_asks("URLSession:didReceiveChallenge:completionHandler:")
    def session_did_receive_challenge(self, session: URLSession, challenge: URLAuthenticationChallenge,
                                      completion_handler: AnswersChallenge, /) -> ChallengeAnswer:
        """A new connection wants trust in its server, a client's certificate, or NTLM or Negotiate.

        The answer is a disposition, and for USE_CREDENTIAL a credential. Without the method `task_did_receive_challenge` is asked
        (docs/rules.md, Challenges).
        """
        raise _absent()

    @_tells("URLSessionDidFinishEventsForBackgroundURLSession:")
    def session_did_finish_events_for_background(self, session: URLSession, /) -> None:
        """All callbacks that waited for a background session to come back were made. Not called yet: docs/rules.md, Background sessions."""
        return None


class URLSessionTaskDelegate(URLSessionDelegate, Protocol):
    """What concerns every task (Apple: URLSessionTaskDelegate). A task's own delegate is asked first, method by method (I23)."""

    @_tells("URLSession:didCreateTask:")
    def session_did_create_task(self, session: URLSession, task: URLSessionTask, /) -> None:
        """`task` was made. Called on the thread that makes it, before it is returned (I6), and for the session's delegate only."""
        return None

    @_asks("URLSession:task:willBeginDelayedRequest:completionHandler:")
    def task_will_begin_delayed_request(self, session: URLSession, task: URLSessionTask, request: URLRequest,
                                        completion_handler: AnswersDelayedRequest, /) -> DelayedRequestAnswer:
        """The task's `earliest_begin_date` has come.

        The answer is a disposition, and for USE_NEW_REQUEST the request. Without the method the task goes on with `request`.
        """
        raise _absent()

    @_tells("URLSession:taskIsWaitingForConnectivity:")
    def task_is_waiting_for_connectivity(self, session: URLSession, task: URLSessionTask, /) -> None:
        """There is no network that the task may use, and its session waits for one. At most once for a task."""
        return None

    @_asks("URLSession:task:willPerformHTTPRedirection:newRequest:completionHandler:")
    def task_will_perform_http_redirection(self, session: URLSession, task: URLSessionTask, response: HTTPURLResponse, new_request: URLRequest,
                                           completion_handler: Callable[[URLRequest | None], None], /) -> URLRequest | None:
        """`response` leads elsewhere. The answer is the request to go on with, `new_request` or another, or None: the 3xx, with its
        body, is the response. Without the method the redirect is followed (I21)."""
        raise _absent()

    @_asks("URLSession:task:didReceiveChallenge:completionHandler:")
    def task_did_receive_challenge(self, session: URLSession, task: URLSessionTask, challenge: URLAuthenticationChallenge,
                                   completion_handler: AnswersChallenge, /) -> ChallengeAnswer:
        """A server or a proxy wants a password; or a connection wants something, and no `session_did_receive_challenge` is there.

        The answer is a disposition, and for USE_CREDENTIAL a credential. Without the method default handling answers
        (docs/rules.md, Challenges).
        """
        raise _absent()

    @_asks("URLSession:task:needNewBodyStream:")
    def task_need_new_body_stream(self, session: URLSession, task: URLSessionTask,
                                  completion_handler: Callable[[BodySource | None], None], /) -> BodySource | None:
        """The body of an upload from a stream is wanted: at first, and where it has to be sent once more.

        The answer is bytes, a binary file, an iterable of bytes or an `InputStream`. None, and no method, is -1021.
        """
        raise _absent()

    @_asks("URLSession:task:needNewBodyStreamFromOffset:completionHandler:")
    def task_need_new_body_stream_from_offset(self, session: URLSession, task: URLSessionTask, offset: int,
                                              completion_handler: Callable[[BodySource | None], None], /) -> BodySource | None:
        """An upload from a stream goes on after `offset` bytes that the server has (docs/rules.md, Resumable uploads).

        The answer is the rest of the body, as for `task_need_new_body_stream`. None, and no method, is -1021.
        """
        raise _absent()

    @_tells("URLSession:task:didSendBodyData:totalBytesSent:totalBytesExpectedToSend:")
    def task_did_send_body_data(self, session: URLSession, task: URLSessionTask, bytes_sent: int, total_bytes_sent: int,
                                total_bytes_expected_to_send: int, /) -> None:
        """`bytes_sent` bytes more of the request's body were sent; -1 bytes are expected where a stream announces no length.

        The total begins anew where the body is sent once more.
        """
        return None

    @_tells("URLSession:task:didReceiveInformationalResponse:")
    def task_did_receive_informational_response(self, session: URLSession, task: URLSessionTask, response: HTTPURLResponse, /) -> None:
        """A response of status 1xx other than 101 came before the final one (RFC 9110, section 15.2)."""
        return None

    @_tells("URLSession:task:didFinishCollectingMetrics:")
    def task_did_finish_collecting_metrics(self, session: URLSession, task: URLSessionTask, metrics: URLSessionTaskMetrics, /) -> None:
        """What the task did and when: once, before its end is told, also of tasks that failed or have a handler (I14)."""
        return None

    @_tells("URLSession:task:didCompleteWithError:")
    def task_did_complete(self, session: URLSession, task: URLSessionTask, error: URLError | None, /) -> None:
        """The task's last callback; `error` is None where it succeeded, whatever its status (I13). Not for tasks with a handler (I4)."""
        return None


class URLSessionDataDelegate(URLSessionTaskDelegate, Protocol):
    """What concerns data and upload tasks without a handler (Apple: URLSessionDataDelegate)."""

    @_asks("URLSession:dataTask:didReceiveResponse:completionHandler:")
    def data_task_did_receive_response(self, session: URLSession, task: URLSessionDataTask, response: HTTPURLResponse,
                                       completion_handler: Callable[[ResponseDisposition], None], /) -> ResponseDisposition:
        """The response is there, and its body waits for the answer (I15). Without the method it is allowed, and by one that only looks and
        returns None.

        A `file:` or `data:` URL, and a `URLProtocol` class, may bring a plain `URLResponse`.
        """
        raise _absent()

    @_tells("URLSession:dataTask:didBecomeDownloadTask:")
    def data_task_did_become_download_task(self, session: URLSession, task: URLSessionDataTask, download_task: URLSessionDownloadTask, /) -> None:
        """`task` goes on as `download_task`, by the answer BECOME_DOWNLOAD to its response; nothing more is told of `task`."""
        return None

    @_tells("URLSession:dataTask:didBecomeStreamTask:")
    def data_task_did_become_stream_task(self, session: URLSession, task: URLSessionDataTask, stream_task: URLSessionTask, /) -> None:
        """`task` goes on as a stream task. Not called yet: there are no stream tasks."""
        return None

    @_tells("URLSession:dataTask:didReceiveData:")
    def data_task_did_receive_data(self, session: URLSession, task: URLSessionDataTask, data: bytes, /) -> None:
        """`data`, never empty, are the next bytes of the body, their content coding undone."""
        return None

    @_asks("URLSession:dataTask:willCacheResponse:completionHandler:")
    def data_task_will_cache_response(self, session: URLSession, task: URLSessionDataTask, proposed: CachedURLResponse,
                                      completion_handler: Callable[[CachedURLResponse | None], None], /) -> CachedURLResponse | None:
        """The response may be kept. The answer is what to keep, `proposed` or another, or None. Without the method it is kept
        (docs/rules.md, Caching)."""
        raise _absent()


class URLSessionDownloadDelegate(URLSessionTaskDelegate, Protocol):
    """What concerns download tasks without a handler (Apple: URLSessionDownloadDelegate)."""

    @_tells("URLSession:downloadTask:didFinishDownloadingToURL:")
    def download_task_did_finish_downloading(self, session: URLSession, task: URLSessionDownloadTask, location: Path, /) -> None:
        """The file is whole, and removed when this returns, or its coroutine ends: move it or read it here (I18)."""
        return None

    @_tells("URLSession:downloadTask:didWriteData:totalBytesWritten:totalBytesExpectedToWrite:")
    def download_task_did_write_data(self, session: URLSession, task: URLSessionDownloadTask, bytes_written: int, total_bytes_written: int,
                                     total_bytes_expected_to_write: int, /) -> None:
        """`bytes_written` bytes more are in the file; -1 bytes are expected where the server announces no length."""
        return None

    @_tells("URLSession:downloadTask:didResumeAtOffset:expectedTotalBytes:")
    def download_task_did_resume_at_offset(self, session: URLSession, task: URLSessionDownloadTask, file_offset: int,
                                           expected_total_bytes: int, /) -> None:
        """The server sends the rest, from byte `file_offset` on, of a download that is gone on with (I19)."""
        return None


class URLSessionStreamDelegate(URLSessionTaskDelegate, Protocol):
    """What concerns stream tasks (Apple: URLSessionStreamDelegate). Not called yet: there are no stream tasks."""

    @_tells("URLSession:readClosedForStreamTask:")
    def stream_task_read_closed(self, session: URLSession, task: URLSessionTask, /) -> None:
        """The reading side is closed; bytes that came before may still be read."""
        return None

    @_tells("URLSession:writeClosedForStreamTask:")
    def stream_task_write_closed(self, session: URLSession, task: URLSessionTask, /) -> None:
        """The writing side is closed; further writes fail."""
        return None

    @_tells("URLSession:betterRouteDiscoveredForStreamTask:")
    def stream_task_better_route_discovered(self, session: URLSession, task: URLSessionTask, /) -> None:
        """There is a better network for the connection: a hint."""
        return None

    @_tells("URLSession:streamTask:didBecomeInputStream:outputStream:")
    def stream_task_did_become_streams(self, session: URLSession, task: URLSessionTask, input_stream: InputStream, output_stream: object, /) -> None:
        """The task's streams were captured; nothing more is told of it."""
        return None


class URLSessionWebSocketDelegate(URLSessionTaskDelegate, Protocol):
    """What concerns WebSocket tasks (Apple: URLSessionWebSocketDelegate). Not called yet: there are no WebSocket tasks."""

    @_tells("URLSession:webSocketTask:didOpenWithProtocol:")
    def web_socket_task_did_open(self, session: URLSession, task: URLSessionTask, protocol: str | None, /) -> None:
        """The handshake succeeded; `protocol` is the subprotocol that the server chose, or None (RFC 6455, section 4.1)."""
        return None

    @_tells("URLSession:webSocketTask:didCloseWithCode:reason:")
    def web_socket_task_did_close(self, session: URLSession, task: URLSessionTask, close_code: int, reason: bytes | None, /) -> None:
        """The peer closed the conversation with a code and, perhaps, a reason (RFC 6455, section 5.5.1)."""
        return None


SELECTORS: Mapping[str, str] = MappingProxyType(_selectors)
"""The name of every delegate method, and the selector that it stands for: what a port from Objective-C or Swift calls what."""

QUESTIONS: Mapping[str, int] = MappingProxyType(_questions)
"""The questions, and how many arguments each takes without its completion handler."""
