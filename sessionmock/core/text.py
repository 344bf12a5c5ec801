"""UTF-8 in pieces, however it is cut, into lines, characters and code points."""
from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Iterator
from typing import Protocol, TypeVar
from unicodedata import category

LINE_ENDS = ("\n", "\v", "\f", "\r", "\r\n", "\x85", "\u2028", "\u2029")
"""What ends a line of Apple's AsyncLineSequence."""
PROTOCOL_ENDS = ("\n", "\r", "\r\n")
"""What ends a line of a protocol whose empty lines mean something (HTML, section 9.2.5)."""

_JOINER = "\u200d"

Part_co = TypeVar("Part_co", covariant=True)


class Splitter(Protocol[Part_co]):
    """Takes pieces of a text as bytes and gives its parts."""

    def feed(self, data: bytes, *, final: bool = False) -> Iterator[Part_co]:
        """The parts that `data` completes."""

    def rest(self) -> Iterator[Part_co]:
        """What is left at the end."""


class LineSplitter:
    """Cuts text into lines, without their ends: `ends` are one or two characters each.

    A line is given as soon as it is known to have ended: where CR and CRLF both are ends, a CR is one, and an LF that comes
    later belongs to it.
    """

    def __init__(self, keep_empty: bool, ends: Collection[str] = LINE_ENDS) -> None:
        self._keep_empty = keep_empty
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._end = re.compile("|".join(re.escape(end) for end in sorted(ends, key=len, reverse=True)))
        self._half = frozenset(end[0] for end in ends if len(end) == 2 and end[0] not in ends)     # no end before the next character
        self._longer = {end: "".join(other[1:] for other in ends if other[0] == end) for end in ends}
        self._line: list[str] = []      # of the line that has not ended
        self._held = ""                 # half an end, perhaps
        self._belongs = ""              # which characters, coming next, belong to the end of the last line

    def feed(self, data: bytes, *, final: bool = False) -> Iterator[str]:
        """The lines that `data` completes."""
        text = self._decoder.decode(data, final)
        if not text:
            return
        if text[0] in self._belongs:
            text = text[1:]
        text, self._held, self._belongs = self._held + text, "", ""
        start = 0
        for end in self._end.finditer(text):
            line = "".join(self._line) + text[start:end.start()]
            self._line, start = [], end.end()
            if start == len(text):
                self._belongs = self._longer[end[0]]
            if line or self._keep_empty:
                yield line
        if text[-1:] in self._half and start < len(text):
            text, self._held = text[:-1], text[-1]
        if start < len(text):
            self._line.append(text[start:])

    def rest(self) -> Iterator[str]:
        """What stands after the last line's end."""
        yield from self.feed(b"", final=True)
        if self._line or self._held:
            yield "".join(self._line) + self._held


class ScalarSplitter:
    """Cuts text into code points."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, data: bytes, *, final: bool = False) -> Iterator[str]:
        """The code points that `data` completes."""
        yield from self._decoder.decode(data, final)

    def rest(self) -> Iterator[str]:
        """What an incomplete one at the end is replaced by."""
        yield from self.feed(b"", final=True)


class CharacterSplitter(ScalarSplitter):
    """Cuts text into what a reader sees as one character: code points that `joins` keeps together."""

    def __init__(self) -> None:
        super().__init__()
        self._held = ""

    def feed(self, data: bytes, *, final: bool = False) -> Iterator[str]:
        """The characters that are surely complete with `data`."""
        for scalar in super().feed(data, final=final):
            if self._held and not joins(self._held, scalar):
                yield self._held
                self._held = ""
            self._held += scalar

    def rest(self) -> Iterator[str]:
        """The last character."""
        yield from self.feed(b"", final=True)
        if self._held:
            yield self._held


def joins(held: str, scalar: str) -> bool:
    """Whether `scalar` goes on the character `held` (UAX #29, section 3.1.1, as far as general categories tell: marks,
    joined pictographs, flags, Korean syllables and CRLF)."""
    last = held[-1]
    if last == "\r" or scalar == "\n":
        return last == "\r" and scalar == "\n"
    kind = category(scalar)
    if category(last) in ("Cc", "Zl", "Zp") or kind in ("Cc", "Zl", "Zp"):
        return False
    if kind in ("Mn", "Me", "Mc") or scalar in "\u200c\u200d" or "\U0001f3fb" <= scalar <= "\U0001f3ff" or "\U000e0020" <= scalar <= "\U000e007f":
        return True
    if last == _JOINER:
        return kind == "So"
    if "\U0001f1e6" <= scalar <= "\U0001f1ff":
        return len(held) == 1 and "\U0001f1e6" <= last <= "\U0001f1ff"
    return _syllable(scalar) in _FOLLOWS.get(_syllable(last), "")


_FOLLOWS = {"L": "LVPQ", "V": "VT", "P": "VT", "T": "T", "Q": "T"}     # P: a whole syllable without a final consonant, Q: with one


def _syllable(scalar: str) -> str:
    """What a Korean letter is in a syllable (L, V, T), or a syllable (P, Q); "-" for anything else."""
    if "\u1100" <= scalar <= "\u115f":
        return "L"
    if "\u1160" <= scalar <= "\u11a7":
        return "V"
    if "\u11a8" <= scalar <= "\u11ff":
        return "T"
    if "\uac00" <= scalar <= "\ud7a3":
        return "Q" if (ord(scalar) - 0xAC00) % 28 else "P"
    return "-"
