"""Assertions that fail where no test looks: in completion handlers and in delegates."""
from __future__ import annotations

import pytest

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


KINDS = """
import asyncio, threading, unittest
from unittest import mock
import httpx, pytest
from sessionmock import *

URL = "http://api.test/me"

def fails(*arguments): assert not arguments, "boom"
def handler(data, response, error): fails(data)
async def coroutine(data, response, error):
    await asyncio.sleep(0)
    fails(data)
async def in_group(data, response, error):
    async with asyncio.TaskGroup() as group: group.create_task(coroutine(data, response, error))
def traced(call):
    def inner(*arguments): return call(*arguments)
    return inner

@pytest.fixture
def answered(sessionmock):
    sessionmock.script.route().respond(200, content=b"body")

def delegate(name, method):
    return type("Delegate", (), {name: method})()

@pytest.mark.parametrize("call", [handler, coroutine, in_group, traced(lambda data: None), {}.update, mock.Mock(side_effect=lambda data: None)],
                         ids=["function", "coroutine", "group", "wrapper", "builtin", "mock"])
@pytest.mark.parametrize("queue", ["own", "given", "main", "loop"])
def test_handler(answered, url_session, call, queue):
    async def on_loop():
        async with url_session(delegate_queue=OperationQueue.on_loop(asyncio.get_running_loop())) as session: session.data_task(URL, call).resume()
    if queue == "loop":
        asyncio.run(on_loop())
    else:
        with url_session(delegate_queue={"own": None, "given": OperationQueue(2), "main": OperationQueue.main}[queue]) as session:
            session.data_task(URL, call).resume()

def check(self, *arguments): fails(*arguments)
async def check_later(self, *arguments): fails(*arguments)

@pytest.mark.parametrize("method", [check, check_later], ids=["plain", "async"])
@pytest.mark.parametrize("name", ["session_did_become_invalid", "task_did_complete", "task_did_finish_collecting_metrics",
                                  "data_task_did_receive_data", "data_task_did_receive_response"])
def test_delegate(answered, url_session, name, method):
    with url_session(delegate=delegate(name, method)) as session: session.data_task(URL).resume()

def test_delegate_arity(answered, url_session):
    own = delegate("other", None)
    own.task_did_complete = traced(lambda session: None)
    with url_session(delegate=own) as session: session.data_task(URL).resume()

def test_download(answered, url_session):
    with url_session() as session: session.download_task(URL, handler).resume()

def test_lists(answered, url_session):
    with url_session() as session: session.get_all_tasks(lambda tasks: fails(1))

@pytest.mark.parametrize("call", [lambda: fails(1), lambda: coroutine(1, 2, 3)])
def test_operation(url_session, call):
    queue = OperationQueue()
    queue.add_operation(call)
    queue.wait_until_all_operations_are_finished()

def test_thread(answered, url_session):
    def run():
        with url_session() as session: session.data_task(URL, handler).resume()
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()

def test_virtual_time(answered):
    with virtual_time(), URLSession(URLSessionConfiguration.ephemeral()) as session: session.data_task(URL, handler).resume()

def swallow(call):
    try: call()
    except Exception: pass

@pytest.mark.parametrize("effect", [lambda request: fails(request), lambda: None])
def test_side_effect(sessionmock, url_session, effect):
    sessionmock.script.get(URL).mock(side_effect=effect)
    with url_session() as session: swallow(session.data(URL).result)

def test_side_effect_for_a_plain_client(sessionmock):
    sessionmock.script.get(URL).mock(side_effect=lambda request: fails(request))
    with httpx.Client(transport=sessionmock.transport()) as client: swallow(lambda: client.get(URL))

def test_body(answered, url_session):
    def pieces():
        yield b"a"
        fails(1)
    with url_session() as session: swallow(session.data(URLRequest(URL, http_method="POST", http_body_stream=pieces())).result)

def test_protocol(answered):
    class Protocol(URLProtocol):
        can_init_with_request = classmethod(check)
    configuration = URLSessionConfiguration.ephemeral()
    configuration.protocol_classes = [Protocol]
    with URLSession(configuration) as session: swallow(session.data(URL).result)

@pytest.mark.anyio
async def test_anyio(answered, url_session):
    async with url_session() as session: session.data_task(URL, handler).resume()

def main_queue_is_never_run(url_session):
    url_session(delegate_queue=OperationQueue.main).data_task(URL, handler).resume()

def test_main_queue_is_never_run(answered, url_session): main_queue_is_never_run(url_session)

class TestUnit(unittest.TestCase):
    def tearDown(self):
        with URLSession(URLSessionConfiguration.ephemeral()) as session: session.data_task("data:,a", handler).resume()
    def test_unit(self): pass

class TestAsync(unittest.IsolatedAsyncioTestCase):
    async def test_async(self):
        async with URLSession(URLSessionConfiguration.ephemeral()) as session:
            session.data_task("data:,a", lambda data, response, error: self.assertEqual(1, 2)).resume()

@pytest.fixture
def late(answered, url_session):
    yield
    with url_session() as session: session.data_task(URL, handler).resume()

def test_fixture_that_ends(late): pass

@pytest.fixture(scope="class")
def wide():
    yield
    with URLSession(URLSessionConfiguration.ephemeral()) as session: session.data_task("data:,a", handler).resume()

class TestWide:
    def test_wide_fixture_that_ends(self, wide): pass

@pytest.fixture(scope="class")
def wide_session():
    with URLSession(URLSessionConfiguration.ephemeral()) as session: yield session

class TestWideSession:
    def test_wide_session(self, wide_session):
        done = threading.Event()
        wide_session.data_task("data:,a", handler).resume()
        OperationQueue.current
        wide_session.flush(done.set)
        assert done.wait(5)

# and these pass:
def test_caught(answered, url_session):
    def check(data, response, error):
        with pytest.raises(AssertionError): fails(data)
    with url_session() as session: session.data_task(URL, check).resume()

def test_last(answered): pass
"""


def test_checks_of_every_kind_of_callback_fail_their_test(inner: Inner) -> None:
    """Handlers and delegates, plain and as coroutines, on any queue and thread; operations, side effects, bodies and protocols; calls that
    do not fit; under unittest and anyio; by fixtures that end."""
    inner.write("", test_it=KINDS)
    result = inner.run("-p", "no:randomly", "-p", "anyio", "-W", "ignore::pytest.PytestUnhandledThreadExceptionWarning", "-v", "--tb=short")
    told = {line.split(" ")[1] for line in result.stdout.lines if line.startswith(("FAILED ", "ERROR "))}
    ran = {line.split(" ")[0] for line in result.stdout.lines if line.startswith("test_it.py::") and "%]" in line}
    assert {"test_it.py::test_caught", "test_it.py::test_last"} == {name for name in ran if not any(one.startswith(name) for one in told)}
    assert "AssertionError: boom" in result.stdout.str()


FIRST = """
def load():
    from sessionmock import Answer, ScriptRoute, URLSession, URLSessionConfiguration, use_route

    def handler(data, response, error): assert data, "boom"

    script = ScriptRoute()
    script.answer(Answer())
    with use_route(script), URLSession(URLSessionConfiguration.ephemeral()) as session:
        session.data_task("http://api.test/me", handler).resume()

@pytest.fixture
def late():
    yield
    load()
"""


@pytest.mark.parametrize(("test", "phase"), [("def test_it(): load()", "failed"), ("def test_it(late): pass", "errors")])
def test_a_test_that_is_the_first_to_import_the_library_is_held_to_its_checks(inner: Inner, test: str, phase: str) -> None:
    """In its body, or in a fixture that ends; what failed is told once."""
    inner.write("import pytest\n", test_it=FIRST + test)
    result = inner.run_apart("-W", "ignore::pytest.PytestUnhandledThreadExceptionWarning", "--tb=short", "-s")
    assert 1 == result.parseoutcomes()[phase]
    assert 1 == result.stdout.str().count("AssertionError: boom")
