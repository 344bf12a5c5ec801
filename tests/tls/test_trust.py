from __future__ import annotations

import hashlib
import ssl
import threading
from contextlib import suppress

import pytest
import trustme

from sessionmock import AuthChallengeDisposition, URLCredential, URLRequest, URLSession, URLSessionConfiguration, use_route
from sessionmock.errors import Code, URLError
from sessionmock.models.trust import ServerTrust
from tests.routes.origin import Origin, Peer, simple

from .certificates import dated, self_signed, serving, trusting
from .conftest import PATIENCE, Loader, SessionLevel, TaskLevel, cancel, default, reject

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


def accept(challenge):
    return AuthChallengeDisposition.USE_CREDENTIAL, URLCredential.trust(challenge.protection_space.server_trust)


@pytest.fixture
def server(authority, tmp_path):
    """Makes a server of the named kind; `.bytes` is what came through TLS."""
    def made(kind: str, version: ssl.TLSVersion | None = None) -> Origin:
        certificate = {
            "good": lambda: authority.issue_cert("localhost"),
            "unknown root": lambda: trustme.CA().issue_cert("localhost"),
            "self-signed": lambda: self_signed(tmp_path),
            "other name": lambda: authority.issue_cert("other.example"),
            "expired": lambda: dated(authority, -9, -2, tmp_path),
            "not yet valid": lambda: dated(authority, 2, 9, tmp_path),
        }[kind]()
        return Origin(simple, serving(certificate, version))

    return made


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", [SessionLevel, TaskLevel])
def test_accepted(server, authority, kind, version):
    """A server that does not verify is loaded from when the delegate trusts what it presented, and asked about once a connection."""
    delegate = kind(accept)
    with server("self-signed", version) as origin:
        url = f"https://localhost:{origin.port}"
        bodies = Loader(trusting(authority))(delegate, url + "/1", url + "/2")
    assert bodies == [b"/1", b"/2"]
    assert len(delegate.asked) == 1
    space = delegate.asked[0].protection_space
    assert (space.host, space.port, space.protocol, space.authentication_method) == (
        "localhost", origin.port, "https", "NSURLAuthenticationMethodServerTrust")
    assert delegate.asked[0].failure_response is None


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", ["good", "self-signed"])
@pytest.mark.parametrize(("answer", "code"), [
    (cancel, Code.CANCELLED), (reject, Code.SERVER_CERTIFICATE_UNTRUSTED)])
def test_refused(authority, server, kind, version, answer, code):
    """A server that the delegate refuses never sees a byte of the request, whether it verifies or not."""
    delegate, seen = SessionLevel(answer), []
    with server(kind, version) as origin:
        origin.script = lambda peer: seen.append(peer.sock.recv(65536))
        (error,) = Loader(trusting(authority))(delegate, f"https://localhost:{origin.port}/")
    assert error.code == code
    assert b"".join(seen) == b""
    if code == Code.SERVER_CERTIFICATE_UNTRUSTED:
        assert error.failure_url_peer_trust == delegate.asked[0].protection_space.server_trust


@pytest.mark.parametrize(("kind", "code"), [
    ("good", None), ("unknown root", Code.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT),
    ("self-signed", Code.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT), ("other name", Code.SERVER_CERTIFICATE_UNTRUSTED),
    ("expired", Code.SERVER_CERTIFICATE_HAS_BAD_DATE), ("not yet valid", Code.SERVER_CERTIFICATE_NOT_YET_VALID),
])
def test_default_handling(authority, server, kind, code):
    """Default handling is the usual verification, which the trust tells beforehand."""
    delegate = SessionLevel(default)
    with server(kind) as origin:
        (outcome,) = Loader(trusting(authority))(delegate, f"https://localhost:{origin.port}/")
        heads = len(origin.heads)
    trust = delegate.asked[0].protection_space.server_trust
    if code is None:
        assert (outcome, trust.evaluate(), heads) == (b"/", None, 1)
    else:
        assert (outcome.code, trust.evaluate(), heads) == (code, outcome, 0)
        assert outcome.failure_url_peer_trust == trust
        assert isinstance(outcome.underlying_error, ssl.SSLCertVerificationError)


def test_pinned(server, authority):
    """A delegate may judge the chain by its own rule: here by the fingerprint of the server's certificate."""
    with server("self-signed") as origin:
        der = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", origin.port)))
        pins = {hashlib.sha256(der).hexdigest()}

        def pinned(challenge):
            trust = challenge.protection_space.server_trust
            return accept(challenge) if trust.fingerprint_sha256 in pins else reject(challenge)

        url = f"https://localhost:{origin.port}/"
        assert Loader(trusting(authority))(SessionLevel(pinned), url) == [b"/"]
        pins.clear()
        (error,) = Loader(trusting(authority))(SessionLevel(pinned), url)
    assert error.code == Code.SERVER_CERTIFICATE_UNTRUSTED


def test_chain(authority, tmp_path):
    """The chain holds what the server sent, its own certificate first."""
    middle = authority.create_child_ca()
    certificate = middle.issue_cert("localhost")
    delegate = SessionLevel(default)
    with Origin(simple, serving(certificate)) as origin:
        assert Loader(trusting(authority))(delegate, f"https://localhost:{origin.port}/") == [b"/"]
    sent = tuple(ssl.PEM_cert_to_DER_cert(blob.bytes().decode()) for blob in certificate.cert_chain_pems)
    assert len(sent) == 2
    assert delegate.asked[0].protection_space.server_trust == ServerTrust("localhost", origin.port, sent)


@pytest.mark.parametrize("credential", [
    None, URLCredential("ann", "secret"), URLCredential.trust(ServerTrust("localhost", 1, (b"other",)))])
def test_credential_of_another_kind(server, authority, credential):
    """A credential that is no word for this very chain leaves the decision to the usual verification."""
    delegate = SessionLevel(lambda _: (AuthChallengeDisposition.USE_CREDENTIAL, credential))
    with server("self-signed") as bad, server("good") as good:
        bodies = Loader(trusting(authority))(delegate, f"https://localhost:{bad.port}/", f"https://localhost:{good.port}/")
    assert (bodies[0].code, bodies[1]) == (Code.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT, b"/")


def test_session_first(server, authority):
    """The session's method is asked before the task's, which hears nothing."""
    class Both(SessionLevel, TaskLevel):
        def task_did_receive_challenge(self, session, task, challenge):
            raise AssertionError("the session was to be asked")

    delegate = Both(accept)
    with server("good") as origin:
        assert Loader(trusting(authority))(delegate, f"https://localhost:{origin.port}/") == [b"/"]
    assert len(delegate.asked) == 1


def test_nobody_to_ask(server, authority):
    """Without a method that takes challenges a server is verified in one handshake, as ever."""
    with server("expired") as origin:
        (error,) = Loader(trusting(authority))(None, f"https://localhost:{origin.port}/")
        assert origin.connections == 1
    assert error.code == Code.SERVER_CERTIFICATE_HAS_BAD_DATE


def test_answered_late(server, authority):
    """The answer may come from another thread, after the callback; until then the request waits."""
    class Late:
        def session_did_receive_challenge(self, session, challenge, completion_handler):
            threading.Thread(target=lambda: completion_handler(*accept(challenge))).start()

    with server("self-signed") as origin:
        request = URLRequest(f"https://localhost:{origin.port}/", http_method="POST", http_body=b"x" * 300_000)
        assert Loader(trusting(authority))(Late(), request) == [b"/"]


@pytest.mark.parametrize("end", ["cancel", "time-out"])
def test_ended_while_asked(authority, end):
    """The time-out goes on while the delegate is asked, and a cancelled task waits for nobody: the connection is closed."""
    asked, released, closed, ended = (threading.Event() for _ in range(4))
    errors: list[URLError] = []

    class Slow:
        def session_did_receive_challenge(self, session, challenge):
            asked.set()
            assert released.wait(PATIENCE)
            return accept(challenge)

    def script(peer: Peer) -> None:
        with suppress(OSError):    # TLS is not ended politely
            assert peer.sock.recv(1) == b""
        closed.set()

    configuration = URLSessionConfiguration.ephemeral()
    configuration.timeout_interval_for_request = 0.2 if end == "time-out" else 60
    server = Origin(script, serving(authority.issue_cert("localhost")))
    with server as origin, use_route(Loader(trusting(authority)).route), URLSession(configuration, Slow()) as session:
        task = session.data_task(f"https://localhost:{origin.port}/", lambda *outcome: (errors.append(outcome[2]), ended.set()))
        task.resume()
        assert asked.wait(PATIENCE)
        if end == "cancel":
            task.cancel()
        assert closed.wait(PATIENCE)
        released.set()
        assert ended.wait(PATIENCE)
    assert [error.code for error in errors] == [Code.CANCELLED if end == "cancel" else Code.TIMED_OUT]


def test_server_leaves_while_asked(authority):
    """A server that hangs up while its trust is asked about: -1005, after the answer."""
    left = threading.Event()

    def script(peer: Peer) -> None:
        peer.sock.close()
        left.set()

    def answer(challenge):
        assert left.wait(PATIENCE)
        return accept(challenge)

    with Origin(script, serving(authority.issue_cert("localhost"))) as origin:
        (error,) = Loader(trusting(authority))(SessionLevel(answer), f"https://localhost:{origin.port}/")
    assert error.code == Code.NETWORK_CONNECTION_LOST


def test_metrics(server, authority):
    """The handshake's dates are in order where a server is connected to twice because it does not verify."""
    class Measuring(SessionLevel):
        def task_did_finish_collecting_metrics(self, session, task, metrics):
            self.metrics = metrics

    delegate = Measuring(accept)
    with server("self-signed") as origin:
        assert Loader(trusting(authority))(delegate, f"https://localhost:{origin.port}/") == [b"/"]
    (measured,) = delegate.metrics.transaction_metrics
    dates = [measured.fetch_start_date, measured.connect_start_date, measured.secure_connection_start_date,
             measured.secure_connection_end_date, measured.request_start_date, measured.response_start_date]
    assert dates == sorted(dates)
    assert not measured.is_proxy_connection
