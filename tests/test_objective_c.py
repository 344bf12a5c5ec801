"""Apple's names in Objective-C, and the types that Swift nests."""
from __future__ import annotations

from typing import Any

import pytest

import sessionmock as sm
from sessionmock import objective_c


@pytest.mark.parametrize(("nested", "flat"), [
    (sm.URLSession.ResponseDisposition, sm.ResponseDisposition),
    (sm.URLSession.AuthChallengeDisposition, sm.AuthChallengeDisposition),
    (sm.URLSession.DelayedRequestDisposition, sm.DelayedRequestDisposition),
    (sm.URLSession.AsyncBytes, sm.AsyncBytes),
    (sm.URLSessionTask.State, sm.TaskState),
    (sm.URLSessionUploadTask.State, sm.TaskState),
    (sm.URLSessionConfiguration.MultipathServiceType, sm.MultipathServiceType),
    (sm.URLRequest.CachePolicy, sm.CachePolicy),
    (sm.URLRequest.NetworkServiceType, sm.NetworkServiceType),
    (sm.URLRequest.Attribution, sm.Attribution),
    (sm.URLSessionTaskMetrics.ResourceFetchType, sm.ResourceFetchType),
    (sm.URLSessionTaskMetrics.DomainResolutionProtocol, sm.DomainResolutionProtocol),
    (sm.HTTPCookie.AcceptPolicy, sm.CookieAcceptPolicy),
    (sm.URLCredential.Persistence, sm.CredentialPersistence),
    (sm.URLCache.StoragePolicy, sm.CacheStoragePolicy),
    (sm.CachedURLResponse.StoragePolicy, sm.CacheStoragePolicy),
], ids=lambda kind: kind.__name__)
def test_a_nested_type_is_the_flat_one(nested: type, flat: type) -> None:
    """Swift's `URLSession.ResponseDisposition` is `ResponseDisposition`, and so on."""
    assert nested is flat


def test_classes_are_those_of_the_same_name() -> None:
    """`NSURLSession` is `URLSession`; every class of ours that Apple has in Objective-C has its alias."""
    classes = {name: value for name in objective_c.__all__ if isinstance(value := getattr(sm, name), type)}
    renamed = {"NSMutableURLRequest", "NSURLErrorNetworkUnavailableReason"} | {name for name in classes if issubclass(classes[name], int)}
    assert {f"NS{value.__name__}" for name, value in classes.items() if name not in renamed} == set(classes) - renamed
    of_the_family = {name for name in sm.__all__ if name.startswith(("URL", "HTTP", "Cached")) and isinstance(getattr(sm, name), type)}
    assert {"URLError", "URLProtocolClient", "HTTPCookiePropertyKey", "HTTPCookieStringPolicy"} == \
        of_the_family - {name.removeprefix("NS") for name in classes}


def test_every_code_has_its_constant() -> None:
    """By Apple's spelling, with acronyms in capitals."""
    codes = {name: value for name in objective_c.__all__ if isinstance(value := getattr(sm, name), sm.URLError.Code)}
    assert set(sm.URLError.Code) == set(codes.values())
    assert all(name.removeprefix("NSURLError").lower() == code.name.replace("_", "").lower() for name, code in codes.items())
    assert {"NSURLErrorBadURL", "NSURLErrorDNSLookupFailed", "NSURLErrorHTTPTooManyRedirects", "NSURLErrorTimedOut"} <= set(codes)


@pytest.mark.parametrize(("user_info", "member", "value"), [
    ({sm.NSURLErrorFailingURLErrorKey: "http://h/"}, "failing_url", "http://h/"),
    ({sm.NSURLErrorFailingURLStringErrorKey: "http://h/"}, "failure_url_string", "http://h/"),
    ({sm.NSURLSessionDownloadTaskResumeData: b"data"}, "download_task_resume_data", b"data"),
    ({sm.NSURLSessionUploadTaskResumeData: b"data"}, "upload_task_resume_data", b"data"),
    ({sm.NSURLErrorNetworkUnavailableReasonKey: 3}, "network_unavailable_reason", sm.URLError.NetworkUnavailableReason.ULTRA_CONSTRAINED),
    ({}, "network_unavailable_reason", None),
    ({sm.NSURLErrorBackgroundTaskCancelledReasonKey: 0}, "background_task_cancelled_reason", sm.NSURLErrorCancelledReasonUserForceQuitApplication),
    ({}, "background_task_cancelled_reason", None),
])
def test_keys_are_those_of_an_error(user_info: dict[str, Any], member: str, value: object) -> None:
    """What stands under one is the member of `URLError`."""
    assert value == getattr(sm.URLError(sm.NSURLErrorUnknown, user_info), member)


def test_keys_make_a_cookie() -> None:
    """A cookie's properties by Apple's constants."""
    cookie = sm.HTTPCookie({
        sm.NSHTTPCookieName: "a", sm.NSHTTPCookieValue: "b", sm.NSHTTPCookieDomain: "h", sm.NSHTTPCookiePath: "/", sm.NSHTTPCookieSecure: "TRUE",
        sm.NSHTTPCookieMaximumAge: "60", sm.NSHTTPCookieSameSitePolicy: sm.NSHTTPCookieSameSiteLax})
    assert ("a", "b", "h", "/", True, "lax") == (cookie.name, cookie.value, cookie.domain, cookie.path, cookie.is_secure, cookie.same_site_policy)
    assert set(cookie.properties) <= {getattr(sm, name) for name in objective_c.__all__ if name.startswith("NSHTTPCookie")} | {"HttpOnly"}


def test_numbers_are_those_of_a_task() -> None:
    """Unknown sizes, and the three priorities."""
    assert (-1, -1, 0.25, 0.5, 0.75) == (
        sm.NSURLSessionTransferSizeUnknown, sm.NSURLResponseUnknownLength, sm.NSURLSessionTaskPriorityLow, sm.NSURLSessionTaskPriorityDefault,
        sm.NSURLSessionTaskPriorityHigh)
