"""The queues that callbacks run on: Apple's OperationQueue, as far as a session needs it."""
from __future__ import annotations

import asyncio
import inspect
import threading
import weakref
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from functools import partial
from typing import Any, ClassVar

from ..clock import nanoseconds
from ..errors import InvalidArgumentException
from . import work
from .interrupts import shield
from .loop import LOOK, AnyEngine, current_engine
from .loop import engine as system_engine
from .virtual import Abroad, VirtualEngine

Operation = Callable[[], Any]


class _OnThread(threading.local):
    """The queue whose operation runs on this thread."""

    queue: OperationQueue | None = None


_here = _OnThread()


class _Main:
    def __get__(self, instance: object, owner: type) -> OperationQueue:
        return _main_queue


class OperationQueue:
    """Runs operations in the order in which they were added, `max_concurrent_operation_count` at a time (1).

    Threads come from one pool and start with the first operation. An operation that returns a coroutine is not over
    before the coroutine is; it runs on an asyncio loop kept by the thread, or on the loop of an `on_loop` queue.
    """

    main: ClassVar[_Main] = _Main()
    """The queue of the main thread: run by `Loading.result()` there, by `run`, or by the asyncio loop running there."""

    def __init__(self, max_concurrent_operation_count: int = 1, name: str | None = None) -> None:
        if max_concurrent_operation_count < 1:
            raise InvalidArgumentException(
                f"max_concurrent_operation_count={max_concurrent_operation_count!r}: a queue runs at least 1 operation at a time")
        self.max_concurrent_operation_count = max_concurrent_operation_count
        self.name = name
        self._operations: deque[Operation] = deque()
        self._lock = threading.RLock()
        self._running = 0

    def __repr__(self) -> str:
        return f"<OperationQueue {self.name or hex(id(self))}: {len(self._operations)} waiting, {self._running} running>"

    @classmethod
    def on_loop(cls, loop: asyncio.AbstractEventLoop) -> OperationQueue:
        """A serial queue whose operations run on `loop`."""
        return _LoopQueue(loop)

    @property
    def is_current(self) -> bool:
        """Whether this code is run by an operation of this queue."""
        return _here.queue is self

    @property
    def waits_for_this(self) -> bool:
        """Whether this code is part of an operation, so that awaiting a later one here would never end."""
        return _here.queue is self

    def add_operation(self, operation: Operation) -> None:
        """Run `operation` when it is its turn. An exception it raises goes to `threading.excepthook`."""
        self.submit(operation, system_engine)

    def submit(self, operation: Operation, engine: AnyEngine) -> None:
        """`add_operation` on the threads of `engine`."""
        with shield:
            self._operations.append(operation)
            with self._lock:
                if self._running >= self.max_concurrent_operation_count:
                    return
                self._running += 1
            try:
                self._start(engine)
            except BaseException:       # no thread could be started: the next operation tries again
                with self._lock:
                    self._running -= 1
                raise

    def notice(self) -> None:
        """Callbacks are about to come here, or are waited for: make sure that there is something to deliver them."""

    def _start(self, engine: AnyEngine) -> None:
        engine.work(self._run, engine)

    def _run(self, engine: AnyEngine) -> None:
        """Run operations until none is left; under a virtual clock one, and the next in its turn."""
        while True:
            try:
                operation = self._operations.popleft()
            except IndexError:
                with self._lock:
                    if not self._operations:
                        self._running -= 1
                        return
                continue
            if isinstance(engine, VirtualEngine):
                if (out := self._perform(operation, engine)) is None:
                    self._start(engine)
                else:
                    out.add_done_callback(lambda _: self._start(engine))
                return
            Context().run(self._perform, operation, engine)     # what it sets is not seen by the next one
            del operation

    def _perform(self, operation: Operation, engine: AnyEngine) -> asyncio.Task[Any] | None:
        """Run `operation`; what is returned goes on without this thread."""
        before, _here.queue = _here.queue, self
        try:
            value = operation()
            if inspect.iscoroutine(value):
                return self._await(value, engine)
        except BaseException:
            work.report(f"an operation of {self!r}")
        finally:
            _here.queue = before
        return None

    def _await(self, coroutine: Coroutine[Any, Any, Any], engine: AnyEngine) -> asyncio.Task[Any] | None:
        if isinstance(engine, VirtualEngine) and (loop := asyncio._get_running_loop()) is not None:
            return self._send_out(coroutine, engine, loop)
        work.run_coroutine(coroutine)
        return None

    def _send_out(self, coroutine: Coroutine[Any, Any, Any], engine: VirtualEngine, loop: asyncio.AbstractEventLoop) -> asyncio.Task[Any]:
        """Whoever makes this call is a coroutine: what it runs is its neighbour."""
        out = engine.depart(loop)
        task = engine.accompany(out, coroutine)

        def over(task: asyncio.Task[Any]) -> None:
            engine.arrive(out)
            self._tell(task)

        task.add_done_callback(over)
        _keep(task)
        return task

    def _tell(self, task: asyncio.Task[Any]) -> None:
        """Report what `task` raised."""
        if not task.cancelled():
            try:
                task.result()
            except BaseException:
                work.report(f"an operation of {self!r}")

    def orphan(self) -> None:
        """In a forked child: no thread runs what waits here, so it is dropped with the parent's loads."""
        self._lock = threading.RLock()
        self._operations.clear()
        self._running = 0

    def run(self, until: Callable[[], bool] | None = None, timeout: float | None = None) -> None:
        """Run the main queue's operations on this, the main thread: those that wait now, or until `until()` is true.

        Raises RuntimeError on another queue or thread, TimeoutError when `until` is still false after `timeout` seconds.
        """
        raise RuntimeError(f"{self!r} runs by itself; only OperationQueue.main is run by its thread")


class _MainQueue(OperationQueue):
    """Delivers on the main thread."""

    def submit(self, operation: Operation, engine: AnyEngine) -> None:
        if isinstance(engine, VirtualEngine):
            engine.post(self._perform_on_main, operation, engine)
        else:
            with shield:
                engine.main.add(partial(self._perform_on_main, operation, engine))

    def _perform_on_main(self, operation: Operation, engine: AnyEngine) -> None:
        self._perform(operation, engine)

    def notice(self) -> None:
        system_engine.main.notice()

    def _await(self, coroutine: Coroutine[Any, Any, Any], engine: AnyEngine) -> asyncio.Task[Any] | None:
        loop = asyncio._get_running_loop()
        if loop is None or engine.virtual:
            return super()._await(coroutine, engine)
        _keep(loop.create_task(coroutine))
        return None

    def run(self, until: Callable[[], bool] | None = None, timeout: float | None = None) -> None:
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("OperationQueue.main.run was called on a thread other than the main thread")
        engine = current_engine()
        now = engine.clock.now()
        limit = None if timeout is None else now + nanoseconds(timeout)
        if until is None:
            if isinstance(engine, VirtualEngine):
                engine.wait(_Until(lambda: False), now)
            else:
                shield.install()
                with shield, shield.lifted():       # an operation keeps what it raises, but for what interrupts it
                    engine.main.run_all()
            return
        while not engine.wait(_Until(until), limit if engine.virtual else _earlier(limit, engine.clock.now() + LOOK)):
            if limit is not None and engine.clock.now() >= limit:
                raise TimeoutError(f"OperationQueue.main.run: until() was still false after {timeout} s")


def _earlier(limit: int | None, when: int) -> int:
    return when if limit is None or when < limit else limit


class _Until:
    """A condition as something to wait for; the main thread looks at it after each operation and at every `LOOK`."""

    def __init__(self, condition: Callable[[], bool]) -> None:
        self._condition = condition

    @property
    def done(self) -> bool:
        return self._condition()

    def tell(self, call: Callable[[], None]) -> None:
        """Nobody is told: see the class."""

    forget = tell


class _LoopQueue(OperationQueue):
    """Delivers on somebody's asyncio loop."""

    loops: ClassVar[weakref.WeakSet[asyncio.AbstractEventLoop]] = weakref.WeakSet()

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop
        self._task: asyncio.Task[Any] | None = None      # of the operation that is a coroutine, while it runs
        self._given: AnyEngine | None = None             # who gave the loop operations that it has not all run yet
        self._out: Abroad | None = None                  # under a virtual clock: what holds the time meanwhile
        self.loops.add(loop)

    @property
    def is_current(self) -> bool:
        return asyncio._get_running_loop() is self._loop

    @property
    def waits_for_this(self) -> bool:
        return _here.queue is self or (self._task is not None and asyncio.current_task() is self._task)

    def submit(self, operation: Operation, engine: AnyEngine) -> None:
        self.notice()
        super().submit(operation, engine)

    def notice(self) -> None:
        if self._given is not None and self._loop.is_closed():
            with self._lock:
                engine = self._take_back()
            if engine is not None:      # what the loop has not come to before it was closed
                engine.work(self._run, engine)

    def orphan(self) -> None:
        super().orphan()
        self._take_back()

    def _start(self, engine: AnyEngine) -> None:
        self._given = engine
        if isinstance(engine, VirtualEngine):
            self._out = engine.depart(self._loop)
        try:
            self._loop.call_soon_threadsafe(self._run_on_loop)
        except RuntimeError:            # the loop is closed: better on another thread than lost
            self._take_back()
            engine.work(self._run, engine)

    def _take_back(self) -> AnyEngine | None:
        """The loop has nothing of this queue any more; who gave it something."""
        engine, self._given = self._given, None
        out, self._out = self._out, None
        if out is not None and isinstance(engine, VirtualEngine):
            engine.arrive(out)
        return engine

    def _run_on_loop(self) -> None:
        while True:
            with self._lock:
                if not self._operations:
                    self._running -= 1
                    self._take_back()
                    return
                operation = self._operations.popleft()
            before, _here.queue = _here.queue, self
            try:
                value = operation()
            except BaseException:
                work.report(f"an operation of {self!r}")
                continue
            finally:
                _here.queue = before
            if inspect.iscoroutine(value):
                engine, out = self._given, self._out
                if out is not None and isinstance(engine, VirtualEngine):
                    self._task = engine.accompany(out, value)
                else:
                    self._task = self._loop.create_task(value)
                self._task.add_done_callback(self._go_on)
                return

    def _go_on(self, task: asyncio.Task[Any]) -> None:
        self._task = None
        self._tell(task)
        self._run_on_loop()


_tasks: set[asyncio.Task[Any]] = set()


def _keep(task: asyncio.Task[Any]) -> None:
    """Hold `task` until it is done: an asyncio loop holds its tasks only weakly."""
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


def delivers_here() -> bool:
    """Whether this thread's running asyncio loop is one that an `on_loop` queue delivers to."""
    loop = asyncio._get_running_loop()
    return loop is not None and loop in _LoopQueue.loops


_main_queue = _MainQueue(name="main")
