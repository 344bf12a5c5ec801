"""What responses mean to a load."""
from __future__ import annotations

import gzip
from typing import Any

import pytest

from sessionmock import (
    Answer,
    CachedURLResponse,
    CacheStoragePolicy,
    HTTPURLResponse,
    ResourceFetchType,
    ScriptRoute,
    URLCache,
    URLError,
    URLRequest,
    URLResponse,
    URLSession,
    URLSessionConfiguration,
    use_route,
)
from sessionmock.clock import SECOND
from sessionmock.core.caching import Verdict
from sessionmock.core.decoding import DecodingError
from sessionmock.core.machine import Event, Phase
from sessionmock.errors import Code
from sessionmock.load.responses import Responses
from sessionmock.models.body import IterableStream
from sessionmock.models.message import GivenResponse, Request, ResponseHead
from sessionmock.routes.base import UnconnectedChannel, Unmeasured
from tests.routes.doubles import NotingExchange

from .doubles import URL, Parts, head


class Delegate:
    def __init__(self) -> None:
        self.heard: list[Any] = []

    def data_task_did_receive_response(self, session: Any, task: Any, response: Any) -> None:
        self.heard.append(response.status_code)

    def data_task_did_receive_data(self, session: Any, task: Any, data: bytes) -> None:
        self.heard.append(data)

    def task_did_complete(self, session: Any, task: Any, error: URLError | None) -> None:
        self.heard.append(None if error is None else int(error.code))


@pytest.mark.parametrize(("coding", "body", "heard"), [
    ("sdch", b"data", [200, b"data", None]), ("utf-8", b"data", [200, b"data", None]), ("none", b"", [200, None]),
    ("gzip, aws-chunked", gzip.compress(b"data", mtime=0), [200, b"data", None]), ("gzip", b"data", [200, -1015]),
    (", ".join(["gzip"] * 6), b"data", [200, -1016])])
def test_what_is_no_content_coding_is_passed_over(coding: str, body: bytes, heard: list[Any]) -> None:
    """Its data is given as it came, and the field stays; what a coding cannot read is -1015, more codings than are undone -1016."""
    script, delegate = ScriptRoute(), Delegate()
    script.answer(Answer(headers={"Content-Encoding": coding}, body=body))

    with use_route(script), URLSession(URLSessionConfiguration.ephemeral(), delegate) as session:
        task = session.data_task("https://api.example/")
        task.resume()

    assert heard == delegate.heard
    assert task.response.value("Content-Encoding") == coding


def test_a_piece_larger_than_what_is_held_stops_nothing() -> None:
    """A route may deliver pieces of any size: reading goes on when such a piece was consumed."""

    class Lumps(UnconnectedChannel, Unmeasured):
        """Delivers 300 KB at a time, and nothing while it is paused."""

        source = "live"
        is_live = True

        def bind(self, configuration: Any, host: Any) -> Any:
            self.host = host
            return self

        def open(self, request: Any, sink: Any) -> Any:
            self.sink, self.left, self.paused = sink, 4, False
            sink.head(ResponseHead(200, []))
            self.host.post(self.deliver)
            return self

        def deliver(self) -> None:
            if self.paused or not self.left:
                return
            self.left -= 1
            if not self.left:
                self.sink.end([])
                return
            self.sink.data(b"x" * 300_000)
            self.host.post(self.deliver)

        def pause(self) -> None:
            self.paused = True

        def resume(self) -> None:
            self.paused = False
            self.host.post(self.deliver)

        def cancel(self) -> None: ...

    delegate = Delegate()
    with use_route(Lumps()), URLSession(URLSessionConfiguration.ephemeral(), delegate) as session:
        session.data_task("https://api.example/").resume()

    assert [200, 900_000, None] == [delegate.heard[0], sum(len(piece) for piece in delegate.heard[1:-1]), delegate.heard[-1]]


# alone ---------------------------------------------------------------------------------------------------------------------
class Made:
    """The responses of a load whose request is on its way."""

    def __init__(self, delegate: Any = None, *, request: Any = URL, body: Any = None, **settings: Any) -> None:
        self.parts = parts = Parts(delegate, request, body=body, **settings)
        self.responses = Responses(parts.context, parts.inbox, parts.callbacks, parts.transfer, parts.body)
        parts.owner.on["ASK_REDIRECT"] = self.responses.ask_redirect
        parts.owner.on["take"] = self.take
        self.sink = parts.sink()
        self.sink.exchange = self.exchange = NotingExchange()
        parts.runs()

    def take(self, event: Event, payload: Any) -> None:
        """As a load does it that has nothing else to do."""
        if event is Event.DATA:
            self.responses.data(payload)
        elif event is Event.RESPONSE and payload.given is not None:
            self.responses.take_given(payload.given)
        elif event is Event.END and self.responses.decodes:
            self.responses.rest(payload, Code.CANNOT_DECODE_RAW_DATA)
        else:
            self.parts.inbox.meet(event, payload)

    def answered(self, status: int = 200, headers: Any = ()) -> HTTPURLResponse:
        """A final head has come, and is judged."""
        final = head(status, list(headers))
        self.sink.status = status
        response = self.responses.read(final)
        self.responses.sort(final, response)
        self.parts.queue.run()
        return response

    def given(self, **values: Any) -> None:
        """A response that came by no wire."""
        self.responses.take_given(GivenResponse(**{"response": URLResponse(URL), **values}))

    def pieces(self) -> Any:
        """What is handed out of what lies ahead."""
        while self.parts.inbox.ahead is not None:
            self.responses.next_piece(Code.CANNOT_DECODE_RAW_DATA)
        return [note[1] for note in self.parts.owner.notes if note[0] == "CONSUME"]

    @property
    def error(self) -> Any:
        return next((note[1] for note in self.parts.owner.notes if note[0] == "FAIL"), None)

    def of(self, effect: str) -> list[Any]:
        return [note[1] for note in self.parts.owner.notes if note[0] == effect]


# heads ---------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("status", "headers"), [(200, []), (404, []), (304, []), (300, []), (302, []),
    (302, [("Location", "http:///a")]), (302, [("Location", "/a"), ("Location", "/b")])])
def test_the_final_head_is_the_response(status: int, headers: Any) -> None:
    """Of any status; one that leads elsewhere without saying where is one too."""
    made = Made()
    response = made.answered(status, headers)
    assert ([response], status, response) == (made.of("ASK_RESPONSE"), response.status_code, made.parts.transfer.last.response)


@pytest.mark.parametrize("later", [False, True])
def test_cookies_are_kept_before_anybody_hears_of_the_response(later: bool) -> None:
    """Also those of a redirect (I25), at once or when the storage lets it."""
    made, redirecting = Made(), head(302, [("Set-Cookie", "a=b")])
    assert not made.responses.brings_cookies(head(200))
    assert made.responses.brings_cookies(redirecting)
    made.responses.read(redirecting, keeps_cookies=not later)
    if later:
        made.responses.keep_cookies(redirecting)
    storage = made.parts.context.cookie_storage
    assert storage is not None
    assert ["a"] == [cookie.name for cookie in storage.cookies]


@pytest.mark.parametrize(("values", "kind"), [
    ({}, ResourceFetchType.UNKNOWN), ({"is_cached": True}, ResourceFetchType.LOCAL_CACHE)])
def test_a_response_that_came_by_no_wire(values: Any, kind: ResourceFetchType) -> None:
    """It is the response, and measured as what it is."""
    made = Made()
    made.given(**values)
    assert ([URLResponse(URL)], kind) == (made.of("ASK_RESPONSE"), made.parts.transfer.last.fetch_type)


def test_a_class_says_how_its_response_may_be_kept() -> None:
    """And a cache that was lent to it takes it."""
    made = Made(url_cache=URLCache.ephemeral())
    visit = made.responses.lend(URLRequest(URL), True)
    assert visit is made.responses.visit is not None
    visit.lend(URLRequest(URL))
    made.given(storage=CacheStoragePolicy.ALLOWED)
    visit.take(b"mine")
    assert visit.proposal(URLResponse(URL)) is not None


def test_a_class_redirects() -> None:
    """To a request of its own."""
    made, following = Made(), URLRequest(f"{URL}there")
    made.given(redirect=following)
    assert [following] == made.of("ASK_REDIRECT")


# redirects -------------------------------------------------------------------------------------------------------------------
LEADS = [("Location", "/there")]


class Redirecting:
    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def task_will_perform_http_redirection(self, session: Any, task: Any, response: Any, request: Any) -> Any:
        self.asked = response.status_code, request.url
        return self.answer(request)


def test_without_a_delegate_a_redirect_is_followed() -> None:
    """The response of this exchange is not wanted then."""
    made = Made()
    made.answered(302, LEADS)
    assert [f"{URL}there"] == [request.url for request in made.of("OPEN")]
    assert ["ASK_REDIRECT", "DROP", "OPEN"] == made.parts.owner.names()


def test_a_delegate_follows_by_a_request_of_its_own() -> None:
    """It is copied: what is changed later does not matter."""
    given = URLRequest(f"{URL}elsewhere")
    made = Made(delegate := Redirecting(lambda _: given))
    made.answered(302, LEADS)
    given.url = f"{URL}later"
    assert ((302, f"{URL}there"), [f"{URL}elsewhere"]) == (delegate.asked, [request.url for request in made.of("OPEN")])


def test_a_delegate_refuses_a_redirect() -> None:
    """It is the response then."""
    made = Made(Redirecting(lambda _: None))
    response = made.answered(302, LEADS)
    assert [response] == made.of("ASK_RESPONSE")


def test_a_redirect_that_sends_a_stream_again_needs_it_anew() -> None:
    """From the delegate, for the request that follows."""
    request = URLRequest(URL, "POST", http_body_stream=[b"body"])
    made = Made(request=request)
    made.parts.transfer.body = IterableStream([b"body"])
    made.answered(307, LEADS)
    assert [f"{URL}there"] == [following.url for following in made.of("ASK_STREAM")]


def test_redirects_are_limited() -> None:
    """One more than the configuration lets through is -1007, about the URL that was not loaded any more (I21)."""
    for limit in (20, 1, 0):
        made = Made()
        made.parts.context.configuration.maximum_redirects = limit
        made.parts.transfer.redirects = limit
        made.answered(302, LEADS)
        assert (Code.HTTP_TOO_MANY_REDIRECTS, f"{URL}there") == (made.error.code, made.error.failing_url)


def test_a_redirect_that_was_asked_about_for_too_long_is_the_response() -> None:
    """As open-source URLSession has it."""
    made = Made(Redirecting(lambda _: None))
    final = head(302, LEADS)
    response = made.responses.read(final)
    made.responses.sort(final, response)
    made.responses.settle_response()
    assert made.parts.transfer.response is response


# the cache -----------------------------------------------------------------------------------------------------------------
def stored(headers: Any) -> URLCache:
    """A cache that has a response."""
    cache = URLCache.ephemeral()
    cache.store_cached_response(CachedURLResponse(HTTPURLResponse.from_head(URL, head(200, headers)), b"kept"), URLRequest(URL))
    return cache


def test_what_the_cache_has_is_served() -> None:
    """By the load's own sink, as a route would bring it: the response, its pieces and its end."""
    made = Made(url_cache=stored([("Cache-Control", "max-age=60")]))
    assert Verdict.USE is made.responses.look(Request("GET", URL, []), made.parts.transfer.request, True)
    made.responses.serve(made.sink)
    made.parts.inbox.pump()
    transaction = made.parts.transfer.last
    assert (ResourceFetchType.LOCAL_CACHE, "cache", True, None) == (transaction.fetch_type, transaction.source, made.sink.ended, made.responses.visit)
    assert ([200], [("piece", b"kept")]) == (
        [response.status_code for response in made.of("ASK_RESPONSE")], [note for note in made.parts.owner.notes if note[0] == "piece"])


def test_a_304_serves_what_the_cache_has() -> None:
    """By an exchange of its own; the one that asked ends with its head."""
    made = Made(url_cache=stored([("Cache-Control", "max-age=0"), ("ETag", '"1"')]))
    message = Request("GET", URL, [])
    assert Verdict.REVALIDATE is made.responses.look(message, made.parts.transfer.request, True)
    made.parts.engine.let_pass(1)
    made.answered(304)
    made.parts.inbox.pump()
    asked, given = made.parts.transfer.transactions
    assert (["resume"], SECOND, "cache") == (made.exchange.calls, asked.ended, given.source)
    assert ([200], made.sink is not made.parts.inbox.sink) == ([response.status_code for response in made.of("ASK_RESPONSE")], True)


def test_a_304_that_nobody_asked_for_is_the_response() -> None:
    """The request had conditions of its own."""
    made = Made(url_cache=stored([("ETag", '"1"')]))
    made.responses.look(Request("GET", URL, [("If-None-Match", '"1"')]), made.parts.transfer.request, True)
    response = made.answered(304)
    assert [response] == made.of("ASK_RESPONSE")


def test_a_redirect_of_an_unsafe_request_makes_what_was_kept_worthless() -> None:
    """As its final answer would."""
    cache = stored([("Cache-Control", "max-age=60")])
    made = Made(request=URLRequest(URL, "POST"), url_cache=cache)
    made.responses.look(Request("POST", URL, []), made.parts.transfer.request, True)
    made.answered(303, LEADS)
    assert cache.cached_response(URL) is None


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_that_was_kept_is_asked_about(status: int) -> None:
    """As it was when the server sent it; the delegate may refuse it this time."""
    cache = URLCache.ephemeral()
    redirecting = HTTPURLResponse(URL, status, None, [*LEADS, ("Cache-Control", "max-age=60")])
    cache.store_cached_response(CachedURLResponse(redirecting, b""), URLRequest(URL))
    made = Made(delegate := Redirecting(lambda _: None), url_cache=cache)
    assert Verdict.USE is made.responses.look(Request("GET", URL, []), made.parts.transfer.request, True)
    made.responses.serve(made.sink)
    made.parts.inbox.pump()
    made.parts.queue.run()
    assert ((status, f"{URL}there"), [status]) == (delegate.asked, [response.status_code for response in made.of("ASK_RESPONSE")])


@pytest.mark.parametrize(("code", "falls_back"), [(Code.NETWORK_CONNECTION_LOST, True), (Code.UNKNOWN, False)])
def test_what_is_stale_is_served_where_nobody_answers(code: Code, falls_back: bool) -> None:
    """Where it allows that (RFC 5861, section 4)."""
    made = Made(url_cache=stored([("Cache-Control", "max-age=0, stale-if-error=60")]))
    assert made.responses.fall_back(URLError(code)) is False       # nobody has looked
    made.responses.look(Request("GET", URL, []), made.parts.transfer.request, True)
    assert falls_back is made.responses.fall_back(URLError(code))
    made.parts.inbox.pump()
    assert ([200] if falls_back else []) == [response.status_code for response in made.of("ASK_RESPONSE")]


def test_what_is_stale_is_served_where_the_server_fails() -> None:
    """By an exchange of its own, as after a 304."""
    made = Made(url_cache=stored([("Cache-Control", "max-age=0, stale-if-error=60")]))
    made.responses.look(Request("GET", URL, []), made.parts.transfer.request, True)
    made.answered(503)
    made.parts.inbox.pump()
    assert ([200], ["", "cache"]) == (
        [response.status_code for response in made.of("ASK_RESPONSE")], [each.source for each in made.parts.transfer.transactions])


def test_another_requests_answer_may_stand_in_for_the_tasks_own() -> None:
    """What the cache has for that is stale then; a visit that is made already is kept."""
    cache = stored([("Cache-Control", "max-age=60")])
    made = Made(request=URLRequest(URL, "PUT"), url_cache=cache)
    made.responses.stand_in(True)
    visit = made.responses.visit
    made.responses.stand_in(True)
    made.answered(200)
    assert (True, None) == (visit is made.responses.visit, cache.cached_response(URL))


def test_without_a_cache_there_is_no_visit() -> None:
    """The request is loaded."""
    made = Made(url_cache=None)
    assert (Verdict.LOAD, None) == (made.responses.look(Request("GET", URL, []), made.parts.transfer.request, True), made.responses.visit)
    made.responses.give_up()


def test_a_body_that_will_not_come_whole_is_not_kept() -> None:
    """What there was of it is given up."""
    made = Made(url_cache=URLCache.ephemeral())
    made.responses.look(Request("GET", URL, []), made.parts.transfer.request, True)
    made.answered(200, [("Cache-Control", "max-age=60")])
    visit = made.responses.visit
    assert visit is not None
    made.responses.give_up()
    assert visit.proposal(URLResponse(URL)) is None


# bodies ----------------------------------------------------------------------------------------------------------------------
def receiving(coding: str | None = None) -> Made:
    made = Made()
    made.answered(200, [] if coding is None else [("Content-Encoding", coding)])
    made.parts.machine.phase = Phase.RECEIVING
    return made


def test_a_body_that_is_not_encoded_is_handed_out_as_it_comes() -> None:
    """It counts as held while it is in somebody's hands."""
    made = receiving()
    made.responses.data(b"data")
    assert ([b"data"], 4, 4, False) == (made.of("CONSUME"), made.sink.taken, made.parts.transfer.received, made.responses.decodes)


def test_an_encoded_body_is_handed_out_in_pieces() -> None:
    """Decoded one by one as they are taken; what came is counted."""
    made, data = receiving("gzip"), gzip.compress(b"x" * 300_000)
    for part in (data[:100], data[100:]):
        made.responses.data(part)
        made.pieces()
    assert (b"x" * 300_000, len(data), True) == (b"".join(made.of("CONSUME")), made.parts.transfer.received, made.responses.decodes)
    made.responses.rest([("A", "b")], Code.CANNOT_DECODE_RAW_DATA)
    made.parts.inbox.pump()
    assert ([[("A", "b")]], False) == (made.of("ASK_STORE"), made.responses.decodes)


def test_a_piece_that_decodes_to_nothing_is_none() -> None:
    """A coding's own head brings no data."""
    made = receiving("gzip")
    made.parts.inbox.ahead = iter([b"", b"data"])
    assert [b"data"] == made.pieces()


def test_what_a_decoder_still_holds_comes_before_the_end() -> None:
    """Where it holds anything back."""
    class Holding:
        def flush(self) -> bytes:
            return b"rest"

    made = receiving("gzip")
    made.responses._decoder = Holding()     # type: ignore[assignment]
    made.parts.transfer.received = 1
    made.responses.rest([], Code.CANNOT_DECODE_RAW_DATA)
    assert [b"rest"] == made.pieces()
    made.parts.inbox.pump()
    assert [[]] == made.of("ASK_STORE")


def test_an_encoded_body_that_is_empty_is_empty() -> None:
    """It need not have the end of its coding: there is no body."""
    made = receiving("gzip")
    made.responses.rest([], Code.CANNOT_DECODE_RAW_DATA)
    made.parts.inbox.pump()
    assert ([[]], None) == (made.of("ASK_STORE"), made.error)


@pytest.mark.parametrize("coding", ["gzip", ", ".join(["gzip"] * 6)])
def test_a_body_whose_coding_is_broken_fails_the_load(coding: str) -> None:
    """With the consumer's code; one in more codings than are undone with -1016."""
    made = receiving(coding)
    made.responses.data(b"no such thing")
    assert [] == made.pieces()
    expected = Code.CANNOT_DECODE_RAW_DATA if coding == "gzip" else Code.CANNOT_DECODE_CONTENT_DATA
    assert (expected, True) == (made.error.code, isinstance(made.error.underlying_error, DecodingError))


def test_a_body_that_is_cut_short_fails_the_load() -> None:
    """With what the consumer says of an end that came too early."""
    made = receiving("gzip")
    made.responses.data(gzip.compress(b"data")[:-4])
    assert [b"data"] == made.pieces()
    made.responses.rest([], Code.DOWNLOAD_DECODING_FAILED_TO_COMPLETE)
    assert Code.DOWNLOAD_DECODING_FAILED_TO_COMPLETE is made.error.code


def test_a_cache_file_that_cannot_be_read_fails_the_load() -> None:
    """What is served lies ahead like any body."""
    def pieces() -> Any:
        yield b"ke"
        raise OSError("bad sector")

    made = receiving()
    made.responses.data(pieces())
    assert [b"ke"] == made.pieces()
    assert (Code.CANNOT_DECODE_RAW_DATA, "bad sector") == (made.error.code, str(made.error.underlying_error))


# ends ------------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("part", "calls"), [(Responses.drop, ["resume"]), (lambda responses: responses.abort(None), ["cancel"])])
def test_an_exchange_is_parted_from_once(part: Any, calls: list[str]) -> None:
    """Its events count no more, nor what lies ahead of them."""
    made = receiving("gzip")
    made.responses.data(gzip.compress(b"data"))
    part(made.responses)
    part(made.responses)
    assert (calls, None, None, False) == (made.exchange.calls, made.parts.inbox.sink, made.parts.inbox.ahead, made.responses.decodes)
