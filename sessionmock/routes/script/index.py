"""Finds the respx route that `Router.resolve` would find, without judging every route.

respx asks its routes one after the other. Here they are looked up by what their patterns fix: method, scheme, host,
port, path and whole URL, where these are compared by "eq" or "in". Whatever is left of them, the candidates, is judged
by respx itself in respx's order. A fact may be missing or too wide, never too narrow.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import product
from math import prod
from operator import itemgetter
from typing import Any, NamedTuple

import respx
from respx import patterns as p
from respx.models import RouteList

from ..httpx.edge import EdgeURL, InvalidURL, edge_request, edge_url

# What is looked up, in the order of a key. A pattern's own `parse` says what it compares in a request.
FACTS: tuple[type[p.Pattern], ...] = (p.Method, p.Scheme, p.Host, p.Port, p.Path, p.URL)
_POSITION = {kind: position for position, kind in enumerate(FACTS)}
_AND = type(p.Method("GET") & p.Method("GET"))
_OR = type(p.Method("GET") | p.Method("GET"))
_NOT = type(~p.Method("GET"))
_LOOKUPS = (p.Lookup.EQUAL, p.Lookup.IN)
_MOST_KEYS = 64        # a route in more places than this is looked up by fewer facts

Facts = dict[int, frozenset[Any]]
Key = tuple[Any, ...]


class Candidate(NamedTuple):
    """A route and its place in the router. `whole`: being found means that the pattern matches, without context."""

    position: int
    route: respx.Route
    whole: bool
    plain: bool        # the pattern is made of respx's own kinds only, and runs no user code


@lru_cache(maxsize=2048)
def key_of(url: str) -> tuple[EdgeURL, Key]:
    """`url` as httpx reads it, and what respx's patterns read from a request for it, but for the method. Raises InvalidURL."""
    edge = edge_url(url)
    request = edge_request("GET", edge, [], b"")
    try:
        return edge, tuple(kind("").parse(request) for kind in FACTS[1:])
    except UnicodeError as error:    # httpx shows no host that IDNA 2008 does not know, as a heart
        raise InvalidURL(str(error)) from None


class WatchedRoutes(RouteList):
    """A router's list of routes that counts its changes. A list is made one by changing its class: it stays itself."""

    version = 0

    def __setitem__(self, i: slice, routes: RouteList) -> None:
        super().__setitem__(i, routes)
        self.version += 1

    def clear(self) -> None:
        super().clear()
        self.version += 1

    def add(self, route: respx.Route, name: str | None = None) -> respx.Route:
        try:
            return super().add(route, name)
        finally:
            self.version += 1

    def pop(self, name: str, default: Any = ...) -> Any:
        try:
            return super().pop(name, default)     # type: ignore[no-untyped-call]
        finally:
            self.version += 1


class Table(NamedTuple):
    """The routes that fix the same facts, by their values."""

    pick: Callable[[Key], Any]
    routes: dict[Any, list[Candidate]]


class State(NamedTuple):
    """What an index knows, and of which list in which version."""

    routes: WatchedRoutes
    version: int
    restless: list[respx.Route]        # routes whose own `rollback()` changes their pattern without the list's knowledge
    patterns: list[p.Pattern]          # the patterns of these
    anywhere: list[Candidate]
    tables: list[Table]


class Index:
    """An index over one router, made anew when the router's routes or their patterns have changed."""

    def __init__(self, router: respx.Router) -> None:
        self.router = router
        self._state = _build(router)

    def candidates(self, key: Key) -> list[Candidate]:
        """The routes that may answer a request with these facts, in the router's order."""
        routes, version, restless, patterns, found, tables = self._state
        if (
            routes is not self.router.routes or routes.version != version
            or (restless and [route._pattern for route in restless] != patterns)
        ):
            self._state = _, _, _, _, found, tables = _build(self.router)
        for pick, table in tables:
            if hits := table.get(pick(key)):
                found = hits if not found else sorted(found + hits, key=itemgetter(0))
        return found


def _build(router: respx.Router) -> State:
    routes = _watched(router)
    version = routes.version       # read first: a change from now on is seen next time
    restless: list[respx.Route] = []
    anywhere: list[Candidate] = []
    tables: dict[tuple[int, ...], Table] = {}
    for position, route in enumerate(list(routes)):
        pattern = route.pattern
        if any(snapshot[0] is not pattern for snapshot in route._snapshots):
            restless.append(route)
        facts, whole = facts_of(pattern) if pattern else ({}, True)
        while prod(map(len, facts.values())) > _MOST_KEYS:
            del facts[max(facts, key=lambda kind: len(facts[kind]))]
            whole = False
        candidate = Candidate(position, route, whole, plain(pattern))
        if not facts:
            anywhere.append(candidate)
            continue
        kinds = tuple(sorted(facts))
        table = tables.setdefault(kinds, Table(itemgetter(*kinds), {}))
        for values in product(*(facts[kind] for kind in kinds)):
            table.routes.setdefault(values if len(kinds) > 1 else values[0], []).append(candidate)
    return State(routes, version, restless, [route.pattern for route in restless], anywhere, list(tables.values()))


def _watched(router: respx.Router) -> WatchedRoutes:
    routes = router.routes
    if not isinstance(routes, WatchedRoutes):
        routes.__class__ = WatchedRoutes
    assert isinstance(routes, WatchedRoutes)
    return routes


def facts_of(pattern: p.Pattern) -> tuple[Facts, bool]:
    """The values without which `pattern` cannot match, by kind, and whether they are all that it asks for."""
    kind = type(pattern)
    if kind is _AND:
        (left, whole), (right, also) = map(facts_of, pattern.value)
        return left | {k: left[k] & values if k in left else values for k, values in right.items()}, whole and also
    if kind is _OR:
        (left, _), (right, _) = map(facts_of, pattern.value)
        return {k: left[k] | right[k] for k in left.keys() & right.keys()}, False
    if kind not in _POSITION or pattern.lookup not in _LOOKUPS:
        return {}, False
    values = (pattern.value,) if pattern.lookup is p.Lookup.EQUAL else pattern.value
    if not isinstance(values, tuple) or not all(type(value) in (str, int) for value in values):
        return {}, False       # a list may change in place, another type may have its own idea of equality
    if pattern.base is not None and kind is p.Path:
        if pattern.base.lookup is not p.Lookup.STARTS_WITH:
            return {}, False
        start = pattern.base.value
        values = tuple(path for value in values for path in (start + value, start + value.removeprefix("/")))
    return {_POSITION[kind]: frozenset(values)}, pattern.base is None


def leaves(pattern: p.Pattern) -> Iterator[p.Pattern]:
    """The parts of `pattern` that all have to match: one for each side of an AND."""
    if type(pattern) is _AND:
        for side in pattern.value:
            yield from leaves(side)
    elif pattern:
        yield pattern


def plain(pattern: p.Pattern) -> bool:
    """Whether `pattern` is made of respx's own kinds only, so that judging it runs no code of the user's."""
    if type(pattern) in (_AND, _OR):
        return all(map(plain, pattern.value))
    if type(pattern) is _NOT:
        return plain(pattern.value)
    return all(type(part).__module__ == p.__name__ for part in (pattern, pattern.base) if part is not None)


