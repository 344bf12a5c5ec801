"""Every conformance scenario, run through `tests.conformance.trace` and compared with its expectation."""
from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from . import runner

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = runner.load()

# Areas and ids of scenarios that sessionmock does not pass yet. One that passes must leave the list.
NOT_YET = frozenset({"websockets"})


@pytest.fixture(scope="session")
def program() -> Iterator[runner.Program]:
    """Scenarios in children of one process that has imported sessionmock: each starts with empty stores, and at once."""
    with subprocess.Popen([sys.executable, "-m", "tests.conformance.trace", "--serve"], cwd=ROOT,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def play(*arguments: str) -> dict[str, Any]:
            assert process.stdin is not None
            assert process.stdout is not None
            print(json.dumps(arguments), file=process.stdin, flush=True)
            told: dict[str, Any] = {}
            while "exit" not in (line := json.loads(process.stdout.readline())):
                told = line
            return told if line["exit"] == 0 else {"crashed": line["exit"]}
        yield play
        process.stdin.close()
    assert process.returncode == 0


def _parameters() -> list[Any]:
    pending = pytest.mark.xfail(reason="not built yet", strict=True)
    return [
        pytest.param(key, marks=[pending] if {key, scenario["area"]} & NOT_YET else [], id=key)
        for key, scenario in SCENARIOS.items()
    ]


@pytest.mark.parametrize("key", _parameters())
def test_trace_is_the_expected_one(key: str, program: runner.Program) -> None:
    """A scenario's callbacks and requests are those of its expectation."""
    if differs := runner.difference(runner.expectation(key)["trace"], runner.run(SCENARIOS[key], program)):
        pytest.fail(f"{SCENARIOS[key].get('about', key)}\n{differs}", pytrace=False)


def test_program_of_its_own_process(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Any program that prints a trace can be checked, and ours is one."""
    monkeypatch.chdir(ROOT)
    command = f"{sys.executable} -m tests.conformance.trace"
    assert runner.main(["check", "--command", command, "redirect-303-post", "data-get"]) == 0, capfd.readouterr().out


def test_every_scenario_has_an_expectation() -> None:
    """None is left over, of either."""
    assert {file.stem for file in runner.EXPECTED.glob("*.json")} == set(SCENARIOS)
    assert {runner.expectation(key)["source"] for key in SCENARIOS} == {"documented", "recorded"}


def test_list_of_pending_scenarios_names_real_ones() -> None:
    """Everything in NOT_YET is the id or the area of a scenario."""
    assert set() == NOT_YET - set(SCENARIOS) - {scenario["area"] for scenario in SCENARIOS.values()}


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.skipif(not shutil.which("swiftc"), reason="there is no Swift here")
def test_recorded_expectations_are_what_the_open_source_urlsession_does(tmp_path: Path) -> None:
    """It does what was recorded of it. Two or three of its traces vary from run to run, so each has three attempts."""
    tracer = tmp_path / "tracer"
    subprocess.run(["swiftc", "-suppress-warnings", "-O", runner.HERE / "tracer.swift", "-o", tracer], check=True, timeout=300)
    program = runner.command([str(tracer)])
    recorded = [key for key in SCENARIOS if runner.expectation(key)["source"] == "recorded"]
    for _ in range(3):
        recorded = [key for key in recorded if runner.run(SCENARIOS[key], program) != runner.expectation(key)["trace"]]
    assert recorded == []
