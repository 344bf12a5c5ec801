"""Which challenges a load meets, and which part of it answers them."""
from __future__ import annotations

from typing import Any

import pytest

import sessionmock as sm
from sessionmock.core.machine import Phase
from sessionmock.errors import Code, URLError, url_error
from sessionmock.load.challenges import Challenges
from sessionmock.models.message import Request, header
from sessionmock.models.trust import TunnelRefused

from .doubles import HandRoute, Parts, head

Disposition = sm.AuthChallengeDisposition
ANN = sm.URLCredential("ann", "secret")
BASIC = [("WWW-Authenticate", 'Basic realm="r"')]
ANNS = "Basic YW5uOnNlY3JldA=="


class Proxied(HandRoute):
    """A route whose requests go through a proxy."""

    def proxy_for(self, parts: Any) -> Any:
        return sm.ProxyConfiguration.http_connect("proxy.test", 8080)


class Answering:
    def __init__(self, *answer: Any) -> None:
        self.answer = answer
        self.challenges: list[Any] = []

    def task_did_receive_challenge(self, session: Any, task: Any, challenge: Any, handler: Any) -> None:
        self.challenges.append(challenge)
        self.handler = handler
        if self.answer:
            handler(*self.answer)


class Made:
    """The challenges of a load whose request is on its way."""

    def __init__(self, delegate: Any = None, url: str = "http://a.test/", route: Any = None) -> None:
        self.parts = parts = Parts(delegate, url)
        self.challenges = Challenges(parts.context, parts.inbox, parts.callbacks, parts.transfer, parts.body, route or HandRoute())
        parts.owner.on["ASK_CHALLENGE"] = lambda ask: ask()
        self.send()

    def send(self) -> Request:
        self.sink = self.parts.sink()
        self.message = self.parts.transfer.message = Request("GET", self.parts.transfer.request.url or "", [])
        self.challenges.authorize(self.message)
        if self.message.parts.scheme == "https":
            self.challenges.secure(self.message, self.sink)
        self.parts.runs()
        return self.message

    def refused(self, status: int = 401, headers: Any = tuple(BASIC)) -> bool:
        final = head(status, list(headers))
        dealt = self.challenges.refused(final, sm.HTTPURLResponse.from_head("http://a.test/", final))
        self.parts.queue.run()
        return dealt


# what a request says -----------------------------------------------------------------------------------------------------
def test_a_plain_request_asks_nothing_of_its_connection() -> None:
    """No terms are made for it, and no part for what is not met."""
    made = Made()
    assert (None, None, None) == (made.message.terms, made.challenges._passwords, made.challenges._certificates)


@pytest.mark.parametrize(("delegate", "judged"), [(None, False), (Answering(), True)])
def test_a_server_is_judged_where_there_is_somebody_to_judge_it(delegate: Any, judged: bool) -> None:
    """Over TLS; without a delegate the usual verification is all there is."""
    made = Made(delegate, "https://a.test/")
    terms = made.message.terms
    assert judged is (terms is not None and terms.judge is not None)


def test_a_stored_certificate_is_shown() -> None:
    """Where nobody is asked."""
    made = Made(url="https://a.test/")
    space = sm.URLProtectionSpace("a.test", 443, "https", None, sm.NSURLAuthenticationMethodClientCertificate)
    mine = sm.URLCredential.identity("mine.pem")
    made.parts.context.keep_credentials([(space, mine)], None)
    terms = made.send().terms
    assert terms is not None
    assert (mine, None, None) == terms


# what a response says ----------------------------------------------------------------------------------------------------------
def later() -> None:
    """What only a fault puts off."""
    raise AssertionError("nothing was put off")


def test_what_let_a_request_in_is_kept() -> None:
    """By the session's storage, and goes ahead with other loads."""
    made = Made(Answering(Disposition.USE_CREDENTIAL, ANN))
    assert made.refused()
    assert ANNS == header(made.send().headers, "authorization")
    assert not made.challenges.accepted(head(200), later)
    [(space, by_user)] = made.parts.context.credential_storage.all_credentials.items()      # type: ignore[union-attr]
    assert ("r", {"ann": ANN}) == (space.realm, by_user)
    other = Challenges(made.parts.context, made.parts.inbox, made.parts.callbacks, made.parts.transfer, made.parts.body, HandRoute())
    message = Request("GET", "http://a.test/", [])
    other.authorize(message)
    assert ANNS == header(message.headers, "authorization")


def test_an_answer_that_no_password_let_in_leaves_nothing_to_keep() -> None:
    """Nothing was asked."""
    made = Made()
    assert not made.challenges.accepted(head(200), later)
    assert {} == made.parts.context.credential_storage.all_credentials       # type: ignore[union-attr]


# what a failure says -----------------------------------------------------------------------------------------------------------
def test_a_tunnel_that_was_refused_asks_for_the_proxys_credential() -> None:
    """The 407 is no response of the server's, but what the delegate sees."""
    made = Made(delegate := Answering(Disposition.USE_CREDENTIAL, ANN), "https://a.test/", Proxied())
    refused = TunnelRefused(head(407, [("Proxy-Authenticate", 'Basic realm="p"')]))
    assert made.challenges.failed(url_error(Code.CANNOT_CONNECT_TO_HOST, "https://a.test/", refused))
    made.parts.queue.run()
    [challenge] = delegate.challenges
    assert ("proxy.test", 407) == (challenge.protection_space.host, challenge.failure_response.status_code)
    assert ANNS == header(made.send().headers, "proxy-authorization")


def test_a_want_of_a_certificate_is_a_challenge() -> None:
    """Where the failure says so."""
    made = Made(delegate := Answering(Disposition.PERFORM_DEFAULT_HANDLING), "https://a.test/")
    assert made.challenges.failed(URLError(Code.CLIENT_CERTIFICATE_REQUIRED))
    made.parts.queue.run()
    assert 1 == len(delegate.challenges)


@pytest.mark.parametrize("when", ["another refusal", "no exchange", "after the head", "before it was sent"])
def test_a_failure_that_is_none(when: str) -> None:
    """Another refusal of the tunnel, and whatever goes wrong where no exchange waits for its head."""
    made = Made(Answering(), "https://a.test/", Proxied())
    error = URLError(Code.CLIENT_CERTIFICATE_REQUIRED)
    if when == "another refusal":
        error = url_error(Code.CANNOT_CONNECT_TO_HOST, "https://a.test/", TunnelRefused(head(502)))
    elif when == "no exchange":
        made.parts.inbox.sink = None
    elif when == "after the head":
        made.sink.transaction.head = head(200)
    else:
        made.parts.transfer.message = None
    assert not made.challenges.failed(error)


# what a protocol class asks ------------------------------------------------------------------------------------------------------
SPACE = sm.URLProtectionSpace("a.test", 80, "http")


class Asked:
    """A class's question, while it is asked."""

    def __init__(self, *answer: Any) -> None:
        self.delegate = Answering(*answer)
        self.made = Made(self.delegate)
        self.challenge = sm.URLAuthenticationChallenge(protection_space=SPACE)
        self.answers: list[Any] = []
        self.made.parts.machine.phase = Phase.CHALLENGED
        self.made.challenges.ask_for(self.challenge, lambda *values: self.answers.append(values))
        self.made.parts.queue.run()


def test_the_class_gets_the_delegates_answer() -> None:
    """Off the load's own turn, which goes on."""
    asked = Asked(Disposition.USE_CREDENTIAL, ANN)
    assert (["work"], [], Phase.LOADING) == (asked.made.parts.engine.given(), asked.answers, asked.made.parts.machine.phase)
    asked.made.parts.engine.run()
    assert ([(Disposition.USE_CREDENTIAL, ANN)], [asked.challenge]) == (asked.answers, asked.delegate.challenges)


def test_a_challenge_that_is_cancelled_ends_the_load() -> None:
    """And the class hears nothing."""
    asked = Asked(Disposition.CANCEL_AUTHENTICATION_CHALLENGE)
    asked.made.parts.engine.run()
    assert ([], True, ["ABORT", "FAIL"]) == (asked.answers, asked.made.parts.machine.cancelled, asked.made.parts.owner.names())


def test_a_challenge_that_is_withdrawn_is_answered_by_nobody() -> None:
    """The load goes on, and what the delegate says later changes nothing."""
    asked = Asked()
    asked.made.challenges.withdraw(asked.challenge)
    assert (Phase.LOADING, True) == (asked.made.parts.machine.phase, asked.made.parts.machine.gate_is_open)
    asked.delegate.handler(Disposition.USE_CREDENTIAL, ANN)
    asked.made.parts.engine.run()
    assert [] == asked.answers


@pytest.mark.parametrize("which", ["another", "answered"])
def test_only_the_challenge_that_is_out_can_be_withdrawn(which: str) -> None:
    """Another one, or one that was answered, changes nothing."""
    asked = Asked()
    if which == "answered":
        asked.delegate.handler(Disposition.USE_CREDENTIAL, ANN)
        asked.made.challenges.withdraw(asked.challenge)
        assert Phase.LOADING is asked.made.parts.machine.phase
        return
    asked.made.challenges.withdraw(sm.URLAuthenticationChallenge(protection_space=SPACE))
    assert (Phase.CHALLENGED, False) == (asked.made.parts.machine.phase, asked.made.parts.machine.gate_is_open)
