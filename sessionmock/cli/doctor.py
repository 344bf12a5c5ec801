"""What is wrong with cassettes, what is worth a look in them, and what is not installed."""
from __future__ import annotations

import argparse
import importlib.util
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from ..errors import CassetteError
from ..models.message import header
from ..routes.cassette import Interaction, Secrets, Tape, read_tape
from ..routes.cassette.formats.charsets import charset_of, decoded
from ..routes.cassette.formats.codings import undone
from ..shown import counted
from .cassettes import command, found_files, readable
from .output import Report, Table

_EXTRAS = {"yaml": "cassette", "faker": "script", "rich": "cli", "vcr": "vcr", "brotli": "", "zstandard": ""}
_LINES = ("x-ndjson", "jsonl", "json-seq")    # types of many JSON values


def add_commands(commands: Any) -> None:
    """Tell the parser."""
    command(commands, "doctor", doctor, "read everything and say what is wrong (exit status 1), what is to be known (0), and what is installed",
            paths=True)


def doctor(options: argparse.Namespace) -> Report:
    """Everything that is wrong with files, and what is to be known of them and of what is installed."""
    secrets = Secrets()
    table = Table(("cassette", "format", "what"))
    data: dict[str, Any] = {"installed": {name: importlib.util.find_spec(name) is not None for name in _EXTRAS}, "cassettes": []}
    found = False
    for path in found_files(options.paths):
        try:
            tape = read_tape(path)
            problems, notes, layout = *_judged(tape, secrets, str(path)), tape.format.value if tape.format else ""
        except CassetteError as error:
            problems, notes, layout = [_short(str(error), str(path))], [], "broken"
        data["cassettes"].append({"cassette": str(path), "format": layout, "problems": problems, "notes": notes})
        for what in (*problems, *(f"note: {note}" for note in notes)) or ("fine",):
            table.rows.append((str(path), layout, what))
        found = found or bool(problems)
    missing = [f"{name} ({extra})" if extra else name for name, extra in _EXTRAS.items() if not data["installed"][name]]
    return Report(data, [table, f"not installed: {', '.join(missing)}" if missing else "everything that cassettes can use is installed"], found)


def _short(error: str, path: str) -> str:
    return error.removeprefix(path).lstrip(", :")


def _judged(tape: Tape, secrets: Secrets, path: str) -> tuple[list[str], list[str]]:
    """The problems of `tape`, and what is to be known of it."""
    whole, errors = readable(tape)
    problems = [_short(error, path) for error in errors]
    if not tape.interactions:
        problems.append("nothing in it")
    if lost := [number for number, one in whole if one.extra.lost]:
        problems.append(f"{counted(len(lost), 'answer')} whose body the recorder did not keep, the first is number {lost[0]}: a miss when asked for")
    findings = [(number, {where for where, _ in secrets.findings(one)}) for number, one in whole]
    if leaking := [number for number, places in findings if any(not _of_cookies(place) for place in places)]:
        problems.append(f"{counted(len(leaking), 'interaction')} with what looks like a secret, the first is number {leaking[0]}: scan it")
    problems += [f"number {number}: a body that is not the JSON that its type says" for number, one in whole if not _is_as_said(one)]
    return problems, [*_notes(tape, whole, findings)]


def _notes(tape: Tape, whole: list[tuple[int, Interaction]], findings: list[tuple[int, set[str]]]) -> Iterator[str]:
    if tape.format is not None and not tape.format.written:
        yield "replayed, but not recorded into: convert it"
    twice = Counter((one.method, one.uri, one.body, one.response.status, one.response.body) for _, one in whole)
    if same := sum(times - 1 for times in twice.values()):
        yield f"{counted(same, 'interaction')} that stand there more than once"
    if cookies := [number for number, places in findings if places and all(map(_of_cookies, places))]:
        yield f"{counted(len(cookies), 'interaction')} with cookies of a session, the first is number {cookies[0]}"


def _of_cookies(place: str) -> bool:
    return "cookie" in place.lower()


def _is_as_said(one: Interaction) -> bool:
    """Whether the body of an answer is JSON where its type says so."""
    kind, body = header(one.response.headers, "content-type") or "", one.response.body
    if "json" not in kind or not body or one.request.method == "HEAD" or one.extra.failure or any(name in kind for name in _LINES):
        return True
    plain = undone(one.response.headers, body)
    try:
        json.loads(decoded(plain, charset_of(kind)) or plain)
    except (ValueError, RecursionError):
        return False
    return True
