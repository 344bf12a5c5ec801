"""What applies to a test: its mark, the command line and the ini file, in one answer."""
from __future__ import annotations

from typing import Any, NamedTuple

import pytest

ROUTES = ("live", "cassette", "script", "record", "verify")
MODES = ("once", "none", "new_episodes", "all", "verify")
LEAKS = ("fail", "allow")
UPKEEP = ("ignore", "warn", "fail")
ON_EXPIRY = ("warn", "fail", "rerecord")
HTTPX_LEAKS = ("off", "report", "fail")

_CHOICES = {"route": ROUTES, "mode": MODES, "leaks": LEAKS, "httpx_leaks": HTTPX_LEAKS, "unplayed": UPKEEP, "orphans": UPKEEP, "on_expiry": ON_EXPIRY}
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_MARK = "sessionmock(route=..., cassette=..., mode=..., leaks=...)"

MARKER = f"""{_MARK}: where the answers of a test come from and whether its leaks fail it.
route is live, cassette, script, record or verify; cassette names a file in the cassette folder; mode is once, none (the default),
new_episodes, all or verify; leaks is fail (the default) or allow. --sessionmock on the command line goes before route, but a test
of route="script" stays scripted."""


class Settings(NamedTuple):
    """What applies to one test."""

    route: str               # where answers come from: a name of ROUTES
    chosen: bool             # whether anybody said so; else it is live because nobody did
    cassette: str | None     # the cassette's name, None for the test's own
    mode: str                # of the cassette: a name of MODES
    allows_leaks: bool


def add_options(parser: pytest.Parser) -> None:
    """The command line's option and the ini file's names."""
    group = parser.getgroup("sessionmock", "URLSession: where answers come from")
    group.addoption("--sessionmock", dest="sessionmock_route", choices=ROUTES, default=None, metavar="|".join(ROUTES),
                    help="answers of every test come from here, whatever its mark says (a test of route=\"script\" stays scripted): "
                         "record makes every cassette anew, cassette only replays, verify asks the servers and fails where a cassette "
                         "has another answer")
    parser.addini("sessionmock_route", "where answers come from unless a mark or --sessionmock says otherwise", default="")
    parser.addini("sessionmock_cassette_dir", "the folder of cassettes, relative to the root of the run", default="cassettes")
    parser.addini("sessionmock_httpx", "whether plain httpx and httpx2 clients of every test take its route, as with the fixture of this name",
                  "bool", default=False)
    parser.addini("sessionmock_allowed_hosts", "names and addresses, with * for any part, that other clients may reach in tests that take "
                  "httpx clients along and are not live; loopback (default) stands for this machine", "args", default=["loopback"])
    parser.addini("sessionmock_httpx_leaks", "off (default), report or fail: what an httpx client that is never closed does, in tests that "
                  "take httpx clients along", default="off")
    parser.addini("sessionmock_unplayed", "ignore, warn (default) or fail: what interactions do that no test played", default="warn")
    parser.addini("sessionmock_orphans", "ignore, warn (default) or fail: what cassettes do that no test of a whole run uses", default="warn")
    parser.addini("sessionmock_max_age", "the age at which a recorded answer is too old, as 30d, 12h, 90m or 3600 (seconds)", default="")
    parser.addini("sessionmock_on_expiry", "warn (default), fail or rerecord: what an answer that is too old does; in CI none is recorded",
                  default="warn")
    parser.addini("sessionmock_secrets", "names of headers, parameters and fields that no cassette may hold, besides the usual ones", "args",
                  default=[])
    parser.addini("sessionmock_leaks", "fail (default) or allow: what a leaked session or task does to its test", default="fail")


def check_ini(config: pytest.Config) -> None:
    """Raises UsageError for a value that is none."""
    for name in ("route", "leaks", "httpx_leaks", "unplayed", "orphans", "on_expiry"):
        value = config.getini(f"sessionmock_{name}")
        if value and value not in _CHOICES[name]:
            raise pytest.UsageError(f"sessionmock_{name} = {value!r} in the ini file: choose from {', '.join(_CHOICES[name])}")
    try:
        config.getini("sessionmock_httpx")
    except (ValueError, pytest.UsageError) as error:      # which of them depends on pytest's version
        raise pytest.UsageError(f"sessionmock_httpx in the ini file: {error}: give true or false") from None
    cassette_options(config)


def cassette_options(config: pytest.Config) -> dict[str, Any]:
    """The options that the ini file gives every cassette. Raises UsageError."""
    options: dict[str, Any] = {}
    age = str(config.getini("sessionmock_max_age")).strip()
    if age:
        number, unit = (age[:-1], age[-1]) if age[-1] in _UNITS else (age, "s")
        if not number.isdecimal():
            raise pytest.UsageError(f"sessionmock_max_age = {age!r} in the ini file: give a number and s, m, h or d, as 30d")
        options = {"max_age": int(number) * _UNITS[unit], "on_expiry": config.getini("sessionmock_on_expiry")}
    if secrets := config.getini("sessionmock_secrets"):
        options["filter"] = secrets
    return options


def marked(node: pytest.Item | pytest.Collector) -> dict[str, Any]:
    """The arguments of the `sessionmock` marks of `node`, the nearest first. Raises UsageError for what they do not take."""
    found: dict[str, Any] = {}
    for mark in node.iter_markers("sessionmock"):
        if mark.args or not mark.kwargs.keys() <= {"route", "cassette", "mode", "leaks"}:
            given = ", ".join([*map(repr, mark.args), *(f"{key}={value!r}" for key, value in mark.kwargs.items())])
            raise pytest.UsageError(f"{node.nodeid}: @pytest.mark.sessionmock({given}): the mark is {_MARK}")
        for key, value in mark.kwargs.items():
            if key in _CHOICES and value not in _CHOICES[key]:
                raise pytest.UsageError(f"{node.nodeid}: @pytest.mark.sessionmock({key}={value!r}): choose from {', '.join(_CHOICES[key])}")
            if key == "cassette" and not isinstance(value, str):
                raise pytest.UsageError(f"{node.nodeid}: @pytest.mark.sessionmock(cassette={value!r}): give the name of a file as str")
            found.setdefault(key, value)
    return found


def allows_leaks(node: pytest.Item | pytest.Collector, mark: dict[str, Any] | None = None) -> bool:
    """Whether the leaks of `node` are nobody's business."""
    mark = marked(node) if mark is None else mark
    return bool((mark.get("leaks") or node.config.getini("sessionmock_leaks")) == "allow")


def settings_of(item: pytest.Item | pytest.Collector) -> Settings:
    """What applies to `item`: the command line before its marks, these before the ini file."""
    mark = marked(item)
    config = item.config
    wish, ini = config.getoption("sessionmock_route"), config.getini("sessionmock_route")
    route = mark.get("route") or ("cassette" if "cassette" in mark else ini)
    if wish and route != "script":
        route = wish
    return Settings(route or "live", bool(route), mark.get("cassette"), cassette_mode(config, mark.get("mode"), route),
                    allows_leaks(item, mark))


def cassette_mode(config: pytest.Config, wanted: str | None, route: str = "") -> str:
    """The mode of a cassette: `wanted`, "none" by default; --sessionmock=record records all, --sessionmock=cassette nothing,
    --sessionmock=verify nothing either."""
    wish = config.getoption("sessionmock_route") or route
    if wish == "record":
        return "all"
    if wish == "verify":
        return "verify"
    if config.getoption("sessionmock_route") == "cassette":
        return "none"
    return wanted or "none"
