"""Spoiled answers end to end, over the network in memory and in virtual time: every task ends once, and no answer is another's.

`make soak` runs 20,000 over HTTP/1.1, 6,000 over HTTP/2 and every cut of answers of many kinds; a share of them runs with all tests.
"""
from __future__ import annotations

import random
import ssl
from collections import Counter
from contextlib import suppress

import pytest
import trustme
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import StreamEnded
from h2.exceptions import ProtocolError

import sessionmock as sm
from sessionmock.models.message import ResponseHead
from sessionmock.routes.live.http1.answer import Answer
from sessionmock.routes.live.http1.events import End, Garbage, Lost
from sessionmock.routes.live.network.memory import MemoryNetwork
from sessionmock.routes.live.network.peer import Peer
from tests.tls.certificates import trusting

from .h2server import serving
from .spoiled import answer, mutate, pieces
from .test_lenient import Spelling

LOST, UNREADABLE, SILENT = -1005, -1017, -1001
SHARE = 300      # of the answers, with all tests

Outcome = tuple[int, bytes] | int    # status and body, or the code of the error


def load(session: sm.URLSession, url: str, method: str = "GET") -> Outcome:
    try:
        data, response = session.data(sm.URLRequest(url, http_method=method)).result()
    except sm.URLError as error:
        return int(error.code)
    assert isinstance(response, sm.HTTPURLResponse)
    return response.status_code, data


class Server:
    """Gives spoiled answers below /spoiled, and else the path. What ends a connection after a spoiled answer is `then`."""

    def __init__(self) -> None:
        self.answer: list[bytes] = []
        self.then = "stay"

    async def serve(self, peer: Peer) -> None:
        """Over HTTP/1.1."""
        with suppress(OSError):
            data = b""
            while more := await peer.receive():
                data += more
                while b"\r\n\r\n" in data:
                    head, _, data = data.partition(b"\r\n\r\n")
                    path = head.split(b" ")[1]
                    if path.startswith(b"/spoiled"):
                        await self.spoil(peer)
                    else:
                        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(path), path))

    async def spoil(self, peer: Peer) -> None:
        for piece in self.answer:
            await peer.send(piece)
        if self.then == "reset":
            peer.reset()
        elif self.then == "finish":
            peer.finish()


def expected(data: bytes, method: str, then: str) -> tuple[Outcome, bytes]:
    """What an answer that is read in one go comes to, and what is left over of it."""
    reader = Answer(method)
    events = reader.feed(data) if data else []
    rest = reader.rest
    if not (events and isinstance(events[-1], End | Garbage | Lost)):
        if then != "finish":
            return SILENT if then == "stay" else LOST, b""
        events += reader.eof()
    if isinstance(events[-1], End):
        status = next(event.status for event in events if isinstance(event, ResponseHead) and event.status >= 200)
        return (status, b"".join(event for event in events if isinstance(event, bytes))), rest
    return UNREADABLE if isinstance(events[-1], Garbage) else LOST, b""


@pytest.mark.parametrize("count", [SHARE, pytest.param(20_000, marks=[pytest.mark.soak, pytest.mark.timeout(600)])])
def test_answers_over_http1(count: int) -> None:
    """Each is what it is read as in one go, however it comes and whatever follows; and the next request has its own answer."""
    chance, spelling, server, seen = random.Random(count), Spelling(count), Server(), Counter[object]()
    configuration = sm.URLSessionConfiguration.ephemeral()
    configuration.url_cache = configuration.http_cookie_storage = None
    route = sm.LiveRoute(network=MemoryNetwork(server.serve), trust_env=False)
    with sm.virtual_time(), sm.use_route(route), sm.URLSession(configuration) as session:
        for number in range(count):
            data = mutate(chance, answer(chance)) if number % 4 else spelling.answer()[0]
            method, server.then = chance.choice(["GET", "GET", "GET", "HEAD"]), chance.choice(["stay", "finish", "reset"])
            outcome, rest = expected(data, method, server.then)
            whole = len(data) - len(rest)
            server.answer = pieces(chance, data[:whole])
            if rest:      # at once with the end: later it would meet the next request
                server.answer = [*server.answer[:-1], *[b"".join([*server.answer[-1:], rest])]]
            assert load(session, f"http://a.test/spoiled/{number}", method) == outcome, (data, method, server.then)
            assert load(session, f"http://a.test/{number}") == (200, b"/%d" % number), (data, method, server.then)
            seen[outcome if isinstance(outcome, int) else "read"] += 1
    assert set(seen) == {"read", LOST, UNREADABLE, SILENT}
    assert seen["read"] > count // 4


# HTTP/2 -------------------------------------------------------------------------------------------------------------------
def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def parted(data: bytes) -> list[tuple[int, int, int, bytes]]:
    """The frames of `data`: type, flags, stream and payload."""
    frames = []
    while data:
        end = 9 + int.from_bytes(data[:3], "big")
        frames.append((data[3], data[4], int.from_bytes(data[5:9], "big"), data[9:end]))
        data = data[end:]
    return frames


def spoiled(chance: random.Random, data: bytes) -> bytes:
    """The frames of `data`, some of them changed, gone, doubled, moved, or with strangers between them."""
    frames = parted(data)
    for _ in range(chance.choice([1, 1, 2, 4])):
        at = chance.randrange(len(frames) + 1)
        kind, flags, stream, payload = chance.choice(frames) if frames else (0, 0, 1, b"")
        stream = chance.choice([stream, stream, 0, stream + 1, stream + 2, 1])
        change = chance.randrange(6)
        if change == 0:
            del frames[at:at + 1]
        elif change == 1:
            frames.insert(at, (kind, flags, stream, payload))
        elif change == 2:
            frames.insert(at, (kind, chance.randrange(256), stream, payload))
        elif change == 3:
            frames.insert(at, (chance.randrange(12), flags, stream, payload))
        elif change == 4:
            frames.insert(at, (kind, flags, stream, mutate(chance, payload)))
        else:
            frames.insert(at, (chance.choice([3, 4, 6, 7, 8]), chance.randrange(2), chance.choice([0, stream]),
                               chance.randbytes(chance.choice([0, 4, 6, 8, 8, 12]))))
    return b"".join(frame(*each) for each in frames)


class Server2(Server):
    """The same over HTTP/2; every answer below /spoiled is spoiled anew."""

    def __init__(self, context: ssl.SSLContext, chance: random.Random) -> None:
        super().__init__()
        self.context, self.chance = context, chance

    async def serve(self, peer: Peer) -> None:
        with suppress(OSError, ProtocolError, KeyError):
            await peer.secure(self.context)
            server = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
            server.encoder.header_table_size = 0      # so that a head that is lost changes no other
            server.initiate_connection()
            await peer.send(server.data_to_send())
            paths: dict[int, str] = {}
            while more := await peer.receive():
                for event in server.receive_data(more):
                    if fields := getattr(event, "headers", None):
                        paths[event.stream_id] = dict(fields)[":path"]
                    if isinstance(event, StreamEnded):
                        await peer.send(server.data_to_send())
                        await self.reply(peer, server, event.stream_id, paths[event.stream_id])
                await peer.send(server.data_to_send())

    async def reply(self, peer: Peer, server: H2Connection, stream: int, path: str) -> None:
        server.send_headers(stream, [(":status", "200"), ("content-length", str(len(path)))])
        server.send_data(stream, path.encode()[:3])
        server.send_data(stream, path.encode()[3:], end_stream=True)
        data = server.data_to_send()
        if path.startswith("/spoiled"):
            how = self.chance.random()
            self.answer = [spoiled(self.chance, data) if how < 0.7 else mutate(self.chance, data)]
            self.then = self.chance.choice(["stay", "stay", "finish", "reset"]) if how < 0.7 else "finish"
            await self.spoil(peer)
        else:
            await peer.send(data)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.mark.parametrize("count", [SHARE, pytest.param(6_000, marks=[pytest.mark.soak, pytest.mark.timeout(600)])])
def test_answers_over_http2(count: int, authority: trustme.CA) -> None:
    """Each ends, with its own body or an error; so do those beside it, and the next request has its own answer."""
    server, seen = Server2(serving(authority), random.Random(count)), Counter[object]()
    configuration = sm.URLSessionConfiguration.ephemeral()
    configuration.url_cache = configuration.http_cookie_storage = None
    route = sm.LiveRoute(trusting(authority), network=MemoryNetwork(server.serve), trust_env=False)
    with sm.virtual_time(), sm.use_route(route), sm.URLSession(configuration) as session:
        for number in range(count):
            beside = session.data(f"https://localhost/beside/{number}")
            outcome = load(session, f"https://localhost/spoiled/{number}")
            try:
                assert beside.result()[0] == b"/beside/%d" % number
            except sm.URLError as error:
                assert int(error.code) in (LOST, UNREADABLE, SILENT), error
            following = load(session, f"https://localhost/{number}")
            assert following in ((200, b"/%d" % number), LOST, UNREADABLE, SILENT), server.answer
            seen[outcome if isinstance(outcome, int) else "read"] += 1
            seen["followed"] += not isinstance(following, int)
    assert set(seen) >= {"read", LOST, UNREADABLE, SILENT, "followed"}
    assert set(seen) <= {"read", LOST, UNREADABLE, SILENT, "followed"}
    assert seen["followed"] > count * 0.9


