"""`python -m tests.benchmarks [--readme | --against REVISION] [NAME ...]`: sessionmock beside its peers, in one run on this
machine; or beside what it was.

Read ratios, not microseconds: every row's contestants took turns. Names: see `suite`; none means all, and `--readme` also
writes README's table of figures anew. A missed goal is reported, and no failure; the exit code is 1 where a benchmark could
not run, and README stays as it was. With `--against`, it is 1 too where a row takes over 5 % more CPU than at that commit.
"""
from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from ..readme import README
from . import against
from .harness import HEADING, Broken, Race, Row
from .servers import Missing
from .suite import BENCHMARKS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="sessionmock beside its peers, or beside what it was")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which ones ({', '.join(BENCHMARKS)}); all, where none is given")
    parser.add_argument("--readme", action="store_true", help="write the figures into README.md")
    parser.add_argument("--against", metavar="REVISION", help="compare with this commit instead of with the peers")
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in BENCHMARKS]:
        parser.error(f"no benchmark {', '.join(unknown)}; there are: {', '.join(BENCHMARKS)}")
    if options.readme and (options.against or options.names):
        parser.error("--readme takes all figures, and no others")
    names = options.names or list(BENCHMARKS)
    return _against(options.against, names) if options.against else _beside_peers(names, options.readme)


def _beside_peers(names: list[str], into_readme: bool) -> int:
    rows: list[Row] = []

    def run(race: Race) -> None:
        for row in race.rows(race.run()):
            rows.append(row)
            print(row, flush=True)
    print(HEADING, flush=True)
    all_ran = _each(names, run)
    if into_readme and all_ran:
        README.write_text(_with_figures(README.read_text(), rows))
    return not all_ran


def _against(revision: str, names: list[str]) -> int:
    slower: list[str] = []
    seen: set[str] = set()
    try:
        with against.checkout(revision) as then:
            def run(race: Race) -> None:
                for comparison in against.compare(race, then, seen):
                    print(comparison, flush=True)
                    if comparison.is_slower:
                        slower.append(comparison.called)
            print(against.HEADING, flush=True)
            all_ran = _each(names, run)
    except subprocess.CalledProcessError as reason:
        print(f"{revision}: {reason.stderr}", file=sys.stderr)
        return 1
    print(f"slower by over 5 % of CPU: {', '.join(slower) or 'none'}")
    return bool(slower) or not all_ran


def _each(names: list[str], run: Callable[[Race], None]) -> bool:
    """Every race of the benchmarks of these names; one that cannot run is told of, and the next begins."""
    all_ran = True
    for name in names:
        try:
            for race in BENCHMARKS[name]():
                run(race)
        except (Broken, Missing) as reason:
            all_ran = False
            print(f"{name}: {reason}", flush=True)
    return all_ran


def _with_figures(text: str, rows: list[Row]) -> str:
    """README with the figures of this run in the place of those before."""
    table = "\n".join([
        f"Measured on {datetime.now(UTC):%Y-%m-%d}, CPython {sys.version.split()[0]}:", "",
        "| | sessionmock | peer | ratio, or figure | goal |", "|---|---|---|---|---|",
        *(f"| {row.name} | {row.own} | {row.peer} | {row.ratio:.2f} | {row.aim} |" for row in rows)])
    return re.sub(r"(<!-- measured -->\n).*?(<!-- end -->)", lambda found: f"{found[1]}{table}\n{found[2]}", text, flags=re.DOTALL)


if __name__ == "__main__":
    sys.exit(main())
