"""Interrupts (SIGINT, Ctrl-C) that come at a bad moment wait for a better one.

Python answers the signal on the main thread, between any two bytecodes, mostly by raising KeyboardInterrupt. In the midst
of this library that could leave a lock held, lose what was just taken out of a queue, or end somebody else's load. In a
block `with shield:` the signal waits until the outermost block is left. On other threads, which Python never interrupts,
such a block does nothing.

For that a handler of ours takes the place of the program's, and calls it when the time has come. It is put in place at the
first wait of the main thread and taken away when the last session is invalidated: then asyncio and others find the one that
they expect. A handler that is no Python callable is left alone. Before that first wait an interrupt can still come between
two statements of an API call.
"""
from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

# `signal.getsignal` looks for an enumeration member in what it found, at 2 us; CPython's function under it does not.
handler_of: Callable[[int], Any] = getattr(sys.modules.get("_signal"), "getsignal", signal.getsignal)


class Shield:
    """See the module. All but `rest` is for the main thread, and does nothing elsewhere."""

    def __init__(self) -> None:
        self._resting = False       # no session is left: our handler goes when the last block is left
        self.alarm: Callable[[], None] | None = None    # makes whoever waits in a block look at `pending`
        self.forget()

    def forget(self) -> None:
        """At first, and in a forked child, where the thread that forked is the main one."""
        self._main = threading.main_thread().ident
        self._depth = 0             # blocks that the main thread is in
        self._lifted = False        # code of the user's runs within one
        self.pending: Callable[[], Any] | None = None    # answers the signal that came in a block

    def __enter__(self) -> None:
        if threading.get_ident() == self._main:
            self._depth += 1

    def __exit__(self, *_: object) -> None:
        if threading.get_ident() == self._main:
            self._depth -= 1
            if not (self._depth or self._lifted) and (self.pending or self._resting):
                if self._resting:
                    self._remove()
                self.pass_on()

    @contextmanager
    def lifted(self) -> Iterator[None]:
        """Code of the user's runs in here, called from within a block: a signal interrupts it, and then also the wait around it."""
        depth, lifted = self._depth, self._lifted
        self._lifted = depth > 0
        self._depth = 0
        try:
            yield
        finally:
            self._depth, self._lifted = depth, lifted

    def install(self) -> None:
        """Put our handler in the place of the one that is there, unless that is done."""
        self._resting = False
        present = handler_of(signal.SIGINT)
        if type(present) is not _Handler and callable(present):
            signal.signal(signal.SIGINT, _Handler(self, present))

    def rest(self) -> None:
        """The last session is invalid: put the program's handler back, now or when the main thread has left its blocks."""
        self._resting = True
        if threading.get_ident() == self._main and not self._depth:
            self._remove()

    def _remove(self) -> None:
        self._resting = False
        if type(present := handler_of(signal.SIGINT)) is _Handler:
            signal.signal(signal.SIGINT, present.original)

    def pass_on(self) -> None:
        """Let the program's handler answer the signal that came, if one did."""
        pending, self.pending = self.pending, None
        if pending is not None:
            pending()

    def handle(self, original: Callable[[int, Any], Any], number: int, frame: Any) -> None:
        """A signal came: `original` answers it, now or when the last block is left."""
        if self._depth:
            self.pending = partial(original, number, frame)
            if self.alarm is not None:
                self.alarm()
            return
        try:
            original(number, frame)
        except BaseException as error:
            if self._lifted:
                self.pending = partial(_throw, error)
            raise


class _Handler:
    """Takes the place of a program's handler, and knows it: a handler that is set later may call the one that it found, which
    is this."""

    __slots__ = ("_shield", "original")

    def __init__(self, shield: Shield, original: Callable[[int, Any], Any]) -> None:
        self._shield = shield
        self.original = original

    def __call__(self, number: int, frame: Any) -> None:
        self._shield.handle(self.original, number, frame)


class Harmless:
    """A handler of this library's own: it raises nothing and asks nothing of the engine, so the main thread drives beside it."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable[[int, Any], None]) -> None:
        self._call = call

    def __call__(self, number: int, frame: Any) -> None:
        self._call(number, frame)


# What programs answer by raising (pytest-timeout on SIGALRM, servers on SIGTERM) or by calling this library.
_FOREIGN = (signal.SIGALRM, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


def foreign_handlers() -> bool:
    """Whether a handler that is not shielded may run on the engine's stack, where what it raises would take other loads' data."""
    handlers = list(map(handler_of, _FOREIGN))
    return any(map(callable, handlers)) and any(callable(handler) and type(handler) is not Harmless for handler in handlers)


def _throw(error: BaseException) -> None:
    raise error


shield = Shield()
