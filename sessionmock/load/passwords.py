"""User and password: what servers and proxies ask for with 401 and 407, and the fields that answer them."""
from __future__ import annotations

from ..core.authentication import AuthenticationFlow, Next
from ..core.machine import Event
from ..errors import URLError
from ..models.credential import URLCredential, URLProtectionSpace
from ..models.enums import AuthChallengeDisposition
from ..models.message import Request, ResponseHead
from ..models.proxy import ProxyConfiguration
from ..models.response import HTTPURLResponse
from . import negotiation
from .body import Body
from .challenger import Challenger
from .context import Context
from .inbox import Inbox


class Passwords:
    """The authentication of one load by what a user knows."""

    __slots__ = ("_body", "_challenger", "_context", "_flow", "_inbox", "_proxy", "_refusal", "_response")

    def __init__(self, context: Context, inbox: Inbox, challenger: Challenger, body: Body) -> None:
        self._context, self._inbox, self._challenger, self._body = context, inbox, challenger, body
        self._flow = AuthenticationFlow(context.accepted, negotiator=negotiation.negotiator())
        self._proxy: ProxyConfiguration | None = None
        self._response: HTTPURLResponse | None = None     # that the question is about
        self._refusal: URLError | None = None             # what ends the load where the question is not about its response

    def authorize(self, message: Request, proxy: ProxyConfiguration | None) -> object | None:
        """Add what answers the last challenge, or what a server took before below the same path. What is returned is the handshake
        that the connection belongs to: messages of NTLM and Negotiate are about the connection that they come over (RFC 4559)."""
        self._know(proxy)
        lane = None
        for name, value in self._flow.fields(message):
            message.headers = [pair for pair in message.headers if pair[0].lower() != name.lower()]
            message.headers.append((name, value))
            if value.startswith(("NTLM ", "Negotiate ")):
                lane = self._flow
        return lane

    def refused(self, message: Request, proxy: ProxyConfiguration | None, head: ResponseHead, response: HTTPURLResponse,
                refusal: URLError | None) -> bool:
        """Deal with a 401 or 407 to `message`; False where it is the response, or `refusal` the outcome."""
        self._know(proxy)
        self._response, self._refusal = response, refusal
        step = self._flow.refused(message, head)
        if step is Next.SEND:
            self._body.send_again()
        elif step is Next.ASK:
            self._inbox.meet(Event.CHALLENGE, self._ask)
        else:
            return False
        return True

    def accepted(self, message: Request, head: ResponseHead) -> list[tuple[URLProtectionSpace, URLCredential]]:
        """The server took `message`: what is to be kept for it."""
        return self._flow.accepted(message, head)

    def _know(self, proxy: ProxyConfiguration | None) -> None:
        self._proxy = proxy
        self._flow.proxy = None if proxy is None else (proxy.host, proxy.port, proxy.type)

    def _ask(self) -> None:
        self._challenger.look_up(self._flow.space, self._ask_with)

    def _ask_with(self, proposed: URLCredential | None) -> None:
        space = self._flow.space
        if proposed is None and space.is_proxy and self._proxy is not None:
            proposed = self._proxy.credential
        self._challenger.put(self._flow.challenge(proposed, self._response), self._answered)

    def _answered(self, disposition: AuthChallengeDisposition, credential: URLCredential | None = None) -> None:
        step = self._flow.answer(disposition, credential)
        if step is Next.ASK:
            self._ask()
        elif step is Next.SEND:
            self._body.send_again()
        elif step is Next.CANCEL:
            self._inbox.call_off()
        elif self._refusal is not None:
            self._inbox.meet(Event.FAILED, self._refusal)
        else:
            self._inbox.meet(Event.RESPONSE, self._response)
