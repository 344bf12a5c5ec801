"""Which of several recorded answers that are equal in all that is compared: the one whose request had the header fields of this one.

A Range, an Accept or an Authorization makes another answer of one URL, though nobody asked that they be compared. What was
recorded for other fields still answers where nothing nearer is left.
"""
from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import islice

from ...models.message import Headers

FIRST = ("range", "accept", "authorization")    # a difference in one of these says more than those in all others
WINDOW = 64      # answers that are looked at for one field of a request: a match costs about the same in a large cassette

Fields = dict[str, str]     # names in small letters


class Waiting:
    """Positions in the order of the file, those that were played left out sooner or later."""

    __slots__ = ("_positions",)

    def __init__(self) -> None:
        self._positions: list[int] = []

    def add(self, position: int) -> None:
        self._positions.append(position)

    def first(self, played: bytearray) -> list[int]:
        """The first of them that are not played, as many as fit the window."""
        found: list[int] = []
        for looked, position in enumerate(self._positions):
            if not played[position]:
                found.append(position)
                if len(found) == WINDOW:
                    break
            elif looked - len(found) > WINDOW:      # so that nobody passes by them again and again
                self._positions = [left for left in self._positions if not played[left]]
                return self.first(played)
        return found


class Ties:
    """The `positions` of one bucket, which may grow at its end, by the header fields of their requests. Those are read when there is
    a choice, and while they are all the same no further than two windows."""

    def __init__(self, positions: Sequence[int], headers_of: Callable[[int], Headers], fields_of: Callable[[Headers], Fields],
                 forms_of: Callable[[Headers], Sequence[Fields]]) -> None:
        self._positions, self._headers_of, self._fields_of, self._forms_of = positions, headers_of, fields_of, forms_of
        self._first = headers_of(positions[0])
        self._alike = 1                                       # how many have the fields of the first
        self._differ = False                                  # whether one has others
        self._fields: dict[int, Fields] = {}                  # of those that were read
        self._pools: dict[Hashable, Waiting] = {}             # by one field and its value, and by the values of those that come first
        self._all = Waiting()
        self._filed = 0                                       # how many stand in pools

    def choose(self, start: int, played: bytearray, asked: Headers) -> int:
        """The position that is not played and agrees most with a request that has the fields `asked`. The first that is not played is
        number `start` of the bucket."""
        positions = self._positions
        if not self._differ and self._alike < start + WINDOW:
            self._look(start + (WINDOW if start == 0 else 2 * WINDOW))    # many at once, so that most requests look at none
        if not self._differ:
            return positions[start]
        self._file()
        forms = self._forms_of(asked)
        left = set(self._all.first(played))
        if len(left) == WINDOW:
            keys = (key for fields in forms for key in _keys(fields))
            left.update(*(pool.first(played) for pool in map(self._pools.get, keys) if pool is not None))
        return max(sorted(left), key=lambda position: _agreement(forms, self._read(position)))

    def _look(self, end: int) -> None:
        """Find out whether the fields of number `end` and all before it are those of the first."""
        first = self._first
        for position in self._positions[self._alike:end]:
            other = self._headers_of(position)
            self._alike += 1
            if first != other and self._fields_of(first) != self._fields_of(other):
                self._differ = True
                return

    def again(self, positions: Iterable[int], asked: Headers) -> int | None:
        """Of `positions`, the first of those that agree most with a request, as far as the window goes; None where there are none."""
        few = list(islice(positions, WINDOW if self._differ else 1))
        if len(few) < 2:
            return few[0] if few else None
        forms = self._forms_of(asked)
        return max(few, key=lambda position: _agreement(forms, self._read(position)))

    def _read(self, position: int) -> Fields:
        fields = self._fields.get(position)
        if fields is None:
            fields = self._fields[position] = self._fields_of(self._headers_of(position))
        return fields

    def _file(self) -> None:
        for position in self._positions[self._filed:]:
            self._all.add(position)
            for key in _keys(self._read(position)):
                self._pools.setdefault(key, Waiting()).add(position)
        self._filed = len(self._positions)


def _keys(fields: Fields) -> list[Hashable]:
    return [*fields.items(), tuple(fields.get(name) for name in FIRST)]


def _agreement(asked: Sequence[Fields], recorded: Fields) -> tuple[int, ...]:
    """How well `recorded` agrees: in each of the fields that come first, then in how many more than it has and the request does not."""
    return *(any(fields.get(name) == recorded.get(name) for fields in asked) for name in FIRST), sum(
        any(fields.get(name) == value for fields in asked) - (name not in asked[0]) for name, value in recorded.items())
