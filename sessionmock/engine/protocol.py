"""What an engine is: the contract between those who run things and those who have something to run.

An engine tells the time, runs calls, lets threads and coroutines wait, and runs the operations of queues. There are two:
the process's own, in real time (`loop.SystemEngine`), and one under a virtual clock (`virtual.VirtualEngine`). Nobody asks
which one it has: what differs between the two is a member here.

*On the engine* is said of calls that `post`, `post_eager` and timers make: they come one after the other. Members that
say so may be called there alone, all others on any thread. Of `work`, and of queues, calls may overlap.
"""
from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from ..clock import Clock


class Waitable(Protocol):
    """What can be waited for: a `Latch`, or a `Condition`."""

    @property
    def done(self) -> bool:
        """Whether it has happened."""

    def tell(self, call: Callable[[], None]) -> None:
        """Make `call` when it has happened."""

    def forget(self, call: Callable[[], None]) -> None:
        """It need not be made any more."""


class Outing(Protocol):
    """An operation that was given to somebody's asyncio loop. Virtual time stands still while it is out, but for what the
    operation itself waits for."""

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run `coroutine`, which is (part of) the operation, on that loop, which is the one running here."""

    def back(self) -> None:
        """The operation is over, or the loop will never come to it."""


class MainThread(Protocol):
    """Calls that wait for the main thread. It makes them while it waits, or where it is told to."""

    def add(self, call: Callable[[], None]) -> None:
        """Have `call` made on the main thread."""

    def run(self) -> None:
        """Make those that wait now. Only on the main thread."""


class Engine(Protocol):
    """See the module."""

    @property
    def clock(self) -> Clock:
        """What tells the time, and sets timers on the engine. Not to be kept: it may be another one later."""

    @property
    def main(self) -> MainThread:
        """The main thread, as far as it takes calls."""

    # running calls ----------------------------------------------------------------------------------------------
    def post(self, call: Callable[..., None], *arguments: Any) -> None:
        """Make `call` on the engine soon: its caller is about to wait, or it can wait itself for a few hundredths of a second."""

    def post_eager(self, call: Callable[..., None], *arguments: Any) -> None:
        """Make `call` on the engine now."""

    def work(self, call: Callable[..., None], *arguments: Any) -> None:
        """Make `call` where it may block or run code of users: on a pooled thread. Under a virtual clock whoever waits makes it."""

    def on_engine(self) -> bool:
        """Whether this thread runs the engine now, so that waiting here would never end."""

    # who needs the engine -----------------------------------------------------------------------------------------
    def enlist(self, eager: bool) -> None:
        """A load is to be driven from now on; an `eager` one by a thread of the engine's own where nobody waits. On the engine."""

    def delist(self, eager: bool) -> None:
        """It is over. On the engine."""

    def hasten(self) -> None:
        """A load that was enlisted became eager. On the engine."""

    def attach(self) -> None:
        """Somebody has connections on the engine's loop from now on."""

    def detach(self) -> None:
        """They were closed. What the last one leaves behind is cleared away."""

    def rest(self) -> None:
        """No session is left: leave no trace in the process."""

    # waiting ------------------------------------------------------------------------------------------------------
    def wait(self, latch: Waitable, until: int | None = None) -> bool:
        """Block this thread until `latch` is done, and run the engine meanwhile where nobody does; False when `until` came first."""

    async def ended(self, latch: Waitable) -> None:
        """`wait` for a coroutine, on whatever loop runs here: asyncio's or trio's."""

    def watch(self, condition: Callable[[], bool], until: int | None = None) -> bool:
        """`wait` for a condition, which nobody tells of and which is therefore looked at again and again. Only on the main thread."""

    def let_pass(self, duration: int) -> None:
        """Let the clock go on by `duration` while nobody waits for anything. Real time does so by itself: this returns at once."""

    def has_to_do(self, span: int) -> bool:
        """Whether it has something to do by itself now or within `span` nanoseconds, or waits for bytes. What runs on threads of the
        pool is not asked about."""

    # operations of queues -----------------------------------------------------------------------------------------
    def repeat(self, step: Callable[..., bool], *arguments: Any) -> None:
        """Call `step`, which runs one operation of a queue, until it returns False: in a burst on this thread, each in a context
        of its own, or under a virtual clock one in each turn."""

    def send_out(self, loop: asyncio.AbstractEventLoop) -> Outing:
        """An operation is given to `loop`."""
