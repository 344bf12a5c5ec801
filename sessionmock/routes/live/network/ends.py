"""The two ends of a connection in memory, which keep to what TCP does on Linux."""
from __future__ import annotations

import errno
import os
from collections import deque
from collections.abc import Callable

WINDOW = 262_144    # bytes that an end takes before they are read: the buffers of both kernels

Bytes = bytes | memoryview


def reset_error() -> ConnectionResetError:
    """What reading gives after a reset."""
    return ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))


class OutcomeError(ConnectionResetError):
    """The connection breaks off because what comes next is no bytes: `tell` says it."""

    def __init__(self, tell: Callable[[], None]) -> None:
        super().__init__(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
        self.tell = tell


class End:
    """One end: what came and was not read yet, and the way to the other end.

    What came before the end of the connection is read before that is noticed. `stirred` is called when something comes,
    `drained` when the other end has room again; both within what the other end does, so they only note that there is
    something to do.
    """

    __slots__ = ("_pieces", "_size", "closed", "drained", "error", "finished", "name", "other", "stirred")

    other: End

    def __init__(self, name: tuple[object, ...]) -> None:
        self.name = name                            # address and port
        self._pieces: deque[Bytes] = deque()
        self._size = 0
        self.finished = False                       # the other end sends no more
        self.error: OSError | None = None           # the connection was reset
        self.closed = False
        self.stirred: Callable[[], None] | None = None
        self.drained: Callable[[], None] | None = None

    # reading -----------------------------------------------------------------------------------------------------
    @property
    def waiting(self) -> bool:
        """Whether there are bytes to be read."""
        return self._size > 0

    def take(self, count: int) -> Bytes:
        """What has come, at most `count` bytes; there must be one."""
        pieces = self._pieces
        taken: list[Bytes] = []
        while pieces and count:
            piece = pieces.popleft()
            if len(piece) > count:
                pieces.appendleft(memoryview(piece)[count:])
                piece = memoryview(piece)[:count]
            count -= len(piece)
            self._size -= len(piece)
            taken.append(piece)
        if (drained := self.other.drained) is not None:
            drained()
        return taken[0] if len(taken) == 1 else b"".join(taken)

    # what the other end gets ---------------------------------------------------------------------------------------
    def send(self, data: Bytes) -> int:
        """Bytes of `data` that went: as many as the other end has room for. Raises OSError on a connection that was reset."""
        if self.error is not None:
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
        other = self.other
        if other.closed:            # whoever sends there hears later that nobody is there
            self._fail(reset_error())
            return len(data)
        count = min(len(data), WINDOW - other._size)
        if count > 0:
            other._pieces.append(data if count == len(data) else memoryview(data)[:count])
            other._size += count
            other._stir()
        return max(count, 0)

    def finish(self) -> None:
        """FIN: nothing more comes from here."""
        other = self.other
        if not other.finished and self.error is None:
            other.finished = True
            other._stir()

    def reset(self, error: OSError | None = None) -> None:
        """RST: the connection is gone. The other end gets `error`."""
        self.closed = True
        self.other._fail(error or reset_error())

    def close(self) -> None:
        """Let go of this end: a FIN, or a reset where something was left unread."""
        if not self.closed:
            if self._size:
                self.reset()
            else:
                self.closed = True
                self.finish()

    def _fail(self, error: OSError) -> None:
        if self.error is None and not self.closed:
            self.error = error
            self._stir()

    def _stir(self) -> None:
        if self.stirred is not None:
            self.stirred()


def pair(near: tuple[object, ...], far: tuple[object, ...]) -> tuple[End, End]:
    """Both ends of a connection between two addresses."""
    one, two = End(near), End(far)
    one.other, two.other = two, one
    return one, two
