"""Certificates: the server's, and the client's."""
from __future__ import annotations

from typing import Any

import pytest

import sessionmock as sm
from sessionmock.core.authentication import ATTEMPT_LIMIT
from sessionmock.core.machine import Event, Phase
from sessionmock.errors import CERTIFICATE_AUTHORITIES, PEER_TRUST, Code, URLError
from sessionmock.load.certificates import Certificates
from sessionmock.load.challenger import Challenger
from sessionmock.models.message import Request
from sessionmock.models.trust import ServerTrust, Terms

from .doubles import Parts

URL = "https://a.test/"
Disposition = sm.AuthChallengeDisposition
MINE, OTHER = sm.URLCredential.identity("mine.pem"), sm.URLCredential.identity("other.pem")
FOR_NOW = sm.URLCredential.identity("mine.pem", persistence=sm.CredentialPersistence.NONE)
DEFAULT = (Disposition.PERFORM_DEFAULT_HANDLING, None)
REJECT = (Disposition.REJECT_PROTECTION_SPACE, None)
CANCEL = (Disposition.CANCEL_AUTHENTICATION_CHALLENGE, None)
UNTRUSTED = URLError(Code.SERVER_CERTIFICATE_UNTRUSTED)
CLIENTS = sm.URLProtectionSpace("a.test", 443, "https", None, sm.NSURLAuthenticationMethodClientCertificate)


def use(credential: Any) -> Any:
    return Disposition.USE_CREDENTIAL, credential


def required(code: Code = Code.CLIENT_CERTIFICATE_REQUIRED, authorities: tuple[bytes, ...] = (b"ca",)) -> URLError:
    return URLError(code, {CERTIFICATE_AUTHORITIES: authorities})


class Answering:
    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.challenges: list[sm.URLAuthenticationChallenge] = []

    def session_did_receive_challenge(self, session: Any, challenge: Any) -> Any:
        self.challenges.append(challenge)
        return self.answers.pop(0)


class Made:
    """The certificates of a load whose request is on its way."""

    def __init__(self, *answers: Any, asks: bool = True) -> None:
        self.delegate = Answering(*answers)
        self.parts = parts = Parts(self.delegate if asks else None, URL)
        self.certificates = Certificates(
            parts.context, parts.inbox, Challenger(parts.context, parts.inbox, parts.callbacks), parts.transfer, parts.body)
        parts.owner.on["take"] = parts.inbox.meet
        parts.owner.on["ASK_CHALLENGE"] = lambda ask: ask()
        parts.runs()
        self.parts.transfer.message = self.message = Request("GET", URL, [])
        self.went_on = 0

    def go_on(self) -> None:
        self.went_on += 1

    def presented(self, problem: URLError | None = None, wanted: tuple[bytes, ...] | None = None) -> ServerTrust:
        """A server has presented itself to the exchange."""
        trust = ServerTrust("a.test", 443, (b"leaf",), problem)
        self.certificates.asks_about_trust(self.parts.sink())(trust, wanted, self.go_on)
        self.parts.turn()
        return trust

    def failed(self, error: URLError) -> bool:
        """The request failed for want of a certificate; whether that is dealt with."""
        self.parts.machine.phase = Phase.LOADING
        dealt = self.certificates.failed(self.message, error)
        self.parts.turn()
        return dealt

    def resend(self, identity: Any) -> None:
        """The request as it goes out with what was chosen."""
        self.message = self.parts.transfer.message = Request("GET", URL, [], None, Terms(identity))

    @property
    def error(self) -> URLError | None:
        return next((note[1] for note in self.parts.owner.notes if note[0] == "FAIL"), None)

    @property
    def is_sent_again(self) -> bool:
        return ["DROP", "OPEN"] == self.parts.owner.names()[-2:]


# the server's ----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("answer", [DEFAULT, use(None), use(MINE)])
def test_a_server_that_is_trusted_is_let_on(answer: Any) -> None:
    """The delegate sees what it presented; the exchange goes on."""
    made = Made(answer)
    trust = made.presented()
    [challenge] = made.delegate.challenges
    assert (trust, "a.test", 443, "https") == (challenge.protection_space.server_trust, challenge.protection_space.host,
                                               challenge.protection_space.port, challenge.protection_space.protocol)
    assert (1, Phase.LOADING, None) == (made.went_on, made.parts.machine.phase, made.error)


def test_a_server_that_is_not_trusted_ends_the_load() -> None:
    """With what the usual verification says, and the chain."""
    made = Made(DEFAULT)
    trust = made.presented(UNTRUSTED)
    assert made.error is not None
    assert (0, Code.SERVER_CERTIFICATE_UNTRUSTED, trust) == (made.went_on, made.error.code, made.error.user_info[PEER_TRUST])


@pytest.mark.parametrize(("chain", "trusted"), [((b"leaf",), True), ((b"another",), False)])
def test_a_credential_for_this_very_chain_stands_in_for_the_verification(chain: tuple[bytes, ...], trusted: bool) -> None:
    """And one for another does not."""
    made = Made(use(sm.URLCredential.trust(ServerTrust("a.test", 443, chain))))
    made.presented(UNTRUSTED)
    assert (trusted, trusted) == (made.went_on == 1, made.error is None)


@pytest.mark.parametrize(("answer", "code"), [(REJECT, Code.SERVER_CERTIFICATE_UNTRUSTED), (CANCEL, Code.CANCELLED)])
def test_a_server_that_the_delegate_does_not_want(answer: Any, code: Code) -> None:
    """-1202 with the chain, or -999."""
    made = Made(answer)
    trust = made.presented()
    assert made.error is not None
    assert (0, code, trust if answer is REJECT else None) == (made.went_on, made.error.code, made.error.failure_url_peer_trust)


def test_a_server_of_an_exchange_that_was_given_up_is_nobodys_business() -> None:
    """It is not asked about."""
    made = Made()
    judge, trust = made.certificates.asks_about_trust(made.parts.sink()), ServerTrust("a.test", 443, ())
    made.parts.sink()
    judge(trust, None, made.go_on)
    assert (0, []) == (made.went_on, made.delegate.challenges)


def test_a_server_that_would_like_to_see_a_certificate() -> None:
    """The delegate is asked for one, and may do without: the exchange goes on, and it is not asked again."""
    made = Made(DEFAULT, DEFAULT, DEFAULT)
    made.presented(wanted=(b"ca",))
    assert [sm.NSURLAuthenticationMethodServerTrust, sm.NSURLAuthenticationMethodClientCertificate] == [
        each.protection_space.authentication_method for each in made.delegate.challenges]
    assert ((b"ca",), None, 1) == (made.delegate.challenges[1].protection_space.distinguished_names, made.delegate.challenges[1].error, made.went_on)
    made.presented(wanted=(b"ca",))
    assert (3, 2) == (len(made.delegate.challenges), made.went_on)


def test_a_certificate_that_was_wanted_is_shown_by_a_request_that_is_sent_again() -> None:
    """Over a connection that has it."""
    made = Made(DEFAULT, use(MINE))
    made.presented(wanted=())
    assert (0, True, MINE) == (made.went_on, made.is_sent_again, made.certificates.identity(made.message, stored=False))


# the client's ------------------------------------------------------------------------------------------------------------------
def test_a_server_that_insists() -> None:
    """The delegate is asked, with the authorities that it named; the request is sent again with what it gives."""
    made = Made(use(MINE))
    assert made.failed(required())
    [challenge] = made.delegate.challenges
    assert ((b"ca",), 0, None, None) == (challenge.protection_space.distinguished_names, challenge.previous_failure_count,
                                         challenge.proposed_credential, challenge.error)
    assert (True, MINE) == (made.is_sent_again, made.certificates.identity(made.message, stored=True))


@pytest.mark.parametrize("answer", [DEFAULT, REJECT, use(None), use(sm.URLCredential("ann", "secret"))])
def test_without_a_certificate_the_failure_is_the_outcome(answer: Any) -> None:
    """Nothing was stored, none was given, or it was none; and nobody is asked a second time."""
    made = Made(answer)
    error = required()
    assert made.failed(error)
    assert error is made.error
    assert not made.failed(error)


def test_the_delegate_cancels() -> None:
    """-999."""
    made = Made(CANCEL)
    made.failed(required())
    assert made.error is not None
    assert Code.CANCELLED is made.error.code


@pytest.mark.parametrize("code", [Code.NETWORK_CONNECTION_LOST, Code.SECURE_CONNECTION_FAILED])
def test_another_failure_is_no_matter_of_certificates(code: Code) -> None:
    """It is the outcome."""
    assert not Made().failed(URLError(code))


def test_what_is_chosen_for_the_session_is_shown_by_other_loads_too() -> None:
    """And what is chosen for now is this load's alone."""
    for given, known in ((MINE, {("a.test", 443): MINE}), (FOR_NOW, {})):
        made = Made(use(given))
        made.failed(required())
        assert (known, given) == (made.parts.context.accepted.identities, made.certificates.identity(made.message, stored=False))


def test_a_stored_certificate_is_shown_where_nobody_is_asked() -> None:
    """As default handling would choose it; a stored password is none."""
    made = Made(asks=False)
    assert made.certificates.identity(made.message, stored=True) is None
    made.parts.context.keep_credentials([(CLIENTS, sm.URLCredential("ann", "secret"))], None)
    assert made.certificates.identity(made.message, stored=True) is None
    made.parts.context.keep_credentials([(CLIENTS, MINE)], None)
    assert (None, MINE) == (made.certificates.identity(made.message, stored=False), made.certificates.identity(made.message, stored=True))


def test_default_handling_shows_the_stored_certificate() -> None:
    """It is proposed, and not shown twice: one that was refused is stored no longer, as far as this load goes."""
    made = Made(DEFAULT, DEFAULT)
    made.parts.context.keep_credentials([(CLIENTS, MINE)], None)
    made.failed(required())
    assert (MINE, True) == (made.delegate.challenges[0].proposed_credential, made.is_sent_again)
    made.resend(MINE)
    error = required(Code.CLIENT_CERTIFICATE_REJECTED)
    made.failed(error)
    assert (MINE, 1, error, error) == (made.delegate.challenges[1].proposed_credential, made.delegate.challenges[1].previous_failure_count,
                                       made.delegate.challenges[1].error, made.error)


def test_a_certificate_that_another_load_chose_and_that_is_refused_is_forgotten() -> None:
    """By the session, unless it knows another by then; it counts as one of this load's tries."""
    for known, left in ((MINE, {}), (OTHER, {("a.test", 443): OTHER})):
        made = Made(use(None))
        made.parts.context.accepted.identities["a.test", 443] = known
        made.resend(MINE)
        made.failed(required(Code.CLIENT_CERTIFICATE_REJECTED))
        assert (1, left) == (made.delegate.challenges[0].previous_failure_count, made.parts.context.accepted.identities)


def test_tries_are_limited() -> None:
    """A delegate that always has another one is not asked for ever."""
    tries = [sm.URLCredential.identity(f"{number}.pem") for number in range(ATTEMPT_LIMIT + 1)]
    made = Made(*map(use, tries))
    for each in tries:
        assert made.error is None
        assert made.failed(required(Code.CLIENT_CERTIFICATE_REJECTED))
        made.resend(each)
    assert made.error is not None
    assert Code.CLIENT_CERTIFICATE_REJECTED is made.error.code


def test_what_comes_of_the_present_exchange_is_an_event() -> None:
    """The question about a server waits as any other event does."""
    made = Made(DEFAULT)
    made.parts.inbox.suspend()
    made.presented()
    assert [] == made.delegate.challenges
    made.parts.inbox.resume()
    made.parts.turn()
    assert (1, 1) == (len(made.delegate.challenges), made.went_on)
    assert Event.CHALLENGE in [note[1] for note in made.parts.owner.notes if note[0] == "take"]
