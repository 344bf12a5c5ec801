"""The command line: `sessionmock cassette ...`, also as `python -m sessionmock`.

Exit statuses: see `output.STATUSES`.
"""
from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version

from ..errors import SessionMockError
from . import cassettes, doctor, scan, trim
from .output import STATUSES, Report, printable

OK, FOUND, MISUSE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line `arguments`, those of the process by default; the exit status."""
    parser = argparse.ArgumentParser("sessionmock", description="URLSession for Python, and where its bytes come from.", epilog=STATUSES)
    parser.add_argument("--version", action="version", version=f"sessionmock {version('sessionmock')}")
    kinds = parser.add_subparsers(required=True, metavar="command")
    cassette = kinds.add_parser("cassette", help="look at, check, convert and tidy recorded answers", epilog=STATUSES)
    commands = cassette.add_subparsers(required=True, metavar="command")
    for module in (cassettes, scan, trim, doctor):
        module.add_commands(commands)
    options = parser.parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")      # of names that the terminal has no letters for
    try:
        report: Report = options.run(options)
    except SessionMockError as error:
        print(printable(f"sessionmock: {error}"), file=sys.stderr)
        return MISUSE
    try:
        report.write(as_json=options.json)
        sys.stdout.flush()
    except BrokenPipeError:       # a reader as `head` that has enough; Python writes what is left at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return FOUND if report.found else OK
