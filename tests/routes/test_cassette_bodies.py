"""Bodies that are no bytes, from plain clients and from tasks: each gets the answer to its own, in every mode, and is sent as it was."""
from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest

from sessionmock import (
    CassetteRoute,
    ClientRoute,
    InputStream,
    Interception,
    TransportRoute,
    UnmatchedRequest,
    URLError,
    URLRequest,
    URLSession,
    URLSessionConfiguration,
    transport,
    use_route,
)
from sessionmock.leaks.scopes import LeakScope
from sessionmock.routes.cassette import Interaction, RecordedRequest, RecordedResponse, Tape, read_tape, write_tape

URL = "http://api.test/upload"
KINDS = ("buffer", "file", "list", "generator", "files", "stream")


@pytest.fixture(autouse=True)
def files() -> Iterator[None]:
    """Closes the files that were opened."""
    yield
    while OPEN:
        OPEN.pop().close()


OPEN: list[io.BufferedReader] = []


def values(kind: str, content: bytes, folder: Path) -> dict[str, Any]:
    """What a client is given to send `content`."""
    def generate() -> Iterator[bytes]:
        yield content[:1]
        yield content[1:]

    async def generate_later() -> AsyncIterator[bytes]:
        for piece in generate():
            yield piece

    class Stream(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            return generate()

    (folder / content.decode()).write_bytes(content)
    match kind:
        case "buffer":
            return {"content": io.BytesIO(content)}
        case "file":
            OPEN.append((folder / content.decode()).open("rb"))
            return {"content": OPEN[-1]}
        case "list":
            return {"content": [content]}
        case "generator":
            return {"content": generate()}
        case "async generator":
            return {"content": generate_later()}
        case "files":
            return {"files": {"file": ("a.txt", io.BytesIO(content), "text/plain")}, "data": {"n": "1"}}
    return {"content": Stream()}


def echo(request: Any) -> httpx.Response:
    """What a server says that has understood: the letter that it got, and how it was framed."""
    body = request.read()
    framing = request.headers.get("content-length") or request.headers["transfer-encoding"]
    assert framing in ("chunked", str(len(body)))
    return httpx.Response(200, text="got " + next(letter for letter in "ABC" if letter.encode() * 3 in body))


@pytest.fixture(params=[httpx, httpx2], ids=["httpx", "httpx2"])
def package(request: pytest.FixtureRequest) -> Any:
    return request.param


def ask(package: Any, route: CassetteRoute, kind: str, folder: Path, *contents: bytes, sync: bool) -> list[str]:
    given = [values(kind, content, folder) for content in contents]
    if sync:
        with package.Client(transport=transport(route)) as client:
            found = [client.post(URL, **each).text for each in given]
    else:
        async def all_of_them() -> list[str]:
            async with package.AsyncClient(transport=transport(route)) as client:
                return [(await client.post(URL, **each)).text for each in given]

        found = asyncio.run(all_of_them())
    return found


WAYS = [*((kind, True) for kind in KINDS), *((kind, False) for kind in ("async generator", "files"))]


@pytest.mark.parametrize(("kind", "sync"), WAYS)
def test_a_plain_clients_body_is_recorded_compared_and_missed(package: Any, tmp_path: Path, kind: str, sync: bool) -> None:
    """Recorded as it was sent, then answered by its bytes in any order; one that is new goes live, or is a miss."""
    path, live = tmp_path / "tape.yaml", TransportRoute(httpx.MockTransport(echo))
    send = lambda route, *contents: ask(package, route, kind, tmp_path, *contents, sync=sync)    # noqa: E731
    with CassetteRoute(path, "all", live=live) as route:
        assert ["got A", "got B"] == send(route, b"AAA", b"BBB")
    with CassetteRoute(path, "none") as route:
        assert ["got B", "got A"] == send(route, b"BBB", b"AAA")
        with pytest.raises(UnmatchedRequest):
            send(route, b"CCC")
    with CassetteRoute(path, "new_episodes", live=live) as route:
        assert ["got B", "got C"] == send(route, b"BBB", b"CCC")
        assert 1 == route.recorded
    with CassetteRoute(path, "verify", live=live) as route:
        assert ["got B", "got A"] == send(route, b"BBB", b"AAA")
        assert [] == route.differences
    assert 3 == len(read_tape(path).interactions)


@pytest.mark.parametrize("kind", KINDS)
def test_what_goes_the_clients_own_way_is_read_where_the_client_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str) -> None:
    """By its own transport, and with the framing that the client has said."""
    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", lambda transport, request: echo(request))
    scope = LeakScope("test")
    path = tmp_path / "tape.yaml"

    def send(mode: str, *contents: bytes) -> list[str]:
        route = CassetteRoute(path, mode, live=ClientRoute(TransportRoute(None)))
        with scope, route, use_route(route), Interception(scope), httpx.Client() as client:
            return [client.post(URL, **values(kind, content, tmp_path)).text for content in contents]

    assert ["got A", "got B"] == send("once", b"AAA", b"BBB")
    assert ["got B", "got C", "got A"] == send("new_episodes", b"BBB", b"CCC", b"AAA")
    assert ["got C", "got A", "got B"] == send("none", b"CCC", b"AAA", b"BBB")


def test_a_body_that_a_client_sends_again_is_compared_again(tmp_path: Path) -> None:
    """After a redirect that keeps it."""
    def answer(request: Any) -> httpx.Response:
        if request.url.path == "/upload":
            request.read()
            return httpx.Response(307, headers={"Location": "/moved"})
        return echo(request)

    for mode in ("once", "none"):
        with (CassetteRoute(tmp_path / "tape.yaml", mode, live=TransportRoute(httpx.MockTransport(answer))) as route,
              httpx.Client(transport=transport(route), follow_redirects=True) as client):
            for content in (b"AAA", b"BBB")[::1 if mode == "once" else -1]:
                assert f"got {content.decode()[0]}" == client.post(URL, **values("files", content, tmp_path)).text


STREAMS: dict[str, Callable[[Path], Any]] = {
    "bytes": lambda path: InputStream(data=path.read_bytes()), "file": lambda path: InputStream(path=path),
    "reader": lambda path: io.BytesIO(path.read_bytes()), "iterable": lambda path: iter([path.read_bytes()]),
}


@pytest.mark.parametrize("kind", [*STREAMS, "upload from file"])
@pytest.mark.parametrize("mode", ["none", "once", "new_episodes", "verify"])
def test_a_tasks_body_gets_its_own_answer(tmp_path: Path, kind: str, mode: str) -> None:
    """Whatever it is read from; a body that was never recorded is a miss, or goes live."""
    tape = tmp_path / "tape.yaml"
    write_tape(tape, Tape([Interaction(RecordedRequest("POST", URL, [], letter * 3), RecordedResponse(200, "OK", [], b"got " + letter))
                           for letter in (b"A", b"B")]))
    files = {letter: tmp_path / letter for letter in "ABC"}
    for letter, file in files.items():
        file.write_text(letter * 3)
    live = TransportRoute(httpx.MockTransport(echo))

    def load(session: URLSession, letter: str) -> bytes:
        request = URLRequest(URL, http_method="POST")
        if kind == "upload from file":
            return session.upload(request, from_file=files[letter]).result(timeout=10)[0]
        request.http_body_stream = STREAMS[kind](files[letter])
        return session.data(request).result(timeout=10)[0]

    route = CassetteRoute(tape, mode, live=live, ignore="headers")
    with route, use_route(route), URLSession(URLSessionConfiguration.ephemeral()) as session:
        assert [b"got B", b"got A"] == [load(session, letter) for letter in "BA"]
        if mode in ("none", "once"):
            with pytest.raises(URLError, match="no recorded answer"):
                load(session, "C")
        else:
            assert b"got C" == load(session, "C")
    assert {"none": (0, 0), "once": (0, 0), "new_episodes": (1, 0), "verify": (0, 1)}[mode] == (route.recorded, len(route.differences))
