"""Faults in tests: armed by the fixture and the mark, judged at the end, drawn from one seed."""
from __future__ import annotations

import fnmatch

import pytest
from pytest_sessionmock.faults import seed_of

from tests.faults.by_name import ROWS

from .conftest import Inner

VERDICTS = """
@pytest.fixture(scope="module")
def of_module():
    script = ScriptRoute()
    script.answer(lambda request: 200)
    with use_route(script), URLSession(URLSessionConfiguration.ephemeral()) as session:
        session.data("http://api.test/made/by/the/fixture").result()
        yield session

@pytest.fixture
def get(sessionmock, url_session):
    sessionmock.script.answer(lambda request: 200)
    return lambda path: url_session().data("http://api.test" + path).result()

def test_never_acted(of_module, sessionmock, get):
    sessionmock.faults.at("body", url="/items", byte=3).reset()
    get("/item?token=s3cr3tt0k3nv4lu3")

def test_is_optional(sessionmock, get):
    sessionmock.faults.at("body", url="/items", optional=True).reset()
    get("/item")

@pytest.mark.sessionmock(faults=FaultPlan().at("tls").certificate("expired"))
def test_by_mark(get):
    get("/item")

@pytest.mark.sessionmock(faults=[FaultPlan().at("connect", nth=7).refuse()[0]])
def test_by_mark_without_the_fixture(): ...

def test_without_a_kind(sessionmock):
    sessionmock.faults.at("body", byte=3)

def test_failed_already(sessionmock):
    sessionmock.faults.at("body").reset()
    assert 1 == 2

@pytest.mark.sessionmock(faults=FaultPlan().at("body").reset())
def test_skipped():
    pytest.skip("for once")

@pytest.mark.xfail(strict=True)
def test_expected_to_fail(sessionmock):
    sessionmock.faults.at("body").reset()
    raise OSError

@pytest.mark.sessionmock(route="script", faults=FaultPlan().at("head", optional=True).delay(60))
def test_time(sessionmock):
    with sessionmock.clock.patch_sleep():
        import time
        time.sleep(3600)
    assert sessionmock.clock.now() == 3600

def test_time_of_a_later_script(sessionmock, get):
    sessionmock.faults.at("head", optional=True).delay(60)
    with sessionmock.clock.patch_sleep():
        import time
        time.sleep(3600)
    assert sessionmock.clock.now() == 3600
"""


def test_a_line_that_never_acts_fails_its_test(inner: Inner) -> None:
    """Once, with the line, the passes of its point and the nearest requests; not where it is optional or the test has ended otherwise.
    What a wider fixture sends meets no fault of a test. A line about time puts a scripted test into virtual time."""
    inner.write(test_it=VERDICTS)
    result = inner.run("-rA", "--sessionmock-seed=5")
    result.assert_outcomes(failed=5, passed=3, skipped=1, xfailed=1)
    result.stdout.fnmatch_lines([
        "*A fault that never acted: at('body', url='/items', byte=3).reset()", "*body was passed 0 times by what it is about",
        "*requests that it is not about: GET http://api.test/item?token=*",
        "*A fault that never acted: at('tls').certificate('expired')", "*requests that it is about: GET http://api.test/item",
        "*A fault that never acted: at('connect', nth=7).refuse()", "*there was no request",
        "*Nothing was said to happen there: <at('body', byte=3), and no kind yet>, in *test_it.py:*"])
    result.stdout.fnmatch_lines(["sessionmock: faults in * drawn from seed 5 (--sessionmock-seed=5)"])
    text = result.stdout.str()
    assert "s3cr3tt0k3nv4lu3" not in text
    assert "about: GET http://api.test/made" not in text
    assert text.count("A fault that never acted: at('tls').certificate('expired')") == 1
    assert text.count("at('body').reset()") == 1        # under the test that failed otherwise
    assert "ERROR" not in text


NAMES = """
@pytest.mark.parametrize("number", [1, 2])
def test_it(number): ...

class TestIt:
    def test_it(self): ...
"""


def test_the_seed_of_a_test_comes_from_the_root_and_its_name(inner: Inner) -> None:
    """From nothing else, whatever else runs; each test and root has another."""
    inner.write(test_a=NAMES, test_b=NAMES)
    seeds = {item.nodeid: seed_of(item) for item in inner.items()}
    assert len(set(seeds.values())) == len(seeds) == 6
    both, by_file = (seed_of(*inner.items("test_b.py::test_it[2]", *arguments)) for arguments in (
        ("--sessionmock-seed=7", "-o", "sessionmock_seed=8"), ("-o", "sessionmock_seed=7")))
    assert both == by_file != seeds["test_b.py::test_it[2]"]


@pytest.mark.parametrize(("arguments", "mark", "said"), [
    (("-o", "sessionmock_seed=some"), "", "*sessionmock_seed = 'some' in the ini file: give an integer*"),
    (("--sessionmock-seed=some",), "", "*--sessionmock-seed*invalid int value*"),
    ((), "faults='connect'", "*faults='connect'*give a FaultPlan, or a list of its lines*"),
    ((), "faults=[FaultPlan().at('connect')]", "*give a FaultPlan, or a list of its lines*"),
])
def test_what_is_no_seed_and_no_plan_is_refused(inner: Inner, arguments: tuple[str, ...], mark: str, said: str) -> None:
    """With what was given and what it takes."""
    inner.write(test_it=f"@pytest.mark.sessionmock({mark})\ndef test_it(sessionmock): ...")
    result = inner.run(*arguments)
    assert result.ret != 0
    assert fnmatch.filter([*result.outlines, *result.errlines], said)


ACTING = """
import asyncio, httpx, httpx2
from concurrent.futures import ThreadPoolExecutor

pytestmark = pytest.mark.sessionmock(route="script")

@pytest.fixture(scope="module")
def wide():
    script = ScriptRoute()
    script.answer(lambda request: b"of the fixture")
    with URLSession(URLSessionConfiguration.ephemeral()) as session:
        with use_route(script):
            early = session.data_task(URL)
        yield session, early

@pytest.fixture(autouse=True)
def answered(sessionmock):
    sessionmock.script.answer(lambda request: b"body")

def test_a_session_of_a_wide_fixture(wide, sessionmock):
    session, early = wide
    sessionmock.faults.at("body", byte=2, url=URL).reset()
    with pytest.raises(URLError) as failure:
        session.data(URL).result()
    assert failure.value.code == -1005
    early.resume()
    while early.state != TaskState.COMPLETED:
        session.data("http://api.test/other").result()
    assert early.error is None
    assert ["body byte 2 of GET http://api.test/thing: reset()"] == list(map(str, sessionmock.faults.fired))

def test_threads(sessionmock, url_session):
    sessionmock.faults.at("body", every=2).end()
    session = url_session()
    def get(number):
        try:
            return len(session.data(f"{URL}/{number}").result()[0])
        except URLError as error:
            return error.code
    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(get, range(8))) == [-1005] * 4 + [4] * 4

@pytest.mark.parametrize("package", [httpx, httpx2])
@pytest.mark.sessionmock(httpx=True, faults=FaultPlan().at("connect", nth=1).refuse().at("body", nth=1).reset())
def test_plain_clients(package, sessionmock):
    async def later():
        async with package.AsyncClient() as client:
            with pytest.raises(package.ReadError):
                await client.get(URL)
            return (await client.get(URL)).text
    with package.Client(transport=sessionmock.transport()) as client, pytest.raises(package.ConnectError):
        client.get(URL)
    assert asyncio.run(later()) == "body"
    assert [fault.point for fault in sessionmock.faults.fired] == ["connect", "body"]

def test_time(sessionmock, url_session):
    sessionmock.faults.at("head").never()
    configuration = URLSessionConfiguration.ephemeral()
    configuration.timeout_interval_for_request = 7 * 86400.0
    with pytest.raises(URLError) as failure:
        url_session(configuration).data(URL).result()
    assert (failure.value.code, sessionmock.clock.now()) == (-1001, 7 * 86400)

def test_what_a_fault_raises_is_no_failed_check(sessionmock):
    sessionmock.faults.at("callback.data_task_did_receive_data").raises(AssertionError("meant"))
    delegate = type("Delegate", (), {"data_task_did_receive_data": lambda self, session, task, data: None})()
    with URLSession(URLSessionConfiguration.ephemeral(), delegate) as session:
        task = session.data_task(URL)
        task.resume()
    assert (task.error.code, repr(task.error.underlying_error)) == (-1, "AssertionError('meant')")

def test_drawn(sessionmock, url_session):
    sessionmock.faults.at("body", probability=0.5).end()
    session = url_session()
    def get():
        try:
            session.data(URL).result()
            return "."
        except URLError:
            return "F"
    print("drawn:", "".join(get() for _ in range(64)))
"""


def test_faults_act_in_tests(inner: Inner) -> None:
    """On tasks, on plain clients however they were made, on all threads, on a session of a wider fixture, but not on what that made;
    what is drawn is the same whatever else runs. What is raised is meant, and no warning."""
    inner.write(test_it=ACTING)
    drawn = []
    for arguments, count in (((), 7), (("-k", "drawn"), 1)):
        result = inner.run("-rP", "-W", "error", *arguments)
        result.assert_outcomes(passed=count)
        drawn += [line for line in result.outlines if line.startswith("drawn: ")]
    assert len(drawn) == 2
    assert len(set(drawn)) == 1


BY_NAME = """
from tests.faults.by_name import ROWS, Login, World

@pytest.mark.sessionmock(route="script")
@pytest.mark.parametrize("row", ROWS, ids=[row.what for row in ROWS])
def test_row(row, sessionmock, url_session):
    sessionmock.faults.add(row.plan)
    world = World(url_session(row.configuration(), Login()), sessionmock.clock)
    sessionmock.script.answer(world.serve)
    assert row.play(world) == row.expected
"""


def test_what_people_ask_for_first_is_a_line_in_a_test(inner: Inner) -> None:
    """Every row of the page, in somebody's suite."""
    inner.write(test_it=BY_NAME)
    inner.run("-W", "error").assert_outcomes(passed=len(ROWS))
