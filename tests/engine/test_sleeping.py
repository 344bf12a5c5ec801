"""Sleeps of code under test: which of them pass in virtual time, and which do not."""
from __future__ import annotations

import asyncio
import math
import sys
import threading
import time
from collections.abc import Iterator
from contextvars import copy_context
from time import sleep as copied
from types import ModuleType
from typing import Any

import anyio
import httpx
import pytest
import trio

import sessionmock as sm

URL = "http://a.test/"
REAL = time.sleep


@pytest.fixture
def clock() -> Iterator[sm.VirtualClock]:
    with sm.virtual_time() as clock:
        yield clock


@pytest.fixture
def virtual(clock: sm.VirtualClock) -> sm.VirtualClock:
    """The clock of a test in which sleeps pass."""
    clock.patch_sleep()
    return clock


def test_a_retry_policy_of_a_minute_takes_no_time(virtual: sm.VirtualClock) -> None:
    """A loop that sleeps between its attempts, over plain clients; 60 s of it in 50 ms at most, but for a busy machine."""
    with sm.use_route(sm.ScriptRoute().answers(map(sm.Answer, (503, 503, 503, 503, 200)))), httpx.Client(transport=sm.transport()) as client:
        client.get(URL)
        before = time.thread_time()
        for attempt in range(4):
            time.sleep(4 * 2 ** attempt)
            answer = client.get(URL)
        assert time.thread_time() - before < 0.05
    assert (200, 60.0) == (answer.status_code, virtual.now())


def test_sleeps_of_all_kinds_pass(virtual: sm.VirtualClock) -> None:
    """Of `time`, asyncio, trio and what is built on them, copies that modules took, and on threads that take the context along."""
    time.sleep(1)
    copied(0.5)

    async def on_asyncio() -> str:
        await asyncio.to_thread(time.sleep, 20)
        await anyio.sleep(300)
        return await asyncio.sleep(4000, "result")

    async def on_trio() -> None:
        await trio.sleep(50000)
        await anyio.sleep(600000)

    assert "result" == asyncio.run(on_asyncio())
    trio.run(on_trio)
    thread = threading.Thread(target=copy_context().run, args=(time.sleep, 7_000_000))
    thread.start()
    thread.join()
    assert 7_654_321.5 == virtual.now()


@pytest.mark.parametrize("library", ["asyncio", "trio"])
def test_sleeps_side_by_side_end_in_order(virtual: sm.VirtualClock, library: str) -> None:
    """With loads among them; one that is cancelled is waited for no longer."""
    ended: list[Any] = []
    sleep = asyncio.sleep if library == "asyncio" else trio.sleep

    async def nap(seconds: float) -> None:
        await sleep(seconds)
        ended.append(virtual.now())

    async def load(session: sm.URLSession) -> None:
        await session.data(URL)
        ended.append(virtual.now())

    async def main() -> None:
        async with sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
            if library == "asyncio":
                left = asyncio.create_task(nap(9000))
                await asyncio.gather(nap(30), load(session), nap(10))
                left.cancel()
                return
            async with trio.open_nursery() as outer:
                outer.start_soon(nap, 9000)
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(nap, 30)
                    nursery.start_soon(load, session)
                    nursery.start_soon(nap, 10)
                outer.cancel_scope.cancel()

    with sm.use_route(sm.ScriptRoute().answer(delay=20)):
        if library == "asyncio":
            asyncio.run(main())
        else:
            trio.run(main)
    assert ([10, 20, 30], 30) == (ended, virtual.now())


def test_a_sleep_makes_what_is_due_meanwhile(virtual: sm.VirtualClock) -> None:
    """A load that nobody waits for ends while the test sleeps."""
    with sm.use_route(sm.ScriptRoute().answer(delay=5)), sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        task = session.data_task(URL)
        task.resume()
        time.sleep(4.9)
        assert task.state is sm.TaskState.RUNNING
        time.sleep(0.1)
        assert task.state is sm.TaskState.COMPLETED


def test_callbacks_may_sleep(virtual: sm.VirtualClock) -> None:
    """A delegate's method, and a coroutine of it, sleep in virtual time too."""
    class Delegate:
        def data_task_did_receive_data(self, session: Any, task: Any, data: bytes) -> None:
            time.sleep(3)

        async def task_did_complete(self, session: Any, task: Any, error: Any) -> None:
            await asyncio.sleep(4)

    with (sm.use_route(sm.ScriptRoute().answer(delay=5, body=b"x")),
          sm.URLSession(sm.URLSessionConfiguration.ephemeral(), Delegate()) as session):
        session.data_task(URL).resume()
    assert 12 == virtual.now()


def test_what_is_no_sleep_is_as_it_was(virtual: sm.VirtualClock) -> None:
    """A pause of nothing, one without an end, and what the functions refuse."""
    time.sleep(0)
    asyncio.run(asyncio.sleep(-1))
    for wrong, error in ((-1, ValueError), ("1", TypeError), (math.inf, OverflowError)):
        with pytest.raises(error):
            time.sleep(wrong)      # type: ignore[arg-type]

    async def gives_up() -> None:
        with trio.move_on_after(0.01):
            await trio.sleep(math.inf)

    trio.run(gives_up)
    assert (0, False) == (virtual.now(), time.monotonic() < 1)


def test_other_threads_sleep_in_real_time(virtual: sm.VirtualClock) -> None:
    """One that was started without the context, as those of another test."""
    took: list[float] = []

    def nap() -> None:
        before = time.monotonic()
        time.sleep(0.02)
        took.append(time.monotonic() - before)

    thread = threading.Thread(target=nap)
    thread.start()
    thread.join()
    assert (True, 0) == (took[0] >= 0.02, virtual.now())


def test_threads_sleep_side_by_side(virtual: sm.VirtualClock) -> None:
    """Each is woken at its time, and goes on before time does, whoever lets it pass: one of them, who waits longer, or `advance`."""
    seen: list[tuple[int, float]] = []
    begun = threading.Barrier(4)

    def work(seconds: int) -> None:
        begun.wait()
        for _ in range(3):
            time.sleep(seconds)
            seen.append((seconds, virtual.now()))

    async def on_a_loop() -> None:
        begun.wait()
        for _ in range(3):
            await asyncio.sleep(7)
            seen.append((7, virtual.now()))

    works = (lambda: work(10), lambda: work(15), lambda: asyncio.run(on_a_loop()))
    threads = [threading.Thread(target=copy_context().run, args=(one,)) for one in works]
    for thread in threads:
        thread.start()
    begun.wait()
    virtual.advance(100)
    for thread in threads:
        thread.join()
    assert sorted((seconds, seconds * float(turn)) for seconds in (7, 10, 15) for turn in (1, 2, 3)) == sorted(seen)
    assert virtual.now() == 100


def test_it_ends_with_its_block(clock: sm.VirtualClock) -> None:
    """Blocks nest; afterwards everything is what it was, also for a module that took its copy meanwhile."""
    module = ModuleType("late")
    sys.modules["late"] = module
    try:
        with clock.patch_sleep():
            exec("from time import sleep", vars(module))
            with sm.virtual_time() as inner, inner.patch_sleep():
                time.sleep(5)
            module.sleep(7)
        assert (7, 5) == (clock.now(), inner.now())
        module.sleep(0.001)
    finally:
        del sys.modules["late"]
    assert 7 == clock.now()
    assert time.sleep is REAL is copied
    clock.patch_sleep().stop()
    assert time.sleep is REAL


def test_a_clock_that_is_not_in_force_patches_nothing() -> None:
    """It would never be undone."""
    with pytest.raises(RuntimeError, match=r"patch_sleep\(\) of <VirtualClock at 0 s, .*>, which is not in force"):
        sm.VirtualClock().patch_sleep()
    with sm.virtual_time() as clock:
        clock.patch_sleep()
        assert time.sleep is not REAL
    assert time.sleep is REAL
