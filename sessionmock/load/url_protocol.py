"""One request of a load as protocol classes see it, before the cache and the route do."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from ..models.cached_response import CachedURLResponse
from ..models.credential import URLAuthenticationChallenge
from ..models.request import URLRequest
from ..routes.url_protocol import Answered
from .caching import CacheVisit
from .sink import LoadSink


class Lender(Protocol):
    """What a load lends to protocol classes. Every method may be called on any thread."""

    def lend(self, request: URLRequest) -> CacheVisit | None:
        """What the class has of the cache for `request`, the load's own."""

    def bring_challenge(self, sink: LoadSink, challenge: URLAuthenticationChallenge, answered: Callable[..., Any]) -> None:
        """Put `challenge` to the delegate, before the response."""

    def withdraw(self, challenge: URLAuthenticationChallenge) -> None:
        """No answer to it is wanted any more."""

    def pass_by(self, sink: LoadSink, request: URLRequest, is_own: bool) -> None:
        """No class takes `request`: the usual way."""


class LoadOccasion:
    """What a load lends to the class that takes its `request` (routes.url_protocol.Occasion)."""

    def __init__(self, lender: Lender, sink: LoadSink, request: URLRequest, is_own: bool) -> None:
        self._lender = lender
        self._sink = sink
        self._request = request
        self._is_own = is_own       # whether the cache has to do with it

    def cached(self, request: URLRequest) -> CachedURLResponse | None:
        visit = self._lender.lend(self._request) if self._is_own else None
        return None if visit is None else visit.lend(request)

    def ask(self, challenge: URLAuthenticationChallenge, answered: Answered) -> None:
        if self._sink.wanted:
            self._lender.bring_challenge(self._sink, challenge, answered)

    def withdraw(self, challenge: URLAuthenticationChallenge) -> None:
        self._lender.withdraw(challenge)

    def pass_by(self) -> None:
        self._lender.pass_by(self._sink, self._request, self._is_own)
