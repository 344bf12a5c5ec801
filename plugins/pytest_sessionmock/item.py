"""One test: what it owns, the routes in force, what it exchanged, and what there is to say at its end."""
from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import pytest

from .cassettes import Cassette, path_of, path_of_fixture
from .checks import is_failed_check, told
from .exchanges import KEPT, lines_of
from .faults import ItemFaults
from .imports import library, loaded
from .invariants import Invariants
from .run import RUN, RunState
from .settings import (
    FIXTURE,
    FROM_SERVERS,
    ItemSettings,
    concerns_all,
    options_of,
    read_cassette_options,
    settings_of,
    settings_without_marks,
)
from .verdict import report_of
from .virtual import RealClock

if TYPE_CHECKING:
    from sessionmock import Interception, Leak, LeakScope, Requests, ScriptRoute, Trace, VirtualClock

LEAKS = "sessionmock leaks, at teardown"      # pytest shows a section with this word under the failure of a test that failed before
_FIXTURES = frozenset({"sessionmock", "sessionmock_httpx", "url_session"})


class Missing(Protocol):
    """What notes the requests that it did not answer."""

    @property
    def misses(self) -> Sequence[object]: ...


class Differing(Protocol):
    """What notes where a server answered otherwise than it did when it was recorded."""

    @property
    def differences(self) -> Sequence[object]: ...


class InForce(NamedTuple):
    """What this plugin has put in force."""

    shown: Callable[[], Any]                # gives the route as the test sees it: a cassette's file is not read before that
    script: ScriptRoute | None = None       # where it is one


class ItemState:
    """A test on its way from setup to teardown.

    It begins where it, or anything before, has to do with sessionmock; else when the test itself is the first to import it.
    """

    def __init__(self, item: pytest.Item, run: RunState) -> None:
        self.item, self.run = item, run
        self.settings = settings_without_marks(item)
        self._begun = False
        self._ended_early = False                   # failed, was skipped or failed as expected: what it leaks fails it no more
        self._leaks: list[Leak] = []
        self._reports: list[str] = []               # what there was to say at the end
        self._in_force: list[InForce] = []          # by this plugin, the last one goes before
        self._script: ScriptRoute | None = None     # that of the test
        self._scripts: list[ScriptRoute] = []       # all that this plugin has made for it
        self._missing: list[Missing] = []           # all that ever answered here
        self._differing: list[Differing] = []
        self._interception: Interception | None = None
        self._clock: VirtualClock | RealClock | None = None     # None: real time, as long as nobody needs another
        self._stack = ExitStack()                   # undone when all is over
        self.invariants = Invariants(item)
        self.faults = ItemFaults(item, self._stack, run.verdict.armed, self.virtual)

    @classmethod
    def of(cls, request: pytest.FixtureRequest) -> ItemState:
        """The state of a test, which begins now where a fixture that was asked for by name at run time is the first to need it."""
        state: ItemState = request.node.stash[ITEM]
        if not state._begun:
            import sessionmock  # noqa: F401 - with it the test begins

        if FIXTURE not in getattr(request.node, "fixturenames", ()):
            request.node.funcargs[FIXTURE] = request.getfixturevalue(FIXTURE)
        return state

    @cached_property
    def scope(self) -> LeakScope:
        """Owns what the test makes, and has the history of it: all of it where its fixture may ask, else what a failure shows."""
        from sessionmock import History, LeakScope

        scope = LeakScope(self.item.nodeid)
        wanted = "sessionmock" in getattr(self.item, "fixturenames", ())
        scope.history = History() if wanted else History.of_exchanges(2 * KEPT)     # tasks end too
        self.invariants.begin(scope.history, self.settings.mark)
        return scope

    @cached_property
    def trace(self) -> Trace:
        """What the test was told and what it exchanged."""
        from sessionmock import Trace

        return Trace(self.scope.history)

    @cached_property
    def requests(self) -> Requests:
        """The requests of the test, whoever answers them."""
        from sessionmock import Requests

        return Requests(self.trace.history)

    # its way ----------------------------------------------------------------------------------------------------
    def set_up(self) -> None:
        """The test is about to be set up."""
        item = self.item
        self.run.began.add(str(item.path))
        self._judge_before_wider_fixtures_end()
        if (loaded() or _FIXTURES.intersection(getattr(item, "fixturenames", ())) or item.get_closest_marker("sessionmock")
                or concerns_all(item.config)):
            names = getattr(item, "fixturenames", None)
            if names is not None and names[:1] != [FIXTURE]:
                names.insert(0, FIXTURE)         # before any fixture that may send something
            try:
                self._begin()
            except pytest.UsageError as error:
                raise pytest.fail.Exception(str(error), pytrace=False) from None
        else:
            self._stack.enter_context(library.once_loaded(self._begin))

    def _begin(self) -> None:
        """Own what is made from now on, and put the test's route in force."""
        from sessionmock import use_live_route

        self._begun = True
        self.run.open()
        self.run.item = self
        self.settings = settings_of(self.item)
        self._stack.enter_context(use_live_route(self.run.live))
        self.scope.open()
        self._stack.callback(self.scope.close)
        if self.settings.is_virtual:
            self.virtual()
        if "faults" in self.settings.mark or "sessionmock" in getattr(self.item, "fixturenames", ()):
            self.faults.in_force(self.scope).add(self.settings.mark.get("faults", ()))
        route = self.settings.route
        if route == "script":
            self._put_script()
        elif route != "live":
            cassette = self._new_cassette(path_of(self.item, self.settings.mark.get("cassette")), self.settings)
            if route not in FROM_SERVERS:
                self.faults.answered_here()
            self._stack.enter_context(self.cassette_in_force(cassette))
        if self.settings.httpx or "sessionmock_httpx" in getattr(self.item, "fixturenames", ()):
            self.intercept()

    def _judge_before_wider_fixtures_end(self) -> None:
        """Judge the test when its own fixtures have ended, and those of wider scopes have not: the first finalizer of a node, which
        is its `teardown`, is run then."""
        teardown = self.item.teardown

        def judged() -> None:
            __tracebackhide__ = True
            setattr(self.item, "teardown", teardown)     # noqa: B010 - a method of the instance
            try:
                teardown()
            finally:
                self.judge()

        setattr(self.item, "teardown", judged)           # noqa: B010 - so is this

    def judge(self) -> None:
        """Find what the test leaks, and clean up so that the next one is not blamed."""
        if self._begun:
            self._leaks += self.run.judge(self.scope, self.settings.leaks)

    def finish(self) -> list[str]:
        """The test is over: judge what its last finalizers left, and take its routes out of force. What there is to say, but for
        a test that has ended early, which only shows it."""
        self.judge()
        raised, broken = [], []                  # the former where warnings are errors
        for step in (self._stack.close, self._warn_of_uncalled, lambda: broken.append(self.invariants.complaints())):
            try:
                step()
            except Warning as warning:
                raised.append(f"{type(warning).__name__}: {warning}")
        self.run.item = None
        self._reports = [report_of(leak) for leak in (*self.run.take_leaks_of_fixtures(), *self._leaks)]
        unfired = "" if self._ended_early else self.faults.complaints()
        self._reports += filter(None, (self.misses(), self.failures(), *broken, unfired, self._uncalled("fail"), *raised))
        return [] if self._ended_early else self._reports

    def break_off(self) -> None:
        """An interrupt has ended the run within the test, which nobody tears down."""
        self._stack.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
        self.run.item = None

    # routes -----------------------------------------------------------------------------------------------------
    @property
    def route(self) -> Any:
        """The route in force."""
        return self._in_force[-1].shown() if self._in_force else self.run.live

    @property
    def script(self) -> ScriptRoute:
        """The script of the test: the one in force when it is first asked for, else a new one, which goes into force then."""
        if self._script is None:
            self._script = (self._in_force[-1].script if self._in_force else None) or self._put_script()
        return self._script

    def _put_script(self) -> ScriptRoute:
        """Put a new script in force to the end of the test; what its routers pass through goes live."""
        from sessionmock import ClientRoute, ScriptRoute

        passed = options_of(self.item, self.settings.mark, self.settings.route).get("pass_through", ())
        script = ScriptRoute(live=ClientRoute(self.run.live), pass_through=passed)
        self._missing.append(script)
        self._scripts.append(script)
        self.faults.answered_here()
        self._stack.enter_context(self._everywhere(script, InForce(lambda: script, script)))
        return script

    @contextmanager
    def cassette_in_force(self, cassette: Cassette) -> Iterator[None]:
        """Tasks of all threads take `cassette` in this block; it is written at its end."""
        self._missing.append(cassette)
        self._differing.append(cassette)
        try:
            with self._everywhere(cassette, InForce(lambda: cassette.route)):
                yield
        except (KeyboardInterrupt, pytest.exit.Exception):
            cassette.break_off()
            raise
        finally:
            cassette.close()
            self.run.upkeep.note(self.item.nodeid, cassette)

    @contextmanager
    def _everywhere(self, route: Any, entry: InForce) -> Iterator[None]:
        """Tasks of all threads take `route` in this block."""
        from sessionmock import use_route

        self._in_force.append(entry)
        try:
            with use_route(route, everywhere=True):
                yield
        finally:
            self._in_force.remove(entry)

    def cassette(self, name: str | os.PathLike[str] | None, **options: Any) -> Cassette | None:
        """The cassette `name`, None where the command line wants everything live."""
        given = read_cassette_options(options, f"{self.item.nodeid}: sessionmock.cassette()")
        wish = self.item.config.getoption("sessionmock_route")
        if wish == "live":
            return None
        if wish not in FROM_SERVERS and given.get("mode") in (None, "none"):
            self.faults.answered_here()
        return self._new_cassette(path_of(self.item, name), self.settings._replace(records="--sessionmock=record"), **given)

    def cassette_of(self, fixture: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> Cassette | None:
        """The cassette of what a fixture wider than a test sends itself; None where its node, or else this test, wants none."""
        settings = settings_of(request.node)
        if not settings.chosen:
            settings = self.settings
        if settings.route in ("live", "script"):
            return None
        place = max(request.node.nodeid, fixture.baseid, key=len)
        name = fixture.argname if fixture.params is None else f"{fixture.argname}[{getattr(request, 'param_index', 0)}]"
        return self._new_cassette(path_of_fixture(request.config, place, name), settings)

    def _new_cassette(self, path: Any, settings: ItemSettings, **given: Any) -> Cassette:
        hint = f"pytest {shlex.quote(self.item.nodeid)} {settings.records}"
        return Cassette(path, hint, lambda: options_of(self.item, settings.mark, settings.route, **given))

    def intercept(self) -> None:
        """Plain httpx and httpx2 clients of this test take its route from now on, and other clients stay off the network, unless its
        mark says that they do not."""
        if self._interception is None and self.settings.httpx is not False:
            from sessionmock import ClientRoute, Interception, watch_clients

            config = self.item.config
            if not self._in_force:
                self._stack.enter_context(self._everywhere(ClientRoute(self.run.live), InForce(lambda: self.run.live)))
            self._interception = Interception(self.scope, allowed_hosts=config.getini("sessionmock_allowed_hosts"), everywhere=True)
            self._missing.append(self._interception)
            self._stack.enter_context(self._interception)
            if config.getini("sessionmock_httpx_leaks") != "off":
                self._stack.enter_context(watch_clients())

    def virtual(self) -> VirtualClock | RealClock:
        """The clock of the test. From the first call on its sessions, plain clients and threads are in virtual time, unless somebody
        has chosen that servers answer."""
        if self._clock is None:
            from sessionmock import virtual_time

            if self.settings.chosen and self.settings.route in FROM_SERVERS:
                self._clock = RealClock(lambda: self.scope.held)
            else:
                try:
                    self._clock = self._stack.enter_context(virtual_time(everywhere=True))
                except RuntimeError as error:
                    raise pytest.UsageError(f"{self.item.nodeid}: {error}\nHave it there from the beginning: "
                                            "@pytest.mark.sessionmock(time=\"virtual\")") from None
        return self._clock

    def on_end(self, call: Callable[[], Any]) -> None:
        """Make `call` when the test is over."""
        self._stack.callback(call)

    # what there is to say ---------------------------------------------------------------------------------------
    def misses(self) -> str:
        """The requests that no script and no cassette answered, or a server otherwise than its cassette, and that were not reported
        yet; "" where there is none."""
        misses = self.run.untold(miss for source in self._missing for miss in source.misses)
        differences = self.run.untold(difference for source in self._differing for difference in source.differences)
        told = list(dict.fromkeys(map(str, misses)))       # one that was tried again is told once
        if differences:
            told.append("\n".join(("The server's answers are not those of the cassette:", *map(str, differences))))
        return "\n\n".join(told)

    def failures(self) -> str:
        """The checks that failed in callbacks of what the test made, or a fixture around it, and were not reported yet; "" where there
        is none."""
        if not self._begun:
            return ""
        return "\n\n".join(told(self.run.untold(filter(is_failed_check, (*self.scope.raised, *self.run.raised)))))

    def _uncalled(self, verdict: str) -> str:
        """What no request has called of the test's scripts, where that is to have this verdict; else "". A test that has ended early may
        not have come to it."""
        if self._ended_early or verdict != (self.settings.mark.get("uncalled") or self.item.config.getini("sessionmock_uncalled")):
            return ""
        found = [line for script in self._scripts for line in script.uncalled]
        return "\n  ".join(("Scripted, and no request called it:", *found)) if found else ""

    def _warn_of_uncalled(self) -> None:
        if told := self._uncalled("warn"):
            self.item.warn(pytest.PytestWarning(told))

    def annotate(self, report: pytest.TestReport) -> None:
        """Add to pytest's report of a phase what it asked and answered, what was not answered, and in the end what is leaked."""
        if report.when != "teardown" and (report.outcome != "passed" or hasattr(report, "wasxfail")):
            self._ended_early = True
        if report.failed and self._begun:
            if exchanges := lines_of(self.trace.exchanges):
                report.sections.append(("sessionmock exchanges", exchanges))
            if acted := self.faults.section():
                report.sections.append(("sessionmock faults", acted))
            if (misses := self.misses()) and not all(line.strip() in report.longreprtext for line in misses.splitlines()):
                report.sections.append(("sessionmock misses", misses))
        if report.when == "teardown" and self._reports and (not report.failed or self._reports[0] not in report.longreprtext):
            report.sections.append((LEAKS, "\n\n".join(self._reports)))


ITEM: pytest.StashKey[ItemState] = pytest.StashKey()
"""Where a test keeps its state, from its setup to the report of its teardown."""


def set_up(item: pytest.Item) -> None:
    """Begin the state of `item`; once more where a plugin runs a failed test again."""
    state = item.stash[ITEM] = ItemState(item, item.config.stash[RUN])
    state.set_up()


def show_leaks_under_setup(terminal: Any) -> None:
    """pytest shows the sections of a teardown under a failed call, not under a failed setup: move them there."""
    errors = {report.nodeid: report for report in terminal.getreports("error") if report.when == "setup"}
    for nodeid, section in _leaks_of_teardowns(terminal) if errors else ():
        if nodeid in errors:
            errors[nodeid].sections.append(section)


def show_leaks_of_others(terminal: Any) -> None:
    """Nor does it show them of tests that were skipped or expected to fail: tell what they leak, which changes no verdict."""
    shown = {report.nodeid for category in ("failed", "error") for report in terminal.getreports(category)}
    if others := [text for nodeid, (_, text) in _leaks_of_teardowns(terminal) if nodeid not in shown]:
        terminal.section("sessionmock: leaks of skipped tests and expected failures", sep="=", yellow=True)
        terminal.write_line("\n\n".join(others))


def _leaks_of_teardowns(terminal: Any) -> Iterator[tuple[str, tuple[str, str]]]:
    for report in terminal.getreports(""):
        yield from ((report.nodeid, section) for section in report.sections if section[0] == LEAKS and report.when == "teardown")
