"""The network, watched: connections and name look-ups by clients that no route answers."""
from __future__ import annotations

import asyncio
import importlib.util
import os
import socket
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, lru_cache
from ipaddress import ip_address
from itertools import chain
from typing import Any

from ..engine.loop import engine
from ..errors import InvalidArgumentException, UnmatchedRequest
from ..models.host import canonical_host, is_address
from ..models.host_patterns import named
from ..patches import Patch, Target
from .calling_lines import calling_lines

LOOPBACK = "loopback"

_HERE = os.path.dirname(os.path.dirname(__file__)) + os.sep      # this package

_guards: list[NetworkGuard] = []
_asked_on_loops: list[str] = []      # names that loops look up on threads just now: whether they may was asked on the loop


class NetworkGuard:
    """Refuses connections and look-ups while it is open, where `applies()` says that whoever asks is its concern.

    `allowed` holds patterns that name hosts (`models.host_patterns`), and `LOOPBACK`. Hosts are compared in their canonical form, however
    they were written. What was refused is kept in `refused`.
    """

    def __init__(self, allowed: Sequence[str], applies: Callable[[], bool], refused: list[UnmatchedRequest]) -> None:
        self._allowed = tuple(allowed)
        self._applies, self._refused = applies, refused
        self._names: defaultdict[str, set[str]] = defaultdict(set)      # of addresses that allowed names have

    def open(self) -> None:
        _sockets.__enter__()
        _guards.append(self)

    def close(self) -> None:
        _guards.remove(self)
        _sockets.__exit__()

    def concerned(self) -> bool:
        """Whether a connection made here is this one's concern."""
        return self._applies()

    def allows(self, host: str, port: object = None) -> bool:
        """Whether `host`, a name or an address, may be reached at `port`; without one that is a number, at any."""
        host, number = _canonical(host), port if isinstance(port, int) else None
        names = (host, *self._names.get(host, ()))
        return (LOOPBACK in self._allowed and any(map(_is_local, names))) or any(named(self._allowed, name, number) for name in names)

    def resolve(self, name: str, addresses: Iterable[str]) -> None:
        """`name`, which is allowed, has these addresses."""
        for address in addresses:
            self._names[_canonical(address)].add(_canonical(name))

    def refuse(self, what: str, host: str) -> UnmatchedRequest:
        """The error for `what` (a connection or a look-up), kept once for each place it came from."""
        error = UnmatchedRequest(
            f"{what} that no route answers\n{calling_lines()}\n"
            "  sessionmock's sessions, and httpx and httpx2 clients, take the test's route; any other client would reach the network\n"
            f"  to allow it: sessionmock_allowed_hosts = {' '.join([*self._allowed, host])}")
        if str(error) not in map(str, self._refused):
            self._refused.append(error)
        return error


@lru_cache(maxsize=256)
def _canonical(host: str) -> str:
    try:
        return canonical_host(host).removesuffix(".")
    except InvalidArgumentException:         # whoever is asked to look it up will say so
        return host.lower()


def _is_local(name: str) -> bool:
    """Whether `name`, which is canonical, is this machine's own."""
    if name in ("", "localhost", _canonical(socket.gethostname())) or name.endswith(".localhost"):
        return True
    if not is_address(name):
        return False
    address = ip_address(name.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_loopback or mapped.is_unspecified)


def _asks_nobody(flags: int) -> bool:
    """Whether a look-up with `flags` stays on this machine. On trio the one for numbers comes first, where the line is
    known, and the real one follows on a thread."""
    trio = sys.modules.get("trio")
    numeric = flags & socket.AI_NUMERICHOST and not (trio is not None and trio.lowlevel.in_trio_task())
    return bool(flags & socket.AI_PASSIVE or numeric)


def _guard() -> NetworkGuard | None:
    """Whose concern it is what the caller's caller does; nobody's where that is this package."""
    if not _guards or engine.on_engine() or sys._getframe(2).f_code.co_filename.startswith(_HERE):
        return None
    return next((guard for guard in reversed(_guards) if guard.concerned()), None)


def _connect(original: Callable[..., Any]) -> Callable[..., Any]:
    def connect(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and self.type == socket.SOCK_STREAM and (guard := _guard()) is not None:
            host, port = _text(address[0]), address[1]
            if not guard.allows(host, port):
                self.close()        # `create_connection` closes it after an OSError only
                raise guard.refuse(f"a connection to {host}:{port}", host)
        return original(self, address)

    return connect


def _look_up(original: Callable[..., Any]) -> Callable[..., Any]:
    def getaddrinfo(host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0) -> Any:
        name = _text(host or "")
        guard = None if not name or _asks_nobody(flags) or is_address(_canonical(name)) or name in _asked_on_loops else _guard()
        if guard is not None and not guard.allows(name, port):
            raise guard.refuse(f"a look-up of {name}:{_text(port)}", name)
        found = original(host, port, family, type, proto, flags)
        if guard is not None:
            guard.resolve(name, (str(entry[4][0]) for entry in found))
        return found

    return getaddrinfo


def _look_up_plainly(original: Callable[[str], Any]) -> Callable[[str], Any]:
    def gethostbyname(hostname: str) -> Any:
        guard = None if not hostname or is_address(_canonical(hostname)) else _guard()
        if guard is not None and not guard.allows(hostname):
            raise guard.refuse(f"a look-up of {hostname}", hostname)
        found = original(hostname)
        if guard is not None:
            guard.resolve(hostname, [found] if isinstance(found, str) else found[2])
        return found

    return gethostbyname


def _look_up_from_loop(original: Callable[..., Any]) -> Callable[..., Any]:
    async def getaddrinfo(self: Any, host: Any, port: Any, *, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0) -> Any:
        """On the loop, where the line is known; `socket.getaddrinfo` runs on a thread."""
        name = _text(host or "")
        guard = None if not name or _asks_nobody(flags) or is_address(_canonical(name)) else _guard()
        if guard is not None and not guard.allows(name, port):
            raise guard.refuse(f"a look-up of {name}:{_text(port)}", name)
        _asked_on_loops.append(name)
        try:
            found = await original(self, host, port, family=family, type=type, proto=proto, flags=flags)
        finally:
            _asked_on_loops.remove(name)
        if guard is not None:
            guard.resolve(name, (str(entry[4][0]) for entry in found))
        return found

    return getaddrinfo


def _connect_from_loop(original: Callable[..., Any]) -> Callable[..., Any]:
    async def create_connection(self: Any, protocol_factory: Any, host: Any = None, port: Any = None, **options: Any) -> Any:
        """It looks up and connects by itself: both are asked about here."""
        name = _text(host or "")
        guard = _guard() if name else None
        if guard is not None and not guard.allows(name, port):
            raise guard.refuse(f"a connection to {name}:{_text(port)}", name)
        return await original(self, protocol_factory, host, port, **options)

    return create_connection


def _loops_of_libuv() -> Iterator[Any]:
    """Event loops that connect without Python's sockets. They are imported where they are installed: whoever runs one often imports
    it in the midst of a test."""
    for name in ("uvloop", "winloop"):
        if _is_installed(name):
            yield importlib.import_module(name).Loop


@cache
def _is_installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def _of_loop(kind: Any) -> Iterator[Target]:
    yield Target(kind, "create_connection", _connect_from_loop)
    yield Target(kind, "getaddrinfo", _look_up_from_loop)


def _text(value: Any) -> str:
    return value.decode("ascii", "replace") if isinstance(value, bytes | bytearray) else str(value)


_sockets = Patch(lambda: (
    Target(socket.socket, "connect", _connect),
    Target(socket.socket, "connect_ex", _connect),
    Target(socket, "getaddrinfo", _look_up),
    Target(socket, "gethostbyname", _look_up_plainly),
    Target(socket, "gethostbyname_ex", _look_up_plainly),
    Target(asyncio.BaseEventLoop, "getaddrinfo", _look_up_from_loop),
    *chain.from_iterable(_of_loop(kind) for kind in _loops_of_libuv()),
))
