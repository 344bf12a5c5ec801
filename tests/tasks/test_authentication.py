"""Challenges and credentials against servers that check what they are given."""
from __future__ import annotations

import base64
import hashlib
import importlib.util
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import sessionmock as sm
from tests.routes.origin import Origin, Peer
from tests.tasks.delegates import PATIENCE, Answering

ROOT = Path(__file__).resolve().parents[2]
Persistence = sm.CredentialPersistence


def user(name: str = "ann", password: str = "secret", persistence: int = Persistence.FOR_SESSION) -> sm.URLCredential:
    return sm.URLCredential(name, password, persistence)


class Guard(Origin):
    """Opens what begins with /in to ann by Basic; says which requests came with an Authorization."""

    def __init__(self) -> None:
        super().__init__(self.serve)
        self.seen: list[tuple[str, str | None]] = []

    def serve(self, peer: Peer) -> None:
        while head := peer.read_head():
            path, given = head.split(b" ")[1].decode(), peer.field("authorization")
            name = None if given is None else base64.b64decode(given.removeprefix("Basic ")).decode()
            self.seen.append((path, name))
            if path.startswith("/in") and name != "ann:secret":
                peer.reply(b"who?", 'WWW-Authenticate: Basic realm="garden"', status="401 Unauthorized")
            else:
                peer.reply(b"welcome")


def session_with(delegate: Any, configuration: Any = None) -> sm.URLSession:
    return sm.URLSession(configuration or sm.URLSessionConfiguration.ephemeral(), delegate)


def test_failures_are_counted() -> None:
    """Each challenge says how often a credential was refused, and proposes the one that was refused last."""
    wrong = [user("ann", f"no{n}", Persistence.NONE) for n in range(3)]
    delegate = Answering(*wrong, user())
    with Guard() as server, session_with(delegate) as session:
        data, response = session.data(f"{server.url}/in").result(PATIENCE)
    assert (b"welcome", 200) == (data, response.status_code)
    assert [0, 1, 2, 3] == [challenge.previous_failure_count for challenge in delegate.challenges]
    assert [None, *wrong] == [challenge.proposed_credential for challenge in delegate.challenges]
    assert {401} == {challenge.failure_response.status_code for challenge in delegate.challenges}
    assert ["garden"] == list({challenge.protection_space.realm for challenge in delegate.challenges})
    assert [None, "ann:no0", "ann:no1", "ann:no2", "ann:secret"] == [name for _, name in server.seen]


def test_wrong_credential_does_not_go_round_for_ever() -> None:
    """A delegate that gives the same wrong credential again and again gets the 401 in the end."""
    delegate = Answering(user("ann", "wrong"))
    with Guard() as server, session_with(delegate) as session:
        data, response = session.data(f"{server.url}/in").result(PATIENCE)
    assert (b"who?", 401) == (data, response.status_code)
    assert list(range(len(delegate.challenges))) == [challenge.previous_failure_count for challenge in delegate.challenges]
    assert 1 < len(delegate.challenges) <= 20


def test_credential_goes_ahead_below_its_path_alone() -> None:
    """What a server took below a folder is sent ahead there, and nowhere else."""
    delegate = Answering(user())
    with Guard() as server, session_with(delegate) as session:
        for path in ("/in/side/a", "/in/side/b", "/in/side/deep/c?d", "/out/e"):
            assert 200 == session.data(server.url + path).result(PATIENCE)[1].status_code
        assert 200 == session.data(f"{server.url}/in/other").result(PATIENCE)[1].status_code
    assert [
        ("/in/side/a", None), ("/in/side/a", "ann:secret"), ("/in/side/b", "ann:secret"), ("/in/side/deep/c?d", "ann:secret"),
        ("/out/e", None), ("/in/other", None), ("/in/other", "ann:secret")] == server.seen
    assert 2 == len(delegate.challenges)


def test_credential_of_one_task_is_not_kept() -> None:
    """Persistence NONE is for one task: the next is asked again, and the storage has nothing."""
    delegate = Answering(user(persistence=Persistence.NONE))
    configuration = sm.URLSessionConfiguration.ephemeral()
    with Guard() as server, session_with(delegate, configuration) as session:
        for _ in range(2):
            assert 200 == session.data(f"{server.url}/in").result(PATIENCE)[1].status_code
    assert [None, None] == [challenge.proposed_credential for challenge in delegate.challenges]
    assert {} == configuration.url_credential_storage.all_credentials


def test_credential_of_a_session_is_kept() -> None:
    """Persistence FOR_SESSION puts what was taken into the storage: another session over it proposes it, and uses it by default."""
    delegate = Answering(user())
    configuration = sm.URLSessionConfiguration.ephemeral()
    with Guard() as server:
        with session_with(delegate, configuration) as session:
            assert 200 == session.data(f"{server.url}/in").result(PATIENCE)[1].status_code
        assert user() == configuration.url_credential_storage.default_credential(delegate.challenges[0].protection_space)
        with session_with(None, configuration) as session:
            assert 200 == session.data(f"{server.url}/in").result(PATIENCE)[1].status_code
        proposing = Answering()
        with session_with(proposing, configuration) as session:
            assert 200 == session.data(f"{server.url}/in").result(PATIENCE)[1].status_code
    assert [user()] == [challenge.proposed_credential for challenge in proposing.challenges]


def test_permanent_credential_without_a_keyring_is_kept_for_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no keyring takes a permanent credential, the load that it let in succeeds, a warning names the reason, and the next
    session over the storage uses it."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    configuration = sm.URLSessionConfiguration.ephemeral()
    configuration.url_credential_storage = sm.URLCredentialStorage("sessionmock-tests")
    with Guard() as server:
        with pytest.warns(RuntimeWarning, match=r"sessionmock\[keyring\]"), \
                session_with(Answering(user(persistence=Persistence.PERMANENT)), configuration) as session:
            assert 200 == session.data(f"{server.url}/in").result(PATIENCE)[1].status_code
        with session_with(None, configuration) as session:
            assert 200 == session.data(f"{server.url}/in").result(PATIENCE)[1].status_code


def test_storage_is_asked_and_filled_with_the_task_named() -> None:
    """A storage of one's own hears for which task a credential is looked for and kept, and answers by its own rule."""
    def name(task: Any) -> Any:
        return task.original_request.value("X-Name")

    class Own(sm.URLCredentialStorage):
        def __init__(self) -> None:
            super().__init__()
            self.kept: list[Any] = []

        def get_default_credential(self, space: Any, task: Any, completion_handler: Any) -> None:
            completion_handler(user() if name(task) == "known" else None)

        def set_default_credential(self, credential: Any, space: Any, task: Any = None) -> None:
            self.kept.append((credential.user, name(task)))

    configuration = sm.URLSessionConfiguration.ephemeral()
    configuration.url_credential_storage = own = Own()
    asking = Answering(user())
    with Guard() as server:
        for who, delegate in (("known", None), ("unknown", asking)):
            with session_with(delegate, configuration) as session:
                request = sm.URLRequest(f"{server.url}/in", all_http_header_fields={"X-Name": who})
                assert 200 == session.data(request).result(PATIENCE)[1].status_code
    assert [None] == [challenge.proposed_credential for challenge in asking.challenges]
    assert [("ann", "unknown")] == own.kept


def test_wrong_credential_is_not_kept() -> None:
    """A credential that was refused never enters the storage."""
    delegate = Answering(user("ann", "wrong"), sm.URLCredential(None))
    configuration = sm.URLSessionConfiguration.ephemeral()
    with Guard() as server, session_with(delegate, configuration) as session:
        assert 401 == session.data(f"{server.url}/in").result(PATIENCE)[1].status_code
    assert {} == configuration.url_credential_storage.all_credentials


def test_reset_forgets_credentials() -> None:
    """After a reset nothing goes ahead, and the next task is asked."""
    delegate = Answering(user())
    with Guard() as server, session_with(delegate) as session:
        session.data(f"{server.url}/in").result(PATIENCE)
        done = threading.Event()
        session.reset(done.set)
        assert done.wait(PATIENCE)
        session.data(f"{server.url}/in").result(PATIENCE)
    assert [None, "ann:secret", None, "ann:secret"] == [name for _, name in server.seen]


# Digest -------------------------------------------------------------------------------------------------------------
class DigestGuard(Origin):
    """Checks Digest as RFC 7616 has it; no count of a nonce may come twice."""

    def __init__(self, algorithm: str = "SHA-256", lasting: int = 1 << 30, qop: str = "auth-int, auth") -> None:
        super().__init__(self.serve, host="127.0.0.1")
        self.algorithm, self.lasting, self.qop = algorithm, lasting, qop
        self.counts: dict[str, list[int]] = {}
        self.refused = self.problems = 0
        self._lock = threading.Lock()
        self._nonces = 0

    def serve(self, peer: Peer) -> None:
        while head := peer.read_head():
            method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
            body = peer.read_body()
            stale = False
            fields = dict(re.findall(r'(\w+)="?([^",]+)"?', peer.field("authorization") or ""))
            if fields:
                right, stale = self.check(fields, method, target, body)
                if right:
                    peer.reply(target.encode())
                    continue
            with self._lock:
                self.refused += 1
                self._nonces += 1
                nonce = f"n{self._nonces}"
                self.counts[nonce] = []
            peer.reply(b"who?", f'WWW-Authenticate: Digest realm="garden", nonce="{nonce}", opaque="o", qop="{self.qop}", '
                       f"algorithm={self.algorithm}{', stale=true' if stale else ''}", status="401 Unauthorized")

    def check(self, fields: dict[str, str], method: str, target: str, body: bytes) -> tuple[bool, bool]:
        """Whether the answer is right, and whether its nonce is too old."""
        def digest(*parts: str) -> str:
            return hashlib.new(self.algorithm.replace("-", "").lower(), ":".join(parts).encode()).hexdigest()

        a2 = [method, fields["uri"]]
        if fields["qop"] == "auth-int":
            a2.append(hashlib.new(self.algorithm.replace("-", "").lower(), body).hexdigest())
        expected = digest(digest("ann", "garden", "secret"), fields["nonce"], fields["nc"], fields["cnonce"], fields["qop"], digest(*a2))
        count = int(fields["nc"], 16)
        with self._lock:
            known = self.counts[fields["nonce"]]
            self.problems += count in known or fields["uri"] != target or fields["opaque"] != "o" or len(fields["nc"]) != 8
            if count > self.lasting:
                return False, True
            known.append(count)
        return expected == fields["response"], False


def together(session: Any, url: str, count: int) -> list[tuple[bytes, int]]:
    """What `count` tasks at once gave."""
    loadings = [session.data(f"{url}/{n}") for n in range(count)]
    return [(data, response.status_code) for data, response in (loading.result(PATIENCE) for loading in loadings)]


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_count_of_a_nonce_rises_over_parallel_requests(algorithm: str) -> None:
    """100 requests at once, after one that was asked: one nonce, every count from 1 to 101 once, and no second challenge."""
    delegate = Answering(user())
    with DigestGuard(algorithm) as server, session_with(delegate) as session:
        assert 200 == session.data(f"{server.url}/first").result(PATIENCE)[1].status_code
        assert [(f"/{n}".encode(), 200) for n in range(100)] == together(session, server.url, 100)
    assert {"n1": list(range(1, 102))} == {nonce: sorted(counts) for nonce, counts in server.counts.items()}
    assert (1, 0, 1) == (server.refused, server.problems, len(delegate.challenges))


def test_parallel_requests_are_each_challenged_without_a_credential() -> None:
    """100 requests at once of which none has a credential: each gets through, and no count of any nonce comes twice."""
    delegate = Answering(user())
    with DigestGuard() as server, session_with(delegate) as session:
        assert [(f"/{n}".encode(), 200) for n in range(100)] == together(session, server.url, 100)
    assert 0 == server.problems
    assert 100 == sum(map(len, server.counts.values()))
    assert all(sorted(counts) == list(range(1, len(counts) + 1)) for counts in server.counts.values())


def test_stale_nonces_are_renewed_without_asking() -> None:
    """A server that lets a nonce be used three times costs a request now and then, but no question."""
    delegate = Answering(user())
    with DigestGuard(lasting=3) as server, session_with(delegate) as session:
        for n in range(10):
            assert 200 == session.data(f"{server.url}/{n}").result(PATIENCE)[1].status_code
    assert (4, 0, 1) == (server.refused, server.problems, len(delegate.challenges))


@pytest.mark.parametrize("qop", ["auth", "auth-int"])
def test_digest_covers_the_body_of_an_upload(qop: str, tmp_path: Path) -> None:
    """An upload gets through by Digest, from data and from a file, also where the body must be signed before it is sent."""
    (tmp_path / "file").write_bytes(b"body" * 1_000_000)
    with DigestGuard(qop=qop) as server, session_with(Answering(user(persistence=Persistence.NONE))) as session:
        request = sm.URLRequest(f"{server.url}/put", "PUT")
        for source in ({"from_data": b"body"}, {"from_file": tmp_path / "file"}):
            assert 200 == session.upload(request, **source).result(PATIENCE)[1].status_code
    assert 0 == server.problems


# servers that are not ours ------------------------------------------------------------------------------------------
CHERRYPY = """
import sys
import cherrypy
from cherrypy.lib import auth_digest

class Root:
    @cherrypy.expose
    def default(self, *path, **query):
        return cherrypy.request.body.fp.read() if cherrypy.request.method == "POST" else "/".join(path)

cherrypy.config.update({"environment": "embedded", "server.socket_host": "127.0.0.1", "server.socket_port": 0, "log.screen": False})
cherrypy.tree.mount(Root(), "/", {"/": {
    "tools.auth_digest.on": True, "tools.auth_digest.realm": "garden", "tools.auth_digest.key": "a565c27146791cfb",
    "tools.auth_digest.get_ha1": auth_digest.get_ha1_dict_plain({"ann": "secret"}), "tools.auth_digest.accept_charset": "UTF-8"}})
cherrypy.engine.start()
print(cherrypy.server.bound_addr[1], flush=True)
sys.stdin.read()
cherrypy.engine.exit()
"""

HTTPBIN = """
import sys, threading
from httpbin import app
from werkzeug.serving import WSGIRequestHandler, make_server

class Silent(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    def log(self, *arguments): pass

server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.port, flush=True)
sys.stdin.read()
"""


def foreign(module: str, program: str) -> Iterator[str]:
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed")
    process = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    process.stdin.close()
    process.wait(PATIENCE)
    process.stdout.close()


@pytest.fixture(scope="module")
def cherrypy() -> Iterator[str]:
    yield from foreign("cherrypy", CHERRYPY)


@pytest.fixture(scope="module")
def httpbin() -> Iterator[str]:
    yield from foreign("httpbin", HTTPBIN)


def test_cherrypy_takes_our_digest(cherrypy: str) -> None:
    """CherryPy's Digest lets us in: at first, ahead, for a body, with a query, and 20 at once; a wrong password it does not."""
    delegate = Answering(user())
    with session_with(delegate) as session:
        data, response = session.data(f"{cherrypy}/a/b?c=d").result(PATIENCE)
        assert (b"a/b", 200) == (data, response.status_code)
        data, response = session.upload(sm.URLRequest(f"{cherrypy}/up", "POST", all_http_header_fields={"Content-Type": "text/x"}),
                                        b"body").result(PATIENCE)
        assert (b"body", 200) == (data, response.status_code)
        assert [(str(n).encode(), 200) for n in range(20)] == together(session, cherrypy, 20)
    assert 1 == len(delegate.challenges)
    wrong = Answering(user("ann", "wrong"), sm.URLCredential(None))
    with session_with(wrong) as session:
        assert 401 == session.data(cherrypy).result(PATIENCE)[1].status_code
    assert [0, 1] == [challenge.previous_failure_count for challenge in wrong.challenges]


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
@pytest.mark.parametrize("qop", ["auth", "auth-int"])
@pytest.mark.parametrize("stale_after", ["never", "1"])
def test_httpbin_takes_our_digest(qop: str, algorithm: str, stale_after: str, httpbin: str) -> None:
    """httpbin's Digest lets us in with each of its algorithms and kinds, also when its nonces are soon stale."""
    delegate = Answering(user())
    with session_with(delegate) as session:
        for _ in range(3):
            data, response = session.data(f"{httpbin}/digest-auth/{qop}/ann/secret/{algorithm}/{stale_after}").result(PATIENCE)
            assert (200, True) == (response.status_code, b'"authenticated": true' in data)
    assert 1 == len(delegate.challenges)
