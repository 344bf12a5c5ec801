"""The parts of README.md and docs/ that are made: `python -m tests.readme` writes them anew, and a test compares them."""
from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from pytest_sessionmock import Controller
from pytest_sessionmock.settings import COMMAND_LINE, OPTIONS, RECORD_ALL, ROUTES, SEED

from sessionmock.core.machine import TRANSITIONS, Phase
from sessionmock.faults.kinds import KINDS, Kinds, parameters
from sessionmock.faults.points import POINTS
from sessionmock.faults.table import ACTS, TABLE
from sessionmock.invariants import INVARIANTS
from sessionmock.models.configuration import URLSessionConfiguration
from sessionmock.models.request import URLRequest
from sessionmock.models.settings import Setting
from sessionmock.tasks import URLSessionTask
from tests.faults.by_name import by_name
from tests.faults.taxonomy import codes

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
LAYOUT = ROOT / "docs" / "layout.md"
RULES = ROOT / "docs" / "rules.md"
FAULTS = ROOT / "docs" / "faults.md"
INVARIANT = ROOT / "docs" / "invariants.md"
MADE = (README, LAYOUT, RULES, FAULTS, INVARIANT)      # the files that have made parts


def states() -> str:
    """The table of transitions as a diagram."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for phase, events in TRANSITIONS.items():
        for event, row in events.items():
            if row.to is not None and row.to is not phase:
                arrows.setdefault((phase.name, row.to.name), []).append(event.name.lower())
    lines = [f"    {start} --> {end}: {', '.join(events)}" for (start, end), events in arrows.items()]
    return "\n".join(["```mermaid", "stateDiagram-v2", f"    [*] --> {Phase.CREATED.name}", *lines, f"    {Phase.COMPLETED.name} --> [*]", "```"])


def plugin() -> str:
    """The plugin's fixtures, mark, option and ini names."""
    members = ", ".join(f"`{name}{_parameters(member)}`" for name, member in vars(Controller).items() if not name.startswith("_"))
    mark = "; ".join(f"`{option.name}`: {option.help}" for option in OPTIONS if option.in_mark)
    rows = [
        ("fixture `url_session`", "a factory of sessions that are invalidated when the test ends"),
        ("fixture `sessionmock`", members),
        ("classes `pytest_sessionmock.SessionFactory`, `pytest_sessionmock.Controller`", "the types of these two, for annotations"),
        ("fixture `sessionmock_httpx`", "httpx and httpx2 clients take the test's route, however they were made; "
                                        "where it is not live, other clients stay off the network"),
        ("fixture `sessionmock_options`", "to be overridden in conftest.py, a module or a class: a dict of the options of cassettes that the "
                                          "mark takes (`CassetteDefaults`); the mark goes before it, and it before the ini file"),
        ("mark `@pytest.mark.sessionmock`", mark),
        ("option `--sessionmock`", f"{', '.join(ROUTES)}: {COMMAND_LINE}"),
        ("option `--sessionmock-record-all`", RECORD_ALL),
        ("option `--sessionmock-seed`", SEED),
        *((f"ini `{option.ini_name}`", option.help) for option in OPTIONS if option.in_ini),
    ]
    return "\n".join(["| name | what it takes or does |", "|---|---|", *(f"| {name} | {text} |" for name, text in rows)])


def idle() -> str:
    """The settings that have no effect, with the reason."""
    rows = [(f"`{kind.__name__}.{name}`", setting.idle) for kind in (URLSessionConfiguration, URLRequest, URLSessionTask)
            for name, setting in vars(kind).items() if isinstance(setting, Setting) and setting.idle]
    return "\n".join(["| setting | why |", "|---|---|", *(f"| {name} | {reason} |" for name, reason in rows)])


def points() -> str:
    """The points of faults; one row for all callbacks."""
    rows = [f"| `{point.name}`{' (byte)' if point.has_byte else ''} | {point.text} |"
            for point in POINTS.values() if not point.name.startswith("callback.")]
    return "\n".join(["| point | what happens there |", "|---|---|", *rows, "| `callback.NAME` | the delegate's method NAME is called |"])


def invariants() -> str:
    """What holds, and which of it is checked in every test."""
    rest = {"V8": "sweeps: it needs the true body", "V10": "sweeps, and this suite", "V11": "sweeps", "V15": "sweeps, and this suite",
            "V16": "sweeps: it needs two runs"}
    return "\n".join(["| | what holds | checked in |", "|---|---|---|",
                      *(f"| {name} | {text} | {rest.get(name, 'every test')} |" for name, text in INVARIANTS.items())])


def kinds() -> str:
    """The kinds of faults."""
    rows = (f"| `{name}({', '.join(_default(each) for each in parameters(name).values())})` | {_first_of(getattr(Kinds, name))} |" for name in KINDS)
    return "\n".join(["| kind | what happens |", "|---|---|", *rows])


def _default(parameter: inspect.Parameter) -> str:
    return parameter.name if parameter.default is parameter.empty else f"{parameter.name}={parameter.default!r}"


def _first_of(member: object) -> str:
    return " ".join((member.__doc__ or "").split()).rstrip(".")


def pairs() -> str:
    """Which kinds of faults there are at which point, but for those that are at all."""
    rows = (f"| `{point}` | `{kind}` | {row.text} | {', '.join(map(str, row.rows))} |"
            for point, kinds in TABLE.items() for kind, row in kinds.items() if kind not in ACTS)
    return "\n".join(["| point | kind | what happens | rows |", "|---|---|---|---|", *rows])


def _parameters(member: object) -> str:
    """What a method takes, as "(name, mode)"; "" for a property."""
    if not callable(member):
        return ""
    return f"({', '.join(str(parameter).partition(':')[0] for parameter in list(inspect.signature(member).parameters.values())[1:])})"


def layout() -> str:
    """Every module of the library and the plugin, folder by folder, with the first sentence of its docstring."""
    return "\n".join(line for package in (ROOT / "sessionmock", ROOT / "plugins" / "pytest_sessionmock") for line in _folder(package))


def _folder(folder: Path) -> Iterator[str]:
    yield from ("", f"### {folder.relative_to(ROOT).as_posix()}/", "", _subject(folder / "__init__.py"), "")
    yield from ("| module | what it is about |", "|---|---|")
    for file in sorted(folder.glob("*.py")):
        if file.stem != "__init__":
            yield f"| `{file.stem}` | {_subject(file)} |"
    for inner in sorted(folder.glob("*/__init__.py")):
        yield from _folder(inner.parent)


def _subject(file: Path) -> str:
    """The first sentence of a module's docstring."""
    text = " ".join((ast.get_docstring(ast.parse(file.read_text())) or "").split("\n\n")[0].split())
    return re.split(r"(?<=[a-z0-9)`])\. ", text)[0].rstrip(".").replace("|", "\\|") + "."


PARTS = {"states": states, "plugin": plugin, "layout": layout, "idle": idle, "codes": codes, "by_name": by_name,
         "points": points, "invariants": invariants, "kinds": kinds, "pairs": pairs}


def made(text: str) -> str:
    """`text` with every made part made anew."""
    for name, make in PARTS.items():
        text = re.sub(rf"(<!-- made: {name} -->\n).*?(<!-- end -->)", lambda m, make=make: f"{m[1]}{make()}\n{m[2]}", text, flags=re.DOTALL)
    return text


if __name__ == "__main__":
    for each in MADE:
        each.write_text(made(each.read_text()))
