"""Answers against h11: 104,000 mutated ones in random pieces, 26,000 for each seed."""
from __future__ import annotations

import random
import re

import h11
import pytest

from sessionmock.models.message import Headers, ResponseHead
from sessionmock.routes.live.fields import text
from sessionmock.routes.live.http1 import answer as http1
from sessionmock.routes.live.http1.answer import Answer, State
from sessionmock.routes.live.http1.events import AnswerError, End, Event, Garbage

from .spoiled import answer, mutate, pieces

LONE_CR = re.compile(rb"\r(?!\n)")    # h11 reads some of them within a chunk's extensions
FRAMING = ("content-length", "transfer-encoding")    # of no meaning in trailers, and left out of them


def folded(events: list[Event], rest: bytes) -> tuple[list[tuple], bytes, list | str, bytes]:
    """Heads, body, trailers or how else it ended, and what was left over; as h11 shows them, which lowers some cases."""
    heads = [(e.status, lowered(e.headers), e.reason) for e in events if isinstance(e, ResponseHead)]
    body = b"".join(e for e in events if isinstance(e, bytes))
    last = events[-1] if events else None
    ending: list | str = "error" if isinstance(last, AnswerError) else "open"
    if isinstance(last, End):
        ending = [field for field in lowered(last.trailers) if field[0] not in FRAMING]
    return heads, body, ending, rest if ending != "error" else b""


def lowered(headers: Headers) -> Headers:
    """Without a length that does not hold, because the body is in chunks."""
    if any(name.lower() == "transfer-encoding" for name, _ in headers):
        headers = [field for field in headers if field[0].lower() != "content-length"]
    return [(name.lower(), value.lower() if name.lower() == "transfer-encoding" else value) for name, value in headers]


def ours(method: str, upgrades: bool, data: list[bytes]) -> tuple[tuple, bool]:
    """What an Answer reads, and whether it leaves the connection for another."""
    reader = Answer(method, upgrades)
    events = [event for piece in data for event in reader.feed(piece)]
    reusable = reader.reusable and reader.state is State.DONE
    if reader.state is not State.SWITCHED:
        events += reader.eof()
    return folded(events, reader.rest), reusable


def theirs(method: str, upgrades: bool, data: bytes) -> tuple:
    """What h11 reads by itself."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=http1.HEAD_LIMIT)
    upgrade = [("Connection", "upgrade"), ("Upgrade", "x")] if upgrades else []
    connection.send(h11.Request(method=method, target="/", headers=[("Host", "x"), *upgrade]))
    connection.send(h11.EndOfMessage())
    events: list[Event] = []
    rest = b""
    try:
        connection.receive_data(data)
        if data:
            take(connection, events)
        if connection.their_state is h11.SWITCHED_PROTOCOL:
            events += filter(None, [connection.trailing_data[0]])
        elif not (events and isinstance(events[-1], End)):
            connection.receive_data(b"")
            take(connection, events)
        rest = connection.trailing_data[0] if events and isinstance(events[-1], End) else b""
    except h11.RemoteProtocolError:
        events.append(Garbage())
    return folded(events, rest)


def take(connection: h11.Connection, events: list[Event]) -> None:
    while not isinstance(event := connection.next_event(), type):
        if isinstance(event, h11.InformationalResponse | h11.Response):
            fields = [(name.decode(), text(value)) for name, value in event.headers]
            events.append(ResponseHead(event.status_code, fields, text(event.reason)))
        elif isinstance(event, h11.Data):
            events.append(bytes(event.data))
        elif isinstance(event, h11.EndOfMessage):
            events.append(End([(name.decode(), text(value)) for name, value in event.headers]))
            return
        else:
            raise h11.RemoteProtocolError("closed before its answer")


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_fuzz(seed):
    """Whatever h11 accepts is read just as h11 reads it, and what it refuses, but browsers read, leaves no connection for another."""
    rng = random.Random(seed)
    kept = read = lenient = 0
    for _ in range(26_000):
        data = mutate(rng, answer(rng))
        method, upgrades = rng.choice(["GET", "GET", "GET", "HEAD"]), rng.random() < 0.2
        mine, reusable = ours(method, upgrades, pieces(rng, data))
        judgement = theirs(method, upgrades, data)
        if judgement[2] != "error" and not (mine[2] == "error" and LONE_CR.search(data)):
            assert judgement == mine, data
            read += 1
        else:
            assert not reusable, data
            lenient += mine[2] != "error"
        kept += reusable
    assert read > 6_000
    assert min(kept, lenient) > 500
