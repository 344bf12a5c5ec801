"""The pytest plugin of sessionmock: where each task's bytes come from, and who leaks.

The hooks are here; what they do is in the state of a test (`item`) and of the run (`run`). They are hidden from tracebacks,
for a fixture that fails passes through them. Loading the plugin imports
nothing but itself and the standard library; sessionmock is imported for the first test that uses a fixture or mark of
this plugin, or by the tests themselves.
"""
from __future__ import annotations

import sys
from collections.abc import Generator, Sequence
from typing import Any

import pytest

from .fixtures import Controller, SessionFactory, sessionmock, sessionmock_httpx, sessionmock_options, url_session
from .imports import library, loaded
from .item import ITEM, set_up, show_leaks_of_others, show_leaks_under_setup
from .run import RUN, RunState
from .settings import MARKER, add_options, check_ini, options_of_fixture
from .tracebacks import hide_carriers

__all__ = ["Controller", "SessionFactory", "sessionmock", "sessionmock_httpx", "sessionmock_options", "url_session"]


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)
    sys.meta_path.insert(0, library)        # before a conftest imports the library


def pytest_unconfigure() -> None:
    sys.meta_path.remove(library)


def pytest_configure(config: pytest.Config) -> None:
    check_ini(config)
    config.addinivalue_line("markers", MARKER)
    config.stash[RUN] = RunState(config)
    config.pluginmanager.register(config.stash[RUN].upkeep, "sessionmock-upkeep")


# a test -------------------------------------------------------------------------------------------------------------
@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    set_up(item)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    __tracebackhide__ = True
    try:
        options_of_fixture(item)
    except pytest.UsageError as error:
        _fail(str(error))
    result = yield
    state = item.stash.get(ITEM, None)
    checks = () if state is None else (state.misses(), state.failures(), state.invariants.complaints(), state.faults.complaints())
    if told := [told for told in checks if told]:
        _fail("\n\n".join(told))
    return result


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, Any, Any]:
    __tracebackhide__ = True
    state = item.stash.get(ITEM, None)
    if state is None:           # another plugin has failed or skipped the test before its setup
        return (yield)
    try:
        result = yield
    except BaseException:
        state.finish()
        raise
    if reports := state.finish():
        _fail("\n\n".join(reports))
    return result


def _fail(text: str) -> None:
    """Fail the test with `text` alone. Not hidden: pytest remarks on a failure that shows no line at all."""
    pytest.fail(text, pytrace=False)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    if call.excinfo is not None and loaded() and not item.config.getoption("fulltrace"):
        hide_carriers(call.excinfo)
    report = yield
    state = item.stash.get(ITEM, None)
    if state is not None:
        state.annotate(report)
        if report.when == "teardown":
            del item.stash[ITEM]                # and with it the trace, which holds tasks and bodies
    return report


# fixtures wider than a test -----------------------------------------------------------------------------------------
@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> Generator[None, Any, Any]:
    __tracebackhide__ = True
    if fixturedef.scope == "function":
        return (yield)
    with request.config.stash[RUN].setting_up(fixturedef, request):
        return (yield)


def pytest_fixture_post_finalizer(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> None:
    request.config.stash[RUN].judge_fixture(fixturedef, request)


# the whole run ------------------------------------------------------------------------------------------------------
def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    for item in items:
        item.config.stash[RUN].known.add(str(item.path))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    session.config.stash[RUN].finish(session)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    node.config.stash[RUN].take_in(getattr(node, "workeroutput", {}))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: Any) -> Generator[None, Any, Any]:
    show_leaks_under_setup(terminalreporter)
    result = yield
    show_leaks_of_others(terminalreporter)
    terminalreporter.config.stash[RUN].verdict.summarize(terminalreporter)
    return result
