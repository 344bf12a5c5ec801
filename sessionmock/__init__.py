"""URLSession for Python, and a pytest plugin that decides where each task's bytes come from."""
from __future__ import annotations

from .clock import VirtualClock
from .engine.dispatch import responds_to
from .engine.loop import virtual_time
from .engine.queues import OperationQueue
from .errors import CassetteError, GenericException, InvalidArgumentException, SessionMockError, UnmatchedRequest, URLError
from .loading import Loading
from .models.body import InputStream
from .models.configuration import URLSessionConfiguration
from .models.cookie import HTTPCookie
from .models.credential import CredentialPersistence, URLAuthenticationChallenge, URLCredential, URLProtectionSpace
from .models.enums import (
    Attribution,
    AuthChallengeDisposition,
    CachePolicy,
    CookieAcceptPolicy,
    DelayedRequestDisposition,
    MultipathServiceType,
    NetworkServiceType,
    ResponseDisposition,
    TaskState,
    TLSProtocolVersion,
)
from .models.progress import Progress
from .models.request import URLRequest
from .models.response import HTTPURLResponse, URLResponse
from .routes.current import use_route
from .routes.live import LiveRoute
from .session import URLSession
from .stores.cookie_storage import HTTPCookieStorage
from .tasks import TRANSFER_SIZE_UNKNOWN, URLSessionDataTask, URLSessionDownloadTask, URLSessionTask, URLSessionUploadTask

__all__ = [
    "Attribution",
    "AuthChallengeDisposition",
    "CachePolicy",
    "CassetteError",
    "CookieAcceptPolicy",
    "CredentialPersistence",
    "DelayedRequestDisposition",
    "GenericException",
    "HTTPCookie",
    "HTTPCookieStorage",
    "HTTPURLResponse",
    "InputStream",
    "InvalidArgumentException",
    "LiveRoute",
    "Loading",
    "MultipathServiceType",
    "NetworkServiceType",
    "OperationQueue",
    "Progress",
    "ResponseDisposition",
    "SessionMockError",
    "TLSProtocolVersion",
    "TRANSFER_SIZE_UNKNOWN",
    "TaskState",
    "URLAuthenticationChallenge",
    "URLCredential",
    "URLError",
    "URLProtectionSpace",
    "URLRequest",
    "URLResponse",
    "URLSession",
    "URLSessionConfiguration",
    "URLSessionDataTask",
    "URLSessionDownloadTask",
    "URLSessionTask",
    "URLSessionUploadTask",
    "UnmatchedRequest",
    "VirtualClock",
    "responds_to",
    "use_route",
    "virtual_time",
]
