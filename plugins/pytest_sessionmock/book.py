"""What one pytest run knows beyond single tests."""
from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest

from .upkeep import Upkeep

if TYPE_CHECKING:
    from sessionmock import Leak, LeakScope, LiveRoute

    from .run import Run


class Book:
    """The owner of what no test made, those of wider fixtures, and what there is to say in the end."""

    def __init__(self, config: pytest.Config) -> None:
        self._fails = config.getini("sessionmock_httpx_leaks") == "fail"
        self.upkeep = Upkeep(config)
        self.run: Run | None = None                          # the test that is on
        self.whole: LeakScope | None = None                  # owns what no test and no fixture made
        self.fixtures: dict[object, LeakScope] = {}          # of fixtures wider than a test, until they end
        self.told: list[Any] = []                            # misses that were reported
        self.found: list[Leak] = []                          # when such a fixture ended; the test that is on tells
        self.rest: list[str] = []                            # leaks for the end of the run
        self.imported: list[list[str]] = []                  # those made while modules were imported, of each process that ran tests
        self.began: set[str] = set()                         # modules of tests that ran here
        self.known: set[str] = set()                         # modules that were collected here
        self.unclosed: list[str] = []                        # httpx clients that were never closed, likewise

    def open_run(self) -> None:
        """The library is there: what was made so far was made while modules were imported."""
        if self.whole is None:
            from sessionmock import LeakScope

            self.whole = LeakScope("the whole run: made while modules were imported, or by a thread that outlived its test")
            self.whole.claim()
            self.whole.open()

    @cached_property
    def live(self) -> LiveRoute:
        """What answers where no route is in force: servers, and no proxies that only this machine's environment knows."""
        from sessionmock import LiveRoute

        return LiveRoute(trust_env=False)

    def judge_rest(self) -> None:
        """Find what is left at the end of a run.

        What was made while modules were imported may be ended by fixtures and teardown functions. So where no test ran nobody
        is to blame, nor for what a test module made of which none ran here.
        """
        if not self.began:
            return
        self.open_run()
        assert self.whole is not None
        self.whole.close()
        idle = self.known - self.began
        left = [leak for leak in (*self.whole.drain(), *self.clients_of(self.whole)) if idle.isdisjoint(line.file for line in leak.lines)]
        imported = [leak for leak in left if leak.owner == self.whole.name and any(line.function == "<module>" for line in leak.lines)]
        self.imported.append([str(leak) for leak in imported])
        self.rest += [str(leak) for leak in (*self.take(), *left) if leak not in imported]
        self.whole.clean_up()

    def told_rest(self) -> list[str]:
        """What is left in all processes; of what each of them has imported, what none of them has ended."""
        everywhere = [text for text in self.imported[0] if all(text in other for other in self.imported)] if self.imported else []
        return [*everywhere, *self.rest]

    def clients_of(self, scope: LeakScope) -> list[Leak]:
        """The httpx clients of `scope` that were never closed, where they are to fail; else they are told at the end of the run."""
        clients = scope.take_clients()
        if self._fails:
            return clients
        self.unclosed += [client.headline for client in clients]
        return []

    def take(self) -> list[Leak]:
        """The leaks of fixtures that were not told yet."""
        taken, self.found = self.found, []
        return taken


BOOK: pytest.StashKey[Book] = pytest.StashKey()
