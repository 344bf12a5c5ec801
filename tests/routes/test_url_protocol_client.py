"""URLProtocol without a session: what its client takes, and in which order; what classes are asked."""
from __future__ import annotations

from typing import Any

import pytest

import sessionmock as sm
from sessionmock import (
    AuthChallengeDisposition,
    CachedURLResponse,
    GenericException,
    HTTPURLResponse,
    InvalidArgumentException,
    URLProtocol,
    URLRequest,
    URLResponse,
)
from sessionmock.models.message import Request
from sessionmock.routes.url_protocol import URLProtocolClient, checked, consult

from .doubles import FakeHost, RecordingSink, Stream

URL = "my:thing"
RESPONSE = URLResponse(URL, "text/plain", 3)


class Occasion:
    """What a load lends."""

    def __init__(self) -> None:
        self.passed = 0
        self.asked: list[Any] = []
        self.withdrawn: list[Any] = []
        self.stored: CachedURLResponse | None = None

    def cached(self, request: URLRequest) -> CachedURLResponse | None:
        return self.stored

    def ask(self, challenge: Any, answered: Any) -> None:
        self.asked.append(challenge)
        answered(AuthChallengeDisposition.PERFORM_DEFAULT_HANDLING, None)

    def withdraw(self, challenge: Any) -> None:
        self.withdrawn.append(challenge)

    def pass_by(self) -> None:
        self.passed += 1


class Bench:
    """A client with its sink and occasion."""

    def __init__(self, request: URLRequest | None = None) -> None:
        self.sink, self.occasion = RecordingSink(), Occasion()
        self.request = request or URLRequest(URL)
        self.shown = self.request.copy()
        self.client = URLProtocolClient(self.sink, self.request, self.shown, self.occasion)
        self.ended = 0
        self.client.on_end = self.note

    def note(self) -> None:
        self.ended += 1


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_second_response_is_misuse(bench: Bench) -> None:
    """Also one after a redirect or a stored response."""
    bench.client.cached_response_is_valid(CachedURLResponse(RESPONSE, b"abc"))
    assert (["head", "data", "end"], True) == (bench.sink.names, bench.sink.calls[0][1].given.is_cached)
    for call in (lambda: bench.client.did_receive_response(RESPONSE),
                 lambda: bench.client.was_redirected(URLRequest(URL), HTTPURLResponse(URL, 302))):
        with pytest.raises(GenericException, match="responds once"):
            call()


def test_a_challenge_comes_first(bench: Bench) -> None:
    """It is put to the delegate, and may be withdrawn; after the response it is misuse, after the end nobody is asked."""
    answers: list[Any] = []
    space = sm.URLProtectionSpace("a.test", 443, "https", "r", sm.NSURLAuthenticationMethodHTTPBasic)
    challenge = sm.URLAuthenticationChallenge(protection_space=space)
    bench.client.did_receive_challenge(challenge, lambda *answer: answers.append(answer))
    bench.client.did_cancel_challenge(challenge)
    assert ([challenge], [challenge], 1) == (bench.occasion.asked, bench.occasion.withdrawn, len(answers))
    bench.client.end()
    bench.client.did_receive_challenge(challenge, lambda *answer: None)
    bench.client.did_receive_response(RESPONSE)
    with pytest.raises(GenericException, match="a challenge comes first"):
        bench.client.did_receive_challenge(challenge, lambda *answer: None)
    assert [challenge] == bench.occasion.asked


@pytest.mark.parametrize("body", [None, b"abc", "stream"])
def test_a_redirect_carries_the_body_as_the_task_has_it(body: Any) -> None:
    """Where the new request has the stream that the class was shown, and perhaps read."""
    request = URLRequest(URL)
    if body == "stream":
        request.http_body_stream = Stream(b"abc")    # type: ignore[assignment]
    else:
        request.http_body = body
    bench = Bench(request)
    bench.shown.http_body_stream = Stream(b"")    # type: ignore[assignment]
    following = URLRequest("my:other")
    following.http_body_stream = bench.shown.http_body_stream
    bench.client.was_redirected(following, HTTPURLResponse(URL, 302))
    told = bench.sink.calls[0][1].given.redirect
    if body == "stream":
        assert request.http_body_stream is told.http_body_stream
    else:
        assert body == told.http_body
    other = Bench(request)
    other.client.was_redirected(URLRequest("my:other"), HTTPURLResponse(URL, 302))
    assert (None, None) == (other.sink.calls[0][1].given.redirect.http_body, other.sink.calls[0][1].given.redirect.http_body_stream)


# classes ----------------------------------------------------------------------------------------------------------------

class Taking(URLProtocol):
    """Takes everything and ends at once."""

    made: list[Any]

    @classmethod
    def can_init_with_request(cls, request: URLRequest) -> bool:
        return True

    def start_loading(self) -> None:
        self.made.append(self)
        self.client.did_receive_response(RESPONSE)
        self.client.did_finish_loading()

    def stop_loading(self) -> None:
        super().stop_loading()


class Task:
    current_request = URLRequest(URL)


def asked(*classes: type[URLProtocol], body: Any = None, cancels: bool = False) -> tuple[RecordingSink, Occasion]:
    host, sink, occasion = FakeHost(), RecordingSink(), Occasion()
    exchange = consult(classes, Task(), URLRequest(URL), Request("GET", URL, [("A", "1")], body), sink, occasion, host)
    exchange.pause()
    exchange.resume()
    if cancels:
        exchange.cancel()
    host.run()
    return sink, occasion


def test_the_first_class_that_takes_a_request_gets_it() -> None:
    """With the headers that it goes out with, its body as a stream; the others are not made."""
    Taking.made = []

    class Other(Taking):
        @classmethod
        def can_init_with_request(cls, request: URLRequest) -> bool:
            return False

    stream = Stream(b"abc")
    sink, occasion = asked(Other, Taking, Taking, body=stream)
    (made,) = Taking.made
    assert ("1", Taking, ["head", "end"], 0) == (made.request.value("A"), type(made), sink.names, occasion.passed)
    assert 1 == stream.closed
    assert 1 == asked(Other, body=b"abc")[1].passed


def test_the_form_for_tasks_goes_before_that_for_requests() -> None:
    """Where a class overrides it; where not, it says what the other says."""
    class OfTasks(Taking):
        @classmethod
        def can_init_with_task(cls, task: Any) -> bool:
            return False

    assert 1 == asked(OfTasks)[1].passed
    assert Taking.can_init_with_task(Task())
    with pytest.raises(NotImplementedError, match="overrides neither"):
        URLProtocol.can_init_with_task(Task())


def test_a_class_that_does_not_load_fails_its_load() -> None:
    """What `start_loading` raises, also the one that is not there."""
    class Idle(Taking):
        start_loading = URLProtocol.start_loading

    sink, _ = asked(Idle)
    assert "does not override start_loading" in str(sink.calls[0][1].underlying_error)


def test_a_load_that_was_cancelled_starts_nothing() -> None:
    """A class is made, and stopped."""
    Taking.made = []
    sink, _ = asked(Taking, cancels=True)
    assert ([], []) == (Taking.made, sink.calls)


@pytest.mark.parametrize("wrong", [int, "Taking", None])
def test_what_is_no_class_of_protocols_is_refused(wrong: Any) -> None:
    """With what it is."""
    assert [Taking] == checked([Taking])
    with pytest.raises(InvalidArgumentException, match="is no subclass of URLProtocol"):
        checked([Taking, wrong])
