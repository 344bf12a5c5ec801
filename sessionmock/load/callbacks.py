"""Callbacks: the one place where delegate methods and handlers are called, plain, as coroutines or with a completion handler.

What a load asks is posted to the delegate queue, and no event of its exchange comes in before it is over. What is only told
(the terminal message, metrics, what is the session's own) goes through `tell`.
"""
from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, ClassVar

from ..clock import Clock
from ..core.machine import Event, Phase, Question
from ..delegates import QUESTIONS, SELECTORS, Method
from ..engine import work
from ..engine.operations import here
from ..errors import Code, GenericException
from ..faults.armed import Faults, Shot
from ..history import Answered, Asked, Called, History, Returned
from .answers import Values, given, judged
from .context import Context
from .faults import LoadFaults, answer_twice
from .inbox import Inbox

Rest = Coroutine[Any, Any, None] | None     # of a callback that is a coroutine: what the queue runs to its end


def make(call: Callable[..., Any], arguments: tuple[Any, ...], over: Callable[[Any], None], failed: Callable[[BaseException], None]) -> Rest:
    """Make a call: `over` gets what it gives, by returning it or as a coroutine, `failed` what it raises."""
    try:
        value = call(*arguments)
    except BaseException as error:
        failed(error)
        return None
    if work.is_coroutine(value):
        return _finish(value, over, failed)
    over(value)
    return None


async def _finish(coroutine: Any, over: Callable[[Any], None], failed: Callable[[BaseException], None]) -> None:
    try:
        value = await coroutine
    except BaseException as error:
        failed(error)
    else:
        over(value)


def note(history: History | None, clock: Clock, task: Any, name: str, arguments: tuple[Any, ...], session: Any) -> None:
    """Write down that `name` is called here with `arguments`, those after the `session`."""
    if history is not None:
        kind: Any = Asked if name in QUESTIONS else Called
        if kind in history.kinds:
            history.add(clock, kind, task, name, arguments, session._number, here.queue)


def note_return(history: History | None, clock: Clock, task: Any, name: str, session: Any) -> None:
    """Write down that the call of `name` is over."""
    if history is not None and Returned in history.kinds:
        history.add(clock, Returned, task, name, session._number)


class Telling:
    """A callback that nobody waits for, as an operation of a queue: what it raises is reported, and `over` is called after it.

    A report calls it `name` of `subject`.
    """

    __slots__ = ("_arguments", "_call", "_name", "_over", "_subject")

    def __init__(self, name: str, subject: object, call: Callable[..., Any], arguments: tuple[Any, ...],
                 over: Callable[[], None] | None = None) -> None:
        self._name, self._subject, self._call, self._arguments, self._over = name, subject, call, arguments, over

    def __call__(self) -> Rest:
        return make(self._call, self._arguments, self._told, self._failed)

    def _told(self, value: Any) -> None:
        if self._over is not None:
            self._over()

    def _failed(self, error: BaseException) -> None:
        work.report(f"the {self._name} of {self._subject!r}", self._subject)
        self._told(None)


class Callbacks:
    """The callbacks of one task."""

    __slots__ = ("_context", "_inbox", "_methods", "faults", "history", "in_force", "task")
    follows: ClassVar[bool] = True     # redirects, which the delegate is asked about

    def __init__(self, context: Context, inbox: Inbox, task: Any, history: History | None) -> None:
        self._context = context
        self._inbox = inbox
        self._methods: dict[str, Method] | None = None       # of the task's own delegate
        self.task = task
        self.history = history
        self.in_force: tuple[Faults, ...] = ()      # the plans that may say more at any time
        self.faults: LoadFaults | None = None       # what goes wrong, where anything does

    def set_methods(self, methods: dict[str, Method] | None) -> None:
        """The methods of the task's own delegate, asked before the session's (I23)."""
        self._methods = methods

    def method(self, name: str) -> Method | None:
        """The delegate method to call: the task's own delegate is asked first, method by method (I23)."""
        if self._methods is not None and (found := self._methods.get(name)) is not None:
            return found
        return self._context.methods.get(name)

    # asking -------------------------------------------------------------------------------------------------------
    def call(self, name: str, *arguments: Any, answered: Callable[..., None] | None = None) -> bool:
        """Post the callback `name` about this task; the exchange's events wait for it. False: no delegate has it.

        `answered` takes what a question is answered with, in a turn of the load. What is no answer ends the load.
        """
        method = self.method(name)
        if method is None:
            return False
        self.post(method, (self.task, *arguments), answered)
        return True

    def put(self, point: str, name: str, method: Method | None, arguments: tuple[Any, ...], answered: Callable[..., None], default: Any) -> None:
        """A question is met at `point`: `post` it to the delegate's `method`, which is called `name`; without one `default` is the answer."""
        if self.faults is not None:
            self.faults.on_question(point, name, method, arguments, answered, default)
        elif method is None:
            answered(default)
        else:
            self.post(method, arguments, answered)

    def post(self, method: Method, arguments: tuple[Any, ...], answered: Callable[..., None] | None, met: Sequence[Shot] = ()) -> None:
        """`call` of `method`, with these `arguments` after the session, and with the faults that were `met`."""
        question = self._inbox.machine.ask(method.name)
        context = self._context
        context.queue.submit(_Call(self, method, arguments, question, answered, met), context.engine)

    def perform(self, call: _Call) -> Rest:
        """On the delegate queue: make `call` unless the task was ended meanwhile (a cancelled task delivers nothing)."""
        machine = self._inbox.machine
        if machine.question is not call.question or machine.phase >= Phase.COMPLETING or machine.cancelled:
            return None
        if self.faults is not None and not self.faults.lets_call(call):
            return None
        method, arguments = call.method, call.arguments
        if self.history is not None:
            note(self.history, self._context.engine.clock, self.task, method.name, arguments, self._context.session)
        if machine.phase is Phase.CHALLENGED:      # who is asked for a credential keeps a peer waiting, at work or not
            self.leave_to_delegate(call.question)
        session = self._context.session
        if method.takes_handler:
            handler = _Handler(call) if call.twice is None else partial(answer_twice, call.twice, _Handler(call))
            return make(method.call, (session, *arguments, handler), call.left, call.failed)
        rest = make(method.call, (session, *arguments), call.over, call.failed)
        if rest is not None:
            self.leave_to_delegate(call.question)
        return rest

    def returned(self, name: str) -> None:
        """The call of the delegate's method `name` is over."""
        if self.history is not None:
            note_return(self.history, self._context.engine.clock, self.task, name, self._context.session)

    def leave_to_delegate(self, question: Question) -> None:
        """From now on it is the delegate who lets the load wait, and neither its queue nor its work."""
        self._inbox.moved()
        question.left = True

    def observe(self, update: Callable[[], Any], then: Callable[..., Any]) -> None:
        """Make `update`, for observers of the task's progress, on the delegate queue; the exchange's events wait for it, and for
        `then` after it."""
        question = self.hold()

        def perform() -> Rest:
            if self._inbox.machine.question is not question:
                return None
            return make(update, (), lambda _: self.answer(question, then, ()), partial(self.crashed, "progress"))

        self._context.queue.submit(perform, self._context.engine)

    def crashed(self, name: str, error: BaseException) -> None:
        """What a delegate's method, or another callback, has raised is reported, and ends its task."""
        work.report(f"the {_shown(name)} of {self.task!r}", self.task)
        self._inbox.fail(Event.FAILED, self._inbox.owner.failure(Code.UNKNOWN, error))

    def hold(self) -> Question:
        """Take no further events of the exchange until `go_on` with what this returns. In a turn of the load."""
        return self._inbox.machine.ask("")

    def go_on(self, question: Question) -> None:
        """End `hold`; on any thread."""
        self.answer(question, None, ())

    def answer(self, question: Question, answered: Callable[..., None] | None, values: Values) -> None:
        """The callback of `question` is over; on any thread."""
        def take() -> None:
            machine = self._inbox.machine
            if not machine.answer(question) or machine.cancelled:        # the load went on without it, or ends
                return
            self._inbox.moved()
            if self.history is not None and question.name in QUESTIONS and Answered in self.history.kinds:
                self.history.add(self._context.engine.clock, Answered, self.task, question.name, values)
            if answered is not None:
                self._take(question.name, answered, values)

        self._inbox.instruct(take)

    def _take(self, name: str, answered: Callable[..., None], values: Values) -> None:
        """Give the answer `values` to `answered`, unless it is none."""
        if name in QUESTIONS:
            try:
                values = judged(name, values)
            except BaseException as error:
                self.crashed(name, error)
                return
        answered(*values)

    # telling ------------------------------------------------------------------------------------------------------
    def tell(self, task: Any, name: str, call: Callable[..., Any], arguments: tuple[Any, ...], over: Callable[[], None] | None = None) -> Rest:
        """On the delegate queue: make a callback about `task`, the delegate's method `name` or "completion_handler", which ends
        nothing by what it raises; then call `over`."""
        if self.history is not None:
            note(self.history, self._context.engine.clock, task, name, arguments[1:] if name in SELECTORS else arguments, self._context.session)
            over = partial(self._told, task, name, over)
        return Telling(_shown(name), task, call, arguments, over)()

    def _told(self, task: Any, name: str, over: Callable[[], None] | None) -> None:
        note_return(self.history, self._context.engine.clock, task, name, self._context.session)
        if over is not None:
            over()


def _shown(name: str) -> str:
    """The callback `name` as a report calls it."""
    return f"delegate's {name}" if name in SELECTORS else name


class _Call:
    """One callback on its way, as an operation of the delegate queue."""

    __slots__ = ("_answered", "_callbacks", "arguments", "met", "method", "question", "shots", "twice")

    def __init__(self, callbacks: Callbacks, method: Method, arguments: tuple[Any, ...], question: Question,
                 answered: Callable[..., None] | None, met: Sequence[Shot]) -> None:
        self._callbacks = callbacks
        self.method, self.arguments, self.question = method, arguments, question
        self._answered = answered
        self.met = met
        self.shots: list[Shot] | None = None
        self.twice: Shot | None = None

    def __call__(self) -> Rest:
        return self._callbacks.perform(self)

    def over(self, value: Any) -> None:
        """It is over, and `value` is the answer of a question."""
        self._callbacks.returned(self.method.name)
        values = given(self.question.name, value)
        if self.twice is None:
            self.answer(values)
        else:
            answer_twice(self.twice, _Handler(self), *values)

    def answer(self, values: Values) -> None:
        """The completion handler was called."""
        self._callbacks.answer(self.question, self._answered, values)

    def left(self, value: Any) -> None:
        """The method has returned, and has the completion handler to call."""
        self._callbacks.returned(self.method.name)
        self._callbacks.leave_to_delegate(self.question)

    def failed(self, error: BaseException) -> None:
        self._callbacks.returned(self.method.name)
        self._callbacks.crashed(self.method.name, error)


class _Handler:
    """The completion handler of a question: to be called once, from any thread."""

    __slots__ = ("_call", "_name")

    def __init__(self, call: _Call) -> None:
        self._call: _Call | None = call
        self._name = call.method.name

    def __call__(self, *values: Any) -> None:
        call, self._call = self._call, None
        if call is None:
            raise GenericException(f"the completion handler of {self._name} was called twice")
        call.answer(values)
