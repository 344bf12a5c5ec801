"""What a load says to caches and takes from its own."""
from __future__ import annotations

from typing import Any

import pytest

from sessionmock import (
    CachedURLResponse,
    CacheStoragePolicy,
    HTTPURLResponse,
    ScriptRoute,
    URLCache,
    URLError,
    URLRequest,
    URLSession,
    URLSessionConfiguration,
    use_route,
)
from sessionmock.clock import SECOND, JumpingClock
from sessionmock.core.caching import Verdict
from sessionmock.errors import Code
from sessionmock.load.caching import CacheVisit
from sessionmock.models.message import Request

from .doubles import Task, head

URL = "https://api.example/"
POLICY = URLRequest.CachePolicy.RELOAD_IGNORING_LOCAL_AND_REMOTE_CACHE_DATA


@pytest.mark.parametrize("load", [URLSession.data, URLSession.download])
@pytest.mark.parametrize("cache", [None, URLCache.ephemeral()])
def test_caches_on_the_way_are_passed_by(load: Any, cache: URLCache | None) -> None:
    """The policy that ignores remote caches says no-cache to them, whether or not the session has a cache that the task uses."""
    script = ScriptRoute()
    asked = script.get(URL).respond(200)
    configuration = URLSessionConfiguration.ephemeral()
    configuration.url_cache = cache
    with use_route(script), URLSession(configuration) as session:
        load(session, URLRequest(URL, cache_policy=POLICY)).result()

    assert ("no-cache", "no-cache") == (asked.calls[0].request.headers["cache-control"], asked.calls[0].request.headers["pragma"])


class Watched(URLCache):
    """Notes what a session asks it for."""

    def __init__(self) -> None:
        super().__init__(disk_capacity=0)
        self.asked: list[tuple[str, int]] = []

    def get_cached_response_for_task(self, task: Any, completion_handler: Any) -> None:
        self.asked.append(("get", task.task_identifier))
        super().get_cached_response_for_task(task, completion_handler)

    def store_cached_response_for_task(self, cached_response: Any, task: Any) -> None:
        self.asked.append(("store", task.task_identifier))
        super().store_cached_response_for_task(cached_response, task)


def test_a_session_asks_its_cache_about_tasks() -> None:
    """A subclass that overrides what is done for tasks hears of each, and finds by the request as it goes out."""
    script = ScriptRoute()
    script.get(URL).respond(200, headers={"Cache-Control": "max-age=60", "Vary": "Accept-Encoding"})
    configuration = URLSessionConfiguration.ephemeral()
    configuration.url_cache = cache = Watched()
    with use_route(script), URLSession(configuration) as session:
        for _ in range(2):
            session.data(URL).result()

    assert [("get", 1), ("store", 1), ("get", 2)] == cache.asked


# a visit alone -----------------------------------------------------------------------------------------------------------------
USE_PROTOCOL = URLRequest.CachePolicy.USE_PROTOCOL_CACHE_POLICY
FRESH = [("Cache-Control", "max-age=60"), ("ETag", '"1"')]


class Visited:
    """A cache, and the visits of loads to it at a time that the test tells."""

    def __init__(self) -> None:
        self.clock = JumpingClock()
        self.cache = URLCache.ephemeral()

    def visit(self, method: str = "GET", policy: Any = USE_PROTOCOL, headers: Any = (), *, cache: bool = True, keeps: bool = True) -> CacheVisit:
        """A visit that has looked: `request` is what it looked for, `verdict` what it found."""
        self.request = Request(method, URL, list(headers))
        made = CacheVisit(self.cache if cache else None, Task(URLRequest(URL)), policy, self.clock, keeps=keeps)
        self.verdict = made.look(self.request)
        return made

    def store(self, headers: Any = tuple(FRESH), body: bytes = b"body") -> None:
        """As a load does it whose response may be kept."""
        visit = self.visit()
        assert visit.answered(head(200, list(headers))) is None
        for piece in (body[:2], body[2:]):
            visit.take(piece)
        proposal = visit.proposal(HTTPURLResponse.from_head(URL, head(200, list(headers))))
        assert proposal is not None
        visit.keep(proposal)

    @property
    def stored(self) -> bytes | None:
        found = self.cache.cached_response(URL)
        return None if found is None else found.data

    def let_pass(self, seconds: float) -> None:
        self.clock.advance(self.clock.now() + int(seconds * SECOND))


@pytest.fixture
def visited() -> Visited:
    return Visited()


def test_what_was_kept_is_used_while_it_is_fresh(visited: Visited) -> None:
    """And is asked about after that, by what tells it from others, in the time of the session."""
    visited.store()
    visited.let_pass(59)
    visit = visited.visit()
    assert visit.cached is not None
    assert (Verdict.USE, b"body", []) == (visited.verdict, visit.cached.data, visited.request.headers)
    visited.let_pass(2)
    visit = visited.visit()
    assert (Verdict.REVALIDATE, [("If-None-Match", '"1"')], True) == (visited.verdict, visited.request.headers, visit.cached is not None)


def test_a_304_says_that_it_still_holds(visited: Visited) -> None:
    """It is served, and fresh again."""
    visited.store()
    visited.let_pass(100)
    served = visited.visit().answered(head(304, [("Cache-Control", "max-age=60")]))
    assert served is not None
    assert b"body" == served.data
    visited.visit()
    assert Verdict.USE is visited.verdict


@pytest.mark.parametrize(("policy", "verdict"), [
    (URLRequest.CachePolicy.RELOAD_IGNORING_LOCAL_CACHE_DATA, Verdict.LOAD), (URLRequest.CachePolicy.RETURN_CACHE_DATA_DONT_LOAD, Verdict.USE)])
def test_the_policy_decides(visited: Visited, policy: Any, verdict: Verdict) -> None:
    """What is not to be used is not at hand either, when a 304 comes after all."""
    visited.store()
    visit = visited.visit(policy=policy)
    assert (verdict, verdict is Verdict.USE) == (visited.verdict, visit.cached is not None)


@pytest.mark.parametrize(("cache", "keeps"), [(False, True), (True, False)])
def test_a_load_that_keeps_nothing(visited: Visited, cache: bool, keeps: bool) -> None:
    """It neither looks nor leaves anything, but says what its policy says."""
    visited.store()
    visit = visited.visit(policy=POLICY, cache=cache, keeps=keeps)
    assert (Verdict.LOAD, 2) == (visited.verdict, len(visited.request.headers))
    assert visit.answered(head(200, [("Cache-Control", "no-store")])) is None
    visit.take(b"new")
    assert visit.proposal(HTTPURLResponse(URL, 200)) is None
    assert b"body" == visited.stored


def test_what_may_not_be_kept_makes_room(visited: Visited) -> None:
    """What the server gives now is not what was there."""
    visited.store()
    visited.visit().answered(head(200, [("Cache-Control", "no-store")]))
    assert visited.stored is None


@pytest.mark.parametrize("status", [206, 404, 500])
def test_what_says_nothing_of_what_was_kept(visited: Visited, status: int) -> None:
    """A part and an error leave it."""
    visited.store()
    visited.visit().answered(head(status, [("Cache-Control", "no-store")]))
    assert b"body" == visited.stored


def test_an_unsafe_request_makes_what_was_kept_worthless(visited: Visited) -> None:
    """Whoever takes the answer, and where its head leads elsewhere too; an error changed nothing."""
    visited.store()
    visited.visit("POST", keeps=False).answered(head(500))
    assert b"body" == visited.stored
    visited.visit("POST", keeps=False).answered(head(200))
    assert visited.stored is None
    visited.store()
    visited.visit("PUT").invalidate(head(302))
    assert visited.stored is None
    visited.store()
    visited.visit().invalidate(head(302))
    assert b"body" == visited.stored


def test_a_head_that_disagrees_makes_what_was_kept_worthless(visited: Visited) -> None:
    """It tells of the response to GET."""
    visited.store()
    visited.visit("HEAD").answered(head(200, [("ETag", '"1"')]))
    assert b"body" == visited.stored
    visited.visit("HEAD").answered(head(200, [("ETag", '"2"')]))
    assert visited.stored is None


def test_a_body_that_does_not_come_whole_is_not_kept(visited: Visited) -> None:
    """Nor one that grows too large; giving up twice is no mistake."""
    visit = visited.visit()
    visit.answered(head(200, FRESH))
    visit.take(b"bo")
    visit.give_up()
    visit.give_up()
    visit.take(b"dy")
    assert visit.proposal(HTTPURLResponse(URL, 200)) is None
    visited.cache.memory_capacity = 3
    visit = visited.visit()
    visit.answered(head(200, FRESH))
    visit.take(b"body")
    visit.take(b"body")
    assert visit.proposal(HTTPURLResponse(URL, 200)) is None


def test_what_is_reused_says_how_old_it_is(visited: Visited) -> None:
    """And has nothing of the connection that it came over (RFC 9111, sections 3.1 and 4)."""
    visited.store([*FRESH, ("Connection", "X-Hop"), ("X-Hop", "1"), ("Age", "5")])
    visited.let_pass(20)
    found = visited.visit().cached
    assert found is not None
    assert isinstance(found.response, HTTPURLResponse)
    assert [*FRESH, ("Age", "25")] == found.response.headers


def test_a_range_comes_from_the_whole(visited: Visited) -> None:
    """The whole stays what is stored; one that is stale, or that was not kept, is asked for."""
    visited.store()
    for asked, verdict in (("bytes=1-2", Verdict.USE), ("bytes=7-", Verdict.LOAD)):
        visit = visited.visit(headers=[("Range", asked)])
        assert (verdict, [("Range", asked)]) == (visited.verdict, visited.request.headers)
        assert (None if visit.cached is None else visit.cached.data) == (b"od" if verdict is Verdict.USE else None)
    visited.visit("HEAD", headers=[("Range", "bytes=1-2")])
    assert Verdict.LOAD is visited.verdict
    visited.let_pass(61)
    assert visited.visit(headers=[("Range", "bytes=1-2")]).answered(head(206)) is None
    assert (Verdict.LOAD, b"body") == (visited.verdict, visited.stored)


SPARE = [("Cache-Control", "max-age=10, stale-if-error=60"), ("ETag", '"1"')]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_that_fails_is_stood_in_for(visited: Visited, status: int) -> None:
    """By what is stale, as long as it allows (RFC 5861, section 4), which says its age; other answers are what they are."""
    visited.store(SPARE)
    visited.let_pass(40)
    assert visited.visit().answered(head(404, [("Cache-Control", "no-store")])) is None
    visit = visited.visit()
    visited.let_pass(30)                # the window is judged when the server has failed
    served = visit.answered(head(status))
    assert served is not None
    assert isinstance(served.response, HTTPURLResponse)
    assert (b"body", "70", b"body") == (served.data, served.response.value("Age"), visited.stored)
    visit = visited.visit()
    visited.let_pass(1)
    assert visit.answered(head(status)) is None


@pytest.mark.parametrize(("code", "serves"), [
    (Code.TIMED_OUT, True), (Code.CANNOT_FIND_HOST, True), (Code.CANNOT_CONNECT_TO_HOST, True), (Code.NETWORK_CONNECTION_LOST, True),
    (Code.NOT_CONNECTED_TO_INTERNET, True), (Code.CANNOT_PARSE_RESPONSE, True), (Code.SERVER_CERTIFICATE_UNTRUSTED, False),
    (Code.UNKNOWN, False), (Code.CANNOT_DECODE_RAW_DATA, False),
])
def test_a_server_that_cannot_be_asked_is_stood_in_for(visited: Visited, code: Code, serves: bool) -> None:
    """Not one that is not trusted, nor for what went wrong here; and never once it has answered."""
    visited.store(SPARE)
    visited.let_pass(40)
    assert serves is (visited.visit().unanswered(URLError(code)) is not None)
    visit = visited.visit()
    visit.answered(head(200, FRESH))
    assert visit.unanswered(URLError(code)) is None


@pytest.mark.parametrize(("status", "headers", "kept"), [
    (301, [("Cache-Control", "max-age=60")], True), (308, [("Cache-Control", "max-age=60")], True), (301, [], True),
    (302, [("Cache-Control", "max-age=60")], True), (302, [], False), (301, [("Cache-Control", "no-store")], False),
])
def test_a_redirect_is_kept_where_it_may_be(visited: Visited, status: int, headers: Any, kept: bool) -> None:
    """RFC 9110, section 15.4; without its body, which is not waited for, and in place of what was there."""
    visited.store([("Cache-Control", "max-age=0")])
    received = head(status, [("Location", "/b"), ("Content-Length", "9"), *headers])
    visited.visit().redirected(received, HTTPURLResponse.from_head(URL, received))
    found = visited.cache.cached_response(URL)
    assert kept is (found is not None)
    if found is not None:
        assert isinstance(found.response, HTTPURLResponse)
        assert (status, b"", [("Location", "/b"), *headers]) == (found.response.status_code, found.data, found.response.headers)


@pytest.mark.parametrize("status", [200, 302])
def test_a_store_that_raises_is_named(visited: Visited, status: int) -> None:
    """Whatever made it remove what it has."""
    class Cache(URLCache):
        def remove_cached_response_for_task(self, task: Any) -> None:
            raise KeyError("mine")

    visited.cache, received = Cache(disk_capacity=0), head(status, [("Cache-Control", "no-store"), ("Location", "/b")])
    with pytest.raises(KeyError, match="mine") as raised:
        visited.visit().redirected(received, HTTPURLResponse.from_head(URL, received)) if status == 302 else visited.visit().answered(received)
    assert ["raised in Cache.remove_cached_response_for_task"] == raised.value.__notes__


def test_what_replaces_a_response_is_kept_as_that_was(visited: Visited) -> None:
    """What a delegate wanted in memory alone does not come to the disk by a load that asks no delegate."""
    in_memory = CachedURLResponse(HTTPURLResponse(URL, 200, None, SPARE), b"", storage_policy=CacheStoragePolicy.ALLOWED_IN_MEMORY_ONLY)
    visited.cache.store_cached_response(in_memory, URL)
    visited.let_pass(100)
    visit = visited.visit()
    visit.answered(head(200, FRESH))
    proposal = visit.proposal(HTTPURLResponse(URL, 200, None, FRESH))
    assert proposal is not None
    assert CacheStoragePolicy.ALLOWED_IN_MEMORY_ONLY is proposal.storage_policy


# lent to a protocol class --------------------------------------------------------------------------------------------------
def test_a_class_gets_what_is_stored_however_old(visited: Visited) -> None:
    """And what it lets be kept is kept for the request of its choice."""
    visited.store()
    visited.let_pass(1000)
    visit = CacheVisit(visited.cache, Task(), USE_PROTOCOL, visited.clock)
    found = visit.lend(URLRequest(URL))
    assert found is not None
    assert b"body" == found.data
    visit.lend(URLRequest(f"{URL}other"))
    visit.offered(CacheStoragePolicy.ALLOWED)
    visit.take(b"mine")
    proposal = visit.proposal(HTTPURLResponse(URL, 200))
    assert proposal is not None
    visit.keep(proposal)
    kept = visited.cache.cached_response(f"{URL}other")
    assert kept is not None
    assert (b"mine", b"body") == (kept.data, visited.stored)


@pytest.mark.parametrize(("policy", "keeps"), [(POLICY, True), (USE_PROTOCOL, False)])
def test_a_class_gets_nothing_where_the_load_would_not(visited: Visited, policy: Any, keeps: bool) -> None:
    """By its policy, or because it keeps nothing."""
    visited.store()
    assert CacheVisit(visited.cache, Task(), policy, visited.clock, keeps=keeps).lend(URLRequest(URL)) is None
    assert CacheVisit(None, Task(), USE_PROTOCOL, visited.clock).lend(URLRequest(URL)) is None


@pytest.mark.parametrize(("method", "storage", "keeps"), [
    ("POST", CacheStoragePolicy.ALLOWED, True), ("GET", CacheStoragePolicy.NOT_ALLOWED, True), ("GET", CacheStoragePolicy.ALLOWED, False)])
def test_what_a_class_does_not_let_be_kept(visited: Visited, method: str, storage: CacheStoragePolicy, keeps: bool) -> None:
    """Nor what the cache takes from nobody: the answer to anything but a GET."""
    visit = CacheVisit(visited.cache, Task(), USE_PROTOCOL, visited.clock, keeps=keeps)
    visit.lend(URLRequest(URL, method))
    visit.offered(storage)
    visit.take(b"mine")
    assert visit.proposal(HTTPURLResponse(URL, 200)) is None
