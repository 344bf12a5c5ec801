"""URLProtocol: a user's own source of answers, consulted before the route (docs/rules.md, URLProtocol)."""
from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from types import UnionType
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from .. import shown
from ..engine import work
from ..errors import Code, GenericException, InvalidArgumentException, URLError, url_error
from ..models.body import as_body_stream
from ..models.cached_response import CachedURLResponse, CacheStoragePolicy
from ..models.credential import URLAuthenticationChallenge, URLCredential
from ..models.enums import AuthChallengeDisposition
from ..models.message import BodyStream, GivenResponse, Request, ResponseHead
from ..models.request import URLRequest
from ..models.response import HTTPURLResponse, URLResponse
from ..models.settings import instance, reject
from ..user_code import user_code
from .base import Exchange, Host, Sink, Unmeasured
from .offload import Deferred

if TYPE_CHECKING:
    from ..tasks import URLSessionTask

_REQUEST = instance(URLRequest)

Answered = Callable[[AuthChallengeDisposition, URLCredential | None], Any]


class Occasion(Protocol):
    """What a load lends to the protocol class that takes its request. Every method may be called on any thread."""

    def cached(self, request: URLRequest) -> CachedURLResponse | None:
        """What is stored for `request`, the canonical form of the load's; what the class lets be kept is kept for it."""

    def ask(self, challenge: URLAuthenticationChallenge, answered: Answered) -> None:
        """Put `challenge` to the delegate."""

    def withdraw(self, challenge: URLAuthenticationChallenge) -> None:
        """Go on without an answer to `challenge`."""

    def pass_by(self) -> None:
        """No class takes the request."""


class URLProtocol:
    """Answers requests in code. Derive from it, and name the class in `configuration.protocol_classes`.

    The first class that says True to `can_init_with_task` or `can_init_with_request` gets the request, before the cache is
    looked into; classes do not see WebSocket, stream and background tasks. All its methods run on pooled threads;
    `start_loading` reports to `client`, then or later and from any thread. `task`, `request` and `cached_response` are
    what it was made with: the request in its canonical form, with every header field that it goes out with, its body
    always as a stream (`request.read_body()` reads it), and the response that is stored for it, however old.
    """

    _registered: ClassVar[list[type[URLProtocol]]] = []

    def __init__(self, task: URLSessionTask, request: URLRequest, cached_response: CachedURLResponse | None, client: URLProtocolClient) -> None:
        self.task = task
        self.request = request
        self.cached_response = cached_response
        self.client = client

    def __repr__(self) -> str:
        return f"<{type(self).__name__} for {self.task!r}>"

    @classmethod
    def can_init_with_task(cls, task: URLSessionTask) -> bool:
        """Whether this class loads the current request of `task`; unless overridden, what `can_init_with_request` says."""
        request = task.current_request
        return request is not None and cls.can_init_with_request(request)

    @classmethod
    def can_init_with_request(cls, request: URLRequest) -> bool:
        """Whether this class loads `request`; to be overridden."""
        raise NotImplementedError(f"{cls.__name__} overrides neither can_init_with_task nor can_init_with_request")

    @classmethod
    def canonical_request(cls, request: URLRequest) -> URLRequest:
        """The form of `request` that is loaded and that a cache finds it by; the same one by default."""
        return request

    @classmethod
    def request_is_cache_equivalent(cls, one: URLRequest, other: URLRequest) -> bool:
        """Whether a cached response for one request serves the other: whether their canonical forms are equal."""
        return cls.canonical_request(one) == cls.canonical_request(other)

    def start_loading(self) -> None:
        """Begin; to be overridden."""
        raise NotImplementedError(f"{type(self).__name__} does not override start_loading")

    def stop_loading(self) -> None:
        """The load is over, cancelled or not: release what is held. Does nothing by default."""

    @staticmethod
    def register_class(protocol: type[URLProtocol]) -> bool:
        """Consult `protocol`, before those registered earlier, for the shared session. False for a class that is no URLProtocol."""
        if not isinstance(protocol, type):
            reject("URLProtocol.register_class", protocol, "a subclass of URLProtocol, not an object of one")
        if not issubclass(protocol, URLProtocol):
            return False
        URLProtocol._registered.insert(0, protocol)
        return True

    @staticmethod
    def unregister_class(protocol: type[URLProtocol]) -> None:
        """End `register_class`; nothing where it is not registered."""
        if protocol in URLProtocol._registered:
            URLProtocol._registered.remove(protocol)

    @staticmethod
    def property(key: str, request: URLRequest) -> Any:
        """The tag `key` of `request`, or None: how a protocol knows a request that it sent itself."""
        return _REQUEST.of("URLProtocol.property(request)", request).tags.get(key)

    @staticmethod
    def set_property(value: Any, key: str, request: URLRequest) -> None:
        """Tag `request`; its copies carry the tag too."""
        request.tags = {**_REQUEST.of("URLProtocol.set_property(request)", request).tags, key: value}

    @staticmethod
    def remove_property(key: str, request: URLRequest) -> None:
        """Take the tag away."""
        tags = _REQUEST.of("URLProtocol.remove_property(request)", request).tags
        request.tags = {name: value for name, value in tags.items() if name != key}


class URLProtocolClient:
    """What a URLProtocol tells the loading system: the response, its data in order, and the end; nothing after the end."""

    def __init__(self, sink: Sink, request: URLRequest, shown: URLRequest, occasion: Occasion) -> None:
        self._sink = sink
        self._url = request.url or ""
        self._request, self._shown = request, shown        # as the task has it, and as the class sees it
        self._occasion = occasion
        self._lock = threading.Lock()
        self._responded = self._over = False
        self.on_end: Callable[[], None] | None = None      # the loading system's own: it stops the protocol

    def __repr__(self) -> str:
        state = "over" if self._over else "responded" if self._responded else "waiting for a response"
        return f"<URLProtocolClient of {self._shown!r}: {state}>"

    def was_redirected(self, request: URLRequest, response: HTTPURLResponse) -> None:
        """The answer is a redirect to `request`, as it stands; the delegate is asked, and a new load begins."""
        _expect(URLRequest, request, "was_redirected")
        _expect(HTTPURLResponse, response, "was_redirected")
        following = request.copy()
        stream = following.http_body_stream
        if stream is not None and stream is self._shown.http_body_stream:     # which was perhaps read: the body as the task has it
            if self._request.http_body is None:
                following.http_body_stream = self._request.http_body_stream
            else:
                following.http_body = self._request.http_body
        self._respond(ResponseHead(0, [], given=GivenResponse(response, redirect=following)))
        self.did_finish_loading()

    def cached_response_is_valid(self, cached_response: CachedURLResponse) -> None:
        """The cached response is the answer, whole."""
        _expect(CachedURLResponse, cached_response, "cached_response_is_valid")
        self._respond(ResponseHead(0, [], given=GivenResponse(cached_response.response, is_cached=True)))
        for piece in cached_response.chunks():
            self.did_load(piece)
        self.did_finish_loading()

    def did_receive_response(self, response: URLResponse, cache_storage_policy: CacheStoragePolicy = CacheStoragePolicy.NOT_ALLOWED) -> None:
        """The response, before any data. Where the policy allows it, it is kept with its data, as far as the delegate agrees."""
        _expect(URLResponse, response, "did_receive_response")
        self._respond(ResponseHead(0, [], given=GivenResponse(response, storage=CacheStoragePolicy(cache_storage_policy))))

    def did_receive_challenge(self, challenge: URLAuthenticationChallenge, completion_handler: Answered) -> None:
        """Before the response: put `challenge` to the delegate. `completion_handler(disposition, credential)` gets its answer,
        default handling where there is no delegate to ask; a cancelled challenge ends the load with -999 instead."""
        _expect(URLAuthenticationChallenge, challenge, "did_receive_challenge")
        if self._responded:
            raise GenericException("did_receive_challenge after did_receive_response: a challenge comes first")
        def answered(disposition: AuthChallengeDisposition, credential: URLCredential | None) -> None:
            try:
                with user_code("the completion_handler of did_receive_challenge"):
                    completion_handler(disposition, credential)
            except BaseException as error:
                self.crashed(error)

        if not self._over:
            self._occasion.ask(challenge, answered)

    def did_cancel_challenge(self, challenge: URLAuthenticationChallenge) -> None:
        """No answer to `challenge` is wanted any more."""
        self._occasion.withdraw(challenge)

    def did_load(self, data: bytes) -> None:
        """The next piece of data. GenericException before the response."""
        _expect(bytes | bytearray | memoryview, data, "did_load")
        if not self._responded:
            raise GenericException("did_load before did_receive_response: the response comes first")
        if data and not self._over:
            self._sink.data(bytes(data))

    def did_finish_loading(self) -> None:
        """All data was loaded."""
        if not self._responded:
            raise GenericException("did_finish_loading before did_receive_response: the response comes first")
        if self.end():
            self._sink.end([])

    def did_fail(self, error: BaseException) -> None:
        """The load failed; what is no URLError becomes -1 over it."""
        _expect(BaseException, error, "did_fail")
        self._fail(error if isinstance(error, URLError) else url_error(Code.UNKNOWN, self._url, error))

    def crashed(self, error: BaseException) -> None:
        """The loading system's own: the protocol has raised `error`, which is reported where the load has ended already."""
        if not self._fail(url_error(Code.UNKNOWN, self._url, error)):
            work.report("a URLProtocol whose load has ended")

    def _fail(self, error: URLError) -> bool:
        failed = self.end()
        if failed:
            self._sink.fail(error)
        return failed

    def _respond(self, head: ResponseHead) -> None:
        with self._lock:
            if self._responded:
                raise GenericException("a URLProtocol responds once")
            self._responded = True
        if not self._over:
            self._sink.head(head)

    def end(self) -> bool:
        """Nothing more is taken, and the protocol is stopped; False where that was so already."""
        with self._lock:
            ended, self._over = self._over, True
        if not ended and self.on_end is not None:
            self.on_end()
        return not ended


def _expect(kind: type | UnionType, value: object, method: str) -> None:
    if not isinstance(value, kind):
        takes = kind.__name__ if isinstance(kind, type) else kind
        raise InvalidArgumentException(f"{method} of a URLProtocol's client was given {shown.value(value)}; it takes {takes}")


def checked(classes: Sequence[Any]) -> Sequence[type[URLProtocol]]:
    """`classes`, each a URLProtocol class. Raises InvalidArgumentException for anything else."""
    for each in classes:
        if not (isinstance(each, type) and issubclass(each, URLProtocol)):
            raise InvalidArgumentException(f"configuration.protocol_classes: {each!r} is no subclass of URLProtocol")
    return classes


def consult(classes: Sequence[type[URLProtocol]], task: Any, request: URLRequest, message: Request, sink: Sink, occasion: Occasion,
            host: Host) -> Exchange:
    """Ask the classes for one that loads `request`, which goes out as `message`; where none does, `occasion` is passed by."""
    exchange = Deferred()
    host.work(_begin, classes, task, request, message, sink, occasion, host, exchange)
    return exchange


def _begin(classes: Sequence[type[URLProtocol]], task: Any, request: URLRequest, message: Request, sink: Sink, occasion: Occasion,
           host: Host, exchange: Deferred) -> None:
    """On a pooled thread: users' code runs on no stack but its own."""
    asked = request.copy()
    for name, value in message.headers:
        asked.set_value(value, name)
    asked.http_body_stream = None if message.body is None else as_body_stream(message.body)
    client = URLProtocolClient(sink, request, asked, occasion)
    try:
        chosen = next((each for each in classes if _takes(each, task, asked)), None)
        if chosen is not None:
            canonical = _canonical(chosen, asked)
            cached = occasion.cached(canonical)
            with user_code(f"{chosen.__name__}()"):
                protocol = chosen(task, canonical, cached, client)
            client.on_end = partial(host.work, _stop, protocol, message.body)
            exchange.settle(_Stopping(client))
            if not exchange.cancelled:
                with user_code(f"{chosen.__name__}.start_loading"):
                    start: Callable[[], object] = protocol.start_loading
                    work.at_once(start())
            return
    except BaseException as error:
        client.crashed(error)
        if client.on_end is None:       # there is nothing to be stopped
            _close(message.body)
        return
    occasion.pass_by()


def _stop(protocol: URLProtocol, body: bytes | BodyStream | None) -> None:
    """The load is over, and nobody reads its body any more."""
    work.attempt(protocol.stop_loading, f"{type(protocol).__name__}.stop_loading")
    _close(body)


def _close(body: bytes | BodyStream | None) -> None:
    if body is not None and not isinstance(body, bytes):
        work.attempt(body.close, "the body stream")


def _takes(kind: type[URLProtocol], task: Any, request: URLRequest) -> bool:
    """The form for tasks is preferred where a class has one."""
    if kind.can_init_with_task.__func__ is not URLProtocol.can_init_with_task.__func__:  # type: ignore[attr-defined]    # bound
        with user_code(f"{kind.__name__}.can_init_with_task"):
            return bool(work.at_once(kind.can_init_with_task(task)))
    with user_code(f"{kind.__name__}.can_init_with_request"):
        return bool(work.at_once(kind.can_init_with_request(request)))


def _canonical(kind: type[URLProtocol], request: URLRequest) -> URLRequest:
    with user_code(f"{kind.__name__}.canonical_request"):
        canonical = kind.canonical_request(request)
        if not isinstance(canonical, URLRequest):
            raise InvalidArgumentException(f"the canonical form was {shown.value(canonical)}; it takes a URLRequest")
        return canonical


class _Stopping(Unmeasured):
    """The exchange of a protocol: cancelling it stops the protocol; it cannot be held back."""

    def __init__(self, client: URLProtocolClient) -> None:
        self._client = client

    def pause(self) -> None: ...

    resume = pause

    def cancel(self) -> None:
        self._client.end()
