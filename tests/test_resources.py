"""What a URL holds, in one call and part by part."""
from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from sessionmock import ScriptRoute, URLError, URLSession, URLSessionConfiguration, lines, resource_bytes, use_route

URL = "https://api.example/"


@pytest.fixture(autouse=True)
def script() -> Iterator[None]:
    route = ScriptRoute()
    route.get(URL).respond(200, content="één\ntwee".encode())
    route.get(f"{URL}gone").mock(side_effect=OSError("gone"))
    with use_route(route):
        yield


def test_bytes_and_lines_of_a_url() -> None:
    """The shared session loads them, while they are iterated."""

    async def read() -> tuple[bytes, list[str]]:
        return bytes([byte async for byte in resource_bytes(URL)]), [line async for line in lines(URL)]

    assert ("één\ntwee".encode(), ["één", "twee"]) == asyncio.run(read())


def test_a_failure_meets_the_loop() -> None:
    """What the load fails with is raised in the iteration."""

    async def read() -> None:
        async for _ in lines(f"{URL}gone"):
            pass

    with pytest.raises(URLError):
        asyncio.run(read())


def test_characters_and_code_points_of_a_body() -> None:
    """Both give str, in plain code too."""
    with URLSession(URLSessionConfiguration.ephemeral()) as session:
        first, second = session.bytes(URL).result()[0].characters(), session.bytes(URL).result()[0].unicode_scalars()
        assert [list("één\ntwee")] * 2 == [list(first), list(second)]
