"""Why a cassette had no answer, in words that lead to the cure."""
from __future__ import annotations

import itertools
from pathlib import Path
from typing import Protocol

from ...engine.awaits import in_event_loop
from ...errors import CassetteError
from .asked import Asked, Masking
from .beside import elsewhere
from .interaction import Interaction
from .matching import Index
from .modes import Mode
from .nearest import differences, nearest

_NEAREST = 3


class Cassette(Protocol):
    """What a report says of a cassette itself."""

    @property
    def path(self) -> Path:
        """Its file."""

    @property
    def mode(self) -> Mode:
        """What it replays and records."""

    @property
    def found(self) -> bool:
        """Whether the file was there."""

    @property
    def replays(self) -> bool:
        """Whether its mode replays anything."""

    @property
    def hint(self) -> str:
        """The command that would record; "" for the usual advice."""

    @property
    def masking(self) -> Masking | None:
        """What takes secrets out of a comparison."""


class Why:
    """Why `cassette` did not answer `asked`: what was asked, of which cassette, and what would record it.

    Calling it gives the details. What came nearest, and which of the cassettes beside it has the answer, is looked for by then
    alone: that takes time, and a client that tries again shall not pay for each of its attempts.
    """

    def __init__(self, cassette: Cassette, index: Index, asked: Asked, because: str = "") -> None:
        self.headline = f"no recorded answer for {asked.method} {asked.url}"
        self._cassette, self._index, self._asked = cassette, index, asked
        self._state = f"cassette: {cassette.path} (mode {cassette.mode.value}, {_state(cassette, index)})"
        self._known = [because] if because else _known(cassette, index, asked)
        self._elsewhere: list[str] | None = None

    def __call__(self) -> str:
        """The details, a line each. They name other cassettes once they were read where no event loop stood still for that."""
        if self._known is None and self._elsewhere is None and not in_event_loop():
            found = elsewhere(self._cassette.path, self._index, self._asked, self._cassette.masking)
            self._elsewhere = [f"recorded in another cassette: {name}, {_places(there)}" for name, there in itertools.islice(found, _NEAREST)]
        why = _never(self._index, self._asked, self._elsewhere or []) if self._known is None else self._known
        return "\n".join(f"  {line}" for line in (self._state, *why, f"to record it: {self._cassette.hint or _cure(self._cassette)}"))


def _state(cassette: Cassette, index: Index) -> str:
    if not cassette.found:
        return "no such file"
    return f"{len(index)} recorded, {sum(index.played)} of them played"


def _known(cassette: Cassette, index: Index, asked: Asked) -> list[str] | None:
    """What is wrong, where that can be told at once."""
    if not cassette.replays:
        return ["this mode replays nothing"]
    answers = index.answers(asked)
    left = [position for position in answers if not index.played[position]]
    if left:
        due = index.due(left[0])
        request = f"{index.interactions[due].method} {index.interactions[due].uri}" if due is not None else "none"
        return [f"out of order ({index.order.value}): recorded as {_places(left)}, while number {(due or 0) + 1}, {request}, is due"]
    if lost := [position for position in answers if _lost(index.interactions[position])]:
        return [f"recorded, {_places(lost)}, but its recorder did not keep the body"]
    if answers:
        times = "once" if len(answers) == 1 else f"{len(answers)} times"
        return [
            f"used up: recorded {times}, {_places(answers)}, and played as often",
            "allow_playback_repeats=True gives the last answer again",
        ]
    return None


def _lost(interaction: Interaction) -> bool:
    try:
        return bool(interaction.extra.lost)
    except CassetteError:
        return False


def _never(index: Index, asked: Asked, elsewhere: list[str]) -> list[str]:
    """That it was never recorded, and what of `index` came nearest."""
    near = nearest(index, asked, _NEAREST)
    if not near:
        return elsewhere or ["never recorded: nothing is"]
    first = "not in this cassette" if elsewhere else "never recorded"
    lines = [*elsewhere]
    for place, position in enumerate(near):
        request = f"{index.interactions[position].method} {index.interactions[position].uri}"
        played = ", played" if index.played[position] else ""
        lines.append(f"{f'{first}; nearest is' if not place else 'then'} number {position + 1}, {request}{played}:")
        lines += [f"  {name}: asked {mine}, recorded {other}" if other else f"  {name}: {mine}"
                  for name, mine, other in differences(index, asked, position)]
    return lines


def _places(positions: list[int]) -> str:
    shown = ", ".join(str(position + 1) for position in positions[:5])
    return f"number {shown}{', …' if len(positions) > 5 else ''}"


def _cure(cassette: Cassette) -> str:
    mode = cassette.mode.value
    if mode in ("new_episodes", "all", "verify") or (mode == "once" and not cassette.found):
        return f'give the route a live one: CassetteRoute(..., mode="{mode}", live=...)'
    if not cassette.found:
        return 'mode="once" makes the file'
    return 'mode="new_episodes" adds it, mode="all" records everything anew'
