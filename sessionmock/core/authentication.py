"""HTTP authentication: what one task does about a 401 or 407.

Sources: RFC 9110, section 11 (framework), RFC 7617 (Basic), RFC 7616 (Digest), docs/rules.md, Challenges. Nothing here waits
or calls back. Whoever performs a load asks what to do next:

    request.headers += flow.fields(request)
    head = ...                                                      # send, wait for the head
    step = flow.refused(request, head)                              # for 401 and 407
    while step is Next.ASK:
        challenge = flow.challenge(storage.default_credential(flow.space), response)
        step = flow.answer(disposition, credential)                 # of the delegate; without one: default handling
    # SEND: the same request again; DELIVER: the 401 is the response; CANCEL: fail with -999
    for space, credential in flow.accepted(request, head): ...      # unless sent again: credentials to store
"""
from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple
from urllib.parse import unquote

from ..models.body import FileStream
from ..models.credential import (
    CredentialPersistence,
    NSURLAuthenticationMethodHTTPBasic,
    NSURLAuthenticationMethodHTTPDigest,
    NSURLAuthenticationMethodNegotiate,
    NSURLAuthenticationMethodNTLM,
    URLAuthenticationChallenge,
    URLCredential,
    URLProtectionSpace,
)
from ..models.enums import AuthChallengeDisposition
from ..models.host import in_url
from ..models.message import Headers, Request, ResponseHead, header
from ..models.response import URLResponse
from ..models.url import URLParts, split_url
from .accepted import Accepted, AcceptedCredentials, Place
from .challenges import Answer, Basic, Body, Challenge, Handshake, Negotiator, parse_challenges
from .digest import Digest, DigestOffer, digest_offer
from .redirects import resolve

ATTEMPT_LIMIT = 20
"""How often one task is asked, or sends again, for one protection space; the next 401 is delivered."""

METHODS = {
    "negotiate": NSURLAuthenticationMethodNegotiate,
    "ntlm": NSURLAuthenticationMethodNTLM,
    "digest": NSURLAuthenticationMethodHTTPDigest,
    "basic": NSURLAuthenticationMethodHTTPBasic,
}
"""The schemes that can be answered, strongest first, and their methods."""


class Next(Enum):
    """What comes after a 401 or 407."""

    ASK = "put `challenge()` to the delegate, its answer to `answer()`"
    SEND = "send the request again, with `fields()` anew"
    DELIVER = "the 401 or 407 is the response"
    CANCEL = "fail with -999"


class Offer(NamedTuple):
    """A challenge that can be answered, and the space it is for."""

    place: Place
    space: URLProtectionSpace
    scheme: str
    digest: DigestOffer | None


@dataclass(slots=True)
class _Tries:
    """What a task has tried in one protection space."""

    count: int = 0
    failures: int = 0
    failed: URLCredential | None = None
    credentials: set[tuple[str | None, str | None]] = field(default_factory=set)
    rejected: bool = False


class AuthenticationFlow:
    """One task's dealings with challenges, over all its redirects. Used by one caller at a time.

    `proxy` is (host, port, type) where one is used, and may change before each request; `negotiator` makes NTLM and
    Negotiate answerable; `cnonce` makes the client nonces of Digest.
    """

    __slots__ = ("_accepted", "_cnonce", "_default", "_from_delegate", "_here", "_negotiator", "_offers", "_own", "_pending",
                 "_sent", "_spaces", "proxy")

    def __init__(
        self,
        accepted: AcceptedCredentials,
        proxy: tuple[str, int, str] | None = None,
        negotiator: Negotiator | None = None,
        cnonce: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        self._accepted, self.proxy, self._negotiator, self._cnonce = accepted, proxy, negotiator, cnonce
        self._here = AcceptedCredentials()    # what was accepted with persistence NONE: good for this task
        self._spaces: dict[URLProtectionSpace, _Tries] = {}
        self._offers: list[Offer] = []
        self._own: URLCredential | None = None        # the URL's
        self._default: URLCredential | None = None    # what default handling uses
        self._from_delegate: set[URLProtectionSpace] = set()
        # By "is it the proxy's": what the next request carries, and what the last one carried.
        self._pending: dict[bool, tuple[Place, Accepted]] = {}
        self._sent: dict[bool, Accepted] = {}

    def fields(self, request: Request) -> Headers:
        """What to add to `request` before it is sent; replaces fields of the same name.

        That is the answer to the challenge before, or else what was accepted for the same place. A request that has
        an Authorization field of its own gets nothing ahead.
        """
        if not self._pending and self._accepted.empty and self._here.empty:    # nearly every request
            self._sent.clear()
            return []
        added: Headers = []
        for is_proxy, name in ((False, "Authorization"), (True, "Proxy-Authorization")):
            place = self._place(request.parts, is_proxy)
            pending = self._pending.pop(is_proxy, None)
            chosen = pending[1] if pending is not None and pending[0] == place else None
            if chosen is None and header(request.headers, name.lower()) is None:
                path = "/" if is_proxy else request.parts.path
                chosen = self._here.ahead_for(place, path) or self._accepted.ahead_for(place, path)
            self._sent.pop(is_proxy, None)
            asked = Request("CONNECT", request.url, []) if is_proxy and self._tunnels(request) else request
            body = _body(asked)
            if chosen is not None and not (body is None and isinstance(chosen.answer, Digest) and chosen.answer.offer.needs_body):
                self._sent[is_proxy] = chosen
                added.append((name, chosen.answer.authorization(asked.method, _target(asked), body)))
        return added

    def refused(self, request: Request, head: ResponseHead) -> Next:
        """What to do about the 401 or 407 in `head`, the answer to `request`. Never CANCEL."""
        is_proxy = head.status == 407
        name = "proxy-authenticate" if is_proxy else "www-authenticate"
        challenges = parse_challenges(value for key, value in head.headers if key.lower() == name)
        place = self._place(request.parts, is_proxy)
        self._offers = self._offered(challenges, place, is_proxy, _body(request) is not None)
        if (other := self._sent.get(not is_proxy)) is not None:    # nothing was said against the other's answer
            self._pending[not is_proxy] = self._place(request.parts, not is_proxy), other
        sent = self._sent.pop(is_proxy, None)
        if sent is not None:
            tries = self._tries(sent.space)
            if isinstance(sent.answer, Handshake) and sent.answer.goes_on(challenges) and tries.count < ATTEMPT_LIMIT:
                tries.count += 1
                self._pending[is_proxy] = place, sent
                return Next.SEND
            again = next((offer for offer in self._offers if offer.space == sent.space), None)
            aged = isinstance(sent.answer, Digest) and again is not None and sent.answer.has_aged(again.digest)
            if again is not None and aged and tries.count < ATTEMPT_LIMIT:
                return self._use(again, sent.credential)
            self._accepted.forget(sent)
            self._here.forget(sent)
            tries.failures += 1
            tries.failed = sent.credential
            tries.credentials.add((sent.credential.user, sent.credential.password))
        self._own = None if is_proxy else self._from_url(request)
        return self._ask()

    @property
    def space(self) -> URLProtectionSpace:
        """The space that is asked for, after ASK."""
        return self._offers[0].space

    def challenge(self, stored: URLCredential | None, response: URLResponse | None) -> URLAuthenticationChallenge:
        """What the delegate is asked, after ASK. `stored` is the storage's default credential for `space`.

        Proposed is the URL's own credential or the stored one; once one has failed, the one that failed last (Apple).
        Default handling never sends the same credential twice, and none whose password is not known. A URL that names a user
        alone says that the password is empty, unless one is stored for that user.
        """
        tries, own = self._tries(self.space), self._own
        known = own is not None and stored is not None and not own.password and own.user == stored.user
        self._default = next((one for one in ((stored, own) if known else (own, stored))
                              if one and one.has_password and (one.user, one.password) not in tries.credentials), None)
        return URLAuthenticationChallenge(
            protection_space=self.space,
            proposed_credential=tries.failed or self._default or own or stored,
            previous_failure_count=tries.failures,
            failure_response=response,
        )

    def answer(self, disposition: AuthChallengeDisposition, credential: URLCredential | None = None) -> Next:
        """What follows from the delegate's answer; without a delegate, from PERFORM_DEFAULT_HANDLING.

        A rejected space is not asked for again by this task, the next weaker scheme is; when none is left, when no
        credential is given or none is at hand, the 401 is the response (scenarios auth-basic-reject and auth-basic-default).
        """
        offer = self._offers[0]
        if disposition == AuthChallengeDisposition.CANCEL_AUTHENTICATION_CHALLENGE:
            return Next.CANCEL
        if disposition == AuthChallengeDisposition.REJECT_PROTECTION_SPACE:
            self._tries(offer.space).rejected = True
            del self._offers[0]
            return self._ask()
        used = credential if disposition == AuthChallengeDisposition.USE_CREDENTIAL else self._default
        if used is None or used.user is None:
            return Next.DELIVER
        if disposition == AuthChallengeDisposition.USE_CREDENTIAL:
            self._from_delegate.add(offer.space)
        else:
            self._from_delegate.discard(offer.space)
        return self._use(offer, used)

    def accepted(self, request: Request, head: ResponseHead) -> list[tuple[URLProtectionSpace, URLCredential]]:
        """Learn from the head that answers `request` for good, a delivered 401 among them.

        Gives the delegate's credentials that were taken and are to be stored, those of a persistence above NONE. A 5xx
        says nothing of credentials, a 407 nothing of those for the server.
        """
        stored: list[tuple[URLProtectionSpace, URLCredential]] = []
        for is_proxy, (space, credential, answer) in self._sent.items():
            if head.status == 407 or head.status >= 500:
                continue
            place = self._place(request.parts, is_proxy)
            lasting = credential.persistence != CredentialPersistence.NONE
            if isinstance(answer, Digest):
                _renew(answer, head, is_proxy)
            if not isinstance(answer, Handshake):
                folders = ["/"] if is_proxy else _folders(answer, request, place)
                (self._accepted if lasting else self._here).remember(place, folders, Accepted(space, credential, answer))
            if lasting and space in self._from_delegate:
                stored.append((space, credential))
            self._from_delegate.discard(space)
        self._sent.clear()
        return stored

    def _ask(self) -> Next:
        """ASK for the strongest offer that is left, or DELIVER."""
        while self._offers:
            tries = self._tries(self._offers[0].space)
            if not tries.rejected and tries.count < ATTEMPT_LIMIT:
                return Next.ASK
            del self._offers[0]
        return Next.DELIVER

    def _use(self, offer: Offer, credential: URLCredential) -> Next:
        """SEND `credential` with the next request to the place of `offer`."""
        space, user, password = offer.space, credential.user or "", credential.password or ""
        answer: Answer
        if offer.digest is not None:
            answer = Digest(offer.digest, user, password, self._accepted.counts, self._cnonce)
        elif offer.scheme == "basic":
            answer = Basic(user, password)
        else:
            assert self._negotiator is not None, "offers of a handshake are dropped without a negotiator"
            name = "NTLM" if offer.scheme == "ntlm" else "Negotiate"
            answer = Handshake(name, self._negotiator(offer.scheme, space.host, credential))
        self._tries(space).count += 1
        self._pending[space.is_proxy] = offer.place, Accepted(space, credential, answer)
        return Next.SEND

    def _offered(self, challenges: list[Challenge], place: Place, is_proxy: bool, body_known: bool) -> list[Offer]:
        """The challenges that can be answered, strongest first, one for each space (the first: RFC 7616, section 3.7)."""
        offers: dict[URLProtectionSpace, Offer] = {}
        for challenge in challenges:
            scheme, realm = challenge.scheme, challenge.parameters.get("realm")
            digest = digest_offer(challenge.parameters) if scheme == "digest" else None
            if scheme in ("ntlm", "negotiate"):
                known = self._negotiator is not None
            elif scheme == "digest":
                known = digest is not None and (body_known or not digest.needs_body)
            else:
                known = scheme == "basic" and (realm is not None or is_proxy)    # which proxies leave out, against RFC 7617
            if known:
                protocol, host, port = place
                space = (URLProtectionSpace.proxy(host, port, self.proxy[2] if self.proxy else None, realm, METHODS[scheme])
                         if is_proxy else URLProtectionSpace(host, port, protocol, realm, METHODS[scheme]))
                offers.setdefault(space, Offer(place, space, scheme, digest))
        order = list(METHODS)
        return sorted(offers.values(), key=lambda offer: order.index(offer.scheme))

    def _tunnels(self, request: Request) -> bool:
        """Whether a proxy sees CONNECT in place of `request`."""
        return self.proxy is not None and request.parts.scheme != "http"

    def _tries(self, space: URLProtectionSpace) -> _Tries:
        return self._spaces.setdefault(space, _Tries())

    def _place(self, parts: URLParts, is_proxy: bool) -> Place:
        """Where a field goes. A 407 without a proxy is the server's own doing, and answered to the server."""
        if not is_proxy:
            return _place(parts)
        return ("proxy", parts.host, parts.port) if self.proxy is None else ("proxy", *self.proxy[:2])

    @staticmethod
    def _from_url(request: Request) -> URLCredential | None:
        """The credential in the URL itself, percent-decoded (RFC 3986, section 3.2.1); kept for the session."""
        user, _, password = request.parts.userinfo.partition(":")
        return URLCredential(unquote(user), unquote(password)) if user or password else None


def _place(parts: URLParts) -> Place:
    return {"ws": "http", "wss": "https"}.get(parts.scheme, parts.scheme), parts.host, parts.port


def _folders(answer: Answer, request: Request, place: Place) -> list[str]:
    """Below which paths a credential that was accepted is good (see `AcceptedCredentials`)."""
    own = request.parts.path
    if not isinstance(answer, Digest):
        return [own[:own.rfind("/") + 1]]
    if not answer.offer.domain:
        return ["/"]
    folders = [own]
    for reference in answer.offer.domain:
        try:
            parts = split_url(resolve(request.url, reference))
        except ValueError:
            continue
        if _place(parts) == place:    # what another server wants to see, that server alone may say
            folders += [parts.path, parts.path.rstrip("/") + "/"]
    return folders


def _renew(answer: Digest, head: ResponseHead, is_proxy: bool) -> None:
    """Go over to the nextnonce of Authentication-Info (RFC 7616, section 3.5)."""
    information = header(head.headers, "proxy-authentication-info" if is_proxy else "authentication-info")
    for challenge in parse_challenges((f"Digest {information}",) if information else ()):
        if nonce := challenge.parameters.get("nextnonce"):
            answer.renew(nonce)


def _body(request: Request) -> Body:
    """What is known of the body before it is sent; b"" without one."""
    body = request.body
    if isinstance(body, FileStream) and body.length >= 0:
        return body.pieces()
    return body if isinstance(body, bytes) else b"" if body is None else None


def _target(request: Request) -> str:
    """What stands on the request line, which Digest covers."""
    parts = request.parts
    return f"{in_url(parts.host)}:{parts.port}" if request.method == "CONNECT" else parts.target
