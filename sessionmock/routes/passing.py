"""Requests that go past a cassette or script: to their servers, unrecorded, and they are no misses."""
from __future__ import annotations

from typing import TYPE_CHECKING

from ..models.host_patterns import named
from ..models.message import Request
from ..models.proxy import ProxyConfiguration
from ..models.url import URLParts, split_url
from .base import Channel, ChannelOver, Exchange, Host, Route, Sink

if TYPE_CHECKING:
    from ..models.configuration import URLSessionConfiguration


class PassingChannel(ChannelOver):
    """A channel, and the one `past` it for the hosts that `patterns` name."""

    def __init__(self, inner: Channel, past: Channel, patterns: tuple[str, ...]) -> None:
        super().__init__(inner)
        self._past, self._patterns = past, patterns

    def open(self, request: Request, sink: Sink) -> Exchange:
        return self.over_for(request).open(request, sink)

    def over_for(self, request: Request) -> Channel:
        """What answers `request`."""
        try:
            passes = self._passes(split_url(request.url))
        except ValueError:      # it names no host
            passes = False
        assert self.inner is not None
        return self._past if passes else self.inner

    def proxy_for(self, parts: URLParts) -> ProxyConfiguration | None:
        return self._past.proxy_for(parts) if self._passes(parts) else super().proxy_for(parts)

    def flush(self) -> None:
        self._past.flush()
        super().flush()

    def close(self) -> None:
        self._past.close()
        super().close()

    def abandon(self) -> None:
        self._past.abandon()
        super().abandon()

    def _passes(self, parts: URLParts) -> bool:
        return named(self._patterns, parts.host, parts.port)


def passing(channel: Channel, patterns: tuple[str, ...], live: Route | None, configuration: URLSessionConfiguration, host: Host) -> Channel:
    """`channel`, and past it what `patterns` name: over `live`, or as it would be without the route. A plain client's request goes
    that client's own way."""
    if not patterns:
        return channel
    from .current import live_route  # both bring much that a cassette alone never needs
    from .httpx.client_route import ClientRoute

    return PassingChannel(channel, ClientRoute(live or live_route()).bind(configuration, host), patterns)
