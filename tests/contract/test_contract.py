"""Every behaviour over the three routes: live, from a cassette, from a script, with equal traces."""
from __future__ import annotations

import gc
import tempfile
from pathlib import Path

import pytest

from tests.contract.behaviours import BEHAVIOURS, BYTES, CASSETTE, DELEGATE, HANDLER, LIVE, Behaviour
from tests.contract.players import Outcome, play_everywhere

ROWS = [pytest.param(behaviour, style, id=f"{behaviour.name}-{style}")
        for behaviour in BEHAVIOURS for style in behaviour.styles
        if style != BYTES or {"data"} == {step.kind for step in behaviour.steps}]


@pytest.mark.parametrize(("behaviour", "style"), ROWS)
def test_behaviour_is_the_same_on_every_route(behaviour: Behaviour, style: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Live server, cassette and script give the outcome that the table names, by the same calls and the same requests."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    played = play_everywhere(behaviour, style, tmp_path)
    live = played[LIVE]

    for step, outcome in zip(behaviour.steps, live.outcomes, strict=True):
        delivered = style in (DELEGATE, BYTES) or step.code is None      # a failed load gives its data piece by piece or not at all
        body = outcome.body if step.gives is None else step.gives if delivered else b""
        assert Outcome(step.status, body, step.code) == outcome
    if behaviour.asked is not None:
        assert list(behaviour.asked) == live.seen
    if style == DELEGATE:
        assert " ".join([*(step.calls for step in behaviour.steps), "invalid"]) == live.names()
    for name, other in played.items():
        assert [outcome.progress for outcome in live.outcomes] == [outcome.progress for outcome in other.outcomes], name
        assert live.outcomes == other.outcomes, name
        assert live.calls == other.calls, name
        assert live.asked == other.asked, name
        assert other.sources - {"cache", CASSETTE if name == LIVE else ""} <= {name}, name

    def left() -> list[str]:
        return [file.name for folder in tmp_path.glob("sessionmock-downloads-*") for file in folder.iterdir()]

    if left():
        gc.collect()      # whoever had resume data is gone, and may be in a circle
    assert [] == left()


def test_every_style_is_in_the_table() -> None:
    """Names are unique, and each way of loading plays on each route."""
    assert len(BEHAVIOURS) == len({behaviour.name for behaviour in BEHAVIOURS})
    assert {"delegate", "handler", "result", "asyncio", "trio", "bytes", "lines"} == {style for behaviour in BEHAVIOURS for style in behaviour.styles}
    assert any(HANDLER in behaviour.styles and CASSETTE not in behaviour.routes for behaviour in BEHAVIOURS)
