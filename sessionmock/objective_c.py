"""Apple's names in Objective-C for what has its name in Swift here, and its constants: for code that is ported.

Long because each is a line. The numbers of an enumeration are its members here (`NSURLSessionAuthChallengeDisposition.USE_CREDENTIAL`);
those of errors are constants too, since code compares them.
"""
from __future__ import annotations

from typing import Final

from .delegates import (
    URLSessionDataDelegate,
    URLSessionDelegate,
    URLSessionDownloadDelegate,
    URLSessionStreamDelegate,
    URLSessionTaskDelegate,
    URLSessionWebSocketDelegate,
)
from .engine.queues import OperationQueue
from .errors import (
    CANCELLED_REASON,
    DESCRIPTION,
    DOMAIN,
    DOWNLOAD_RESUME_DATA,
    FAILING_URL,
    FAILING_URL_STRING,
    NETWORK_UNAVAILABLE_REASON,
    PEER_TRUST,
    UNDERLYING,
    UPLOAD_RESUME_DATA,
    BackgroundTaskCancelledReason,
    Code,
    NetworkUnavailableReason,
)
from .models.body import InputStream
from .models.cached_response import CachedURLResponse, CacheStoragePolicy
from .models.configuration import URLSessionConfiguration
from .models.cookie import HTTPCookie
from .models.credential import CredentialPersistence, URLAuthenticationChallenge, URLCredential, URLProtectionSpace
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
)
from .models.metrics import DateInterval, URLSessionTaskMetrics, URLSessionTaskTransactionMetrics
from .models.progress import Progress
from .models.request import URLRequest
from .models.response import URL_RESPONSE_UNKNOWN_LENGTH, HTTPURLResponse, URLResponse
from .routes.url_protocol import URLProtocol
from .session import URLSession
from .stores.cookie_storage import HTTPCookieStorage
from .stores.credential_storage import URLCredentialStorage
from .stores.url_cache import URLCache
from .tasks import TRANSFER_SIZE_UNKNOWN, URLSessionDataTask, URLSessionDownloadTask, URLSessionTask, URLSessionUploadTask

# classes, protocols and enumerations
NSCachedURLResponse = CachedURLResponse
NSDateInterval = DateInterval
NSHTTPCookie = HTTPCookie
NSHTTPCookieAcceptPolicy = CookieAcceptPolicy
NSHTTPCookieStorage = HTTPCookieStorage
NSHTTPURLResponse = HTTPURLResponse
NSInputStream = InputStream
NSMutableURLRequest = URLRequest
NSOperationQueue = OperationQueue
NSProgress = Progress
NSURLAuthenticationChallenge = URLAuthenticationChallenge
NSURLCache = URLCache
NSURLCacheStoragePolicy = CacheStoragePolicy
NSURLCredential = URLCredential
NSURLCredentialPersistence = CredentialPersistence
NSURLCredentialStorage = URLCredentialStorage
NSURLErrorNetworkUnavailableReason = NetworkUnavailableReason
NSURLProtectionSpace = URLProtectionSpace
NSURLProtocol = URLProtocol
NSURLRequest = URLRequest
NSURLRequestAttribution = Attribution
NSURLRequestCachePolicy = CachePolicy
NSURLRequestNetworkServiceType = NetworkServiceType
NSURLResponse = URLResponse
NSURLSession = URLSession
NSURLSessionAuthChallengeDisposition = AuthChallengeDisposition
NSURLSessionConfiguration = URLSessionConfiguration
NSURLSessionDataDelegate = URLSessionDataDelegate
NSURLSessionDataTask = URLSessionDataTask
NSURLSessionDelayedRequestDisposition = DelayedRequestDisposition
NSURLSessionDelegate = URLSessionDelegate
NSURLSessionDownloadDelegate = URLSessionDownloadDelegate
NSURLSessionDownloadTask = URLSessionDownloadTask
NSURLSessionMultipathServiceType = MultipathServiceType
NSURLSessionResponseDisposition = ResponseDisposition
NSURLSessionStreamDelegate = URLSessionStreamDelegate
NSURLSessionTask = URLSessionTask
NSURLSessionTaskDelegate = URLSessionTaskDelegate
NSURLSessionTaskMetrics = URLSessionTaskMetrics
NSURLSessionTaskMetricsDomainResolutionProtocol = DomainResolutionProtocol
NSURLSessionTaskMetricsResourceFetchType = ResourceFetchType
NSURLSessionTaskState = TaskState
NSURLSessionTaskTransactionMetrics = URLSessionTaskTransactionMetrics
NSURLSessionUploadTask = URLSessionUploadTask
NSURLSessionWebSocketDelegate = URLSessionWebSocketDelegate

# the domain of errors, and the keys of their user_info
NSURLErrorDomain: Final = DOMAIN
NSURLErrorFailingURLErrorKey: Final = FAILING_URL
NSURLErrorFailingURLStringErrorKey: Final = FAILING_URL_STRING
NSErrorFailingURLStringKey: Final = FAILING_URL_STRING
NSURLErrorFailingURLPeerTrustErrorKey: Final = PEER_TRUST
NSURLErrorBackgroundTaskCancelledReasonKey: Final = CANCELLED_REASON
NSURLErrorNetworkUnavailableReasonKey: Final = NETWORK_UNAVAILABLE_REASON
NSURLSessionDownloadTaskResumeData: Final = DOWNLOAD_RESUME_DATA
NSURLSessionUploadTaskResumeData: Final = UPLOAD_RESUME_DATA
NSUnderlyingErrorKey: Final = UNDERLYING
NSLocalizedDescriptionKey: Final = DESCRIPTION
NSURLErrorCancelledReasonUserForceQuitApplication: Final = BackgroundTaskCancelledReason.USER_FORCE_QUIT_APPLICATION
NSURLErrorCancelledReasonBackgroundUpdatesDisabled: Final = BackgroundTaskCancelledReason.BACKGROUND_UPDATES_DISABLED
NSURLErrorCancelledReasonInsufficientSystemResources: Final = BackgroundTaskCancelledReason.INSUFFICIENT_SYSTEM_RESOURCES
NSURLErrorNetworkUnavailableReasonCellular: Final = NetworkUnavailableReason.CELLULAR
NSURLErrorNetworkUnavailableReasonExpensive: Final = NetworkUnavailableReason.EXPENSIVE
NSURLErrorNetworkUnavailableReasonConstrained: Final = NetworkUnavailableReason.CONSTRAINED
NSURLErrorNetworkUnavailableReasonUltraConstrained: Final = NetworkUnavailableReason.ULTRA_CONSTRAINED

# tasks and responses
NSURLSessionTransferSizeUnknown: Final = TRANSFER_SIZE_UNKNOWN
NSURLResponseUnknownLength: Final = URL_RESPONSE_UNKNOWN_LENGTH
NSURLSessionTaskPriorityDefault: Final = URLSessionTask.DEFAULT_PRIORITY
NSURLSessionTaskPriorityLow: Final = URLSessionTask.LOW_PRIORITY
NSURLSessionTaskPriorityHigh: Final = URLSessionTask.HIGH_PRIORITY

# the keys of a cookie's properties, and the values of its SameSite
NSHTTPCookieName: Final = HTTPCookiePropertyKey.NAME
NSHTTPCookieValue: Final = HTTPCookiePropertyKey.VALUE
NSHTTPCookieOriginURL: Final = HTTPCookiePropertyKey.ORIGIN_URL
NSHTTPCookieVersion: Final = HTTPCookiePropertyKey.VERSION
NSHTTPCookieDomain: Final = HTTPCookiePropertyKey.DOMAIN
NSHTTPCookiePath: Final = HTTPCookiePropertyKey.PATH
NSHTTPCookieSecure: Final = HTTPCookiePropertyKey.SECURE
NSHTTPCookieExpires: Final = HTTPCookiePropertyKey.EXPIRES
NSHTTPCookieComment: Final = HTTPCookiePropertyKey.COMMENT
NSHTTPCookieCommentURL: Final = HTTPCookiePropertyKey.COMMENT_URL
NSHTTPCookieDiscard: Final = HTTPCookiePropertyKey.DISCARD
NSHTTPCookieMaximumAge: Final = HTTPCookiePropertyKey.MAXIMUM_AGE
NSHTTPCookiePort: Final = HTTPCookiePropertyKey.PORT
NSHTTPCookieSameSitePolicy: Final = HTTPCookiePropertyKey.SAME_SITE_POLICY
NSHTTPCookieSetByJavaScript: Final = HTTPCookiePropertyKey.SET_BY_JAVASCRIPT
NSHTTPCookieSameSiteLax: Final = HTTPCookieStringPolicy.SAME_SITE_LAX
NSHTTPCookieSameSiteStrict: Final = HTTPCookieStringPolicy.SAME_SITE_STRICT

# the codes of errors
NSURLErrorUnknown: Final = Code.UNKNOWN
NSURLErrorBackgroundSessionRequiresSharedContainer: Final = Code.BACKGROUND_SESSION_REQUIRES_SHARED_CONTAINER
NSURLErrorBackgroundSessionInUseByAnotherProcess: Final = Code.BACKGROUND_SESSION_IN_USE_BY_ANOTHER_PROCESS
NSURLErrorBackgroundSessionWasDisconnected: Final = Code.BACKGROUND_SESSION_WAS_DISCONNECTED
NSURLErrorCancelled: Final = Code.CANCELLED
NSURLErrorBadURL: Final = Code.BAD_URL
NSURLErrorTimedOut: Final = Code.TIMED_OUT
NSURLErrorUnsupportedURL: Final = Code.UNSUPPORTED_URL
NSURLErrorCannotFindHost: Final = Code.CANNOT_FIND_HOST
NSURLErrorCannotConnectToHost: Final = Code.CANNOT_CONNECT_TO_HOST
NSURLErrorNetworkConnectionLost: Final = Code.NETWORK_CONNECTION_LOST
NSURLErrorDNSLookupFailed: Final = Code.DNS_LOOKUP_FAILED
NSURLErrorHTTPTooManyRedirects: Final = Code.HTTP_TOO_MANY_REDIRECTS
NSURLErrorResourceUnavailable: Final = Code.RESOURCE_UNAVAILABLE
NSURLErrorNotConnectedToInternet: Final = Code.NOT_CONNECTED_TO_INTERNET
NSURLErrorRedirectToNonExistentLocation: Final = Code.REDIRECT_TO_NON_EXISTENT_LOCATION
NSURLErrorBadServerResponse: Final = Code.BAD_SERVER_RESPONSE
NSURLErrorUserCancelledAuthentication: Final = Code.USER_CANCELLED_AUTHENTICATION
NSURLErrorUserAuthenticationRequired: Final = Code.USER_AUTHENTICATION_REQUIRED
NSURLErrorZeroByteResource: Final = Code.ZERO_BYTE_RESOURCE
NSURLErrorCannotDecodeRawData: Final = Code.CANNOT_DECODE_RAW_DATA
NSURLErrorCannotDecodeContentData: Final = Code.CANNOT_DECODE_CONTENT_DATA
NSURLErrorCannotParseResponse: Final = Code.CANNOT_PARSE_RESPONSE
NSURLErrorInternationalRoamingOff: Final = Code.INTERNATIONAL_ROAMING_OFF
NSURLErrorCallIsActive: Final = Code.CALL_IS_ACTIVE
NSURLErrorDataNotAllowed: Final = Code.DATA_NOT_ALLOWED
NSURLErrorRequestBodyStreamExhausted: Final = Code.REQUEST_BODY_STREAM_EXHAUSTED
NSURLErrorAppTransportSecurityRequiresSecureConnection: Final = Code.APP_TRANSPORT_SECURITY_REQUIRES_SECURE_CONNECTION
NSURLErrorFileDoesNotExist: Final = Code.FILE_DOES_NOT_EXIST
NSURLErrorFileIsDirectory: Final = Code.FILE_IS_DIRECTORY
NSURLErrorNoPermissionsToReadFile: Final = Code.NO_PERMISSIONS_TO_READ_FILE
NSURLErrorDataLengthExceedsMaximum: Final = Code.DATA_LENGTH_EXCEEDS_MAXIMUM
NSURLErrorFileOutsideSafeArea: Final = Code.FILE_OUTSIDE_SAFE_AREA
NSURLErrorSecureConnectionFailed: Final = Code.SECURE_CONNECTION_FAILED
NSURLErrorServerCertificateHasBadDate: Final = Code.SERVER_CERTIFICATE_HAS_BAD_DATE
NSURLErrorServerCertificateUntrusted: Final = Code.SERVER_CERTIFICATE_UNTRUSTED
NSURLErrorServerCertificateHasUnknownRoot: Final = Code.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT
NSURLErrorServerCertificateNotYetValid: Final = Code.SERVER_CERTIFICATE_NOT_YET_VALID
NSURLErrorClientCertificateRejected: Final = Code.CLIENT_CERTIFICATE_REJECTED
NSURLErrorClientCertificateRequired: Final = Code.CLIENT_CERTIFICATE_REQUIRED
NSURLErrorCannotLoadFromNetwork: Final = Code.CANNOT_LOAD_FROM_NETWORK
NSURLErrorCannotCreateFile: Final = Code.CANNOT_CREATE_FILE
NSURLErrorCannotOpenFile: Final = Code.CANNOT_OPEN_FILE
NSURLErrorCannotCloseFile: Final = Code.CANNOT_CLOSE_FILE
NSURLErrorCannotWriteToFile: Final = Code.CANNOT_WRITE_TO_FILE
NSURLErrorCannotRemoveFile: Final = Code.CANNOT_REMOVE_FILE
NSURLErrorCannotMoveFile: Final = Code.CANNOT_MOVE_FILE
NSURLErrorDownloadDecodingFailedMidStream: Final = Code.DOWNLOAD_DECODING_FAILED_MID_STREAM
NSURLErrorDownloadDecodingFailedToComplete: Final = Code.DOWNLOAD_DECODING_FAILED_TO_COMPLETE

__all__ = [
    "NSCachedURLResponse",
    "NSDateInterval",
    "NSErrorFailingURLStringKey",
    "NSHTTPCookie",
    "NSHTTPCookieAcceptPolicy",
    "NSHTTPCookieComment",
    "NSHTTPCookieCommentURL",
    "NSHTTPCookieDiscard",
    "NSHTTPCookieDomain",
    "NSHTTPCookieExpires",
    "NSHTTPCookieMaximumAge",
    "NSHTTPCookieName",
    "NSHTTPCookieOriginURL",
    "NSHTTPCookiePath",
    "NSHTTPCookiePort",
    "NSHTTPCookieSameSiteLax",
    "NSHTTPCookieSameSitePolicy",
    "NSHTTPCookieSameSiteStrict",
    "NSHTTPCookieSecure",
    "NSHTTPCookieSetByJavaScript",
    "NSHTTPCookieStorage",
    "NSHTTPCookieValue",
    "NSHTTPCookieVersion",
    "NSHTTPURLResponse",
    "NSInputStream",
    "NSLocalizedDescriptionKey",
    "NSMutableURLRequest",
    "NSOperationQueue",
    "NSProgress",
    "NSURLAuthenticationChallenge",
    "NSURLCache",
    "NSURLCacheStoragePolicy",
    "NSURLCredential",
    "NSURLCredentialPersistence",
    "NSURLCredentialStorage",
    "NSURLErrorAppTransportSecurityRequiresSecureConnection",
    "NSURLErrorBackgroundSessionInUseByAnotherProcess",
    "NSURLErrorBackgroundSessionRequiresSharedContainer",
    "NSURLErrorBackgroundSessionWasDisconnected",
    "NSURLErrorBackgroundTaskCancelledReasonKey",
    "NSURLErrorBadServerResponse",
    "NSURLErrorBadURL",
    "NSURLErrorCallIsActive",
    "NSURLErrorCancelled",
    "NSURLErrorCancelledReasonBackgroundUpdatesDisabled",
    "NSURLErrorCancelledReasonInsufficientSystemResources",
    "NSURLErrorCancelledReasonUserForceQuitApplication",
    "NSURLErrorCannotCloseFile",
    "NSURLErrorCannotConnectToHost",
    "NSURLErrorCannotCreateFile",
    "NSURLErrorCannotDecodeContentData",
    "NSURLErrorCannotDecodeRawData",
    "NSURLErrorCannotFindHost",
    "NSURLErrorCannotLoadFromNetwork",
    "NSURLErrorCannotMoveFile",
    "NSURLErrorCannotOpenFile",
    "NSURLErrorCannotParseResponse",
    "NSURLErrorCannotRemoveFile",
    "NSURLErrorCannotWriteToFile",
    "NSURLErrorClientCertificateRejected",
    "NSURLErrorClientCertificateRequired",
    "NSURLErrorDNSLookupFailed",
    "NSURLErrorDataLengthExceedsMaximum",
    "NSURLErrorDataNotAllowed",
    "NSURLErrorDomain",
    "NSURLErrorDownloadDecodingFailedMidStream",
    "NSURLErrorDownloadDecodingFailedToComplete",
    "NSURLErrorFailingURLErrorKey",
    "NSURLErrorFailingURLPeerTrustErrorKey",
    "NSURLErrorFailingURLStringErrorKey",
    "NSURLErrorFileDoesNotExist",
    "NSURLErrorFileIsDirectory",
    "NSURLErrorFileOutsideSafeArea",
    "NSURLErrorHTTPTooManyRedirects",
    "NSURLErrorInternationalRoamingOff",
    "NSURLErrorNetworkConnectionLost",
    "NSURLErrorNetworkUnavailableReason",
    "NSURLErrorNetworkUnavailableReasonCellular",
    "NSURLErrorNetworkUnavailableReasonConstrained",
    "NSURLErrorNetworkUnavailableReasonExpensive",
    "NSURLErrorNetworkUnavailableReasonKey",
    "NSURLErrorNetworkUnavailableReasonUltraConstrained",
    "NSURLErrorNoPermissionsToReadFile",
    "NSURLErrorNotConnectedToInternet",
    "NSURLErrorRedirectToNonExistentLocation",
    "NSURLErrorRequestBodyStreamExhausted",
    "NSURLErrorResourceUnavailable",
    "NSURLErrorSecureConnectionFailed",
    "NSURLErrorServerCertificateHasBadDate",
    "NSURLErrorServerCertificateHasUnknownRoot",
    "NSURLErrorServerCertificateNotYetValid",
    "NSURLErrorServerCertificateUntrusted",
    "NSURLErrorTimedOut",
    "NSURLErrorUnknown",
    "NSURLErrorUnsupportedURL",
    "NSURLErrorUserAuthenticationRequired",
    "NSURLErrorUserCancelledAuthentication",
    "NSURLErrorZeroByteResource",
    "NSURLProtectionSpace",
    "NSURLProtocol",
    "NSURLRequest",
    "NSURLRequestAttribution",
    "NSURLRequestCachePolicy",
    "NSURLRequestNetworkServiceType",
    "NSURLResponse",
    "NSURLResponseUnknownLength",
    "NSURLSession",
    "NSURLSessionAuthChallengeDisposition",
    "NSURLSessionConfiguration",
    "NSURLSessionDataDelegate",
    "NSURLSessionDataTask",
    "NSURLSessionDelayedRequestDisposition",
    "NSURLSessionDelegate",
    "NSURLSessionDownloadDelegate",
    "NSURLSessionDownloadTask",
    "NSURLSessionDownloadTaskResumeData",
    "NSURLSessionMultipathServiceType",
    "NSURLSessionResponseDisposition",
    "NSURLSessionStreamDelegate",
    "NSURLSessionTask",
    "NSURLSessionTaskDelegate",
    "NSURLSessionTaskMetrics",
    "NSURLSessionTaskMetricsDomainResolutionProtocol",
    "NSURLSessionTaskMetricsResourceFetchType",
    "NSURLSessionTaskPriorityDefault",
    "NSURLSessionTaskPriorityHigh",
    "NSURLSessionTaskPriorityLow",
    "NSURLSessionTaskState",
    "NSURLSessionTaskTransactionMetrics",
    "NSURLSessionTransferSizeUnknown",
    "NSURLSessionUploadTask",
    "NSURLSessionUploadTaskResumeData",
    "NSURLSessionWebSocketDelegate",
    "NSUnderlyingErrorKey",
]
