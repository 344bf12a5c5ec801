"""Callbacks: delegate methods and handlers, plain, as coroutines and with a completion handler."""
from __future__ import annotations

import threading
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest

from sessionmock.clock import SECOND
from sessionmock.core.machine import Event, Phase
from sessionmock.delegates import methods
from sessionmock.errors import Code, GenericException
from sessionmock.history import Answered, Asked, Called, Ended, History, Returned
from sessionmock.load.callbacks import Telling, make, note, note_return
from sessionmock.models.enums import AuthChallengeDisposition
from sessionmock.models.request import URLRequest

from .doubles import URL, Parts, finish

ASK = "task_will_perform_http_redirection"      # a question
TELL = "data_task_did_receive_data"             # none
NEW = URLRequest("http://a.test/new")


@pytest.fixture
def reported() -> Iterator[list[BaseException]]:
    """What is reported to the hook of threads."""
    found: list[BaseException] = []
    before = threading.excepthook
    threading.excepthook = lambda arguments: found.append(arguments.exc_value)
    yield found
    threading.excepthook = before


def asking(delegate: object, history: History | None = None) -> tuple[Parts, list[Any]]:
    """The parts of a load whose delegate has been posted a question; the list takes its answers."""
    parts = Parts(delegate, history=history)
    parts.runs(Phase.REDIRECTING)
    parts.sink()
    answers: list[Any] = []
    assert parts.callbacks.call(ASK, "response", "request", answered=lambda *values: answers.append(values))
    return parts, answers


class Plain:
    def __init__(self, value: Any = None) -> None:
        self.value = value
        self.arguments: tuple[Any, ...] = ()

    def task_will_perform_http_redirection(self, session: Any, task: Any, response: Any, request: Any) -> Any:
        self.arguments = session, task, response, request
        return self.value


class Asynchronous(Plain):
    async def task_will_perform_http_redirection(self, session: Any, task: Any, response: Any, request: Any) -> Any:
        return super().task_will_perform_http_redirection(session, task, response, request)


class Handing:
    """Answers by its completion handler, when the test says so."""

    def task_will_perform_http_redirection(self, session: Any, task: Any, response: Any, request: Any, handler: Any) -> None:
        self.handler = handler


# answers ---------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", [Plain, Asynchronous])
@pytest.mark.parametrize("value", [NEW, None], ids=repr)
def test_the_answer_is_what_a_method_gives(kind: Any, value: Any) -> None:
    """By returning it or as a coroutine. It gets the session, the task and the rest."""
    parts, answers = asking(delegate := kind(value))
    assert ([], ()) == (answers, delegate.arguments)
    parts.queue.run()
    assert ([(value,)], (parts.session, parts.task, "response", "request")) == (answers, delegate.arguments)
    assert parts.machine.gate_is_open


@pytest.mark.parametrize("several", [True, False])
def test_a_tuple_is_several_values_where_a_question_takes_several(several: bool) -> None:
    """A disposition and a credential. It is one value elsewhere: a body may come as a tuple of its pieces."""
    class Delegate:
        def task_did_receive_challenge(self, session: Any, task: Any, challenge: Any) -> Any:
            return AuthChallengeDisposition.USE_CREDENTIAL, None

        def task_need_new_body_stream(self, session: Any, task: Any) -> Any:
            return b"a", b"b"

    parts, answers = Parts(Delegate()), []
    parts.runs(Phase.CHALLENGED)
    name, arguments = ("task_did_receive_challenge", ("challenge",)) if several else ("task_need_new_body_stream", ())
    parts.callbacks.call(name, *arguments, answered=lambda *values: answers.append(values))
    parts.queue.run()
    [answer] = answers
    assert ((AuthChallengeDisposition.USE_CREDENTIAL, None) if several else b"ab") == (answer if several else answer[0].read(1) + answer[0].read(1))


def test_the_answer_is_what_the_completion_handler_is_called_with() -> None:
    """On any thread, after the method has returned; until then the exchange's events wait."""
    parts, answers = asking(delegate := Handing())
    parts.queue.run()
    assert ([], False) == (answers, parts.machine.gate_is_open)
    thread = threading.Thread(target=delegate.handler, args=(NEW,))
    thread.start()
    thread.join()
    assert ([(NEW,)], True) == (answers, parts.machine.gate_is_open)


def test_the_completion_handler_may_be_called_before_the_method_returns() -> None:
    """It is the answer then, and the method's end is none."""
    class Quick:
        def task_will_perform_http_redirection(self, session: Any, task: Any, response: Any, request: Any, handler: Any) -> str:
            handler(NEW)
            return "ignored"

    parts, answers = asking(Quick())
    parts.queue.run()
    assert [(NEW,)] == answers


def test_a_completion_handler_is_called_once() -> None:
    """The second call is misuse, at the call: GenericException that names the method."""
    parts, answers = asking(delegate := Handing())
    parts.queue.run()
    delegate.handler(NEW)
    with pytest.raises(GenericException, match=f"completion handler of {ASK} was called twice"):
        delegate.handler(None)
    assert [(NEW,)] == answers


@pytest.mark.parametrize("kind", ["plain", "coroutine", "handler", "handler on its own"])
@pytest.mark.parametrize("values", [("http://a.test/new",), (), (None, None)], ids=["wrong", "none", "too many"])
def test_what_is_no_answer_is_reported_and_ends_the_load(kind: str, values: tuple[Any, ...], reported: list[BaseException]) -> None:
    """A wrong answer is the delegate's mistake, however it is given: the load ends with -1 over what names the method, and
    whoever calls the completion handler goes on."""
    class Handed:
        def task_will_perform_http_redirection(self, session: Any, task: Any, response: Any, request: Any, handler: Any) -> None:
            handler(*values)

    value = values[0] if len(values) == 1 else values
    delegates = {"plain": Plain(value), "coroutine": Asynchronous(value), "handler": Handed(), "handler on its own": Handing()}
    parts, answers = asking(delegate := delegates[kind])
    parts.queue.run()
    if isinstance(delegate, Handing):
        delegate.handler(*values)
    failure = next(note[1] for note in parts.owner.notes if note[0] == "FAIL")
    assert ([], [failure.underlying_error], Code.UNKNOWN) == (answers, reported, failure.code)
    assert str(reported[0]).startswith(f"{ASK} was answered with ")
    assert [f"raised in the delegate's {ASK} of <a task>"] == reported[0].__notes__


def test_a_method_that_nobody_waits_for_holds_back_what_follows_it() -> None:
    """A plain notification is over when it has returned; its value is nobody's."""
    class Delegate:
        def data_task_did_receive_data(self, session: Any, task: Any, data: bytes) -> str:
            return "ignored"

    parts = Parts(Delegate())
    parts.runs(Phase.RECEIVING)
    sink = parts.sink()
    assert parts.callbacks.call(TELL, b"data")
    parts.inbox.bring(sink, Event.END, [])
    assert [] == parts.owner.names()
    parts.queue.run()
    assert ["take"] == parts.owner.names()


# whose method ------------------------------------------------------------------------------------------------------------
def test_without_a_method_nothing_is_posted() -> None:
    """`call` says so: the load goes on without an answer."""
    parts = Parts(object())
    assert (False, 0, None) == (parts.callbacks.call(ASK, 1, 2), parts.queue.waiting, parts.machine.question)


def test_the_tasks_own_delegate_is_asked_first_method_by_method() -> None:
    """What it has not is asked of the session's (I23)."""
    class Session(Plain):
        def task_did_complete(self, session: Any, task: Any, error: Any) -> None: ...

    mine, other = Plain("mine"), Session("session's")
    parts = Parts(other)
    parts.callbacks.set_methods(methods(mine))
    found = [parts.callbacks.method(name) for name in (ASK, "task_did_complete", TELL)]
    assert [mine.task_will_perform_http_redirection, other.task_did_complete, None] == [each and each.call for each in found]
    parts.callbacks.set_methods(None)
    assert parts.callbacks.method(ASK) == parts.context.methods[ASK]


# a task that was ended ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("end", ["cancelled", "completing", "another question"])
def test_a_task_that_was_ended_delivers_nothing_more(end: str) -> None:
    """What was posted and has not begun is not called (I3)."""
    parts, answers = asking(delegate := Plain("new"), history := History())
    if end == "cancelled":
        parts.machine.cancelled = True
    elif end == "completing":
        parts.machine.phase = Phase.COMPLETING
    else:
        parts.machine.ask("task_did_receive_challenge")
    parts.queue.run()
    assert ((), [], 0) == (delegate.arguments, answers, len(history))


def test_an_answer_to_a_task_that_was_cancelled_changes_nothing() -> None:
    """Its end is still on its way."""
    parts, answers = asking(Plain(NEW))
    parts.machine.cancel()
    parts.queue.run()
    question = parts.machine.ask(ASK)
    parts.callbacks.answer(question, lambda *values: answers.append(values), (NEW,))
    assert [] == answers


def test_an_answer_that_comes_too_late_changes_nothing() -> None:
    """The load went on without it: it was withdrawn, or ended."""
    parts, answers = asking(delegate := Handing(), history := History())
    parts.queue.run()
    parts.machine.question = None
    delegate.handler("new")
    assert ([], [Asked, Returned]) == (answers, [type(record) for record in history])


# exceptions --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("error", [ValueError("bad"), KeyboardInterrupt(), SystemExit(3)], ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("kind", ["plain", "coroutine", "handler"])
def test_what_a_delegate_raises_is_reported_and_ends_its_task(kind: str, error: BaseException, reported: list[BaseException]) -> None:
    """With -1 over it; the report says whose method it was."""
    class Raising:
        def task_will_perform_http_redirection(self, session: Any, task: Any, response: Any, request: Any) -> None:
            raise error

    class Awaiting:
        async def task_will_perform_http_redirection(self, session: Any, task: Any, response: Any, request: Any) -> None:
            raise error

    class Handed:
        def task_will_perform_http_redirection(self, session: Any, task: Any, response: Any, request: Any, handler: Any) -> None:
            raise error

    parts, answers = asking({"plain": Raising, "coroutine": Awaiting, "handler": Handed}[kind]())
    parts.queue.run()
    failure = next(note[1] for note in parts.owner.notes if note[0] == "FAIL")
    assert ([], [error], Code.UNKNOWN, error, URL) == (answers, reported, failure.code, failure.underlying_error, failure.failing_url)
    assert f"raised in the delegate's {ASK} of <a task>" in error.__notes__


# who lets the load wait --------------------------------------------------------------------------------------------------
class Pause:
    """What a coroutine of a test waits for, once."""

    def __await__(self) -> Iterator[None]:
        yield


def left(parts: Parts) -> tuple[bool, int]:
    """Whether it is the delegate who lets the load wait, and since when in seconds."""
    assert parts.machine.question is not None
    return parts.machine.question.left, parts.inbox.moved_at // SECOND


def test_a_method_at_work_is_waited_for_and_one_that_has_left_is_not() -> None:
    """A question that waits in the queue or is at work is nobody's delay; from the return of a method that has a completion
    handler to call, it is the delegate's, and the idle time begins there (I16)."""
    parts, _ = asking(Handing())
    parts.engine.let_pass(5)
    assert (False, 0) == left(parts)
    parts.queue.run()
    assert (True, 5) == left(parts)


def test_a_coroutine_lets_the_load_wait_from_its_first_step_on() -> None:
    """A coroutine function has returned at once: what it awaits is the delegate's delay."""
    class Waiting:
        async def task_will_perform_http_redirection(self, session: Any, task: Any, response: Any, request: Any) -> URLRequest:
            await Pause()
            return NEW

    parts, answers = asking(Waiting())
    parts.engine.let_pass(5)
    rest: Coroutine[Any, Any, None] | None = parts.queue.run_one()
    assert rest is not None
    assert (True, 5) == left(parts)
    rest.send(None)
    parts.engine.let_pass(2)
    finish(rest)
    assert ([(NEW,)], 7) == (answers, parts.inbox.moved_at // SECOND)


def test_who_is_asked_for_a_credential_keeps_a_peer_waiting_at_work_or_not() -> None:
    """A challenge is the delegate's delay from the moment that its method is called."""
    class Slow:
        def task_did_receive_challenge(self, session: Any, task: Any, challenge: Any) -> None:
            seen.append(left(parts))

    seen: list[Any] = []
    parts = Parts(Slow())
    parts.runs(Phase.CHALLENGED)
    parts.callbacks.call("task_did_receive_challenge", "challenge")
    parts.engine.let_pass(5)
    parts.queue.run()
    assert [(True, 5)] == seen


# holding --------------------------------------------------------------------------------------------------------------------
def test_a_reader_holds_back_what_follows_until_it_goes_on() -> None:
    """A hold is no question, and is over once."""
    parts = Parts(history=(history := History()))
    parts.runs(Phase.RECEIVING)
    sink = parts.sink()
    question = parts.callbacks.hold()
    parts.inbox.bring(sink, Event.END, [])
    assert ([], None) == (parts.owner.names(), parts.machine.asked)
    parts.callbacks.go_on(question)
    parts.callbacks.go_on(question)
    assert (["take"], 0) == (parts.owner.names(), len(history))


# telling ------------------------------------------------------------------------------------------------------------------
def test_a_telling_ends_nothing_by_what_it_raises(reported: list[BaseException]) -> None:
    """It is reported, and what comes after it is done all the same: once."""
    error, over = ValueError("bad"), []

    def call(*arguments: Any) -> None:
        over.append(arguments)
        raise error

    parts = Parts()
    parts.runs(Phase.COMPLETED)
    finish(parts.callbacks.tell(parts.task, "task_did_complete", call, (parts.session, parts.task, None), lambda: over.append("over")))
    assert ([(parts.session, parts.task, None), "over"], [error], []) == (over, reported, parts.owner.notes)
    assert ["raised in the delegate's task_did_complete of <a task>"] == error.__notes__


@pytest.mark.parametrize("kind", ["plain", "coroutine"])
def test_what_follows_a_telling_waits_for_its_end(kind: str) -> None:
    """A coroutine's end, too."""
    over: list[str] = []

    def plain() -> str:
        return "ignored"

    async def coroutine() -> str:
        await Pause()
        return "ignored"

    rest = Telling("handler", "a task", plain if kind == "plain" else coroutine, (), lambda: over.append("over"))()
    if rest is not None:
        rest.send(None)
        assert [] == over
        finish(rest)
    assert (["over"], kind == "plain") == (over, rest is None)


def test_a_telling_that_nothing_follows() -> None:
    """A handler of a session has nobody who waits for its end."""
    assert Telling("handler", "a task", list, ())() is None


def test_make_tells_what_a_call_gives_from_what_it_raises() -> None:
    """One of both is called, once."""
    values: list[Any] = []
    errors: list[BaseException] = []
    assert make(int, ("7",), values.append, errors.append) is None
    assert make(int, ("x",), values.append, errors.append) is None
    assert ([7], ["ValueError"]) == (values, [type(error).__name__ for error in errors])


# the history ------------------------------------------------------------------------------------------------------------------
def test_questions_and_their_answers_are_written_down() -> None:
    """The call when it is made, with what came after the session; the answer when it is taken."""
    parts, _ = asking(delegate := Handing(), history := History())
    parts.engine.let_pass(1)
    parts.queue.run()
    parts.engine.let_pass(2)
    delegate.handler(NEW)
    assert [
        Asked(1, SECOND, parts.task, ASK, (parts.task, "response", "request")),
        Returned(2, SECOND, parts.task, ASK, 0),
        Answered(3, 3 * SECOND, parts.task, ASK, (NEW,)),
    ] == list(history)


def test_a_call_that_is_no_question_has_no_answer() -> None:
    """What is written down is that it was called, and returned."""
    class Delegate:
        def data_task_did_receive_data(self, session: Any, task: Any, data: bytes) -> None: ...

    parts = Parts(Delegate(), history=(history := History()))
    parts.runs(Phase.RECEIVING)
    parts.callbacks.call(TELL, b"data")
    parts.queue.run()
    assert [Called(1, 0, parts.task, TELL, (parts.task, b"data")), Returned(2, 0, parts.task, TELL, 0)] == list(history)


@pytest.mark.parametrize(("name", "arguments", "noted"), [
    ("task_did_complete", ("session", "task", None), ("task_did_complete", ("task", None))),
    ("completion_handler", (b"data", "response", None), ("completion_handler", (b"data", "response", None))),
])
def test_what_is_told_is_written_down_without_the_session(name: str, arguments: tuple[Any, ...], noted: tuple[Any, ...]) -> None:
    """A delegate's method by its name, a handler with all that it gets."""
    parts = Parts(history=(history := History()))
    given = tuple(parts.session if each == "session" else each for each in arguments)
    parts.callbacks.tell(parts.task, name, lambda *_: None, given)
    record, returned = history
    assert isinstance(record, Called)
    assert noted == (record.name, record.arguments)
    assert Returned(2, 0, parts.task, name, 0) == returned


def test_a_history_that_wants_no_callbacks_gets_none() -> None:
    """Neither calls nor answers are made records of."""
    history = History([Ended])
    parts, answers = asking(Plain(NEW), history)
    parts.queue.run()
    note(history, parts.engine.clock, parts.task, TELL, (), parts.session)
    note_return(history, parts.engine.clock, parts.task, TELL, parts.session)
    assert ([(NEW,)], 0) == (answers, len(history))
