"""Where the parts of an answer stand."""
from __future__ import annotations

import pytest

from sessionmock.routes.faults.framing import Framing

HEAD = b"HTTP/1.1 200 OK\r\n"
EARLY = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
ANSWERS = {
    "length": ("GET", [("head", HEAD + b"Content-Length: 5\r\n\r\n"), ("body", b"hello"), ("rest", b"more")]),
    "early": ("GET", [("informational", EARLY), ("informational", EARLY), ("head", HEAD + b"Content-Length: 0\r\n\r\n")]),
    "until close": ("GET", [("head", HEAD + b"\r\n"), ("body", b"hello")]),
    "chunks": ("GET", [("head", HEAD + b"Transfer-Encoding: chunked\r\n\r\n"), ("mark", b"3\r\n"), ("body", b"hel"), ("mark", b"\r\n"),
                       ("mark", b"2;x=y\r\n"), ("body", b"lo"), ("mark", b"\r\n"), ("trailers", b"0\r\nX-Sum: 1\r\n\r\n"), ("rest", b"more")]),
    "lines that end in LF": ("GET", [("head", b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n"), ("mark", b"2\n"), ("body", b"ab"), ("mark", b"\n"),
                                     ("trailers", b"0\n\n")]),
    "of HEAD": ("HEAD", [("head", HEAD + b"Content-Length: 5\r\n\r\n")]),
    "no content": ("GET", [("head", b"HTTP/1.1 204 No Content\r\n\r\n")]),
    "no HTTP": ("GET", [("rest", b"SSH-2.0-none of yours\r\n\r\n")]),
    "no chunk": ("GET", [("head", HEAD + b"Transfer-Encoding: chunked\r\n\r\n"), ("rest", b"xyz\r\nhello")]),
}


def joined(parts: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Neighbours of one name are one part, but sections stay what they are."""
    found: list[tuple[str, bytes]] = []
    for name, data in parts:
        if found and found[-1][0] == name and name in ("body", "rest"):
            found[-1] = name, found[-1][1] + data
        else:
            found.append((name, data))
    return found


@pytest.mark.parametrize("name", ANSWERS)
def test_parts_are_the_same_however_they_come(name: str) -> None:
    """In one piece, in two of any sizes, and byte by byte; and what is fed in is what comes out."""
    method, parts = ANSWERS[name]
    whole = b"".join(data for _, data in parts)
    for pieces in ([whole], *([whole[:cut], whole[cut:]] for cut in range(1, len(whole))), [bytes([byte]) for byte in whole]):
        framing = Framing(method)
        found = [(part.name, part.data) for piece in pieces for part in framing.feed(piece)]
        if rest := framing.rest():
            found.append(("rest", rest))
        assert joined(parts) == joined(found)


@pytest.mark.parametrize(("length", "data", "ends"), [
    (5, b"hello", True), (5, b"hell", False), (-1, b"5\r\nhello\r\n0\r\n\r\n", True), (-1, b"5\r\nhello\r\n", False), (0, b"", True)])
def test_the_body_of_a_request(length: int, data: bytes, ends: bool) -> None:
    """By its length, or in chunks; whether it has come to its end."""
    framing = Framing.of_request_body(length)
    assert b"hello"[:len(data) if length > 0 else 5] * bool(data) == b"".join(part.data for part in framing.feed(data) if part.name == "body")
    assert framing.has_body is not ends
