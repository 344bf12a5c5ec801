"""Why a cassette had no answer, and what would help."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sessionmock.routes.cassette import Interaction, Mode, RecordedRequest, RecordedResponse
from sessionmock.routes.cassette.asked import Asked
from sessionmock.routes.cassette.matching import Index
from sessionmock.routes.cassette.misses import Why

URL = "http://api.test/things"
ASKED = Asked("GET", URL, [], None)


class Told:
    """What a report says of a cassette."""

    def __init__(self, path: Path, mode: Mode = Mode.NONE, *, found: bool = True, hint: str = "") -> None:
        self.path, self.mode, self.found, self.hint = path, mode, found, hint
        self.replays, self.masking = mode is not Mode.ALL, None


def item(url: str = URL, method: str = "GET", body: bytes | None = None) -> Interaction:
    return Interaction(RecordedRequest(method, url, [], body), RecordedResponse(200))


def lines(cassette: Told, index: Index, asked: Asked = ASKED, because: str = "") -> list[str]:
    why = Why(cassette, index, asked, because)
    return [why.headline, *map(str.strip, why().split("\n"))]


def played(*items: Interaction, count: int = 1, **values: Any) -> Index:
    index = Index(items, **values)
    index.played[:count] = b"\1" * count
    return index


def test_a_report_names_request_cassette_and_cure(tmp_path: Path) -> None:
    """The first line says what was asked, then of which file in which state, why, and what would record it."""
    found = lines(Told(tmp_path / "a.yaml"), played(item(f"{URL}/1"), item(f"{URL}/2"), item(f"{URL}/3")))
    assert [
        f"no recorded answer for GET {URL}",
        f"cassette: {tmp_path / 'a.yaml'} (mode none, 3 recorded, 1 of them played)",
        f"never recorded; nearest is number 1, GET {URL}/1, played:", "path: asked /things, recorded /things/1",
        f"then number 2, GET {URL}/2:", "path: asked /things, recorded /things/2",
        f"then number 3, GET {URL}/3:", "path: asked /things, recorded /things/3",
        'to record it: mode="new_episodes" adds it, mode="all" records everything anew',
    ] == found


@pytest.mark.parametrize(("index", "expected"), [
    (played(item()), "used up: recorded once, number 1, and played as often"),
    (played(item(), item(), count=2), "used up: recorded 2 times, number 1, 2, and played as often"),
    (played(*[item()] * 7, count=7), "used up: recorded 7 times, number 1, 2, 3, 4, 5, …, and played as often"),
    (Index([item(f"{URL}/1"), item()], order="strict"),
     f"out of order (strict): recorded as number 2, while number 1, GET {URL}/1, is due"),
    (Index(), "never recorded: nothing is"),
])
def test_the_reason(tmp_path: Path, index: Index, expected: str) -> None:
    """What is there and was given, what is there and not due, what is not there."""
    assert expected == lines(Told(tmp_path / "a.yaml"), index)[2]


@pytest.mark.parametrize(("mode", "found", "hint", "expected"), [
    ("once", True, "", 'mode="new_episodes" adds it, mode="all" records everything anew'),
    ("once", False, "", 'give the route a live one: CassetteRoute(..., mode="once", live=...)'),
    ("none", True, "", 'mode="new_episodes" adds it, mode="all" records everything anew'),
    ("none", False, "", 'mode="once" makes the file'),
    ("new_episodes", True, "", 'give the route a live one: CassetteRoute(..., mode="new_episodes", live=...)'),
    ("all", True, "", 'give the route a live one: CassetteRoute(..., mode="all", live=...)'),
    ("none", True, "pytest --record", "pytest --record"),
])
def test_the_cure(tmp_path: Path, mode: str, found: bool, hint: str, expected: str) -> None:
    """What would record the answer, in this mode, with this file; or what whoever made the route says."""
    assert f"to record it: {expected}" == lines(Told(tmp_path / "a.yaml", Mode(mode), found=found, hint=hint), Index())[-1]


def test_a_mode_that_replays_nothing_says_so(tmp_path: Path) -> None:
    """In mode "all" nothing is looked for; where there is no file, that is its state."""
    told = lines(Told(tmp_path / "a.yaml", Mode.ALL, found=False), Index())
    assert ["cassette: " + str(tmp_path / "a.yaml") + " (mode all, no such file)", "this mode replays nothing"] == told[1:3]


def test_what_matchers_and_bodies_say_is_in_the_report(tmp_path: Path) -> None:
    """A field is told with both sides, a matcher by its name."""
    def same_day(one: Asked, other: Asked) -> bool:
        return False

    index = Index([item(body=b"a", method="POST")], ["path", "body", same_day])
    told = lines(Told(tmp_path / "a.yaml"), index, Asked("POST", URL, [], b"b"))
    assert ["body: asked b, recorded a", "same_day: no match"] == told[3:5]


def test_what_came_nearest_is_looked_for_when_it_is_read(tmp_path: Path) -> None:
    """A client that tries again and again pays for none of that."""
    index = Index([item(f"{URL}/1")])
    why = Why(Told(tmp_path / "a.yaml"), index, ASKED)
    index.add(item(f"{URL}/2"))
    assert "number 2" in why()
