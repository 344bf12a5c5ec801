"""Text back in the charset that its recorder names: many keep a body as text, and its headers go on saying which bytes it was.

Every codec of text that Python has is known, by its names and by those of browsers, Ruby and databases. Where a charset is
not known, or cannot say the text, the bytes are UTF-8. Nothing is read out of the text itself (a `<meta>` or an XML declaration).
"""
from __future__ import annotations

import codecs
import re
from functools import lru_cache

_CHARSET = re.compile(r""";\s*charset\s*=\s*(?:"([^"]*)"|'?([^\s;,"']+))""", re.I)

# Names and ways to write them that Python does not know.
_NAMES = {
    "windows-31j": "cp932", "x-sjis": "cp932", "sjis-win": "cp932", "cp51932": "euc_jp", "eucjp-ms": "euc_jp", "eucjp-win": "euc_jp",
    "x-mac-ce": "mac_latin2", "x-mac-ukrainian": "mac_cyrillic", "csmacintosh": "mac_roman", "cn-big5": "big5", "x-x-big5": "big5",
    "gb_2312-80": "gb2312", "logical": "iso8859_8", "visual": "iso8859_8", "unicode-1-1-utf-8": "utf_8", "ucs-2": "utf_16",
    "iso-10646-ucs-2": "utf_16", "unicode": "utf_16",
}
_SPELLINGS = [(re.compile(pattern), codec) for pattern, codec in (
    (r"(?:windows|cp|ms|ibm|dos|ansi)[-_]?(\d{3,4})", r"cp\1"), (r"iso[-_]?8859[-_]?(\d{1,2})(?::\d+|-[ei])?", r"iso8859_\1"),
    (r"mac[-_]?([a-z]+)", r"mac_\1"), (r"utf[-_]?8(?:mb[34]\w*|-(?:mac|hfs))", "utf_8"))]
_NO_CHARSETS = frozenset({"idna", "punycode", "undefined"})    # codecs of names of hosts, which take long for a text, and of nothing

# What browsers read under a name (WHATWG Encoding), where that is more than Python's codec says; and UTF-16 without a mark.
_WIDER = {"iso8859-1": ("cp1252",), "ascii": ("cp1252",), "shift_jis": ("cp932",), "gb2312": ("gbk", "gb18030"), "gbk": ("gb18030",),
          "euc_kr": ("cp949",), "iso8859-9": ("cp1254",), "iso8859-11": ("cp874",), "tis-620": ("cp874",), "big5": ("big5hkscs",),
          "utf-16": ("utf-16-le",), "utf-32": ("utf-32-le",)}


@lru_cache(maxsize=256)
def charset_of(content_type: str | None) -> str | None:
    """The charset that a Content-Type names."""
    found = _CHARSET.search(content_type) if content_type else None
    return (found[1] or found[2]) if found else None


def encoded(text: str, charset: str | None, size: int | None = None) -> bytes:
    """The bytes of `text` in `charset`: in UTF-8 for None, for one that is not known and for one that cannot say `text`.

    `size` is how many bytes there were, where that is known: what has as many is preferred.
    """
    codec = _codec(charset) if charset else None
    if codec is None:
        return text.encode("utf-8", "surrogatepass")
    first, *wider = (_said(text, name) for name in (codec, *_WIDER.get(codec, ())))
    plain = text.encode("utf-8", "surrogatepass")
    if size is not None and (first is None or len(first) != size):
        return next((form for form in (*wider, plain) if form is not None and len(form) == size), plain if first is None else first)
    return plain if first is None else first


def decoded(body: bytes, charset: str | None) -> str | None:
    """The text that `encoded` makes `body` of; None where there is none."""
    for name in dict.fromkeys((_codec(charset) if charset else None, "utf-8")):
        try:
            text = body.decode(name or "utf-8")
        except (UnicodeError, ValueError):
            continue
        if encoded(text, charset, len(body)) == body:
            return text
    return None


def _said(text: str, codec: str) -> bytes | None:
    if codec.startswith(("utf-16", "utf-32", "utf-8-sig")):    # which put a mark there
        text = text.removeprefix("\ufeff")
    try:
        return text.encode(codec)
    except (UnicodeError, ValueError):
        return None


@lru_cache(maxsize=256)
def _codec(charset: str) -> str | None:
    """Python's name of the codec for `charset`; None for UTF-8, and where there is none."""
    name = charset.strip(" \t\"';,").lower()
    bare = name.removeprefix("x-")
    spellings = [_NAMES.get(name, name), bare, *(found.expand(codec) for pattern, codec in _SPELLINGS if (found := pattern.fullmatch(bare)))]
    for spelling in spellings:
        try:
            info = codecs.lookup(spelling)
        except (LookupError, ValueError):
            continue
        if vars(info).get("_is_text_encoding", True) and info.name not in _NO_CHARSETS:
            return None if info.name == "utf-8" else info.name
    return None
