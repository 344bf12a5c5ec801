"""Which proxy a request goes through: the configuration's, or the environment's where it names none."""
from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ...models.host_patterns import named
from ...models.proxy import ProxyConfiguration, ProxyDictionary, of_url
from ...models.url import URLParts

if TYPE_CHECKING:
    from ...models.configuration import URLSessionConfiguration

# The proxy for a request of a URL, or None for none. Raises ValueError for one that cannot be used.
Proxies = Callable[[URLParts], ProxyConfiguration | None]


def proxies(configuration: URLSessionConfiguration, trust_env: bool) -> Proxies | None:
    """What chooses for `configuration`: `proxy_configurations`, else `connection_proxy_dictionary`, else, with `trust_env`,
    the variables http_proxy, https_proxy and all_proxy as `urllib.request` reads them and no_proxy with the patterns of
    `models.host_patterns`, taken here and now. None where every request goes straight."""
    if chosen := configuration.proxy_configurations:
        return partial(_first, tuple(chosen))
    settings = configuration.connection_proxy_dictionary
    if settings is not None:
        try:
            return ProxyDictionary(settings).proxy_for if settings else None
        except ValueError as error:
            return partial(_refuse, error)
    if trust_env and any(name.lower().endswith("_proxy") for name in os.environ):
        return _of_environment()
    return None


def _first(chosen: tuple[ProxyConfiguration, ...], parts: URLParts) -> ProxyConfiguration | None:
    for proxy in chosen:
        if not isinstance(proxy, ProxyConfiguration):
            raise ValueError(f"proxy_configurations holds {proxy!r}, which is no ProxyConfiguration")
        if proxy.serves(parts.host, parts.port):
            return proxy
    return None


def _refuse(error: ValueError, parts: URLParts) -> ProxyConfiguration | None:
    raise error


def _of_environment() -> Proxies | None:
    urllib: Any = import_module("urllib.request")    # not above: it costs an import of http.client
    found: dict[str, str] = urllib.getproxies_environment()
    if not any(name != "no" for name in found):
        return None

    exceptions = tuple(found.get("no", "").replace(",", " ").split())

    def choose(parts: URLParts) -> ProxyConfiguration | None:
        url = found.get({"ws": "http", "wss": "https"}.get(parts.scheme, parts.scheme)) or found.get("all")
        return None if not url or named(exceptions, parts.host, parts.port) else of_url(url)

    return choose
