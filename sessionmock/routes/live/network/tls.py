"""asyncio's own TLS on a connection in memory, as it is on a socket."""
from __future__ import annotations

from asyncio import BaseProtocol
from asyncio.sslproto import SSLProtocol, _SSLProtocolTransport
from collections.abc import Callable
from typing import Any, cast

from ....clock import SECOND, Clock, Timer
from ..contexts import Offer
from .coroutines import Later, Post


class MemoryTLS(SSLProtocol):
    """The client's side of TLS for `protocol`; `stood` is told how the handshake ended."""

    def __init__(self, clock: Clock, post: Post, protocol: BaseProtocol, offer: Offer, stood: Later[None],
                 name: str | None) -> None:
        super().__init__(cast("Any", _Loop(clock, post)), protocol, cast("Any", offer), cast("Any", stood), server_hostname=name)

    def _get_app_transport(self) -> Any:
        made: Any = super()._get_app_transport()    # type: ignore[misc]    # typeshed does not know it
        made.__class__ = _Unwatched
        return made


class _Unwatched(_SSLProtocolTransport):
    """Nothing of the system's is left open where nobody closes it, so nobody need be warned."""

    def __del__(self, *_: Any) -> None: ...


class _Loop:
    """What asyncio's TLS asks of the loop that it runs on."""

    __slots__ = ("_clock", "call_soon")

    def __init__(self, clock: Clock, post: Post) -> None:
        self._clock, self.call_soon = clock, post

    def call_later(self, seconds: float, call: Callable[..., None], *arguments: Any) -> Timer:
        return self._clock.call_at(self._clock.now() + int(seconds * SECOND), call, *arguments)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Something went wrong that is no matter of the connection's: raised by the next call."""
        self.call_soon(_raise, context["exception"])

    def get_debug(self) -> bool:
        return False


def _raise(error: BaseException) -> None:
    raise error
