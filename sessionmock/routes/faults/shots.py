"""What is to go wrong in a body, and before which byte of it."""
from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from ...faults.armed import Shot


class BodyShots:
    """The faults of one body, in the order of their bytes."""

    __slots__ = ("_at", "_left")

    def __init__(self, shots: Iterable[Shot] = ()) -> None:
        self._left = deque(sorted(shots, key=lambda shot: shot.byte))
        self._at = 0       # bytes of the body so far

    def __iter__(self) -> Iterator[Shot]:
        return iter(self._left)

    def __len__(self) -> int:
        return len(self._left)

    def step(self, data: bytes) -> bytes | Shot:
        """What comes next of a body that goes on with `data`: its bytes before the next fault, or that fault, whose byte it has come to."""
        left = self._left
        count = min(len(data), max(0, left[0].byte - self._at)) if left else len(data)
        if not count:
            return left.popleft()
        self._at += count
        return data[:count]
