"""UTF-8 in pieces, however it is cut, into lines, characters and code points."""
from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Protocol
from unicodedata import category

_BREAKS = frozenset("\n\r\x85\u2028\u2029")
_JOINER = "\u200d"


class Splitter(Protocol):
    """Takes pieces of a text as bytes and gives its parts."""

    def feed(self, data: bytes, *, final: bool = False) -> Iterator[str]:
        """The parts that `data` completes."""

    def rest(self) -> Iterator[str]:
        """What is left at the end."""


class LineSplitter:
    """Cuts text into lines, without their ends: LF, CR, CRLF, NEL, LS or PS."""

    def __init__(self, keep_empty: bool) -> None:
        self._keep_empty = keep_empty
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._line: list[str] = []
        self._after_cr = False

    def feed(self, data: bytes, *, final: bool = False) -> Iterator[str]:
        """The lines that `data` completes."""
        text = self._decoder.decode(data, final)
        start = 0
        for position, character in enumerate(text):
            if character not in _BREAKS:
                self._after_cr = False
                continue
            if character == "\n" and self._after_cr:
                self._after_cr = False
                start = position + 1
                continue
            self._after_cr = character == "\r"
            line = "".join(self._line) + text[start:position]
            self._line = []
            start = position + 1
            if line or self._keep_empty:
                yield line
        if start < len(text):
            self._line.append(text[start:])

    def rest(self) -> Iterator[str]:
        """What stands after the last line's end."""
        yield from self.feed(b"", final=True)
        if self._line:
            yield "".join(self._line)


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
