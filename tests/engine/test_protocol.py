"""The engine's protocol, and that both engines are all of it and nothing else."""
from __future__ import annotations

import inspect
from typing import Any

import pytest

from sessionmock.engine import protocol
from sessionmock.engine.event_loop import SystemOuting
from sessionmock.engine.loop import SystemEngine, engine
from sessionmock.engine.main_calls import MainCalls
from sessionmock.engine.virtual import VirtualEngine, VirtualMain, VirtualOuting
from sessionmock.latch import Condition, Latch


def members(kind: type) -> set[str]:
    return {name for name in vars(kind) if not name.startswith("_")}


@pytest.mark.parametrize("one", [engine, VirtualEngine()], ids=["system", "virtual"])
def test_an_engine_has_the_protocols_members_and_no_other(one: Any) -> None:
    """What one of them had in addition, somebody would ask for."""
    assert members(protocol.Engine) == {name for name in dir(one) if not name.startswith("_")}


@pytest.mark.parametrize(("demanded", "kind"), [
    (protocol.Engine, SystemEngine), (protocol.Engine, VirtualEngine), (protocol.Outing, SystemOuting), (protocol.Outing, VirtualOuting),
    (protocol.MainThread, MainCalls), (protocol.MainThread, VirtualMain), (protocol.Waitable, Latch), (protocol.Waitable, Condition),
])
def test_methods_take_what_the_protocol_says(demanded: type, kind: type) -> None:
    """Parameters have the same names, kinds and defaults, and a coroutine method is one in both."""
    for name in members(demanded):
        ours, theirs = vars(demanded)[name], getattr(kind, name, None)
        if not (inspect.isfunction(ours) and inspect.isfunction(theirs)):
            continue        # a property, or made with the object
        shapes = [[(each.name, each.kind, each.default) for each in inspect.signature(method).parameters.values()]
                  for method in (ours, theirs)]
        assert shapes[0] == shapes[1], f"{kind.__name__}.{name}"
        assert inspect.iscoroutinefunction(ours) == inspect.iscoroutinefunction(theirs)
