"""What the loads of one session share: its configuration, its stores, its channels and its delegate's methods."""
from __future__ import annotations

import math
import threading
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .. import shown
from ..clock import JumpingClock, nanoseconds
from ..core.accepted import AcceptedCredentials
from ..core.additional import AdditionalFields
from ..core.decoding import accept_encoding
from ..core.preparation import LOCAL
from ..delegates import methods
from ..engine import work
from ..engine.protocol import Engine
from ..engine.queues import OperationQueue
from ..errors import GenericException, InvalidArgumentException
from ..models.configuration import URLSessionConfiguration
from ..models.credential import CredentialPersistence, URLCredential, URLProtectionSpace
from ..models.enums import CachePolicy, CookieAcceptPolicy
from ..models.message import Headers, Request
from ..models.proxy import ProxyConfiguration
from ..models.request import URLRequest
from ..path_monitor import NetworkPath, PathMonitor, SystemPathMonitor, Watched
from ..routes.base import Channel, Route
from ..routes.current import live_route
from ..routes.faults.route import FaultChannel
from ..routes.local import LocalRoute
from ..routes.url_protocol import URLProtocol, checked
from ..stores import defaults
from ..user_code import blame, user_code
from .caching import CacheVisit
from .life import Life

if TYPE_CHECKING:
    from ..stores.cookie_storage import HTTPCookieStorage
    from ..stores.credential_storage import URLCredentialStorage
    from ..stores.url_cache import URLCache

USER_AGENT = "sessionmock/0.1"

defaults.install()
_local = LocalRoute()


class Context:
    """Lent by a session to its loads. `ended` is told of each load that has delivered its terminal message."""

    def __init__(self, session: Any, configuration: URLSessionConfiguration, delegate: object | None, queue: OperationQueue,
                 engine: Engine, ended: Callable[[Life], None], path_monitor: PathMonitor | None = None) -> None:
        self.session = session
        self.configuration = configuration
        self.delegate = delegate
        self.queue = queue
        self.engine = engine
        self.ended = ended
        self.path_monitor = path_monitor      # None: there is always a network without limits
        self.methods = methods(delegate)
        accept_encoding()      # imports the decoders, for which a load has perhaps no descriptor
        self._protocols = checked(configuration.protocol_classes)
        self.accepted = AcceptedCredentials()
        self._channels: dict[Route, Channel] = {}
        self._faulty: dict[Channel, Channel] = {}      # over those
        self._lock = threading.RLock()

    # What follows from the configuration is found out by the first load: a session is made in no time.
    @cached_property
    def idle_limit(self) -> int:
        """Nanoseconds without progress (I16)."""
        return nanoseconds(self.configuration.timeout_interval_for_request)

    @cached_property
    def resource_limit(self) -> int:
        """Nanoseconds from start to end (I16)."""
        return nanoseconds(self.configuration.timeout_interval_for_resource)

    @cached_property
    def body_limit(self) -> float:
        """How many bytes of a body are collected in memory."""
        limit = self.configuration.maximum_body_size
        return math.inf if limit is None else limit

    @cached_property
    def sets_cookies(self) -> bool:
        return self.configuration.http_should_set_cookies

    @cached_property
    def cookie_policy(self) -> CookieAcceptPolicy:
        return self.configuration.http_cookie_accept_policy

    @cached_property
    def cache_policy(self) -> CachePolicy:
        return self.configuration.request_cache_policy

    @cached_property
    def additional(self) -> AdditionalFields:
        """The header fields that the configuration adds."""
        return AdditionalFields(self.configuration.http_additional_headers)

    @cached_property
    def defaults(self) -> Headers:
        """The fields that a request carries when it does not set them."""
        return [("Accept", "*/*"), ("Accept-Encoding", accept_encoding()), ("User-Agent", USER_AGENT)]

    # A store that the configuration does not name is made when it is first asked for, and then stays.
    @cached_property
    def cookie_storage(self) -> HTTPCookieStorage | None:
        return self.configuration.http_cookie_storage

    @cached_property
    def credential_storage(self) -> URLCredentialStorage | None:
        return self.configuration.url_credential_storage

    @cached_property
    def cache(self) -> URLCache | None:
        return self.configuration.url_cache

    def channel(self, route: Route | None, scheme: str) -> tuple[str, Channel]:
        """The source and the channel that a request of `scheme` takes."""
        if scheme in LOCAL:
            route = _local
        elif route is None:
            route = live_route()
        channel = self._channels.get(route)
        if channel is None:
            with self._lock:
                channel = self._channels.get(route)
                if channel is None:
                    channel = self._channels[route] = route.bind(self.configuration, self.engine)
                    if len(self._channels) == 1:
                        self.engine.attach()
        return route.source, channel

    def faulty(self, route: Route | None, channel: Channel) -> Channel:
        """`channel` of `route` for requests that bring faults. It holds nothing that `channel` does not know of."""
        faulty = self._faulty.get(channel)
        if faulty is None:
            faulty = self._faulty.setdefault(channel, FaultChannel(route or live_route(), channel, self.configuration, self.engine))
        return faulty

    @cached_property
    def validates_names(self) -> bool:
        """Whether DNSSEC must vouch for the names of all requests."""
        return self.configuration.requires_dnssec_validation

    @property
    def waits_for_machine(self) -> bool:
        """Whether loads wait where this machine has no way to a server. Virtual time knows no machine."""
        return self.configuration.waits_for_connectivity and self.path_monitor is None and not isinstance(self.engine.clock, JumpingClock)

    @cached_property
    def watched_paths(self) -> Watched:
        """What tells of another network: the session's monitor, or the machine's own."""
        return self.path_monitor or SystemPathMonitor(self.engine)

    def path(self) -> NetworkPath | None:
        """The network there is now; None where it has no limits."""
        monitor = self.path_monitor
        if monitor is None:
            return None
        with user_code(f"{type(monitor).__name__}.path"):
            path = monitor.path
            if not isinstance(path, NetworkPath):
                raise InvalidArgumentException(f"the path was {path!r}; it takes a NetworkPath")
            return path

    def protocols(self) -> Sequence[type[URLProtocol]]:
        """The user's classes that are consulted before the route: the configuration's, and for the shared session those registered."""
        return self._protocols or (tuple(URLProtocol._registered) if self.session._is_shared else ())

    def proxy_for(self, route: Route | None, message: Request) -> ProxyConfiguration | None:
        """The proxy whose 407 `message` may meet, or None."""
        channel = self.channel(route, message.parts.scheme)[1]
        return self._faulty.get(channel, channel).proxy_for(message.parts)

    def sends_cookies(self, request: URLRequest) -> bool:
        """Whether `request` takes cookies along, where there are some."""
        return self.cookie_storage is not None and self.sets_cookies and request.http_should_handle_cookies and request.url is not None

    def cookies_for(self, request: URLRequest, task: Any) -> str | None:
        """The Cookie field for `request`, or None (I25)."""
        storage = self.cookie_storage
        if storage is None or not (self.sets_cookies and request.http_should_handle_cookies) or request.url is None:
            return None
        return storage.header_for(request.url, self.engine.clock.date, task, request.cookie_partition_identifier)

    def keeps_cookies(self, request: URLRequest) -> bool:
        """Whether those of the response to `request` may be kept."""
        return (self.cookie_storage is not None and self.cookie_policy is not CookieAcceptPolicy.NEVER and request.http_should_handle_cookies
                and request.url is not None)

    def store_cookies(self, request: URLRequest, headers: Headers, task: Any) -> None:
        """Keep the cookies of a response, before anybody hears of it (I25)."""
        storage, policy = self.cookie_storage, self.cookie_policy
        if storage is None or policy is CookieAcceptPolicy.NEVER or not request.http_should_handle_cookies or request.url is None:
            return
        storage.store_from_headers(request.url, headers, policy, request.main_document_url, task, self.engine.clock.date,
                                   request.cookie_partition_identifier)

    def keep_credentials(self, credentials: list[tuple[URLProtectionSpace, URLCredential]], task: Any) -> None:
        """Store what a delegate gave and a server took. One that no keyring takes is kept as long as the process lives: a load
        that was let in does not fail for it."""
        storage = self.credential_storage if credentials else None
        if storage is not None:
            for space, credential in credentials:
                try:
                    self._store(storage, space, credential, task)
                except GenericException as error:
                    self._store(storage, space, replace(credential, persistence=CredentialPersistence.FOR_SESSION), task)
                    warnings.warn(f"{error}; it is kept for this process only", RuntimeWarning, stacklevel=2)

    @staticmethod
    def _store(storage: URLCredentialStorage, space: URLProtectionSpace, credential: URLCredential, task: Any) -> None:
        with user_code(f"{type(storage).__name__}.set_default_credential"):
            storage.set_default_credential(credential, space, task)

    def stored_credential(self, space: URLProtectionSpace, task: Any) -> URLCredential | None:
        """What default handling of a challenge of `space` uses, asked for in the form that names the task."""
        storage = self.credential_storage
        found: URLCredential | None = None
        if storage is None:
            return None

        def take(credential: URLCredential | None) -> None:
            nonlocal found
            found = credential

        try:
            storage.get_default_credential(space, task, take)
            if not isinstance(found, URLCredential | None):
                raise InvalidArgumentException(f"the completion handler was given {shown.value(found)}; it takes a URLCredential or None")
        except BaseException as error:
            blame(error, f"{type(storage).__name__}.get_default_credential")
            raise
        return found

    def cache_visit(self, task: Any, request: URLRequest, *, keeps: bool) -> CacheVisit | None:
        """The dealings of `task` with the cache, for `request`; None where there is neither a cache nor a policy to heed.

        The request's own policy wins over the configuration's unless it is the default.
        """
        cache, policy = self.cache, request.cache_policy or self.cache_policy
        return None if cache is None and not policy else CacheVisit(cache, task, policy, self.engine.clock, keeps=keeps)

    def flush(self) -> None:
        """New connections from now on."""
        for channel in list(self._channels.values()):
            work.attempt(channel.flush, f"flush() of {channel!r}")

    def go_over(self, engine: Engine) -> None:
        """Go on under `engine`, over new connections. No load may be on its way."""
        self._disconnect()
        self.__dict__.pop("watched_paths", None)
        self.engine = engine

    def close(self) -> None:
        """The session is invalid: nothing is held any more."""
        self._disconnect()
        self.methods = {}
        self.delegate = None

    def _disconnect(self) -> None:
        channels, self._channels = self._channels, {}
        for channel in (*self._faulty.values(), *channels.values()):
            work.attempt(channel.close, f"close() of {channel!r}")
        self._faulty = {}
        if channels:
            self.engine.detach()

    def orphan(self) -> None:
        """In a forked child: the connections are the parent's."""
        self._lock = threading.RLock()
        self.__dict__.pop("watched_paths", None)       # its timer is the parent's
        channels, self._channels, self._faulty = self._channels, {}, {}
        for channel in channels.values():
            channel.abandon()
