"""`python -m tests.benchmarks [NAME ...]`: sessionmock beside its peers, in one run on this machine.

Read ratios, not microseconds: every row's contestants took turns. Names: see `suite`; none means all. A missed goal is
reported, and no failure; the exit code is 1 where a benchmark could not run.
"""
from __future__ import annotations

import sys

from .harness import HEADING, Broken
from .servers import Missing
from .suite import BENCHMARKS


def main(names: list[str]) -> int:
    if unknown := [name for name in names if name not in BENCHMARKS]:
        print(f"no benchmark {', '.join(unknown)}; there are: {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    print(HEADING, flush=True)
    failed = 0
    for name in names or BENCHMARKS:
        try:
            for row in BENCHMARKS[name]():
                print(row, flush=True)
        except (Broken, Missing) as reason:
            failed = 1
            print(f"{name}: {reason}", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
