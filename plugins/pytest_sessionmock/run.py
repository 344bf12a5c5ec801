"""One test: what it owns, the routes in force, what it exchanged, and the judgement at its end."""
from __future__ import annotations

import shlex
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from .book import BOOK
from .cassettes import Cassette, path_of, path_of_fixture
from .settings import Settings, allows_leaks, cassette_mode, cassette_options, settings_of

if TYPE_CHECKING:
    from sessionmock import Interception, Leak, LiveRoute, ScriptRoute, Trace

_EXCHANGES = 200     # the last so many are shown


RUN: pytest.StashKey[Run] = pytest.StashKey()


class Run:
    """A test on its way from setup to teardown."""

    def __init__(self, item: pytest.Item) -> None:
        from sessionmock import LeakScope, Trace

        self.item = item
        self.book = item.config.stash[BOOK]
        self.settings = Settings("live", False, None, "none", allows_leaks(item, {}))
        self.scope = LeakScope(item.nodeid)
        wanted = "sessionmock" in getattr(item, "fixturenames", ())
        self.trace: Trace = Trace([] if wanted else deque(maxlen=0), [] if wanted else deque(maxlen=_EXCHANGES))
        self.leaks: list[Leak] = []
        self.reports: list[str] = []  # what there was to say at the end
        self._routes: list[Any] = []  # in force by this plugin, the last one first
        self._used: list[Any] = []    # all that were
        self._judged: set[int] = set()  # differences that were reported
        self._interception: Interception | None = None
        self._stack = ExitStack()     # undone when all is over

    def start(self) -> None:
        """Own what is made from now on, and put the test's route in force."""
        from sessionmock import set_trace, use_live_route

        self.book.run = self
        self.settings = settings_of(self.item)
        self._stack.callback(set_trace, set_trace(self.trace))
        self._stack.enter_context(use_live_route(self.live))
        self.scope.open()
        self._stack.callback(self.scope.close)
        route = self.settings.route
        if route == "script":
            self.put_in_force(self.new_script())
        elif route != "live":
            self.put_in_force(Cassette(path_of(self.item, self.settings.cassette), self.settings.mode))
        if self.item.config.getini("sessionmock_httpx") or "sessionmock_httpx" in getattr(self.item, "fixturenames", ()):
            self.intercept()

    def intercept(self) -> None:
        """Plain httpx and httpx2 clients of this test take its route from now on; other clients stay off the network."""
        if self._interception is None:
            from sessionmock import Interception, watch_clients

            config = self.item.config
            self._interception = Interception(
                self.scope, self.book.fixtures.values(), allowed_hosts=config.getini("sessionmock_allowed_hosts"))
            self._stack.enter_context(self._interception)
            if config.getini("sessionmock_httpx_leaks") != "off":
                self._stack.enter_context(watch_clients())

    @classmethod
    def of(cls, item: pytest.Item) -> Run:
        """The run of `item`, started now where only a fixture asked for by name at run time needs it."""
        run = item.stash.get(RUN, None)
        if run is None:
            run = item.stash[RUN] = cls(item)
            run.start()
        return run

    # routes -----------------------------------------------------------------------------------------------------
    @property
    def route(self) -> Any:
        """The route in force."""
        return self._routes[-1] if self._routes else self.live

    @property
    def live(self) -> LiveRoute:
        """What answers where nothing else is in force."""
        return self.book.live

    def new_script(self) -> ScriptRoute:
        """A script; what its routers pass through goes live."""
        from sessionmock import ClientRoute, ScriptRoute

        return ScriptRoute(live=ClientRoute(self.live))

    def put_in_force(self, route: Any) -> None:
        """Tasks of all threads take `route` from now on to the end of the test."""
        self._stack.enter_context(self.in_force(route))

    @contextmanager
    def in_force(self, route: Any) -> Iterator[None]:
        """Tasks of all threads take `route` in this block; a cassette is written at its end."""
        from sessionmock import use_route

        self._used.append(route)
        self._routes.append(route)
        if isinstance(route, Cassette):
            route.hint = f"pytest {shlex.quote(self.item.nodeid)} --sessionmock=record"
            route.options = cassette_options(self.item.config) | route.options
        try:
            with use_route(route, everywhere=True):
                yield
        finally:
            self._routes.remove(route)
            if isinstance(route, Cassette):
                route.close()
                self.book.upkeep.note(self.item.nodeid, route)

    def cassette(self, name: str | None, mode: str | None, **options: Any) -> Cassette | None:
        """The cassette `name`, None where the command line wants everything live."""
        config = self.item.config
        if config.getoption("sessionmock_route") == "live":
            return None
        route = "record" if self.settings.route == "record" else ""
        return Cassette(path_of(self.item, name), cassette_mode(config, mode, route), **options)

    def cassette_of(self, fixture: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> Cassette | None:
        """The cassette of what a fixture wider than a test sends itself; None where its node, or else this test, wants none."""
        settings = settings_of(request.node)
        if not settings.chosen:
            settings = self.settings
        if settings.route in ("live", "script"):
            return None
        place = max(request.node.nodeid, fixture.baseid, key=len)
        name = fixture.argname if fixture.params is None else f"{fixture.argname}[{getattr(request, 'param_index', 0)}]"
        return Cassette(path_of_fixture(request.config, place, name), settings.mode)

    def on_end(self, call: Any) -> None:
        """Make `call` when the test is over."""
        self._stack.callback(call)

    # judgement --------------------------------------------------------------------------------------------------
    def misses(self) -> str:
        """The requests that no script and no cassette answered, or a server otherwise than its cassette, and that were not reported
        yet; "" where there is none."""
        differences = [difference for route in self._used if isinstance(route, Cassette) for difference in route.differences
                       if id(difference) not in self._judged]
        self._judged.update(map(id, differences))
        told = ["\n".join(("The server's answers are not those of the cassette:", *map(str, differences)))] if differences else []
        new = [miss for route in filter(None, (*self._used, self._interception)) for miss in route.misses if miss not in self.book.told]
        self.book.told += new
        return "\n\n".join([*dict.fromkeys(map(str, new)), *told])       # one that was tried again is told once

    def judge(self) -> None:
        """Find what the test leaks, and clean up so that the next one is not blamed."""
        if self.settings.allows_leaks:
            self.scope.settle()
        else:
            self.leaks += (*self.scope.drain(), *self.book.clients_of(self.scope))
            self.scope.clean_up()

    def end(self) -> None:
        """The test is over: judge what its last finalizers left, and take its route out of force."""
        self.judge()
        self._stack.close()
        self.book.run = None

    def exchanges(self) -> str:
        """What was asked and answered, a line each."""
        rows = [(record.method, record.url, str(record.status or "-"), record.source, f"{record.milliseconds:.1f} ms", record.error)
                for record in list(self.trace.exchanges)[-_EXCHANGES:]]
        if not rows:
            return ""
        widths = [max(len(row[column]) for row in rows) for column in range(5)]
        return "\n".join(
            f"{method:<{widths[0]}}  {url:<{widths[1]}}  {status:>{widths[2]}}  {source:<{widths[3]}}  {spent:>{widths[4]}}"
            + (f"  {error.partition(chr(10))[0]}" if error else "")
            for method, url, status, source, spent, error in rows)
