"""Plans as values, as dicts and as TOML."""
from __future__ import annotations

import copy
import io
import json
import pickle
import re
from pathlib import Path
from typing import Any

import pytest

from sessionmock import InvalidArgumentException, URLError
from sessionmock.faults.plan import FaultPlan

PLAN = (
    FaultPlan()
    .at("connect", first=2).refuse()
    .at("body", url="https://api.test/*", method="GET", byte=10).reset()
    .at("body", url=re.compile("/a$", re.IGNORECASE)).delay(3)
    .at("head", nth=3).status(503, {"Retry-After": "1"}, "busy")
    .at("head", task="upload").challenge("Digest", "shop", stale=True)
    .at("head").redirect("/b")
    .at("body", probability=0.5).fail(URLError.Code.NETWORK_CONNECTION_LOST)
    .at("disk.write", byte=100, from_here_on=True).oserror("EIO")
    .at("callback.task_did_complete", optional=True).raises(KeyError)
    .at("tls", every=2).certificate("expired"))
TOML = """
[[fault]]
point = "connect"
kind = "refuse"
first = 2

[[fault]]
point = "body"
kind = "delay"
seconds = 3
url = {regex = "/a$"}
"""


def test_a_plan_is_a_value() -> None:
    """Each line makes a new one; equal plans have one hash; nothing of it can be set; `repr` makes it anew."""
    one = FaultPlan().at("connect").refuse()
    other = one.at("body").end()
    assert len(one) == 1
    assert list(other) == [*one, other[1]]
    assert one + other[1:] == other == FaultPlan(other) == FaultPlan([one, other[1]])
    assert one != other
    assert hash(FaultPlan(list(other))) == hash(other)
    with pytest.raises(AttributeError):
        one.lines = ()
    assert eval(repr(PLAN)) == PLAN
    assert str(other) == "at('connect').refuse()\nat('body').end()"
    assert copy.deepcopy(PLAN) == pickle.loads(pickle.dumps(PLAN)) == PLAN


def test_a_plan_goes_through_a_dict_and_json() -> None:
    """Whatever TOML has a word for is plain there."""
    assert FaultPlan.from_dict(PLAN.to_dict()) == PLAN
    assert FaultPlan.from_dict(json.loads(json.dumps(PLAN.to_dict()))) == PLAN
    assert PLAN.to_dict()["fault"][:2] == [
        {"point": "connect", "kind": "refuse", "first": 2},
        {"point": "body", "kind": "reset", "url": "https://api.test/*", "method": "GET", "byte": 10}]
    assert FaultPlan.from_dict({}) == FaultPlan()


def test_what_toml_has_no_word_for_stays_itself() -> None:
    """A function, an exception with arguments, bytes that are no text, an error with more than its code."""
    plan = (FaultPlan().at("body", task=callable).reset().at("completion").raises(ValueError("x")).at("head").status(200, body=b"\xff")
            .at("body").fail(URLError(-1005, {"a": 1})))
    assert FaultPlan.from_dict(plan.to_dict()) == plan
    assert eval(repr(plan[1:])) == plan[1:]


def test_toml_is_a_text_a_path_or_a_file(tmp_path: Path) -> None:
    """All say the same."""
    expected = FaultPlan().at("connect", first=2).refuse().at("body", url=re.compile("/a$")).delay(3)
    path = tmp_path / "faults.toml"
    path.write_text(TOML)
    with path.open("rb") as binary, path.open() as text:
        plans = [FaultPlan.from_toml(source) for source in (TOML, path, str(path), binary, text, io.StringIO(TOML))]
    assert plans == [expected] * 6
    assert FaultPlan.from_toml("") == FaultPlan()
    with pytest.raises(FileNotFoundError):
        FaultPlan.from_toml(str(tmp_path / "none.toml"))
    with pytest.raises(InvalidArgumentException, match="a path, an open file, or the text"):
        FaultPlan.from_toml(3)  # type: ignore[arg-type]    # that is the mistake


def test_kinds_take_classes_of_exceptions_by_name() -> None:
    """Python's by their name alone."""
    tables = [{"point": "completion", "kind": "raises", "exception": name} for name in ("ValueError", "json:JSONDecodeError")]
    assert [line.kind["exception"] for line in FaultPlan(tables)] == [ValueError, json.JSONDecodeError]


GOOD = '[[fault]]\npoint = "connect"\nkind = "refuse"\n'


@pytest.mark.parametrize(("text", "said"), [
    ('[[fault]]\npoint = "body"\nkind = "rset"', "fault 2: kind: there is no kind 'rset': choose from reset, "),
    ('[[fault]]\npoint = "bdy"\nkind = "reset"', r"fault 2: at\('bdy'\): there is no point 'bdy': choose from body, "),
    ('[[fault]]\npoint = "body"\nkind = "reset"\nbite = 3', "fault 2: reset: there is no key 'bite': choose from byte, "),
    ('[[fault]]\npoint = "body"\nkind = "delay"', "fault 2: delay takes seconds, and seconds is missing"),
    ('[[fault]]\npoint = "body"\nkind = "delay"\nseconds = -1', r"fault 2: delay\(seconds\) was given -1"),
    ('[[fault]]\npoint = "body"\nkind = "delay"\nsize = 1', "fault 2: delay: there is no key 'size'"),
    ('[[fault]]\npoint = "body"', "fault 2: kind is None: give its name"),
    ('[[fault]]\nkind = "reset"', "fault 2: point is None"),
    ('[[fault]]\npoint = "body"\nkind = {delay = 3}', "fault 2: kind is {'delay': 3}: give its name"),
    ('[[fault]]\npoint = "body"\nkind = "refuse"', "fault 2: .*makes no sense there"),
    ('[[fault]]\npoint = "body"\nkind = "reset"\nurl = {regex = "("}', "fault 2: url=.* is no pattern"),
    ('[[fault]]\npoint = "body"\nkind = "reset"\nurl = {regx = "a"}', "fault 2: url=.* is no pattern"),
    ('[[fault]]\npoint = "completion"\nkind = "raises"\nexception = "ValueErr"', "fault 2: exception='ValueErr' is none"),
    ('[[faults]]\npoint = "body"\nkind = "reset"', "faults"),
    ("[[fault]", "from_toml: "),
])
def test_a_wrong_table_is_named_by_its_number(text: str, said: str) -> None:
    """With the key, and with what there is."""
    with pytest.raises(InvalidArgumentException, match=f"(?s){said}"):
        FaultPlan.from_toml(GOOD + text)


@pytest.mark.parametrize("wrong", ["connect", {"fault": []}, 3, None, [3], [None], [FaultPlan().at("body")]])
def test_what_is_no_plan_is_refused(wrong: Any) -> None:
    """A place without a kind too."""
    with pytest.raises(InvalidArgumentException, match="plan"):
        FaultPlan(wrong)
