"""Runs with random faults: a seed names the plan, the route and what is loaded. Everything happens in memory and in virtual time."""
from __future__ import annotations

import asyncio
import errno
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trio

import sessionmock as sm
from sessionmock.delegates import QUESTIONS
from sessionmock.faults.kinds import CERTIFICATES, KINDS, SCOPES, Kind
from sessionmock.faults.plan import FaultLine, FaultPlan
from sessionmock.faults.points import POINTS
from sessionmock.faults.table import TABLE, VARIANTS
from sessionmock.history import History
from sessionmock.routes.faults.route import FaultRoute
from sessionmock.routes.live.network.memory import MemoryNetwork

from .server import BASE, LONG, scripted, serve

BODIES = (b"a=1", b"", LONG)
PATHS = ("/file", "/long", "/chunks", "/packed", "/hints", "/chain/0", "/chain/2", "/secret", "/digest")


def record(file: Path) -> Path:
    """A cassette of everything that a run may ask for."""
    with sm.virtual_time(), sm.CassetteRoute(file, "all", live=sm.ScriptRoute().answer(scripted), filter=False) as recorder, \
            sm.use_route(recorder), sm.URLSession(sm.URLSessionConfiguration.ephemeral(), Delegate(random.Random(0))) as session:
        for path in PATHS:
            session.data(BASE + path).result()
        for path in ("/file", "/post"):
            for body in BODIES:
                session.data(sm.URLRequest(BASE + path, "POST", http_body=body)).result()
    return file


# plans ------------------------------------------------------------------------------------------------------------------
CALLBACKS = ("task_did_complete", "task_did_receive_challenge", "task_will_perform_http_redirection", "data_task_did_receive_response",
             "data_task_did_receive_data", "download_task_did_finish_downloading", "download_task_did_write_data", "task_did_send_body_data",
             "task_need_new_body_stream", "session_did_create_task", "task_did_finish_collecting_metrics")
PLACES = [*(point for point in POINTS if not point.startswith("callback.") and point != "frame"), *(f"callback.{name}" for name in CALLBACKS)]
ARGUMENTS: dict[str, Callable[[random.Random, str], tuple[Any, ...]]] = {
    "certificate": lambda dice, point: (dice.choice(CERTIFICATES),),
    "delay": lambda dice, point: (dice.choice((0.0, 0.5, 61.0)),),
    "reset": lambda dice, point: (dice.choice(SCOPES),),
    "drip": lambda dice, point: (dice.choice((50.0, 1e5)),),
    "slice": lambda dice, point: (dice.choice((50, 1000)),),
    "malformed": lambda dice, point: (dice.choice(VARIANTS[point, "malformed"]),),
    "status": lambda dice, point: (dice.choice((200, 204, 206, 304, 404, 416, 429, 503)), [("Retry-After", "1")], b"other"),
    "redirect": lambda dice, point: (dice.choice((BASE + "/file", "chain/1", "http://b.test/file", "file:///etc/hostname")),),
    "challenge": lambda dice, point: (dice.choice(("Basic", "Digest")), "gate"),
    "fail": lambda dice, point: (dice.choice((-1001, -1005, -1200)),),
    "oserror": lambda dice, point: (dice.choice((errno.EIO, errno.ECONNRESET, errno.EACCES)),),
    "raises": lambda dice, point: (RuntimeError("meant"),),
    "suspend": lambda dice, point: (dice.choice((0.0, 5.0, 100.0)),),
}


def kind_at(dice: random.Random, point: str) -> Kind:
    row = "callback" if point.startswith("callback.") else point
    names = [name for name in TABLE[row] if name not in ("unanswered", "answered_twice") or row != "callback"
             or point.removeprefix("callback.") in QUESTIONS]
    name = dice.choice(names)
    return KINDS[name](*ARGUMENTS.get(name, lambda dice, point: ())(dice, row))


def random_plan(dice: random.Random) -> FaultPlan:
    lines = []
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        point = dice.choice(PLACES)
        passes = dice.choice(({}, {"first": 1}, {"nth": dice.choice((1, 2, 3))}, {"every": 2}, {"probability": 0.5}))
        byte = dice.choice((None, 0, 1, 100, 256, 257, 70_000)) if POINTS[point].has_byte else None
        lines.append(FaultLine(point=point, kind=kind_at(dice, point), byte=byte, from_here_on=dice.random() < 0.2, optional=True, **passes))
    return FaultPlan(lines)


# what is loaded ---------------------------------------------------------------------------------------------------------
class Delegate:
    """Answers every question, by the throw of a die."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.resume_data: list[bytes] = []

    def session_did_create_task(self, session: Any, task: Any) -> None: ...

    def session_did_become_invalid(self, session: Any, error: Any) -> None: ...

    def task_did_finish_collecting_metrics(self, session: Any, task: Any, metrics: Any) -> None: ...

    def task_did_receive_informational_response(self, session: Any, task: Any, response: Any) -> None: ...

    def task_did_send_body_data(self, session: Any, task: Any, sent: int, total: int, expected: int) -> None: ...

    def task_will_perform_http_redirection(self, session: Any, task: Any, response: Any, request: Any) -> Any:
        return request if self.dice.random() < 0.9 else None

    def task_did_receive_challenge(self, session: Any, task: Any, challenge: Any) -> Any:
        ways = sm.AuthChallengeDisposition
        if challenge.previous_failure_count > 1 or self.dice.random() < 0.2:
            return self.dice.choice((ways.PERFORM_DEFAULT_HANDLING, ways.REJECT_PROTECTION_SPACE, ways.CANCEL_AUTHENTICATION_CHALLENGE))
        return ways.USE_CREDENTIAL, sm.URLCredential("ann", "secret", sm.CredentialPersistence.FOR_SESSION)

    def task_need_new_body_stream(self, session: Any, task: Any) -> Any:
        return sm.InputStream(LONG)

    def data_task_did_receive_response(self, session: Any, task: Any, response: Any) -> Any:
        return self.dice.choice((sm.ResponseDisposition.ALLOW,) * 9 + (sm.ResponseDisposition.BECOME_DOWNLOAD,))

    def data_task_did_become_download_task(self, session: Any, task: Any, download_task: Any) -> None: ...

    def data_task_did_receive_data(self, session: Any, task: Any, data: bytes) -> None: ...

    def download_task_did_write_data(self, session: Any, task: Any, written: int, total: int, expected: int) -> None: ...

    def download_task_did_resume_at_offset(self, session: Any, task: Any, offset: int, expected: int) -> None: ...

    def download_task_did_finish_downloading(self, session: Any, task: Any, location: Path) -> None: ...

    def task_did_complete(self, session: Any, task: Any, error: Any) -> None:
        if error is not None and error.download_task_resume_data is not None:
            self.resume_data.append(error.download_task_resume_data)


def posted(dice: random.Random) -> sm.URLRequest:
    return sm.URLRequest(BASE + dice.choice(("/file", "/post")), "POST", http_body=dice.choice(BODIES))


def waited(loading: Any) -> Any:
    """The outcome of a `Loading`: its result or its error."""
    try:
        result = loading.result()
    except sm.URLError as error:
        return error
    if isinstance(result[0], Path):
        result[0].unlink()
    return result


async def _awaited(loading: Any) -> Any:
    try:
        result = await loading
    except sm.URLError as error:
        return error
    if isinstance(result[0], Path):
        result[0].unlink()
    return result


def data_by_delegate(session: sm.URLSession, dice: random.Random) -> None:
    session.data_task(BASE + dice.choice(PATHS)).resume()


def data_by_handler(session: sm.URLSession, dice: random.Random) -> None:
    session.data_task(BASE + dice.choice(PATHS), lambda data, response, error: None).resume()


def data_by_result(session: sm.URLSession, dice: random.Random) -> None:
    waited(session.data(BASE + dice.choice(PATHS)))


def two_in_a_row(session: sm.URLSession, dice: random.Random) -> None:
    path = BASE + dice.choice(PATHS)
    waited(session.data(path))
    waited(session.data(posted(dice) if dice.random() < 0.5 else path))


def upload(session: sm.URLSession, dice: random.Random) -> None:
    session.upload_task(posted(dice), from_data=dice.choice(BODIES)).resume()


def upload_of_a_stream(session: sm.URLSession, dice: random.Random) -> None:
    session.upload_task(streamed_request=sm.URLRequest(BASE + "/file", "POST")).resume()


def download(session: sm.URLSession, dice: random.Random) -> None:
    url = BASE + dice.choice(PATHS)
    if session.delegate is None:
        session.download_task(url, lambda file, response, error: None).resume()
    else:
        session.download_task(url).resume()


def download_and_resume(session: sm.URLSession, dice: random.Random) -> None:
    outcome = waited(session.download(BASE + dice.choice(("/file", "/long"))))
    for _ in range(2):
        if not isinstance(outcome, sm.URLError) or (data := outcome.download_task_resume_data) is None:
            break
        outcome = waited(session.download(resume_from=data))


def on_asyncio(session: sm.URLSession, dice: random.Random) -> None:
    asyncio.run(_awaited(session.data(BASE + dice.choice(PATHS))))


def on_trio(session: sm.URLSession, dice: random.Random) -> None:
    trio.run(_awaited, session.download(BASE + dice.choice(PATHS)))


OFTEN = (data_by_delegate, data_by_handler, data_by_result, two_in_a_row, upload, download, download_and_resume)
SELDOM = (upload_of_a_stream, on_asyncio, on_trio)


# a run ------------------------------------------------------------------------------------------------------------------
@dataclass
class Ran:
    """What a run left."""

    seed: int
    plan: FaultPlan
    history: History
    reported: list[BaseException] = field(default_factory=list)     # what went to threading.excepthook
    fired: list[str] = field(default_factory=list)


@contextmanager
def hearing(reported: list[BaseException]) -> Iterator[None]:
    """What is raised where nobody can catch it is kept."""
    before = threading.excepthook
    threading.excepthook = lambda arguments: reported.append(arguments.exc_value)    # type: ignore[assignment,arg-type,return-value]
    try:
        yield
    finally:
        threading.excepthook = before


class Runner:
    """Makes runs in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cassette = record(folder / "everything.yaml")

    def route(self, dice: random.Random) -> Any:
        return dice.choice((
            lambda: sm.ScriptRoute().answer(scripted),
            lambda: sm.CassetteRoute(self.cassette, "none", filter=False, allow_playback_repeats=True),
            lambda: sm.LiveRoute(network=MemoryNetwork(serve), trust_env=False),
        ))()

    def run(self, seed: int, check: Callable[[Ran], None] = lambda ran: None) -> Ran:
        """The run of that seed. Its history is whole when `check` is called, and its session invalid."""
        dice = random.Random(seed)
        plan = random_plan(dice)
        route = FaultRoute(self.route(dice), plan, seed)
        trace = sm.Trace()
        ran = Ran(seed, plan, trace.history)
        before = sm.set_trace(trace)
        try:
            with sm.virtual_time(), sm.use_route(route), hearing(ran.reported):
                configuration = sm.URLSessionConfiguration.ephemeral()
                with sm.URLSession(configuration, Delegate(dice) if dice.random() < 0.8 else None) as session:
                    for _ in range(dice.choice((1, 2, 3))):
                        load = dice.choice(SELDOM if dice.random() < 0.05 else OFTEN)
                        try:
                            load(session, dice)
                        except sm.GenericException:      # the session is invalid by now
                            assert any(line.kind.name == "invalidate" for line in plan)
                            break
        finally:
            sm.set_trace(before)
        ran.fired = [str(each) for each in route.faults.fired]
        check(ran)
        return ran
