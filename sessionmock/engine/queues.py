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
from ..latch import Latch
from ..models.callables import taking
from ..models.settings import FLAG, NUMBER, reject
from . import work
from .current import current_engine
from .interrupts import shield
from .loop import engine as system_engine
from .operations import Added, Operation, as_part_of, current_queue, here
from .protocol import Engine, Outing


class _Main:
    """The queue of the main thread: run by `Loading.result()` there, by `run`, or by the asyncio loop running there."""

    def __get__(self, instance: object, owner: type) -> OperationQueue:
        return _main_queue


class _Current:
    """The queue whose operation this code is part of; None elsewhere."""

    def __get__(self, instance: object, owner: type) -> OperationQueue | None:
        queue: OperationQueue | None = current_queue()
        return queue


class OperationQueue:
    """Runs operations in the order in which they were added, `max_concurrent_operation_count` at a time (1).

    Threads come from one pool and start with the first operation. An operation that returns a coroutine is not over
    before the coroutine is; it runs on an asyncio loop kept by the thread, or on the loop of an `on_loop` queue.
    """

    main: ClassVar[_Main] = _Main()
    current: ClassVar[_Current] = _Current()

    _is_serial: ClassVar[bool] = False      # and can be nothing else

    def __init__(self, max_concurrent_operation_count: int = 1, name: str | None = None) -> None:
        if name is not None and not isinstance(name, str):
            reject("OperationQueue(name)", name, "a str, or None")
        self.name = name
        self._most = self._checked(max_concurrent_operation_count)
        self._operations: deque[Operation] = deque()
        self._added: set[Added] = set()        # what `add_operation` brought and has not begun
        self._lock = threading.RLock()
        self._running = 0
        self._unfinished = 0
        self._suspended = False
        self._engine: Engine = system_engine    # of what was added last
        self._finished: list[Latch] = []        # set when nothing is unfinished

    def __repr__(self) -> str:
        state = ", suspended" if self._suspended else ""
        return f"<OperationQueue {self.name or hex(id(self))}: {self._unfinished} unfinished operations{state}>"

    @property
    def max_concurrent_operation_count(self) -> int:
        """How many operations run at a time, at least 1. What runs goes on where it is lowered."""
        return self._most

    @max_concurrent_operation_count.setter
    def max_concurrent_operation_count(self, count: int) -> None:
        self._most = self._checked(count)
        self._start_more()

    def _checked(self, count: int) -> int:
        if type(count) is not int or count < 1:
            raise InvalidArgumentException(f"max_concurrent_operation_count={count!r}: a queue runs at least 1 operation at a time, an int")
        if self._is_serial and count > 1:
            raise InvalidArgumentException(f"max_concurrent_operation_count={count!r}: {self!r} has one thread, which runs 1 operation at a time")
        return count

    @property
    def is_suspended(self) -> bool:
        """Whether no operation begins; False at first. Those that run go on, and those that are added wait, callbacks of
        sessions among them."""
        return self._suspended

    @is_suspended.setter
    def is_suspended(self, suspended: bool) -> None:
        self._suspended = FLAG.of("OperationQueue.is_suspended", suspended)
        if not suspended:
            self._start_more()

    @property
    def operation_count(self) -> int:
        """How many operations have not ended, those of sessions too."""
        return self._unfinished

    def cancel_all_operations(self) -> None:
        """Do not begin what `add_operation` brought and has not begun. Callbacks of sessions come nevertheless: by them their
        tasks end."""
        for added in self._added.copy():
            added.cancel()

    def wait_until_all_operations_are_finished(self) -> None:
        """Block until no operation is left. RuntimeError where that would never end: within one of them, and on the loop or
        engine that they need."""
        if self.waits_for_this or self.is_current or self._engine.on_engine():
            raise RuntimeError(f"{self!r}: waiting here for all of its operations would never end; await what they do, or wait on another thread")
        finished = Latch()
        with self._lock:
            if not self._unfinished:
                return
            self._finished.append(finished)
        self._engine.wait(finished)

    @classmethod
    def on_loop(cls, loop: asyncio.AbstractEventLoop) -> OperationQueue:
        """A serial queue whose operations run on `loop`."""
        if not isinstance(loop, asyncio.AbstractEventLoop):
            reject("OperationQueue.on_loop", loop, "an asyncio loop, as asyncio.get_running_loop()")
        return _LoopQueue(loop)

    @property
    def is_current(self) -> bool:
        """Whether this code is run by an operation of this queue."""
        return here.queue is self

    @property
    def waits_for_this(self) -> bool:
        """Whether this code is part of an operation, so that awaiting a later one here would never end."""
        return here.queue is self

    def add_operation(self, operation: Operation) -> None:
        """Run `operation` when it is its turn. An exception it raises goes to `threading.excepthook`."""
        self.submit(Added(taking("OperationQueue.add_operation(operation)", operation), self._added), system_engine)

    def submit(self, operation: Operation, engine: Engine) -> None:
        """`add_operation` on the threads of `engine`."""
        with shield:
            with self._lock:
                self._engine = engine
                self._unfinished += 1
                self._operations.append(operation)
                if self._running >= self._most or self._suspended:
                    return
                self._running += 1
            self._start(engine)

    def notice(self) -> None:
        """Callbacks are about to come here, or are waited for: make sure that there is something to deliver them."""

    def _start_more(self) -> None:
        """Let as many operations begin as may run now."""
        with shield:
            with self._lock:
                count = 0 if self._suspended else max(0, min(self._most - self._running, len(self._operations)))
                self._running += count
            for _ in range(count):
                self._start(self._engine)

    def _start(self, engine: Engine) -> None:
        engine.work(engine.repeat, self._run_next, engine)

    def _run_next(self, engine: Engine) -> bool:
        """Run one operation; whether there is another one to be run after it."""
        try:
            operation = None if self._suspended else self._operations.popleft()
        except IndexError:              # another thread of this queue has taken it
            operation = None
        if operation is None:
            return self._has_more()
        task = self._perform(operation, engine)
        if task is None:
            return self._has_more(ended=1)
        task.add_done_callback(partial(self._go_on_after, engine))
        return False

    def _go_on_after(self, engine: Engine, task: asyncio.Task[Any]) -> None:
        if self._has_more(ended=1):
            self._start(engine)

    def _has_more(self, ended: int = 0) -> bool:
        """`ended` operations have ended. Whether one is to begin; where none is, whoever asks runs no more."""
        with self._lock:
            more = bool(self._operations) and not self._suspended
            self._running -= not more
            finished = self._count(ended)
        for latch in finished:
            latch.set()
        return more

    def _count(self, ended: int) -> list[Latch]:
        """`ended` operations have ended: what is to be set for whoever waits for all of them. Under the lock."""
        self._unfinished -= ended
        finished: list[Latch] = []
        if self._finished and not self._unfinished:
            finished, self._finished = self._finished, finished
        return finished

    def _ended(self) -> None:
        """An operation has ended."""
        with self._lock:
            finished = self._count(1)
        for latch in finished:
            latch.set()

    def _perform(self, operation: Operation, engine: Engine) -> asyncio.Task[Any] | None:
        """Run `operation`; where it goes on without this thread, the task that it is then."""
        before, here.queue = here.queue, self
        try:
            value = operation()
            if work.is_coroutine(value):
                return self._await(value, engine)
        except BaseException:
            work.report(f"an operation of {self!r}")
        finally:
            here.queue = before
        return None

    def _await(self, coroutine: Coroutine[Any, Any, Any], engine: Engine) -> asyncio.Task[Any] | None:
        """Run what an operation returned: to its end, or where an asyncio loop runs already, on that one."""
        loop = asyncio._get_running_loop()
        if loop is None:
            work.run_coroutine(coroutine)
            return None
        outing = engine.send_out(loop)
        task = as_part_of(self, outing.run, coroutine)

        def over(task: asyncio.Task[Any]) -> None:
            outing.back()
            self._tell(task)

        task.add_done_callback(over)
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
        self._added.clear()
        self._finished.clear()
        self._running = self._unfinished = 0

    def run(self, until: Callable[[], bool] | None = None, timeout: float | None = None) -> None:
        """Run the main queue's operations on this, the main thread: those that wait now, or until `until()` is true.

        Raises RuntimeError on another queue or thread, TimeoutError when `until` is still false after `timeout` seconds.
        """
        raise RuntimeError(f"{self!r} runs by itself; only OperationQueue.main is run by its thread")


class _MainQueue(OperationQueue):
    """Delivers on the main thread."""

    _is_serial = True

    def submit(self, operation: Operation, engine: Engine) -> None:
        with shield:
            with self._lock:
                self._engine = engine
                self._unfinished += 1
            engine.main.add(partial(self._perform_here, operation, engine))

    def _perform_here(self, operation: Operation, engine: Engine) -> None:
        if self._suspended:
            self._operations.append(partial(engine.main.add, partial(self._perform_here, operation, engine)))
            return
        task = self._perform(operation, engine)
        if task is None:
            self._ended()
        else:
            task.add_done_callback(lambda _: self._ended())

    def _start_more(self) -> None:
        for _ in range(len(self._operations)):
            self._operations.popleft()()

    def notice(self) -> None:
        system_engine.main.notice()

    def run(self, until: Callable[[], bool] | None = None, timeout: float | None = None) -> None:
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("OperationQueue.main.run was called on a thread other than the main thread")
        if until is not None:
            taking("OperationQueue.main.run(until)", until)
        if timeout is not None:
            NUMBER.of("OperationQueue.main.run(timeout)", timeout)
        engine = current_engine()
        if until is None:
            engine.main.run()
        elif not engine.watch(until, None if timeout is None else engine.clock.now() + nanoseconds(timeout)):
            raise TimeoutError(f"OperationQueue.main.run: until() was still false after {timeout} s")


class _LoopQueue(OperationQueue):
    """Delivers on somebody's asyncio loop."""

    _is_serial = True

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
        return here.queue is self or (self._task is not None and self.is_current and asyncio.current_task() is self._task)

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
                if self._suspended or not self._operations:
                    self._running -= 1
                    self._take_back()
                    return
                operation = self._operations.popleft()
            before, here.queue = here.queue, self
            value = None
            try:
                value = operation()
            except BaseException:
                work.report(f"an operation of {self!r}")
            finally:
                here.queue = before
            if work.is_coroutine(value):
                run = self._loop.create_task if self._outing is None else self._outing.run
                self._task = as_part_of(self, run, value)
                self._task.add_done_callback(self._go_on)
                return
            self._ended()

    def _go_on(self, task: asyncio.Task[Any]) -> None:
        self._task = None
        self._tell(task)
        self._ended()
        self._run_on_loop()


def delivers_here() -> bool:
    """Whether this thread's running asyncio loop is one that an `on_loop` queue delivers to."""
    loop = asyncio._get_running_loop()
    return loop is not None and loop in _LoopQueue.loops


_main_queue = _MainQueue(name="main")
