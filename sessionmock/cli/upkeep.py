"""Looking cassettes through: scan and doctor."""
from __future__ import annotations

import argparse
import importlib.util
import json
import re
from collections import Counter
from typing import Any

from ..errors import InvalidArgumentException
from ..models.message import header
from ..routes.cassette import Secrets, Tape
from ..routes.cassette.formats.codings import undone
from .cassettes import command, found_files, tapes
from .output import Report, Table, place, printable

_EXTRAS = {"yaml": "cassette", "faker": "script", "rich": "cli", "vcr": "vcr", "brotli": "", "zstandard": ""}


def add_commands(commands: Any) -> None:
    """Tell the parser."""
    scan_ = command(commands, "scan", scan, "look for secrets; exit status 1 where there are any", paths=True)
    for name, text in (("name", "a name of headers, parameters and fields that are secret too"), ("pattern", "a regular expression of secrets"),
                       ("keep", "a name that is not secret although it looks so")):
        scan_.add_argument(f"--{name}", action="append", default=[], help=text)
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
