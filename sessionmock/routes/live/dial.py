"""Making a connection: the name, the address, TLS. Each is a step with times and errors of its own."""
from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ...errors import Code, URLError, url_error
from .connection import Connection
from .failures import broken, not_connected, not_found, not_secured

if TYPE_CHECKING:
    from ..base import Host
    from .exchange import LiveExchange
    from .pool import Pool

# A name's numeric addresses, in the order of trying. May block, and raise OSError or UnicodeError.
Resolve = Callable[[str], Sequence[str]]
_Found = tuple[Sequence[str], Exception | None]


def resolve(host: str) -> Sequence[str]:
    """The system's answer, each address once."""
    return list(dict.fromkeys(str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)))


async def dial(pool: Pool, exchange: LiveExchange) -> None:
    """Make a connection for `exchange`, which starts on it as it stands; or fail `exchange`. Cancelling leaves nothing behind."""
    try:
        await _connect(pool, exchange)
    except Exception as error:
        failure = error if isinstance(error, URLError) else url_error(Code.UNKNOWN, exchange.request.url, error)
        pool.failed(exchange)
        exchange.fail(failure)


async def _connect(pool: Pool, exchange: LiveExchange) -> None:
    scheme, host, port = pool.origin
    channel, timing, url = pool.channel, exchange.timing, exchange.request.url
    now = channel.host.clock.now
    addresses: Sequence[str] = [host]
    if _family(host) is None:
        timing.domain_lookup_start = now()
        addresses, problem = await _look_up(channel.host, channel.resolve, host)
        timing.domain_lookup_end = now()
        if problem is not None or not addresses:
            raise not_found(problem or OSError(f"{host!r} has no address"), url)
    timing.connect_start = now()
    connected = await _first(pool, addresses, port, url)
    secure, tls = scheme in ("https", "wss"), None
    try:
        if secure:
            tls = channel.tls()
            timing.secure_connection_start = now()
        await asyncio.get_running_loop().create_connection(
            lambda: Connection(pool, connected, exchange, channel.tls_numbers), sock=connected, ssl=tls,
            server_hostname=host if secure else None)
    except (OSError, ValueError) as error:
        connected.close()
        raise (not_secured if secure else broken)(error, url) from None
    finally:
        channel.dialled.discard(connected)


async def _first(pool: Pool, addresses: Sequence[str], port: int, url: str) -> socket.socket:
    """A socket connected to the first address that takes it."""
    loop, dialled = asyncio.get_running_loop(), pool.channel.dialled
    problem: OSError = OSError(f"no address to connect to in {list(addresses)}")
    for address in addresses:
        family = _family(address)
        if family is None:
            problem = OSError(f"{address!r} is no numeric address")
            continue
        connecting = None
        try:
            connecting = socket.socket(family, socket.SOCK_STREAM)
            dialled.add(connecting)
            connecting.setblocking(False)
            await loop.sock_connect(connecting, (address, port))
        except BaseException as error:
            if connecting is not None:
                dialled.discard(connecting)
                connecting.close()
            if not isinstance(error, OSError):
                raise
            problem = error
        else:
            return connecting
    raise not_connected(problem, url)


def _family(host: str) -> socket.AddressFamily | None:
    """The family of a numeric address; None for a name."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host.partition("%")[0])
        except (OSError, ValueError):
            continue
        return family
    return None


async def _look_up(host: Host, call: Resolve, name: str) -> _Found:
    """Ask for `name` on a worker thread; cancelling lets the worker finish unheard."""
    answer: asyncio.Future[_Found] = asyncio.get_running_loop().create_future()
    host.work(_ask, host, call, name, answer)
    return await answer


def _ask(host: Host, call: Resolve, name: str, answer: asyncio.Future[_Found]) -> None:
    found: _Found
    try:
        found = call(name), None
    except Exception as error:
        found = (), error
    host.post(_settle, answer, found)


def _settle(answer: asyncio.Future[_Found], found: _Found) -> None:
    if not answer.done():
        answer.set_result(found)
