"""Time that tests stop or patch, by freezegun, time-machine and unittest.mock: the wall clock may, and nothing else does."""
from __future__ import annotations

import asyncio
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime
from functools import partial
from typing import Any
from unittest.mock import patch

import freezegun
import pytest
import time_machine

import sessionmock as sm
from sessionmock.clock import SystemClock
from tests.engine.server import Server, run_program

PATIENCE = 20.0
SHORT = 0.05      # seconds that something takes which comes in its own time
FROZEN = datetime(2020, 1, 1, tzinfo=UTC)

Stopper = Callable[[], AbstractContextManager[Any]]


def patched() -> ExitStack:
    """Every clock of `time` patched by hand to stand still."""
    stack = ExitStack()
    for name in ("time", "monotonic", "perf_counter"):
        stack.enter_context(patch(f"time.{name}", lambda: 1.0))
        stack.enter_context(patch(f"time.{name}_ns", lambda: 1_000_000_000))
    return stack


STOPPERS: dict[str, Stopper] = {
    "freezegun": partial(freezegun.freeze_time, FROZEN),
    "freezegun in leaps": partial(freezegun.freeze_time, FROZEN, auto_tick_seconds=100_000),
    "freezegun without asyncio": partial(freezegun.freeze_time, FROZEN, real_asyncio=True),
    "time-machine": partial(time_machine.travel, FROZEN, tick=False),
    "mock": patched,
}


@pytest.fixture(params=STOPPERS)
def stopped(request: pytest.FixtureRequest) -> Iterator[None]:
    with STOPPERS[request.param]():
        yield


@pytest.fixture
def silent() -> Iterator[str]:
    """The URL of a server that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


@pytest.fixture
def session() -> Iterator[sm.URLSession]:
    session = sm.URLSession(sm.URLSessionConfiguration.ephemeral())
    yield session
    session.invalidate_and_cancel()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with Server() as running:
        yield running.url


@pytest.mark.usefixtures("stopped")
def test_a_requests_time_out_comes(silent: str, session: sm.URLSession) -> None:
    """After its interval of real time."""
    with pytest.raises(sm.URLError) as caught:
        session.data(sm.URLRequest(silent, timeout_interval=SHORT)).result()
    assert -1001 == caught.value.code


@pytest.mark.usefixtures("stopped")
def test_a_time_out_comes_where_nobody_waits(silent: str, session: sm.URLSession) -> None:
    """The background thread's loop goes by real time too."""
    codes: list[Any] = []
    told = threading.Event()
    session.data_task(sm.URLRequest(silent, timeout_interval=SHORT), lambda _, __, error: (codes.append(error), told.set())).resume()
    assert told.wait(PATIENCE)
    assert [-1001] == [error.code for error in codes]


@pytest.mark.usefixtures("stopped")
def test_a_wait_with_a_limit_ends(silent: str, session: sm.URLSession) -> None:
    """Also one that is parked because it may not drive, as beneath a running loop."""
    with pytest.raises(TimeoutError):
        session.data(silent).result(timeout=SHORT)

    async def beneath() -> None:
        session.data(silent).result(timeout=SHORT)

    with pytest.raises(TimeoutError):
        asyncio.run(beneath())


@pytest.mark.usefixtures("stopped")
def test_a_wait_with_a_limit_lasts_as_long_as_it_may(server: str, session: sm.URLSession) -> None:
    """On another thread, which a tool may treat otherwise, it does not end at once."""
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(session.data(f"{server}/slow/{SHORT}").result(PATIENCE)[0]))
    thread.start()
    thread.join()
    assert [f"/slow/{SHORT}".encode()] == answers


@pytest.mark.usefixtures("stopped")
def test_an_awaited_load_comes_and_times_out(server: str, silent: str, session: sm.URLSession) -> None:
    """On a loop of the user's, whose own clock may stand still."""
    async def main() -> bytes:
        with pytest.raises(sm.URLError, match="-1001"):
            await session.data(sm.URLRequest(silent, timeout_interval=SHORT))
        return (await session.data(f"{server}/slow/{SHORT}"))[0]

    assert f"/slow/{SHORT}".encode() == asyncio.run(main())


@pytest.mark.usefixtures("stopped")
def test_an_answer_of_a_script_comes_after_its_delay() -> None:
    """Whose time is real, too."""
    script = sm.ScriptRoute()
    script.answer(sm.Answer(delay=SHORT, body=b"late"))
    with sm.use_route(script), sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        assert b"late" == session.data("https://a.test/").result(PATIENCE)[0]


@pytest.mark.usefixtures("stopped")
def test_a_delegates_coroutine_may_sleep() -> None:
    """On the loop that a thread of ours keeps for it."""
    told = threading.Event()

    class Delegate:
        async def task_did_complete(self, session: object, task: object, error: object) -> None:
            await asyncio.sleep(SHORT)
            told.set()

    script = sm.ScriptRoute()
    script.answer(sm.Answer())
    with sm.use_route(script), sm.URLSession(sm.URLSessionConfiguration.ephemeral(), Delegate()) as session:
        session.data_task("https://a.test/").resume()
    assert told.is_set()


@pytest.mark.usefixtures("stopped")
def test_the_main_queue_runs_no_longer_than_it_may() -> None:
    """`until` that never comes true raises TimeoutError in real time."""
    with pytest.raises(TimeoutError):
        sm.OperationQueue.main.run(until=lambda: False, timeout=SHORT)


@pytest.mark.usefixtures("stopped")
def test_virtual_time_jumps_as_ever() -> None:
    """Also while an operation is out on a loop whose clock stands still."""
    async def main() -> list[str]:
        told: list[str] = []

        class Delegate:
            async def task_did_complete(self, session: object, task: object, error: object) -> None:
                await asyncio.get_running_loop().run_in_executor(None, told.append, "in an operation")

        script = sm.ScriptRoute()
        script.answer(sm.Answer(delay=30))
        queue = sm.OperationQueue.on_loop(asyncio.get_running_loop())
        with sm.use_route(script):
            async with sm.URLSession(sm.URLSessionConfiguration.ephemeral(), Delegate(), queue) as session:
                session.data_task("https://a.test/").resume()
        return told

    with sm.virtual_time() as clock:
        assert ["in an operation"] == asyncio.run(main())
    assert 30 == clock.now()


@pytest.mark.parametrize("tool", ["freezegun", "time-machine"])
def test_the_date_is_the_one_that_is_given(tool: str) -> None:
    """By it cookies and what is stored get old, as code under test expects."""
    with STOPPERS[tool]():
        assert FROZEN == SystemClock().date()


def test_values_of_a_patched_clock_are_not_taken(server: str, session: sm.URLSession) -> None:
    """Only code under test gets the values that its test prepared: not a thread of ours, nor a wait of ours on this one."""
    callers: list[str] = []
    values = itertools.count()

    def take() -> int:
        callers.append(threading.current_thread().name)
        return next(values)

    with ExitStack() as stack:
        for name in ("time", "monotonic", "perf_counter"):
            for unit in ("", "_ns"):
                stack.enter_context(patch(f"time.{name}{unit}", take))
        assert b"/slow/0.05" == session.data(server + "/slow/0.05").result()[0]
        told = threading.Event()
        session.data_task(server + "/fast", lambda *_: told.set()).resume()
        assert told.wait(PATIENCE)
        assert [] == callers
        assert 0 == time.monotonic()
    assert [threading.current_thread().name] == callers


def test_what_is_imported_while_time_stands_still_goes_on(silent: str) -> None:
    """The functions of our own are no copies of those that a tool put there."""
    assert "-1001 0.0\n" == run_program("""
import sys, freezegun, time
with freezegun.freeze_time("2020-01-01"):
    before = time.monotonic()
    import sessionmock as sm
    session = sm.URLSession(sm.URLSessionConfiguration.ephemeral())
    try:
        session.data(sm.URLRequest(sys.argv[1], timeout_interval=0.05)).result()
    except sm.URLError as error:
        print(int(error.code), time.monotonic() - before)
session.invalidate_and_cancel()
""", silent)
