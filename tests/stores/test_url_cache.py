"""URLCache: both tiers, their limits, what chooses a response, and a folder that processes share."""
from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import types
from collections.abc import Callable
from contextvars import Context
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sessionmock.errors import InvalidArgumentException
from sessionmock.models.cached_response import CachedURLResponse, CacheStoragePolicy
from sessionmock.models.message import Request
from sessionmock.models.request import URLRequest
from sessionmock.models.response import HTTPURLResponse, URLResponse
from sessionmock.stores.url_cache import URLCache

from .hand import Hand

MB = 1 << 20
URL = "http://example.com/a"
MEMORY, DISK = (4 * MB, 0), (0, 20 * MB)
Pairs = list[tuple[str, str]]


Make = Callable[..., URLCache]


@pytest.fixture
def make(tmp_path: Path, clock: Hand) -> Make:
    """Caches that share a folder."""
    return lambda memory=4 * MB, disk=20 * MB: URLCache(memory, disk, tmp_path / "cache")


@pytest.fixture(params=[MEMORY, DISK, (4 * MB, 20 * MB)], ids=["memory", "disk", "both"])
def cache(request: pytest.FixtureRequest, make: Make) -> URLCache:
    return make(*request.param)


def response(data: bytes = b"body", headers: Pairs | None = None, url: str = URL, **more: Any) -> CachedURLResponse:
    return CachedURLResponse(HTTPURLResponse(url, 200, "HTTP/1.1", headers or [("ETag", '"1"')], reason="Fine"), data, **more)


def sent(url: str = URL, headers: Pairs | None = None, method: str = "GET") -> Request:
    """A request as the engine sends it."""
    return Request(method, url, headers or [])


def files(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


# Every tier ----------------------------------------------------------------------------------------

def test_what_was_stored_comes_back(cache: URLCache, clock: Hand) -> None:
    """Response, data, user info and times return for a request, a URL and what the engine sends."""
    stored = response(headers=[("Set-Cookie", "a"), ("Set-Cookie", "b"), ("ETag", "é")], user_info={"a": [1, None]})
    cache.store_cached_response(stored, URLRequest(URL))
    for request in (URLRequest(URL), URL, sent(), URLRequest(URL + "#part")):
        found = cache.cached_response(request)
        assert found is not None
        assert stored == found
        assert stored.response == found.response
        assert ({"a": [1, None]}, clock.today, clock.today) == (found.user_info, found.requested, found.received)
    assert cache.cached_response(URL + "?x") is None
    assert cache.cached_response(sent(method="POST")) is None
    assert cache.cached_response(URLRequest(None)) is None


def test_head_gets_the_response_without_its_body(cache: URLCache, clock: Hand) -> None:
    """RFC 9110, section 9.3.2; a 304 to it refreshes what is stored and leaves the body there."""
    cache.store_cached_response(response(), URL)
    for request in (sent(method="HEAD"), URLRequest(URL, "HEAD")):
        assert response(b"") == cache.cached_response(request)
    found = cache.cached_response(sent(method="HEAD"))
    assert found is not None
    clock.today += timedelta(minutes=1)
    new = [("ETag", '"1"'), ("X-New", "y")]
    assert response(b"", new) == cache.refresh(found, sent(method="HEAD"), new, clock.today, clock.today)
    assert response(headers=new) == cache.cached_response(URL)
    cache.remove_all_cached_responses()
    assert found == cache.refresh(found, sent(method="HEAD"), new, clock.today, clock.today)


def test_times_of_the_exchange_are_kept(cache: URLCache, clock: Hand) -> None:
    """When the request was sent and answered makes the age later."""
    times = {"requested": clock.today - timedelta(seconds=2.5), "received": clock.today - timedelta(seconds=1)}
    cache.store_cached_response(response(**times), URL)
    found = cache.cached_response(URL)
    assert found is not None
    assert times == {"requested": found.requested, "received": found.received}


def test_a_response_of_another_scheme_is_kept_too(cache: URLCache) -> None:
    """A program may store what is no HTTP."""
    cache.store_cached_response(CachedURLResponse(URLResponse("custom:x", "a/b", 4, "utf-8"), b"body"), "custom:x")
    found = cache.cached_response("custom:x")
    assert found is not None
    assert URLResponse("custom:x", "a/b", 4, "utf-8") == found.response


def test_storing_again_replaces(cache: URLCache, tmp_path: Path) -> None:
    """One URL has one response, and one file."""
    for body in (b"one", b"two"):
        cache.store_cached_response(response(body), URL)
    found = cache.cached_response(URL)
    assert found is not None
    assert b"two" == found.data
    assert len(files(tmp_path)) == (cache.disk_capacity > 0)


def test_removing_forgets_in_every_tier(cache: URLCache, tmp_path: Path) -> None:
    """One, all, and what is not there."""
    for url in (URL, URL + "2", URL + "3"):
        cache.store_cached_response(response(), url)
    cache.remove_cached_response(URLRequest(URL))
    cache.remove_cached_response(URL + "unknown")
    cache.remove_cached_response(URLRequest(None))
    assert [None, True, True] == [cache.cached_response(url) and True for url in (URL, URL + "2", URL + "3")]
    cache.remove_all_cached_responses()
    assert [None, None] == [cache.cached_response(url) for url in (URL + "2", URL + "3")]
    assert (0, 0, []) == (cache.current_memory_usage, cache.current_disk_usage, files(tmp_path))


def test_removing_since_takes_what_was_stored_later(cache: URLCache, clock: Hand) -> None:
    """The time of storing counts, not that of the last use."""
    start = clock.today
    for name in "ab":
        cache.store_cached_response(response(), URL + name)
        clock.today += timedelta(minutes=1)
    cache.cached_response(URL + "a")
    cache.remove_cached_responses_since(start + timedelta(seconds=30))
    assert [True, None] == [cache.cached_response(URL + name) and True for name in "ab"]


def test_only_get_and_what_is_allowed_is_stored(cache: URLCache) -> None:
    """A key has no method, so an answer to POST or HEAD would be given for GET; NOT_ALLOWED is not stored."""
    for method in ("POST", "HEAD"):
        cache.store_cached_response(response(), URLRequest(URL, method))
    cache.store_cached_response(response(storage_policy=CacheStoragePolicy.NOT_ALLOWED), URL)
    cache.store_cached_response(response(), URLRequest(None))
    assert cache.cached_response(URL) is None


def test_tasks_stand_for_their_requests(cache: URLCache) -> None:
    """The variants for tasks use the current request."""
    task = types.SimpleNamespace(current_request=URLRequest(URL))
    got: list[CachedURLResponse | None] = []
    cache.store_cached_response_for_task(response(), task)
    cache.get_cached_response_for_task(task, got.append)
    cache.remove_cached_response_for_task(task)
    cache.get_cached_response_for_task(task, got.append)
    assert [response(), None] == got


# What chooses a response -----------------------------------------------------------------------------

def test_vary_keeps_a_response_for_each_choice(cache: URLCache) -> None:
    """RFC 9111, section 4.1: requests that differ in the fields of Vary get their own; blanks do not matter."""
    vary = [("Vary", "Accept, X-Mode")]
    for accept in ("a/a", "b/b, c/c"):
        cache.store_cached_response(response(accept.encode(), vary), sent(headers=[("Accept", accept)]))
    asked: list[Pairs] = [
        [("accept", "a/a")], [("Accept", "b/b ,c/c")], [("Accept", "b/b"), ("Accept", "c/c")], [("Accept", "a/a"), ("X-Mode", "")],
        [("Accept", "d")], [],
    ]
    found = [cache.cached_response(sent(headers=headers)) for headers in asked]
    assert [b"a/a", b"b/b, c/c", b"b/b, c/c", None, None, None] == [each and each.data for each in found]


def test_the_date_is_that_of_who_stores(cache: URLCache, clock: Hand) -> None:
    """A load says when it stores; who says nothing stores at the date in force: of the clock in virtual time, else today's."""
    then = clock.today + timedelta(days=1)
    cache.keep(response(), sent(URL), None, then)
    cache.store_cached_response(response(), URL + "2")
    context = Context()
    context.run(cache.store_cached_response, response(), URL + "3")      # which knows of no virtual time
    dates = [found.received for name in ("", "2", "3") if (found := cache.cached_response(URL + name)) is not None]
    assert [then, clock.today] == dates[:2]
    assert abs(dates[2] - datetime.now(UTC)) < timedelta(hours=1)
    cache.remove_cached_responses_since(clock.today)
    assert [False, True, False] == [cache.cached_response(URL + name) is not None for name in ("", "2", "3")]


@pytest.mark.parametrize(("overridden", "whose"), [
    ("store_cached_response_for_task", True), ("store_cached_response", True), ("store_cached_response", False)])
def test_a_subclass_with_a_way_of_its_own_to_store_is_asked(overridden: str, whose: bool) -> None:
    """Its methods take no date, as Apple's; the one for tasks is asked for the response of a task alone."""
    asked: list[Any] = []
    kind = type("Own", (URLCache,), {overridden: lambda self, *given: asked.append(given)})
    request, task = sent(), object() if whose else None
    kind().keep(response(), request, task, datetime.now(UTC))
    assert [(response(), task if overridden.endswith("task") else request)] == asked


def test_few_responses_of_one_url_are_kept(cache: URLCache, clock: Hand, tmp_path: Path) -> None:
    """Where every request chooses a response of its own, as signed ones do, the first ones go."""
    for number in range(20):
        clock.today += timedelta(seconds=1)
        cache.store_cached_response(response(str(number).encode(), [("Vary", "Authorization")]), sent(headers=[("Authorization", str(number))]))
    kept = [cache.cached_response(sent(headers=[("Authorization", str(number))])) is not None for number in range(20)]
    assert [False] * 4 + [True] * 16 == kept
    assert len(files(tmp_path)) == 16 * (cache.disk_capacity > 0)


def test_a_program_need_not_name_what_the_engine_adds(cache: URLCache, clock: Hand) -> None:
    """A URLRequest without a field of Vary gets the newest response, one with it must agree."""
    vary = [("Vary", "Accept-Encoding")]
    for coding in ("br", "gzip"):
        clock.today += timedelta(seconds=1)
        cache.store_cached_response(response(coding.encode(), vary), sent(headers=[("Accept-Encoding", coding)]))
    asked = [URLRequest(URL), URLRequest(URL, all_http_header_fields={"Accept-Encoding": "br"}), sent()]
    assert [b"gzip", b"br", None] == [(found := cache.cached_response(each)) and found.data for each in asked]
    cache.remove_cached_response(URL)
    assert cache.cached_response(asked[0]) is None


def test_one_users_response_is_not_anothers(cache: URLCache, tmp_path: Path) -> None:
    """Authorization chooses unless the response is public; neither its value nor one of Vary is written to disk."""
    secret = [("Authorization", "Bearer sesame"), ("Cookie", "k=sesame")]
    cache.store_cached_response(response(b"mine", [("Vary", "Cookie")]), sent(headers=secret))
    assert cache.cached_response(sent(headers=secret)) is not None
    assert cache.cached_response(sent(headers=[("Authorization", "Bearer other"), ("Cookie", "k=sesame")])) is None
    assert cache.cached_response(sent()) is None
    assert not any(b"sesame" in path.read_bytes() for path in files(tmp_path))
    cache.store_cached_response(response(b"all", [("Cache-Control", "public")]), sent(headers=secret))
    assert response(b"all", [("Cache-Control", "public")]) == cache.cached_response(sent())


def test_responses_chosen_by_other_fields_than_the_last_are_forgotten(cache: URLCache, tmp_path: Path) -> None:
    """A resource whose Vary changed is not given by its old rule."""
    cache.store_cached_response(response(b"old", [("Vary", "X-Old")]), sent(headers=[("X-Old", "1")]))
    cache.store_cached_response(response(b"new", [("Vary", "X-New")]), sent(headers=[("X-New", "1")]))
    assert cache.cached_response(sent(headers=[("X-Old", "1")])) is None
    assert len(files(tmp_path)) == (cache.disk_capacity > 0)


# For the engine --------------------------------------------------------------------------------------

def test_a_304_is_written_into_what_is_stored(cache: URLCache, clock: Hand) -> None:
    """Headers and times are the 304's, body and user info stay (RFC 9111, section 4.3.4)."""
    cache.store_cached_response(response(user_info={"a": 1}), URL)
    found = cache.cached_response(sent())
    assert found is not None
    clock.today += timedelta(minutes=1)
    got = cache.refresh(found, sent(), [("ETag", '"1"'), ("X-New", "y")], clock.today, clock.today)
    again = cache.cached_response(sent())
    assert response(headers=[("ETag", '"1"'), ("X-New", "y")]) == got == again
    assert again is not None
    assert ({"a": 1}, clock.today) == (again.user_info, again.received)


def test_a_304_may_end_what_is_stored(cache: URLCache, clock: Hand) -> None:
    """One that says no-store is served once more, and kept no longer (RFC 9111, section 5.2.2.5)."""
    cache.store_cached_response(response(), URL)
    found = cache.cached_response(sent())
    assert found is not None
    got = cache.refresh(found, sent(), [("Cache-Control", "no-store")], clock.today, clock.today)
    assert (b"body", None) == (got.data, cache.cached_response(sent()))


def test_an_answer_to_head_refreshes_or_removes_that_to_get(cache: URLCache, clock: Hand) -> None:
    """RFC 9111, section 4.3.5: it is stored anew where validators agree, and worthless where they do not."""
    cache.store_cached_response(response(), URL)
    clock.today += timedelta(minutes=1)
    for request in (sent(method="HEAD"), sent(URL + "unknown", method="HEAD")):
        cache.compare(request, [("ETag", '"1"'), ("X-New", "y")], clock.today, clock.today)
    found = cache.cached_response(URL)
    assert response(headers=[("ETag", '"1"'), ("X-New", "y")]) == found
    assert found is not None
    assert clock.today == found.received
    cache.compare(sent(method="HEAD"), [("ETag", '"2"')], clock.today, clock.today)
    assert cache.cached_response(URL) is None


def test_an_unsafe_request_removes_what_it_may_have_changed(cache: URLCache) -> None:
    """RFC 9111, section 4.4."""
    for name in "abc":
        cache.store_cached_response(response(), f"http://example.com/{name}")
    cache.invalidate("POST", URL, 500, [])
    cache.invalidate("GET", URL, 200, [])
    assert cache.cached_response(URL) is not None
    cache.invalidate("POST", URL, 201, [("Location", "/b")])
    assert [None, None, True] == [cache.cached_response(f"http://example.com/{name}") and True for name in "abc"]


# Limits ----------------------------------------------------------------------------------------------

def test_memory_holds_what_fits_and_lets_the_longest_unused_go(make: Make) -> None:
    """Least recently used first, by bytes; lowering the capacity removes at once; usage never exceeds it."""
    cache = make(10_000, 0)
    for name in "abc":
        cache.store_cached_response(response(bytes(3_000)), URL + name)
    cache.cached_response(URL + "a")
    cache.store_cached_response(response(bytes(3_000)), URL + "d")
    assert ["a", "c", "d"] == [name for name in "abcd" if cache.cached_response(URL + name)]
    assert 9_000 < cache.current_memory_usage <= 10_000
    cache.memory_capacity = 6_200
    assert ["c", "d"] == [name for name in "abcd" if cache.cached_response(URL + name)]
    cache.store_cached_response(response(bytes(6_200)), URL + "c")
    assert ["d"] == [name for name in "abcd" if cache.cached_response(URL + name)]
    cache.memory_capacity = 0
    cache.store_cached_response(response(b""), URL)
    assert (None, 0) == (cache.cached_response(URL), cache.current_memory_usage)


def test_disk_holds_what_fits_and_lets_the_longest_unused_go(make: Make, tmp_path: Path) -> None:
    """As in memory; the order holds although no time passes, and over a new cache on the folder."""
    cache = make(0, 100_000)
    names = [f"{number}" for number in range(40)]
    for name in names:
        cache.store_cached_response(response(bytes(4_000)), URL + name)
        assert cache.current_disk_usage <= 100_000
    kept = [name for name in names if make(0, 100_000).cached_response(URL + name)]
    assert names[-len(kept):] == kept
    assert 15 <= len(kept) <= 24
    first = kept[0]
    cache.cached_response(URL + first)
    cache.disk_capacity = 20_000
    left = [name for name in names if make(0, 100_000).cached_response(URL + name)]
    assert first in left
    assert cache.current_disk_usage <= 20_000
    cache.disk_capacity = 0
    assert (0, []) == (cache.current_disk_usage, files(tmp_path))
    cache.store_cached_response(response(), URL)
    assert [] == files(tmp_path)


def test_no_response_takes_more_than_a_twentieth_of_the_disk(make: Make, tmp_path: Path) -> None:
    """Apple's about 5 %; memory still keeps it, and a file that it replaces is gone."""
    cache = make(4 * MB, 1_000_000)
    cache.store_cached_response(response(bytes(40_000)), URL)
    assert 1 == len(files(tmp_path))
    cache.store_cached_response(response(bytes(50_000)), URL)
    assert [] == files(tmp_path)
    found = cache.cached_response(URL)
    assert found is not None
    assert 50_000 == found.size


def test_memory_only_responses_never_touch_the_disk(make: Make, tmp_path: Path) -> None:
    """ALLOWED_IN_MEMORY_ONLY, and a user_info that is not plain data; an older file goes."""
    cache = make()
    for more in ({"storage_policy": CacheStoragePolicy.ALLOWED_IN_MEMORY_ONLY}, {"user_info": {"a": object()}}, {"user_info": {1: (2,)}}):
        cache.store_cached_response(response(b"old"), URL)
        assert 1 == len(files(tmp_path))
        cache.store_cached_response(response(**more), URL)
        assert [] == files(tmp_path)
        found = cache.cached_response(URL)
        assert found is not None
        assert b"body" == found.data


def test_without_a_directory_there_is_no_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written anywhere unasked; capacities are Apple's documented ones."""
    monkeypatch.chdir(tmp_path)
    cache = URLCache()
    cache.store_cached_response(response(), URL)
    assert cache.cached_response(URL) is not None
    assert (4 * MB, 20 * MB, 0, []) == (cache.memory_capacity, cache.disk_capacity, cache.current_disk_usage, os.listdir(tmp_path))
    assert (4 * MB, 0) == (URLCache.ephemeral().memory_capacity, URLCache.ephemeral().disk_capacity)
    assert "<URLCache memory 31 of 4194304 bytes>" == repr(cache)


@pytest.mark.parametrize("value", [-1, 1.5, "4", None])
def test_a_capacity_is_a_number_of_bytes(value: Any) -> None:
    """Bad input is named, at the constructor and the members."""
    with pytest.raises(InvalidArgumentException, match="memory_capacity"):
        URLCache(value)
    with pytest.raises(InvalidArgumentException, match="disk_capacity"):
        URLCache().disk_capacity = value


def test_the_shared_cache_can_be_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """`URLCache.shared` is made once and can be set."""
    monkeypatch.setattr(type(URLCache), "_made", {})
    first = URLCache.shared
    assert first is URLCache.shared
    mine = URLCache()
    URLCache.shared = mine
    assert mine is URLCache.shared


# Large bodies ---------------------------------------------------------------------------------------

def test_fifty_megabytes_go_to_disk_and_come_back_in_pieces(make: Make, tmp_path: Path) -> None:
    """The spool writes a file, storing renames it, a hit reads it piece by piece; nothing of it stays in memory."""
    cache = make(4 * MB, 2_000 * MB)
    spool = cache.spool()
    for number in range(800):
        assert spool.write(bytes([number % 256]) * 65_536)
    cached_body = spool.body()
    assert cached_body is not None
    cache.store_cached_response(response(cached_body), URL)
    del spool, cached_body
    assert 1 == len(files(tmp_path))
    found = make(4 * MB, 2_000 * MB).cached_response(URL)
    assert found is not None
    assert 50 * MB == found.size
    assert [(65_536, {number % 256}) for number in range(800)] == [(len(piece), set(piece)) for piece in found.chunks(65_536)]
    assert 0 == cache.current_memory_usage
    refreshed = cache.refresh(found, sent(), [("X-New", "y")], found.requested, found.received)
    assert 50 * MB == refreshed.size
    again = cache.cached_response(URL)
    assert again is not None
    assert refreshed.response == again.response
    cache.remove_cached_response(URL)
    assert found.size == sum(map(len, found.chunks(MB)))     # a body that is being read outlives its file


def test_a_denied_body_leaves_no_file(make: Make, tmp_path: Path) -> None:
    """What was spooled and not stored is removed with its last user."""
    cache = make(4 * MB, 2_000 * MB)
    spool = cache.spool()
    assert spool.write(bytes(2 * MB))
    proposed = response(spool.body())
    assert bytes(2 * MB) == proposed.data
    assert 1 == len(files(tmp_path))
    del spool, proposed
    gc.collect()
    assert [] == files(tmp_path)


@pytest.mark.parametrize(("memory", "disk"), [(0, 20 * MB), (0, 40 * MB), (4 * MB, 0), (4 * MB, 20), (1, 10 * MB)])
def test_a_spool_keeps_what_either_tier_takes(make: Make, memory: int, disk: int) -> None:
    """A tier that is off, or small, keeps nothing from the other."""
    spool = make(memory, disk).spool()
    assert spool.write(bytes(MB // 2))
    body = spool.body()
    assert body is not None
    assert MB // 2 == response(body).size


def test_a_spool_gives_up_what_no_tier_would_keep(make: Make, tmp_path: Path) -> None:
    """Beyond 5 % of the disk, or beyond the memory where the disk takes no more than 1 MiB anyway."""
    for cache, limit in ((make(4 * MB, 40 * MB), 2 * MB), (make(3 * MB, 20 * MB), 3 * MB), (make(0, 0), 0), (URLCache(3 * MB), 3 * MB)):
        spool = cache.spool()
        assert (limit > 0) == spool.write(bytes(limit or 1))
        assert not spool.write(b"x")
        assert not spool.write(b"x")
        assert spool.body() is None
        del spool
        gc.collect()
        assert [] == files(tmp_path)
    small = make().spool()
    assert small.write(b"a")
    assert small.write(b"b")
    assert b"ab" == small.body()
    assert b"" == make().spool().body()


def test_bodies_over_a_megabyte_are_not_held_in_memory_too(make: Make, tmp_path: Path) -> None:
    """On disk alone where it is kept there, in memory where it is not."""
    cache = make(4 * MB, 100 * MB)
    cache.store_cached_response(response(bytes(2 * MB)), URL)
    assert (0, 1) == (cache.current_memory_usage, len(files(tmp_path)))
    cache.store_cached_response(response(bytes(2 * MB), storage_policy=CacheStoragePolicy.ALLOWED_IN_MEMORY_ONLY), URL)
    assert (True, 0) == (cache.current_memory_usage > 2 * MB, len(files(tmp_path)))


# The folder ------------------------------------------------------------------------------------------

def test_another_cache_on_the_folder_sees_what_is_stored_and_removed(make: Make) -> None:
    """Two caches, as of two processes, share their files; usage counts both."""
    one, two = make(0), make(0)
    one.store_cached_response(response(), URL)
    two.store_cached_response(response(), URL + "2")
    assert one.cached_response(URL + "2") == two.cached_response(URL) == response()
    assert one.current_disk_usage == two.current_disk_usage > 0
    two.remove_cached_response(URL)
    assert one.cached_response(URL) is None


def test_what_another_process_changed_is_not_given_from_memory(make: Make, clock: Hand) -> None:
    """A response that is also in memory goes with its file, or is read anew, whoever removed or replaced that."""
    one, two = make(), make()
    one.store_cached_response(response(b"old!"), URL)
    assert b"old!" == body_of(one) == body_of(two)
    clock.today += timedelta(seconds=1)
    two.store_cached_response(response(b"new!"), URL)
    assert b"new!" == body_of(one)
    two.remove_cached_response(URL)
    assert one.cached_response(URL) is None
    two.store_cached_response(response(b"4th!"), URL)
    assert b"4th!" == body_of(one)


def body_of(cache: URLCache) -> bytes:
    found = cache.cached_response(URL)
    assert found is not None
    return found.data


def test_what_memory_gives_is_used_on_disk_too(make: Make, tmp_path: Path) -> None:
    """The disk lets go of what was used longest ago, in whichever tier."""
    cache = make(4 * MB, 100_000)
    for name in "ab":
        cache.store_cached_response(response(bytes(4000), url=f"http://e.com/{name}"), f"http://e.com/{name}")
    assert cache.cached_response("http://e.com/a") is not None
    cache.disk_capacity = 6000
    assert [True, False] == [make(0, 100_000).cached_response(f"http://e.com/{name}") is not None for name in "ab"]


def damage_footer(raw: bytes) -> bytes:
    return raw[:-1] + bytes([raw[-1] ^ 1])


@pytest.mark.parametrize("damage", [
    lambda raw: b"", lambda raw: b"garbage", lambda raw: raw[:-1], lambda raw: raw[1:], lambda raw: raw + b"x", damage_footer,
    lambda raw: b"X" + raw[1:], lambda raw: raw.replace(b'"key"', b'"kez"'), lambda raw: bytes(len(raw)), lambda raw: b"body" + raw,
], ids=["empty", "garbage", "end cut", "begin cut", "longer", "footer", "body", "description", "zeros", "doubled"])
def test_a_damaged_file_is_a_miss_and_removed(make: Make, tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    """Whatever happened to it, the file is not given, raises nothing and goes."""
    make().store_cached_response(response(), URL)
    [path] = files(tmp_path)
    path.write_bytes(damage(path.read_bytes()))
    cache = make()
    assert cache.cached_response(URL) is None
    assert [] == files(tmp_path)
    cache.store_cached_response(response(), URL)
    assert response() == make().cached_response(URL)


@pytest.mark.parametrize("place", [0, MB, 2 * MB - 1])
def test_a_long_body_is_looked_at_before_it_is_given(make: Make, tmp_path: Path, place: int) -> None:
    """Also one that stays in its file has its checksum; damaged it is a miss and removed."""
    make(0, 100 * MB).store_cached_response(response(bytes(2 * MB)), URL)
    assert response(bytes(2 * MB)) == make(0, 100 * MB).cached_response(URL)
    [path] = files(tmp_path)
    with path.open("r+b") as file:
        file.seek(place)
        file.write(b"x")
    assert make(0, 100 * MB).cached_response(URL) is None
    assert [] == files(tmp_path)


def test_an_entry_that_is_no_file_is_a_miss(make: Make, tmp_path: Path) -> None:
    """A FIFO in its place keeps nobody waiting."""
    cache = make(0, 100_000)
    cache.store_cached_response(response(), URL)
    [path] = files(tmp_path)
    path.unlink()
    os.mkfifo(path)
    assert cache.cached_response(URL) is None


def test_a_file_of_another_url_is_not_given(make: Make, tmp_path: Path) -> None:
    """A file under a name that is not its own is a miss."""
    make().store_cached_response(response(), URL)
    [path] = files(tmp_path)
    raw = path.read_bytes()
    make().store_cached_response(response(b"other"), URL + "2")
    [other] = [each for each in files(tmp_path) if each != path]
    other.write_bytes(raw)
    assert make().cached_response(URL + "2") is None


def test_what_is_not_the_caches_is_left_alone(make: Make, tmp_path: Path) -> None:
    """Only files with the cache's own names are counted and removed; what a dead process left half written goes after a day."""
    cache = make()
    cache.store_cached_response(response(), URL)
    mine = tmp_path / "cache" / "notes.txt"
    mine.write_text("x" * 1000)
    old, young = (tmp_path / "cache" / f".body.{name}.tmp" for name in ("old", "young"))
    for path, age in ((old, 90_000), (young, 10)):
        path.write_text("x")
        when = (datetime.now(UTC) - timedelta(seconds=age)).timestamp()
        os.utime(path, (when, when))
    assert cache.current_disk_usage < 1000
    cache.remove_all_cached_responses()
    assert {mine, young} == set(files(tmp_path))


def test_a_folder_that_is_a_file_costs_no_load(make: Make, tmp_path: Path) -> None:
    """Storing, finding, spooling and removing go on without a disk."""
    (tmp_path / "cache").write_text("in the way")
    cache = make(4 * MB, 100 * MB)
    cache.store_cached_response(response(), URL)
    assert response() == cache.cached_response(URL)
    assert not cache.spool().write(bytes(2 * MB))
    cache.remove_all_cached_responses()
    assert (None, 0) == (cache.cached_response(URL), cache.current_disk_usage)


def test_what_can_be_no_folder_is_refused_by_name(tmp_path: Path) -> None:
    """A FIFO and a device, where the cache is made; what stands there stays."""
    os.mkfifo(tmp_path / "pipe")
    for path, what in ((tmp_path / "pipe", "a FIFO"), (Path(os.devnull), "a device")):
        with pytest.raises(InvalidArgumentException, match=f"it is {what}, not a folder"):
            URLCache(0, 100_000, path)
    assert (tmp_path / "pipe").is_fifo()


def test_processes_share_a_folder_without_torn_reads(make: Make, tmp_path: Path) -> None:
    """Two writers and two readers of one URL: every hit is whole, and no file is taken for damaged."""
    program = """if True:
        import sys
        from sessionmock.models.cached_response import CachedURLResponse
        from sessionmock.models.response import HTTPURLResponse
        from sessionmock.stores.url_cache import URLCache
        cache = URLCache(0, 20 << 20, sys.argv[1])
        hits = 0
        for turn in range(150):
            if sys.argv[2] == "write":
                body = bytes([turn % 256]) * (1000 + 37 * turn)
                cache.store_cached_response(CachedURLResponse(HTTPURLResponse("http://example.com/a", 200), body), "http://example.com/a")
            found = cache.cached_response("http://example.com/a")
            if found is not None:
                hits += 1
                assert len(set(found.data)) == 1 and len(found.data) == 1000 + 37 * found.data[0], "torn"
            else:
                assert sys.argv[2] == "read" and not hits, "lost"
        """
    running = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "cache"), role]) for role in ("write", "read", "write", "read")]
    assert [0, 0, 0, 0] == [process.wait() for process in running]
    assert 1 == len(files(tmp_path))
    assert make().cached_response(URL) is not None


def test_threads_share_a_cache(cache: URLCache) -> None:
    """Storing, finding and removing at once raise nothing and leave the books in order."""
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(40):
                cache.store_cached_response(response(bytes(turn)), f"{URL}{turn % 7}")
                cache.cached_response(f"{URL}{(turn + number) % 7}")
                if turn % 5 == number:
                    cache.remove_cached_response(f"{URL}{turn % 7}")
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [] == failures
    cache.remove_all_cached_responses()
    assert (0, 0) == (cache.current_memory_usage, cache.current_disk_usage)
