"""The contract between engine and routes: whoever plays a part in it has every member, in the library, the plugin and the tests."""
from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from sessionmock.routes import base

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("sessionmock", "plugins", "tests")

# By which methods a class is known to play a part, with how many arguments each takes; what the part asks for is in routes/base.py.
PARTS = {
    base.Route: {"bind": 2},
    base.Channel: {"open": 2, "flush": 0},
    base.Exchange: {"pause": 0, "resume": 0, "cancel": 0},
    base.Sink: {"head": 1, "informational": 1},
}
# Parts of other plays: a progress and a task are paused and cancelled too, and a server opens connections.
OTHERS = {"sessionmock/models/progress.py", "tests/models/test_progress.py"}


class Made(NamedTuple):
    """A class as it is written."""

    name: str
    place: str
    bases: tuple[str, ...]
    members: dict[str, int]      # a method's count of arguments, without self; -1 for an attribute


def _members(body: ast.ClassDef) -> dict[str, int]:
    found: dict[str, int] = {}
    for node in body.body:
        match node:
            case ast.FunctionDef(name=name, args=arguments) | ast.AsyncFunctionDef(name=name, args=arguments):
                is_property = any(isinstance(each, ast.Name) and each.id in ("property", "cached_property") for each in node.decorator_list)
                found[name] = -1 if is_property else len(arguments.args) - 1
            case ast.Assign(targets=targets):
                found |= {target.id: found.get(getattr(node.value, "id", ""), -1) for target in targets if isinstance(target, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)):
                found[name] = -1
    for node in ast.walk(body):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name) and node.value.id == "self":
            found.setdefault(node.attr, -1)
    return found


@cache
def classes() -> tuple[Made, ...]:
    """Every class of the three folders, those inside functions too."""
    found = []
    for file in (file for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.py"))):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ClassDef):
                bases = tuple(ast.unparse(each).partition("[")[0].rpartition(".")[2] for each in node.bases)
                found.append(Made(node.name, f"{file.relative_to(ROOT).as_posix()}:{node.lineno}", bases, _members(node)))
    return tuple(found)


def has(made: Made, seen: frozenset[str] = frozenset()) -> dict[str, int]:
    """The members of `made` with those that it inherits."""
    inherited: dict[str, int] = {}
    for name in reversed(made.bases):
        for parent in classes():
            if parent.name == name and parent.place not in seen and "Protocol" not in parent.bases:
                inherited |= has(parent, seen | {made.place})
    return inherited | made.members


def players(part: Any) -> Iterator[tuple[Made, dict[str, int]]]:
    """Who plays `part`."""
    for made in classes():
        if "Protocol" in made.bases or made.place.partition(":")[0] in OTHERS:
            continue
        members = has(made)
        if all(members.get(name, None) in (count, -1) for name, count in PARTS[part].items()):
            yield made, members


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_whoever_plays_a_part_has_every_member_of_it(part: Any) -> None:
    """No member is optional: routes, channels, exchanges and sinks have all that routes/base.py names, wrappers and doubles too."""
    required = {name for name in vars(part) if not name.startswith("_")}
    incomplete = [f"{made.place} {made.name} lacks {', '.join(sorted(required - members.keys()))}"
                  for made, members in players(part) if required - members.keys()]
    assert [] == incomplete


@pytest.mark.parametrize(("part", "expected"), [
    (base.Route, {"LiveRoute", "LocalRoute", "CassetteRoute", "ScriptRoute", "ClientRoute", "TransportRoute", "WatchedRoute", "Cassette"}),
    (base.Channel, {"LiveChannel", "CassetteChannel", "ScriptChannel", "ClientChannel", "TransportChannel", "WatchedChannel"}),
    (base.Exchange, {"LiveExchange", "Deferred", "Pump", "Passing", "RecordedExchange", "OwnWay", "Finished", "Playback"}),
    (base.Sink, {"Passing", "Recorder", "Inbox"}),
], ids=lambda value: getattr(value, "__name__", ""))
def test_walk_meets_those_that_are_there(part: Any, expected: set[str]) -> None:
    """The walk above is no walk through an empty house."""
    assert set() == expected - {made.name for made, _ in players(part)}


def test_nobody_outside_asks_for_the_class_of_a_route() -> None:
    """What a route can do is a member of the contract: no `isinstance` of a route's or channel's class outside routes/."""
    known = {made.name for part in (base.Route, base.Channel, base.Exchange) for made, _ in players(part)} - {"Cassette"}
    asked = []
    for file in (file for folder in ("sessionmock", "plugins") for file in sorted((ROOT / folder).rglob("*.py"))):
        if file.is_relative_to(ROOT / "sessionmock" / "routes"):
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Call(func=ast.Name(id="isinstance"), args=[_, kinds]):
                    names = {each.id for each in ast.walk(kinds) if isinstance(each, ast.Name)}
                    asked += [f"{file.relative_to(ROOT)}:{node.lineno} {name}" for name in sorted(names & known)]
    assert [] == [found for found in asked if "controller.py" not in found]
