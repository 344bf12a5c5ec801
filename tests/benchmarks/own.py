"""sessionmock's contestants, the mirror of `peers`."""
from __future__ import annotations

import asyncio
import gc
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from time import perf_counter
from typing import Any

from .load import Play, at_once, computing, cpu_time, in_threads, one_by_one, pytest_runs, replays, script_url, script_urls
from .peers import CONNECTIONS


@contextmanager
def _session() -> Iterator[Any]:
    from sessionmock import URLSession, URLSessionConfiguration

    configuration = URLSessionConfiguration.ephemeral()
    configuration.http_maximum_connections_per_host = CONNECTIONS
    configuration.url_cache = None       # the peers have none; `cache` measures it by itself
    with URLSession(configuration) as session:
        yield session


@contextmanager
def result(url: str, threads: int = 1, beside: int = 0) -> Iterator[Play]:
    """GETs by `.result()` from `threads` threads, beside `beside` computing ones."""
    with _session() as session:
        def get() -> None:
            data, _ = session.data(url).result()
            assert len(data) == 1024
        yield in_threads(get, threads) if threads > 1 else computing(one_by_one(get), beside)


@contextmanager
def awaited(url: str) -> Iterator[Play]:
    """GETs by `await`, 32 in flight."""
    with _session() as session:
        async def get() -> None:
            data, _ = await session.data(url)
            assert len(data) == 1024
        loop = asyncio.new_event_loop()
        yield lambda count: loop.run_until_complete(at_once(get, count, CONNECTIONS))
        loop.close()


@contextmanager
def awaited_http2(url: str, authority: str) -> Iterator[Play]:
    """The same over HTTP/2."""
    from sessionmock import LiveRoute, use_route

    with use_route(LiveRoute(ssl.create_default_context(cafile=authority))), awaited(url) as play:
        yield play


@contextmanager
def handlers(url: str) -> Iterator[Play]:
    """GETs by completion handlers, 32 in flight: each handler starts the next."""
    with _session() as session:
        def play(count: int) -> None:
            left, open_chains, done = count - CONNECTIONS, CONNECTIONS, threading.Event()

            def completed(data: bytes | None, response: Any, error: Any) -> None:     # the queue is serial
                nonlocal left, open_chains
                assert data is not None, error
                if left > 0:
                    left -= 1
                    session.data_task(url, completion_handler=completed).resume()
                else:
                    open_chains -= 1
                    if not open_chains:
                        done.set()
            for _ in range(CONNECTIONS):
                session.data_task(url, completion_handler=completed).resume()
            done.wait()
        yield play


@contextmanager
def script(routes: int, faults: bool = False) -> Iterator[Play]:
    """GETs that a script of respx routes answers; with `faults` beside a plan in force that has no line."""
    from sessionmock import ScriptRoute, use_route

    in_force: AbstractContextManager[object] = nullcontext()
    if faults:
        from sessionmock import Faults, use_faults  # here: trees that are compared with may know of none

        in_force = use_faults(Faults())
    urls = script_urls(routes)
    route = ScriptRoute()
    for number in range(routes):
        route.get(script_url(number)).respond(200, text="x" * 1024)
    with use_route(route), in_force, _session() as session:
        def play(count: int) -> None:
            route.router.calls.reset()
            for number in range(count):
                session.data(urls[number % routes]).result()
        yield play


@contextmanager
def point() -> Iterator[Play]:
    """Passes of a point at which no line acts."""
    from sessionmock.clock import JumpingClock
    from sessionmock.faults.armed import Faults, TaskFaults

    faults = TaskFaults((Faults(),), JumpingClock(), None, None)

    def play(count: int) -> None:
        for _ in range(count):
            faults.passing("disk.write", "GET", "https://api.example.com/items/1")
    yield play


@contextmanager
def faulted() -> Iterator[Play]:
    """Sessions of three requests each: one is reset in its body, one comes in pieces, one is well."""
    from sessionmock import (
        FaultPlan,
        FaultRoute,
        ScriptRoute,
        URLError,
        URLSession,
        URLSessionConfiguration,
        use_route,
        virtual_time,
    )

    plan = FaultPlan().at("body", byte=100, nth=1).reset().at("body", nth=2).slice(100)
    script = ScriptRoute()
    script.answer(lambda request: b"x" * 1024)

    def play(count: int) -> None:
        for _ in range(count):
            failed = 0
            with virtual_time(), use_route(FaultRoute(script, plan)), URLSession(URLSessionConfiguration.ephemeral()) as session:
                for number in range(3):
                    try:
                        session.data(script_url(number)).result()
                    except URLError:
                        failed += 1
            assert failed == 1
    yield play


@contextmanager
def cassette(folder: str, interactions: int, shuffled: bool = False) -> Iterator[Play]:
    """Cassettes replayed in a session each."""
    from sessionmock import CassetteRoute, use_route

    @contextmanager
    def replay(file: str) -> Iterator[Callable[[str], Any]]:
        with use_route(CassetteRoute(file, mode="none")), _session() as session:
            yield lambda url: session.data(url).result()
    yield replays(folder, interactions, replay, shuffled=shuffled)


@contextmanager
def loading(file: str) -> Iterator[Play]:
    """A cassette opened."""
    from sessionmock import CassetteRoute

    def play(count: int) -> None:
        assert len(CassetteRoute(file, mode="none")) == count
    yield play


@contextmanager
def recording(url: str, folder: str) -> Iterator[Play]:
    """GETs by `.result()` into a new cassette in `folder`, written at the end."""
    from sessionmock import CassetteRoute, LiveRoute, use_route

    def play(count: int) -> None:
        file = Path(folder, "own.yaml")
        with CassetteRoute(file, mode="all", live=LiveRoute()) as route, use_route(route), _session() as session:
            for _ in range(count):
                data, _ = session.data(url).result()
                assert len(data) == 1024
        file.unlink()
    yield play


@contextmanager
def plain(url: str) -> Iterator[Play]:
    """The same, and recorded nowhere."""
    def play(count: int) -> None:
        with _session() as session:
            for _ in range(count):
                data, _ = session.data(url).result()
                assert len(data) == 1024
    yield play


@contextmanager
def download(url: str) -> Iterator[Play]:
    """A download to a file."""
    with _session() as session:
        def play(count: int) -> None:
            location, _ = session.download(f"{url}/{count}").result()
            assert Path(location).stat().st_size == count
            Path(location).unlink()
        yield play


@contextmanager
def upload(url: str, file: str) -> Iterator[Play]:
    """An upload from a file, streamed with a length."""
    from sessionmock import URLRequest

    with _session() as session:
        def play(count: int) -> None:
            request = URLRequest(url, http_method="POST")
            request.set_value("application/octet-stream", for_http_header_field="Content-Type")
            _, response = session.upload(request, from_file=file).result()
            assert response.status_code == 200
        yield play


@contextmanager
def creation() -> Iterator[Play]:
    """Sessions made and invalidated; told apart: how many TLS contexts there are afterwards."""
    from sessionmock import URLSession, URLSessionConfiguration

    def play(count: int) -> dict[str, float]:
        cpu, start = cpu_time(), perf_counter()
        for _ in range(count):
            URLSession(URLSessionConfiguration.ephemeral()).invalidate_and_cancel()
        spent = {"wall": perf_counter() - start, "cpu": cpu_time() - cpu}
        return spent | {"tls": sum(isinstance(thing, ssl.SSLContext) for thing in gc.get_objects())}
    yield play


@contextmanager
def cache() -> Iterator[Play]:
    """GETs that the memory cache answers."""
    from sessionmock import Answer, ScriptRoute, URLSession, URLSessionConfiguration, use_route

    route = ScriptRoute()
    route.answer(Answer(headers={"Cache-Control": "max-age=3600"}, body=b"x" * 1024))
    with use_route(route), URLSession(URLSessionConfiguration.ephemeral()) as session:
        session.data("https://api.example/").result()

        def play(count: int) -> None:
            for _ in range(count):
                session.data("https://api.example/").result()
        yield play


@contextmanager
def cookies(jar: int) -> Iterator[Play]:
    """GETs that a script answers, with `jar` cookies kept, of which 10 go along."""
    from sessionmock import HTTPCookie, ScriptRoute, URLSession, URLSessionConfiguration, use_route

    route = ScriptRoute()
    route.get("https://api.example/").respond(200, text="x" * 1024)
    configuration = URLSessionConfiguration.ephemeral()
    configuration.url_cache = None
    for number in range(jar):
        domain = "api.example" if number < 10 else f"host{number // 10}.example"
        configuration.http_cookie_storage.set_cookie(HTTPCookie(name=f"c{number % 10}", value="v", domain=domain, path="/"))
    with use_route(route), URLSession(configuration) as session:
        def play(count: int) -> None:
            route.router.calls.reset()
            for _ in range(count):
                session.data("https://api.example/").result()
        yield play


@contextmanager
def plugin(folder: str) -> Iterator[Play]:
    """Runs of pytest with the plugin, over tests that use nothing of it."""
    yield pytest_runs(folder, "sessionmock")
