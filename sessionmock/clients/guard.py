"""The network, watched: connections and name look-ups by clients that no route answers."""
from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from ipaddress import ip_address
from typing import Any

from ..engine.loop import engine
from ..errors import UnmatchedRequest
from ..patches import Patch, Target
from .calling_lines import calling_lines

LOOPBACK = "loopback"

_HERE = os.path.dirname(os.path.dirname(__file__)) + os.sep      # this package

_guards: list[NetworkGuard] = []
_asked_on_loops: list[str] = []      # names that loops look up on threads just now: whether they may was asked on the loop


class NetworkGuard:
    """Refuses connections and look-ups while it is open, where `applies()` says that whoever asks is its concern.

    `allowed` holds names and addresses, with `*` for any part of one, and `LOOPBACK`. What was refused is kept in `refused`.
    """

    def __init__(self, allowed: Sequence[str], applies: Callable[[], bool], refused: list[UnmatchedRequest]) -> None:
        self._allowed = [host.lower() for host in allowed]
        self._applies, self._refused = applies, refused
        self._resolved: set[str] = set()      # addresses of allowed names

    def open(self) -> None:
        _sockets.__enter__()
        _guards.append(self)

    def close(self) -> None:
        _guards.remove(self)
        _sockets.__exit__()

    def concerned(self) -> bool:
        """Whether a connection made here is this one's concern."""
        return self._applies()

    def allows(self, host: str) -> bool:
        """Whether `host`, a name or an address, may be reached."""
        name = host.lower().rstrip(".")
        return name in self._resolved or any(
            _is_local(name) if pattern == LOOPBACK else fnmatchcase(name, pattern) for pattern in self._allowed)

    def resolve(self, addresses: Iterable[str]) -> None:
        """An allowed name has these addresses."""
        self._resolved.update(addresses)

    def refuse(self, what: str, host: str) -> UnmatchedRequest:
        """The error for `what` (a connection or a look-up), kept once for each place it came from."""
        error = UnmatchedRequest(
            f"{what} that no route answers\n{calling_lines()}\n"
            "  sessionmock's sessions, and httpx and httpx2 clients, take the test's route; any other client would reach the network\n"
            f"  to allow it: sessionmock_allowed_hosts = {' '.join([*self._allowed, host])}")
        if str(error) not in map(str, self._refused):
            self._refused.append(error)
        return error


def _is_local(name: str) -> bool:
    """Whether `name` is this machine's own."""
    if name in ("", "localhost", socket.gethostname().lower()) or name.endswith(".localhost"):
        return True
    try:
        address = ip_address(name.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_loopback or mapped.is_unspecified)


def _is_address(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


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
            if not guard.allows(host):
                self.close()        # `create_connection` closes it after an OSError only
                raise guard.refuse(f"a connection to {host}:{port}", host)
        return original(self, address)

    return connect


def _look_up(original: Callable[..., Any]) -> Callable[..., Any]:
    def getaddrinfo(host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0) -> Any:
        name = _text(host or "")
        guard = None if not name or _asks_nobody(flags) or _is_address(name) or name in _asked_on_loops else _guard()
        if guard is not None and not guard.allows(name):
            raise guard.refuse(f"a look-up of {name}:{_text(port)}", name)
        found = original(host, port, family, type, proto, flags)
        if guard is not None:
            guard.resolve(str(entry[4][0]) for entry in found)
        return found

    return getaddrinfo


def _look_up_plainly(original: Callable[[str], Any]) -> Callable[[str], Any]:
    def gethostbyname(hostname: str) -> Any:
        guard = None if not hostname or _is_address(hostname) else _guard()
        if guard is not None and not guard.allows(hostname):
            raise guard.refuse(f"a look-up of {hostname}", hostname)
        found = original(hostname)
        if guard is not None:
            guard.resolve([found] if isinstance(found, str) else found[2])
        return found

    return gethostbyname


def _look_up_from_loop(original: Callable[..., Any]) -> Callable[..., Any]:
    async def getaddrinfo(self: Any, host: Any, port: Any, *, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0) -> Any:
        """On the loop, where the line is known; `socket.getaddrinfo` runs on a thread."""
        name = _text(host or "")
        guard = None if not name or _asks_nobody(flags) or _is_address(name) else _guard()
        if guard is not None and not guard.allows(name):
            raise guard.refuse(f"a look-up of {name}:{_text(port)}", name)
        _asked_on_loops.append(name)
        try:
            found = await original(self, host, port, family=family, type=type, proto=proto, flags=flags)
        finally:
            _asked_on_loops.remove(name)
        if guard is not None:
            guard.resolve(str(entry[4][0]) for entry in found)
        return found

    return getaddrinfo


def _text(value: Any) -> str:
    return value.decode("ascii", "replace") if isinstance(value, bytes | bytearray) else str(value)


_sockets = Patch(lambda: (
    Target(socket.socket, "connect", _connect),
    Target(socket.socket, "connect_ex", _connect),
    Target(socket, "getaddrinfo", _look_up),
    Target(socket, "gethostbyname", _look_up_plainly),
    Target(socket, "gethostbyname_ex", _look_up_plainly),
    Target(asyncio.BaseEventLoop, "getaddrinfo", _look_up_from_loop),
))
