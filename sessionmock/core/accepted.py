"""Credentials that servers and proxies took: what a session sends ahead, before it is asked for (docs/rules.md, Challenges)."""
from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ..models.credential import URLCredential, URLProtectionSpace
from .challenges import Answer
from .digest import NonceCounts


class Accepted(NamedTuple):
    """A credential that a server took, and what makes its fields."""

    space: URLProtectionSpace
    credential: URLCredential
    answer: Answer


Place = tuple[str, str, int]
"""(scheme, host, port) of a server; ("proxy", host, port) of a proxy."""


class AcceptedCredentials:
    """What is sent ahead, before it is asked for: below the folder where it was accepted (RFC 7617, section 2.2), for
    Digest below the `domain` of the challenge or on the whole server (RFC 7616, section 3.3), to a proxy always.

    Held by the session and emptied by its `reset`; safe to use from many threads, for each method takes steps that
    are one for other threads.
    """

    __slots__ = ("_spaces", "_where", "counts", "identities")

    def __init__(self) -> None:
        self.counts = NonceCounts()
        self.identities: dict[tuple[str, int], URLCredential] = {}    # client certificates, by host and port
        self._where: dict[tuple[Place, str], URLProtectionSpace] = {}
        self._spaces: dict[URLProtectionSpace, Accepted] = {}

    @property
    def empty(self) -> bool:
        """Whether nothing goes ahead to anybody."""
        return not self._spaces

    def remember(self, place: Place, folders: Iterable[str], accepted: Accepted) -> None:
        """Send `accepted` ahead to `place` below each of `folders`: paths that end with "/", or one path exactly."""
        self._spaces[accepted.space] = accepted
        for folder in folders:
            known = self.ahead_for(place, folder)
            if known is None or known.space != accepted.space:
                self._where[place, folder] = accepted.space

    def ahead_for(self, place: Place, path: str) -> Accepted | None:
        """What goes ahead with a request for `path`; where folders lie in one another, the inner one decides."""
        folder = path
        while folder:
            space = self._where.get((place, folder))
            if space is not None and (accepted := self._spaces.get(space)) is not None:
                return accepted
            folder = folder[:folder.rfind("/", 0, -1) + 1]
        return None

    def forget(self, refused: Accepted) -> None:
        """No longer send what a server has refused, unless another credential has taken its place meanwhile."""
        known = self._spaces.get(refused.space)
        if known is not None and known.credential == refused.credential:
            self._spaces.pop(refused.space, None)

    def clear(self) -> None:
        """Forget everything but the counts of nonces, which must go on rising."""
        self._spaces.clear()
        self._where.clear()
        self.identities.clear()
