from __future__ import annotations

import datetime
import ssl
import threading

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sessionmock.errors import Code
from sessionmock.routes.live import LiveRoute

from .origin import PATIENCE, Client, LoopHost, Origin, Peer, Recorder, simple


@pytest.fixture
def host():
    with LoopHost() as running:
        yield running


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


def trusting(*authorities: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    for each in authorities:
        each.configure_trust(context)
    return context


def serving(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def dated(authority: trustme.CA, start: int, end: int, tmp_path) -> ssl.SSLContext:
    """A server whose certificate holds from `start` to `end`, in days from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    issuer = x509.load_pem_x509_certificate(authority.cert_pem.bytes())
    signer = serialization.load_pem_private_key(authority.private_key_pem.bytes(), None)
    made = (x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(issuer.subject).public_key(key.public_key())
            .serial_number(7).not_valid_before(now + datetime.timedelta(days=start))
            .not_valid_after(now + datetime.timedelta(days=end))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), critical=False)
            .sign(signer, hashes.SHA256()))
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path / "certificate.pem"
    path.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def secure(host: LoopHost, context: ssl.SSLContext | None, **configuration) -> Client:
    return Client(host, route=LiveRoute(ssl_context=context, resolve=lambda _: ["127.0.0.1"]), **configuration)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_exchanges(host, authority, version):
    """Exchanges over TLS reuse their connection, and the head tells version, cipher suite and the handshake's times."""
    context = serving(authority.issue_cert("localhost"))
    context.minimum_version = context.maximum_version = version
    client = secure(host, trusting(authority))
    with Origin(simple, context) as origin:
        url = f"https://localhost:{origin.port}"
        first = client.load(url + "/1").succeed()
        second = client.load(url + "/2", "POST", body=bytes(3_000_000)).succeed()
        assert origin.connections == 1
        client.channel.close()
    assert (first.body, second.body, second.uploaded) == (b"/1", b"/2", 3_000_000)
    tls = first.heads[0].timing.facts.tls
    assert tls.version == version
    assert tls.cipher_suite > 0x1300
    timing = first.heads[0].timing
    assert timing.connect_start <= timing.secure_connection_start <= timing.secure_connection_end == timing.connect_end
    assert second.heads[0].timing.secure_connection_start is None


def test_large_answer_paused(host, authority):
    """A pause bounds what a TLS connection hands out as well."""
    size = 30_000_000

    def script(peer: Peer) -> None:
        peer.read_head()
        peer.reply(bytes(size))

    client = secure(host, trusting(authority))
    box, opened = [], threading.Event()
    sink = Recorder(keep=False, head=lambda _: (opened.wait(PATIENCE), box[0].pause()))
    with Origin(script, serving(authority.issue_cert("localhost"))) as origin:
        box.append(client.open(f"https://localhost:{origin.port}/", sink=sink))
        opened.set()
        assert sink.began.wait(PATIENCE)
        host.settle(50)
        held = sink.received
        box[0].resume()
        sink.succeed()
        client.channel.close()
    assert held <= 262_144
    assert sink.received == size


@pytest.mark.parametrize(("case", "code"), [
    ("unknown root", Code.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT), ("other name", Code.SERVER_CERTIFICATE_UNTRUSTED),
    ("expired", Code.SERVER_CERTIFICATE_HAS_BAD_DATE), ("not yet valid", Code.SERVER_CERTIFICATE_NOT_YET_VALID),
])
def test_untrusted(host, authority, tmp_path, case, code):
    """A certificate that does not hold fails with the code of its defect, before anything is sent."""
    context = {
        "unknown root": lambda: serving(trustme.CA().issue_cert("localhost")),
        "other name": lambda: serving(authority.issue_cert("other.example")),
        "expired": lambda: dated(authority, -9, -2, tmp_path),
        "not yet valid": lambda: dated(authority, 2, 9, tmp_path),
    }[case]()
    client = secure(host, trusting(authority))
    with Origin(simple, context) as origin:
        sink = client.load(f"https://localhost:{origin.port}/")
        assert (sink.events, sink.error.code) == (["fail"], code)
        assert isinstance(sink.error.underlying_error, ssl.SSLCertVerificationError)
        assert origin.heads == []


def test_system_trust(host, authority):
    """Without a context of its own the route trusts what the system trusts."""
    client = secure(host, None)
    with Origin(simple, serving(authority.issue_cert("localhost"))) as origin:
        sink = client.load(f"https://localhost:{origin.port}/")
    assert sink.error.code == Code.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT


def test_version_refused(host, authority):
    """A server below the configured minimum is refused."""
    context = serving(authority.issue_cert("localhost"))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    client = secure(host, None, tls_minimum_supported_protocol_version=0x0304)
    with Origin(simple, context) as origin:
        sink = client.load(f"https://localhost:{origin.port}/")
    assert sink.error.code == Code.SECURE_CONNECTION_FAILED


@pytest.mark.parametrize("reply", [b"", b"HTTP/1.1 400 Plain text here\r\n\r\n"])
def test_handshake_cut(host, authority, reply):
    """A server that hangs up in the handshake, or speaks no TLS, fails with -1200."""
    def script(peer: Peer) -> None:
        peer.sock.recv(65536)
        peer.send(reply)

    client = secure(host, trusting(authority))
    with Origin(script) as origin:
        sink = client.load(f"https://localhost:{origin.port}/")
    assert (sink.events, sink.error.code) == (["fail"], Code.SECURE_CONNECTION_FAILED)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_3])
def test_client_certificate_required(host, authority, version):
    """A server that wants a client's certificate and gets none: -1206."""
    context = serving(authority.issue_cert("localhost"))
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    context.minimum_version = version
    client = secure(host, trusting(authority))
    with Origin(simple, context) as origin:
        sink = client.load(f"https://localhost:{origin.port}/")
    assert sink.error.code == Code.CLIENT_CERTIFICATE_REQUIRED


def test_client_certificate_rejected(host, authority):
    """A client's certificate that the server does not trust: -1205."""
    context = serving(authority.issue_cert("localhost"))
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    mine = trusting(authority)
    trustme.CA().issue_cert("me").configure_cert(mine)
    client = secure(host, mine)
    with Origin(simple, context) as origin:
        sink = client.load(f"https://localhost:{origin.port}/")
    assert sink.error.code == Code.CLIENT_CERTIFICATE_REJECTED


def test_cancel_in_handshake(host, authority):
    """Cancelling while a handshake hangs ends it at once and leaves nothing behind."""
    hello, closed = threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        peer.sock.recv(65536)
        hello.set()
        if not peer.sock.recv(1):
            closed.set()

    client = secure(host, trusting(authority))
    with Origin(script) as origin:
        exchange = client.open(f"https://localhost:{origin.port}/")
        assert hello.wait(PATIENCE)
        exchange.cancel()
        host.settle()
        assert closed.wait(PATIENCE)
    assert exchange.sink.events == []
    assert client.channel.adapter._wires == set()
    assert client.channel._pools == {}
