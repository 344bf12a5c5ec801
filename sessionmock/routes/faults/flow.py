"""What flows one way over a connection: bytes, waits and acts in their order, each when its time has come."""
from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from ...clock import Clock, Timer, nanoseconds
from ..live.network.base import READ_SIZE, Adapter


class Note(NamedTuple):
    """A call that is made as the flow comes to it: with the bytes on both of its sides, which are still handed on together, or `apart`:
    after those before it."""

    call: Callable[[], object]
    apart: bool = False


PAUSE = Note(lambda: None, apart=True)
"""Between pieces that are handed on one by one."""


Step: TypeAlias = bytes | float | Note | Callable[[], object]
"""Bytes to be handed on, seconds to wait, a note, or a call that is made in a turn of its own, because it may change the flow."""


class Flow:
    """Hands bytes on to `take`, those that follow each other at once together. On the engine only."""

    __slots__ = ("_adapter", "_clock", "_dropped", "_running", "_steps", "_take", "_timer", "_waits", "frozen", "held", "size")

    def __init__(self, adapter: Adapter, clock: Clock, take: Callable[[bytes], None]) -> None:
        self._adapter, self._clock, self._take = adapter, clock, take
        self._steps: deque[Step] = deque()
        self._timer: Timer | None = None
        self._waits = self._running = self._dropped = False
        self.frozen = False        # nothing goes on any more
        self.held = False          # whoever takes it wants nothing now
        self.size = 0              # bytes that wait

    @property
    def is_empty(self) -> bool:
        """Whether nothing is on its way."""
        return not self._steps and not self._waits

    def put(self, *steps: Step) -> None:
        """Let `steps` follow; `run` sets them going."""
        for step in steps:
            if isinstance(step, bytes):
                self.size += len(step)
            if step != b"":
                self._steps.append(step)

    def run(self) -> None:
        """Take every step whose time has come."""
        if self._running:
            return
        self._running = True
        try:
            while self._steps and not (self.held or self._waits):
                step = self._steps.popleft()
                if isinstance(step, bytes):
                    self._hand_on(step)
                elif isinstance(step, float):
                    self._wait(nanoseconds(step))
                elif isinstance(step, Note):
                    step.call()
                else:
                    self._waits = True
                    self._adapter.soon(self._make, step)
        finally:
            self._running = False

    def freeze(self) -> None:
        """Nothing goes on any more, and what comes is kept."""
        self._waits = self.frozen = True

    def drop(self) -> None:
        """Nothing goes on any more, and nothing is kept."""
        self._waits = self._dropped = True
        self._steps.clear()
        self.size = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def settle(self, call: Callable[[], object]) -> None:
        """Make `call` when all that is due by now has been done, and go on after it."""
        self._wait(1, call)

    def _wait(self, duration: int, call: Callable[[], object] | None = None) -> None:
        self._waits = True
        self._timer = self._clock.call_at(self._clock.now() + duration, self._adapter.soon, self._make, call)

    def _make(self, call: Callable[[], object] | None = None) -> None:
        if self._dropped:
            return
        self._waits = False
        self._timer = None
        if call is not None:
            call()
        self.run()

    def _hand_on(self, piece: bytes) -> None:
        steps, pieces = self._steps, [piece]
        while steps and (isinstance(following := steps[0], bytes) or (isinstance(following, Note) and not following.apart)):
            steps.popleft()
            if isinstance(following, bytes):
                pieces.append(following)
            else:
                following.call()
        if len(pieces) > 1:
            piece = b"".join(pieces)
        if len(piece) > READ_SIZE:
            steps.appendleft(piece[READ_SIZE:])
            piece = piece[:READ_SIZE]
        self.size -= len(piece)
        self._take(piece)
