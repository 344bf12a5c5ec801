"""What clients of httpx and httpx2 raise at servers that misbehave: by their own transports, and by ours where a plan says the same."""
from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import httpx
import httpx2
import pytest
import trio

import sessionmock as sm
from sessionmock.routes.faults.route import FaultRoute
from tests.routes.faults.cases import CASES
from tests.routes.faults.misbehaviour import SENT, Case
from tests.routes.faults.stage import Stage, patience

# By the name of the class. Where the flavours of one package do not agree, it is a matter of which call meets the news first.
RAISED = {
    "ConnectError": "unknown-host refused no-network handshake-ends handshake-resets expired not-yet-valid wrong-host untrusted proxy-refuses",
    "ConnectTimeout": "connects-never handshake-never-ends",
    "ReadTimeout": "never-answers silent-at-100 download-silent-at-100 proxy-is-silent frames-silent-at-100",
    "ReadTimeout WriteTimeout": "goes-deaf-in-the-upload window-never-opens",
    "LocalProtocolError RemoteProtocolError": "bad-settings",       # httpx blames itself for what the peer sent
    "RemoteProtocolError": """ends-before-the-head no-status-line bad-header bad-length cut-in-the-head hints-then-ends ends-at-0 ends-at-1
        ends-at-100 ends-at-256 cut-at-100 download-ends-at-100 download-ends-at-0 download-without-validator download-in-gzip download-of-a-post
        download-in-chunks-ends-at-100 chunks-end-at-100 bad-chunk bad-trailer corrupt-trailer ends-before-the-trailers post-ends-before-the-head
        proxy-ends goaway-before-the-head stream-resets-before-the-head stream-resets-at-100 frames-end-at-100 goaway-at-100
        download-in-frames-resets-at-100""",
    "ReadError": """resets-before-the-head resets-at-0 resets-at-100 download-resets-at-100 chunks-reset-at-100 resets-before-the-trailers
        kept-one-resets proxy-resets""",
    "ReadError RemoteProtocolError WriteError": """resets-in-the-upload ends-in-the-upload kept-one-ends kept-one-ends-under-a-post
        kept-one-resets-under-a-post frames-reset-at-100""",
    "DecodingError": "corrupt-gzip",
    "ProxyError": "proxy-cannot-tunnel proxy-asks-who",
    "200": "in-pieces",
    "302": "elsewhere loop hop-ends",
    "401": "asks-who",
    "503": "unavailable",
}
WANTED = {name: set(outcomes.split()) for outcomes, names in RAISED.items() for name in names.split()}
CAUSES = {"gaierror", "ConnectionRefusedError", "SSLCertVerificationError"}     # what must be found beneath


def test_every_case_is_in_the_table() -> None:
    assert {case.name for case in CASES} == WANTED.keys()


# clients: each loads what the case asks for, and gives the status
Load = Callable[[ModuleType, Case, str, dict[str, Any]], int]


def _body(case: Case) -> bytes | None:
    return SENT if case.kind == "upload" else b"x" if case.method == "POST" else None


def blocking(package: ModuleType, case: Case, url: str, options: dict[str, Any]) -> int:
    with package.Client(timeout=patience(case), **options) as client:
        if case.warm:
            client.get(url.replace(case.name, "warm"))
        return int(client.request(case.method, url, content=_body(case)).status_code)


async def _awaited(package: ModuleType, case: Case, url: str, options: dict[str, Any]) -> int:
    async with package.AsyncClient(timeout=patience(case), **options) as client:
        if case.warm:
            await client.get(url.replace(case.name, "warm"))
        return int((await client.request(case.method, url, content=_body(case))).status_code)


def on_asyncio(*arguments: Any) -> int:
    return asyncio.run(_awaited(*arguments))


def on_trio(*arguments: Any) -> int:
    return trio.run(_awaited, *arguments)


FLAVOURS: list[tuple[ModuleType, Load]] = [(package, load) for package in (httpx, httpx2) for load in (blocking, on_asyncio, on_trio)]


def outcome(package: ModuleType, load: Load, case: Case, url: str, options: dict[str, Any]) -> tuple[str, set[str]]:
    """The status or the name of the exception, which must be of the client's own package; and the names of what lies beneath."""
    try:
        return str(load(package, case, url, options)), set()
    except Exception as error:
        assert type(error) is getattr(package, type(error).__name__), error
        return type(error).__name__, {type(each).__name__ for each in beneath(error)}


def beneath(error: BaseException) -> Iterator[BaseException]:
    cause = error.underlying_error if isinstance(error, sm.URLError) else error.__cause__ or error.__context__
    for each in [] if cause is None else cause.exceptions if isinstance(cause, BaseExceptionGroup) else [cause]:
        yield each
        yield from beneath(each)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage(tmp_path_factory.mktemp("stage")) as made:
        yield made


@pytest.fixture
def no_such_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's resolver knows no `nowhere.test`, and asks nobody."""
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
        if host in ("nowhere.test", b"nowhere.test"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def judge(case: Case, came: str, beneath: set[str]) -> None:
    assert came in WANTED[case.name], (came, beneath)
    if case.verdict.underlying in CAUSES:
        assert case.verdict.underlying in beneath


def check_native(stage: Stage, case: Case, package: ModuleType, load: Load) -> None:
    with stage.playing(case):
        proxy = stage.proxy(case, misbehaving=True)
        options = {"verify": stage.trust, "trust_env": False, "http2": case.door == "h2",
                   "proxy": None if proxy is None else f"http://127.0.0.1:{proxy}"}
        judge(case, *outcome(package, load, case, stage.address(case, misbehaving=True), options))


# httpx leaves generators to the collector.
GENERATORS = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
REAL = [pytest.param(case, id=case.name) for case in CASES if case.real is not None or case.door != "http"]


@pytest.mark.parametrize("case", REAL)
def test_a_client_of_its_own(stage: Stage, case: Case, no_such_host: None) -> None:
    """The table is that of httpx's own transport at a real server."""
    check_native(stage, case, httpx, blocking)


@pytest.mark.soak
@GENERATORS
@pytest.mark.parametrize(("package", "load"), FLAVOURS)
@pytest.mark.parametrize("case", REAL)
def test_clients_of_their_own(stage: Stage, case: Case, package: ModuleType, load: Load, no_such_host: None) -> None:
    """And that of all others."""
    check_native(stage, case, package, load)


@pytest.mark.soak
@pytest.mark.parametrize("case", REAL)
def test_our_transport_at_a_real_server(stage: Stage, case: Case) -> None:
    """Nothing of a plan: the live route by itself."""
    with stage.playing(case):
        configuration = sm.URLSessionConfiguration.ephemeral()
        if (proxy := stage.proxy(case, misbehaving=True)) is not None:
            configuration.proxy_configurations = [sm.ProxyConfiguration.http_connect("127.0.0.1", proxy)]
        options = {"transport": sm.transport(stage.live(), configuration)}
        judge(case, *outcome(httpx, blocking, case, stage.address(case, misbehaving=True), options))


def check_planned(stage: Stage, case: Case, package: ModuleType, load: Load) -> None:
    url, proxy = stage.address(case, misbehaving=False), stage.proxy(case, misbehaving=False)
    configuration = sm.URLSessionConfiguration.ephemeral()
    if proxy is not None:
        configuration.proxy_configurations = [sm.ProxyConfiguration.http_connect("127.0.0.1", proxy)]
    route = FaultRoute(stage.script(), case.plan)
    with sm.virtual_time():
        judge(case, *outcome(package, load, case, url, {"transport": sm.transport(route, configuration)}))
    assert case.hop or not route.faults.unfired        # a client that follows no redirect does not come there


PLANNED = [pytest.param(case, id=case.name) for case in CASES]
TURNS = [pytest.param(case, *FLAVOURS[number % len(FLAVOURS)], id=case.name) for number, case in enumerate(CASES)]


@GENERATORS
@pytest.mark.parametrize(("case", "package", "load"), TURNS)
def test_a_plan_says_the_same(stage: Stage, case: Case, package: ModuleType, load: Load) -> None:
    """Over a script in virtual time, by one kind of client after the other."""
    check_planned(stage, case, package, load)


@pytest.mark.soak
@GENERATORS
@pytest.mark.parametrize(("package", "load"), FLAVOURS)
@pytest.mark.parametrize("case", PLANNED)
def test_a_plan_says_the_same_to_all(stage: Stage, case: Case, package: ModuleType, load: Load) -> None:
    """By every kind of client."""
    check_planned(stage, case, package, load)
