"""URLSession for Python, and a pytest plugin that decides where each task's bytes come from.

PYTEST_DONT_REWRITE: pytest leaves the assertions of this package as they are (`pytest_sessionmock.imports`).
"""
from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import objective_c
from .arrivals import Requests
from .async_bytes import AsyncBytes
from .clients.interception import Interception
from .clients.transport import transport
from .delegates import (
    SELECTORS,
    URLSessionDataDelegate,
    URLSessionDelegate,
    URLSessionDownloadDelegate,
    URLSessionStreamDelegate,
    URLSessionTaskDelegate,
    URLSessionWebSocketDelegate,
    responds_to,
)
from .engine.current import real_time, virtual_time
from .engine.queues import OperationQueue
from .engine.virtual_clock import VirtualClock
from .errors import (
    CassetteError,
    DelegateWarning,
    GenericException,
    InvalidArgumentException,
    RecordingWarning,
    SessionMockError,
    SettingWarning,
    UnmatchedRequest,
    URLError,
)
from .faults.armed import Faults
from .faults.current import use_faults
from .faults.lines import FaultLine
from .faults.plan import FaultPlan
from .history import History
from .leaks import exits as _exits  # noqa: F401  (tells at the end of a program)
from .leaks.report import Leak
from .leaks.scopes import LeakScope, watch_clients
from .loading import Loading
from .models.body import InputStream
from .models.cached_response import CachedURLResponse, CacheStoragePolicy
from .models.configuration import URLSessionConfiguration
from .models.cookie import HTTPCookie
from .models.credential import (
    CredentialPersistence,
    NSURLAuthenticationMethodClientCertificate,
    NSURLAuthenticationMethodDefault,
    NSURLAuthenticationMethodHTMLForm,
    NSURLAuthenticationMethodHTTPBasic,
    NSURLAuthenticationMethodHTTPDigest,
    NSURLAuthenticationMethodNegotiate,
    NSURLAuthenticationMethodNTLM,
    NSURLAuthenticationMethodServerTrust,
    NSURLProtectionSpaceFTP,
    NSURLProtectionSpaceFTPProxy,
    NSURLProtectionSpaceHTTP,
    NSURLProtectionSpaceHTTPProxy,
    NSURLProtectionSpaceHTTPS,
    NSURLProtectionSpaceHTTPSProxy,
    NSURLProtectionSpaceSOCKSProxy,
    URLAuthenticationChallenge,
    URLCredential,
    URLProtectionSpace,
)
from .models.enums import (
    Attribution,
    AuthChallengeDisposition,
    CachePolicy,
    CookieAcceptPolicy,
    DelayedRequestDisposition,
    DomainResolutionProtocol,
    HTTPCookiePropertyKey,
    HTTPCookieStringPolicy,
    MultipathServiceType,
    NetworkServiceType,
    ResourceFetchType,
    ResponseDisposition,
    TaskState,
    TLSProtocolVersion,
)
from .models.message import Request, ResponseHead
from .models.metrics import DateInterval, URLSessionTaskMetrics, URLSessionTaskTransactionMetrics
from .models.progress import Progress
from .models.proxy import ProxyConfiguration
from .models.request import URLRequest
from .models.response import URL_RESPONSE_UNKNOWN_LENGTH, HTTPURLResponse, URLResponse
from .models.server_sent_event import ServerSentEvent
from .models.trust import ServerTrust
from .objective_c import *  # noqa: F403
from .path_monitor import NetworkPath, PathMonitor
from .resources import lines, resource_bytes
from .routes.base import FINISHED, Channel, ChannelOver, Exchange, ExchangeOver, Host, Route, Sink, SinkOver, UnconnectedChannel
from .routes.current import use_live_route, use_route
from .routes.faults.route import FaultRoute
from .routes.httpx.client_route import ClientRoute
from .routes.live import LiveRoute
from .routes.script import Answer, ScriptRoute
from .routes.url_protocol import URLProtocol, URLProtocolClient
from .session import URLSession
from .stores.cookie_storage import HTTPCookieStorage
from .stores.credential_storage import NSURLCredentialStorageRemoveSynchronizableCredentials, URLCredentialStorage
from .stores.url_cache import URLCache
from .tasks import TRANSFER_SIZE_UNKNOWN, URLSessionDataTask, URLSessionDownloadTask, URLSessionTask, URLSessionUploadTask
from .trace import Trace, set_trace

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .invariants.watch import InvariantWatch
    from .routes.cassette import CassetteRoute, Mode, RecordedAnswer
    from .routes.cassette.options import CassetteDefaults, CassetteOptions
    from .routes.cassette.secrets import Secrets
    from .routes.httpx.edge import RouteTransport
    from .routes.httpx.transport_route import TransportRoute

# Imported when they are first asked for: code in production has no cassettes, and they are a third of what there is to import.
_LATER = {
    "CassetteDefaults": ".routes.cassette.options", "CassetteOptions": ".routes.cassette.options", "CassetteRoute": ".routes.cassette",
    "InvariantWatch": ".invariants.watch", "Mode": ".routes.cassette", "RecordedAnswer": ".routes.cassette",
    "RouteTransport": ".routes.httpx.edge", "Secrets": ".routes.cassette.secrets", "TransportRoute": ".routes.httpx.transport_route",
}


if not TYPE_CHECKING:       # to a type checker there is nothing more

    def __getattr__(name: str) -> Any:
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(_LATER[name], __name__), name)
        return value


__all__ = [
    "Answer",
    "AsyncBytes",
    "Attribution",
    "AuthChallengeDisposition",
    "CachePolicy",
    "CacheStoragePolicy",
    "CachedURLResponse",
    "CassetteDefaults",
    "CassetteError",
    "CassetteOptions",
    "CassetteRoute",
    "Channel",
    "ChannelOver",
    "ClientRoute",
    "CookieAcceptPolicy",
    "CredentialPersistence",
    "DateInterval",
    "DelayedRequestDisposition",
    "DelegateWarning",
    "DomainResolutionProtocol",
    "Exchange",
    "ExchangeOver",
    "FINISHED",
    "FaultLine",
    "FaultPlan",
    "FaultRoute",
    "Faults",
    "GenericException",
    "HTTPCookie",
    "HTTPCookiePropertyKey",
    "HTTPCookieStorage",
    "HTTPCookieStringPolicy",
    "HTTPURLResponse",
    "History",
    "Host",
    "InputStream",
    "Interception",
    "InvalidArgumentException",
    "InvariantWatch",
    "Leak",
    "LeakScope",
    "LiveRoute",
    "Loading",
    "Mode",
    "MultipathServiceType",
    "NSURLAuthenticationMethodClientCertificate",
    "NSURLAuthenticationMethodDefault",
    "NSURLAuthenticationMethodHTMLForm",
    "NSURLAuthenticationMethodHTTPBasic",
    "NSURLAuthenticationMethodHTTPDigest",
    "NSURLAuthenticationMethodNTLM",
    "NSURLAuthenticationMethodNegotiate",
    "NSURLAuthenticationMethodServerTrust",
    "NSURLCredentialStorageRemoveSynchronizableCredentials",
    "NSURLProtectionSpaceFTP",
    "NSURLProtectionSpaceFTPProxy",
    "NSURLProtectionSpaceHTTP",
    "NSURLProtectionSpaceHTTPProxy",
    "NSURLProtectionSpaceHTTPS",
    "NSURLProtectionSpaceHTTPSProxy",
    "NSURLProtectionSpaceSOCKSProxy",
    "NetworkPath",
    "NetworkServiceType",
    "OperationQueue",
    "PathMonitor",
    "Progress",
    "ProxyConfiguration",
    "RecordedAnswer",
    "RecordingWarning",
    "Request",
    "Requests",
    "ResourceFetchType",
    "ResponseDisposition",
    "ResponseHead",
    "Route",
    "RouteTransport",
    "SELECTORS",
    "ScriptRoute",
    "Secrets",
    "ServerSentEvent",
    "ServerTrust",
    "SessionMockError",
    "SettingWarning",
    "Sink",
    "SinkOver",
    "TLSProtocolVersion",
    "TRANSFER_SIZE_UNKNOWN",
    "TaskState",
    "Trace",
    "TransportRoute",
    "URLAuthenticationChallenge",
    "URLCache",
    "URLCredential",
    "URLCredentialStorage",
    "URLError",
    "URLProtectionSpace",
    "URLProtocol",
    "URLProtocolClient",
    "URLRequest",
    "URLResponse",
    "URLSession",
    "URLSessionConfiguration",
    "URLSessionDataDelegate",
    "URLSessionDataTask",
    "URLSessionDelegate",
    "URLSessionDownloadDelegate",
    "URLSessionDownloadTask",
    "URLSessionStreamDelegate",
    "URLSessionTask",
    "URLSessionTaskDelegate",
    "URLSessionTaskMetrics",
    "URLSessionTaskTransactionMetrics",
    "URLSessionUploadTask",
    "URLSessionWebSocketDelegate",
    "URL_RESPONSE_UNKNOWN_LENGTH",
    "UnconnectedChannel",
    "UnmatchedRequest",
    "VirtualClock",
    "__version__",
    "lines",
    "real_time",
    "resource_bytes",
    "responds_to",
    "set_trace",
    "transport",
    "use_faults",
    "use_live_route",
    "use_route",
    "virtual_time",
    "watch_clients",
]
__all__ += objective_c.__all__
