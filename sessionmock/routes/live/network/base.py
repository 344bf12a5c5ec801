"""What the live route asks of a network.

A `Network` belongs to a route, an `Adapter` to one channel, a `Wire` to one connection. Reading and writing are an
asyncio transport's: a protocol gets one by `Adapter.stand`, whatever the network.
"""
from __future__ import annotations

import socket
from asyncio import BaseProtocol
from collections.abc import Callable, Coroutine, Generator, Sequence
from typing import Any, BinaryIO, Protocol, TypeVar

from ...base import Host
from ..contexts import Offer

READ_SIZE = 131_072    # bytes that one read brings at most

# A name's numeric addresses, in the order of trying. May block, and raise OSError or UnicodeError.
Resolve = Callable[[str], Sequence[str]]

T = TypeVar("T")
P = TypeVar("P", bound=BaseProtocol)


class Promise(Protocol[T]):
    """A value that comes later; one coroutine may await it."""

    def done(self) -> bool:
        """Whether it has come."""

    def set_result(self, result: T, /) -> None:
        """It is `result`."""

    def __await__(self) -> Generator[Any, None, T]: ...


class Running(Protocol):
    """A coroutine under way."""

    def cancel(self) -> object:
        """Raise asyncio.CancelledError where it waits."""


class Wire(Protocol):
    """A connection as whoever made it holds it. Before a protocol stands on it, it is read and written here."""

    async def send(self, data: bytes) -> None:
        """Send all of `data`. Raises OSError."""

    async def receive(self, count: int) -> bytes:
        """At least one byte and at most `count`; none at the end. Raises OSError."""

    def stirs(self) -> bool:
        """Whether the peer has closed, or something came that was not read, told at once and without reading it."""

    def hung_up(self) -> bool:
        """Whether the peer has closed and nothing that it sent before is left."""

    def read_last(self, buffer: memoryview) -> int:
        """Read into `buffer` what still lies there after the transport gave up: the number of bytes, 0 where none does."""

    def send_file(self, file: BinaryIO, count: int) -> int:
        """Send at most `count` bytes of `file` from where it stands without their passing through this process; how many
        went. 0 where none goes now or ever."""

    def close(self) -> None:
        """Let go of the connection at once, standing or not. It may be let go of already."""


class Reach(Protocol):
    """What making a connection asks of a network. On the engine only."""

    def promise(self) -> Promise[Any]:
        """One that `start`ed coroutines can await."""

    async def look_up(self, name: str, resolve: Resolve | None) -> Sequence[str]:
        """What `resolve`, or the network where that is None, knows of `name`. Raises what that raises."""

    def connect(self, address: str, port: int, settled: Callable[[Wire, OSError | None], None]) -> Wire:
        """Begin to connect to a numeric address. `settled` is called when it has connected or failed, not before this
        returns, and not after `Wire.close`. Raises OSError for what fails at once."""

    async def stand(self, wire: Wire, make: Callable[[], P], offer: Offer | None, name: str | None) -> P:
        """Put the protocol that `make` gives on `wire`, over TLS with the server `name` where there is an `offer`. The wire
        is closed where that fails; raises OSError, ssl.SSLError among them, or ValueError."""


class Adapter(Reach, Protocol):
    """One channel's access to a network. On the engine only, but for `run` and `abandon`."""

    @property
    def buffer(self) -> memoryview:
        """READ_SIZE bytes, which all protocols of the channel may have filled: who is told of bytes takes them at once."""

    def enter(self) -> None:
        """Called once, before all others. Raises RuntimeError where this network knows no such time as the host's."""

    def run(self, call: Callable[..., None], *arguments: Any) -> None:
        """Make `call` on the engine: at once where this is it. From any thread."""

    def soon(self, call: Callable[..., None], *arguments: Any) -> None:
        """Make `call` after what is due already."""

    def after_reading(self, call: Callable[..., None], *arguments: Any) -> None:
        """Make `call` when the protocols have been told of all that lies on their wires by now."""

    def start(self, coroutine: Coroutine[Any, Any, None]) -> Running:
        """Run `coroutine`, which may await promises of this adapter and what its methods give."""

    def abandon(self) -> None:
        """In a forked child: let go of what the system lent, without disturbing the parent, which goes on using it."""


class Network(Protocol):
    """Where a live route finds its servers."""

    def adapter(self, host: Host) -> Adapter:
        """The access of one channel."""


def family_of(host: str) -> socket.AddressFamily | None:
    """The family of a numeric address; None for a name."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host.partition("%")[0])
        except (OSError, ValueError):
            continue
        return family
    return None


async def ask(adapter: Adapter, host: Host, resolve: Resolve, name: str) -> Sequence[str]:
    """What `resolve` says of `name`, asked where it may block. Cancelling lets it finish unheard."""
    answer: Promise[tuple[Sequence[str], Exception | None]] = adapter.promise()
    host.work(_ask, host, resolve, name, answer)
    found, problem = await answer
    if problem is not None:
        raise problem
    return found


def _ask(host: Host, resolve: Resolve, name: str, answer: Promise[Any]) -> None:
    found: tuple[Sequence[str], Exception | None]
    try:
        found = resolve(name), None
    except Exception as error:
        found = (), error
    except BaseException as error:      # raised there it would end more than this load, or pass for its cancellation
        found = (), RuntimeError(f"the resolver raised {error!r}")
        found[1].__cause__ = error
    host.post(fulfil, answer, found)


def fulfil(promise: Promise[Any], value: Any = None) -> None:
    """Set the value of `promise`, unless nobody waits for it any more."""
    if not promise.done():
        promise.set_result(value)
