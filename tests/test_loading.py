"""`Loading`: one outcome, for plain code, asyncio and trio."""
from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
import trio

import sessionmock as sm
from sessionmock.engine import awaits
from sessionmock.load.load import Load
from tests.engine.server import Server

PATIENCE = 20.0


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with Server() as running:
        yield running.url


@pytest.fixture
def session() -> Iterator[sm.URLSession]:
    with sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as made:
        yield made
        made.invalidate_and_cancel()


def wait_for(condition: Any) -> None:
    limit = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < limit, "it has not happened"
        time.sleep(0.005)


# plain code ---------------------------------------------------------------------------------------------------------

def test_result_gives_body_and_response(session: sm.URLSession, server: str) -> None:
    """`.result()` of a data load is (data, response); asked twice it gives the same objects."""
    loading = session.data(f"{server}/fast/one")
    data, response = loading.result()
    assert (b"/fast/one", 200) == (data, response.status_code)
    assert (data, response) == loading.result()
    assert loading.result()[0] is data


def test_result_raises_what_the_load_failed_with(session: sm.URLSession, server: str) -> None:
    """A failed load raises its URLError, each time, with the lower error as its cause where there is one."""
    loading = session.data("http://127.0.0.1:1/")
    for _ in range(2):
        with pytest.raises(sm.URLError) as caught:
            loading.result()
        assert -1004 == caught.value.code
        assert isinstance(caught.value.__cause__, ConnectionRefusedError)


def test_an_error_status_is_no_error(session: sm.URLSession, server: str) -> None:
    """404 is a response like any other (I13)."""
    data, response = session.data(f"{server}/status/404").result()
    assert (404, b"body") == (response.status_code, data)


def test_done_and_cancel(session: sm.URLSession, server: str) -> None:
    """A cancelled load ends with -999; `done` tells when it has."""
    loading = session.data(f"{server}/hang")
    assert not loading.done()
    loading.cancel()
    wait_for(loading.done)
    with pytest.raises(sm.URLError) as caught:
        loading.result()
    assert sm.URLError.Code.CANCELLED is caught.value.code


def test_a_load_cancelled_from_another_thread_ends_its_waiter(session: sm.URLSession, server: str) -> None:
    """Who waits hears at once that somebody else has cancelled."""
    loading = session.data(f"{server}/hang")
    threading.Timer(0.05, loading.cancel).start()
    with pytest.raises(sm.URLError) as caught:
        loading.result(PATIENCE)
    assert -999 == caught.value.code


def test_many_waiters_get_the_same_outcome(session: sm.URLSession, server: str) -> None:
    """Eight threads wait for one load; all get it."""
    loading = session.data(f"{server}/slow/0.1")
    results: list[bytes] = []
    threads = [threading.Thread(target=lambda: results.append(loading.result()[0])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert [b"/slow/0.1"] * 8 == results


def test_asking_again_and_again_leaves_nothing(session: sm.URLSession, server: str) -> None:
    """Who polls with a short limit is forgotten each time."""
    loading = session.data(f"{server}/hang")
    for _ in range(50):
        with pytest.raises(TimeoutError):
            loading.result(0.0001)
    assert [] == loading.task._life.latch._calls


def test_upload_and_download_are_loadings_too(session: sm.URLSession, server: str) -> None:
    """A download's outcome is (path, response), and the caller owns the file."""
    assert b"/fast/up" == session.upload(f"{server}/fast/up", b"data").result()[0]
    path, _ = session.download(f"{server}/fast/down").result()
    assert b"/fast/down" == path.read_bytes()
    path.unlink()


# where waiting could never end -----------------------------------------------------------------------------------------

def test_the_sessions_own_serial_queue_refuses(server: str) -> None:
    """`.result()` in a callback of the same serial queue: RuntimeError at once, naming the place and the way out."""
    outcomes: list[Any] = []
    done = threading.Event()

    def handler(*_: Any) -> None:
        try:
            outcomes.append(session.data(f"{server}/fast").result())
        except RuntimeError as error:
            outcomes.append(str(error))
        done.set()

    with sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        session.data_task(f"{server}/fast", handler).resume()
        assert done.wait(PATIENCE)
    assert "the session's own delegate queue would wait for ever; await it, or use a completion handler" in outcomes[0]


def test_another_sessions_queue_and_a_concurrent_one_do_not(server: str) -> None:
    """There waiting ends: another thread takes the callbacks."""
    outcomes: list[Any] = []
    done = threading.Semaphore(0)
    with (sm.URLSession(sm.URLSessionConfiguration.ephemeral(), None, sm.OperationQueue(2)) as concurrent,
          sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as other):
        def handler(*_: Any) -> None:
            outcomes.append([each.data(f"{server}/fast").result(PATIENCE)[0] for each in (concurrent, other)])
            done.release()

        concurrent.data_task(f"{server}/fast", handler).resume()
        assert done.acquire(timeout=PATIENCE)
    assert [[b"/fast", b"/fast"]] == outcomes


def test_a_loop_that_a_queue_delivers_to_refuses(server: str) -> None:
    """Blocking an on_loop queue's loop would keep its callbacks from running: RuntimeError at once."""
    async def main() -> str:
        sm.OperationQueue.on_loop(asyncio.get_running_loop())
        async with sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
            loading = session.data(f"{server}/slow/0.05")
            with pytest.raises(RuntimeError, match="an asyncio loop that a delegate queue delivers to") as caught:
                loading.result()
            await loading
            return str(caught.value)

    assert "await it" in asyncio.run(main())


# asyncio ---------------------------------------------------------------------------------------------------------------

def test_awaited_twice_it_gives_the_same(session: sm.URLSession, server: str) -> None:
    """`await` and `.result()` may follow each other, on one loop or several."""
    async def twice(loading: Any) -> Any:
        return await loading, await loading

    loading = session.data(f"{server}/fast/x")
    first, second = asyncio.run(twice(loading))
    assert first == second == loading.result() == asyncio.run(twice(loading))[0]


def test_cancelling_the_awaiter_cancels_the_task(session: sm.URLSession, server: str) -> None:
    """asyncio's own CancelledError comes out; the task ends with -999."""
    async def main(loading: Any) -> None:
        waiting = asyncio.create_task(loading.run())
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    loading = session.data(f"{server}/hang")
    asyncio.run(main(loading))
    wait_for(loading.done)
    assert -999 == loading.task.error.code


def test_a_time_out_of_asyncio_cancels_the_task(session: sm.URLSession, server: str) -> None:
    """`asyncio.timeout` and `wait_for` cancel, and so does the load."""
    async def main(loading: Any) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await loading

    loading = session.data(f"{server}/hang")
    asyncio.run(main(loading))
    wait_for(loading.done)
    assert -999 == loading.task.error.code


def test_a_closed_loop_is_dropped_and_harms_nobody(session: sm.URLSession, server: str) -> None:
    """A loop that is closed while a load is awaited there misses the outcome; other waiters get it."""
    loading = session.data(f"{server}/slow/0.2")
    loop = asyncio.new_event_loop()
    waiting = loop.create_task(awaits.ended(loading.task._life.latch))
    loop.run_until_complete(asyncio.sleep(0.02))
    loop.close()
    assert b"/slow/0.2" == loading.result(PATIENCE)[0]
    waiting._log_destroy_pending = False    # it is meant to be left like this


def test_what_is_dropped_by_the_collector_is_cancelled_on_the_engine(
        session: sm.URLSession, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The collector may come while this very thread is in the midst of making a task: it cancels nothing there."""
    class Holder:
        """Holds itself, so that only the collector frees it."""

        def __init__(self, held: Any) -> None:
            self.me, self.held = self, held

    cancelling: list[threading.Thread] = []
    cancel = Load.cancel
    monkeypatch.setattr(Load, "cancel", lambda load: (cancelling.append(threading.current_thread()), cancel(load)))
    body, _ = session.bytes(f"{server}/drip/1000/0.01").result(PATIENCE)
    loading = session.data(f"{server}/hang")
    tasks = [body.task, loading.task]
    awaiting = loading.run()

    async def begin(coroutine: Any) -> None:
        coroutine.send(None)

    asyncio.run(begin(awaiting))
    Holder(body), Holder(awaiting)
    del body, awaiting, loading
    gc.collect()
    wait_for(lambda: all(task.state is sm.TaskState.COMPLETED for task in tasks))
    assert [-999, -999] == [task.error.code for task in tasks]
    assert 2 == len(cancelling)
    assert threading.current_thread() not in cancelling


def test_loops_are_not_kept(session: sm.URLSession, server: str) -> None:
    """What wakes a loop holds it only weakly: after asyncio.run it is gone."""
    async def main() -> Any:
        await session.data(f"{server}/fast")
        return weakref.ref(asyncio.get_running_loop())

    loop = asyncio.run(main())
    gc.collect()
    assert loop() is None


def test_a_session_outlives_the_loop_it_was_made_in(server: str) -> None:
    """Made in one asyncio.run, used in another and without any, with its connections."""
    async def make() -> sm.URLSession:
        session = sm.URLSession(sm.URLSessionConfiguration.ephemeral())
        await session.data(f"{server}/fast")
        return session

    async def use() -> bytes:
        return (await session.data(f"{server}/fast/two"))[0]

    session = asyncio.run(make())
    with session:
        assert (b"/fast/two", b"/fast/three") == (asyncio.run(use()), session.data(f"{server}/fast/three").result()[0])


def test_the_asynchronous_with_waits_for_the_end(server: str) -> None:
    """Leaving `async with` finishes the tasks; the session is invalid then."""
    ends: list[Any] = []

    async def main() -> sm.URLSession:
        async with sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
            session.data_task(f"{server}/slow/0.1", lambda *outcome: ends.append(outcome[0])).resume()
        return session

    session = asyncio.run(main())
    assert [b"/slow/0.1"] == ends
    with pytest.raises(sm.GenericException):
        session.data_task(server)


# trio ------------------------------------------------------------------------------------------------------------------

def test_trio_awaits(session: sm.URLSession, server: str) -> None:
    """On a trio loop `await` works, one at a time and in a nursery."""
    async def main() -> list[bytes]:
        results = [(await session.data(f"{server}/fast/0"))[0]]

        async def load(number: int) -> None:
            results.append((await session.data(f"{server}/slow/0.0{number}"))[0])

        async with trio.open_nursery() as nursery:
            for number in (1, 2, 3):
                nursery.start_soon(load, number)
        return sorted(results)

    assert [b"/fast/0", b"/slow/0.01", b"/slow/0.02", b"/slow/0.03"] == trio.run(main)


def test_trios_cancellation_cancels_the_task(session: sm.URLSession, server: str) -> None:
    """trio's Cancelled is re-raised into its scope; the task ends with -999."""
    async def main(loading: Any) -> bool:
        with trio.move_on_after(0.05) as scope:
            await loading
        return scope.cancelled_caught

    loading = session.data(f"{server}/hang")
    assert trio.run(main, loading)
    wait_for(loading.done)
    assert -999 == loading.task.error.code


def test_a_trio_loop_that_has_ended_harms_nobody(session: sm.URLSession, server: str) -> None:
    """An outcome that comes after the loop's end is dropped there; other waiters get it."""
    async def main(loading: Any) -> None:
        with trio.move_on_after(0.02):
            await awaits.ended(loading.task._life.latch)

    loading = session.data(f"{server}/slow/0.1")
    trio.run(main, loading)
    assert b"/slow/0.1" == loading.result(PATIENCE)[0]


def test_the_kind_of_its_task_may_be_left_out_of_annotations() -> None:
    """One parameter or two, when the program runs too."""
    assert (bytes,) == sm.Loading[bytes].__args__ and (bytes, sm.URLSessionTask) == sm.Loading[bytes, sm.URLSessionTask].__args__
