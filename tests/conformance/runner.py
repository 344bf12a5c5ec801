"""Runs conformance scenarios against any implementation of URLSession and compares the traces.

    python -m tests.conformance.runner check  --command "PROGRAM ..." [ID | AREA ...]
    python -m tests.conformance.runner record --command "PROGRAM ..." ...    write what PROGRAM does as the expectation
    python -m tests.conformance.runner show   --command "PROGRAM ..." ID     print one trace

PROGRAM is called as `PROGRAM SCENARIO.json BASE_URL TEMP_DIR` and prints {"events": [[name, task, values], ...]};
the server's log is added here. See README.md for the vocabulary of actions and events.
"""
from __future__ import annotations

import argparse
import difflib
import json
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from .server import serve

HERE = Path(__file__).resolve().parent
SCENARIOS = HERE / "scenarios"
EXPECTED = HERE / "expected"
LIMIT = 60      # seconds that one scenario may take

COALESCED = {"data_task_did_receive_data": ("bytes",), "task_did_send_body_data": (), "download_task_did_write_data": ()}

# Callbacks and fields that only the scenarios naming them under "compare" compare.
UNCOMPARED = {"task_did_finish_collecting_metrics", "data_task_will_cache_response", "suggested_filename"}

Scenario = dict[str, Any]
Trace = dict[str, Any]
Program = Callable[[str, str, str], dict[str, Any]]     # of a scenario's file, a base URL and a folder: its events, or why none


def load(folder: Path = SCENARIOS) -> dict[str, Scenario]:
    """Every scenario of a folder by its id; each file holds a list of them."""
    return {scenario["id"]: {**scenario, "area": file.stem} for file in sorted(folder.glob("*.json")) for scenario in json.loads(file.read_text())}


def expectation(key: str) -> dict[str, Any]:
    """What is expected of the scenario of this id, and where that comes from."""
    return dict(json.loads((EXPECTED / f"{key}.json").read_text()))


def command(line: list[str]) -> Program:
    """A program of its own process."""
    def program(*arguments: str) -> dict[str, Any]:
        try:
            done = subprocess.run([*line, *arguments], capture_output=True, text=True, timeout=LIMIT, check=False)
        except subprocess.TimeoutExpired:
            return {"crashed": f"timed out after {LIMIT} s"}
        if done.returncode or not done.stdout.strip():
            return {"crashed": f"exit {done.returncode}: {done.stderr.strip()[-600:]}"}
        return dict(json.loads(done.stdout))
    return program


def run(scenario: Scenario, program: Program) -> Trace:
    """One implementation's normalised trace of one scenario, or {"crashed": ...}."""
    with tempfile.TemporaryDirectory() as folder, serve(scenario.get("server", {})) as server:
        file = Path(folder) / "scenario.json"
        file.write_text(json.dumps(scenario))
        told = program(str(file), scenario.get("base", server.base), folder)
        return normalise(told["events"], server.log, scenario) if "events" in told else told


def normalise(events: list[list[Any]], log: list[Any], scenario: Scenario) -> Trace:
    """Joins runs of progress callbacks, splits the events by task (tasks run side by side), drops ignored fields."""
    ignored = UNCOMPARED - set(scenario.get("compare", [])) | set(scenario.get("ignore", []))
    if scenario.get("ignore_server"):
        log = []
    events = [e for e in events if not (e[0] == "task_did_receive_informational_response" and e[2].get("status") == 100)]
    tracks: dict[str, list[list[Any]]] = {}
    for name, task, values in events:
        if name in ignored:
            continue
        track = tracks.setdefault(task or "session", [])
        kept = prune(values, ignored)
        if name in COALESCED and track and track[-1][0] == name:
            for key in COALESCED[name]:
                if key in kept:
                    kept[key] += track[-1][1][key]
            track[-1] = [name, kept]
        else:
            track.append([name, kept])
    if len(tracks) <= 2 and not scenario.get("unordered"):          # one task: the order against the session's counts
        order = [name for name, _, _ in events if name not in ignored]
        order = [n for i, n in enumerate(order) if not (n in COALESCED and i and order[i - 1] == n)]
        return {"order": order, "tracks": tracks, "server": prune(log, ignored)}
    return {"tracks": tracks, "server": sorted(prune(log, ignored), key=json.dumps) if scenario.get("unordered") else prune(log, ignored)}


def prune(value: Any, ignored: set[str]) -> Any:
    """`value` without the ignored fields, however deep they stand."""
    if isinstance(value, dict):
        return {k: prune(v, ignored) for k, v in value.items() if k not in ignored}
    return [prune(v, ignored) for v in value] if isinstance(value, list) else value


def text(trace: Any) -> list[str]:
    """A trace as lines."""
    return json.dumps(trace, indent=1, sort_keys=True, ensure_ascii=False).splitlines()


def difference(expected: Trace, actual: Trace) -> str:
    """What differs, line by line; "" where nothing does."""
    return "\n".join(difflib.unified_diff(text(expected), text(actual), "expected", "actual", lineterm="", n=2))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verb", choices=["check", "record", "show"])
    parser.add_argument("ids", nargs="*")
    parser.add_argument("--command", required=True)
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--quiet", action="store_true", help="no differences")
    options = parser.parse_intermixed_args(arguments)
    scenarios = {k: v for k, v in load().items() if not options.ids or k in options.ids or v["area"] in options.ids}
    if unknown := set(options.ids) - set(scenarios) - {s["area"] for s in scenarios.values()}:
        parser.error(f"no such scenario or area: {', '.join(sorted(unknown))}")
    program = command(shlex.split(options.command))
    with ThreadPoolExecutor(options.jobs) as pool:
        traces = dict(zip(scenarios, pool.map(lambda scenario: run(scenario, program), scenarios.values()), strict=True))
    if options.verb == "show":
        print("\n".join(text(traces)))
        return 0
    if options.verb == "record":
        return _record(traces)
    failed = 0
    for key, trace in traces.items():
        if differs := difference(expectation(key)["trace"], trace):
            failed += 1
            print(f"FAILED {key} ({scenarios[key].get('about', '')})", *([] if options.quiet else [differs]), sep="\n")
    print(f"{len(traces) - failed} passed, {failed} failed")
    return 1 if failed else 0


def _record(traces: dict[str, Trace]) -> int:
    """Expectations that were written from documentation are left as they are."""
    for key, trace in traces.items():
        file = EXPECTED / f"{key}.json"
        if not file.exists() or expectation(key)["source"] != "documented":
            file.write_text(json.dumps({"source": "recorded", "trace": trace}, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
