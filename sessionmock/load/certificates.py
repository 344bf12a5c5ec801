"""Certificates: whether a server's is trusted, and which one of the client's it gets to see."""
from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

from ..core.authentication import ATTEMPT_LIMIT
from ..core.machine import Event
from ..errors import CERTIFICATE_AUTHORITIES, PEER_TRUST, Code, URLError
from ..models.credential import (
    CredentialPersistence,
    NSURLAuthenticationMethodClientCertificate,
    NSURLAuthenticationMethodServerTrust,
    URLAuthenticationChallenge,
    URLCredential,
    URLProtectionSpace,
)
from ..models.enums import AuthChallengeDisposition
from ..models.message import Request
from ..models.trust import Judge, ServerTrust
from .body import Body
from .challenger import Challenger
from .context import Context
from .inbox import Inbox
from .sink import LoadSink
from .transfer import Transfer

_Place = tuple[str, int]      # a host and a port
_REFUSALS = frozenset({Code.CLIENT_CERTIFICATE_REQUIRED, Code.CLIENT_CERTIFICATE_REJECTED})


class Certificates:
    """What TLS asks of one load."""

    __slots__ = ("_body", "_challenger", "_context", "_declined", "_inbox", "_shown", "_transfer")

    def __init__(self, context: Context, inbox: Inbox, challenger: Challenger, transfer: Transfer, body: Body) -> None:
        self._context, self._inbox, self._challenger, self._transfer, self._body = context, inbox, challenger, transfer, body
        self._shown: dict[_Place, list[URLCredential]] = {}    # certificates of the client
        self._declined: set[_Place] = set()                    # where there was none to show

    # the server's -------------------------------------------------------------------------------------------------
    def asks_about_trust(self, sink: LoadSink) -> Judge:
        """What the route asks when a server has presented itself to the exchange of `sink`; on the engine."""
        def ask(trust: ServerTrust, wanted: tuple[bytes, ...] | None, go_on: Callable[[], None]) -> None:
            self._inbox.bring(sink, Event.CHALLENGE, partial(self._ask_trust, trust, wanted, go_on))

        return ask

    def _ask_trust(self, trust: ServerTrust, wanted: tuple[bytes, ...] | None, go_on: Callable[[], None]) -> None:
        space = URLProtectionSpace(
            trust.host, trust.port, "https", None, NSURLAuthenticationMethodServerTrust, server_trust=trust)
        self._challenger.put(URLAuthenticationChallenge(protection_space=space), partial(self._trust_answered, trust, wanted, go_on))

    def _trust_answered(self, trust: ServerTrust, wanted: tuple[bytes, ...] | None, go_on: Callable[[], None],
                        disposition: AuthChallengeDisposition, credential: URLCredential | None = None) -> None:
        """Only a credential for this very chain stands in for the usual verification. A server that is trusted and would like to
        see a certificate may do without: it is asked about before the request is sent, and no certificate is an answer."""
        if disposition is AuthChallengeDisposition.CANCEL_AUTHENTICATION_CHALLENGE:
            self._inbox.call_off()
        elif disposition is AuthChallengeDisposition.REJECT_PROTECTION_SPACE:
            error = self._inbox.owner.failure(Code.SERVER_CERTIFICATE_UNTRUSTED)
            error.user_info[PEER_TRUST] = trust
            self._inbox.meet(Event.FAILED, error)
        elif trust.problem is None or (disposition is AuthChallengeDisposition.USE_CREDENTIAL and credential is not None
                                       and credential.server_trust == trust):
            if wanted is None or (trust.host, trust.port) in self._declined:
                self._let_on(go_on)
            else:
                self._ask(None, wanted, partial(self._let_on, go_on))
        else:
            self._inbox.meet(Event.FAILED, trust.evaluate())

    def _let_on(self, go_on: Callable[[], None]) -> None:
        self._inbox.meet(Event.ALLOW)
        go_on()

    # the client's -------------------------------------------------------------------------------------------------
    def identity(self, message: Request, stored: bool) -> URLCredential | None:
        """The certificate for the server of `message`, which sees it only where it asks: what was chosen last, or else the
        `stored` one, which default handling would choose."""
        place = message.parts.host, message.parts.port
        chosen = self._shown[place][-1] if self._shown.get(place) else self._context.accepted.identities.get(place)
        if chosen is None and stored and (found := self._challenger.stored(_space(place))) is not None and found.identity is not None:
            chosen = found
        return chosen

    def failed(self, message: Request, error: URLError) -> bool:
        """Whether the failure `error` of `message` asks for a certificate, which is dealt with then."""
        if error.code not in _REFUSALS or (message.parts.host, message.parts.port) in self._declined:
            return False
        authorities = error.user_info.get(CERTIFICATE_AUTHORITIES, ())
        self._inbox.meet(Event.CHALLENGE, partial(self._ask, error, authorities, partial(self._inbox.meet, Event.FAILED, error)))
        return True

    def _ask(self, error: URLError | None, authorities: tuple[bytes, ...], without: Callable[[], None]) -> None:
        """Ask for a certificate of one of the `authorities`, after `error` where the server insisted; `without` one, what comes."""
        message = self._transfer.message
        assert message is not None
        place = message.parts.host, message.parts.port
        refused = message.terms.identity if message.terms is not None else None
        shown = self._shown.setdefault(place, [])
        if refused is not None and refused not in shown:      # the session's, which another task chose
            shown.append(refused)
        known = self._context.accepted.identities
        if refused is not None and known.get(place) == refused:
            known.pop(place, None)
        space = _space(place, authorities)
        self._challenger.look_up(space, partial(self._ask_with, error, space, without, refused, shown))

    def _ask_with(self, error: URLError | None, space: URLProtectionSpace, without: Callable[[], None], refused: URLCredential | None,
                  shown: list[URLCredential], stored: URLCredential | None) -> None:
        if stored is not None and (stored.identity is None or stored in shown):
            stored = None
        challenge = URLAuthenticationChallenge(
            protection_space=space, proposed_credential=refused or stored, previous_failure_count=len(shown),
            error=error if refused is not None else None)
        self._challenger.put(challenge, partial(self._answered, without, (space.host, space.port), stored))

    def _answered(self, without: Callable[[], None], place: _Place, stored: URLCredential | None,
                  disposition: AuthChallengeDisposition, credential: URLCredential | None = None) -> None:
        choice: dict[Any, URLCredential | None] = {
            AuthChallengeDisposition.USE_CREDENTIAL: credential, AuthChallengeDisposition.PERFORM_DEFAULT_HANDLING: stored}
        used = choice.get(disposition)
        shown = self._shown[place]
        if disposition is AuthChallengeDisposition.CANCEL_AUTHENTICATION_CHALLENGE:
            self._inbox.call_off()
        elif used is None or used.identity is None or len(shown) >= ATTEMPT_LIMIT:
            self._declined.add(place)
            without()
        else:
            shown.append(used)
            if used.persistence != CredentialPersistence.NONE:
                self._context.accepted.identities[place] = used
            self._body.send_again()


@lru_cache(maxsize=256)
def _space(place: _Place, authorities: tuple[bytes, ...] = ()) -> URLProtectionSpace:
    return URLProtectionSpace(*place, "https", None, NSURLAuthenticationMethodClientCertificate, distinguished_names=authorities)
