"""Making a connection: the name, the address, TLS. Each is a step with times and errors of its own."""
from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from functools import partial
from typing import Protocol

from ...errors import CERTIFICATE_AUTHORITIES, Code, URLError, url_error
from ...models.credential import NSURLProtectionSpaceHTTPProxy
from ...models.host import in_handshake
from ...models.trust import Judge, ServerTrust, Terms
from .channel import Channel
from .contexts import Offer, distinguished_names, presented, requested
from .exchange import LiveExchange
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
from .link import Link, Owner
from .network.base import Promise, Wire, family_of, fulfil


class Dialler(Owner, Protocol):
    """Whom a connection is made for, as its making sees it: `pool.Pool`."""

    @property
    def http2(self) -> bool:
        """Whether it is offered to the server."""

    def start_on_idle(self, exchange: LiveExchange) -> bool:
        """Start `exchange` on a connection that has become idle; False where there is none."""

    def failed(self, exchange: LiveExchange) -> None:
        """No connection could be made for `exchange`."""


async def dial(pool: Dialler, exchange: LiveExchange, refused: URLError | None = None) -> None:
    """Make a connection for `exchange`, which starts on it as it stands; or fail `exchange`. Cancelling leaves nothing behind.

    A connection that has become idle meanwhile is taken instead of a new one, as that of a redirect whose answer was read
    whole; but a request that is sent again because its kept connection died gets a new one. With `refused`, why the last
    connection ended, only what certificate the server asks for is found out.
    """
    if refused is None and not exchange.retried and pool.start_on_idle(exchange):
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


async def _plain(pool: Dialler, exchange: LiveExchange) -> None:
    wire = await _reach(pool, exchange)
    try:
        await _stand(pool, exchange, wire)
    except OSError as error:
        raise broken(error, exchange.request.url) from None


async def _secure(pool: Dialler, exchange: LiveExchange) -> None:
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
    wire = await _reach(pool, exchange)
    try:
        connection = await _stand(pool, exchange, wire, verifying, held=judge is not None)
    except (OSError, ValueError) as error:
        problem = not_secured(error, url)
        if judge is None or not isinstance(error, ssl.SSLCertVerificationError):
            raise await _examined(pool, exchange, problem) from None
    if judge is None:
        return
    if connection is None:
        wire = await _reach(pool, exchange)
        try:
            connection = await _stand(pool, exchange, wire, channel.tls(terms.identity, verified=False), held=True)
        except (OSError, ValueError) as error:
            raise await _examined(pool, exchange, not_secured(error, url)) from None
    try:
        handshake = connection.transport.get_extra_info("ssl_object")
        wanted = requested(handshake) if terms.identity is None else None
        await _judged(channel, judge, ServerTrust(*pool.origin[1:], presented(handshake), problem), wanted)
        if connection.stale():
            await _hear(channel)    # what the server said meanwhile: of TLS 1.3 it may be that it refuses the client's certificate
        if connection.transport.is_closing() and connection.held is not None:
            lost = await connection.held or ConnectionResetError("the server closed the connection while its trust was asked about")
            raise await _examined(pool, exchange, broken(lost, url))
    except BaseException:
        connection.abort()
        connection.wire.close()    # the engine may run no further, and the server is to hear of it now
        raise
    connection.begin(exchange)


async def _judged(channel: Channel, judge: Judge, trust: ServerTrust, wanted: tuple[bytes, ...] | None) -> None:
    """Wait for the word that the server is trusted, for as long as the exchange is not cancelled."""
    trusted: Promise[None] = channel.adapter.promise()
    judge(trust, wanted, partial(channel.host.post, fulfil, trusted))
    await trusted


async def _hear(channel: Channel) -> None:
    """Let what has come be read."""
    heard: Promise[None] = channel.adapter.promise()
    channel.adapter.after_reading(fulfil, heard)
    await heard


async def _reach(pool: Dialler, exchange: LiveExchange) -> Wire:
    """A connection that leads to the server: straight, or through the pool's proxy."""
    (scheme, host, port), proxy = pool.origin, pool.proxy
    channel, timing, request = pool.channel, exchange.timing, exchange.request
    now = channel.host.clock.now
    name, door = (host, port) if proxy is None else (proxy.host, proxy.port)
    addresses: Sequence[str] = [name]
    if family_of(name) is None:
        timing.domain_lookup_start = now()
        exchange.step()
        problem: Exception | None = None
        try:
            addresses = await exchange.look_up(name)
        except Exception as error:
            problem = error
        timing.domain_lookup_end = now()
        if isinstance(problem, URLError):
            raise problem
        if problem is not None or not addresses:
            problem = problem or OSError(f"{name!r} has no address")
            raise not_found(problem, request.url) if proxy is None else no_proxy(problem, request.url)
    timing.connect_start = now()
    exchange.step()
    try:
        wire = await exchange.connect(addresses, door)
    except OSError as error:
        raise not_connected(error, request.url) if proxy is None else no_proxy(error, request.url) from None
    if proxy is not None and (proxy.type != NSURLProtectionSpaceHTTPProxy or scheme != "http"):
        timing.tunnel_start = now()
        exchange.step()
        try:
            await exchange.tunnel(wire, proxy, host, port)
        except BaseException:
            wire.close()
            raise
    return wire


async def _stand(pool: Dialler, exchange: LiveExchange, wire: Wire, context: ssl.SSLContext | None = None,
                 held: bool = False) -> Link:
    """The connection over `wire`, after the handshake that `context` makes."""
    channel, offer, name = pool.channel, None, None
    if context is not None:
        exchange.timing.secure_connection_start = channel.host.clock.now()
        exchange.step()
        offer, name = Offer(context, ("h2", "http/1.1") if pool.http2 else ("http/1.1",)), in_handshake(pool.origin[1])
    connection = await exchange.stand(wire, lambda: Connection(pool, wire, exchange, held), offer, name)
    return connection.heir or connection


class _Parting(asyncio.Protocol):
    """Closes its connection as it stands."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.abort()


async def _examined(pool: Dialler, exchange: LiveExchange, refused: URLError) -> URLError:
    """`refused`, with what the server wanted to see where that was a certificate of the client.

    TLS 1.2 says only that the handshake failed, and ssl tells nobody that a certificate was asked for: another handshake,
    which is watched, does.
    """
    if refused.code not in CERTIFICATE_CODES and not wants_certificate(refused.underlying_error):
        return refused
    terms = exchange.request.terms
    context, requests = pool.channel.watching(None if terms is None else terms.identity)
    wire = None
    try:
        wire = await _reach(pool, exchange)
        await pool.channel.adapter.stand(wire, _Parting, Offer(context), in_handshake(pool.origin[1]))
    except (OSError, URLError, ValueError):
        pass    # what was asked for before it failed is noted
    finally:
        if wire is not None:
            wire.close()
    if not requests:
        return refused
    code = refused.code if refused.code in CERTIFICATE_CODES else Code.CLIENT_CERTIFICATE_REQUIRED
    return URLError(code, {**refused.user_info, CERTIFICATE_AUTHORITIES: distinguished_names(requests[0])})
