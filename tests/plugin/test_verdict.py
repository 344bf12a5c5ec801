"""What a whole run is blamed for: once, whichever processes found it, and where that is seen."""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from xml.etree import ElementTree

import pytest
from pytest_sessionmock.verdict import KEPT, Verdict

from sessionmock import Leak
from sessionmock.registry import Line

from .conftest import Inner


class Terminal:
    """What a summary was written to."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def section(self, title: str, **_: object) -> None:
        self.lines.append(f"== {title}")

    def write_line(self, line: str) -> None:
        self.lines.append(line)


def leak(name: str, file: str = "test_a.py") -> Leak:
    return Leak("task", name, "the run", (Line(file, 3, "make", ""),), "", "end it")


def worker(left: Iterable[Leak] = (), imported: Iterable[Leak] = (), idle: Iterable[str] = ()) -> dict[str, Any]:
    """What one worker hands on."""
    verdict = Verdict()
    verdict.found.add(list(left), list(imported), idle)
    verdict.close()
    return verdict.hand_on()


def told(*workers: dict[str, Any]) -> list[str]:
    """The first lines of what the controller tells."""
    verdict = Verdict()
    for one in workers:
        verdict.take_in(one)
    return [title for title, _ in verdict.failures()]


def test_what_is_imported_is_told_once_however_many_processes_have_left_it() -> None:
    """A worker that ran none of its module's tests says nothing of it, one that has ended it acquits it."""
    thing = leak("thing")
    left, idle, ended = worker(imported=[thing]), worker(imported=[thing], idle=["test_a.py"]), worker()
    assert ["thing"] == told(left) == told(left, left) == told(left, idle) == told(idle, idle, left)
    assert [] == told(idle) == told(ended) == told(left, ended) == told(idle, ended, left)


def test_what_is_left_by_what_ran_is_told_whoever_has_it() -> None:
    """Once for one line of all processes; of one process as often as it was left."""
    thing, other = leak("thing"), leak("other", "test_b.py")
    assert ["thing"] == told(worker(left=[thing]), worker(), worker(left=[thing]))
    assert ["thing", "thing", "other"] == told(worker(left=[thing, thing, other]), worker(left=[thing]))


def test_what_is_left_can_be_noted_only() -> None:
    """Where leaks are to be told and to fail nothing, those of the run are among them, once for all processes."""
    verdict, thing = Verdict(), leak("thing")
    for _ in range(2):
        verdict.take_in(worker(imported=[thing]))
    assert [] == verdict.failures("warn")
    assert [("test_a.py:3", "thing")] == verdict.warned


def test_a_quiet_run_says_nothing() -> None:
    """Without leaks there is no section; a worker that crashed hands on nothing."""
    verdict, terminal = Verdict(), Terminal()
    verdict.take_in({})
    verdict.take_in(worker())
    verdict.summarize(terminal)
    assert [] == verdict.failures() == terminal.lines


def test_what_fails_nothing_is_grouped_by_the_line_that_made_it() -> None:
    """With how often it was found by all workers, the most frequent first."""
    verdict, terminal = Verdict(), Terminal()
    verdict.note([leak("one", "test_b.py"), leak("first"), leak("second")])
    other = Verdict()
    other.note([leak("third")])
    other.unclosed.append("LEAK: a client")
    verdict.take_in(other.hand_on())
    verdict.summarize(terminal)
    assert ["== sessionmock: leaks, by the line that made them", "    3 test_a.py:3: first", "    1 test_b.py:3: one",
            "== sessionmock: httpx clients never closed", "    1 a client"] == terminal.lines


IMPORTED = """
from functools import lru_cache
from concurrent.futures import ThreadPoolExecutor

@lru_cache
def cached():
    return URLSession(URLSessionConfiguration.ephemeral())  # CACHED

class Api:
    session = URLSession(URLSessionConfiguration.ephemeral())  # CLASS

pool = ThreadPoolExecutor(1)
pool.submit(int).result()

def make():
    return URLSession(URLSessionConfiguration.ephemeral())  # POOL

@pytest.mark.parametrize("session", [cached()], ids=["it"])
def test_one(session): pool.submit(make).result()

def test_two(): pass
def test_three(): pass
def test_four(): pass
"""


@pytest.mark.usefixtures("quick_drain")
@pytest.mark.parametrize("arguments", [(), ("-p", "xdist.plugin", "-n", "2")], ids=["alone", "workers"])
def test_what_no_test_made_is_an_error_of_the_run(inner: Inner, arguments: tuple[str, ...]) -> None:
    """What modules make, and threads that are older than the tests, counts in the last line and in JUnit's XML, each once; the
    tests pass, and a second run of what failed runs them all."""
    inner.write(test_it=IMPORTED)
    result = inner.run_apart("--junitxml=out.xml", *arguments)
    result.assert_outcomes(passed=4, errors=3)
    assert pytest.ExitCode.TESTS_FAILED == result.ret
    assert 3 == result.stdout.str().count("  made at  ") == result.stdout.str().count(KEPT)
    assert 3 == result.stdout.str().count("ERROR sessionmock::the run: ")
    suite = ElementTree.parse(inner.path / "out.xml").getroot()[0]
    assert ("7", "3") == (suite.get("tests"), suite.get("errors"))
    texts = "".join(error.text or "" for error in suite.iter("error"))
    lines = (inner.path / "test_it.py").read_text().splitlines()
    for mark in ("CACHED", "CLASS", "POOL"):
        assert 1 == texts.count(f"test_it.py:{next(number for number, line in enumerate(lines, 1) if line.endswith(mark))} in ")


WARNED = """
S = URLSession(URLSessionConfiguration.ephemeral())

@pytest.mark.parametrize("turn", range(3))
def test_it(turn): URLSession(URLSessionConfiguration.ephemeral())

@pytest.fixture(scope="module")
def wide(): URLSession(URLSessionConfiguration.ephemeral())

@pytest.mark.sessionmock(leaks="fail")
def test_strict(): URLSession(URLSessionConfiguration.ephemeral())

def test_wide(wide): pass
"""


@pytest.mark.usefixtures("quick_drain")
def test_leaks_can_be_told_and_fail_nothing(inner: Inner) -> None:
    """By ini and mark, the mark first: a summary at the end has them by the line that made them, of tests, fixtures and modules."""
    inner.write(test_it=WARNED)
    result = inner.run_apart("-o", "sessionmock_leaks=warn", "-p", "xdist.plugin", "-n", "1")
    result.assert_outcomes(passed=5, errors=1)
    result.stdout.fnmatch_lines(["*leaks, by the line that made them*", "    3 test_it.py:*: URLSession * was never invalidated",
                                 "    1 test_it.py:*", "    1 test_it.py:*"])
    result.stdout.no_fnmatch_line("*ERROR sessionmock::*")


EXCUSED = """
import app

@pytest.fixture(autouse=True)
def known(sessionmock):
    sessionmock.excuse(app.client())

def test_first(): assert "valid, 0 tasks" in repr(app.client())
def test_second(): assert "valid, 0 tasks" in repr(app.client())

def test_task(): app.client().data_task(URL)

def test_factory(sessionmock, url_session):
    session = url_session()
    sessionmock.excuse(session)
    app.kept.append(session)

def test_after(): assert all("valid, 0 tasks" in repr(session) for session in app.kept)
"""


@pytest.mark.usefixtures("quick_drain")
def test_a_session_that_is_excused_lives_until_the_run_ends(inner: Inner) -> None:
    """It is no leak, whoever made it; a task on it that is left is."""
    inner.pytester.makepyfile(app="""
from functools import lru_cache
from sessionmock import URLSession, URLSessionConfiguration

kept = []

@lru_cache
def client(): return URLSession(URLSessionConfiguration.ephemeral())
""")
    inner.write(test_it=EXCUSED)
    result = inner.run("-p", "no:randomly")
    result.assert_outcomes(passed=5, errors=1)
    result.stdout.fnmatch_lines(["ERROR test_it.py::test_task*"])


ENDED_EARLY = """
def leak(): URLSession(URLSessionConfiguration.ephemeral())

def test_skips():
    leak()
    pytest.skip("no")

@pytest.mark.xfail
def test_fails_as_expected():
    leak()
    assert 0

@pytest.mark.xfail(strict=False)
def test_passes_as_not_expected(): leak()

@pytest.fixture
def broken():
    leak()
    pytest.skip("not here")

def test_skips_in_a_fixture(broken): pass
"""


@pytest.mark.usefixtures("quick_drain")
def test_leaks_of_skipped_tests_and_expected_failures_are_told(inner: Inner) -> None:
    """They change no verdict, and stand in a section of their own."""
    inner.write(test_it=ENDED_EARLY)
    result = inner.run("-p", "no:randomly")
    result.assert_outcomes(skipped=2, xfailed=1, xpassed=1)
    assert pytest.ExitCode.OK == result.ret
    result.stdout.fnmatch_lines(["*sessionmock: leaks of skipped tests and expected failures*", *(f"  owner    test_it.py::test_{name}" for name in (
        "skips", "fails_as_expected", "passes_as_not_expected", "skips_in_a_fixture"))])


def test_a_class_fixture_of_a_function_does_not_wait_for_the_tests_task(inner: Inner) -> None:
    """Outside of a class it ends with the test, which is judged before."""
    inner.write(test_it="""
@pytest.fixture(scope="class")
def session():
    with URLSession(URLSessionConfiguration.ephemeral()) as session:
        yield session

@pytest.mark.sessionmock(route="script")
def test_it(sessionmock, session):
    sessionmock.script.answer(Answer(delay=math.inf))
    session.data_task(URL).resume()
""")
    result = inner.run()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["LEAK: URLSessionDataTask * was left running", "  owner    test_it.py::test_it"])


WARNINGS = """
import warnings

@pytest.mark.sessionmock(cassette="kept.yaml", uncalled="warn")
def test_it(sessionmock):
    recorded = sessionmock.route
    recorded.close = lambda: warnings.warn("kept as far as it came", RecordingWarning)
    sessionmock.script.answer(Answer(204))
    URLSession(URLSessionConfiguration.ephemeral())

def test_after(sessionmock): assert sessionmock.route.is_live
"""


@pytest.mark.usefixtures("quick_drain")
def test_where_warnings_are_errors_the_rest_is_told_too(inner: Inner) -> None:
    """What a recording or a script warns of at the end of a test fails it, in one line each, beside what it leaks; and no other."""
    inner.write(test_it=WARNINGS)
    result = inner.run("-p", "no:randomly", "-W", "error", "--tb=short")
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["LEAK: URLSession *", "RecordingWarning: kept as far as it came",
                                 "PytestWarning: Scripted, and no request called it:", "  the answer 204"])
    result.stdout.no_fnmatch_line("*Traceback*")
