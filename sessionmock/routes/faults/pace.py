"""At which pace bytes go: as they are there, in small pieces, or so many each second."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ...faults.kinds import Kind
from .flow import PAUSE, Flow, Note

TICKS = 50    # pieces a second at most: of what comes faster than that, several bytes come together


class Pace:
    """Pieces of `size` bytes (0: as they are there), each after so many seconds."""

    __slots__ = ("seconds", "size")

    def __init__(self, size: int = 0, seconds: float = 0.0) -> None:
        self.size, self.seconds = size, seconds

    @classmethod
    def of(cls, kind: Kind) -> Pace:
        """The pace that `drip` or `slice` says."""
        if kind.name == "slice":
            return cls(kind["size"])
        speed = kind["bytes_per_second"]
        size = max(1, round(speed / TICKS))
        return cls(size, size / speed)

    def put(self, flow: Flow, data: bytes, framed: Callable[[bytes], bytes] = bytes, told: Callable[[int], object] | None = None) -> None:
        """Put `data` into `flow`, each piece of it `framed`; `told` hears of the bytes of each that has gone."""
        size = self.size or len(data)
        for at in range(0, len(data), size or 1):
            if self.size:
                flow.put(self.seconds or PAUSE)
            piece = data[at:at + size]
            flow.put(framed(piece))
            if told is not None:
                flow.put(Note(partial(told, len(piece)), apart=True))
