"""The engine under everything at once, over both drivers."""
from __future__ import annotations

import subprocess
import sys

import pytest

from tests.engine.server import ROOT


def run(server: str, policy: str, threads: int, requests: int, seed: int, *more: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.engine.stress", server, policy, str(threads), str(requests), str(seed), *more],
        cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert 0 == done.returncode, f"{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("policy", ["waiter", "background"])
def test_every_task_ends_and_every_callback_comes_once(server: str, policy: str) -> None:
    """8 threads of 250 requests and 4 coroutines of a foreign loop, with time-outs and cancels from anywhere."""
    run(server, policy, 8, 250, 1)


@pytest.mark.parametrize("policy", ["waiter", "background"])
def test_the_same_with_300_interrupts_a_second(server: str, policy: str) -> None:
    """SIGINT on the main thread, which loads and drives too, loses nobody's task and no wake-up."""
    run(server, policy, 8, 250, 2, "interrupts")


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("more", [(), ("interrupts",)])
@pytest.mark.parametrize("policy", ["waiter", "background"])
def test_the_same_for_longer(server: str, policy: str, more: tuple[str, ...], seed: int) -> None:
    """8 threads of 2,000 requests, over ten seeds."""
    run(server, policy, 8, 2000, 100 + seed, *more)
