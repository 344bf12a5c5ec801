"""The pool of threads, and what callbacks return that is still to be done."""
from __future__ import annotations

import asyncio
import collections.abc
import threading
from contextvars import ContextVar
from typing import Any

import pytest

from sessionmock.clock import SystemClock
from sessionmock.engine import work
from sessionmock.latch import Latch

PATIENCE = 20.0

colour: ContextVar[str] = ContextVar("colour", default="none")


class Impatient(SystemClock):
    """Lets nobody wait: an idle thread ends at once."""

    def park(self, lock: threading.Lock, until: int | None) -> bool:
        return False


@pytest.fixture
def pool() -> work.WorkPool:
    """One whose threads do not linger."""
    made = work.WorkPool()
    made._clock = Impatient()
    return made


def ended(pool: work.WorkPool) -> None:
    """Wait for the end of its threads."""
    for thread in threading.enumerate():
        if isinstance(thread, work._Worker) and thread._pool is pool:
            thread.join(PATIENCE)
            assert not thread.is_alive()


def test_a_job_that_blocks_holds_up_no_other(pool: work.WorkPool) -> None:
    """Each job has a thread at once."""
    gate, done = threading.Event(), threading.Event()
    pool.submit(gate.wait)
    pool.submit(done.set)
    assert done.wait(PATIENCE)
    gate.set()
    ended(pool)


@pytest.mark.sessionmock(invariants="off")      # it raises where nothing should
def test_what_a_job_raises_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes to threading.excepthook with a note, and the thread takes the next job."""
    reports: list[Any] = []
    reported, done = threading.Event(), threading.Event()
    monkeypatch.setattr(threading, "excepthook", lambda report: (reports.append(report), reported.set()))
    work.pool.submit(int, "no number")
    assert reported.wait(PATIENCE)
    assert ValueError is reports[0].exc_type
    assert reports[0].exc_value.__notes__[0].startswith("raised in a job of sessionmock-work-")
    work.pool.submit(done.set)
    assert done.wait(PATIENCE)


def test_a_job_has_a_context_of_its_own(pool: work.WorkPool) -> None:
    """It sees nothing of who gave it, nor of the job before it."""
    seen, done = list[str](), threading.Semaphore(0)
    token = colour.set("red")

    def job() -> None:
        seen.append(colour.get())
        colour.set("blue")
        done.release()

    for _ in range(3):
        pool.submit(job)
        assert done.acquire(timeout=PATIENCE)
    colour.reset(token)
    ended(pool)
    assert ["none"] * 3 == seen


def test_threads_end_when_they_are_idle(pool: work.WorkPool) -> None:
    """However fast jobs and threads' ends follow each other, each job is done once."""
    made: list[int] = []
    for number in range(500):
        pool.submit(made.append, number)
    ended(pool)
    assert list(range(500)) == sorted(made)
    assert 0 == len(pool._idle)


def test_a_job_that_comes_as_its_thread_gives_up_waiting_is_done(pool: work.WorkPool) -> None:
    """The thread was chosen for it, and stays."""
    threads: list[threading.Thread] = []

    class JustThen(Impatient):
        def park(self, lock: threading.Lock, until: int | None) -> bool:
            if len(threads) == 1:
                pool.submit(note)
            return False

    def note() -> None:
        threads.append(threading.current_thread())

    pool._clock = JustThen()
    pool.submit(note)
    ended(pool)
    assert 2 == len(threads)
    assert threads[0] is threads[1]


def test_a_forked_childs_pool_has_no_threads(pool: work.WorkPool) -> None:
    """Those that were idle in the parent get no job there."""
    pool._idle.append(work._Worker(pool, "the parent's"))
    done = threading.Event()
    pool.forget()
    pool.submit(done.set)
    assert done.wait(PATIENCE)
    ended(pool)


# coroutines -----------------------------------------------------------------------------------------------------------

async def coroutine() -> asyncio.AbstractEventLoop:
    await asyncio.sleep(0)
    return asyncio.get_running_loop()


class Compiled(collections.abc.Coroutine[Any, Any, None]):
    """What a compiled `async def` gives."""

    def send(self, value: Any) -> Any:
        raise StopIteration

    def throw(self, *_: Any) -> Any:
        raise StopIteration

    def __await__(self) -> Any:
        return iter(())


class Awaitable:
    def __await__(self) -> Any:
        return iter(())


def test_a_coroutine_is_one() -> None:
    """Also a compiled one, which has a type of its own."""
    plain = coroutine()
    assert [True, True] == [work.is_coroutine(plain), work.is_coroutine(Compiled())]
    plain.close()


@pytest.mark.parametrize("value", [None, 1, (), coroutine, Awaitable(), Latch(), (each for each in ())], ids=lambda value: type(value).__name__)
def test_nothing_else_is_a_coroutine(value: object) -> None:
    """Neither the function that makes one nor what is awaitable and goes on by itself."""
    assert not work.is_coroutine(value)


def test_the_coroutines_of_a_thread_share_its_loop(pool: work.WorkPool) -> None:
    """A thread of the pool keeps its loop for what comes, and closes it in the end; elsewhere each has a loop of its own."""
    loops: list[asyncio.AbstractEventLoop] = []

    async def note() -> None:
        loops.append(await coroutine())

    def twice() -> None:
        work.run_coroutine(note())
        work.run_coroutine(note())

    pool.submit(twice)
    ended(pool)
    thread = threading.Thread(target=twice)
    thread.start()
    thread.join(PATIENCE)
    assert loops[0] is loops[1]
    assert [True] * 4 == [loop.is_closed() for loop in loops]
    assert 3 == len({id(loop) for loop in loops})
