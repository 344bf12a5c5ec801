"""The hash of a history: the same for the same, whatever only one process knows."""
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import sessionmock as sm
from sessionmock.clock import JumpingClock, SystemClock
from sessionmock.history import Called, Ended, History, Received

ROOT = Path(__file__).resolve().parents[1]
URL = "http://a.test/"


def test_the_same_runs_have_the_same_digests_in_other_processes(tmp_path: Path) -> None:
    """A scripted and a recorded run of several tasks, in virtual and in real time, whatever the hash seed."""
    found = []
    for seed in ("0", "1", "random"):
        (folder := tmp_path / seed).mkdir()
        done = subprocess.run([sys.executable, "-m", "tests.invariants.runs", str(folder)], cwd=ROOT, capture_output=True, text=True, check=True,
                              env={**os.environ, "PYTHONHASHSEED": seed})
        found.append(tuple(done.stdout.split()))
    assert 1 == len(set(found))
    assert 4 == len(set(found[0]))


def of(*records: tuple[Any, ...], clock: Any = None, virtual: bool = True) -> str:
    """The digest of a history with these records."""
    history = History()
    for kind, *values in records:
        history.add(clock or (JumpingClock() if virtual else SystemClock()), kind, *values)
    return history.digest()


def test_what_only_one_process_knows_is_left_out() -> None:
    """The numbers of exchanges, how long things took, the words of the operating system, the names of files."""
    one, other = (of((Received, None, number, 200, 0), (Ended, None, number, "GET", URL, 200, "live", number * 1.5, f"lost (-1005): {number}"),
                     (Called, None, "completion_handler", (Path(f"/tmp/{number}"), None, None))) for number in (7, 30))
    assert one == other


def test_what_happened_is_in_it() -> None:
    """The order, the codes, the bytes, and virtual time."""
    def call(value: Any) -> tuple[Any, ...]:
        return (Called, None, "completion_handler", (value, None, None))

    failed = [call(sm.URLError(code)) for code in (-1001, -1005)]
    assert of(call(b"a")) != of(call(b"b"))
    assert of(*failed) != of(*reversed(failed))
    assert of(failed[0]) != of(failed[1])
    later = JumpingClock()
    later.advance(1)
    assert of(call(b"a")) != of(call(b"a"), clock=later)


def test_in_real_time_a_body_counts_as_a_whole() -> None:
    """How the network cuts it is chance."""
    whole, cut = (tuple((Received, None, 1, None, size) for size in sizes) for sizes in ((6,), (4, 2)))
    assert of(*whole, virtual=False) == of(*cut, virtual=False)
    assert of(*whole) != of(*cut)
