"""The enumerations of URLSession's family, with the numbers of Apple's headers."""
from __future__ import annotations

from enum import IntEnum, StrEnum

from ..documented import documented


@documented(
    USE_PROTOCOL_CACHE_POLICY="as the header fields say (RFC 9111)",
    RELOAD_IGNORING_LOCAL_CACHE_DATA="the server is asked, and no field is added",
    RETURN_CACHE_DATA_ELSE_LOAD="whatever is stored, however old; else the server is asked",
    RETURN_CACHE_DATA_DONT_LOAD="whatever is stored; else -1008",
    RELOAD_IGNORING_LOCAL_AND_REMOTE_CACHE_DATA="the server is asked, and so that no cache on the way answers",
    RELOAD_REVALIDATING_CACHE_DATA="the server is asked whether what is stored is still good",
)
class CachePolicy(IntEnum):
    """What a load may take from a cache (NSURLRequest.h; also `URLRequest.CachePolicy`)."""

    USE_PROTOCOL_CACHE_POLICY = 0
    RELOAD_IGNORING_LOCAL_CACHE_DATA = 1
    RELOAD_IGNORING_CACHE_DATA = 1      # Apple's older name
    RETURN_CACHE_DATA_ELSE_LOAD = 2
    RETURN_CACHE_DATA_DONT_LOAD = 3
    RELOAD_IGNORING_LOCAL_AND_REMOTE_CACHE_DATA = 4
    RELOAD_REVALIDATING_CACHE_DATA = 5


@documented(
    DEFAULT="anything",
    VOIP="control of a call over the Internet",
    VIDEO="video",
    BACKGROUND="what nobody waits for",
    VOICE="sound of a call",
    RESPONSIVE_DATA="what somebody waits for",
    AV_STREAMING="sound and pictures that are played as they come",
    RESPONSIVE_AV="sound and pictures that answer at once",
    CALL_SIGNALING="setting a call up",
)
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


@documented(
    DEVELOPER="the program",
    USER="whoever uses it",
)
class Attribution(IntEnum):
    """Who named the URL that is loaded (NSURLRequest.h)."""

    DEVELOPER = 0
    USER = 1


@documented(
    NAME="its name",
    VALUE="its value",
    DOMAIN="the host it goes to, and with a leading dot those below it",
    PATH="the path below which it is sent",
    ORIGIN_URL="the URL it came from, which stands for a domain",
    VERSION="0, or 1 of RFC 2965",
    SECURE="whether it goes over https alone",
    EXPIRES="when it ends: an aware datetime, or text",
    MAXIMUM_AGE="after how many seconds it ends",
    DISCARD="whether it ends with the session",
    COMMENT="what it is for, of RFC 2965",
    COMMENT_URL="where that is told, of RFC 2965",
    PORT="the ports it goes to, joined by commas",
    SAME_SITE_POLICY="lax or strict: which requests of other sites it goes with",
    SET_BY_JAVASCRIPT="whether a script set it",
)
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


@documented(
    SAME_SITE_LAX="with what leads to the site, too",
    SAME_SITE_STRICT="with requests of the site alone",
)
class HTTPCookieStringPolicy(StrEnum):
    """What a cookie's `same_site_policy` is, unless None (NSHTTPCookie.h); each is a str."""

    SAME_SITE_LAX = "lax"
    SAME_SITE_STRICT = "strict"


@documented(
    ALWAYS="every cookie",
    NEVER="none",
    ONLY_FROM_MAIN_DOCUMENT_DOMAIN="those of the main document's site, where the request names one; else every cookie",
)
class CookieAcceptPolicy(IntEnum):
    """Which cookies are stored (NSHTTPCookieStorage.h)."""

    ALWAYS = 0
    NEVER = 1
    ONLY_FROM_MAIN_DOCUMENT_DOMAIN = 2


@documented(
    NONE="one interface",
    HANDOVER="another one, where the first fails",
    INTERACTIVE="whichever is faster",
    AGGREGATE="several at once",
)
class MultipathServiceType(IntEnum):
    """How several network interfaces are used together (NSURLSession.h); no effect on a live route."""

    NONE = 0
    HANDOVER = 1
    INTERACTIVE = 2
    AGGREGATE = 3


@documented(
    TLS_V10="TLS 1.0 (RFC 2246)",
    TLS_V11="TLS 1.1 (RFC 4346)",
    TLS_V12="TLS 1.2 (RFC 5246)",
    TLS_V13="TLS 1.3 (RFC 8446)",
)
class TLSProtocolVersion(IntEnum):
    """Versions of TLS by their numbers on the wire (RFC 8446, section 4.2.1); `ssl.TLSVersion` has the same."""

    TLS_V10 = 0x0301
    TLS_V11 = 0x0302
    TLS_V12 = 0x0303
    TLS_V13 = 0x0304


@documented(
    CANCEL="the task is cancelled, -999",
    ALLOW="its body is delivered",
    BECOME_DOWNLOAD="it goes on as a download task",
    BECOME_STREAM="it would go on as a stream task, which is not built yet",
)
class ResponseDisposition(IntEnum):
    """What becomes of a data task once its response is known (NSURLSession.h)."""

    CANCEL = 0
    ALLOW = 1
    BECOME_DOWNLOAD = 2
    BECOME_STREAM = 3


@documented(
    USE_CREDENTIAL="the credential beside it is sent",
    PERFORM_DEFAULT_HANDLING="as if nobody were there to be asked",
    CANCEL_AUTHENTICATION_CHALLENGE="the task is cancelled, -999",
    REJECT_PROTECTION_SPACE="the next method that was offered is asked about",
)
class AuthChallengeDisposition(IntEnum):
    """The answer to an authentication challenge (NSURLSession.h)."""

    USE_CREDENTIAL = 0
    PERFORM_DEFAULT_HANDLING = 1
    CANCEL_AUTHENTICATION_CHALLENGE = 2
    REJECT_PROTECTION_SPACE = 3


@documented(
    CONTINUE_LOADING="the request is sent as it is",
    USE_NEW_REQUEST="the request beside it is sent instead",
    CANCEL="the task is cancelled, -999",
)
class DelayedRequestDisposition(IntEnum):
    """What becomes of a delayed background request at its time (NSURLSession.h)."""

    CONTINUE_LOADING = 0
    USE_NEW_REQUEST = 1
    CANCEL = 2


@documented(
    RUNNING="resumed, and not ended",
    SUSPENDED="not resumed yet, or suspended",
    CANCELING="cancelled, and its message is on its way",
    COMPLETED="its message was delivered",
)
class TaskState(IntEnum):
    """The state of a task (NSURLSession.h; invariant I3)."""

    RUNNING = 0
    SUSPENDED = 1
    CANCELING = 2
    COMPLETED = 3


@documented(
    UNKNOWN="not known, as of a protocol class",
    NETWORK_LOAD="from a route",
    SERVER_PUSH="never: servers push nothing here",
    LOCAL_CACHE="from the cache",
)
class ResourceFetchType(IntEnum):
    """Where a transaction's response came from."""

    UNKNOWN = 0
    NETWORK_LOAD = 1
    SERVER_PUSH = 2
    LOCAL_CACHE = 3


@documented(
    UNKNOWN="nobody tells",
    UDP="DNS over UDP",
    TCP="DNS over TCP",
    TLS="DNS over TLS",
    HTTPS="DNS over HTTPS",
)
class DomainResolutionProtocol(IntEnum):
    """How a name was resolved; the system's resolver does not tell."""

    UNKNOWN = 0
    UDP = 1
    TCP = 2
    TLS = 3
    HTTPS = 4
