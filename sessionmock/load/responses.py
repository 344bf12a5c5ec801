"""Responses: what the heads and bodies of a load's exchanges mean to it."""
from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ..core.caching import Verdict
from ..core.decoding import Decoder, DecodingError, TooManyCodingsError, decoder
from ..core.machine import Event
from ..core.redirects import have_one_origin, redirected_request
from ..errors import Code, URLError, url_error
from ..models.enums import ResourceFetchType
from ..models.message import GivenResponse, Headers, Request, ResponseHead, header, sole
from ..models.request import URLRequest
from ..models.response import HTTPURLResponse, URLResponse
from .body import Body
from .caching import CacheVisit
from .callbacks import Callbacks
from .context import Context
from .inbox import Inbox
from .sink import HELD, LoadSink
from .transfer import Transfer


class Responses:
    """Sorts responses into redirects and the final one, from a server or the cache; decodes bodies. In turns of the load."""

    __slots__ = ("_body", "_callbacks", "_context", "_decoder", "_inbox", "_questioned", "_transfer", "visit")

    def __init__(self, context: Context, inbox: Inbox, callbacks: Callbacks, transfer: Transfer, body: Body) -> None:
        self._context = context
        self._inbox = inbox
        self._callbacks = callbacks
        self._transfer = transfer
        self._body = body
        self.visit: CacheVisit | None = None
        self._decoder: Decoder | None = None
        self._questioned: URLResponse | None = None     # the redirect that the delegate is asked about

    # heads --------------------------------------------------------------------------------------------------------
    def read(self, head: ResponseHead, *, keeps_cookies: bool = True) -> HTTPURLResponse:
        """A final head off a route: the response that it is."""
        transaction = self._transfer.last
        response = HTTPURLResponse.from_head(self._transfer.request.url or "", head)
        transaction.response = response
        if keeps_cookies:
            self._context.store_cookies(transaction.request, head.headers, self._callbacks.task)
        self._decoder = decoder(header(head.headers, "content-encoding"))
        return response

    def brings_cookies(self, head: ResponseHead) -> bool:
        """Whether there is something to keep."""
        return header(head.headers, "set-cookie") is not None and self._context.keeps_cookies(self._transfer.last.request)

    def keep_cookies(self, head: ResponseHead) -> None:
        """Keep the cookies of a head that was read."""
        self._context.store_cookies(self._transfer.last.request, head.headers, self._callbacks.task)

    def take_given(self, given: GivenResponse) -> None:
        """A response that came by no wire."""
        transaction = self._transfer.last
        transaction.response = given.response
        if transaction.fetch_type is ResourceFetchType.NETWORK_LOAD:
            transaction.fetch_type = ResourceFetchType.LOCAL_CACHE if given.is_cached else ResourceFetchType.UNKNOWN
        if given.redirect is not None:
            self._lead_on(given.response, given.redirect)
            return
        if self.visit is not None and given.storage is not None:
            self.visit.offered(given.storage)
        self._inbox.meet(Event.RESPONSE, given.response)

    def sort(self, head: ResponseHead, response: HTTPURLResponse) -> None:
        """A redirect, the news that the cache holds the response, or the response."""
        if (following := self._following(head.status, head.headers)) is not None:
            visit, faults = self.visit, self._callbacks.faults
            if faults is not None and visit is not None and visit.may_keep(head):
                faults.on_store("cache.set", lambda: visit.redirected(head, response), lambda _: self._lead_on(response, following))
                return
            if visit is not None:
                visit.redirected(head, response)
            self._lead_on(response, following)
            return
        if self.visit is not None:
            self.visit.cached = self.visit.answered(head)
            if self.visit.cached is not None:
                self._serve_instead()
                return
        self._inbox.meet(Event.RESPONSE, response)

    def _following(self, status: int, headers: Headers) -> URLRequest | None:
        """The request that a response leads to; None where it is no redirect."""
        return redirected_request(self._transfer.request, status, sole(headers, "location")) if 300 <= status < 400 else None

    def fall_back(self, error: URLError) -> bool:
        """Before any head the exchange failed of `error`: whether what the cache has is served all the same."""
        return self.spares(error) and self._serve_instead()

    def spares(self, error: URLError) -> bool:
        """Whether the cache has something to serve in place of `error`, before any head."""
        visit = self.visit
        if visit is None:
            return False
        visit.cached = visit.unanswered(error)
        return visit.cached is not None

    # redirects ----------------------------------------------------------------------------------------------------
    def _lead_on(self, response: URLResponse | None, following: URLRequest) -> None:
        """`response` redirects to `following`."""
        self._questioned = response
        self._context.additional.fit(following, self._transfer.original_request)
        if not self._callbacks.follows:
            self._inbox.meet(Event.RESPONSE, response)
        elif self._transfer.redirects >= self._context.configuration.maximum_redirects:
            self._inbox.meet(Event.FAILED, url_error(Code.HTTP_TOO_MANY_REDIRECTS, following.url))
        else:
            self._inbox.meet(Event.REDIRECT, following)

    def ask_redirect(self, following: URLRequest) -> None:
        """The delegate is asked whether to follow."""
        callbacks, name = self._callbacks, "task_will_perform_http_redirection"
        answered = partial(self._redirect_answered, following.http_method == self._transfer.request.http_method, following.url)
        callbacks.put("redirect", name, callbacks.method(name), (callbacks.task, self._questioned, following), answered, following)

    def _redirect_answered(self, keeps_body: bool, url: str | None, following: URLRequest | None) -> None:
        """The delegate follows the redirect to `url`, perhaps by a request of its own; `keeps_body` where the response did not make
        the method GET. What it answers is sent as it is, but that a change of the origin takes no secret of the session along."""
        if following is None:
            self._inbox.meet(Event.RESPONSE, self._questioned)
        else:
            following = following.copy()
            if not have_one_origin(following.url, url):
                self._context.additional.fit(following, self._transfer.original_request)
            self._inbox.meet(Event.FOLLOW if self._body.carry(following, keeps_body) else Event.NEEDS_STREAM, following)

    def settle_response(self) -> None:
        """The redirect that was asked about is the response after all."""
        self._transfer.response = self._questioned

    # the cache ----------------------------------------------------------------------------------------------------
    def look(self, message: Request, request: URLRequest, keeps: bool, *, fails: bool = False) -> Verdict:
        """How the cache lets the load of `request` begin; one that `fails` as if it held nothing."""
        visit = self.visit = self._context.cache_visit(self._callbacks.task, request, keeps=keeps)
        return Verdict.LOAD if visit is None else visit.look(message, fails=fails)

    def lend(self, request: URLRequest, keeps: bool) -> CacheVisit | None:
        """What a protocol class has of the cache for the load of `request`."""
        self.visit = self._context.cache_visit(self._callbacks.task, request, keeps=keeps)
        return self.visit

    def stand_in(self, keeps: bool) -> None:
        """Another request's answer is coming that is the answer to the task's own, too: what the cache has for that is stale then."""
        if self.visit is None:
            request = self._transfer.request
            self.look(Request(request.http_method, request.url or "", []), request, keeps)

    def serve(self, sink: LoadSink) -> None:
        """Answer from the cache."""
        assert self.visit is not None
        cached, self.visit = self.visit.cached, None
        assert cached is not None
        sink.transaction.fetch_type = ResourceFetchType.LOCAL_CACHE
        sink.transaction.source = "cache"
        sink.opened()
        response, following = cached.response, None
        if isinstance(response, HTTPURLResponse):
            following = self._following(response.status_code, response.headers)
        sink.head(ResponseHead(0, [], given=GivenResponse(response, following)))
        self._inbox.put(sink, Event.DATA, cached.chunks(HELD))
        sink.end([])

    def _serve_instead(self) -> bool:
        """Answer from the cache, in place of what the server said or did not say."""
        engine, transfer = self._context.engine, self._transfer
        transfer.last.ended = engine.clock.now()      # a 304 ends with its head
        self.drop()
        sink = self._inbox.sink = LoadSink(
            self._inbox, engine, transfer.begin(transfer.request, engine.clock.now()), self._callbacks.history, self._callbacks.task)
        self.serve(sink)
        return True

    # bodies -------------------------------------------------------------------------------------------------------
    @property
    def decodes(self) -> bool:
        """Whether the body is encoded, and its end has not come."""
        return self._decoder is not None

    def data(self, data: bytes | Iterator[bytes]) -> None:
        """A piece of the body as it came, or all pieces of what the cache has."""
        inbox = self._inbox
        if not isinstance(data, bytes):      # decoded when it was stored
            inbox.ahead = data
            return
        assert inbox.sink is not None
        inbox.sink.taken = len(data)
        self._transfer.received += len(data)
        if self._decoder is None:
            inbox.meet(Event.DATA, data)
        else:
            inbox.ahead = self._decoder.pieces(data)

    def next_piece(self, undecodable: Code) -> None:
        """Hand out the next decoded piece; a coding that is broken fails the load with `undecodable`."""
        inbox = self._inbox
        assert inbox.ahead is not None
        try:
            piece = next(inbox.ahead, None)
        except (DecodingError, OSError) as error:
            inbox.ahead = None
            code = Code.CANNOT_DECODE_CONTENT_DATA if isinstance(error, TooManyCodingsError) else undecodable
            inbox.meet(Event.FAILED, inbox.owner.failure(code, error))
            return
        if piece is None:
            inbox.ahead = None
        elif piece:
            inbox.meet(Event.DATA, piece)

    def rest(self, trailers: Headers, undecodable: Code) -> None:
        """The end of an encoded body: what the decoder still holds comes first."""
        assert self._decoder is not None
        ending, self._decoder = self._decoder, None
        inbox = self._inbox
        try:
            rest = ending.flush() if self._transfer.received else b""
        except DecodingError as error:
            inbox.meet(Event.FAILED, inbox.owner.failure(undecodable, error))
            return
        inbox.put_back(Event.END, trailers)
        if rest:
            inbox.ahead = iter((rest,))

    # ends ---------------------------------------------------------------------------------------------------------
    def drop(self) -> None:
        """The rest of this response is not wanted."""
        if (sink := self._part()) is not None:
            sink.drop()

    def abort(self, failure: URLError | None) -> None:
        """The exchange ends at once, because of `failure` or because its response is not wanted."""
        if (sink := self._part()) is not None:
            sink.abort(failure)

    def _part(self) -> LoadSink | None:
        inbox = self._inbox
        sink, inbox.sink = inbox.sink, None
        inbox.ahead = self._decoder = None
        return sink

    def give_up(self) -> None:
        """The body will not come whole."""
        if self.visit is not None:
            self.visit.give_up()
