"""Patterns that name hosts, as `no_proxy` and the exceptions of a proxy hold them.

| pattern | names |
|---|---|
| `*` | every host |
| `example.com`, `.example.com` | that host and what lies below it |
| `*.example.com`, `10.*` | what looks like it, with anything in place of each `*` |
| `10.0.0.0/8`, `169.254/16`, `fd00::/8` | the addresses of that network |
| `192.0.2.1`, `::1`, `[::1]` | that address |

Any but a network may end in a port, `[::1]:8080`, and names that port alone then. What is none of these names nothing.
"""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import translate
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import NamedTuple

from ..errors import InvalidArgumentException
from .host import canonical_host, is_address

_HOST_AND_PORT = re.compile(r"(\[.*\]|[^:]*):([0-9]+)")


def named(patterns: tuple[str, ...], host: str, port: int | None) -> bool:
    """Whether one of `patterns` names `port` of `host`, which is canonical; None: any port of it."""
    host = host.partition("%")[0].removesuffix(".")
    return bool(patterns) and any(pattern.names(host, port) for pattern in _read(patterns))


def patterns_given(place: str, patterns: object) -> tuple[str, ...]:
    """The `patterns` that a user gave to `place`, of which one alone may be a str. Raises InvalidArgumentException for one that names
    nothing."""
    given = (patterns,) if isinstance(patterns, str) else tuple(patterns) if isinstance(patterns, Iterable) else (patterns,)
    for pattern in given:
        if not isinstance(pattern, str) or not list(_pattern(pattern.strip().lower())):
            raise InvalidArgumentException(f"{place}: {pattern!r} names no host: give a name, a pattern as \"*.internal\", an address or a "
                                           "network, with a port or without")
    return given


class _Hosts(NamedTuple):
    """What a name, or something with a wildcard, stands for."""

    fits: re.Pattern[str]
    port: int | None

    def names(self, host: str, port: int | None) -> bool:
        return (port is None or self.port in (None, port)) and self.fits.fullmatch(host) is not None


class _Network(NamedTuple):
    """The addresses of a network."""

    network: IPv4Network | IPv6Network

    def names(self, host: str, port: int | None) -> bool:
        if not is_address(host):
            return False
        address = ip_address(host)
        return address in self.network or (getattr(address, "ipv4_mapped", None) or address) in self.network


@lru_cache(maxsize=64)
def _read(patterns: tuple[str, ...]) -> list[_Hosts | _Network]:
    return [read for text in patterns for read in _pattern(text.strip().lower())]


def _pattern(text: str) -> Iterator[_Hosts | _Network]:
    try:
        if "/" in text:
            address, _, length = text.partition("/")
            missing = 0 if ":" in address else 3 - address.count(".")
            yield _Network(ip_network(f"{address.strip('[]')}{'.0' * missing}/{length}", strict=False))
            return
        found = _HOST_AND_PORT.fullmatch(text)
        host, port = (found[1], int(found[2])) if found else (text, None)
        name = canonical_host(host.removeprefix(".") or host).partition("%")[0].removesuffix(".")
    except ValueError:
        return
    below = "" if "*" in name or is_address(name) else r"(?:.*\.)?"
    yield _Hosts(re.compile(below + translate(name)), port)
