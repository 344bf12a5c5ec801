"""One load's dealings with the cache of its session."""
from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from .. import shown
from ..core.cached_range import part_for
from ..core.caching import (
    FAILURES,
    RELOADS,
    Verdict,
    decide,
    is_of_use,
    may_store,
    reload_headers,
    stands_in_until,
    storable,
    validators,
    without_body,
)
from ..core.freshness import aged
from ..errors import Code, InvalidArgumentException, URLError
from ..models.cached_response import CachedURLResponse, CacheStoragePolicy
from ..models.enums import CachePolicy
from ..models.message import Request, ResponseHead, header
from ..models.request import URLRequest
from ..models.response import HTTPURLResponse, URLResponse
from ..user_code import blame, user_code

if TYPE_CHECKING:
    from ..clock import Clock
    from ..stores.spool import Spool
    from ..stores.url_cache import URLCache


# How a load fails that no server answered, or none that could be understood (RFC 5861, section 4).
_UNANSWERED = frozenset({
    Code.TIMED_OUT, Code.CANNOT_FIND_HOST, Code.CANNOT_CONNECT_TO_HOST, Code.NETWORK_CONNECTION_LOST, Code.NOT_CONNECTED_TO_INTERNET,
    Code.CANNOT_PARSE_RESPONSE,
})


class CacheVisit:
    """From the look into the cache before a request is sent to what is kept of its response.

    A request has its policy without a `cache` too, and what it changes on the server is stale in the cache whoever takes
    the answer: `keeps` False is for loads that neither take their response from the cache nor leave it there.
    """

    __slots__ = (
        "_cache", "_clock", "_keeps", "_lent", "_policy", "_received", "_request", "_requested", "_spare", "_spool", "_storage", "_task",
        "cached")

    def __init__(self, cache: URLCache | None, task: Any, policy: CachePolicy, clock: Clock, *, keeps: bool = True) -> None:
        self._cache = cache
        self._task = task
        self._keeps = keeps
        self._policy = policy
        self._clock = clock
        self._request: Request
        self._requested: datetime
        self._received: datetime
        self._spool: Spool | None = None
        self._storage = CacheStoragePolicy.ALLOWED
        self._lent = False      # to a protocol class, for a request of its choice
        self._spare: tuple[CachedURLResponse, datetime] | None = None    # what may be given should the server fail, and until when
        self.cached: CachedURLResponse | None = None

    def look(self, request: Request, *, fails: bool = False) -> Verdict:
        """How the load begins, also where the cache `fails`; adds to `request` what a revalidation or a reload says."""
        self._request = request
        now = self._requested = self._clock.date()
        cached = None if self._cache is None or not self._keeps or fails else self._found(self._cache, request)
        if cached is not None:
            self._storage = cached.storage_policy       # what takes its place is proposed to be kept as it was
            if not is_of_use(self._policy, request.headers, cached):
                cached = None
        verdict = decide(self._policy, request.method, request.headers, cached, now)
        if cached is not None:
            if verdict in (Verdict.USE, Verdict.USE_STALE):
                cached = _as_old_as_it_is(cached, now)
            elif (until := stands_in_until(self._policy, request.headers, cached, now)) is not None:
                self._spare = cached, until
        self.cached = None if verdict is Verdict.LOAD else cached
        if verdict is Verdict.REVALIDATE:
            assert cached is not None
            assert isinstance(cached.response, HTTPURLResponse)
            request.headers += validators(cached.response.headers)
        if self._policy:
            request.headers += reload_headers(self._policy)
        return verdict

    def _found(self, cache: URLCache, request: Request) -> CachedURLResponse | None:
        """What is stored for `request`, by `cache` or where a subclass looks: where it asks for a range, that part of it."""
        found: list[CachedURLResponse | None] = []
        try:
            cache.get_cached_response_for_task(self._task, found.append)
            cached = found[0] if found else None
            if cached is not None and not isinstance(cached, CachedURLResponse):
                raise InvalidArgumentException(f"the completion handler was given {shown.value(cached)}; it takes a CachedURLResponse or None")
        except BaseException as error:
            blame(error, f"{type(cache).__name__}.get_cached_response_for_task")
            raise
        if cached is None or header(request.headers, "range") is None:
            return cached
        return part_for(request.headers, cached) if request.method == "GET" else None

    def lend(self, request: URLRequest) -> CachedURLResponse | None:
        """What is stored for `request`, which a protocol class loads: it judges by itself, unless the policy is to load anew."""
        self._lent = True
        self._request = Request(request.http_method, request.url or "", request.header_pairs())
        self._requested = self._clock.date()
        if self._cache is None or not self._keeps or self._policy in RELOADS:
            return None
        return self._cache.cached_response(self._request)

    def offered(self, storage: CacheStoragePolicy) -> None:
        """The response of a protocol class has come, which lets it be kept as `storage` says."""
        self._received = self._clock.date()
        self._storage = storage
        if self._cache is not None and self._keeps and storage is not CacheStoragePolicy.NOT_ALLOWED and self._request.method == "GET":
            self._spool = self._cache.spool()

    def answered(self, head: ResponseHead) -> CachedURLResponse | None:
        """The final head has come. A response to serve in its place where it says that the cached one still holds, or that the
        server failed, for which there is one to spare."""
        self._received = self._clock.date()
        request, cache = self._request, self._cache
        self.invalidate(head)
        spare, self._spare = self._spared(), None
        if spare is not None and head.status in FAILURES:
            return spare
        if cache is None or not self._keeps:
            return None
        if head.status == 304 and self.cached is not None:
            return cache.refresh(self.cached, request, head.headers, self._requested, self._received)
        if request.method == "HEAD" and head.status == 200:
            cache.compare(request, head.headers, self._requested, self._received)
        elif may_store(request.method, request.headers, head.status, head.headers):
            self._spool = cache.spool()
        elif request.method == "GET" and head.status < 400 and head.status not in (206, 304):
            self._forget(cache)
        return None

    def _forget(self, cache: URLCache) -> None:
        """What was there is not what the server gives now."""
        with user_code(f"{type(cache).__name__}.remove_cached_response_for_task"):
            cache.remove_cached_response_for_task(self._task)

    def unanswered(self, error: URLError) -> CachedURLResponse | None:
        """No head has come. What is to be served instead of the `error`; None: nothing."""
        return self._spared() if error.code in _UNANSWERED else None

    def _spared(self) -> CachedURLResponse | None:
        """What may be given now that the server failed."""
        if self._spare is None:
            return None
        (cached, until), now = self._spare, self._clock.date()
        return _as_old_as_it_is(cached, now) if now <= until else None

    def redirected(self, head: ResponseHead, response: HTTPURLResponse) -> None:
        """A head has come that is followed elsewhere. It is kept where it may be, without its body, which nobody waits for."""
        self._received = self._clock.date()
        self._spare = None
        self.invalidate(head)
        request, cache = self._request, self._cache
        if cache is None or not self._keeps:
            return
        if self.may_keep(head):
            kept = response.replacing(without_body(storable(head.headers)))
            self.keep(CachedURLResponse(kept, b"", None, self._storage, requested=self._requested, received=self._received))
        elif request.method == "GET":
            self._forget(cache)

    def may_keep(self, head: ResponseHead) -> bool:
        """Whether the response of `head` may be put into the cache."""
        request = self._request
        return self._cache is not None and self._keeps and may_store(request.method, request.headers, head.status, head.headers)

    def invalidate(self, head: ResponseHead) -> None:
        """A head has come, be it one that is followed elsewhere: remove what an unsafe request made worthless."""
        request = self._request
        if self._cache is not None and request.method not in ("GET", "HEAD"):
            self._cache.invalidate(request.method, request.url, head.status, head.headers)

    def take(self, data: bytes) -> None:
        """A piece of the decoded body."""
        if self._spool is not None and not self._spool.write(data):
            self._spool = None

    def proposal(self, response: URLResponse) -> CachedURLResponse | None:
        """The whole response as it could be kept, or None where it is not to be."""
        body = None if self._spool is None else self._spool.body()
        if body is None:
            return None
        if isinstance(response, HTTPURLResponse) and not self._lent:
            headers = response.headers
            if (kept := storable(headers)) is not headers:
                response = response.replacing(kept)
        return CachedURLResponse(response, body, None, self._storage, requested=self._requested, received=self._received)

    def keep(self, proposal: CachedURLResponse) -> None:
        """Store what the delegate agreed to."""
        assert self._cache is not None
        self._cache.keep(proposal, self._request, None if self._lent else self._task, self._clock.date())

    def give_up(self) -> None:
        """The body will not come whole."""
        if self._spool is not None:
            self._spool.discard()
            self._spool = None


def _as_old_as_it_is(cached: CachedURLResponse, now: datetime) -> CachedURLResponse:
    """`cached` as it is given without asking the server."""
    response = aged(cached, now)
    return cached if response is None else cached.replacing(response)
