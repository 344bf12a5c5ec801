"""What can be waited for: something that happens once, and a condition."""
from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress


class Latch:
    """Something that happens once and can be waited for, by threads and by callbacks."""

    __slots__ = ("_calls", "done")

    def __init__(self) -> None:
        self.done = False
        self._calls: list[Callable[[], None]] = []

    @property
    def awaited(self) -> bool:
        """Whether somebody waits for it."""
        return bool(self._calls)

    def set(self) -> None:
        """It has happened: everybody who waits is told, once. A second call does nothing."""
        self.done = True
        while self._calls:
            try:
                call = self._calls.pop()
            except IndexError:      # another thread told the last one
                return
            call()

    def tell(self, call: Callable[[], None]) -> None:
        """Make `call` when it has happened, at once where it has. It must neither block nor raise."""
        self._calls.append(call)
        if self.done:
            self.set()

    def forget(self, call: Callable[[], None]) -> None:
        """Do not make `call`, which was told to be made, any more; it may be on its way."""
        with suppress(ValueError):
            self._calls.remove(call)


class Condition:
    """A condition as something to wait for. Nobody can tell when it comes true: whoever waits has to look."""

    __slots__ = ("_condition",)

    def __init__(self, condition: Callable[[], bool]) -> None:
        self._condition = condition

    @property
    def done(self) -> bool:
        """Whether it is true now."""
        return self._condition()

    def tell(self, call: Callable[[], None]) -> None:
        """Nobody is told: see the class."""

    forget = tell
