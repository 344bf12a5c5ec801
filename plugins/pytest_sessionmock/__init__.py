"""The pytest plugin of sessionmock: where each task's bytes come from, and who leaks.

Loading it imports nothing but itself and the standard library; sessionmock is imported for the first test that uses a
fixture or mark of this plugin, or by the tests themselves.
"""
from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from .book import BOOK, Book
from .cassettes import Cassette
from .controller import Controller, sessionmock, sessionmock_httpx, url_session
from .run import RUN, Run
from .settings import MARKER, add_options, allows_leaks, check_ini

if TYPE_CHECKING:
    from sessionmock import LeakScope

__all__ = ["Controller", "sessionmock", "sessionmock_httpx", "url_session"]

_LEAKS = "sessionmock leaks, at teardown"    # pytest shows a section with this word under the failure of a test that failed before
_FIXTURES = frozenset({"sessionmock", "sessionmock_httpx", "url_session"})

_ENDED_EARLY = pytest.StashKey[bool]()
_JUDGED = pytest.StashKey[bool]()


def _loaded() -> bool:
    return "sessionmock" in sys.modules


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    check_ini(config)
    config.addinivalue_line("markers", MARKER.replace("\n", " "))
    config.stash[BOOK] = Book(config)
    config.pluginmanager.register(config.stash[BOOK].upkeep, "sessionmock-upkeep")


# a test -------------------------------------------------------------------------------------------------------------
@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    item.config.stash[BOOK].began.add(str(item.path))
    if not (_loaded() or _FIXTURES.intersection(getattr(item, "fixturenames", ())) or item.get_closest_marker("sessionmock")
            or item.config.getini("sessionmock_httpx")):
        return
    item.config.stash[BOOK].open_run()
    run = item.stash[RUN] = Run(item)
    if _JUDGED not in item.stash:       # where it is, a plugin runs a failed test once more
        # The first finalizer of a node is run last: after the test's own fixtures, before those of wider ones.
        setattr(item, "teardown", partial(_judge_item, item, item.teardown))  # noqa: B010 - a method of the instance
        item.stash[_JUDGED] = True
    try:
        run.start()
    except pytest.UsageError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


def _judge_item(item: pytest.Item, teardown: Any) -> None:
    try:
        teardown()
    finally:
        item.stash[RUN].judge()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    result = yield
    run = item.stash.get(RUN, None)
    if run is not None and (misses := run.misses()):
        pytest.fail(misses, pytrace=False)
    return result


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, Any, Any]:
    try:
        result = yield
    except BaseException:
        _end(item)
        raise
    reports = _end(item)
    if reports and not item.stash.get(_ENDED_EARLY, False):
        pytest.fail("\n\n".join(reports), pytrace=False)
    return result


def _end(item: pytest.Item) -> list[str]:
    """The test is over: what there is to say about it."""
    run = item.stash.get(RUN, None)
    if run is None:
        if not _loaded():
            return []
        run = item.stash[RUN] = Run(item)       # the test itself was the first to import sessionmock
        run.scope.claim()
    run.end()
    reports = [str(leak) for leak in (*item.config.stash[BOOK].take(), *run.leaks)]
    if misses := run.misses():
        reports.append(misses)
    run.reports = reports
    return reports


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    run = item.stash.get(RUN, None)
    if report.when == "setup":
        item.stash[_ENDED_EARLY] = False
    if report.when != "teardown" and (report.outcome != "passed" or hasattr(report, "wasxfail")):
        item.stash[_ENDED_EARLY] = True
    if run is None:
        return report
    if report.failed:
        if exchanges := run.exchanges():
            report.sections.append(("sessionmock exchanges", exchanges))
        if (misses := run.misses()) and not all(line.strip() in report.longreprtext for line in misses.splitlines()):
            report.sections.append(("sessionmock misses", misses))
    if report.when == "teardown" and run.reports and (not report.failed or run.reports[0] not in report.longreprtext):
        report.sections.append((_LEAKS, "\n\n".join(run.reports)))
    if report.when == "teardown":
        del item.stash[RUN]                     # and with it the trace, which holds tasks and bodies
    return report


# fixtures wider than a test -----------------------------------------------------------------------------------------
@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> Generator[None, Any, Any]:
    if fixturedef.scope == "function":
        return (yield)
    scope = _open_fixture(fixturedef) if _loaded() else None
    run = request.config.stash[BOOK].run
    cassette = None if run is None else run.cassette_of(fixturedef, request)
    try:
        if run is None or cassette is None:
            return (yield)
        own = ExitStack()
        fixturedef.addfinalizer(own.close)                   # finalizers are run last in, first out: so after the fixture's own
        with run.in_force(cassette):
            result = yield
        fixturedef.addfinalizer(partial(_force, request.config, own, cassette))      # and this one before them
        return result
    finally:
        if scope is None and _loaded():
            scope = _open_fixture(fixturedef)
            scope.claim()
        if scope is not None:
            scope.close()
            fixturedef.addfinalizer(scope.open)          # run first: what the fixture makes while it ends is its own too
            request.config.stash[BOOK].fixtures[fixturedef] = scope


def _force(config: pytest.Config, stack: ExitStack, cassette: Cassette) -> None:
    """What the fixture sends while it ends goes to its cassette too."""
    if (run := config.stash[BOOK].run) is not None:
        stack.enter_context(run.in_force(cassette))


def _open_fixture(fixturedef: pytest.FixtureDef[Any]) -> LeakScope:
    from sessionmock import LeakScope

    scope = LeakScope(f"{fixturedef.scope} fixture {fixturedef.argname!r} of {fixturedef.baseid or 'conftest.py or a plugin'}")
    scope.open()
    return scope


def pytest_fixture_post_finalizer(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> None:
    book = request.config.stash[BOOK]
    scope = book.fixtures.pop(fixturedef, None)
    if scope is None:
        return
    scope.close()
    if allows_leaks(request.node):
        scope.settle()
    else:
        book.found += (*scope.drain(), *book.clients_of(scope))
        scope.clean_up()


# the whole run ------------------------------------------------------------------------------------------------------
def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    for item in items:
        item.config.stash[BOOK].known.add(str(item.path))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    book = session.config.stash[BOOK]
    if _loaded() and session.config.getini("sessionmock_leaks") != "allow":
        book.known.update(str(item.path) for item in session.items)
        book.judge_rest()
    output = getattr(session.config, "workeroutput", None)
    if output is not None:                       # a worker of xdist: the controller tells
        output["sessionmock_leaks"] = [book.rest, book.imported]
        output["sessionmock_unclosed"] = book.unclosed
    elif (book.upkeep.judge(session) or book.told_rest()) and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    book = node.config.stash[BOOK]
    output = getattr(node, "workeroutput", {})
    rest, imported = output.get("sessionmock_leaks", ([], []))
    book.rest += rest
    book.imported += imported
    book.unclosed += output.get("sessionmock_unclosed", [])


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: Any) -> Generator[None, Any, Any]:
    # pytest shows the sections of a teardown under a failed call, not under a failed setup.
    errors = {report.nodeid: report for report in terminalreporter.getreports("error") if report.when == "setup"}
    for report in terminalreporter.getreports("") if errors else ():
        if report.when == "teardown" and report.nodeid in errors:
            errors[report.nodeid].sections += [section for section in report.sections if section[0] == _LEAKS]
    result = yield
    book = terminalreporter.config.stash[BOOK]
    if book.unclosed:
        terminalreporter.section("sessionmock: httpx clients never closed", sep="=", yellow=True)
        for line, count in Counter(book.unclosed).most_common():
            terminalreporter.write_line(f"{count:>5} {line.removeprefix('LEAK: ')}")
    if rest := book.told_rest():
        terminalreporter.section("sessionmock: leaks of the run", sep="=", red=True, bold=True)
        terminalreporter.write_line("\n\n".join(rest))
    return result
