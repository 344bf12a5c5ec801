"""The queues that callbacks run on: Apple's OperationQueue, as far as a session needs it."""
from __future__ import annotations

import asyncio
import threading
import weakref
from collections import deque
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, ClassVar

from ..clock import nanoseconds
from ..errors import InvalidArgumentException
from ..models.callables import taking
from ..models.settings import TEXT, optional, reject
from . import work
from .current import current_engine
from .interrupts import shield
from .loop import engine as system_engine
from .protocol import Engine, Outing

Operation = Callable[[], Any]


_NAME = optional(TEXT)


class _OnThread(threading.local):
    """The queue whose operation runs on this thread."""

    queue: OperationQueue | None = None


_here = _OnThread()


class _Main:
    """The queue of the main thread: run by `Loading.result()` there, by `run`, or by the asyncio loop running there."""

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
        if type(max_concurrent_operation_count) is not int or max_concurrent_operation_count < 1:
            raise InvalidArgumentException(
                f"max_concurrent_operation_count={max_concurrent_operation_count!r}: a queue runs at least 1 operation at a time, an int")
        self.max_concurrent_operation_count = max_concurrent_operation_count
        self.name = _NAME.of("OperationQueue(name)", name)
        self._operations: deque[Operation] = deque()
        self._lock = threading.RLock()
        self._running = 0

    def __repr__(self) -> str:
        return f"<OperationQueue {self.name or hex(id(self))}: {len(self._operations)} waiting, {self._running} running>"

    @classmethod
    def on_loop(cls, loop: asyncio.AbstractEventLoop) -> OperationQueue:
        """A serial queue whose operations run on `loop`."""
        if not isinstance(loop, asyncio.AbstractEventLoop):
            reject("OperationQueue.on_loop", loop, "an asyncio loop, as asyncio.get_running_loop()")
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
        self.submit(taking("OperationQueue.add_operation(operation)", operation), system_engine)

    def submit(self, operation: Operation, engine: Engine) -> None:
        """`add_operation` on the threads of `engine`."""
        with shield:
            self._operations.append(operation)
            with self._lock:
                if self._running >= self.max_concurrent_operation_count:
                    return
                self._running += 1
            self._start(engine)

    def notice(self) -> None:
        """Callbacks are about to come here, or are waited for: make sure that there is something to deliver them."""

    def _start(self, engine: Engine) -> None:
        engine.work(engine.repeat, self._run_next, engine)

    def _run_next(self, engine: Engine) -> bool:
        """Run one operation; whether there is another one to be run after it."""
        try:
            operation = self._operations.popleft()
        except IndexError:              # another thread of this queue has taken it
            return self._has_more()
        task = self._perform(operation, engine)
        if task is None:
            return self._has_more()
        task.add_done_callback(lambda _: self._start(engine))
        return False

    def _has_more(self) -> bool:
        """Whether an operation waits; where none does, whoever asks runs no more."""
        with self._lock:
            if not self._operations:
                self._running -= 1
                return False
        return True

    def _perform(self, operation: Operation, engine: Engine) -> asyncio.Task[Any] | None:
        """Run `operation`; where it goes on without this thread, the task that it is then."""
        before, _here.queue = _here.queue, self
        try:
            value = operation()
            if work.is_coroutine(value):
                return self._await(value, engine)
        except BaseException:
            work.report(f"an operation of {self!r}")
        finally:
            _here.queue = before
        return None

    def _await(self, coroutine: Coroutine[Any, Any, Any], engine: Engine) -> asyncio.Task[Any] | None:
        """Run what an operation returned: to its end, or where an asyncio loop runs already, on that one."""
        loop = asyncio._get_running_loop()
        if loop is None:
            work.run_coroutine(coroutine)
            return None
        outing = engine.send_out(loop)
        task = outing.run(coroutine)

        def over(task: asyncio.Task[Any]) -> None:
            outing.back()
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

    def submit(self, operation: Operation, engine: Engine) -> None:
        engine.main.add(partial(self._perform_here, operation, engine))

    def _perform_here(self, operation: Operation, engine: Engine) -> None:
        self._perform(operation, engine)

    def notice(self) -> None:
        system_engine.main.notice()

    def run(self, until: Callable[[], bool] | None = None, timeout: float | None = None) -> None:
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("OperationQueue.main.run was called on a thread other than the main thread")
        engine = current_engine()
        if until is None:
            engine.main.run()
        elif not engine.watch(until, None if timeout is None else engine.clock.now() + nanoseconds(timeout)):
            raise TimeoutError(f"OperationQueue.main.run: until() was still false after {timeout} s")


class _LoopQueue(OperationQueue):
    """Delivers on somebody's asyncio loop."""

    loops: ClassVar[weakref.WeakSet[asyncio.AbstractEventLoop]] = weakref.WeakSet()

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop
        self._task: asyncio.Task[Any] | None = None      # of the operation that is a coroutine, while it runs
        self._given: Engine | None = None             # who gave the loop operations that it has not all run yet
        self._outing: Outing | None = None               # those operations
        self.loops.add(loop)

    @property
    def is_current(self) -> bool:
        return asyncio._get_running_loop() is self._loop

    @property
    def waits_for_this(self) -> bool:
        return _here.queue is self or (self._task is not None and asyncio.current_task() is self._task)

    def submit(self, operation: Operation, engine: Engine) -> None:
        self.notice()
        super().submit(operation, engine)

    def notice(self) -> None:
        if self._given is not None and self._loop.is_closed():
            with self._lock:
                engine = self._take_back()
            if engine is not None:      # what the loop has not come to before it was closed
                super()._start(engine)

    def orphan(self) -> None:
        super().orphan()
        self._take_back()

    def _start(self, engine: Engine) -> None:
        self._given = engine
        self._outing = engine.send_out(self._loop)
        try:
            self._loop.call_soon_threadsafe(self._run_on_loop)
        except RuntimeError:            # the loop is closed: better on another thread than lost
            self._take_back()
            super()._start(engine)

    def _take_back(self) -> Engine | None:
        """The loop has nothing of this queue any more; who gave it something."""
        engine, self._given = self._given, None
        outing, self._outing = self._outing, None
        if outing is not None:
            outing.back()
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
            if work.is_coroutine(value):
                outing = self._outing
                self._task = self._loop.create_task(value) if outing is None else outing.run(value)
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
