"""Digest access authentication (RFC 7616; RFC 2069 for servers that offer no qop)."""
from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple
from urllib.parse import quote

from .challenges import Body

_HASHES = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}
_NONCES_KEPT = 1024


class DigestOffer(NamedTuple):
    """What a Digest challenge asks for; `algorithm` and `opaque` are echoed as they came, or left out when None."""

    realm: str
    nonce: str
    algorithm: str | None
    opaque: str | None
    qops: frozenset[str]       # empty: the server knows RFC 2069 only
    stale: bool                # the credential was right and only the nonce has aged
    userhash: bool
    domain: tuple[str, ...]    # URI references below which the credential is good; empty: the whole server

    @property
    def needs_body(self) -> bool:
        """Whether every answer covers the body ("auth-int" alone), so that a streamed one cannot be signed."""
        return self.qops == {"auth-int"}


def digest_offer(parameters: Mapping[str, str]) -> DigestOffer | None:
    """The offer that a challenge's parameters (names in lower case) make; None for one that cannot be answered.

    That is one without realm or nonce, or whose algorithm or every qop is unknown here (RFC 7616, section 3.3).
    """
    realm, nonce, algorithm = parameters.get("realm"), parameters.get("nonce"), parameters.get("algorithm")
    qops = frozenset(re.findall(r"[^\s,]+", parameters.get("qop", "").lower()))
    known = qops & {"auth", "auth-int"}
    name, _ = _algorithm(algorithm)
    if realm is None or nonce is None or name not in hashlib.algorithms_available or (qops and not known):
        return None
    return DigestOffer(
        realm, nonce, algorithm, parameters.get("opaque"), known,
        stale=parameters.get("stale", "").lower() == "true",
        userhash=parameters.get("userhash", "").lower() == "true",
        domain=tuple(parameters.get("domain", "").split()),
    )


class NonceCounts:
    """How often each nonce of a session was used; no count is given twice, on whatever threads it is asked for."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[str, itertools.count[int]] = {}

    def next(self, nonce: str) -> int:
        """1, 2, 3 ... for each nonce. `setdefault`, `next` and `list` are one step each for other threads."""
        count = self._counts.setdefault(nonce, itertools.count(1))
        if len(self._counts) > _NONCES_KEPT:
            for old in list(self._counts)[:_NONCES_KEPT // 2]:
                self._counts.pop(old, None)
        return next(count)


class Digest:
    """Answers to one offer with one credential; keeps a hash of the password, not the password.

    `cnonce` makes client nonces. A "-sess" algorithm keeps its first one, because the session key is made from it
    (section 3.4.2); the others take a new one for each request.
    """

    __slots__ = ("_cnonce", "_counts", "_hash", "_nonce", "_secret", "_used", "_username", "offer")

    def __init__(self, offer: DigestOffer, user: str, password: str, counts: NonceCounts, cnonce: Callable[[], str]) -> None:
        self.offer = offer
        self._nonce, self._counts, self._cnonce = offer.nonce, counts, cnonce
        self._used = 0      # how often an answer was made
        name, session = _algorithm(offer.algorithm)

        def digest(data: bytes | Iterable[bytes]) -> str:
            made = hashlib.new(name, usedforsecurity=False)
            for piece in (data,) if isinstance(data, bytes) else data:
                made.update(piece)
            return made.hexdigest()

        self._hash = digest
        self._secret = digest(f"{user}:{offer.realm}:{password}".encode())
        if session:
            first = cnonce()
            self._cnonce = lambda: first
            self._secret = digest(f"{self._secret}:{offer.nonce}:{first}".encode())
        if offer.userhash:
            self._username = f'username="{digest(f"{user}:{offer.realm}".encode())}", userhash=true'
        elif user.isascii() and user.isprintable():
            self._username = f"username={quoted(user)}"
        else:    # section 3.4.4: what a quoted string cannot hold goes in RFC 8187's form
            self._username = f"username*=UTF-8''{quote(user, safe='')}"

    def has_aged(self, offer: DigestOffer | None) -> bool:
        """Whether `offer` refuses only the nonce of these answers, and the password may be right.

        It says so of an answer to the challenge itself (section 3.3): there is another nonce then. Of a later answer, which went
        ahead, a refusal says nothing else: a nonce may be good for one use, or no longer, whatever `stale` says.
        """
        return offer is not None and (self._used > 1 or (offer.stale and offer.nonce != self._nonce))

    def renew(self, nonce: str) -> None:
        """Use `nonce`, the server's nextnonce, from the next request on (section 3.5)."""
        self._nonce = nonce

    def authorization(self, method: str, target: str, body: Body) -> str:
        """The field's value for one request; asking again counts as another request on the nonce.

        "auth-int" is used only where "auth" is not offered, and never for a stream, whose bytes are not known.
        """
        offer, nonce = self.offer, self._nonce
        self._used += 1
        qop = "auth" if "auth" in offer.qops else "auth-int" if offer.qops else None
        covered = f"{method}:{target}"
        if qop == "auth-int":
            assert body is not None, "a streamed body cannot be signed"
            covered += f":{self._hash(body)}"
        covered = self._hash(covered.encode())
        fields = [self._username, f"realm={quoted(offer.realm)}", f"nonce={quoted(nonce)}", f"uri={quoted(target)}"]
        if offer.algorithm is not None:
            fields.append(f"algorithm={offer.algorithm}")
        if qop is None:
            response = self._hash(f"{self._secret}:{nonce}:{covered}".encode())
        else:
            count, cnonce = f"{self._counts.next(nonce):08x}", self._cnonce()
            response = self._hash(f"{self._secret}:{nonce}:{count}:{cnonce}:{qop}:{covered}".encode())
            fields += [f"qop={qop}", f"nc={count}", f"cnonce={quoted(cnonce)}"]
        fields.append(f'response="{response}"')
        if offer.opaque is not None:
            fields.append(f"opaque={quoted(offer.opaque)}")
        return "Digest " + ", ".join(fields)


def quoted(text: str) -> str:
    """`text` as a quoted-string (RFC 9110, section 5.6.4)."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _algorithm(name: str | None) -> tuple[str, bool]:
    """hashlib's name of an algorithm ("" when unknown) and whether it makes a session key; None means MD5."""
    base, session, rest = (name or "MD5").upper().partition("-SESS")
    return "" if rest else _HASHES.get(base, ""), bool(session)
