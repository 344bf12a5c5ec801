"""Through a proxy to a server: CONNECT (RFC 9110, section 9.3.6) and SOCKS 5 (RFC 1928, RFC 1929), on a fresh connection."""
from __future__ import annotations

import ipaddress

from ...errors import Code, url_error
from ...models.credential import NSURLProtectionSpaceSOCKSProxy
from ...models.host import in_url
from ...models.message import ResponseHead
from ...models.proxy import ProxyConfiguration
from ...models.trust import TunnelRefused
from .http1.answer import Answer
from .http1.events import AnswerError, End
from .network.base import Wire

PROXY_AUTHORIZATION = "proxy-authorization"

_SOCKS_REPLIES = {
    1: "general failure", 2: "not allowed", 3: "network unreachable", 4: "host unreachable", 5: "connection refused",
    6: "time to live expired", 7: "command not supported", 8: "address type not supported",
}


async def tunnel(wire: Wire, proxy: ProxyConfiguration, host: str, port: int, authorization: str | None,
                 url: str) -> None:
    """Make `wire`, which leads to `proxy`, lead to `host`. Raises URLError -1004, with what the proxy said under it.

    `authorization` is the value of Proxy-Authorization.
    """
    try:
        if proxy.type == NSURLProtectionSpaceSOCKSProxy:
            await _socks(wire, proxy, host, port)
        else:
            await _connect(wire, f"{in_url(host)}:{port}", authorization)
    except (OSError, AnswerError, UnicodeError) as error:
        raise url_error(Code.CANNOT_CONNECT_TO_HOST, url, error) from None


async def _connect(wire: Wire, authority: str, authorization: str | None) -> None:
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
    if authorization is not None:
        lines.append(f"Proxy-Authorization: {authorization}")
    await wire.send("\r\n".join([*lines, "", ""]).encode())
    answer = Answer("HEAD")    # no body of a proxy is ever read: a refusal's would pass for the server's
    while True:
        data = await wire.receive(65536)
        for event in answer.feed(data) if data else answer.eof():
            if isinstance(event, AnswerError):
                raise event
            if isinstance(event, ResponseHead) and event.status >= 200:
                if event.status >= 300:
                    raise TunnelRefused(event)
            elif isinstance(event, End):
                if answer.rest:
                    raise ConnectionError("the proxy sent bytes of its own after its answer to CONNECT")
                return


async def _socks(wire: Wire, proxy: ProxyConfiguration, host: str, port: int) -> None:
    async def read(count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = await wire.receive(count - len(data))
            if not piece:
                raise ConnectionError("the SOCKS proxy closed the connection")
            data += piece
        return data

    methods = b"\0" if proxy.user is None else b"\0\2"
    await wire.send(b"\5" + _counted(methods))
    version, method = await read(2)
    if version != 5 or method not in methods:
        raise ConnectionError(f"the SOCKS proxy takes none of the ways to log in (it answered {version}, {method})")
    if method == 2:
        await wire.send(b"\1" + _counted((proxy.user or "").encode()) + _counted((proxy.password or "").encode()))
        if (await read(2))[1]:
            raise ConnectionError("the SOCKS proxy refused user and password")
    await wire.send(b"\5\1\0" + _address(host) + port.to_bytes(2, "big"))
    version, reply, _, kind = await read(4)
    if reply:
        raise ConnectionError(f"the SOCKS proxy could not connect: {_SOCKS_REPLIES.get(reply, reply)}")
    await read({1: 4, 4: 16}.get(kind) or (await read(1))[0])
    await read(2)


def _counted(data: bytes) -> bytes:
    if len(data) > 255:
        raise ConnectionError("SOCKS takes names, users and passwords of at most 255 bytes")
    return bytes([len(data)]) + data


def _address(host: str) -> bytes:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return b"\3" + _counted(host.encode("ascii"))
    return (b"\1" if address.version == 4 else b"\4") + address.packed
