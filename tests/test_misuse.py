"""Misuse: what can never be right raises where it is said, with the place, the value and what would do."""
from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

import sessionmock as sm

URL = "http://a.test/"
NAIVE = datetime(2030, 1, 1)


@pytest.fixture
def session() -> Iterator[sm.URLSession]:
    with sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        yield session
        for task in asyncio.run(session.all_tasks()):
            task.cancel()


def cookie() -> sm.HTTPCookie:
    return sm.HTTPCookie(name="a", value="b", path="/", domain="h")


def response() -> sm.HTTPURLResponse:
    return sm.HTTPURLResponse(URL, 200)


def space() -> sm.URLProtectionSpace:
    return sm.URLProtectionSpace("h", 443, "https")


def cached() -> sm.CachedURLResponse:
    return sm.CachedURLResponse(response(), b"")


def a_task() -> Any:
    return SimpleNamespace(current_request=sm.URLRequest(URL))


def assign(made: Any, name: str, value: Any) -> None:
    setattr(made, name, value)


# Each: what is called, and with which values in turn.
CALLS: list[tuple[str, Callable[[Any], Any], list[Any]]] = [
    ("URLCredential.user", lambda it: sm.URLCredential(it, "p"), [1, b"u"]),
    ("URLCredential.persistence", lambda it: sm.URLCredential("u", "p", it), [9, "x", True, None, sm.CachePolicy.USE_PROTOCOL_CACHE_POLICY]),
    ("URLCredential.identity", sm.URLCredential.identity, [None, 5, b"path"]),
    ("URLCredential.trust", sm.URLCredential.trust, [None]),
    ("URLProtectionSpace.host", lambda it: sm.URLProtectionSpace(it, 443, "https"), [None, 5, b"h"]),
    ("URLProtectionSpace.port", lambda it: sm.URLProtectionSpace("h", it, "https"), ["443", -1, 65536, True, 1.0]),
    ("URLProtectionSpace.protocol", lambda it: sm.URLProtectionSpace("h", 443, it), [5, b"https"]),
    ("URLProtectionSpace.realm", lambda it: sm.URLProtectionSpace("h", 443, "https", it), [5]),
    ("URLProtectionSpace.authentication_method", lambda it: sm.URLProtectionSpace("h", 443, "https", "r", it), [None, 5]),
    ("URLCredentialStorage.set", lambda it: sm.URLCredentialStorage().set(it, sm.URLProtectionSpace("h", 1, "http")), [None, ("u", "p")]),
    ("URLCredentialStorage.set, space", lambda it: sm.URLCredentialStorage().set(sm.URLCredential("u", "p"), it), [None, "h"]),
    ("URLCredentialStorage.remove", lambda it: sm.URLCredentialStorage().remove(it, sm.URLProtectionSpace("h", 1, "http")), [None]),
    ("URLCredentialStorage.credentials", lambda it: sm.URLCredentialStorage().credentials(it), ["h"]),
    ("URLCredentialStorage.default_credential", lambda it: sm.URLCredentialStorage().default_credential(it), [None]),
    ("URLCache.memory_capacity", sm.URLCache, [-1, 1.5, True, "1", math.nan]),
    ("URLCache.disk_capacity", lambda it: sm.URLCache(0, it), [-1, None]),
    ("URLCache.shared", lambda it: assign(sm.URLCache, "shared", it), [None, {}, sm.URLCache]),
    ("URLCache.cached_response", lambda it: sm.URLCache().cached_response(it), [None, b"u", 5]),
    ("URLCache.store_cached_response", lambda it: sm.URLCache().store_cached_response(it, URL), [None, b"body"]),
    ("URLCache.remove_cached_response", lambda it: sm.URLCache().remove_cached_response(it), [None]),
    ("URLCache.remove_cached_responses_since", lambda it: sm.URLCache().remove_cached_responses_since(it), [NAIVE, 5.0, None]),
    ("CachedURLResponse.storage_policy", lambda it: sm.CachedURLResponse(response(), b"", None, it), [9, "x", True]),
    ("HTTPCookieStorage.cookie_accept_policy", lambda it: assign(sm.HTTPCookieStorage(), "cookie_accept_policy", it), [9, "x", None, True]),
    ("HTTPCookieStorage.cookies_for", lambda it: sm.HTTPCookieStorage().cookies_for(it), [None, b"u", 5]),
    ("HTTPCookieStorage.set_cookie", lambda it: sm.HTTPCookieStorage().set_cookie(it), ["a=b", None, {"a": "b"}]),
    ("HTTPCookieStorage.set_cookies", lambda it: sm.HTTPCookieStorage().set_cookies(it, URL), [["a=b"]]),
    ("HTTPCookieStorage.set_cookies, for_url", lambda it: sm.HTTPCookieStorage().set_cookies([cookie()], it), [None]),
    ("HTTPCookieStorage.delete_cookie", lambda it: sm.HTTPCookieStorage().delete_cookie(it), ["a", None]),
    ("HTTPCookieStorage.remove_cookies_since", lambda it: sm.HTTPCookieStorage().remove_cookies_since(it), [NAIVE, 5.0, None]),
    ("HTTPCookieStorage.sorted_cookies", lambda it: sm.HTTPCookieStorage().sorted_cookies(it), [None, "name", lambda: 1]),
    ("OperationQueue", sm.OperationQueue, [0, -1, "name", None, True, 1.0]),
    ("OperationQueue.name", lambda it: sm.OperationQueue(1, it), [5, b"n"]),
    ("OperationQueue.add_operation", lambda it: sm.OperationQueue().add_operation(it), [None, 5, lambda one: one]),
    ("OperationQueue.on_loop", sm.OperationQueue.on_loop, [None, 5, asyncio]),
    ("URLResponse.url", sm.URLResponse, [5, b"u"]),
    ("URLResponse.expected_content_length", lambda it: sm.URLResponse(URL, None, it), [-2, "1", None, True]),
    ("HTTPURLResponse.status_code", lambda it: sm.HTTPURLResponse(URL, it), ["200", None, True, 2.0]),
    ("HTTPURLResponse.header_fields", lambda it: sm.HTTPURLResponse(URL, 200, None, it), [{"A": 1}, ["a: b"], [("a",)], 5, [("a", 5)]]),
    ("ProxyConfiguration.host", lambda it: sm.ProxyConfiguration.http_connect(it, 1), [None, "", 5]),
    ("ProxyConfiguration.port", lambda it: sm.ProxyConfiguration.socks5("h", it), [0, "1", None, True, 65536]),
    ("ProxyConfiguration.user", lambda it: sm.ProxyConfiguration.socks5("h", 1, it), [5]),
    ("Progress.observe", lambda it: sm.Progress().observe(it), [None, 5, lambda: 1]),
    ("PathMonitor", sm.PathMonitor, [None, True, sm.NetworkPath]),
    ("PathMonitor.update", lambda it: sm.PathMonitor().update(it), [None, False]),
    ("PathMonitor.observe", lambda it: sm.PathMonitor().observe(it), [None, lambda path: path]),
    ("URLSession.path_monitor", lambda it: sm.URLSession(sm.URLSessionConfiguration.ephemeral(), path_monitor=it), [True, sm.PathMonitor]),
    ("LiveRoute.resolve", lambda it: sm.LiveRoute(resolve=it), [{"a": "1"}, lambda: None]),
    ("LiveRoute.ssl_context", sm.LiveRoute, [True, "ca.pem"]),
    ("use_route", lambda it: sm.use_route(it).__enter__(), [None, sm.ScriptRoute, "script", "cassette.yaml"]),
    ("use_live_route", lambda it: sm.use_live_route(it).__enter__(), [None, sm.LiveRoute]),
    ("transport", sm.transport, ["script", 5]),
    ("transport.configuration", lambda it: sm.transport(None, it), [{}, sm.URLSessionConfiguration.default]),
    ("URLRequest.value", lambda it: sm.URLRequest(URL).value(it), [None, b"A", 5]),
    ("HTTPURLResponse.value", lambda it: response().value(it), [None, b"A"]),
    ("InputStream", sm.InputStream, ["text", 5]),
    ("InputStream.path", lambda it: sm.InputStream(path=it), [5, b"x"]),
    ("Progress", sm.Progress, ["x", -2, True, 1.5]),
    ("Progress.handler", lambda it: sm.Progress(1, cancellation_handler=it), [5, lambda one: one]),
    ("URLError", sm.URLError, ["x", None, True, 1.5]),
    ("VirtualClock", sm.VirtualClock, [5, NAIVE]),
    ("set_trace", sm.set_trace, [5, sm.Trace]),
    ("OperationQueue.main.run", lambda it: sm.OperationQueue.main.run(it), [5, lambda one: one]),
    ("OperationQueue.main.run, timeout", lambda it: sm.OperationQueue.main.run(lambda: True, it), ["x", math.nan]),
    ("Answer.headers", lambda it: sm.Answer(headers=it), [5]),
    ("Answer.delay", lambda it: sm.Answer(delay=it), ["1", math.nan]),
    ("Answer.informational", lambda it: sm.Answer(informational=it), [103, ["x"]]),
    ("CassetteRoute", sm.CassetteRoute, [None, 5]),
    ("HTTPCookie", sm.HTTPCookie, [5, "a=b"]),
    ("URLCache.directory", lambda it: sm.URLCache(0, 0, it), [5, b"folder"]),
    ("URLCache.store_cached_response_for_task", lambda it: sm.URLCache().store_cached_response_for_task(cached(), it), [None, URL]),
    ("URLCache.get_cached_response_for_task", lambda it: sm.URLCache().get_cached_response_for_task(it, print), [None, URL]),
    ("URLCache.get_cached_response_for_task, handler", lambda it: sm.URLCache().get_cached_response_for_task(a_task(), it), [None, 5]),
    ("URLCache.remove_cached_response_for_task", lambda it: sm.URLCache().remove_cached_response_for_task(it), [None, URL]),
    ("HTTPCookieStorage.path", sm.HTTPCookieStorage, [5, b"file"]),
    ("HTTPCookieStorage.clock", lambda it: sm.HTTPCookieStorage(clock=it), [5, "now"]),
    ("HTTPCookieStorage.is_public_suffix", lambda it: sm.HTTPCookieStorage(is_public_suffix=it), [5, {"com"}, lambda: True]),
    ("HTTPCookieStorage.shared_cookie_storage", sm.HTTPCookieStorage.shared_cookie_storage, [None, 5]),
    ("HTTPCookieStorage.set_cookies, cookies", lambda it: sm.HTTPCookieStorage().set_cookies(it, URL), [None, cookie()]),
    ("HTTPCookieStorage.set_cookies, main_document_url", lambda it: sm.HTTPCookieStorage().set_cookies([], URL, it), [5, b"u"]),
    ("HTTPCookieStorage.store_cookies", lambda it: sm.HTTPCookieStorage().store_cookies(it, a_task()), [None, cookie(), ["a=b"]]),
    ("HTTPCookieStorage.store_cookies, for_task", lambda it: sm.HTTPCookieStorage().store_cookies([], it), [None, URL]),
    ("HTTPCookieStorage.get_cookies_for", lambda it: sm.HTTPCookieStorage().get_cookies_for(it, print), [None, URL]),
    ("HTTPCookieStorage.get_cookies_for, handler", lambda it: sm.HTTPCookieStorage().get_cookies_for(a_task(), it), [None, lambda: 1]),
    ("URLCredentialStorage", sm.URLCredentialStorage, [5, b"name"]),
    ("URLCredentialStorage.get_credentials", lambda it: sm.URLCredentialStorage().get_credentials(space(), None, it), [None, lambda: 1]),
    ("URLCredentialStorage.get_default_credential", lambda it: sm.URLCredentialStorage().get_default_credential(space(), None, it), [None, 5]),
    ("URLCredential.trust, kind", sm.URLCredential.trust, [True, "h"]),
    ("URLCredential.identity, certificates", lambda it: sm.URLCredential.identity("me.pem", it), ["chain.pem", None, 5, [5]]),
    ("URLAuthenticationChallenge.protection_space", lambda it: sm.URLAuthenticationChallenge(protection_space=it), [None, "h"]),
    ("URLAuthenticationChallenge.proposed_credential",
     lambda it: sm.URLAuthenticationChallenge(protection_space=space(), proposed_credential=it), [("u", "p")]),
    ("URLAuthenticationChallenge.previous_failure_count",
     lambda it: sm.URLAuthenticationChallenge(protection_space=space(), previous_failure_count=it), [-1, None, True]),
    ("URLRequest.all_http_header_fields", lambda it: sm.URLRequest(URL, all_http_header_fields=it), [5, ["A: b"], [("a",)], b"A: b"]),
    ("HTTPURLResponse.localized_string", sm.HTTPURLResponse.localized_string, ["404", None]),
    ("Progress.total_unit_count", lambda it: assign(sm.Progress(), "total_unit_count", it), ["x", -2, None, 1.5]),
    ("Progress.completed_unit_count", lambda it: assign(sm.Progress(), "completed_unit_count", it), ["x", None, True]),
    ("Progress.cancellation_handler", lambda it: assign(sm.Progress(), "cancellation_handler", it), [5, lambda one: one]),
    ("Progress.pausing_handler", lambda it: assign(sm.Progress(), "pausing_handler", it), [5]),
    ("Progress.add_child", lambda it: sm.Progress(9).add_child(it, 1), [None, a_task]),
    ("Progress.add_child, with_pending_unit_count", lambda it: sm.Progress(9).add_child(sm.Progress(1), it), ["x", -1, None]),
    ("OperationQueue.is_suspended", lambda it: assign(sm.OperationQueue(), "is_suspended", it), [1, None, "yes"]),
    ("URLProtocol.register_class", sm.URLProtocol.register_class, [None, 5, "URLProtocol"]),
    ("URLProtocol.property", lambda it: sm.URLProtocol.property("key", it), [None, URL]),
    ("URLProtocol.set_property", lambda it: sm.URLProtocol.set_property(1, "key", it), [None, URL]),
    ("URLProtocol.remove_property", lambda it: sm.URLProtocol.remove_property("key", it), [None, URL]),
    ("HTTPCookie.cookies", lambda it: sm.HTTPCookie.cookies(it, URL), [None, 5]),
    ("HTTPCookie.cookies, for_url", lambda it: sm.HTTPCookie.cookies({}, it), [None, 5]),
    ("HTTPCookie.request_header_fields", sm.HTTPCookie.request_header_fields, [None, cookie(), ["a=b"]]),
    ("virtual_time", lambda it: sm.virtual_time(it).__enter__(), [5, NAIVE]),
]


@pytest.mark.parametrize(("name", "call", "value"), [
    pytest.param(name, call, value, id=f"{name} {number}") for name, call, values in CALLS for number, value in enumerate(values)])
def test_what_can_never_be_right_is_refused_at_the_call(name: str, call: Callable[[Any], Any], value: Any) -> None:
    """With the place and the value."""
    with pytest.raises(sm.InvalidArgumentException) as refused:
        call(value)
    text = str(refused.value)
    assert name.partition(".")[0].partition(",")[0] in text or "max_concurrent" in text
    assert repr(value)[:20] in text or all(repr(each)[:10] in text for each in value), text


def test_a_password_of_another_type_is_not_shown() -> None:
    """It may be one all the same."""
    for made in (partial(sm.URLCredential, "u"), partial(sm.ProxyConfiguration.socks5, "h", 1, "u")):
        with pytest.raises(sm.InvalidArgumentException, match="bytes") as refused:
            made(b"s3cret")    # type: ignore[operator]
        assert "s3cret" not in str(refused.value)


# handlers -------------------------------------------------------------------------------------------------------------------

class Callbacks:
    """Methods, of the instance and of the class."""

    def three(self, one: Any, two: Any, three: Any) -> None: ...

    def two(self, one: Any, two: Any) -> None: ...

    @staticmethod
    def static(one: Any, two: Any, three: Any) -> None: ...

    def __call__(self, one: Any, two: Any, three: Any) -> None: ...


async def coroutine(one: Any, two: Any, three: Any) -> None: ...


@pytest.mark.parametrize("handler", [
    lambda data, response, error: None, lambda *everything: None, lambda data, *rest: None, lambda data, response, error, more=1: None,
    lambda data=1, response=2, error=3: None, Callbacks().three, Callbacks.static, Callbacks(),
    partial(lambda first, *rest: None, 0), print, coroutine, type("Made", (), {"__init__": lambda self, one, two, three: None}),
], ids=lambda handler: getattr(handler, "__name__", type(handler).__name__))
def test_whatever_takes_three_arguments_is_a_handler(session: sm.URLSession, handler: Any) -> None:
    """Functions, methods, objects and classes that can be called, coroutine functions and what C wrote."""
    session.data_task(URL, handler)
    session.download_task(URL, handler)
    session.upload_task(URL, b"", completion_handler=handler)
    session.get_tasks(handler)


@pytest.mark.parametrize("handler", [
    5, b"body", "text", {}, lambda: None, lambda data: None, lambda data, response: None, lambda data, response, error, more: None,
    lambda data, response, error, *, more: None, Callbacks().two, Callbacks.three, Callbacks, [].append,
], ids=lambda handler: getattr(handler, "__name__", type(handler).__name__))
def test_what_does_not_is_refused_where_it_is_given(session: sm.URLSession, handler: Any) -> None:
    """With what it would get; not when the answer is there."""
    for make in (session.data_task, session.download_task, partial(session.upload_task, from_data=b"")):
        with pytest.raises(sm.InvalidArgumentException, match=r"it takes a function that can be called as function\(.*, response, error\)"):
            make(URL, completion_handler=handler)    # type: ignore[operator]
    with pytest.raises(sm.InvalidArgumentException, match="data_tasks, upload_tasks, download_tasks"):
        session.get_tasks(handler)


@pytest.mark.parametrize("wrong", [5, lambda one: one, "done"])
def test_handlers_of_the_session_and_of_resume_data_are_looked_at_too(session: sm.URLSession, wrong: Any) -> None:
    """Before anything is reset or cancelled."""
    assert session.configuration.http_cookie_storage is not None
    session.configuration.http_cookie_storage.set_cookie(cookie())
    for call in (session.reset, session.flush):
        with pytest.raises(sm.InvalidArgumentException, match=r"it takes a function that can be called as function\(\)"):
            call(wrong)
    assert 1 == len(session.configuration.http_cookie_storage.cookies)
    with pytest.raises(sm.InvalidArgumentException, match=r"function\(tasks\)"):
        session.get_all_tasks(None)    # type: ignore[arg-type]
    task = session.download_task(URL, lambda *_: None)
    with pytest.raises(sm.InvalidArgumentException, match=r"function\(resume_data\)"):
        task.cancel_by_producing_resume_data(lambda: None)    # type: ignore[arg-type, misc]
    assert sm.TaskState.SUSPENDED is task.state


# tasks ----------------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("name", "values"), [
    ("earliest_begin_date", [NAIVE, 5.0, "now"]), ("prefers_incremental_delivery", [1, None, "yes"]), ("task_description", [5, b"x"]),
    ("count_of_bytes_client_expects_to_send", [-2, "1", None, 1.0, True]), ("count_of_bytes_client_expects_to_receive", [-2]),
])
def test_a_members_wrong_value_is_refused_and_changes_nothing(session: sm.URLSession, name: str, values: list[Any]) -> None:
    task = session.data_task(URL)
    before = getattr(task, name)
    for value in values:
        with pytest.raises(sm.InvalidArgumentException, match=rf"{name} was given .*; it takes"):
            setattr(task, name, value)
    assert before == getattr(task, name)


def test_a_date_is_set_before_the_task_begins(session: sm.URLSession) -> None:
    """As its delegate is."""
    task = session.data_task("data:,x", lambda *_: None)
    task.resume()
    with pytest.raises(sm.GenericException, match=r"earliest_begin_date of .* is set before the task is resumed"):
        task.earliest_begin_date = None


def test_a_misspelt_member_is_no_member(session: sm.URLSession) -> None:
    """Of a session and of a task; the traceback then names what is near. A method may be replaced, as tests do."""
    with pytest.raises(AttributeError, match="session_descripton"):
        session.session_descripton = "x"    # type: ignore[attr-defined]
    task = session.data_task(URL)
    with pytest.raises(AttributeError, match="priorty"):
        task.priorty = 1    # type: ignore[attr-defined]
    for value in (5, b"x"):
        with pytest.raises(sm.InvalidArgumentException, match="session_description was given"):
            session.session_description = value    # type: ignore[assignment]
    session.data = lambda *_: "replaced"    # type: ignore[method-assign, assignment, return-value]
    assert "replaced" == session.data(URL)    # type: ignore[comparison-overlap]


def test_what_an_upload_sends_is_said(session: sm.URLSession) -> None:
    """Nothing is b"": a request's own body is not sent, and its maker may not know."""
    for wrong in (None, "text", {"a": 1}):
        with pytest.raises(sm.InvalidArgumentException, match=r"from_data=...\) was given .*; it takes bytes"):
            session.upload_task(sm.URLRequest(URL, "POST", b"lost"), wrong)    # type: ignore[arg-type]


def test_resume_data_is_bytes(session: sm.URLSession) -> None:
    """What is none, but bytes, fails the download that is resumed with it (-1002); what is no bytes is refused at once."""
    for wrong in ("x", 5, ["x"]):
        with pytest.raises(sm.InvalidArgumentException, match="resume_data"):
            session.download_task(resume_data=wrong)    # type: ignore[arg-type]
        with pytest.raises(sm.InvalidArgumentException, match="resume_data"):
            session.upload_task(resume_data=wrong)    # type: ignore[arg-type]


# loadings -------------------------------------------------------------------------------------------------------------------

def test_a_loading_that_was_not_asked_for_its_outcome_says_how(session: sm.URLSession) -> None:
    """Instead of that it is not iterable."""
    loading: Any = session.data("data:,x")
    for forgotten in (lambda: loading[0], lambda: tuple(loading), lambda: iter(loading)):
        with pytest.raises(TypeError, match=r"no outcome yet: ask it for \.result\(\), or await it"):
            forgotten()
    for wrong in ("5", math.nan, True, b""):
        with pytest.raises(sm.InvalidArgumentException, match=r"result\(timeout=...\) was given"):
            loading.result(wrong)
    assert b"x" == loading.result(math.inf)[0]
