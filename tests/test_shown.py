"""What reports and reprs print: no secret, and the values themselves stay as they are."""
from __future__ import annotations

import subprocess
import sys
import threading
import traceback
from datetime import UTC, datetime
from typing import Any

import pytest

import sessionmock as sm
from sessionmock import shown
from sessionmock.history import Ended, Opened
from sessionmock.models.message import Request, ResponseHead
from sessionmock.routes.cassette import Interaction, RecordedRequest, RecordedResponse
from sessionmock.routes.cassette.asked import Asked
from sessionmock.trace import ExchangeRecord

PASSWORD, TOKEN = "PASSWORD1", "SECRET2SECRET2SECRET"      # nobody's
URL = f"https://ann:{PASSWORD}@api.test/me?access_token={TOKEN}&page=2"
FIELDS = [("Authorization", f"Bearer {TOKEN}"), ("Cookie", f"sid={PASSWORD}"), ("Accept", "*/*")]


def told(error: BaseException) -> str:
    return f"{error} {error!r}"


def failed(**info: Any) -> sm.URLError:
    return sm.URLError(-1004, {"NSErrorFailingURLKey": URL, "NSErrorFailingURLStringKey": URL, **info})


PRINTED: dict[str, Any] = {
    "request": lambda: sm.URLRequest(URL, all_http_header_fields=dict(FIELDS)),
    "response": lambda: sm.URLResponse(URL, "text/plain", 3),
    "http response": lambda: sm.HTTPURLResponse(URL, 200, "HTTP/1.1", dict(FIELDS)),
    "cached response": lambda: sm.CachedURLResponse(sm.HTTPURLResponse(URL, 200), TOKEN.encode()),
    "cookie": lambda: sm.HTTPCookie(name="sid", value=PASSWORD, domain="api.test", path="/"),
    "cookies": lambda: [sm.HTTPCookie(name="sid", value=TOKEN, domain="api.test", path="/")],
    "credential": lambda: sm.URLCredential("ann", PASSWORD),
    "challenge": lambda: sm.URLAuthenticationChallenge(
        protection_space=sm.URLProtectionSpace("api.test", 443, "https", "r", sm.NSURLAuthenticationMethodHTTPBasic),
        proposed_credential=sm.URLCredential("ann", PASSWORD), failure_response=sm.HTTPURLResponse(URL, 401), error=failed()),
    "error": failed,
    "error over another": lambda: failed(NSUnderlyingErrorKey=ValueError(f"no answer of {URL}"), NSLocalizedDescriptionKey=f"no answer of {URL}"),
    "error with resume data": lambda: failed(NSURLSessionDownloadTaskResumeData=f"Authorization: {TOKEN}".encode()),
    "error with more": lambda: failed(token=TOKEN, nested={"password": PASSWORD, "seen": [URL, (URL,)]}),
    "miss": lambda: sm.UnmatchedRequest(f"GET {URL} is not answered:\n  Authorization: Bearer {TOKEN}\n  body {{\"password\": \"{PASSWORD}\"}}"),
    "outgoing request": lambda: Request("GET", URL, list(FIELDS), f"password={PASSWORD}".encode()),
    "head": lambda: ResponseHead(302, [("Set-Cookie", f"sid={PASSWORD}"), ("Location", URL)]),
    "exchange": lambda: ExchangeRecord("GET", URL, 200, "live", 1.0, str(failed())),
    "opened": lambda: Opened(1, 2, None, 3, "GET", URL, "live"),
    "ended": lambda: Ended(1, 2, None, 3, "GET", URL, 200, "live", 1.0, ""),
    "recorded": lambda: Interaction(RecordedRequest("GET", URL, list(FIELDS), TOKEN.encode()), RecordedResponse(200, "OK", list(FIELDS), b"")),
    "asked": lambda: Asked("GET", URL, list(FIELDS), TOKEN.encode()),
    "answer": lambda: sm.Answer(headers=dict(FIELDS), body=f'{{"access_token": "{TOKEN}"}}', trailers=[("Set-Cookie", f"sid={PASSWORD}")]),
    "event": lambda: sm.ServerSentEvent(f"see {URL}"),
    "transaction": lambda: sm.URLSessionTaskTransactionMetrics(sm.URLRequest(URL), sm.HTTPURLResponse(URL, 200)),
}


@pytest.mark.parametrize("name", PRINTED)
def test_no_secret_is_printed(name: str) -> None:
    """Neither by repr nor by str; the pseudonym stands where it stood."""
    made = PRINTED[name]()
    text = f"{made!r} {made}"
    assert (False, False) == (PASSWORD in text, TOKEN in text)


@pytest.mark.parametrize("misuse", [
    lambda: sm.URLRequest(URL).set_value(f"Bearer {TOKEN}\n", for_http_header_field="Authorization"),
    lambda: sm.URLSession.shared.data_task(URL.encode()),      # type: ignore[call-overload]
    lambda: sm.HTTPCookie(name="sid", value=f"{TOKEN};", domain="api.test", path="/"),
    lambda: setattr(sm.URLSessionConfiguration.ephemeral(), "http_additional_headers", {"X-Api-Token": TOKEN, "Accept": 5}),
    lambda: setattr(sm.URLRequest(URL), "timeout_interval", URL),
    lambda: sm.URLSession.shared.upload_task(sm.URLRequest(URL), f"password={PASSWORD}&api_key={TOKEN}"),      # type: ignore[call-overload]
    lambda: sm.Answer(body=[(URL, 1.0)]),      # type: ignore[list-item]
    lambda: setattr(sm.URLRequest(URL), "all_http_header_fields", [("Authorization", TOKEN), ("Accept",)]),
])
def test_what_is_refused_is_shown_without_secrets(misuse: Any) -> None:
    """The error of a misuse names the value."""
    with pytest.raises(sm.InvalidArgumentException) as caught:
        misuse()
    text = told(caught.value)
    assert (False, False) == (PASSWORD in text, TOKEN in text)


@pytest.mark.parametrize("url", [
    f"https://ann:{PASSWORD}/x@api.test/", f"https://ann:x/{PASSWORD}@api.test/me?q=a@b", f"https://ann:{PASSWORD}#x@api.test/",
    f"https://ann:x?{PASSWORD}@api.test/", f"https://ann:x@{PASSWORD}@api.test/", f"//ann:{PASSWORD}@api.test/",
])
def test_no_password_of_a_broken_url_is_printed(url: str) -> None:
    """One with a "/", "?", "#" or "@" that should have been encoded, or without a scheme; nor by what lies under the error of its load."""
    assert PASSWORD not in f"{shown.url(url)} {shown.value(url)} {shown.text(f'see {url} there')} {sm.URLRequest(url)!r}"
    with sm.use_route(sm.ScriptRoute().answer()), sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        try:
            session.data(url).result()
        except sm.URLError as error:
            assert PASSWORD not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize("url", [f"https:/ann:{PASSWORD}@api.test/", f"ann:{PASSWORD}@api.test/", f"https://ann:x y{PASSWORD}@api.test/"])
def test_what_is_known_to_be_a_url_may_be_more_broken(url: str) -> None:
    """Behind less than two slashes, or with a blank."""
    assert PASSWORD not in f"{shown.url(url)} {sm.URLRequest(url)!r} {sm.URLError(-1000, {'NSErrorFailingURLStringKey': url})}"


@pytest.mark.parametrize("url", ["https://api.test:8443/npm/vue@3", "https://[::1]/a:b@c", "https://api.test/a:b/c@d", "https://api.test/?mail=a@b.c"])
def test_what_is_no_password_is_shown(url: str) -> None:
    """An "@" elsewhere in a URL says nothing."""
    assert (url, url) == (shown.url(url), shown.text(url))


def test_values_stay_as_they_are() -> None:
    """Members have what they had, and an error that was pickled too."""
    request, response, error = sm.URLRequest(URL), sm.HTTPURLResponse(URL, 200), failed()
    cookie = sm.HTTPCookie(name="sid", value=PASSWORD, domain="api.test", path="/")
    for made in (request, response, error, cookie):
        repr(made)
    assert (URL, URL, URL, PASSWORD) == (request.url, response.url, error.failing_url, cookie.value)
    assert (URL, False) == (ExchangeRecord("GET", URL, 200, "live", 1.0).url, PASSWORD in ExchangeRecord("GET", URL, 200, "live", 1.0).shown_url)


def test_one_secret_has_one_pseudonym_the_cassettes_too() -> None:
    """So that lines of a report can be held against each other, and against a file."""
    assert shown.url(URL) == sm.Secrets().url(URL)
    assert shown.secret(TOKEN) in shown.url(URL)
    assert shown.headers(FIELDS) == sm.Secrets().headers(FIELDS)


@pytest.mark.parametrize("plain", [
    "https://api.test/me?page=2", "/relative", "", "not a url", None, 7])
def test_what_has_no_secret_is_shown_as_it_is(plain: Any) -> None:
    """What is no text, too."""
    assert plain == shown.url(plain)


@pytest.mark.parametrize(("one", "text"), [
    ({"a": 1, "b": [1, (2,), ()]}, "{'a': 1, 'b': [1, (2,), ()]}"), ("text", "'text'"), (None, "None"), (b"abc", "<3 bytes>"),
    (datetime(2026, 1, 1, tzinfo=UTC), "datetime.datetime(2026, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)"),
])
def test_other_values_are_shown_by_their_repr(one: Any, text: str) -> None:
    """But for bytes, which are whatever they are."""
    assert text == shown.value(one)


def test_what_a_load_tells_has_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks and loadings, warnings, what is reported of user code, and the errors of a script without an answer."""
    reports: list[BaseException] = []
    monkeypatch.setattr(threading, "excepthook", lambda arguments: reports.append(arguments.exc_value))
    configuration = sm.URLSessionConfiguration.ephemeral()
    configuration.url_cache = type("Mine", (sm.URLCache,), {"get_cached_response_for_task": lambda *_: 1 / 0})()
    texts = []
    with (sm.virtual_time(), sm.use_route(sm.ScriptRoute()), pytest.warns(ResourceWarning) as warned,
          sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session, sm.URLSession(configuration) as other):
        session.data_task(URL)
        for made in (session, other):
            loading = made.data(URL)
            with pytest.raises(sm.URLError) as caught:
                loading.result()
            texts += [repr(loading), repr(loading.task), told(caught.value), told(caught.value.__cause__ or caught.value)]
    texts += [str(each.message) for each in warned] + [f"{each} {each.__notes__}" for each in reports]
    assert 1 == len(reports)
    assert [] == [text for text in texts if PASSWORD in text or TOKEN in text]


def test_nothing_is_loaded_before_something_is_printed() -> None:
    """Neither where secrets stand nor what cassettes are is known to a program that only loads."""
    code = ("import sys, sessionmock as sm\n"
            "with sm.use_route(sm.ScriptRoute().answer()), sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:\n"
            "    session.data('https://ann:pw@a.test/?token=abc').result()\n"
            "assert not [name for name in sys.modules if name.startswith(('sessionmock.secrets', 'sessionmock.routes.cassette'))]\n"
            "repr(sm.URLRequest('https://a.test/'))\n"
            "assert 'sessionmock.secrets.scrubber' in sys.modules and 'sessionmock.routes.cassette' not in sys.modules\n")
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize("error", [OSError(24, "Too many open files"), ImportError("sys.meta_path is None, Python is likely shutting down")])
def test_nothing_is_shown_where_secrets_cannot_be_looked_up(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """What knows of secrets is imported late, which can fail: then what may be one is left out, and a repr fails nobody."""
    def fail() -> Any:
        raise error

    monkeypatch.setattr(shown, "_loaded", fail)
    assert ["(hidden)"] * 3 == [shown.url("https://a.test/?token=abc"), shown.text("token=abc"), shown.secret("abc")]
    assert [("Authorization", "(hidden)")] == shown.headers([("Authorization", "Bearer abc")])
    assert "abc" not in shown.value({"token": "abc", "more": ["abc"]})


def test_numbers_of_things() -> None:
    """One is no plural."""
    assert ["0 cassettes", "1 cassette", "2 cassettes"] == [shown.counted(number, "cassette") for number in range(3)]
