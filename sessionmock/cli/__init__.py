"""The command line: `sessionmock cassette ...`, also as `python -m sessionmock`.

Exit status: 0 fine, 1 something was found (a difference, a secret, a broken file), 2 misuse.
"""
from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from ..errors import SessionMockError
from . import cassettes, upkeep
from .output import Report

OK, FOUND, MISUSE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line `arguments`, those of the process by default; the exit status."""
    parser = argparse.ArgumentParser("sessionmock", description="URLSession for Python, and where its bytes come from.")
    kinds = parser.add_subparsers(required=True, metavar="command")
    commands = kinds.add_parser("cassette", help="look at, check, convert and tidy recorded answers").add_subparsers(required=True, metavar="command")
    for module in (cassettes, upkeep):
        module.add_commands(commands)
    options = parser.parse_args(arguments)
    try:
        report: Report = options.run(options)
    except SessionMockError as error:
        print(f"sessionmock: {error}", file=sys.stderr)
        return MISUSE
    try:
        report.write(as_json=options.json)
    except BrokenPipeError:       # a reader as `head` that has enough
        sys.stderr.close()
    return FOUND if report.found else OK
