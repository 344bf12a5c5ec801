"""An answer of any route as bytes, written by a server in memory and read by the live route: so that anything can happen to them.

What comes of it is what the inner route gave: its heads, its trailers and its failure are handed on as they were, not as bytes can say
them, unless the bytes were changed on their way.
"""
from __future__ import annotations

from collections import deque
from contextlib import closing, suppress
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from ...errors import URLError
from ...models.body import BytesStream, ChainedStream, FileStream, InputStream
from ...models.message import Headers, Request, ResponseHead
from ...models.proxy import ProxyConfiguration
from ...models.timing import Timing
from ...models.trust import Terms
from ..base import Channel, Exchange, ExchangeOver, Host, Sink, SinkOver
from ..live.exchange import release
from ..live.http1.outgoing import LAST_CHUNK, chunk
from ..live.network.base import Wire, fulfil
from ..live.network.coroutines import Later
from ..live.network.ends import OutcomeError
from ..live.network.memory import MemoryAdapter, MemoryNetwork
from ..live.network.peer import Peer
from ..live.route import LiveChannel
from .framing import Framing
from .heads import Rendered, field_line, rendered
from .network import FaultyExchange
from .pretended import Pretended

if TYPE_CHECKING:
    import ssl

    from ...models.configuration import URLSessionConfiguration
    from ...models.message import BodyStream
    from ...models.url import URLParts

HELD = 262_144      # bytes of an answer that wait for the client before the inner exchange is paused
PROXY = ProxyConfiguration.http_connect("proxy.invalid", 3128)    # of whoever has none, where something may go wrong with it

_CONTEXT = cast("ssl.SSLContext", object())    # stands for one: nobody makes a handshake


class RenderedChannel(LiveChannel):
    """Connections in memory to servers that render the answers of `inner`. TLS and proxies are pretended, for requests with faults there."""

    adapter: MemoryAdapter

    def __init__(self, inner: Channel, configuration: URLSessionConfiguration, host: Host) -> None:
        super().__init__(configuration, host, MemoryNetwork(), None, None, False, False, False)
        self.inner = inner
        self._pretends_proxy = False

    def open(self, request: Request, sink: Sink) -> Exchange:    # type: ignore[override]
        rendering = Rendering(self, request, sink)
        self.run(self.begin, rendering.live)
        return Shown(rendering.live, rendering)

    def tls(self, identity: object = None, verified: bool = True) -> ssl.SSLContext:
        return _CONTEXT

    def proxy(self, request: Request, parts: URLParts) -> ProxyConfiguration | None:
        if request.faults is None or not request.faults.may_pass("proxy"):
            return None
        found = super().proxy(request, parts)
        self._pretends_proxy = self._pretends_proxy or found is None
        return found or PROXY

    def proxy_for(self, parts: URLParts) -> ProxyConfiguration | None:
        return super().proxy_for(parts) or (PROXY if self._pretends_proxy else None)


class Rendering:
    """One exchange with the inner route, whose sink this is, and the live one that brings what comes of it."""

    def __init__(self, channel: RenderedChannel, request: Request, sink: Sink) -> None:
        faults = request.faults
        assert faults is not None
        self._channel = channel
        self._context = copy_context()
        self._asks = replace(request)
        self._carries = bool(request.body) and faults.may_pass("write.body", "reuse")    # the request's body goes over the wire, too
        self._steps: deque[tuple[str, Any]] = deque()     # what the inner route has brought and was not sent yet
        self._brought = self._sent = 0                    # bytes of the body
        self._paused = self._over = False
        self._news: Later[None] | None = None
        self.inner: Exchange | None = None
        self.early: deque[Rendered] = deque()
        self.final: Rendered | None = None
        self._rendered = rendered
        self.trailers: Headers = []
        terms = request.terms if request.terms is not None and faults.may_pass("tls") else None
        if faults.wants_http2:
            terms = (terms or Terms())._replace(lane=self)       # another request has another server
        # Over the wire goes what the live route goes by, and nothing else.
        wired = Request(request.method, request.url, [], _whole(request.body) if self._carries else None, terms, request.urgency,
                        stepped=request.stepped, once=request.once, faults=faults)
        self.sink = sink
        self.live = PretendedExchange(channel, wired, Restored(sink, self), kept=faults.may_pass("reuse"))
        self.live.adapter = Pretended(channel.adapter, self.serve)
        if faults.wants_http2:
            from .http2.serving import PretendedHTTP2, in_frames  # h2 costs an import that most processes never need

            self.live.adapter, self._rendered = PretendedHTTP2(channel.adapter, self.serve, self.live), in_frames

    def cancel(self) -> None:
        """The inner exchange is not wanted any more, or never was asked for."""
        self._over = True
        if self.inner is not None:
            self.inner.cancel()
        elif not self._carries and self._asks.body is not None and not isinstance(self._asks.body, bytes):
            body, self._asks.body = self._asks.body, None
            release(self._channel.host, body)

    def let_go(self) -> None:
        """The live exchange has ended: nothing that it holds is held any more by what it holds."""
        if self.inner is None:
            self.cancel()
        self._over = True
        del self.live, self.sink

    # the server ---------------------------------------------------------------------------------------------------
    async def serve(self, peer: Peer) -> None:
        """Answer the one request of a connection."""
        if self._over:          # before it was its turn
            return
        body = await self._hear(peer)
        if body is None or self._over:
            return
        if self._carries and not isinstance(asked := self._asks.body, bytes):
            assert asked is not None
            self._asks.body = BytesStream(body)
            self._asks.body.length = asked.length
        self.inner = self._context.run(self._channel.inner.open, self._asks, self)
        self._hold_back()
        try:
            while (step := await self._next(peer)) is not None:
                if await self._send(peer, *step):
                    return
        except ConnectionError:
            pass
        self.cancel()

    async def _hear(self, peer: Peer) -> bytes | None:
        """Read the request: its body, or None where that did not come to its end."""
        outgoing = self.live.outgoing
        head, framing, body = len(outgoing.head), Framing.of_request_body(outgoing.length), []
        while head > 0 or framing.has_body:
            data = await peer.receive()
            if not data:
                return None
            head, data = head - len(data), data[head:] if head > 0 else data
            if head <= 0:
                body += [piece for name, piece in framing.feed(data) if name == "body"]
        return b"".join(body)

    async def _next(self, peer: Peer) -> tuple[str, Any] | None:
        """What comes next of the answer; None where the client has gone."""
        end = peer.end
        assert end is not None
        while not self._steps:
            if peer.hung_up():
                return None
            self._news = Later()
            end.stirred = partial(fulfil, self._news)
            if not self._steps:          # looked at again: it may have come on another thread
                await self._news
            self._news = end.stirred = None
        return self._steps.popleft()

    async def _send(self, peer: Peer, call: str, value: Any) -> bool:
        """Send a step of the answer; whether it was the last."""
        if call == "informational":
            self.early.append(early := self._rendered(value, self._asks.method, None, is_early=True))
            await peer.send(early.data)
        elif call == "head":
            whole = sum(len(data) for _, data in list(self._steps)[:-1]) if self._steps and self._steps[-1][0] == "end" else None
            trailers = self._steps[-1][1] if whole is not None else ()
            self.final = self._rendered(value, self._asks.method, None if trailers else whole)
            await peer.send(self.final.data)
        else:
            assert self.final is not None or call == "fail"
            return await self._go_on(peer, call, value)
        return False

    async def _go_on(self, peer: Peer, call: str, value: Any) -> bool:
        final = self.final
        if self._over:
            return True
        if call == "data":
            self._sent += len(value)
            assert final is not None
            await peer.send(chunk(value) if final.is_chunked else value if final.length else b"")
            self._hold_back()
            return False
        if call == "end":
            assert final is not None
            self.trailers = value
            if final.is_chunked:
                await peer.send(LAST_CHUNK[:3] + b"".join(map(field_line, value)) + b"\r\n")
            if final.is_chunked or self._sent >= final.length:
                return True
        peer.reset(OutcomeError(partial(getattr(self.sink, call), value)))    # bytes cannot say this
        return True

    def _hold_back(self) -> None:
        """Pause the inner exchange while much of its answer waits, or let it go on."""
        waits = self._brought - self._sent
        if self.inner is not None and (waits > HELD) != self._paused and (waits > HELD or waits <= HELD // 2):
            self._paused = not self._paused
            (self.inner.pause if self._paused else self.inner.resume)()

    # the sink of the inner exchange, called on any thread -----------------------------------------------------------
    def sent(self, count: int) -> None:
        if not (self._carries or self._over):
            self.sink.sent(count)

    def moved(self) -> None:
        if not self._over:
            self.sink.moved()

    def informational(self, head: ResponseHead) -> None:
        self._bring("informational", head)

    def head(self, head: ResponseHead) -> None:
        self._bring("head", head)

    def data(self, data: bytes) -> None:
        self._brought += len(data)
        self._bring("data", data)
        self._hold_back()

    def end(self, trailers: Headers) -> None:
        self._bring("end", trailers)

    def fail(self, error: URLError) -> None:
        self._bring("fail", error)

    def cork(self) -> None: ...

    def uncork(self) -> None: ...

    def _bring(self, call: str, value: Any) -> None:
        self._steps.append((call, value))
        if self._news is not None:
            self._channel.host.post(self._tell)

    def _tell(self) -> None:
        if self._news is not None:
            fulfil(self._news)


class PretendedExchange(FaultyExchange):
    """One whose connection leads to its server at once, also through a proxy: nobody is there to take a CONNECT.

    Wide because an exchange is.
    """

    __slots__ = ()

    async def tunnel(self, wire: Wire, proxy: ProxyConfiguration, host: str, port: int) -> None:
        await self._greet()


class Restored(SinkOver):
    """Hands on what was given in the place of the bytes that stood for it, where these came as they were sent."""

    __slots__ = ("_rendering",)

    def __init__(self, sink: Sink, rendering: Rendering) -> None:
        super().__init__(sink)
        self._rendering = rendering

    def informational(self, head: ResponseHead) -> None:
        early = self._rendering.early
        if early and early[0].read == head:
            head = early.popleft().given
        self.sink.informational(head)

    def head(self, head: ResponseHead) -> None:
        final = self._rendering.final
        self.sink.head(final.given if final is not None and final.read == head else head)

    def end(self, trailers: Headers) -> None:
        given = self._rendering.trailers
        self._rendering.let_go()
        self.sink.end(given if not trailers or _canonical(trailers) == _canonical(given) else trailers)

    def fail(self, error: URLError) -> None:
        self._rendering.cancel()
        self._rendering.let_go()
        outcome = error.underlying_error
        if isinstance(outcome, OutcomeError):
            outcome.tell()
        else:
            self.sink.fail(error)


class Shown(ExchangeOver):
    """The exchange as the engine sees it. What goes wrong with it does so on its way from a server in memory: a connection that the inner
    route has used goes on."""

    __slots__ = ("_rendering",)

    def __init__(self, live: FaultyExchange, rendering: Rendering) -> None:
        super().__init__(live)
        self._rendering = rendering

    @property
    def timing(self) -> Timing | None:
        inner = self._rendering.inner
        timing = None if inner is None else inner.timing
        return None if timing is None else replace(timing, connection=None)

    def cancel(self) -> None:
        self._rendering.cancel()
        super().cancel()


def _whole(body: bytes | BodyStream | None) -> bytes | BodyStream | None:
    """`body`, read where it comes of files, which would stay open as long as nobody drives an exchange that was given up. What can be read
    once remains so."""
    if not isinstance(body, FileStream | ChainedStream | InputStream) or body.may_block:
        return body
    once = isinstance(body, InputStream)
    copy = body if isinstance(body, InputStream) else body.again()
    if copy is not None:
        with suppress(OSError), closing(copy):        # what cannot be read fails where it is sent
            data = b"".join(iter(partial(copy.read, HELD), b""))
            return InputStream(data) if once else data
    return body


def _canonical(fields: Headers) -> Headers:
    """`fields` as they are compared: over HTTP/2 names are in lower case."""
    return [(name.lower(), value.strip(" \t")) for name, value in fields]
