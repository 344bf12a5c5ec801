"""An honest server in memory, as a function that a script asks and as one that speaks HTTP/1.1: it knows nothing of faults."""
from __future__ import annotations

from typing import Any

import sessionmock as sm
from sessionmock.routes.live.network.peer import Peer
from tests.routes.faults.misbehaviour import ANSWERS, FILE, wire_of

BASE = "http://a.test"
LONG = FILE * 300                     # 77,100 bytes: a body of several reads, and of several pieces of an upload
NOW = ("Cache-Control", "max-age=60")


def sized(status: int, body: bytes, *headers: tuple[str, str]) -> sm.Answer:
    return sm.Answer(status, [*headers, ("Content-Length", str(len(body)))], body)


def answer(method: str, path: str, fields: dict[str, str]) -> sm.Answer:
    """What the server has to say. It knows nothing of faults."""
    name = path.split("/")[1]
    if name == "chain":
        count = int(path.split("/")[2])
        return sized(302, b"on", ("Location", f"/chain/{count - 1}" if count else "/long"))
    if name == "away":
        return sized(302, b"", ("Location", "http://b.test/file"))
    if name == "post":
        return sized(307, b"", ("Location", "/file"))
    if name == "secret" and "authorization" not in fields:
        return sized(401, b"who?", ("WWW-Authenticate", 'Basic realm="garden"'))
    if name == "digest" and "authorization" not in fields:
        return sized(401, b"who?", ("WWW-Authenticate", 'Digest realm="garden", nonce="n1", qop="auth", algorithm=SHA-256'))
    if name in ("chunks", "packed", "hints"):
        return ANSWERS[name]
    body = LONG if name == "long" else FILE
    wanted, tag = fields.get("range"), ("ETag", '"v1"')
    if wanted is not None and fields.get("if-range") == '"v1"':
        start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        return sized(206, body[start:], tag, ("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}"))
    return sized(200, body, tag, ("Accept-Ranges", "bytes"), ("Set-Cookie", f"{name}=1"), NOW)


def scripted(request: Any) -> sm.Answer:
    return answer(request.method, "/" + request.url.split("/", 3)[3], {name.lower(): value for name, value in request.headers})


async def serve(peer: Peer) -> None:
    """The same over a connection in memory."""
    buffer = b""

    async def until(mark: bytes) -> bytes:
        nonlocal buffer
        while mark not in buffer:
            data = await peer.receive()
            if not data:
                return b""
            buffer += data
        part, _, buffer = buffer.partition(mark)
        return part

    async def exactly(size: int) -> bool:
        nonlocal buffer
        while len(buffer) < size:
            data = await peer.receive()
            if not data:
                return False
            buffer = buffer + data
        buffer = buffer[size:]
        return True

    try:
        while head := (await until(b"\r\n\r\n")).decode("latin-1"):
            first, *lines = head.split("\r\n")
            method, path, _ = first.split(" ")
            fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            if "transfer-encoding" in fields:
                while size := int(await until(b"\r\n") or b"0", 16):
                    if not await exactly(size + 2):
                        return
                await until(b"\r\n")
            elif not await exactly(int(fields.get("content-length", 0))):
                return
            await peer.send(wire_of(answer(method, path, fields)))
    except OSError:
        pass
