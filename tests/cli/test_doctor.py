"""`sessionmock cassette doctor`: problems have exit status 1, notes have 0."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sessionmock.cli import main
from sessionmock.routes.cassette import Interaction, RecordedRequest, RecordedResponse, Tape, files, read_tape, write_tape

URL = "http://api.test/"
JSON = [("Content-Type", "application/json")]
BETAMAX = {"recorded_with": "betamax/0.9", "http_interactions": [{"request": {"method": "GET", "uri": URL}, "response": {"status": {"code": 200}}}]}


def item(path: str, body: bytes = b"{}", headers: list[tuple[str, str]] = JSON) -> Interaction:
    return Interaction(RecordedRequest("GET", f"{URL}{path}"), RecordedResponse(200, "OK", headers[:], body))


def judged(path: Path, status: int, capsys: pytest.CaptureFixture[str]) -> tuple[list[str], list[str]]:
    """The problems and the notes of the file at `path`."""
    assert status == main(["cassette", "doctor", str(path), "--json"])
    (found,) = json.loads(capsys.readouterr().out)["cassettes"]
    return found["problems"], found["notes"]


@pytest.mark.parametrize(("tape", "notes"), [
    (Tape([item("1"), item("2", b"")]), []),
    (Tape([item("1"), item("1"), item("1")]), ["2 interactions that stand there more than once"]),
    (Tape([item("1", headers=[("Set-Cookie", "sessionid=8f14e45fceea167a5a36dedd4bea2543; Path=/")])]),
     ["1 interaction with cookies of a session, the first is number 1"]),
    (Tape([item("1", b"{}\n{}", [("Content-Type", "application/x-ndjson")])]), []),
    (Tape([item("1", '{"a": "\xe9"}'.encode("latin-1"), [("Content-Type", "application/json; charset=iso-8859-1")])]), []),
])
def test_notes_are_no_problems(tmp_path: Path, capsys: pytest.CaptureFixture[str], tape: Tape, notes: list[str]):
    """Repeats and the cookies of a session are told, with exit status 0."""
    files.save(tmp_path / "a.yaml", tape)
    assert ([], notes) == judged(tmp_path / "a.yaml", 0, capsys)
    assert 0 == main(["cassette", "doctor", str(tmp_path)])
    assert len(notes) == capsys.readouterr().out.count("note: ")


def test_a_layout_that_is_only_read_is_a_note(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """It is replayed as it is."""
    (tmp_path / "a.json").write_text(json.dumps(BETAMAX))
    assert ([], ["replayed, but not recorded into: convert it"]) == judged(tmp_path / "a.json", 0, capsys)


@pytest.mark.parametrize(("tape", "told"), [
    (Tape([]), "nothing in it"),
    (Tape([item("1"), item("2?token=s3cr3t-of-the-canary")]), "1 interaction with what looks like a secret, the first is number 2: scan it"),
    (Tape([item("1"), item("2", b"{broken")]), "number 2: a body that is not the JSON that its type says"),
])
def test_problems_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str], tape: Tape, told: str):
    """With exit status 1."""
    files.save(tmp_path / "a.yaml", tape)
    assert ([told], []) == judged(tmp_path / "a.yaml", 1, capsys)


def test_a_broken_file_is_told_with_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """As far as anybody knows it."""
    (tmp_path / "a.yaml").write_text("interactions: [\n")
    (problem,), notes = judged(tmp_path / "a.yaml", 1, capsys)
    assert ("line 2", []) == (problem[:6], notes)


def entry(number: int, content: Any) -> dict[str, Any]:
    return {"request": {"method": "GET", "url": f"{URL}{number}"}, "response": {"status": 200, "content": content}}


def test_each_entry_that_is_broken_or_lost_its_body_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """The others of their file are judged as ever."""
    path = tmp_path / "a.har"
    entries = [entry(1, {"text": "a"}), entry(2, {"text": 7}), entry(3, {"size": 1057}), entry(4, {"size": 3, "text": ""})]
    path.write_text(json.dumps({"log": {"entries": entries}}))
    assert (["line 1: entry 2: the text of a body is text",
             "2 answers whose body the recorder did not keep, the first is number 3: a miss when asked for"], []) == judged(path, 1, capsys)


def test_a_body_that_was_lost_stays_lost_where_its_tape_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """In every layout."""
    (tmp_path / "a.har").write_text(json.dumps({"log": {"entries": [entry(1, {"size": 1057})]}}))
    tape = read_tape(tmp_path / "a.har")
    for name in ("b.har", "b.yaml", "b.json"):
        write_tape(tmp_path / name, tape)
        assert [1057] == [one.extra.lost for one in read_tape(tmp_path / name).interactions]
        assert "did not keep" in judged(tmp_path / name, 1, capsys)[0][0]
