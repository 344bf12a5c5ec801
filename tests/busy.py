"""`python -m tests.busy TIMES COMMAND ...`: the command, again and again, beside two processes that compute.

It stops at the first failure, whose output was seen, and says at which time it was. Each time has an hour.
"""
from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from time import monotonic

BUSY = [sys.executable, "-c", "while True: pass"]
PROCESSES = 2
LIMIT = 3600     # seconds


def main(times: int, command: list[str]) -> int:
    with ExitStack() as stack:
        for _ in range(PROCESSES):
            stack.callback(_end, subprocess.Popen(BUSY))
        for number in range(1, times + 1):
            start = monotonic()
            code = _run(command)
            print(f"{number} of {times}: {'passed' if code == 0 else f'FAILED with {code}'} after {monotonic() - start:.0f} s", flush=True)
            if code:
                return code
    return 0


def _run(command: list[str]) -> int:
    try:
        return subprocess.run(command, timeout=LIMIT, check=False).returncode
    except subprocess.TimeoutExpired:
        return 124


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
