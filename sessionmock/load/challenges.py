"""Challenges: what servers, proxies and TLS ask of a load, and what it sends to answer them (api.md, section 10)."""
from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from ..core.authentication import ATTEMPT_LIMIT, AuthenticationFlow, Next
from ..core.machine import Event, Phase
from ..errors import CERTIFICATE_AUTHORITIES, PEER_TRUST, Code, URLError, url_error
from ..models.body import again
from ..models.credential import (
    CredentialPersistence,
    NSURLAuthenticationMethodClientCertificate,
    NSURLAuthenticationMethodNegotiate,
    NSURLAuthenticationMethodNTLM,
    NSURLAuthenticationMethodServerTrust,
    URLAuthenticationChallenge,
    URLCredential,
    URLProtectionSpace,
)
from ..models.enums import AuthChallengeDisposition
from ..models.message import BodyStream, Request, ResponseHead
from ..models.proxy import ProxyConfiguration
from ..models.request import URLRequest
from ..models.response import HTTPURLResponse
from ..models.trust import ServerTrust, Terms, TunnelRefused
from . import negotiation
from .sink import Inflow
from .timeouts import Patience

if TYPE_CHECKING:
    from ..routes.base import Route
    from ..routes.url_protocol import Answered
    from .context import Context

# The session is asked first, because the answer is about the connection (api.md, section 4.1).
CONNECTION_LEVEL = frozenset({
    NSURLAuthenticationMethodNTLM, NSURLAuthenticationMethodNegotiate, NSURLAuthenticationMethodClientCertificate,
    NSURLAuthenticationMethodServerTrust,
})
_CERTIFICATE = frozenset({Code.CLIENT_CERTIFICATE_REQUIRED, Code.CLIENT_CERTIFICATE_REJECTED})


class Challenges(Patience):
    """Puts challenges to the delegates and acts on their answers."""

    __slots__ = ("_ask", "_authentication", "_body", "_declined", "_message", "_proxy", "_refusal", "_shown")

    _message: Request       # as it was sent last
    route: Route | None     # where requests go, None: live; of the classes built on this one

    def __init__(self, context: Context, task: Any, request: URLRequest, *, body: bytes | BodyStream | None, eager: bool) -> None:
        super().__init__(context, task, request, eager=eager)
        self._body = body
        self._ask: Any = None                 # the response that a question is about
        self._authentication: AuthenticationFlow | None = None
        self._proxy: ProxyConfiguration | None = None
        self._refusal: URLError | None = None     # what ends the load where the question is not about its response
        self._shown: dict[tuple[str, int], list[URLCredential]] = {}    # certificates of the client, by host and port
        self._declined: set[tuple[str, int]] = set()                    # where there was none to show

    def _authorize(self, message: Request) -> None:
        """Add what answers the last challenge, or what a server took before below the same path, and say what the connection
        must be like."""
        lane = None
        if self._authentication is not None or not self.context.accepted.empty:
            flow = self._know_proxy(message)
            for name, value in flow.fields(message):
                message.headers = [pair for pair in message.headers if pair[0].lower() != name.lower()]
                message.headers.append((name, value))
                if value.startswith(("NTLM ", "Negotiate ")):
                    lane = flow               # its messages are about the connection that they come over (RFC 4559)
        judge = identity = None
        if message.parts.scheme in ("https", "wss"):
            answers = "session_did_receive_challenge" in self.context.methods or self.method("task_did_receive_challenge") is not None
            if answers:
                assert self._flow is not None
                judge = partial(self._weigh, self._flow)
            identity = self._identity(message, stored=not answers)
        if judge is not None or identity is not None or lane is not None:
            message.terms = Terms(identity, judge, lane)

    def _know_proxy(self, message: Request) -> AuthenticationFlow:
        """The authentication of this task, told of the proxy that `message` goes through."""
        flow = self._authentication
        if flow is None:
            flow = self._authentication = AuthenticationFlow(self.context.accepted, negotiator=negotiation.negotiator())
        proxy = self._proxy = self.context.proxy_for(self.route, message)
        flow.proxy = None if proxy is None else (proxy.host, proxy.port, proxy.type)
        return flow

    def _put(self, challenge: URLAuthenticationChallenge, answered: Callable[..., None]) -> None:
        """Ask about `challenge`; without anybody to ask, default handling is the answer."""
        method = None
        if challenge.protection_space.authentication_method in CONNECTION_LEVEL:
            method = self.context.methods.get("session_did_receive_challenge")
        if method is not None:
            self._post(method, (challenge,), answered)
        elif not self.call("task_did_receive_challenge", challenge, answered=answered):
            answered(AuthChallengeDisposition.PERFORM_DEFAULT_HANDLING)

    def _ask_challenge(self, ask: Callable[[], None]) -> None:
        """The effect of a challenge."""
        ask()

    def _stored(self, space: URLProtectionSpace) -> URLCredential | None:
        found = self.context.stored_credential(space, self.task)
        if found is None and space.is_proxy and self._proxy is not None:
            found = self._proxy.credential
        return found

    def _call_off(self) -> None:
        """A cancelled challenge ends the task with -999."""
        self._cancelled = True
        self._meet(Event.CANCELLED, url_error(Code.CANCELLED, self.request.url))

    def _send_again(self) -> None:
        lost = self._body is not None and again(self._body) is None
        self._meet(Event.NEEDS_STREAM if lost else Event.RETRY, None)

    # user and password ----------------------------------------------------------------------------------------
    def _challenged(self, head: ResponseHead, response: HTTPURLResponse, refusal: URLError | None = None) -> bool:
        """Deal with a 401 or 407; False where it is the response, or `refusal` the outcome."""
        flow = self._know_proxy(self._message)
        self._ask, self._refusal = response, refusal
        step = flow.refused(self._message, head)
        if step is Next.SEND:
            self._send_again()
        elif step is Next.ASK:
            self._meet(Event.CHALLENGE, self._ask_credential)
        else:
            return False
        return True

    def _ask_credential(self) -> None:
        flow = self._authentication
        assert flow is not None
        self._put(flow.challenge(self._stored(flow.space), self._ask), self._challenge_answered)

    def _challenge_answered(self, disposition: AuthChallengeDisposition, credential: URLCredential | None = None) -> None:
        flow = self._authentication
        assert flow is not None
        step = flow.answer(AuthChallengeDisposition(disposition), credential)
        if step is Next.ASK:
            self._ask_credential()
        elif step is Next.SEND:
            self._send_again()
        elif step is Next.CANCEL:
            self._call_off()
        elif self._refusal is not None:
            self._meet(Event.FAILED, self._refusal)
        else:
            self._meet(Event.RESPONSE, self._ask)

    # the server's certificate ---------------------------------------------------------------------------------
    def _weigh(self, flow: Inflow, trust: ServerTrust, wanted: tuple[bytes, ...] | None, go_on: Callable[[], None]) -> None:
        """A server has presented itself to the exchange `flow`; on the engine."""
        self.bring(flow, Event.CHALLENGE, partial(self._ask_trust, trust, wanted, go_on))

    def _ask_trust(self, trust: ServerTrust, wanted: tuple[bytes, ...] | None, go_on: Callable[[], None]) -> None:
        space = URLProtectionSpace(
            trust.host, trust.port, "https", None, NSURLAuthenticationMethodServerTrust, server_trust=trust)
        self._put(URLAuthenticationChallenge(protection_space=space), partial(self._trust_answered, trust, wanted, go_on))

    def _trust_answered(self, trust: ServerTrust, wanted: tuple[bytes, ...] | None, go_on: Callable[[], None],
                        disposition: AuthChallengeDisposition, credential: URLCredential | None = None) -> None:
        """Only a credential for this very chain stands in for the usual verification. A server that is trusted and would like to
        see a certificate may do without: it is asked about before the request is sent, and no certificate is an answer."""
        disposition = AuthChallengeDisposition(disposition)
        if disposition is AuthChallengeDisposition.CANCEL_AUTHENTICATION_CHALLENGE:
            self._call_off()
        elif disposition is AuthChallengeDisposition.REJECT_PROTECTION_SPACE:
            more: dict[str, Any] = {PEER_TRUST: trust}
            self._meet(Event.FAILED, url_error(Code.SERVER_CERTIFICATE_UNTRUSTED, self.request.url, **more))
        elif trust.problem is None or (disposition is AuthChallengeDisposition.USE_CREDENTIAL and credential is not None
                                       and credential.server_trust == trust):
            if wanted is None or (trust.host, trust.port) in self._declined:
                self._let_on(go_on)
            else:
                self._ask_certificate(None, wanted, partial(self._let_on, go_on))
        else:
            self._meet(Event.FAILED, trust.evaluate())

    def _let_on(self, go_on: Callable[[], None]) -> None:
        self._meet(Event.ALLOW, None)
        go_on()

    # what a protocol class asks -------------------------------------------------------------------------------
    def ask_for(self, challenge: URLAuthenticationChallenge, answered: Answered) -> None:
        """Put `challenge` to the delegate, whose answer is the class's to act on. In a turn of this load."""
        self._ask = challenge
        self._put(challenge, partial(self._answer_for, answered))

    def _answer_for(self, answered: Answered, disposition: AuthChallengeDisposition, credential: URLCredential | None = None) -> None:
        disposition = AuthChallengeDisposition(disposition)
        if disposition is AuthChallengeDisposition.CANCEL_AUTHENTICATION_CHALLENGE:
            self._call_off()
        else:
            self._ask = None
            self._meet(Event.ALLOW, None)
            self.context.engine.work(answered, disposition, credential)

    def withdraw(self, challenge: URLAuthenticationChallenge) -> None:
        """Go on without an answer to `challenge`. In a turn of this load."""
        if self.phase is Phase.CHALLENGED and self._ask is challenge:
            self._busy = self._ask = None
            self._meet(Event.ALLOW, None)

    # the client's certificate, and the proxy's word before TLS --------------------------------------------------
    def _asked(self, error: URLError) -> bool:
        """Whether the failure `error` is a challenge, which is dealt with then."""
        flow = self._flow
        if flow is None or flow.hop.head is not None:
            return False
        refused = error.underlying_error
        if isinstance(refused, TunnelRefused) and refused.head.status == 407:
            response = HTTPURLResponse.from_head(self.request.url or "", refused.head)
            return self._challenged(refused.head, response, error)
        parts = self._message.parts
        if error.code in _CERTIFICATE and (parts.host, parts.port) not in self._declined:
            authorities = error.user_info.get(CERTIFICATE_AUTHORITIES, ())
            self._meet(Event.CHALLENGE, partial(self._ask_certificate, error, authorities, partial(self._meet, Event.FAILED, error)))
            return True
        return False

    def _identity(self, message: Request, stored: bool) -> URLCredential | None:
        """The client certificate for the server of `message`, which sees it only where it asks: what was chosen last, or else the
        `stored` one, which default handling would choose."""
        place = message.parts.host, message.parts.port
        chosen = self._shown[place][-1] if self._shown.get(place) else self.context.accepted.identities.get(place)
        if chosen is None and stored and (found := self._stored(_certificate_space(place))) is not None and found.identity is not None:
            chosen = found
        return chosen

    def _ask_certificate(self, error: URLError | None, authorities: tuple[bytes, ...], without: Callable[[], None]) -> None:
        """Ask for a certificate of one of the `authorities`, after `error` where the server insisted; `without` one, what comes."""
        parts = self._message.parts
        place = parts.host, parts.port
        refused = self._message.terms.identity if self._message.terms is not None else None
        shown = self._shown.setdefault(place, [])
        if refused is not None and refused not in shown:      # the session's, which another task chose
            shown.append(refused)
        known = self.context.accepted.identities
        if refused is not None and known.get(place) == refused:
            known.pop(place, None)
        space = _certificate_space(place, authorities)
        stored = self._stored(space)
        if stored is not None and (stored.identity is None or stored in shown):
            stored = None
        challenge = URLAuthenticationChallenge(
            protection_space=space, proposed_credential=refused or stored, previous_failure_count=len(shown),
            error=error if refused is not None else None)
        self._put(challenge, partial(self._certificate_answered, without, place, stored))

    def _certificate_answered(self, without: Callable[[], None], place: tuple[str, int], stored: URLCredential | None,
                              disposition: AuthChallengeDisposition, credential: URLCredential | None = None) -> None:
        disposition = AuthChallengeDisposition(disposition)
        used = {AuthChallengeDisposition.USE_CREDENTIAL: credential,
                AuthChallengeDisposition.PERFORM_DEFAULT_HANDLING: stored}.get(disposition)
        shown = self._shown[place]
        if disposition is AuthChallengeDisposition.CANCEL_AUTHENTICATION_CHALLENGE:
            self._call_off()
        elif used is None or used.identity is None or len(shown) >= ATTEMPT_LIMIT:
            self._declined.add(place)
            without()
        else:
            shown.append(used)
            if used.persistence != CredentialPersistence.NONE:
                self.context.accepted.identities[place] = used
            self._send_again()


@lru_cache(maxsize=256)
def _certificate_space(place: tuple[str, int], authorities: tuple[bytes, ...] = ()) -> URLProtectionSpace:
    return URLProtectionSpace(*place, "https", None, NSURLAuthenticationMethodClientCertificate, distinguished_names=authorities)
