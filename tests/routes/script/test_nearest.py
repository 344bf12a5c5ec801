"""Why no route of a script answers, in the words of its patterns."""
from __future__ import annotations

from typing import Any

import pytest
import respx
from respx.patterns import M, Path, Pattern

from sessionmock.routes.httpx.edge import EdgeRequest, edge_request, edge_url
from sessionmock.routes.script.nearest import SHOWN, nearest

URL = "https://api.test/things?page=1"


def request(method: str = "GET", url: str = URL, body: bytes = b"") -> EdgeRequest:
    return edge_request(method, edge_url(url), [], body)


def router(*patterns: Pattern) -> respx.Router:
    made = respx.Router()
    for pattern in patterns:
        made.route(pattern)
    return made


class Moody(Path):    # type: ignore[misc]
    """A pattern of a user's, which nobody asks for a report."""

    key = "moody"

    def parse(self, request: Any) -> Any:
        raise AssertionError("asked")


def test_a_script_without_routes_says_so() -> None:
    """There is nothing to come near."""
    assert "it has no route" == nearest(request(), [respx.Router(), respx.Router()])


def test_the_only_route_says_what_differs() -> None:
    """Its pattern, and of each part that did not match what the request has."""
    told = nearest(request(), [router(M(method="POST", host="api.test", path="/other"))])
    assert told.startswith("its only route does not match:\n  ")
    assert "method eq 'POST'" in told
    assert "(method is 'GET'; path is '/things')" in told


def test_the_nearest_come_first() -> None:
    """By the share of their parts that matched, over all routers, no more than a few."""
    one = router(M(host="other.test"), M(method="GET", host="api.test", path="/things/1"))
    many = router(*(M(host=f"h{number}.test") for number in range(9)))
    lines = nearest(request(), [one, many]).split("\n  ")
    assert "none of its 11 routes matches; nearest:" == lines[0]
    assert "(path is '/things')" in lines[1]
    assert SHOWN == len(lines) - 1


def test_a_route_that_matches_was_refused_by_its_side_effect() -> None:
    """As one that gave None; a name is told, and a route without a pattern takes any request."""
    named = respx.Router()
    named.route(name="all")
    assert "all: any request (its side effect answered that it does not match)" in nearest(request(), [named])


@pytest.mark.parametrize(("pattern", "told"), [
    (M(json={"a": 1}), "cannot be read: "),
    (~M(host="api.test"), "differs: "),
    (M(host="api.test") | M(host="b.test"), "its side effect"),
    (M(path="/" + "x" * 200), "..."),
    (M(path__regex=r"^/other"), "path regex '^/other' (path is '/things')"),
])
def test_parts_of_other_kinds(pattern: Pattern, told: str) -> None:
    """What cannot be read, what has no name, what is long, and regular expressions."""
    assert told in nearest(request(body=b"no json"), [router(pattern)])


def test_what_a_users_pattern_does_is_not_done_for_a_report() -> None:
    """Only parts of respx's own kinds are asked."""
    told = nearest(request(), [router(Moody("/a") & M(method="POST"))])
    assert "method is 'GET'" in told
