"""Handshakes and exchanges over TLS, and the codes of what goes wrong with them."""
from __future__ import annotations

import datetime
import ssl

import pytest
import trustme

from sessionmock.errors import Code
from sessionmock.models.credential import URLCredential
from sessionmock.models.message import Request
from sessionmock.models.trust import Terms
from tests.tls.certificates import between, serving, trusting

from .peers import Peer, simple
from .worlds import Client, World


def secure(world: World, context: ssl.SSLContext | None, **configuration) -> Client:
    return world.client(route=world.route(ssl_context=context, resolve=lambda _: ["127.0.0.1"]), **configuration)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_exchanges(world, authority, version):
    """Exchanges over TLS reuse their connection, and the head tells version, cipher suite and the handshake's times."""
    context = serving(authority.issue_cert("localhost"))
    context.minimum_version = context.maximum_version = version
    client = secure(world, trusting(authority))
    with world.origin(simple, context) as origin:
        url = f"https://localhost:{origin.port}"
        first = client.load(url + "/1").succeed()
        second = client.load(url + "/2", "POST", body=bytes(3_000_000)).succeed()
        assert origin.connections == 1
    assert (first.body, second.body, second.uploaded) == (b"/1", b"/2", 3_000_000)
    tls = first.heads[0].timing.facts.tls
    assert tls.version == version
    assert tls.cipher_suite > 0x1300
    timing = first.heads[0].timing
    assert timing.connect_start <= timing.secure_connection_start <= timing.secure_connection_end == timing.connect_end
    assert second.heads[0].timing.secure_connection_start is None


def test_large_answer_paused(world, authority):
    """A pause bounds what a TLS connection hands out as well."""
    size = 30_000_000

    async def script(peer: Peer) -> None:
        await peer.read_head()
        await peer.reply(bytes(size))

    client = secure(world, trusting(authority))
    sink = world.recorder(keep=False, head=lambda _: sink.exchange.pause())
    with world.origin(script, serving(authority.issue_cert("localhost"))) as origin:
        client.open(f"https://localhost:{origin.port}/", sink=sink)
        sink.began.wait()
        world.settle(50)
        assert sink.received <= 262_144
        sink.exchange.resume()
        sink.succeed()
    assert sink.received == size


@pytest.mark.parametrize(("case", "code"), [
    ("unknown root", Code.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT), ("other name", Code.SERVER_CERTIFICATE_UNTRUSTED),
    ("expired", Code.SERVER_CERTIFICATE_HAS_BAD_DATE), ("not yet valid", Code.SERVER_CERTIFICATE_NOT_YET_VALID),
])
def test_untrusted(world, authority, tmp_path, case, code):
    """A certificate that does not hold fails with the code of its defect, before anything is sent."""
    def days(*counts: int) -> list[datetime.datetime]:
        return [world.date() + datetime.timedelta(days=count) for count in counts]

    context = {
        "unknown root": lambda: serving(trustme.CA().issue_cert("localhost")),
        "other name": lambda: serving(authority.issue_cert("other.example")),
        "expired": lambda: serving(between(authority, *days(-9, -2), tmp_path)),
        "not yet valid": lambda: serving(between(authority, *days(2, 9), tmp_path)),
    }[case]()
    client = secure(world, trusting(authority))
    with world.origin(simple, context) as origin:
        sink = client.load(f"https://localhost:{origin.port}/")
        assert (sink.events, sink.error.code) == (["fail"], code)
        assert isinstance(sink.error.underlying_error, ssl.SSLCertVerificationError)
        assert origin.heads == []


def test_system_trust(world, authority):
    """Without a context of its own the route trusts what the system trusts."""
    client = secure(world, None)
    with world.origin(simple, serving(authority.issue_cert("localhost"))) as origin:
        sink = client.load(f"https://localhost:{origin.port}/")
    assert sink.error.code == Code.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT


def test_version_refused(world, authority):
    """A server below the configured minimum is refused."""
    context = serving(authority.issue_cert("localhost"))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    client = secure(world, None, tls_minimum_supported_protocol_version=0x0304)
    with world.origin(simple, context) as origin:
        sink = client.load(f"https://localhost:{origin.port}/")
    assert sink.error.code == Code.SECURE_CONNECTION_FAILED


@pytest.mark.parametrize("reply", [b"", b"HTTP/1.1 400 Plain text here\r\n\r\n"])
def test_handshake_cut(world, authority, reply):
    """A server that hangs up in the handshake, or speaks no TLS, fails with -1200."""
    async def script(peer: Peer) -> None:
        await peer.receive()
        await peer.send(reply)

    client = secure(world, trusting(authority))
    with world.origin(script) as origin:
        sink = client.load(f"https://localhost:{origin.port}/")
    assert (sink.events, sink.error.code) == (["fail"], Code.SECURE_CONNECTION_FAILED)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_3])
def test_client_certificate_required(world, authority, version):
    """A server that wants a client's certificate and gets none: -1206."""
    context = serving(authority.issue_cert("localhost"))
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    context.minimum_version = version
    client = secure(world, trusting(authority))
    with world.origin(simple, context) as origin:
        sink = client.load(f"https://localhost:{origin.port}/")
    assert sink.error.code == Code.CLIENT_CERTIFICATE_REQUIRED


def test_client_certificate_rejected(world, authority):
    """A client's certificate that the server does not trust: -1205."""
    context = serving(authority.issue_cert("localhost"))
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    mine = trusting(authority)
    trustme.CA().issue_cert("me").configure_cert(mine)
    client = secure(world, mine)
    with world.origin(simple, context) as origin:
        sink = client.load(f"https://localhost:{origin.port}/")
    assert sink.error.code == Code.CLIENT_CERTIFICATE_REJECTED


def test_cancel_in_handshake(world, authority):
    """Cancelling while a handshake hangs ends it at once and leaves nothing behind."""
    hello, closed = world.event(), world.event()

    async def script(peer: Peer) -> None:
        await peer.receive()
        hello.set()
        if not await peer.receive():
            closed.set()

    client = secure(world, trusting(authority))
    with world.origin(script) as origin:
        exchange = client.open(f"https://localhost:{origin.port}/")
        hello.wait()
        exchange.cancel()
        world.settle()
        closed.wait()
    assert exchange.sink.events == []
    assert world.wires(client) == set()
    assert client.channel._pools == {}


@pytest.mark.parametrize(("verifies", "warning"), [("nobody", "verifies no server's certificate"), ("no name", "the certificate of any host")])
@pytest.mark.parametrize("identity", [False, True])
def test_a_context_that_does_not_verify_is_used_and_warned_of(world, authority, tmp_path, verifies, warning, identity):
    """Where a client's certificate is shown, too; whoever is asked about the server hears of no problem."""
    context = trusting(authority)
    context.check_hostname = False
    if verifies == "nobody":
        context.verify_mode = ssl.CERT_NONE
    with pytest.warns(RuntimeWarning, match=warning):
        client = secure(world, context)
    stranger = trustme.CA() if verifies == "nobody" else authority
    problems = []

    def judge(trust, wanted, go_on):
        problems.append(trust.problem)
        go_on()

    authority.issue_cert("ann@example.com").private_key_and_cert_chain_pem.write_to_path(tmp_path / "ann.pem")
    terms = Terms(judge=judge, identity=URLCredential.identity((str(tmp_path / "ann.pem"),)) if identity else None)
    with world.origin(simple, serving(stranger.issue_cert("other.example"))) as origin:
        request = Request("GET", f"https://localhost:{origin.port}/a", [], terms=terms)
        sink = world.recorder()
        world.call(client.channel.open, request, sink)
        assert sink.succeed().body == b"/a"
    assert problems == [None]
