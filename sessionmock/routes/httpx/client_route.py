"""Live, as a plain client would be without us: by its own transport, with its own TLS, proxies, HTTP version and loop."""
from __future__ import annotations

from contextvars import ContextVar
from typing import Protocol

from ...models.configuration import URLSessionConfiguration
from ...models.message import Request
from ..base import Channel, ChannelOver, Exchange, Host, Route, Sink


class Way(Exchange, Protocol):
    """A request that a client's own transport is to send. Whoever reads the answer makes it go on."""

    def start(self, request: Request, sink: Sink) -> None:
        """It is to be sent after all; `sink` takes the answer."""


way: ContextVar[Way | None] = ContextVar("sessionmock_own_way", default=None)     # of the request that is being opened here


class ClientRoute:
    """A live route for recording: what an intercepted httpx or httpx2 client asks goes by that client's own transport,
    anything else over `otherwise`."""

    source = "live"

    def __init__(self, otherwise: Route) -> None:
        self._otherwise = otherwise

    @property
    def is_live(self) -> bool:
        return self._otherwise.is_live

    def bind(self, configuration: URLSessionConfiguration, host: Host) -> Channel:
        return ClientChannel(self._otherwise.bind(configuration, host))


class ClientChannel(ChannelOver):
    """Such a route in the hands of one session."""

    def open(self, request: Request, sink: Sink) -> Exchange:
        own = way.get()
        if own is None:
            return super().open(request, sink)
        own.start(request, sink)
        return own
