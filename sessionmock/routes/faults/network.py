"""Names, connections, TLS and proxies that go wrong, on whatever network a connection is made through."""
from __future__ import annotations

import socket
from collections.abc import Callable, Sequence

from ...clock import nanoseconds
from ...errors import URLError
from ...faults.acts import act, failure
from ...faults.armed import Shot
from ...faults.kinds import Kind, os_error, raised
from ...faults.table import ACTS, REPLACING
from ...models.credential import NSURLProtectionSpaceHTTPProxy
from ...models.message import Request
from ...models.proxy import ProxyConfiguration
from ...models.trust import TunnelRefused
from ..base import Sink
from ..live.channel import Channel
from ..live.contexts import Offer
from ..live.failures import broken, no_proxy, not_found, not_secured
from ..live.http1.events import Lost
from ..live.network.base import P, Wire, fulfil
from ..live.network.ends import reset_error
from ..script.answer import Answer, play
from .replies import challenge_field, reply
from .tap import TappedExchange
from .tls import spoilt_handshake

_NO_ANSWER = "the peer closed the connection without an answer"


class FaultyExchange(TappedExchange):
    """A request that brings faults, on the live route: the steps of making its connection fail as they say, too.

    Wide because it is all that a live exchange is, and what goes wrong with it.
    """

    __slots__ = ("_answer", "_distrusted", "_greeting", "_looked_up")

    def __init__(self, channel: Channel, request: Request, sink: Sink, *, kept: bool = False) -> None:
        super().__init__(channel, request, sink, kept=kept)
        self._looked_up = False            # the name, for the connection that is being made
        self._greeting: list[Shot] = []    # what is to go wrong as a proxy is spoken to
        self._answer: Answer | None = None    # the proxy's, in the place of the server's
        self._distrusted = False           # the next handshake is to show a certificate, whatever is wrong with it

    async def look_up(self, name: str) -> Sequence[str]:
        self._looked_up = True
        await self._resolve()
        return await super().look_up(name)

    async def _resolve(self) -> None:
        for shot in self.faults.passing("resolve"):
            if not await self._meets(shot):
                raise _not_found(shot.fire().kind)

    async def connect(self, addresses: Sequence[str], port: int) -> Wire:
        if not self._looked_up:            # an address stands for a name that leads to it: who tests against one has no other
            try:
                await self._resolve()
            except OSError as error:
                raise (not_found if self._proxy is None else no_proxy)(error, self.request.url) from None
        self._looked_up = False
        dropped: Shot | None = None
        for shot in self.faults.passing("connect"):
            if await self._meets(shot):
                continue
            if shot.kind.name not in ("reset", "end"):
                raise os_error(shot.fire().kind)
            dropped = dropped or shot
        self._greeting = []
        if self._proxy is not None:
            for shot in self.faults.passing("proxy"):
                if shot.kind.name in ("refuse", "unreachable"):
                    raise os_error(shot.fire().kind)
                self._greeting.append(shot)
        wire = await super().connect(addresses, port)
        try:
            if dropped is not None:
                dropped.fire()
                raise self._dropped(dropped.kind)
            if not self._tunnels:
                await self._greet()
        except BaseException:
            wire.close()
            raise
        return wire

    async def tunnel(self, wire: Wire, proxy: ProxyConfiguration, host: str, port: int) -> None:
        await self._greet()
        await super().tunnel(wire, proxy, host, port)

    async def stand(self, wire: Wire, make: Callable[[], P], offer: Offer | None, name: str | None) -> P:
        if offer is not None and not self._distrusted:
            try:
                for shot in self.faults.passing("tls"):
                    if not await self._meets(shot):
                        shot.fire()
                        self._distrusted = shot.kind.name == "certificate"
                        raise spoilt_handshake(shot.kind, self.request.parts.host)
            except BaseException:
                wire.close()
                raise
        self._distrusted = False
        return await super().stand(wire, make, offer, name)

    async def _meets(self, shot: Shot) -> bool:
        """What `shot` does wherever it is: wait, act on the task, fail the load. False where it is something else."""
        name = shot.kind.name
        if name in ("delay", "never"):
            shot.fire()
            await self._wait(shot.kind["seconds"] if name == "delay" else None)
        elif name == "fail":
            shot.fire()
            raise failure(shot)
        elif name in ACTS:
            act(shot)
        else:
            return False
        return True

    async def _wait(self, seconds: float | None) -> None:
        """Let so many seconds pass; None is for ever."""
        clock, over = self.channel.host.clock, self.adapter.promise()
        timer = None if seconds is None else clock.call_at(clock.now() + nanoseconds(seconds), fulfil, over)
        try:
            await over
        finally:
            if timer is not None:
                timer.cancel()

    @property
    def _proxy(self) -> ProxyConfiguration | None:
        return getattr(self.pool, "proxy", None)

    @property
    def _tunnels(self) -> bool:
        """Whether the proxy is spoken to before the request is."""
        proxy = self._proxy
        return proxy is not None and (proxy.type != NSURLProtectionSpaceHTTPProxy or self.request.parts.scheme != "http")

    async def _greet(self) -> None:
        """What was to go wrong as the proxy is spoken to does. Raises URLError."""
        if self._greeting:
            self._spoken_to()
        for shot in self._greeting:
            if not await self._meets(shot):
                shot.fire()
                if shot.kind.name in REPLACING:
                    self._answer = _answer(shot, self.request.method)
                    raise no_proxy(TunnelRefused(self._answer.head()), self.request.url)
                raise no_proxy(Lost(_NO_ANSWER) if shot.kind.name == "end" else reset_error(), self.request.url)

    def fail(self, error: URLError) -> None:
        """What a proxy says to a request that was made of it is the answer, and no failure to reach the server."""
        answer, self._answer = self._answer, None
        if answer is None or self._tunnels or self.ended:
            super().fail(error)
        else:
            self.settle()
            play(answer, self.request, self.channel.host, self.sink)

    def _spoken_to(self) -> None:
        """The proxy is spoken to from now on."""
        self.timing.tunnel_start = self.channel.host.clock.now()
        self.step()

    def _dropped(self, kind: Kind) -> URLError:
        """The connection was taken and then broken off."""
        url = self.request.url
        error: Exception = reset_error() if kind.name == "reset" else Lost(_NO_ANSWER)
        if self._proxy is not None:
            self._spoken_to()
            return no_proxy(error, url)
        return not_secured(reset_error(), url) if self.request.parts.scheme in ("https", "wss") else broken(error, url)


def _not_found(kind: Kind) -> Exception:
    if kind.name == "unknown_host":
        return socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    if kind.name != "raises":
        return os_error(kind)
    error = raised(kind)
    return error if isinstance(error, Exception) else RuntimeError(f"the resolver raised {error!r}")


def _answer(shot: Shot, method: str) -> Answer:
    """What the proxy answers; it challenges with a 407, whatever the line says."""
    if shot.kind.name != "challenge":
        return reply(shot, method)
    headers = [("Proxy-Authenticate", challenge_field(shot)), ("Content-Length", "0")]
    return Answer(407, headers, reason="Proxy Authentication Required")
