"""Handshakes of NTLM and Negotiate, each on a connection of its own."""
from __future__ import annotations

from base64 import b64decode, b64encode

import pytest

from sessionmock import AuthChallengeDisposition, URLCredential, URLRequest, URLSession, URLSessionConfiguration, use_route
from tests.routes.live.peers import Peer

from .conftest import PATIENCE, Loader, SessionLevel, TaskLevel

spnego = pytest.importorskip("spnego")


@pytest.fixture
def server(world, tmp_path, monkeypatch):
    """A server that knows ann by NTLM, one handshake for each connection."""
    users = tmp_path / "users"
    users.write_text("HOME:ann:secret\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(users))

    async def script(peer: Peer) -> None:
        context = spnego.server(protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
        while await peer.read_head():
            body = await peer.read_body()
            scheme, _, token = (peer.field("authorization") or "").partition(" ")
            try:
                answer = context.step(b64decode(token)) if scheme == "NTLM" else None
            except spnego.exceptions.SpnegoError:
                answer = None
            if context.complete:
                await peer.reply(f"{context.client_principal} {len(body)} {peer.number}".encode())
                context = spnego.server(protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
            else:
                challenge = "NTLM" if answer is None else f"NTLM {b64encode(answer).decode()}"
                await peer.reply(b"?" * 5000, f"WWW-Authenticate: {challenge}", status="401 Unauthorized")

    with world.origin(script) as origin:
        yield origin


def answering(user, password):
    def answer(challenge):
        if challenge.previous_failure_count:
            return AuthChallengeDisposition.PERFORM_DEFAULT_HANDLING
        return AuthChallengeDisposition.USE_CREDENTIAL, URLCredential(user, password)

    return answer


@pytest.mark.parametrize("kind", [SessionLevel, TaskLevel])
def test_handshake(world, server, kind):
    """A handshake of NTLM stays on one connection, with the body of the request; the session is asked first."""
    delegate = kind(answering("HOME\\ann", "secret"))
    request = URLRequest(server.url, http_method="POST", http_body=b"abc")
    assert Loader(world, None)(delegate, request) == [b"HOME\\ann 3 2"]
    assert server.connections == 2
    (challenge,) = delegate.asked
    assert challenge.protection_space.authentication_method == "NSURLAuthenticationMethodNTLM"


def test_at_once(world, server):
    """Handshakes of many tasks at once do not meet on a connection."""
    delegate = SessionLevel(answering("HOME\\ann", "secret"))
    configuration = URLSessionConfiguration.ephemeral()
    with use_route(Loader(world, None).route), URLSession(configuration, delegate) as session:
        loadings = [session.data(f"{server.url}/{number}") for number in range(8)]
        for loading in loadings:
            loading.task.resume()
        bodies = [loading.result(PATIENCE)[0] for loading in loadings]
    assert {body.split(b" ")[0] for body in bodies} == {b"HOME\\ann"}
    assert len({body.split(b" ")[2] for body in bodies}) == 8


def test_refused(world, server):
    """A wrong password is a failure of the credential; without another the 401 is the response."""
    delegate = SessionLevel(answering("HOME\\ann", "wrong"))
    (body,) = Loader(world, None)(delegate, server.url)
    assert body == b"?" * 5000
    assert [one.previous_failure_count for one in delegate.asked] == [0, 1]


@pytest.mark.parametrize("challenge", ["NTLM !!!", "NTLM AAAA", "Negotiate", "Negotiate AAAA"])
def test_no_handshake(world, challenge):
    """A server whose messages are none is refused without an error of ours: its 401 is the response."""
    async def script(peer: Peer) -> None:
        while await peer.read_head():
            await peer.reply(b"no", f"WWW-Authenticate: {challenge}", status="401 Unauthorized")

    with world.origin(script) as origin:
        assert Loader(world, None)(SessionLevel(answering("HOME\\ann", "secret")), origin.url) == [b"no"]
