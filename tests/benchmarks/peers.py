"""The peers. Imports stand inside: each process carries only what its contestant needs.

httpx keeps 32 connections and never drops idle ones: with its 5 s expiry the pool shrinks between rounds, and with it the
time it loses in the pool.
"""
from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .load import Play, at_once, computing, in_threads, one_by_one, pytest_runs, replays, script_url, script_urls

CONNECTIONS = 32


def _httpx_options() -> dict[str, Any]:
    import httpx

    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS, keepalive_expiry=None)
    return {"limits": limits, "trust_env": False, "timeout": 60}


@contextmanager
def httpx_client(url: str, threads: int = 1, beside: int = 0) -> Iterator[Play]:
    """GETs by one httpx.Client from `threads` threads, beside `beside` computing ones."""
    import httpx

    with httpx.Client(**_httpx_options()) as client:
        def get() -> None:
            assert len(client.get(url).content) == 1024
        yield in_threads(get, threads) if threads > 1 else computing(one_by_one(get), beside)


@contextmanager
def _on_a_loop(enter: Callable[[], Any], get: Callable[[Any], Any]) -> Iterator[Play]:
    loop = asyncio.new_event_loop()

    async def client_of() -> Any:
        return await enter().__aenter__()
    client = loop.run_until_complete(client_of())
    try:
        yield lambda count: loop.run_until_complete(at_once(lambda: get(client), count, CONNECTIONS))
    finally:
        loop.run_until_complete(client.__aexit__(None, None, None))
        loop.close()


@contextmanager
def httpx_async(url: str) -> Iterator[Play]:
    """GETs by httpx.AsyncClient, 32 in flight."""
    import httpx

    async def get(client: httpx.AsyncClient) -> None:
        assert len((await client.get(url)).content) == 1024
    with _on_a_loop(lambda: httpx.AsyncClient(**_httpx_options()), get) as play:
        yield play


@contextmanager
def httpx_http2(url: str, authority: str) -> Iterator[Play]:
    """The same over HTTP/2."""
    import ssl

    import httpx

    async def get(client: httpx.AsyncClient) -> None:
        response = await client.get(url)
        assert len(response.content) == 1024
        assert response.http_version == "HTTP/2"
    context = ssl.create_default_context(cafile=authority)
    with _on_a_loop(lambda: httpx.AsyncClient(http2=True, verify=context, **_httpx_options()), get) as play:
        yield play


@contextmanager
def aiohttp_client(url: str) -> Iterator[Play]:
    """GETs by aiohttp, 32 in flight."""
    import aiohttp

    async def get(client: aiohttp.ClientSession) -> None:
        async with client.get(url) as response:
            assert len(await response.read()) == 1024
    with _on_a_loop(lambda: aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=3600)), get) as play:
        yield play


@contextmanager
def respx_mock(routes: int) -> Iterator[Play]:
    """GETs that respx.mock answers, by one reused httpx.Client."""
    import httpx
    import respx

    urls = script_urls(routes)
    with respx.mock(assert_all_called=False) as router, httpx.Client(**_httpx_options()) as client:
        for number in range(routes):
            router.get(script_url(number)).respond(200, text="x" * 1024)

        def play(count: int) -> None:
            router.calls.reset()
            for number in range(count):
                assert client.get(urls[number % routes]).status_code == 200
        yield play


@contextmanager
def vcrpy(folder: str, interactions: int) -> Iterator[Play]:
    """Cassettes replayed by vcrpy under one httpx.Client each."""
    import httpx
    import vcr

    @contextmanager
    def replay(file: str) -> Iterator[Callable[[str], Any]]:
        with vcr.use_cassette(file, record_mode="none"), httpx.Client(**_httpx_options()) as client:
            yield client.get
    yield replays(folder, interactions, replay)


@contextmanager
def vcrpy_loading(file: str) -> Iterator[Play]:
    """A cassette opened by vcrpy."""
    import vcr

    def play(count: int) -> None:
        with vcr.use_cassette(file, record_mode="none") as cassette:
            assert len(cassette) == count
    yield play


@contextmanager
def vcrpy_recording(url: str, folder: str) -> Iterator[Play]:
    """GETs of one httpx.Client into a new cassette of vcrpy in `folder`."""
    import httpx
    import vcr

    def play(count: int) -> None:
        file = Path(folder, "vcrpy.yaml")
        with vcr.use_cassette(str(file), record_mode="all"), httpx.Client(**_httpx_options()) as client:
            for _ in range(count):
                assert len(client.get(url).content) == 1024
        file.unlink()
    yield play


@contextmanager
def httpx_download(url: str) -> Iterator[Play]:
    """A download to a file by httpx."""
    import httpx

    with httpx.Client(**_httpx_options()) as client, tempfile.TemporaryDirectory() as folder:
        def play(count: int) -> None:
            with client.stream("GET", f"{url}/{count}") as response, Path(folder, "file").open("wb") as file:
                for chunk in response.iter_bytes():
                    file.write(chunk)
            assert Path(folder, "file").stat().st_size == count
        yield play


@contextmanager
def httpx_upload(url: str, file: str) -> Iterator[Play]:
    """An upload from a file by httpx, streamed with a length."""
    import httpx

    with httpx.Client(**_httpx_options()) as client:
        def play(count: int) -> None:
            with open(file, "rb") as content:
                response = client.post(url, content=content, headers={"Content-Type": "application/octet-stream"})
            assert response.status_code == 200
        yield play


@contextmanager
def httpx_creation() -> Iterator[Play]:
    """Clients made and closed."""
    import httpx

    def play(count: int) -> None:
        for _ in range(count):
            httpx.Client().close()
    yield play


@contextmanager
def pytest_alone(folder: str) -> Iterator[Play]:
    """Runs of pytest without any plugin."""
    yield pytest_runs(folder)


@contextmanager
def nothing() -> Iterator[Play]:
    """An idle worker: the interpreter, with asyncio and what the worker itself needs."""
    yield lambda count: None
