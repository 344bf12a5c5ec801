"""respx routers as part of a script: who answers a request, on which thread, and how respx keeps count of it."""
from __future__ import annotations

import inspect
from typing import Any, Protocol

import respx
from respx.models import SideEffectError

from ...errors import Code, InvalidArgumentException, UnmatchedRequest, URLError, url_error
from ...models.message import Request
from ..base import FINISHED, Exchange, Host, Sink
from ..httpx.edge import ByteStream, DecodingError, EdgeRequest, InvalidURL, RequestError, Response, edge_request, read_at_once
from ..httpx.errors import url_error_for
from ..httpx.values import head_of
from ..offload import Deferred, LoopThread, Pump, Runner, fail, runner_for
from .index import Candidate, Index, Key, key_of
from .nearest import described, nearest

_HERE = Runner()       # what needs no code of users


class NeedsThread(Exception):
    """The request's answer takes code of the user's, which does not run on the stack of an API call."""


class UsedUp(UnmatchedRequest, StopIteration):
    """The route that matches has no side effect left: a miss, and to a plain client what it is with respx."""


class Asker(Protocol):
    """The channel that a request came in by, as far as an answer of a router takes it."""

    @property
    def host(self) -> Host:
        """The threads that users' code runs on."""

    @property
    def loop(self) -> LoopThread:
        """The asyncio loop of users' coroutines, where no client's own will do."""

    def pass_through(self, request: Request, sink: Sink) -> Exchange:
        """Send `request` where it would go without the script; a miss where there is no such place."""

    def miss(self, request: Request, sink: Sink, reason: str, kind: type[UnmatchedRequest] = UnmatchedRequest) -> Exchange:
        """Fail `request` with a `kind` because nothing answers it."""


class Routers:
    """The routers of one script, in order of attachment, each with its index."""

    def __init__(self) -> None:
        self._indexes: list[Index] = []

    def attach(self, router: respx.Router) -> None:
        """Add `router` behind the others. Raises InvalidArgumentException for what is no respx router or there already."""
        if not isinstance(router, respx.Router):
            raise InvalidArgumentException(f"attach({router!r}): not a respx router, which respx.Router() or respx.mock() make")
        if any(index.router is router for index in self._indexes):
            raise InvalidArgumentException(f"attach({router!r}): this router is attached already")
        self._indexes.append(Index(router))

    def detach(self, router: respx.Router) -> None:
        """Take `router` out. Raises InvalidArgumentException where it is not attached."""
        left = [index for index in self._indexes if index.router is not router]
        if len(left) == len(self._indexes):
            raise InvalidArgumentException(f"detach({router!r}): this router is not attached")
        self._indexes = left            # a new list: requests on their way have the old one

    def uncalled(self) -> list[str]:
        """The routes that no request has called, as the reason of a miss shows them."""
        return [f"the route {described(route)}" for index in self._indexes for route in index.router.routes if not route.called]

    def open(self, request: Request, sink: Sink, channel: Asker) -> Exchange:
        """Answer `request`, whose body is bytes or None: here where no user code is needed, else on a pooled thread."""
        try:
            edge, key = key_of(request.url)
        except InvalidURL as error:
            sink.fail(url_error(Code.BAD_URL, request.url, error))
            return FINISHED
        body = request.body
        assert body is None or isinstance(body, bytes), "a script sees requests whole"
        asked = edge_request(request.method, edge, request.headers, body, extensions=request.extensions)
        answering = Answering(request, asked, (asked.method, *key), self._indexes, sink, channel)
        try:
            return answering.answer(None)
        except NeedsThread:
            deferred = Deferred()
            channel.host.work(answering.run, deferred)
            return deferred


class Answering:
    """One request in front of the routers."""

    __slots__ = ("asked", "channel", "indexes", "key", "request", "sink")

    def __init__(
        self, request: Request, asked: EdgeRequest, key: Key, indexes: list[Index], sink: Sink, channel: Asker,
    ) -> None:
        self.request, self.asked, self.key = request, asked, key
        self.indexes, self.sink, self.channel = indexes, sink, channel

    def run(self, deferred: Deferred) -> None:
        """On a thread that may block: find the answer and give it."""
        if not deferred.cancelled:
            deferred.settle(self.answer(deferred))

    def answer(self, deferred: Deferred | None) -> Exchange:
        """Give the answer to the sink. Without `deferred` no user code may run: NeedsThread is raised before any does."""
        sink = self.sink
        try:
            response = self._resolve(deferred is not None)
        except NeedsThread:
            raise
        except UsedUp as error:
            return self.channel.miss(self.request, sink, str(error), UsedUp)
        except BaseException as error:
            fail(sink, error.origin if isinstance(error, SideEffectError) else error, self._error)
            return FINISHED
        if isinstance(response, EdgeRequest):
            return self.channel.pass_through(self.request, sink)
        if response is None:
            return self.channel.miss(self.request, sink, nearest(self.asked, [index.router for index in self.indexes]))
        sink.head(head_of(response))
        if type(response.stream) is ByteStream:
            if body := b"".join(response.stream):
                sink.data(body)
            sink.end([])
            return FINISHED
        pump = Pump(self.channel.host, sink, runner_for(self.request, self.channel.loop).pieces(response.stream), self._error)
        if deferred is not None:
            deferred.settle(pump)        # before it runs: a pause must reach it
        self.channel.host.work(pump.run)
        return pump

    def _error(self, error: BaseException) -> URLError:
        return url_error_for(error, self.request.url)

    def _resolve(self, threaded: bool) -> Response | EdgeRequest | None:
        """What `Router.resolve` of the first router that answers gives, counted alike: a response, or the request to
        pass it through. None for a miss."""
        asked = self.asked
        for index in self.indexes:
            router = index.router
            route: respx.Route | None = None
            try:
                for candidate in index.candidates(self.key):
                    response = self._answer_of(candidate, threaded)
                    if response is not None:
                        route = candidate.route
                        break
                else:
                    if router._assert_all_mocked:
                        continue
                    response = Response(200)       # respx: a router that need not mock everything answers everything
            except SideEffectError as error:
                router.record(asked, response=None, route=error.route)
                raise
            if response == asked:
                router.record(asked, response=None, route=route)
                return asked
            assert isinstance(response, Response), f"a side effect gave {response!r}: no response, not None and not its request"
            router.record(asked, response=response, route=route)
            if type(response.stream) is ByteStream:
                try:
                    read_at_once(response)         # as respx does, for the records; the sink gets the bytes undecoded
                except DecodingError:
                    pass
            return response
        return None

    def _answer_of(self, candidate: Candidate, threaded: bool) -> Any:
        """What the candidate answers: a response, the request to pass it through, or None where it does not match."""
        route, asked = candidate.route, self.asked
        if not threaded and not (candidate.plain and _static(route)):
            if candidate.plain and not candidate.whole and not route.pattern.match(asked):
                return None
            raise NeedsThread
        runner = runner_for(self.request, self.channel.loop) if threaded else _HERE
        try:
            if not candidate.whole:
                answer = runner.call(route.match, asked)
            elif route.is_pass_through:
                answer = asked
            else:
                answer = runner.call(route.resolve, asked)
        except StopIteration:
            raise UsedUp(f"all side effects of {route!r} are used up") from None
        if threaded and inspect.isawaitable(answer):         # any, as respx itself
            try:
                answer = runner.run(answer)
            except Exception as error:
                raise SideEffectError(route, origin=error) from error
        return answer


def _static(route: respx.Route) -> bool:
    """Whether the route answers without code of the user's: by a response, or by an exception that is there or httpx's."""
    effect = route.side_effect
    return (
        effect is None or route.is_pass_through or isinstance(effect, Exception)
        or (isinstance(effect, type) and issubclass(effect, RequestError))
    )
