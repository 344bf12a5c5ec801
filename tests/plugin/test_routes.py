"""Routes: marks, the command line, the ini file, cassettes, scripts, misses and plain clients."""
from __future__ import annotations

import re

import pytest

from .conftest import Inner, Server

BODIES = """
import os
import asyncio, json
import httpx, httpx2

SERVER = os.environ["SERVER"]

def get(session, path="/a"):
    data, response = session.data(SERVER + path).result()
    assert response.status_code == 200
    return json.loads(data)
"""

SUITE = BODIES + """
pytestmark = pytest.mark.sessionmock(route="cassette")

def test_session(url_session):
    session = url_session()
    assert ["/a", "/b"] == [get(session, path)["path"] for path in ("/a", "/b")]

class TestClients:
    @pytest.mark.parametrize("package", [httpx, httpx2])
    def test_sync(self, sessionmock, package):
        with package.Client(transport=sessionmock.transport()) as client:
            assert "POST" == client.post(SERVER + "/c", json={"a": 1}).json()["method"]

    @pytest.mark.parametrize("package", [httpx, httpx2])
    def test_async(self, sessionmock, package):
        async def ask():
            async with package.AsyncClient(transport=sessionmock.transport()) as client:
                return (await asyncio.gather(client.get(SERVER + "/d"), client.get(SERVER + "/e")))[1].json()
        assert "/e" == asyncio.run(ask())["path"]

@pytest.mark.sessionmock(cassette="shared/one")
@pytest.mark.parametrize("turn", [1, 2])
def test_named(url_session, turn):
    assert "/named" == get(url_session(), f"/named")["path"]

def test_block(sessionmock, url_session):
    with sessionmock.cassette("block.yaml"):
        assert "/block" == get(url_session(), "/block")["path"]

@pytest.mark.sessionmock(route="script")
def test_scripted(sessionmock, url_session):
    sessionmock.script.get(SERVER + "/s").respond(json={"path": "scripted"})
    assert "scripted" == get(url_session(), "/s")["path"]
    with httpx.Client(transport=sessionmock.transport()) as client:
        assert "scripted" == client.get(SERVER + "/s").json()["path"]
"""
PASSED = 9


def test_one_body_live_recorded_and_replayed(inner: Inner, server: Server) -> None:
    """The same tests pass live, while recording and in replay; a scripted one stays scripted; recorded again, all is asked again."""
    inner.write(test_api=SUITE)
    inner.run("--sessionmock=live").assert_outcomes(passed=PASSED)
    asked = len(server.seen)
    assert {"GET /s"}.isdisjoint(server.seen)
    assert not (inner.path / "cassettes").exists()

    inner.run("--sessionmock=record").assert_outcomes(passed=PASSED)
    assert 2 * asked == len(server.seen)
    written = {str(path.relative_to(inner.path / "cassettes")) for path in (inner.path / "cassettes").rglob("*.yaml")}
    assert {
        "test_api/test_session.yaml", "test_api/TestClients.test_sync[httpx].yaml", "test_api/TestClients.test_sync[httpx2].yaml",
        "test_api/TestClients.test_async[httpx].yaml", "test_api/TestClients.test_async[httpx2].yaml",
        "shared/one.yaml", "block.yaml",
    } == written

    for arguments in ((), ("--sessionmock=cassette",)):
        inner.run(*arguments).assert_outcomes(passed=PASSED)
        assert 2 * asked == len(server.seen)

    inner.run("--sessionmock=record").assert_outcomes(passed=PASSED)
    assert 3 * asked == len(server.seen)


def test_unrecorded_tests_say_how_to_record(inner: Inner, server: Server) -> None:
    """Without a cassette a test of the cassette route fails, naming the request, the file and the option that records."""
    inner.write(test_api=SUITE)
    result = inner.run("-k", "test_session")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*no recorded answer for GET */a", "*cassettes/test_api/test_session.yaml*", "*pytest * --sessionmock=record"])
    result.stdout.no_fnmatch_line("*sessionmock misses*")       # the failure itself shows it
    assert [] == server.seen


PRECEDENCE = """
@pytest.mark.sessionmock(route="script")
def test_script(sessionmock): print("script:", sessionmock.mode, sessionmock.route.source)
@pytest.mark.sessionmock(route="cassette", mode="new_episodes")
def test_cassette(sessionmock): print("cassette:", sessionmock.mode, sessionmock.route.mode.value if sessionmock.mode != "live" else "")
@pytest.mark.sessionmock(route="live")
def test_live(sessionmock): print("live:", sessionmock.mode)
def test_unmarked(sessionmock): print("unmarked:", sessionmock.mode)
"""


@pytest.mark.parametrize(("arguments", "script", "cassette", "live", "unmarked"), [
    ((), "script script", "cassette new_episodes", "live", "live"),
    (("-o", "sessionmock_route=cassette"), "script script", "cassette new_episodes", "live", "cassette"),
    (("--sessionmock=record",), "script script", "record all", "live", "live"),
    (("--sessionmock=record", "--sessionmock-record-all"), "script script", "record all", "live", "record"),
    (("--sessionmock=record", "-o", "sessionmock_route=cassette"), "script script", "record all", "live", "record"),
    (("--sessionmock=cassette",), "script script", "cassette none", "cassette", "cassette"),
    (("--sessionmock=live", "-o", "sessionmock_route=cassette"), "script script", "live", "live", "live"),
])
def test_precedence(inner: Inner, arguments: tuple[str, ...], script: str, cassette: str, live: str, unmarked: str) -> None:
    """The command line goes before marks, marks before the ini file; a scripted test stays scripted."""
    inner.write(test_it=PRECEDENCE)
    result = inner.run("-s", *arguments)
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines([f"*script: {script}*", f"*cassette: {cassette}*", f"*live: {live}*", f"*unmarked: {unmarked}*"])


def test_misuse_is_told(inner: Inner) -> None:
    """A mark that asks for what there is not, and a cassette outside its folder, are errors that say what is right."""
    inner.write(test_it="""
@pytest.mark.sessionmock(route="magic")
def test_route(): pass
@pytest.mark.sessionmock("cassette")
def test_positional(): pass
@pytest.mark.sessionmock(cassete="a.yaml")
def test_typo(): pass
@pytest.mark.sessionmock(cassette=5)
def test_type(): pass
@pytest.mark.sessionmock(cassette="../../etc/a.yaml")
def test_outside(): pass
def test_block(sessionmock):
    with sessionmock.cassette("../a.yaml"): pass
""")
    result = inner.run()
    result.assert_outcomes(errors=5, failed=1)
    result.stdout.fnmatch_lines([
        "*test_route*route='magic'*choose from live, cassette, script, record*",
        "*test_positional*'cassette'*the mark is sessionmock(route=...*",
        "*test_typo*has no option 'cassete': did you mean 'cassette'?",
        "*test_type*cassette=5*give the name of a file*",
        "*test_outside: the cassette '../../etc/a.yaml' is not in the folder*",
        "*test_block: the cassette '../a.yaml' is not in the folder*",
    ])
    assert "another exception" not in result.stdout.str()
    assert 4 == inner.run("-o", "sessionmock_route=magic").ret


SWALLOWED = """
import httpx

def swallow(call):
    try:
        call()
    except (URLError, httpx.HTTPError, AssertionError):
        pass

def test_session(sessionmock, url_session):
    sessionmock.script.get(URL).respond(204)
    swallow(url_session().data(URL + "/session").result)

def test_handler(sessionmock, url_session):
    sessionmock.script.get(URL).respond(204)
    done = threading.Event()
    url_session().data_task(URL + "/handler", lambda *_: done.set()).resume()
    done.wait()

@pytest.mark.sessionmock(route="script")
def test_client(sessionmock):
    with httpx.Client(transport=sessionmock.transport()) as client:
        for _ in range(3):
            swallow(lambda: client.get(URL + "/client"))

@pytest.mark.sessionmock(cassette="none.yaml")
def test_cassette(url_session):
    swallow(url_session().data(URL + "/cassette").result)

@pytest.mark.sessionmock(route="script")
def test_own_session():
    with URLSession(URLSessionConfiguration.ephemeral()) as session:
        swallow(session.data(URL + "/own").result)

@pytest.fixture
def late(url_session):
    yield
    swallow(url_session().data(URL + "/late").result)

@pytest.mark.sessionmock(route="script")
def test_in_teardown(late): pass

@pytest.mark.sessionmock(route="script")
def test_wanted(sessionmock, url_session):
    swallow(url_session().data(URL + "/wanted").result)
    assert 1 == len(sessionmock.route.misses)
    sessionmock.route.misses.clear()
"""


def test_swallowed_misses_fail_the_test(inner: Inner) -> None:
    """A request that nothing answers fails its test, named, whoever sent it and whatever became of the error."""
    inner.write(test_it=SWALLOWED)
    result = inner.run()
    result.assert_outcomes(failed=5, passed=2, errors=1)
    text = result.stdout.str()
    for path in ("session", "handler", "client", "cassette", "own", "late"):
        assert 1 == len(re.findall(rf"\nno (?:scripted|recorded) answer for GET http://api.test/thing/{path}\b", text)), path
    result.stdout.fnmatch_lines(["ERROR *test_in_teardown - Failed: no scripted answer for GET *"])


MISSED = """
import httpx, pytest
URL = "http://api.test/thing"
pytestmark = pytest.mark.sessionmock(cassette="a.yaml")

def test_task(url_session):
    url_session().data(URL).result()

def test_client(sessionmock_httpx):
    httpx.get(URL)

def test_kit(sessionmock_httpx):
    try:
        httpx.get(URL)
    except AssertionError as error:
        raise RuntimeError("the kit's own") from error
"""


def test_a_miss_is_said_once_where_it_was_asked_for(inner: Inner) -> None:
    """The report shows the line of the test and what was missing, and no frame of those who carried it there."""
    inner.write(test_it=MISSED)
    result = inner.run()
    result.assert_outcomes(failed=3)
    text = result.stdout.str()
    assert 3 == len(re.findall(r"^(?:E +)?[\w.]*: no recorded answer for GET http://api.test/thing$", text, re.M))
    assert 3 == text.count("  cassette: ")
    assert not re.search(r"/(?:sessionmock|httpx)/\w+\.py:", text)
    assert "/sessionmock/loading.py:" in inner.run("--full-trace").stdout.str()


def test_failing_tests_show_their_exchanges(inner: Inner, server: Server) -> None:
    """A failing test has a section of what it asked: method, URL, status, source and milliseconds; a passing one has none."""
    inner.write(test_it=BODIES + """
@pytest.mark.sessionmock(route="script")
def test_scripted(sessionmock, url_session):
    sessionmock.script.get(SERVER + "/s").respond(503)
    url_session().data(SERVER + "/s").result()
    assert 0

def test_live(url_session):
    get(url_session())
    assert 0

def test_refused(url_session):
    url_session().data("http://ann:pass" + "word@127.0.0.1:9/?token=to" + "ken7").result()

def test_passes(url_session):
    get(url_session(), "/passes")
""")
    result = inner.run()
    result.assert_outcomes(failed=3, passed=1)
    result.stdout.re_match_lines([
        "-+ sessionmock exchanges -+", rf"GET  {server.url}/s  503  script  [\d.]+ ms",
        "-+ sessionmock exchanges -+", rf"GET  {server.url}/a  200  live  +[\d.]+ ms",
        "-+ sessionmock exchanges -+",
        r"GET  http://ann:fake-[\w-]+@127.0.0.1:9/\?token=fake-[\w-]+  -  live  [\d.]+ ms  cannot connect to host \(-1004\)",
    ])
    printed = result.stdout.str()
    assert [] == [text for text in ("/passes  200", "password@", "token7") if text in printed]


def test_the_trace(inner: Inner) -> None:
    """The controller's trace has the callbacks in order, and every exchange with its source."""
    inner.write(test_it="""
class Delegate:
    def data_task_did_receive_data(self, session, task, data): pass
    def task_did_complete(self, session, task, error): done.set()

done = threading.Event()

def test_it(sessionmock, url_session):
    sessionmock.script.answer(body="hello")
    url_session(delegate=Delegate()).data_task(URL).resume()
    done.wait()
    assert ["data_task_did_receive_data", "task_did_complete"] == sessionmock.trace.names()
    assert [("GET", URL, 200, "script")] == [exchange[:4] for exchange in sessionmock.trace.exchanges]
    assert "script" == sessionmock.route.source
""")
    inner.run().assert_outcomes(passed=1)


def test_scripts_reach_threads_and_end_with_their_test(inner: Inner, server: Server) -> None:
    """A script is in force for all threads until its test ends; an unscripted request then goes where it went before."""
    inner.write(test_it=BODIES + """
def test_threads(sessionmock, url_session):
    assert "/a" == get(url_session())["path"]
    sessionmock.script.get(SERVER + "/a").respond(json={"path": "scripted"})
    found = []
    thread = threading.Thread(target=lambda: found.append(get(url_session())["path"]))
    thread.start()
    thread.join()
    assert ["scripted"] == found

def test_after(url_session):
    assert "/a" == get(url_session())["path"]
""")
    inner.run().assert_outcomes(passed=2)
    assert ["GET /a"] * 2 == server.seen


def test_cassette_names(inner: Inner, server: Server) -> None:
    """A test's own cassette is named by module, class, test and parameters; what no file name takes is replaced and told apart."""
    (inner.path / "deep").mkdir()
    inner.pytester.makepyfile(**{"deep/test_names": "import pytest\n" + BODIES + """
class TestOuter:
    class TestInner:
        def test_nested(self, url_session): get(url_session())

@pytest.mark.parametrize("name", ["a/../../b", "a:..:..:b", "é", "x" * 200, ".hidden"])
def test_names(url_session, name): get(url_session())
"""})
    inner.run("--sessionmock=record", "--sessionmock-record-all").assert_outcomes(passed=6)
    folder = inner.path / "cassettes" / "deep" / "test_names"
    names = sorted(path.name for path in folder.iterdir())
    assert 6 == len(names)
    assert names == sorted(path.name for path in inner.path.rglob("*.yaml"))
    assert "TestOuter.TestInner.test_nested.yaml" in names
    assert "test_names[.hidden].yaml" in names
    assert 2 == sum(name.startswith("test_names[a_.._.._b]-") for name in names)
    assert max(map(len, names)) < 120
    inner.run("--sessionmock=cassette").assert_outcomes(passed=6)


def test_proxies_of_the_environment_are_not_for_tests(inner: Inner, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A live test goes straight to its server, whatever proxy this machine's environment names."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    inner.write(BODIES, test_live="""
def test_session(url_session):
    assert "/a" == get(url_session())["path"]

def test_client(sessionmock):
    with httpx.Client(transport=sessionmock.transport()) as client:
        assert "/b" == client.get(SERVER + "/b").json()["path"]
""")
    inner.run().assert_outcomes(passed=2)


def test_headers_of_the_session_itself_are_warned_of(inner: Inner) -> None:
    """Additional headers that the session may overwrite are a warning at the line that makes the session, and are sent."""
    inner.write(test_headers="""
def test_it(url_session, sessionmock):
    route = sessionmock.script.get(URL).respond(200)
    configuration = URLSessionConfiguration.ephemeral()
    configuration.http_additional_headers = {"X-A": "1", "Authorization": "Basic YTpi"}
    with pytest.warns(UserWarning, match="has Authorization, which") as caught:
        session = url_session(configuration)
    assert __file__ == caught[0].filename
    session.data(URL).result()
    assert "Basic YTpi" == route.calls[0].request.headers["authorization"]
""")
    inner.run().assert_outcomes(passed=1)
