"""The script route: answers in order, respx routers, where user code runs, misses, and its way over time."""
from __future__ import annotations

import asyncio
import gzip
import math
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import respx

from sessionmock.clock import SECOND, JumpingClock
from sessionmock.errors import Code, InvalidArgumentException, SessionMockError, UnmatchedRequest, URLError
from sessionmock.models.message import Request, ResponseHead
from sessionmock.routes.script import Answer, ScriptRoute

from .origin import LoopHost, Recorder, Stream

URL = "https://api.test/things"


class VirtualHost:
    """An engine that runs when its clock is driven, on the thread that drives it."""

    def __init__(self) -> None:
        self.clock = JumpingClock()
        self.worked = 0

    def post(self, call: Any, *arguments: Any) -> None:
        self.clock.call_at(self.clock.now(), call, *arguments)

    def work(self, call: Any, *arguments: Any) -> None:
        self.worked += 1
        self.post(call, *arguments)

    def run(self, seconds: float) -> None:
        """Let virtual time pass."""
        lock = threading.Lock()
        lock.acquire()
        self.clock.park(lock, self.clock.now() + int(seconds * SECOND))


class Bench:
    """A script, its channel and a host to drive."""

    def __init__(self, **values: Any) -> None:
        self.script = ScriptRoute(**values)
        self.host = VirtualHost()
        self.channel = self.script.bind(None, self.host)

    def open(self, method: str = "GET", url: str = URL, *fields: tuple[str, str], body: Any = None) -> Recorder:
        sink = Recorder()
        sink.exchange = self.channel.open(Request(method, url, list(fields), body), sink)
        return sink

    def load(self, *arguments: Any, **values: Any) -> Recorder:
        sink = self.open(*arguments, **values)
        self.host.run(0)
        assert sink.done.is_set()
        return sink


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.channel.close()


# Answers in order

def test_answers_are_given_in_order_and_before_any_route(bench: Bench) -> None:
    """Each request takes the next answer, whatever it asks for, and respx routes answer when none is left."""
    bench.script.get(URL).respond(204)
    bench.script.answer(status=201).answers([Answer(202), Answer(203)])
    assert [201, 202, 203, 204] == [bench.load().status for _ in range(4)]


def test_an_answer_carries_all_its_parts(bench: Bench) -> None:
    """Status, reason, version, headers as written, 1xx heads, body and trailers reach the sink before `open` returns."""
    early = ResponseHead(103, [("Link", "</a>")])
    bench.script.answer(
        status=418, headers=[("X-A", "1"), ("x-a", "2")], body="hé", reason="I'm a teapot", http_version="HTTP/1.0",
        informational=[100, early], trailers=[("Digest", "x")],
    )
    sink = bench.open("POST", body=b"abc")
    assert ["sent", "informational", "head", "data", "end"] == sink.events
    assert [ResponseHead(418, [("X-A", "1"), ("x-a", "2")], "I'm a teapot", "HTTP/1.0")] == sink.heads
    assert [100, 103] == [head.status for head in sink.early]
    assert "hé".encode() == sink.body
    assert [("Digest", "x")] == sink.trailers
    assert 3 == sink.uploaded


def test_an_answer_to_head_is_given_as_it_was_written(bench: Bench) -> None:
    """With its body, from an answer and from a respx route alike, as respx has it: what HEAD means is its reader's matter."""
    bench.script.answer(body=b"abc", headers={"Content-Length": "3"})
    bench.script.head(URL).respond(text="abc")
    for sink in (bench.load("HEAD"), bench.load("HEAD")):
        assert ["head", "data", "end"] == sink.events
        assert "3" in dict(sink.heads[0].headers).values()


def test_a_mapping_of_headers_is_taken_as_pairs(bench: Bench) -> None:
    """Headers may be written as a dict."""
    bench.script.answer(headers={"X-A": "1"})
    assert [("X-A", "1")] == bench.load().heads[0].headers


def test_a_delay_passes_before_the_head(bench: Bench) -> None:
    """An answer comes its delay after the request, by the engine's clock."""
    bench.script.answer(delay=1.5, body=b"x")
    sink = bench.open()
    bench.host.run(1.4)
    assert [] == sink.events
    bench.host.run(0.2)
    assert ["head", "data", "end"] == sink.events


def test_an_infinite_delay_never_answers(bench: Bench) -> None:
    """An answer with an infinite delay takes its request and sets no timer."""
    bench.script.answer(delay=math.inf)
    sink = bench.open()
    bench.host.run(1e9)
    assert [] == sink.events


def test_pieces_come_at_their_times(bench: Bench) -> None:
    """Each piece of a body waits its seconds after the one before; an empty piece is only a wait."""
    bench.script.answer(body=[(b"a", 0), (b"b", 1), (b"", 1), (b"c", 0)])
    sink = bench.open()
    assert [b"a"] == sink.pieces
    bench.host.run(1)
    assert [b"a", b"b"] == sink.pieces
    assert not sink.done.is_set()
    bench.host.run(1)
    assert [b"a", b"b", b"c"] == sink.pieces
    assert sink.done.is_set()


def test_a_paused_exchange_delivers_no_pieces(bench: Bench) -> None:
    """Pieces that fall due during a pause come after it, at once, and the next wait starts then."""
    bench.script.answer(body=[(b"a", 1), (b"b", 1)])
    sink = bench.open()
    sink.exchange.pause()
    bench.host.run(5)
    assert [] == sink.pieces
    sink.exchange.resume()
    bench.host.run(0.5)
    assert [b"a"] == sink.pieces
    bench.host.run(0.5)
    assert [b"a", b"b"] == sink.pieces


def test_a_cancelled_exchange_delivers_nothing_more(bench: Bench) -> None:
    """After cancel neither a piece nor the end comes, and no timer is left."""
    bench.script.answer(body=[(b"a", 1), (b"b", 1)])
    sink = bench.open()
    bench.host.run(1)
    sink.exchange.cancel()
    sink.exchange.resume()
    bench.host.run(5)
    assert [b"a"] == sink.pieces
    assert not sink.done.is_set()


def test_an_error_may_be_a_code_or_a_urlerror(bench: Bench) -> None:
    """A code becomes a URLError for the request's URL, a URLError stays itself."""
    own = URLError(-4711)
    bench.script.answer(error=-1005).answer(error=own)
    first = bench.load().error
    assert (Code.NETWORK_CONNECTION_LOST, URL) == (first.code, first.failing_url)
    assert own is bench.load().error


def test_an_error_comes_after_the_body_where_there_is_one(bench: Bench) -> None:
    """A body before an error makes a load that breaks off."""
    bench.script.answer(body=b"half", error=Code.NETWORK_CONNECTION_LOST)
    sink = bench.load()
    assert ["head", "data", "fail"] == sink.events


@pytest.mark.parametrize("values", [
    {"delay": -1}, {"delay": math.nan}, {"error": -4711},
    {"body": 3}, {"body": [b"a"]}, {"body": [(b"a", -1)]}, {"body": [("a", 1)]},
    {"status": "200"}, {"status": 20}, {"headers": {"a": 1}}, {"headers": [("a", "b", "c")]}, {"headers": ["ab"]}, {"trailers": [(b"a", "b")]},
])
def test_an_answer_that_can_never_be_given_is_refused(values: dict[str, Any]) -> None:
    """A wrong status, field, delay, body or error is refused where the answer is written."""
    with pytest.raises(InvalidArgumentException):
        Answer(**values)


def test_what_is_no_answer_is_refused(bench: Bench) -> None:
    """None of several is queued where one is no `Answer`."""
    for refused in (lambda: bench.script.answer(200), lambda: bench.script.answers([Answer(), {"status": 200}])):
        with pytest.raises(InvalidArgumentException, match="is no Answer: give Answer"):
            refused()
    assert not bench.script.waiting


@pytest.mark.parametrize("may_block", [False, True])
def test_a_streamed_body_is_read_before_the_answer(bench: Bench, may_block: bool) -> None:
    """A script sees requests whole: the stream is read and closed, off the caller's stack where it may block."""
    route = bench.script.post(URL, content=b"abcd").respond(204)
    stream = Stream([b"ab", b"cd"], may_block=may_block)
    sink = bench.open("POST", body=stream)
    assert sink.done.is_set() is not may_block
    bench.host.run(0)
    assert 204 == sink.status
    assert (4, 1) == (sink.uploaded, stream.closed)
    assert b"abcd" == route.calls.last.request.content


def test_an_answer_goes_to_the_request_that_took_it(bench: Bench) -> None:
    """A request with a body still being read keeps its place in the order of answers."""
    bench.script.answers([Answer(201), Answer(202)])
    slow = bench.open("POST", body=Stream([b"a"], may_block=True))
    assert 202 == bench.load().status
    assert 201 == slow.status


def test_a_body_that_cannot_be_read_fails_the_load(bench: Bench) -> None:
    """An exception of the body's stream ends the load over that exception."""
    bench.script.answer()
    error = ValueError("no more")
    sink = bench.load("POST", body=Stream([b"a", error]))
    assert error is sink.error.underlying_error


# respx routers

def test_a_users_router_attaches_unchanged(bench: Bench) -> None:
    """A respx router answers with its routes, and its calls are counted as respx counts them."""
    router = respx.Router()
    route = router.get(URL, name="things").respond(200, json={"a": 1}, headers={"X-B": "2"})
    bench.script.attach(router)
    sink = bench.open("GET", URL, ("X-A", "1"))
    assert (200, b'{"a":1}') == (sink.status, sink.body)
    assert ("X-B", "2") in sink.heads[0].headers
    assert (1, 1) == (route.call_count, router.calls.call_count)
    call = route.calls.last
    assert ("1", "api.test") == (call.request.headers["x-a"], call.request.headers["host"])
    assert {"a": 1} == call.response.json()
    router.assert_all_called()


def test_routers_answer_in_the_order_of_attachment(bench: Bench) -> None:
    """The first router that has a matching route answers; the others are not asked."""
    first, second = respx.Router(), respx.Router()
    first.get(URL + "/1").respond(201)
    second.get(url__startswith=URL).respond(202)
    bench.script.attach(first)
    bench.script.attach(second)
    assert [201, 202] == [bench.load("GET", f"{URL}/{number}").status for number in (1, 2)]
    assert 1 == second.calls.call_count


def test_a_detached_router_answers_no_more(bench: Bench) -> None:
    """Its statistics stay, and it can be attached again; what is added after the own router was detached belongs to a new one."""
    router = respx.Router()
    route = router.get(URL).respond(201)
    bench.script.attach(router)
    assert 201 == bench.load().status
    bench.script.detach(router)
    assert ["fail"] == bench.load().events
    assert 1 == route.call_count
    with pytest.raises(InvalidArgumentException, match="not attached"):
        bench.script.detach(router)
    bench.script.attach(router)
    assert 201 == bench.load().status
    own = bench.script.router
    bench.script.detach(own)
    bench.script.detach(router)
    bench.script.get(URL).respond(202)
    assert 202 == bench.load().status
    assert own is not bench.script.router


def test_what_is_no_router_or_attached_already_is_refused(bench: Bench) -> None:
    """Attaching twice, or something else, is an error at the call."""
    router = respx.Router()
    bench.script.attach(router)
    for wrong in (router, object()):
        with pytest.raises(InvalidArgumentException, match="attach"):
            bench.script.attach(wrong)


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "head", "options"])
def test_the_own_router_has_respxs_methods(bench: Bench, method: str) -> None:
    """Each method of the script makes a route of the own router for that HTTP method."""
    route = getattr(bench.script, method)(URL, name="it").respond(204)
    assert 204 == bench.load(method.upper()).status
    assert route is bench.script.router["it"]
    assert 1 == bench.script.calls.call_count
    assert ["fail"] == bench.load("TRACE").events


def test_reset_forgets_calls_and_misses(bench: Bench) -> None:
    """After a reset nothing was called or missed; the routes stay."""
    route = bench.script.route(method="GET").respond(204)
    bench.load()
    bench.load("POST")
    assert (1, 1) == (route.call_count, len(bench.script.misses))
    bench.script.reset()
    assert (0, 0) == (route.call_count, len(bench.script.misses))
    assert 204 == bench.load().status


def test_a_static_answer_needs_no_thread(bench: Bench) -> None:
    """A response without user code is there before `open` returns."""
    bench.script.get(URL).respond(204)
    assert 204 == bench.open().status
    assert 0 == bench.host.worked


def test_content_coding_stays(bench: Bench) -> None:
    """A compressed response reaches the sink compressed, while respx's record is readable."""
    packed = gzip.compress(b"hello")
    route = bench.script.get(URL).mock(httpx.Response(200, headers={"Content-Encoding": "gzip"}, content=packed))
    assert packed == bench.load().body
    assert b"hello" == route.calls.last.response.content


def test_content_that_cannot_be_decoded_is_delivered(bench: Bench) -> None:
    """Broken compression is the business of whoever decodes, not of the script."""
    raw = httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(b"junk"))
    bench.script.get(URL).mock(raw)
    assert b"junk" == bench.load().body


def test_repeated_headers_keep_order_and_spelling(bench: Bench) -> None:
    """Header fields come as they were written, twice where twice, non-ASCII read."""
    headers = [("X-One", "1"), ("set-cookie", "a=1"), ("Set-Cookie", "b=2"), (b"X-U", "é".encode()), (b"X-L", b"\xe9")]
    bench.script.get(URL).mock(httpx.Response(200, headers=headers, stream=httpx.ByteStream(b"")))
    expected = [("X-One", "1"), ("set-cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-U", "é"), ("X-L", "é")]
    assert expected == bench.load().heads[0].headers


def test_a_changed_response_is_never_stale(bench: Bench) -> None:
    """What is changed in a response, or on a route, shows in the next answer."""
    response = httpx.Response(200, headers={"X-A": "1"}, content=b"")
    route = bench.script.get(URL).mock(response)
    bench.load()
    response.headers["X-A"] = "2"
    assert ("X-A", "2") in bench.load().heads[0].headers
    route.respond(503)
    assert 503 == bench.load().status


@pytest.mark.parametrize("effect", [httpx.ConnectTimeout, httpx.ConnectTimeout("late")])
def test_an_exception_as_side_effect_needs_no_thread(bench: Bench, effect: Any) -> None:
    """httpx's exceptions are mapped to codes at once, and counted as a call without a response."""
    route = bench.script.get(URL).mock(side_effect=effect)
    error = bench.open().error
    assert (Code.TIMED_OUT, URL) == (error.code, error.failing_url)
    assert isinstance(error.underlying_error, httpx.ConnectTimeout)
    assert not route.calls.last.has_response
    assert 0 == bench.host.worked


def test_a_callable_runs_off_the_callers_stack(bench: Bench) -> None:
    """User code runs by the host's work, with respx's arguments: the request, named groups and the route."""
    seen: list[Any] = []

    def answer(request: httpx.Request, route: respx.Route, number: str) -> httpx.Response:
        seen.append((request.method, number, route))
        return httpx.Response(200, text=number)

    route = bench.script.get(path__regex=r"/(?P<number>\d+)$").mock(side_effect=answer)
    sink = bench.open("GET", f"{URL}/17")
    assert ([], []) == (seen, sink.events)
    bench.host.run(0)
    assert [("GET", "17", route)] == seen
    assert b"17" == sink.body
    assert 1 == route.call_count


def test_no_thread_is_taken_for_callables_of_other_routes(bench: Bench) -> None:
    """A route with user code that does not match costs nothing."""
    bench.script.get(path__startswith="/other").mock(side_effect=lambda request: None)
    bench.script.get(URL).respond(204)
    assert 204 == bench.open().status


def test_a_side_effect_of_none_goes_on_to_the_next_route(bench: Bench) -> None:
    """A callable that returns None has not matched, and is not counted."""
    shy = bench.script.get(path__startswith="/").mock(side_effect=lambda request: None)
    bench.script.get(URL).respond(204)
    assert 204 == bench.load().status
    assert 0 == shy.call_count


def test_side_effects_in_order_run_out_with_a_miss(bench: Bench) -> None:
    """A list of side effects is gone through; after the last a request is unmatched, and to a plain client StopIteration, as with respx."""
    bench.script.get(URL).mock(side_effect=[httpx.Response(201), httpx.ReadError, httpx.Response(203)])
    assert 201 == bench.load().status
    assert Code.NETWORK_CONNECTION_LOST == bench.load().error.code
    assert 203 == bench.load().status
    with pytest.raises(UnmatchedRequest, match="used up"):
        raise bench.load().error.underlying_error


def test_an_exception_of_user_code_is_the_underlying_error(bench: Bench) -> None:
    """What a side effect raises ends the load with code unknown over it; a URLError ends it as it is."""
    for error in (ValueError("mine"), URLError(-4711)):
        bench.script.get(URL).mock(side_effect=[error])
        got = bench.load().error
        assert error in (got, got.underlying_error)


def test_a_failing_test_outcome_in_user_code_ends_the_load(bench: Bench) -> None:
    """pytest.fail in a side effect, which is no Exception, still reaches the load."""
    bench.script.get(URL).mock(side_effect=lambda request: pytest.fail("not that"))
    assert isinstance(bench.load().error.underlying_error, pytest.fail.Exception)


def test_an_async_callable_runs_on_a_private_loop(bench: Bench) -> None:
    """Coroutine functions as side effects, with a body streamed asynchronously, work on one loop of the channel."""
    loops = set()

    async def body() -> Any:
        for piece in (b"a", b"b"):
            loops.add(asyncio.get_running_loop())
            yield piece

    async def answer(request: httpx.Request) -> httpx.Response:
        await asyncio.to_thread(lambda: None)
        loops.add(asyncio.get_running_loop())
        return httpx.Response(200, content=body())

    bench.script.get(URL).mock(side_effect=answer)
    assert [b"a", b"b"] == bench.load().pieces
    assert [b"a", b"b"] == bench.load().pieces
    assert 1 == len(loops)


def test_an_async_exception_is_mapped(bench: Bench) -> None:
    """What a coroutine raises is counted and mapped like any side effect's exception."""
    async def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    route = bench.script.get(URL).mock(side_effect=answer)
    assert Code.CANNOT_CONNECT_TO_HOST == bench.load().error.code
    assert 1 == route.call_count


def test_a_streamed_response_is_pulled_and_can_be_paused() -> None:
    """A body that is an iterator is read on a working thread, piece by piece, and stands still while paused."""
    taken: list[int] = []

    def body() -> Iterator[bytes]:
        for number in range(5):
            taken.append(number)
            yield b"%d" % number

    with LoopHost() as host:
        script = ScriptRoute()
        script.get(URL).mock(side_effect=lambda request: httpx.Response(200, content=body()))
        channel = script.bind(None, host)
        paused = threading.Event()
        opened = threading.Event()

        def pause(data: bytes) -> None:
            if data == b"1":
                opened.wait()
                sink.exchange.pause()
                paused.set()

        sink = Recorder(data=pause)
        sink.exchange = channel.open(Request("GET", URL, []), sink)
        opened.set()
        paused.wait()
        for worker in list(host.workers):
            worker.join()
        assert ([0, 1], False) == (taken, sink.done.is_set())
        sink.exchange.resume()
        assert b"01234" == sink.succeed().body
        channel.close()


def test_a_cancelled_stream_is_closed(bench: Bench) -> None:
    """Cancelling closes the response's stream, though nothing reads it."""
    closed: list[bool] = []

    class Endless(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            while True:
                yield b"x"

        def close(self) -> None:
            closed.append(True)

    bench.script.get(URL).mock(httpx.Response(200, stream=Endless()))
    sink = bench.open()
    sink.exchange.pause()
    bench.host.run(0)
    assert ([b"x"], []) == (sink.pieces, closed)
    sink.exchange.cancel()
    bench.host.run(0)
    assert ([b"x"], [True]) == (sink.pieces, closed)


def test_a_request_that_passes_through_goes_to_the_live_route(bench: Bench) -> None:
    """A route marked pass_through sends its request, body and all, to the live channel, and counts it."""
    live = ScriptRoute()
    target = live.post(URL, content=b"ab").respond(207)
    bench = Bench(live=live)
    route = bench.script.post(URL).pass_through()
    assert 207 == bench.load("POST", body=b"ab").status
    assert (1, 1) == (route.call_count, target.call_count)
    bench.script.post(URL).mock(side_effect=lambda request: request)
    assert 207 == bench.load("POST", body=Stream([b"ab"], may_block=True)).status


def test_without_a_live_route_passing_through_is_a_miss(bench: Bench) -> None:
    """pass_through with nowhere to go is an unmatched request that says so."""
    bench.script.get(URL).pass_through()
    assert "no live route" in str(bench.load().error.underlying_error)


def test_a_miss_names_the_request_and_the_nearest_routes(bench: Bench) -> None:
    """An unmatched request says what was asked and, for five routes at most, what differed."""
    for number in range(7):
        bench.script.get(f"https://other.test/{number}")
    bench.script.get(URL, params={"page": "2"}, name="page two")
    error = bench.load("GET", f"{URL}?page=1").error
    assert Code.UNKNOWN == error.code
    miss = error.underlying_error
    assert [miss] == bench.script.misses
    lines = str(miss).splitlines()
    assert f"no scripted answer for GET {URL}?page=1: none of its 8 routes matches; nearest:" == lines[0]
    assert 6 == len(lines)
    assert "  page two: " in lines[1]
    assert "(params is QueryParams('page=1'))" in lines[1]
    assert "(host is 'api.test'; path is '/things')" in lines[2]


def test_a_router_that_need_not_mock_everything_answers_everything(bench: Bench) -> None:
    """respx's assert_all_mocked=False gives an empty 200 to what no route matches."""
    bench.script.attach(respx.Router(assert_all_mocked=False))
    assert (200, b"") == (bench.open().status, bench.open().body)


def test_a_url_that_httpx_cannot_read_is_a_bad_url(bench: Bench) -> None:
    """A URL that respx could not be asked about fails with code bad URL."""
    bench.script.get(URL)
    assert Code.BAD_URL == bench.load("GET", "https://api.test:port/").error.code


def test_a_users_pattern_runs_off_the_callers_stack(bench: Bench) -> None:
    """A pattern class of the user's own is user code."""
    threads: list[bool] = []
    inside = [False]

    class Odd(respx.patterns.Path):
        key = f"odd_{id(bench)}"

        def match(self, request: httpx.Request) -> respx.patterns.Match:
            threads.append(inside[0])
            return respx.patterns.Match(True)

    bench.script.route(Odd("/")).respond(204)
    inside[0] = True
    sink = bench.open()
    inside[0] = False
    bench.host.run(0)
    assert ([False], 204) == (threads, sink.status)


def test_importing_and_answering_need_no_respx() -> None:
    """The script package, and answers in order, load neither respx nor httpx."""
    code = (
        "import sys; from sessionmock.routes.script import ScriptRoute; ScriptRoute().answer(status=204).bind(None, None);"
        "print([name for name in ('respx', 'httpx') if name in sys.modules])"
    )
    assert "[]" == subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_without_respx_a_router_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers in order need nothing."""
    monkeypatch.setitem(sys.modules, "sessionmock.routes.script.routers", None)
    script = ScriptRoute().answer(status=204)
    for use in (lambda: script.router, lambda: script.attach(respx.Router()), lambda: script.get(URL)):
        with pytest.raises(SessionMockError, match=r"pip install 'sessionmock\[script\]'"):
            use()
    assert script.asked is None


def test_an_answer_that_another_thread_took_is_none(bench: Bench) -> None:
    """Between the look whether there is one and the taking of it."""
    class Taken(deque[Answer]):
        def __bool__(self) -> bool:
            return True

    bench.script.waiting = Taken()
    assert "no answer is left" in str(bench.open().error.underlying_error)


def test_reset_of_a_script_without_a_router(bench: Bench) -> None:
    """Misses are forgotten, and no router is made for it."""
    bench.open()
    assert 1 == len(bench.script.misses)
    bench.script.reset()
    assert ([], None) == (bench.script.misses, bench.script.asked)
