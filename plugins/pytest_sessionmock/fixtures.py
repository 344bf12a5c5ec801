"""The fixtures: a maker of sessions, and the controller of routes, scripts, cassettes and the trace."""
from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TypeAlias, Unpack

import pytest

from .item import ItemState
from .virtual import RealClock

if TYPE_CHECKING:
    from sessionmock import (
        CassetteDefaults,
        CassetteOptions,
        CassetteRoute,
        Faults,
        LiveRoute,
        OperationQueue,
        PathMonitor,
        Requests,
        RouteTransport,
        ScriptRoute,
        Trace,
        URLSession,
        URLSessionConfiguration,
        VirtualClock,
    )
    InForce: TypeAlias = CassetteRoute | ScriptRoute | LiveRoute


class Controller:
    """Says where the answers of this test come from, and tells what happened."""

    def __init__(self, state: ItemState) -> None:
        self._state = state
        self._faults = state.faults.in_force(state.scope)             # in force from now on, likewise
        self._requests = state.requests         # written down from now on, also where the fixture was asked for by name at run time

    @property
    def mode(self) -> str:
        """What the test runs under: "live", "cassette", "script", "record" or "verify"."""
        return self._state.settings.route

    @property
    def route(self) -> InForce:
        """The route in force: a CassetteRoute, a ScriptRoute or a LiveRoute.

        A request that nothing answers fails the test; one that wants that clears `route.misses`.
        """
        route: InForce = self._state.route
        return route

    @property
    def script(self) -> ScriptRoute:
        """The script of this test. Where its route is another one, the script goes into force with the first use."""
        return self._state.script

    @contextmanager
    def cassette(self, name: str | os.PathLike[str] | None = None, mode: str | None = None,
                 **options: Unpack[CassetteOptions]) -> Iterator[InForce]:
        """Tasks made in this block take the cassette `name` of the cassette folder, or of an absolute path; without a name the test's own.

        `mode` is "once", "none" (default), "new_episodes", "all" or "verify"; under --sessionmock=record everything is recorded,
        under --sessionmock=cassette nothing, under --sessionmock=live the block is live. `options` are those of
        CassetteRoute: `match_on`, `order`, `allow_playback_repeats`, `filter`, `max_age`... What is not given here is as the mark
        says, the fixture `sessionmock_options` or the ini file. Gives the route. Raises pytest.UsageError for what is no option.
        """
        given = options if mode is None else {**options, "mode": mode}
        cassette = self._state.cassette(name, **given)
        if cassette is None:
            yield self._state.route
            return
        with self._state.cassette_in_force(cassette):
            yield cassette.route

    def excuse(self, session: URLSession) -> None:
        """`session`, which code under test makes once and keeps, is no leak, and lives until the run ends. Its tasks are judged as any."""
        self._state.run.excuse(session)

    @property
    def faults(self) -> Faults:
        """What goes wrong in this test: `faults.at("body", url="*/report", byte=100).reset()` arms a line, `faults.fired` are those that
        acted. They are in force for all that the test makes, on whatever thread, from its beginning; not for what a fixture of a wider scope
        made. A line that never acted fails the test, unless it is `optional`. What is about time, as `delay` and `never`, puts a test whose
        answers come from a script or a cassette into virtual time."""
        return self._faults

    @property
    def trace(self) -> Trace:
        """The callbacks and exchanges of this test so far: `trace.names()`, `trace.callbacks`, `trace.exchanges`."""
        return self._state.trace

    @property
    def clock(self) -> VirtualClock | RealClock:
        """The clock of this test: `clock.now()` in seconds, `clock.advance(60)`, `clock.run_until_idle()`, `clock.patch_sleep()`.

        With the first use the test is in virtual time, on all threads, if its mark, the ini file or a fault has not said so before.
        Where answers come from servers, by the command line or the ini file, it is a clock of real time.
        """
        return self._state.virtual()

    @property
    def requests(self) -> Requests:
        """The requests of this test's tasks and of plain clients on its route, live, recorded and scripted, in order.

        Each has `method`, `url`, `headers`, `body` and `source`. `requests.wait_for(2, method="POST", url="*/jobs", timeout=5)`
        waits for the first so many that match, in a coroutine with `await`, and gives them.
        """
        return self._requests

    def transport(self, configuration: URLSessionConfiguration | None = None) -> RouteTransport:
        """A transport for a plain httpx or httpx2 client, sync or async, over the route in force where a request is sent."""
        from sessionmock import transport

        made = transport(configuration=configuration)
        self._state.on_end(made.close)
        return made


class SessionFactory(Protocol):
    """Makes URLSessions of a test."""

    def __call__(self, configuration: URLSessionConfiguration | None = None, delegate: object | None = None,
                 delegate_queue: OperationQueue | None = None, *, path_monitor: PathMonitor | None = None) -> URLSession:
        """A session, of what the class takes; without a configuration an ephemeral one."""


@pytest.fixture
def sessionmock(request: pytest.FixtureRequest) -> Controller:
    """The controller: routes, script, cassettes, transports for plain httpx clients, and the trace of this test."""
    return Controller(ItemState.of(request))


@pytest.fixture(scope="session")
def sessionmock_options() -> CassetteDefaults:
    """The options of the cassettes of a test, and their mode: none, until a conftest.py, module or class has a fixture of this name."""
    return {}


@pytest.fixture
def url_session(request: pytest.FixtureRequest) -> SessionFactory:
    """Makes URLSessions, ephemeral unless given a configuration, that are invalidated when the test is over.

    Their tasks are not excused: one that is unfinished or was never resumed then is a leak.
    """
    from sessionmock import URLSession, URLSessionConfiguration

    state = ItemState.of(request)

    def make(configuration: URLSessionConfiguration | None = None, delegate: object | None = None,
             delegate_queue: OperationQueue | None = None, *, path_monitor: PathMonitor | None = None) -> URLSession:
        __tracebackhide__ = True     # leaks and warnings are shown at the line of the caller
        session = URLSession(configuration or URLSessionConfiguration.ephemeral(), delegate, delegate_queue, path_monitor=path_monitor)
        state.scope.excuse(session)
        return session

    return make


@pytest.fixture
def sessionmock_httpx(request: pytest.FixtureRequest) -> None:
    """Plain httpx and httpx2 clients that this test and the code under it use take the test's route, however they were made.

    Clients with a MockTransport, ASGITransport, WSGITransport or a transport class of one's own keep it. Where the route
    is not live, any other client that reaches for the network fails the test (ini sessionmock_allowed_hosts).
    """
    ItemState.of(request).intercept()
