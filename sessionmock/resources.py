"""A URL's bytes and lines in one call, by the shared session, Apple's `URL.resourceBytes` and `URL.lines`."""
from __future__ import annotations

from collections.abc import AsyncIterator

from .session import URLSession


async def resource_bytes(url: str) -> AsyncIterator[int]:
    """The bytes of `url` while they come: `async for byte in resource_bytes(url)`. A failure is raised where it meets the loop."""
    source, _ = await URLSession.shared.bytes(url)
    async for byte in source:
        yield byte


async def lines(url: str) -> AsyncIterator[str]:
    """The lines of `url` while they come, as `AsyncBytes.lines` gives them: `async for line in lines(url)`."""
    source, _ = await URLSession.shared.bytes(url)
    async for line in source.lines():
        yield line
