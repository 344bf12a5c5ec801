"""Fields of a configuration that belong to one origin: they go to that of the original request, and nowhere else (I26)."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

import sessionmock as sm

HOME = "https://a.test/"
SECRETS = {"Authorization": "Bearer one", "Cookie": "sid=two", "Proxy-Authorization": "Basic three", "Host": "inner.test"}
Fields = dict[str, str]


def secrets_of(headers: Mapping[str, str]) -> Fields:
    return {name: headers[name] for name in SECRETS if name in headers and (name, headers[name]) in SECRETS.items()}


pytestmark = pytest.mark.filterwarnings("ignore::sessionmock.SettingWarning")     # some of the secrets are URLSession's own


class Asked:
    """Notes the secrets of the requests that redirects are asked about, and answers with what `change` makes of them."""

    def __init__(self, change: Callable[[sm.URLRequest], sm.URLRequest | None] = lambda request: request) -> None:
        self.shown: list[Fields] = []
        self.change = change

    def task_will_perform_http_redirection(self, session: Any, task: Any, response: Any, request: sm.URLRequest) -> Any:
        self.shown.append(secrets_of(request.all_http_header_fields))
        return self.change(request)


def script_of(hops: Mapping[str, str | None]) -> sm.ScriptRoute:
    """Each URL leads to the next, by 302; None: there is the answer."""
    script = sm.ScriptRoute()
    for url, location in hops.items():
        script.get(url).respond(200 if location is None else 302, headers=None if location is None else {"Location": location})
    return script


def secrets(hops: Mapping[str, str | None], delegate: object | None = None, request: Any = HOME, **fields: str) -> list[Fields]:
    """The secrets of each request that arrives."""
    configuration = sm.URLSessionConfiguration.ephemeral()
    configuration.http_additional_headers = {**SECRETS, "X-Mine": "goes everywhere", **fields}
    script = script_of(hops)
    with sm.use_route(script), sm.URLSession(configuration, delegate) as session:
        session.data(request).result()
    assert {"goes everywhere"} == {call.request.headers["x-mine"] for call in script.calls}
    return [secrets_of(call.request.headers) for call in script.calls]


@pytest.mark.parametrize("elsewhere", ["https://b.test/x", "http://a.test/x", "https://a.test:8443/x", "https://a.b.a.test/x"])
def test_no_secret_goes_to_another_origin(elsewhere: str) -> None:
    """Another host, port or scheme, the unencrypted one too; the delegate sees that they stay behind."""
    delegate = Asked()
    assert [SECRETS, {}] == secrets({HOME: elsewhere, elsewhere: None}, delegate)
    assert [{}] == delegate.shown


def test_the_delegate_is_shown_what_goes_along_within_the_origin() -> None:
    """And what it takes away is not sent."""
    hops = {HOME: "/next", f"{HOME}next": "/last", f"{HOME}last": None}
    delegate = Asked()
    assert [SECRETS] * 3 == secrets(hops, delegate)
    assert [SECRETS] * 2 == delegate.shown

    def without(request: sm.URLRequest) -> sm.URLRequest:
        request.set_value(None, "Authorization")
        return request
    rest = {name: value for name, value in SECRETS.items() if name != "Authorization"}
    assert [SECRETS, rest] == secrets({HOME: "/next", f"{HOME}next": None}, Asked(without))


def test_a_way_back_to_the_origin_has_them_again() -> None:
    """They are the original request's origin's."""
    assert [SECRETS, {}, SECRETS] == secrets({HOME: "https://b.test/", "https://b.test/": f"{HOME}back", f"{HOME}back": None})


def test_a_delegate_that_leads_elsewhere_takes_none_along() -> None:
    """Neither by changing where the request goes that it was shown, nor by one of its own; what it adds itself goes."""
    hops = {HOME: "/next", "https://b.test/": None}

    def moved(request: sm.URLRequest) -> sm.URLRequest:
        request.url = "https://b.test/"
        return request

    def adding(request: sm.URLRequest) -> sm.URLRequest:
        request.set_value(SECRETS["Authorization"], "Authorization")
        return request
    assert [SECRETS, {}] == secrets(hops, Asked(moved))
    assert [SECRETS, {}] == secrets(hops, Asked(lambda request: sm.URLRequest("https://b.test/")))
    hops = {HOME: "https://b.test/", "https://b.test/": None}
    assert [SECRETS, {"Authorization": "Bearer one"}] == secrets(hops, Asked(adding))


def test_a_request_with_a_field_of_its_own_never_gets_the_configurations() -> None:
    """Neither at first, nor where its own was left behind on the way."""
    request = sm.URLRequest(HOME, all_http_header_fields={"authorization": "Bearer its own"})
    rest = {name: value for name, value in SECRETS.items() if name != "Authorization"}
    assert [rest, {}, rest] == secrets({HOME: "https://b.test/", "https://b.test/": f"{HOME}back", f"{HOME}back": None}, request=request)


class Leading(sm.URLProtocol):
    """Sends the request elsewhere with every field that it has."""

    @classmethod
    def can_init_with_request(cls, request: sm.URLRequest) -> bool:
        return request.url == HOME

    def start_loading(self) -> None:
        following = self.request.copy()
        following.url = "https://b.test/"
        self.client.was_redirected(following, sm.HTTPURLResponse(HOME, 302, "HTTP/1.1", {}))


def test_a_protocol_class_takes_none_along() -> None:
    """A class sees every field that its request goes out with."""
    configuration = sm.URLSessionConfiguration.ephemeral()
    configuration.http_additional_headers, configuration.protocol_classes = SECRETS, [Leading]
    script = script_of({"https://b.test/": None})
    with sm.use_route(script), sm.URLSession(configuration) as session:
        session.data(HOME).result()
    assert [{}] == [secrets_of(call.request.headers) for call in script.calls]
