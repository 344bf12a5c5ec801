"""Answers that are mostly right, for the tests that read many of them."""
from __future__ import annotations

import random
from itertools import pairwise

from sessionmock.routes.live.http1.outgoing import chunk

LINES = [
    b"Content-Length: 5", b"Content-Length: 11", b"Content-Length: 0", b"Content-Length: 5, 5", b"content-length:5",
    b"Content-Length: +5", b"Transfer-Encoding: chunked", b"Transfer-Encoding: Chunked", b"Transfer-Encoding: gzip, chunked",
    b"Connection: close", b"Connection: keep-alive", b"Connection: upgrade, close", b"X-A: caf\xc3\xa9", b"X-B: \xe9\xff",
    b"X-C:", b"X-D:  \t ", b"X-E: a:b", b" folded", b"\tfolded", b"Bad Name: x", b": x", b"No-Colon", b"X-F: a\x01b", b"X-G: a\x0bb",
    b"X-H: \0", b"Trailer: T", b"Upgrade: x",
]
STATUS = [
    b"HTTP/1.1 200 OK", b"HTTP/1.1 204 No Content", b"HTTP/1.1 304 Not Modified", b"HTTP/1.1 404", b"HTTP/1.1 200 ",
    b"HTTP/1.0 200 OK", b"HTTP/1.1 099 X", b"HTTP/1.1 999 X", b"HTTP/1.1 20 X", b"HTTP/1.1 2000 X", b"HTTP/2.0 200 OK",
    b"HTTP/1.1  200 OK", b"http/1.1 200 OK", b"HTTP/1.1 200 \xe9t\xe9",
]
EARLY = [b"HTTP/1.1 100 Continue", b"HTTP/1.1 103 Early Hints", b"HTTP/1.1 101 Switching Protocols"]
SPLINTERS = [b"\r", b"\n", b"\r\n", b"\0", b" ", b"\t", b":", b"0", b"a", b"\xff", b";", b"5", b"\x85", b"\xe2\x80\xa8"]


def answer(rng: random.Random) -> bytes:
    """An answer that is mostly right."""
    head = b""
    for _ in range(rng.choice([0, 0, 0, 0, 1, 2])):
        head += b"\r\n".join([rng.choice(EARLY), *rng.choices(LINES, k=rng.choice([0, 0, 1])), b"", b""])
    status = STATUS[0] if rng.random() < 0.7 else rng.choice(STATUS)
    framing = rng.choices(LINES[:9], weights=[6, 2, 1, 1, 1, 1, 6, 1, 1], k=rng.choice([0, 1, 1, 1, 1, 1, 1, 2]))
    plain = rng.choices(LINES[9:17] if rng.random() < 0.8 else LINES[9:], k=rng.randrange(4))
    lines = framing + plain
    rng.shuffle(lines)
    head += b"\r\n".join([status, *lines, b"", b""])
    if any(line.lower().startswith(b"transfer") for line in lines):
        body = b"".join(chunk(bytes(rng.choices(b"abc\r\n", k=rng.randrange(1, 20)))) for _ in range(rng.randrange(4)))
        body += rng.choice([b"0\r\n", b"0;x=y\r\n", b"00\r\n", b"0 \r\n", b""])
        body += b"\r\n".join([*rng.choices([b"T: u", b"X: \xe9", *LINES[:9]], k=rng.choice([0, 0, 0, 1, 2])), b"", b""][-3:])
    else:
        body = b"hello"[:rng.choice([5, 5, 5, 3, 0])]
    return head + body + (b"" if rng.random() < 0.7 else b"HTTP/1.1 200 OK\r\n\r\n"[:rng.randrange(1, 19)])


def mutate(rng: random.Random, data: bytes) -> bytes:
    """A few splinters in, a few bytes out or doubled."""
    for _ in range(rng.choice([0, 0, 1, 1, 2, 3])):
        at = rng.randrange(len(data) + 1)
        end = min(len(data), at + rng.choice([1, 1, 2, 6]))
        data = data[:at] + rng.choice([rng.choice(SPLINTERS), b"", data[at:end] * 2]) + data[rng.choice([at, end]):]
    return data


def pieces(rng: random.Random, data: bytes) -> list[bytes]:
    if rng.random() < 0.4 or not data:
        return [data] if data else []
    cuts = sorted({0, len(data), *(rng.randrange(len(data)) for _ in range(rng.choice([1, 2, 5, len(data)])))})
    return [data[a:b] for a, b in pairwise(cuts)]
