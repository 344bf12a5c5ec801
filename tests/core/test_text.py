"""Text in pieces."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from sessionmock.core.text import CharacterSplitter, LineSplitter, ScalarSplitter, Splitter

CHARACTERS = ["a", "e\u0301", "\r\n", "\n", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f44d\U0001f3fd", "\U0001f1e9\U0001f1ea",
              "\U0001f1eb\U0001f1f7", "\u1112\u1161\u11ab", "\ud55c", "z"]


def cut(splitter: Splitter, data: bytes, size: int) -> list[str]:
    found = [part for start in range(0, len(data), size) for part in splitter.feed(data[start:start + size])]
    return [*found, *splitter.rest()]


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize(("make", "parts"), [
    (CharacterSplitter, CHARACTERS),
    (ScalarSplitter, list("".join(CHARACTERS))),
    (lambda: LineSplitter(True), ["ae\u0301", "", "".join(CHARACTERS[4:])]),
    (lambda: LineSplitter(False), ["ae\u0301", "".join(CHARACTERS[4:])]),
])
def test_parts_are_the_same_however_the_bytes_come(make: Callable[[], Splitter], parts: list[str], size: int) -> None:
    """Where the pieces of a body are cut makes no difference to its lines, characters and code points."""
    assert parts == cut(make(), "".join(CHARACTERS).encode(), size)


@pytest.mark.parametrize("make", [CharacterSplitter, ScalarSplitter])
def test_what_is_no_utf8_is_replaced(make: Callable[[], Splitter]) -> None:
    """Bytes that are no text, and a code point cut off by the end, are U+FFFD."""
    assert ["a", "\ufffd", "b", "\ufffd"] == cut(make(), b"a\xffb\xe2\x82", 1)
