"""Answers: what the heads and bodies of a load's exchanges mean to it."""
from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from ..core.decoding import Decoder, DecodingError, UnknownCodingError, decoder
from ..core.machine import Event
from ..core.preparation import announced
from ..core.redirects import REDIRECT_LIMIT, redirected_request
from ..errors import Code, url_error
from ..models.body import again
from ..models.message import BodyStream, GivenResponse, Headers, ResponseHead, body_length, first, header
from ..models.metrics import ResourceFetchType
from ..models.request import URLRequest
from ..models.response import HTTPURLResponse, URLResponse
from .caching import CacheVisit
from .challenges import Challenges
from .metrics import Hop
from .sink import DROPPED, HELD, Inflow

if TYPE_CHECKING:
    from .context import Context
    from .load import Consumer


class Answers(Challenges):
    """Sorts responses into redirects, challenges and the final one, from a server or the cache; decodes bodies."""

    __slots__ = ("_decoder", "_redirects", "_visit", "hops", "received", "source", "total_to_send")
    consumer: Consumer

    def __init__(self, context: Context, task: Any, request: URLRequest, *, body: bytes | BodyStream | None, eager: bool) -> None:
        super().__init__(context, task, request, body=body, eager=eager)
        self.source = ""                      # the route's word for where the last answer came from
        self.received = 0
        self.total_to_send = body_length(body)
        self.hops: list[Hop] = []             # a request each, for the metrics
        self._decoder: Decoder | None = None
        self._visit: CacheVisit | None = None
        self._redirects = 0

    def _take(self, event: Event, payload: Any) -> None:
        if event is Event.RESPONSE:
            self._classify(payload)
        elif event is Event.DATA:
            self._decode(payload)
        elif event is Event.END and self._decoder is not None:
            self._decode_rest(payload)
        elif event is not Event.FAILED or not self._asked(payload):
            self._meet(event, payload)

    def _classify(self, head: ResponseHead) -> None:
        """The final head of an exchange: a challenge, or what `_judge` finds it to be."""
        url = self.request.url or ""
        flow = self._flow
        assert flow is not None
        if (given := head.given) is not None:
            self._take_given(given)
            return
        response = HTTPURLResponse.from_head(url, head)
        self.hops[-1].response = response
        self.context.store_cookies(self.hops[-1].request, head.headers, self.task)
        self._decoder = decoder(header(head.headers, "content-encoding"))
        if head.status in (401, 407) and self._challenged(head, response):
            return
        if self._authentication is not None:
            self.context.keep_credentials(self._authentication.accepted(self._message, head), self.task)
        self._judge(head, response)

    def _take_given(self, given: GivenResponse) -> None:
        """A response that came by no wire."""
        hop = self.hops[-1]
        hop.response = given.response
        if hop.fetch_type is ResourceFetchType.NETWORK_LOAD:
            hop.fetch_type = ResourceFetchType.LOCAL_CACHE if given.is_cached else ResourceFetchType.UNKNOWN
        if given.redirect is not None:
            self._lead_on(given.response, given.redirect)
            return
        if self._visit is not None and given.storage is not None:
            self._visit.offered(given.storage)
        self._meet(Event.RESPONSE, given.response)

    def _judge(self, head: ResponseHead, response: HTTPURLResponse) -> None:
        """A redirect, the news that the cache holds the response, or the response."""
        if 300 <= head.status < 400 and (following := redirected_request(self.request, head.status, first(head.headers, "location"))):
            if self._visit is not None:
                self._visit.invalidate(head)
            self._lead_on(response, following)
            return
        if self._visit is not None:
            self._visit.cached = self._visit.answered(head)
            if self._visit.cached is not None:
                self.hops[-1].ended = self.context.engine.clock.now()      # a 304 ends with its head
                self._drop(None)
                flow = self._flow = Inflow(self, self.request)
                flow.hop.fetch_type = ResourceFetchType.LOCAL_CACHE
                self._serve(flow, self._visit)
                return
        self._meet(Event.RESPONSE, response)

    def _lead_on(self, response: URLResponse | None, following: URLRequest) -> None:
        """`response` redirects to `following`."""
        self._ask = response
        if self._redirects >= REDIRECT_LIMIT:
            self._meet(Event.FAILED, url_error(Code.HTTP_TOO_MANY_REDIRECTS, following.url))
        else:
            self._meet(Event.REDIRECT, following)

    def _ask_redirect(self, following: URLRequest) -> None:
        answered = partial(self._redirect_answered, following.http_method == self.request.http_method)
        if not self.call("task_will_perform_http_redirection", self._ask, following, answered=answered):
            answered(following)

    def _redirect_answered(self, keeps_body: bool, following: URLRequest | None) -> None:
        """The delegate follows, perhaps by a request of its own; `keeps_body` where the response did not make the method GET."""
        if following is None:
            self._meet(Event.RESPONSE, self._ask)
        else:
            following = following.copy()
            self._meet(Event.FOLLOW if self._carry_body(following, keeps_body) else Event.NEEDS_STREAM, following)

    def _carry_body(self, following: URLRequest, keeps_body: bool) -> bool:
        """Take what `following` is sent with, which is its own body, also where the delegate has changed it (I21). False: it is the
        stream that was read already, and the delegate has to supply it again."""
        stream = following.http_body_stream
        if stream is None or stream is not self.request.http_body_stream:
            self._take_body(following)
            return True
        self._body = again(self._body)
        return self._body is not None

    def _take_body(self, request: URLRequest) -> None:
        stream = request.http_body_stream
        self._body = request.http_body if stream is None else announced(stream, request)
        self.total_to_send = body_length(self._body)

    def _decode(self, data: bytes | Iterator[bytes]) -> None:
        if not isinstance(data, bytes):      # of the cache, decoded
            self._pieces = data
            return
        self._taken = len(data)
        self.received += len(data)
        if self._decoder is None:
            self._meet(Event.DATA, data)
        else:
            self._pieces = self._decoder.pieces(data)

    def _next_piece(self) -> None:
        assert self._pieces is not None
        try:
            piece = next(self._pieces, None)
        except (DecodingError, OSError) as error:
            self._pieces = None
            code = Code.CANNOT_DECODE_CONTENT_DATA if isinstance(error, UnknownCodingError) else self.consumer.undecodable[0]
            self._meet(Event.FAILED, url_error(code, self.request.url, error))
            return
        if piece is None:
            self._pieces = None
        elif piece:
            self._meet(Event.DATA, piece)

    def _decode_rest(self, trailers: Headers) -> None:
        """The end of an encoded body: what the decoder still holds comes first."""
        assert self._decoder is not None
        ending, self._decoder = self._decoder, None
        try:
            rest = ending.flush() if self.received else b""
        except DecodingError as error:
            self._meet(Event.FAILED, url_error(self.consumer.undecodable[1], self.request.url, error))
            return
        assert self._flow is not None
        self._incoming.appendleft((self._flow, Event.END, trailers))
        if rest:
            self._pieces = iter((rest,))

    def _serve(self, flow: Inflow, visit: CacheVisit) -> None:
        """Answer from the cache."""
        cached, self._visit = visit.cached, None
        assert cached is not None
        self.source = "cache"
        flow.head(ResponseHead(0, [], given=GivenResponse(cached.response)))
        self._incoming.append((flow, Event.DATA, cached.chunks(HELD)))
        flow.end([])

    def _drop(self, payload: Any) -> None:
        """The rest of this response is not wanted; a short one is read to its end, which saves the connection. Where no head has
        come, the request is not wanted."""
        flow, self._flow = self._flow, None
        self._pieces = self._decoder = None
        if flow is None:
            return
        flow.wanted = False
        if flow.exchange is not None and not flow.ended:
            if flow.status is None or flow.hop.received > DROPPED:
                flow.exchange.cancel()
            else:
                flow.exchange.resume()
