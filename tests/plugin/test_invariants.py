"""Invariants in tests of users: on by default, loud, and to be turned off."""
from __future__ import annotations

from .conftest import Inner

MODULE = '''
from sessionmock.load.consumers import ToHandler


@pytest.fixture
def drops(monkeypatch):
    monkeypatch.setattr(ToHandler, "finished", lambda *_: None)


@pytest.fixture(autouse=True)
def route():
    with use_route(ScriptRoute().answer()):
        yield


def load(url_session):
    session = url_session()
    session.data_task(URL, lambda *_: None).resume()
    session.finish_tasks_and_invalidate()
    with session:
        pass


def test_clean(url_session):
    load(url_session)

def test_by_default(drops, url_session):
    load(url_session)

@pytest.mark.sessionmock(invariants="off")
def test_off(drops, url_session):
    load(url_session)

@pytest.mark.sessionmock(invariants="warn")
def test_warn(drops, url_session):
    load(url_session)

def test_with_the_controller(drops, url_session, sessionmock):
    load(url_session)

def test_own_failure(drops, url_session):
    load(url_session)
    assert False, "its own"
'''


def test_a_violation_fails_its_test_unless_that_says_otherwise(inner: Inner) -> None:
    """It is told as what failed, or warned of; one that failed before shows it beside."""
    inner.write(test_it=MODULE)
    result = inner.run("-p", "no:randomly", "-W", "default::pytest.PytestWarning")
    result.assert_outcomes(passed=3, failed=3, warnings=1)
    result.stdout.re_match_lines([
        r"_+ test_by_default _+", r"INVARIANT V1 does not hold: each task that was resumed completes exactly once.*",
        r"   what: it ended, and completion_handler was not called", r"  about: <URLSessionDataTask 1: GET http://api.test/thing, completed>",
        r"   last: \d+\.\d+ s  made", r".*This is a bug of sessionmock: please report it.*", r"_+ test_with_the_controller _+",
        r"INVARIANT V1 .*", r"_+ test_own_failure _+", r"E .*its own", r".*PytestWarning: INVARIANT V1 .*"], consecutive=False)


def test_the_ini_file_turns_them_off_and_on(inner: Inner) -> None:
    """What it says is of all tests, and checked."""
    inner.write(test_it=MODULE)
    off = inner.run("-p", "no:randomly", "-W", "default::pytest.PytestWarning", "-o", "sessionmock_invariants=off")
    off.assert_outcomes(passed=5, failed=1, warnings=1)
    wrong = inner.run("-o", "sessionmock_invariants=on")
    assert any("choose from fail, warn, off" in line for line in wrong.errlines + wrong.outlines)
