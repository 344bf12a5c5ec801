"""Calls that wait for the main thread."""
from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable

from .interrupts import shield


class MainCalls:
    """They are run by a wait there, by `run`, or by the asyncio loop that runs there."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._calls: deque[Callable[[], None]] = deque()
        self._attending: Callable[[], None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def add(self, call: Callable[[], None]) -> None:
        """Have `call` run on the main thread."""
        with shield:
            self._calls.append(call)
            if (wake := self._attending) is not None:
                wake()
            else:
                self.notice()
                self._ask_loop()

    def notice(self) -> None:
        """Remember the asyncio loop that runs on the main thread, where this is it: it runs what waits."""
        if threading.current_thread() is threading.main_thread() and (loop := asyncio._get_running_loop()) is not None:
            before, self._loop = self._loop, loop
            if before is not loop and self._calls:
                self._ask_loop()

    def _ask_loop(self) -> None:
        if (loop := self._loop) is not None:
            try:
                loop.call_soon_threadsafe(self._run_all)
            except RuntimeError:        # closed: the next wait or run on the main thread takes it
                self._loop = None

    def attend(self, wake: Callable[[], None] | None) -> Callable[[], None] | None:
        """The main thread waits, and `wake` makes it look here; returns what did so before."""
        before, self._attending = self._attending, wake
        if wake is None and self._calls:
            self._ask_loop()
        return before

    def waiting(self) -> bool:
        """Whether a call has not been run yet."""
        return bool(self._calls)

    def run_one(self) -> bool:
        """Run the next call; False where there is none."""
        try:
            call = self._calls.popleft()
        except IndexError:
            return False
        call()
        return True

    def run(self) -> None:
        """Run what waits now. On the main thread, where nobody waits."""
        shield.install()
        with shield, shield.lifted():       # a call keeps what it raises, but for what interrupts it
            self._run_all()

    def _run_all(self) -> None:
        for _ in range(len(self._calls)):
            self.run_one()
