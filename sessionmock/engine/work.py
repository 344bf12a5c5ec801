"""The one pool of threads behind delegate queues and whatever may block. Threads start when needed and end when idle.

Where no thread can be started a job is left for those that there are: threads of the pool, and whoever drives the engine.
"""
from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from types import CoroutineType
from typing import Any, TypeGuard, TypeVar

from .. import registry
from ..clock import SECOND, SystemClock, monotonic
from ..errors import CassetteError, InvalidArgumentException, SessionMockError
from ..user_code import blame, is_meant, is_of_user_code
from .finalizing import begin

NAME = f"{registry.OWN_THREADS}work-"     # how the names of its threads begin
LINGER = SECOND    # how long an idle thread stays, in nanoseconds

T = TypeVar("T")
Job = tuple[Callable[..., None], tuple[Any, ...]]


class WorkPool:
    """Runs jobs on daemon threads, each job at once: a job may block without holding up another."""

    def __init__(self) -> None:
        self._clock = SystemClock()
        self._idle: deque[_Worker] = deque()
        self._serial = 0
        self.left: deque[Job] = deque()          # those that wait for a thread, because none could be started

    def submit(self, call: Callable[..., None], *arguments: Any) -> bool:
        """Run `call` on a thread of the pool; False where it has to be left."""
        job = (call, arguments)
        try:
            worker = self._idle.pop()        # the most recent, so that the others can end
        except IndexError:
            self._serial += 1
            worker = _Worker(self, f"{NAME}{self._serial}")
            worker.job = job
            if begin(worker):
                return True
        else:
            if not sys.is_finalizing():      # else the thread is gone
                worker.job = job
                worker.ready.release()
                return True
        self.left.append(job)
        return False

    def run_left(self) -> None:
        """Run one of the jobs that were left, on this thread."""
        try:
            job = self.left.popleft()
        except IndexError:                   # another thread has taken it
            return
        loop = asyncio._get_running_loop()
        asyncio._set_running_loop(None)      # as on a thread of the pool
        try:
            _run(job)
        finally:
            asyncio._set_running_loop(loop)

    def is_idle(self, thread: threading.Thread) -> bool:
        """Whether `thread` is one of the pool's, without a job."""
        return thread in self._idle

    def forget(self) -> None:
        """In a forked child none of the threads exists."""
        self._idle = deque()
        self.left = deque()


class _Worker(threading.Thread):
    def __init__(self, pool: WorkPool, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._pool = pool
        self.ready = threading.Lock()
        self.ready.acquire()
        self.job: Job | None = None
        self.runner: asyncio.Runner | None = None

    def run(self) -> None:
        pool = self._pool
        while self.job is not None:
            job, self.job = self.job, None
            _run(job)
            del job                          # hold no user object while idle
            while pool.left:
                pool.run_left()
            pool._idle.append(self)
            if not pool._clock.park(self.ready, pool._clock.now() + LINGER):
                try:
                    pool._idle.remove(self)
                except ValueError:           # taken in this very moment: the job comes
                    self.ready.acquire()
        if self.runner is not None:
            self.runner.close()


def _run(job: Job) -> None:
    call, arguments = job
    try:
        Context().run(call, *arguments)
    except BaseException:
        report(f"a job of {threading.current_thread().name}", ours=True)


def is_coroutine(value: object) -> TypeGuard[Coroutine[Any, Any, Any]]:
    """Whether `value`, which a callback returned, is work that is still to be done: what calling an `async def` gives, also a
    compiled one. Futures, tasks and loadings are awaitable too, but no coroutines: they go on by themselves, whoever awaits them."""
    return type(value) is CoroutineType or (value is not None and isinstance(value, Coroutine))


def at_once(value: T) -> T:
    """`value`, which a callback has returned that is over by then. Raises InvalidArgumentException for a coroutine, which nobody would run."""
    if is_coroutine(value):
        value.close()
        raise InvalidArgumentException("it is an `async def`: this one is called and not awaited, so write a plain `def`")
    return value


def run_coroutine(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Run `coroutine` to its end here: on the asyncio loop that a thread of the pool keeps, elsewhere on a new one."""
    thread = threading.current_thread()
    if isinstance(thread, _Worker):
        thread.runner = thread.runner or asyncio.Runner(loop_factory=new_loop)
        thread.runner.run(coroutine, context=copy_context())
    else:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(coroutine)


def new_loop() -> asyncio.AbstractEventLoop:
    """An asyncio loop for coroutines of users. Its timers go by real time, where a test has stopped the clock that others see."""
    loop = asyncio.SelectorEventLoop() if sys.is_finalizing() else asyncio.new_event_loop()     # which may import by then
    loop.time = monotonic       # type: ignore[method-assign]
    return loop


def attempt(call: Callable[[], Any], where: str) -> None:
    """Make `call`, which is code of the user's in `where` that nobody waits for: what it raises is reported."""
    try:
        call()
    except BaseException:
        report(where)


def report(where: str, made: object = None, *, ours: bool = False) -> None:
    """Hand the exception being handled to `threading.excepthook`, saying where it came from, and to who answers for `made`. In code
    that is `ours` nothing is raised but by what of the user's it calls (`user_code`), and what says what is wrong with a file or an extra of theirs.
    What a fault raises is not reported."""
    kind, error, trace = sys.exc_info()
    assert kind is not None and error is not None
    if is_meant(error):
        return
    says_so = isinstance(error, CassetteError) or type(error) is SessionMockError or not isinstance(error, Exception)
    registry.escaped(made, where, error, of_user=not ours or is_of_user_code(error) or says_so)
    blame(error, where)
    registry.raised(made, error)
    threading.excepthook(threading.ExceptHookArgs((kind, error, trace, threading.current_thread())))


pool = WorkPool()
os.register_at_fork(after_in_child=pool.forget)
