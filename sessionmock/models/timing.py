"""What a route measures of one request: when each step was, and over which connection it went."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple


class TLS(NamedTuple):
    """What was negotiated, by IANA's numbers: 0x0304 is TLS 1.3, 0x1301 TLS_AES_128_GCM_SHA256."""

    version: int
    cipher_suite: int


class ProxyAddress(NamedTuple):
    """The proxy that a connection goes through; `type` is a name of Apple's NSURLProtectionSpace proxies."""

    host: str
    port: int
    type: str


class ConnectionFacts(NamedTuple):
    """What does not change while a connection stands. Addresses are as the socket tells them: host and port first."""

    local_address: tuple[Any, ...] | None
    remote_address: tuple[Any, ...] | None
    tls: TLS | None
    proxy: ProxyAddress | None


@dataclass(slots=True)
class Timing:
    """When each step of an exchange was, in nanoseconds of the clock; None for a step that did not happen.

    `facts` are those of the connection that the request went out on, None before it did; `reused` tells whether another
    request went over it before. A connection's making is told by the exchange that it was made for and by no later one.
    `connect_end` includes TLS. `tunnel_start` is when the proxy was first spoken to about the way to the server.
    """

    domain_lookup_start: int | None = None
    domain_lookup_end: int | None = None
    connect_start: int | None = None
    connect_end: int | None = None
    tunnel_start: int | None = None
    secure_connection_start: int | None = None
    secure_connection_end: int | None = None
    request_start: int | None = None
    request_end: int | None = None
    response_start: int | None = None
    request_header_bytes: int = 0
    response_header_bytes: int = 0     # of all heads, informational ones too
    facts: ConnectionFacts | None = None
    reused: bool = False
    connection: tuple[int, int] | None = None      # of HTTP/1.1: its number in this process, and which of its exchanges this is
