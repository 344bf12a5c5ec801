"""URLSession for Python, and a pytest plugin that decides where each task's bytes come from."""
from __future__ import annotations

from .clock import VirtualClock
from .engine.dispatch import responds_to
from .engine.loop import virtual_time
from .engine.queues import OperationQueue
from .errors import CassetteError, GenericException, InvalidArgumentException, SessionMockError, UnmatchedRequest, URLError
from .loading import Loading
from .models.configuration import URLSessionConfiguration
from .models.request import URLRequest
from .models.response import HTTPURLResponse, URLResponse
from .routes.current import use_route
from .routes.live import LiveRoute
from .session import URLSession
from .tasks import TRANSFER_SIZE_UNKNOWN, URLSessionDataTask, URLSessionDownloadTask, URLSessionTask, URLSessionUploadTask

__all__ = [
    "TRANSFER_SIZE_UNKNOWN",
    "CassetteError",
    "GenericException",
    "HTTPURLResponse",
    "InvalidArgumentException",
    "LiveRoute",
    "Loading",
    "OperationQueue",
    "SessionMockError",
    "URLError",
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
