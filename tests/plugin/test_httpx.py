"""Plain httpx and httpx2 clients by opt-in, other clients off the network, and clients that are never closed."""
from __future__ import annotations

import socket

import httpx
import httpx2
import pytest

from sessionmock import Interception, LeakScope

from .conftest import PRELUDE, Inner, Server

CLIENTS = """
import asyncio, os, threading
from concurrent.futures import ThreadPoolExecutor
import httpx, httpx2, respx, trio

SERVER = os.environ.get("SERVER", "")
PACKAGES = [httpx, httpx2]
EARLY = {package: package.Client() for package in PACKAGES}
EARLY_POOL = ThreadPoolExecutor(1)
EARLY_POOL.submit(int).result()

@pytest.fixture(scope="session", autouse=True)
def ended():
    yield
    EARLY_POOL.shutdown()
    for client in EARLY.values():
        client.close()

async def fetch(package, url):
    async with package.AsyncClient() as client:
        return (await client.get(url)).json()["path"]

def in_thread(call):
    found = []
    thread = threading.Thread(target=lambda: found.append(call()))
    thread.start()
    thread.join()
    return found[0]

WAYS = {
    "module": lambda package, url: package.get(url).json()["path"],
    "early": lambda package, url: EARLY[package].get(url).json()["path"],
    "asyncio": lambda package, url: asyncio.run(fetch(package, url)),
    "trio": lambda package, url: trio.run(fetch, package, url),
    "thread": lambda package, url: in_thread(lambda: package.get(url).json()["path"]),
    "to_thread": lambda package, url: asyncio.run(asyncio.to_thread(lambda: package.get(url).json()["path"])),
}
ways = pytest.mark.parametrize("way", WAYS)
packages = pytest.mark.parametrize("package", PACKAGES)
"""

SUITE = CLIENTS + """
@pytest.mark.sessionmock(route="cassette")
@pytest.mark.usefixtures("sessionmock_httpx")
@packages
@ways
def test_recorded(package, way):
    assert f"/{way}" == WAYS[way](package, f"{SERVER}/{way}")

@pytest.mark.sessionmock(route="script")
@packages
@ways
def test_scripted(package, way, sessionmock, sessionmock_httpx):
    sessionmock.script.get(f"{SERVER}/scripted").respond(json={"path": "scripted"})
    assert "scripted" == WAYS[way](package, f"{SERVER}/scripted")
"""


TOLD = CLIENTS + """
@packages
@ways
def test_told(package, way, sessionmock):
    assert f"/{way}" == WAYS[way](package, f"{SERVER}/{way}")
    [request] = sessionmock.requests.wait_for(1, url=f"*/{way}", timeout=0)
    assert ("GET", os.environ["SOURCE"]) == (request.method, request.source)

@pytest.mark.sessionmock(httpx=False)
def test_off(sessionmock):
    assert 200 == httpx.get(SERVER).status_code
    assert not sessionmock.requests
"""


@pytest.mark.parametrize(("arguments", "source", "told"), [
    (("--sessionmock=live",), "live", 12), ((), "live", 0), (("--sessionmock=record", "--sessionmock-record-all"), "live", 12),
])
def test_the_requests_of_clients_are_told_whatever_the_route(
        inner: Inner, server: Server, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], source: str, told: int) -> None:
    """The same test live and recorded; where nobody chose a route, no client is touched."""
    monkeypatch.setenv("SOURCE", source)
    inner.write(test_api=TOLD)
    inner.run(*arguments).assert_outcomes(passed=1 + told, failed=12 - told)


def test_clients_of_any_making_take_the_route(inner: Inner, server: Server) -> None:
    """Clients at module level, made before, async, in threads, of both packages: live, recorded, replayed and scripted."""
    inner.write(test_api=SUITE)
    inner.run("--sessionmock=live").assert_outcomes(passed=24)
    assert 12 == len(server.seen)
    inner.run("--sessionmock=record").assert_outcomes(passed=24)
    assert 24 == len(server.seen)
    inner.run("--sessionmock=cassette").assert_outcomes(passed=24)
    assert 24 == len(server.seen)
    assert {"GET /scripted"}.isdisjoint(server.seen)


LEFT_ALONE = CLIENTS + """
@pytest.fixture(autouse=True)
def scripted(sessionmock, sessionmock_httpx):
    sessionmock.script.router.route().respond(json={"path": "scripted"})

@packages
def test_own_transports(package):
    class Own(package.BaseTransport):
        def handle_request(self, request): return package.Response(204)
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 203, "headers": []})
        await send({"type": "http.response.body"})
    async def ask():
        async with package.AsyncClient(transport=package.ASGITransport(app)) as client:
            return (await client.get(URL)).status_code
    def wsgi(environ, start):
        start("202 Accepted", [])
        return [b""]
    assert 203 == asyncio.run(ask())
    mock = package.MockTransport(lambda request: package.Response(201))
    for status, transport in [(201, mock), (202, package.WSGITransport(app=wsgi)), (204, Own())]:
        with package.Client(transport=transport) as client:
            assert status == client.get(URL).status_code

def test_respx_inside():
    with respx.mock:
        respx.get("http://mocked.test/").respond(206)
        assert 206 == httpx.get("http://mocked.test/").status_code
    assert "scripted" == httpx.get("http://mocked.test/").json()["path"]

def test_another_patch_inside(monkeypatch):
    below = httpx.HTTPTransport.handle_request
    monkeypatch.setattr(httpx.HTTPTransport, "handle_request",
                        lambda self, request: httpx.Response(207) if "mine" in str(request.url) else below(self, request))
    assert 207 == httpx.get("http://api.test/mine").status_code
    assert "scripted" == httpx.get(URL).json()["path"]

@packages
def test_unix_sockets(package, tmp_path, monkeypatch):
    import socket

    monkeypatch.chdir(tmp_path)      # the name of such a socket is short
    def serve():
        with listener.accept()[0] as connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 208 Hello\\r\\nContent-Length: 0\\r\\n\\r\\n")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        listener.listen()
        thread = threading.Thread(target=serve)
        thread.start()
        with package.Client(transport=package.HTTPTransport(uds="socket")) as client:
            assert 208 == client.get("http://docker/version").status_code
        thread.join()
"""


def test_what_is_not_the_tests_is_left_alone(inner: Inner, server: Server) -> None:
    """Transports of the user's own, respx, other patches, and clients of a Unix socket keep their way."""
    inner.write(test_api=LEFT_ALONE)
    inner.run().assert_outcomes(passed=6)


EARLY = CLIENTS + """
import socket

@pytest.fixture(scope="session")
def fixtures_pool():
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        yield pool

def take(pool, number):
    return pool.submit(WAYS["module"], httpx, f"{SERVER}/{number}").result()

@pytest.mark.parametrize("number", range(2))
@pytest.mark.sessionmock(route="script")
def test_routed(sessionmock, fixtures_pool, number):
    sessionmock.script.get(f"{SERVER}/{number}").respond(json={"path": number})
    assert [number] * 3 == [take(EARLY_POOL, number), take(fixtures_pool, number), WAYS["module"](httpx, f"{SERVER}/{number}")]

@pytest.mark.sessionmock(route="script")
@pytest.mark.parametrize("kind", ["early", "wide"])
def test_guarded(fixtures_pool, kind):
    pool = {"early": EARLY_POOL, "wide": fixtures_pool}[kind]
    assert isinstance(pool.submit(socket.create_connection, ("192.0.2.1", 80)).exception(), UnmatchedRequest)

def test_unmarked(fixtures_pool):
    assert ["/own"] * 2 == [take(EARLY_POOL, "own"), take(fixtures_pool, "own")]
"""


def test_threads_of_before_have_the_test_that_is_on(inner: Inner, server: Server) -> None:
    """Threads that are older than the first test, of a module and of a wide fixture, take the route of each test that asks for one
    and stay off the network with it; beside a test that asks for none they go their own way."""
    inner.write(test_api=EARLY)
    result = inner.run("-p", "no:randomly")
    result.assert_outcomes(passed=3, failed=2)
    result.stdout.fnmatch_lines_random(["FAILED test_api.py::test_guarded?early? *", "FAILED test_api.py::test_guarded?wide? *"])
    assert ["GET /own"] * 2 == server.seen


MARKED = CLIENTS + """
import socket, urllib.request

def ask():
    return WAYS["module"](httpx, f"{SERVER}/asked")

@pytest.mark.sessionmock(route="cassette")
def test_cassette(): assert "/asked" == ask()

@pytest.mark.sessionmock(cassette="named")
def test_named(): assert "/asked" == ask()

@pytest.mark.sessionmock(mode="none")
def test_mode(): assert "/asked" == ask()

@pytest.mark.sessionmock(route="script")
def test_script(): ask()

@pytest.mark.sessionmock(route="script")
def test_guard(): urllib.request.urlopen("http://192.0.2.1/")

@pytest.mark.sessionmock(route="script", httpx=False)
def test_off(sessionmock_httpx):
    assert "/asked" == ask()
    assert "connect" not in vars(socket.socket)

@pytest.mark.sessionmock(route="live")
def test_live(): assert "/asked" == ask()

def test_unmarked(): assert "/asked" == ask()
"""


@pytest.mark.parametrize(("arguments", "passed", "asked"), [
    ((), {"off", "live", "unmarked"}, 3),
    (("--sessionmock=record",), {"cassette", "named", "mode", "off", "live", "unmarked"}, 6),
    (("--sessionmock=cassette",), {"off"}, 1),
    (("--sessionmock=live",), {"cassette", "named", "mode", "off", "live", "unmarked"}, 6),
    (("-o", "sessionmock_route=script"), {"off", "live"}, 2),
    (("-o", "sessionmock_route=script", "-o", "sessionmock_httpx=false"), {"cassette", "named", "mode", "script", "off", "live", "unmarked"}, 7),
    (("-o", "sessionmock_route=live"), {"off", "live", "unmarked"}, 3),
], ids=lambda value: "_".join(value) if isinstance(value, tuple) else None)
def test_who_names_a_route_has_it_obeyed(inner: Inner, server: Server, arguments: tuple[str, ...], passed: set[str], asked: int) -> None:
    """A mark or an option that names a route other than live routes plain clients and guards the network, unless the mark or the
    ini file says that it does not; a test that nobody spoke of is left alone."""
    inner.write("import pytest\n", test_api=MARKED)
    result = inner.run("-v", "-p", "no:randomly", *arguments)
    assert passed == {line.partition("::test_")[2].partition(" ")[0] for line in result.stdout.lines if "PASSED" in line}
    assert ["GET /asked"] * asked == server.seen


def test_without_opting_in_nothing_is_touched(inner: Inner, server: Server) -> None:
    """A test that does not ask for it goes live beside others that do, and finds httpx and socket as they were."""
    inner.write(test_api=CLIENTS + """
import socket
BEFORE = {package: dict(vars(package.HTTPTransport)) for package in PACKAGES}
CONNECT = socket.socket.connect

def test_in(sessionmock_httpx, sessionmock):
    sessionmock.script.get(f"{SERVER}/a").respond(json={"path": "scripted"})
    assert "scripted" == WAYS["module"](httpx, f"{SERVER}/a")
    assert vars(httpx.HTTPTransport) != BEFORE[httpx]

def test_out(sessionmock):
    sessionmock.script.get(f"{SERVER}/a").respond(json={"path": "scripted"})
    assert "/a" == WAYS["module"](httpx, f"{SERVER}/a")
    assert BEFORE == {package: dict(vars(package.HTTPTransport)) for package in PACKAGES}
    assert CONNECT is socket.socket.connect
""")
    inner.run("-p", "no:randomly").assert_outcomes(passed=2)
    assert ["GET /a"] == server.seen


def test_by_ini_and_by_name_at_run_time(inner: Inner, server: Server) -> None:
    """The ini file opts every test in; a test may also ask for the fixture while it runs."""
    inner.write(test_api=CLIENTS + """
@pytest.mark.sessionmock(route="script")
def test_ini(sessionmock):
    sessionmock.script.get(URL).respond(json={"path": "scripted"})
    assert "scripted" == WAYS["module"](httpx, URL)

@pytest.mark.sessionmock(route="script")
def test_late(sessionmock, request):
    request.getfixturevalue("sessionmock_httpx")
    sessionmock.script.get(URL).respond(json={"path": "scripted"})
    assert "scripted" == WAYS["module"](httpx, URL)
""")
    inner.run("-o", "sessionmock_httpx=true").assert_outcomes(passed=2)
    inner.run("-k", "late").assert_outcomes(passed=1)


def test_threads_of_fixtures_serve_the_test_that_is_on(inner: Inner, server: Server) -> None:
    """What the thread of a session's fixture asks takes the route of the test that is running, each time."""
    inner.write(test_api=CLIENTS + """
@pytest.fixture(scope="session")
def application():
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        yield lambda: pool.submit(WAYS["module"], httpx, URL).result()

@pytest.mark.parametrize("turn", ["first", "second"])
def test_it(application, turn, sessionmock, sessionmock_httpx):
    sessionmock.script.get(URL).respond(json={"path": turn})
    assert turn == application()
""")
    inner.run().assert_outcomes(passed=2)


def test_threads_of_a_pool_serve_the_test_that_is_on(inner: Inner, server: Server) -> None:
    """A pool that the code under test keeps starts its thread in one test, and serves the next one from there."""
    inner.write(test_api=CLIENTS + """
POOL = ThreadPoolExecutor(1)

@pytest.fixture(scope="session", autouse=True)
def no_pool():
    yield
    POOL.shutdown()

@pytest.mark.parametrize("turn", ["first", "second"])
def test_it(turn, sessionmock, sessionmock_httpx):
    sessionmock.script.get(SERVER).respond(json={"path": turn})
    assert turn == POOL.submit(WAYS["module"], httpx, SERVER).result()
""")
    inner.run().assert_outcomes(passed=2)
    assert [] == server.seen


def test_misses_of_clients_are_no_errors_of_httpx(inner: Inner) -> None:
    """A request that nothing answers passes by `except httpx.HTTPError`, and fails its test where it is swallowed all the same."""
    inner.write(test_api=CLIENTS + """
@pytest.mark.sessionmock(route="script")
@packages
def test_it(package, sessionmock_httpx):
    with pytest.raises(UnmatchedRequest):
        try:
            package.get(URL)
        except package.HTTPError:
            pass
""")
    result = inner.run()
    result.assert_outcomes(failed=2)
    assert 2 == result.stdout.str().count("\nno scripted answer for GET http://api.test/thing")


UNKNOWN = CLIENTS + """
import anyio, http.client, socket, urllib.request

@pytest.fixture(autouse=True)
def opted_in(sessionmock_httpx): pass

def swallow(call):
    try:
        call()
    except (OSError, AssertionError): pass

@pytest.mark.sessionmock(route="script")
class TestScript:
    def test_name(self): swallow(lambda: urllib.request.urlopen("http://unknown.test/"))       # line: name
    def test_address(self): swallow(lambda: socket.create_connection(("192.0.2.1", 80)))       # line: address
    def test_code(self):
        with socket.socket() as own: swallow(lambda: own.connect_ex(("192.0.2.1", 80)))        # line: code
    def test_thread(self): in_thread(lambda: swallow(lambda: socket.create_connection(("unknown.test", 80))))   # line: thread
    def test_async(self):
        async def ask():
            connecting = asyncio.create_task(asyncio.open_connection("unknown.test", 80))
            try:
                await connecting                                                               # line: async
            except AssertionError: pass
        asyncio.run(ask())

    def test_library(self):
        async def idle(): await asyncio.Event().wait()
        async def ask():
            waiting = [asyncio.create_task(idle()) for _ in range(20)]
            await asyncio.sleep(0)
            try:
                await anyio.connect_tcp("192.0.2.1", 80)                                       # line: library
            finally:
                for task in waiting: task.cancel()
        swallow(lambda: asyncio.run(ask()))

    def test_plain(self): swallow(lambda: socket.gethostbyname("unknown.test"))                # line: plain
    def test_trio(self):
        async def ask():
            await trio.open_tcp_stream("unknown.test", 80)                                     # line: trio
        swallow(lambda: trio.run(ask))

@pytest.mark.sessionmock(route="cassette")
def test_cassette(): http.client.HTTPConnection("unknown.test").request("GET", "/")            # line: cassette

@pytest.mark.sessionmock(route="script")
def test_loopback_and_pairs():
    assert b"{" == urllib.request.urlopen(SERVER + "/open").read()[:1]
    assert socket.gethostbyname_ex("localhost")[2] == [socket.gethostbyname("127.0.0.1")]
    one, other = socket.socketpair()
    one.close(), other.close()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.connect(("192.0.2.1", 9))

@pytest.mark.sessionmock(route="live")
def test_live():
    with pytest.raises(OSError):
        socket.create_connection(("192.0.2.1", 80), timeout=0.01)

@pytest.mark.sessionmock(route="script")
def test_passed_through(sessionmock):
    sessionmock.script.get(SERVER + "/through").pass_through()
    assert "/through" == WAYS["module"](httpx, SERVER + "/through")
"""


def test_unknown_clients_stay_off_the_network(inner: Inner, server: Server) -> None:
    """In a test that is not live, what other clients look up or connect to is an error that names the line, swallowed or not."""
    inner.write(test_api=UNKNOWN)
    result = inner.run()
    result.assert_outcomes(passed=3, failed=9)
    lines = (inner.path / "test_api.py").read_text().splitlines()
    text = result.stdout.str()
    for name in ("name", "address", "code", "thread", "async", "library", "plain", "trio", "cassette"):
        number = next(number for number, line in enumerate(lines, 1) if line.endswith(f"# line: {name}"))
        assert f"at test_api.py:{number} in " in text, name
    assert ["GET /open", "GET /through"] == sorted(server.seen)


PAST = CLIENTS + """
@pytest.mark.parametrize("route", [pytest.param(route, marks=pytest.mark.sessionmock(route=route)) for route in ("script", "cassette", "record")])
@packages
@ways
def test_past(route, package, way, sessionmock):
    assert f"/{way}" == WAYS[way](package, f"{SERVER}/{way}")
    assert [] == sessionmock.route.misses

@pytest.mark.sessionmock(route="script")
def test_session(url_session):
    assert b"/session" in url_session().data(f"{SERVER}/session").result()[0]

@pytest.mark.sessionmock(route="script", pass_through=["other.test"])
def test_first_asked(sessionmock):
    with pytest.raises(UnmatchedRequest): httpx.get(SERVER)
    sessionmock.route.misses.clear()
"""


def test_hosts_that_pass_by(inner: Inner, server: Server) -> None:
    """The hosts of `sessionmock_pass_through` go past the route, by the client's own way, unguarded and unrecorded; all others ask it
    first, this machine too."""
    inner.write(test_api=PAST)
    inner.run("-o", "sessionmock_pass_through=127.0.0.1", "-o", "sessionmock_allowed_hosts=").assert_outcomes(passed=38)
    assert 37 == len(server.seen)
    assert not (inner.path / "cassettes").exists()


def test_allowed_hosts(inner: Inner, server: Server) -> None:
    """`sessionmock_allowed_hosts` opens names, and with them their addresses, and closes loopback where it does not name it."""
    inner.write(test_api=CLIENTS + """
import socket, urllib.request

@pytest.mark.sessionmock(route="script")
def test_it(sessionmock_httpx):
    urllib.request.urlopen(SERVER.replace("127.0.0.1", "localhost"))
""")
    for allowed, outcome in [("loopback", {"passed": 1}), ("local*", {"passed": 1}), ("127.0.0.1 other.test", {"failed": 1}), ("", {"failed": 1})]:
        inner.run("-o", f"sessionmock_allowed_hosts={allowed}").assert_outcomes(**outcome)


UNCLOSED = CLIENTS + """
@pytest.fixture(scope="module")
def wide():
    return httpx.Client()            # line: wide

def sdk():
    return httpx2.AsyncClient()      # line: made

@pytest.mark.parametrize("turn", [1, 2])
def test_open(turn, wide):
    sdk()

def test_closed():
    with httpx.Client(): pass
    asyncio.run(fetch_nothing())

async def fetch_nothing():
    async with httpx.AsyncClient(): pass

@pytest.mark.sessionmock(leaks="allow")
def test_allowed():
    httpx.Client()
"""


def test_unclosed_clients(inner: Inner) -> None:
    """A client that is never closed is nobody's business by default, a line at the end on request, or fails its test."""
    inner.write(test_api=UNCLOSED)
    ini = ("-o", "sessionmock_httpx=true")
    result = inner.run(*ini)
    result.assert_outcomes(passed=4)
    result.stdout.no_fnmatch_line("*never closed*")
    inner.run("-o", "sessionmock_httpx_leaks=fail").assert_outcomes(passed=4)      # nobody opted in

    lines = (inner.path / "test_api.py").read_text().splitlines()
    wide, made = (next(number for number, line in enumerate(lines, 1) if line.endswith(f"# line: {name}")) for name in ("wide", "made"))
    result = inner.run(*ini, "-o", "sessionmock_httpx_leaks=report")
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines([
        "*sessionmock: httpx clients never closed*",
        f"*2 httpx2.AsyncClient was never closed; made at test_api.py:{made}",
        f"*1 httpx.Client was never closed; made at test_api.py:{wide}",
    ])
    result = inner.run(*ini, "-o", "sessionmock_httpx_leaks=fail")
    result.assert_outcomes(passed=4, errors=result.parseoutcomes()["errors"])
    text = result.stdout.str()
    assert 2 == text.count(f"made at  test_api.py:{made} in sdk")
    assert 1 == text.count(f"made at  test_api.py:{wide} in wide")
    assert "mend     make it by `with`" in text
    for misuse in ("_leaks=sometimes", "=perhaps"):
        result = inner.run("-o", f"sessionmock_httpx{misuse}")
        assert 4 == result.ret
        result.stderr.fnmatch_lines([f"*sessionmock_httpx{misuse.partition('=')[0]}*{misuse.partition('=')[2]}*"])


def test_under_xdist(inner: Inner, server: Server) -> None:
    """Workers route and replay as one process does, and what they found unclosed is told once, in all."""
    inner.write(test_api=CLIENTS + """
@pytest.mark.sessionmock(route="cassette")
@packages
@ways
def test_recorded(package, way):
    assert f"/{way}" == WAYS[way](package, f"{SERVER}/{way}")
    package.Client()
""")
    inner.run("--sessionmock=record", "-o", "sessionmock_httpx=true").assert_outcomes(passed=12)
    asked = len(server.seen)
    result = inner.run_apart("-p", "xdist", "-n", "2", "-o", "sessionmock_httpx=true", "-o", "sessionmock_httpx_leaks=report")
    result.assert_outcomes(passed=12)
    assert asked == len(server.seen)
    result.stdout.fnmatch_lines(["*6 httpx*Client was never closed*", "*6 httpx*Client was never closed*"])


WIDE = CLIENTS + """
def ask(path):
    with URLSession(URLSessionConfiguration.ephemeral()) as session:
        return session.data(SERVER + path).result()[1].status_code

@pytest.fixture(scope="session", params=["a", "b"])
def login(request):
    assert 200 == ask(f"/login/{request.param}")
    yield
    assert 200 == ask(f"/logout/{request.param}")

@pytest.fixture(scope="class")
def early():
    assert 200 == httpx.get(SERVER + "/early").status_code

class TestIt:
    @pytest.mark.parametrize("turn", [1, 2])
    def test_it(self, login, early, turn): assert 200 == ask(f"/test/{turn}")
"""


def test_wide_fixtures_have_cassettes_of_their_own(inner: Inner, server: Server) -> None:
    """What a wider fixture sends, in setup and teardown, goes to its own cassette: any order of tests, and any one alone, replays."""
    (inner.path / "sub").mkdir()
    inner.pytester.makepyfile(**{"sub/test_wide": PRELUDE + WIDE})
    ini = ("-o", "sessionmock_httpx=true", "-o", "sessionmock_route=cassette")
    inner.run("--sessionmock=record", *ini).assert_outcomes(passed=4)
    folder = inner.path / "cassettes" / "sub" / "test_wide"
    assert {
        "@login[0].yaml", "@login[1].yaml", "TestIt.@early.yaml",
        *(f"TestIt.test_it[{login}-{turn}].yaml" for login in "ab" for turn in (1, 2)),
    } == {path.name for path in folder.iterdir()}
    asked = len(server.seen)
    inner.run(*ini).assert_outcomes(passed=4)
    inner.run("sub/test_wide.py::TestIt::test_it[b-2]", "sub/test_wide.py::TestIt::test_it[a-1]", *ini).assert_outcomes(passed=2)
    assert asked == len(server.seen)


# without the plugin ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("package", [httpx, httpx2])
def test_a_patch_that_outlives_ours_leaves_nothing_in_the_end(package: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who replaces the method while ours is on, and restores it later, leaves it as it was once the next one is over."""
    kind = package.HTTPTransport     # type: ignore[attr-defined]
    before = kind.handle_request
    with LeakScope("first") as scope, Interception(scope):
        ours = kind.handle_request
        assert before is not ours
        monkeypatch.setattr(kind, "handle_request", lambda self, request: None)
    monkeypatch.undo()
    assert ours is kind.handle_request
    with LeakScope("second") as scope, Interception(scope, allowed_hosts=[]):
        assert ours is kind.handle_request
        assert "connect" in vars(socket.socket)
    assert before is kind.handle_request
    assert "connect" not in vars(socket.socket)
