"""Random plans for some of the streams of a connection of HTTP/2: the others never notice."""
from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from h2.events import StreamEnded

import sessionmock as sm
from sessionmock.faults.plan import FaultPlan
from sessionmock.faults.table import OF_STREAMS, TABLE, VARIANTS
from sessionmock.routes.faults.route import FaultRoute
from tests.routes.live.h2server import Server, h2_origin, serving
from tests.routes.live.memory_world import MemoryWorld

BODY = bytes(range(256)) * 40
ARGUMENTS: Mapping[str, Callable[[random.Random, str], tuple[Any, ...]]] = {
    "reset": lambda dice, point: ("stream",), "delay": lambda dice, point: (dice.choice((0.0, 1.0, 20.0)),),
    "drip": lambda dice, point: (dice.choice((1000.0, 1e5)),), "slice": lambda dice, point: (dice.choice((1, 50, 1000)),),
    "malformed": lambda dice, point: (dice.choice([what for what in VARIANTS[point, "malformed"] if what not in ("goaway", "settings")]),),
    "fail": lambda dice, point: (-1200,), "suspend": lambda dice, point: (5.0,)}
OF_CONNECTIONS = {*((point, kind) for point in OF_STREAMS for kind in ("end", "oserror")), ("head", "duplicate"), ("head", "truncate"),
                  ("trailers", "truncate"), ("write.head", "malformed")}
OF_OTHERS = {"status", "redirect", "challenge", "invalidate", "cancel_by_producing_resume_data"}
PAIRS = sorted((point, kind) for point in OF_STREAMS for kind in TABLE[point] if (point, kind) not in OF_CONNECTIONS and kind not in OF_OTHERS)


def random_plan(dice: random.Random) -> FaultPlan:
    plan = FaultPlan()
    for _ in range(dice.choice((1, 1, 2, 3))):
        point, kind = dice.choice(PAIRS)
        byte = dice.choice((None, 0, 1, 100, 5000, 9000)) if point in ("body", "write.body") else None
        place = plan.at(point, url="*/spoilt", byte=byte, optional=True, **dice.choice(({}, {"nth": 1})))
        plan = getattr(place, kind)(*ARGUMENTS.get(kind, lambda dice, point: ())(dice, point))
    return plan


async def answer(server: Server) -> None:
    async for event in server.events():
        if isinstance(event, StreamEnded) and not server.h2.streams[event.stream_id].closed:
            server.h2.send_headers(event.stream_id, [(":status", "103"), ("link", "</a>")])
            server.head(event.stream_id, 200, ("x-number", str(event.stream_id)), ("x-same", "1"))
            server.h2.send_data(event.stream_id, BODY[:5000])
            server.h2.send_data(event.stream_id, BODY[5000:])
            server.h2.send_headers(event.stream_id, [("x-sum", "1")], end_stream=True)
            await server.flush()


@pytest.mark.soak
@pytest.mark.parametrize("start", range(0, 500, 100))
def test_neighbours_never_notice(authority: Any, trust: Any, start: int) -> None:
    """What is asked for beside requests with faults comes whole, over the one connection that there is."""
    tls = serving(authority, "h2")
    for seed in range(start, start + 100):
        dice = random.Random(seed)
        plan = random_plan(dice)
        with MemoryWorld() as world, h2_origin(world, answer, tls) as origin:
            configuration = sm.URLSessionConfiguration.ephemeral()
            with sm.use_route(FaultRoute(world.route(trust, trust_env=False), plan)), sm.URLSession(configuration) as session:
                loads = []
                for path in (*dice.choices(("whole", "spoilt"), k=5), "whole"):
                    url = f"{origin.url}/{path}"
                    loads.append((path, session.upload(sm.URLRequest(url, "POST"), from_data=BODY) if dice.random() < 0.4 else session.data(url)))
                for path, load in loads:
                    try:
                        assert load.result()[0] == BODY or path == "spoilt"
                    except sm.URLError as error:
                        assert path == "spoilt", f"seed {seed}, {plan!r}: {error!r}"
            assert origin.connections == 1, f"seed {seed}, {plan!r}"
