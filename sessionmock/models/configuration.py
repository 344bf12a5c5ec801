"""URLSessionConfiguration: how a session loads, where it keeps things, and which kind of session it is."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

from ..errors import InvalidArgumentException
from .enums import CachePolicy, CookieAcceptPolicy, MultipathServiceType, NetworkServiceType, TLSProtocolVersion
from .settings import ANY_MAP, FLAG, HEADER_MAP, SECONDS, SEQUENCE, TEXT, Setting, Settings, member, optional, reject, whole

# How the stores of a configuration that sets none are made: by the name of the property, from the configuration's kind
# ("default", "ephemeral" or "background"). The layer that has the stores fills it.
STORE_FACTORIES: dict[str, Callable[[str], Any]] = {}

_EMPTY: Sequence[Any] = ()


class Store:
    """A store of a configuration: an object shared by the copies of the configuration, or None to do without.

    One that was not set is made at its first use, once for a configuration and all its copies.
    """

    __slots__ = ("name",)
    default: Any = object()    # nothing that can be set: one that was is always shown

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: URLSessionConfiguration | None, owner: type) -> Any:
        if instance is None:
            return self
        if self.name in instance._values:
            return instance._values[self.name]
        made = instance._made
        if self.name not in made and (factory := STORE_FACTORIES.get(self.name)):
            return made.setdefault(self.name, factory(instance._kind))    # two threads may make one; the first is kept
        return made.get(self.name)

    def __set__(self, instance: URLSessionConfiguration, value: Any) -> None:
        instance._values[self.name] = value


class URLSessionConfiguration(Settings):
    """The settings of a session, made by `default()`, `ephemeral()` or `background(identifier)`.

    A session takes a copy at its creation, so later changes have no effect on it (I7). Mappings and lists are taken over
    as read-only copies; a wrong value raises InvalidArgumentException. Durations are in seconds.
    """

    __slots__ = ("_identifier", "_kind", "_made")
    _identifier: str | None
    _kind: str
    _made: dict[str, Any]

    request_cache_policy = Setting(CachePolicy.USE_PROTOCOL_CACHE_POLICY, member(CachePolicy))
    timeout_interval_for_request = Setting(60.0, SECONDS)         # without progress (I16)
    timeout_interval_for_resource = Setting(604_800.0, SECONDS)   # from start to end (I16)
    network_service_type = Setting(NetworkServiceType.DEFAULT, member(NetworkServiceType))
    allows_cellular_access = Setting(True, FLAG)
    allows_expensive_network_access = Setting(True, FLAG)
    allows_constrained_network_access = Setting(True, FLAG)
    allows_ultra_constrained_network_access = Setting(False, FLAG)
    requires_dnssec_validation = Setting(False, FLAG)
    waits_for_connectivity = Setting(False, FLAG)
    is_discretionary = Setting(False, FLAG)
    shared_container_identifier = Setting(None, optional(TEXT))
    session_sends_launch_events = Setting(True, FLAG)
    connection_proxy_dictionary = Setting(None, optional(ANY_MAP))
    proxy_configurations = Setting(_EMPTY, SEQUENCE)              # empty: the system's
    tls_minimum_supported_protocol_version = Setting(TLSProtocolVersion.TLS_V12, member(TLSProtocolVersion))
    tls_maximum_supported_protocol_version = Setting(TLSProtocolVersion.TLS_V13, member(TLSProtocolVersion))
    http_should_use_pipelining = Setting(False, FLAG)
    http_should_set_cookies = Setting(True, FLAG)
    http_cookie_accept_policy = Setting(CookieAcceptPolicy.ONLY_FROM_MAIN_DOCUMENT_DOMAIN, member(CookieAcceptPolicy))
    http_additional_headers = Setting(None, optional(HEADER_MAP))   # where the request lacks the field (I26)
    http_maximum_connections_per_host = Setting(6, whole(1))
    http_cookie_storage = Store()
    url_credential_storage = Store()
    url_cache = Store()
    should_use_extended_background_idle_mode = Setting(False, FLAG)
    protocol_classes = Setting(_EMPTY, SEQUENCE)                  # asked before the built-in ones, in this order
    multipath_service_type = Setting(MultipathServiceType.NONE, member(MultipathServiceType))
    uses_classic_loading_mode = Setting(True, FLAG)
    enables_early_data = Setting(False, FLAG)
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
