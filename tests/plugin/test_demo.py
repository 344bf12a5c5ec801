"""The demo."""
from __future__ import annotations

import subprocess
import sys

from .conftest import ROOT


def test_the_demo() -> None:
    """`python -m tests.downstream` records, replays without the server, shows a planted leak, and ends with status 0."""
    done = subprocess.run([sys.executable, "-m", "tests.downstream"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr
    for words in ("requests reached the server", "cassettes were written", "the same tests, not one request", "LEAK: URLSession"):
        assert words in done.stdout
