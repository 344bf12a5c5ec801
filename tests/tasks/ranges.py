"""Servers of one file for tests of resumed downloads: the first answer is cut where the test says, the next is by kind."""
from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable

from tests.routes.origin import Origin, Peer

SIZE = 257
FILE = b"".join(hashlib.sha256(bytes([n])).digest() for n in range(9))[:SIZE]
CHANGED = FILE[::-1]
assert len({FILE[n:n + 4] for n in range(SIZE - 4)}) == SIZE - 4, "no two places of the file look alike"


def part(body: bytes, offset: int, *, tag: str = "v1", given: str | None = None, status: str = "206 Partial Content",
         more: Iterable[str] = (), content: bytes | None = None) -> Callable[[Peer], None]:
    """A 206 with the rest of `body` from `offset`; `given` is another Content-Range, `content` another body."""
    shown = f"bytes {offset}-{len(body) - 1}/{len(body)}" if given is None else given
    fields = [f'ETag: "{tag}"', *([f"Content-Range: {shown}"] if shown else []), *more]
    return lambda peer: peer.reply(body[offset:] if content is None else content, *fields, status=status)


def whole(body: bytes, tag: str, *more: str) -> Callable[[Peer], None]:
    return lambda peer: peer.reply(body, f'ETag: "{tag}"', "Accept-Ranges: bytes", *more)


def cut(data: bytes, *fields: str) -> Callable[[Peer], None]:
    """An answer that ends with its connection: `data` is what came of it."""
    def give(peer: Peer) -> None:
        peer.send("\r\n".join([*fields, "", ""]).encode() + data)
        raise ConnectionError
    return give


Answers = Callable[[int, str | None], Callable[[Peer], None]]    # from the offset that is asked for and If-Range


def honours(offset: int, if_range: str | None) -> Callable[[Peer], None]:
    return part(FILE, offset) if if_range == '"v1"' else whole(FILE, "v1")


def ignores(offset: int, if_range: str | None) -> Callable[[Peer], None]:
    return whole(FILE, "v1")


def changes(offset: int, if_range: str | None) -> Callable[[Peer], None]:
    return part(CHANGED, offset, tag="v2") if if_range == '"v2"' else whole(CHANGED, "v2")


def unframed(k: int, content: bytes, *, chunked: bool) -> Callable[[Peer], None]:
    """A 206 whose fields promise the rest from `k`, and whose body is `content`: nothing on the wire tells how long it must be."""
    framing, body = ("Connection: close", content) if not chunked else (
        "Transfer-Encoding: chunked", b"%x\r\n%b\r\n0\r\n\r\n" % (len(content), content) if content else b"0\r\n\r\n")
    return cut(body, "HTTP/1.1 206 Partial Content", 'ETag: "v1"', f"Content-Range: bytes {k}-{SIZE - 1}/{SIZE}", framing)


BREAKS: tuple[Callable[[int], Callable[[Peer], None]], ...] = (
    lambda k: part(FILE, k, given=f"bytes {k - 1}-{SIZE - 1}/{SIZE}", content=FILE[k - 1:]),                     # begins too early
    lambda k: part(FILE, k, given=f"bytes {k + 1}-{SIZE - 1}/{SIZE}", content=FILE[k + 1:]),                     # begins too late
    lambda k: part(FILE, k, given=f"bytes {k}-{SIZE - 2}/{SIZE}", content=FILE[k:-1]),                           # ends too early
    lambda k: part(CHANGED + b"more", k, tag="v1"),                                                             # longer than it was
    lambda k: part(CHANGED, k, tag="v2"),                                                                       # of another version
    lambda k: part(CHANGED, k, given=""),                                                                       # of no range
    lambda k: part(CHANGED, k, given="bytes what-ever"),
    lambda k: part(FILE, k, content=FILE),                                                                      # the whole as a part
    lambda k: part(CHANGED, k, status="416 Range Not Satisfiable", given=f"bytes */{SIZE}", content=b"no"),
    lambda k: part(CHANGED, k, status="412 Precondition Failed", given="", content=b"no"),
    lambda k: part(CHANGED, k, status="404 Not Found", given="", content=b"gone"),
    lambda k: part(CHANGED, k, status="503 Service Unavailable", given="", content=b"later"),
    lambda k: part(CHANGED, k, more=["Content-Type: multipart/byteranges; boundary=x"]),
    lambda k: part(CHANGED, k, more=["Content-Encoding: gzip"]),
    lambda k: cut(FILE[k:-1], "HTTP/1.1 206 Partial Content", 'ETag: "v1"', f"Content-Range: bytes {k}-{SIZE - 1}/{SIZE}",
                  f"Content-Length: {SIZE - k}"),                                                               # cut again
    lambda k: unframed(k, FILE[k:-1], chunked=True),                                                            # a byte less
    lambda k: unframed(k, FILE[k:] + b"!", chunked=True),                                                       # a byte more
    lambda k: unframed(k, FILE[k:-1], chunked=False),
    lambda k: cut(FILE[:k], "HTTP/1.1 200 OK", 'ETag: "v1"', f"Content-Length: {SIZE}"),                        # the whole, cut
    lambda k: cut(b"", "HTTP/1.1 206 Partial Content", 'ETag: "v1"', "Content-Range: bytes"),                   # nothing
)


class FileServer(Origin):
    """`/CUT/KIND/VARIANT`: without a Range the file, cut after CUT bytes; with one what KIND says, whole from then on."""

    def __init__(self) -> None:
        super().__init__(self.serve)
        self.asked: list[tuple[str, str | None]] = []     # target and Range
        self._lock = threading.Lock()
        self._spoiled: set[str] = set()

    def serve(self, peer: Peer) -> None:
        while head := peer.read_head():
            target = head.split(b" ")[1].decode()
            peer.read_body()
            wanted = peer.field("range")
            self.asked.append((target, wanted))
            size, kind, variant = target[1:].split("/")
            with self._lock:
                spoil = wanted is None and target not in self._spoiled
                self._spoiled.add(target)
            if spoil:
                if int(size) < SIZE:
                    cut(FILE[:int(size)], "HTTP/1.1 200 OK", 'ETag: "v1"', "Accept-Ranges: bytes", f"Content-Length: {SIZE}")(peer)
                whole(FILE, "v1")(peer)
            elif wanted is None:
                (whole(CHANGED, "v2") if kind == "changes" else whole(FILE, "v1"))(peer)
            elif kind == "breaks":
                BREAKS[int(variant)](int(size))(peer)
            else:
                KINDS[kind](int(wanted.removeprefix("bytes=").removesuffix("-")), peer.field("if-range"))(peer)


KINDS: dict[str, Answers] = {"honours": honours, "ignores": ignores, "changes": changes}
