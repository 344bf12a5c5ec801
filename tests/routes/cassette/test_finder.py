"""What a cassette answers, asked of the finder alone: repeats, places, secrets seen through, and what was played."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sessionmock.errors import CassetteError
from sessionmock.routes.cassette import Interaction, Mode, RecordedRequest, RecordedResponse, Secrets
from sessionmock.routes.cassette.asked import Asked, Masking
from sessionmock.routes.cassette.finder import Finder
from sessionmock.routes.cassette.matching import MATCH_ON

URL = "http://api.test/things"


def item(body: bytes, url: str = URL, method: str = "GET", asked: bytes | None = None) -> Interaction:
    return Interaction(RecordedRequest(method, url, [], asked), RecordedResponse(200, "OK", [], body))


def finder(*items: Interaction, secrets: Secrets | None = None, **values: Any) -> Finder:
    return Finder(items, values.get("match_on", MATCH_ON), values.get("order", "any"), secrets, values.get("repeats", False))


def bodies(found: Finder, *asked: Asked) -> list[bytes | None]:
    answers = [found.find(one) for one in asked]
    return [answer.interaction.response.body if answer else None for answer in answers]


def get(url: str = URL) -> Asked:
    return Asked("GET", url, [], None)


class Told:
    """What a report says of a cassette."""

    path, mode, found, replays, hint = Path("tape.yaml"), Mode.NONE, True, True, ""

    def __init__(self, masking: Masking | None = None) -> None:
        self.masking = masking


def test_equal_requests_get_their_answers_in_turn() -> None:
    """Each answer is given once, with its place; then there is none."""
    answers = finder(item(b"1"), item(b"other", f"{URL}/2"), item(b"2"))
    assert [0, 2] == [found.position for found in (answers.find(get()), answers.find(get())) if found]
    assert answers.find(get()) is None
    assert (2, [1]) == (answers.played, answers.unplayed(3))


def test_with_repeats_the_last_of_equals_is_given_again() -> None:
    """What is used up answers once more; what was added answers too."""
    answers = finder(item(b"1"), item(b"2"), repeats=True)
    assert [b"1", b"2", b"2"] == bodies(answers, get(), get(), get())
    answers.add(item(b"3"))
    assert [b"3", b"3"] == bodies(answers, get(), get())


def test_a_pseudonym_answers_for_its_secret() -> None:
    """A request with a secret finds what was recorded with the secret's pseudonym, before what has another one."""
    secrets = Secrets(seed=1)
    recorded = [item(b"of another", f"{URL}?token={Secrets(seed=2).pseudonyms.of('a-long-secret-1')}"),
                item(b"mine", f"{URL}?token={secrets.pseudonyms.of('a-long-secret-1')}")]
    answers = finder(*recorded, secrets=secrets)
    assert [b"mine"] == bodies(answers, get(f"{URL}?token=a-long-secret-1"))


def test_what_differs_in_secrets_alone_answers_where_nothing_else_does() -> None:
    """Recordings by others, with secrets as they were or with other ones, answer too: the equal ones first."""
    answers = finder(item(b"other", f"{URL}?token=another-secret-9"), item(b"same", f"{URL}?token=a-long-secret-1"), secrets=Secrets())
    asked = get(f"{URL}?token=a-long-secret-1")
    assert [b"same", None] == bodies(answers, asked, asked)
    assert [b"other"] == bodies(answers, get(f"{URL}?token=a-third-secret-3"))


def test_what_is_added_is_found_blind_to_secrets_too() -> None:
    """An answer that comes while requests with other secrets are let through is among what they may get."""
    answers = finder(item(b"1", f"{URL}?token=another-secret-9"), secrets=Secrets(), repeats=True)
    assert [b"1"] == bodies(answers, get(f"{URL}?token=a-long-secret-1"))
    answers.add(item(b"2", f"{URL}?token=another-secret-8"))
    assert [b"2"] == bodies(answers, get(f"{URL}?token=a-third-secret-3"))


def test_a_secret_without_a_name_is_learnt_from_the_recording() -> None:
    """Where a pseudonym stands in the place of a word that nobody could know for a secret, the word is one from now on."""
    secrets = Secrets()
    user = secrets.pseudonyms.of("AnnExample77")
    answers = finder(item(b"1", f"{URL}/{user}"), item(b"2", f"{URL}/{user}/more"), secrets=secrets)
    assert [b"1", b"2", None] == bodies(answers, get(f"{URL}/AnnExample77"), get(f"{URL}/AnnExample77/more"), get(f"{URL}/Bob"))


def test_headers_count_without_their_secrets() -> None:
    """Where headers are compared, or a matcher looks at them, secrets in them have pseudonyms on both sides."""
    secrets = Secrets()
    recorded = item(b"1")
    recorded.request.headers = [("Authorization", f"Bearer {secrets.pseudonyms.of('a-long-secret-1')}")]
    asked = Asked("GET", URL, [("Authorization", "Bearer a-long-secret-1")], None)
    for match_on in (["path", "headers"], ["path", lambda one, other: one.headers == other.headers]):
        assert [b"1"] == bodies(finder(recorded, secrets=secrets, match_on=match_on), asked)


def test_a_broken_answer_is_told_when_it_is_found() -> None:
    """What cannot be read raises where it is asked for, and counts as played."""
    class Broken:
        method, uri = "GET", URL

        def body(self) -> None: ...

        def read(self) -> Interaction:
            raise CassetteError("tape.yaml, line 7: broken")

    answers = finder(Interaction.of(Broken()))
    with pytest.raises(CassetteError, match="line 7"):
        answers.find(get())
    assert 1 == answers.played


def test_a_report_knows_what_other_secrets_used_up() -> None:
    """A miss whose answer was given to a request with other secrets is told as used up."""
    answers = finder(item(b"1", f"{URL}?token=another-secret-9"), secrets=Secrets())
    asked = get(f"{URL}?token=a-long-secret-1")
    assert [b"1", None] == bodies(answers, asked, asked)
    told = answers.explain(asked, Told(answers.masking))()
    assert "used up: recorded once, number 1" in told
    assert "a-long-secret-1" not in told


def test_a_reason_that_is_known_is_the_report() -> None:
    """What the caller knows better stands in the place of what came nearest."""
    told = finder(item(b"1")).explain(get(f"{URL}/2"), Told(), "expired: long ago")()
    assert "  expired: long ago\n" in told
    assert "nearest" not in told


def test_what_lost_its_body_answers_nothing() -> None:
    """The next of its equals does, again where answers are repeated; where none is left, the report says why."""
    lost, kept = item(b""), item(b"1")
    lost.extra.lost = 1057
    answers = finder(lost, kept)
    assert ([b"1", None], 1) == (bodies(answers, get(), get()), answers.played)
    assert [b"1"] * 3 == bodies(finder(kept, lost, repeats=True), get(), get(), get())
    assert "recorded, number 1, but its recorder did not keep the body" in answers.explain(get(), Told(answers.masking))()
