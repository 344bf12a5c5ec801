"""URLProtocol classes: consulted before the route."""
from __future__ import annotations

from typing import Any

import pytest

from sessionmock import (
    GenericException,
    HTTPURLResponse,
    InvalidArgumentException,
    ScriptRoute,
    URLError,
    URLProtocol,
    URLRequest,
    URLResponse,
    URLSession,
    URLSessionConfiguration,
    use_route,
)


class Echo(URLProtocol):
    """Answers my: URLs with their own text."""

    stopped: list[str]

    @classmethod
    def can_init_with_request(cls, request: URLRequest) -> bool:
        return (request.url or "").startswith("my:") and URLProtocol.property("seen", request) is None

    def start_loading(self) -> None:
        url = self.request.url or ""
        if url == "my:redirect":
            self.client.was_redirected(URLRequest("https://api.example/"), HTTPURLResponse(url, 302))
        elif url == "my:failure":
            self.client.did_fail(OSError("no paper"))
        elif url == "my:crash":
            raise RuntimeError("out of ink")
        elif url != "my:silence":
            self.client.did_receive_response(URLResponse(url, "text/plain", len(url)))
            self.client.did_load(url.encode())
            self.client.did_finish_loading()
            self.client.did_load(b"too late")

    def stop_loading(self) -> None:
        self.stopped.append(self.request.url or "")


@pytest.fixture
def session() -> Any:
    Echo.stopped = []
    script = ScriptRoute()
    script.get("https://api.example/").respond(200, text="route")
    configuration = URLSessionConfiguration.ephemeral()
    configuration.protocol_classes = [Echo]
    with use_route(script), URLSession(configuration) as made:
        yield made


def test_a_class_that_takes_a_request_answers_it(session: URLSession) -> None:
    """The first class that says True loads the request, and is stopped at its end; data after the end is dropped."""
    assert b"my:thing" == session.data("my:thing").result()[0]


def test_other_requests_take_the_route(session: URLSession) -> None:
    """A request that no class takes goes the usual way."""
    assert b"route" == session.data("https://api.example/").result()[0]


def test_a_scheme_that_nobody_takes_is_unsupported(session: URLSession) -> None:
    """-1002 where no class and no route knows the scheme."""
    with pytest.raises(URLError) as failure:
        session.data("other:thing").result()
    assert URLError.Code.UNSUPPORTED_URL == failure.value.code


def test_a_class_can_redirect(session: URLSession) -> None:
    """`was_redirected` begins a new load with the new request."""
    assert b"route" == session.data("my:redirect").result()[0]


@pytest.mark.parametrize("url", ["my:failure", "my:crash"])
def test_a_class_can_fail(session: URLSession, url: str) -> None:
    """What `did_fail` is given, or `start_loading` raises, is the error's underlying one."""
    with pytest.raises(URLError) as failure:
        session.data(url).result()
    assert isinstance(failure.value.underlying_error, OSError | RuntimeError)


def test_cancelling_stops_the_class(session: URLSession) -> None:
    """A cancelled load stops its protocol, and ends with -999."""
    loading = session.data("my:silence")
    loading.cancel()
    with pytest.raises(URLError) as failure:
        loading.result()
    assert URLError.Code.CANCELLED == failure.value.code


def test_tags_travel_with_copies() -> None:
    """A property set on a request is on its copies, until it is removed; other requests do not have it."""
    request = URLRequest("my:thing")
    URLProtocol.set_property(1, "seen", request)
    copy = request.copy()
    URLProtocol.remove_property("seen", request)

    assert (None, 1) == (URLProtocol.property("seen", request), URLProtocol.property("seen", copy))


def test_what_is_no_protocol_class_is_refused() -> None:
    """`register_class` says False to anything but a subclass."""
    assert URLProtocol.register_class(int) is False  # type: ignore[arg-type]
    configuration = URLSessionConfiguration.ephemeral()
    configuration.protocol_classes = [int]
    with pytest.raises(InvalidArgumentException, match="int"):
        URLSession(configuration)


def test_data_before_the_response_is_misuse() -> None:
    """`did_load` before `did_receive_response` raises where it is called."""

    class Hasty(Echo):
        def start_loading(self) -> None:
            self.client.did_load(b"x")

    configuration = URLSessionConfiguration.ephemeral()
    configuration.protocol_classes = [Hasty]
    Hasty.stopped = []
    with URLSession(configuration) as session, pytest.raises(URLError) as failure:
        session.data("my:thing").result()
    assert isinstance(failure.value.underlying_error, GenericException)
