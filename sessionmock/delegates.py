"""The delegate methods: which there are, which a delegate has, and how each takes its question.

Methods are optional and looked up once for a class. A question's last parameter is its completion handler; a method
without it, or a coroutine function, returns the answer instead (one value, or a tuple of them).
What Apple calls them: docs/rules.md, Names.
"""
from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

SELECTORS: Mapping[str, str] = MappingProxyType({
    # NSURLSessionDelegate
    "session_did_become_invalid": "URLSession:didBecomeInvalidWithError:",
    "session_did_receive_challenge": "URLSession:didReceiveChallenge:completionHandler:",
    "session_did_finish_events_for_background": "URLSessionDidFinishEventsForBackgroundURLSession:",
    # NSURLSessionTaskDelegate
    "session_did_create_task": "URLSession:didCreateTask:",
    "task_will_begin_delayed_request": "URLSession:task:willBeginDelayedRequest:completionHandler:",
    "task_is_waiting_for_connectivity": "URLSession:taskIsWaitingForConnectivity:",
    "task_will_perform_http_redirection": "URLSession:task:willPerformHTTPRedirection:newRequest:completionHandler:",
    "task_did_receive_challenge": "URLSession:task:didReceiveChallenge:completionHandler:",
    "task_need_new_body_stream": "URLSession:task:needNewBodyStream:",
    "task_need_new_body_stream_from_offset": "URLSession:task:needNewBodyStreamFromOffset:completionHandler:",
    "task_did_send_body_data": "URLSession:task:didSendBodyData:totalBytesSent:totalBytesExpectedToSend:",
    "task_did_receive_informational_response": "URLSession:task:didReceiveInformationalResponse:",
    "task_did_finish_collecting_metrics": "URLSession:task:didFinishCollectingMetrics:",
    "task_did_complete": "URLSession:task:didCompleteWithError:",
    # NSURLSessionDataDelegate
    "data_task_did_receive_response": "URLSession:dataTask:didReceiveResponse:completionHandler:",
    "data_task_did_become_download_task": "URLSession:dataTask:didBecomeDownloadTask:",
    "data_task_did_become_stream_task": "URLSession:dataTask:didBecomeStreamTask:",
    "data_task_did_receive_data": "URLSession:dataTask:didReceiveData:",
    "data_task_will_cache_response": "URLSession:dataTask:willCacheResponse:completionHandler:",
    # NSURLSessionDownloadDelegate
    "download_task_did_finish_downloading": "URLSession:downloadTask:didFinishDownloadingToURL:",
    "download_task_did_write_data": "URLSession:downloadTask:didWriteData:totalBytesWritten:totalBytesExpectedToWrite:",
    "download_task_did_resume_at_offset": "URLSession:downloadTask:didResumeAtOffset:expectedTotalBytes:",
    # NSURLSessionStreamDelegate
    "stream_task_read_closed": "URLSession:readClosedForStreamTask:",
    "stream_task_write_closed": "URLSession:writeClosedForStreamTask:",
    "stream_task_better_route_discovered": "URLSession:betterRouteDiscoveredForStreamTask:",
    "stream_task_did_become_streams": "URLSession:streamTask:didBecomeInputStream:outputStream:",
    # NSURLSessionWebSocketDelegate
    "web_socket_task_did_open": "URLSession:webSocketTask:didOpenWithProtocol:",
    "web_socket_task_did_close": "URLSession:webSocketTask:didCloseWithCode:reason:",
})
"""The name of every delegate method, and the selector that it stands for: what a port from Objective-C or Swift calls what."""


def _is_question(selector: str) -> bool:
    """Whether the last part of `selector` is a completion handler, which one of them does not call by that name."""
    return selector.endswith((":completionHandler:", ":needNewBodyStream:"))


QUESTIONS = {name: selector.count(":") - 1 for name, selector in SELECTORS.items() if _is_question(selector)}
"""The questions, and how many arguments each takes without its completion handler."""


class Method(NamedTuple):
    """A delegate's method, bound."""

    name: str
    call: Callable[..., Any]
    takes_handler: bool     # False for a question: the answer is what it returns


_known: WeakKeyDictionary[type, tuple[tuple[str, bool], ...]] = WeakKeyDictionary()


def _implemented(kind: type) -> tuple[tuple[str, bool], ...]:
    """The names of the delegate methods that `kind` has, each with whether it takes a completion handler."""
    known = _known.get(kind)
    if known is not None:
        return known
    found = []
    for name in SELECTORS:
        function = getattr(kind, name, None)
        if function is None:
            continue
        expected = QUESTIONS.get(name)
        found.append((name, expected is not None and not inspect.iscoroutinefunction(function) and _positional(function) > expected + 1))
    _known[kind] = known = tuple(found)
    return known


def _positional(function: Callable[..., Any]) -> float:
    """How many positional arguments `function` takes, self included."""
    kinds = [parameter.kind for parameter in inspect.signature(function).parameters.values()]
    if inspect.Parameter.VAR_POSITIONAL in kinds:
        return float("inf")
    return sum(kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD) for kind in kinds)


def methods(delegate: object | None) -> dict[str, Method]:
    """The delegate methods that `delegate` has, by name; none for None."""
    if delegate is None:
        return {}
    return {name: Method(name, getattr(delegate, name), handler) for name, handler in _implemented(type(delegate))}


def responds_to(delegate: object | None, name: str) -> bool:
    """Whether `delegate` has the delegate method `name`; its absence is an answer of its own in several protocols."""
    return delegate is not None and any(name == known for known, _ in _implemented(type(delegate)))
