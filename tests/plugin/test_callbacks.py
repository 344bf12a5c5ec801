"""Assertions that fail where no test looks: in completion handlers and in delegates."""
from __future__ import annotations

from .conftest import Inner

TESTS = """
import pytest
from sessionmock import URLSessionConfiguration

URL = "http://api.test/me"

class Completing:
    def task_did_complete(self, session, task, error):
        assert error is not None, "boom of the delegate"

class Receiving:
    async def data_task_did_receive_data(self, session, task, data):
        pytest.fail("boom of the coroutine")

class Raising:
    def task_did_complete(self, session, task, error):
        raise LookupError("is only reported")

@pytest.fixture
def answered(sessionmock):
    sessionmock.script.get(URL).respond(500, content=b"body")

def ended(session):
    with session:
        pass

def test_handler(answered, url_session):
    def check(data, response, error):
        assert response.status_code == 200, "boom of the handler"
    session = url_session()
    session.data_task(URL, check).resume()
    ended(session)

def test_delegate(answered, url_session):
    session = url_session(delegate=Completing())
    session.data_task(URL).resume()
    ended(session)

def test_coroutine(answered, url_session):
    session = url_session(delegate=Receiving())
    session.data_task(URL).resume()
    ended(session)

def test_late(answered, url_session):
    url_session(delegate=Completing()).data_task(URL).resume()

@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_other_exceptions(answered, url_session):
    session = url_session(delegate=Raising())
    session.data_task(URL).resume()
    ended(session)

def test_right(answered, url_session):
    def check(data, response, error):
        assert response.status_code == 500
    session = url_session()
    session.data_task(URL, check).resume()
    ended(session)
"""


def test_an_assertion_that_fails_in_a_callback_fails_its_test(inner: Inner) -> None:
    """Where it failed and in whose callback is shown, in the call or, where it came later, in the teardown; the next test is not
    blamed. What else a callback raises is reported and fails nothing."""
    inner.write(test_it=TESTS)
    result = inner.run("-W", "ignore::pytest.PytestUnhandledThreadExceptionWarning")
    outcomes = result.parseoutcomes()
    assert 4 == outcomes.get("failed", 0) + outcomes.get("errors", 0)      # test_late by its call or by its teardown, whichever came first
    result.stdout.fnmatch_lines_random([
        "*AssertionError: boom of the handler*", "raised in the completion_handler of <URLSessionDataTask 1: GET http://api.test/me*",
        "*AssertionError: boom of the delegate*", "raised in the delegate's task_did_complete of <URLSessionDataTask*",
        "*boom of the coroutine*", "raised in the delegate's data_task_did_receive_data of <URLSessionDataTask*",
    ])
    assert "is only reported" not in result.stdout.str()
