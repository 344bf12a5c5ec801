"""Everything that can be said about tests, in one list, and what applies to a test of all that was said.

The mark's arguments, the ini file's names with their defaults and choices, the help texts, the complaints about what is no
choice and the README's table are all made from `OPTIONS`. The command line goes before the mark, the mark before the fixture
`sessionmock_options`, and the fixture before the ini file.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from .values import AGE, BOOL, FILE, FUNCTION, NUMBER, PLAN, SECRETS, TEXT, WHOLE, WORD, WORDS, Kind, nearest

FIXTURE = "sessionmock_options"
ROUTES = ("live", "cassette", "script", "record", "verify")
FROM_SERVERS = ("live", "record", "verify")
_UPKEEP = ("ignore", "warn", "fail")

COMMAND_LINE = (
    "answers of every test come from here, whatever its mark says (a test of route=\"script\" stays scripted): record makes every "
    "cassette anew, for tests that take one, cassette only replays, verify asks the servers and fails where a cassette has another answer")
"""What --sessionmock does."""

SEED = "the root seed of what faults draw; the ini file's sessionmock_seed else. The same seed draws the same, whatever the worker and the order"
"""What --sessionmock-seed does."""

RECORD_ALL = "with --sessionmock=record, tests without a route of their own record too"
"""What --sessionmock-record-all does."""


class Option(NamedTuple):
    """One thing that can be said about tests: by an argument of the mark, in the ini file, or by both."""

    name: str                       # of the mark's argument; in the ini file `sessionmock_` comes before it
    text: str                       # what it decides
    choices: tuple[str, ...] = ()   # what it takes; () where that is for `text` to say
    default: Any = ""               # where nobody says anything
    kind: Kind = TEXT
    in_mark: bool = False
    in_ini: bool = True
    of_cassettes: bool = False      # a fixture and `sessionmock.cassette` take it too; where nobody says it, CassetteRoute has its own default

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
        either = f"{', '.join(first)} or {last}" if first else last
        return f"{either}: {self.text}"

    def read(self, given: Any, place: str) -> Any:
        """The value that was `given` at `place`; None, of cassettes, is as if nobody had said anything. Raises UsageError for what is none."""
        if given is None and self.of_cassettes:
            return None
        try:
            value = self.kind.read(given)
        except Exception as error:
            why = f" ({error})" if str(error) else ""
            raise pytest.UsageError(f"{place}: give {self.kind.wanted}{why}") from None
        if self.choices and value not in self.choices:
            raise pytest.UsageError(f"{place}: choose from {', '.join(self.choices)}")
        return value


def _of_cassettes(name: str, text: str, kind: Kind = TEXT, choices: tuple[str, ...] = (), default: str = "") -> Option:
    return Option(name, text, choices, default, kind, in_mark=True, of_cassettes=True)


OPTIONS = (
    Option("route", "where answers come from (the servers, where nobody says)", ROUTES, in_mark=True),
    Option("cassette", "a file in the folder of cassettes, or an absolute path, which the test takes and not one of its own",
           kind=FILE, in_mark=True, in_ini=False),
    Option("time", "how time goes for what a test makes: virtual time stands still until somebody waits, and then jumps; where the command line or "
           "the ini file has servers answer, it is real all the same", ("real", "virtual"), "real", in_mark=True),
    Option("faults", "what goes wrong in the test: a FaultPlan, or a list of its lines; one that never acts fails the test, unless it is optional",
           kind=PLAN, in_mark=True, in_ini=False),
    Option("seed", "the root seed of what faults draw, an integer (default: 0)", default="0", kind=WHOLE),
    Option("leaks", "what a leaked session or task does to its test", ("fail", "warn", "allow"), "fail", in_mark=True),
    Option("invariants", "what a test does in which something happens that must never happen, as a task that completes twice, be it by a bug of "
           "sessionmock or by a route, queue or protocol class of one's own", ("fail", "warn", "off"), "fail", in_mark=True),
    Option("cassette_dir", "the folder of cassettes, relative to the root of the run (default: cassettes)", default="cassettes"),
    Option("httpx", "whether plain httpx and httpx2 clients take the test's route, as with the fixture sessionmock_httpx, and other clients are "
           "kept off the network (default: where anybody chose a route that is not live)", default=None, kind=BOOL, in_mark=True),
    Option("allowed_hosts", "names and addresses, with * for any part, that clients which cannot be routed may reach in tests that take httpx "
           "clients along and are not live; loopback (default) stands for this machine", default=("loopback",), kind=WORDS),
    Option("httpx_leaks", "what an httpx client that is never closed does, in tests that take httpx clients along",
           ("off", "report", "fail"), "off"),
    Option("uncalled", "what answers, functions and respx routes of a test's script do that no request called", _UPKEEP, "ignore", in_mark=True),
    Option("unplayed", "what recorded answers do that no test of the run played", _UPKEEP, "warn"),
    Option("orphans", "what cassettes do that no test of a whole run uses", _UPKEEP, "warn"),
    # What CassetteRoute takes, whose keywords they are:
    _of_cassettes("mode", "whether a cassette replays, records, or both", WORD, ("once", "none", "new_episodes", "all", "verify"), "none"),
    _of_cassettes("match_on", "the fields in which a request must agree with a recorded one, as method uri body; a mark and a fixture also "
                  "take functions", WORDS),
    _of_cassettes("order", "the order in which recorded answers are given", WORD, ("any", "per_url", "strict"), "any"),
    _of_cassettes("allow_playback_repeats", "true: an answer that is used up is given again (default: false)", BOOL),
    _of_cassettes("speed", "the pace of bodies that were recorded piece by piece: 0 (default) does not wait, 1.0 is the recorded pace", NUMBER),
    _of_cassettes("filter", "names of headers, parameters and fields that no cassette may hold, besides the usual ones; true (default) for "
                  "these alone, false for none", SECRETS),
    _of_cassettes("keep", "names of headers, parameters, fields and cookies that are no secrets and are recorded as they are", WORDS),
    _of_cassettes("max_age", "the age at which a recorded answer is too old, as 30d, 12h, 90m or 3600 (seconds); without one no answer is", AGE),
    _of_cassettes("on_expiry", "what an answer that is too old does; in CI none is recorded", WORD, ("warn", "fail", "rerecord"), "warn"),
    _of_cassettes("trim", "true: a cassette forgets what was not played, unless there was a miss (default: false)", BOOL),
    _of_cassettes("ignore", "places that neither matching nor verify compares, as query.page, headers.x-* or body.items.*.id", WORDS),
    _of_cassettes("match", "matching leaves out what signs a request to AWS", WORD, ("aws",)),
    _of_cassettes("refresh", "true: recorded dates (Date, Expires, those of cookies) are as far from now as they were then (default: false)", BOOL),
    _of_cassettes("before_record_request", "a function that gets each Request before it is recorded or compared, and returns it, changed or not, "
                  "or None, which drops it", FUNCTION),
    _of_cassettes("before_record_response", "a function that gets each RecordedAnswer before it is recorded, likewise", FUNCTION),
    _of_cassettes("pass_through", "hosts whose requests go past the cassette or script, live and unrecorded, as localhost or "
                  "*.internal; of scripts in the mark and the ini file", WORDS),
)
_OF_MARK = {option.name: option for option in OPTIONS if option.in_mark}
_OF_CASSETTES = {option.name: option for option in OPTIONS if option.of_cassettes}
_MARK = f"sessionmock({', '.join(f'{name}=...' for name in _OF_MARK)})"

MARKER = f"{_MARK}: " + "; ".join([
    *(f"{name} is {option.help}" for name, option in _OF_MARK.items()),
    "--sessionmock on the command line goes before route, but a test of route=\"script\" stays scripted"])
"""The mark, as `pytest --markers` shows it."""


class ItemSettings(NamedTuple):
    """What applies to one test."""

    route: str                  # where answers come from: a name of ROUTES
    chosen: bool                # whether anybody said so; else it is live because nobody did
    records: str                # the options of the command line that record its own cassette
    mark: dict[str, Any]        # what its marks say
    httpx: bool | None          # whether plain httpx clients take the route; None: where a fixture asks for it
    leaks: str                  # what a leak does: one of the choices
    is_virtual: bool            # whether it is in virtual time from its beginning


def add_options(parser: pytest.Parser) -> None:
    """The command line's option and the ini file's names."""
    group = parser.getgroup("sessionmock", "URLSession: where answers come from")
    group.addoption("--sessionmock", dest="sessionmock_route", choices=ROUTES, default=None, metavar="|".join(ROUTES), help=COMMAND_LINE)
    group.addoption("--sessionmock-record-all", dest="sessionmock_record_all", action="store_true", help=RECORD_ALL)
    group.addoption("--sessionmock-seed", dest="sessionmock_seed", type=int, metavar="N", help=SEED)
    for option in of_ini():
        parser.addini(option.ini_name, option.help, option.kind.ini, default=None if option.of_cassettes else option.default)


def of_ini() -> Iterator[Option]:
    """The options that the ini file takes."""
    return (option for option in OPTIONS if option.in_ini)


def check_ini(config: pytest.Config) -> None:
    """Raises UsageError for a name or a value that is none, and for an option of the command line that nothing would obey."""
    if config.getoption("sessionmock_record_all") and config.getoption("sessionmock_route") != "record":
        raise pytest.UsageError("--sessionmock-record-all says what --sessionmock=record does: give both")
    names = [option.ini_name for option in of_ini()]
    overrides = [text.partition("=")[0].strip() for text in config.getoption("override_ini") or ()]
    written = vars(config).get("_inicfg")       # its name in pytest 9; before, as below
    for name in (*(config.inicfg if written is None else written), *overrides):
        if name.startswith("sessionmock_") and name not in names:
            raise pytest.UsageError(f"{name} in the ini file is no option of sessionmock: {nearest(name, names)}")
    for option in of_ini():
        _of_ini_file(config, option)


def _of_ini_file(config: pytest.Config, option: Option) -> Any:
    """What the ini file says of `option`, the default where it says nothing. Raises UsageError."""
    try:
        value = config.getini(option.ini_name)
    except (ValueError, TypeError, pytest.UsageError) as error:      # which of them depends on pytest's version
        raise pytest.UsageError(f"{option.ini_name} in the ini file: {error}: give {option.kind.wanted}") from None
    return value if value in (None, "", option.default) else option.read(value, f"{option.ini_name} = {value!r} in the ini file")


def cassette_options(config: pytest.Config) -> dict[str, Any]:
    """What the ini file says of every cassette. Raises UsageError."""
    said = {name: _of_ini_file(config, option) for name, option in _OF_CASSETTES.items() if option.in_ini}
    return {name: value for name, value in said.items() if value not in (None, "")}


def read_cassette_options(given: Any, place: str) -> dict[str, Any]:
    """What was said of cassettes at `place`, by a fixture or a call. Raises UsageError for what is no option or no value of one."""
    if not isinstance(given, dict):
        raise pytest.UsageError(f"{place} is {given!r}: give a dict of options")
    return {name: _known(name, _OF_CASSETTES, place).read(value, f"{place}: {name}={value!r}") for name, value in given.items()}


def _known(name: str, options: dict[str, Option], place: str) -> Option:
    if name not in options:
        raise pytest.UsageError(f"{place} has no option {name!r}: {nearest(str(name), options)}")
    return options[name]


def marked(node: pytest.Item | pytest.Collector) -> dict[str, Any]:
    """The arguments of the `sessionmock` marks of `node`, the nearest first. Raises UsageError for what they do not take."""
    found: dict[str, Any] = {}
    for mark in node.iter_markers("sessionmock"):
        place = f"{node.nodeid}: @pytest.mark.sessionmock"
        if mark.args:
            raise pytest.UsageError(f"{place}({', '.join(map(repr, mark.args))}): the mark is {_MARK}")
        for key, value in mark.kwargs.items():
            found.setdefault(key, _known(key, _OF_MARK, place).read(value, f"{place}({key}={value!r})"))
    if found.get("time") == "virtual" and found.get("route") in FROM_SERVERS:
        raise pytest.UsageError(f"{node.nodeid}: @pytest.mark.sessionmock(route={found['route']!r}, time='virtual'): a live server knows no "
                                "virtual time: answer by a script or a cassette, or leave time out")
    return found


def leaks_of(config: pytest.Config, mark: Mapping[str, Any] = MappingProxyType({})) -> str:
    """What the leaks do of whom `mark` is the mark, or of the whole run."""
    return str(mark.get("leaks") or config.getini("sessionmock_leaks"))


def root_seed(config: pytest.Config) -> int:
    """What all that faults draw in the run comes from: the command line before the ini file."""
    given = config.getoption("sessionmock_seed")
    return int(config.getini("sessionmock_seed")) if given is None else int(given)


def invariants_of(item: pytest.Item, mark: Mapping[str, Any]) -> str:
    """What a violated invariant does to `item`, of which `mark` is the mark."""
    return str(mark.get("invariants") or item.config.getini("sessionmock_invariants"))


def concerns_all(config: pytest.Config) -> bool:
    """Whether what was said of all tests may take along one that knows nothing of sessionmock."""
    route = config.getoption("sessionmock_route") or config.getini("sessionmock_route")
    return route not in ("", "live") or bool(config.getini("sessionmock_httpx"))


def settings_of(item: pytest.Item | pytest.Collector) -> ItemSettings:
    """What applies to `item`: the command line before its marks, these before the ini file."""
    mark = marked(item)
    config = item.config
    own = mark.get("route") or ("cassette" if mark.keys() & {"cassette", "mode"} else config.getini("sessionmock_route"))
    wish = config.getoption("sessionmock_route")
    if wish == "record" and own in ("", "live"):
        wish = "record" if config.getoption("sessionmock_record_all") and "route" not in mark else own
    route = own if own == "script" else wish or own
    if route == "record" and "record" not in (wish, _by_ini_option(config, "route")) and _unattended("all") == "none":
        route = "cassette"
    of_all = config.getini("sessionmock_httpx")
    # Where somebody chose live, a test that has the controller hears of the requests of its clients all the same.
    told = route == "live" and "sessionmock" in getattr(item, "fixturenames", ())
    takes = of_all or (of_all is None and (told or route not in ("", "live")))
    records = "--sessionmock=record" if own not in ("", "live") else "--sessionmock=record --sessionmock-record-all"
    is_virtual = (mark.get("time") or config.getini("sessionmock_time")) == "virtual" and route not in FROM_SERVERS
    return ItemSettings(route or "live", bool(route), records, mark, mark.get("httpx", takes or None), leaks_of(config, mark), is_virtual)


def _by_ini_option(config: pytest.Config, name: str) -> str | None:
    """What the command line's `-o` says of `name` of the ini file; None where it says nothing."""
    given = [words.partition("=")[2] for words in config.getoption("override_ini") or () if words.startswith(f"sessionmock_{name}=")]
    return given[-1] if given else None


def _unattended(mode: str) -> str:
    """`mode` where nobody asked for it on the command line: in CI nothing is recorded then."""
    from sessionmock import Mode

    return str(Mode.named(mode).unattended.value)


def options_of_fixture(item: pytest.Item) -> dict[str, Any]:
    """What the fixture says of the cassettes of `item`. Raises UsageError."""
    given = getattr(item, "funcargs", {}).get(FIXTURE)
    return read_cassette_options(given, f"{item.nodeid}: the fixture {FIXTURE}") if given else {}


def settings_without_marks(item: pytest.Item) -> ItemSettings:
    """What applies to a test that has nothing to do with sessionmock but for what it leaks."""
    return ItemSettings("live", False, "", {}, None, leaks_of(item.config), False)


def options_of(item: pytest.Item, mark: dict[str, Any], route: str, **given: Any) -> dict[str, Any]:
    """The mode and the options of a cassette of `item`, which takes `route`. Raises UsageError.

    --sessionmock=record records all, --sessionmock=cassette nothing, --sessionmock=verify nothing either; else what is `given` in
    a call goes before the mark, this before the fixture `sessionmock_options`, and this before the ini file. In CI these record
    nothing, but for the ini file's mode that the command line gives.
    """
    config = item.config
    options = {
        **cassette_options(config),
        **options_of_fixture(item),
        **{name: value for name, value in mark.items() if name in _OF_CASSETTES},
        **given,
    }
    wish = config.getoption("sessionmock_route")
    commanded = {"record": "all", "verify": "verify"}.get(wish or route) or ("none" if wish == "cassette" else "")
    mode = commanded or options.get("mode") or _OF_CASSETTES["mode"].default
    if not commanded and mode not in ("none", _by_ini_option(config, "mode")):
        mode = _unattended(mode)
    return {name: value for name, value in {**options, "mode": mode}.items() if value is not None}
