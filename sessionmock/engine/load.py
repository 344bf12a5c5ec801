"""One load: performs the transitions of the core's table for a task.

A load takes its events one at a time, on whichever thread brings them: who finds the door open goes in, others leave
their event in the inbox for whoever is inside. Callbacks never run in there; they are posted to the delegate queue,
and while one is out the exchange's events wait. So a ready answer needs no engine at all, and a slow delegate holds
back the socket that feeds it.
"""
from __future__ import annotations

import inspect
import threading
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from .. import trace
from ..clock import Timer, nanoseconds
from ..core import preparation
from ..core.authentication import AuthenticationFlow, Next
from ..core.caching import Verdict
from ..core.decoding import Decoder, DecodingError, decoder
from ..core.machine import ASKING, TRANSITIONS, Effect, Event, Phase, public_state
from ..core.redirects import REDIRECT_LIMIT, redirected_request
from ..errors import Code, GenericException, URLError, url_error
from ..models.body import FileStream, as_body_stream
from ..models.cached_response import CachedURLResponse
from ..models.credential import NSURLAuthenticationMethodNegotiate, NSURLAuthenticationMethodNTLM, URLCredential
from ..models.enums import AuthChallengeDisposition, ResponseDisposition, TaskState
from ..models.message import BodyStream, Headers, Request, ResponseHead, first, header
from ..models.metrics import ResourceFetchType, URLSessionTaskMetrics
from ..models.request import URLRequest
from ..models.response import HTTPURLResponse, URLResponse
from ..routes.base import Exchange, Route
from . import work
from .caching import CacheVisit
from .dispatch import Method
from .loop import Latch
from .measuring import Hop, metrics

if TYPE_CHECKING:
    from .context import Context

HELD = 128 * 1024        # bytes of a body that wait for the delegate before reading stops; one more read may be on its way
DROPPED = 64 * 1024      # a response nobody wants is read to its end up to here, so that its connection can be kept

CONNECTION_LEVEL = frozenset({NSURLAuthenticationMethodNTLM, NSURLAuthenticationMethodNegotiate})    # the session is asked first

_count = threading.Lock()    # guards every load's suspend count: held for two statements at most


Message = tuple[str, Callable[..., Any], tuple[Any, ...]]    # a terminal message: its name, what to call, with what


class Consumer(Protocol):
    """Who takes the response of a load."""

    caches: bool    # whether the cache is looked into and filled
    asks: bool      # whether the delegate is asked what to do with the response

    def begin(self, load: Load, response: URLResponse) -> None:
        """The response is the final one."""

    def data(self, load: Load, data: bytes) -> None:
        """A piece of the decoded body."""

    def end(self, load: Load) -> None:
        """The body is complete. Calls `load.stored()` when nothing is left to be asked."""

    def finished(self, load: Load, error: URLError | None) -> Message | None:
        """The load has its outcome: the terminal message to make on the delegate queue, or None where nobody takes one."""


class Inflow:
    """The sink of one exchange (routes.base.Sink)."""

    __slots__ = ("arrived", "consumed", "ended", "exchange", "hop", "load", "paused", "started", "status", "wanted")

    def __init__(self, load: Load) -> None:
        self.load = load
        self.exchange: Exchange | None = None
        self.wanted = True
        self.ended = False
        self.paused = False
        self.arrived = 0       # written where the route calls
        self.consumed = 0      # written inside the load's door
        self.status: int | None = None
        self.started = load.context.engine.clock.now()
        self.hop = Hop(load.request, self.started, ResourceFetchType.NETWORK_LOAD)
        load.hops.append(self.hop)

    def sent(self, count: int) -> None:
        if self.wanted:
            self.load.bring(self, Event.SENT, count)

    def informational(self, head: ResponseHead) -> None:
        if self.wanted:
            self.load.bring(self, Event.INFORMED, head)

    def head(self, head: ResponseHead) -> None:
        self.status = head.status
        self.hop.head = head
        if self.wanted:
            self.load.bring(self, Event.RESPONSE, head)

    def data(self, data: bytes) -> None:
        self.arrived += len(data)
        if not self.wanted:
            if self.arrived - self.consumed > DROPPED and self.exchange is not None:
                self.exchange.cancel()
            return
        load = self.load
        if self.arrived - self.consumed > HELD and not self.paused:
            load.nudge()
        load.bring(self, Event.DATA, data)

    def end(self, trailers: Headers) -> None:
        self._over("")
        if self.wanted:
            self.load.bring(self, Event.END, trailers)

    def fail(self, error: URLError) -> None:
        self._over(str(error))
        if self.wanted:
            self.load.bring(self, Event.FAILED, error)

    def _over(self, error: str) -> None:
        self.ended = True
        hop = self.hop
        hop.received = self.arrived
        if not error:
            hop.ended = self.load.context.engine.clock.now()
        if trace.current is not None:
            load = self.load
            elapsed = load.context.engine.clock.now() - self.started
            trace.current.exchanges.append(trace.ExchangeRecord(
                load.request.http_method, load.request.url or "", self.status, load.source, elapsed / 1e6, error))


class Load:
    """The life of one task, from its first resume to its terminal message."""

    __slots__ = (
        "_ask", "_authentication", "_body", "_busy", "_cancelled", "_control", "_counted_eager", "_created", "_decoder", "_door", "_enlisted", "_flow", "_incoming", "_last", "_message", "_methods",
        "_pieces", "_redirects", "_started", "_still", "_streamed", "_suspensions", "_taken", "_timer", "_visit", "consumer", "context", "eager", "error", "is_upload",
        "hops", "latch", "original_request", "phase", "received", "request", "response", "route", "sent", "source", "task", "total_to_send",
    )

    def __init__(self, context: Context, task: Any, request: URLRequest, consumer: Consumer, *,
                 body: bytes | BodyStream | None = None, is_upload: bool = False, streamed: bool = False, eager: bool = True,
                 route: Route | None = None) -> None:
        self.context = context
        self.task = task
        self.original_request = self.request = request
        self.consumer = consumer
        self.is_upload = is_upload
        self.eager = eager                    # False: whoever made it is about to wait for it
        self.route = route                    # None: live
        self.source = ""
        self.phase = Phase.CREATED
        self.response: URLResponse | None = None
        self.error: URLError | None = None
        self.latch = Latch()                  # set after the terminal message
        self.sent = self.received = 0
        self._body = body
        self._streamed = streamed             # the delegate supplies the body
        self.total_to_send = -1 if streamed else 0 if body is None else len(body) if isinstance(body, bytes) else body.length
        self._methods: dict[str, Method] | None = None       # of the task's own delegate
        self._suspensions = 1
        self._cancelled = False
        self._door = threading.Lock()
        self._control: deque[Callable[[], None]] = deque()
        self._incoming: deque[tuple[Inflow, Event, Any]] = deque()
        self._taken = 0                       # bytes handed out last, in use until the load goes on
        self._pieces: Iterator[bytes] | None = None
        self._busy: object | None = None      # the callback that is out
        self._ask: Any = None                 # what the question that is out is about
        self._flow: Inflow | None = None
        self._decoder: Decoder | None = None
        self._visit: CacheVisit | None = None
        self.hops: list[Hop] = []             # a request each, for the metrics
        self._created = context.engine.clock.now()
        self._redirects = 0
        self._authentication: AuthenticationFlow | None = None
        self._message: Request
        self._enlisted = False
        self._counted_eager = False
        self._timer: Timer | None = None
        self._started: int | None = None
        self._last = 0                        # when something last moved
        self._still: int | None = None        # since when the idle timer stands still

    # what tasks say -------------------------------------------------------------------------------------------
    @property
    def state(self) -> TaskState:
        return public_state(self.phase, self._suspensions, self._cancelled)

    @property
    def never_resumed(self) -> bool:
        return self.phase is Phase.CREATED and not self._cancelled

    def resume(self) -> None:
        with _count:
            if self._suspensions:
                self._suspensions -= 1
            started = not self._suspensions
        if started:
            self._control.append(partial(self._meet, Event.RESUMED, None))
            self.pump()

    def suspend(self) -> None:
        with _count:
            self._suspensions += 1
        self.nudge()

    def cancel(self) -> None:
        self.fail(Event.CANCELLED, url_error(Code.CANCELLED, self.request.url))

    def fail(self, event: Event, error: URLError) -> None:
        """End the load with `error`, unless it has ended."""
        if event is Event.CANCELLED and self.phase < Phase.COMPLETING:
            self._cancelled = True
        self._control.append(partial(self._meet, event, error))
        self.pump()

    def instruct(self, call: Callable[[], None]) -> None:
        """Make `call` in a turn of this load."""
        self._control.append(call)
        self.pump()

    def set_delegate_methods(self, methods: dict[str, Method]) -> None:
        """The methods of the task's own delegate, asked before the session's (I23)."""
        self._methods = methods

    def hasten(self) -> None:
        """Nobody is about to wait for this load in a way that drives it."""
        if not self.eager:
            self.eager = True
            self.context.engine.post_eager(self._hastened)

    # events ---------------------------------------------------------------------------------------------------
    def bring(self, flow: Inflow, event: Event, payload: Any) -> None:
        """An event of the exchange `flow`."""
        self._last = self.context.engine.clock.now()
        self._incoming.append((flow, event, payload))
        self.pump()

    def nudge(self) -> None:
        """Look again: a count has changed."""
        self._control.append(_look)
        self.pump()

    def pump(self) -> None:
        """Take every event that can be taken now, unless another thread is at it: then it takes them."""
        while (self._control or ((self._incoming or self._pieces) and not self._gated())) and self._door.acquire(blocking=False):
            try:
                self._turn()
            except BaseException as error:
                self._control.append(partial(self._meet, Event.FAILED, url_error(Code.UNKNOWN, self.request.url, error)))
                self.context.engine.post_eager(self.pump)
                raise
            finally:
                self._door.release()

    def _gated(self) -> bool:
        return self._busy is not None or self._suspensions > 0

    def _turn(self) -> None:
        control, incoming = self._control, self._incoming
        while True:
            if control:
                control.popleft()()
            elif self._gated():
                break
            elif self._pieces is not None:
                self._next_piece()
            elif incoming:
                flow, event, payload = incoming.popleft()
                if flow is not self._flow:
                    continue                     # of an exchange that was given up
                flow.consumed += self._taken     # what was handed out is consumed now that the load goes on
                self._taken = 0
                if event is Event.RESPONSE:
                    self._classify(payload)
                elif event is Event.DATA:
                    self._decode(payload)
                elif event is Event.END and self._decoder is not None:
                    self._decode_rest(payload)
                else:
                    self._meet(event, payload)
            else:
                break
        self._adjust()

    def _meet(self, event: Event, payload: Any) -> None:
        to, effects, _ = TRANSITIONS[self.phase][event]
        if to is not None:
            self.phase = to
        for effect in effects:
            _PERFORM[effect](self, payload)

    def _adjust(self) -> None:
        """After a turn: reading, timers and the engine's count follow from where the load is now."""
        flow = self._flow
        still = self._suspensions > 0
        if still != (self._still is not None):
            now = self.context.engine.clock.now()
            if self._still is not None:
                self._last += now - self._still
            self._still = now if still else None
        if flow is not None and flow.exchange is not None and not flow.ended:
            pause = still or flow.arrived - flow.consumed > HELD
            if pause != flow.paused:
                flow.paused = pause
                (flow.exchange.pause if pause else flow.exchange.resume)()
        on_engine = self.phase in ASKING and self._busy is not None if flow is None or flow.ended else self.phase < Phase.COMPLETING
        if on_engine != self._enlisted:
            self._enlisted = on_engine
            engine = self.context.engine
            if engine.on_engine():
                self._follow_engine()
            elif self.eager or not on_engine:
                engine.post_eager(self._follow_engine)
            else:
                engine.post(self._follow_engine)

    # on the engine --------------------------------------------------------------------------------------------
    def _follow_engine(self) -> None:
        """Count with the engine and run a timer, or no longer."""
        engine = self.context.engine
        if self._enlisted and self._timer is None:
            self._counted_eager = self.eager
            engine.enlist(self._counted_eager)
            self._timer = engine.clock.call_at(self._deadline(), self._check_time)
        elif not self._enlisted and self._timer is not None:
            engine.delist(self._counted_eager)
            self._timer.cancel()
            self._timer = None

    def _hastened(self) -> None:
        if self._timer is not None and not self._counted_eager:
            self._counted_eager = True
            self.context.engine.hasten()

    def _deadline(self) -> int:
        assert self._started is not None
        return min(self._last + self._idle_limit(), self._started + self.context.resource_limit)

    def _idle_limit(self) -> int:
        explicit = self.request.explicit_timeout_interval
        return self.context.idle_limit if explicit is None else nanoseconds(explicit)

    def _check_time(self) -> None:
        """The timer ran: has nothing moved for too long (I16)? Suspended time and a delegate at work do not count."""
        if not self._enlisted:
            return
        clock = self.context.engine.clock
        now = clock.now()
        if self._still is not None or (self._busy is not None and self.phase not in ASKING):
            self._last, self._still = now, None if self._still is None else now
        if now >= self._deadline():
            self.fail(Event.TIMED_OUT, url_error(Code.TIMED_OUT, self.request.url))
        else:
            self._timer = clock.call_at(self._deadline(), self._check_time)

    # responses ------------------------------------------------------------------------------------------------
    def _classify(self, head: ResponseHead) -> None:
        """The final head of an exchange: a redirect, a challenge or the response."""
        url = self.request.url or ""
        flow = self._flow
        assert flow is not None
        local = head.extra.get("response")
        if local is not None:            # of a data: or file: URL: no HTTP
            self._meet(Event.RESPONSE, local)
            return
        response = HTTPURLResponse.from_head(url, head)
        self.hops[-1].response = response
        self.context.store_cookies(self.request, head.headers)
        self._decoder = decoder(header(head.headers, "content-encoding"))
        if head.status in (401, 407) and self._challenged(head, response):
            return
        if self._authentication is not None:
            self.context.keep_credentials(self._authentication.accepted(self._message, head))
        if 300 <= head.status < 400 and (following := redirected_request(self.request, head.status, first(head.headers, "location"))):
            self._ask = response
            if self._redirects >= REDIRECT_LIMIT:
                self._meet(Event.FAILED, url_error(Code.HTTP_TOO_MANY_REDIRECTS, following.url))
            else:
                self._meet(Event.REDIRECT, following)
            return
        if self._visit is not None:
            self._visit.cached = self._visit.answered(head)
            if self._visit.cached is not None:
                self._drop(None)
                flow = self._flow = Inflow(self)
                flow.hop.fetch_type = ResourceFetchType.LOCAL_CACHE
                self._serve(flow, self._visit)
                return
        self._meet(Event.RESPONSE, response)

    def _decode(self, data: bytes | Iterator[bytes]) -> None:
        if not isinstance(data, bytes):      # of the cache, decoded
            self._pieces = data
            return
        self._taken = len(data)
        self.received += len(data)
        if self._decoder is None:
            self._meet(Event.DATA, data)
        else:
            self._pieces = self._decoder.pieces(data)

    def _next_piece(self) -> None:
        assert self._pieces is not None
        try:
            piece = next(self._pieces, None)
        except (DecodingError, OSError) as error:
            self._pieces = None
            self._meet(Event.FAILED, url_error(Code.CANNOT_DECODE_RAW_DATA, self.request.url, error))
            return
        if piece is None:
            self._pieces = None
        elif piece:
            self._meet(Event.DATA, piece)

    def _decode_rest(self, trailers: Headers) -> None:
        """The end of an encoded body: what the decoder still holds comes first."""
        assert self._decoder is not None
        ending, self._decoder = self._decoder, None
        try:
            rest = ending.flush() if self.received else b""
        except DecodingError as error:
            self._meet(Event.FAILED, url_error(Code.CANNOT_DECODE_RAW_DATA, self.request.url, error))
            return
        assert self._flow is not None
        self._incoming.appendleft((self._flow, Event.END, trailers))
        if rest:
            self._pieces = iter((rest,))

    # callbacks ------------------------------------------------------------------------------------------------
    def method(self, name: str) -> Method | None:
        """The delegate method to call: the task's own delegate is asked first, method by method (I23)."""
        if self._methods is not None and (found := self._methods.get(name)) is not None:
            return found
        return self.context.methods.get(name)

    def call(self, name: str, *arguments: Any, answered: Callable[..., None] | None = None) -> bool:
        """Post the callback `name` about this task; the exchange's events wait for it. False: no delegate has it.

        `answered` takes what a question is answered with, in a turn of this load; what it raises ends the load.
        """
        method = self.method(name)
        return method is not None and self._post(method, (self.task, *arguments), answered)

    def _post(self, method: Method, arguments: tuple[Any, ...], answered: Callable[..., None] | None) -> bool:
        token = self._busy = object()
        self.context.queue.submit(partial(self._perform, method, arguments, token, answered), self.context.engine)
        return True

    def _perform(self, method: Method, arguments: tuple[Any, ...], token: object, answered: Callable[..., None] | None) -> Any:
        """On the delegate queue: call the method unless the task was ended meanwhile (a cancelled task delivers nothing)."""
        if self._busy is not token or self.phase >= Phase.COMPLETING or self._cancelled:
            self._answer(token, None, ())
            return None
        if trace.current is not None:
            trace.current.callbacks.append(trace.Callback(method.name, self.task, arguments))
        try:
            if method.takes_handler:
                method.call(self.context.session, *arguments, _Handler(self, method.name, token, answered))
                return None
            value = method.call(self.context.session, *arguments)
        except BaseException as error:
            self._crashed(method.name, token, error)
            return None
        if inspect.iscoroutine(value):
            return self._finish(value, method.name, token, answered)
        self._answer(token, answered, value if isinstance(value, tuple) else (value,))
        return None

    async def _finish(self, coroutine: Any, name: str, token: object, answered: Callable[..., None] | None) -> None:
        try:
            value = await coroutine
        except BaseException as error:
            self._crashed(name, token, error)
        else:
            self._answer(token, answered, value if isinstance(value, tuple) else (value,))

    def _crashed(self, name: str, token: object, error: BaseException) -> None:
        """A delegate's exception is reported, and ends its task."""
        work.report(f"the delegate's {name} of {self.task!r}")
        self._answer(token, None, ())
        self.fail(Event.FAILED, url_error(Code.UNKNOWN, self.request.url, error))

    def _answer(self, token: object, answered: Callable[..., None] | None, values: tuple[Any, ...]) -> None:
        """The callback `token` is over; on any thread."""
        self._control.append(partial(self._answered, token, answered, values))
        self.pump()

    def _answered(self, token: object, answered: Callable[..., None] | None, values: tuple[Any, ...]) -> None:
        if self._busy is not token:         # the load went on without it
            return
        self._busy = None
        self._last = self.context.engine.clock.now()
        if answered is not None:
            answered(*values)

    # effects --------------------------------------------------------------------------------------------------
    def _open(self, payload: Any) -> None:
        """Send the request: at first, to the next hop (`payload` is its request), or again (a new body stream, or None)."""
        context = self.context
        now = self._last = context.engine.clock.now()
        if self._started is None:
            self._started = now
        elif isinstance(payload, URLRequest):
            self._redirects += 1
            if payload.http_method != self.request.http_method:
                self._body = None
            self.request = payload
            self._body = again(self._body)
        else:
            self._body = again(self._body) if payload is None else payload
        if self._streamed and self._body is None:
            self._meet(Event.NEEDS_STREAM, None)
            return
        request, body = self.request, self._body
        refused = preparation.refusal(request, body, redirected=self._redirects > 0)
        if refused is not None:
            self._meet(Event.FAILED, refused)
            return
        self.sent = 0
        flow = self._flow = Inflow(self)
        message = preparation.completed(
            request, body, additional=context.additional, cookies=context.cookies_for(request), defaults=context.defaults(),
            is_upload=self.is_upload)
        self._authorize(message)
        self._message = message
        if self.consumer.caches and message.parts.scheme in preparation.HTTP and (visit := context.cache_visit(request)) is not None:
            self._visit = visit
            verdict = visit.look(message)
            if verdict is Verdict.USE:
                flow.hop.fetch_type = ResourceFetchType.LOCAL_CACHE
                self._serve(flow, visit)
                return
            if verdict is Verdict.FAIL:
                self._meet(Event.FAILED, url_error(Code.RESOURCE_UNAVAILABLE, request.url))
                return
        self.source, channel = context.channel(self.route, message.parts.scheme)
        flow.exchange = flow.hop.exchange = channel.open(message, flow)

    def _serve(self, flow: Inflow, visit: CacheVisit) -> None:
        """Answer from the cache."""
        cached, self._visit = visit.cached, None
        assert cached is not None
        self.source = "cache"
        flow.head(ResponseHead(0, [], extra={"response": cached.response}))
        self._incoming.append((flow, Event.DATA, cached.chunks(HELD)))
        flow.end([])

    def _ask_stream(self, payload: Any) -> None:
        """The body must come from the delegate; `payload` is the request to send it with, None for the present one."""
        if isinstance(payload, URLRequest):
            self._redirects += 1
            self.request = payload
        if not self.call("task_need_new_body_stream", answered=self._stream_came):
            self._stream_came(None)

    def _stream_came(self, stream: Any) -> None:
        if stream is None:
            self._meet(Event.FAILED, url_error(Code.REQUEST_BODY_STREAM_EXHAUSTED, self.request.url))
        else:
            self._meet(Event.STREAM, as_body_stream(stream))

    def _tell_sent(self, count: int) -> None:
        self.sent += count
        self.hops[-1].sent += count
        self.call("task_did_send_body_data", count, self.sent, self.total_to_send)

    def _tell_informed(self, head: ResponseHead) -> None:
        self.call("task_did_receive_informational_response", HTTPURLResponse.from_head(self.request.url or "", head))

    def _ask_redirect(self, following: URLRequest) -> None:
        if not self.call("task_will_perform_http_redirection", self._ask, following, answered=self._redirect_answered):
            self._redirect_answered(following)

    def _redirect_answered(self, following: URLRequest | None) -> None:
        if following is None:
            self._meet(Event.RESPONSE, self._ask)
        elif following.http_method == self.request.http_method and self._body is not None and again(self._body) is None:
            self._meet(Event.NEEDS_STREAM, following.copy())
        else:
            self._meet(Event.FOLLOW, following.copy())

    def _drop(self, payload: Any) -> None:
        """The rest of this response is not wanted; a short one is read to its end, which saves the connection."""
        flow, self._flow = self._flow, None
        self._pieces = self._decoder = None
        if flow is None:
            return
        flow.wanted = False
        if flow.exchange is not None and not flow.ended:
            if flow.arrived > DROPPED:
                flow.exchange.cancel()
            else:
                flow.exchange.resume()

    def _authorize(self, message: Request) -> None:
        """Add what answers the last challenge, or what a server took before below the same path."""
        if self._authentication is None:
            if self.context.accepted.empty:
                return
            self._authentication = AuthenticationFlow(self.context.accepted)
        for name, value in self._authentication.fields(message):
            message.headers = [pair for pair in message.headers if pair[0].lower() != name.lower()]
            message.headers.append((name, value))

    def _challenged(self, head: ResponseHead, response: HTTPURLResponse) -> bool:
        """Deal with a 401 or 407; False where it is the response."""
        if self._authentication is None:
            self._authentication = AuthenticationFlow(self.context.accepted)
        self._ask = response
        step = self._authentication.refused(self._message, head)
        if step is Next.SEND:
            self._send_again()
        elif step is Next.ASK:
            self._meet(Event.CHALLENGE, None)
        else:
            return False
        return True

    def _send_again(self) -> None:
        lost = self._body is not None and again(self._body) is None
        self._meet(Event.NEEDS_STREAM if lost else Event.RETRY, None)

    def _ask_challenge(self, payload: Any) -> None:
        flow = self._authentication
        assert flow is not None
        storage = self.context.configuration.url_credential_storage
        challenge = flow.challenge(None if storage is None else storage.default_credential(flow.space), self._ask)
        if flow.space.authentication_method in CONNECTION_LEVEL and (
                method := self.context.methods.get("session_did_receive_challenge")) is not None:
            self._post(method, (challenge,), self._challenge_answered)
            return
        if not self.call("task_did_receive_challenge", challenge, answered=self._challenge_answered):
            self._challenge_answered(AuthChallengeDisposition.PERFORM_DEFAULT_HANDLING)

    def _challenge_answered(self, disposition: AuthChallengeDisposition, credential: URLCredential | None = None) -> None:
        flow = self._authentication
        assert flow is not None
        step = flow.answer(AuthChallengeDisposition(disposition), credential)
        if step is Next.ASK:
            self._ask_challenge(None)
        elif step is Next.SEND:
            self._send_again()
        elif step is Next.CANCEL:
            self._cancelled = True
            self._meet(Event.CANCELLED, url_error(Code.CANCELLED, self.request.url))
        else:
            self._meet(Event.RESPONSE, self._ask)

    def _ask_response(self, response: URLResponse) -> None:
        self.response = response
        self.consumer.begin(self, response)
        if self.phase is not Phase.DECIDING:
            return
        if not (self.consumer.asks and self.call("data_task_did_receive_response", response, answered=self._disposed)):
            self._meet(Event.ALLOW, None)

    def _disposed(self, disposition: ResponseDisposition | None) -> None:
        if disposition is None or disposition == ResponseDisposition.ALLOW:
            self._meet(Event.ALLOW, None)
        elif disposition == ResponseDisposition.CANCEL:
            self._cancelled = True
            self._meet(Event.CANCELLED, url_error(Code.CANCELLED, self.request.url))
        else:
            self._meet(Event.BECOME, disposition)

    def _become(self, disposition: ResponseDisposition) -> None:
        """The task goes on as another: the old one hears of it and of nothing more."""
        assert self.response is not None
        task, self.consumer = self.context.session._become(self, disposition)
        self.consumer.begin(self, self.response)
        self.call("data_task_did_become_download_task", task)
        self.task = task

    def _consume(self, data: bytes) -> None:
        self.hops[-1].decoded += len(data)
        if self._visit is not None:
            self._visit.take(data)
        self.consumer.data(self, data)

    def _ask_store(self, payload: Any) -> None:
        self.consumer.end(self)

    def ask_to_store(self) -> None:
        """The body is complete: the delegate decides about caching it where that is its right. In a turn of this load."""
        response = self.response
        proposal = None if self._visit is None or response is None else self._visit.proposal(response)
        asked = proposal is not None and self.consumer.asks and isinstance(response, HTTPURLResponse) and 200 <= response.status_code < 300
        if not (asked and self.call("data_task_will_cache_response", proposal, answered=self.stored)):
            self.stored(proposal)

    def stored(self, proposal: CachedURLResponse | None = None) -> None:
        """Nothing is left to be asked about the complete body; `proposal` is kept. In a turn of this load."""
        self._meet(Event.STORED, proposal)

    def start_over(self, request: URLRequest) -> None:
        """Send `request` in place of the one whose answer is of no use. In a turn of this load."""
        self.request = request
        self._meet(Event.RETRY, None)

    def end_with(self, error: URLError) -> None:
        """Fail. In a turn of this load."""
        self._meet(Event.FAILED, error)

    def _store(self, proposal: CachedURLResponse | None) -> None:
        if proposal is not None and self._visit is not None:
            self._visit.keep(proposal)

    def _settle_response(self, payload: Any) -> None:
        self.response = self._ask

    def _abort(self, payload: Any) -> None:
        flow, self._flow = self._flow, None
        self._pieces = self._decoder = None
        if flow is not None:
            flow.wanted = False
            if flow.exchange is not None and not flow.ended:
                flow.exchange.cancel()

    def _fail(self, error: URLError) -> None:
        self._conclude(error)

    def _succeed(self, payload: Any) -> None:
        self._conclude(None)

    def _conclude(self, error: URLError | None) -> None:
        """The outcome is fixed: the terminal message follows what was posted before it."""
        self.error = error
        self._busy = self._flow = self._ask = None
        if error is not None and self._visit is not None:
            self._visit.give_up()
        self._incoming.clear()
        if self._body is not None and not isinstance(self._body, bytes):
            self._body.close()
        message = self.consumer.finished(self, error)
        if (method := self.method("task_did_finish_collecting_metrics")) is not None:
            collected = metrics(self.hops, self._created, self._redirects, self.context.engine.clock)
            self.context.queue.submit(partial(self._tell_metrics, method, collected), self.context.engine)
        if message is None:
            self._ended()
        else:
            self.context.queue.submit(partial(self._deliver, message), self.context.engine)

    def _tell_metrics(self, method: Method, collected: URLSessionTaskMetrics) -> Any:
        """On the delegate queue, before the terminal message."""
        if trace.current is not None:
            trace.current.callbacks.append(trace.Callback(method.name, self.task, (collected,)))
        try:
            return method.call(self.context.session, self.task, collected)
        except BaseException:
            work.report(f"the delegate's {method.name} of {self.task!r}")

    def _deliver(self, message: Message) -> Any:
        """On the delegate queue: the terminal message, once."""
        name, call, arguments = message
        self.phase = Phase.COMPLETED
        if trace.current is not None:
            trace.current.callbacks.append(trace.Callback(name, self.task, arguments))
        try:
            value = call(*arguments)
        except BaseException:
            work.report(f"the {name} of {self.task!r}")
        else:
            if inspect.iscoroutine(value):
                return self._deliver_rest(name, value)
        self._ended()
        return None

    async def _deliver_rest(self, name: str, coroutine: Any) -> None:
        try:
            await coroutine
        except BaseException:
            work.report(f"the {name} of {self.task!r}")
        self._ended()

    def _ended(self) -> None:
        self.phase = Phase.COMPLETED
        self.context.ended(self)
        self.latch.set()

    def orphan(self) -> None:
        """In a forked child: the connection is the parent's, this copy ends with -1005."""
        self._door = threading.Lock()
        self._timer = None
        self._enlisted = False
        if self.phase < Phase.COMPLETING and self.phase > Phase.CREATED:
            self._flow = None
            self._control.append(partial(self._meet, Event.FAILED, url_error(Code.NETWORK_CONNECTION_LOST, self.request.url)))
            self.context.engine.post_eager(self.pump)


class _Handler:
    """The completion handler of a question: to be called once, from any thread."""

    __slots__ = ("_answered", "_load", "_name", "_token")

    def __init__(self, load: Load, name: str, token: object, answered: Callable[..., None] | None) -> None:
        self._load: Load | None = load
        self._name, self._token, self._answered = name, token, answered

    def __call__(self, *values: Any) -> None:
        load, self._load = self._load, None
        if load is None:
            raise GenericException(f"the completion handler of {self._name} was called twice")
        load._answer(self._token, self._answered, values)


def again(body: bytes | BodyStream | None) -> bytes | BodyStream | None:
    """`body` to be sent once more, or None where it cannot be read twice."""
    return FileStream(body.path, body.offset) if isinstance(body, FileStream) else body if isinstance(body, bytes) else None


def _look() -> None:
    """Nothing to do but to adjust."""


_PERFORM: tuple[Callable[[Load, Any], None], ...] = tuple(getattr(Load, f"_{effect.name.lower()}") for effect in Effect)
