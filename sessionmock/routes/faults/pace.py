"""At which pace bytes come: as they are there, in small pieces, or so many each second."""
from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ...faults.kinds import Kind
from .flow import Flow, Note

TICKS = 50    # pieces a second at most: of what comes faster than that, several bytes come together


class Pace(NamedTuple):
    """Pieces of `size` bytes (0: as they are there), and so many seconds before each."""

    size: int = 0
    seconds: float = 0.0

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """`data` in pieces of that size."""
        size = self.size or len(data)
        return (data[at:at + size] for at in range(0, len(data), size or 1))

    def put(self, flow: Flow, data: bytes, *, whole: bool = False) -> None:
        """Put `data` into `flow`; what is `whole` is one piece."""
        if not self.size:
            flow.put(data)
            return
        for piece in (data,) if whole else self.pieces(data):
            if self.seconds:
                flow.put(self.seconds)
            flow.put(piece, _BREAK)


_BREAK = Note(lambda: None)    # what stands on both sides of it is not handed on together
EVEN = Pace()


def pace_of(kind: Kind) -> Pace:
    """The pace that `drip` or `slice` says."""
    if kind.name == "slice":
        return Pace(kind["size"])
    speed = kind["bytes_per_second"]
    size = max(1, round(speed / TICKS))
    return Pace(size, size / speed)
