"""One request of a load as protocol classes see it, before the cache and the route do."""
from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ..core.machine import Event
from ..core.preparation import HTTP, LOCAL
from ..errors import Code, url_error
from ..models.cached_response import CachedURLResponse
from ..models.credential import URLAuthenticationChallenge
from ..models.request import URLRequest
from ..models.url import split_url

if TYPE_CHECKING:
    from ..routes.url_protocol import Answered
    from .load import Load
    from .sink import Inflow


class LoadOccasion:
    """What `load` lends to the class that takes its `request` (routes.protocol.Occasion)."""

    def __init__(self, load: Load, flow: Inflow, request: URLRequest, cached: bool) -> None:
        self._load = load
        self._flow = flow
        self._request = request
        self._cached = cached       # whether the cache has to do with it

    def cached(self, request: URLRequest) -> CachedURLResponse | None:
        load = self._load
        if not self._cached:
            return None
        visit = load._visit = load.context.cache_visit(load.task, self._request, keeps=load.consumer.caches)
        return None if visit is None else visit.lend(request)

    def ask(self, challenge: URLAuthenticationChallenge, answered: Answered) -> None:
        if self._flow.wanted:
            self._load.bring(self._flow, Event.CHALLENGE, partial(self._load.ask_for, challenge, answered))

    def withdraw(self, challenge: URLAuthenticationChallenge) -> None:
        self._load.instruct(partial(self._load.withdraw, challenge))

    def pass_by(self) -> None:
        self._load.instruct(self._go_on)

    def _go_on(self) -> None:
        """In a turn of the load: the usual way, unless the load has ended meanwhile."""
        load, url = self._load, self._request.url or ""
        if self._flow.wanted and not self._flow.ended:
            if split_url(url).scheme in HTTP | LOCAL:
                load.carry(self._flow, self._request, self._cached)
            else:
                load._meet(Event.FAILED, url_error(Code.UNSUPPORTED_URL, url))
