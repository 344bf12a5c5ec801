"""A FIN, a RST and silence at each byte of an answer, over every wire, in virtual time: three codes and no other."""
from __future__ import annotations

import gzip
import math
import ssl
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import trustme
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import StreamEnded

import sessionmock as sm
from sessionmock.routes.live.http1.answer import Answer
from sessionmock.routes.live.http1.events import End
from sessionmock.routes.live.network.memory import MemoryNetwork
from sessionmock.routes.live.network.peer import Peer

BODY = b"Hello, world"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n" + BODY

# The answer of a server to the one request that has come to it by now.
Wire = Callable[[Peer], Coroutine[Any, Any, bytes]]


async def plain(peer: Peer) -> bytes:
    assert (await peer.receive()).startswith(b"GET / HTTP/1.1\r\n")
    return ANSWER


class Secure:
    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context

    async def http1(self, peer: Peer) -> bytes:
        await peer.secure(self.context)
        return await plain(peer)

    async def http2(self, peer: Peer) -> bytes:
        await peer.secure(self.context)
        assert peer.tls is not None
        assert peer.tls.selected_alpn_protocol() == "h2"
        server = H2Connection(H2Configuration(client_side=False))
        server.initiate_connection()
        await peer.send(server.data_to_send())
        while not any(isinstance(event, StreamEnded) for event in server.receive_data(await peer.receive())):
            pass
        await peer.send(server.data_to_send())
        server.send_headers(1, [(":status", "200"), ("content-length", "12")])
        server.send_data(1, BODY, end_stream=True)
        return server.data_to_send()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture(scope="module")
def wires(authority: trustme.CA) -> dict[str, Wire]:
    made = {}
    for protocol in ("http/1.1", "h2"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols([protocol])
        authority.issue_cert("a.test").configure_cert(context)
        made[protocol] = Secure(context)
    return {"HTTP/1.1": plain, "TLS": made["http/1.1"].http1, "HTTP/2": made["h2"].http2}


async def fin(peer: Peer) -> None:
    peer.finish()
    await peer.sleep(math.inf)


async def closed(peer: Peer) -> None:
    peer.close()


async def rst(peer: Peer) -> None:
    peer.reset()


async def silence(peer: Peer) -> None:
    await peer.sleep(math.inf)


FAULTS: list[tuple[Any, int, float]] = [(fin, -1005, 0.0), (closed, -1005, 0.0), (rst, -1005, 0.0), (silence, -1001, 60.0)]


def outcome(wire: Wire, at: int, fault: Callable[[Peer], Coroutine[Any, Any, None]], trusting: ssl.SSLContext | None = None,
            scheme: str = "http") -> tuple[Any, float]:
    """The body, or the code, of a load whose answer breaks off after `at` bytes, and the second in which it ended; and the
    length of the answer."""
    async def serve(peer: Peer) -> None:
        whole = await wire(peer)
        sizes.append(len(whole))
        await peer.send(whole[:at])
        await fault(peer)

    sizes: list[int] = []
    route = sm.LiveRoute(trusting, network=MemoryNetwork(serve), trust_env=False)
    with sm.virtual_time() as clock, sm.use_route(route), sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        try:
            got: Any = session.data(f"{scheme}://a.test/").result()[0]
        except sm.URLError as error:
            got = int(error.code)
        assert len(sizes) == 1
        return got, clock.now()


@pytest.mark.parametrize("wire", ["HTTP/1.1", "TLS", "HTTP/2"])
@pytest.mark.parametrize(("fault", "code", "second"), FAULTS)
def test_every_byte(wires: dict[str, Wire], trusting: ssl.SSLContext, wire: str, fault: Any, code: int, second: float) -> None:
    """A connection that is closed or reset within an answer is -1005 at once, one that says nothing more is -1001 when the
    idle time is over; after the last byte nothing of that matters any more."""
    size = 0
    while (got := outcome(wires[wire], size, fault, trusting, "http" if wire == "HTTP/1.1" else "https")) != (BODY, 0.0):
        assert got == (code, second), f"after {size} bytes"
        size += 1
    assert size == (len(ANSWER) if wire != "HTTP/2" else size)
    assert size > 30


HEAD = b"HTTP/1.1 200 OK\r\nServer: one of ours\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n7;a=b\r\n, world\r\n0\r\n"
PACKED = gzip.compress(BODY, mtime=0)
KINDS = {
    "chunks": HEAD + CHUNKED + b"\r\n",
    "trailers": HEAD + CHUNKED + b"T: 1\r\nU: 2\r\n\r\n",
    "early hints": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ANSWER,
    "gzip": HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(PACKED) + PACKED,
    "gzip in chunks": HEAD + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(PACKED), PACKED),
    "lines ended by LF": (HEAD + CHUNKED + b"T: 1\r\n\r\n").replace(b"\r\n", b"\n"),
    "folded": HEAD + b"X Y : 1\r\n 2\r\nContent-Length: 12, 12\r\n\r\n" + BODY,
    "no framing": HEAD + b"X: 1\r\n\r\n" + BODY,
}


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_every_byte_of_other_answers() -> None:
    """The body or the code that the bytes come to that had come, and at once unless there is silence."""
    cuts = 0
    for whole in KINDS.values():
        async def answers(peer: Peer, whole: bytes = whole) -> bytes:
            await peer.receive()
            return whole

        for fault, code, second in FAULTS:
            for at in range(len(whole) + 1):
                reader = Answer("GET")
                events = reader.feed(whole[:at]) if at else []
                if not (events and isinstance(events[-1], End)) and fault in (fin, closed):
                    events += reader.eof()
                body = b"".join(event for event in events if isinstance(event, bytes))
                right = (gzip.decompress(body) if b"gzip" in whole else body, 0.0) if events and isinstance(events[-1], End) else (code, second)
                assert outcome(answers, at, fault) == right, (whole[:at], fault)
                cuts += 1
    assert cuts >= 3_204


def test_a_slow_answer_is_read_to_its_end(trusting: ssl.SSLContext) -> None:
    """A byte each 50 seconds keeps the idle time from ending."""
    async def serve(peer: Peer) -> None:
        await peer.receive()
        for at in range(len(ANSWER)):
            await peer.sleep(50)
            await peer.send(ANSWER[at:at + 1])
        await peer.sleep(math.inf)

    route = sm.LiveRoute(network=MemoryNetwork(serve), trust_env=False)
    with sm.virtual_time() as clock, sm.use_route(route), sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        assert session.data("http://a.test/").result()[0] == BODY
        assert (len(ANSWER), clock.now()) == (51, 2550.0)
