"""A user's file that uses every public name, for the type checker: nothing of it runs."""
from __future__ import annotations

import io
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import assert_type

import httpx
from pytest_sessionmock import Controller, SessionFactory

import sessionmock as sm
from sessionmock import (
    AsyncBytes,
    HTTPURLResponse,
    Loading,
    URLError,
    URLRequest,
    URLResponse,
    URLSession,
    URLSessionConfiguration,
    URLSessionDataTask,
    URLSessionDownloadTask,
    URLSessionTask,
    URLSessionUploadTask,
)

URL = "https://api.example.com/me"


# handlers and delegates -----------------------------------------------------------------------------------------------
def on_data(data: bytes | None, response: HTTPURLResponse | None, error: URLError | None) -> None: ...
def on_data_of_any_scheme(data: bytes | None, response: URLResponse | None, error: URLError | None) -> int: ...  # type: ignore[empty-body]
async def on_data_later(data: bytes | None, response: HTTPURLResponse | None, error: URLError | None) -> None: ...
def on_file(location: Path | None, response: HTTPURLResponse | None, error: URLError | None) -> None: ...
def on_resume_data(data: bytes | None) -> None: ...


class Returning(sm.URLSessionDataDelegate, sm.URLSessionDownloadDelegate):
    """Questions that return their answers."""

    def session_did_become_invalid(self, session: URLSession, error: URLError | None) -> None: ...

    def session_did_receive_challenge(self, session: URLSession, challenge: sm.URLAuthenticationChallenge) -> sm.AuthChallengeDisposition:
        return sm.AuthChallengeDisposition.PERFORM_DEFAULT_HANDLING

    def task_did_receive_challenge(self, session: URLSession, task: URLSessionTask, challenge: sm.URLAuthenticationChallenge,
                                   ) -> tuple[sm.AuthChallengeDisposition, sm.URLCredential]:
        return sm.AuthChallengeDisposition.USE_CREDENTIAL, sm.URLCredential("ann", "secret")

    def task_will_perform_http_redirection(self, session: URLSession, task: URLSessionTask, response: URLResponse,
                                           new_request: URLRequest) -> URLRequest | None:
        return new_request

    def task_will_begin_delayed_request(self, session: URLSession, task: URLSessionTask, request: URLRequest) -> sm.DelayedRequestDisposition:
        return sm.DelayedRequestDisposition.CONTINUE_LOADING

    def task_need_new_body_stream(self, session: URLSession, task: URLSessionTask) -> sm.InputStream:
        return sm.InputStream(b"body")

    def task_need_new_body_stream_from_offset(self, session: URLSession, task: URLSessionTask, offset: int) -> bytes:
        return b"rest"

    def task_did_finish_collecting_metrics(self, session: URLSession, task: URLSessionTask, metrics: sm.URLSessionTaskMetrics) -> None:
        transaction: sm.URLSessionTaskTransactionMetrics = metrics.transaction_metrics[0]
        assert_type(transaction.resource_fetch_type, sm.ResourceFetchType)
        assert_type(transaction.domain_resolution_protocol, sm.DomainResolutionProtocol)

    def task_did_complete(self, session: URLSession, task: URLSessionTask, error: URLError | None) -> None: ...

    def data_task_did_receive_response(self, session: URLSession, task: URLSessionDataTask, response: HTTPURLResponse) -> sm.ResponseDisposition:
        return sm.ResponseDisposition.ALLOW if response.status_code < 400 else sm.ResponseDisposition.CANCEL

    def data_task_will_cache_response(self, session: URLSession, task: URLSessionTask, proposed: sm.CachedURLResponse) -> None: ...

    def download_task_did_finish_downloading(self, session: URLSession, task: URLSessionDownloadTask, location: Path) -> None: ...


class Handling(sm.URLSessionTaskDelegate):
    """Questions that take their completion handlers."""

    def task_did_receive_challenge(self, session: URLSession, task: URLSessionTask, challenge: sm.URLAuthenticationChallenge,
                                   completion_handler: Callable[[sm.AuthChallengeDisposition, sm.URLCredential | None], None]) -> None:
        completion_handler(sm.AuthChallengeDisposition.PERFORM_DEFAULT_HANDLING, None)

    def task_will_perform_http_redirection(self, session: URLSession, task: URLSessionTask, response: HTTPURLResponse, new_request: URLRequest,
                                           completion_handler: Callable[[URLRequest | None], object]) -> None:
        completion_handler(None)

    def task_need_new_body_stream(self, session: URLSession, task: URLSessionTask, completion_handler: Callable[[bytes | None], None]) -> None:
        completion_handler(b"body")


class Awaiting(sm.URLSessionDataDelegate, sm.URLSessionStreamDelegate, sm.URLSessionWebSocketDelegate):
    """Coroutine functions."""

    async def task_will_perform_http_redirection(self, session: URLSession, task: URLSessionTask, response: HTTPURLResponse,
                                                 new_request: URLRequest) -> URLRequest:
        return new_request

    async def data_task_did_receive_data(self, session: URLSession, task: URLSessionDataTask, data: bytes) -> None: ...


class Plain(sm.URLSessionDelegate):
    """Nothing of its own."""


# configurations, requests and values ------------------------------------------------------------------------------------
def settings() -> None:
    configuration = URLSessionConfiguration.ephemeral()
    assert_type(configuration, URLSessionConfiguration)
    assert_type(configuration.timeout_interval_for_request, float)
    assert_type(configuration.request_cache_policy, sm.CachePolicy)
    assert_type(configuration.http_cookie_accept_policy, sm.CookieAcceptPolicy)
    assert_type(configuration.network_service_type, sm.NetworkServiceType)
    assert_type(configuration.multipath_service_type, sm.MultipathServiceType)
    assert_type(configuration.tls_minimum_supported_protocol_version, sm.TLSProtocolVersion)
    assert_type(configuration.http_additional_headers, Mapping[str, str] | None)
    assert_type(configuration.proxy_configurations, Sequence[sm.ProxyConfiguration])
    assert_type(configuration.protocol_classes, Sequence[type[sm.URLProtocol]])
    assert_type(configuration.http_cookie_storage, sm.HTTPCookieStorage | None)
    assert_type(configuration.url_credential_storage, sm.URLCredentialStorage | None)
    assert_type(configuration.url_cache, sm.URLCache | None)
    configuration.http_additional_headers = {"X-Name": "Ann"}
    configuration.proxy_configurations = [sm.ProxyConfiguration.socks5("localhost", 1080)]
    configuration.protocol_classes = [Answering]
    configuration.url_cache = sm.URLCache(1 << 20, 0)
    configuration.url_cache = None
    configuration.timeout_interval_for_request = 5

    request = URLRequest(URL, "POST", b"body", timeout_interval=5, attribution=sm.Attribution.USER, allows_cellular_access=False)
    assert_type(request.url, str | None)
    assert_type(request.http_body, bytes | None)
    assert_type(request.cache_policy, sm.CachePolicy)
    assert_type(request.value("Accept"), str | None)
    assert_type(request.copy(), URLRequest)
    assert_type(URLRequest.form(URL, {"name": "Ann", "age": 5, "tags": ["a", "b"]}), URLRequest)
    assert_type(URLRequest.multipart(URL, [("name", "Ann")], {"photo": Path("photo.jpg"), "note": ("note.txt", b"text", "text/plain")}), URLRequest)
    request.http_body_stream = io.BytesIO(b"body")
    with open("/etc/hostname", "rb") as file:
        request.http_body_stream = file
    request.http_body_stream = sm.InputStream(path="/etc/hostname")
    request.http_body_stream = iter([b"pieces"])


def values(cookies: sm.HTTPCookieStorage, response: HTTPURLResponse) -> None:
    assert_type(sm.HTTPCookieStorage.shared, sm.HTTPCookieStorage)
    assert_type(sm.URLCredentialStorage.shared, sm.URLCredentialStorage)
    assert_type(sm.URLCache.shared, sm.URLCache)
    assert_type(cookies.cookies, list[sm.HTTPCookie])
    assert_type(sm.HTTPCookie(name="a", value="b", domain="h", path="/", expires_date=datetime.now(UTC)), sm.HTTPCookie)
    properties = {sm.HTTPCookiePropertyKey.NAME: "a", sm.HTTPCookiePropertyKey.SAME_SITE_POLICY: sm.HTTPCookieStringPolicy.SAME_SITE_LAX}
    assert_type(sm.HTTPCookie(properties, value="b", origin_url=URL, path="/", is_secure=True), sm.HTTPCookie)
    assert_type(sm.HTTPCookie({"Name": "a", "Value": "b", "Domain": "h", "Path": "/"}), sm.HTTPCookie)
    assert_type(response.status_code, int)
    assert_type(response.value("Content-Type"), str | None)
    assert_type(response.all_header_fields, dict[str, str])
    assert_type(sm.CachedURLResponse(response, b"", None, sm.CacheStoragePolicy.ALLOWED).data, bytes)
    identity = sm.URLCredential.identity("client.pem", persistence=sm.CredentialPersistence.NONE)
    assert_type(identity, sm.URLCredential)
    assert_type(identity.server_trust, sm.ServerTrust | None)
    space = sm.URLProtectionSpace("h", 443, sm.NSURLProtectionSpaceHTTPS, None, sm.NSURLAuthenticationMethodHTTPBasic)
    assert_type(sm.URLCredentialStorage.shared.credentials(space), dict[str, sm.URLCredential])
    sm.URLCredentialStorage.shared.remove(identity, space, {sm.NSURLCredentialStorageRemoveSynchronizableCredentials: True})
    progress = sm.Progress(100)
    assert_type(progress.fraction_completed, float)
    assert_type(sm.DateInterval(datetime.now(UTC), datetime.now(UTC)).duration, timedelta)


VERSION: str = sm.__version__


class Nested:
    """Types by the names that Swift nests them under."""

    answer: URLSession.ResponseDisposition = URLSession.ResponseDisposition.ALLOW
    login: URLSession.AuthChallengeDisposition = URLSession.AuthChallengeDisposition.USE_CREDENTIAL
    delayed: URLSession.DelayedRequestDisposition = URLSession.DelayedRequestDisposition.CANCEL
    state: URLSessionTask.State = URLSessionTask.State.RUNNING
    policy: URLRequest.CachePolicy = URLRequest.CachePolicy.USE_PROTOCOL_CACHE_POLICY
    service: URLRequest.NetworkServiceType = URLRequest.NetworkServiceType.DEFAULT
    attribution: URLRequest.Attribution = URLRequest.Attribution.USER
    paths: URLSessionConfiguration.MultipathServiceType = URLSessionConfiguration.MultipathServiceType.NONE
    code: URLError.Code = URLError.Code.CANCELLED
    network: URLError.NetworkUnavailableReason = URLError.NetworkUnavailableReason.CELLULAR
    background: URLError.BackgroundTaskCancelledReason = URLError.BackgroundTaskCancelledReason.USER_FORCE_QUIT_APPLICATION
    fetched: sm.URLSessionTaskMetrics.ResourceFetchType = sm.URLSessionTaskMetrics.ResourceFetchType.LOCAL_CACHE
    resolved: sm.URLSessionTaskMetrics.DomainResolutionProtocol = sm.URLSessionTaskMetrics.DomainResolutionProtocol.UDP
    cookies: sm.HTTPCookie.AcceptPolicy = sm.HTTPCookie.AcceptPolicy.NEVER
    kept: sm.URLCredential.Persistence = sm.URLCredential.Persistence.PERMANENT
    cached: sm.URLCache.StoragePolicy = sm.URLCache.StoragePolicy.ALLOWED
    same: sm.CachedURLResponse.StoragePolicy = sm.CachedURLResponse.StoragePolicy.ALLOWED
    body: URLSession.AsyncBytes


METHODS: list[str] = [
    sm.NSURLAuthenticationMethodClientCertificate, sm.NSURLAuthenticationMethodDefault, sm.NSURLAuthenticationMethodHTMLForm,
    sm.NSURLAuthenticationMethodHTTPDigest, sm.NSURLAuthenticationMethodNTLM, sm.NSURLAuthenticationMethodNegotiate,
    sm.NSURLAuthenticationMethodServerTrust, sm.NSURLProtectionSpaceFTP, sm.NSURLProtectionSpaceFTPProxy, sm.NSURLProtectionSpaceHTTP,
    sm.NSURLProtectionSpaceHTTPProxy, sm.NSURLProtectionSpaceHTTPSProxy, sm.NSURLProtectionSpaceSOCKSProxy,
]


class Answering(sm.URLProtocol):
    @classmethod
    def can_init_with_task(cls, task: URLSessionTask) -> bool:
        return task.original_request is not None

    def start_loading(self) -> None:
        assert_type(self.client, sm.URLProtocolClient)
        assert_type(self.task, URLSessionTask)
        self.client.did_receive_response(HTTPURLResponse(URL, 200))
        self.client.did_finish_loading()


# sessions and tasks -----------------------------------------------------------------------------------------------------
def making_tasks(session: URLSession, request: URLRequest, file: Path) -> None:
    assert_type(URLSession.shared, URLSession)
    assert_type(session.data_task(request), URLSessionDataTask)
    assert_type(session.data_task(URL, on_data), URLSessionDataTask)
    session.data_task(URL, on_data_of_any_scheme)
    session.data_task(URL, completion_handler=on_data_later)
    session.data_task(URL, lambda data, response, error: print(response and response.status_code))
    assert_type(session.upload_task(URL, b"body"), URLSessionUploadTask)
    session.upload_task(request, bytearray(b"body"), None, on_data)
    session.upload_task(request, None, "file", on_data)
    session.upload_task(request, from_file=file, completion_handler=on_data)
    session.upload_task(streamed_request=request)
    session.upload_task(resume_data=b"resume data", completion_handler=on_data)
    assert_type(session.download_task(URL, on_file), URLSessionDownloadTask)
    session.download_task(resume_data=b"resume data", completion_handler=on_file)
    session.get_tasks(by_kind)
    session.get_all_tasks(lambda tasks: print(tasks[0].state))
    assert_type(session.reset(), Awaitable[None])
    assert_type(session.flush(lambda: None), Awaitable[None])


def by_kind(data: list[URLSessionDataTask], upload: list[URLSessionUploadTask], download: list[URLSessionDownloadTask]) -> None: ...


def loading_at_once(session: URLSession, request: URLRequest, file: Path) -> None:
    assert_type(session.data(request), Loading[tuple[bytes, HTTPURLResponse], URLSessionDataTask])
    assert_type(session.upload(request, b"body"), Loading[tuple[bytes, HTTPURLResponse], URLSessionUploadTask])
    assert_type(session.upload(URL, from_file=file, delegate=Plain()), Loading[tuple[bytes, HTTPURLResponse], URLSessionUploadTask])
    assert_type(session.upload(resume_from=b"resume data"), Loading[tuple[bytes, HTTPURLResponse], URLSessionUploadTask])
    assert_type(session.download(URL), Loading[tuple[Path, HTTPURLResponse], URLSessionDownloadTask])
    assert_type(session.download(resume_from=b"resume data"), Loading[tuple[Path, HTTPURLResponse], URLSessionDownloadTask])
    assert_type(session.bytes(URL), Loading[tuple[AsyncBytes, HTTPURLResponse], URLSessionDataTask])
    data, response = session.data(URL, Plain()).result(timeout=10)
    assert_type(data, bytes)
    assert_type(response.status_code >= 400, bool)
    local: URLResponse = session.data("file:///etc/hostname").result()[1]
    assert_type(local.mime_type, str | None)
    assert_type(session.download(URL).task.cancel_by_producing_resume_data(), Loading[bytes | None])
    of_any_scheme: Loading[tuple[bytes, URLResponse]] = session.upload(URL, b"body")
    awaited(of_any_scheme)


def awaited(loading: Loading[tuple[bytes, URLResponse]]) -> None:
    assert_type(loading.task, URLSessionTask)


def tasks(task: URLSessionDownloadTask, upload: URLSessionUploadTask) -> None:
    assert_type(task.cancel_by_producing_resume_data(on_resume_data), Loading[bytes | None])
    assert_type(upload.cancel_by_producing_resume_data(), Loading[bytes | None])
    assert_type(task.state, sm.TaskState)
    assert_type(task.response, URLResponse | None)
    assert_type(task.original_request, URLRequest | None)
    assert_type(task.error, URLError | None)
    assert_type(task.progress, sm.Progress)
    assert_type(task.count_of_bytes_received == sm.TRANSFER_SIZE_UNKNOWN, bool)
    assert_type(task.count_of_bytes_expected_to_receive == sm.URL_RESPONSE_UNKNOWN_LENGTH, bool)
    task.delegate = Handling()
    task.earliest_begin_date = datetime.now(UTC)
    if sm.responds_to(task.delegate, "task_did_complete"):
        print(sm.SELECTORS["task_did_complete"])
    assert_type(sm.SELECTORS, Mapping[str, str])


async def awaiting(configuration: URLSessionConfiguration) -> None:
    async with URLSession(configuration, Returning(), sm.OperationQueue(), path_monitor=sm.PathMonitor(sm.NetworkPath())) as session:
        data, response = await session.data(URL)
        assert_type(data, bytes)
        assert_type(response, HTTPURLResponse)
        source, _ = await session.bytes(URL)
        async for line in source.lines():
            assert_type(line, str)
        async for chunk in source.chunks():
            assert_type(chunk, bytes)
        async for event in source.events():
            assert_type(event, sm.ServerSentEvent)
        async for byte in source:
            assert_type(byte, int)
        assert_type(await session.tasks(), tuple[list[URLSessionDataTask], list[URLSessionUploadTask], list[URLSessionDownloadTask]])
        assert_type(await session.all_tasks(), list[URLSessionTask])
    assert_type(sm.lines(URL), AsyncGenerator[str, None])
    assert_type(sm.resource_bytes(URL), AsyncGenerator[int, None])


def failing(session: URLSession) -> None:
    try:
        session.data(URL).result()
    except URLError as error:
        assert_type(error.code, int)
        assert_type(error.code is URLError.Code.TIMED_OUT, bool)
        assert_type(error.failing_url, str | None)
        assert_type(error.network_unavailable_reason, URLError.NetworkUnavailableReason | None)
        assert_type(error.failure_url_peer_trust, sm.ServerTrust | None)
        assert_type(error.download_task_resume_data, bytes | None)
    except (sm.InvalidArgumentException, sm.GenericException, sm.CassetteError, sm.UnmatchedRequest) as misuse:
        root: sm.SessionMockError = misuse
        raise root from None


WARNINGS: list[type[Warning]] = [sm.DelegateWarning, sm.SettingWarning]


# routes, and tests ------------------------------------------------------------------------------------------------------
def routes() -> None:
    script = sm.ScriptRoute()
    assert_type(script.answer(sm.Answer(200, body=b"body")), sm.ScriptRoute)
    assert_type(script.answer(status=503, delay=2, headers={"Retry-After": "5"}), sm.ScriptRoute)
    with sm.use_route(script) as used, sm.virtual_time() as clock:
        assert_type(used, sm.ScriptRoute)
        assert_type(clock, sm.VirtualClock)
        assert_type(clock.now(), float)
        assert_type(clock.date(), datetime)
        clock.advance(0.5)
        clock.run_until_idle()
        clock.permute("seed")
        with clock.patch_sleep(), sm.real_time():
            pass
    def without_ids(answer: sm.RecordedAnswer) -> sm.RecordedAnswer | None:
        return None if answer.status >= 500 else replace(answer, body=answer.body + b"\n")

    with sm.CassetteRoute("cassette.yaml", before_record_response=without_ids):
        pass
    with sm.use_live_route(sm.LiveRoute()), sm.CassetteRoute("cassette.yaml", live=sm.ClientRoute(sm.LiveRoute()), filter=sm.Secrets()) as cassette:
        assert_type(cassette, sm.CassetteRoute)
        assert_type(sm.Mode.named("once"), sm.Mode)
        assert_type(sm.RecordingWarning("not whole"), sm.RecordingWarning)
        assert_type(cassette.misses, list[sm.UnmatchedRequest])
    with httpx.Client(transport=sm.transport(sm.TransportRoute(httpx.MockTransport(lambda _: httpx.Response(200))))) as client:
        client.get(URL)
    assert_type(sm.transport(), sm.RouteTransport)
    assert_type([str(violation) for violation in sm.InvariantWatch(sm.History()).violations], list[str])
    trace = sm.Trace(sm.History())
    sm.set_trace(trace)
    assert_type(trace.names(), list[str])
    assert_type(trace.callbacks[0].task, URLSessionTask | None)
    with sm.LeakScope("scope") as scope, sm.Interception(scope), sm.watch_clients():
        assert_type(scope.leaks(), list[sm.Leak])


def faults(task: sm.URLSessionDataTask) -> None:
    plan = sm.FaultPlan().at("connect", first=2).refuse().at("body", url=httpx.URL(URL), byte=10, task=task).reset("stream")
    assert_type(plan, sm.FaultPlan)
    assert_type(plan[0], sm.FaultLine)
    assert_type(plan[1:] + sm.FaultPlan.from_dict(plan.to_dict()), sm.FaultPlan)
    plan = sm.FaultPlan.from_toml(Path("faults.toml")).at("head", nth=3).status(503, {"Retry-After": "1"}).at("disk").fail(sm.URLError.Code.UNKNOWN)
    route = sm.FaultRoute(sm.ScriptRoute(), [*plan], seed=7)
    with sm.use_route(route) as used, sm.use_faults(sm.Faults(plan, seed=7)) as faults:
        assert_type(used, sm.FaultRoute)
        assert_type(faults, sm.Faults)
        assert_type(faults.at("callback.task_did_complete", optional=True).raises(ValueError), sm.FaultLine)
        assert_type([str(fired) for fired in route.faults.fired], list[str])
        assert_type(faults.unfired[0].point, str)


class OwnRoute:
    source = "own"
    is_live = False

    def __init__(self, inner: sm.Route | None = None) -> None:
        self.inner = inner

    def bind(self, configuration: sm.URLSessionConfiguration, host: sm.Host) -> sm.Channel:
        return OwnChannel() if self.inner is None else OverChannel(self.inner.bind(configuration, host))


class OverChannel(sm.ChannelOver):
    def open(self, request: sm.Request, sink: sm.Sink) -> sm.Exchange:
        return sm.ExchangeOver(super().open(request, sm.SinkOver(sink)))


class OwnChannel(sm.UnconnectedChannel):
    def open(self, request: sm.Request, sink: sm.Sink) -> sm.Exchange:
        assert_type(request.headers, list[tuple[str, str]])
        sink.head(sm.ResponseHead(200, [("X-A", "1")], extensions={"mine": 1}))
        sink.end([])
        return sm.FINISHED


async def answers(request: sm.Request) -> dict[str, str]:
    return {"timeout": str(request.extensions.get("timeout"))}


def own_routes() -> None:
    with sm.use_route(OwnRoute()) as own:
        assert_type(own, OwnRoute)
    assert_type(sm.ScriptRoute(OwnRoute()).answer(answers).answer(lambda request: request).answer(lambda request: None), sm.ScriptRoute)


def test_with_fixtures(sessionmock: Controller, url_session: SessionFactory) -> None:
    assert_type(sessionmock.faults.at("body", byte=3).delay(1.5), sm.FaultLine)
    assert_type(sessionmock.script, sm.ScriptRoute)
    assert_type(sessionmock.trace, sm.Trace)
    assert_type(sessionmock.requests, sm.Requests)
    [request] = sessionmock.requests.wait_for(1, method="GET", url=URL, timeout=1)
    assert_type((request.method, request.body, request.source), tuple[str, bytes | None, str])
    assert_type(sessionmock.transport(), sm.RouteTransport)
    assert_type(sessionmock.route, sm.CassetteRoute | sm.ScriptRoute | sm.LiveRoute)
    with sessionmock.cassette(Path("a.yaml"), "once", match_on=["method", "uri"], max_age=3600, allow_playback_repeats=True) as route:
        assert_type(route, sm.CassetteRoute | sm.ScriptRoute | sm.LiveRoute)
    session = url_session(delegate=Awaiting(), path_monitor=sm.PathMonitor())
    assert_type(session, URLSession)
    assert_type(session.data(URL).result()[1].status_code, int)


def sessionmock_options() -> sm.CassetteDefaults:
    options: sm.CassetteOptions = {"order": "strict", "filter": ["x-shop-code"]}
    return {**options, "mode": "once"}
