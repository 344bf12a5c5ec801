"""Proxies as a configuration names them."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from ..errors import InvalidArgumentException
from .credential import NSURLProtectionSpaceHTTPProxy, NSURLProtectionSpaceSOCKSProxy, URLCredential


@dataclass(frozen=True, slots=True)
class ProxyConfiguration:
    """One proxy, made by `http_connect` or `socks5` (Apple's Network.ProxyConfiguration).

    An http proxy takes plain requests in absolute form and tunnels for everything else (RFC 9110, sections 7.1 and 9.3.6);
    a SOCKS proxy makes connections, and looks names up itself (RFC 1928). `user` and `password` answer its challenge
    where no delegate does. With `match_domains` it serves these hosts and what lies below them, never those of
    `excluded_domains`.
    """

    type: str
    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    match_domains: tuple[str, ...] = field(default=(), kw_only=True)
    excluded_domains: tuple[str, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        if not isinstance(self.host, str) or not self.host:
            raise InvalidArgumentException(f"ProxyConfiguration: {self.host!r} is no host; use a name or an address")
        if isinstance(self.port, bool) or not isinstance(self.port, int) or not 0 < self.port < 65536:
            raise InvalidArgumentException(f"ProxyConfiguration: {self.port!r} is no port; use an int from 1 to 65535")

    @classmethod
    def http_connect(cls, host: str, port: int, user: str | None = None, password: str | None = None) -> Self:
        """A proxy that speaks HTTP."""
        return cls(NSURLProtectionSpaceHTTPProxy, host, port, user, password)

    @classmethod
    def socks5(cls, host: str, port: int, user: str | None = None, password: str | None = None) -> Self:
        """A proxy that speaks SOCKS 5."""
        return cls(NSURLProtectionSpaceSOCKSProxy, host, port, user, password)

    def for_domains(self, match: Iterable[str] = (), excluded: Iterable[str] = ()) -> Self:
        """The same proxy for these domains only."""
        return replace(self, match_domains=tuple(match), excluded_domains=tuple(excluded))

    @property
    def credential(self) -> URLCredential | None:
        """What default handling answers the proxy's challenge with, or None."""
        return None if self.user is None else URLCredential(self.user, self.password)

    def serves(self, host: str) -> bool:
        """Whether a request to `host` (lower case) goes through it."""
        return not any(_within(host, domain) for domain in self.excluded_domains) and (
            not self.match_domains or any(_within(host, domain) for domain in self.match_domains))


def _within(host: str, domain: str) -> bool:
    """Whether `host` is `domain` or lies below it."""
    name = domain.lower().removeprefix("*").removeprefix(".")
    return host == name or host.endswith(f".{name}")


def of_url(url: str) -> ProxyConfiguration:
    """The proxy that `url` names, as environments do: "http://user:password@host:port", "socks5h://host", "host:port".

    Raises ValueError for a kind that is not spoken.
    """
    parts = urlsplit(url if "://" in url else f"http://{url}")
    kind, port = _KINDS.get(parts.scheme, (None, 0))
    if kind is None or not parts.hostname:
        raise ValueError(f"{url!r} is no proxy that can be used: http://host:port and socks5://host:port are")
    return ProxyConfiguration(
        kind, parts.hostname, parts.port or port, None if parts.username is None else unquote(parts.username),
        None if parts.password is None else unquote(parts.password))


_KINDS = {
    "http": (NSURLProtectionSpaceHTTPProxy, 80), "socks5": (NSURLProtectionSpaceSOCKSProxy, 1080),
    "socks5h": (NSURLProtectionSpaceSOCKSProxy, 1080),
}


class ProxyDictionary:
    """`connection_proxy_dictionary`, by the keys of CFProxySupport.h.

    HTTPEnable, HTTPProxy, HTTPPort; HTTPSEnable, HTTPSProxy, HTTPSPort; SOCKSEnable, SOCKSProxy, SOCKSPort (where neither
    of the others applies); ExceptionsList, of host patterns as "*.example.com"; ExcludeSimpleHostnames; and
    kCFProxyUsernameKey with kCFProxyPasswordKey. An empty dictionary means no proxy at all. Raises ValueError for a proxy
    without host or port, and for automatic configuration, which would need an interpreter of JavaScript.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        for key in ("ProxyAutoConfigEnable", "ProxyAutoDiscoveryEnable"):
            if settings.get(key):
                raise ValueError(f"connection_proxy_dictionary: {key} is not supported; name the proxy with HTTPSProxy and HTTPSPort")
        self._exceptions = tuple(str(pattern).lower() for pattern in settings.get("ExceptionsList", ()))
        self._excludes_simple = bool(settings.get("ExcludeSimpleHostnames"))
        socks = _entry(settings, "SOCKS", NSURLProtectionSpaceSOCKSProxy)
        self._http = _entry(settings, "HTTP", NSURLProtectionSpaceHTTPProxy) or socks
        self._https = _entry(settings, "HTTPS", NSURLProtectionSpaceHTTPProxy) or socks

    def proxy_for(self, scheme: str, host: str) -> ProxyConfiguration | None:
        """The proxy for `host` (lower case), or None."""
        if (self._excludes_simple and "." not in host and ":" not in host) or any(
                fnmatchcase(host, pattern) for pattern in self._exceptions):
            return None
        return self._https if scheme in ("https", "wss") else self._http


def _entry(settings: Mapping[str, Any], prefix: str, kind: str) -> ProxyConfiguration | None:
    if not settings.get(f"{prefix}Enable"):
        return None
    return ProxyConfiguration(
        kind, settings.get(f"{prefix}Proxy", ""), settings.get(f"{prefix}Port", 0),
        settings.get("kCFProxyUsernameKey"), settings.get("kCFProxyPasswordKey"))
