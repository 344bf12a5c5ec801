"""Dropping from cassettes what is needed no more: trim."""
from __future__ import annotations

import argparse
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from ..clock import SystemClock
from ..errors import InvalidArgumentException
from ..regular import open_regular
from ..routes.cassette import Interaction, Tape, files
from ..routes.cassette.expiry import age
from ..routes.cassette.locking import locked
from ..shown import counted
from .cassettes import command, found_files, tapes
from .output import Report, Table
from .project import project

PLAYED = Path("v/sessionmock/played")      # in pytest's cache
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def add_commands(commands: Any) -> None:
    """Tell the parser."""
    trim_ = command(commands, "trim", trim, "drop what the last whole run of pytest did not play", paths=True)
    trim_.add_argument("--played", type=Path, default=None, help=f"what was played; {PLAYED} in pytest's cache by default")
    trim_.add_argument("--older-than", type=_seconds, metavar="AGE", help="drop what was recorded before, as 90d or 12h, played or not")
    trim_.add_argument("--dry-run", action="store_true", help="say what would go, with exit status 1 where something would")
    trim_.add_argument("--force", action="store_true", help="also where the last run was not whole, had failures, or skipped a test that "
                                                            "names the cassette")


def trim(options: argparse.Namespace) -> Report:
    """Drop interactions. Without --older-than, those that no test played."""
    root, played = (Path(), {}) if options.older_than is not None and options.played is None else _played(options)
    table = Table(("cassette", "dropped", "kept"), numbers=frozenset({"dropped", "kept"}))
    report = Report([], [table])
    left = []
    for path in found_files(options.paths):
        known = next((positions for name, positions in played.items() if (root / name).resolve() == path.resolve()), None)
        if known is None and options.older_than is None:
            continue         # no test of that run opened it: an orphan is told by pytest, and is a person's to delete
        if known is not None and known.get("skipped") and not options.force:
            left.append(f"{path} is left as it is: it is for a test that was skipped too, {known['skipped'][0]}; give --force")
            continue
        with locked(path):
            _, tape, errors = next(tapes([path]))
            if tape is None or errors:
                raise InvalidArgumentException(errors[0])
            if known is not None and known["total"] != len(tape.interactions):
                has = counted(len(tape.interactions), "interaction")
                raise InvalidArgumentException(f"{path}: has changed since that run: {has}, not {known['total']}")
            kept = [one for position, one in enumerate(tape.interactions)
                    if (known is None or position in known["played"]) and not _is_older(one, options.older_than)]
            dropped = len(tape.interactions) - len(kept)
            if not dropped:
                continue
            if not options.dry_run:
                files.save(path, Tape(kept, tape.metadata, tape.format))
        report.data.append({"cassette": str(path), "dropped": dropped, "kept": len(kept)})
        table.rows.append((str(path), str(dropped), str(len(kept))))
    if not report.data:
        report.parts = ["nothing to drop"]
    report.parts += left
    report.found = bool(options.dry_run and report.data)
    return report


def _played(options: argparse.Namespace) -> tuple[Path, dict[str, Any]]:
    """The root of the last run, and what it played."""
    here = project()
    path = options.played or here.cache / PLAYED
    try:
        with open(path, "rb", opener=open_regular) as file:
            told = json.loads(file.read())
        complete, cassettes = bool(told["complete"]), dict(told["cassettes"])
    except OSError:
        raise InvalidArgumentException(f"{path}: no such file; a whole run of pytest writes it") from None
    except (ValueError, KeyError, TypeError):
        raise InvalidArgumentException(f"{path}: not what a run of pytest wrote") from None
    if not (complete or options.force):
        raise InvalidArgumentException(f"{path}: the last run took not all tests, or some failed: run pytest once more, or give --force")
    return here.root, cassettes


def _is_older(interaction: Interaction, limit: timedelta | None) -> bool:
    old = age(interaction, SystemClock().date()) if limit is not None else None
    return old is not None and limit is not None and old > limit


def _seconds(text: str) -> timedelta:
    number, unit = (text[:-1], text[-1]) if text[-1:] in _UNITS else (text, "s")
    if not number.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r}: give a number and s, m, h or d, as 90d")
    try:
        return timedelta(seconds=int(number) * _UNITS[unit])
    except OverflowError:
        raise argparse.ArgumentTypeError(f"{text!r}: nothing is that old") from None
