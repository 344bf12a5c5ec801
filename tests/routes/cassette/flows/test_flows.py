"""Flows of real APIs: recorded and replayed they say what they said live, to a client that checks forms; and no secret is on the disk."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from sessionmock import Answer, CassetteRoute, ScriptRoute, transport

from .accounts import ACCOUNTS
from .kit import Call, Flow
from .services import SERVICES
from .texts import TEXTS

FLOWS = (*TEXTS, *ACCOUNTS, *SERVICES)


def encoded(body: Any) -> bytes:
    return body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()


def said(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return answer.text


def played(flow: Flow, route: CassetteRoute) -> list[httpx.Response]:
    with route, httpx.Client(transport=transport(route)) as client:
        return [client.request(call.method or ("GET" if call.sent is None else "POST"), call.url, headers=call.headers,
                               content=None if call.sent is None else encoded(call.sent)) for call in flow.calls]


def scripted(calls: tuple[Call, ...]) -> ScriptRoute:
    script = ScriptRoute()
    for call in calls:
        text = "" if isinstance(call.answer, str | bytes) else "application/json"
        script.answer(Answer(headers=[*([("Content-Type", text)] if text else []), *call.fields], body=encoded(call.answer)))
    return script


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_a_flow_replays_as_it_was_live(tmp_path: Path, flow: Flow) -> None:
    """Byte for byte where nothing in its answers is a secret; else in the same form. A flow replays again when it was replayed."""
    path = tmp_path / "a.yaml"
    live = played(flow, CassetteRoute(path, "all", live=scripted(flow.calls)))
    replayed = played(flow, CassetteRoute(path, "none"))
    file = path.read_text()
    assert [] == [secret for secret in flow.secrets if secret in file or json.dumps(secret)[1:-1] in file]
    if not any(secret in f"{said(answer)} {answer.headers}" or repr(secret)[1:-1] in f"{said(answer)}" for secret in flow.secrets for answer in live):
        assert [said(answer) for answer in live] == [said(answer) for answer in replayed]
    for answers in (live, replayed):
        if flow.check:
            flow.check(*map(said, answers))
        assert [] == [text for text in flow.kept if not any(text in answer.text for answer in answers)]
    assert [one.keys() if isinstance(one, dict) else type(one) for one in map(said, live)] == [
        one.keys() if isinstance(one, dict) else type(one) for one in map(said, replayed)]


def test_there_are_as_many_flows_as_were_promised() -> None:
    """Each by a name of its own."""
    assert len({flow.name for flow in FLOWS}) == len(FLOWS) >= 60
