"""Runs with random faults: a seed names the plan, the route and what is loaded. Everything happens in memory and in virtual time."""
from __future__ import annotations

import asyncio
import errno
import itertools
import random
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import trio

import sessionmock as sm
from sessionmock.faults.kinds import CERTIFICATES, SCOPES
from sessionmock.faults.plan import FaultPlan
from sessionmock.faults.points import POINTS, row_of
from sessionmock.faults.table import OF_STREAMS, VARIANTS, kinds_at
from sessionmock.history import History
from sessionmock.invariants import watched
from sessionmock.routes.faults.route import FaultRoute
from sessionmock.routes.live.network.memory import MemoryNetwork
from tests.routes.faults.misbehaviour import FILE

from .server import BASE, LONG, scripted, serve

BODIES = (b"a=1", b"", LONG)
BASES = (BASE, "https://a.test", "http://b.test")
PATHS = ("/file", "/long", "/chunks", "/packed", "/hints", "/chain/0", "/chain/2", "/secret", "/digest")


def record(file: Path) -> Path:
    """A cassette of everything that a run may ask for."""
    with sm.virtual_time(), sm.CassetteRoute(file, "all", live=sm.ScriptRoute().answer(scripted), filter=False) as recorder, \
            sm.use_route(recorder), sm.URLSession(sm.URLSessionConfiguration.ephemeral(), Delegate(random.Random(0))) as session:
        for base in BASES:
            for path in PATHS:
                session.data(base + path).result()
            for path, body in itertools.product(("/file", "/post"), BODIES):
                session.data(sm.URLRequest(base + path, "POST", http_body=body)).result()
    return file


PROXY = sm.ProxyConfiguration.http_connect("proxy.test", 8080)


# plans ------------------------------------------------------------------------------------------------------------------
CALLBACKS = ("task_did_complete", "task_did_receive_challenge", "task_will_perform_http_redirection", "data_task_did_receive_response",
             "data_task_did_receive_data", "download_task_did_finish_downloading", "download_task_did_write_data", "task_did_send_body_data",
             "task_need_new_body_stream", "session_did_create_task", "task_did_finish_collecting_metrics")
PLACES = [*(point for point in POINTS if not point.startswith("callback.") and point != "frame"), *(f"callback.{name}" for name in CALLBACKS)]
Arguments = Mapping[str, Callable[[random.Random, str], tuple[Any, ...]]]
ARGUMENTS: Arguments = {
    "certificate": lambda dice, point: (dice.choice(CERTIFICATES),),
    "delay": lambda dice, point: (dice.choice((0.0, 0.5, 61.0)),),
    "reset": lambda dice, point: (dice.choice(SCOPES if point in OF_STREAMS else SCOPES[:1]),),
    "drip": lambda dice, point: (dice.choice((10_000.0, 1e5)),),
    "slice": lambda dice, point: (dice.choice((50, 1000)),),
    "malformed": lambda dice, point: (dice.choice(VARIANTS[point, "malformed"]),),
    "status": lambda dice, point: (dice.choice((200, 204, 206, 304, 404, 416, 429, 503)), [("Retry-After", "1")], b"other"),
    "redirect": lambda dice, point: (dice.choice((BASE + "/file", "/chain/1", "http://b.test/file", "file:///etc/hostname")),),
    "challenge": lambda dice, point: (dice.choice(("Basic", "Digest")), "gate"),
    "fail": lambda dice, point: (dice.choice((-1001, -1005, -1200)),),
    "oserror": lambda dice, point: (dice.choice((errno.EIO, errno.ECONNRESET, errno.EACCES)),),
    "raises": lambda dice, point: (RuntimeError("meant"),),
    "suspend": lambda dice, point: (dice.choice((0.0, 5.0, 100.0)),),
}


AT_ONCE: Arguments = {      # in real time
    **ARGUMENTS,
    "delay": lambda dice, point: (0.01,),
    "drip": lambda dice, point: (1e6,),
    "suspend": lambda dice, point: (0.01,),
}


def is_download(task: Any) -> bool:
    return isinstance(task, sm.URLSessionDownloadTask)


def random_plan(dice: random.Random, arguments: Arguments) -> FaultPlan:
    plan = FaultPlan()
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        point = dice.choice(PLACES)
        passes = dice.choice(({}, {"first": 1}, {"nth": dice.choice((1, 2, 3))}, {"every": 2}, {"probability": 0.5},
                              {"from_here_on": True}, {"nth": 2, "from_here_on": True}))
        byte = dice.choice((None, 0, 1, 100, 256, 257, 70_000)) if POINTS[point].has_byte else None
        name = dice.choice(kinds_at(point))
        task = is_download if name == "cancel_by_producing_resume_data" else None
        place = plan.at(point, byte=byte, task=task, optional=True, **passes)
        plan = getattr(place, name)(*arguments.get(name, lambda dice, point: ())(dice, row_of(point)))
    return plan


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


def posted(dice: random.Random, base: str) -> sm.URLRequest:
    return sm.URLRequest(base + dice.choice(("/file", "/post")), "POST", http_body=dice.choice(BODIES))


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


def data_by_delegate(session: sm.URLSession, dice: random.Random, base: str) -> None:
    session.data_task(base + dice.choice(PATHS)).resume()


def data_by_handler(session: sm.URLSession, dice: random.Random, base: str) -> None:
    session.data_task(base + dice.choice(PATHS), lambda data, response, error: None).resume()


def data_by_result(session: sm.URLSession, dice: random.Random, base: str) -> None:
    waited(session.data(base + dice.choice(PATHS)))


def two_in_a_row(session: sm.URLSession, dice: random.Random, base: str) -> None:
    path = base + dice.choice(PATHS)
    waited(session.data(path))
    waited(session.data(posted(dice, base) if dice.random() < 0.5 else path))


def upload(session: sm.URLSession, dice: random.Random, base: str) -> None:
    session.upload_task(posted(dice, base), from_data=dice.choice(BODIES)).resume()


def upload_of_a_stream(session: sm.URLSession, dice: random.Random, base: str) -> None:
    session.upload_task(streamed_request=sm.URLRequest(base + "/file", "POST")).resume()


def download(session: sm.URLSession, dice: random.Random, base: str) -> None:
    url = base + dice.choice(PATHS)
    if session.delegate is None:
        session.download_task(url, lambda file, response, error: None).resume()
    else:
        session.download_task(url).resume()


def download_and_resume(session: sm.URLSession, dice: random.Random, base: str) -> None:
    outcome = waited(session.download(base + dice.choice(("/file", "/long"))))
    for _ in range(2):
        if not isinstance(outcome, sm.URLError) or (data := outcome.download_task_resume_data) is None:
            break
        outcome = waited(session.download(resume_from=data))


def on_asyncio(session: sm.URLSession, dice: random.Random, base: str) -> None:
    asyncio.run(_awaited(session.data(base + dice.choice(PATHS))))


def on_trio(session: sm.URLSession, dice: random.Random, base: str) -> None:
    trio.run(_awaited, session.download(base + dice.choice(PATHS)))


OFTEN = (data_by_delegate, data_by_handler, data_by_result, two_in_a_row, upload, download, download_and_resume)
SELDOM = (upload_of_a_stream, on_asyncio, on_trio)


# a run ------------------------------------------------------------------------------------------------------------------
SPOILING = {"corrupt", "duplicate", "truncate", "malformed", "status", "redirect", "challenge"}     # kinds that give another body
TRUE = {"file": FILE, "long": LONG, "chunks": FILE, "packed": FILE, "hints": FILE, "chain": LONG, "post": FILE, "secret": FILE, "digest": FILE}


class Ran(NamedTuple):
    """What a run left."""

    history: History
    fired: list[str]


class Runner:
    """Makes runs in a folder of its own."""

    arguments = ARGUMENTS
    time = staticmethod(sm.virtual_time)

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cassette = record(folder / "everything.yaml")

    def world(self, dice: random.Random) -> tuple[Any, str, dict[str, Any]]:
        """A route, where the server is, and settings of the configuration."""
        kind = dice.choice(("script", "cassette", "memory"))
        if kind == "memory":
            return sm.LiveRoute(network=MemoryNetwork(serve), trust_env=False), BASE, {}
        settings = {"proxy_configurations": [PROXY]} if dice.random() < 0.2 else {}
        if kind == "script":
            return sm.ScriptRoute().answer(scripted), dice.choice(BASES[:2]), settings
        cassette = sm.CassetteRoute(self.cassette, "none", filter=False, allow_playback_repeats=True)     # which counts what it gave
        return cassette, dice.choice(BASES[:2]), settings

    def run(self, seed: int) -> Ran:
        """The run of that seed, every invariant judged."""
        dice = random.Random(seed)
        plan = random_plan(dice, self.arguments)
        inner, base, settings = self.world(dice)
        route = FaultRoute(inner, plan, seed)
        with watched(settles=False) as watch:
            with self.time(), sm.use_route(route), unheard():
                self.load(dice, base, settings)
            spoilt = any(line.kind.name in SPOILING for line in plan)
            watch.verify(true_body=(lambda task: None) if spoilt else true_body)
        assert not getattr(inner, "misses", ()), inner.misses
        return Ran(watch.history, [str(each) for each in route.faults.fired])

    def load(self, dice: random.Random, base: str, settings: dict[str, Any]) -> None:
        configuration = sm.URLSessionConfiguration.ephemeral()
        for name, value in settings.items():
            setattr(configuration, name, value)
        with sm.URLSession(configuration, Delegate(dice) if dice.random() < 0.8 else None) as session:
            for _ in range(dice.choice((1, 2, 3))):
                load = dice.choice(SELDOM if dice.random() < 0.05 else OFTEN)
                try:
                    load(session, dice, base)
                except sm.GenericException:      # the session is invalid by now
                    break


def true_body(task: Any) -> bytes | None:
    """What the server has to give to `task`; None where its answer is not the one that was asked for."""
    if task.response is None or task.response.status_code not in (200, 206):
        return None
    return TRUE[task.current_request.url.split("/")[3]]


@contextmanager
def unheard() -> Iterator[None]:
    """What is raised where nobody can catch it is told to nobody: the history has it."""
    before = threading.excepthook
    threading.excepthook = lambda arguments: None    # type: ignore[assignment,misc]
    try:
        yield
    finally:
        threading.excepthook = before


class LiveRunner(Runner):
    """Runs over sockets, in real time: nothing in them takes long."""

    arguments = AT_ONCE
    time = nullcontext

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url

    def world(self, dice: random.Random) -> tuple[Any, str, dict[str, Any]]:
        return sm.LiveRoute(trust_env=False), self.url, {"timeout_interval_for_request": 0.1, "timeout_interval_for_resource": 2.0}


def main() -> None:
    """Print the digests of a range of seeds: `python -m tests.faults.random_runs FIRST STOP`."""
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder
        runner = Runner(Path(folder))
        for seed in range(*map(int, sys.argv[1:])):
            print(runner.run(seed).history.digest())


if __name__ == "__main__":
    main()
