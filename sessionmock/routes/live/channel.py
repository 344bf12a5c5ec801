"""What the parts of the live route see of the channel that they belong to."""
from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any, Protocol

from ...models.credential import URLCredential
from ..base import Host
from .network.base import Adapter, Resolve


class Channel(Protocol):
    """One session's connections: `route.LiveChannel`, seen from below. All but `run` on the engine only."""

    @property
    def host(self) -> Host:
        """The engine."""

    @property
    def adapter(self) -> Adapter:
        """The network."""

    @property
    def run(self) -> Callable[..., None]:
        """`Adapter.run`."""

    @property
    def resolve(self) -> Resolve | None:
        """Knows names in place of the network."""

    def tls(self, identity: URLCredential | None = None, verified: bool = True) -> ssl.SSLContext:
        """The context for a handshake. Raises OSError or ValueError for an identity that cannot be read."""

    def watching(self, identity: URLCredential | None) -> tuple[ssl.SSLContext, list[Any]]:
        """A context for one handshake, and the messages by which that asked for a client's certificate."""
