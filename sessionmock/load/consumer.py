"""Who takes the response of a load, and what a load is to it."""
from __future__ import annotations

from typing import Any, Protocol

from ..engine.protocol import Engine
from ..errors import Code, URLError
from ..models.cached_response import CachedURLResponse
from ..models.request import URLRequest
from ..models.response import URLResponse
from .callbacks import Callbacks
from .context import Context
from .ending import Message
from .transfer import Transfer


class Consumed(Protocol):
    """A load, as its consumer sees it. Methods but `cancel` are called in a turn of the load."""

    context: Context
    callbacks: Callbacks
    transfer: Transfer

    @property
    def engine(self) -> Engine:
        """What runs it."""

    @property
    def task(self) -> Any:
        """Whose load it is."""

    def ask_to_store(self) -> None:
        """The body is complete: the delegate decides about caching it where that is its right."""

    def stored(self, proposal: CachedURLResponse | None = None) -> None:
        """Nothing is left to be asked about the complete body; `proposal` is kept."""

    def start_over(self, request: URLRequest) -> None:
        """Send `request` in place of the one whose answer is of no use."""

    def end_with(self, error: URLError) -> None:
        """Fail."""

    def cancel(self, error: URLError | None = None) -> None:
        """End with -999."""


class Consumer(Protocol):
    """Who takes the response of a load."""

    caches: bool    # whether the cache is looked into and filled
    asks: bool      # whether the delegate is asked what to do with the response
    undecodable: tuple[Code, Code]     # what a body fails with whose coding is broken: in the middle, at the end
    is_incremental: bool               # whether a delegate gets the data as it comes
    is_file: bool                      # whether what comes is written to a file
    written: int                       # bytes in it so far

    def creates_file(self, load: Consumed) -> bool:
        """Whether it makes a file when it begins."""

    @property
    def terminal(self) -> str:
        """The name of the terminal message that the load ends with: a delegate's method, where it has it, or "completion_handler"; ""
        for none."""

    def begin(self, load: Consumed, response: URLResponse) -> None:
        """The response is the final one."""

    def data(self, load: Consumed, data: bytes) -> None:
        """A piece of the decoded body."""

    def end(self, load: Consumed) -> None:
        """The body is complete. Calls `load.stored()` when nothing is left to be asked."""

    def finished(self, load: Consumed, error: URLError | None) -> Message | None:
        """The load has its outcome: the terminal message to make on the delegate queue, or None where nobody takes one."""

    def told(self) -> None:
        """The terminal message was delivered."""

    def leave(self, load: Consumed, leaver: object) -> None:
        """The session is left by `leaver`, and waits for its tasks."""

    def loses(self, load: Consumed) -> bool:
        """Whether nobody gets what comes, which then is removed."""

    def resume_data(self, load: Consumed) -> bytes | None:
        """What another load can go on with."""

    def orphan(self) -> None:
        """In a forked child: what is kept outside memory is the parent's."""
