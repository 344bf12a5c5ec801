"""What a whole run is blamed for at its end: what was left in its processes, each told once, and how that reaches its reports.

A worker of xdist hands on what it found, as values of JSON, and the controller judges: what was made while modules were imported
is there in each process, and is left where one that ran the tests of its module has it still and none has ended it.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pytest

from .settings import root_seed

if TYPE_CHECKING:
    from sessionmock import Leak

OUTPUT = "sessionmock_verdict"
KEPT = "one that is made once and kept (a global, lru_cache): end it in a fixture, or sessionmock.excuse(session)"
# They ask which tests failed, in order to run these again or to stop; a run is none. The terminal is told otherwise.
_DEAF = ("terminalreporter", "lfplugin", "stepwiseplugin", "session")


def report_of(leak: Leak) -> str:
    """The report of `leak`, with what a test suite can do about it."""
    return f"{leak}\n           {KEPT}" if leak.kind == "session" else str(leak)


class Found:
    """What one process has left at the end of its run: place, description and report, by a key that is the same in each process."""

    def __init__(self) -> None:
        self.left: dict[str, tuple[str, str, str]] = {}          # made by whatever ran
        self.imported: dict[str, tuple[str, str, str]] = {}      # made while modules were imported
        self.idle: list[str] = []               # that too, but by modules of which no test ran here
        self.failed: list[str] = []             # checks that failed in callbacks, and no test told of

    def add(self, leaks: Iterable[Leak], imported: Iterable[Leak], idle: Iterable[str]) -> None:
        """Take in `leaks`, and those that were `imported`: `idle` are the files of which no test ran here."""
        idle, seen = set(idle), Counter[str]()
        for leak in (*imported, *leaks):
            key = f"{leak.kind} {leak.place} {[line[:2] for line in leak.lines]}"
            seen[key] += 1
            key += f" {seen[key]}"
            if not idle.isdisjoint(line.file for line in leak.lines):
                self.idle.append(key)
            else:
                (self.imported if leak in imported else self.left)[key] = leak.place, leak.description, report_of(leak)


class Verdict:
    """What all processes of a run have found."""

    def __init__(self) -> None:
        self.found = Found()                            # of this process
        self.warned: list[tuple[str, str]] = []         # leaks that fail nothing: place and description
        self.armed: set[str] = set()                    # tests with faults
        self.unclosed: list[str] = []                   # httpx clients that were never closed
        self._all: list[dict[str, Any]] = []            # of each process that ran tests

    def note(self, leaks: Iterable[Leak]) -> None:
        """`leaks` are to be told and to fail nothing."""
        self.warned += ((leak.place, leak.description) for leak in leaks)

    def close(self) -> None:
        """This process has found all that it can."""
        self._all.append(vars(self.found))

    def hand_on(self) -> dict[str, Any]:
        """What a worker tells."""
        return {"all": self._all, "warned": self.warned, "unclosed": self.unclosed, "armed": sorted(self.armed)}

    def take_in(self, told: dict[str, Any]) -> None:
        """What a worker has told; one that crashed tells nothing."""
        self._all += told.get("all", ())
        self.warned += map(tuple, told.get("warned", ()))
        self.unclosed += told.get("unclosed", ())
        self.armed.update(told.get("armed", ()))

    def failures(self, leaks: str = "fail") -> list[tuple[str, str]]:
        """What fails the run, each once: a title, and the report. Leaks are noted only, where `leaks` says so."""
        left = {key: leak for one in self._all for key, leak in one["left"].items()}
        imported = {key: leak for one in self._all for key, leak in one["imported"].items()}
        left |= {key: leak for key, leak in imported.items() if all(key in one["imported"] or key in one["idle"] for one in self._all)}
        failed = [(text.rpartition("\n")[2], text) for one in self._all for text in one["failed"]]
        if leaks == "warn":
            self.warned += ((place, description) for place, description, _ in left.values())
            return failed
        return [*((description, text) for _, description, text in left.values()), *failed]

    def summarize(self, terminal: Any) -> None:
        """Tell what failed nothing, by the line that made it."""
        if self.warned:
            terminal.section("sessionmock: leaks, by the line that made them", sep="=", yellow=True)
            counts, first = Counter(place for place, _ in self.warned), dict(reversed(self.warned))
            for place, count in counts.most_common():
                terminal.write_line(f"{count:>5} {place}: {first[place]}")
        if self.unclosed:
            terminal.section("sessionmock: httpx clients never closed", sep="=", yellow=True)
            for line, count in Counter(self.unclosed).most_common():
                terminal.write_line(f"{count:>5} {line.removeprefix('LEAK: ')}")
        if self.armed:
            seed = root_seed(terminal.config)
            terminal.write_line(f"sessionmock: faults in {len(self.armed)} {'test' if len(self.armed) == 1 else 'tests'}, drawn from seed {seed} "
                                f"(--sessionmock-seed={seed})")


def fail_run(session: pytest.Session, failures: Iterable[tuple[str, str]]) -> None:
    """Fail the whole run: each of `failures`, a title and a text, is an error of its own in the summary and in JUnit's XML."""
    plugins = session.config.pluginmanager
    hook = plugins.subset_hook_caller("pytest_runtest_logreport", [one for name in _DEAF if (one := plugins.get_plugin(name)) is not None])
    terminal = plugins.get_plugin("terminalreporter")
    failed = False
    for title, text in failures:
        failed = True
        report = pytest.TestReport(f"sessionmock::the run: {title}", ("sessionmock", None, f"the run: {title}"), {}, "failed", text, "teardown")
        hook(report=report)
        session.testsfailed += 1
        if terminal is not None:
            terminal.stats.setdefault("error", []).append(report)
    if failed and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    if failed:
        for plugin in plugins.get_plugins():
            if type(plugin).__name__ == "LogXML":       # it has written its file already: the run was judged after everybody else's end
                plugin.pytest_sessionfinish()
