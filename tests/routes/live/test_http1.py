from __future__ import annotations

import pytest

from sessionmock.models.message import Request, ResponseHead
from sessionmock.routes.live.http1.answer import Answer, State
from sessionmock.routes.live.http1.events import HEAD_LIMIT, INFORMATIONAL_LIMIT, End, Garbage, Lost
from sessionmock.routes.live.http1.outgoing import LAST_CHUNK, chunk, outgoing
from tests.routes.origin import Stream

URL = "http://example.com/a?b=c"

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def head_of(method: str = "GET", *fields: tuple[str, str], body=None, url: str = URL) -> str:
    return outgoing(Request(method, url, list(fields), body)).head.decode()


def read(*data: bytes, method: str = "GET", upgrades: bool = False, eof: bool = False) -> tuple[list, Answer]:
    """The events of an answer that comes in these pieces."""
    answer = Answer(method, upgrades)
    events = [event for piece in data for event in answer.feed(piece)]
    return events + (answer.eof() if eof else []), answer


def body_of(events: list) -> bytes:
    return b"".join(event for event in events if isinstance(event, bytes))


class TestRequest:
    def test_bodiless(self):
        """A GET without a body gets Host first and no framing."""
        assert head_of("GET", ("Accept", "*/*")) == "GET /a?b=c HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\n\r\n"

    def test_own_host(self):
        """A Host of the request's own stays as it is and where it is."""
        assert head_of("GET", ("X", "1"), ("host", "other")) == "GET /a?b=c HTTP/1.1\r\nX: 1\r\nhost: other\r\n\r\n"

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "Own"])
    @pytest.mark.parametrize("body", [None, b""])
    def test_empty_body(self, method, body):
        """Methods that may carry a body say Content-Length: 0 without one."""
        assert head_of(method, body=body).endswith("\r\nContent-Length: 0\r\n\r\n")

    @pytest.mark.parametrize("method", ["GET", "HEAD", "TRACE"])
    def test_no_framing(self, method):
        """GET, HEAD and TRACE say nothing about a body that they do not have."""
        assert "Content-Length" not in head_of(method)

    def test_known_length(self):
        """A body of known length goes with Content-Length, whatever the request said (I26, I27)."""
        fields = ("Content-Length", "99"), ("Transfer-Encoding", "gzip")
        assert head_of("POST", *fields, body=b"abc") == "POST /a?b=c HTTP/1.1\r\nHost: example.com\r\nContent-Length: 3\r\n\r\n"
        assert head_of("PUT", body=Stream([], 70)).endswith("\r\nContent-Length: 70\r\n\r\n")

    def test_unknown_length(self):
        """A stream of unknown length goes in chunks (I27)."""
        assert head_of("POST", body=Stream([])).endswith("\r\nTransfer-Encoding: chunked\r\n\r\n")

    def test_unicode(self):
        """Values are sent as UTF-8, and a host beyond ASCII by IDNA."""
        assert head_of("GET", ("X", "café"), url="http://bücher.example:81/") == (
            "GET / HTTP/1.1\r\nHost: xn--bcher-kva.example:81\r\nX: café\r\n\r\n")

    @pytest.mark.parametrize("value", ["a\r\nEvil: 1", "a\nb", "a\rb", "a\0b", "a\x7fb", "\r\n"])
    def test_injected_value(self, value):
        """A value that would end its line is refused, naming the field."""
        with pytest.raises(ValueError, match="'X-Name'"):
            head_of("GET", ("X-Name", value))

    @pytest.mark.parametrize("name", ["X Y", "X:", "", "X\r\nY", "Ä", "X\0"])
    def test_injected_name(self, name):
        """A name that is no token is refused."""
        with pytest.raises(ValueError, match="is no field name"):
            head_of("GET", (name, "1"))

    @pytest.mark.parametrize("method", ["GET /x HTTP/1.1\r\nA: b\r\n\r\nGET", "", "G T", "CONNECT"])
    def test_injected_method(self, method):
        """A method that is no token is refused, and so is CONNECT."""
        with pytest.raises(ValueError, match="method"):
            head_of(method)

    @pytest.mark.parametrize("target", ["/a b", "/a%0d%0a", "/ü"])
    def test_target(self, target):
        """A target is one word on its line, whatever the URL holds."""
        assert len(head_of(url="http://example.com" + target).split("\r\n")[0].split(" ")) == 3

    @pytest.mark.parametrize(("fields", "body", "expected"), [
        ([("Expect", "100-Continue")], b"x", (True, False, False)),
        ([("Expect", "100-continue")], None, (False, False, False)),
        ([("Connection", "Keep-Alive, Close")], None, (False, True, False)),
        ([("Connection", "Upgrade"), ("Upgrade", "websocket")], None, (False, False, True)),
    ])
    def test_promises(self, fields, body, expected):
        """Fields that change what follows are noticed."""
        assert expected == outgoing(Request("POST", URL, fields, body))[2:]

    def test_chunk(self):
        """A chunk is its length in hexadecimal, the bytes, and CRLF."""
        assert chunk(b"x" * 27) == b"1b\r\n" + b"x" * 27 + b"\r\n"


class TestAnswer:
    def test_length(self):
        """A body of known length ends where it says, and the connection may go on."""
        events, answer = read(b"HTTP/1.1 200 OK\r\nA: 1\r\nContent-Length: 5\r\n\r\nhello")
        assert events == [ResponseHead(200, [("A", "1"), ("Content-Length", "5")], "OK"), b"hello", End([])]
        assert (answer.reusable, answer.header_bytes, answer.state) == (True, 44, State.DONE)

    def test_pieces(self):
        """The same answer byte by byte."""
        data = CHUNKED + b"3;x=y\r\nabc\r\n2 \r\nde\r\n0\r\nT: u\r\n\r\n"
        events, answer = read(*(data[i:i + 1] for i in range(len(data))))
        assert body_of(events) == b"abcde"
        assert events[-1] == End([("T", "u")])
        assert answer.reusable

    def test_joined_chunks(self):
        """Chunks that come together are handed out together."""
        events, _ = read(CHUNKED + chunk(b"a") * 100 + LAST_CHUNK)
        assert events[1:] == [b"a" * 100, End([])]

    @pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 304)])
    def test_bodiless(self, method, status):
        """An answer to HEAD and a 304 have no body, whatever their fields say."""
        events, answer = read(b"HTTP/1.1 %d X\r\nContent-Length: 5\r\n\r\n" % status, method=method)
        assert events[1:] == [End([])]
        assert answer.reusable

    def test_until_close(self):
        """Without framing the end of the connection ends the body."""
        events, answer = read(b"HTTP/1.1 200 OK\r\n\r\nab", b"cd", eof=True)
        assert events[1:] == [b"ab", b"cd", End([])]
        assert not answer.reusable

    @pytest.mark.parametrize("data", [
        b"", b"HT", b"HTTP/1.1 200 OK\r\nA: ", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
        CHUNKED + b"5\r\nab", CHUNKED + b"0\r\nT: ",
        b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.0 200 OK\nContent-Length: 5\n\nabc",
    ])
    def test_lost(self, data):
        """A connection that closes before the answer's end is lost, after what came before."""
        events, answer = read(*([data] if data else []), eof=True)
        assert isinstance(events[-1], Lost)
        assert not answer.reusable
        assert answer.eof() == []

    @pytest.mark.parametrize("data", [
        b"hello", b"SSH-2.0-OpenSSH_9\r\n", b"HTTP/1.1 099 X\r\n\r\n", b"HTTP/1.1 20 X\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", b"HTTP/1.1 200 OK\r\nA\0: 1\r\n\r\n", b"HTTP/1.1 200 OK\r\nA: \0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", b"HTTP/1.1 101 Switching\r\n\r\n",
        CHUNKED + b"zz\r\n", CHUNKED + b"1\r\nabc",
        CHUNKED + b"0\r\nno trailer\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"x" * HEAD_LIMIT, b"HTTP/1.1 200 OK\r\nA: " + b"x" * HEAD_LIMIT + b"\r\n\r\n",
        CHUNKED + b"1;" + b"x" * HEAD_LIMIT,
        CHUNKED + b"0\r\nT: " + b"x" * HEAD_LIMIT,
    ])
    def test_garbage(self, data):
        """What is not HTTP, or is too long, is garbage as soon as that is known."""
        events, answer = read(data)
        assert isinstance(events[-1], Garbage)
        assert (answer.reusable, answer.feed(b"more"), answer.eof()) == (False, [], [])

    def test_data_before_garbage(self):
        """What was good comes before the error."""
        events, _ = read(CHUNKED + b"2\r\nab\r\nzz\r\n")
        assert events[1] == b"ab"
        assert isinstance(events[2], Garbage)

    def test_informational(self):
        """1xx heads come before the final one, each by itself."""
        events, answer = read(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 X\r\n\r\n")
        assert [event.status for event in events[:-1]] == [100, 103, 204]
        assert answer.reusable

    @pytest.mark.parametrize("one", [b"HTTP/1.1 103 X\r\n\r\n", b"HTTP/1.1 103 X\nA: b\n\n"])
    def test_flood(self, one):
        """More than a hundred 1xx heads are an attack."""
        events, _ = read(one * INFORMATIONAL_LIMIT + b"HTTP/1.1 204 X\r\n\r\n")
        assert isinstance(events[-1], End)
        events, _ = read(one * (INFORMATIONAL_LIMIT + 1))
        assert len(events) == INFORMATIONAL_LIMIT + 1
        assert isinstance(events[-1], Garbage)

    @pytest.mark.parametrize("extra", [b"", b"Odd:\x01\r\n"])
    def test_switch(self, extra):
        """After 101 everything is another protocol's, up to the end."""
        events, answer = read(b"HTTP/1.1 101 Go\r\n" + extra + b"\r\n\x81\0", b"\x82", upgrades=True)
        assert events[0].status == 101
        assert body_of(events) == b"\x81\0\x82"
        assert answer.state is State.SWITCHED
        assert answer.eof() == [End([])]

    def test_excess(self):
        """Bytes beyond the end make the connection unfit, whether they come with the answer or after it."""
        whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"
        _, answer = read(whole + b"cd")
        assert (answer.rest, answer.reusable) == (b"cd", False)
        _, answer = read(whole, b"e")
        assert (answer.rest, answer.reusable) == (b"e", False)

    @pytest.mark.parametrize(("fields", "reusable"), [
        (b"Connection: close", False), (b"Connection: Keep-Alive, CLOSE", False), (b"Connection: keep-alive", True),
        (b"X: close", True),
    ])
    def test_connection(self, fields, reusable):
        """Connection: close ends the connection's use."""
        _, answer = read(b"HTTP/1.1 204 X\r\n" + fields + b"\r\n\r\n")
        assert reusable == answer.reusable

    def test_text(self):
        """Values are UTF-8 where they are that and Latin-1 where not, each field by itself."""
        events, _ = read(b"HTTP/1.1 200 OK\r\nA: caf\xc3\xa9\r\nB: caf\xe9\r\n\r\n")
        assert events[0].headers == [("A", "café"), ("B", "café")]
