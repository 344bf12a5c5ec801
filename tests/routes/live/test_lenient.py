"""Answers that are not in canonical form: what of them is read, what is not, and that no connection is used after them."""
from __future__ import annotations

import random
from itertools import pairwise

import pytest

from sessionmock.models.message import ResponseHead
from sessionmock.routes.live.http1.answer import Answer
from sessionmock.routes.live.http1.events import CHUNK_LINE_LIMIT, HEAD_LIMIT, End, Event, Garbage, Lost

OK = b"HTTP/1.1 200 OK\r\n"
FIVE = b"Content-Length: 5\r\n\r\nhello"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def read(data: bytes, method: str = "GET", *, step: int = 1 << 20, eof: bool = False) -> tuple[list[Event], Answer]:
    """The events of an answer that comes in pieces of `step` bytes."""
    answer = Answer(method)
    events = [event for at in range(0, len(data), step) for event in answer.feed(data[at:at + step])]
    return events + (answer.eof() if eof else []), answer


def fields_of(head: bytes) -> list[tuple[str, str]]:
    events, _ = read(head)
    assert isinstance(events[0], ResponseHead)
    return events[0].headers


@pytest.mark.parametrize("step", [1, 7, 1 << 20])
@pytest.mark.parametrize("data", [
    OK + b"X Frame: 1\r\n" + FIVE, OK + b"X-A : 1\r\n" + FIVE, OK + b"X-A(b)/{c}: 1\r\n" + FIVE, OK + "Ä: 1\r\n".encode() + FIVE,
    OK + b"X\t:\t1\t\r\n" + FIVE,
    OK + b"Content-Length : 5\r\n\r\nhello", OK + b"Content-Length:\r\n 5\r\n\r\nhello",
    OK + b"Content-Length: 5\r\n" + FIVE, OK + b"Content-Length: 5, 5\r\n" + FIVE, OK + b"Content-Length: 0000000000000000005\r\n\r\nhello",
    OK + b"Transfer-Encoding: identity\r\n" + FIVE, OK + b"Transfer-Encoding:\r\n" + FIVE,
    OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    OK + b"Transfer-Encoding: identity, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    OK + b"Transfer-Encoding: chunked\r\nContent-Length: 100\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\nA: 1\nContent-Length: 5\n\nhello", OK + b"A: 1\n" + FIVE, OK + b"Content-Length: 5\r\n\nhello",
    OK + b"A: 1\r\n 2\r\n\t3\r\n" + FIVE, OK + b"A: \x01\x7f\r\n" + FIVE,
    b"http/1.1 200 OK\r\n" + FIVE, b"HTTP/1.1   200  OK\r\n" + FIVE, b"HTTP/1.0 200\r\n" + FIVE, b"HTTP/1 200 OK\r\n" + FIVE,
    b"HTTP/1.2 200 OK\r\n" + FIVE, b"HTTP/2.0 200 OK\r\n" + FIVE, b"\r\n" + OK + FIVE, b"\n\r\n\n" + OK + FIVE,
    b"HTTP/1.1 100 Continue\r\nContent-Length: 7\r\n\r\n" + OK + FIVE, b"HTTP/1.1 103 X\r\nTransfer-Encoding: chunked\r\n\r\n" + OK + FIVE,
    b"HTTP/1.1 100 Continue\n\n" + OK + FIVE,
    CHUNKED + b"5 ;a=b\r\nhello\r\n0\r\n\r\n", CHUNKED + b"5\t; a = b\r\nhello\r\n0\r\n\r\n", CHUNKED + b"5\r\nhello\r\n0 ;a\r\n\r\n",
    CHUNKED + b" 5\r\nhello\r\n0\r\n\r\n", CHUNKED + b"0" * 40 + b"5\r\nhello\r\n0\r\n\r\n", CHUNKED + b"5\nhello\r\n0\r\n\r\n",
    CHUNKED + b"5\r\nhello\n0\r\n\r\n", CHUNKED + b"5;a\nhello\n0\n\n", CHUNKED + b"5\r\nhello\r\n0\r\n\n",
    CHUNKED + b"5\r\nhello\r\n0\n\r\n",
    CHUNKED + b"5\r\nhello\r\n0\r\nT: u\n\n", CHUNKED + b"5\r\nhello\r\n0\r\nT: u\r\n v\r\n\r\n",
    CHUNKED + b"5\r\nhello\r\n0\r\nT : u\r\n\r\n",
    CHUNKED + b"5\r\nhello\r\n0\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    CHUNKED + b"5\r\nhello\r\n0\r\nTransfer-Encoding: gzip\r\nT: u\r\n\r\n", CHUNKED + b"5\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n",
])
def test_what_browsers_read_is_read_and_its_connection_not_used_again(data: bytes, step: int) -> None:
    events, answer = read(data, step=step)
    assert b"hello" == b"".join(event for event in events if isinstance(event, bytes))
    assert isinstance(events[-1], End)
    assert (answer.reusable, answer.rest) == (False, b"")


@pytest.mark.parametrize("data", [
    OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", OK + b"Content-Length: 5, 6\r\n\r\nhello",
    OK + b"Content-Length: 05, 5\r\n\r\nhello",
    OK + b"Content-Length: 5,\r\n\r\nhello", OK + b"Content-Length: +5\r\n\r\nhello", OK + b"Content-Length: -1\r\n\r\nhello",
    OK + b"Content-Length: 0x5\r\n\r\nhello", OK + b"Content-Length:\r\n\r\nhello", OK + b"Content-Length: 5.0\r\n\r\nhello",
    OK + "Content-Length: ٥\r\n\r\nhello".encode(), OK + b"Content-Length: 1\r\n 0\r\n\r\nhello",
    OK + b"Content-Length: 9223372036854775808\r\n\r\n",
    OK + b"Content-Length: +5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n", OK + b"Transfer-Encoding: chunked, gzip\r\n\r\n",
    OK + b"Transfer-Encoding: xchunked\r\n\r\n",
    OK + "Transfer-Encoding: chun\u212aed\r\n\r\n".encode(), OK + "X Y: 1\r\nTransfer-Encoding: chun\u212aed\r\n\r\n".encode(),
    OK + "Set-Coo\u212aie: a=b\r\n".encode() + FIVE,
    OK + b"Transfer-Encoding: chunked;q=1\r\n\r\n", OK + b"Transfer-Encoding: \x0bchunked\r\n\r\n",
    OK + b"no colon\r\n" + FIVE, OK + b": x\r\n" + FIVE, OK + b" : x\r\n" + FIVE, OK + b" A: 1\r\n" + FIVE, OK + b"Na\r\n me: x\r\n" + FIVE,
    OK + b"A\0: 1\r\n" + FIVE, OK + b"A: \0\r\n" + FIVE, OK + b"A\x01: 1\r\n" + FIVE, OK + b"A: 1\rB: 2\r\n" + FIVE,
    b"HTTP/1.1 200\rOK\n" + FIVE,
    OK + b"A: 1\r\r\n" + FIVE, b"HTTP/1.1\r\n200 OK\r\n" + FIVE, b"HTTP/1.1 200OK\r\n" + FIVE, b"HTTP/1.1200 OK\r\n" + FIVE,
    b"HTTP/1.1\t200 OK\r\n" + FIVE,
    b"HTTP/1.1 0200 OK\r\n" + FIVE, b"HTTP/1.1 099 OK\r\n" + FIVE, b"HTTP/11.1 200 OK\r\n" + FIVE, b"HTTP/ 200 OK\r\n" + FIVE,
    b"ICY 200 OK\r\n" + FIVE,
    b"hello", b"<html>\n\n", b" HTTP/1.1 200 OK\r\n" + FIVE, b"\xef\xbb\xbf" + OK + FIVE, b"\r\n\r\n\n" + OK + FIVE, b"\r\nhello",
    CHUNKED + b"0x5\r\nhello", CHUNKED + b"+5\r\nhello", CHUNKED + b"-5\r\nhello", CHUNKED + b"5 5\r\nhello", CHUNKED + b"5,a\r\nhello",
    CHUNKED + b"\r\n",
    CHUNKED + b"\n", CHUNKED + b"5;a\rb\r\nhello", CHUNKED + b"8000000000000000\r\n", CHUNKED + b"10000000000000005\r\n",
    CHUNKED + b"5\r\nhello0\r\n\r\n",
    CHUNKED + b"5\r\nhello\rX", CHUNKED + b"5;" + b"a" * CHUNK_LINE_LIMIT,
    CHUNKED + b"0\r\nno colon\n\n", CHUNKED + b"0\r\n folded\r\n\r\n", CHUNKED + b"0\r\nT: \0\r\n\r\n",
    CHUNKED + b"0\r\n" + b"T: u\n" * (HEAD_LIMIT // 5 + 2),
])
def test_what_has_no_one_meaning_is_not_read(data: bytes) -> None:
    events, answer = read(data)
    assert isinstance(events[-1], Garbage)
    assert not answer.reusable


def test_a_head_may_have_as_many_bytes_as_browsers_take() -> None:
    """256 KiB, whichever reader reads it."""
    for first, ends in ((OK, b"\r\n\r\n"), (b"HTTP/1.0 200 OK\n", b"\n\n")):
        most = first + b"A: " + b"x" * (HEAD_LIMIT - len(first) - 3) + ends
        assert isinstance(read(most)[0][0], ResponseHead)
        assert isinstance(read(most.replace(b"A: ", b"A: xxxxx"))[0][0], Garbage)


@pytest.mark.parametrize(("head", "fields"), [
    (OK + b"A: 1\r\n \t2\r\n\r\n", [("A", "1 2")]),
    (OK + b"X Frame \t: 1\r\n\r\n", [("X Frame", "1")]),
    (OK + b"content-length: 5, 5\r\nA: 1\r\nContent-Length: 5\r\n\r\n", [("content-length", "5"), ("A", "1")]),
    (OK + b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n", [("Transfer-Encoding", "chunked")]),
    (OK + b"X\x20Y: \xc3\xa9\r\nZ: \xe9\r\n\r\n", [("X Y", "é"), ("Z", "é")]),
])
def test_its_fields_say_what_is_so(head: bytes, fields: list[tuple[str, str]]) -> None:
    """Unfolded, and with no length but the body's own."""
    assert fields == fields_of(head)


def test_an_old_version_is_told() -> None:
    events, answer = read(b"HTTP/1.0 200 OK\r\n" + FIVE)
    assert isinstance(events[0], ResponseHead)
    assert (events[0].http_version, answer.header_bytes) == ("HTTP/1.0", 38)


@pytest.mark.parametrize("end", [b"0\r\n", b"0\r\n\r", b"0\n", b"0;a=b\r\n"])
def test_the_last_chunk_is_the_end_where_the_connection_ends(end: bytes) -> None:
    """RFC 9112, section 8: a body is incomplete where its last chunk has not come, and not for want of an empty line."""
    events, answer = read(CHUNKED + b"5\r\nhello\r\n" + end, eof=True)
    assert events[1:] == [b"hello", End([])]
    assert not answer.reusable


@pytest.mark.parametrize("end", [b"", b"0", b"0\r", b"0\r\nT: u", b"0\r\nT: u\r\n"])
def test_a_body_without_its_last_chunk_is_lost(end: bytes) -> None:
    """And so are trailers that were begun."""
    events, _ = read(CHUNKED + b"5\r\nhello\r\n" + end, eof=True)
    assert isinstance(events[-1], Lost)


@pytest.mark.parametrize(("method", "status", "field", "reusable", "denied"), [
    ("GET", 204, b"", True, False), ("GET", 204, b"Content-Length: 0\r\n", True, False), ("GET", 204, b"Content-Length: 5\r\n", False, True),
    ("GET", 204, b"Transfer-Encoding: chunked\r\n", False, True), ("HEAD", 204, b"Content-Length: 5\r\n", False, True),
    ("HEAD", 200, b"Content-Length: 5\r\n", True, True), ("HEAD", 200, b"Transfer-Encoding: chunked\r\n", True, True),
    ("HEAD", 200, b"", True, False), ("GET", 304, b"Content-Length: 5\r\n", True, True),
])
def test_answers_that_have_no_body(method: str, status: int, field: bytes, reusable: bool, denied: bool) -> None:
    """A 204 that tells of one ends its connection; after HEAD and 304, which may, the connection goes on with care."""
    events, answer = read(b"HTTP/1.1 %d X\r\n%b\r\n" % (status, field), method)
    assert (events[1:], answer.reusable, answer.denied) == ([End([])], reusable, denied)


# one answer in many spellings ---------------------------------------------------------------------------------------------
class Spelling:
    """Answers in odd spellings, each with the body that it has."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def one(self, *choices: bytes) -> bytes:
        return self.chance.choice(choices)

    def line(self) -> bytes:
        return self.one(b"\r\n", b"\r\n", b"\n")

    def blanks(self) -> bytes:
        return self.one(b"", b"", b" ", b"\t ")

    def answer(self) -> tuple[bytes, bytes]:
        chance, line, blanks = self.chance, self.line, self.blanks
        body = bytes(chance.choices(b"ab\r\n0:;", k=chance.randrange(12)))
        framing, rest = self.length(body) if chance.random() < 0.5 else self.chunks(body)
        fields = framing + [b"X%bY%b:%b1%b" % (blanks(), blanks(), blanks(), blanks()) for _ in range(chance.randrange(3))]
        fields += [b"F: 1" + line() + b" " + blanks() + b"2"] * chance.randrange(2)
        chance.shuffle(fields)
        early = self.one(b"", b"", b"HTTP/1.1 103 X" + line() + line())
        status = self.one(b"HTTP/1.1 200 OK", b"http/1.1 200", b"HTTP/1.0  200 OK")
        return self.one(b"", b"\r\n", b"\n") + early + b"".join(each + line() for each in (status, *fields)) + line() + rest, body

    def length(self, body: bytes) -> tuple[list[bytes], bytes]:
        size = b"%d" % len(body)
        return self.chance.choice([
            [b"Content-Length:" + self.blanks() + size], [b"Content-Length: " + size] * 2, [b"Content-Length : " + size + b", " + size],
            [b"Transfer-Encoding: Identity", b"Content-Length: " + size]]), body

    def chunks(self, body: bytes) -> tuple[list[bytes], bytes]:
        chance, line, blanks = self.chance, self.line, self.blanks
        framing = chance.choice([
            [b"Transfer-Encoding: chunked"], [b"Transfer-Encoding : Chunked"], [b"Transfer-Encoding: chunked"] * 2,
            [b"Transfer-Encoding: chunked", b"Content-Length: 7"], [b"Transfer-Encoding:" + line() + b" chunked"]])
        cuts = sorted({0, len(body), *(chance.randrange(len(body) + 1) for _ in range(2))})
        rest = b""
        for start, end in pairwise(cuts):
            rest += blanks() + self.one(b"", b"000") + b"%x" % (end - start) + blanks() + self.one(b"", b";a=b", b"; a") + line()
            rest += body[start:end] + line()
        trailers = b"".join(b"T" + blanks() + b": u" + line() for _ in range(chance.randrange(3)))
        return framing, rest + self.one(b"0", b"00", b"0 ", b"0;x") + line() + trailers + line()


@pytest.mark.parametrize("count", [2_000, pytest.param(40_000, marks=pytest.mark.soak)])
def test_every_spelling_of_an_answer_reads_the_same(count: int) -> None:
    """However it is cut, and whatever follows is left alone and never read as another answer."""
    spelling = Spelling(11)
    for _ in range(count):
        data, body = spelling.answer()
        stray = spelling.one(b"", b"HTTP/1.1 200 OK\r\n\r\n")
        events, answer = read(data + stray, step=spelling.chance.choice([1, 2, 3, 1000]))
        assert body == b"".join(event for event in events if isinstance(event, bytes)), data
        assert isinstance(events[-1], End), data
        assert answer.rest == stray, data
