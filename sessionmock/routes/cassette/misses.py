"""Why a cassette had no answer, in words that lead to the cure."""
from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from ...errors import CassetteError
from . import files
from .asked import Asked, Masking
from .matching import Index
from .modes import Mode
from .nearest import differences, nearest

_NEAREST = 3
_FOLDER = 100              # other cassettes that are looked into
_LARGEST = 4 << 20         # bytes of one that is
_SUFFIXES = frozenset({".yaml", ".yml", ".json", ".har"})


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


def explain(cassette: Cassette, index: Index, asked: Asked, because: str = "") -> str:
    """What was asked, of which cassette, what came nearest and how it differs, and what would record it."""
    return "\n".join((
        f"{asked.method} {asked.url} has no recorded answer",
        f"  cassette: {cassette.path} (mode {cassette.mode.value}, {_state(cassette, index)})",
        *(f"  {line}" for line in ([because] if because else _why(cassette, index, asked))),
        f"  to record it: {cassette.hint or _cure(cassette)}",
    ))


def _state(cassette: Cassette, index: Index) -> str:
    if not cassette.found:
        return "no such file"
    return f"{len(index)} recorded, {sum(index.played)} of them played"


def _why(cassette: Cassette, index: Index, asked: Asked) -> list[str]:
    if not cassette.replays:
        return ["this mode replays nothing"]
    answers = index.answers(asked)
    left = [position for position in answers if not index.played[position]]
    if left:
        due = index.due(left[0])
        request = f"{index.interactions[due].method} {index.interactions[due].uri}" if due is not None else "none"
        return [f"out of order ({index.order.value}): recorded as {_places(left)}, while number {(due or 0) + 1}, {request}, is due"]
    if answers:
        times = "once" if len(answers) == 1 else f"{len(answers)} times"
        return [
            f"used up: recorded {times}, {_places(answers)}, and played as often",
            "allow_playback_repeats=True gives the last answer again",
        ]
    elsewhere = [f"recorded in another cassette: {found}" for found in itertools.islice(_elsewhere(cassette, index, asked), _NEAREST)]
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


def _elsewhere(cassette: Cassette, index: Index, asked: Asked) -> Iterator[str]:
    """Cassettes beside this one that have the answer, with its place."""
    for path in _beside(cassette.path):
        try:
            tape = files.load(path)
            there = Index(tape.interactions if tape else (), index.match_on, masking=cassette.masking)
            if answers := there.answers(asked):
                yield f"{path.name}, {_places(answers)}"
        except CassetteError:
            continue


def _beside(path: Path) -> Iterator[Path]:
    try:
        for other in itertools.islice(sorted(path.parent.iterdir()), _FOLDER):
            if other.suffix.lower() in _SUFFIXES and other.name != path.name and other.is_file() and other.stat().st_size <= _LARGEST:
                yield other
    except OSError:
        return


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
