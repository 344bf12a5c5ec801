"""Replaced answers: a status, a redirect and a challenge in the place of what a route would answer, on every route and for plain clients."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import sessionmock as sm
from sessionmock.clock import JumpingClock
from sessionmock.faults.armed import About, Faults
from sessionmock.faults.current import use_faults
from sessionmock.faults.plan import FaultPlan
from sessionmock.history import Received
from sessionmock.routes.faults.replies import reply
from sessionmock.routes.live.network.memory import MemoryNetwork
from sessionmock.routes.live.network.peer import Peer

URL = "http://a.test/p"
at = FaultPlan().at
ANN = sm.URLCredential("ann", "secret", sm.CredentialPersistence.FOR_SESSION)


class Answering:
    """A delegate that has a password, and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.ended: list[Any] = []

    def task_did_receive_challenge(self, session: Any, task: Any, challenge: Any) -> Any:
        space = challenge.protection_space
        self.asked.append(f"{space.authentication_method.removeprefix('NSURLAuthenticationMethod')} {space.realm} {space.proxy_type}")
        return sm.AuthChallengeDisposition.USE_CREDENTIAL, ANN

    def task_will_perform_http_redirection(self, session: Any, task: Any, response: Any, request: Any) -> Any:
        self.asked.append(f"{response.status_code} {request.url}")
        return request

    def task_did_send_body_data(self, session: Any, task: Any, *counts: int) -> None:
        self.asked.append(f"sent {counts[1]}")

    def task_did_complete(self, session: Any, task: Any, error: Any) -> None:
        self.ended.append(error or task.response.status_code)


@pytest.fixture(autouse=True)
def clock() -> Iterator[sm.VirtualClock]:
    with sm.virtual_time() as clock:
        yield clock


# each route --------------------------------------------------------------------------------------------------------------------
class Counted:
    """A route whose answers are "real", and how many it has given."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.given = 0
        self.route: Any = sm.ScriptRoute().answer(self._answer)
        if kind == "cassette":
            with sm.CassetteRoute(folder / "real.yaml", "all", live=self.route) as recorder, sm.use_route(recorder), \
                    sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
                session.data(URL).result()
            self.given = 0
            self.route = sm.CassetteRoute(folder / "real.yaml", "none")
        elif kind == "live":
            self.route = sm.LiveRoute(network=MemoryNetwork(self._serve), trust_env=False)
        self.kind = kind

    def _answer(self, request: Any) -> str:
        self.given += 1
        return "real"

    async def _serve(self, peer: Peer) -> None:
        self.given += 1
        await peer.receive()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nreal")


@pytest.fixture(params=["script", "cassette", "live"])
def counted(request: pytest.FixtureRequest, tmp_path: Path) -> Counted:
    return Counted(request.param, tmp_path)


@pytest.mark.parametrize("spoilt", [False, True])
def test_twice_a_503_and_then_the_answer(counted: Counted, spoilt: bool, clock: sm.VirtualClock) -> None:
    """Whatever the route, none of its answers is used up; and so where something else is to go wrong on the way too."""
    plan = at("head", first=2).status(503, {"Retry-After": "1"}, "later")
    faults = Faults(plan.at("body").delay(2) if spoilt else plan)
    with use_faults(faults), sm.use_route(counted.route), sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        got = [session.data(URL).result() for _ in range(3)]
    assert [(503, b"later"), (503, b"later"), (200, b"real")] == [(response.status_code, data) for data, response in got]
    assert ("1", 5) == (got[0][1].value("Retry-After"), got[0][1].expected_content_length)
    assert counted.given == (counted.kind != "cassette")
    assert (6.0 if spoilt else 0.0) == clock.now()
    assert not faults.unfired


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
def test_plain_clients_get_it_too(counted: Counted, library: str) -> None:
    """As what their own transport would have read."""
    package: Any = pytest.importorskip(library)
    with use_faults(Faults(at("head", first=2).status(429, {"Retry-After": "1"}, "later"))), \
            package.Client(transport=sm.transport(counted.route)) as client:
        got = [client.get(URL) for _ in range(3)]
    assert [(429, b"later"), (429, b"later"), (200, b"real")] == [(response.status_code, response.content) for response in got]
    assert ("1", "5") == (got[0].headers["Retry-After"], got[0].headers["Content-Length"])


def test_a_fault_before_the_head_comes_first(clock: sm.VirtualClock) -> None:
    """The connection is refused; the head of the next request is the first one that comes."""
    faults = Faults(at("connect", first=1).refuse().at("head", first=1).status(503))
    with use_faults(faults), sm.use_route(sm.ScriptRoute().answer(lambda request: "real")), \
            sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        with pytest.raises(sm.URLError, match="-1004"):
            session.data(URL).result()
        assert [503, 200] == [session.data(URL).result()[1].status_code for _ in range(2)]
    assert not faults.unfired


# what is asked ------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("plan", "asked", "status"), [
    (at("head", first=1).redirect("/x"), ["302 http://a.test/x"], 200),
    (at("head", first=1).redirect("https://b.test/", 307), ["307 https://b.test/"], 200),
    (at("head", first=1).redirect("/1").at("head", first=1, url="*/1").redirect("/2"), ["302 http://a.test/1", "302 http://a.test/2"], 200),
    (at("head", first=1).challenge("basic", 'a "r"'), ['HTTPBasic a "r" None'], 200),
    (at("head", first=2).challenge("Basic", "r"), ["HTTPBasic r None"] * 2, 200),
    (at("head", first=1).challenge("Digest", "r"), ["HTTPDigest r None"], 200),
    (at("head", first=2).challenge("Digest", "r"), ["HTTPDigest r None"] * 2, 200),
    (at("head", first=2).challenge("Digest", "r", stale=True), ["HTTPDigest r None"], 200),
    (at("head", first=1).challenge("Basic", "gate", proxy=True), ["HTTPBasic gate http"], 200),
    (at("head", first=1).challenge("Negotiate"), ["Negotiate None None"], 200),
    (at("head", first=1).challenge("Bearer", "r"), [], 401),
])
def test_what_is_asked(plan: FaultPlan, asked: list[str], status: int) -> None:
    """The delegate answers, and the request goes on to the route; a stale nonce is answered unasked, and what nobody can answer is the
    response."""
    delegate, faults = Answering(), Faults(plan)
    with use_faults(faults), sm.use_route(sm.ScriptRoute().answer(lambda request: "real")), \
            sm.URLSession(sm.URLSessionConfiguration.ephemeral(), delegate) as session:
        session.data_task(URL).resume()
    assert (asked, [status], []) == (delegate.asked, delegate.ended, faults.unfired)


def test_for_ever_a_401_is_the_response_in_the_end() -> None:
    """After 20 attempts (README, Decisions)."""
    delegate, faults = Answering(), Faults(at("head").challenge("Basic", "r"))
    with use_faults(faults), sm.use_route(sm.ScriptRoute()), sm.URLSession(sm.URLSessionConfiguration.ephemeral(), delegate) as session:
        session.data_task(URL).resume()
    assert ([401], 20) == (delegate.ended, len(delegate.asked))


def test_a_plain_client_answers_a_digest() -> None:
    """httpx's own implementation reads the challenge."""
    with use_faults(Faults(at("head", first=1).challenge("Digest", "r"))), \
            httpx.Client(transport=sm.transport(sm.ScriptRoute().answer(lambda request: dict(request.headers)["Authorization"]))) as client:
        answer = client.get(URL, auth=httpx.DigestAuth("ann", "secret"))
    assert answer.text.startswith('Digest username="ann", realm="r"')


@pytest.mark.parametrize("make", [
    lambda session: session.upload_task(sm.URLRequest(URL, "POST"), from_data=b"body"),
    lambda session: session.upload_task(streamed_request=sm.URLRequest(URL, "POST")),
])
def test_an_upload_is_read_to_its_end_first(make: Callable[[sm.URLSession], Any]) -> None:
    """As by a server that wants to know it all; after the 401 it is sent once more."""
    class Streaming(Answering):
        def task_need_new_body_stream(self, session: Any, task: Any) -> Any:
            return sm.InputStream(b"body")

    delegate = Streaming()
    route = sm.ScriptRoute().answer(lambda request: bodies.append(request.body) or "real")
    bodies: list[bytes] = []
    with use_faults(Faults(at("head", first=1).challenge("Basic", "r"))), sm.use_route(route), \
            sm.URLSession(sm.URLSessionConfiguration.ephemeral(), delegate) as session:
        make(session).resume()
    assert (["sent 4", "HTTPBasic r None", "sent 4"], [200], [b"body"]) == (delegate.asked, delegate.ended, bodies)


def test_the_history_has_it_as_any_other_answer() -> None:
    """And the fault before it."""
    trace = sm.Trace()
    with use_faults(Faults(at("head").status(503))), sm.use_route(sm.ScriptRoute()), \
            sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        before = sm.set_trace(trace)
        try:
            session.data(URL).result()
        finally:
            sm.set_trace(before)
    names = [type(record).__name__ for record in trace.history]
    assert [503] == [record.status for record in trace.history if isinstance(record, Received)]
    assert names.index("Faulted") < names.index("Received")


# what a reply is ----------------------------------------------------------------------------------------------------------------
def replied(plan: FaultPlan, method: str = "GET") -> sm.Answer:
    [shot] = Faults(plan).passing("head", About(JumpingClock(), None, None, method, URL), replaces=True)
    return reply(shot, method)


@pytest.mark.parametrize(("plan", "method", "headers", "body"), [
    (at("head").status(200, body="text"), "GET", [("Content-Length", "4")], b"text"),
    (at("head").status(200, body="text"), "HEAD", [("Content-Length", "4")], b""),
    (at("head").status(204, {"A": "b"}, b"x"), "GET", [("A", "b")], b""),
    (at("head").status(304, body=b"x"), "GET", [], b""),
    (at("head").status(200, {"content-length": "9"}, b"x"), "GET", [("content-length", "9")], b"x"),
    (at("head").status(200, [("A", "b"), ("A", "c")]), "GET", [("A", "b"), ("A", "c"), ("Content-Length", "0")], b""),
    (at("head").redirect("/x", 308), "GET", [("Location", "/x"), ("Content-Length", "0")], b""),
])
def test_a_reply_is_as_a_server_says_it(plan: FaultPlan, method: str, headers: Any, body: bytes) -> None:
    """With its length, unless the plan says one; without a body where HTTP has none."""
    answer = replied(plan, method)
    assert (headers, body) == (answer.headers, answer.body)


@pytest.mark.parametrize(("arguments", "field"), [
    (("Basic", "r"), 'Basic realm="r"'),
    (("basic", 'a "b" \\'), 'Basic realm="a \\"b\\" \\\\"'),
    (("Bearer", ""), 'Bearer realm=""'),
    (("NEGOTIATE", "r"), "Negotiate"),
    (("ntlm",), "NTLM"),
    (("Own", "r"), 'Own realm="r"'),
])
def test_a_scheme_has_its_field(arguments: tuple[str, ...], field: str) -> None:
    """In the spelling of its registry; a realm is quoted."""
    assert ("WWW-Authenticate", field) in list(replied(at("head").challenge(*arguments)).headers)      # type: ignore[arg-type]
    assert ("Proxy-Authenticate", field) in list(replied(at("head").challenge(*arguments, proxy=True)).headers)    # type: ignore[arg-type]


def test_each_nonce_is_another_one_and_the_seed_says_which() -> None:
    """A second run with the same seed asks with the same ones."""
    def fields(seed: int) -> list[Any]:
        faults = Faults(at("head").challenge("Digest", "r").at("head", url="*").challenge("Digest", "r"), seed)
        shots = [shot for _ in range(3) for shot in faults.passing("head", About(JumpingClock(), None, None, "GET", URL))]
        return [next(iter(reply(shot, "GET").headers or ())) for shot in shots]

    assert 6 == len(set(fields(1)))
    assert fields(1) == fields(1) != fields(2)
    assert fields(1)[0][1].endswith('qop="auth", algorithm=SHA-256')
