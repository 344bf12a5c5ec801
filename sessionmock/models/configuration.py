"""URLSessionConfiguration: how a session loads, where it keeps things, and which kind of session it is."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Self, TypeAlias, TypeVar, overload

from ..errors import InvalidArgumentException
from . import enums
from .enums import CachePolicy, CookieAcceptPolicy, NetworkServiceType, TLSProtocolVersion
from .proxy import ProxyConfiguration
from .settings import ANY_MAP, FLAG, HEADER_MAP, SECONDS, TEXT, Setting, Settings, each, member, optional, reject, whole

if TYPE_CHECKING:
    from ..routes.url_protocol import URLProtocol
    from ..stores.cookie_storage import HTTPCookieStorage
    from ..stores.credential_storage import URLCredentialStorage
    from ..stores.url_cache import URLCache

S = TypeVar("S")


class StoreKind(NamedTuple):
    """What a configuration has under the name of a store."""

    kind: type                    # what may be set
    make: Callable[[str], Any]    # for a configuration that sets none, from its kind ("default", "ephemeral" or "background")


# By the name of the property. The layer that has the stores fills it.
STORES: dict[str, StoreKind] = {}

# Fields that URLSession writes itself (Apple: httpAdditionalHeaders; I26).
RESERVED = frozenset({
    "authorization", "connection", "content-length", "host", "proxy-authenticate", "proxy-authorization", "www-authenticate"})

_UNMARKED = "no packet is marked with it"
_FOREGROUND = "only background sessions heed it"


class Store(Generic[S]):
    """A store of a configuration: an object shared by the copies of the configuration, or None to do without.

    One that was not set is made at its first use, once for a configuration and all its copies.
    """

    default: Any = object()    # nothing that can be set: one that was is always shown
    idle = ""
    name = ""

    def __init__(self, doc: str) -> None:
        self.__doc__ = doc

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: URLSessionConfiguration, owner: type) -> S | None: ...
    def __get__(self, instance: URLSessionConfiguration | None, owner: type) -> Self | S | None:
        if instance is None:
            return self
        found: dict[str, S | None] = instance._values if self.name in instance._values else instance._made
        if self.name not in found and (store := STORES.get(self.name)):
            found.setdefault(self.name, store.make(instance._kind))    # two threads may make one; the first is kept
        return found.get(self.name)

    def __set__(self, instance: URLSessionConfiguration, value: S | None) -> None:
        store = STORES.get(self.name)
        if value is not None and store is not None and not isinstance(value, store.kind):
            reject(f"URLSessionConfiguration.{self.name}", value, f"a {store.kind.__name__}, or None to do without")
        instance._values[self.name] = value


class URLSessionConfiguration(Settings):
    """The settings of a session, made by `default()`, `ephemeral()` or `background(identifier)`.

    A session takes a copy at its creation, so later changes have no effect on it (I7). Mappings and lists are taken over
    as read-only copies; a wrong value raises InvalidArgumentException. Durations are in seconds. What has no effect here
    (docs/rules.md, Without effect) and header fields that are URLSession's own are warned of when a session is made.
    """

    __slots__ = ("_identifier", "_kind", "_made")
    MultipathServiceType: TypeAlias = enums.MultipathServiceType
    _identifier: str | None
    _kind: str
    _made: dict[str, Any]

    request_cache_policy = Setting(
        CachePolicy.USE_PROTOCOL_CACHE_POLICY, member(CachePolicy),
        "What may be taken from the cache, where a request leaves its own policy at the default.")
    timeout_interval_for_request = Setting(
        60.0, SECONDS, "Seconds of silence after which a task fails with -1001; a request's own limit goes before it (I16).")
    timeout_interval_for_resource = Setting(
        604_800.0, SECONDS, "Seconds from the start of a task to its end, after which it fails with -1001 (I16): a week.")
    network_service_type = Setting(
        NetworkServiceType.DEFAULT, member(NetworkServiceType), "What the traffic is for: a hint.", idle=_UNMARKED)
    allows_cellular_access = Setting(
        True, FLAG, "Whether a cellular network may be used, as the session's path monitor knows it; else -1009 with reason 0 (I17).")
    allows_expensive_network_access = Setting(
        True, FLAG, "Whether an expensive network may be used, as the session's path monitor knows it; else -1009 with reason 1 (I17).")
    allows_constrained_network_access = Setting(
        True, FLAG, "Whether a network in Low Data Mode may be used, as the session's path monitor knows it; else -1009 with reason 2 (I17).")
    allows_ultra_constrained_network_access = Setting(
        False, FLAG, "Whether a satellite's network may be used, as the session's path monitor knows it; else -1009 with reason 3 (I17).")
    requires_dnssec_validation = Setting(
        False, FLAG, "Whether names must be vouched for by DNSSEC. The system's resolver does not say, so that a load over a name "
                     "fails with -1003, but with a resolver that does: LiveRoute(resolve=..., resolve_validates=True).")
    waits_for_connectivity = Setting(
        False, FLAG, "Whether a task waits where there is no network that it may use, instead of failing with -1009; the delegate hears of it "
                     "by `task_is_waiting_for_connectivity`. The machine's network is watched for it, or the session's `path_monitor` asked. "
                     "A connection that is lost later is not waited for, nor a server that refuses one.")
    is_discretionary = Setting(False, FLAG, "Whether the system chooses the time of transfers.", idle=_FOREGROUND)
    shared_container_identifier = Setting(
        None, optional(TEXT), "The container that an extension downloads into.", idle=_FOREGROUND)
    session_sends_launch_events = Setting(
        True, FLAG, "Whether the app is launched when its transfers are over.", idle=_FOREGROUND)
    connection_proxy_dictionary = Setting(
        None, optional(ANY_MAP), "Proxies by the keys of CFProxySupport.h: HTTPEnable, HTTPProxy, HTTPPort; HTTPSEnable, HTTPSProxy, "
                                 "HTTPSPort; SOCKSEnable, SOCKSProxy, SOCKSPort; ExceptionsList; ExcludeSimpleHostnames. Empty: none; "
                                 "None: the environment's. `proxy_configurations` goes before it.")
    proxy_configurations: Setting[Sequence[ProxyConfiguration]] = Setting(
        (), each("ProxyConfiguration, as ProxyConfiguration.http_connect(host, port)",
                     lambda value: isinstance(value, ProxyConfiguration)),
        "Proxies, of which the first that serves a host is taken. Empty: those of `connection_proxy_dictionary`.")
    tls_minimum_supported_protocol_version = Setting(
        TLSProtocolVersion.TLS_V12, member(TLSProtocolVersion, "TLSVersion"), "The oldest version of TLS that is spoken; else -1200.")
    tls_maximum_supported_protocol_version = Setting(
        TLSProtocolVersion.TLS_V13, member(TLSProtocolVersion, "TLSVersion"), "The newest version of TLS that is spoken; else -1200.")
    http_should_use_pipelining = Setting(
        False, FLAG, "Whether requests follow each other without waiting for answers.",
        idle="HTTP/1.1 is not pipelined, and HTTP/2 need not be")
    http_should_set_cookies = Setting(True, FLAG, "Whether requests get the cookies of the storage (I25).")
    http_cookie_accept_policy = Setting(
        CookieAcceptPolicy.ONLY_FROM_MAIN_DOCUMENT_DOMAIN, member(CookieAcceptPolicy),
        "Which cookies of responses are stored; it goes before the storage's own policy (I25).")
    http_additional_headers = Setting(
        None, optional(HEADER_MAP), "Header fields of every request that lacks them (I26).")
    http_maximum_connections_per_host = Setting(
        6, whole(1), "How many connections one origin gets at once; what goes beyond that waits, by the tasks' priority. Of HTTP/2 one "
                     "does for many requests.")
    maximum_redirects = Setting(
        20, whole(0), "How many redirects a task follows; the next one ends it with -1007. Not Apple's: Apple documents 16, and its systems "
                      "are said to follow 20, as the open-source URLSession does (I21).")
    maximum_body_size: Setting[int | None] = Setting(
        1 << 30, optional(whole(0)), "How many bytes of a body, decoded, are collected in memory: for `data()`, `upload()`, completion handlers "
                                     "and delegates that do without incremental delivery. A task whose body is larger fails with -1103. None: "
                                     "no limit. Not Apple's. Downloads, `bytes()` and pieces for a delegate have none.")
    http_cookie_storage: Store[HTTPCookieStorage] = Store(
        "Where cookies are kept: an HTTPCookieStorage, or None to neither send nor store any.\n\nUnless it is set the shared storage, or of an "
        "ephemeral configuration one of its own in memory.")
    url_credential_storage: Store[URLCredentialStorage] = Store(
        "Where default handling of challenges finds credentials: a URLCredentialStorage, or None.\n\nUnless it is set the shared storage, or "
        "of an ephemeral configuration one of its own in memory.")
    url_cache: Store[URLCache] = Store(
        "Where responses are cached: a URLCache, or None to cache nothing.\n\nUnless it is set the shared cache, of an ephemeral configuration "
        "one of its own in memory, and None of a background one.")
    should_use_extended_background_idle_mode = Setting(
        False, FLAG, "Whether connections stay when the app goes to the background.", idle="no system suspends this process")
    protocol_classes: Setting[Sequence[type[URLProtocol]]] = Setting(
        (), each("subclasses of URLProtocol", lambda value: isinstance(value, type) and hasattr(value, "can_init_with_request")),
        "Classes of one's own that are asked before the route, in this order.")
    multipath_service_type = Setting(
        enums.MultipathServiceType.NONE, member(enums.MultipathServiceType), "How several network interfaces are used together.",
        idle="a connection uses the interface that the system chose for it")
    uses_classic_loading_mode = Setting(True, FLAG, "Whether the older of Apple's loaders is used.", idle="there is one loader")
    enables_early_data = Setting(
        False, FLAG, "Whether requests go with the first flight of a handshake.", idle="ssl sends no early data, and HTTP/3 is not spoken")
    # Apple's older names of the two versions.
    tls_minimum_supported_protocol = tls_minimum_supported_protocol_version
    tls_maximum_supported_protocol = tls_maximum_supported_protocol_version

    def __init__(self) -> None:
        raise InvalidArgumentException(
            "URLSessionConfiguration() has no kind; use its class methods default(), ephemeral() or background(identifier)")

    @classmethod
    def default(cls) -> Self:
        """A new configuration with the shared cache, cookies and credentials."""
        return cls._make("default")

    @classmethod
    def ephemeral(cls) -> Self:
        """A new configuration whose cache, cookies and credentials are its own and in memory."""
        return cls._make("ephemeral")

    @classmethod
    def background(cls, identifier: str) -> Self:
        """A new configuration for uploads and downloads that outlive the process; it has no cache unless one is set.

        `identifier` names the session; an empty one raises InvalidArgumentException.
        """
        if not isinstance(identifier, str) or not identifier:
            reject("URLSessionConfiguration.background", identifier, "a str that is not empty")
        return cls._make("background", identifier)

    @classmethod
    def _make(cls, kind: str, identifier: str | None = None) -> Self:
        made = object.__new__(cls)
        made._kind, made._identifier, made._values = kind, identifier, {}
        made._made = {"url_cache": None} if kind == "background" else {}
        return made

    def _remarks(self) -> list[str]:
        return [*super()._remarks(), *(
            f"URLSessionConfiguration.http_additional_headers has {name}, which URLSession writes itself and may replace: set it on the "
            "requests, or answer their challenges"
            for name in self.http_additional_headers or () if name.lower() in RESERVED)]

    @property
    def identifier(self) -> str | None:
        """The name of a background session; None for other kinds."""
        return self._identifier

    @property
    def kind(self) -> str:
        """Which factory made it: "default", "ephemeral" or "background"."""
        return self._kind

    def copy(self) -> Self:
        """An independent copy with the same stores (I7)."""
        new = object.__new__(type(self))
        new._kind, new._identifier, new._made = self._kind, self._identifier, self._made
        new._values = self._values.copy()
        return new

    __copy__ = copy

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self.copy()    # what it holds but the stores is immutable

    def __repr__(self) -> str:
        """Only what differs from the defaults."""
        shown = [repr(self._identifier)] if self._identifier else []
        return f"{type(self).__name__}.{self._kind}({', '.join(shown + self._shown())})"
