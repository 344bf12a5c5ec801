"""One load over HTTP: put together from its parts, it performs the transitions of the core's table for a task.

Long because it answers for all that a `Life` is asked, owns its inbox and performs each effect of the table.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, ClassVar

from ..core.machine import Effect, Event, Phase
from ..delegates import Method
from ..engine import work
from ..engine.protocol import Engine
from ..engine.queues import OperationQueue
from ..errors import Code, URLError, brief, url_error
from ..faults.armed import TaskFaults
from ..faults.current import faults_of
from ..history import Ended, History, Instructed
from ..latch import Latch
from ..models.body import again
from ..models.cached_response import CachedURLResponse
from ..models.enums import ResponseDisposition, TaskState
from ..models.message import BodyStream, Headers, ResponseHead
from ..models.progress import Progress
from ..models.request import URLRequest
from ..models.response import HTTPURLResponse, URLResponse
from ..routes.base import Route
from ..routes.faults.route import unwrapped
from ..trace import history_of
from .beginning import Beginning
from .body import Body, MakeBody, RequestBody
from .callbacks import Callbacks
from .consumer import Consumer
from .context import Context
from .ending import Ending
from .faults import LoadFaults
from .inbox import Inbox
from .responses import Responses
from .sending import Sending
from .timeouts import Timeouts
from .transfer import Transfer


class Load:
    """The life of one task over HTTP (`Life`), from its first resume to its terminal message.

    One `behind` another meets the faults that are in force for that. Wide because a `Life` is asked for much; what it does is done by its
    parts, and beside them it has no state.
    """

    __slots__ = ("_beginning", "body", "callbacks", "consumer", "context", "ending", "inbox", "progress", "responses", "sending",
                 "timeouts", "transfer")

    effects: ClassVar[Mapping[Effect, Callable[[Any, Any], None]]]

    def __init__(self, context: Context, task: Any, request: URLRequest, consumer: Consumer, *,
                 body: bytes | BodyStream | None = None, make_body: MakeBody = RequestBody, make_callbacks: type[Callbacks] = Callbacks,
                 eager: bool = True, route: Route | None = None, original: URLRequest | None = None, behind: Callbacks | None = None) -> None:
        self.context = context
        self.consumer = consumer
        engine = context.engine
        self.inbox = inbox = Inbox(self, engine)
        history = history_of(task._scope)
        self.callbacks = callbacks = make_callbacks(context, inbox, task, history)
        route, of_route = unwrapped(route)
        in_force = faults_of(task._scope) if behind is None else behind.in_force
        if of_route:
            in_force = (*of_route, *in_force)
        self.transfer = transfer = Transfer(request, original or request, body, engine.clock.now())
        self.body: Body = make_body(transfer, inbox, callbacks, context)
        self.timeouts = Timeouts(context, inbox, transfer, eager)
        self.responses = responses = Responses(context, inbox, callbacks, transfer, self.body)
        self.ending = Ending(context, inbox, callbacks)
        self.sending = Sending(context, inbox, callbacks, transfer, self.body, responses, route, keeps=consumer.caches)
        self.progress: Progress | None = None         # made when somebody asks for it
        self._beginning: Beginning | None = None      # likewise, when something holds the load back
        if in_force:
            callbacks.in_force = in_force
            for faults in in_force:
                faults.tell(self)

    def armed(self) -> None:
        """Something may go wrong from now on: there is a line among the faults in force."""
        callbacks = self.callbacks
        if callbacks.faults is None:
            of_task = TaskFaults(callbacks.in_force, self.engine.clock, callbacks.history, callbacks.task)
            callbacks.faults = LoadFaults(of_task, self.context, self.inbox, callbacks, self.transfer, self.ending.latch)

    # a life ------------------------------------------------------------------------------------------------------
    @property
    def task(self) -> Any:
        return self.callbacks.task

    @property
    def engine(self) -> Engine:
        return self.context.engine

    @property
    def queue(self) -> OperationQueue:
        return self.context.queue

    @property
    def latch(self) -> Latch:
        return self.ending.latch

    @property
    def error(self) -> URLError | None:
        return self.ending.error

    @property
    def is_upload(self) -> bool:
        return self.body.is_upload

    @property
    def state(self) -> TaskState:
        return self.inbox.machine.state

    @property
    def never_resumed(self) -> bool:
        machine = self.inbox.machine
        return machine.phase is Phase.CREATED and not machine.cancelled

    @property
    def is_over(self) -> bool:
        return self.inbox.machine.phase >= Phase.COMPLETING

    @property
    def question(self) -> str | None:
        return self.inbox.machine.asked

    @property
    def is_held(self) -> bool:
        return self.timeouts.is_held

    @property
    def earliest_begin_date(self) -> datetime | None:
        return None if self._beginning is None else self._beginning.date

    @earliest_begin_date.setter
    def earliest_begin_date(self, date: datetime | None) -> None:
        self._held_back().date = date

    @property
    def is_incremental(self) -> bool:
        return self.consumer.is_incremental

    @is_incremental.setter
    def is_incremental(self, value: bool) -> None:
        if self.consumer.asks:               # of a delegate; all others get their data whole whatever is said
            self.consumer.is_incremental = value

    @property
    def loses_its_result(self) -> bool:
        return self.consumer.loses(self)

    def set_methods(self, methods: dict[str, Method]) -> None:
        self.callbacks.set_methods(methods)

    def resume(self) -> None:
        if self.callbacks.history is not None:
            self._note(self.callbacks.history, "resume")
        self.inbox.resume()

    def suspend(self) -> None:
        if self.callbacks.history is not None:
            self._note(self.callbacks.history, "suspend")
        self.inbox.suspend()

    def cancel(self, error: URLError | None = None) -> None:
        if self.callbacks.history is not None:
            self._note(self.callbacks.history, "cancel")
        self.inbox.fail(Event.CANCELLED, error or url_error(Code.CANCELLED, self.transfer.request.url))

    def _note(self, history: History, instruction: str) -> None:
        if Instructed in history.kinds and (task := self.task) is not None:
            history.add(self.engine.clock, Instructed, task, instruction)

    def instruct(self, call: Callable[[], None]) -> None:
        self.inbox.instruct(call)

    def hasten(self) -> None:
        self.timeouts.hasten()

    def leave(self, leaver: object) -> None:
        self.consumer.leave(self, leaver)

    def crashed(self, name: str, error: BaseException) -> None:
        self.callbacks.crashed(name, error)

    def resume_data(self) -> bytes | None:
        return self.consumer.resume_data(self) or self.body.resume_data()

    def orphan(self) -> None:
        """In a forked child: the connection is the parent's, this copy ends with -1005."""
        inbox = self.inbox
        phase = inbox.machine.phase
        inbox.orphan()
        self.timeouts.orphan()
        if Phase.CREATED < phase < Phase.COMPLETING:
            inbox.sink = None
            self.consumer.orphan()
            self.engine.post_eager(inbox.fail, Event.FAILED, self.failure(Code.NETWORK_CONNECTION_LOST))
        elif not self.latch.done and phase >= Phase.COMPLETING:
            self.ending.end()                 # its message is the parent's to deliver

    # the owner of the inbox ---------------------------------------------------------------------------------------
    def take(self, event: Event, payload: Any) -> None:
        if event is Event.FAILED and self.sending.waits_for_machine(payload):
            return
        if self.body.is_upload and self.body.intercept(event, payload):
            return
        responses = self.responses
        if event is Event.RESPONSE:
            self._answered(payload)
        elif event is Event.DATA:
            responses.data(payload)
        elif event is Event.END and responses.decodes:
            responses.rest(payload, self.consumer.undecodable[1])
        elif event is not Event.FAILED or not (self.sending.challenges().failed(payload) or responses.fall_back(payload)):
            self.inbox.meet(event, payload)

    def fall_silent(self) -> None:
        machine, error = self.inbox.machine, self.failure(Code.TIMED_OUT)
        if not (machine.phase is Phase.LOADING and machine.question is None and self.responses.fall_back(error)):
            self.inbox.meet(Event.TIMED_OUT, error)

    def next_piece(self) -> None:
        self.responses.next_piece(self.consumer.undecodable[0])

    def send(self) -> None:
        """Send the request: now, or where the task was suspended while its delegate was asked, when it is resumed (I2)."""
        if self.inbox.machine.suspensions:
            self.inbox.postpone(self.send)
        else:
            self.body.submit(self.sending.dispatch)

    def adjust(self) -> None:
        inbox = self.inbox
        machine, sink = inbox.machine, inbox.sink
        if sink is not None:
            if sink.taken and machine.question is None and inbox.ahead is None:
                sink.consume()                # nobody has it in hand any more
            if sink.exchange is not None:
                sink.hold_back(machine.suspensions > 0)
        self.timeouts.adjust()

    def failure(self, code: Code, cause: BaseException | None = None) -> URLError:
        return url_error(code, self.transfer.request.url, cause)

    def crash(self, error: BaseException) -> URLError:
        work.report(f"the load of {self.task!r}", self.task, ours=True)
        return self.failure(Code.UNKNOWN, error)

    # for consumers, in a turn (consumer.Consumed) ----------------------------------------------------------------------
    def ask_to_store(self) -> None:
        response, visit = self.transfer.response, self.responses.visit
        proposal = None if visit is None or response is None else visit.proposal(response)
        told = proposal is not None and self.consumer.asks and not (isinstance(response, HTTPURLResponse) and response.status_code >= 300)
        if not (told and self.callbacks.call("data_task_will_cache_response", proposal, answered=self.stored)):
            self.stored(proposal)

    def stored(self, proposal: CachedURLResponse | None = None) -> None:
        faults = self.callbacks.faults
        if faults is None or proposal is None:
            self.inbox.meet(Event.STORED, proposal)
        else:
            faults.on_store("cache.set", lambda: proposal, partial(self.inbox.meet, Event.STORED))

    def start_over(self, request: URLRequest) -> None:
        self.transfer.request = request
        self.inbox.meet(Event.RETRY)

    def end_with(self, error: URLError) -> None:
        self.inbox.meet(Event.FAILED, error)

    def _held_back(self) -> Beginning:
        if self._beginning is None:
            self._beginning = Beginning(self.context, self.inbox, self.callbacks, self.transfer, self.body, self.timeouts)
        return self._beginning

    def _answered(self, head: ResponseHead) -> None:
        """The final head of an exchange."""
        responses = self.responses
        if head.given is not None:
            responses.take_given(head.given)
            return
        faults = self.callbacks.faults
        if faults is not None and responses.brings_cookies(head):
            response = responses.read(head, keeps_cookies=False)
            faults.on_store("cookies.set", partial(responses.keep_cookies, head), lambda _: self._judge(head, response))
            return
        response = responses.read(head)
        if not self.sending.meets(head, response, self._sort):      # `_judge`, without a call more
            self._sort(head, response)

    def _judge(self, head: ResponseHead, response: HTTPURLResponse) -> None:
        """Its cookies are kept: it asks for another request, or is sorted."""
        if not self.sending.meets(head, response, self._sort):
            self._sort(head, response)

    def _sort(self, head: ResponseHead, response: HTTPURLResponse) -> None:
        """It is a redirect, the news that the cache holds the response, or the response, unless it is a matter of an upload's own."""
        judged = self.body.adjusted(head, response) if self.body.is_upload else head
        if judged is not None:
            self.responses.sort(judged, response)

    # effects, each by the name that the table has for it --------------------------------------------------------------
    def _open(self, payload: Any) -> None:
        """Send the request: at first, to the next hop (`payload` is its request), or again (a new body stream, or None)."""
        timeouts, transfer = self.timeouts, self.transfer
        now = self.inbox.moved_at = self.engine.clock.now()
        if timeouts.started_at is None:
            if self._beginning is not None and self._beginning.is_early(now):
                self.inbox.meet(Event.EARLY)
                return
            timeouts.started_at = now
        elif isinstance(payload, URLRequest):
            self._follow(payload)
        else:
            transfer.body = again(transfer.body) if payload is None else payload
        self.send()

    def _follow(self, request: URLRequest) -> None:
        self.transfer.redirects += 1
        self.transfer.request = request

    def _ask_stream(self, payload: Any) -> None:
        """The body must come from the delegate; `payload` is the request to send it with, None for the present one."""
        if isinstance(payload, URLRequest):
            self._follow(payload)
        self.body.ask_stream()

    def _tell_sent(self, count: int) -> None:
        transfer = self.transfer
        transfer.sent += count
        transfer.last.sent += count
        self._report(True, self.callbacks.call, "task_did_send_body_data", count, transfer.sent, transfer.total)

    def _tell_informed(self, head: ResponseHead) -> None:
        self.callbacks.call(
            "task_did_receive_informational_response", HTTPURLResponse.from_head(self.transfer.request.url or "", head))

    def _ask_response(self, response: URLResponse, created: bool = False) -> None:
        self.transfer.response = response
        if not created and (faults := self.callbacks.faults) is not None and self.consumer.creates_file(self):
            faults.on_disk("disk.create", partial(self._ask_response, response, True))
            return
        self.consumer.begin(self, response)
        if self.inbox.machine.phase is not Phase.DECIDING:
            return
        if not (self.consumer.asks and self.callbacks.call("data_task_did_receive_response", response, answered=self._disposed)):
            self.inbox.meet(Event.ALLOW)

    def _disposed(self, disposition: ResponseDisposition) -> None:
        if disposition is ResponseDisposition.ALLOW:
            self.inbox.meet(Event.ALLOW)
        elif disposition is ResponseDisposition.CANCEL:
            self.inbox.call_off()
        else:
            self.inbox.meet(Event.BECOME)

    def _become(self, _: object) -> None:
        """The task goes on as another: the old one hears of it and of nothing more."""
        callbacks, response, visit = self.callbacks, self.transfer.response, self.responses.visit
        assert response is not None
        task, self.consumer = self.context.session._become(self)
        if visit is not None:          # downloads are not kept
            visit.give_up()
        told = callbacks.call("data_task_did_become_download_task", task, answered=lambda _: self._begin_file(response))
        callbacks.task, self.sending.keeps = task, self.consumer.caches
        if callbacks.faults is not None:
            callbacks.faults.of_task.task = task
        if not told:
            self._begin_file(response)

    def _begin_file(self, response: URLResponse) -> None:
        begin = partial(self.consumer.begin, self, response)
        if (faults := self.callbacks.faults) is not None:
            faults.on_disk("disk.create", begin)
        else:
            begin()

    def _consume(self, data: bytes, written: bool = False) -> None:
        if not written and (faults := self.callbacks.faults) is not None and self.consumer.is_file:
            faults.on_write(self.consumer.written, data, partial(self._consume, written=True))
            return
        self.transfer.last.decoded += len(data)
        if (visit := self.responses.visit) is not None:
            visit.take(data)
        if self.progress is None:       # as in most loads, for each of which a call more would tell
            self.consumer.data(self, data)
        else:
            self._report(False, self.consumer.data, self, data)

    def _report(self, sent: bool, then: Callable[..., Any], *arguments: Any) -> None:
        """Tell the progress, where somebody has asked for it and it counts what was sent, or came; then make the call `then`.
        Of what came the end is the total where none was announced."""
        progress, transfer = self.progress, self.transfer
        if progress is None or sent is not self.body.is_upload:
            then(*arguments)
            return
        done, total = (transfer.sent, transfer.total) if sent else (transfer.received, transfer.expected)
        if not sent and total < 0 and self.inbox.machine.phase >= Phase.CACHING:
            total = done
        self.callbacks.observe(partial(progress.update, done, total), partial(then, *arguments))

    def _ask_store(self, trailers: Headers, whole: bool = False) -> None:
        self.transfer.trailers = trailers
        if not whole and (faults := self.callbacks.faults) is not None and self.consumer.is_file:
            faults.on_disk("disk.move", partial(faults.on_disk, "disk.close", partial(self._ask_store, trailers, True)))
        elif self.progress is None:
            self.consumer.end(self)
        else:
            self._report(False, self.consumer.end, self)

    def _store(self, proposal: CachedURLResponse | None) -> None:
        if proposal is not None and self.responses.visit is not None:
            self.responses.visit.keep(proposal)

    def _conclude(self, error: URLError | None) -> None:
        """The outcome is fixed, once: what goes wrong after it is reported and changes nothing."""
        transfer, ending = self.transfer, self.ending
        if ending.fixed:
            return
        ending.fixed = True
        if self._beginning is not None:
            work.attempt(self._beginning.settle, "the path monitor")
        self.inbox.settle()
        if transfer.body is not None and not isinstance(transfer.body, bytes) and transfer.is_body_left:
            work.attempt(transfer.body.close, "the body stream")        # a route closes what it was given
        if (faults := self.callbacks.faults) is not None:
            error = faults.ends(error, self.consumer.terminal)
        if error is not None:
            self.responses.give_up()
            self.body.failed(error)
        ending.message = self.consumer.finished(self, error)
        ending.conclude(error, transfer, self._ended)

    def _ended(self) -> None:
        """Nothing is left to be told: no cycle is left either, a task is freed by its last reference and not by the collector."""
        callbacks, transfer = self.callbacks, self.transfer
        if (history := callbacks.history) is not None and Ended in history.kinds:
            response, last = transfer.response, transfer.transactions[-1:]
            elapsed = self.engine.clock.now() - transfer.created
            history.add(self.engine.clock, Ended, callbacks.task, 0, transfer.request.http_method, transfer.request.url or "",
                        response.status_code if isinstance(response, HTTPURLResponse) else None, last[0].source if last else "",
                        elapsed / 1e6, "" if self.error is None else brief(self.error))
        self.consumer.told()
        self.context.ended(self)
        transfer.let_go()
        if callbacks.in_force:
            self._leave_faults()
        callbacks.task = self.responses.visit = None

    def _leave_faults(self) -> None:
        """They know their tasks."""
        callbacks = self.callbacks
        in_force, callbacks.in_force = callbacks.in_force, ()
        for faults in in_force:
            faults.forget(self)
        if callbacks.faults is not None:
            callbacks.faults.let_go()
            callbacks.faults.of_task.task = None
            callbacks.faults = None


_EFFECTS: dict[Effect, Callable[[Any, Any], None]] = {
    Effect.OPEN: Load._open,
    Effect.ASK_STREAM: Load._ask_stream,
    Effect.TELL_SENT: Load._tell_sent,
    Effect.TELL_INFORMED: Load._tell_informed,
    Effect.ASK_REDIRECT: lambda load, following: load.responses.ask_redirect(following),
    Effect.DROP: lambda load, _: load.responses.drop(),
    Effect.ASK_CHALLENGE: lambda load, ask: ask(),
    Effect.ASK_RESPONSE: Load._ask_response,
    Effect.BECOME: Load._become,
    Effect.CONSUME: Load._consume,
    Effect.ASK_STORE: Load._ask_store,
    Effect.STORE: Load._store,
    Effect.SETTLE_RESPONSE: lambda load, _: load.responses.settle_response(),
    Effect.ABORT: lambda load, failure: load.responses.abort(failure),
    Effect.FAIL: Load._conclude,
    Effect.SUCCEED: lambda load, _: load._conclude(None),
    Effect.TELL_WAITING: lambda load, _: load._held_back().wait_for_path(),
    Effect.ASK_DELAYED: lambda load, _: load._held_back().ask(),
    Effect.SEND: lambda load, _: load.send(),
}
Load.effects = _EFFECTS
