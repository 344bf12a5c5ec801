"""JSON cassettes: what is broken in one says in which line."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sessionmock.errors import CassetteError
from sessionmock.routes.cassette.files import load
from sessionmock.routes.cassette.formats import json_text
from sessionmock.routes.cassette.formats.vcr_yaml import MAX_DEPTH, YAMLError


def entry(**changes: Any) -> dict[str, Any]:
    response = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": "ok"}}
    return {"request": {"method": "GET", "uri": "http://a.test/", "headers": {}, "body": None}, "response": response} | changes


def tape(tmp_path: Path, *entries: Any) -> Path:
    path = tmp_path / "tape.json"
    path.write_text(json.dumps({"version": 1, "interactions": entries}, indent=1))
    return path


@pytest.mark.parametrize(("data", "line", "says"), [
    (b'{\n"a": 1,\n}', 3, "not JSON"),
    (b'{\n"a": "\xff"}', 2, "not UTF-8"),
    (b'{"a": 1,\n"b": ' + b"9" * 5000 + b"}", 2, "digits"),
    (b"[" * 100_000, 1, f"nested more than {MAX_DEPTH} deep"),
    (b"[\n" * MAX_DEPTH + b"[" * 100_000, MAX_DEPTH + 1, f"nested more than {MAX_DEPTH} deep"),
])
def test_text_that_is_no_json(data: bytes, line: int, says: str) -> None:
    """The error names the line, and what is wrong there."""
    with pytest.raises(YAMLError, match=says) as failure:
        json_text.read(data)
    assert line == failure.value.line


def test_text_whose_depth_is_not_to_be_seen() -> None:
    """Where Python gave up before the limit, as deep in a stack of its own, the file is named without a place."""
    assert ("nested too deep", 1) == (str(json_text.too_deep(b"[]")), json_text.too_deep(b"[]").line)


def test_an_interaction_is_read_when_it_is_asked_for(tmp_path: Path) -> None:
    """One that is broken does not keep the others from being used; its own error names the line."""
    path = tape(tmp_path, entry(), entry(response={"status": {"code": 200, "message": "OK"}, "headers": [1], "body": {"string": "ok"}}))
    found = load(path)
    assert found is not None
    good, broken = found.interactions
    assert b"ok" == good.response.body
    assert ("GET", "http://a.test/") == (broken.method, broken.uri)
    with pytest.raises(CassetteError, match=r"tape\.json, line \d+: ") as failure:
        broken.read()
    number = int(str(failure.value).split("line ")[1].split(":")[0])
    assert ['   "response": {', '    "headers": ['] == [path.read_text().splitlines()[place] for place in (number - 1, number + 4)]


def test_the_body_of_a_request_is_read_apart(tmp_path: Path) -> None:
    """What a matcher asks for is there without the rest, and a body that is none says its line."""
    request = entry()["request"]
    found = load(tape(tmp_path, entry(request=request | {"body": "a=1"}), entry(request=request | {"body": {"base64_string": "*"}})))
    assert found is not None
    assert b"a=1" == found.interactions[0].body
    with pytest.raises(CassetteError, match=r"tape\.json, line \d+: "):
        _ = found.interactions[1].body


def test_an_interaction_that_is_nested_too_deep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's own limit is met late, where an interaction is understood: it is the file's fault all the same."""
    def too_deep(*_: Any) -> Any:
        raise RecursionError
    found = load(tape(tmp_path, entry()))
    assert found is not None
    monkeypatch.setattr("sessionmock.routes.cassette.formats.vcr_tree.decode_item", too_deep)
    with pytest.raises(CassetteError, match=r"tape\.json, line 1: nested too deep"):
        found.interactions[0].read()


@pytest.mark.parametrize("change", [
    {"request": {"method": [], "uri": "http://a.test/"}}, {"request": {"method": "GET"}}, {"response": {"status": {"code": "ok"}}}, {"response": []},
])
def test_an_interaction_without_what_a_match_needs(tmp_path: Path, change: dict[str, Any]) -> None:
    """The file is understood as a whole then, and says at once what is wrong."""
    with pytest.raises(CassetteError, match=r"tape\.json, line \d+: "):
        load(tape(tmp_path, entry(**change)))


@pytest.mark.parametrize("data", [b"{", b"[" * 100_000])
def test_no_line_where_there_is_none(data: bytes) -> None:
    """The slow look for a line gives up where the text is no JSON at all."""
    assert json_text.line(data, lambda tree: tree) is None


@pytest.mark.parametrize("change", [
    {"more": 1}, {"version": 2}, {"metadata": [1]}, {"interactions": [entry(request={"method": None, "uri": "http://a.test/"})]},
    {"interactions": [entry(response={"status": {"code": "200"}})]}, {"interactions": [{"request": {}}]}, {"interactions": [7]},
])
def test_other_layouts_are_left_to_the_full_reader(change: dict[str, Any]) -> None:
    """Where something else is there, or something that a match needs is not."""
    assert json_text.tape(Path("a.json"), b"", {"version": 1, "interactions": [entry()]}) is not None
    assert json_text.tape(Path("a.json"), b"", {"version": 1, "interactions": [entry()]} | change) is None
