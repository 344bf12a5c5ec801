"""The time of a test: by mark, by the ini file, by itself, and what it does to what was there before."""
from __future__ import annotations

import pytest

from .conftest import Inner

TIMES = """
import asyncio, time
import httpx, httpx2

def is_real(session): return type(session._context.engine).__name__ == "SystemEngine"

@pytest.fixture(scope="module")
def wide():
    with URLSession(URLSessionConfiguration.ephemeral()) as session:
        assert is_real(session)
        yield session
        assert is_real(session)

@pytest.fixture
def own(url_session): return url_session()

@pytest.mark.sessionmock(time="virtual")
def test_mark(sessionmock, wide, own):
    sessionmock.script.answer(delay=math.inf).answer(delay=5)
    with pytest.raises(URLError): wide.data(URL).result()
    own.data(URL).result()
    assert sessionmock.clock.now() == 65

def test_sessions_of_before_join_in(sessionmock, wide, own):
    sessionmock.script.answer().answer(delay=50).answer(delay=55)
    wide.data(URL).result()
    assert is_real(wide)
    assert sessionmock.clock.now() == 0
    wide.data(URL).result()
    own.data(URL).result(timeout=1000)
    assert sessionmock.clock.now() == 105

def test_real_again(sessionmock, wide):
    sessionmock.script.answer()
    wide.data(URL).result()
    assert is_real(wide)

def test_threads_and_plain_clients(sessionmock):
    sessionmock.script.answers([Answer(delay=500), Answer(delay=math.inf)] * 3)
    transport, clock, seen = sessionmock.transport(), sessionmock.clock, []

    def load(package):
        with package.Client(transport=transport, timeout=1000) as client:
            client.get(URL)
            with pytest.raises(package.ReadTimeout): client.get(URL, timeout=100)
            seen.append(clock.now())

    thread = threading.Thread(target=load, args=(httpx,))
    thread.start()
    thread.join()
    load(httpx2)

    async def main():
        async with httpx.AsyncClient(transport=transport, timeout=1000) as client:
            await client.get(URL)
            with pytest.raises(httpx.ReadTimeout): await client.get(URL, timeout=100)

    asyncio.run(main())
    assert seen + [clock.now()] == [600, 1200, 1800]

def test_what_is_under_way_is_named(sessionmock, own):
    sessionmock.script.answer(delay=math.inf)
    loading = own.data(URL)
    with pytest.raises(pytest.UsageError, match=r"in real time:\\n  <URLSessionDataTask 1: GET .* made at .*test_it.py(?s:.*)\\(time=.virtual.\\)"):
        sessionmock.clock
    loading.cancel()
    with pytest.raises(URLError, match="-999"): loading.result()
    assert sessionmock.clock.now() == 0

def test_sleeps_without_a_session(sessionmock):
    real = time.sleep
    sessionmock.clock.patch_sleep()
    time.sleep(100)
    assert sessionmock.clock.now() == 100 and time.sleep is not real

def test_sleeps_are_over(): assert type(time.sleep) is type(len)

@pytest.mark.sessionmock(time="virtual", route="live")
def test_live(): ...

@pytest.mark.sessionmock(time="never")
def test_wrong(): ...
"""

LIVE = """
import os

@pytest.mark.sessionmock(time="virtual", cassette="a.yaml")
def test_from_a_server(sessionmock, url_session):
    clock = sessionmock.clock
    clock.patch_sleep()
    clock.permute(1)
    task = url_session().data_task(os.environ["SERVER"])
    task.resume()
    clock.run_until_idle()
    assert task.state is TaskState.COMPLETED and task.error is None
    before = clock.now()
    clock.advance(0.001)
    assert 0.001 <= clock.now() - before < 60 and clock.date().year > 2020 and "RealClock" in repr(clock)

@pytest.mark.sessionmock(time="virtual", route="script")
def test_scripted(sessionmock):
    sessionmock.clock.advance(7 * 86400)
"""


def test_virtual_time_of_a_test(inner: Inner) -> None:
    """By its mark, or from the first use of its clock on: sessions and transports of before, of wider fixtures too, take part until it is
    over, and a fixture wider than a test is made and ended in real time."""
    inner.write(test_it=TIMES)
    result = inner.run("-p", "no:randomly")
    result.assert_outcomes(passed=7, errors=2)
    result.stdout.fnmatch_lines(["*test_live: @pytest.mark.sessionmock(route='live', time='virtual'): a live server knows no virtual time: *",
                                 "*test_wrong: @pytest.mark.sessionmock(time='never'): choose from real, virtual"])


@pytest.mark.usefixtures("server")
def test_where_servers_answer_time_is_real(inner: Inner) -> None:
    """By the command line; a test of a script stays in virtual time."""
    inner.write(test_it=LIVE)
    inner.run("--sessionmock=record").assert_outcomes(passed=2)


def test_the_ini_file_has_all_tests_in_virtual_time(inner: Inner) -> None:
    """But for those whose mark says otherwise."""
    inner.pytester.makeini("[pytest]\nsessionmock_time = virtual")
    inner.write(test_it="""
def test_virtual(sessionmock): assert type(virtual_engine()).__name__ == "VirtualEngine"

@pytest.mark.sessionmock(time="real")
def test_real(sessionmock): assert type(virtual_engine()).__name__ == "SystemEngine"

@pytest.mark.sessionmock(route="live")
def test_live(sessionmock): assert type(virtual_engine()).__name__ == "SystemEngine"

def virtual_engine():
    with URLSession(URLSessionConfiguration.ephemeral()) as session: return session._context.engine
""")
    inner.run().assert_outcomes(passed=3)
