"""Which network there is: what access constraints are judged by, and what `waits_for_connectivity` waits for."""
from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple

from .errors import NETWORK_UNAVAILABLE_REASON, Code, URLError, url_error
from .models.callables import taking
from .models.configuration import URLSessionConfiguration
from .models.request import URLRequest
from .models.settings import instance
from .user_code import tell_each

Observer = Callable[[], None]


class NetworkPath(NamedTuple):
    """A network as far as constraints ask for it (Apple's NWPath). The default is one without limits."""

    is_satisfied: bool = True
    is_cellular: bool = False
    is_expensive: bool = False
    is_constrained: bool = False
    is_ultra_constrained: bool = False


UNLIMITED = NetworkPath()
_PATH = instance(NetworkPath, "a NetworkPath, as NetworkPath(is_satisfied=False)")


class PathMonitor:
    """Tells the present network path. A program or a test sets it by `update`; a session takes one by `path_monitor=`."""

    def __init__(self, path: NetworkPath = UNLIMITED) -> None:
        self._path = _PATH.of("PathMonitor(path)", path)
        self._observers: set[Observer] = set()
        self._lock = threading.RLock()

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
