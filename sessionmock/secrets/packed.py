"""MessagePack and CBOR: the texts in them, and the same with other texts in their places."""
from __future__ import annotations

import struct
from collections.abc import Callable

Change = Callable[[str, str], str]     # (name of the member that it is, or "", text) -> what stands there instead
_DEEPEST = 64


def rewritten(body: bytes, change: Change) -> bytes | None:
    """`body` with `change` done to each text in it; None where it is neither a map nor a list of either format."""
    for packed, firsts in ((_MessagePack, _PACKED), (_CBOR, _BORN)):
        if body[:1] and body[0] in firsts:
            reader = packed(body, change)
            try:
                reader.item("", 0)
            except (ValueError, LookupError, struct.error, RecursionError):
                continue
            if reader.place == len(body):
                return bytes(reader.out)
    return None


class _Reader:
    """Copies one item after the other from `body` into `out`."""

    def __init__(self, body: bytes, change: Change) -> None:
        self.body, self.change = body, change
        self.place = 0
        self.out = bytearray()

    def item(self, name: str, depth: int) -> str:
        """Copy one item, which is called `name`; its text, if it is one."""
        raise NotImplementedError

    def take(self, size: int) -> bytes:
        """The next `size` bytes."""
        if size < 0 or self.place + size > len(self.body):
            raise ValueError("cut off")
        self.place += size
        return self.body[self.place - size:self.place]

    def number(self, size: int) -> int:
        """The next `size` bytes as a number."""
        return int.from_bytes(self.take(size), "big")

    def items(self, count: int, *, named: bool, depth: int) -> None:
        """Copy `count` items, or members that have names."""
        if depth > _DEEPEST:
            raise ValueError("too deep")
        for _ in range(count):
            self.item(self.item("", depth + 1) if named else "", depth + 1)

    def text(self, name: str, size: int, head: Callable[[int], bytes]) -> str:
        """Copy a text of `size` bytes, changed, behind its `head`."""
        text = self.take(size).decode()
        new = self.change(name, text).encode()
        self.out += head(len(new)) + new
        return text


class _MessagePack(_Reader):
    """As https://msgpack.org specifies it."""

    def item(self, name: str, depth: int) -> str:
        start = self.place
        kind = self.number(1)
        size = {0xd9: 1, 0xda: 2, 0xdb: 4}.get(kind)
        if size is not None or 0xa0 <= kind <= 0xbf:
            return self.text(name, self.number(size) if size else kind & 31, self._head)
        count = named = None
        if kind <= 0x7f or kind >= 0xe0 or kind in (0xc0, 0xc2, 0xc3):
            pass
        elif kind <= 0x9f:
            count, named = kind & 15, kind <= 0x8f
        elif kind in (0xdc, 0xdd, 0xde, 0xdf):
            count, named = self.number(4 if kind & 1 else 2), kind >= 0xde
        elif kind in (0xc4, 0xc5, 0xc6):
            self.take(self.number(1 << kind - 0xc4))
        elif kind in (0xc7, 0xc8, 0xc9):
            self.take(self.number(1 << kind - 0xc7) + 1)
        else:
            self.take(_FIXED[kind])
        self.out += self.body[start:self.place]
        if count is not None:
            self.items(count, named=bool(named), depth=depth)
        return ""

    @staticmethod
    def _head(size: int) -> bytes:
        if size < 32:
            return bytes((0xa0 | size,))
        return b"\xd9" + bytes((size,)) if size < 256 else struct.pack(">BH", 0xda, size) if size < 1 << 16 else struct.pack(">BI", 0xdb, size)


_FIXED = {0xca: 4, 0xcb: 8, 0xcc: 1, 0xcd: 2, 0xce: 4, 0xcf: 8, 0xd0: 1, 0xd1: 2, 0xd2: 4, 0xd3: 8, 0xd4: 2, 0xd5: 3, 0xd6: 5, 0xd7: 9, 0xd8: 17}
_PACKED = frozenset((*range(0x80, 0xa0), 0xdc, 0xdd, 0xde, 0xdf))


class _CBOR(_Reader):
    """RFC 8949, section 3; what has no length said in front is left out."""

    def item(self, name: str, depth: int) -> str:
        start = self.place
        first = self.number(1)
        major, more = first >> 5, first & 31
        if more > 27:
            raise ValueError("of no length")
        count = more if more < 24 else self.number(1 << more - 24)
        if major == 3:
            return self.text(name, count, self._head)
        if major == 2:
            self.take(count)
        self.out += self.body[start:self.place]
        if major in (4, 5):
            self.items(count, named=major == 5, depth=depth)
        elif major == 6:      # a tag, of the item behind it
            return self.item(name, depth + 1)
        return ""

    @staticmethod
    def _head(size: int) -> bytes:
        if size < 24:
            return bytes((0x60 | size,))
        return b"\x78" + bytes((size,)) if size < 256 else struct.pack(">BH", 0x79, size) if size < 1 << 16 else struct.pack(">BI", 0x7a, size)


_BORN = frozenset(range(0x80, 0xbb)) - set(range(0x9c, 0xa0))
