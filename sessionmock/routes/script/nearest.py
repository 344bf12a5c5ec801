"""Says why no route answered: the routes that came nearest, and what of each differed."""
from __future__ import annotations

from typing import Any, NamedTuple

import respx
from respx.patterns import Pattern

from ..httpx.edge import EdgeRequest
from .index import leaves, plain

SHOWN = 5      # routes named in a message


class Near(NamedTuple):
    """How near a route came: the share of its pattern that matched, and the first part that did not."""

    share: float
    text: str


def nearest(request: EdgeRequest, routers: list[respx.Router]) -> str:
    """One line for each of the nearest routes, as the reason in an `UnmatchedRequest`."""
    routes = [route for router in routers for route in router.routes]
    if not routes:
        return "it has no route"
    found = sorted((_nearness(route, request) for route in routes), key=lambda near: -near.share)[:SHOWN]
    first = f"none of its {len(routes)} routes matches; nearest:" if len(routes) > 1 else "its only route does not match:"
    return "\n  ".join([first, *(near.text for near in found)])


def _nearness(route: respx.Route, request: EdgeRequest) -> Near:
    parts = list(leaves(route.pattern))
    # What a user's own pattern does is not for this stack, and nobody waits for it here.
    missed = [part for part in parts if plain(part) and not part.match(request)]
    if not missed:
        return Near(1.0, f"{described(route)} (its side effect answered that it does not match)")
    return Near(1 - len(missed) / len(parts), f"{described(route)} ({'; '.join(_difference(part, request) for part in missed)})")


def described(route: respx.Route) -> str:
    """What `route` answers, after its name where it has one."""
    name = f"{route.name}: " if route.name else ""
    return name + (", ".join(map(_shown, leaves(route.pattern))) or "any request")


def _shown(part: Pattern) -> str:
    return f"{part.key} {part.lookup.value} {_value(part.value)}" if hasattr(part, "key") else repr(part)


def _difference(part: Pattern, request: EdgeRequest) -> str:
    if not hasattr(part, "key"):
        return f"differs: {part!r}"
    try:
        return f"{part.key} is {_value(part.parse(request))}"
    except Exception as error:     # what cannot be read, as JSON that is none
        return f"{part.key} cannot be read: {error}"


def _value(value: Any) -> str:
    text = repr(getattr(value, "pattern", value))
    return text if len(text) <= 120 else text[:117] + "..."
