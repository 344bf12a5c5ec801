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
