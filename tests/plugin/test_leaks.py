"""Leaks: what fails which test, with what words, and what does not."""
from __future__ import annotations

from collections import Counter
from textwrap import indent

import pytest

from .conftest import ARGUMENTS, Inner

# What a fixture does that leaks; `# LEAK` marks the line that the report must name. And the same, ended.
KINDS = {
    "session": ("thing = URLSession(EPHEMERAL)  # LEAK", "thing.finish_tasks_and_invalidate()"),
    "never_resumed": ("thing = session.data_task(URL)  # LEAK", "thing.cancel()"),
    "running": ("thing = session.data_task(URL)  # LEAK\nthing.resume()", "thing.cancel()"),
    "suspended": ("thing = session.data_task(URL)  # LEAK\nthing.resume()\nthing.suspend()", "thing.cancel()"),
    "unanswered": ("script.answer()\nthing = session.data_task(URL)  # LEAK\nthing.resume()\nasked.wait()", "thing.cancel()"),
    "undelivered": ("script.answer()\nthing = on_main.data_task(URL, print)  # LEAK\nthing.resume()", "OperationQueue.main.run()"),
    "in_thread": ("made = []\nthread = threading.Thread(target=lambda: made.append(URLSession(EPHEMERAL)))  # LEAK\n"
                  "thread.start()\nthread.join()\nthing = made[0]", "thing.invalidate_and_cancel()"),
}
WORDS = {
    "session": "was never invalidated",
    "never_resumed": "was never resumed",
    "running": "was left running",
    "suspended": "was left suspended",
    "unanswered": "has not answered data_task_did_receive_response",
    "undelivered": "was left with its end undelivered",
    "in_thread": "(thread Thread-",
}
SCOPES = ("function", "class", "module", "session")

MODULE = """
EPHEMERAL = URLSessionConfiguration.ephemeral()
script = ScriptRoute()
asked = threading.Event()

class Silent:
    def data_task_did_receive_response(self, session, task, response, completion_handler):
        asked.set()

@pytest.fixture(scope="session")
def session():
    session = URLSession(EPHEMERAL, Silent())
    yield session
    session.finish_tasks_and_invalidate()

@pytest.fixture(scope="session")
def on_main():
    session = URLSession(EPHEMERAL, None, OperationQueue.main)
    yield session
    session.finish_tasks_and_invalidate()

@pytest.fixture(scope="{scope}")
def owner(session, on_main):
    with use_route(script):
        if "{kind}" in ("running", "suspended"):
            script.answer(delay=math.inf)
{leak}
    yield thing
{end}

class TestIt:
    def test_first(self, owner): pass
    def test_second(self, owner): pass
"""


def module(kind: str, scope: str, *, clean: bool) -> str:
    leak, end = KINDS[kind]
    return MODULE.format(kind=kind, scope=scope, leak=indent(leak, " " * 8), end=indent(end if clean else "pass", " " * 4))


def line_of(inner: Inner, name: str, tag: str = "LEAK") -> str:
    """The line of a module that a comment marks, as reports say it."""
    text = (inner.path / f"{name}.py").read_text().splitlines()
    return f"{name}.py:{next(number for number, line in enumerate(text, 1) if line.endswith(f'# {tag}'))} in "


@pytest.mark.usefixtures("quick_drain")
@pytest.mark.parametrize("scope", SCOPES)
def test_every_kind_in_every_scope(inner: Inner, scope: str) -> None:
    """A leak fails the test at whose end its owner ends, once, with the line that made it and what was wrong."""
    inner.write(**{f"test_{kind}": module(kind, scope, clean=False) for kind in KINDS})
    record = inner.pytester.inline_run(*ARGUMENTS, "-q")
    found = {report.nodeid: report.longreprtext for report in record.getreports("pytest_runtest_logreport") if report.failed}
    everything = "\n".join(found.values())
    times = 2 if scope == "function" else 1
    for kind in KINDS:
        line = line_of(inner, f"test_{kind}")
        assert times == everything.count(line), f"{kind} in a {scope} fixture: {line}\n{everything}"
        assert WORDS[kind] in everything
        at = {nodeid for nodeid, text in found.items() if line in text}
        tests = {f"test_{kind}.py::TestIt::test_first", f"test_{kind}.py::TestIt::test_second"}
        last = {f"test_{kind}.py::TestIt::test_second"}
        expected = {"function": tests, "class": last, "module": last, "session": at}[scope]
        assert expected == at
        assert at
    assert times * len(KINDS) == everything.count("LEAK: ")


@pytest.mark.parametrize("scope", SCOPES)
def test_clean_twins_pass(inner: Inner, scope: str) -> None:
    """What ends in its owner's finalizer is no leak."""
    inner.write(**{f"test_{kind}": module(kind, scope, clean=True) for kind in KINDS})
    result = inner.run("-q")
    result.assert_outcomes(passed=2 * len(KINDS))


LOAD = """
@pytest.fixture(scope="session", autouse=True)
def load():
    stop = threading.Event()
    def compute():
        while not stop.is_set():
            sum(range(2000))
    thread = threading.Thread(target=compute)
    thread.start()
    yield
    stop.set()
    thread.join()

class Late:
    def data_task_did_receive_data(self, session, task, data): pass
    def task_did_complete(self, session, task, error): session.finish_tasks_and_invalidate()
    def session_did_become_invalid(self, session, error): pass

EPHEMERAL = URLSessionConfiguration.ephemeral()

def loading():
    with URLSession(EPHEMERAL) as session:
        session.data(URL).result()

def left_to_finish():
    session = URLSession(EPHEMERAL)
    session.data_task(URL, lambda data, response, error: None).resume()
    session.finish_tasks_and_invalidate()

def ended_by_its_delegate():
    URLSession(EPHEMERAL, Late()).data_task(URL).resume()

def cancelled():
    session = URLSession(EPHEMERAL, Late())
    session.data_task(URL)
    session.data_task(URL).resume()
    session.invalidate_and_cancel()

def in_a_thread():
    thread = threading.Thread(target=ended_by_its_delegate)
    thread.start()
    thread.join()

@pytest.mark.sessionmock(route="script")
@pytest.mark.parametrize("turn", range(40))
@pytest.mark.parametrize("twin", [loading, left_to_finish, ended_by_its_delegate, cancelled, in_a_thread])
def test_clean(twin, turn, sessionmock):
    sessionmock.script.answers([Answer(body=[(b"a", 0), (b"b", 0.001)])] * 2)
    twin()
"""


def test_no_false_alarm_under_load(inner: Inner) -> None:
    """200 tests that end what they begin, some of it late, pass beside a computing thread."""
    inner.write(test_clean=LOAD)
    inner.run("-q").assert_outcomes(passed=200)


@pytest.mark.usefixtures("quick_drain")
def test_the_report(inner: Inner) -> None:
    """A leak report names the thing, its line and the callers', its owner and the remedy; the next test is not blamed."""
    inner.write(test_it="""
def make_client():
    session = URLSession(URLSessionConfiguration.ephemeral())  # MADE
    session.session_description = "api"
    return session

def test_leaks():
    make_client().data_task(URL)  # USED

def test_is_innocent(): pass
""")
    result = inner.run()
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines([
        "*ERROR at teardown of test_leaks*",
        "LEAK: URLSession * 'api' was never invalidated (1 task never resumed)",
        f"  made at  {line_of(inner, 'test_it', 'MADE')}make_client",
        "               session = URLSession(URLSessionConfiguration.ephemeral())  # MADE",
        f"  from     {line_of(inner, 'test_it', 'USED')}test_leaks",
        "  owner    test_it.py::test_leaks",
        "  mend     *finish_tasks_and_invalidate()*",
        "LEAK: URLSessionDataTask 1 of session *: GET http://api.test/thing was never resumed",
        f"  made at  {line_of(inner, 'test_it', 'USED')}test_leaks",
        "  mend     resume() it, cancel() it*",
        "ERROR test_it.py::test_leaks - Failed: LEAK: URLSession *",
    ])


@pytest.mark.usefixtures("quick_drain")
def test_failing_tests_get_a_section(inner: Inner) -> None:
    """A test that failed, was skipped or failed as expected is not failed again by its leaks; a failure shows them."""
    inner.write(test_it="""
def leak():
    URLSession(URLSessionConfiguration.ephemeral())

def test_fails():
    leak()
    assert 0

def test_skips():
    leak()
    pytest.skip("why not")

@pytest.mark.xfail(strict=True)
def test_xfails():
    leak()
    assert 0

@pytest.fixture
def broken():
    leak()
    assert 0

def test_setup_fails(broken): pass
""")
    result = inner.run("-rA")
    result.assert_outcomes(failed=1, errors=1, skipped=1, xfailed=1)
    text = result.stdout.str()
    assert 2 <= text.count("sessionmock leaks, at teardown")
    assert "ERROR at teardown" not in text


@pytest.mark.usefixtures("quick_drain")
def test_leaks_can_be_allowed(inner: Inner) -> None:
    """leaks="allow" on a test or the ini file lets it leak, without an end to what it leaves; a mark can take the ini's word back."""
    inner.write(test_it="""
kept = []

@pytest.mark.sessionmock(leaks="allow")
def test_keeps():
    kept.append(URLSession(URLSessionConfiguration.ephemeral()))

def test_uses():
    kept[0].data("data:,hello").result()
""", test_strict="""
@pytest.mark.sessionmock(leaks="fail")
def test_strict():
    URLSession(URLSessionConfiguration.ephemeral())
""")
    inner.run("test_it.py").assert_outcomes(passed=2)
    inner.run("-o", "sessionmock_leaks=allow").assert_outcomes(passed=3, errors=1)


@pytest.mark.usefixtures("quick_drain")
def test_url_session_excuses_sessions_and_not_tasks(inner: Inner) -> None:
    """A session of `url_session` is ended for the test; a task left on it is a leak, shown at the test's own line."""
    inner.write(test_it="""
made = []

@pytest.mark.sessionmock(route="script")
def test_fine(url_session, sessionmock):
    sessionmock.script.answer(body="hi")
    session = url_session()
    made.append(session)
    assert session.data(URL).result()[0] == b"hi"

def test_ended():
    with pytest.raises(GenericException):
        made[0].data_task(URL)

def test_leaks(url_session):
    url_session(URLSessionConfiguration.default()).data_task(URL)  # LEAK
""")
    result = inner.run()
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.no_fnmatch_line("LEAK: URLSession *")
    result.stdout.fnmatch_lines(["LEAK: URLSessionDataTask*never resumed", f"  made at  {line_of(inner, 'test_it')}test_leaks"])


@pytest.mark.usefixtures("quick_drain")
def test_wide_sessions_and_their_tasks_have_different_owners(inner: Inner) -> None:
    """A test that leaves a task on a module's session or on the shared one leaks the task, also where it is the last."""
    inner.write(test_it="""
@pytest.fixture(scope="module")
def session():
    session = URLSession(URLSessionConfiguration.ephemeral())
    yield session
    session.invalidate_and_cancel()

def test_one(session): session.data_task(URL)
def test_shared(): URLSession.shared.data_task(URL)
def test_between(session): pass
def test_last(session): session.data_task(URL)
""")
    result = inner.run()
    result.assert_outcomes(passed=4, errors=3)
    result.stdout.fnmatch_lines(["ERROR test_it.py::test_one*", "ERROR test_it.py::test_shared*", "ERROR test_it.py::test_last*"])
    result.stdout.fnmatch_lines(["*URLSessionDataTask * of the shared session*"])


UNITTEST = """
import unittest

class TestThing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.session = URLSession(URLSessionConfiguration.ephemeral())

    @classmethod
    def tearDownClass(cls):
        cls.session.finish_tasks_and_invalidate()

    def setUp(self):
        self.mine = URLSession(URLSessionConfiguration.ephemeral())

    def tearDown(self):
        self.mine.finish_tasks_and_invalidate()

    def test_clean(self):
        self.session.data("data:,a").result()

    def test_leaks(self):
        URLSession(URLSessionConfiguration.ephemeral())

    @pytest.mark.sessionmock(route="script")
    def test_misses(self):
        try:
            self.mine.data(URL).result()
        except URLError:
            pass
"""


@pytest.mark.usefixtures("quick_drain")
def test_unittest_style(inner: Inner) -> None:
    """Methods of a unittest.TestCase are judged like functions: leaks, misses and what setUpClass made."""
    inner.write(test_it=UNITTEST)
    result = inner.run()
    result.assert_outcomes(passed=2, failed=1, errors=1)
    result.stdout.fnmatch_lines(["FAILED *test_misses*", "ERROR *test_leaks*LEAK: URLSession*"])


@pytest.mark.usefixtures("quick_drain")
def test_async_tests(inner: Inner) -> None:
    """A coroutine's leaks are its test's, and what it ends is none."""
    inner.write(test_it="""
import asyncio

async def clean():
    async with URLSession(URLSessionConfiguration.ephemeral()) as session:
        assert (await session.data("data:,a"))[0] == b"a"

async def leaky():
    URLSession(URLSessionConfiguration.ephemeral())  # LEAK

def test_clean(): asyncio.run(clean())
def test_leaks(): asyncio.run(leaky())
""")
    result = inner.run()
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines([f"  made at  {line_of(inner, 'test_it')}leaky", "ERROR test_it.py::test_leaks*"])


LATE = """
import sdk
S = URLSession(URLSessionConfiguration.ephemeral())  # IMPORTED

go, made = threading.Event(), threading.Event()

def work():
    go.wait()
    URLSession(URLSessionConfiguration.ephemeral())  # LATE
    made.set()

def test_starts(): threading.Thread(target=work).start()

def test_is_innocent():
    go.set()
    made.wait()
"""


def test_leaks_of_nobody_are_told_at_the_end(inner: Inner) -> None:
    """What modules make at import and threads after their test's end fails the run, not an innocent test."""
    inner.pytester.makepyfile(sdk="from sessionmock import *\nS = URLSession(URLSessionConfiguration.ephemeral())")
    inner.write(test_it=LATE)
    result = inner.run_apart()
    result.assert_outcomes(passed=2, errors=3)
    assert pytest.ExitCode.TESTS_FAILED == result.ret
    result.stdout.fnmatch_lines_random([
        "  made at  sdk.py:2 in <module>",
        "               S = URLSession(*",
        "  from     test_it.py:* in <module>",
        "               import sdk",
        f"  made at  {line_of(inner, 'test_it', 'IMPORTED')}<module>",
        f"  made at  {line_of(inner, 'test_it', 'LATE')}work",
        "  owner    test_it.py::test_starts (thread Thread-*",
    ])


SERVED = """
import http.server, urllib.request

class Handler(http.server.BaseHTTPRequestHandler):
    sessions = []
    def do_GET(self):
        if not self.sessions:
            self.sessions.append(URLSession(URLSessionConfiguration.ephemeral()))
        body = self.sessions[0].data("data:,hello").result()[0]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

@pytest.fixture(scope="module")
def application():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()
    Handler.sessions[0].finish_tasks_and_invalidate()

@pytest.mark.parametrize("turn", [1, 2])
def test_it(application, turn):
    assert urllib.request.urlopen(application).read() == b"hello"
"""


def test_threads_of_a_fixtures_threads(inner: Inner) -> None:
    """What an application's server makes for the first request and keeps belongs to the fixture that runs it, and is no leak."""
    inner.write(test_it=SERVED)
    inner.run().assert_outcomes(passed=2)


@pytest.mark.usefixtures("quick_drain")
def test_a_wider_fixtures_end(inner: Inner) -> None:
    """What a wider fixture makes in its finalizer is its own leak too."""
    inner.write(test_it="""
@pytest.fixture(scope="module")
def wide():
    yield
    URLSession(URLSessionConfiguration.ephemeral())  # LEAK

def test_one(wide): pass
@pytest.mark.sessionmock(leaks="allow")
def test_two(): pass
""")
    result = inner.run()
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines([f"  made at  {line_of(inner, 'test_it')}wide", "  owner    module fixture 'wide' of test_it.py"])


def test_under_xdist(inner: Inner) -> None:
    """Workers fail their own tests; what is nobody's reaches the controller, once, and its exit status."""
    inner.write(test_leaks="""
S = URLSession(URLSessionConfiguration.ephemeral())  # IMPORT

def test_leaks():
    URLSession(URLSessionConfiguration.ephemeral())  # LEAK

def test_fine(): pass
""")
    result = inner.run_apart("-p", "xdist.plugin", "-n", "2")
    result.assert_outcomes(passed=2, errors=2)
    result.stdout.fnmatch_lines([f"  made at  {line_of(inner, 'test_leaks')}test_leaks"])
    assert 1 == Counter(result.outlines)[f"  made at  {line_of(inner, 'test_leaks', 'IMPORT')}<module>"]
    result = inner.run_apart("-p", "xdist.plugin", "-n", "1", "-k", "fine")
    result.assert_outcomes(passed=1, errors=1)
    assert pytest.ExitCode.TESTS_FAILED == result.ret


IMPORTED = """
S = URLSession(URLSessionConfiguration.ephemeral())

def teardown_module(): S.finish_tasks_and_invalidate()

def test_it(): S.data("data:,a").result()
"""

CONFTEST = """
import pytest
from sessionmock import URLSession, URLSessionConfiguration

S = URLSession(URLSessionConfiguration.ephemeral())

@pytest.fixture(scope="session")
def api():
    yield S
    S.finish_tasks_and_invalidate()
"""


@pytest.mark.parametrize("arguments", [(), ("-n", "2"), ("-k", "test_other"), ("-k", "nothing"), ("--collect-only",)])
def test_what_modules_make_is_ended_where_their_tests_run(inner: Inner, arguments: tuple[str, ...]) -> None:
    """A session that a module makes and its teardown ends is no leak where its tests do not run: on another worker of xdist,
    in the controller, where they are not picked; nor is one of conftest.py that one worker's fixture ends."""
    workers = "-n" in arguments
    inner.pytester.makeconftest(CONFTEST if workers else "")
    inner.write(test_it=IMPORTED, test_other="def test_other(): pass", **({"test_api": "def test_api(api): pass"} if workers else {}))
    result = inner.run_apart("-p", "xdist.plugin", *arguments)
    assert result.ret in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
    result.stdout.no_fnmatch_line("*LEAK*")


def test_first_import_in_a_test(inner: Inner) -> None:
    """A test or fixture that is the first to import sessionmock is judged too."""
    inner.write("import pytest\n", test_a="""
def make():
    import sessionmock
    return sessionmock.URLSession(sessionmock.URLSessionConfiguration.ephemeral())  # LEAK

def test_leaks(): make()
""", test_b="""
@pytest.fixture(scope="module")
def session():
    import sessionmock
    return sessionmock.URLSession(sessionmock.URLSessionConfiguration.ephemeral())

def test_one(session): pass
def test_two(): pass
""")
    result = inner.run_apart("test_a.py")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines([f"  made at  {line_of(inner, 'test_a')}make", "  owner    test_a.py::test_leaks"])
    result = inner.run_apart("test_b.py")
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["  owner    module fixture 'session' of test_b.py", "ERROR test_b.py::test_two*"])
