"""What the parts of a load get in their tests: an engine and a queue that the test turns by hand, an owner that notes, and a
context that is the real one over them."""
from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any, ClassVar

import sessionmock as sm
from sessionmock.clock import SECOND, JumpingClock
from sessionmock.core.machine import Effect, Event, Phase
from sessionmock.engine.queues import OperationQueue
from sessionmock.errors import Code, URLError, url_error
from sessionmock.history import History
from sessionmock.load.body import RequestBody
from sessionmock.load.callbacks import Callbacks
from sessionmock.load.context import Context
from sessionmock.load.inbox import Inbox
from sessionmock.load.sink import LoadSink
from sessionmock.load.transfer import Transaction, Transfer
from sessionmock.models.message import Headers, Request, ResponseHead
from sessionmock.models.request import URLRequest
from sessionmock.path_monitor import PathMonitor
from sessionmock.routes.base import UnconnectedChannel
from tests.routes.doubles import NotingExchange

URL = "http://a.test/"


class HandEngine:
    """An engine whose calls wait until `run`, and whose timers until `let_pass`: nothing happens that the test does not want."""

    def __init__(self) -> None:
        self.clock = JumpingClock()
        self.calls: deque[tuple[str, Callable[[], None]]] = deque()      # each with how it was given
        self.enlisted: list[bool] = []       # the loads that are counted: whether each is eager
        self.hastened = 0
        self.attached = 0
        self.here = False                    # whether the test stands on the engine

    def post(self, call: Callable[..., None], *arguments: Any) -> None:
        self.calls.append(("post", partial(call, *arguments)))

    def post_eager(self, call: Callable[..., None], *arguments: Any) -> None:
        self.calls.append(("post_eager", partial(call, *arguments)))

    def work(self, call: Callable[..., None], *arguments: Any) -> None:
        self.calls.append(("work", partial(call, *arguments)))

    def on_engine(self) -> bool:
        return self.here

    def enlist(self, eager: bool) -> None:
        self.enlisted.append(eager)

    def delist(self, eager: bool) -> None:
        self.enlisted.remove(eager)

    def hasten(self) -> None:
        """One that was not eager is from now on."""
        self.enlisted.remove(False)
        self.enlisted.append(True)
        self.hastened += 1

    def attach(self) -> None:
        self.attached += 1

    def detach(self) -> None:
        self.attached -= 1

    def given(self) -> list[str]:
        """How the calls that wait were given."""
        return [how for how, _ in self.calls]

    def run(self) -> None:
        """Make the calls that wait, and those that they give."""
        here, self.here = self.here, True
        try:
            while self.calls:
                self.calls.popleft()[1]()
        finally:
            self.here = here

    def let_pass(self, seconds: float) -> None:
        """Let time pass: timers ring when they are due, and what they give is done."""
        until = self.clock.now() + int(seconds * SECOND)
        here, self.here = self.here, True
        while self.clock.advance(until):
            self.run()
        self.here = here


class HandQueue(OperationQueue):
    """A delegate queue whose operations wait until `run`."""

    def submit(self, operation: Callable[[], Any], engine: Any) -> None:
        self._operations.append(operation)

    @property
    def waiting(self) -> int:
        return len(self._operations)

    def run_one(self) -> Coroutine[Any, Any, None] | None:
        """Make the next call; what it gives where it is a coroutine, which then is the test's to run."""
        rest: Coroutine[Any, Any, None] | None = self._operations.popleft()()
        return rest

    def run(self, until: object = None, timeout: object = None) -> None:
        """Make all calls that wait, coroutines to their end."""
        while self._operations:
            finish(self.run_one())


def finish(coroutine: Coroutine[Any, Any, None] | None) -> None:
    """Run a coroutine that waits for nothing."""
    if coroutine is not None:
        try:
            coroutine.send(None)
        except StopIteration:
            return
        raise AssertionError(f"{coroutine!r} waits")


class NotingOwner:
    """The owner of an inbox: notes what it is asked for, and does nothing but where a test puts something in `on`."""

    effects: ClassVar[Mapping[Effect, Callable[[Any, Any], None]]] = {
        effect: lambda owner, payload, effect=effect: owner.note(effect.name, payload) for effect in Effect}

    def __init__(self) -> None:
        self.notes: list[Any] = []
        self.on: dict[str, Callable[..., Any]] = {}
        self.inbox: Inbox

    def note(self, name: str, *values: Any) -> None:
        self.notes.append((name, *values))
        if name in self.on:
            self.on[name](*values)

    def names(self) -> list[str]:
        return [note[0] for note in self.notes if note[0] != "adjust"]

    def take(self, event: Event, payload: Any) -> None:
        self.note("take", event, payload)

    def fall_silent(self) -> None:
        self.inbox.meet(Event.TIMED_OUT, self.failure(Code.TIMED_OUT))

    def next_piece(self) -> None:
        assert self.inbox.ahead is not None
        piece = next(self.inbox.ahead, None)
        if piece is None:
            self.inbox.ahead = None
        else:
            self.note("piece", piece)

    def adjust(self) -> None:
        self.note("adjust")

    def failure(self, code: Code, cause: BaseException | None = None) -> URLError:
        return url_error(code, URL, cause)

    def crash(self, error: BaseException) -> URLError:
        self.note("crash", error)
        return self.failure(Code.UNKNOWN, error)


class HandRoute(UnconnectedChannel):
    """A route whose exchanges the test answers: each request waits in `opened` with its sink and its exchange."""

    source = "live"
    is_live = True

    def __init__(self) -> None:
        self.opened: list[tuple[Request, LoadSink, NotingExchange]] = []
        self.on_open: Callable[[Request, LoadSink], None] | None = None

    def bind(self, configuration: Any, host: Any) -> HandRoute:
        return self

    def open(self, request: Request, sink: Any) -> NotingExchange:
        exchange = NotingExchange()
        self.opened.append((request, sink, exchange))
        if self.on_open is not None:
            self.on_open(request, sink)
        return exchange


class Session:
    """Whose session a delegate is told it is."""

    _is_shared = False
    _number = 0


class Task:
    """Whose load it is."""

    task_identifier = 1
    _scope = None

    def __init__(self, request: URLRequest | None = None) -> None:
        self.current_request = request

    def __repr__(self) -> str:
        return "<a task>"


class Parts:
    """What every part of a load is made of: engine, queue, context, inbox, callbacks and what goes out, for `request`."""

    def __init__(self, delegate: object | None = None, request: URLRequest | str = URL, *, body: Any = None,
                 history: History | None = None, path_monitor: PathMonitor | None = None, **settings: Any) -> None:
        self.engine, self.queue, self.session = HandEngine(), HandQueue(), Session()
        configuration = sm.URLSessionConfiguration.ephemeral()
        for name, value in settings.items():
            setattr(configuration, name, value)
        self.ended: list[Any] = []
        self.context = Context(
            self.session, configuration, delegate, self.queue, self.engine, self.ended.append, path_monitor)
        self.owner = NotingOwner()
        self.inbox = self.owner.inbox = Inbox(self.owner, self.engine)
        self.machine = self.inbox.machine
        made = request if isinstance(request, URLRequest) else URLRequest(request)
        self.task = Task(made)
        self.history = history
        self.callbacks = Callbacks(self.context, self.inbox, self.task, history)
        self.transfer = Transfer(made, made, body, self.engine.clock.now())
        self.body = RequestBody(self.transfer, self.inbox, self.callbacks, self.context)

    def runs(self, phase: Phase = Phase.LOADING) -> None:
        """The task was resumed, and is in `phase`."""
        self.machine.suspensions, self.machine.phase = 0, phase

    def sink(self, *, now: bool = True) -> LoadSink:
        """The sink of an exchange that was opened; the one whose events count, where it is `now`."""
        transaction = self.transfer.begin(self.transfer.request, self.engine.clock.now())
        sink = LoadSink(self.inbox, self.engine, transaction, self.history, self.task)
        if now:
            self.inbox.sink = sink
        return sink

    def turn(self) -> None:
        """Everything that waits is done: calls of the engine and the queue."""
        while self.engine.calls or self.queue.waiting:
            self.engine.run()
            self.queue.run()


class Consumed:
    """A load as its consumer sees it (`consumer.Consumed`): notes what it is asked for."""

    def __init__(self, delegate: object | None = None, request: URLRequest | str = URL, *, history: History | None = None) -> None:
        self.parts = parts = Parts(delegate, request, history=history)
        self.context, self.callbacks, self.transfer = parts.context, parts.callbacks, parts.transfer
        self.engine, self.task = parts.engine, parts.task
        self.notes: list[tuple[Any, ...]] = []

    def ask_to_store(self) -> None:
        self.notes.append(("ask to store",))

    def stored(self, proposal: Any = None) -> None:
        self.notes.append(("stored", proposal))

    def start_over(self, request: URLRequest) -> None:
        self.notes.append(("start over", request))

    def end_with(self, error: URLError) -> None:
        self.notes.append(("end with", error))

    def cancel(self, error: URLError | None = None) -> None:
        self.notes.append(("cancel", error))


def transaction(request: URLRequest | str = URL, started: int = 0) -> Transaction:
    return Transaction(request if isinstance(request, URLRequest) else URLRequest(request), started)


def head(status: int = 200, headers: Headers | None = None) -> ResponseHead:
    return ResponseHead(status, headers or [])
