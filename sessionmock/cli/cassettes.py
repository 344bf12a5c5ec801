"""Looking at cassettes: ls, show, diff and convert."""
from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..clock import SystemClock
from ..errors import CassetteError, InvalidArgumentException
from ..models.message import Headers, header
from ..routes.cassette import Interaction, Secrets, Tape, files, read_tape, write_tape
from ..routes.cassette.asked import asked_of
from ..routes.cassette.expiry import recorded_at
from ..routes.cassette.formats.codings import undone
from ..routes.cassette.ignored import Ignored
from ..routes.cassette.interaction import LEFT
from ..routes.cassette.matching import Index
from ..routes.cassette.verify import compare
from ..shown import counted
from .output import STATUSES, Report, Table, place, size
from .project import project


def add_commands(commands: Any) -> None:
    """Tell the parser."""
    command(commands, "ls", ls, "list cassettes: format, interactions, size, age, hosts", paths=True)
    show_ = command(commands, "show", show, "list the interactions of a cassette, or show one whole")
    show_.add_argument("file", type=Path)
    show_.add_argument("number", type=int, nargs="?", help="the interaction to show, from 1")
    diff_ = command(commands, "diff", diff, "compare two cassettes; exit status 1 where they differ")
    diff_.add_argument("file", type=Path)
    diff_.add_argument("other", type=Path)
    diff_.add_argument("--ignore", action="append", default=[], metavar="PATTERN", help="places to leave out, as headers.x-* or body.items.*.id")
    convert_ = command(commands, "convert", convert, "write a cassette of any known recorder as YAML, JSON or HAR")
    convert_.add_argument("file", type=Path)
    convert_.add_argument("target", type=Path)
    convert_.add_argument("--format", choices=("yaml", "json", "har"), help="else the name of the target says it")
    convert_.add_argument("--scrub", action="store_true", help="put pseudonyms in the place of secrets")
    convert_.add_argument("--force", action="store_true", help="replace the target where it is there")


def command(commands: Any, name: str, run: Any, text: str, *, paths: bool = False) -> argparse.ArgumentParser:
    """A command that takes --json and, with `paths`, files and folders."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.", epilog=STATUSES)
    parser.set_defaults(run=run)
    parser.add_argument("--json", action="store_true", help="for scripts")
    if paths:
        parser.add_argument("paths", type=Path, nargs="*", help="files and folders; by default the folder that pytest's settings name, or cassettes")
    return parser


def found_files(paths: list[Path]) -> list[Path]:
    """The cassettes at `paths`. Raises InvalidArgumentException for one that is not there."""
    found: dict[Path, None] = {}
    for path in paths or [project().cassettes]:
        if path.is_dir():
            found.update((file, None) for file in sorted(path.rglob("*")) if file.suffix.lower() in files.SUFFIXES and file.is_file())
        elif path.exists():
            found[path] = None
        else:
            raise InvalidArgumentException(f"{path}: no such file or folder")
    return list(found)


def tapes(paths: list[Path]) -> Iterator[tuple[Path, Tape | None, list[str]]]:
    """Each cassette, with what is wrong with it and its interactions; (file, None, [what is wrong]) where nothing of it can be read."""
    for path in found_files(paths):
        try:
            tape = read_tape(path)
            yield path, tape, readable(tape)[1]
        except CassetteError as error:
            yield path, None, [str(error)]


def readable(tape: Tape) -> tuple[list[tuple[int, Interaction]], list[str]]:
    """The interactions of `tape` that can be read, by their numbers from 1, and what is wrong with the others."""
    whole, errors = [], []
    for number, interaction in enumerate(tape.interactions, 1):
        try:
            interaction.read()
            whole.append((number, interaction))
        except CassetteError as error:
            errors.append(str(error))
    return whole, errors


# ls -----------------------------------------------------------------------------------------------------------------
def ls(options: argparse.Namespace) -> Report:
    """A line for each cassette."""
    table = Table(("cassette", "format", "interactions", "size", "recorded", "hosts"), numbers=frozenset({"interactions", "size"}))
    report = Report([], [table])
    for path, tape, errors in tapes(options.paths):
        report.parts += errors
        report.found = report.found or bool(errors)
        wrong = {"error": errors[0]} if errors else {}
        if tape is None:
            report.data.append({"cassette": str(path), **wrong})
            table.rows.append((str(path), "broken", "", size(path.stat().st_size), "", place(errors[0])))
            continue
        whole = [interaction for _, interaction in readable(tape)[0]]
        times = sorted(when for when in map(recorded_at, whole) if when is not None)
        hosts = sorted({asked_of(interaction).host for interaction in whole})
        layout = tape.format.value if tape.format else ""
        report.data.append({"cassette": str(path), "format": layout, "interactions": len(tape.interactions), "bytes": path.stat().st_size,
                            "recorded": times[0].isoformat() if times else None, "hosts": hosts, **wrong})
        table.rows.append((str(path), layout, str(len(tape.interactions)), size(path.stat().st_size),
                           ago(times[0]) if times else "", ", ".join(hosts)))
    if not report.data:
        report.parts = ["no cassettes"]
    return report


def ago(when: datetime) -> str:
    """How long ago `when` was, in one word or two."""
    hours = int((SystemClock().date() - when).total_seconds() // 3600)
    if hours < 48:
        return f"{hours} h ago" if hours > 0 else "now"
    return f"{hours // 24} d ago"


# show ---------------------------------------------------------------------------------------------------------------
def show(options: argparse.Namespace) -> Report:
    """The interactions of a file, or one of them whole."""
    tape = read_tape(options.file)
    interactions = tape.interactions
    secrets = Secrets()
    if options.number is not None:
        if not 1 <= options.number <= len(interactions):
            raise InvalidArgumentException(f"{options.file}: there is no number {options.number}; it has {len(interactions)}")
        one = interactions[options.number - 1]
        secrets.clean(one)
        return Report(described(one), [_whole(one)])
    table = Table(("number", "method", "status", "size", "type", "URL"), numbers=frozenset({"number", "size"}))
    whole, errors = readable(tape)
    for number, one in whole:
        kind = (header(one.response.headers, "content-type") or "").partition(";")[0]
        table.rows.append((str(number), one.method, status(one), size(len(one.response.body)), kind, secrets.url(one.uri)))
        secrets.clean(one)
    return Report([described(one) for _, one in whole], [table, *errors], bool(errors))


def status(interaction: Interaction) -> str:
    """The status of an answer, and where it is not whole why: 200, -1004, "200 left", "200 -1005"."""
    code, failure = interaction.response.status, interaction.extra.failure
    why = "" if failure is None else "left" if failure == LEFT else str(int(failure.code))
    return " ".join(filter(None, (str(code) if code else "", why)))


def described(interaction: Interaction) -> dict[str, Any]:
    """An interaction for a script; a body that is not text is given by its size."""
    request, response = interaction.request, interaction.response
    when = recorded_at(interaction)
    return {
        "request": {"method": request.method, "url": request.uri, "headers": request.headers, "body": _text(request.headers, request.body)},
        "response": {"status": response.status, "reason": response.reason, "headers": response.headers,
                     "body": _text(response.headers, response.body)},
        "http_version": interaction.extra.http_version, "recorded": when.astimezone(UTC).isoformat() if when else None,
    }


def _text(headers: Headers, body: bytes | None) -> str | None:
    if body is None:
        return None
    try:
        return undone(headers, body).decode()
    except UnicodeDecodeError:
        return f"({counted(len(body), 'byte')})"


def _whole(interaction: Interaction) -> str:
    request, response = interaction.request, interaction.response
    lines = [f"{request.method} {request.uri}", *(f"{name}: {value}" for name, value in request.headers)]
    if request.body:
        lines += ["", _text(request.headers, request.body) or ""]
    lines += ["", f"{interaction.extra.http_version} {status(interaction)} {response.reason}",
              *(f"{name}: {value}" for name, value in response.headers)]
    if response.body:
        lines += ["", _text(response.headers, response.body) or ""]
    return "\n".join(lines)


# diff ---------------------------------------------------------------------------------------------------------------
def diff(options: argparse.Namespace) -> Report:
    """What one file has and the other has not, and where answers to one request differ; secrets aside."""
    masking = Secrets().masking
    ours, theirs = (read_tape(path).interactions for path in (options.file, options.other))
    there = Index(theirs, masking=masking)
    table = Table(("request", "place", str(options.file), str(options.other)))
    report = Report([])
    rows: list[tuple[str, str, str, str]] = []
    for one in ours:
        position = there.take(asked_of(one))
        if position is None:
            rows.append((f"{one.method} {one.uri}", "answer", f"status {status(one)}", "none"))
        else:
            found = compare(one, theirs[position], masking, Ignored(options.ignore))
            rows += [(difference.request, difference.place, difference.tape, difference.live) for difference in found]
    rows += [(f"{one.method} {one.uri}", "answer", "none", f"status {status(one)}")
             for position, one in enumerate(theirs) if not there.played[position]]
    secrets = Secrets()
    for row in ((secrets.url(request), *cells) for request, *cells in rows):
        report.data.append(dict(zip(("request", "place", "first", "second"), row, strict=True)))
        table.rows.append(row)
    report.parts = [table if rows else "no differences"]
    report.found = bool(rows)
    return report


# convert ------------------------------------------------------------------------------------------------------------
def convert(options: argparse.Namespace) -> Report:
    """Write the tape of one file into another."""
    if options.target.exists() and not options.force:
        raise InvalidArgumentException(f"{options.target}: is there already; --force replaces it")
    tape = read_tape(options.file)
    secrets = Secrets()
    if options.scrub:
        secrets.clean_all(tape.interactions)
    write_tape(options.target, Tape(tape.interactions, tape.metadata), options.format)
    data = {"from": str(options.file), "format": tape.format.value if tape.format else "", "to": str(options.target),
            "interactions": len(tape.interactions), "with_secrets": sum(bool(secrets.findings(one)) for one in tape.interactions)}
    report = Report(data, [f"{options.file} ({data['format']}) -> {options.target}: {counted(len(tape.interactions), 'interaction')}"])
    if data["with_secrets"]:
        report.parts.append(f"{data['with_secrets']} of them with what looks like a secret: --scrub puts pseudonyms there")
    return report
