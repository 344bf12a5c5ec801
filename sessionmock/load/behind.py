"""A load that nobody waits for: what it brings is for the cache alone (RFC 5861, section 3)."""
from __future__ import annotations

from collections.abc import Callable

from ..delegates import Method
from ..errors import URLError
from .callbacks import Callbacks
from .consumer import Consumed
from .consumers import InMemory
from .ending import Message

_HEARD = frozenset({"session_did_receive_challenge", "task_did_receive_challenge", "task_did_finish_collecting_metrics"})


class CallbacksBehind(Callbacks):
    """The delegates decide whom to trust, and see what was measured. Of all else they hear nothing, and where they cannot be asked
    about a redirect none is followed."""

    __slots__ = ()
    follows = False

    def method(self, name: str) -> Method | None:
        return super().method(name) if name in _HEARD else None


class ToCache(InMemory):
    """Lets the cache have the response; `over` is called at the end, whatever it is."""

    def __init__(self, over: Callable[[], None]) -> None:
        self._over = over

    def data(self, load: Consumed, data: bytes) -> None:
        """The cache has had it."""

    def finished(self, load: Consumed, error: URLError | None) -> Message | None:
        return None

    def told(self) -> None:
        self._over()
