"""The enumerations of URLSession's family, with the numbers of Apple's headers."""
from __future__ import annotations

from enum import IntEnum, StrEnum


class CachePolicy(IntEnum):
    """What a load may take from a cache (NSURLRequest.h; also `URLRequest.CachePolicy`)."""

    USE_PROTOCOL_CACHE_POLICY = 0
    RELOAD_IGNORING_LOCAL_CACHE_DATA = 1
    RETURN_CACHE_DATA_ELSE_LOAD = 2
    RETURN_CACHE_DATA_DONT_LOAD = 3
    RELOAD_IGNORING_LOCAL_AND_REMOTE_CACHE_DATA = 4
    RELOAD_REVALIDATING_CACHE_DATA = 5


class NetworkServiceType(IntEnum):
    """What the traffic is for: a hint (NSURLRequest.h)."""

    DEFAULT = 0
    VOIP = 1
    VIDEO = 2
    BACKGROUND = 3
    VOICE = 4
    RESPONSIVE_DATA = 6
    AV_STREAMING = 8
    RESPONSIVE_AV = 9
    CALL_SIGNALING = 11


class Attribution(IntEnum):
    """Who named the URL that is loaded (NSURLRequest.h)."""

    DEVELOPER = 0
    USER = 1


class HTTPCookiePropertyKey(StrEnum):
    """The keys of a cookie's `properties` (NSHTTPCookie.h); each is a str."""

    NAME = "Name"
    VALUE = "Value"
    DOMAIN = "Domain"
    PATH = "Path"
    ORIGIN_URL = "OriginURL"
    VERSION = "Version"
    SECURE = "Secure"
    EXPIRES = "Expires"
    MAXIMUM_AGE = "Max-Age"
    DISCARD = "Discard"
    COMMENT = "Comment"
    COMMENT_URL = "CommentURL"
    PORT = "Port"
    SAME_SITE_POLICY = "SameSite"
    SET_BY_JAVASCRIPT = "SetByJavaScript"


class HTTPCookieStringPolicy(StrEnum):
    """What a cookie's `same_site_policy` is, unless None (NSHTTPCookie.h); each is a str."""

    SAME_SITE_LAX = "lax"
    SAME_SITE_STRICT = "strict"


class CookieAcceptPolicy(IntEnum):
    """Which cookies are stored (NSHTTPCookieStorage.h)."""

    ALWAYS = 0
    NEVER = 1
    ONLY_FROM_MAIN_DOCUMENT_DOMAIN = 2


class MultipathServiceType(IntEnum):
    """How several network interfaces are used together (NSURLSession.h); no effect on a live route."""

    NONE = 0
    HANDOVER = 1
    INTERACTIVE = 2
    AGGREGATE = 3


class TLSProtocolVersion(IntEnum):
    """Versions of TLS by their numbers on the wire (RFC 8446, section 4.2.1); `ssl.TLSVersion` has the same."""

    TLS_V10 = 0x0301
    TLS_V11 = 0x0302
    TLS_V12 = 0x0303
    TLS_V13 = 0x0304


class ResponseDisposition(IntEnum):
    """What becomes of a data task once its response is known (NSURLSession.h)."""

    CANCEL = 0
    ALLOW = 1
    BECOME_DOWNLOAD = 2
    BECOME_STREAM = 3


class AuthChallengeDisposition(IntEnum):
    """The answer to an authentication challenge (NSURLSession.h)."""

    USE_CREDENTIAL = 0
    PERFORM_DEFAULT_HANDLING = 1
    CANCEL_AUTHENTICATION_CHALLENGE = 2
    REJECT_PROTECTION_SPACE = 3


class DelayedRequestDisposition(IntEnum):
    """What becomes of a delayed background request at its time (NSURLSession.h)."""

    CONTINUE_LOADING = 0
    USE_NEW_REQUEST = 1
    CANCEL = 2


class TaskState(IntEnum):
    """The state of a task (NSURLSession.h; invariant I3)."""

    RUNNING = 0
    SUSPENDED = 1
    CANCELING = 2
    COMPLETED = 3


class ResourceFetchType(IntEnum):
    """Where a transaction's response came from."""

    UNKNOWN = 0
    NETWORK_LOAD = 1
    SERVER_PUSH = 2
    LOCAL_CACHE = 3


class DomainResolutionProtocol(IntEnum):
    """How a name was resolved; the system's resolver does not tell."""

    UNKNOWN = 0
    UDP = 1
    TCP = 2
    TLS = 3
    HTTPS = 4
