"""Who drives the engine's loop, and what may go wrong when that changes hands. The traps of the engine, one by one."""
from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Iterator
from contextvars import Context, ContextVar
from functools import partial
from typing import Any

import pytest

import sessionmock as sm
from sessionmock.clock import SECOND
from sessionmock.engine import loop, work
from sessionmock.engine.loop import SystemEngine
from sessionmock.latch import Latch

PATIENCE = 20.0
NEVER = 10 * 60 * SECOND

colour: ContextVar[str] = ContextVar("colour", default="none")


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[SystemEngine]:
    """An engine of its own, so that nothing else drives it; it ends with its background thread, which lingers for 0.1 s."""
    monkeypatch.setattr(loop, "LINGER", SECOND // 10)
    made = SystemEngine()
    yield made
    wait_for(lambda: made._background is None)
    with made._lock:        # under which the thread closes the loop, as its last act
        if made._loop is not None:
            made._loop.close()


def wait_for(condition: Any) -> None:
    limit = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < limit, "it has not happened"
        time.sleep(0.005)


def in_thread(call: Any, *arguments: Any) -> tuple[threading.Thread, list[Any]]:
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(call(*arguments)), daemon=True)
    thread.start()
    return thread, results


def join(*threads: threading.Thread) -> None:
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive(), "a thread hangs"


def configuration() -> sm.URLSessionConfiguration:
    return sm.URLSessionConfiguration.ephemeral()


# the claim window ----------------------------------------------------------------------------------------------------

def test_what_nobody_claims_starts_within_a_few_looks(server: str, policy: str) -> None:
    """A Loading nobody waits for is taken by the background thread: 20 to 41 ms late, far from a second."""
    with sm.URLSession(configuration()) as session:
        delays = []
        for _ in range(5):
            before = time.monotonic()
            loading = session.data(f"{server}/fast")
            wait_for(loading.done)
            delays.append(time.monotonic() - before)
    assert min(delays) < 0.15


def test_unclaimed_loads_in_a_row_start_one_thread_in_all(server: str, policy: str) -> None:
    """One background thread serves them all, however many come one after the other."""
    seen = set()
    with sm.URLSession(configuration()) as session:
        for _ in range(8):
            loading = session.data(f"{server}/fast")
            wait_for(loading.done)
            seen |= {thread for thread in threading.enumerate() if thread.name == "sessionmock-engine"}
    assert 1 == len(seen)


def test_an_unclaimed_load_starts_though_its_poster_found_a_drain_on_its_way(engine: SystemEngine) -> None:
    """What is posted while the last driver leaves is seen by the background thread, which is started for it."""
    latch, late = Latch(), threading.Event()

    def leave() -> None:
        engine._woken = True           # as where a drain was scheduled that the driver does not stay for
        engine._inbox.append((late.set, ()))
        latch.set()

    engine._inbox.append((leave, ()))
    thread, _ = in_thread(engine.wait, latch)
    join(thread)
    assert late.wait(PATIENCE)


# lost wake-ups ----------------------------------------------------------------------------------------------------

def test_no_call_is_lost_between_posting_and_draining(engine: SystemEngine, policy: str) -> None:
    """Whatever the posting threads and the driver are doing, each posted call is made, once."""
    made: list[int] = []
    threads = [in_thread(lambda: [(engine.post_eager if n % 3 else engine.post)(made.append, n) for n in range(2000)])[0] for _ in range(4)]
    join(*threads)
    wait_for(lambda: len(made) >= 8000)
    assert sorted(list(range(2000)) * 4) == sorted(made)


def test_calls_posted_one_by_one_each_wake_the_loop(engine: SystemEngine, policy: str) -> None:
    """A call posted when everything stands still is made soon, not at the next timer."""
    engine.post_eager(engine.enlist, True)
    for _ in range(50):
        done = threading.Event()
        engine.post_eager(done.set)
        assert done.wait(PATIENCE)
    engine.post_eager(engine.delist, True)


# one load's fault --------------------------------------------------------------------------------------------------

@pytest.mark.sessionmock(invariants="off")      # it raises where nothing should
def test_a_call_that_raises_takes_no_other_along(engine: SystemEngine, policy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is reported with where it came from; what was posted with it is made, and the driver goes on."""
    reports: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", reports.append)
    latch = Latch()
    for call in (partial(int, "no number"), latch.set):
        engine._inbox.append((call, ()))
    thread, results = in_thread(engine.wait, latch)
    join(thread)
    assert [True] == results
    assert [ValueError] == [report.exc_type for report in reports]
    assert ["raised in the engine"] == reports[0].exc_value.__notes__


@pytest.mark.sessionmock(invariants="off")      # it raises where nothing should
def test_what_a_timer_raises_is_reported_and_ends_nobody(engine: SystemEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """asyncio's own catch-all would log on the engine's stack; ours goes to threading.excepthook."""
    reports: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", reports.append)
    latch = Latch()

    def set_timers() -> None:
        engine.clock.call_at(engine.clock.now(), partial(int, "no number"))
        engine.clock.call_at(engine.clock.now() + SECOND // 100, latch.set)

    engine.post(set_timers)
    thread, results = in_thread(engine.wait, latch)
    join(thread)
    assert ([True], [ValueError]) == (results, [report.exc_type for report in reports])


@pytest.mark.parametrize("holds", ["engine", "session", "queue"])
def test_a_finalizer_or_a_signal_handler_may_call_anything(holds: str) -> None:
    """They run between any two statements, also where their own thread holds a lock: that is no deadlock."""
    queue = sm.OperationQueue()
    session = sm.URLSession(configuration(), delegate_queue=queue)
    lock = {"engine": loop.engine._lock, "session": session._lock, "queue": queue._lock}[holds]
    ended = threading.Event()

    def interrupted() -> None:
        with lock:
            queue.add_operation(Latch().set)
            session.data_task("http://127.0.0.1:1/").resume()
            session.data_task("http://127.0.0.1:1/", lambda *_: ended.set()).resume()
            session.finish_tasks_and_invalidate()

    thread, _ = in_thread(interrupted)
    join(thread)
    assert ended.wait(PATIENCE)
    assert loop.engine.wait(session._invalid, loop.engine.clock.now() + 20 * SECOND)


# no threads -------------------------------------------------------------------------------------------------------

@pytest.fixture
def threadless(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No thread of the library's can be started."""
    with monkeypatch.context() as patch:
        patch.setattr(loop, "begin", lambda thread: False)
        patch.setattr(work, "begin", lambda thread: False)
        patch.setattr(work, "pool", work.WorkPool())
        yield


@pytest.mark.usefixtures("threadless")
def test_who_waits_drives_where_no_thread_can_be_started(engine: SystemEngine, policy: str) -> None:
    """Under either policy; and what a thread of the pool should have done, even where it waits in its turn."""
    seen: list[str] = []
    latch, inner = Latch(), Latch()

    def job() -> None:
        engine.post(inner.set)
        engine.wait(inner)
        seen.append(threading.current_thread().name)
        latch.set()

    engine.post_eager(lambda: engine.clock.call_at(engine.clock.now() + 1000, engine.work, job))
    assert engine.wait(latch, engine.clock.now() + NEVER)
    assert [threading.current_thread().name] == seen


@pytest.mark.usefixtures("threadless")
def test_a_wait_beneath_a_running_loop_drives_where_no_thread_can_be_started(engine: SystemEngine) -> None:
    """The loop above is the running one again after it, and during a job none is, as on a thread of the pool."""
    loops: list[Any] = []

    async def main() -> bool:
        latch = Latch()
        engine.work(lambda: (loops.append(asyncio._get_running_loop()), latch.set()))
        engine.wait(latch, engine.clock.now() + NEVER)
        return asyncio._get_running_loop() is asyncio.get_running_loop()

    assert asyncio.run(main())
    assert [None] == loops


@pytest.mark.usefixtures("threadless")
def test_coroutines_that_await_drive_where_no_thread_can_be_started(engine: SystemEngine) -> None:
    """In bursts, so that all of them go on."""
    async def one(number: int) -> int:
        latch = Latch()
        engine.post(lambda: engine.clock.call_at(engine.clock.now() + number * SECOND // 200, engine.work, latch.set))
        await engine.ended(latch)
        return number

    async def main() -> list[int]:
        return await asyncio.gather(*(one(number) for number in range(5)))

    assert [0, 1, 2, 3, 4] == asyncio.run(main())


def test_a_parked_thread_takes_over_where_no_other_can_be_had(engine: SystemEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stood back because another thread drove; when that leaves, nobody is there but itself."""
    monkeypatch.setattr(loop, "begin", lambda thread: False)
    first, second = Latch(), Latch()
    driver, _ = in_thread(engine.wait, first)
    wait_for(lambda: engine._owner is not None)

    async def beneath() -> None:
        engine.wait(second)

    parked, _ = in_thread(asyncio.run, beneath())
    wait_for(lambda: engine._parked)
    engine.post(first.set)
    join(driver)
    engine.post(second.set)
    join(parked)


def test_what_cannot_come_any_more_is_not_waited_for(engine: SystemEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the interpreter's end nobody else is there: with nothing left to run, a wait would never end."""
    monkeypatch.setattr(sys, "is_finalizing", lambda: True)
    with pytest.raises(RuntimeError, match="the interpreter is ending"):
        engine.wait(Latch())
    latch = Latch()
    engine.post(latch.set)
    assert engine.wait(latch)


def test_what_was_posted_in_vain_is_done_with_the_next_thread(engine: SystemEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The poster hears nothing of it."""
    first, second = threading.Event(), threading.Event()
    with monkeypatch.context() as patch:
        patch.setattr(loop, "begin", lambda thread: False)
        engine.post_eager(first.set)
    engine.post_eager(second.set)
    assert first.wait(PATIENCE)
    assert second.wait(PATIENCE)


def test_a_background_thread_that_fails_is_replaced(engine: SystemEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it was about to do is done by the next."""
    failures: list[Any] = []
    failed, done = threading.Event(), threading.Event()
    monkeypatch.setattr(threading, "excepthook", lambda report: (failures.append(report.exc_type), failed.set()))
    with monkeypatch.context() as patch:
        patch.setattr(engine, "_drive", lambda *_, **__: 1 / 0)
        engine.post_eager(int)
        assert failed.wait(PATIENCE)
    engine.post_eager(done.set)
    assert done.wait(PATIENCE)
    assert [ZeroDivisionError] == failures


def test_the_background_thread_does_what_no_other_can(engine: SystemEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is there and no thread of the pool can be: nobody need wait for a job."""
    monkeypatch.setattr(work, "begin", lambda thread: False)
    monkeypatch.setattr(work, "pool", work.WorkPool())
    done = threading.Event()
    engine.work(done.set)
    assert done.wait(PATIENCE)


# contexts ---------------------------------------------------------------------------------------------------------

def test_calls_and_timers_see_no_callers_context(engine: SystemEngine, policy: str) -> None:
    """Posted calls and timers run in the engine's own context, whoever posts, drives or sets them."""
    seen: list[str] = []
    latch = Latch()

    def look(after: Any) -> None:
        seen.append(colour.get())
        engine.clock.call_at(engine.clock.now(), after)

    def caller() -> None:
        colour.set("red")
        engine.post(look, lambda: (seen.append(colour.get()), latch.set()))
        engine.wait(latch)

    thread, _ = in_thread(Context().run, caller)
    join(thread)
    assert ["none", "none"] == seen


def test_no_callers_context_reaches_a_handler(server: str, policy: str) -> None:
    """A completion handler sees neither the variables of who resumed its task nor what an earlier handler set."""
    seen: list[str] = []
    done = threading.Semaphore(0)

    def handler(*_: Any) -> None:
        seen.append(colour.get())
        colour.set("blue")
        done.release()

    def caller() -> None:
        colour.set("red")
        session.data_task(f"{server}/fast", handler).resume()

    with sm.URLSession(configuration()) as session:
        for _ in range(4):
            Context().run(caller)
            assert done.acquire(timeout=PATIENCE)
    assert ["none"] * 4 == seen


# waiters -------------------------------------------------------------------------------------------------------------

def test_waiters_hand_on_to_each_other(server: str, policy: str) -> None:
    """Eight threads wait for loads of different length; whoever drives leaves without stranding another."""
    with sm.URLSession(configuration()) as session:
        loads = [session.data(f"{server}/slow/{0.02 * n}") for n in (7, 3, 0, 5, 1, 6, 2, 4)]
        threads = [in_thread(load.result) for load in loads]
        join(*(thread for thread, _ in threads))
    assert [b"/slow"] * 8 == [results[0][0][:5] for _, results in threads]


def test_a_driver_that_leaves_wakes_another_for_handlers_and_for_nobody_else(server: str) -> None:
    """What a handler waits for goes on at once; a Loading that nobody asks for yet wakes no thread, for its caller is coming."""
    def drive(session: sm.URLSession) -> tuple[float, list[bool]]:
        answered, began = threading.Event(), time.monotonic()
        session.data_task(f"{server}/slow/0.1", lambda *_: answered.set()).resume()
        session.data(f"{server}/fast").result(PATIENCE)
        assert answered.wait(PATIENCE)
        took = time.monotonic() - began
        wait_for(lambda: loop.engine._owner is None)
        left: list[bool] = []
        for _ in range(5):
            unclaimed = session.data(f"{server}/slow/0.01")
            session.data(f"{server}/fast").result(PATIENCE)
            left.append(loop.engine._owner is None and loop.engine._live == 1)
            unclaimed.result(PATIENCE)
        return took, left

    with sm.URLSession(configuration()) as session:
        thread, results = in_thread(drive, session)     # not the main thread: pytest-timeout's handler keeps that from driving
        join(thread)
    took, left = results[0]
    assert 0.5 > took
    assert any(left)


def test_a_time_out_leaves_the_task_running(server: str, policy: str) -> None:
    """`.result(timeout)` raises TimeoutError naming task and limit; the task goes on and its outcome can be had."""
    with sm.URLSession(configuration()) as session:
        loading = session.data(f"{server}/slow/0.2")
        with pytest.raises(TimeoutError, match=r"slow/0\.2, running> has not ended after 0\.05 s; it goes on"):
            loading.result(0.05)
        assert sm.TaskState.RUNNING is loading.task.state
        assert b"/slow/0.2" == loading.result()[0]


def test_a_load_left_behind_by_a_time_out_completes_without_a_waiter(server: str, policy: str) -> None:
    """Who gave up waiting has made the load everybody's: the background thread brings it to its end."""
    with sm.URLSession(configuration()) as session:
        loading = session.data(f"{server}/slow/0.1")
        with pytest.raises(TimeoutError):
            loading.result(0)
        wait_for(loading.done)


def test_a_grant_that_comes_as_the_time_runs_out_is_handed_on(engine: SystemEngine) -> None:
    """Waiters with tiny limits come and go while others wait: nobody keeps the loop, nobody hangs."""
    latches = [Latch() for _ in range(300)]
    engine.post_eager(engine.enlist, True)

    def impatient(seed: int) -> None:
        for n, latch in enumerate(latches):
            engine.wait(latch, engine.clock.now() + (n * 7919 * seed) % 400_000)

    threads = [in_thread(impatient, seed)[0] for seed in range(1, 5)]
    patient = in_thread(lambda: [engine.wait(latch) for latch in latches])[0]
    for latch in latches:
        engine.post_eager(latch.set)
        time.sleep(0.0005)
    join(patient, *threads)
    engine.post_eager(engine.delist, True)
    wait_for(lambda: engine._owner is None)


def test_a_thread_with_a_running_loop_does_not_drive(server: str, policy: str) -> None:
    """`.result()` inside a coroutine blocks that loop, but the background thread drives and answers it."""
    import asyncio

    async def load() -> bytes:
        return session.data(f"{server}/fast/within").result()[0]

    with sm.URLSession(configuration()) as session:
        thread, results = in_thread(asyncio.run, load())
        join(thread)
    assert [b"/fast/within"] == results


def test_who_must_not_drive_is_not_kept_waiting_when_a_driver_leaves(server: str) -> None:
    """A Loading's waiter in a coroutine depends on the background thread, which takes over at once and not at its next looks."""
    async def blocking() -> float:
        loading = session.data(f"{server}/slow/0.1")
        driver, _ = in_thread(lambda: session.data(f"{server}/slow/0.08").result(PATIENCE))
        wait_for(lambda: loop.engine._owner is not None)
        loading.result(PATIENCE)
        late = time.monotonic()
        join(driver)
        return late

    def lateness() -> float:
        began = time.monotonic()
        return asyncio.run(blocking()) - began - 0.1

    with sm.URLSession(configuration()) as session:
        session.data(f"{server}/fast").result(PATIENCE)
        assert 0.012 > min(lateness() for _ in range(8))


@pytest.mark.parametrize("kind", ["data", "download", "delegate"])
def test_what_the_user_gave_is_let_go_of_on_the_queue(server: str, kind: str) -> None:
    """A completion handler and a task's delegate are freed where they were called, though the engine still has the load in hand."""
    freed: list[str] = []
    gone = threading.Event()

    class Given:
        def __call__(self, *_: Any) -> None:
            pass

        def task_did_complete(self, *_: Any) -> None:
            pass

        def __del__(self) -> None:
            freed.append(threading.current_thread().name)
            gone.set()

    class Watched(sm.OperationQueue):
        def submit(self, operation: Any, engine: Any) -> None:
            super().submit(operation, engine)
            del operation
            if engine.on_engine():
                gone.wait(2)

    with sm.URLSession(configuration(), delegate_queue=Watched()) as session:
        if kind == "delegate":
            task = session.data_task(f"{server}/fast")
            task.delegate = Given()
            task.resume()
            del task
        else:
            getattr(session, f"{kind}_task")(f"{server}/fast", Given()).resume()
        assert gone.wait(PATIENCE)
    assert ["sessionmock-work"] == [name.rsplit("-", 1)[0] for name in freed]


def test_the_engines_own_stack_refuses_to_wait() -> None:
    """Waiting there could never end: RuntimeError, at once."""
    route = sm.ScriptRoute().answer(body=b"late", delay=0.05)
    refused: list[str] = []
    with sm.use_route(route), sm.URLSession(configuration()) as session:
        loading = session.data("http://a.test/")

        def on_engine() -> None:
            try:
                loading.result()
            except RuntimeError as error:
                refused.append(str(error))

        loop.engine.post_eager(on_engine)
        assert b"late" == loading.result()[0]
    assert 1 == len(refused) and "the engine's own stack" in refused[0]


def test_a_server_that_closed_while_nobody_drove_is_noticed(server: str, policy: str) -> None:
    """A connection closed between two loads costs neither an error nor a retry that can be seen."""
    with sm.URLSession(configuration()) as session:
        for _ in range(65):
            assert b"/closing" == session.data(f"{server}/closing").result()[0]


# the background thread ------------------------------------------------------------------------------------------

def test_the_background_thread_ends_some_time_after_the_last_load(engine: SystemEngine) -> None:
    """It stays while something is on the engine, lingers, and goes."""
    engine.post_eager(engine.enlist, True)
    wait_for(lambda: engine._live)
    time.sleep(0.25)
    assert engine._background is not None
    engine.post_eager(engine.delist, True)
    wait_for(lambda: engine._background is None)


def test_the_loop_is_closed_with_the_last_session(engine: SystemEngine) -> None:
    """While a session has connections it stays, though no thread does; then it is closed."""
    engine.attach()
    engine.post_eager(int)
    wait_for(lambda: engine._loop is not None)
    wait_for(lambda: engine._background is None)
    kept = engine._loop
    assert kept is not None and not kept.is_closed()
    engine.detach()
    wait_for(lambda: engine._loop is None)
    assert kept.is_closed()


def test_what_a_session_closes_is_driven_to_its_end(engine: SystemEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed transport lets go of its socket one pass later: though nobody waits for that, somebody drives until then."""
    first, latch, released = Latch(), Latch(), threading.Event()
    engine.attach()
    engine._inbox.append((first.set, ()))
    join(in_thread(engine.wait, first)[0])

    def close() -> None:
        assert engine._loop is not None
        engine._loop.call_soon(released.set)

    with monkeypatch.context() as patch:
        patch.setattr(engine, "_wake", lambda **_: None)     # so that the waiter takes all of it in one go
        engine.post(close)
        engine.detach()
        engine.post(latch.set)
    join(in_thread(engine.wait, latch)[0])
    assert released.wait(PATIENCE)
