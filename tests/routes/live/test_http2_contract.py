"""The contract's behaviours over HTTP/2: what a session makes of them does not depend on the wire. Its players have threads of
their own that wait, so these run over sockets."""
from __future__ import annotations

import math
import ssl
import tempfile
import time
from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from h2.errors import ErrorCodes
from h2.exceptions import StreamClosedError

from sessionmock.routes.base import ChannelOver
from tests.contract.behaviours import BEHAVIOURS, DELEGATE, LIVE, Behaviour, Reply
from tests.contract.players import Outcome, Run, expanded

from .h2server import Server, h2_origin, serving
from .socket_world import Blocking
from .worlds import World, over_sockets

# "wire" is what a server writes as HTTP/1.1; nothing at all is a connection closed at once, here a stream.
ROWS = [pytest.param(behaviour, id=behaviour.name) for behaviour in BEHAVIOURS
        if LIVE in behaviour.routes and DELEGATE in behaviour.styles and not any(reply.wire for reply in behaviour.replies)]
NOT_IN_HTTP2 = {"connection", "transfer-encoding", "keep-alive"}


@pytest.fixture(scope="module")
def tls(authority):
    return serving(authority)


@pytest.fixture
def route(world, trust):
    return Trusting(world.route(trust))


class Trusting:
    """A live route that lets no delegate judge the server: the table's challenges are those of HTTP."""

    source = "live"
    is_live = True

    def __init__(self, route: Any) -> None:
        self._route = route

    def bind(self, configuration: Any, host: Any) -> TrustingChannel:
        return TrustingChannel(self._route.bind(configuration, host))


class TrustingChannel(ChannelOver):
    def open(self, request: Any, sink: Any) -> Any:
        terms = request.terms
        return super().open(replace(request, terms=terms and terms._replace(judge=None)), sink)


class Stage:
    """Two servers that give a behaviour's answers in order, whichever of them is asked."""

    def __init__(self, world: World, behaviour: Behaviour, tls: ssl.SSLContext) -> None:
        self.replies = deque(behaviour.replies)
        self.seen: list[str] = []
        self._origins = h2_origin(world, self.serve, tls), h2_origin(world, self.serve, tls)

    def __enter__(self) -> Stage:
        self.base, self.other = (origin.__enter__().url for origin in self._origins)
        return self

    def __exit__(self, *error: object) -> None:
        for origin in self._origins:
            origin.__exit__(*error)

    async def serve(self, server: Server) -> None:
        async for stream in server.requests():
            head, body = server.heads[stream], server.bodies[stream]
            self.seen.append(f"{head[':method']} {head[':path']}" + (f" {body.decode('latin-1')}" if body and len(body) < 100 else ""))
            try:
                await give(server, stream, expanded(self.replies.popleft(), self.base, self.other), head[":method"])
            except StreamClosedError:
                pass     # the client has given the stream up


def plain(fields: Any) -> list[tuple[str, bytes]]:
    return [(name.lower(), value.encode("latin-1")) for name, value in fields or () if name.lower() not in NOT_IN_HTTP2]


async def give(server: Server, stream: int, reply: Reply, method: str) -> None:
    answer = reply.answer
    if math.isinf(answer.delay):
        return
    if reply.wire is not None:
        server.h2.reset_stream(stream, ErrorCodes.INTERNAL_ERROR)
        await server.flush()
        return
    for early in answer.informational:
        server.head(stream, early.status, *plain(early.headers))
    server.head(stream, answer.status, *plain(answer.headers))
    pieces = [(answer.body, 0.0)] if isinstance(answer.body, bytes) else answer.body
    for data, seconds in [] if method == "HEAD" else pieces:
        await server.flush()
        if math.isinf(seconds):
            return
        if seconds:
            await Blocking(time.sleep, seconds)    # a body that drips over sockets takes that time
        await server.send_some(stream, data)
    if answer.error is not None:
        server.h2.reset_stream(stream, ErrorCodes.INTERNAL_ERROR)
    elif answer.trailers:
        server.h2.send_headers(stream, plain(answer.trailers), end_stream=True)
    else:
        server.h2.end_stream(stream)
    await server.flush()


@over_sockets
@pytest.mark.parametrize("behaviour", ROWS)
def test_behaviour(world: World, behaviour: Behaviour, route: Trusting, tls: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The outcome that the table names, by the same calls and the same requests."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with Stage(world, behaviour, tls) as stage:
        played = Run(behaviour, DELEGATE, route, stage.base, stage.other, tmp_path).play()
        assert not stage.replies
    for step, outcome in zip(behaviour.steps, played.outcomes, strict=True):
        assert Outcome(step.status, outcome.body if step.gives is None else step.gives, step.code) == outcome
    if behaviour.asked is not None:
        assert list(behaviour.asked) == stage.seen
    assert " ".join([*(step.calls for step in behaviour.steps), "invalid"]) == played.names()
