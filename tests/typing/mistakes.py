"""Mistakes that a type checker finds. Each line is an error by its `type: ignore`; where one is not, mypy says that it is unused."""
from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from pytest_sessionmock import Controller, SessionFactory

import sessionmock as sm
from sessionmock import HTTPURLResponse, URLError, URLRequest, URLResponse, URLSession, URLSessionConfiguration, URLSessionTask

URL = "https://api.example.com/me"


def one(data: bytes | None) -> None: ...
def three(data: bytes, response: HTTPURLResponse, error: URLError) -> None: ...     # each may be None
def of_a_file(location: Path | None, response: HTTPURLResponse | None, error: URLError | None) -> None: ...
def of_data(data: bytes | None, response: HTTPURLResponse | None, error: URLError | None) -> None: ...


sm.URLSesion      # type: ignore[attr-defined]  # noqa: B018


def settings(configuration: URLSessionConfiguration, request: URLRequest) -> None:
    configuration.timeout_interval_for_reqest = 5      # type: ignore[attr-defined]
    configuration.timeout_interval_for_request = "5"      # type: ignore[assignment]
    configuration.request_cache_policy = "no-cache"      # type: ignore[assignment]
    configuration.allows_cellular_access = 0      # type: ignore[assignment]
    configuration.http_additional_headers = [("A", "b")]      # type: ignore[assignment]
    configuration.http_cookie_storage = {}      # type: ignore[assignment]
    configuration.url_cache = True      # type: ignore[assignment]
    configuration.proxy_configurations = ["http://localhost"]      # type: ignore[list-item]
    configuration.protocol_classes = [URLRequest]      # type: ignore[list-item]
    configuration.identifier = "name"      # type: ignore[misc]
    print(configuration.http_cookie_storage.cookies)      # type: ignore[union-attr]
    request.timeout_interval = "5"      # type: ignore[assignment]
    request.http_body = "text"      # type: ignore[assignment]
    request.http_metod = "POST"      # type: ignore[attr-defined]
    URLRequest(URL, allows_celular_access=False)      # type: ignore[call-arg]
    request.http_body_stream = "text"      # type: ignore[assignment]
    request.http_body_stream = io.StringIO("text")      # type: ignore[assignment]
    URLRequest.form(URL, {1: "Ann"})      # type: ignore[arg-type]
    URLRequest(URL, "POST", "text")      # type: ignore[arg-type]
    URLSession(URLSessionConfiguration)      # type: ignore[arg-type]
    URLSession(configuration, None, print)      # type: ignore[arg-type]


def values(script: sm.ScriptRoute) -> None:
    sm.HTTPCookie(nme="a", value="b", domain="h", path="/")      # type: ignore[call-arg]
    sm.HTTPCookie(name="a", value=5, domain="h", path="/")      # type: ignore[arg-type]
    sm.Answer("200")      # type: ignore[arg-type]
    script.answer(stauts=503)      # type: ignore[call-arg]
    script.answer(503)      # type: ignore[arg-type]
    with sm.use_route(sm.ScriptRoute):      # type: ignore[type-var]
        pass


def tasks(session: URLSession, request: URLRequest, file: Path) -> None:
    session.data_task(URL, one)      # type: ignore[arg-type]
    session.data_task(URL, three)      # type: ignore[arg-type]
    session.data_task(URL, of_a_file)      # type: ignore[arg-type]
    session.data_task(URL, b"body")      # type: ignore[arg-type]
    session.data_task(b"https://api.example.com/me")      # type: ignore[arg-type]
    session.download_task(URL, of_data)      # type: ignore[arg-type]
    session.download_task()      # type: ignore[call-overload]
    session.download_task(URL, resume_data=b"")      # type: ignore[call-overload]
    session.upload_task(URL, "text")      # type: ignore[call-overload]
    session.upload_task(URL, b"body", file)      # type: ignore[call-overload]
    session.upload_task(from_data=b"body")      # type: ignore[call-overload]
    session.upload_task(request, streamed_request=request)      # type: ignore[call-overload]
    session.upload(URL, b"body", from_file=file)      # type: ignore[call-overload]
    session.download(URL, resume_from=b"")      # type: ignore[call-overload]
    session.get_tasks(one)      # type: ignore[arg-type]
    session.reset(5)      # type: ignore[arg-type]
    session.session_descripton = "name"      # type: ignore[attr-defined]
    print(*session.data(URL))      # type: ignore[misc]
    print(session.data(URL).result()[1].status_cod)      # type: ignore[attr-defined]
    session.data(URL).result(timeout="5")      # type: ignore[arg-type]
    task = session.data_task(URL)
    task.priorty = 1.0      # type: ignore[attr-defined]
    print(task.response.status_code)      # type: ignore[union-attr]
    task.cancel_by_producing_resume_data()      # type: ignore[attr-defined]


class Delegate(sm.URLSessionDataDelegate):
    def task_did_complete(self, session: URLSession, task: URLSessionTask) -> None: ...      # type: ignore[override]

    def task_is_waiting_for_connectivity(self, session: URLSession, task: str) -> None: ...      # type: ignore[override]

    def task_will_perform_http_redirection(self, session: URLSession, task: URLSessionTask, response: URLResponse, new_request: URLRequest) -> str:      # type: ignore[override]
        return URL

    def task_did_receive_challenge(  # type: ignore[override]
            self, session: URLSession, task: URLSessionTask, challenge: sm.URLAuthenticationChallenge) -> sm.URLCredential:
        return sm.URLCredential("ann", "secret")

    async def data_task_did_receive_response(  # type: ignore[override]
            self, session: URLSession, task: URLSessionTask, response: HTTPURLResponse,
            completion_handler: Callable[[sm.ResponseDisposition], None]) -> None: ...

    def data_task_will_cache_response(  # type: ignore[override]
            self, session: URLSession, task: URLSessionTask, proposed: sm.CachedURLResponse, completion_handler: Callable[[str], None]) -> None: ...


def test_with_fixtures(sessionmock: Controller, url_session: SessionFactory) -> None:
    url_session("https://api.example.com")      # type: ignore[arg-type]
    print(sessionmock.scrpt)      # type: ignore[attr-defined]
    sessionmock.cassette("a.yaml", alow_playback_repeats=True)      # type: ignore[call-arg]
    sessionmock.cassette("a.yaml", speed="fast")      # type: ignore[arg-type]


def sessionmock_options() -> sm.CassetteDefaults:
    return {"mach_on": ["uri"]}      # type: ignore[typeddict-unknown-key]
