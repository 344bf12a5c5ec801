"""User and password, for servers and proxies."""
from __future__ import annotations

from typing import Any

import pytest

import sessionmock as sm
from sessionmock.core.machine import Phase
from sessionmock.errors import Code, URLError
from sessionmock.load import negotiation
from sessionmock.load.challenger import Challenger
from sessionmock.load.passwords import Passwords
from sessionmock.models.message import Request, ResponseHead, header

from .doubles import URL, Parts, head

Disposition = sm.AuthChallengeDisposition
ANN = sm.URLCredential("ann", "secret")
BASIC = 'Basic realm="r"'
ANNS = "Basic YW5uOnNlY3JldA=="
PROXY = sm.ProxyConfiguration.http_connect("proxy.test", 8080, "pat", "pass")
PATS = "Basic cGF0OnBhc3M="


class Answering:
    """Gives answers one after the other, and keeps the challenges."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.challenges: list[sm.URLAuthenticationChallenge] = []

    def task_did_receive_challenge(self, session: Any, task: Any, challenge: Any) -> Any:
        self.challenges.append(challenge)
        return self.answers.pop(0)


class Made:
    """The passwords of a load whose request was refused."""

    def __init__(self, *answers: Any, asks: bool = True) -> None:
        self.delegate = Answering(*answers)
        self.parts = parts = Parts(self.delegate if asks else None)
        self.passwords = Passwords(parts.context, parts.inbox, Challenger(parts.context, parts.inbox, parts.callbacks), parts.body)
        parts.owner.on["ASK_CHALLENGE"] = lambda ask: ask()

    def send(self, proxy: Any = None) -> Request:
        """What goes out now, with what answers a challenge."""
        self.message = Request("GET", URL, [("Accept", "*/*")])
        self.lane = self.passwords.authorize(self.message, proxy)
        self.parts.runs()
        return self.message

    def refuse(self, final: ResponseHead | None = None, proxy: Any = None, refusal: URLError | None = None) -> bool:
        """It was refused; whether that is dealt with."""
        final = final or head(401, [("WWW-Authenticate", BASIC)])
        self.response = sm.HTTPURLResponse.from_head(URL, final)
        dealt = self.passwords.refused(self.message, proxy, final, self.response, refusal)
        self.parts.queue.run()
        return dealt

    @property
    def effects(self) -> list[str]:
        return self.parts.owner.names()


def use(credential: Any) -> Any:
    return Disposition.USE_CREDENTIAL, credential


def test_a_challenge_is_answered_with_the_delegates_credential() -> None:
    """The request is sent again with it; the delegate sees the space and the response that asked."""
    made = Made(use(ANN))
    assert None is header(made.send().headers, "authorization")
    assert made.refuse()
    assert (["ASK_CHALLENGE", "DROP", "OPEN"], Phase.LOADING) == (made.effects, made.parts.machine.phase)
    assert ANNS == header(made.send().headers, "authorization")
    [challenge] = made.delegate.challenges
    assert ("r", 0, made.response, None) == (
        challenge.protection_space.realm, challenge.previous_failure_count, challenge.failure_response, challenge.proposed_credential)
    assert None is made.lane


def test_what_the_user_set_by_hand_is_replaced_by_the_answer() -> None:
    """One field, not two."""
    made = Made(use(ANN))
    made.send()
    made.refuse()
    message = Request("GET", URL, [("authorization", "Bearer x"), ("X", "y")])
    made.passwords.authorize(message, None)
    assert [("X", "y"), ("Authorization", ANNS)] == message.headers


def test_a_credential_that_was_taken_is_to_be_kept() -> None:
    """As the delegate gave it; and goes ahead with other loads of the session, unasked."""
    made = Made(use(ANN))
    made.send()
    made.refuse()
    message = made.send()
    [(space, credential)] = made.passwords.accepted(message, head(200))
    assert ("r", ANN) == (space.realm, credential)
    again = Request("GET", URL, [])
    Passwords(made.parts.context, made.parts.inbox, Challenger(made.parts.context, made.parts.inbox, made.parts.callbacks),
              made.parts.body).authorize(again, None)
    assert ANNS == header(again.headers, "authorization")


def test_a_stored_credential_is_what_default_handling_uses() -> None:
    """It is proposed to whoever is asked, and used where nobody is."""
    made = Made((Disposition.PERFORM_DEFAULT_HANDLING, None))
    nobody = Made(asks=False)
    for each in (made, nobody):
        each.send()
        each.parts.context.keep_credentials([(sm.URLProtectionSpace("a.test", 80, "http", "r", sm.NSURLAuthenticationMethodHTTPBasic), ANN)], None)
        each.refuse()
        assert ANNS == header(each.send().headers, "authorization")
    assert ANN == made.delegate.challenges[0].proposed_credential


def test_without_a_credential_the_response_is_the_outcome() -> None:
    """The 401 is delivered (scenario auth-basic-default)."""
    made = Made(use(None))
    made.send()
    assert made.refuse()
    assert [("ASK_RESPONSE", made.response)] == [note for note in made.parts.owner.notes if note[0] == "ASK_RESPONSE"]


def test_the_delegate_cancels() -> None:
    """-999."""
    made = Made((Disposition.CANCEL_AUTHENTICATION_CHALLENGE, None))
    made.send()
    made.refuse()
    assert (["ASK_CHALLENGE", "ABORT", "FAIL"], True) == (made.effects, made.parts.machine.cancelled)


def test_a_space_that_is_rejected_makes_room_for_the_next() -> None:
    """Each is asked about, the stronger first."""
    made = Made((Disposition.REJECT_PROTECTION_SPACE, None), use(ANN))
    made.send()
    made.refuse(head(401, [("WWW-Authenticate", BASIC), ("WWW-Authenticate", 'Digest realm="d", nonce="n", qop="auth"')]))
    assert ["d", "r"] == [each.protection_space.realm for each in made.delegate.challenges]
    assert ANNS == header(made.send().headers, "authorization")


def test_a_challenge_that_cannot_be_answered_is_no_matter_of_passwords() -> None:
    """The response is what it is."""
    made = Made()
    made.send()
    assert not made.refuse(head(401, [("WWW-Authenticate", "Unknown x")]))
    assert [] == made.effects


def test_a_stale_nonce_is_answered_without_asking_again() -> None:
    """RFC 7616, section 3.3."""
    made = Made(use(ANN))
    made.send()
    made.refuse(head(401, [("WWW-Authenticate", 'Digest realm="d", nonce="1", qop="auth"')]))
    made.send()
    assert made.refuse(head(401, [("WWW-Authenticate", 'Digest realm="d", nonce="2", stale=true, qop="auth"')]))
    assert ["ASK_CHALLENGE", "DROP", "OPEN", "DROP", "OPEN"] == made.effects
    assert 'nonce="2"' in (header(made.send().headers, "authorization") or "")


# proxies -----------------------------------------------------------------------------------------------------------------
def test_a_proxys_own_credential_is_proposed_for_it() -> None:
    """Where none is stored; it is what default handling uses."""
    made = Made((Disposition.PERFORM_DEFAULT_HANDLING, None))
    made.send(PROXY)
    assert made.refuse(head(407, [("Proxy-Authenticate", BASIC)]), PROXY)
    [challenge] = made.delegate.challenges
    assert ("proxy.test", 8080, True, PROXY.credential) == (
        challenge.protection_space.host, challenge.protection_space.port, challenge.protection_space.is_proxy, challenge.proposed_credential)
    message = made.send(PROXY)
    assert (PATS, None) == (header(message.headers, "proxy-authorization"), header(message.headers, "authorization"))


def test_a_refusal_that_is_no_response_is_the_outcome_itself() -> None:
    """A tunnel that was refused has no response to deliver: the load fails of it where there is no credential."""
    made, refusal = Made(use(None)), URLError(Code.CANNOT_CONNECT_TO_HOST)
    made.send(PROXY)
    assert made.refuse(head(407, [("Proxy-Authenticate", BASIC)]), PROXY, refusal)
    assert ("FAIL", refusal) == made.parts.owner.notes[-2 if made.parts.owner.notes[-1] == ("adjust",) else -1]


# handshakes -----------------------------------------------------------------------------------------------------------------
def test_a_handshake_has_a_connection_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages of NTLM and Negotiate are about the connection that they come over (RFC 4559): the same lane for all of them."""
    def negotiator(scheme: str, host: str, credential: Any) -> Any:
        return lambda token: b"first" if token is None else b"then"

    monkeypatch.setattr(negotiation, "negotiator", lambda: negotiator)
    made = Made(use(ANN))
    made.send()
    made.refuse(head(401, [("WWW-Authenticate", "NTLM")]))
    assert "NTLM Zmlyc3Q=" == header(made.send().headers, "authorization")
    lane = made.lane
    made.refuse(head(401, [("WWW-Authenticate", "NTLM dG9rZW4=")]))
    assert "NTLM dGhlbg==" == header(made.send().headers, "authorization")
    assert lane is made.lane is not None
