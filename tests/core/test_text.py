"""Text in pieces."""
from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from sessionmock.core.text import LINE_ENDS, CharacterSplitter, LineSplitter, ScalarSplitter, Splitter

CHARACTERS = ["a", "e\u0301", "\r\n", "\n", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f44d\U0001f3fd", "\U0001f1e9\U0001f1ea",
              "\U0001f1eb\U0001f1f7", "\u1112\u1161\u11ab", "\ud55c", "z"]


def cut(splitter: Splitter[str], data: bytes, size: int) -> list[str]:
    found = [part for start in range(0, len(data), size) for part in splitter.feed(data[start:start + size])]
    return [*found, *splitter.rest()]


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize(("make", "parts"), [
    (CharacterSplitter, CHARACTERS),
    (ScalarSplitter, list("".join(CHARACTERS))),
    (lambda: LineSplitter(True), ["ae\u0301", "", "".join(CHARACTERS[4:])]),
    (lambda: LineSplitter(False), ["ae\u0301", "".join(CHARACTERS[4:])]),
])
def test_parts_are_the_same_however_the_bytes_come(make: Callable[[], Splitter[str]], parts: list[str], size: int) -> None:
    """Where the pieces of a body are cut makes no difference to its lines, characters and code points."""
    assert parts == cut(make(), "".join(CHARACTERS).encode(), size)


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize(("ends", "lines"), [
    (LINE_ENDS, ["a", "b", "", "c", "d", "e", "f", "g", "h", "", "i"]),     # Apple's AsyncLineSequence
    (("\n",), ["a", "b\r", "\r", "c\x0bd\x0ce\x85f\u2028g\u2029h\r\ri"]),
    (("\r\n",), ["a\nb", "", "c\x0bd\x0ce\x85f\u2028g\u2029h\r\ri"]),
    (("\r", "\n"), ["a", "b", "", "", "", "c\x0bd\x0ce\x85f\u2028g\u2029h", "", "i"]),
    (("\r", "\n", "\r\n"), ["a", "b", "", "c\x0bd\x0ce\x85f\u2028g\u2029h", "", "i"]),
    (("i", "\r\r"), ["a\nb\r\n\r\nc\x0bd\x0ce\x85f\u2028g\u2029h", ""]),
])
def test_a_line_ends_where_it_is_said_to(ends: Sequence[str], lines: list[str], size: int) -> None:
    """Of two ends the longer is meant, however the bytes come."""
    assert lines == cut(LineSplitter(True, ends), "a\nb\r\n\r\nc\x0bd\x0ce\x85f\u2028g\u2029h\r\ri".encode(), size)


def test_a_line_is_given_as_soon_as_it_has_ended() -> None:
    """With the CR, though an LF may follow; with half an end it has not ended."""
    splitter = LineSplitter(True)
    assert ["a"] == list(splitter.feed(b"a\r"))
    assert ["", "b"] == list(splitter.feed(b"\n\nb\n"))
    splitter = LineSplitter(True, ("\r\n",))
    assert [] == list(splitter.feed(b"a\r"))
    assert ["a"] == list(splitter.feed(b"\nb\r"))
    assert ["b\r"] == list(splitter.rest())


@pytest.mark.parametrize("make", [CharacterSplitter, ScalarSplitter])
def test_what_is_no_utf8_is_replaced(make: Callable[[], Splitter[str]]) -> None:
    """Bytes that are no text, and a code point cut off by the end, are U+FFFD."""
    assert ["a", "\ufffd", "b", "\ufffd"] == cut(make(), b"a\xffb\xe2\x82", 1)
