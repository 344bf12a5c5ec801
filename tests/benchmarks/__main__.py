"""`python -m tests.benchmarks [--readme | NAME ...]`: sessionmock beside its peers, in one run on this machine.

Read ratios, not microseconds: every row's contestants took turns. Names: see `suite`; none means all, and `--readme` also
writes README's table of figures anew. A missed goal is reported, and no failure; the exit code is 1 where a benchmark could
not run, and README stays as it was.
"""
from __future__ import annotations

import re
import sys
from datetime import UTC, datetime

from ..readme import README
from .harness import HEADING, Broken, Row
from .servers import Missing
from .suite import BENCHMARKS


def main(names: list[str]) -> int:
    into_readme = names == ["--readme"]
    if into_readme:
        names = []
    if unknown := [name for name in names if name not in BENCHMARKS]:
        print(f"no benchmark {', '.join(unknown)}; there are: {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    print(HEADING, flush=True)
    rows: list[Row] = []
    failed = 0
    for name in names or BENCHMARKS:
        try:
            for row in BENCHMARKS[name]():
                rows.append(row)
                print(row, flush=True)
        except (Broken, Missing) as reason:
            failed = 1
            print(f"{name}: {reason}", flush=True)
    if into_readme and not failed:
        README.write_text(_with_figures(README.read_text(), rows))
    return failed


def _with_figures(text: str, rows: list[Row]) -> str:
    """README with the figures of this run in the place of those before."""
    table = "\n".join([
        f"Measured on {datetime.now(UTC):%Y-%m-%d}, CPython {sys.version.split()[0]}:", "",
        "| | sessionmock | peer | ratio, or figure | goal |", "|---|---|---|---|---|",
        *(f"| {row.name} | {row.own} | {row.peer} | {row.ratio:.2f} | {row.aim} |" for row in rows)])
    return re.sub(r"(<!-- measured -->\n).*?(<!-- end -->)", lambda found: f"{found[1]}{table}\n{found[2]}", text, flags=re.DOTALL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
