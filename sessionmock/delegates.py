"""The delegate methods by Apple's names: what a port from Objective-C or Swift calls what (docs/rules.md, Names)."""
from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

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
"""The name of every delegate method, and the selector that it stands for."""
