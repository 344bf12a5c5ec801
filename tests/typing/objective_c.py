"""Apple's names in Objective-C, for the type checker: each is what it is called."""
from __future__ import annotations

from typing import assert_type

import sessionmock as sm

CLASSES: list[type[object]] = [
    sm.NSCachedURLResponse, sm.NSDateInterval, sm.NSHTTPCookie, sm.NSHTTPCookieAcceptPolicy, sm.NSHTTPCookieStorage,
    sm.NSHTTPURLResponse, sm.NSInputStream, sm.NSMutableURLRequest, sm.NSOperationQueue, sm.NSProgress, sm.NSURLAuthenticationChallenge,
    sm.NSURLCache, sm.NSURLCacheStoragePolicy, sm.NSURLCredential, sm.NSURLCredentialPersistence, sm.NSURLCredentialStorage,
    sm.NSURLErrorNetworkUnavailableReason, sm.NSURLProtectionSpace, sm.NSURLProtocol, sm.NSURLRequest, sm.NSURLRequestAttribution,
    sm.NSURLRequestCachePolicy, sm.NSURLRequestNetworkServiceType, sm.NSURLResponse, sm.NSURLSession,
    sm.NSURLSessionAuthChallengeDisposition, sm.NSURLSessionConfiguration, sm.NSURLSessionDataDelegate, sm.NSURLSessionDataTask,
    sm.NSURLSessionDelayedRequestDisposition, sm.NSURLSessionDelegate, sm.NSURLSessionDownloadDelegate, sm.NSURLSessionDownloadTask,
    sm.NSURLSessionMultipathServiceType, sm.NSURLSessionResponseDisposition, sm.NSURLSessionStreamDelegate, sm.NSURLSessionTask,
    sm.NSURLSessionTaskDelegate, sm.NSURLSessionTaskMetrics, sm.NSURLSessionTaskMetricsDomainResolutionProtocol,
    sm.NSURLSessionTaskMetricsResourceFetchType, sm.NSURLSessionTaskState, sm.NSURLSessionTaskTransactionMetrics,
    sm.NSURLSessionUploadTask, sm.NSURLSessionWebSocketDelegate,
]
CODES: list[sm.URLError.Code] = [
    sm.NSURLErrorAppTransportSecurityRequiresSecureConnection, sm.NSURLErrorBackgroundSessionInUseByAnotherProcess,
    sm.NSURLErrorBackgroundSessionRequiresSharedContainer, sm.NSURLErrorBackgroundSessionWasDisconnected,
    sm.NSURLErrorBadServerResponse, sm.NSURLErrorBadURL, sm.NSURLErrorCallIsActive, sm.NSURLErrorCancelled,
    sm.NSURLErrorCannotCloseFile, sm.NSURLErrorCannotConnectToHost, sm.NSURLErrorCannotCreateFile, sm.NSURLErrorCannotDecodeContentData,
    sm.NSURLErrorCannotDecodeRawData, sm.NSURLErrorCannotFindHost, sm.NSURLErrorCannotLoadFromNetwork, sm.NSURLErrorCannotMoveFile,
    sm.NSURLErrorCannotOpenFile, sm.NSURLErrorCannotParseResponse, sm.NSURLErrorCannotRemoveFile, sm.NSURLErrorCannotWriteToFile,
    sm.NSURLErrorClientCertificateRejected, sm.NSURLErrorClientCertificateRequired, sm.NSURLErrorDNSLookupFailed,
    sm.NSURLErrorDataLengthExceedsMaximum, sm.NSURLErrorDataNotAllowed, sm.NSURLErrorDownloadDecodingFailedMidStream,
    sm.NSURLErrorDownloadDecodingFailedToComplete, sm.NSURLErrorFileDoesNotExist, sm.NSURLErrorFileIsDirectory,
    sm.NSURLErrorFileOutsideSafeArea, sm.NSURLErrorHTTPTooManyRedirects, sm.NSURLErrorInternationalRoamingOff,
    sm.NSURLErrorNetworkConnectionLost, sm.NSURLErrorNoPermissionsToReadFile, sm.NSURLErrorNotConnectedToInternet,
    sm.NSURLErrorRedirectToNonExistentLocation, sm.NSURLErrorRequestBodyStreamExhausted, sm.NSURLErrorResourceUnavailable,
    sm.NSURLErrorSecureConnectionFailed, sm.NSURLErrorServerCertificateHasBadDate, sm.NSURLErrorServerCertificateHasUnknownRoot,
    sm.NSURLErrorServerCertificateNotYetValid, sm.NSURLErrorServerCertificateUntrusted, sm.NSURLErrorTimedOut, sm.NSURLErrorUnknown,
    sm.NSURLErrorUnsupportedURL, sm.NSURLErrorUserAuthenticationRequired, sm.NSURLErrorUserCancelledAuthentication,
    sm.NSURLErrorZeroByteResource,
]
KEYS: list[str] = [
    sm.NSErrorFailingURLStringKey, sm.NSHTTPCookieComment, sm.NSHTTPCookieCommentURL, sm.NSHTTPCookieDiscard, sm.NSHTTPCookieDomain,
    sm.NSHTTPCookieExpires, sm.NSHTTPCookieMaximumAge, sm.NSHTTPCookieName, sm.NSHTTPCookieOriginURL, sm.NSHTTPCookiePath,
    sm.NSHTTPCookiePort, sm.NSHTTPCookieSameSiteLax, sm.NSHTTPCookieSameSitePolicy, sm.NSHTTPCookieSameSiteStrict,
    sm.NSHTTPCookieSecure, sm.NSHTTPCookieSetByJavaScript, sm.NSHTTPCookieValue, sm.NSHTTPCookieVersion, sm.NSLocalizedDescriptionKey,
    sm.NSURLErrorBackgroundTaskCancelledReasonKey, sm.NSURLErrorDomain, sm.NSURLErrorFailingURLErrorKey,
    sm.NSURLErrorFailingURLPeerTrustErrorKey, sm.NSURLErrorFailingURLStringErrorKey, sm.NSURLErrorNetworkUnavailableReasonKey,
    sm.NSURLSessionDownloadTaskResumeData, sm.NSURLSessionUploadTaskResumeData, sm.NSUnderlyingErrorKey,
]
NUMBERS: list[float] = [
    sm.NSURLErrorCancelledReasonBackgroundUpdatesDisabled, sm.NSURLErrorCancelledReasonInsufficientSystemResources,
    sm.NSURLErrorCancelledReasonUserForceQuitApplication, sm.NSURLErrorNetworkUnavailableReasonCellular,
    sm.NSURLErrorNetworkUnavailableReasonConstrained, sm.NSURLErrorNetworkUnavailableReasonExpensive,
    sm.NSURLErrorNetworkUnavailableReasonUltraConstrained, sm.NSURLResponseUnknownLength, sm.NSURLSessionTaskPriorityDefault,
    sm.NSURLSessionTaskPriorityHigh, sm.NSURLSessionTaskPriorityLow, sm.NSURLSessionTransferSizeUnknown,
]


class Delegate(sm.NSURLSessionDataDelegate):
    def task_did_complete(self, session: sm.NSURLSession, task: sm.NSURLSessionTask, error: sm.URLError | None) -> None: ...


def ported(configuration: sm.NSURLSessionConfiguration) -> None:
    assert_type(sm.NSURLSession(configuration, Delegate()), sm.URLSession)
    assert_type(sm.NSMutableURLRequest("https://api.example.com/me"), sm.URLRequest)


def handle(error: sm.URLError) -> None:
    assert_type(error.code == sm.NSURLErrorTimedOut, bool)
    assert_type(error.user_info.get(sm.NSURLErrorFailingURLErrorKey) is None, bool)
