"""Challenges: what servers, proxies, TLS and protocol classes ask of a load, and what it sends to answer them."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ..core.machine import Event, Phase
from ..errors import URLError
from ..models.credential import URLAuthenticationChallenge, URLCredential
from ..models.enums import AuthChallengeDisposition
from ..models.message import Request, ResponseHead
from ..models.proxy import ProxyConfiguration
from ..models.response import HTTPURLResponse
from ..models.trust import Terms, TunnelRefused
from ..routes.base import Route
from ..routes.url_protocol import Answered
from .body import Body
from .callbacks import Callbacks
from .certificates import Certificates
from .challenger import Challenger
from .context import Context
from .inbox import Inbox
from .passwords import Passwords
from .sink import LoadSink
from .transfer import Transfer


class Challenges:
    """The challenges of one load. Made when there may be one, and each of its parts when that is met."""

    __slots__ = ("_asked_for", "_body", "_certificates", "_challenger", "_context", "_inbox", "_passwords", "_route", "_transfer")

    def __init__(self, context: Context, inbox: Inbox, callbacks: Callbacks, transfer: Transfer, body: Body, route: Route | None) -> None:
        self._context, self._inbox, self._transfer, self._body, self._route = context, inbox, transfer, body, route
        self._challenger = Challenger(context, inbox, callbacks)
        self._passwords: Passwords | None = None
        self._certificates: Certificates | None = None
        self._asked_for: URLAuthenticationChallenge | None = None      # a protocol class's, that is out

    def authorize(self, message: Request) -> None:
        """Add what answers the last challenge, or what a server took before below the same path."""
        if self._passwords is not None or not self._context.accepted.empty:
            lane = self._known_passwords().authorize(message, self._proxy_for(message))
            if lane is not None:
                message.terms = Terms(lane=lane)

    def secure(self, message: Request, sink: LoadSink) -> None:
        """Say what the TLS connection for the exchange of `sink` must be like."""
        certificates, answers = self._known_certificates(), self._challenger.answers
        judge = certificates.asks_about_trust(sink) if answers else None
        identity = certificates.identity(message, stored=not answers)
        if judge is not None or identity is not None:
            message.terms = (message.terms or Terms())._replace(identity=identity, judge=judge)

    def refused(self, head: ResponseHead, response: HTTPURLResponse, refusal: URLError | None = None) -> bool:
        """Deal with a 401 or 407; False where it is the response, or `refusal` the outcome."""
        message = self._transfer.message
        assert message is not None
        return self._known_passwords().refused(message, self._proxy_for(message), head, response, refusal)

    def accepted(self, head: ResponseHead, then: Callable[[], None]) -> bool:
        """An answer came that is no challenge: keep what let the request in. Whether that is done later, and `then` called."""
        if self._passwords is None:
            return False
        assert self._transfer.message is not None
        taken = self._passwords.accepted(self._transfer.message, head)
        return bool(taken) and self._challenger.keep(taken, then)

    def failed(self, error: URLError) -> bool:
        """Whether the failure `error` is a challenge, which is dealt with then."""
        sink, message = self._inbox.sink, self._transfer.message
        if sink is None or sink.transaction.head is not None or message is None:
            return False
        refused = error.underlying_error
        if isinstance(refused, TunnelRefused) and refused.head.status == 407:
            response = HTTPURLResponse.from_head(self._transfer.request.url or "", refused.head)
            return self.refused(refused.head, response, error)
        return self._known_certificates().failed(message, error)

    def _known_passwords(self) -> Passwords:
        if self._passwords is None:
            self._passwords = Passwords(self._context, self._inbox, self._challenger, self._body)
        return self._passwords

    def _known_certificates(self) -> Certificates:
        if self._certificates is None:
            self._certificates = Certificates(self._context, self._inbox, self._challenger, self._transfer, self._body)
        return self._certificates

    def _proxy_for(self, message: Request) -> ProxyConfiguration | None:
        return self._context.proxy_for(self._route, message)

    # what a protocol class asks -------------------------------------------------------------------------------------
    def ask_for(self, challenge: URLAuthenticationChallenge, answered: Answered) -> None:
        """Put `challenge` to the delegate, whose answer is the class's to act on. In a turn of the load."""
        self._asked_for = challenge
        self._challenger.put(challenge, partial(self._answer_for, answered))

    def _answer_for(self, answered: Answered, disposition: AuthChallengeDisposition, credential: URLCredential | None = None) -> None:
        if disposition is AuthChallengeDisposition.CANCEL_AUTHENTICATION_CHALLENGE:
            self._inbox.call_off()
        else:
            self._asked_for = None
            self._inbox.meet(Event.ALLOW)
            self._context.engine.work(answered, disposition, credential)

    def withdraw(self, challenge: URLAuthenticationChallenge) -> None:
        """Go on without an answer to `challenge`. In a turn of the load."""
        machine = self._inbox.machine
        if machine.phase is Phase.CHALLENGED and self._asked_for is challenge:
            machine.question = self._asked_for = None
            self._inbox.meet(Event.ALLOW)
