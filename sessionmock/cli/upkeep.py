"""Keeping cassettes in order: scan, trim and doctor."""
from __future__ import annotations

import argparse
import importlib.util
import json
import re
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

from ..clock import SystemClock
from ..errors import InvalidArgumentException
from ..models.message import header
from ..regular import open_regular
from ..routes.cassette import Interaction, Secrets, Tape, files
from ..routes.cassette.expiry import age
from ..routes.cassette.formats.codings import undone
from ..routes.cassette.locking import locked
from .cassettes import command, found_files, tapes
from .output import Report, Table, place, printable

PLAYED = Path(".pytest_cache/v/sessionmock/played")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_EXTRAS = {"yaml": "cassette", "faker": "script", "rich": "cli", "vcr": "vcr", "brotli": "", "zstandard": ""}


def add_commands(commands: Any) -> None:
    """Tell the parser."""
    scan_ = command(commands, "scan", scan, "look for secrets; exit status 1 where there are any", paths=True)
    for name, text in (("name", "a name of headers, parameters and fields that are secret too"), ("pattern", "a regular expression of secrets"),
                       ("keep", "a name that is not secret although it looks so")):
        scan_.add_argument(f"--{name}", action="append", default=[], help=text)
    trim_ = command(commands, "trim", trim, "drop what the last whole run of pytest did not play", paths=True)
    trim_.add_argument("--played", type=Path, default=None, help=f"what was played; {PLAYED} by default")
    trim_.add_argument("--older-than", type=_seconds, metavar="AGE", help="drop what was recorded before, as 90d or 12h, played or not")
    trim_.add_argument("--dry-run", action="store_true", help="say what would go, with exit status 1 where something would")
    trim_.add_argument("--force", action="store_true", help="also where the last run was not whole, or had failures")
    command(commands, "doctor", doctor, "read everything and say what is wrong, and what is installed", paths=True)


# scan ---------------------------------------------------------------------------------------------------------------
def scan(options: argparse.Namespace) -> Report:
    """What looks like a secret; files that cannot be read are findings too."""
    try:
        secrets = Secrets(options.name, options.pattern, options.keep)
    except re.error as wrong:
        raise InvalidArgumentException(f"--pattern: {wrong}") from None
    table = Table(("cassette", "number", "request", "where", "secret"), numbers=frozenset({"number"}))
    report = Report([], [table])
    for path, tape, error in tapes(options.paths):
        if tape is None:
            report.data.append({"cassette": str(path), "error": error})
            table.rows.append((str(path), "", "", "broken", place(error)))
            report.parts.append(error)
            continue
        for number, interaction in enumerate(tape.interactions, 1):
            for where, secret in secrets.findings(interaction):
                request = f"{interaction.method} {secrets.masking.url(interaction.uri)}"
                report.data.append({"cassette": str(path), "number": number, "request": request, "where": where, "secret": _hidden(secret)})
                table.rows.append((str(path), str(number), printable(request), printable(where), printable(_hidden(secret))))
    report.found = bool(report.data)
    if not report.found:
        report.parts = [f"no secrets in {len(found_files(options.paths))} cassettes"]
    return report


def _hidden(secret: str) -> str:
    """Enough to recognise `secret`, with its length, and not enough to use it."""
    return f"{secret[:min(4, len(secret) // 4)]}… ({len(secret)})"


# trim ---------------------------------------------------------------------------------------------------------------
def trim(options: argparse.Namespace) -> Report:
    """Drop interactions. Without --older-than, those that no test played."""
    root, played = (Path(), {}) if options.older_than is not None and options.played is None else _played(options)
    table = Table(("cassette", "dropped", "kept"), numbers=frozenset({"dropped", "kept"}))
    report = Report([], [table])
    for path in found_files(options.paths):
        known = next((positions for name, positions in played.items() if (root / name).resolve() == path.resolve()), None)
        if known is None and options.older_than is None:
            continue         # no test of that run opened it: an orphan is told by pytest, and is a person's to delete
        with locked(path):
            _, tape, error = next(tapes([path]))
            if tape is None:
                raise InvalidArgumentException(error)
            if known is not None and known["total"] != len(tape.interactions):
                raise InvalidArgumentException(f"{path}: has changed since that run: {len(tape.interactions)} interactions, not {known['total']}")
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
    report.found = bool(options.dry_run and report.data)
    return report


def _played(options: argparse.Namespace) -> tuple[Path, dict[str, Any]]:
    """The root of the last run, and what it played."""
    path = options.played or PLAYED
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
    return (path.parents[3] if options.played is None else Path()), cassettes


def _is_older(interaction: Interaction, limit: timedelta | None) -> bool:
    old = age(interaction, SystemClock().date()) if limit is not None else None
    return old is not None and limit is not None and old > limit


def _seconds(text: str) -> timedelta:
    number, unit = (text[:-1], text[-1]) if text[-1:] in _UNITS else (text, "s")
    if not number.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r}: give a number and s, m, h or d, as 90d")
    return timedelta(seconds=int(number) * _UNITS[unit])


# doctor -------------------------------------------------------------------------------------------------------------
def doctor(options: argparse.Namespace) -> Report:
    """Everything that is wrong with files, and with what is installed."""
    secrets = Secrets()
    table = Table(("cassette", "format", "what"))
    data: dict[str, Any] = {"installed": {name: importlib.util.find_spec(name) is not None for name in _EXTRAS}, "cassettes": []}
    found = False
    for path, tape, error in tapes(options.paths):
        problems = [error.removeprefix(str(path)).lstrip(", :")] if tape is None else list(_problems(tape, secrets))
        layout = "broken" if tape is None else tape.format.value if tape.format else ""
        data["cassettes"].append({"cassette": str(path), "format": layout, "problems": problems})
        for problem in problems or ["fine"]:
            table.rows.append((str(path), layout, printable(problem)))
        found = found or bool(problems)
    missing = [f"{name} ({extra})" if extra else name for name, extra in _EXTRAS.items() if not data["installed"][name]]
    return Report(data, [table, f"not installed: {', '.join(missing)}" if missing else "everything that cassettes can use is installed"], found)


def _problems(tape: Tape, secrets: Secrets) -> list[str]:
    problems = []
    if not tape.interactions:
        problems.append("nothing in it")
    if tape.format is not None and not tape.format.written:
        problems.append("replayed, but not recorded into: convert it")
    twice = Counter((one.method, one.uri, one.body, one.response.status, one.response.body) for one in tape.interactions)
    if same := sum(count - 1 for count in twice.values()):
        problems.append(f"{same} interactions stand there more than once")
    if leaking := [number for number, one in enumerate(tape.interactions, 1) if secrets.findings(one)]:
        problems.append(f"{len(leaking)} interactions with what looks like a secret, the first is number {leaking[0]}: scan it")
    for number, one in enumerate(tape.interactions, 1):
        kind, body = header(one.response.headers, "content-type") or "", one.response.body
        if "json" in kind and body and one.request.method != "HEAD":
            try:
                json.loads(undone(one.response.headers, body))
            except (ValueError, RecursionError):
                if "x-ndjson" not in kind and "jsonl" not in kind:
                    problems.append(f"number {number}: a body that is not the JSON that its type says")
    return problems
