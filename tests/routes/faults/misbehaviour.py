"""Servers on real sockets that misbehave on purpose, each beside the line of a plan that says the same of an honest one.

What a load comes to is compared as a `Verdict`: the code, the class of the underlying error, the resume data and the callbacks.
"""
from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from h2.errors import ErrorCodes

from sessionmock import Answer
from sessionmock.core.resume_data import DownloadResumeData, decode
from sessionmock.faults.plan import FaultPlan
from sessionmock.models.message import ResponseHead
from tests.routes.live.h2server import Server
from tests.routes.live.peers import Peer
from tests.routes.live.socket_world import Blocking

SIZE = 257
FILE = b"".join(hashlib.sha256(bytes([n])).digest() for n in range(9))[:SIZE]
ZIPPED = gzip.compress(FILE, mtime=0)
SENT = FILE * 8192                       # 2 MiB: more than the buffers of a loopback connection take
SOON = 0.05                              # seconds of silence that a request bears here
ETAG = ("ETag", '"v1"')
TAKES_RANGES = ("Accept-Ranges", "bytes")
FRAMED = ("Content-Length", str(SIZE))

# What honest servers, scripts and cassettes answer, by the first part of the path.
ANSWERS: dict[str, Answer] = {
    "file": Answer(200, [ETAG, TAKES_RANGES, FRAMED], FILE),
    "plain": Answer(200, [FRAMED], FILE),
    "chunks": Answer(200, [ETAG, TAKES_RANGES, ("Transfer-Encoding", "chunked"), ("Trailer", "X-Sum")], FILE, trailers=[("X-Sum", "1")]),
    "packed": Answer(200, [ETAG, TAKES_RANGES, ("Content-Encoding", "gzip"), ("Content-Length", str(len(ZIPPED)))], ZIPPED),
    "hints": Answer(200, [FRAMED], FILE, informational=[ResponseHead(103, [("Link", "</a>")], "Early Hints")]),
    "leads": Answer(302, [("Location", "/file/landed"), ("Content-Length", "0")], b""),
}


class Verdict(NamedTuple):
    """What a load came to."""

    code: int | None
    underlying: str | None        # the name of its class
    offset: int | None            # of the resume data; None: there is none
    calls: str

    @classmethod
    def of(cls, error: Any, calls: str) -> Verdict:
        if error is None:
            return cls(None, None, None, calls)
        under, data = error.underlying_error, error.download_task_resume_data
        return cls(int(error.code), None if under is None else type(under).__name__, data and decode(data, DownloadResumeData).offset, calls)


def head_of(answer: Answer) -> bytes:
    fields = "".join(f"{name}: {value}\r\n" for name, value in answer.headers or ())
    early = "".join(f"HTTP/1.1 {one.status} {one.reason}\r\nLink: </a>\r\n\r\n" for one in answer.informational)
    return f"{early}HTTP/1.1 {answer.status} OK\r\n{fields}\r\n".encode()


def wire_of(answer: Answer) -> bytes:
    """The whole answer over HTTP/1.1; a body in chunks is one of them."""
    assert isinstance(answer.body, bytes)
    if ("Transfer-Encoding", "chunked") not in (answer.headers or ()):
        return head_of(answer) + answer.body
    trailers = "".join(f"{name}: {value}\r\n" for name, value in answer.trailers)
    return head_of(answer) + b"%x\r\n%b\r\n0\r\n%b\r\n" % (len(answer.body), answer.body, trailers.encode())


# what real servers do ---------------------------------------------------------------------------------------------------
Serve = Callable[[Peer, Answer], Any]    # a coroutine, called when the head of a request has been read


async def honest(peer: Peer, answer: Answer) -> None:
    await peer.read_body()
    await peer.send(wire_of(answer))


async def part(peer: Peer, how: str) -> None:
    """End the connection with a FIN ("end") or a RST ("reset"), say no more ("silence"), or go on as if all were well ("keep").
    "finish" is an end after which what still comes is read: unread, it would make a reset of that."""
    if how == "keep":
        return
    if how == "finish":
        peer.finish()
    if how in ("silence", "finish"):
        while await peer.receive():
            pass
    elif how == "reset":
        peer.reset()
    else:
        peer.close()


def says(data: bytes, then: str = "end") -> Serve:
    """These bytes in place of an answer."""
    async def serve(peer: Peer, answer: Answer) -> None:
        await peer.read_body()
        await peer.send(data)
        await part(peer, then)
    return serve


def breaks(at: int, then: str, spoil: Callable[[bytes], bytes] = bytes) -> Serve:
    """The answer, up to that byte behind its head."""
    async def serve(peer: Peer, answer: Answer) -> None:
        await peer.read_body()
        await peer.send(head_of(answer) + spoil(wire_of(answer)[len(head_of(answer)):])[:at])
        await part(peer, then)
    return serve


def spoils(old: bytes, new: bytes, then: str = "silence") -> Serve:
    """The whole answer, with `new` for `old`."""
    async def serve(peer: Peer, answer: Answer) -> None:
        await peer.read_body()
        assert old in wire_of(answer)
        await peer.send(wire_of(answer).replace(old, new, 1))
        await part(peer, then)
    return serve


def flips(at: int) -> Callable[[bytes], bytes]:
    return lambda body: body[:at] + bytes([body[at] ^ 0xFF]) + body[at + 1:]


def in_pieces(size: int) -> Serve:
    async def serve(peer: Peer, answer: Answer) -> None:
        whole, at = wire_of(answer), len(head_of(answer))
        await peer.send(whole[:at])
        for start in range(at, len(whole), size):
            await peer.send(whole[start:start + size])
    return serve


def hears(count: int, then: str) -> Serve:
    """Read so much of the request's body."""
    async def serve(peer: Peer, answer: Answer) -> None:
        await peer.discard(count)
        await part(peer, then)
    return serve


async def goes_deaf(peer: Peer, answer: Answer) -> None:
    """Read nothing of the request's body, and stay."""
    await Blocking(peer.origin.stage.over.wait)


def serves_one(how: str) -> Serve:
    """The connection breaks off with its second request; one that is made later does not."""
    async def serve(peer: Peer, answer: Answer) -> None:
        if peer.origin.stage.spoilt.is_set():
            await honest(peer, answer)
        else:
            peer.origin.stage.spoilt.set()
            await part(peer, how)
    return serve


def greets(how: str) -> Serve:
    """Nothing at all is said to who connects and has begun to speak."""
    async def serve(peer: Peer, answer: Answer) -> None:
        await peer.receive()
        await part(peer, how)
    return serve


def tunnels(reply: bytes, then: str = "end") -> Serve:
    """A proxy's answer to CONNECT."""
    async def serve(peer: Peer, answer: Answer) -> None:
        await peer.read_head()
        await peer.send(reply.replace(b"\n", b"\r\n"))
        await part(peer, then)
    return serve


# HTTP/2: the request has been read, its answer is still to come
Frames = Callable[[Server, int, Answer], Any]


async def honest_frames(server: Server, stream: int, answer: Answer) -> None:
    assert isinstance(answer.body, bytes)
    fields = [(name.lower(), value) for name, value in answer.headers or () if name != "Transfer-Encoding"]
    await server.reply(stream, answer.body, *fields, status=answer.status)


def breaks_stream(at: int | None, how: str) -> Frames:
    """Up to that byte of the body (None: before the head), then end the stream or the connection."""
    async def serve(server: Server, stream: int, answer: Answer) -> None:
        assert isinstance(answer.body, bytes)
        if at is not None:
            server.head(stream, answer.status, *((name.lower(), value) for name, value in answer.headers or ()))
            if at:
                server.h2.send_data(stream, answer.body[:at])
            await server.heard()      # what a client has not read is lost with a reset that its own writing meets
        if how == "stream":
            server.h2.reset_stream(stream, ErrorCodes.INTERNAL_ERROR)
            await server.flush()
            await server.linger()
        elif how == "goaway":
            await server.goodbye(0 if at is None else stream, ErrorCodes.INTERNAL_ERROR)
            await part(server.peer, "finish")
        else:
            await part(server.peer, "finish" if how == "end" else how)
    return serve


def frame(data: bytes, then: str = "silence") -> Frames:
    """These bytes in place of an answer."""
    async def serve(server: Server, stream: int, answer: Answer) -> None:
        await server.peer.send(data)
        await part(server.peer, then)
    return serve


# the table --------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Case:
    """One misbehaviour: of a real server, and as a plan says it."""

    name: str
    real: Serve | Frames | None
    plan: FaultPlan
    verdict: Verdict
    answer: str = "file"
    kind: str = "data"                   # or download, upload
    door: str = "http"                   # which server; a plan meets the honest one of the same scheme
    hop: bool = False                    # it is not the first request that meets it, but the one after a redirect
    warm: bool = False                   # another request goes first, over the same connection
    method: str = "GET"
