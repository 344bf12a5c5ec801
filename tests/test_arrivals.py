"""Requests that came to routes: what they hold, and waiting for them."""
from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio

import sessionmock as sm
from sessionmock import History, Requests

URL = "https://api.test/jobs"


@pytest.fixture
def script() -> sm.ScriptRoute:
    return sm.ScriptRoute().answer(lambda request: 200)


@pytest.fixture
def requests(script: sm.ScriptRoute) -> Iterator[Requests]:
    """Those of a test whose route is `script`."""
    with sm.LeakScope("requests") as scope, sm.use_route(script, everywhere=True):
        scope.history = History()
        yield sm.Requests(scope.history)


@pytest.fixture
def session() -> Iterator[sm.URLSession]:
    with sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        yield session


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(transport=sm.transport()) as client:
        yield client


def bodies(path: Path) -> dict[str, Any]:
    """The ways to send b"body"."""
    path.write_bytes(b"body")
    return {
        "bytes": sm.URLRequest(URL, "POST", http_body=b"body"),
        "stream": sm.URLRequest(URL, "POST", http_body_stream=sm.InputStream(b"body")),
        "generator": sm.URLRequest(URL, "POST", http_body_stream=iter([b"bo", b"dy"])),
    }


def test_what_a_task_sent_is_there(requests: Requests, session: sm.URLSession, tmp_path: Path) -> None:
    """Method, URL, fields by name in any case, and the body, however it was given; the task, and who answered."""
    path = tmp_path / "body"
    for request in bodies(path).values():
        request.set_value("1", for_http_header_field="X-A")
        session.data(request).result()
    session.upload(sm.URLRequest(URL, "POST", all_http_header_fields={"X-A": "1"}), from_file=path).result()
    assert 4 == len(requests)
    for request in requests:
        assert ("POST", URL, b"body", "script") == (request.method, request.url, request.body, request.source)
        assert ("1", True) == (request.headers["x-a"], ("X-A", "1") in list(request.headers))
        assert isinstance(request.task, sm.URLSessionTask)


def test_what_a_plain_client_sent_is_there(requests: Requests, client: httpx.Client) -> None:
    """A body in pieces too; there is no task."""
    client.put(URL, content=iter([b"bo", b"dy"]))
    [request] = requests
    assert ("PUT", URL, b"body", "script", None) == (request.method, request.url, request.body, request.source, request.task)
    assert [request] == requests[:1] == [requests[0]]
    assert "PUT https://api.test/jobs (script)" in repr(requests)


def test_a_redirect_is_a_request_of_its_own_and_the_cache_is_no_route(
        requests: Requests, script: sm.ScriptRoute, session: sm.URLSession) -> None:
    """What came to no route is not there."""
    script.answer(status=302, headers={"Location": "/there"}).answer(headers={"Cache-Control": "max-age=60"}, body=b"x")
    session.data(URL).result()
    session.data("https://api.test/there").result()
    assert [URL, "https://api.test/there"] == [request.url for request in requests]


@pytest.mark.parametrize(("url", "count"), [
    (None, 3), (URL, 1), ("https://API.test:443/jobs#part", 1), ("https://api.test", 1), ("https://api.test/*", 3), ("*/jobs?id=*", 1),
    (re.compile(r"jobs\?id=\d$"), 1), (re.compile("JOBS"), 0), ("https://api.test/j", 0), ("no url", 0),
])
def test_which_requests_match(requests: Requests, client: httpx.Client, url: Any, count: int) -> None:
    """A URL, one with `*`, or a pattern; compared in canonical form, and a method in any case."""
    for each in (URL, f"{URL}?id=1", "https://api.test"):
        client.post(each)
    if count:
        assert count == len(requests.wait_for(count, method="post", url=url, timeout=0))
    with pytest.raises(TimeoutError, match=f"and {count} came"):
        requests.wait_for(count + 1, url=url, timeout=0)
    with pytest.raises(TimeoutError, match="and 0 came"):
        requests.wait_for(url=url, method="GET", timeout=0)


def test_requests_of_other_threads_are_waited_for(requests: Requests, session: sm.URLSession, client: httpx.Client) -> None:
    """By a task that nobody waits for and by a plain client; so many come back as were asked for, from the first on."""
    threads = [threading.Thread(target=client.get, args=(f"{URL}/{number}",)) for number in (1, 2)]
    session.data_task(URL, lambda *_: None).resume()
    for thread in threads:
        thread.start()
    assert 3 == len(requests.wait_for(3))
    assert [URL] == [request.url for request in requests.wait_for(url=URL)]
    for thread in threads:
        thread.join()


def test_in_virtual_time_waiting_costs_none() -> None:
    """What comes later is waited for by the virtual clock, and so is what never comes: the error says what came instead."""
    history = History([])
    script = sm.ScriptRoute().answer(status=503, delay=2).answer()
    with sm.virtual_time() as clock, sm.use_route(script), sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        before = sm.set_trace(sm.Trace(history))
        requests = Requests(history)
        session.data_task(URL, lambda *_: session.data_task(f"{URL}/again?token=sk-12345678", lambda *_: None).resume()).resume()
        assert [f"{URL}/again?token=sk-12345678"] == [request.url for request in requests.wait_for(url="*/again*")]
        assert 2 == clock.now()
        with pytest.raises(TimeoutError) as failure:
            requests.wait_for(2, method="POST", url=f"{URL}/*", timeout=60)
        assert 62 == clock.now()
        sm.set_trace(before)
    first, *lines = str(failure.value).splitlines()
    assert "waited 60 s for 2 requests (POST https://api.test/jobs/*), and 0 came; what came instead:" == first
    assert "  GET https://api.test/jobs (script)" == lines[0]
    assert "sk-12345678" not in str(failure.value)


def run_asyncio(one: Any, other: Any) -> Any:
    async def both() -> Any:
        return (await asyncio.gather(one(), other()))[0]

    return asyncio.run(both())


def run_trio(one: Any, other: Any) -> Any:
    async def both() -> Any:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(other)
            return await one()

    return trio.run(both)


@pytest.mark.parametrize("run", [run_asyncio, run_trio])
def test_a_coroutine_awaits_them(requests: Requests, run: Any) -> None:
    """While others of its loop go on; before that there is nothing to look at, and time runs out there too."""
    async def wait() -> Any:
        arrived = requests.wait_for(2)
        for use in (len, list, lambda one: one[0]):
            with pytest.raises(TypeError, match="await wait_for"):
                use(arrived)
        found = await arrived
        assert found is await arrived
        assert found == await requests.wait_for(2)
        with pytest.raises(TimeoutError, match=r"waited 0.01 s for 3 requests \(any URL\), and 2 came; nothing else came"):
            await requests.wait_for(3, timeout=0.01)
        return found

    async def ask() -> None:
        async with httpx.AsyncClient(transport=sm.transport()) as client:
            for number in (1, 2):
                await client.get(f"{URL}/{number}")

    assert [f"{URL}/1", f"{URL}/2"] == [request.url for request in run(wait, ask)]


@pytest.mark.parametrize("wrong", [{"count": 0}, {"count": "2"}, {"count": True}, {"timeout": "5"}, {"method": 5}, {"url": 5}])
def test_what_cannot_be_waited_for_is_refused(requests: Requests, wrong: Any) -> None:
    """At the call."""
    with pytest.raises(sm.InvalidArgumentException):
        requests.wait_for(**wrong)
