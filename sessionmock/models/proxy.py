"""Proxies as a configuration names them."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self
from urllib.parse import unquote

from ..errors import InvalidArgumentException
from .credential import NSURLProtectionSpaceHTTPProxy, NSURLProtectionSpaceSOCKSProxy, URLCredential
from .host import host_given
from .host_patterns import named
from .immutable import immutable
from .settings import TEXT, optional, reject
from .url import URLParts, split_authority, split_reference

_NAME = optional(TEXT)


@immutable
@dataclass(frozen=True, slots=True)
class ProxyConfiguration:
    """One proxy, made by `http_connect` or `socks5` (Apple's Network.ProxyConfiguration).

    `type` is NSURLProtectionSpaceHTTPProxy or NSURLProtectionSpaceSOCKSProxy, `port` from 1 to 65535.
    An http proxy takes plain requests in absolute form and tunnels for everything else (RFC 9110, sections 7.1 and 9.3.6);
    a SOCKS proxy makes connections, and looks names up itself (RFC 1928). `user` and `password` answer its challenge
    where no delegate does. With `match_domains` it serves what these name, never what `excluded_domains` name: a domain and what
    lies below it, or another pattern of `models.host_patterns`. `host` is kept in its canonical form.
    """

    type: str
    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    match_domains: tuple[str, ...] = field(default=(), kw_only=True)
    excluded_domains: tuple[str, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "host", host_given("ProxyConfiguration", self.host))
        if isinstance(self.port, bool) or not isinstance(self.port, int) or not 0 < self.port < 65536:
            raise InvalidArgumentException(f"ProxyConfiguration: {self.port!r} is no port; use an int from 1 to 65535")
        for name in ("match_domains", "excluded_domains"):
            object.__setattr__(self, name, _patterns(f"ProxyConfiguration.{name}", getattr(self, name)))
        _NAME.of("ProxyConfiguration(user)", self.user)
        if not isinstance(self.password, str | None):
            reject("ProxyConfiguration(password)", type(self.password), "a str, or None")

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
        return replace(self, match_domains=_patterns("match", match), excluded_domains=_patterns("excluded", excluded))

    @property
    def credential(self) -> URLCredential | None:
        """What default handling answers the proxy's challenge with, or None."""
        return None if self.user is None else URLCredential(self.user, self.password)

    def serves(self, host: str, port: int = 0) -> bool:
        """Whether a request to `host` (canonical) goes through it."""
        return not named(self.excluded_domains, host, port) and (not self.match_domains or named(self.match_domains, host, port))


def _patterns(place: str, given: Iterable[str]) -> tuple[str, ...]:
    """Raises InvalidArgumentException for what is no collection of str, as a single one."""
    patterns = tuple(given) if isinstance(given, Iterable) else (None,)
    if isinstance(given, str) or not all(isinstance(pattern, str) for pattern in patterns):
        raise InvalidArgumentException(f"{place}: {given!r} is no list of domains; use one as ['example.com']")
    return patterns


def of_url(url: str) -> ProxyConfiguration:
    """The proxy that `url` names, as environments do: "http://user:password@host:port", "socks5h://host", "host:port".

    Raises ValueError for a kind that is not spoken.
    """
    scheme, authority, *_ = split_reference(url if "://" in url else f"http://{url}")
    userinfo, host, port = split_authority(authority or "")
    kind, usual = _KINDS.get((scheme or "").lower(), (None, 0))
    if kind is None or not host:
        raise ValueError(f"{scheme}://{host} is no proxy that can be used: http://host:port and socks5://host:port are")
    user, colon, password = userinfo.partition(":")
    return ProxyConfiguration(kind, host, port or usual, unquote(user) if userinfo else None, unquote(password) if colon else None)


_KINDS = {
    "http": (NSURLProtectionSpaceHTTPProxy, 80), "socks5": (NSURLProtectionSpaceSOCKSProxy, 1080),
    "socks5h": (NSURLProtectionSpaceSOCKSProxy, 1080),
}


class ProxyDictionary:
    """`connection_proxy_dictionary`, by the keys of CFProxySupport.h.

    HTTPEnable, HTTPProxy, HTTPPort; HTTPSEnable, HTTPSProxy, HTTPSPort; SOCKSEnable, SOCKSProxy, SOCKSPort (where neither
    of the others applies); ExceptionsList, of patterns as "*.example.com" and "169.254/16"; ExcludeSimpleHostnames; and
    kCFProxyUsernameKey with kCFProxyPasswordKey. An empty dictionary means no proxy at all. Raises ValueError for a proxy
    without host or port, for exceptions that are no list, and for automatic configuration, which would need an interpreter of JavaScript.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        for key in ("ProxyAutoConfigEnable", "ProxyAutoDiscoveryEnable"):
            if settings.get(key):
                raise ValueError(f"connection_proxy_dictionary: {key} is not supported; name the proxy with HTTPSProxy and HTTPSPort")
        self._exceptions = _patterns("connection_proxy_dictionary: ExceptionsList", settings.get("ExceptionsList", ()))
        self._excludes_simple = bool(settings.get("ExcludeSimpleHostnames"))
        socks = _entry(settings, "SOCKS", NSURLProtectionSpaceSOCKSProxy)
        self._http = _entry(settings, "HTTP", NSURLProtectionSpaceHTTPProxy) or socks
        self._https = _entry(settings, "HTTPS", NSURLProtectionSpaceHTTPProxy) or socks

    def proxy_for(self, parts: URLParts) -> ProxyConfiguration | None:
        """The proxy for a request of `parts`, or None."""
        if (self._excludes_simple and "." not in parts.host and ":" not in parts.host) or named(
                self._exceptions, parts.host, parts.port):
            return None
        return self._https if parts.scheme in ("https", "wss") else self._http


def _entry(settings: Mapping[str, Any], prefix: str, kind: str) -> ProxyConfiguration | None:
    if not settings.get(f"{prefix}Enable"):
        return None
    return ProxyConfiguration(
        kind, settings.get(f"{prefix}Proxy", ""), settings.get(f"{prefix}Port", 0),
        settings.get("kCFProxyUsernameKey"), settings.get("kCFProxyPasswordKey"))
