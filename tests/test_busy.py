"""The runner of `make soak-busy`."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from . import busy

COUNT = "import pathlib, sys; file = pathlib.Path('count'); file.open('a').write('x'); sys.exit(len(file.read_text()) == int(sys.argv[1]))"


@pytest.fixture(autouse=True)
def ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[subprocess.Popen[bytes]]:
    """The busy processes that were ended. They wait for nothing here, rather than compute: other tests run besides."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(busy, "BUSY", [sys.executable, "-c", "import threading; threading.Event().wait()"])
    ended: list[subprocess.Popen[bytes]] = []
    end: Any = busy._end
    monkeypatch.setattr(busy, "_end", lambda process: (end(process), ended.append(process)))
    return ended


@pytest.mark.parametrize(("fails_at", "runs", "code"), [(0, 3, 0), (2, 2, 1)])
def test_it_stops_at_the_first_failure(fails_at: int, runs: int, code: int, ended: list[Any], capfd: pytest.CaptureFixture[str]) -> None:
    """The command runs as often as it was asked to, or until it fails; the busy processes end with it."""
    assert code == busy.main(3, [sys.executable, "-c", COUNT, str(fails_at)])
    assert "x" * runs == Path("count").read_text()
    assert runs == len(capfd.readouterr().out.splitlines())
    assert [True, True] == [process.returncode is not None and process.returncode != 0 for process in ended]


def test_a_command_that_hangs_fails(monkeypatch: pytest.MonkeyPatch, ended: list[Any]) -> None:
    """A run that takes longer than the limit is ended, and is a failure."""
    monkeypatch.setattr(busy, "LIMIT", 0.1)
    assert 124 == busy.main(2, busy.BUSY)
    assert 2 == len(ended)
