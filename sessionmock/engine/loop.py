"""The engine: one asyncio loop of the process, run by whoever waits.

A thread blocked in `wait` runs the loop itself when nobody does (it *drives*); with nobody waiting, one background
thread does. So an answer reaches its waiter without a hand-over between threads, which beside computing threads costs
a whole slice of the interpreter lock. `policy = "background"` makes the background thread drive always: same code,
fewer owners, the mode to bisect with.

The rules that keep it right:
- Posting is one atomic append; everything is counted where the engine takes an item out, so that an interrupt between
  two statements of an API call loses nothing.
- `_owner` names who may run the loop, and changes only under `_lock`; every way out of `wait` ends in `_leave`, which
  hands ownership on. A waiter's lock is a binary semaphore: waking twice is waking once.
- A load nobody waits for yet (a `Loading`) wakes no thread: its caller is about to wait for it. The background thread
  looks every 20 ms and takes what it finds unclaimed at two looks, so such a load starts 20 to 41 ms late.
- A finalizer, or a signal handler of the user's, runs between any two statements and may call anything: the lock is
  re-entrant, and nothing that it finds half done misleads it.
- Where no thread can be started, at the interpreter's end or because the system has none left, whoever waits drives, also
  who otherwise may not; a coroutine that awaits drives in bursts; and who drives makes the jobs that a thread of the pool
  should have made, between two looks at the loop.
- While the main thread posts, waits or drives it is under the shield: raised there, KeyboardInterrupt would lose
  wake-ups, ownership or other threads' data. The handler that was there is called when ownership is given up.

Long because all of these rules are about the same few fields, which change together under one lock.
"""
from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import nullcontext, suppress
from contextvars import Context
from typing import Any, Literal

from ..clock import SECOND, Clock, SystemClock, breathe
from ..latch import Condition
from . import awaits, work
from .event_loop import EngineLoop, SystemOuting
from .finalizing import Lock, begin
from .interrupts import foreign_handlers, shield
from .main_calls import MainCalls
from .protocol import Waitable

LOOK = SECOND // 50      # how often the idle background thread looks for loads that nobody claimed
LINGER = SECOND          # how long it stays after the last load
THREAD = "sessionmock-engine"
BURST = SECOND // 1000   # how long a coroutine drives at a time, where there is no thread to do it

policy: Literal["waiter", "background"] = "waiter"

_graveyard: list[Any] = []    # what a forked child has of its parent's: let go of, it would run finalizers of the user's


class _Waiter:
    """A thread in `wait`."""

    __slots__ = ("_engine", "lock")

    def __init__(self, engine: SystemEngine) -> None:
        self._engine = engine
        self.lock = threading.Lock()
        self.lock.acquire()

    def wake(self) -> None:
        """Make the thread look at what it waits for, whether it drives or is parked."""
        if self._engine._owner is self:
            self._engine._interrupt()
        self.release()

    def alarm(self) -> None:
        """`wake`, by a signal handler on this very thread: it may come at any point, so it takes no lock."""
        loop = self._engine._loop
        if self._engine._owner is self and loop is not None:
            loop.call_soon_threadsafe(loop.stop, context=Context())
        self.release()

    def release(self) -> None:
        """Wake the parked thread."""
        try:
            self.lock.release()
        except RuntimeError:        # woken already
            pass


class SystemEngine:
    """Runs the loop; see the module, and `protocol.Engine` for its methods."""

    def __init__(self) -> None:
        self.main = MainCalls()
        self._reset()
        os.register_at_fork(after_in_child=self._forked)

    def _reset(self) -> None:
        self.clock: Clock = SystemClock()
        self._lock = Lock()
        self._loop: EngineLoop | None = None
        self._context = Context()
        self._inbox: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._owner: _Waiter | None = None
        self._thread: int | None = None                  # the thread whose stack is the engine's
        self._followers: deque[_Waiter] = deque()
        self._background: _Waiter | None = None          # while its thread exists
        self._yield = False                              # the background thread is asked to hand over
        self._woken = False                              # a drain is on its way; set and cleared under the lock
        self._urgent = False                             # something was posted that cannot wait for a look
        self._live = 0                                   # loads on the engine
        self._eager = 0                                  # those of them that nobody may keep waiting
        self._parked: set[_Waiter] = set()               # in `wait`, and must not drive
        self._attached = 0                               # sessions whose connections live on the loop

    # posting --------------------------------------------------------------------------------------------------
    def post(self, call: Callable[..., None], *arguments: Any) -> None:
        with shield:
            self._inbox.append((call, arguments))
            self._wake(eager=self._eager > 0)

    def post_eager(self, call: Callable[..., None], *arguments: Any) -> None:
        with shield:
            self._inbox.append((call, arguments))
            self._urgent = True
            self._wake(eager=True)

    def work(self, call: Callable[..., None], *arguments: Any) -> None:
        if not work.pool.submit(call, *arguments):
            self.post_eager(self._interrupt)      # who drives makes it

    def on_engine(self) -> bool:
        return self._thread == threading.get_ident()

    def _wake(self, *, eager: bool) -> None:
        if self._woken:
            return
        with self._lock:
            if self._owner is not None:
                if not self._woken:
                    self._woken = True
                    assert self._loop is not None
                    if self._thread == threading.get_ident():
                        self._loop.call_soon(self._drain, context=Context())
                    else:
                        self._loop.call_soon_threadsafe(self._drain, context=Context())
                return
            heir = self._stand_in()
        if heir is not None and (eager or heir is not self._background):
            heir.release()

    def _have_background(self) -> _Waiter | None:
        """The background thread, started where there is none; None where that cannot be. Under the lock."""
        if self._background is None:
            me = _Waiter(self)
            if begin(threading.Thread(target=self._run_background, args=(me,), name=THREAD, daemon=True)):
                self._background = me
        return None if sys.is_finalizing() else self._background

    def _stand_in(self) -> _Waiter | None:
        """Who drives where nobody who may does: the background thread, or for want of it one who is parked. Under the lock."""
        return self._have_background() or next(iter(self._parked.copy()), None)

    def _drain(self) -> None:
        with self._lock:
            self._woken = False
        self._urgent = False
        inbox = self._inbox
        for _ in range(len(inbox)):
            call, arguments = inbox.popleft()
            try:
                call(*arguments)
            except Exception:       # one load's fault must not take the others along
                work.report("the engine", ours=True)
        if inbox:
            self._wake(eager=True)
        elif not self._live and self._owner is self._background:
            self._interrupt()       # there is nothing to drive

    # sessions and loads ---------------------------------------------------------------------------------------
    def attach(self) -> None:
        with self._lock:
            self._attached += 1

    def detach(self) -> None:
        """The loop of the last one is closed when the background thread has nothing left to do."""
        with self._lock:
            self._attached -= 1
        if self._loop is not None:
            self.post_eager(self._sweep)

    def _sweep(self) -> None:
        """Transports that were closed just now let go of their sockets one pass later: somebody has to drive until then."""
        assert self._loop is not None
        self.enlist(True)
        self._loop.call_soon(self.delist, True, context=Context())

    def enlist(self, eager: bool) -> None:
        self._live += 1
        self._eager += eager

    def delist(self, eager: bool) -> None:
        self._live -= 1
        self._eager -= eager
        if not self._live and self._owner is self._background:
            self._interrupt()

    def hasten(self) -> None:
        self._eager += 1

    # waiting --------------------------------------------------------------------------------------------------
    def wait(self, latch: Waitable, until: int | None = None) -> bool:
        if latch.done:
            return True
        with shield:
            return self._wait(latch, until)

    async def ended(self, latch: Waitable) -> None:
        while not (latch.done or self._is_driven()):
            self.wait(latch, self.clock.now() + BURST)
            await breathe()
        if not latch.done:
            await awaits.ended(latch)

    def _is_driven(self) -> bool:
        """Whether there is a thread to drive for those who await, or one can be had."""
        if self._background is not None and not sys.is_finalizing():
            return True
        with self._lock:
            return self._have_background() is not None

    def watch(self, condition: Callable[[], bool], until: int | None = None) -> bool:
        """The condition is looked at after each call of the main thread, and at every `LOOK`."""
        latch = Condition(condition)
        while not self.wait(latch, self.clock.now() + LOOK if until is None else min(until, self.clock.now() + LOOK)):
            if until is not None and self.clock.now() >= until:
                return False
        return True

    def let_pass(self, duration: int) -> None: ...

    def has_to_do(self, span: int) -> bool:
        loop = self._loop
        if self._inbox or work.pool.left:
            return True
        return loop is not None and bool(self._live or self._owner) and loop.has_to_do(span, listens=self._live > 0)

    def _wait(self, latch: Waitable, until: int | None) -> bool:
        main = threading.current_thread() is threading.main_thread()
        if main:
            shield.install()
        drives = policy == "waiter" and asyncio._get_running_loop() is None and not (main and foreign_handlers())
        waiter = _Waiter(self)
        outer: tuple[Any, Any] = (None, None)
        latch.tell(waiter.wake)
        try:
            if main:
                outer = self.main.attend(waiter.wake), shield.alarm
                shield.alarm = waiter.alarm
            if not drives:
                self._parked.add(waiter)
                self._urgent = True
                self._wake(eager=True)
            while not latch.done:
                if until is not None and self.clock.now() >= until:
                    return False
                if main and shield.pending:
                    self._leave(waiter)
                    shield.pass_on()
                elif main and self.main.waiting():
                    self._leave(waiter)
                    with shield.lifted():
                        self.main.run_one()
                elif self._claim(waiter, drives):
                    if work.pool.left:
                        self._leave(waiter)
                        with shield.lifted() if main else nullcontext():
                            work.pool.run_left()
                    elif sys.is_finalizing() and not (self._live or self._inbox):
                        raise RuntimeError("the interpreter is ending, and with its threads what is waited for has gone")
                    else:
                        self._drive(waiter, latch, until, main)
                else:
                    self.clock.park(waiter.lock, until)
            return True
        finally:
            self._parked.discard(waiter)
            self._leave(waiter)
            if not latch.done:
                latch.forget(waiter.wake)
            if main:
                self.main.attend(outer[0])
                shield.alarm = outer[1]

    def _claim(self, waiter: _Waiter, drives: bool) -> bool:
        """Whether `waiter` owns the loop now. Else it follows: it is woken when it is its turn."""
        with self._lock:
            if self._owner is waiter:
                return True
            if sys.is_finalizing() or (self._owner is None and (drives or self._have_background() is None)):
                self._own(waiter)
                return True
            if drives:
                if waiter not in self._followers:
                    self._followers.append(waiter)
                if self._owner is self._background:
                    self._yield = True
                    self._interrupt()
            return False

    def _own(self, waiter: _Waiter) -> None:
        if self._loop is None:
            self._loop = EngineLoop()
            self.clock = SystemClock(self._loop)
        elif self._loop.is_running():
            self._loop.take_over()
        self._owner = waiter            # last: an owner can be interrupted, so it has a loop

    def _drive(self, waiter: _Waiter, latch: Waitable | None, until: int | None, main: bool) -> None:
        """Run the loop as its owner until there is a reason to look up."""
        loop = self._loop
        assert loop is not None
        timer = None
        outer = asyncio._get_running_loop()     # of a coroutine that waits because no thread can
        try:
            self._thread = threading.get_ident()
            if until is not None:
                timer = self.clock.call_at(until, loop.stop)
            self._context.run(self._pass, loop, waiter, latch, until, main)
        finally:
            if timer is not None:
                timer.cancel()
            self._thread = None
            asyncio._set_running_loop(outer)

    def _pass(self, loop: asyncio.AbstractEventLoop, waiter: _Waiter, latch: Waitable | None, until: int | None, main: bool) -> None:
        asyncio._set_running_loop(loop)      # what was posted is run here and now: a pass of the loop for it costs 10 us
        try:
            self._drain()
        finally:
            asyncio._set_running_loop(None)
        while self._owner is waiter:
            if latch is not None:
                if latch.done or work.pool.left or (until is not None and self.clock.now() >= until):
                    return
                if main and (shield.pending or self.main.waiting()):
                    return
            elif self._yield or work.pool.left or not (self._live or self._inbox):
                break
            loop.run_forever()
        if latch is None:               # a last pass, for transports that were just closed
            loop.call_soon(loop.stop)
            loop.run_forever()

    def _interrupt(self) -> None:
        """Make the owner look up from the loop."""
        loop = self._loop
        if self._thread == threading.get_ident():
            assert loop is not None
            loop.stop()
        elif loop is not None:
            with suppress(RuntimeError):        # closed meanwhile: nobody is there to look up
                loop.call_soon_threadsafe(loop.stop, context=Context())

    def _leave(self, waiter: _Waiter) -> None:
        """`waiter` waits no longer; what it owned goes to a follower, else to the background thread where due."""
        with self._lock:
            if self._owner is not waiter:
                if waiter in self._followers:
                    self._followers.remove(waiter)
                return
            self._woken = False          # a drain that was on its way is now the next driver's first act
            heir = self._owner = self._followers.popleft() if self._followers else None
            if heir is None and (self._urgent or self._live or self._inbox):
                stand_in = self._stand_in()
                if self._eager or self._urgent or self._parked:
                    heir = stand_in
        if heir is not None:
            heir.release()

    # the background thread ------------------------------------------------------------------------------------
    def _run_background(self, me: _Waiter) -> None:
        try:
            self._stand_by(me)
        except BaseException:           # the next one who needs a thread starts another
            with self._lock:
                self._background = None
                if self._owner is me:
                    self._owner = None
            raise

    def _stand_by(self, me: _Waiter) -> None:
        clock = SystemClock()
        unclaimed = False
        idle_since = clock.now()
        while True:
            with self._lock:
                waiting = bool(self._live or self._inbox)
                idle = clock.now() - idle_since > LINGER
                if self._owner is None and (self._eager or self._urgent or (waiting and (unclaimed or self._parked))):
                    self._own(me)
                    self._yield = False
                elif self._owner is None and idle and not (self._live or self._inbox):
                    self._background = None
                    if not self._attached and self._loop is not None:
                        self._loop.close()
                        self._loop = None
                        self.clock = SystemClock()
                    return
            if self._owner is me:
                self._drive(me, None, None, main=False)
                self._leave(me)
                while work.pool.left:
                    work.pool.run_left()
                unclaimed = False
                idle_since = clock.now()
                continue
            unclaimed = self._owner is None and waiting
            if waiting or self._owner is not None:
                idle_since = clock.now()
            clock.park(me.lock, clock.now() + LOOK)

    def rest(self) -> None:
        shield.rest()

    # operations of queues ---------------------------------------------------------------------------------------
    def repeat(self, step: Callable[..., bool], *arguments: Any) -> None:
        while Context().run(step, *arguments):      # what an operation sets is not seen by the next one
            pass

    def send_out(self, loop: asyncio.AbstractEventLoop) -> SystemOuting:
        return SystemOuting(loop)

    # fork -----------------------------------------------------------------------------------------------------
    def _forked(self) -> None:
        """In the child: everything of the parent's is set aside untouched, all is new."""
        _graveyard.append((self._inbox, self._owner))
        if self._loop is not None:
            self._loop.abandon()
        shield.forget()
        self.main.forget()
        self._reset()


engine = SystemEngine()
