"""JSON cassettes: understood late, and told with their lines."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sessionmock.errors import CassetteError
from sessionmock.routes.cassette import Format
from sessionmock.routes.cassette.formats import json_text, vcr_tree
from sessionmock.routes.cassette.formats.vcr_yaml import YAMLError

URL = "http://api.test/"
ITEM = {"request": {"method": "GET", "uri": URL, "body": None}, "response": {"status": {"code": 200, "message": "OK"}}}


def changed(**changes: Any) -> dict[str, Any]:
    return {"interactions": [{"request": ITEM["request"] | changes.get("request", {}), "response": ITEM["response"] | changes.get("response", {})}],
            **{name: value for name, value in changes.items() if name not in ("request", "response")}}


def late(tree: dict[str, Any]) -> Any:
    data = json.dumps(tree, indent=1).encode()
    return json_text.tape(Path("a.json"), data, tree)


def test_interactions_are_understood_when_they_are_asked_for() -> None:
    """What a match needs is there at once."""
    tape = late(changed(metadata={"a": 1}))
    assert (Format.VCR_JSON, {"a": 1}) == (tape.format, tape.metadata)
    assert ("GET", URL, None, "not read yet") == (*(getattr(tape.interactions[0], name) for name in ("method", "uri", "body")),
                                                 repr(tape.interactions[0])[-13:-1])
    assert "OK" == tape.interactions[0].response.reason


@pytest.mark.parametrize("tree", [
    changed(more=1), changed(version=2), changed(metadata=[1]), changed(request={"method": None}), changed(response={"status": {"code": "200"}}),
    {"interactions": [{"request": {}}]}, {"interactions": [7]},
])
def test_other_layouts_are_left_to_the_full_reader(tree: dict[str, Any]) -> None:
    """Where something else is there, or something that a match needs is not."""
    assert late(tree) is None


@pytest.mark.parametrize(("changes", "line"), [
    ({"request": {"body": {"base64_string": "@"}}}, 7),
    ({"response": {"headers": 7}}, 9),
])
def test_what_is_wrong_in_one_interaction_is_told_when_it_is_asked_for(changes: dict[str, Any], line: int) -> None:
    """With file and line."""
    one = late(changed(**changes)).interactions[0]
    with pytest.raises(CassetteError, match=rf"a\.json, line {line}: "):
        one.read()
    if "request" in changes:
        with pytest.raises(CassetteError, match=rf"a\.json, line {line}: "):
            one.body    # noqa: B018


@pytest.mark.parametrize(("data", "line", "told"), [
    (b'{"a":\n', 2, "not JSON"),
    (b'{"a":\n"\xff"}', 2, "not UTF-8 text"),
    (b'{"a":\n' + b"1" * 5000 + b"}", 2, "4300"),
    (b'{"a":\n\n' + b"[" * 100_000, 3, "nested more than 100 deep"),
])
def test_text_that_is_no_json_names_its_line(data: bytes, line: int, told: str) -> None:
    """What the standard library cannot read: by its own words, or by what its error means."""
    with pytest.raises(YAMLError, match=told) as wrong:
        json_text.read(data)
    assert line == wrong.value.line


def test_a_body_that_is_nested_too_deep_names_its_line() -> None:
    """A tree that Python reads and that nothing can write again."""
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    tree = changed(request={"body": {"a": deep}})
    text = b"{\n" + b"[" * 5000
    one = json_text.tape(Path("a.json"), text, tree).interactions[0]    # type: ignore[union-attr]
    with pytest.raises(CassetteError, match=r"a\.json, line 2: nested more than"):
        one.read()
    one = json_text.tape(Path("a.json"), b"{}", tree).interactions[0]    # type: ignore[union-attr]
    with pytest.raises(CassetteError, match=r"a\.json, line 1: nested too deep"):
        one.body    # noqa: B018


def test_a_line_that_nobody_knows() -> None:
    """What is not misshapen after all has none, and what is no JSON."""
    assert json_text.line(b"{}", lambda tree: None) is None
    assert json_text.line(b"{", vcr_tree.decode) is None
