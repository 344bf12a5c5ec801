"""Everything that can be said about tests, in one list, and what applies to a test of all that was said.

The mark's arguments, the ini file's names with their defaults and choices, the help texts, the complaints about what is no
choice and the README's table are all made from `OPTIONS`.
"""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import pytest

ROUTES = ("live", "cassette", "script", "record", "verify")
_UPKEEP = ("ignore", "warn", "fail")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

COMMAND_LINE = (
    "answers of every test come from here, whatever its mark says (a test of route=\"script\" stays scripted): record makes every "
    "cassette anew, cassette only replays, verify asks the servers and fails where a cassette has another answer")
"""What --sessionmock does."""


class Option(NamedTuple):
    """One thing that can be said about tests: by an argument of the mark, in the ini file, or by both."""

    name: str                       # of the mark's argument; in the ini file `sessionmock_` comes before it
    text: str                       # what it decides
    choices: tuple[str, ...] = ()   # what it takes; () where that is for `text` to say
    default: Any = ""               # where nobody says anything
    kind: Literal["bool", "args"] | None = None     # how pytest reads the ini file's value; None: as text
    in_mark: bool = False
    in_ini: bool = True

    @property
    def ini_name(self) -> str:
        """Its name in the ini file."""
        return f"sessionmock_{self.name}"

    @property
    def help(self) -> str:
        """What it takes and what it decides, in one sentence."""
        if not self.choices:
            return self.text
        *first, last = (f"{choice} (default)" if choice == self.default else choice for choice in self.choices)
        return f"{', '.join(first)} or {last}: {self.text}"


OPTIONS = (
    Option("route", "where answers come from (the servers, where nobody says)", ROUTES, in_mark=True),
    Option("cassette", "the name of a file in the folder of cassettes, which the test takes and not one of its own", in_mark=True, in_ini=False),
    Option("mode", "whether a cassette replays, records, or both",
           ("once", "none", "new_episodes", "all", "verify"), "none", in_mark=True, in_ini=False),
    Option("leaks", "what a leaked session or task does to its test", ("fail", "allow"), "fail", in_mark=True),
    Option("cassette_dir", "the folder of cassettes, relative to the root of the run (default: cassettes)", default="cassettes"),
    Option("httpx", "true: plain httpx and httpx2 clients of every test take its route, as with the fixture sessionmock_httpx (default: false)",
           default=False, kind="bool"),
    Option("allowed_hosts", "names and addresses, with * for any part, that other clients may reach in tests that take httpx clients along and "
           "are not live; loopback (default) stands for this machine", default=("loopback",), kind="args"),
    Option("httpx_leaks", "what an httpx client that is never closed does, in tests that take httpx clients along",
           ("off", "report", "fail"), "off"),
    Option("unplayed", "what recorded answers do that no test of the run played", _UPKEEP, "warn"),
    Option("orphans", "what cassettes do that no test of a whole run uses", _UPKEEP, "warn"),
    Option("max_age", "the age at which a recorded answer is too old, as 30d, 12h, 90m or 3600 (seconds); without one no answer is"),
    Option("on_expiry", "what an answer that is too old does; in CI none is recorded", ("warn", "fail", "rerecord"), "warn"),
    Option("secrets", "names of headers, parameters and fields that no cassette may hold, besides the usual ones", default=(), kind="args"),
)
_OF_MARK = {option.name: option for option in OPTIONS if option.in_mark}
_MARK = f"sessionmock({', '.join(f'{name}=...' for name in _OF_MARK)})"

MARKER = f"{_MARK}: " + "; ".join([
    *(f"{name} is {option.help}" for name, option in _OF_MARK.items()),
    "--sessionmock on the command line goes before route, but a test of route=\"script\" stays scripted"])
"""The mark, as `pytest --markers` shows it."""


class Settings(NamedTuple):
    """What applies to one test."""

    route: str               # where answers come from: a name of ROUTES
    chosen: bool             # whether anybody said so; else it is live because nobody did
    cassette: str | None     # the cassette's name, None for the test's own
    mode: str                # of the cassette: one of the choices of "mode"
    allows_leaks: bool


def add_options(parser: pytest.Parser) -> None:
    """The command line's option and the ini file's names."""
    group = parser.getgroup("sessionmock", "URLSession: where answers come from")
    group.addoption("--sessionmock", dest="sessionmock_route", choices=ROUTES, default=None, metavar="|".join(ROUTES), help=COMMAND_LINE)
    for option in of_ini():
        parser.addini(option.ini_name, option.help, option.kind, default=option.default)


def of_ini() -> Iterator[Option]:
    """The options that the ini file takes."""
    return (option for option in OPTIONS if option.in_ini)


def check_ini(config: pytest.Config) -> None:
    """Raises UsageError for a value that is none."""
    for option in of_ini():
        try:
            value = config.getini(option.ini_name)
        except (ValueError, pytest.UsageError) as error:      # of a bool that is none; which of them depends on pytest's version
            raise pytest.UsageError(f"{option.ini_name} in the ini file: {error}: give true or false") from None
        if value and option.choices and value not in option.choices:
            raise pytest.UsageError(f"{option.ini_name} = {value!r} in the ini file: choose from {', '.join(option.choices)}")
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
        if mark.args or not mark.kwargs.keys() <= _OF_MARK.keys():
            given = ", ".join([*map(repr, mark.args), *(f"{key}={value!r}" for key, value in mark.kwargs.items())])
            raise pytest.UsageError(f"{node.nodeid}: @pytest.mark.sessionmock({given}): the mark is {_MARK}")
        for key, value in mark.kwargs.items():
            choices = _OF_MARK[key].choices
            if choices and value not in choices:
                raise pytest.UsageError(f"{node.nodeid}: @pytest.mark.sessionmock({key}={value!r}): choose from {', '.join(choices)}")
            if not isinstance(value, str):
                raise pytest.UsageError(f"{node.nodeid}: @pytest.mark.sessionmock({key}={value!r}): give the name of a file as str")
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


def settings_without_marks(item: pytest.Item) -> Settings:
    """What applies to a test that has nothing to do with sessionmock but for what it leaks."""
    return Settings("live", False, None, _OF_MARK["mode"].default, allows_leaks(item, {}))


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
    return wanted or str(_OF_MARK["mode"].default)
