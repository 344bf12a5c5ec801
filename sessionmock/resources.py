"""A URL's bytes and lines in one call, by the shared session, Apple's `URL.resourceBytes` and `URL.lines`."""
from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from .session import URLSession


async def resource_bytes(url: str) -> AsyncGenerator[int, None]:
    """The bytes of `url` while they come: `async for byte in resource_bytes(url)`. A failure is raised where it meets the loop."""
    source, _ = await URLSession.shared.bytes(url)
    async with aclosing(aiter(source)) as found:
        async for byte in found:
            yield byte


async def lines(url: str) -> AsyncGenerator[str, None]:
    """The lines of `url` while they come, as `AsyncBytes.lines` gives them: `async for line in lines(url)`."""
    source, _ = await URLSession.shared.bytes(url)
    async with aclosing(aiter(source.lines())) as found:
        async for line in found:
            yield line
