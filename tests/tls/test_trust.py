"""Who trusts a server: the usual verification, or a delegate that is asked before anything is sent."""
from __future__ import annotations

import datetime
import hashlib
import ssl

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from sessionmock import AuthChallengeDisposition, URLCredential, URLRequest, URLSession, URLSessionConfiguration, use_route
from sessionmock.clock import SECOND
from sessionmock.errors import Code, URLError
from sessionmock.models.trust import ServerTrust
from tests.routes.live.peers import Peer, simple
from tests.routes.live.worlds import in_memory

from .certificates import between, self_signed, serving, trusting
from .conftest import Loader, SessionLevel, TaskLevel, cancel, default, reject

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


def accept(challenge):
    return AuthChallengeDisposition.USE_CREDENTIAL, URLCredential.trust(challenge.protection_space.server_trust)


@pytest.fixture
def server(world, authority, tmp_path):
    """Makes a server of the named kind."""
    def days(*counts: int) -> list[datetime.datetime]:
        return [world.date() + datetime.timedelta(days=count) for count in counts]

    def made(kind: str, version: ssl.TLSVersion | None = None):
        certificate = {
            "good": lambda: authority.issue_cert("localhost"),
            "unknown root": lambda: trustme.CA().issue_cert("localhost"),
            "self-signed": lambda: self_signed(tmp_path),
            "other name": lambda: authority.issue_cert("other.example"),
            "expired": lambda: between(authority, *days(-9, -2), tmp_path),
            "not yet valid": lambda: between(authority, *days(2, 9), tmp_path),
        }[kind]()
        return world.origin(simple, serving(certificate, version))

    return made


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", [SessionLevel, TaskLevel])
def test_accepted(world, server, authority, kind, version):
    """A server that does not verify is loaded from when the delegate trusts what it presented, and asked about once a connection."""
    delegate = kind(accept)
    with server("self-signed", version) as origin:
        url = f"https://localhost:{origin.port}"
        bodies = Loader(world, trusting(authority))(delegate, url + "/1", url + "/2")
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
def test_refused(world, authority, server, kind, version, answer, code):
    """A server that the delegate refuses never sees a byte of the request, whether it verifies or not."""
    async def listen(peer: Peer) -> None:
        seen.append(await peer.receive())

    delegate, seen = SessionLevel(answer), []
    with server(kind, version) as origin:
        origin.script = listen
        (error,) = Loader(world, trusting(authority))(delegate, f"https://localhost:{origin.port}/")
    assert error.code == code
    assert b"".join(seen) == b""
    if code == Code.SERVER_CERTIFICATE_UNTRUSTED:
        assert error.failure_url_peer_trust == delegate.asked[0].protection_space.server_trust


@pytest.mark.parametrize(("kind", "code"), [
    ("good", None), ("unknown root", Code.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT),
    ("self-signed", Code.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT), ("other name", Code.SERVER_CERTIFICATE_UNTRUSTED),
    ("expired", Code.SERVER_CERTIFICATE_HAS_BAD_DATE), ("not yet valid", Code.SERVER_CERTIFICATE_NOT_YET_VALID),
])
def test_default_handling(world, authority, server, kind, code):
    """Default handling is the usual verification, which the trust tells beforehand."""
    delegate = SessionLevel(default)
    with server(kind) as origin:
        (outcome,) = Loader(world, trusting(authority))(delegate, f"https://localhost:{origin.port}/")
        heads = len(origin.heads)
    trust = delegate.asked[0].protection_space.server_trust
    if code is None:
        assert (outcome, trust.evaluate(), heads) == (b"/", None, 1)
    else:
        assert (outcome.code, trust.evaluate(), heads) == (code, outcome, 0)
        assert outcome.failure_url_peer_trust == trust
        assert isinstance(outcome.underlying_error, ssl.SSLCertVerificationError)


def test_pinned(world, authority, tmp_path):
    """A delegate may judge the chain by its own rule: here by the fingerprint of the server's certificate."""
    file = self_signed(tmp_path)
    der = x509.load_pem_x509_certificate(file.read_bytes()).public_bytes(serialization.Encoding.DER)
    with world.origin(simple, serving(file)) as origin:
        pins = {hashlib.sha256(der).hexdigest()}

        def pinned(challenge):
            trust = challenge.protection_space.server_trust
            return accept(challenge) if trust.fingerprint_sha256 in pins else reject(challenge)

        url = f"https://localhost:{origin.port}/"
        assert Loader(world, trusting(authority))(SessionLevel(pinned), url) == [b"/"]
        pins.clear()
        (error,) = Loader(world, trusting(authority))(SessionLevel(pinned), url)
    assert error.code == Code.SERVER_CERTIFICATE_UNTRUSTED


def test_chain(world, authority, tmp_path):
    """The chain holds what the server sent, its own certificate first."""
    middle = authority.create_child_ca()
    certificate = middle.issue_cert("localhost")
    delegate = SessionLevel(default)
    with world.origin(simple, serving(certificate)) as origin:
        assert Loader(world, trusting(authority))(delegate, f"https://localhost:{origin.port}/") == [b"/"]
    sent = tuple(ssl.PEM_cert_to_DER_cert(blob.bytes().decode()) for blob in certificate.cert_chain_pems)
    assert len(sent) == 2
    assert delegate.asked[0].protection_space.server_trust == ServerTrust("localhost", origin.port, sent)


@pytest.mark.parametrize("credential", [
    None, URLCredential("ann", "secret"), URLCredential.trust(ServerTrust("localhost", 1, (b"other",)))])
def test_credential_of_another_kind(world, server, authority, credential):
    """A credential that is no word for this very chain leaves the decision to the usual verification."""
    delegate = SessionLevel(lambda _: (AuthChallengeDisposition.USE_CREDENTIAL, credential))
    with server("self-signed") as bad, server("good") as good:
        bodies = Loader(world, trusting(authority))(delegate, f"https://localhost:{bad.port}/", f"https://localhost:{good.port}/")
    assert (bodies[0].code, bodies[1]) == (Code.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT, b"/")


def test_session_first(world, server, authority):
    """The session's method is asked before the task's, which hears nothing."""
    class Both(SessionLevel, TaskLevel):
        def task_did_receive_challenge(self, session, task, challenge):
            raise AssertionError("the session was to be asked")

    delegate = Both(accept)
    with server("good") as origin:
        assert Loader(world, trusting(authority))(delegate, f"https://localhost:{origin.port}/") == [b"/"]
    assert len(delegate.asked) == 1


def test_nobody_to_ask(world, server, authority):
    """Without a method that takes challenges a server is verified in one handshake, as ever."""
    with server("expired") as origin:
        (error,) = Loader(world, trusting(authority))(None, f"https://localhost:{origin.port}/")
        assert origin.connections == 1
    assert error.code == Code.SERVER_CERTIFICATE_HAS_BAD_DATE


def test_answered_late(world, server, authority):
    """The answer may come from another thread, after the callback; until then the request waits."""
    class Late:
        def session_did_receive_challenge(self, session, challenge, completion_handler):
            world.aside(lambda: completion_handler(*accept(challenge)))

    with server("self-signed") as origin:
        request = URLRequest(f"https://localhost:{origin.port}/", http_method="POST", http_body=b"x" * 300_000)
        assert Loader(world, trusting(authority))(Late(), request) == [b"/"]


def test_cancelled_while_asked(world, authority):
    """A cancelled task waits for no delegate: the connection is closed."""
    assert ended_while_asked(world, authority, lambda task: task.cancel()) == Code.CANCELLED


@in_memory
def test_out_of_time_while_asked(world, authority):
    """The time-out goes on while the delegate is asked."""
    assert ended_while_asked(world, authority, lambda task: None) == Code.TIMED_OUT
    assert world.clock.now() == 60 * SECOND


def ended_while_asked(world, authority, end):
    """The code of a task whose delegate is asked when `end` ends it, or time does; the answer comes when the connection is
    closed."""
    asked, closed, ended = world.event(), world.event(), world.event()
    errors: list[URLError] = []

    class Slow:
        def session_did_receive_challenge(self, session, challenge, completion_handler):
            kept.append(lambda: completion_handler(*accept(challenge)))
            asked.set()

    async def script(peer: Peer) -> None:
        try:
            assert await peer.receive() == b""
        finally:    # where TLS is not ended politely
            closed.set()

    kept = []
    configuration = URLSessionConfiguration.ephemeral()
    server = world.origin(script, serving(authority.issue_cert("localhost")))
    with server as origin, use_route(Loader(world, trusting(authority)).route), URLSession(configuration, Slow()) as session:
        task = session.data_task(f"https://localhost:{origin.port}/", lambda *outcome: (errors.append(outcome[2]), ended.set()))
        task.resume()
        asked.wait()
        end(task)
        closed.wait()
        kept[0]()
        ended.wait()
    (error,) = errors
    return error.code


def test_server_leaves_while_asked(world, authority):
    """A server that hangs up while its trust is asked about: -1005, after the answer."""
    left = world.event()

    async def script(peer: Peer) -> None:
        peer.close()
        left.set()

    def answer(challenge):
        left.wait()
        return accept(challenge)

    with world.origin(script, serving(authority.issue_cert("localhost"))) as origin:
        (error,) = Loader(world, trusting(authority))(SessionLevel(answer), f"https://localhost:{origin.port}/")
    assert error.code == Code.NETWORK_CONNECTION_LOST


def test_metrics(world, server, authority):
    """The handshake's dates are in order where a server is connected to twice because it does not verify."""
    class Measuring(SessionLevel):
        def task_did_finish_collecting_metrics(self, session, task, metrics):
            self.metrics = metrics

    delegate = Measuring(accept)
    with server("self-signed") as origin:
        assert Loader(world, trusting(authority))(delegate, f"https://localhost:{origin.port}/") == [b"/"]
    (measured,) = delegate.metrics.transaction_metrics
    dates = [measured.fetch_start_date, measured.connect_start_date, measured.secure_connection_start_date,
             measured.secure_connection_end_date, measured.request_start_date, measured.response_start_date]
    assert dates == sorted(dates)
    assert not measured.is_proxy_connection
