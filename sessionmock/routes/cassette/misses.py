"""Why a cassette had no answer, in words that lead to the cure."""
from __future__ import annotations

from typing import TYPE_CHECKING

from .matching import Asked, Index

if TYPE_CHECKING:
    from .route import CassetteRoute


def explain(route: CassetteRoute, index: Index, asked: Asked) -> str:
    """What was asked, of which cassette, what came nearest and how it differs, and what would record it."""
    return "\n".join((
        f"{asked.method} {asked.url} has no recorded answer",
        f"  cassette: {route.path} (mode {route.mode.value}, {_state(route, index)})",
        *(f"  {line}" for line in _why(route, index, asked)),
        f"  to record it: {_cure(route)}",
    ))


def _state(route: CassetteRoute, index: Index) -> str:
    if not route.found:
        return "no such file"
    return f"{len(index)} recorded, {sum(index.played)} of them played"


def _why(route: CassetteRoute, index: Index, asked: Asked) -> list[str]:
    if not route.replays:
        return ["this mode replays nothing"]
    bucket = index.bucket(asked)
    if bucket is not None:
        times = "once" if len(bucket.positions) == 1 else f"{len(bucket.positions)} times"
        return [
            f"used up: recorded {times}, {_places(bucket.positions)}, and played as often",
            "allow_playback_repeats=True gives the last answer again",
        ]
    nearest = index.nearest(asked)
    if nearest is None:
        return ["never recorded: nothing is"]
    request = index.interactions[nearest].request
    played = ", played" if index.played[nearest] else ""
    return [
        f"never recorded; nearest is number {nearest + 1}, {request.method} {request.uri}{played}:",
        *(f"  {name}: asked {mine}, recorded {other}" for name, mine, other in index.differences(asked, nearest)),
    ]


def _places(positions: list[int]) -> str:
    shown = ", ".join(str(position + 1) for position in positions[:5])
    return f"number {shown}{', …' if len(positions) > 5 else ''}"


def _cure(route: CassetteRoute) -> str:
    mode = route.mode.value
    if mode in ("new_episodes", "all") or (mode == "once" and not route.found):
        return f'give the route a live one: CassetteRoute(..., mode="{mode}", live=...)'
    if not route.found:
        return 'mode="once" makes the file'
    return 'mode="new_episodes" adds it, mode="all" records everything anew'
