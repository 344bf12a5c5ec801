"""Modes beyond recording and replaying: CI, verify, ages, trim; and what a miss says of order, other cassettes and the cure."""
from __future__ import annotations

import json
import warnings
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sessionmock.clock import JumpingClock
from sessionmock.errors import CassetteError, InvalidArgumentException
from sessionmock.models.message import Request, ResponseHead
from sessionmock.routes.cassette import CassetteRoute, Interaction, Mode, Tape, files
from sessionmock.routes.current import use_route

from .doubles import FakeHost, FakeLive, RecordingSink
from .test_cassette_route import URL, answer, get, item

NOW = JumpingClock().date()


@pytest.fixture
def tape(tmp_path: Path):
    """Writes a cassette and gives its path."""
    def make(*interactions: Interaction) -> Path:
        files.save(tmp_path / "tape.yaml", Tape(list(interactions)))
        return tmp_path / "tape.yaml"
    return make


def bodies(path: Path) -> list[bytes]:
    return [interaction.response.body for interaction in files.read_tape(path).interactions]


# The default ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("value", "mode"), [("true", Mode.NONE), ("1", Mode.NONE), ("", Mode.ONCE), ("false", Mode.ONCE), ("0", Mode.ONCE)])
def test_by_default_nothing_is_recorded_in_ci(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, mode: Mode):
    """Where the variable CI is set the default mode is "none"; a mode that is asked for holds there too."""
    monkeypatch.setenv("CI", value)
    with CassetteRoute(tmp_path / "a.yaml", live=FakeLive(answer())) as route:
        assert mode is route.mode
        assert (mode is Mode.ONCE) is (b"live" == get(route).body)
    with CassetteRoute(tmp_path / "b.yaml", "once", live=FakeLive(answer())) as route:
        assert b"live" == get(route).body


# Saving --------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("everywhere", [False, True])
def test_the_end_of_the_block_saves_what_was_recorded_in_it(tmp_path: Path, everywhere: bool):
    """Without a word of the user's; what was not played stays for a later block, also where `trim` drops it in the end."""
    path = tmp_path / "a.yaml"
    files.save(path, Tape([item(b"old")]))
    route = CassetteRoute(path, "new_episodes", live=FakeLive(answer(), answer()), trim=True)
    with use_route(route, everywhere=everywhere):
        assert b"live" == get(route, URL + "/new").body
    assert [b"old", b"live"] == bodies(path)
    with pytest.raises(ZeroDivisionError), use_route(route, everywhere=everywhere):
        get(route, URL + "/another")
        raise ZeroDivisionError
    assert [b"old", b"live"] == bodies(path)
    route.close()


# Verify --------------------------------------------------------------------------------------------------------------

def test_verify_gives_the_live_answer_and_collects_what_differs(tape):
    """Mode "verify" asks the server, gives its answer, writes nothing and names each place in which the cassette differs."""
    recorded = item(json.dumps({"id": 1, "tags": ["a", "b"], "gone": None}).encode())
    recorded.response.headers = [("Content-Type", "application/json"), ("Date", "then"), ("X-Version", "1")]
    path = tape(recorded)
    before = path.read_bytes()
    body = json.dumps({"id": 2, "tags": ["a"], "new": "x"}).encode()
    head = ResponseHead(203, [("Content-Type", "application/json"), ("Date", "now"), ("Content-Length", str(len(body)))])
    with CassetteRoute(path, "verify", live=FakeLive([("head", head), ("data", body), ("end", [])])) as route:
        assert body == get(route).body
    assert [
        f"GET {URL}: status: the cassette has 200, the server gave 203",
        f"GET {URL}: headers.x-version: the cassette has 1, the server gave none",
        f"GET {URL}: body.id: the cassette has 1, the server gave 2",
        f"GET {URL}: body.tags: the cassette has 2 elements, the server gave 1 elements",
        f"GET {URL}: body.gone: the cassette has null, the server gave none",
        f'GET {URL}: body.new: the cassette has none, the server gave "x"',
    ] == [str(difference) for difference in route.differences]
    assert before == path.read_bytes()
    assert ([], 0, 1) == (route.misses, route.recorded, route.played)


@pytest.mark.parametrize(("recorded", "live", "ignore", "places"), [
    (b"same", b"same", [], []), (b"one", b"two", [], ["body"]), (b'{"token": "a", "n": 1}', b'{"token": "b", "n": 1}', [], []),
    (b'{"items": [{"id": 1}]}', b'{"items": [{"id": 2}]}', ["body.items.*.id"], []), (b"[1]", b"[1, 2]", ["headers.*"], ["body"]),
])
def test_verify_leaves_out_secrets_and_what_is_ignored(tape, recorded: bytes, live: bytes, ignore: list[str], places: list[str]):
    """Equal bodies, other secrets and places that a pattern names are no differences."""
    one = item(recorded)
    one.response.headers = [("Content-Type", "application/json")]
    answers = [("head", ResponseHead(200, [("Content-Type", "application/json")])), ("data", live), ("end", [])]
    route = CassetteRoute(tape(one), "verify", live=FakeLive(answers), ignore=ignore)
    get(route)
    assert places == [difference.place for difference in route.differences]


def test_verify_notes_what_the_cassette_does_not_have(tape):
    """A request that has no recording is answered live and is a difference; without a live route it is a miss."""
    path = tape(item(b"x"))
    route = CassetteRoute(path, "verify", live=FakeLive(answer()))
    assert b"live" == get(route, URL + "/new").body
    assert [("answer", "none", "status 200")] == [difference[1:] for difference in route.differences]
    assert "live=..." in str(get(CassetteRoute(path, "verify"), URL + "/new").missed)


# Ages ----------------------------------------------------------------------------------------------------------------

def aged(body: bytes, days: float, url: str = URL) -> Interaction:
    made = item(body, url)
    made.extra.recorded_at = NOW - timedelta(days=days)
    return made


def test_recordings_keep_their_time(tmp_path: Path):
    """What is recorded says when, to the second."""
    with CassetteRoute(tmp_path / "a.yaml", live=FakeLive(answer())) as route:
        get(route)
    assert NOW.replace(microsecond=0) == files.read_tape(tmp_path / "a.yaml").interactions[0].extra.recorded_at


def test_an_old_answer_warns_once(tape):
    """With on_expiry="warn" old answers are given, and closing warns once for all of them; young ones do not."""
    path = tape(aged(b"1", 40), aged(b"2", 40, URL + "/2"), aged(b"3", 1, URL + "/3"))
    route = CassetteRoute(path, max_age=30 * 86400)
    assert [b"3", b"1", b"2"] == [get(route, url).body for url in (URL + "/3", URL, URL + "/2")]
    with pytest.warns(UserWarning, match=f"2 answers are older than 30 days.*GET {URL}, recorded 40 days ago, …") as caught:
        route.close()
    assert 1 == len(caught)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        CassetteRoute(path, max_age=50 * 86400).close()


def test_an_old_answer_may_be_a_miss(tape):
    """With on_expiry="fail" an old answer is none, and the miss says how old it is."""
    route = CassetteRoute(tape(aged(b"1", 40)), max_age=86400, on_expiry="fail")
    assert f"expired: GET {URL}, recorded 40 days ago" in str(get(route).missed)
    route.close()


def test_the_date_of_an_answer_tells_its_age(tape):
    """A recording that does not say when it was made is as old as the Date of its answer; one without either never expires."""
    dated = item(b"1")
    dated.response.headers = [("Date", "Tue, 15 Nov 1994 08:12:31 GMT")]
    route = CassetteRoute(tape(dated, item(b"2", URL + "/2")), max_age=86400, on_expiry="fail")
    assert "expired" in str(get(route).missed)
    assert b"2" == get(route, URL + "/2").body


def test_old_answers_are_recorded_again_in_their_place(tape, monkeypatch: pytest.MonkeyPatch):
    """With on_expiry="rerecord" an old answer comes from the server and takes the place of the old; in CI it is given with a warning."""
    path = tape(aged(b"old", 40), aged(b"young", 1, URL + "/2"), aged(b"not asked", 40, URL + "/3"))
    options: dict[str, Any] = {"max_age": 30 * 86400, "on_expiry": "rerecord"}
    monkeypatch.setenv("CI", "true")
    with pytest.warns(UserWarning, match="1 answers"), CassetteRoute(path, live=FakeLive(), **options) as route:
        assert b"old" == get(route).body
    monkeypatch.delenv("CI")
    with CassetteRoute(path, "none", live=FakeLive(answer(b"new")), **options) as route:
        assert [b"new", b"young"] == [get(route, url).body for url in (URL, URL + "/2")]
        assert get(route, URL + "/unknown").missed
    assert [b"new", b"young", b"not asked"] == bodies(path)
    again = CassetteRoute(path, **options)
    assert b"new" == get(again).body
    again.close()


# Trim ----------------------------------------------------------------------------------------------------------------

def test_trim_drops_what_was_not_played(tape):
    """With trim=True what was not played is gone from the file, which keeps its order."""
    path = tape(item(b"1"), item(b"2", URL + "/2"), item(b"3", URL + "/3"))
    route = CassetteRoute(path, trim=True)
    get(route, URL + "/3")
    get(route)
    assert [1] == route.unplayed
    route.close()
    assert [b"1", b"3"] == bodies(path)


def test_trim_drops_nothing_after_a_miss_or_without_a_request(tape):
    """A run that missed something, or asked for nothing, says nothing about what is needed."""
    path = tape(item(b"1"), item(b"2", URL + "/2"))
    CassetteRoute(path, trim=True).close()
    with CassetteRoute(path, trim=True) as route:
        get(route)
        get(route, URL + "/unknown")
    assert [b"1", b"2"] == bodies(path)


@pytest.mark.parametrize(("options", "word"), [
    ({"max_age": -1}, "max_age"), ({"max_age": float("inf")}, "max_age"), ({"on_expiry": "x"}, "on_expiry"),
])
def test_bad_ages_are_misuse(tmp_path: Path, options: dict[str, Any], word: str):
    """Options that cannot be right are named."""
    with pytest.raises(InvalidArgumentException, match=word):
        CassetteRoute(tmp_path / "a.yaml", **options)


# Misses --------------------------------------------------------------------------------------------------------------

def test_a_miss_finds_the_answer_in_another_cassette(tape, tmp_path: Path):
    """A request that a cassette of the same folder has is told from one that none has; broken files there do no harm."""
    path = tape(item(b"1"))
    files.save(tmp_path / "other.json", Tape([item(b"2"), item(b"3", URL + "/3?token=recorded")]))
    (tmp_path / "broken.yaml").write_text("[")
    message = str(get(CassetteRoute(path), URL + "/3?token=mine").missed)
    assert "recorded in another cassette: other.json, number 2" in message
    assert "not in this cassette; nearest is number 1" in message
    assert "another" not in str(get(CassetteRoute(path), URL + "/4").missed)


def test_a_miss_shows_the_three_nearest(tape):
    """Of many recordings the three that differ least are shown, each with its fields."""
    path = tape(*(item(b"x", f"{URL}/{number}?n={number}") for number in range(40)), item(b"x", "http://b.test/"))
    message = str(get(CassetteRoute(path), URL + "/7?n=8").missed)
    assert f"nearest is number 8, GET {URL}/7?n=7:\n    query: asked n=8, recorded n=7" in message
    assert 2 == message.count("  then number")
    assert "b.test" not in message


def test_a_hint_is_the_cure(tape):
    """Whoever opened the cassette may say which command records it."""
    route = CassetteRoute(tape(item(b"1")))
    route.hint = "pytest 'test_a.py::test' --sessionmock=record"
    assert "  to record it: pytest 'test_a.py::test' --sessionmock=record" in str(get(route, URL + "/2").missed)


def test_a_broken_interaction_fails_its_own_request(tmp_path: Path):
    """An interaction that cannot be read is an error of the request that needs it, with file and line."""
    files.save(tmp_path / "a.yaml", Tape([item(b"1"), item(b"2", URL + "/2")]))
    path = tmp_path / "a.yaml"
    path.write_text(path.read_text().replace("string: '2'", "string: !!binary '@'").replace('string: "2"', "string: !!binary '@'"))
    sink, host = RecordingSink(), FakeHost()
    CassetteRoute(path).bind(None, host).open(Request("GET", URL + "/2", [], None), sink)
    assert isinstance(sink.calls[0][1].underlying_error, CassetteError)


@pytest.mark.parametrize("mode", Mode)
def test_what_records_unattended(monkeypatch: pytest.MonkeyPatch, mode: Mode):
    """In CI what would write does not, and what would not stays as it is; elsewhere every mode is itself."""
    monkeypatch.setenv("CI", "1")
    assert (mode if mode is Mode.VERIFY else Mode.NONE) is mode.unattended
    monkeypatch.delenv("CI")
    assert mode is mode.unattended
