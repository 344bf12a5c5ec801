"""Text that goes back into the charset that its recorder names."""
from __future__ import annotations

import codecs
import contextlib
from encodings.aliases import aliases

import pytest

from sessionmock.routes.cassette.formats.charsets import charset_of, decoded, encoded


@pytest.mark.parametrize(("kind", "charset"), [
    ("text/html; charset=windows-1251", "windows-1251"), ('text/html;Charset = "UTF-8"; x=y', "UTF-8"), ("text/html; charset='koi8-r'", "koi8-r"),
    ("text/html; charset=", None), ("text/html", None), ("", None), (None, None),
])
def test_the_charset_of_a_type(kind: str | None, charset: str | None) -> None:
    """However it is quoted."""
    assert charset == charset_of(kind)


def test_every_codec_of_text_is_known_by_every_name() -> None:
    """Of Python's."""
    known: list[str] = []
    for name in {*aliases, *aliases.values()}:
        with contextlib.suppress(LookupError):    # what only Windows has
            known += [name] if vars(codecs.lookup(name)).get("_is_text_encoding", True) else []
    assert len(known) > 200
    assert [] == [name for name in known if encoded("a~b", name) != "a~b".encode(name)]


@pytest.mark.parametrize(("charset", "text", "expected"), [
    ("Windows-31J", "\u65e5\u2460", "\u65e5\u2460".encode("cp932")), ("x-sjis", "\u65e5", "\u65e5".encode("cp932")), ("utf8mb4", "\xe9", b"\xc3\xa9"),
    ("windows-874", "\u0e01", b"\xa1"), ("x-mac-cyrillic", "\u0416", b"\x86"), ("macCroatian", "\u0161", "\u0161".encode("mac_croatian")),
    ("iso88591", "\xe9", b"\xe9"), ("ISO_8859-1:1987", "\xe9", b"\xe9"), ("iso-8859-8-i", "\u05d0", b"\xe0"), ("eucJP-ms", "\u65e5", b"\xc6\xfc"),
    ("x-cp1251", "\u0416", b"\xc6"), ("gb_2312-80", "\u4e2d", b"\xd6\xd0"), ("UTF-16LE", "a", b"a\0"), ('"koi8-u"', "\u0416", b"\xf6"),
    # UTF-8 where it is not known, is none, or cannot say it
    ("klingon", "\xe9", b"\xc3\xa9"), ("ASCII-8BIT", "\xe9", b"\xc3\xa9"), ("rot13", "abc", b"abc"), ("punycode", "\xe9", b"\xc3\xa9"),
    ("\0", "\xe9", b"\xc3\xa9"),
    ("iso-8859-1", "\u20ac", b"\xe2\x82\xac"), ("us-ascii", "\xe9", b"\xc3\xa9"), ("shift_jis", "\u0531", "\u0531".encode()),
    (None, "\xe9", b"\xc3\xa9"),
    ("utf-8", "\ud800", b"\xed\xa0\x80"), ("cp1252", "\ud800", b"\xed\xa0\x80"),
    # one mark, where it stands already
    ("utf-8", "\ufeffa", b"\xef\xbb\xbfa"), ("utf-8-sig", "\ufeffa", b"\xef\xbb\xbfa"), ("utf-16", "\ufeffa", "a".encode("utf-16")),
])
def test_text_in_a_charset(charset: str | None, text: str, expected: bytes) -> None:
    """By the names of browsers, Ruby and databases too."""
    assert expected == encoded(text, charset)


@pytest.mark.parametrize(("charset", "text", "size", "expected"), [
    ("iso-8859-1", "\u201cq\u201d", 3, b"\x93q\x94"), ("us-ascii", "\xe9", 1, b"\xe9"), ("gb2312", "\u9555", 2, "\u9555".encode("gbk")),
    ("iso-8859-1", "\xe9", 2, b"\xc3\xa9"),
    ("utf-16", "a", 2, b"a\0"), ("iso-8859-1", "\xe9", 7, b"\xe9"), ("iso-8859-1", "\u20ac", 7, b"\xe2\x82\xac"), ("klingon", "\xe9", 1, b"\xc3\xa9"),
])
def test_a_size_tells_which_bytes_they_were(charset: str, text: str, size: int, expected: bytes) -> None:
    """Browsers read more under some names than these say, and take UTF-8 for what is."""
    assert expected == encoded(text, charset, size)


@pytest.mark.parametrize(("body", "charset", "text"), [
    (b"\xe9", "latin-1", "\xe9"), (b"\xc3\xa9", None, "\xe9"), (b"\xe9", None, None), (b"\x81", "cp1252", None), (b"a\0", "utf-16", "a"),
])
def test_what_comes_back_as_the_same_bytes_is_text(body: bytes, charset: str | None, text: str | None) -> None:
    """All else is written as base64."""
    assert text == decoded(body, charset)
