"""One load: performs the transitions of the core's table for a task."""
from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from ..clock import nanoseconds
from ..core import preparation
from ..core.caching import Verdict
from ..core.machine import TRANSITIONS, Effect, Event, Phase, public_state
from ..errors import Code, InvalidArgumentException, URLError, url_error
from ..models.body import ChainedStream, FileStream, again, as_body_stream
from ..models.cached_response import CachedURLResponse
from ..models.enums import DelayedRequestDisposition, ResponseDisposition, TaskState
from ..models.message import BodyStream, Headers, ResponseHead
from ..models.metrics import ResourceFetchType
from ..models.progress import Progress
from ..models.request import URLRequest
from ..models.response import HTTPURLResponse, URLResponse
from ..path_monitor import obstacle
from ..routes.base import Route
from ..routes.local import file_error
from ..routes.url_protocol import consult
from .dispatch import Method
from .ending import Message, Outcome
from .sink import Inflow
from .url_protocol import LoadOccasion

if TYPE_CHECKING:
    from .context import Context


class Consumer(Protocol):
    """Who takes the response of a load."""

    caches: bool    # whether the cache is looked into and filled
    asks: bool      # whether the delegate is asked what to do with the response
    undecodable: tuple[Code, Code]     # what a body fails with whose coding is broken: in the middle, at the end

    def begin(self, load: Load, response: URLResponse) -> None:
        """The response is the final one."""

    def data(self, load: Load, data: bytes) -> None:
        """A piece of the decoded body."""

    def end(self, load: Load) -> None:
        """The body is complete. Calls `load.stored()` when nothing is left to be asked."""

    def finished(self, load: Load, error: URLError | None) -> Message | None:
        """The load has its outcome: the terminal message to make on the delegate queue, or None where nobody takes one."""

    def orphan(self) -> None:
        """In a forked child: what is kept outside memory is the parent's."""


class Load(Outcome):
    """The life of one task, from its first resume to its terminal message."""

    __slots__ = ("_told_waiting", "consumer", "earliest_begin_date", "original_request", "progress", "response", "route", "sent",
                 "trailers")
    is_upload = False

    def __init__(self, context: Context, task: Any, request: URLRequest, consumer: Consumer, *,
                 body: bytes | BodyStream | None = None, eager: bool = True, route: Route | None = None,
                 original: URLRequest | None = None) -> None:
        super().__init__(context, task, request, body=body, eager=eager)
        self.original_request = original or request
        self.consumer = consumer
        self.route = route                    # None: live
        self.response: URLResponse | None = None
        self.sent = 0
        self.trailers: Headers = []
        self.progress: Progress | None = None     # made when somebody asks for it
        self.earliest_begin_date: datetime | None = None
        self._told_waiting = False

    @property
    def state(self) -> TaskState:
        return public_state(self.phase, self._suspensions, self._cancelled)

    @property
    def never_resumed(self) -> bool:
        return self.phase is Phase.CREATED and not self._cancelled

    def cancel(self) -> None:
        self.fail(Event.CANCELLED, url_error(Code.CANCELLED, self.request.url))

    def set_delegate_methods(self, methods: dict[str, Method]) -> None:
        """The methods of the task's own delegate, asked before the session's (I23)."""
        self._methods = methods

    def _meet(self, event: Event, payload: Any) -> None:
        to, effects, _ = TRANSITIONS[self.phase][event]
        if to is not None:
            self.phase = to
        for effect in effects:
            _PERFORM[effect](self, payload)

    def _open(self, payload: Any) -> None:
        """Send the request: at first, to the next hop (`payload` is its request), or again (a new body stream, or None)."""
        now = self._last = self.context.engine.clock.now()
        if self._started is None:
            if self.earliest_begin_date is not None and not self._begins and self._is_early(self.earliest_begin_date, now):
                self._meet(Event.EARLY, None)
                return
            self._started = now
        elif isinstance(payload, URLRequest):
            self._redirects += 1
            self.request = payload
        else:
            self._body = again(self._body) if payload is None else payload
        self._send(None)

    def _send(self, payload: Any) -> None:
        """Send the request: now, or where the task was suspended while its delegate was asked, when it is resumed (I2)."""
        self._postponed = self._suspensions > 0
        if not self._postponed:
            self._submit()

    def _submit(self) -> None:
        self.sent = 0
        self._dispatch(self.request, self._body)

    def _dispatch(self, request: URLRequest, body: bytes | BodyStream | None, *, cached: bool = True) -> None:
        """Complete `request`, to be sent with `body`, and load it: by a protocol class, from the cache or by the route."""
        context = self.context
        protocols = context.protocols()
        refused = preparation.refusal(request, body, redirected=self._redirects > 0, any_scheme=bool(protocols))
        if refused is not None:
            self._meet(Event.FAILED, refused)
            return
        if isinstance(body, FileStream | ChainedStream) and (problem := body.problem()) is not None:
            self._meet(Event.FAILED, file_error(request.url, problem))
            return
        flow = self._flow = Inflow(self, request)
        message = preparation.completed(
            request, body, additional=context.additional, cookies=context.cookies_for(request, self.task), defaults=context.defaults(),
            is_upload=self.is_upload)
        self._authorize(message)
        self._message = message
        if protocols:
            self.source = "protocol"
            exchange = consult(protocols, self.task, request, message, flow, LoadOccasion(self, flow, request, cached), context.engine)
            if not flow.ended:
                flow.exchange = exchange
        else:
            self.carry(flow, request, cached)

    def carry(self, flow: Inflow, request: URLRequest, cached: bool) -> None:
        """Answer `request` from the cache, or open an exchange with the route for it. In a turn of this load."""
        context, message = self.context, self._message
        if cached and message.parts.scheme in preparation.HTTP:
            visit = self._visit = context.cache_visit(self.task, request, keeps=self.consumer.caches)
            verdict = Verdict.LOAD if visit is None else visit.look(message)
            if verdict is Verdict.USE and visit is not None:
                flow.hop.fetch_type = ResourceFetchType.LOCAL_CACHE
                self._serve(flow, visit)
                return
            if verdict is Verdict.FAIL:
                self._meet(Event.FAILED, url_error(Code.RESOURCE_UNAVAILABLE, request.url))
                return
        if context.path_monitor is not None and message.parts.scheme not in preparation.LOCAL:
            path = flow.hop.path = context.path_monitor.path
            if (blocked := obstacle(path, request, context.configuration)) is not None:
                self._flow = None                # the request was not begun
                self.hops.pop()
                waits = context.configuration.waits_for_connectivity
                self._meet(Event.UNREACHABLE if waits else Event.FAILED, None if waits else blocked)
                return
        self.source, channel = context.channel(self.route, message.parts.scheme)
        exchange = flow.hop.exchange = channel.open(message, flow)
        if not flow.ended:
            flow.exchange = exchange
            if flow.paused:              # while classes were asked
                exchange.pause()

    def _is_early(self, date: datetime, now: int) -> bool:
        """Whether `date` is to come; looked at once, because the wall clock may be set back."""
        self._begins = now + nanoseconds((date - self.context.engine.clock.date()).total_seconds())
        return self._begins > now

    def _ask_delayed(self, payload: Any) -> None:
        if not self.call("task_will_begin_delayed_request", self.request, answered=self._delay_answered):
            self._meet(Event.BEGIN, None)

    def _delay_answered(self, disposition: DelayedRequestDisposition, request: URLRequest | None = None) -> None:
        disposition = DelayedRequestDisposition(disposition)
        if disposition is DelayedRequestDisposition.CANCEL:
            self._cancelled = True
            self._meet(Event.CANCELLED, url_error(Code.CANCELLED, self.request.url))
            return
        if disposition is DelayedRequestDisposition.USE_NEW_REQUEST:
            if request is None:
                raise InvalidArgumentException("task_will_begin_delayed_request: USE_NEW_REQUEST needs the new request")
            self.request = request.copy()
            if not self.is_upload:
                self._take_body(request)
        self._meet(Event.BEGIN, None)

    def _tell_waiting(self, payload: Any) -> None:
        """There is no network to use: look again whenever there is another one."""
        monitor = self.context.path_monitor
        assert monitor is not None
        monitor.observe(self._path_changed)
        if not self._told_waiting:
            self._told_waiting = True
            self.call("task_is_waiting_for_connectivity")

    def _path_changed(self) -> None:
        self.instruct(self._look_for_path)

    def _look_for_path(self) -> None:
        monitor = self.context.path_monitor
        if self.phase is Phase.WAITING and monitor is not None and obstacle(monitor.path, self.request, self.context.configuration) is None:
            monitor.ignore(self._path_changed)
            self._meet(Event.REACHABLE, None)

    def _ask_stream(self, payload: Any) -> None:
        """The body must come from the delegate; `payload` is the request to send it with, None for the present one."""
        if isinstance(payload, URLRequest):
            self._redirects += 1
            self.request = payload
        if not self._request_stream():
            self._stream_came(None)

    def _request_stream(self) -> bool:
        return self.call("task_need_new_body_stream", answered=self._stream_came)

    def _stream_came(self, stream: Any) -> None:
        if stream is None:
            self._meet(Event.FAILED, url_error(Code.REQUEST_BODY_STREAM_EXHAUSTED, self.request.url))
        else:
            self._meet(Event.STREAM, self._sized(as_body_stream(stream)))

    def _sized(self, stream: BodyStream) -> BodyStream:
        return preparation.announced(stream, self.request)

    def _tell_sent(self, count: int) -> None:
        self.sent += count
        self.hops[-1].sent += count
        if self.progress is not None and self.is_upload:
            self.context.queue.submit(partial(self.progress.update, self.sent, self.total_to_send), self.context.engine)
        self.call("task_did_send_body_data", count, self.sent, self.total_to_send)

    def _tell_informed(self, head: ResponseHead) -> None:
        self.call("task_did_receive_informational_response", HTTPURLResponse.from_head(self.request.url or "", head))

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
        if self._visit is not None:          # downloads are not kept
            self._visit.give_up()
        self.consumer.begin(self, self.response)
        self.call("data_task_did_become_download_task", task)
        self.task = task

    def _consume(self, data: bytes) -> None:
        self.hops[-1].decoded += len(data)
        if self._visit is not None:
            self._visit.take(data)
        if self.progress is not None and not self.is_upload:
            self._report_progress(self.progress)
        self.consumer.data(self, data)

    def _report_progress(self, progress: Progress) -> None:
        """What has come of what was announced; the end is the total where nothing was."""
        response = self.response
        total = -1 if response is None else response.expected_content_length
        if self.phase >= Phase.CACHING and total < 0:
            total = self.received
        self.context.queue.submit(partial(progress.update, self.received, total), self.context.engine)

    def _ask_store(self, trailers: Headers) -> None:
        self.trailers = trailers
        if self.progress is not None and not self.is_upload:
            self._report_progress(self.progress)
        self.consumer.end(self)

    def ask_to_store(self) -> None:
        """The body is complete: the delegate decides about caching it where that is its right. In a turn of this load."""
        response = self.response
        proposal = None if self._visit is None or response is None else self._visit.proposal(response)
        told = proposal is not None and self.consumer.asks and not (isinstance(response, HTTPURLResponse) and response.status_code >= 300)
        if not (told and self.call("data_task_will_cache_response", proposal, answered=self.stored)):
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

    def _last_message(self, error: URLError | None) -> Message | None:
        return self.consumer.finished(self, error)

    def _conclude(self, error: URLError | None) -> None:
        if self._told_waiting and self.context.path_monitor is not None:
            self.context.path_monitor.ignore(self._path_changed)
        super()._conclude(error)


_PERFORM: tuple[Callable[[Load, Any], None], ...] = tuple(getattr(Load, f"_{effect.name.lower()}") for effect in Effect)
