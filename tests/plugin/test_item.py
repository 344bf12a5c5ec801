"""The state of one test: when it begins and ends, what is in force meanwhile, and what is told once."""
from __future__ import annotations

import pytest

from .conftest import Inner, Server
from .test_routes import BODIES

AGAIN = """
import pytest
from _pytest.runner import runtestprotocol

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    runtestprotocol(item, nextitem=nextitem, log=False)
    for report in runtestprotocol(item, nextitem=nextitem, log=False):
        item.ihook.pytest_runtest_logreport(report=report)
    return True
"""


@pytest.mark.usefixtures("quick_drain")
def test_a_test_that_is_run_again_is_judged_again(inner: Inner) -> None:
    """Where a plugin runs a test twice, each run has a state of its own: what the first left is no leak of the second."""
    inner.pytester.makeconftest(AGAIN)
    inner.write(test_it="""
turns = []

def test_mended(sessionmock):
    turns.append(sessionmock)
    if len(turns) == 1:
        URLSession(URLSessionConfiguration.ephemeral())
    assert not sessionmock.trace.exchanges

def test_leaks_twice():
    URLSession(URLSessionConfiguration.ephemeral())
""")
    result = inner.run()
    result.assert_outcomes(passed=2, errors=1)
    assert 2 == result.stdout.str().count("LEAK: ")            # in the failure and in the summary
    result.stdout.fnmatch_lines(["ERROR test_it.py::test_leaks_twice*"])


def test_nothing_is_kept_when_it_is_over(inner: Inner) -> None:
    """With the last report a test forgets its state: the trace holds tasks and bodies."""
    inner.write(test_it="""
import gc, weakref
from pytest_sessionmock.item import ITEM

left = []

def test_one(sessionmock, url_session, request):
    sessionmock.script.answer(body="hi")
    url_session().data(URL).result()
    left.append((request.node, weakref.ref(request.node.stash[ITEM])))

def test_two():
    gc.collect()
    (item, state), = left
    assert ITEM not in item.stash
    assert state() is None
""")
    inner.run("-p", "no:randomly").assert_outcomes(passed=2)


def test_a_test_that_another_plugin_skips_has_no_state(inner: Inner) -> None:
    """A plugin that comes first and skips a test leaves nothing to judge."""
    inner.pytester.makeconftest("""
import pytest
from pytest_sessionmock.item import ITEM

class First:
    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item):
        assert ITEM not in item.stash
        pytest.skip("not today")

def pytest_configure(config):
    config.pluginmanager.register(First())
""")
    inner.write(test_it="def test_it(): assert 0")
    inner.run().assert_outcomes(skipped=1)


def test_the_script_of_a_test(inner: Inner) -> None:
    """A test of route="script" has the script that is in force; in any other one goes into force when it is first asked for."""
    inner.write(test_it="""
@pytest.mark.sessionmock(route="script")
def test_scripted(sessionmock):
    assert sessionmock.route is sessionmock.script is sessionmock.script

@pytest.mark.sessionmock(route="cassette")
def test_recorded(sessionmock, url_session):
    cassette = sessionmock.route
    assert "cassette" == cassette.source
    script = sessionmock.script
    assert sessionmock.route is script is sessionmock.script is not cassette
    script.answer(body="hi")
    assert b"hi" == url_session().data(URL).result()[0]

def test_live(sessionmock):
    assert "live" == sessionmock.route.source
    with sessionmock.cassette("a.yaml") as cassette:
        assert sessionmock.route is cassette
    assert "live" == sessionmock.route.source
    assert sessionmock.script is sessionmock.route
""")
    inner.run().assert_outcomes(passed=3)


def test_what_a_wide_fixture_found_is_told_once(inner: Inner, server: Server) -> None:
    """Differences and misses of a module's fixture fail the first test that has it, and none of the others."""
    inner.write(test_it=BODIES + """
@pytest.fixture(scope="module")
def login():
    with URLSession(URLSessionConfiguration.ephemeral()) as session:
        get(session, "/login")
        yield
        get(session, "/logout")

@pytest.mark.sessionmock(route="cassette")
@pytest.mark.parametrize("turn", [1, 2, 3])
def test_it(login, turn): pass
""")
    inner.run("--sessionmock=record").assert_outcomes(passed=3)
    path = inner.path / "cassettes" / "test_it" / "@login.yaml"
    path.write_text(path.read_text().replace("/login", "/other"))
    result = inner.run("--sessionmock=verify", "-p", "no:randomly")
    result.assert_outcomes(failed=1, passed=2, errors=1)
    for path in ("login", "logout"):
        assert 1 == result.stdout.str().count(f"\nGET {server.url}/{path}: ")


@pytest.mark.usefixtures("quick_drain")
def test_the_plugin_stays_out_of_tracebacks(inner: Inner) -> None:
    """A fixture that fails, at its beginning or its end, narrow or wide, shows its own lines and none of the plugin."""
    inner.pytester.makeconftest("""
import pytest

@pytest.fixture(scope="module")
def wide(): raise ValueError("mine")

@pytest.fixture
def narrow(): raise ValueError("mine")

@pytest.fixture
def late():
    yield
    raise ValueError("mine")

@pytest.fixture(scope="module")
def later():
    yield
    raise ValueError("mine")
""")
    inner.write(test_it="""
@pytest.mark.parametrize("fixture", ["wide", "narrow", "late", "later"])
def test_by_name(fixture, request): request.getfixturevalue(fixture)

def test_wide(wide): pass
def test_narrow(narrow): pass
def test_late(late, sessionmock): pass
def test_later(later): pass
def test_leak(url_session): url_session().data_task(URL)
def test_miss(sessionmock, url_session):
    sessionmock.script.get(URL)
    with pytest.raises(URLError): url_session().data(URL + "/other").result()
""")
    result = inner.run()
    result.assert_outcomes(passed=5, failed=3, errors=6)
    result.stdout.no_fnmatch_line("*hidden*")
    result.stdout.no_fnmatch_line("*pytest_sessionmock*.py*")
    result.stdout.no_fnmatch_line("*contextlib*")


UNCALLED = """
import httpx

@pytest.mark.sessionmock(route="script")
class TestScripts:
    def test_all_called(self, sessionmock, url_session):
        sessionmock.script.get(URL).respond(200)
        sessionmock.script.answer(lambda request: 201 if request.method == "POST" else None)
        url_session().data(URL).result()
        url_session().data(URLRequest(URL, "POST")).result()

    def test_left(self, sessionmock):
        sessionmock.script.get(URL + "/never", name="mine").respond(200)
        sessionmock.script.answer(status=503)
        sessionmock.script.answer(print)

    @pytest.mark.sessionmock(uncalled="ignore")
    def test_excused(self, sessionmock):
        sessionmock.script.get(URL).respond(200)

    def test_skipped(self, sessionmock):
        sessionmock.script.get(URL).respond(200)
        pytest.skip("it never came to it")
"""
LEFT = ["Scripted, and no request called it:", "  the answer 503", "  the function print",
        "  the route mine: scheme eq 'http', host eq 'api.test', path eq '/thing/never', method eq 'GET'"]


def test_what_no_request_called_is_ignored_told_or_fails(inner: Inner) -> None:
    """As the ini file or the mark says; nothing changes where nobody says anything."""
    inner.write(test_it=UNCALLED)
    inner.run().assert_outcomes(passed=3, skipped=1, warnings=0)
    warned = inner.run("-o", "sessionmock_uncalled=warn", "-W", "default::pytest.PytestWarning")
    warned.assert_outcomes(passed=3, skipped=1, warnings=1)
    failed = inner.run("-o", "sessionmock_uncalled=fail")
    failed.assert_outcomes(passed=3, skipped=1, errors=1)
    for result in (warned, failed):
        result.stdout.fnmatch_lines([f"*{line}" for line in LEFT], consecutive=True)
