"""asyncio's own TLS on a connection in memory, as it is on a socket."""
from __future__ import annotations

from asyncio import BaseProtocol
from asyncio.sslproto import SSLProtocol, _SSLProtocolTransport
from collections.abc import Callable
from typing import Any, cast

from ....clock import SECOND, Timer
from ...base import Host
from ..contexts import Offer
from .coroutines import Later


class MemoryTLS(SSLProtocol):
    """The client's side of TLS for `protocol`; `stood` is told how the handshake ended."""

    def __init__(self, host: Host, protocol: BaseProtocol, offer: Offer, stood: Later[None], name: str | None) -> None:
        super().__init__(cast("Any", _Loop(host)), protocol, cast("Any", offer), cast("Any", stood), server_hostname=name)

    def _get_app_transport(self) -> Any:
        made: Any = super()._get_app_transport()    # type: ignore[misc]    # typeshed does not know it
        made.__class__ = _Unwatched
        return made


class _Unwatched(_SSLProtocolTransport):
    """Nothing of the system's is left open where nobody closes it, so nobody need be warned."""

    def __del__(self, *_: Any) -> None: ...


class _Loop:
    """What asyncio's TLS asks of the loop that it runs on."""

    __slots__ = ("_host", "call_soon")

    def __init__(self, host: Host) -> None:
        self._host = host
        self.call_soon = host.post

    def call_later(self, seconds: float, call: Callable[..., None], *arguments: Any) -> Timer:
        clock = self._host.clock
        return clock.call_at(clock.now() + int(seconds * SECOND), call, *arguments)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Something went wrong that is no matter of the connection's: raised by the next call."""
        self._host.post(_raise, context["exception"])

    def get_debug(self) -> bool:
        return False


def _raise(error: BaseException) -> None:
    raise error
