"""One pytest run: the owner of what no test made, the fixtures wider than a test, and what there is to say in the end."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import pytest

from .cassettes import Cassette
from .checks import is_failed_check, told
from .imports import library, loaded
from .settings import leaks_of, marked
from .upkeep import Upkeep
from .verdict import OUTPUT, Verdict, fail_run
from .virtual import in_real_time

if TYPE_CHECKING:
    from sessionmock import Leak, LeakScope, LiveRoute, URLSession

T = TypeVar("T")


class Item(Protocol):
    """What a fixture wider than a test, and the end of a run, ask of the test that is on (`item.ItemState`)."""

    @property
    def item(self) -> pytest.Item:
        """The test itself."""

    def judge(self) -> None:
        """Find what the test leaks, and end it."""

    def break_off(self) -> None:
        """An interrupt has ended the run within the test."""

    def cassette_of(self, fixture: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> Cassette | None:
        """The cassette of what the fixture sends itself; None where it has none."""

    def cassette_in_force(self, cassette: Cassette) -> AbstractContextManager[None]:
        """Tasks of all threads take `cassette` in this block."""


class RunState:
    """What one pytest run knows beyond single tests."""

    def __init__(self, config: pytest.Config) -> None:
        self.upkeep = Upkeep(config)
        self.item: Item | None = None                         # the test that is on
        self.fixtures: dict[object, LeakScope] = {}           # of fixtures wider than a test, until they end
        self.began: set[str] = set()                          # modules of tests that ran here
        self.known: set[str] = set()                          # modules that were collected here
        self._config = config
        self._imports: LeakScope | None = None                # owns what modules made while they were imported
        self._whole: LeakScope | None = None                  # owns the rest that no test and no fixture made, and what was excused
        self._told: dict[int, object] = {}                    # misses and differences that were reported, by their id
        self._of_fixtures: list[Leak] = []                    # found when wide fixtures ended; the test that is on tells
        self.verdict = Verdict()

    def open(self) -> None:
        """The library is there: what was made so far was made while modules were imported."""
        if self._whole is None:
            from sessionmock import History, LeakScope

            self._imports = LeakScope("the whole run: made while modules were imported")
            self._imports.claim()
            self._whole = LeakScope("the whole run: made by a thread that is older than the tests, or outlived its own")
            self._whole.history = History(())       # told what callbacks raise, and keeping nothing else
            self._imports.outer = self._whole
            self._whole.open()

    @cached_property
    def live(self) -> LiveRoute:
        """What answers where no route is in force: servers, and no proxies that only this machine's environment knows."""
        from sessionmock import LiveRoute

        return LiveRoute(trust_env=False)

    # findings ---------------------------------------------------------------------------------------------------
    @property
    def raised(self) -> Sequence[BaseException]:
        """By callbacks of what no test made."""
        return () if self._whole is None else self._whole.raised

    def untold(self, found: Iterable[T]) -> list[T]:
        """Those of `found` that no test has told yet; now one does."""
        new = [one for one in found if id(one) not in self._told]
        self._told.update((id(one), one) for one in new)
        return new

    def clients_of(self, scope: LeakScope) -> list[Leak]:
        """The httpx clients of `scope` that were never closed, where they are to fail; else they are told at the end of the run."""
        clients = scope.take_clients()
        if self._config.getini("sessionmock_httpx_leaks") == "fail":
            return clients
        self.verdict.unclosed += [client.headline for client in clients]
        return []

    def judge(self, scope: LeakScope, how: str) -> list[Leak]:
        """What `scope` has left, ended now, and is to fail somebody; where leaks are let pass (`how`), that is noted, or lives on."""
        if how == "allow":
            scope.settle()
            return []
        found, clients = scope.drain(), self.clients_of(scope)
        scope.clean_up()
        if how == "warn":
            self.verdict.note(found)
            found = []
        return [*found, *clients]

    def excuse(self, session: URLSession) -> None:
        """`session` is no leak, and lives until the run ends."""
        self.open()
        assert self._whole is not None
        self._whole.take_over(session)

    def take_leaks_of_fixtures(self) -> list[Leak]:
        """The leaks of wide fixtures that no test has told yet."""
        taken, self._of_fixtures = self._of_fixtures, []
        return taken

    # fixtures wider than a test ---------------------------------------------------------------------------------
    @contextmanager
    def setting_up(self, fixture: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> Iterator[None]:
        """A fixture wider than a test is set up in this block: it owns what it makes, has a cassette for what it sends, and is in real time."""
        try:
            with library.once_loaded(partial(self._open_scope, fixture)), self._recording(fixture, request), self._real_time_of(fixture):
                yield
        finally:
            if (scope := self.fixtures.get(fixture)) is not None:
                scope.close()
                fixture.addfinalizer(scope.open)    # finalizers are run last in, first out: what it makes while it ends is its own too
            if self.item is not None and request.node is self.item.item:      # a class's, of a test outside of classes: it ends
                fixture.addfinalizer(self.item.judge)                         # with the test, whose tasks it must not wait for

    def _open_scope(self, fixture: pytest.FixtureDef[Any]) -> None:
        from sessionmock import LeakScope

        scope = self.fixtures[fixture] = LeakScope(f"{fixture.scope} fixture {fixture.argname!r} of {fixture.baseid or 'conftest.py or a plugin'}")
        scope.faults = ()       # those of a test are not for fixtures that are wider than it
        scope.open()

    @contextmanager
    def _recording(self, fixture: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> Iterator[None]:
        """The fixture's cassette is in force in this block, and once more while the fixture ends, whichever test is on then."""
        cassette = None if self.item is None else self.item.cassette_of(fixture, request)
        if self.item is None or cassette is None:
            yield
            return
        again = ExitStack()
        fixture.addfinalizer(again.close)
        with self.item.cassette_in_force(cassette):
            yield
        fixture.addfinalizer(lambda: self._force_again(again, cassette))

    @contextmanager
    def _real_time_of(self, fixture: pytest.FixtureDef[Any]) -> Iterator[None]:
        """Real time is in force in this block, and once more while the fixture ends, whatever the time of the test that is on."""
        again = ExitStack()
        fixture.addfinalizer(again.close)
        with in_real_time():
            yield
        fixture.addfinalizer(lambda: again.enter_context(in_real_time()))

    def _force_again(self, stack: ExitStack, cassette: Cassette) -> None:
        if self.item is not None:
            stack.enter_context(self.item.cassette_in_force(cassette))

    def judge_fixture(self, fixture: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> None:
        """The fixture has ended: find what it leaks, for the test that is on to tell."""
        scope = self.fixtures.pop(fixture, None)
        if scope is None:
            return
        scope.close()
        self._of_fixtures += self.judge(scope, leaks_of(request.config, marked(request.node)))

    # the end of the run -----------------------------------------------------------------------------------------
    def finish(self, session: pytest.Session) -> None:
        """Judge what is left. A worker of xdist hands it to the controller, which fails the run for it."""
        if self.item is not None:
            self.item.break_off()
        if loaded() and self.began:
            self.known.update(str(item.path) for item in session.items)
            self._judge_rest()
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            output[OUTPUT] = self.verdict.hand_on()
        else:
            fail_run(session, [*self.verdict.failures(leaks_of(self._config)), *self.upkeep.judge(session)])

    def _judge_rest(self) -> None:
        """Find what is left at the end of a run.

        What was made while modules were imported may be ended by fixtures and teardown functions. So where no test ran nobody
        is to blame, nor for what a test module made of which none ran here.
        """
        self.open()
        assert self._whole is not None and self._imports is not None
        self._whole.close()
        self._whole.claim()                 # what threads made that are older than the tests
        how = "allow" if leaks_of(self._config) == "allow" else "fail"      # what is to be told is told once for all processes
        left = [*self.take_leaks_of_fixtures(), *self.judge(self._whole, how)]
        self.verdict.found.add(left, self.judge(self._imports, how), self.known - self.began)
        self.verdict.found.failed += told(self.untold(filter(is_failed_check, self.raised)))
        self.verdict.close()

    def take_in(self, output: dict[str, Any]) -> None:
        """A worker of xdist has ended: this is what it handed on, if anything."""
        self.verdict.take_in(output.get(OUTPUT, {}))


RUN: pytest.StashKey[RunState] = pytest.StashKey()
"""Where a run's configuration keeps its state."""
