"""Looking cassettes through for secrets: scan."""
from __future__ import annotations

import argparse
from typing import Any

from ..routes.cassette import Secrets
from .cassettes import command, found_files, tapes
from .output import Report, Table, place, printable


def add_commands(commands: Any) -> None:
    """Tell the parser."""
    scan_ = command(commands, "scan", scan, "look for secrets; exit status 1 where there are any", paths=True)
    for name, text in (("name", "a name of headers, parameters and fields that are secret too"), ("pattern", "a regular expression of secrets"),
                       ("keep", "a name that is not secret although it looks so")):
        scan_.add_argument(f"--{name}", action="append", default=[], help=text)


def scan(options: argparse.Namespace) -> Report:
    """What looks like a secret; files that cannot be read are findings too."""
    secrets = Secrets(options.name, options.pattern, options.keep)
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
