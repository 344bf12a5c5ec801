"""Plain httpx and httpx2 clients that were made without a transport of ours, and other clients that reach for the network.

Opening an `Interception` is the opt-in; without one nothing of httpx or socket is touched. While one is open,
`HTTPTransport` and `AsyncHTTPTransport` of both packages ask whose each request is: one of the interception's scope goes
over the route in force, any other on its old way. So clients made before, at module level or deep in an SDK are served,
and a client with a transport of its own (MockTransport, ASGITransport, WSGITransport, a user's class) is not.
"""
from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from ..engine.current import own_engine
from ..engine.protocol import Engine
from ..errors import UnmatchedRequest
from ..patches import Patch, Target, is_own_traffic
from ..registry import Scope, current_scope
from ..routes.current import current_route
from ..routes.httpx.client_route import OwnWay
from .guard import NetworkGuard
from .transport import transport

if TYPE_CHECKING:
    from ..routes.httpx.edge import RouteTransport

_open: list[Interception] = []
_here: ContextVar[Interception | None] = ContextVar("sessionmock_interception", default=None)


class Interception:
    """Has the httpx and httpx2 clients that one scope uses take the route in force; a context manager.

    The scope's are: what runs in the context that it was opened in, threads that were started while `scope` was the
    innermost one, threads of the scopes in `serving`, as of fixtures that outlive a test, and threads that outlived their
    own scope, as those of a pool that the code under test keeps. With `everywhere`, so are all other threads that no open
    interception has: those that are older than any scope, as of a pool that a module makes while it is imported.

    A request goes by the client's own transport where no route is in force, and where that leads to a Unix socket. While
    respx mocks httpcore, a request is its matter alone; a cassette of vcrpy that is used inside goes before the route, and
    records live.

    With `allowed_hosts`, any other client of the scope that reaches for the network while a route other than a live one
    is in force gets an UnmatchedRequest, which is kept in `misses`. Allowed are names and addresses, with `*` for any
    part of one, and `loopback`. Not seen are datagrams, and what connects neither by Python's socket module nor by uvloop.
    """

    def __init__(self, scope: Scope, serving: Collection[Scope] = (), *, allowed_hosts: Sequence[str] | None = None,
                 everywhere: bool = False) -> None:
        self.misses: list[UnmatchedRequest] = []
        self.everywhere = everywhere
        self._scope, self._serving = scope, serving
        self._guard = None if allowed_hosts is None else NetworkGuard(allowed_hosts, self._guards, self.misses)
        self._transports: dict[Engine, RouteTransport] = {}
        self._before: Interception | None = None

    def __repr__(self) -> str:
        return f"<Interception of {self._scope!r}: {len(self.misses)} misses>"

    def __enter__(self) -> Self:
        _clients.__enter__()
        if self._guard is not None:
            self._guard.open()
        self._before = _here.get()
        _here.set(self)
        _open.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _open.remove(self)
        if _here.get() is self:
            _here.set(self._before)
        if self._guard is not None:
            self._guard.close()
        _clients.__exit__()
        while self._transports:
            self._transports.popitem()[1].close()

    def owns(self, scope: Scope | None) -> bool:
        """Whether what belongs to `scope` is this one's to route."""
        around = scope
        while around is not None:
            if around is self._scope or around in self._serving:
                return True
            around = around.outer
        return scope is not None and not scope.is_open

    def transport(self) -> RouteTransport:
        """The transport over the route in force, in the time (real or virtual) of whoever asks."""
        engine = own_engine()
        return self._transports.get(engine) or self._transports.setdefault(engine, transport())

    def _guards(self) -> bool:
        route = current_route()
        return route is not None and not route.is_live and interception() is self


def interception() -> Interception | None:
    """The open interception that what runs here belongs to. A context that was copied decides before the thread does."""
    if not _open or is_own_traffic():
        return None
    here = _here.get()
    if here in _open:
        return here
    scope = current_scope()
    return next((one for one in reversed(_open) if one.owns(scope)), None) or next((one for one in reversed(_open) if one.everywhere), None)


def _taker(own: Any) -> RouteTransport | None:
    """What takes a request that is sent here by the transport `own`; None where it goes its old way."""
    one = interception()
    return None if one is None or current_route() is None or _leads_to_a_unix_socket(own) or _is_mocked() else one.transport()


def _leads_to_a_unix_socket(own: Any) -> bool:
    """Whether `own` was made with `uds=`: who is behind that is no host of the network, whatever its URLs say."""
    return getattr(getattr(own, "_pool", None), "_uds", None) is not None


def _is_mocked() -> bool:
    """Whether a router of respx waits below, in httpcore: it would never see what goes over a route."""
    mocks = sys.modules.get("respx.mocks")
    return mocks is not None and any(
        mocker.routers and "handle_request" in mocker.target_methods for mocker in mocks.Mocker.registry.values())


def _sync(original: Callable[..., Any]) -> Callable[..., Any]:
    def handle_request(self: Any, request: Any) -> Any:
        taker = _taker(self)
        if taker is None:
            return original(self, request)
        return taker.handle_request(request, OwnWay(partial(original, self), request, self))

    return handle_request


def _async(original: Callable[..., Any]) -> Callable[..., Any]:
    async def handle_async_request(self: Any, request: Any) -> Any:
        taker = _taker(self)
        if taker is None:
            return await original(self, request)
        return await taker.handle_async_request(request, OwnWay(partial(original, self), request, self))

    return handle_async_request


def _transports() -> Iterator[Target]:
    from ..routes.httpx.edge import packages

    for package in packages():
        yield Target(package.HTTPTransport, "handle_request", _sync)
        yield Target(package.AsyncHTTPTransport, "handle_async_request", _async)


_clients = Patch(_transports)
