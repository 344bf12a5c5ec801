"""The route to live servers."""
from __future__ import annotations

import ssl
import warnings
from collections.abc import Hashable
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ...errors import Code, InvalidArgumentException, url_error
from ...models.callables import taking
from ...models.credential import NSURLProtectionSpaceHTTPProxy
from ...models.message import Request
from ...models.settings import reject
from ..base import not_validated
from .contexts import Contexts, laxity
from .exchange import LiveExchange
from .http1.outgoing import Outgoing, outgoing
from .network.base import Network, Resolve
from .network.system import SystemNetwork
from .pool import Pool
from .proxies import proxies
from .tunnel import PROXY_AUTHORIZATION

if TYPE_CHECKING:
    from ...models.configuration import URLSessionConfiguration
    from ...models.credential import URLCredential
    from ...models.proxy import ProxyConfiguration
    from ...models.url import URLParts
    from ..base import Host, Sink

SCHEMES = frozenset({"http", "https", "ws", "wss"})

# What a forked child inherited: never touched again, because closing a transport would also stop the parent's.
_PARKED: list[LiveChannel] = []


@cache
def http2_installed() -> bool:
    """Whether the extra `http2` is."""
    return find_spec("h2") is not None


class LiveRoute:
    """Answers come from servers, over HTTP/1.1 or HTTP/2.

    `ssl_context` replaces the system's trust (a test's own authority), `resolve` the system's names: it takes a name in ASCII
    (`models.host`) and returns its numeric addresses in the order of trying, on a worker thread. `resolve_validates` vouches that it gives none that
    DNSSEC does not (RFC 4035, section 4.3: secure), which requests that require validation are sent by alone. Where a configuration names no proxy,
    `trust_env` takes those of the environment, read when a session makes its first request (http_proxy and its like).
    A copy of `ssl_context` serves requests that bring a client certificate: it has the authorities that
    `ssl_context.get_ca_certs` tells. One that verifies no server, or not its name, is used as it is, with a RuntimeWarning.
    `http2` offers HTTP/2 to https servers where h2 is installed (the extra `http2`); who takes it gets many requests on
    one connection, as many as it allows, before a second is made.
    `network` is what connections are made through: None for the system's, whose servers are out there.
    """

    source = "live"
    is_live = True

    def __init__(self, ssl_context: ssl.SSLContext | None = None, resolve: Resolve | None = None, *, resolve_validates: bool = False,
                 trust_env: bool = True, http2: bool = True, network: Network | None = None) -> None:
        if resolve_validates and resolve is None:
            raise InvalidArgumentException("LiveRoute(resolve_validates=True): the system's resolver vouches for nothing; give a resolve that does")
        if resolve is not None:
            taking("LiveRoute(resolve=...)", resolve, "host")
        if ssl_context is not None and not isinstance(ssl_context, ssl.SSLContext):
            reject("LiveRoute(ssl_context=...)", ssl_context, "an ssl.SSLContext, as ssl.create_default_context(cafile=...)")
        if ssl_context is not None and (remark := laxity(ssl_context)):
            warnings.warn(f"LiveRoute's ssl_context {remark}", RuntimeWarning, stacklevel=2)
        self._ssl_context = ssl_context
        self._resolve = resolve
        self._resolve_validates = resolve_validates
        self._trust_env = trust_env
        self._http2 = http2
        self._network = network or SystemNetwork()

    def __repr__(self) -> str:
        own = ["ssl_context"] * (self._ssl_context is not None) + ["resolve"] * (self._resolve is not None)
        return f"<LiveRoute{' with its own ' * bool(own)}{' and '.join(own)}>"

    def bind(self, configuration: URLSessionConfiguration, host: Host) -> LiveChannel:
        """A channel with its own connections, for one session."""
        return LiveChannel(configuration, host, self._network, self._ssl_context, self._resolve, self._resolve_validates, self._trust_env,
                           self._http2)


class LiveChannel:
    """One session's connections. `open`, `flush` and `close` may be called on any thread; the rest is the engine's."""

    def __init__(
        self, configuration: URLSessionConfiguration, host: Host, network: Network, context: ssl.SSLContext | None,
        resolve: Resolve | None, resolve_validates: bool, trust_env: bool, http2: bool,
    ) -> None:
        self.host = host
        self.adapter = network.adapter(host)
        self.run = self.adapter.run
        self.resolve = resolve
        self._resolve_validates = resolve_validates
        self._entered = False    # the network knows the engine
        self._http2 = http2
        self._limit = max(1, configuration.http_maximum_connections_per_host)
        self._contexts = Contexts(
            context, configuration.tls_minimum_supported_protocol_version, configuration.tls_maximum_supported_protocol_version)
        self._proxies = proxies(configuration, trust_env)
        self._pools: dict[Hashable, Pool] = {}

    def open(self, request: Request, sink: Sink) -> LiveExchange:
        """Start `request`. What cannot be sent fails the exchange: a bad URL with -1000, a head that would be torn with -1."""
        exchange = LiveExchange(self, request, sink)
        self.run(self.begin, exchange)
        return exchange

    def proxy_for(self, parts: URLParts) -> ProxyConfiguration | None:
        """The proxy of HTTP that a request for `parts` goes through, or None: who answers its 407 must know it."""
        if self._proxies is None:
            return None
        try:
            proxy = self._proxies(parts)
        except ValueError:
            return None
        return proxy if proxy is not None and proxy.type == NSURLProtectionSpaceHTTPProxy else None

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
        self.adapter.abandon()

    # on the engine -----------------------------------------------------------------------------------------------

    def tls(self, identity: URLCredential | None = None, verified: bool = True) -> ssl.SSLContext:
        """The context for a handshake, made at its first use: it costs 10 ms or more. Raises OSError or ValueError for an
        identity that cannot be read."""
        return self._contexts.context(identity, verified)

    def watching(self, identity: URLCredential | None) -> tuple[ssl.SSLContext, list[bytes]]:
        """A context for one handshake that notes which client certificate is asked for (see `Contexts.watching`)."""
        return self._contexts.watching(identity)

    def proxy(self, request: Request, parts: URLParts) -> ProxyConfiguration | None:
        """What leads to the server for `request`; None: straight. Raises ValueError for one that cannot be used."""
        return None if self._proxies is None else self._proxies(parts)

    def _forget(self, pool: Pool) -> None:
        if self._pools.get(pool.key) is pool:
            del self._pools[pool.key]

    def begin(self, exchange: LiveExchange) -> None:
        """Send the request of `exchange`, which is one of this channel."""
        if exchange.ended:
            return
        url = exchange.request.url
        if not self._entered:
            try:
                self.adapter.enter()
            except RuntimeError as error:
                exchange.fail(url_error(Code.UNKNOWN, url, error))
                return
            self._entered = True
        try:
            parts = exchange.request.parts
        except ValueError as error:
            exchange.fail(url_error(Code.BAD_URL, url, error))
            return
        if parts.scheme not in SCHEMES:
            exchange.fail(url_error(Code.UNSUPPORTED_URL, url))
            return
        origin, terms = parts.origin, exchange.request.terms
        try:
            proxy = self.proxy(exchange.request, parts)
        except ValueError as error:
            exchange.fail(url_error(Code.UNSUPPORTED_URL, url, error))
            return
        try:
            if proxy is None:
                exchange.outgoing = outgoing(exchange.request)
            else:
                exchange.outgoing = _through(proxy, exchange.request, parts.scheme)
        except ValueError as error:
            exchange.fail(url_error(Code.UNKNOWN, url, error))
            return
        key: Hashable = origin
        lane = None if terms is None else terms.lane
        if exchange.request.validates_name and (proxy is not None or not self._resolve_validates):
            exchange.fail(not_validated(url))
            return
        if terms is not None or proxy is not None:
            key = (origin, proxy, None if terms is None else terms.identity, lane)
        http2 = self._http2 and parts.scheme == "https" and lane is None and http2_installed()
        if http2 and exchange.outgoing.upgrades:    # there is no 101 in HTTP/2
            http2, key = False, (key, "HTTP/1.1")
        pool = self._pools.get(key)
        if pool is None:
            pool = self._pools[key] = Pool(self, self._forget, key, origin, proxy, self._limit, lane is not None, http2)
        exchange.pool = pool
        pool.admit(exchange)

    def _flush(self) -> None:
        for pool in list(self._pools.values()):
            pool.drop_idle()

    def _close(self) -> None:
        for pool in list(self._pools.values()):
            pool.close()


def _through(proxy: ProxyConfiguration, request: Request, scheme: str) -> Outgoing:
    """`request` as a proxy, or the server behind it, is to see it."""
    if proxy.type != NSURLProtectionSpaceHTTPProxy or scheme == "http":
        return outgoing(request, proxied=proxy.type == NSURLProtectionSpaceHTTPProxy)
    headers = [pair for pair in request.headers if pair[0].lower() != PROXY_AUTHORIZATION]    # is for CONNECT
    if len(headers) != len(request.headers):
        outgoing(request)    # raises where it would end its line there early
    return outgoing(replace(request, headers=headers))
