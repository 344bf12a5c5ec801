"""Looking cassettes through for secrets, with the recorder's eyes and with others (`eyes`)."""
from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any, NamedTuple

from ..routes.cassette import Interaction, Secrets
from ..secrets.pseudonyms import PSEUDONYM, is_pseudonym
from ..secrets.shapes import hinted
from ..shown import counted
from . import eyes
from .cassettes import command, found_files, readable, tapes
from .output import Report, Table, place, printable


def add_commands(commands: Any) -> None:
    """Tell the parser."""
    scan_ = command(commands, "scan", scan, "look for secrets; exit status 1 where there are any", paths=True)
    for name, text in (("name", "a name of headers, parameters and fields that are secret too"), ("pattern", "a regular expression of secrets"),
                       ("keep", "a name that is not secret although it looks so")):
        scan_.add_argument(f"--{name}", action="append", default=[], help=text)
    scan_.add_argument("--cookies", action="store_true", help="cookies of sessions and of trackers too, which are not told else")


class _Finding(NamedTuple):
    number: int
    interaction: Interaction
    where: str
    secret: str
    by: str


def scan(options: argparse.Namespace) -> Report:
    """What looks like a secret; files that cannot be read are findings too. Bodies that cannot be looked at are named."""
    secrets = Secrets(options.name, options.pattern, options.keep)
    table = Table(("cassette", "number", "request", "where", "secret", "by"), numbers=frozenset({"number"}))
    report = Report([], [table])
    unseen: dict[str, int] = {}
    cookies = 0
    for path, tape, errors in tapes(options.paths):
        for error in errors:
            report.data.append({"cassette": str(path), "error": error})
            table.rows.append((str(path), "", "", "broken", place(error), ""))
            report.parts.append(error)
        for one in _found(readable(tape)[0] if tape else [], secrets, unseen):
            if _is_of_cookies(one) and not options.cookies:
                cookies += 1
                continue
            request = f"{one.interaction.method} {secrets.masking.url(one.interaction.uri)}"
            hidden = _hidden(one.secret)
            report.data.append({"cassette": str(path), "number": one.number, "request": request, "where": one.where, "secret": hidden, "by": one.by})
            table.rows.append((str(path), str(one.number), request, one.where, hidden, one.by))
    report.found = bool(report.data)
    if not report.found:
        report.parts = [f"no secrets in {counted(len(found_files(options.paths)), 'cassette')}"]
    if cookies:
        report.parts.append(f"{counted(cookies, 'cookie')} of sessions and trackers: --cookies shows them")
    if unseen:
        report.parts.append("not looked at: " + ", ".join(f"{count} of {printable(kind)}" for kind, count in sorted(unseen.items())))
    if not eyes.scanner():
        report.parts.append("looked at without gitleaks or detect-secrets: pip install 'sessionmock[scan]'")
    return report


def _found(interactions: list[tuple[int, Interaction]], secrets: Secrets, unseen: dict[str, int]) -> Iterator[_Finding]:
    """What each eye finds, once."""
    known: list[set[str]] = []
    owners: list[int] = []
    seen: list[eyes.View] = []
    for position, (number, one) in enumerate(interactions):
        findings = secrets.findings(one)
        known.append({secret for _, secret in findings})
        for where, secret in findings:
            yield _Finding(number, one, where, secret, "names and shapes")
        texts, dark = eyes.views(one)
        seen += texts
        owners += [position] * len(texts)
        for view in dark:
            unseen[view.text] = unseen.get(view.text, 0) + 1
    for view_number, rule, secret in (*eyes.by_entropy(seen), *eyes.by_scanner(seen)) if seen else ():
        position = owners[view_number]
        if is_pseudonym(secret) or PSEUDONYM.search(secret) or any(secret in one or one in secret for one in known[position]):
            continue
        if secrets.keeps(seen[view_number].place.partition(" ")[2]):
            continue
        known[position].add(secret)
        yield _Finding(*interactions[position], seen[view_number].place, secret, rule)


def _is_of_cookies(one: _Finding) -> bool:
    """Whether it is the value of a cookie, and no key of a service that is told by its shape."""
    return "cookie" in one.where.lower() and not one.by.startswith("gitleaks") and not hinted(one.secret)


def _hidden(secret: str) -> str:
    """Enough to recognise `secret`, with its length, and not enough to use it."""
    return f"{secret[:min(4, len(secret) // 4)]}… ({len(secret)})"
