"""What tasks, sessions and reports ask of a task's life, and that a load over HTTP has it."""
from __future__ import annotations

import ast
import inspect
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import sessionmock as sm
from sessionmock.core.machine import ASKING, Event, Phase
from sessionmock.errors import Code, URLError
from sessionmock.history import Ended, History
from sessionmock.load.consumers import ToDelegate, ToHandler, ToLoading, ToReader
from sessionmock.load.life import Life
from sessionmock.load.load import Load
from sessionmock.load.transfer import Transfer
from sessionmock.load.upload import Upload
from sessionmock.models.body import IterableStream
from sessionmock.models.enums import TaskState
from sessionmock.models.request import URLRequest
from sessionmock.registry import Scope

from .doubles import URL, HandRoute, Parts, Task, head

LIBRARY = Path(inspect.getfile(sm)).parent
MEMBERS = sorted({name for name in [*vars(Life), *Life.__annotations__] if not name.startswith("_")})


class Made:
    """A load, whose exchanges the test answers."""

    def __init__(self, consumer: Any = None, delegate: Any = None, *, request: Any = URL, history: History | None = None, **how: Any) -> None:
        self.parts = Parts(delegate)
        self.route = HandRoute()
        self.consumer = consumer or ToLoading()
        request = request if isinstance(request, URLRequest) else URLRequest(request)
        self.task = Task(request)
        if history is not None:
            self.task._scope = Scope("a test")      # type: ignore[assignment]
            self.task._scope.history = history      # type: ignore[attr-defined]
        self.load = Load(self.parts.context, self.task, request, self.consumer, route=self.route, **how)

    def answer(self, body: bytes = b"", status: int = 200) -> Made:
        _, sink, _ = self.route.opened[-1]
        sink.head(head(status))
        if body:
            sink.data(body)
        sink.end([])
        self.parts.turn()
        return self


# the protocol --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", MEMBERS)
def test_a_load_has_every_member_of_a_life(name: str) -> None:
    """Properties that can be read, set where a life's can be, and methods with the same parameters."""
    asked, found = inspect.getattr_static(Life, name, None), inspect.getattr_static(Load, name)
    if isinstance(asked, property):
        getattr(Made().load, name)
        assert not (asked.fset and isinstance(found, property) and found.fset is None)
    elif asked is None:      # an attribute
        setattr(Made().load, name, None)
    else:
        wanted, given = inspect.signature(asked), inspect.signature(found)
        assert list(wanted.parameters.values()) == list(given.parameters.values())
        assert wanted.return_annotation == given.return_annotation


def test_a_life_is_all_that_is_asked_of_a_load() -> None:
    """Nobody outside of the loads uses a member of a task's life that a life has not."""
    used = set()
    for file in (file for file in LIBRARY.rglob("*.py") if "load" not in file.relative_to(LIBRARY).parts):
        used |= {node.attr for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Attribute) and (
            ast.unparse(node.value).rpartition(".")[2] in ("_life", "life"))}
    assert {"callbacks", "consumer"} == used - set(MEMBERS)       # of a load that a session has made in this moment, and that a sweep looks into
    assert used > {"state", "latch", "resume"}


# what goes out and what comes in -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("body", "total"), [(None, 0), (b"body", 4), (IterableStream([b"body"]), -1), (IterableStream([b"body"], 4), 4)])
def test_what_is_sent_knows_its_length(body: Any, total: int) -> None:
    """-1 where nobody does."""
    made = Transfer(URLRequest(URL), URLRequest(URL), body, 0)
    assert (total, 0, None) == (made.total, made.sent, made.message)


def test_nothing_has_come_at_first() -> None:
    """Neither a response nor a byte."""
    made = Transfer(URLRequest(URL), URLRequest(URL), None, 0)
    assert (None, 0, []) == (made.response, made.received, made.trailers)


# a load as a life ----------------------------------------------------------------------------------------------------------------
def test_a_life_from_its_first_resume_to_its_end() -> None:
    """What it says of itself on the way."""
    made = Made()
    life: Life = made.load
    assert (True, False, TaskState.SUSPENDED, made.task) == (life.never_resumed, life.is_over, life.state, life.task)
    life.resume()
    assert (False, TaskState.RUNNING, 1) == (life.never_resumed, life.state, len(made.route.opened))
    life.suspend()
    assert TaskState.SUSPENDED is life.state
    life.resume()
    made.answer(b"data")
    assert (True, True, TaskState.COMPLETED, None, None, [made.load]) == (
        life.is_over, life.latch.done, life.state, life.error, life.task, made.parts.ended)
    assert (4, b"data") == (life.transfer.received, made.consumer.outcome()[0][0])


def test_a_life_that_is_cancelled() -> None:
    """With the error that it is given, or -999 with the URL; before it was ever resumed, too."""
    plain, saying, error = Made(), Made(), URLError(Code.CANCELLED, {"more": 1})
    plain.load.cancel()
    saying.load.resume()
    saying.load.cancel(error)
    assert (Code.CANCELLED, URL, error, False) == (
        plain.load.error.code, plain.load.error.failing_url, saying.load.error, plain.load.never_resumed)     # type: ignore[union-attr]
    assert ["cancel"] == saying.route.opened[0][2].calls


def test_a_question_that_is_open_is_named() -> None:
    """Where the answer is waited for."""
    class Silent:
        def task_did_receive_challenge(self, session: Any, task: Any, challenge: Any, handler: Any) -> None: ...

    made = Made(delegate=Silent())
    made.load.resume()
    made.route.opened[0][1].head(head(401, [("WWW-Authenticate", 'Basic realm="r"')]))
    assert ("task_did_receive_challenge", True) == (made.load.question, made.load.inbox.machine.phase in ASKING)


def test_a_life_says_when_it_may_begin() -> None:
    """None is at once; what is set is kept."""
    made = Made()
    date = made.parts.engine.clock.date() + timedelta(days=1)
    before, made.load.earliest_begin_date = made.load.earliest_begin_date, date
    assert (None, date) == (before, made.load.earliest_begin_date)
    made.load.resume()
    assert (Phase.DELAYED, []) == (made.load.inbox.machine.phase, made.route.opened)


def test_data_as_it_comes_is_the_consumers_to_say() -> None:
    """Only a delegate gets it so, and only it is told otherwise; nobody's result is lost but a file's."""
    handed, told = Made(), Made(ToDelegate())
    handed.load.is_incremental, told.load.is_incremental = True, False
    assert (False, False) == (handed.load.is_incremental, told.load.is_incremental)
    told.load.is_incremental = True
    assert (True, False, False) == (told.load.is_incremental, handed.load.loses_its_result, told.load.loses_its_result)


def test_instructions_are_followed_in_a_turn() -> None:
    """When nothing else is going on."""
    made, done = Made(), list[str]()
    with made.load.inbox._door:
        made.load.instruct(lambda: done.append("instruction"))
        assert [] == done
    made.load.inbox.pump()
    assert ["instruction"] == done


def test_what_a_delegate_raises_ends_the_life(monkeypatch: pytest.MonkeyPatch) -> None:
    """And is reported."""
    reported: list[Any] = []
    monkeypatch.setattr("threading.excepthook", reported.append)
    made, error = Made(), LookupError()
    made.load.resume()
    try:
        raise error
    except LookupError:
        made.load.crashed("session_did_create_task", error)
    assert made.load.error is not None
    assert (error, Code.UNKNOWN, 1) == (made.load.error.underlying_error, made.load.error.code, len(reported))


def test_nobody_waits_for_it_any_more() -> None:
    """The engine hears of it."""
    made = Made(eager=False)
    made.load.hasten()
    assert (["post_eager"], True) == (made.parts.engine.given(), made.load.timeouts.eager)


def test_leaving_ends_what_nobody_reads() -> None:
    """Its consumer says so."""
    made = Made(ToReader())
    made.load.resume()
    made.load.leave("me")
    assert made.load.error is not None
    assert (Code.CANCELLED, None, False) == (made.load.error.code, made.load.resume_data(), made.load.is_upload)


# progress --------------------------------------------------------------------------------------------------------------------
def test_progress_is_told_on_the_queue() -> None:
    """Of what came; where no length was announced, the end is the total."""
    made = Made()
    made.load.progress = sm.Progress()
    made.load.resume()
    made.answer(b"data")
    assert (4, 4) == (made.load.progress.completed_unit_count, made.load.progress.total_unit_count)


def test_progress_of_an_upload_is_that_of_its_body() -> None:
    """What comes back does not count."""
    made = Made(request=URLRequest(URL, "POST"), body=b"body", make_body=Upload)
    made.load.progress = sm.Progress()
    made.load.resume()
    made.route.opened[0][1].sent(3)
    made.parts.turn()
    assert (3, 4) == (made.load.progress.completed_unit_count, made.load.progress.total_unit_count)
    made.answer(b"an answer")
    assert (3, 4) == (made.load.progress.completed_unit_count, made.load.progress.total_unit_count)


def test_the_body_that_was_sent_is_counted() -> None:
    """For each request anew."""
    class Told:
        def task_did_send_body_data(self, session: Any, task: Any, *counts: int) -> None:
            told.append(counts)

    told: list[Any] = []
    made = Made(delegate=Told(), request=URLRequest(URL, "POST"), body=b"body")
    made.load.resume()
    sink = made.route.opened[0][1]
    for count in (1, 3):
        sink.sent(count)
        made.parts.turn()
    assert ([(1, 1, 4), (3, 4, 4)], 4) == (told, made.load.transfer.last.sent)


# a forked child ------------------------------------------------------------------------------------------------------------------
def test_in_a_forked_child_a_load_ends() -> None:
    """With -1005; its exchange is the parent's, and is left alone."""
    made = Made()
    made.load.resume()
    made.load.orphan()
    made.parts.engine.run()
    assert made.load.error is not None
    assert (Code.NETWORK_CONNECTION_LOST, [], True) == (made.load.error.code, made.route.opened[0][2].calls, made.load.latch.done)


def test_in_a_forked_child_a_load_that_was_not_resumed_stays() -> None:
    """It can be resumed there; one that has ended has ended."""
    made, over = Made(), Made()
    over.load.cancel()
    for each in (made, over):
        each.load.orphan()
        each.parts.engine.run()
    assert (True, None, 1) == (made.load.never_resumed, made.load.error, len(over.parts.ended))
    made.load.resume()
    assert b"data" == made.answer(b"data").consumer.outcome()[0][0]


def test_in_a_forked_child_a_message_that_is_on_its_way_is_the_parents() -> None:
    """The child's load is over without it."""
    told: list[Any] = []
    made = Made(ToHandler(lambda *outcome: told.append(outcome)))
    made.load.cancel()
    assert (1, False) == (made.parts.queue.waiting, made.load.latch.done)
    made.parts.queue.orphan()
    made.load.orphan()
    made.load.orphan()
    assert ([], True, TaskState.COMPLETED) == (told, made.load.latch.done, made.load.state)


# ends -----------------------------------------------------------------------------------------------------------------------------
def test_a_body_that_no_route_was_given_is_closed() -> None:
    """A route closes what it got."""
    class Closing(IterableStream):
        __slots__ = ("closed",)

        def __init__(self) -> None:
            super().__init__([b"body"])
            self.closed = 0

        def close(self) -> None:
            self.closed += 1

    never, sent = Closing(), Closing()
    Made(request=URLRequest(URL, "POST"), body=never).load.cancel()
    made = Made(request=URLRequest(URL, "POST"), body=sent)
    made.load.resume()
    made.load.cancel()
    assert (1, 0) == (never.closed, sent.closed)


@pytest.mark.parametrize("answered", [True, False])
def test_the_end_is_written_down(answered: bool) -> None:
    """With the response's status where there was one, and the error where there was none."""
    made = Made(history=(history := History([Ended])))
    made.load.resume()
    made.parts.engine.let_pass(1)
    if answered:
        made.answer(status=404)
    else:
        made.load.cancel()
    [*_, record] = history
    assert isinstance(record, Ended)
    assert (made.task, 0, "GET", URL, 404 if answered else None, "live", 1000.0, "" if answered else f"cancelled (-999) for {URL}") == (
        record.task, record.exchange, record.method, record.url, record.status, record.source, record.milliseconds, record.error)


def test_events_of_a_load_that_has_ended_change_nothing() -> None:
    """Whatever still comes of its exchange, and whatever is still asked of it."""
    made = Made()
    made.load.resume()
    _, sink, _ = made.route.opened[0]
    made.load.cancel()
    sink.head(head())
    sink.data(b"late")
    sink.end([])
    made.load.inbox.bring(sink, Event.DATA, b"later")
    made.load.cancel()
    made.load.suspend()
    made.load.resume()
    assert made.load.error is not None
    assert (Code.CANCELLED, TaskState.COMPLETED, 1) == (made.load.error.code, made.load.state, len(made.parts.ended))
