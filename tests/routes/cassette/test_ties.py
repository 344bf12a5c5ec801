"""Among answers that are equal in all that is compared, the one whose request had the same header fields."""
from __future__ import annotations

import random

import pytest

from sessionmock.models.message import Headers
from sessionmock.routes.cassette import Interaction, RecordedRequest, RecordedResponse, Secrets
from sessionmock.routes.cassette.asked import Asked
from sessionmock.routes.cassette.finder import Finder
from sessionmock.routes.cassette.matching import MATCH_ON, Index
from sessionmock.routes.cassette.ties import WINDOW, Ties

URL = "http://api.test/things"


def index(*headers: dict[str, str], order: str = "any") -> Index:
    return Index([Interaction(RecordedRequest("GET", URL, list(each.items())), RecordedResponse(200)) for each in headers], order=order)


def take(found: Index, **headers: str) -> int | None:
    return found.take(Asked("GET", URL, list(headers.items()), None))


@pytest.mark.parametrize(("recorded", "asked", "expected"), [
    ([{"Range": "bytes=0-1"}, {"Range": "bytes=2-3"}], {"range": "bytes=2-3"}, 1), ([{"Range": "bytes=0-1"}, {}], {}, 1),
    ([{"Accept": "text/html"}, {"Accept": "application/json"}], {"Accept": "application/json"}, 1),
    ([{"Accept": "a", "X": "1", "Y": "1"}, {"Accept": "b"}], {"Accept": "b", "X": "1", "Y": "1"}, 1),
    ([{"X": "1"}, {"X": "2", "Y": "1", "Z": "1"}], {"X": "1", "Y": "1", "Z": "1"}, 1), ([{"X": "1"}, {"X": "2"}], {"X": "3"}, 0),
    ([{"X": "1"}, {"X": "1"}], {"X": "1"}, 0), ([{"A": "1", "X": "1"}, {"A": "1"}], {"A": "1"}, 1),
])
def test_the_answer_goes_to_the_request_that_agrees_most(recorded: list[dict[str, str]], asked: dict[str, str], expected: int) -> None:
    """Range, Accept and Authorization say more than all others; of equals the first is given."""
    assert expected == take(index(*recorded), **asked)


def test_what_is_left_is_given_all_the_same() -> None:
    """Header fields break ties; they are nothing that has to agree."""
    found = index({"X": "1"}, {"X": "2"})
    assert [1, 0, None] == [take(found, X="2") for _ in range(3)]


def test_what_is_given_again_is_the_nearest_too() -> None:
    """Once all is played, with repeats; of those that agree alike the last."""
    found = index({"X": "1"}, {"X": "2"}, {"X": "2"})
    asked = [Asked("GET", URL, [("X", value)], None) for value in "122123"]
    assert [0, 1, 2, 0, 2, 2] == [found.take(each, repeats=True) for each in asked]


def test_an_order_goes_before_a_tie() -> None:
    """Where the order matters the first that is left is due, whatever its fields."""
    found = index({"X": "1"}, {"X": "2"}, order="strict")
    assert [0, 1] == [take(found, X="2") for _ in range(2)]


@pytest.mark.parametrize("name", ["Range", "Authorization", "X-Tenant"])
def test_of_many_each_gets_its_own(name: str) -> None:
    """However many there are and in whichever order they are asked, beside fields that all have and fields that only one has."""
    count = WINDOW * 4
    found = index(*({name: f"value-{number}", "Accept": "*/*", "X-Request-Id": str(number)} for number in range(count)))
    numbers = list(range(count))
    random.Random(1).shuffle(numbers)
    assert numbers == [take(found, **{name: f"value-{number}", "Accept": "*/*", "X-Request-Id": "new"}) for number in numbers]


def test_two_fields_together_find_theirs_among_many() -> None:
    """Each user has each part: only both fields tell which."""
    pairs = [(user, part) for user in range(WINDOW + 6) for part in range(WINDOW + 6)]
    found = index(*({"Range": f"bytes={part}-", "Authorization": f"Basic {user}"} for user, part in pairs))
    for user, part in ((WINDOW + 5, WINDOW + 5), (WINDOW + 5, 0), (0, WINDOW + 5)):
        assert pairs.index((user, part)) == take(found, Range=f"bytes={part}-", Authorization=f"Basic {user}")


def test_each_request_is_read_once_and_no_further_than_needed() -> None:
    """While all are alike only the next ones are read."""
    read: list[int] = []

    def headers_of(position: int) -> Headers:
        if position:
            read.append(position)
        return [("x", "1")]

    positions, played = list(range(1000)), bytearray(1000)
    ties = Ties(positions, headers_of, dict, lambda headers: [dict(headers)])
    assert 0 == ties.choose(0, played, [])
    assert WINDOW - 1 == len(read)
    for number in range(1, 999):
        assert number == ties.choose(number, played, [])
    assert positions[1:] == sorted(read)


def test_a_secret_agrees_through_its_pseudonym() -> None:
    """What was recorded for a user is found by that user's real credentials."""
    secrets = Secrets()
    fields: list[Headers] = [[("Authorization", f"Bearer {name}-0123456789abcdef")] for name in ("ann", "bob")]
    found = Finder([Interaction(RecordedRequest("GET", URL, secrets.headers(each)), RecordedResponse(200)) for each in fields],
                   MATCH_ON, "any", Secrets(), repeats=False)
    positions = [answer.position for each in reversed(fields) if (answer := found.find(Asked("GET", URL, each, None)))]
    assert [1, 0] == positions


def test_what_alone_can_be_given_again_is_given_whatever_its_fields() -> None:
    ties = Ties([0, 1], lambda position: [("x", str(position))], dict, lambda headers: [dict(headers)])
    assert (1, None) == (ties.again([1], [("x", "0")]), ties.again([], []))
