"""Which network there is: what access constraints are judged by, and what `waits_for_connectivity` waits for."""
from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Protocol

from .clock import SECOND
from .engine.protocol import Engine
from .errors import NETWORK_UNAVAILABLE_REASON, Code, URLError, url_error
from .models.callables import taking
from .models.configuration import URLSessionConfiguration
from .models.request import URLRequest
from .models.settings import Takes
from .user_code import tell_each

Observer = Callable[[], None]


class NetworkPath(NamedTuple):
    """A network as far as constraints ask for it (Apple's NWPath). The default is one without limits.

    `is_satisfied` (True): there is one. It is `is_cellular`, `is_expensive`, `is_constrained` (in Low Data Mode) or
    `is_ultra_constrained` (a satellite's), all False unless said.
    """

    is_satisfied: bool = True
    is_cellular: bool = False
    is_expensive: bool = False
    is_constrained: bool = False
    is_ultra_constrained: bool = False


UNLIMITED = NetworkPath()
LOOK = SECOND // 2       # how often the machine's network is looked at while somebody waits for another


def _path(value: object) -> NetworkPath:
    if not isinstance(value, NetworkPath) or not all(isinstance(each, bool) for each in value):
        raise TypeError
    return value


_PATH = Takes("a NetworkPath of True and False, as NetworkPath(is_satisfied=False)", _path)


class PathMonitor:
    """Tells the present network path. A program or a test sets it by `update`; a session takes one by `path_monitor=`."""

    def __init__(self, path: NetworkPath = UNLIMITED) -> None:
        self._path = _PATH.of("PathMonitor(path)", path)
        self._observers: set[Observer] = set()
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        return f"PathMonitor({self._path!r})"

    @property
    def path(self) -> NetworkPath:
        """The network there is now."""
        return self._path

    def update(self, path: NetworkPath) -> None:
        """There is another network from now on: tasks that wait for one look again."""
        self._path = _PATH.of("PathMonitor.update(path)", path)
        with self._lock:
            observers = list(self._observers)
        tell_each("an observer of the path monitor", observers)

    def observe(self, observer: Observer) -> None:
        """Call `observer` after each update, on the thread that makes it."""
        taking("PathMonitor.observe(observer)", observer)
        with self._lock:
            self._observers.add(observer)

    def ignore(self, observer: Observer) -> None:
        """End `observe`."""
        with self._lock:
            self._observers.discard(observer)


class Watched(Protocol):
    """What a load that waits for a network asks of a monitor."""

    def observe(self, observer: Observer) -> None:
        """Call `observer` when there may be another network."""

    def ignore(self, observer: Observer) -> None:
        """End `observe`."""


class SystemPathMonitor:
    """The machine's network, for sessions without a monitor that is set by hand.

    Nobody is kept from trying: which network a server needs (that of this machine alone, a neighbour's, the world's) shows only
    then. So this tells when to try again: it looks at the machine's routes and addresses while somebody waits, by a timer of the
    engine, and holds no thread and no descriptor.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._observers: set[Observer] = set()
        self._is_looking = False
        self._seen: tuple[str, ...] | None = None

    def observe(self, observer: Observer) -> None:
        """Call `observer` on the engine, whenever the machine's network has changed."""
        self._observers.add(observer)
        self._engine.post_eager(self._start)

    def ignore(self, observer: Observer) -> None:
        """End `observe`."""
        self._observers.discard(observer)

    def _start(self) -> None:
        if not self._is_looking:
            self._is_looking = True
            self._look_later()

    def _look_later(self) -> None:
        clock = self._engine.clock
        clock.call_at(clock.now() + LOOK, self._look)

    def _look(self) -> None:
        if not self._observers:
            self._is_looking = False
            return
        seen, self._seen = self._seen, ways_out() + neighbourhood()
        if seen != self._seen:        # the first time too: it may have changed since the attempt that failed
            tell_each("an observer of the network", list(self._observers))
        self._look_later()


def ways_out() -> tuple[str, ...]:
    """This machine's address towards the world, of IPv4 and of IPv6; "" for none. Nothing is sent: only the routes are asked."""
    found = []
    for family, address in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):    # RFC 5737, RFC 3849: nobody's
        here = ""
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))
            here = str(probe.getsockname()[0])
        found.append(here)
    return tuple(found)


def is_want_of_network(error: URLError) -> bool:
    """Whether a connection failed because this machine has no way to the server, or none to whoever knows its name."""
    cause = error.underlying_error
    if isinstance(cause, socket.gaierror):
        return not any(ways_out())
    return isinstance(cause, OSError) and cause.errno in (errno.ENETUNREACH, errno.ENETDOWN)


def neighbourhood() -> tuple[str, ...]:
    """This machine's routes and addresses, whoever is behind them, where the system says (Linux)."""
    found = []
    for table in ("fib_trie", "if_inet6"):
        with suppress(OSError):
            found.append(Path("/proc/net", table).read_text())
    return tuple(found)


# The constraints in the order in which Apple names them; the index is the reason in the error.
_CONSTRAINTS = ("cellular", "expensive", "constrained", "ultra_constrained")


def obstacle(path: NetworkPath, request: URLRequest, configuration: URLSessionConfiguration) -> URLError | None:
    """Why `request` may not use `path`: -1009, with the reason where it is a constraint; the stricter of both wins (I17)."""
    if not path.is_satisfied:
        return url_error(Code.NOT_CONNECTED_TO_INTERNET, request.url)
    for reason, name in enumerate(_CONSTRAINTS):
        allowed = f"allows_{name}_network_access" if name != "cellular" else "allows_cellular_access"
        if getattr(path, f"is_{name}") and not (getattr(request, allowed) and getattr(configuration, allowed)):
            return url_error(Code.NOT_CONNECTED_TO_INTERNET, request.url, **{NETWORK_UNAVAILABLE_REASON: reason})
    return None
