"""The route of a script: answers in order first, then functions, then respx routers in the order of their attachment."""
from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack, cast

from ... import shown
from ...errors import Code, InvalidArgumentException, SessionMockError, UnmatchedRequest, URLError, url_error
from ...models.callables import taking
from ...models.host_patterns import patterns_given
from ...models.message import BodyStream, Request
from ..base import FINISHED, Channel, ChannelOver, Exchange, Host, Route, Sink
from ..httpx.errors import url_error_for
from ..offload import Deferred, LoopThread, fail, read_body
from ..passing import passing
from .answer import Answer, Values, play
from .functions import Function, Scripted

if TYPE_CHECKING:
    import respx

    from ...models.configuration import URLSessionConfiguration
    from .routers import Routers


class ScriptRoute:
    """Answers requests from a script.

    `answer()` and `answers()` queue answers that are given to the next requests in order, whatever they ask for. When
    none is left, the functions that `answer()` was given are asked. When none of them answers, respx routers decide: those
    attached, in order, the route's own `router` where it was first used. Only routers need respx (extra `script`).
    A request that nothing answers fails with code unknown (-1) over an `UnmatchedRequest`, kept in `misses`.
    A respx route marked `pass_through()`, and a side effect or function that returns its request, sends it to `live`; without
    `live` that is a miss. Requests for a host that a pattern of `pass_through` names, as "localhost" or "*.internal"
    (`models.host_patterns`), are not asked about: they go to `live`, or as they would without a script.
    """

    source = "script"
    is_live = False

    def __init__(self, live: Route | None = None, *, pass_through: str | Iterable[str] = ()) -> None:
        self.live = live
        self._passed = patterns_given("pass_through", pass_through)
        self.misses: list[UnmatchedRequest] = []
        self.waiting: deque[Answer] = deque()
        self.functions: list[Scripted] = []
        self._lock = threading.RLock()
        self._router: respx.Router | None = None
        self._routers: Routers | None = None

    def __repr__(self) -> str:
        return f"<ScriptRoute: {len(self.waiting)} answers waiting, {len(self.functions)} functions, {len(self.misses)} misses>"

    def answer(self, answer: Answer | Function | None = None, /, **values: Unpack[Values]) -> ScriptRoute:
        """Queue one answer: an `Answer`, or the values of one (`answer(status=503, delay=2)`). Or let a function answer.

        A function is asked for every request that no answer waits for, with the `Request`, whose body is bytes or None. It
        runs in the task of the async client that asks, else on another thread, an `async def` on an asyncio loop of its own.
        It returns an `Answer`, a status, a body (bytes or str), a dict or list that is sent as JSON, the request itself, which
        goes live, or None: the next function, or the routers, answer. What it raises is what the request fails with, a
        URLError as it is. Raises InvalidArgumentException.
        """
        if answer is None:
            answer = Answer(**values)
        elif values:
            raise InvalidArgumentException(f"answer({answer!r}, {', '.join(values)}=...): give an answer, or the values of one")
        if isinstance(answer, Answer | type) or not callable(answer):
            return self.answers([cast("Answer", answer)])      # which refuses what is none
        self.functions.append(Scripted(taking("ScriptRoute.answer", answer, "request")))
        return self

    def answers(self, answers: Iterable[Answer]) -> ScriptRoute:
        """Queue several answers, the first for the next request. Raises InvalidArgumentException for what is no `Answer`."""
        queued = list(answers)
        for answer in queued:
            if not isinstance(answer, Answer):
                raise InvalidArgumentException(
                    f"{answer!r} is no Answer: give Answer(status=..., body=...), or these values to answer(), which takes a function too")
        self.waiting.extend(queued)
        return self

    def attach(self, router: respx.Router) -> None:
        """Let `router` answer too: a respx router with its routes, mocks and call statistics, as it is."""
        self.routers.attach(router)

    def detach(self, router: respx.Router) -> None:
        """Let `router`, which was attached, answer no more; its statistics stay. Raises InvalidArgumentException where it is not attached."""
        self.routers.detach(router)
        with self._lock:
            if router is self._router:
                self._router = None         # a route that is added from now on is one of a new router

    @property
    def routers(self) -> Routers:
        """The routers attached, made on first use because that imports respx. Raises SessionMockError where respx is missing."""
        with self._lock:
            if self._routers is None:
                try:
                    from .routers import Routers
                except ImportError as error:
                    raise SessionMockError(
                        "respx routers need respx: pip install 'sessionmock[script]'; answer(function) needs none") from error
                self._routers = Routers()
            return self._routers

    @property
    def asked(self) -> Routers | None:
        """The routers where there are any; None as long as respx was not needed."""
        return self._routers

    @property
    def router(self) -> respx.Router:
        """The route's own respx router, attached on first use."""
        with self._lock:
            if self._router is None:
                routers = self.routers          # says what to install where respx is missing
                import respx

                self._router = respx.Router(assert_all_called=False)
                routers.attach(self._router)
            return self._router

    def route(self, *patterns: respx.patterns.Pattern, name: str | None = None, **lookups: Any) -> respx.Route:
        """A route of the own router, by respx patterns."""
        return self.router.route(*patterns, name=name, **lookups)

    def request(self, method: str, url: Any = None, *, name: str | None = None, **lookups: Any) -> respx.Route:
        """A route of the own router for a method and a URL."""
        return self.router.request(method, url, name=name, **lookups)

    def get(self, url: Any = None, *, name: str | None = None, **lookups: Any) -> respx.Route:
        """A route of the own router for GET."""
        return self.request("GET", url, name=name, **lookups)

    def post(self, url: Any = None, *, name: str | None = None, **lookups: Any) -> respx.Route:
        """A route of the own router for POST."""
        return self.request("POST", url, name=name, **lookups)

    def put(self, url: Any = None, *, name: str | None = None, **lookups: Any) -> respx.Route:
        """A route of the own router for PUT."""
        return self.request("PUT", url, name=name, **lookups)

    def patch(self, url: Any = None, *, name: str | None = None, **lookups: Any) -> respx.Route:
        """A route of the own router for PATCH."""
        return self.request("PATCH", url, name=name, **lookups)

    def delete(self, url: Any = None, *, name: str | None = None, **lookups: Any) -> respx.Route:
        """A route of the own router for DELETE."""
        return self.request("DELETE", url, name=name, **lookups)

    def head(self, url: Any = None, *, name: str | None = None, **lookups: Any) -> respx.Route:
        """A route of the own router for HEAD."""
        return self.request("HEAD", url, name=name, **lookups)

    def options(self, url: Any = None, *, name: str | None = None, **lookups: Any) -> respx.Route:
        """A route of the own router for OPTIONS."""
        return self.request("OPTIONS", url, name=name, **lookups)

    @property
    def calls(self) -> respx.models.CallList:
        """The calls that the own router answered."""
        return self.router.calls

    @property
    def uncalled(self) -> list[str]:
        """What no request has called, a line each: answers that wait still, functions that have not answered, respx routes without a call."""
        routes = [] if self._routers is None else self._routers.uncalled()
        functions = [str(scripted) for scripted in self.functions if not scripted.called]
        return [*(f"the answer {answer.status}" for answer in self.waiting), *functions, *routes]

    def reset(self) -> None:
        """Forget the own router's calls and all misses. Routes and waiting answers stay."""
        self.misses.clear()
        if self._router is not None:
            self._router.reset()

    def bind(self, configuration: URLSessionConfiguration, host: Host) -> Channel:
        """The channel of one session."""
        channel = ScriptChannel(self, None if self.live is None else self.live.bind(configuration, host), host)
        return passing(channel, self._passed, self.live, configuration, host)


class ScriptChannel(ChannelOver):
    """A script in the hands of one session, over the live channel that its routers pass requests through to."""

    def __init__(self, script: ScriptRoute, live: Channel | None, host: Host) -> None:
        super().__init__(live)
        self.script, self.host = script, host
        self.loop = LoopThread()

    def open(self, request: Request, sink: Sink) -> Exchange:
        answer = None
        if self.script.waiting:
            try:
                answer = self.script.waiting.popleft()
            except IndexError:         # another thread took the last one
                pass
        body = request.body
        if body is None or isinstance(body, bytes):
            if body:
                sink.sent(len(body))
            return self._answer(answer, request, sink)
        deferred = Deferred()
        if body.may_block:
            self.host.work(self._read, body, answer, request, sink, deferred)
        else:
            self._read(body, answer, request, sink, deferred)
        return deferred

    def _read(self, body: BodyStream, answer: Answer | None, request: Request, sink: Sink, deferred: Deferred) -> None:
        """A script sees requests whole: read the body, then answer."""
        try:
            whole = read_body(body, sink)
        except BaseException as error:
            fail(sink, error, lambda error: error if isinstance(error, URLError) else url_error(Code.UNKNOWN, request.url, error))
        else:
            deferred.settle(self._answer(answer, replace(request, body=whole), sink))

    def _answer(self, answer: Answer | None, request: Request, sink: Sink) -> Exchange:
        """Answer `request`, whose body is bytes or None."""
        if answer is not None:
            return play(answer, request, self.host, sink)
        if self.script.functions:
            deferred = Deferred()
            self.host.work(self._ask, request, sink, deferred)
            return deferred
        return self._routed(request, sink)

    def _ask(self, request: Request, sink: Sink, deferred: Deferred) -> None:
        """On a thread that may block: let the functions answer."""
        if deferred.cancelled:
            return
        try:
            given = next(filter(None, (scripted.answer(request, self.loop) for scripted in list(self.script.functions))), None)
        except BaseException as error:
            fail(sink, error, lambda error: url_error_for(error, request.url))
            return
        if given is None:
            deferred.settle(self._routed(request, sink))
        elif isinstance(given, Answer):
            deferred.settle(play(given, request, self.host, sink))
        else:
            deferred.settle(self.pass_through(request, sink))

    def _routed(self, request: Request, sink: Sink) -> Exchange:
        """Let the routers answer."""
        if (routers := self.script.asked) is not None:
            return routers.open(request, sink, self)
        return self.miss(request, sink, "no answer is left, and there is no route")

    def pass_through(self, request: Request, sink: Sink) -> Exchange:
        """Send `request` on its way to `live`."""
        if self.inner is None:
            return self.miss(request, sink, "it is to pass, and there is no live route")
        return self.inner.open(request, sink)

    def miss(self, request: Request, sink: Sink, reason: str, kind: type[UnmatchedRequest] = UnmatchedRequest) -> Exchange:
        """Fail `request` with a `kind` because nothing answers it."""
        unmatched = kind(f"no scripted answer for {request.method} {shown.url(request.url)}: {reason}")
        self.script.misses.append(unmatched)
        sink.fail(url_error(Code.UNKNOWN, request.url, unmatched))
        return FINISHED

    def close(self) -> None:
        self.loop.close()
        super().close()
