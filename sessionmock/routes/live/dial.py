"""Making a connection: the name, the address, TLS. Each is a step with times and errors of its own."""
from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, cast

from ...clock import SECOND
from ...errors import CERTIFICATE_AUTHORITIES, Code, URLError, url_error
from ...models.credential import NSURLProtectionSpaceHTTPProxy
from ...models.message import header
from ...models.trust import Judge, ServerTrust, Terms
from .contexts import Offer, distinguished_names, presented, requested
from .failures import (
    CERTIFICATE_CODES,
    broken,
    no_proxy,
    not_connected,
    not_found,
    not_secured,
    wants_certificate,
)
from .http1.connection import Connection
from .tunnel import tunnel

if TYPE_CHECKING:
    from ..base import Host
    from .exchange import LiveExchange
    from .link import Link
    from .pool import Pool
    from .route import LiveChannel

# A name's numeric addresses, in the order of trying. May block, and raise OSError or UnicodeError.
Resolve = Callable[[str], Sequence[str]]
HEAD_START = SECOND // 4    # of an address before the next one (RFC 8305, section 5: 250 ms)
PROXY_AUTHORIZATION = "proxy-authorization"
_Found = tuple[Sequence[str], Exception | None]


def resolve(host: str) -> Sequence[str]:
    """The system's answer, each address once."""
    return list(dict.fromkeys(str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)))


async def dial(pool: Pool, exchange: LiveExchange, refused: URLError | None = None) -> None:
    """Make a connection for `exchange`, which starts on it as it stands; or fail `exchange`. Cancelling leaves nothing behind.

    None is made where one has become free since, as that of a redirect whose answer was read whole; a kept connection that
    died is made up for by a new one alone. With `refused`, why the last connection ended, only what certificate the server
    asks for is found out.
    """
    if refused is None and not exchange.retried and pool.spared(exchange):
        return
    try:
        if refused is not None:
            raise await _examined(pool, exchange, refused)
        if pool.origin[0] in ("https", "wss"):
            await _secure(pool, exchange)
        else:
            await _plain(pool, exchange)
    except Exception as error:
        failure = error if isinstance(error, URLError) else url_error(Code.UNKNOWN, exchange.request.url, error)
        pool.failed(exchange)
        exchange.fail(failure)


async def _plain(pool: Pool, exchange: LiveExchange) -> None:
    connected = await _reach(pool, exchange)
    try:
        await _stand(pool, exchange, connected)
    except OSError as error:
        raise broken(error, exchange.request.url) from None


async def _secure(pool: Pool, exchange: LiveExchange) -> None:
    """A connection over TLS. Who asked to judge the server does so before anything else is sent; what does not verify is
    connected to again without verification, to have something to show."""
    channel, url = pool.channel, exchange.request.url
    terms = exchange.request.terms or Terms()
    try:
        verifying = channel.tls(terms.identity)
    except (OSError, ValueError) as error:
        if terms.identity is None:
            raise
        raise url_error(Code.CLIENT_CERTIFICATE_REJECTED, url, error) from None
    judge, problem, connection = terms.judge, None, None
    connected = await _reach(pool, exchange)
    try:
        connection = await _stand(pool, exchange, connected, verifying, held=judge is not None)
    except (OSError, ValueError) as error:
        problem = not_secured(error, url)
        if judge is None or not isinstance(error, ssl.SSLCertVerificationError):
            raise await _examined(pool, exchange, problem) from None
    if judge is None:
        return
    if connection is None:
        connected = await _reach(pool, exchange)
        try:
            connection = await _stand(pool, exchange, connected, channel.tls(terms.identity, verified=False), held=True)
        except (OSError, ValueError) as error:
            raise await _examined(pool, exchange, not_secured(error, url)) from None
    try:
        handshake = connection.transport.get_extra_info("ssl_object")
        wanted = requested(handshake) if terms.identity is None else None
        await _judged(channel.host, judge, ServerTrust(*pool.origin[1:], presented(handshake), problem), wanted)
        if connection.stale():
            await _pass()    # hear what the server said meanwhile: of TLS 1.3 it may be that it refuses the client's certificate
        if connection.transport.is_closing() and connection.held is not None:
            lost = await connection.held or ConnectionResetError("the server closed the connection while its trust was asked about")
            raise await _examined(pool, exchange, broken(lost, url))
    except BaseException:
        connection.abort()
        connection.socket.close()    # the loop may run no further, and the server is to hear of it now
        raise
    connection.begin(exchange)


async def _judged(host: Host, judge: Judge, trust: ServerTrust, wanted: tuple[bytes, ...] | None) -> None:
    """Wait for the word that the server is trusted, for as long as the exchange is not cancelled."""
    trusted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    judge(trust, wanted, partial(host.post, _wake, trusted))
    await trusted


async def _pass() -> None:
    """Let the loop read what has come."""
    loop = asyncio.get_running_loop()
    passed: asyncio.Future[None] = loop.create_future()
    loop.call_soon(_wake, passed)
    await passed


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def _reach(pool: Pool, exchange: LiveExchange) -> socket.socket:
    """A socket that leads to the server: straight, or through the pool's proxy."""
    (scheme, host, port), proxy = pool.origin, pool.proxy
    channel, timing, request = pool.channel, exchange.timing, exchange.request
    now = channel.host.clock.now
    name, door = (host, port) if proxy is None else (proxy.host, proxy.port)
    addresses: Sequence[str] = [name]
    if _family(name) is None:
        timing.domain_lookup_start = now()
        addresses, problem = await _look_up(channel.host, channel.resolve, name)
        timing.domain_lookup_end = now()
        if problem is not None or not addresses:
            problem = problem or OSError(f"{name!r} has no address")
            raise not_found(problem, request.url) if proxy is None else no_proxy(problem, request.url)
    timing.connect_start = now()
    try:
        connected = await _first(pool, addresses, door)
    except OSError as error:
        raise not_connected(error, request.url) if proxy is None else no_proxy(error, request.url) from None
    if proxy is not None and (proxy.type != NSURLProtectionSpaceHTTPProxy or scheme != "http"):
        try:
            await tunnel(connected, proxy, host, port, header(request.headers, PROXY_AUTHORIZATION), request.url)
        except BaseException:
            channel.dialled.discard(connected)
            connected.close()
            raise
    return connected


async def _stand(pool: Pool, exchange: LiveExchange, connected: socket.socket, context: ssl.SSLContext | None = None,
                 held: bool = False) -> Link:
    """The connection over `connected`, after the handshake that `context` makes."""
    channel = pool.channel
    if context is not None:
        exchange.timing.secure_connection_start = channel.host.clock.now()
    try:
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: Connection(pool, connected, exchange, held), sock=connected,
            ssl=None if context is None else cast("ssl.SSLContext", Offer(context, pool.http2)),
            server_hostname=None if context is None else pool.origin[1])
    except BaseException:
        connected.close()
        raise
    finally:
        channel.dialled.discard(connected)
    return connection.heir or connection


async def _examined(pool: Pool, exchange: LiveExchange, refused: URLError) -> URLError:
    """`refused`, with what the server wanted to see where that was a certificate of the client.

    TLS 1.2 says only that the handshake failed, and ssl tells nobody that a certificate was asked for: another handshake,
    which is watched, does.
    """
    if refused.code not in CERTIFICATE_CODES and not wants_certificate(refused.underlying_error):
        return refused
    terms = exchange.request.terms
    context, requests = pool.channel.watching(None if terms is None else terms.identity)
    connected = None
    try:
        connected = await _reach(pool, exchange)
        transport, _ = await asyncio.get_running_loop().create_connection(
            asyncio.Protocol, sock=connected, ssl=context, server_hostname=pool.origin[1])
        transport.abort()
    except (OSError, URLError, ValueError):
        pass    # what was asked for before it failed is noted
    finally:
        if connected is not None:
            pool.channel.dialled.discard(connected)
            connected.close()
    if not requests:
        return refused
    code = refused.code if refused.code in CERTIFICATE_CODES else Code.CLIENT_CERTIFICATE_REQUIRED
    return URLError(code, {**refused.user_info, CERTIFICATE_AUTHORITIES: distinguished_names(requests[0])})


async def _first(pool: Pool, addresses: Sequence[str], port: int) -> socket.socket:
    """A socket connected to the first address that takes it: each has a head start before the next one is tried beside it
    (RFC 8305, section 5). Raises OSError of the last one that failed."""
    race, waiting = _Race(pool.channel, port), deque(addresses)
    race.problem = OSError(f"no address to connect to in {list(addresses)}")
    try:
        while race.connected is None and (waiting or race.running):
            if not waiting or race.enter(waiting.popleft()):
                await race.news(limited=bool(waiting))
        if race.connected is None:
            raise race.problem
        del race.running[race.connected]
        return race.connected
    finally:
        race.stop()


class _Race:
    """Sockets that connect side by side."""

    __slots__ = ("_channel", "_loop", "_port", "_woken", "connected", "problem", "running")

    def __init__(self, channel: LiveChannel, port: int) -> None:
        self._channel, self._port = channel, port
        self._loop = asyncio.get_running_loop()
        self._woken: asyncio.Future[None] = self._loop.create_future()
        self.connected: socket.socket | None = None
        self.problem: OSError
        self.running: dict[socket.socket, str] = {}

    def enter(self, address: str) -> bool:
        """Begin to connect to `address`; False where that failed at once."""
        family = _family(address)
        if family is None:
            self.problem = OSError(f"{address!r} is no numeric address")
            return False
        try:
            entrant = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:
            self.problem = error
            return False
        self.running[entrant] = address
        self._channel.dialled.add(entrant)
        try:
            entrant.setblocking(False)
            entrant.connect((address, self._port))
        except BlockingIOError:
            self._loop.add_writer(entrant, self._settle, entrant)
        except OSError as error:
            self._lose(entrant, error)
            return False
        else:
            self.connected = entrant
        return True

    async def news(self, *, limited: bool) -> None:
        """Wait until a socket has connected or failed; `limited`, as long as a head start lasts."""
        if self.connected is not None:
            return
        self._woken = self._loop.create_future()
        clock = self._channel.host.clock
        timer = clock.call_at(clock.now() + HEAD_START, _wake, self._woken) if limited else None
        try:
            await self._woken
        finally:
            if timer is not None:
                timer.cancel()

    def _settle(self, entrant: socket.socket) -> None:
        if self.connected is None:
            self._loop.remove_writer(entrant)
            if number := entrant.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                self._lose(entrant, OSError(number, f"{os.strerror(number)}: {self.running[entrant]} port {self._port}"))
            else:
                self.connected = entrant
            _wake(self._woken)

    def _lose(self, entrant: socket.socket, problem: OSError) -> None:
        del self.running[entrant]
        self._channel.dialled.discard(entrant)
        entrant.close()
        self.problem = problem

    def stop(self) -> None:
        """Close those that are still running, and the one that has connected where it was not taken out."""
        for entrant in [*self.running]:
            self._loop.remove_writer(entrant)
            self._lose(entrant, self.problem)


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
