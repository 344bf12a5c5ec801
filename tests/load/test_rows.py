"""Every row of the table of states is taken: by loads under virtual time, each of which lists the rows that it goes through."""
from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import sessionmock as sm
from sessionmock.clock import SECOND
from sessionmock.core.machine import ROWS, Effect, Event, Machine, Phase
from sessionmock.core.resume_data import DownloadResumeData, encode
from sessionmock.load.partial_files import folder
from sessionmock.models.message import ResponseHead
from sessionmock.routes.live.network.memory import MemoryNetwork
from sessionmock.routes.live.network.peer import Peer

URL = "http://a.test/"
Way = list[tuple[Phase, Event]]

# How a load that was answered ends, without a body and with one.
ANSWERED = "LOADING RESPONSE, DECIDING ALLOW, RECEIVING END, CACHING STORED, COMPLETING DELIVERED"
FILLED = ANSWERED.replace("RECEIVING END", "RECEIVING DATA, RECEIVING END")


class Stage:
    """Where a scenario plays: a script, virtual time, and a session that is made when it is wanted."""

    def __init__(self, clock: sm.VirtualClock) -> None:
        self.clock = clock
        self.script = sm.ScriptRoute()
        self.route: Any = self.script

    def play(self, make: Callable[[sm.URLSession], Any], delegate: object | None = None, *, monitor: sm.PathMonitor | None = None,
             date: datetime | None = None, then: Callable[[Any], None] | None = None, **settings: Any) -> None:
        """Resume the task that `make` makes, and wait for its end; `then` is called with it ten seconds later."""
        configuration = sm.URLSessionConfiguration.ephemeral()
        for name, value in settings.items():
            setattr(configuration, name, value)
        with sm.use_route(self.route), sm.URLSession(configuration, delegate, path_monitor=monitor) as session:
            task = make(session)
            if date is not None:
                task.earliest_begin_date = date
            if then is not None:
                self.clock._engine.clock.call_at(10 * SECOND, then, task)
            task.resume()

    @property
    def tomorrow(self) -> datetime:
        return self.clock.date() + timedelta(days=1)


class Scenario(NamedTuple):
    """What is played, and the rows that it takes, in order; one that is taken several times in a row stands there once."""

    play: Callable[[Stage], None]
    way: str


SCENARIOS: dict[str, Scenario] = {}


def scenario(way: str) -> Callable[[Callable[[Stage], None]], Callable[[Stage], None]]:
    def add(play: Callable[[Stage], None]) -> Callable[[Stage], None]:
        SCENARIOS[play.__name__] = Scenario(play, way)
        return play

    return add


def read(way: str) -> Way:
    """A way as it is written, "PHASE EVENT, PHASE EVENT"."""
    pairs = (each.split() for each in way.split(", "))
    return [(Phase[phase], Event[event]) for phase, event in pairs]


@pytest.fixture
def way(monkeypatch: pytest.MonkeyPatch) -> Way:
    """The rows that are taken in this test."""
    taken: Way = []
    meet = Machine.meet

    def watched(self: Machine, event: Event) -> tuple[Effect, ...]:
        if event in ROWS[self.phase] and taken[-1:] != [(self.phase, event)]:
            taken.append((self.phase, event))
        return meet(self, event)

    monkeypatch.setattr(Machine, "meet", watched)
    return taken


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(threading, "excepthook", lambda _: None)      # what delegates raise here is meant
    with sm.virtual_time() as clock:
        yield Stage(clock)


def having(**methods: Callable[..., Any]) -> object:
    """A delegate with these methods. Each is called with the task and the last argument, of a question its completion handler."""
    def made(method: Callable[..., Any]) -> Callable[..., None]:
        def call(self: object, *arguments: Any) -> None:
            method(arguments[1], arguments[-1])

        return call

    return type("Delegate", (), {name: made(method) for name, method in methods.items()})()


def get(session: sm.URLSession) -> sm.URLSessionTask:
    return session.data_task(URL)


def post(session: sm.URLSession) -> sm.URLSessionTask:
    """A request whose body is read once: it has to be supplied again."""
    return session.data_task(sm.URLRequest(URL, "POST", http_body_stream=[b"body"]))


def again(task: sm.URLSessionTask, *_: Any) -> None:
    """The task is stopped, and goes on."""
    task.suspend()
    task.resume()


def nothing(*_: Any) -> None:
    """The delegate does not answer."""


def lost(task: Any, *_: Any) -> None:
    """What becomes of the task in a forked child."""
    task._life.orphan()


def crash(*_: Any) -> None:
    raise LookupError("the delegate's mistake")


# before the request is on its way ------------------------------------------------------------------------------------------
@scenario("CREATED CANCELLED, COMPLETING DELIVERED")
def cancelled_before_it_began(stage: Stage) -> None:
    """It is never sent."""
    stage.play(lambda session: _cancelled(get(session)))


def _cancelled(task: sm.URLSessionTask) -> sm.URLSessionTask:
    task.cancel()
    return task


@scenario("CREATED FAILED, COMPLETING DELIVERED")
def refused_by_a_delegate_that_raises(stage: Stage) -> None:
    """The session's delegate is told of the new task, and raises."""
    stage.play(get, having(session_did_create_task=crash))


DELAYED = "CREATED RESUMED, LOADING EARLY, DELAYED "
BEGUN = f"DUE, BEGINNING BEGIN, {ANSWERED}"


@scenario(DELAYED + BEGUN)
def begun_when_it_was_due(stage: Stage) -> None:
    """A task with an earliest begin date and nobody to ask."""
    stage.script.answer()
    stage.play(get, date=stage.tomorrow)


@scenario(f"{DELAYED}RESUMED, DELAYED {BEGUN}")
def stopped_and_resumed_before_it_was_due(stage: Stage) -> None:
    """That changes nothing."""
    stage.script.answer()
    stage.play(get, date=stage.tomorrow, then=again)


@scenario(f"{DELAYED}CANCELLED, COMPLETING DELIVERED")
def cancelled_before_it_was_due(stage: Stage) -> None:
    """It is never sent."""
    stage.play(get, date=stage.tomorrow, then=sm.URLSessionTask.cancel)


@scenario(f"{DELAYED}FAILED, COMPLETING DELIVERED")
def left_to_a_forked_child_before_it_was_due(stage: Stage) -> None:
    """The child's copy ends, -1005."""
    stage.play(get, date=stage.tomorrow, then=lost)


WAITING = "CREATED RESUMED, LOADING UNREACHABLE, WAITING "


def wait(stage: Stage, then: Callable[[Any], None], second: Callable[[sm.PathMonitor], None] = nothing) -> None:
    """A task that waits for a network; a second thing happens after twenty seconds."""
    monitor = sm.PathMonitor(sm.NetworkPath(is_satisfied=False))
    stage.clock._engine.clock.call_at(20 * SECOND, second, monitor)
    stage.play(get, monitor=monitor, then=then, waits_for_connectivity=True, timeout_interval_for_resource=100)


def connect(monitor: sm.PathMonitor) -> None:
    monitor.update(sm.NetworkPath())


@scenario(f"{WAITING}RESUMED, WAITING REACHABLE, {ANSWERED}")
def begun_when_there_was_a_network(stage: Stage) -> None:
    """It was stopped and resumed meanwhile, which changes nothing."""
    stage.script.answer()
    wait(stage, again, connect)


@scenario(f"{WAITING}CANCELLED, COMPLETING DELIVERED")
def cancelled_before_there_was_a_network(stage: Stage) -> None:
    """It is never sent, and a network that comes later is nobody's business."""
    wait(stage, sm.URLSessionTask.cancel, connect)


@scenario(f"{WAITING}TIMED_OUT, COMPLETING DELIVERED")
def never_a_network(stage: Stage) -> None:
    """Waiting ends with the time for the whole task."""
    wait(stage, nothing)
    assert 100.0 == stage.clock.now()


@scenario(f"{WAITING}FAILED, COMPLETING DELIVERED")
def left_to_a_forked_child_without_a_network(stage: Stage) -> None:
    """The child's copy ends, -1005."""
    wait(stage, lost)


# while the answer is awaited ---------------------------------------------------------------------------------------------
@scenario(f"CREATED RESUMED, LOADING SENT, LOADING INFORMED, {FILLED}")
def a_post_that_is_answered(stage: Stage) -> None:
    """With early hints before the answer."""
    stage.script.answer(informational=[103], body=b"data")
    stage.play(lambda session: session.data_task(sm.URLRequest(URL, "POST", http_body=b"body")))


@scenario(f"CREATED RESUMED, LOADING RESUMED, {ANSWERED}")
def stopped_and_resumed_before_the_answer(stage: Stage) -> None:
    """The answer comes after it."""
    stage.script.answer(delay=30)
    stage.play(get, then=again)


@scenario("CREATED RESUMED, LOADING CANCELLED, COMPLETING DELIVERED")
def cancelled_before_the_answer(stage: Stage) -> None:
    """-999."""
    stage.script.answer(delay=30)
    stage.play(get, then=sm.URLSessionTask.cancel)


@scenario("CREATED RESUMED, LOADING TIMED_OUT, COMPLETING DELIVERED")
def never_an_answer(stage: Stage) -> None:
    """-1001 after a minute."""
    stage.script.answer(delay=math.inf)
    stage.play(get)
    assert 60.0 == stage.clock.now()


@scenario("CREATED RESUMED, LOADING FAILED, COMPLETING DELIVERED")
def no_answer(stage: Stage) -> None:
    """The connection is lost."""
    stage.script.answer(error=-1005)
    stage.play(get)


@scenario(f"CREATED RESUMED, LOADING SENT, LOADING INFORMED, LOADING RETRY, LOADING SENT, {ANSWERED}")
def an_upload_that_goes_on_after_a_loss(stage: Stage) -> None:
    """The server has named a resource for it; asked how much it has, it takes the rest."""
    named = ResponseHead(104, [("Location", "/upload")])
    stage.script.answer(informational=[named], error=-1005).answer(status=204, headers={"Upload-Offset": "2"}).answer()
    stage.play(lambda session: session.upload_task(sm.URLRequest(URL, "POST"), b"body"))


# while the delegate is asked -----------------------------------------------------------------------------------------------
class Asking(NamedTuple):
    """How a task comes to ask its delegate, and goes on after the answer."""

    method: str
    way: str                               # to the question
    answer: Callable[[Any, Any], None]     # calls the completion handler
    rest: str                              # of the way, from the answer on
    make: Callable[[sm.URLSession], Any] = get
    answers: tuple[dict[str, Any], ...] = ({},)
    is_delayed: bool = False


def giving(*values: Any) -> Callable[[Any, Any], None]:
    """The delegate answers with `values`."""
    return lambda task, handler: handler(*values)


def streamed(session: sm.URLSession) -> sm.URLSessionTask:
    return session.upload_task(streamed_request=URL)


BASIC = {"status": 401, "headers": {"WWW-Authenticate": 'Basic realm="r"'}}
ANN = (sm.AuthChallengeDisposition.USE_CREDENTIAL, sm.URLCredential("ann", "secret"))
KEPT = {"headers": {"Cache-Control": "max-age=60"}, "body": b"data"}

ASKED = {
    Phase.BEGINNING: Asking(
        "task_will_begin_delayed_request", "CREATED RESUMED, LOADING EARLY, DELAYED DUE",
        giving(sm.DelayedRequestDisposition.CONTINUE_LOADING), f"BEGINNING BEGIN, {ANSWERED}", is_delayed=True),
    Phase.NEEDING_STREAM: Asking(
        "task_need_new_body_stream", "CREATED RESUMED, LOADING NEEDS_STREAM",
        giving(b"body"), f"NEEDING_STREAM STREAM, LOADING SENT, {ANSWERED}", streamed),
    Phase.REDIRECTING: Asking(
        "task_will_perform_http_redirection", "CREATED RESUMED, LOADING REDIRECT",
        giving(sm.URLRequest(f"{URL}there")), f"REDIRECTING FOLLOW, {ANSWERED}",
        answers=({"status": 302, "headers": {"Location": "/there"}}, {})),
    Phase.CHALLENGED: Asking(
        "task_did_receive_challenge", "CREATED RESUMED, LOADING CHALLENGE",
        giving(*ANN), f"CHALLENGED RETRY, {ANSWERED}", answers=(BASIC, {})),
    Phase.DECIDING: Asking(
        "data_task_did_receive_response", "CREATED RESUMED, LOADING RESPONSE",
        giving(sm.ResponseDisposition.ALLOW), "DECIDING ALLOW, RECEIVING END, CACHING STORED, COMPLETING DELIVERED"),
    Phase.CACHING: Asking(
        "data_task_will_cache_response", "CREATED RESUMED, LOADING RESPONSE, DECIDING ALLOW, RECEIVING DATA, RECEIVING END",
        giving(None), "CACHING STORED, COMPLETING DELIVERED", answers=(KEPT,)),
}
ENDS = {Event.CANCELLED: lambda task, _: task.cancel(), Event.TIMED_OUT: nothing, Event.FAILED: crash}


def ask(stage: Stage, asking: Asking, answer: Callable[[Any, Any], None]) -> None:
    """Play the load that asks, whose delegate does `answer`."""
    stage.script.answers(sm.Answer(**values) for values in asking.answers)
    stage.play(asking.make, having(**{asking.method: answer}), date=stage.tomorrow if asking.is_delayed else None)


def _add_questions() -> None:
    for phase, asking in ASKED.items():
        SCENARIOS[f"answered while {phase.name}"] = Scenario(
            lambda stage, asking=asking: ask(stage, asking, asking.answer), f"{asking.way}, {asking.rest}")     # type: ignore[misc]

        def stopped(task: Any, handler: Any, asking: Asking = asking) -> None:
            again(task)
            asking.answer(task, handler)

        SCENARIOS[f"stopped and resumed while {phase.name}"] = Scenario(
            lambda stage, asking=asking, stopped=stopped: ask(stage, asking, stopped),      # type: ignore[misc]
            f"{asking.way}, {phase.name} RESUMED, {asking.rest}")
        for event, end in ENDS.items():
            SCENARIOS[f"{event.name} while {phase.name}"] = Scenario(
                lambda stage, asking=asking, end=end: ask(stage, asking, end),      # type: ignore[misc]
                f"{asking.way}, {phase.name} {event.name}, COMPLETING DELIVERED")


_add_questions()


@scenario(f"CREATED RESUMED, LOADING REDIRECT, REDIRECTING RESPONSE, {ANSWERED.partition(', ')[2]}")
def a_redirect_that_is_refused(stage: Stage) -> None:
    """The redirect is the response."""
    stage.script.answer(status=302, headers={"Location": "/there"})
    stage.play(get, having(task_will_perform_http_redirection=giving(None)))


@scenario(f"CREATED RESUMED, LOADING SENT, LOADING REDIRECT, REDIRECTING NEEDS_STREAM, NEEDING_STREAM STREAM, LOADING SENT, {ANSWERED}")
def a_redirect_with_a_stream(stage: Stage) -> None:
    """A 307 sends the body again, which the delegate has."""
    stage.script.answer(status=307, headers={"Location": "/there"}).answer()
    stage.play(post, having(task_need_new_body_stream=giving([b"body"])))


@scenario(f"CREATED RESUMED, LOADING SENT, LOADING CHALLENGE, CHALLENGED NEEDS_STREAM, NEEDING_STREAM STREAM, LOADING SENT, {ANSWERED}")
def a_challenge_of_a_stream(stage: Stage) -> None:
    """The request is sent again, with a body that the delegate has."""
    stage.script.answer(**BASIC).answer()
    stage.play(post, having(task_did_receive_challenge=giving(*ANN), task_need_new_body_stream=giving([b"body"])))


@scenario(f"CREATED RESUMED, LOADING CHALLENGE, CHALLENGED RESPONSE, {ANSWERED.partition(', ')[2]}")
def a_challenge_that_nobody_answers(stage: Stage) -> None:
    """The 401 is the response."""
    stage.script.answer(**BASIC)
    stage.play(get)


class Challenging(sm.URLProtocol):
    """Asks for a credential, and answers whatever comes."""

    @classmethod
    def can_init_with_request(cls, request: sm.URLRequest) -> bool:
        return True

    def start_loading(self) -> None:
        space = sm.URLProtectionSpace("a.test", 80, "http")
        self.client.did_receive_challenge(sm.URLAuthenticationChallenge(protection_space=space), self.answered)

    def answered(self, disposition: Any, credential: Any) -> None:
        self.client.did_receive_response(sm.HTTPURLResponse(URL, 200))
        self.client.did_finish_loading()


@scenario(f"CREATED RESUMED, LOADING CHALLENGE, CHALLENGED ALLOW, {ANSWERED}")
def a_challenge_on_the_way(stage: Stage) -> None:
    """The exchange that asks for a credential goes on with the answer."""
    stage.play(get, having(task_did_receive_challenge=giving(*ANN)), protocol_classes=[Challenging])


@scenario(f"CREATED RESUMED, LOADING RESPONSE, DECIDING BECOME, {FILLED.partition('ALLOW, ')[2]}")
def a_load_that_becomes_a_download(stage: Stage) -> None:
    """Its body goes to the task that it became."""
    stage.script.answer(body=b"data")
    stage.play(get, having(data_task_did_receive_response=giving(sm.ResponseDisposition.BECOME_DOWNLOAD)))


@scenario(f"CREATED RESUMED, LOADING RESPONSE, DECIDING RETRY, {FILLED}")
def a_download_that_cannot_be_resumed(stage: Stage) -> None:
    """The server has no such range: the whole is asked for."""
    (folder() / "partial").write_bytes(b"da")
    data = encode(DownloadResumeData(
        original_url=URL, current_url=URL, method="GET", headers=[], offset=2, expected=4, tag='"1"', modified=None, partial="partial",
        created=datetime.now(UTC)))
    stage.script.answer(status=416).answer(body=b"data")
    stage.play(lambda session: session.download_task(resume_data=data, completion_handler=nothing))


# while the body comes --------------------------------------------------------------------------------------------------------
RECEIVING = "CREATED RESUMED, LOADING RESPONSE, DECIDING ALLOW, RECEIVING DATA, RECEIVING "


def drip(stage: Stage, seconds: float, then: Callable[..., None] = nothing, **values: Any) -> None:
    stage.script.answer(body=[(b"da", 1.0), (b"ta", seconds)], **values)
    stage.play(get, then=then)


@scenario(f"{RECEIVING}RESUMED, RECEIVING DATA, RECEIVING END, CACHING STORED, COMPLETING DELIVERED")
def stopped_and_resumed_within_the_body(stage: Stage) -> None:
    """The rest comes after it."""
    drip(stage, 20, again)


@scenario(f"{RECEIVING}CANCELLED, COMPLETING DELIVERED")
def cancelled_within_the_body(stage: Stage) -> None:
    """-999."""
    drip(stage, 20, sm.URLSessionTask.cancel)


@scenario(f"{RECEIVING}TIMED_OUT, COMPLETING DELIVERED")
def never_the_rest_of_the_body(stage: Stage) -> None:
    """-1001 a minute after the last of it."""
    drip(stage, math.inf)
    assert 61.0 == stage.clock.now()


@scenario(f"{RECEIVING}FAILED, COMPLETING DELIVERED")
def a_body_that_breaks_off(stage: Stage) -> None:
    """The connection is lost."""
    drip(stage, 1, error=-1005)


@scenario(f"CREATED RESUMED, LOADING SENT, LOADING RESPONSE, DECIDING ALLOW, RECEIVING SENT, {FILLED.partition('ALLOW, ')[2]}")
def an_answer_before_the_whole_upload(stage: Stage) -> None:
    """A server answers before it has read the body, and reads the rest of it."""
    async def serve(peer: Peer) -> None:
        await peer.receive(1000)
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
        await peer.sleep(1)
        while seen := await peer.receive():
            if seen.endswith(b"!"):
                await peer.send(b"data")
                await peer.sleep(math.inf)

    stage.route = sm.LiveRoute(network=MemoryNetwork(serve), trust_env=False)
    stage.play(lambda session: session.upload_task(sm.URLRequest(URL, "POST"), bytes(4_000_000) + b"!"))


# all of them -------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_takes_the_rows_that_it_lists(name: str, stage: Stage, way: Way) -> None:
    """In their order, and no other."""
    scenario = SCENARIOS[name]
    scenario.play(stage)
    assert read(scenario.way) == way


def test_every_row_is_taken_by_some_scenario() -> None:
    """No row of the table is there for what cannot happen, and none is taken that is not there."""
    taken = {pair for scenario in SCENARIOS.values() for pair in read(scenario.way)}
    assert {(phase, event) for phase, rows in ROWS.items() for event in rows} == taken
