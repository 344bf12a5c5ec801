"""Our own wire in the place of a client's own transport, where faults are to meet what it sends: with the settings of that transport."""
from __future__ import annotations

from typing import Any

from ...errors import Code, InvalidArgumentException, url_error
from ...models.configuration import URLSessionConfiguration
from ...models.message import Headers
from ...models.proxy import ProxyConfiguration
from ..base import Host
from ..live.exchange import LiveExchange
from ..live.network.system import SystemNetwork
from ..live.route import LiveChannel
from ..live.tunnel import PROXY_AUTHORIZATION
from .values import text_pairs

_MOST_CONNECTIONS = 1000


class ClientWire(LiveChannel):
    """A live channel that trusts, shows, offers and goes through what `transport` does: an HTTPTransport of httpx or httpx2, sync or async.

    It has its context of TLS (`verify`, `cert`), its proxy with what that is told, whether it speaks HTTP/2, and how many connections it
    makes. It does not have `retries`, `local_address` and `socket_options`; of what a proxy is told in CONNECT it has the credential alone.
    A proxy that is itself spoken to over TLS fails each request with an InvalidArgumentException.
    """

    def __init__(self, transport: Any, host: Host) -> None:
        pool = transport._pool
        configuration = URLSessionConfiguration.ephemeral()
        configuration.http_maximum_connections_per_host = min(pool._max_connections, _MOST_CONNECTIONS)
        self._problem: InvalidArgumentException | None = None
        self._told: Headers = []           # to a proxy, beside each request
        url = getattr(pool, "_proxy_url", None)
        if url is not None:
            self._told = text_pairs(getattr(pool, "_proxy_headers", ()))
            try:
                configuration.proxy_configurations = [_proxy(url, getattr(pool, "_proxy_auth", None))]
            except InvalidArgumentException as error:
                self._problem = error
        super().__init__(configuration, host, SystemNetwork(), pool._ssl_context, None, False, False, pool._http2)

    def begin(self, exchange: LiveExchange) -> None:
        request = exchange.request
        if self._problem is not None:
            exchange.fail(url_error(Code.UNKNOWN, request.url, self._problem))
            return
        tunnels = request.url.startswith("https:")
        request.headers = [*(pair for pair in self._told if not tunnels or pair[0].lower() == PROXY_AUTHORIZATION), *request.headers]
        super().begin(exchange)


def _proxy(url: Any, credential: tuple[bytes, bytes] | None) -> ProxyConfiguration:
    scheme, host, port = url.scheme.decode(), url.host.decode(), url.port
    if scheme == "http":
        return ProxyConfiguration.http_connect(host, port or 80)
    if scheme in ("socks5", "socks5h"):
        return ProxyConfiguration.socks5(host, port or 1080, *(part.decode() for part in credential or ()))
    raise InvalidArgumentException(
        f"a fault cannot meet the requests of a client whose proxy is {scheme}://{host}: sessionmock speaks to proxies without TLS; give the "
        "client sessionmock.transport(), or another proxy for the test")
