"""The same stub under respx and in a script: the client, the effect and the records see the same."""
from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import anyio
import httpcore
import httpx
import httpx2
import pytest
import respx
import trio

from sessionmock import ScriptRoute, UnmatchedRequest, transport

URL = "https://api.test/"
ASKED = httpx.Request("GET", URL)
Stub = Callable[[respx.Route], Any]


class Streamed(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that is read piece by piece, by either client."""

    def __iter__(self) -> Iterator[bytes]:
        yield from (b"one", b"two")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece


def extended(request: httpx.Request) -> httpx.Response:
    """What the client said of its request comes back in the extensions of the answer."""
    said = {name: request.extensions.get(name) for name in ("timeout", "mine")}
    return httpx.Response(200, extensions={"said": said, "reason_phrase": b"Fine", "http_version": b"HTTP/2"})


class ReadFailed(httpcore.ReadError):
    """A class of the user's over one of httpcore's."""


class Refused(httpx.ConnectError):
    """One over httpx's."""



STUBS: dict[str, Stub] = {
    "an answer": lambda route: route.respond(201, text="x"),
    "nothing said": lambda route: route,
    "a version alone": lambda route: route.respond(202, http_version="HTTP/3"),
    "an extension of an answer that is kept": lambda route: route.respond(200, extensions={"mine": 1}),
    "extensions both ways": lambda route: route.mock(side_effect=extended),
    "a body where there should be none": lambda route: route.respond(204, content=b"x"),
    "a stream": lambda route: route.mock(side_effect=lambda request: httpx.Response(200, stream=Streamed())),
    "a list that is used up": lambda route: route.mock(side_effect=[httpx.Response(201)]),
    "an iterator that was empty": lambda route: route.mock(side_effect=iter([])),
    "an error of httpx": lambda route: route.mock(side_effect=httpx.ConnectError),
    "an error of the user's": lambda route: route.mock(side_effect=Refused),
    "an error of a status": lambda route: route.mock(side_effect=httpx.HTTPStatusError("no", request=ASKED, response=httpx.Response(500))),
    **{f"the system's {error!r}": lambda route, error=error: route.mock(side_effect=error)      # type: ignore[misc]
       for error in (TimeoutError(), ConnectionRefusedError(111, "no"), ssl.SSLError("no"), socket.gaierror(-2, "no"))},
    **{f"httpcore.{kind.__name__}": lambda route, kind=kind: route.mock(side_effect=kind("no"))      # type: ignore[misc]
       for kind in (httpcore.ConnectError, httpcore.PoolTimeout, httpcore.TimeoutException, httpcore.ProtocolError, httpcore.ProxyError,
                    httpcore.RemoteProtocolError, httpcore.UnsupportedProtocol, httpcore.ConnectionNotAvailable, ReadFailed)},
}


@contextmanager
def by_respx() -> Iterator[tuple[respx.Route, dict[str, Any]]]:
    with respx.mock(assert_all_called=False) as router:
        yield router.route(url=URL), {}


@contextmanager
def by_script() -> Iterator[tuple[respx.Route, dict[str, Any]]]:
    script = ScriptRoute()
    yield script.route(url=URL), {"transport": transport(script)}


def asked(client: Any, method: str) -> Any:
    return client.build_request(method, URL, content=b"abc" if method == "POST" else None, extensions={"mine": "a"}, timeout=44.0)


def told(response: httpx.Response) -> Any:
    return response.status_code, response.content, response.extensions, response.reason_phrase, response.headers.raw


def raised(error: BaseException) -> Any:
    """What a client sees; a used-up list says more here than respx does."""
    kind = StopIteration if isinstance(error, StopIteration) else type(error)
    return kind, "" if kind is StopIteration else str(error), isinstance(getattr(error, "_request", None), httpx.Request)


def sync(options: dict[str, Any], method: str) -> Iterator[Any]:
    with httpx.Client(**options) as client:
        for _ in range(2):
            try:
                yield told(client.send(asked(client, method)))
            except Exception as error:
                yield raised(error)


def later(options: dict[str, Any], method: str) -> list[Any]:
    async def ask() -> list[Any]:
        found = []
        async with httpx.AsyncClient(**options) as client:
            for _ in range(2):
                try:
                    found.append(told(await client.send(asked(client, method))))
                except Exception as error:
                    found.append(raised(error))
        return found

    return asyncio.run(ask())


def recorded(route: respx.Route) -> list[Any]:
    return [(call.request.method, call.request.content, call.request.headers.raw, call.request.extensions,
             call.optional_response and (call.optional_response.status_code, call.optional_response.extensions))
            for call in route.calls]


@pytest.mark.parametrize("send", [sync, later])
@pytest.mark.parametrize("stub", STUBS.values(), ids=STUBS)
def test_it_is_seen_as_with_respx(stub: Stub, send: Callable[..., Any]) -> None:
    """Status, body, also to HEAD, extensions, reason, fields and exceptions; and what `route.calls` holds of both sides."""
    for method in ("GET", "HEAD", "POST"):
        seen = []
        for mocked in (by_respx, by_script):
            with mocked() as (route, options):
                stub(route)
                seen.append((list(send(options, method)), recorded(route)))
        assert seen[0] == seen[1], method


def test_a_list_that_is_used_up_is_a_miss_too() -> None:
    """A client that swallows what it gets hides nothing: the script keeps it, and it names the route."""
    script = ScriptRoute()
    script.get(URL).mock(side_effect=[])
    with httpx.Client(transport=transport(script)) as client:
        script.get(URL).mock(side_effect=iter([]))
        with pytest.raises(StopIteration) as failure:
            client.get(URL)
    assert [failure.value] == script.misses
    assert isinstance(failure.value, UnmatchedRequest)
    assert "all side effects of <Route" in str(failure.value)


async def _answered(request: httpx.Request) -> httpx.Response:
    await asyncio.sleep(0)
    return httpx.Response(203)


def test_a_coroutine_function_answers_a_plain_client_too() -> None:
    """respx leaves its coroutine unawaited; here it is run."""
    script = ScriptRoute()
    script.get(URL).mock(side_effect=_answered)
    with httpx.Client(transport=transport(script)) as client:
        assert 203 == client.get(URL).status_code


mine: ContextVar[str] = ContextVar("mine", default="")
Run = Callable[[Callable[[], Any]], Any]


@pytest.fixture(params=["asyncio", "trio"])
def run(request: pytest.FixtureRequest) -> Run:
    return trio.run if request.param == "trio" else lambda main: asyncio.run(main())


@pytest.mark.parametrize("error", [Refused("no"), ValueError("no"), TimeoutError()], ids=repr)
def test_an_exception_arrives_itself(run: Run, error: Exception) -> None:
    """The very one that the side effect raised, with all that its class has."""
    script = ScriptRoute()
    script.get(URL).mock(side_effect=error)
    with httpx.Client(transport=transport(script)) as client, pytest.raises(type(error)) as failure:
        client.get(URL)
    assert failure.value is error

    async def main() -> None:
        async with httpx.AsyncClient(transport=transport(script)) as client:
            with pytest.raises(type(error)) as failure:
                await client.get(URL)
            assert failure.value is error

    run(main)


@pytest.mark.parametrize("package", [httpx, httpx2])
@pytest.mark.parametrize("kind", ["side effect", "function"])
def test_users_code_runs_in_the_task_of_an_async_client(run: Run, package: Any, kind: str) -> None:
    """On its loop and in its context: what it awaits may be the test's own, and a function may use the loop."""
    async def main() -> None:
        asked, allowed = anyio.Event(), anyio.Event()
        at: list[Any] = []

        async def wait(request: Any) -> Any:
            asked.set()
            await allowed.wait()
            return answer(request)

        def answer(request: Any) -> Any:
            at.append((mine.get(), anyio.get_current_task().id))
            return httpx.Response(203) if kind == "side effect" else 203

        async def ask() -> None:
            mine.set("test's")
            async with package.AsyncClient(transport=transport(script)) as client:
                assert [203, 203] == [(await client.get(URL + path)).status_code for path in ("wait", "answer")]
            assert [("test's", anyio.get_current_task().id)] * 2 == at

        if kind == "side effect":
            script = ScriptRoute()
            script.get(URL + "wait").mock(side_effect=wait)
            script.get(URL + "answer").mock(side_effect=answer)
        else:
            script = ScriptRoute().answer(lambda request: wait(request) if request.url.endswith("wait") else answer(request))
        async with anyio.create_task_group() as group:
            group.start_soon(ask)
            await asked.wait()
            allowed.set()

    run(main)


def test_who_is_cancelled_cancels_the_side_effect(run: Run) -> None:
    """Before the request ends for its client; nothing waits for it any more."""
    left = []

    async def main() -> None:
        asked = anyio.Event()

        async def wait(request: Any) -> None:
            asked.set()
            try:
                await anyio.sleep_forever()
            finally:
                left.append(request)

        script = ScriptRoute()
        script.get(URL).mock(side_effect=wait)
        async with httpx.AsyncClient(transport=transport(script)) as client, anyio.create_task_group() as group:
            group.start_soon(client.get, URL)
            await asked.wait()
            group.cancel_scope.cancel()
        assert 1 == len(left)

    run(main)


def test_a_body_that_the_test_feeds_is_read_in_its_task(run: Run) -> None:
    """Piece by piece; and closed there."""
    async def main() -> None:
        feed, fed = anyio.create_memory_object_stream[bytes](0)

        class Fed(httpx.AsyncByteStream):
            async def __aiter__(self) -> AsyncIterator[bytes]:
                async for piece in fed:
                    yield piece

            async def aclose(self) -> None:
                await fed.aclose()

        async def give() -> None:
            async with feed:
                for piece in (b"one", b"two"):
                    await feed.send(piece)

        script = ScriptRoute()
        script.get(URL).mock(side_effect=lambda request: httpx.Response(200, stream=Fed()))
        async with httpx.AsyncClient(transport=transport(script)) as client, anyio.create_task_group() as group:
            group.start_soon(give)
            async with client.stream("GET", URL) as response:
                assert [b"one", b"two"] == [piece async for piece in response.aiter_raw()]
        with pytest.raises(anyio.ClosedResourceError):
            fed.receive_nowait()

    run(main)
