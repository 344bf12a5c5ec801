"""Stores in a forked child."""
from __future__ import annotations

import subprocess
import sys


def test_a_lock_that_was_held_at_the_fork_is_free_in_the_child() -> None:
    """A child forked while another thread is in a store uses the store all the same; the parent's stays locked."""
    program = """if True:
        import os, sys, tempfile
        from sessionmock.models.cached_response import CachedURLResponse
        from sessionmock.models.response import HTTPURLResponse
        from sessionmock.stores.cookie_storage import HTTPCookieStorage
        from sessionmock.stores.url_cache import URLCache
        with tempfile.TemporaryDirectory() as folder:
            jar, cache = HTTPCookieStorage.shared, URLCache(directory=folder)
            with jar._lock, cache._lock, cache._disk._lock:
                child = os.fork()
                if not child:
                    jar.store_from_headers("http://example.com/", [("Set-Cookie", "a=1")])
                    cache.store_cached_response(CachedURLResponse(HTTPURLResponse("http://example.com/", 200), b"x"), "http://example.com/")
                    found = cache.cached_response("http://example.com/")
                    os._exit(0 if jar.header_for("http://example.com/") == "a=1" and found.data == b"x" else 3)
                assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
                assert jar._lock.locked() and cache._lock.locked()
        """
    assert 0 == subprocess.run([sys.executable, "-c", program], check=False).returncode
