"""Which route a task takes: the one in force where it is created, live where none is."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from ..models.settings import reject
from .base import Route
from .live import LiveRoute

AnyRoute = TypeVar("AnyRoute", bound=Route)

_here: ContextVar[Route | None] = ContextVar("sessionmock_route", default=None)
_everywhere: list[Route] = []
_live: list[Route] = [LiveRoute()]


def checked(route: Route, place: str) -> Route:
    """`route`, which `place` was given, if it is one. Raises InvalidArgumentException."""
    if isinstance(route, type) or not callable(getattr(route, "bind", None)):
        reject(f"{place}(route)", route, "a route, as ScriptRoute(), CassetteRoute(path) or LiveRoute()")
    return route


@contextmanager
def use_route(route: AnyRoute, *, everywhere: bool = False) -> Iterator[AnyRoute]:
    """Tasks created in this block take `route`; with `everywhere`, those of all threads do that have no route of their own.

    What a cassette has recorded is saved with the end of the block, unless that raises.
    """
    checked(route, "use_route")
    if everywhere:
        _everywhere.append(route)
        try:
            yield route
        finally:
            _everywhere.remove(route)
    else:
        token = _here.set(route)
        try:
            yield route
        finally:
            _here.reset(token)
    if (save := getattr(route, "save_recorded", None)) is not None:
        save()


@contextmanager
def use_live_route(route: AnyRoute) -> Iterator[AnyRoute]:
    """Where no route is in force, `route` answers in this block and not `LiveRoute()`; on all threads."""
    _live.append(checked(route, "use_live_route"))
    try:
        yield route
    finally:
        _live.remove(route)


def live_route() -> Route:
    """What answers where no route is in force."""
    return _live[-1]


def current_route() -> Route | None:
    """The route in force here, or None: live."""
    route = _here.get()
    if route is None and _everywhere:
        route = _everywhere[-1]
    return route
