"""Certificates of the client: when one is asked for, who gives it, and what becomes of one that is not taken."""
from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from sessionmock import (
    AuthChallengeDisposition,
    CredentialPersistence,
    InputStream,
    URLCredential,
    URLProtectionSpace,
    URLRequest,
    URLSession,
    URLSessionConfiguration,
    use_route,
)
from sessionmock.errors import Code
from sessionmock.routes.live.contexts import distinguished_names
from tests.routes.live.peers import Peer
from tests.routes.live.worlds import over_sockets

from .certificates import serving, trusting
from .conftest import Loader, SessionLevel, TaskLevel, cancel, default, reject

METHOD = "NSURLAuthenticationMethodClientCertificate"
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


async def named(peer: Peer) -> None:
    """Answer every request with the client's name and the length of the body."""
    subject = dict(pair for group in (peer.tls.getpeercert() or {}).get("subject", ()) for pair in group)
    while await peer.read_head():
        await peer.reply(f"{subject.get('commonName')} {len(await peer.read_body())}".encode())


@pytest.fixture(scope="session")
def clients() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def identity(clients, tmp_path):
    """Makes a client certificate of the given name; the paths of certificate and key."""
    def made(name: str, authority: trustme.CA | None = None) -> tuple[str, str]:
        leaf = (authority or clients).issue_cert(f"{name}.example", common_name=name)
        certificate, key = tmp_path / f"{name}.pem", tmp_path / f"{name}.key"
        certificate.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
        leaf.private_key_pem.write_to_path(str(key))
        return str(certificate), str(key)

    return made


@pytest.fixture(params=VERSIONS, ids=["1.2", "1.3"])
def server(request, world, authority, clients):
    with world.origin(named, serving(authority.issue_cert("localhost"), request.param, clients)) as origin:
        origin.url = f"https://localhost:{origin.port}/"
        yield origin


def using(*credentials):
    """Answers challenges for a certificate with these in turn, the last one for ever; others by default handling."""
    left = list(credentials)

    def answer(challenge):
        if challenge.protection_space.authentication_method != METHOD:
            return default(challenge)
        return AuthChallengeDisposition.USE_CREDENTIAL, left.pop(0) if len(left) > 1 else left[0]

    return answer


def about_certificate(delegate):
    return [one for one in delegate.asked if one.protection_space.authentication_method == METHOD]


@pytest.mark.parametrize("kind", [SessionLevel, TaskLevel])
def test_shown(world, server, authority, identity, kind):
    """A server that wants a certificate gets the delegate's, asked for once a session."""
    delegate = kind(using(URLCredential.identity(identity("ann"))))
    post = URLRequest(server.url, http_method="POST", http_body=b"x" * 1000)
    assert Loader(world, trusting(authority))(delegate, server.url, post) == [b"ann 0", b"ann 1000"]
    (challenge,) = about_certificate(delegate)
    space = challenge.protection_space
    assert (space.host, space.port, space.protocol, challenge.previous_failure_count) == ("localhost", server.port, "https", 0)
    assert challenge.proposed_credential is None


@pytest.mark.parametrize(("answer", "code"), [
    (default, Code.CLIENT_CERTIFICATE_REQUIRED), (reject, Code.CLIENT_CERTIFICATE_REQUIRED), (cancel, Code.CANCELLED),
    (using(None), Code.CLIENT_CERTIFICATE_REQUIRED), (using(URLCredential("ann", "x")), Code.CLIENT_CERTIFICATE_REQUIRED)])
def test_none(world, server, authority, answer, code):
    """Without a certificate the task fails with -1206, and cancelled with -999."""
    def to_certificate(challenge):
        return answer(challenge) if challenge.protection_space.authentication_method == METHOD else default(challenge)

    delegate = SessionLevel(to_certificate)
    (error,) = Loader(world, trusting(authority))(delegate, server.url)
    assert error.code == code
    assert len(about_certificate(delegate)) == 1


@pytest.fixture(params=VERSIONS, ids=["1.2", "1.3"])
def content(request, world, authority, clients):
    """A server that asks for a certificate and serves without one too."""
    context = serving(authority.issue_cert("localhost"), request.param, clients)
    context.verify_mode = ssl.CERT_OPTIONAL
    with world.origin(named, context) as origin:
        origin.url = f"https://localhost:{origin.port}/"
        yield origin


def test_shown_where_it_is_optional(world, content, authority, identity):
    """A server that does not insist is shown the delegate's certificate too: it is asked for before the request is sent."""
    seen = []
    show = using(URLCredential.identity(identity("ann")))
    delegate = SessionLevel(lambda challenge: (seen.append(len(content.heads)), show(challenge))[1])
    assert Loader(world, trusting(authority))(delegate, content.url, content.url) == [b"ann 0", b"ann 0"]
    (challenge,) = about_certificate(delegate)
    assert (challenge.previous_failure_count, challenge.proposed_credential, challenge.error) == (0, None, None)
    assert (seen, content.connections) == ([0, 0, 0], 2)    # the server's trust, the certificate, and the trust on the connection with it


@pytest.mark.parametrize("answer", [default, reject, using(None)])
def test_none_where_it_is_optional(world, content, authority, answer):
    """Without a certificate the request goes out over the connection that stands, and one that is kept asks no more."""
    delegate = SessionLevel(lambda challenge: answer(challenge) if challenge.protection_space.authentication_method == METHOD
                            else default(challenge))
    assert Loader(world, trusting(authority))(delegate, content.url, content.url) == [b"None 0", b"None 0"]
    assert (len(about_certificate(delegate)), content.connections) == (1, 1)


def test_cancelled_where_it_is_optional(world, content, authority):
    """Cancelling the question ends the task with -999 before the server hears of the request."""
    delegate = SessionLevel(lambda challenge: cancel(challenge) if challenge.protection_space.authentication_method == METHOD
                            else default(challenge))
    (error,) = Loader(world, trusting(authority))(delegate, content.url)
    assert (error.code, content.heads) == (Code.CANCELLED, [])


@pytest.mark.parametrize("delegate", [None, SessionLevel(default)])
def test_stored_where_it_is_optional(world, content, authority, identity, delegate):
    """Default handling shows the stored identity, with a delegate and without one."""
    configuration = URLSessionConfiguration.ephemeral()
    space = URLProtectionSpace("localhost", content.port, "https", None, METHOD)
    configuration.url_credential_storage.set_default_credential(URLCredential.identity(identity("bob")), space)
    assert Loader(world, trusting(authority))(delegate, content.url, configuration=configuration) == [b"bob 0"]


def test_nobody_to_ask(world, server, authority):
    """Without a delegate and without a stored identity: -1206."""
    (error,) = Loader(world, trusting(authority))(None, server.url)
    assert error.code == Code.CLIENT_CERTIFICATE_REQUIRED


def test_stored(world, server, authority, identity):
    """Default handling shows the identity that is the storage's default for the space."""
    configuration = URLSessionConfiguration.ephemeral()
    space = URLProtectionSpace("localhost", server.port, "https", None, METHOD)
    configuration.url_credential_storage.set_default_credential(URLCredential.identity(identity("bob")), space)
    assert Loader(world, trusting(authority))(None, server.url, configuration=configuration) == [b"bob 0"]


def test_refused_then_right(world, server, authority, identity):
    """A certificate that the server does not take is asked about again, with the failure; the next one may do."""
    wrong, right = URLCredential.identity(identity("eve", trustme.CA())), URLCredential.identity(identity("ann"))
    delegate = SessionLevel(using(wrong, right))
    assert Loader(world, trusting(authority))(delegate, server.url) == [b"ann 0"]
    second = about_certificate(delegate)[1]
    assert (second.previous_failure_count, second.proposed_credential, second.error.code) == (
        1, wrong, Code.CLIENT_CERTIFICATE_REJECTED)


def test_refused(world, server, authority, identity):
    """A stored certificate that the server does not take is not shown twice: -1205."""
    configuration = URLSessionConfiguration.ephemeral()
    space = URLProtectionSpace("localhost", server.port, "https", None, METHOD)
    configuration.url_credential_storage.set_default_credential(URLCredential.identity(identity("eve", trustme.CA())), space)
    (error,) = Loader(world, trusting(authority))(None, server.url, configuration=configuration)
    assert error.code == Code.CLIENT_CERTIFICATE_REJECTED


@pytest.mark.parametrize("identity_files", [("nowhere.pem",), ("nowhere.pem", "nowhere.key", "password")])
def test_unreadable(world, server, authority, identity_files):
    """An identity that cannot be read counts as refused: -1205, with the reason under it."""
    delegate = SessionLevel(using(URLCredential.identity(identity_files), None))
    (error,) = Loader(world, trusting(authority))(delegate, server.url)
    assert error.code == Code.CLIENT_CERTIFICATE_REJECTED
    assert isinstance(error.underlying_error, FileNotFoundError)


@pytest.mark.parametrize("form", ["path", "DER"])
@pytest.mark.parametrize("files", [1, 2])
def test_intermediate_certificates(world, server, authority, clients, tmp_path, form, files):
    """The intermediate certificates of a credential are shown after its own, so that a server that knows the root alone takes it."""
    middle = clients.create_child_ca()
    leaf = middle.issue_cert("ann.example", common_name="ann")
    own, chain, key = (str(tmp_path / name) for name in ("own.pem", "middle.pem", "own.key"))
    leaf.cert_chain_pems[0].write_to_path(own)
    middle.cert_pem.write_to_path(chain)
    leaf.private_key_pem.write_to_path(own if files == 1 else key, append=files == 1)
    identity = own if files == 1 else (own, key)
    intermediate = chain if form == "path" else ssl.PEM_cert_to_DER_cert(middle.cert_pem.bytes().decode())
    delegate = SessionLevel(using(URLCredential.identity(identity), URLCredential.identity(identity, [intermediate])))
    assert Loader(world, trusting(authority))(delegate, server.url) == [b"ann 0"]
    assert [None, Code.CLIENT_CERTIFICATE_REJECTED] == [one.error and one.error.code for one in about_certificate(delegate)]


def test_key_without_password(world, server, authority, identity, tmp_path):
    """A key that needs a password, and has none, fails and asks nobody on the terminal."""
    certificate, key = identity("ann")
    loaded = serialization.load_pem_private_key(Path(key).read_bytes(), None)
    sealed = tmp_path / "sealed.key"
    sealed.write_bytes(loaded.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"secret")))
    good = URLCredential.identity((certificate, str(sealed), "secret"))
    assert Loader(world, trusting(authority))(SessionLevel(using(good)), server.url) == [b"ann 0"]
    delegate = SessionLevel(using(URLCredential.identity((certificate, str(sealed))), None))
    (error,) = Loader(world, trusting(authority))(delegate, server.url)
    assert error.code == Code.CLIENT_CERTIFICATE_REJECTED


def test_for_one_task(world, server, authority, identity):
    """A certificate of persistence NONE is good for its task; the next one asks again."""
    one, other = (URLCredential.identity(identity(name), (), CredentialPersistence.NONE) for name in ("ann", "bob"))
    delegate = SessionLevel(using(one, other))
    assert Loader(world, trusting(authority))(delegate, server.url, server.url) == [b"ann 0", b"bob 0"]
    assert len(about_certificate(delegate)) == 2


def test_stream_sent_again(world, server, authority, identity):
    """A streamed body that is gone when the certificate is asked for comes anew from the delegate."""
    class Streaming(SessionLevel):
        def task_need_new_body_stream(self, session, task):
            return InputStream(b"y" * 500)

        def data_task_did_receive_data(self, session, task, data):
            bodies.append(data)

    bodies: list[bytes] = []
    delegate = Streaming(using(URLCredential.identity(identity("ann"))))
    with use_route(Loader(world, trusting(authority)).route), URLSession(URLSessionConfiguration.ephemeral(), delegate) as session:
        session.upload_task(streamed_request=URLRequest(server.url, http_method="POST")).resume()
    assert b"".join(bodies) == b"ann 500"


def test_names_of_a_message():
    """The authorities of a CertificateRequest are read in both forms, and nothing is read from what is neither."""
    names = (b"\x30\x03abc", b"\x30\x01d")
    listed = b"".join(len(name).to_bytes(2, "big") + name for name in names)
    old = b"\x02\x01\x40" + b"\x00\x02\x04\x03" + len(listed).to_bytes(2, "big") + listed
    extension = b"\x00\x2f" + (len(listed) + 2).to_bytes(2, "big") + len(listed).to_bytes(2, "big") + listed
    signatures = b"\x00\x0d\x00\x04\x00\x02\x04\x03"
    new = b"\x00" + (len(signatures) + len(extension)).to_bytes(2, "big") + signatures + extension
    assert distinguished_names(b"\x0d\x00\x00\x00" + old) == names
    assert distinguished_names(b"\x0d\x00\x00\x00" + new) == names
    for cut in range(len(new)):
        assert distinguished_names(b"\x0d\x00\x00\x00" + new[:cut]) == ()


@over_sockets
@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_distinguished_names(world, authority, clients, identity, tmp_path, version):
    """The challenge names the authorities that the server takes certificates of, as DER."""
    leaf = authority.issue_cert("localhost")
    leaf.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
    clients.cert_pem.write_to_path(str(tmp_path / "clients.pem"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["openssl", "s_server", version, "-accept", f"127.0.0.1:{port}", "-cert", str(tmp_path / "server.pem"), "-www",
               "-CAfile", str(tmp_path / "clients.pem"), "-Verify", "1", "-verify_return_error", "-naccept", "3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert any(line.startswith(b"ACCEPT") for line in process.stdout)
        delegate = SessionLevel(using(URLCredential.identity(identity("ann"))))
        (page,) = Loader(world, trusting(authority))(delegate, f"https://localhost:{port}/")
        process.kill()
    subject = x509.load_pem_x509_certificate(clients.cert_pem.bytes()).subject.public_bytes()
    assert about_certificate(delegate)[0].protection_space.distinguished_names == (subject,)
    assert b"s_server" in page
