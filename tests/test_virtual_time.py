"""Virtual time: no thread, no waiting, the same order every time."""
from __future__ import annotations

import asyncio
import math
import re
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, nullcontext
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx
import pytest
import trio
import trio.testing

import sessionmock as sm
from sessionmock.clock import SECOND
from sessionmock.engine.loop import engine as system_engine
from sessionmock.engine.virtual import VirtualEngine
from sessionmock.latch import Latch
from sessionmock.routes.httpx.edge import packages
from sessionmock.routes.live.network.memory import After, MemoryNetwork
from sessionmock.routes.live.network.peer import Peer

URL = "http://a.test/"
DAY = 24 * 3600


@pytest.fixture
def clock() -> Iterator[sm.VirtualClock]:
    """Time stands still in this test until somebody waits."""
    with sm.virtual_time() as clock:
        yield clock


@pytest.fixture
def script(clock: sm.VirtualClock) -> Iterator[sm.ScriptRoute]:
    with sm.use_route(sm.ScriptRoute()) as route:
        yield route


def configuration(**values: float) -> sm.URLSessionConfiguration:
    made = sm.URLSessionConfiguration.ephemeral()
    for name, value in values.items():
        setattr(made, name, value)
    return made


class Recorder:
    """A delegate that notes what it is told, when by the clock, and on which thread."""

    def __init__(self, clock: sm.VirtualClock) -> None:
        self.clock = clock
        self.calls: list[tuple[float, str, int]] = []
        self.threads: set[threading.Thread] = set()

    def note(self, name: str, task: sm.URLSessionTask) -> None:
        self.threads.add(threading.current_thread())
        self.calls.append((self.clock.now(), name, task.task_identifier if task._session.session_description is None else
                           int(task._session.session_description)))

    def data_task_did_receive_response(self, session: Any, task: Any, response: Any) -> sm.ResponseDisposition:
        self.note("response", task)
        return sm.ResponseDisposition.ALLOW

    def data_task_did_receive_data(self, session: Any, task: Any, data: bytes) -> None:
        self.note("data", task)

    def task_did_complete(self, session: Any, task: Any, error: Any) -> None:
        self.note("complete" if error is None else f"error {int(error.code)}", task)


def test_the_request_time_out_comes_at_its_second(clock: sm.VirtualClock, script: sm.ScriptRoute) -> None:
    """An answer that never comes ends with -1001 after 60 s of virtual time, at once in real time (I16)."""
    script.answer(delay=math.inf)
    before = time.monotonic()
    with sm.URLSession(configuration()) as session, pytest.raises(sm.URLError) as caught:
        session.data(URL).result()
    assert sm.URLError.Code.TIMED_OUT is caught.value.code
    assert 60.0 == clock.now()
    assert time.monotonic() - before < 5


def test_the_resource_time_out_comes_after_seven_days(clock: sm.VirtualClock, script: sm.ScriptRoute) -> None:
    """A body that drips for ever resets the idle timer, and is ended by the total one after its week (I16)."""
    script.answer(body=[(b"x", 59.0)] * (8 * DAY // 59))
    with sm.URLSession(configuration()) as session, pytest.raises(sm.URLError) as caught:
        session.data(URL).result()
    assert (-1001, 7.0 * DAY) == (caught.value.code, clock.now())


def test_a_requests_own_time_out_beats_the_configurations(clock: sm.VirtualClock, script: sm.ScriptRoute) -> None:
    """The request's 5 s hold, not the session's 60 (I16)."""
    script.answer(delay=math.inf)
    with sm.URLSession(configuration()) as session, pytest.raises(sm.URLError):
        session.data(sm.URLRequest(URL, timeout_interval=5)).result()
    assert 5.0 == clock.now()


def test_suspended_time_is_not_idle_time(clock: sm.VirtualClock, script: sm.ScriptRoute) -> None:
    """The idle timer stands still while a task is suspended, and goes on where it stood (I2)."""
    script.answer(delay=math.inf)
    recorder = Recorder(clock)
    with sm.URLSession(configuration(), recorder) as session:
        task = session.data_task(URL)
        task.resume()
        clock.advance(20)
        task.suspend()
        clock.advance(1000)
        task.resume()
    assert [(1060.0, "error -1001", 1)] == recorder.calls


def test_time_stands_still_until_somebody_waits(clock: sm.VirtualClock, script: sm.ScriptRoute) -> None:
    """Resumed tasks with slow answers do nothing by themselves."""
    script.answer(delay=3, body=b"late")
    recorder = Recorder(clock)
    with sm.URLSession(configuration(), recorder) as session:
        session.data_task(URL).resume()
        assert ([], 0) == (recorder.calls, clock.now())
    assert [(3.0, "response", 1), (3.0, "data", 1), (3.0, "complete", 1)] == recorder.calls


def scene(seed: int) -> list[tuple[float, str, int]]:
    with sm.virtual_time() as clock:
        recorder = Recorder(clock)
        route = sm.ScriptRoute()
        for number in range(12):
            route.answer(delay=(number * seed) % 5, body=[(b"a", 0.5), (b"b", number % 3)])
        with sm.use_route(route), sm.URLSession(configuration(), recorder) as session:
            for _ in range(12):
                session.data_task(URL).resume()
            session.get_all_tasks(lambda tasks: tasks[3].cancel())
        return recorder.calls


@pytest.mark.parametrize("seed", [1, 7, 11])
def test_the_order_of_callbacks_is_the_same_every_time(seed: int) -> None:
    """Twelve loads that overlap call back in the same order, at the same times, however often they are run."""
    first = scene(seed)
    assert 3 * 12 <= len(first)
    assert sorted(first, key=lambda call: call[0]) == first
    assert [first] * 3 == [scene(seed) for _ in range(3)]


def test_callbacks_run_on_the_thread_that_waits_and_no_other_is_started(clock: sm.VirtualClock, script: sm.ScriptRoute) -> None:
    """Engine, timers and serial queues are run by the waiter."""
    before = set(threading.enumerate())
    script.answer(delay=1, body=b"x").answer(body=b"ready")
    recorder = Recorder(clock)
    with sm.URLSession(configuration(), recorder) as session:
        session.data_task(URL).resume()
        session.data_task(URL).resume()
    assert {threading.current_thread()} == recorder.threads
    assert set() == set(threading.enumerate()) - before


def test_one_callback_at_a_time(clock: sm.VirtualClock, script: sm.ScriptRoute) -> None:
    """Queues of several sessions take turns, a callback each, in the order in which they were given."""
    script.answers([sm.Answer(body=[(b"1", 1), (b"2", 1)])] * 2)
    recorder = Recorder(clock)
    with sm.URLSession(configuration(), recorder) as first, sm.URLSession(configuration(), recorder) as second:
        for session in (first, second):
            session.data_task(URL).resume()
        clock.advance(10)
    times = [when for when, _, _ in recorder.calls]
    assert ([0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0], ["response", "response", "data", "data"]) == (
        times, [name for _, name, _ in recorder.calls[:4]])


def test_a_deadlock_is_an_error_and_no_hang(clock: sm.VirtualClock, script: sm.ScriptRoute) -> None:
    """Where nothing is left to run and what is waited for has not happened, waiting ends with RuntimeError."""
    with sm.URLSession(configuration()) as session:
        task = session.data_task(URL)
        with pytest.raises(RuntimeError, match=r"(?s)deadlock under the virtual clock at 0 s: nothing is left .*"
                                               r"DataTask 1: GET http://a\.test/, suspended>: never resumed"):
            session._context.engine.wait(task._life.latch)
        task.cancel()


def test_result_gives_up_at_its_virtual_second(clock: sm.VirtualClock, script: sm.ScriptRoute) -> None:
    """A limit of 10 s is 10 s of virtual time; the task goes on and ends later."""
    script.answer(delay=30, body=b"slow")
    with sm.URLSession(configuration()) as session:
        loading = session.data(URL)
        with pytest.raises(TimeoutError):
            loading.result(10)
        assert 10.0 == clock.now()
        assert b"slow" == loading.result()[0]
        assert 30.0 == clock.now()


def test_the_main_queue_runs_in_order_of_time_too(clock: sm.VirtualClock, script: sm.ScriptRoute) -> None:
    """Callbacks for OperationQueue.main are made when they are due: no time-out overtakes them."""
    script.answer(delay=1, body=b"x")
    recorder = Recorder(clock)
    with sm.URLSession(configuration(), recorder, sm.OperationQueue.main) as session:
        session.data_task(URL).resume()
        sm.OperationQueue.main.run(until=lambda: len(recorder.calls) == 3, timeout=100)
        assert [(1.0, "response", 1), (1.0, "data", 1), (1.0, "complete", 1)] == recorder.calls
        with pytest.raises(TimeoutError, match=r"still false after 7 s"):
            sm.OperationQueue.main.run(until=lambda: False, timeout=7)
        assert 8.0 == clock.now()


def test_the_main_queue_runs_what_is_due_now(clock: sm.VirtualClock, script: sm.ScriptRoute) -> None:
    """`run()` without a condition makes the calls that are due and lets no time pass."""
    script.answer(body=b"x").answer(delay=1)
    recorder = Recorder(clock)
    with sm.URLSession(configuration(), recorder, sm.OperationQueue.main) as session:
        session.data_task(URL).resume()
        session.data_task(URL).resume()
        sm.OperationQueue.main.run()
        assert ([(0.0, "response", 1), (0.0, "data", 1), (0.0, "complete", 1)], 0) == (recorder.calls, clock.now())
        session.invalidate_and_cancel()


def test_an_await_lets_time_pass(clock: sm.VirtualClock, script: sm.ScriptRoute) -> None:
    """Who awaits waits: virtual time runs for it."""
    script.answer(delay=3600, body=b"x").answer(delay=3600, body=b"y")

    async def main() -> list[bytes]:
        async with sm.URLSession(configuration(timeout_interval_for_request=2 * DAY)) as session:
            return [data for data, _ in await asyncio.gather(session.data(URL).run(), session.data(URL).run())]

    assert [b"x", b"y"] == asyncio.run(main())
    assert 3600.0 == clock.now()


@pytest.mark.parametrize("library", ["asyncio", "trio"])
def test_awaits_end_in_the_order_of_time(clock: sm.VirtualClock, script: sm.ScriptRoute, library: str) -> None:
    """Of two loads that are awaited side by side the one that is answered first goes on first, and at its time."""
    script.answer(delay=10).answer(delay=1)
    ended: list[float] = []

    async def one(session: sm.URLSession) -> None:
        await session.data(URL)
        ended.append(clock.now())

    async def on_asyncio() -> None:
        async with sm.URLSession(configuration()) as session:
            await asyncio.gather(one(session), one(session))

    async def on_trio() -> None:
        async with sm.URLSession(configuration()) as session, trio.open_nursery() as nursery:
            nursery.start_soon(one, session)
            nursery.start_soon(one, session)

    if library == "asyncio":
        asyncio.run(on_asyncio())
    else:
        trio.run(on_trio)
    assert [1.0, 10.0] == ended


def test_every_await_lets_time_pass(clock: sm.VirtualClock, script: sm.ScriptRoute) -> None:
    """The end of `async with`, the pieces of `bytes` and an httpx client's answer are waited for like a load."""
    script.answer(delay=5).answer(body=[(b"ab", 1), (b"cd", 2)]).answer(delay=3, body=b"x").answer(delay=30)
    times: list[Any] = []

    def note(what: Any) -> None:
        times.append((what, clock.now()))

    async def main() -> None:
        async with sm.URLSession(configuration()) as session:
            session.data_task(URL).resume()
        note("left")
        async with sm.URLSession(configuration()) as session:
            body, _ = await session.bytes(URL)
            async for chunk in body.chunks():
                note(chunk)
        async with httpx.AsyncClient(transport=sm.transport(), timeout=10) as client:
            note((await client.get(URL)).content)
            with pytest.raises(httpx.ReadTimeout):
                await client.get(URL)
            note("timed out")

    asyncio.run(asyncio.wait_for(main(), 20))
    assert [("left", 5.0), (b"ab", 6.0), (b"cd", 8.0), (b"x", 11.0), ("timed out", 21.0)] == times


@pytest.mark.parametrize("kind", ["private", "main", "loop"])
def test_time_stands_still_while_a_delegates_coroutine_is_out(clock: sm.VirtualClock, script: sm.ScriptRoute, kind: str) -> None:
    """What it waits for in real time costs no virtual time, whichever queue it runs on; what it loads does."""
    script.answer(delay=1, body=b"x").answer(delay=4, body=b"y")
    seen: list[Any] = []
    other = sm.URLSession(configuration())

    class Delegate:
        async def data_task_did_receive_response(self, session: Any, task: Any, response: Any) -> sm.ResponseDisposition:
            await asyncio.sleep(0.02)
            return sm.ResponseDisposition.ALLOW

        async def task_did_complete(self, session: Any, task: Any, error: Any) -> None:
            seen.append((error, clock.now()))
            seen.append(((await other.data(URL))[0], clock.now()))

    async def main() -> None:
        queue = {"private": sm.OperationQueue(), "main": sm.OperationQueue.main,
                 "loop": sm.OperationQueue.on_loop(asyncio.get_running_loop())}[kind]
        async with sm.URLSession(configuration(), Delegate(), queue) as session:
            session.data_task(URL).resume()
        async with other:
            pass

    asyncio.run(asyncio.wait_for(main(), 20))
    assert [(None, 1.0), (b"y", 5.0)] == seen


def test_a_queue_on_another_threads_loop_is_waited_for(clock: sm.VirtualClock, script: sm.ScriptRoute) -> None:
    """Its callbacks come there, a coroutine included; on a loop that does not run they are a deadlock."""
    script.answer(delay=1).answer(delay=1)
    seen: list[Any] = []
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)

    class Delegate:
        async def task_did_complete(self, session: Any, task: Any, error: Any) -> None:
            await asyncio.sleep(0.02)
            seen.append((threading.current_thread(), clock.now()))

    queue = sm.OperationQueue.on_loop(loop)
    session = sm.URLSession(configuration(), Delegate(), queue)
    session.data_task(URL).resume()
    session.finish_tasks_and_invalidate()
    with pytest.raises(RuntimeError, match=r"deadlock under the virtual clock at 1 s: an operation waits for .* to run"):
        session.__exit__(None, None, None)
    thread.start()
    session.__exit__(None, None, None)
    assert [(thread, 1.0)] == seen
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_threads_that_wait_take_turns(clock: sm.VirtualClock, script: sm.ScriptRoute) -> None:
    """However many wait at once, calls are made one at a time, and nobody takes another's call in hand for a deadlock."""
    outcomes: list[Any] = []
    route = sm.ScriptRoute()
    with sm.use_route(route), sm.URLSession(configuration(timeout_interval_for_request=DAY)) as session:
        for number in range(160):
            route.answer(delay=number % 3, body=b"x")

        def load() -> None:
            for _ in range(20):
                try:
                    outcomes.append(session.data(URL).result()[0])
                except Exception as error:
                    outcomes.append(error)

        before = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)
        try:
            threads = [threading.Thread(target=copy_context().run, args=(load,)) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            sys.setswitchinterval(before)
    assert [b"x"] * 160 == outcomes


def test_a_limit_is_kept_beside_who_waits_longer(clock: sm.VirtualClock, script: sm.ScriptRoute) -> None:
    """`result(timeout=10)` on a thread ends at 10 s, also where another one lets time pass."""
    script.answers([sm.Answer(delay=50)] * 2)
    seen: list[float] = []
    with sm.URLSession(configuration()) as session:
        loadings = [session.data(URL), session.data(URL)]
        begun = threading.Barrier(2)

        def give_up() -> None:
            begun.wait()
            with pytest.raises(TimeoutError):
                loadings[0].result(timeout=10)
            seen.append(clock.now())

        thread = threading.Thread(target=copy_context().run, args=(give_up,))
        thread.start()
        begun.wait()
        loadings[1].result()
        thread.join()
    assert ([10], 50) == (seen, clock.now())


def test_a_live_server_knows_no_virtual_time(clock: sm.VirtualClock) -> None:
    """A load that would go to one fails and says so."""
    with sm.use_route(sm.LiveRoute()), sm.URLSession(configuration()) as session, pytest.raises(sm.URLError) as caught:
        session.data("http://127.0.0.1:1/").result()
    assert sm.URLError.Code.UNKNOWN is caught.value.code
    assert "a live server knows no virtual time" in str(caught.value)


def test_a_delegate_that_never_answers_times_out(clock: sm.VirtualClock, script: sm.ScriptRoute) -> None:
    """A question that is not answered holds its task for the idle limit, and then ends it with -1001."""
    class Silent(Recorder):
        def data_task_did_receive_response(self, session: Any, task: Any, response: Any, completion_handler: Any) -> None:
            self.note("asked", task)

    script.answer(body=b"x")
    recorder = Silent(clock)
    with sm.URLSession(configuration(), recorder) as session:
        session.data_task(URL).resume()
    assert [(0.0, "asked", 1), (60.0, "error -1001", 1)] == recorder.calls


def test_sessions_made_outside_live_in_real_time(script: sm.ScriptRoute) -> None:
    """The block decides where a session is made, not where it is used."""
    with sm.virtual_time() as other:
        assert other.now() == 0
    route = sm.ScriptRoute().answer(delay=0.05, body=b"real")
    results: list[bytes] = []

    def real() -> None:
        with sm.use_route(route), sm.URLSession(configuration()) as session:
            results.append(session.data(URL).result()[0])

    thread = threading.Thread(target=real)      # a new thread has no context: it is outside
    thread.start()
    thread.join(20)
    assert [b"real"] == results


# stores --------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("inside", [True, False], ids=["in the block", "after it"])
def test_cookies_expire_by_the_sessions_clock(inside: bool) -> None:
    """A cookie of 60 s is sent for 60 virtual seconds, wherever the session is used that was made in virtual time."""
    route = sm.ScriptRoute().answer(headers=[("Set-Cookie", "a=1; Max-Age=60")])
    sent: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers.get("cookie"))
        return httpx.Response(200)

    with sm.virtual_time() as clock, sm.use_route(route):
        session = sm.URLSession(configuration())
    with sm.virtual_time(clock) if inside else nullcontext(), sm.use_route(route), session:
        session.data(URL).result()
        route.get(URL).mock(side_effect=answer)
        session.data(URL).result()
        clock.advance(59)
        session.data(URL).result()
        clock.advance(1)
        session.data(URL).result()
    assert ["a=1", "a=1", None] == sent


@pytest.mark.parametrize("inside", [True, False], ids=["in the block", "after it"])
def test_cached_responses_grow_old_by_the_sessions_clock(inside: bool) -> None:
    """What is fresh for 60 s is given for 60 virtual seconds, and then asked for again."""
    route = sm.ScriptRoute()
    for body in (b"first", b"second"):
        route.answer(headers=[("Cache-Control", "max-age=60")], body=body)
    with sm.virtual_time() as clock, sm.use_route(route):
        session = sm.URLSession(configuration())
    got: list[tuple[float, bytes]] = []
    with sm.virtual_time(clock) if inside else nullcontext(), sm.use_route(route), session:
        for wait in (0, 59, 2):
            clock.advance(wait)
            data, _ = session.data(URL).result()
            got.append((clock.now(), data))
    assert [(0.0, b"first"), (59.0, b"first"), (61.0, b"second")] == got


def test_what_a_delegate_has_cached_is_stored_at_the_sessions_date() -> None:
    """A response that it made says no dates: they are those of the session, also outside of the block in which that was made."""
    class Own:
        def data_task_will_cache_response(self, session: Any, task: Any, proposed: sm.CachedURLResponse) -> sm.CachedURLResponse:
            return sm.CachedURLResponse(proposed.response, b"mine")

    route = sm.ScriptRoute().answer(headers=[("Cache-Control", "max-age=60")], body=b"theirs")
    with sm.virtual_time() as clock:
        session = sm.URLSession(configuration(), Own())
    cache = session.configuration.url_cache
    with sm.use_route(route), session:
        clock.advance(10)
        session.data_task(URL).resume()
    kept = cache.cached_response(URL)
    assert (b"mine", clock.date()) == (kept.data, kept.received)
    cache.remove_cached_responses_since(clock.date())
    assert kept == cache.cached_response(URL)
    cache.remove_cached_responses_since(clock.date() - timedelta(seconds=1))
    assert cache.cached_response(URL) is None


# on all threads -------------------------------------------------------------------------------------------------------

def test_what_was_made_before_joins_in_and_goes_back() -> None:
    """Sessions, the shared one and transports of before take part in a time that is in force everywhere, on all threads, over new
    connections; afterwards they are in real time again. One that was made in another virtual time stays there."""
    route = sm.ScriptRoute().answers([sm.Answer(delay=10)] * 5 + [sm.Answer()] * 3)
    seen: list[Any] = []
    with sm.virtual_time() as other:
        apart = sm.URLSession(configuration())
    with sm.use_route(route, everywhere=True), sm.URLSession(configuration()) as session, httpx.Client(transport=sm.transport()) as client, apart:
        def load() -> None:
            session.data(URL).result()
            client.get(URL, timeout=20)

        load_in_real_time = partial(load)
        with sm.virtual_time(everywhere=True) as clock:
            thread = threading.Thread(target=lambda: (load(), seen.append(clock.now())))
            thread.start()
            thread.join()
            sm.URLSession.shared.data(URL).result()
            seen.append(clock.now())
            made_inside = sm.URLSession(configuration())
            made_inside.data(URL).result()
            apart.data(URL).result()
            with sm.real_time():
                assert session._context.engine is made_inside._context.engine is system_engine
            assert session._context.engine is clock._engine
        load_in_real_time()
        with made_inside:
            made_inside.data(URL).result()
    assert ([20, 30], 40, 10) == (seen, clock.now(), other.now())


def test_virtual_time_does_not_begin_over_tasks_on_their_way() -> None:
    """They are named, with their lines; those of another owner go on in real time, and their session with them."""
    route = sm.ScriptRoute().answers([sm.Answer(delay=math.inf)] * 2)
    with sm.use_route(route), sm.LeakScope("theirs"), sm.URLSession(configuration()) as session:
        theirs = session.data(URL)
        with sm.LeakScope("ours"):
            with sm.virtual_time(everywhere=True):
                assert session._context.engine is system_engine
            ours = session.data(URL)
            with pytest.raises(RuntimeError, match=r"in real time:\n  <URLSessionDataTask 2: GET http://a\.test/, running>, made at .*virtual_time"):
                sm.virtual_time(everywhere=True).__enter__()
            for loading in (theirs, ours):
                loading.cancel()


# what its users do to it ----------------------------------------------------------------------------------------------

def test_advance_makes_what_is_due_and_stands_there(clock: sm.VirtualClock, script: sm.ScriptRoute) -> None:
    """0 seconds make what is due now; less than that is refused."""
    script.answer(body=b"x").answer(delay=5).answer(delay=7)
    with sm.URLSession(configuration()) as session:
        tasks = [session.data_task(URL) for _ in range(3)]
        for task in tasks:
            task.resume()
        for seconds, done in ((0, 1), (4.5, 1), (0.5, 2), (1, 2), (1.25, 3)):
            clock.advance(seconds)
            assert done == sum(task.state is sm.TaskState.COMPLETED for task in tasks)
    assert 7.25 == clock.now()
    assert datetime(2026, 1, 1, 0, 0, 7, 250_000, tzinfo=UTC) == clock.date()
    clock._engine.let_pass(1)       # a nanosecond is nobody's business
    assert 7.25 == clock.now()
    for wrong in (-1, "1", math.nan, math.inf):
        with pytest.raises(sm.InvalidArgumentException, match=r"VirtualClock\.advance\(seconds\)"):
            clock.advance(wrong)      # type: ignore[arg-type]


def test_run_until_idle_runs_until_nothing_goes_on(clock: sm.VirtualClock, script: sm.ScriptRoute) -> None:
    """A load that nobody answers ends by its time-out; a suspended task and one that was never resumed are not waited for, nor are
    timers of nobody."""
    clock.run_until_idle()
    assert 0 == clock.now()
    script.answer(delay=7, body=b"x").answer(delay=math.inf).answer(delay=5)
    with sm.URLSession(configuration()) as session:
        slow, silent, suspended, fresh = (session.data_task(URL) for _ in range(4))
        for task in (slow, silent, suspended):
            task.resume()
        suspended.suspend()
        clock._engine.clock.call_at(3600 * SECOND, int)
        clock.run_until_idle()
        assert (60, None, -1001) == (clock.now(), slow.error, silent.error and silent.error.code)
        assert [sm.TaskState.SUSPENDED] * 2 == [suspended.state, fresh.state]
        suspended.resume()
        clock.run_until_idle()
        assert sm.TaskState.COMPLETED is suspended.state
        fresh.cancel()


def test_run_until_idle_waits_for_delegates_that_are_out(clock: sm.VirtualClock, script: sm.ScriptRoute) -> None:
    """A callback that is a coroutine on another thread's loop, and what it makes happen then."""
    script.answer(delay=1, body=b"x")
    heard: list[Any] = []
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    class Delegate:
        async def data_task_did_receive_response(self, session: Any, task: Any, response: Any) -> sm.ResponseDisposition:
            await asyncio.sleep(0.01)
            return sm.ResponseDisposition.ALLOW

        async def task_did_complete(self, session: Any, task: Any, error: Any) -> None:
            heard.append(error)

    with sm.URLSession(configuration(), Delegate(), sm.OperationQueue.on_loop(loop)) as session:
        session.data_task(URL).resume()
        clock.run_until_idle()
        assert ([None], 1) == (heard, clock.now())
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def permuted(seed: int | str | None, **answer: Any) -> list[tuple[float, str, int]]:
    """What a delegate hears of six loads, of a session each, that are answered at the same times."""
    with sm.virtual_time() as clock:
        if seed is not None:
            clock.permute(seed)
        recorder = Recorder(clock)
        route = sm.ScriptRoute().answers([sm.Answer(**answer)] * 6)
        with sm.use_route(route), ExitStack() as stack:
            for number in range(6):
                session = stack.enter_context(sm.URLSession(configuration(), recorder))
                session.session_description = str(number)
                session.data_task(URL).resume()
        return recorder.calls


@pytest.mark.parametrize("answer", [{"delay": 3, "body": [(b"a", 1.0), (b"b", 0.0)]}, {"body": b"x"}], ids=["later", "at once"])
def test_ties_are_permuted_by_a_seed(answer: dict[str, Any]) -> None:
    """The same seed gives the same order, another another; what one task hears stays in order, and at its time."""
    plain = permuted(None, **answer)
    orders = {seed: permuted(seed, **answer) for seed in (1, 2, "three")}
    assert orders == {seed: permuted(seed, **answer) for seed in orders}
    assert 4 == len({str(order) for order in (plain, *orders.values())})
    for order in orders.values():
        for number in range(6):
            assert [call for call in plain if call[2] == number] == [call for call in order if call[2] == number]
    with pytest.raises(sm.InvalidArgumentException, match=r"VirtualClock\.permute\(1\.5\)"):
        sm.VirtualClock().permute(1.5)      # type: ignore[arg-type]


# the report of a deadlock -------------------------------------------------------------------------------------------------

def test_the_report_of_a_deadlock_says_who_waits_for_what(clock: sm.VirtualClock, script: sm.ScriptRoute) -> None:
    """Coroutines and threads with the line of theirs, and each task with what it waits for."""
    async def awaits_what_never_comes(session: sm.URLSession) -> None:
        await session._context.engine.ended(Latch())

    async def main() -> None:
        with sm.URLSession(configuration()) as session:
            fresh = session.data_task(URL)
            try:
                await asyncio.create_task(awaits_what_never_comes(session), name="the one")
            finally:
                fresh.cancel()

    with pytest.raises(RuntimeError) as caught:
        asyncio.run(main())
    told = str(caught.value).splitlines()
    assert "deadlock under the virtual clock at 0 s: nothing is left to run, and what is waited for has not happened" == told[0]
    assert "who waits:" == told[1]
    assert re.fullmatch(r"  coroutine the one at .*test_virtual_time\.py:\d+ in awaits_what_never_comes", told[2])
    assert "tasks that have not ended:" == told[3]
    assert told[4].startswith("  <URLSessionDataTask 1: GET http://a.test/, suspended>: never resumed; resume() it")


def test_the_report_names_trios_tasks_and_threads() -> None:
    """Both are found where they stand, beneath what they called."""
    async def stuck() -> None:
        await engine.ended(Latch())

    def beside() -> None:
        with pytest.raises(RuntimeError):
            engine.wait(Latch())

    engine = VirtualEngine()
    with pytest.raises(RuntimeError, match=r"coroutine .*stuck at .*test_virtual_time\.py:\d+ in stuck"):
        trio.run(stuck)
    with pytest.raises(RuntimeError, match=r"thread MainThread at .*test_virtual_time\.py:\d+ in test_the_report_names"):
        engine.wait(Latch())
    thread = threading.Thread(target=beside)
    thread.start()
    thread.join()
    assert [] == engine._waiters.threads


# plain clients ------------------------------------------------------------------------------------------------------------

async def greedy(peer: Peer) -> None:
    """Reads a little, and answers nothing but the head of what is asked of slow.test."""
    if b"slow.test" in await peer.receive():
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
    await peer.sleep(math.inf)


LIMITS = {"connect": ("http://silent.test/", b"", "ConnectTimeout", 3), "read": ("http://deaf.test/", b"", "ReadTimeout", 5),
          "write": ("http://deaf.test/", bytes(10_000_000), "WriteTimeout", 7), "pool": ("http://slow.test/", b"", "PoolTimeout", 11)}


@pytest.mark.parametrize("package", packages(), ids=lambda package: package.__name__)
@pytest.mark.parametrize("style", ["sync", "asyncio", "trio"])
@pytest.mark.parametrize("kind", LIMITS)
def test_the_limits_of_plain_clients_pass(clock: sm.VirtualClock, kind: str, style: str, package: Any) -> None:
    """Each of the four, to the second, as a client's own exception."""
    url, content, name, seconds = LIMITS[kind]
    network = MemoryNetwork(greedy)
    network.names["silent.test"] = ["10.0.0.9"]
    network.places["10.0.0.9", 80] = After(math.inf, greedy)
    timeout = package.Timeout(connect=3, read=None if kind == "pool" else 5, write=7, pool=11)
    only = configuration(http_maximum_connections_per_host=1)
    transport = sm.transport(sm.LiveRoute(network=network, trust_env=False), only)
    expected = getattr(package, name)

    async def ask(client: Any) -> None:
        with pytest.raises(expected):
            await client.post(url, content=content)

    async def main() -> None:
        async with package.AsyncClient(transport=transport, timeout=timeout) as client:
            if kind != "pool":
                await ask(client)
            elif style == "asyncio":
                first = asyncio.create_task(client.get(url))
                await asyncio.sleep(0)
                await ask(client)
                first.cancel()
            else:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(client.get, url)
                    await trio.testing.wait_all_tasks_blocked()
                    await ask(client)
                    nursery.cancel_scope.cancel()

    if style == "asyncio":
        asyncio.run(main())
    elif style == "trio":
        trio.run(main)
    else:
        with package.Client(transport=transport, timeout=timeout) as client, ExitStack() as stack:
            if kind == "pool":      # the first response is not read to its end
                stack.enter_context(client.stream("GET", "http://slow.test/"))
            with pytest.raises(expected):
                client.post(url, content=content)
    assert seconds == clock.now()
