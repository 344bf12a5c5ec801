"""What a load says to caches and takes from its own."""
from __future__ import annotations

from typing import Any

import pytest

from sessionmock import ScriptRoute, URLCache, URLRequest, URLSession, URLSessionConfiguration, use_route

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
