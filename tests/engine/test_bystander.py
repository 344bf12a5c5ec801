"""Virtual time goes on where a test waits by what the engine knows nothing of."""
from __future__ import annotations

import asyncio
import queue
import re
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import ModuleType
from typing import Any

import pytest
import trio

import sessionmock as sm
from sessionmock.engine import bystander, resting

URL = "http://a.test/"
PATIENCE = 20.0


@pytest.fixture
def clock() -> Iterator[sm.VirtualClock]:
    with sm.virtual_time() as clock:
        yield clock


def session(delegate: object = None) -> sm.URLSession:
    return sm.URLSession(sm.URLSessionConfiguration.ephemeral(), delegate)


def by_event(resume: Callable[[Callable[..., Any]], None]) -> None:
    told = threading.Event()
    resume(lambda *_: told.set())
    assert told.wait(PATIENCE)


def by_queue(resume: Callable[[Callable[..., Any]], None]) -> None:
    told = queue.Queue[int]()
    resume(lambda *_: told.put(1))
    told.get(timeout=PATIENCE)


def by_future(resume: Callable[[Callable[..., Any]], None]) -> None:
    told = Future[int]()
    resume(lambda *_: told.set_result(1))
    told.result(PATIENCE)


def by_asyncio(resume: Callable[[Callable[..., Any]], None]) -> None:
    async def main() -> None:
        told, loop = asyncio.Event(), asyncio.get_running_loop()
        resume(lambda *_: loop.call_soon_threadsafe(told.set))
        await asyncio.wait_for(told.wait(), PATIENCE)

    asyncio.run(main())


def by_trio(resume: Callable[[Callable[..., Any]], None]) -> None:
    async def main() -> None:
        told, token = trio.Event(), trio.lowlevel.current_trio_token()
        resume(lambda *_: token.run_sync_soon(told.set))
        with trio.fail_after(PATIENCE):
            await told.wait()

    trio.run(main)


@pytest.mark.parametrize("wait", [by_event, by_queue, by_future, by_asyncio, by_trio])
def test_time_goes_on_for_who_waits_elsewhere(clock: sm.VirtualClock, wait: Callable[..., None]) -> None:
    """For what a handler tells: it is called at its time, and the clock stands there."""
    with sm.use_route(sm.ScriptRoute().answer(delay=10).answer(delay=50)), session() as one:
        wait(lambda handler: one.data_task(URL, handler).resume())
        assert 10 == clock.now()


def test_a_callback_may_wait_for_another(clock: sm.VirtualClock) -> None:
    """It holds up whoever made it, and nobody else."""
    told = threading.Event()
    with sm.use_route(sm.ScriptRoute().answer(delay=1).answer(delay=9)), session() as one, session() as other:
        heard: list[Any] = []
        one.data_task(URL, lambda *_: heard.append(told.wait(PATIENCE))).resume()
        other.data_task(URL, lambda *_: told.set()).resume()
    assert ([True], 9) == (heard, clock.now())


def test_a_thread_that_computes_is_waited_for(clock: sm.VirtualClock) -> None:
    """A question that another thread answers, after some work, is answered before time jumps to the time-out."""
    class Delegate:
        def data_task_did_receive_response(self, session: Any, task: Any, response: Any, completion_handler: Callable[..., None]) -> None:
            pool.submit(lambda: (sum(range(500_000)), completion_handler(sm.ResponseDisposition.ALLOW)))

    with ThreadPoolExecutor(1) as pool, sm.use_route(sm.ScriptRoute().answer(delay=3)), session(Delegate()) as one:
        task = one.data_task(URL)
        task.resume()
    assert (None, 3) == (task.error, clock.now())


def test_a_thread_that_never_rests_holds_nobody_up(clock: sm.VirtualClock) -> None:
    """It is looked at so often, and then time goes on."""
    over: list[int] = []

    def compute() -> None:
        while not over:
            sum(range(1000))

    thread = threading.Thread(target=compute)
    thread.start()
    try:
        with sm.use_route(sm.ScriptRoute().answer(delay=3)), session() as one:
            one.data(URL).result()
    finally:
        over.append(1)
        thread.join()
    assert 3 == clock.now()


def test_nothing_moves_while_the_test_is_at_work_or_debugged(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked whether the main thread rests: not where it computes, and not where it may stand at a breakpoint."""
    seen, is_at_work = list[bool](), list[int]()

    def look() -> None:
        seen.append(bystander._main_rests())

    def look_at_work() -> None:
        while not is_at_work:
            pass
        look()

    def look_while_at_rest() -> bool:
        thread = threading.Thread(target=lambda: (resting.pause(resting.LOOK), look()))
        thread.start()
        thread.join()
        return seen.pop()

    thread = threading.Thread(target=look_at_work)
    thread.start()
    while not seen:
        is_at_work.append(1)
    assert not seen.pop()
    assert look_while_at_rest()
    monkeypatch.setitem(sys.modules, "debugpy", ModuleType("debugpy"))
    assert not look_while_at_rest()


def test_what_a_call_raises_is_reported(clock: sm.VirtualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits elsewhere has no part in it."""
    reported, told = list[Any](), threading.Event()
    monkeypatch.setattr(threading, "excepthook", lambda given: (reported.append(given.exc_value), told.set()))
    engine = clock._engine

    def fail() -> None:
        raise KeyError

    engine.post(fail)
    assert told.wait(PATIENCE)
    assert [KeyError] == list(map(type, reported))


def test_who_rests() -> None:
    """Whoever stands in a module that waits; who has ended, too."""
    assert resting.rests(None)
    assert not resting.rests(sys._getframe())


def test_who_waits_for_nothing_is_told(clock: sm.VirtualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, with the line where it waits and the task that would have to go on."""
    monkeypatch.setattr(bystander, "HOPELESS", 7)
    told, said = threading.Event(), list[Any]()
    monkeypatch.setattr(bystander, "print", lambda text, file: (said.append((str(text), file)), told.set()), raising=False)
    with session() as one:
        task = one.data_task(URL)
        assert told.wait(PATIENCE)
        task.cancel()
    [(text, file)] = said
    assert file is sys.stderr
    assert re.match(r"deadlock under the virtual clock at 0 s: nothing is left to run, and the main thread waits at .*test_bystander\.py:\d+ in "
                    r"test_who_waits_for_nothing_is_told\n", text)
    assert "URLSessionDataTask 1: GET http://a.test/, suspended>: never resumed" in text
