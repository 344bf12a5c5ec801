"""Event streams (HTML, section 9.2.6)."""
from __future__ import annotations

import pytest

from sessionmock.core.event_stream import EventSplitter
from sessionmock.models.server_sent_event import ServerSentEvent as Event


def events(stream: str | bytes, size: int = 1000) -> list[Event]:
    data = stream.encode() if isinstance(stream, str) else stream
    splitter = EventSplitter()
    found = [event for start in range(0, len(data), size) for event in splitter.feed(data[start:start + size])]
    return [*found, *splitter.rest()]


# Each from the section itself, or from what it says of a field.
STREAMS = [
    ("data: YHOO\ndata: +2\ndata: 10\n\n", [Event("YHOO\n+2\n10")]),
    (": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n",
     [Event("first event", id="1"), Event("second event")]),
    ("data\n\ndata\ndata\n\ndata:", [Event(""), Event("\n")]),
    ("data:test\n\ndata: test\n\n", [Event("test"), Event("test")]),
    ("event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\ndata: x\n\n",
     [Event("73857293", "add"), Event("2153", "remove"), Event("x")]),
    ("event: a\n\ndata: x\n\n", [Event("x")]),                                # an event without data is none, its type forgotten
    ("id: 7\n\ndata: x\n\ndata: y\n\n", [Event("x", id="7"), Event("y", id="7")]),
    ("id: 7\nid: a\0b\ndata: x\n\n", [Event("x", id="7")]),                     # an id with NUL is ignored
    ("retry: 1000\n\ndata: x\n\nretry: -1\nretry: 1.5\nretry:\nretry: \u0661\nretry: 1e3\ndata: y\n\nretry: 20\ndata: z\n\n",
     [Event("x", retry=1000), Event("y", retry=1000), Event("z", retry=20)]),
    (f"retry: {'9' * 5000}\ndata: x\n\n", [Event("x")]),
    ("Data: x\ndata : x\n:data: x\nother: x\ndata: y\n\n", [Event("y")]),      # names in any other spelling are no fields
    ("data: a:b\ndata:c \n\n", [Event("a:b\nc ")]),
    ("\ufeffdata: x\n\n\ufeffdata: y\n\n", [Event("x")]),                        # one byte order mark, at the very start
    ("\ufeff\ndata: x\n\n", [Event("x")]),
    ("data: a\x0b\x0c\x85\u2028\u2029b\n\n", [Event("a\x0b\x0c\x85\u2028\u2029b")]),     # only CR and LF end a line
    ("data: \u00e9\U0001f44d\n\n", [Event("\u00e9\U0001f44d")]),
    (b"data: \xff\n\n", [Event("\ufffd")]),
    ("", []), ("\n\n\n", []), (":\n\n:x\n\n", []),
]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 10_000])
@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"], ids=["LF", "CR", "CRLF"])
@pytest.mark.parametrize(("stream", "expected"), STREAMS, ids=range(len(STREAMS)))
def test_a_stream_is_read_as_it_says(stream: str | bytes, expected: list[Event], end: str, size: int) -> None:
    """Whatever ends its lines, and however it is cut."""
    data = stream.encode() if isinstance(stream, str) else stream
    assert expected == events(data.replace(b"\n", end.encode()), size)


def test_an_event_is_given_with_the_line_that_ends_it() -> None:
    """At once, though an LF may follow the CR; what the end of the stream cuts off is no event."""
    splitter = EventSplitter()
    assert [] == list(splitter.feed(b"data: x\r\n"))
    assert [Event("x")] == list(splitter.feed(b"\r"))
    assert [] == list(splitter.feed(b"\ndata: y\n"))
    assert [] == list(splitter.rest())
