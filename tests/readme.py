"""The parts of README.md that are made: `python -m tests.readme` writes them anew, and a test compares them."""
from __future__ import annotations

import re
from pathlib import Path

from pytest_sessionmock.settings import HTTPX_LEAKS, LEAKS, MODES, ON_EXPIRY, ROUTES, UPKEEP

from sessionmock.core.machine import TRANSITIONS, Phase

README = Path(__file__).resolve().parent.parent / "README.md"


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
    rows = [
        ("fixture `url_session`", "a factory of sessions that are invalidated when the test ends"),
        ("fixture `sessionmock`", "`route`, `script`, `cassette(name, mode)`, `transport()`, `trace`, `mode`"),
        ("class `pytest_sessionmock.Controller`", "the type of the fixture `sessionmock`, for annotations"),
        ("fixture `sessionmock_httpx`", "httpx and httpx2 clients take the test's route, however they were made; "
                                        "where it is not live, other clients stay off the network"),
        ("mark `@pytest.mark.sessionmock`", f"`route` ({', '.join(ROUTES)}), `cassette`, `mode` ({', '.join(MODES)}), `leaks` ({', '.join(LEAKS)})"),
        ("option `--sessionmock`", f"{', '.join(ROUTES)}: goes before the mark, but a test marked `route=\"script\"` stays scripted"),
        ("ini `sessionmock_route`", "the default route: live"),
        ("ini `sessionmock_cassette_dir`", "the folder of cassettes: `cassettes`"),
        ("ini `sessionmock_leaks`", "fail (default) or allow"),
        ("ini `sessionmock_httpx`", "true: every test has the fixture of this name"),
        ("ini `sessionmock_allowed_hosts`", "what other clients may reach: names, addresses, `*` for any part; `loopback` (default) is this machine"),
        ("ini `sessionmock_httpx_leaks`", f"{', '.join(HTTPX_LEAKS)}: what an unclosed client does, with `sessionmock_httpx` (default off)"),
        ("ini `sessionmock_unplayed`", f"{', '.join(UPKEEP)}: what recorded answers do that no test of the run played (default warn)"),
        ("ini `sessionmock_orphans`", f"{', '.join(UPKEEP)}: what cassettes do that no test of a whole run uses (default warn)"),
        ("ini `sessionmock_max_age`", "how old a recorded answer may be: `30d`, `12h`, `90m` or seconds (default: any age)"),
        ("ini `sessionmock_on_expiry`", f"{', '.join(ON_EXPIRY)}: what an older one does (default warn); in CI none is recorded"),
        ("ini `sessionmock_secrets`", "headers, parameters and fields that no cassette may hold, besides the usual ones"),
    ]
    return "\n".join(["| name | what it takes or does |", "|---|---|", *(f"| {name} | {text} |" for name, text in rows)])


PARTS = {"states": states, "plugin": plugin}


def made(text: str) -> str:
    """`text` with every made part made anew."""
    for name, make in PARTS.items():
        text = re.sub(rf"(<!-- made: {name} -->\n).*?(<!-- end -->)", lambda m, make=make: f"{m[1]}{make()}\n{m[2]}", text, flags=re.DOTALL)
    return text


if __name__ == "__main__":
    README.write_text(made(README.read_text()))
