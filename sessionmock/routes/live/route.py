"""The route to live servers."""
from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...errors import Code, url_error
from ...models.message import Request
from .dial import Resolve, resolve
from .exchange import LiveExchange
from .outgoing import outgoing
from .pool import Pool

if TYPE_CHECKING:
    import socket

    from ...models.configuration import URLSessionConfiguration
    from ..base import Host, Sink
    from .connection import Connection

SCHEMES = frozenset({"http", "https", "ws", "wss"})

# What a forked child inherited: never touched again, because closing a transport would also stop the parent's.
_PARKED: list[LiveChannel] = []


class LiveRoute:
    """Answers come from servers, over HTTP/1.1 on real sockets.

    `ssl_context` replaces the system's trust (a test's own authority), `resolve` the system's names: it takes a host and
    returns its numeric addresses in the order of trying, on a worker thread.
    """

    source = "live"

    def __init__(self, ssl_context: ssl.SSLContext | None = None, resolve: Resolve | None = None) -> None:
        self._ssl_context = ssl_context
        self._resolve = resolve

    def bind(self, configuration: URLSessionConfiguration, host: Host) -> LiveChannel:
        """A channel with its own connections, for one session."""
        return LiveChannel(configuration, host, self._ssl_context, self._resolve or resolve)


class LiveChannel:
    """One session's connections. `open`, `flush` and `close` may be called on any thread; the rest is the engine's."""

    def __init__(
        self, configuration: URLSessionConfiguration, host: Host, context: ssl.SSLContext | None, resolve: Resolve,
    ) -> None:
        self.host = host
        self.resolve = resolve
        self.loop: asyncio.AbstractEventLoop | None = None    # the engine's, known from the first call on it
        self.switched: set[Connection] = set()                # connections that a 101 took out of their pools
        self.dialled: set[socket.socket] = set()              # sockets that are no connections yet
        self.tls_numbers: dict[str, int] = {}                 # IANA's numbers of the cipher suites, by OpenSSL's names
        self._limit = max(1, configuration.http_maximum_connections_per_host)
        self._minimum = configuration.tls_minimum_supported_protocol_version
        self._maximum = configuration.tls_maximum_supported_protocol_version
        self._context = context
        self._pools: dict[tuple[str, str, int], Pool] = {}

    def open(self, request: Request, sink: Sink) -> LiveExchange:
        """Start `request`. What cannot be sent fails the exchange: a bad URL with -1000, a head that would be torn with -1."""
        exchange = LiveExchange(self, request, sink)
        self.run(self._begin, exchange)
        return exchange

    def flush(self) -> None:
        """Forget idle connections, and keep no busy one after its answer."""
        self.run(self._flush)

    def close(self) -> None:
        """Close all connections. An exchange that is still open is dropped without a word."""
        self.run(self._close)

    def abandon(self) -> None:
        """In a forked child: give back the descriptors, and nothing else. The parent goes on using its own.

        Transports and loop share the parent's epoll set, so they are parked instead of closed.
        """
        _PARKED.append(self)
        made = [connection.socket for pool in self._pools.values() for connection in pool.connections]
        for inherited in [*made, *(connection.socket for connection in self.switched), *self.dialled]:
            if (descriptor := inherited.detach()) >= 0:
                os.close(descriptor)

    def run(self, call: Callable[..., None], *arguments: Any) -> None:
        """Make `call` on the engine: at once where this is it."""
        if self.loop is not None and asyncio._get_running_loop() is self.loop:
            call(*arguments)
        else:
            self.host.post(call, *arguments)

    # on the engine -----------------------------------------------------------------------------------------------

    def tls(self) -> ssl.SSLContext:
        """The context of this channel, made at the first https request: it costs 10 ms or more."""
        if self._context is None:
            self._context = ssl.create_default_context()
            self._context.minimum_version = ssl.TLSVersion(self._minimum)
            self._context.maximum_version = ssl.TLSVersion(self._maximum)
            self._context.set_alpn_protocols(["http/1.1"])
        if not self.tls_numbers:
            self.tls_numbers = {suite["name"]: suite["id"] & 0xFFFF for suite in self._context.get_ciphers()}
        return self._context

    def forget(self, pool: Pool) -> None:
        """`pool` has no connection left and nobody waiting."""
        if self._pools.get(pool.origin) is pool:
            del self._pools[pool.origin]

    def _begin(self, exchange: LiveExchange) -> None:
        if exchange.ended:
            return
        if self.loop is None:
            self.loop = asyncio.get_running_loop()
        url = exchange.request.url
        try:
            parts = exchange.request.parts
        except ValueError as error:
            exchange.fail(url_error(Code.BAD_URL, url, error))
            return
        if parts.scheme not in SCHEMES:
            exchange.fail(url_error(Code.UNSUPPORTED_URL, url))
            return
        try:
            exchange.outgoing = outgoing(exchange.request)
        except ValueError as error:
            exchange.fail(url_error(Code.UNKNOWN, url, error))
            return
        origin = parts.origin
        pool = self._pools.get(origin)
        if pool is None:
            pool = self._pools[origin] = Pool(self, origin, self._limit)
        exchange.pool = pool
        pool.admit(exchange)

    def _flush(self) -> None:
        for pool in list(self._pools.values()):
            pool.drop_idle()

    def _close(self) -> None:
        for pool in list(self._pools.values()):
            pool.close()
        for connection in list(self.switched):
            if connection.exchange is not None:
                connection.exchange.drop()
