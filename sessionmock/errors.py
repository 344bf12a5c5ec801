"""The errors of sessionmock.

    Exception
    ├── URLError                      what a load ended with: passed to handlers and delegates, raised by `Loading`
    └── SessionMockError
        ├── InvalidArgumentException  misuse: an argument that can never be right (also a ValueError)
        ├── GenericException          misuse: the right call at the wrong time (also a RuntimeError)
        ├── CassetteError             a cassette file that cannot be read or written
        └── UnmatchedRequest          a request that no script and no cassette answers (also an AssertionError)

    Warning
    └── UserWarning
        ├── DelegateWarning           a method of a delegate that is meant as a callback and is none
        ├── RecordingWarning          a recording that is not what it could be: an answer that its reader left, a cassette that nobody closed
        └── SettingWarning            a setting that has no effect here, or a header field that is not the caller's to set

`UnmatchedRequest` is no `httpx.HTTPError`, so code that survives a lost network does not survive a missing answer.
"""
from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from .models.trust import ServerTrust

from . import shown
from .documented import documented


class SessionMockError(Exception):
    """The root of sessionmock's own errors; failures of a load are `URLError` instead."""


class InvalidArgumentException(SessionMockError, ValueError):
    """An argument that can never be right; Apple's NSInvalidArgumentException."""


class GenericException(SessionMockError, RuntimeError):
    """The right call at the wrong time, as a task on an invalidated session; Apple's NSGenericException."""


class CassetteError(SessionMockError):
    """A cassette that cannot be read or written; the message names the file and, where known, the line."""


class UnmatchedRequest(SessionMockError, AssertionError):
    """A request that nothing on the current route answers: the `headline` names it, and the message what came nearest too, secrets aside.

    `details` is asked for the rest of the message when somebody reads that: what came nearest takes time to find.
    """

    def __init__(self, headline: str, details: Callable[[], str] | None = None) -> None:
        super().__init__(headline)
        self._details = details

    @property
    def headline(self) -> str:
        """The first line of the message."""
        return shown.text(str(self.args[0]))

    def __str__(self) -> str:
        return shown.text(str(self.args[0]) if self._details is None else f"{self.args[0]}\n{self._details()}")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __reduce__(self) -> tuple[type[UnmatchedRequest], tuple[str]]:
        return type(self), (str(self),)


class DelegateWarning(UserWarning):
    """A delegate of which something is meant to be called and never will be: its name is none of `SELECTORS`."""


class RecordingWarning(UserWarning):
    """A recording that is not what it could be: an answer in it is not whole, since its reader left, or its cassette was never closed.
    Said once, when the file is written."""


class SettingWarning(UserWarning):
    """A setting that was changed and has no effect here, or a header field that URLSession writes itself. Said once, when a session is
    made of the configuration or a task of the request."""


class Code(IntEnum):
    """The codes of NSURLErrorDomain (Apple's NSURLError.h; `URLError.Code`)."""

    UNKNOWN = -1
    BACKGROUND_SESSION_REQUIRES_SHARED_CONTAINER = -995
    BACKGROUND_SESSION_IN_USE_BY_ANOTHER_PROCESS = -996
    BACKGROUND_SESSION_WAS_DISCONNECTED = -997
    CANCELLED = -999
    BAD_URL = -1000
    TIMED_OUT = -1001
    UNSUPPORTED_URL = -1002
    CANNOT_FIND_HOST = -1003
    CANNOT_CONNECT_TO_HOST = -1004
    NETWORK_CONNECTION_LOST = -1005
    DNS_LOOKUP_FAILED = -1006
    HTTP_TOO_MANY_REDIRECTS = -1007
    RESOURCE_UNAVAILABLE = -1008
    NOT_CONNECTED_TO_INTERNET = -1009
    REDIRECT_TO_NON_EXISTENT_LOCATION = -1010
    BAD_SERVER_RESPONSE = -1011
    USER_CANCELLED_AUTHENTICATION = -1012
    USER_AUTHENTICATION_REQUIRED = -1013
    ZERO_BYTE_RESOURCE = -1014
    CANNOT_DECODE_RAW_DATA = -1015
    CANNOT_DECODE_CONTENT_DATA = -1016
    CANNOT_PARSE_RESPONSE = -1017
    INTERNATIONAL_ROAMING_OFF = -1018
    CALL_IS_ACTIVE = -1019
    DATA_NOT_ALLOWED = -1020
    REQUEST_BODY_STREAM_EXHAUSTED = -1021
    APP_TRANSPORT_SECURITY_REQUIRES_SECURE_CONNECTION = -1022
    FILE_DOES_NOT_EXIST = -1100
    FILE_IS_DIRECTORY = -1101
    NO_PERMISSIONS_TO_READ_FILE = -1102
    DATA_LENGTH_EXCEEDS_MAXIMUM = -1103
    FILE_OUTSIDE_SAFE_AREA = -1104
    SECURE_CONNECTION_FAILED = -1200
    SERVER_CERTIFICATE_HAS_BAD_DATE = -1201
    SERVER_CERTIFICATE_UNTRUSTED = -1202
    SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT = -1203
    SERVER_CERTIFICATE_NOT_YET_VALID = -1204
    CLIENT_CERTIFICATE_REJECTED = -1205
    CLIENT_CERTIFICATE_REQUIRED = -1206
    CANNOT_LOAD_FROM_NETWORK = -2000
    CANNOT_CREATE_FILE = -3000
    CANNOT_OPEN_FILE = -3001
    CANNOT_CLOSE_FILE = -3002
    CANNOT_WRITE_TO_FILE = -3003
    CANNOT_REMOVE_FILE = -3004
    CANNOT_MOVE_FILE = -3005
    DOWNLOAD_DECODING_FAILED_MID_STREAM = -3006
    DOWNLOAD_DECODING_FAILED_TO_COMPLETE = -3007


@documented(
    CELLULAR="it is cellular",
    EXPENSIVE="it is expensive",
    CONSTRAINED="it is in Low Data Mode",
    ULTRA_CONSTRAINED="it is a satellite's",
)
class NetworkUnavailableReason(IntEnum):
    """Why a network may not be used that is there (NSURLError.h; `URLError.NetworkUnavailableReason`)."""

    CELLULAR = 0
    EXPENSIVE = 1
    CONSTRAINED = 2
    ULTRA_CONSTRAINED = 3


class BackgroundTaskCancelledReason(IntEnum):
    """Why the system cancelled a background task (NSURLError.h; `URLError.BackgroundTaskCancelledReason`)."""

    USER_FORCE_QUIT_APPLICATION = 0
    BACKGROUND_UPDATES_DISABLED = 1
    INSUFFICIENT_SYSTEM_RESOURCES = 2


# Under these names they can be nested in a class by their own.
_Code = Code
_NetworkUnavailableReason = NetworkUnavailableReason
_BackgroundTaskCancelledReason = BackgroundTaskCancelledReason

DOMAIN = "NSURLErrorDomain"

# Keys of `URLError.user_info`, by Apple's names.
FAILING_URL = "NSErrorFailingURLKey"
FAILING_URL_STRING = "NSErrorFailingURLStringKey"
PEER_TRUST = "NSURLErrorFailingURLPeerTrustErrorKey"
CANCELLED_REASON = "NSURLErrorBackgroundTaskCancelledReasonKey"
NETWORK_UNAVAILABLE_REASON = "NSURLErrorNetworkUnavailableReasonKey"
DOWNLOAD_RESUME_DATA = "NSURLSessionDownloadTaskResumeData"
UPLOAD_RESUME_DATA = "NSURLSessionUploadTaskResumeData"
CERTIFICATE_AUTHORITIES = "sessionmock.certificateAuthorities"    # whose client certificates a server takes: DER names, perhaps none
UNDERLYING = "NSUnderlyingErrorKey"
DESCRIPTION = "NSLocalizedDescriptionKey"


class URLError(Exception):
    """Why a load failed. `code` says what, `user_info` what is known of it, by Apple's keys.

    Two errors are equal when code and user_info are. A code that Apple does not name stays a plain int.
    """

    Code: TypeAlias = _Code
    NetworkUnavailableReason: TypeAlias = _NetworkUnavailableReason
    BackgroundTaskCancelledReason: TypeAlias = _BackgroundTaskCancelledReason
    domain: ClassVar[str] = DOMAIN
    _as_raised = False      # `underlying_error` came from a script or from a client's own transport: plain clients get that one itself

    def __init__(self, code: int, user_info: dict[str, Any] | None = None) -> None:
        if not isinstance(code, int) or isinstance(code, bool):
            raise InvalidArgumentException(f"URLError({code!r}): a code is a member of URLError.Code, or an int of your own")
        if user_info is not None and not isinstance(user_info, dict):
            raise InvalidArgumentException(f"URLError(user_info) was given {type(user_info).__name__}; it takes a dict, or None")
        super().__init__(code, user_info)
        self.code: int = Code(code) if code in _CODES else code
        self.user_info: dict[str, Any] = dict(user_info or {})

    def __str__(self) -> str:
        if isinstance(self.underlying_error, UnmatchedRequest):
            return str(self.underlying_error)      # which names the request, and is said once
        name = self.code.name.lower().replace("_", " ") if isinstance(self.code, Code) else "error"
        text = f"{name} ({int(self.code)})"
        if url := self.user_info.get(FAILING_URL_STRING):
            text += f" for {shown.url(url)}"
        if description := self.user_info.get(DESCRIPTION):
            text += f": {shown.text(str(description))}"
        return text

    def __repr__(self) -> str:
        return f"URLError({int(self.code)}, {shown.value(self.user_info)})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, URLError) and (self.code, self.user_info) == (other.code, other.user_info)

    __hash__ = Exception.__hash__

    def __reduce__(self) -> tuple[type[URLError], tuple[int, dict[str, Any]]]:
        return type(self), (int(self.code), self.user_info)

    @property
    def failing_url(self) -> str | None:
        """The URL whose load failed, after redirects."""
        return self.user_info.get(FAILING_URL)

    @property
    def failure_url_string(self) -> str | None:
        """`failing_url` under Apple's older key."""
        return self.user_info.get(FAILING_URL_STRING)

    @property
    def failure_url_peer_trust(self) -> ServerTrust | None:
        """What the server presented when its trust was refused, or None."""
        return self.user_info.get(PEER_TRUST)

    @property
    def background_task_cancelled_reason(self) -> BackgroundTaskCancelledReason | None:
        """Why the system cancelled a background task, or None."""
        reason = self.user_info.get(CANCELLED_REASON)
        return None if reason is None else BackgroundTaskCancelledReason(reason)

    @property
    def network_unavailable_reason(self) -> NetworkUnavailableReason | None:
        """Why the network that is there may not be used, with -1009; or None."""
        reason = self.user_info.get(NETWORK_UNAVAILABLE_REASON)
        return None if reason is None else NetworkUnavailableReason(reason)

    @property
    def download_task_resume_data(self) -> bytes | None:
        """What `download_task(resume_data=...)` takes to go on, where the download can be resumed."""
        return self.user_info.get(DOWNLOAD_RESUME_DATA)

    @property
    def upload_task_resume_data(self) -> bytes | None:
        """What `upload_task(resume_data=...)` takes to go on, where the upload can be resumed."""
        return self.user_info.get(UPLOAD_RESUME_DATA)

    @property
    def underlying_error(self) -> BaseException | None:
        """The lower error behind this one (of the operating system, TLS or a route), or None."""
        return self.user_info.get(UNDERLYING)

    @property
    def cause(self) -> BaseException | None:
        """What it is raised from: `underlying_error`, but where its own message says all of that."""
        under = self.underlying_error
        return None if isinstance(under, UnmatchedRequest) else under


_CODES = frozenset(Code)


def url_error(code: Code, url: str | None, underlying: BaseException | None = None, /, **more: Any) -> URLError:
    """A URLError with the keys that every failed load carries: the failing URL twice, and what lies under it."""
    info: dict[str, Any] = {} if url is None else {FAILING_URL: url, FAILING_URL_STRING: url}
    if underlying is not None:
        info[UNDERLYING] = underlying
    if underlying is not None and not isinstance(underlying, UnmatchedRequest):
        said = str(underlying) or type(underlying).__name__
        info[DESCRIPTION] = "; ".join([said, *getattr(underlying, "__notes__", ())])
    return URLError(code, info | more)


def brief(error: URLError | str) -> str:
    """What `error` says, in a line where the rest takes time to find: for records of what happened."""
    if isinstance(error, URLError) and isinstance(error.underlying_error, UnmatchedRequest):
        return error.underlying_error.headline
    return str(error)
