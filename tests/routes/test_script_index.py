"""The index over a respx router: it finds what respx finds, and does not look at every route for it."""
from __future__ import annotations

import random
import re
from typing import Any

import httpx
import pytest
import respx
from respx.patterns import M, Pattern

from sessionmock.clock import JumpingClock
from sessionmock.models.message import Request
from sessionmock.routes.script import ScriptRoute
from sessionmock.routes.script.index import Index, key_of

HOSTS = ["a.test", "b.test", "api.a.test", "[::1]"]
PATHS = ["", "/", "/x", "/x/y", "/xy", "/x y", "/é", "/x%2Fy"]
BASES = ["https://a.test", "https://a.test/x", "/x/", "http://*.a.test", "http://b.test:8080/?a=1"]
METHODS = ["GET", "POST", "get", "HEAD"]


class InlineHost:
    """Runs everything on the caller's stack."""

    clock = JumpingClock()

    def post(self, call: Any, *arguments: Any) -> None:
        call(*arguments)

    work = post


class Quiet:
    """A sink that counts what ended well and what did not."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.error: Any = None

    def sent(self, count: int) -> None: ...

    def head(self, head: Any) -> None:
        self.status = head.status

    def data(self, data: bytes) -> None: ...

    def end(self, trailers: Any) -> None: ...

    def fail(self, error: Any) -> None:
        self.error = error


def random_url(rng: random.Random) -> str:
    port = rng.choice(["", "", "", ":80", ":443", ":8080"])
    query = rng.choice(["", "", "", "?a=1", "?a=1&b=2"])
    return f"{rng.choice(['http', 'https'])}://{rng.choice(HOSTS)}{port}{rng.choice(PATHS)}{query}"


def random_lookup(rng: random.Random) -> dict[str, Any]:
    return rng.choice([
        lambda: {"method": rng.choice(METHODS)},
        lambda: {"method__in": rng.sample(METHODS, 2)},
        lambda: {"scheme": rng.choice(["http", "HTTPS"])},
        lambda: {"scheme__in": ["http", "https"]},
        lambda: {"host": rng.choice(HOSTS)},
        lambda: {"host__in": tuple(rng.sample(HOSTS, 2))},
        lambda: {"host__in": "a.test b.test"},
        lambda: {"host__regex": r"\.test$"},
        lambda: {"port": rng.choice([80, 443, 8080, None])},
        lambda: {"port__in": (80, 8080)},
        lambda: {"path": rng.choice(PATHS)},
        lambda: {"path__in": tuple(rng.sample(PATHS, 3))},
        lambda: {"path__startswith": rng.choice(["/", "/x"])},
        lambda: {"path__regex": r"^/(?P<first>x)"},
        lambda: {"params": {"a": "1"}},
        lambda: {"headers": {"X-A": "1"}},
        lambda: {"content": b"body"},
        lambda: {"url": random_url(rng)},
        lambda: {"url": rng.choice(["https://*.a.test/x", "all://*a.test", "//b.test/", "/x", re.compile("x")])},
        lambda: {"url__eq": random_url(rng)},
        lambda: {"url__startswith": "http://a.test"},
    ])()


def random_pattern(rng: random.Random, depth: int = 2) -> Pattern:
    roll = rng.random()
    if depth and roll < 0.35:
        return random_pattern(rng, depth - 1) & random_pattern(rng, depth - 1)
    if depth and roll < 0.45:
        return random_pattern(rng, depth - 1) | random_pattern(rng, depth - 1)
    if depth and roll < 0.5:
        return ~random_pattern(rng, depth - 1)
    return M(**random_lookup(rng))


def add_route(rng: random.Random, router: respx.Router) -> None:
    name = rng.choice([None, None, "one", "two"])
    if rng.random() < 0.5:
        route = router.request(rng.choice(METHODS), rng.choice([random_url(rng), rng.choice(PATHS), None]), name=name)
    else:
        route = router.route(random_pattern(rng), name=name)
    set_mock(rng, route)


def set_mock(rng: random.Random, route: respx.Route) -> None:
    rng.choice([
        lambda: route.respond(rng.randrange(200, 300)),
        lambda: route.respond(rng.randrange(200, 300)),
        lambda: route.mock(side_effect=lambda request: None),
        lambda: route.mock(side_effect=lambda request: httpx.Response(299)),
        lambda: route.mock(side_effect=httpx.ConnectError),
        route.pass_through,
        lambda: None,
    ])()


def change(rng: random.Random, router: respx.Router) -> None:
    """One change of the router, of those that leave its list as long as it was too."""
    routes = list(router.routes)
    rng.choice([
        lambda: add_route(rng, router),
        lambda: add_route(rng, router),
        lambda: router.pop(rng.choice(["one", "two"]), None),
        lambda: (router.pop("one", None), add_route(rng, router)),
        lambda: (router.clear(), [add_route(rng, router) for _ in routes]),
        router.snapshot,
        router.rollback,
        router.reset,
        lambda: set_mock(rng, rng.choice(routes)) if routes else None,
        lambda: rng.choice(routes).rollback() if routes else None,
        lambda: rng.choice(routes).snapshot() if routes else None,
        lambda: router.add(rng.choice(routes), name=rng.choice([None, "one"])) if routes else None,
    ])()


def random_request(rng: random.Random) -> Request:
    fields = [("x-a", "1")] if rng.random() < 0.3 else []
    return Request(rng.choice(METHODS).upper(), random_url(rng), fields, rng.choice([None, b"body"]))


def outcome_of_respx(router: respx.Router, request: Request) -> Any:
    """The status, or the name of the exception, that respx comes to."""
    try:
        asked = httpx.Request(request.method, request.url, headers=request.headers, content=request.body)
        response = router.resolve(asked).response
    except (respx.models.AllMockedAssertionError, respx.models.PassThrough):
        return "UnmatchedRequest"
    except Exception as error:
        return type(error).__name__
    return response.status_code


@pytest.mark.parametrize("seed", range(4))
def test_the_index_finds_what_respx_finds(seed: int) -> None:
    """In 10,000 random pairs of router and request the index comes to respx's route, counted as respx counts."""
    rng = random.Random(seed)
    hits = 0
    for _ in range(250):
        base = rng.choice([None, None, None, "https://a.test", "https://a.test/x", "/x/", "http://*.a.test", "http://b.test:8080/?a=1"])
        router = respx.Router(assert_all_called=False, base_url=base, assert_all_mocked=rng.random() < 0.9)
        for _ in range(rng.randrange(10)):
            add_route(rng, router)
        script = ScriptRoute()
        script.attach(router)
        channel = script.bind(None, InlineHost())
        for _ in range(10):
            change(rng, router)
            routes = list(router.routes)
            before = [route.call_count for route in routes]
            calls_before = len(router.calls)
            request = random_request(rng)
            expected = outcome_of_respx(router, request)
            counted = [route.call_count - count for route, count in zip(routes, before, strict=True)]
            calls = len(router.calls)
            sink = Quiet()
            channel.open(request, sink)
            found = sink.status if sink.error is None else type(sink.error.underlying_error).__name__
            assert expected == found, (base, request, routes)
            twice = [route.call_count - count for route, count in zip(routes, before, strict=True)]
            assert [2 * count for count in counted] == twice, (base, request, routes)
            assert calls + (calls - calls_before) == len(router.calls)
            hits += sum(counted)
    assert hits > 500, "too few requests met a route to prove anything"


def candidates(router: respx.Router, method: str, url: str) -> list[respx.Route]:
    return [candidate.route for candidate in Index(router).candidates((method, *key_of(url)[1]))]


def test_only_what_the_pattern_fixes_is_left_to_judge() -> None:
    """Of two hundred routes with paths of their own one is judged, however it was written."""
    router = respx.Router()
    routes = [router.get(f"https://api.test/users/{number}") for number in range(200)]
    assert [routes[150]] == candidates(router, "GET", "https://api.test/users/150")
    assert [] == candidates(router, "POST", "https://api.test/users/150")
    based = respx.Router(base_url="https://api.test/v1/")
    routes = [based.get(f"/users/{number}") for number in range(200)]
    assert [routes[150]] == candidates(based, "GET", "https://api.test/v1/users/150")


def test_candidates_come_in_the_order_of_the_router() -> None:
    """Routes of several kinds of pattern are judged in the order in which they were added."""
    router = respx.Router()
    routes = [
        router.route(path__startswith="/x"), router.route(path="/x"), router.route(host__regex="."), router.get("https://a.test/x"),
        router.route(method__in=["GET", "PUT"], path="/x"),
    ]
    assert routes == candidates(router, "GET", "https://a.test/x")


def test_a_route_of_very_many_values_is_looked_up_by_fewer_facts() -> None:
    """Lists of methods, hosts and paths do not multiply into thousands of places."""
    router = respx.Router()
    route = router.route(method__in=["GET", "POST"], path__in=tuple(f"/{number}" for number in range(500)))
    assert [route] == candidates(router, "GET", "https://a.test/499")
    assert [] == candidates(router, "PUT", "https://a.test/499")


def test_the_router_stays_the_users() -> None:
    """Attaching changes neither the list object, its routes nor its names, and respx goes on working on it."""
    router = respx.Router(assert_all_called=False)
    route = router.get("https://a.test/x", name="x").respond(204)
    routes = router.routes
    ScriptRoute().attach(router)
    assert router.routes is routes
    assert route is router["x"]
    assert 204 == router.resolve(httpx.Request("GET", "https://a.test/x")).response.status_code
