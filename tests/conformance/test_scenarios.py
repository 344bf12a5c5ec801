"""Every conformance scenario, run through `tests.conformance.trace` and compared with its expectation.

The scenarios live beside the repository, in ../shared/conformance; where they are not, this module is skipped.
"""
from __future__ import annotations

import difflib
import importlib.util
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONFORMANCE = ROOT.parent / "shared" / "conformance"
COMMAND = [sys.executable, "-m", "tests.conformance.trace"]

# Areas and ids of scenarios that sessionmock does not pass yet. One that passes must leave the list.
NOT_YET = frozenset({"websockets"})

if not CONFORMANCE.is_dir():
    pytest.skip(f"no scenarios at {CONFORMANCE}", allow_module_level=True)


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = before
    return module


conformance = _module(CONFORMANCE / "conformance.py")
SCENARIOS: dict[str, dict[str, Any]] = conformance.load(CONFORMANCE / "scenarios")
_serve = conformance.serve


@contextmanager
def _serve_and_close(script: dict[str, Any]) -> Iterator[Any]:
    """The scripted server, which leaves its event loop to the collector: some later test would be warned of it."""
    with _serve(script) as server:
        yield server
    server._loop.close()


conformance.serve = _serve_and_close


def _parameters() -> list[Any]:
    pending = pytest.mark.xfail(reason="not built yet", strict=True)
    return [
        pytest.param(key, marks=[pending] if {key, scenario["area"]} & NOT_YET else [], id=key)
        for key, scenario in SCENARIOS.items()
    ]


@pytest.mark.parametrize("key", _parameters())
def test_trace_is_the_expected_one(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scenario's callbacks and requests are those of its expectation."""
    monkeypatch.chdir(ROOT)
    expected = json.loads((CONFORMANCE / "expected" / f"{key}.json").read_text())["trace"]
    actual = conformance.run(SCENARIOS[key], COMMAND)
    difference = "\n".join(difflib.unified_diff(
        conformance.text(expected), conformance.text(actual), "expected", "actual", lineterm="", n=2))
    if difference:
        pytest.fail(f"{SCENARIOS[key].get('about', key)}\n{difference}", pytrace=False)


def test_list_of_pending_scenarios_names_real_ones() -> None:
    """Everything in NOT_YET is the id or the area of a scenario."""
    assert set() == NOT_YET - set(SCENARIOS) - {scenario["area"] for scenario in SCENARIOS.values()}
