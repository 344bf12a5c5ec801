"""The process of one contestant: `python -m tests.benchmarks.worker MODULE.FUNCTION ARGUMENTS`.

The function is a context manager that gives `play(count)`. For each number read from standard input it is called once
and a JSON object is written: wall and CPU seconds (of all threads, and of the processes that it waited for), the peak
memory so far in bytes, and what `play` itself told. A contestant of ours runs beside any version of the library: what it
needs of sessionmock are public names.
"""
from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from time import perf_counter

from .load import cpu_time


def peak_memory() -> int:
    """The most physical memory this process has had. (ru_maxrss would begin with the parent's, from before the exec.)"""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) << 10 for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1 << 10)


def main(name: str, arguments: str) -> None:
    module, function = name.split(".")
    with getattr(import_module(f"{__package__}.{module}"), function)(**json.loads(arguments)) as play:
        for line in sys.stdin:
            cpu, wall = cpu_time(), perf_counter()
            told = play(int(line)) or {}
            measured = {"wall": perf_counter() - wall, "cpu": cpu_time() - cpu, "peak": peak_memory()}
            print(json.dumps(measured | told), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
