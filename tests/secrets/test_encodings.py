"""Bodies whose text does not show: what is in them is looked at, and they are encoded as they were."""
from __future__ import annotations

import bz2
import gzip
import json
import lzma
import zlib
from collections.abc import Callable

import pytest
import zstandard

from sessionmock.secrets import encodings, packed
from sessionmock.secrets.scrubber import Scrubber

SECRET = "Zq8vX2mN7bT4kL9wR1yC6hJ3dF5gP0sA"
PLAIN = json.dumps({"access_token": SECRET, "n": "ä"}).encode()
CODINGS: dict[str, tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]] = {
    "gzip": (gzip.compress, gzip.decompress), "zlib": (zlib.compress, zlib.decompress), "bzip2": (bz2.compress, bz2.decompress),
    "xz": (lzma.compress, lzma.decompress), "zstd": (zstandard.compress, zstandard.decompress),
    **{name: (lambda body, name=name: body.decode().encode(name), lambda body, name=name: body.decode(name).encode())    # type: ignore[misc]
       for name in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")},
}
scrubber = Scrubber(lambda value, where: f"({where})")


@pytest.mark.parametrize("name", CODINGS)
def test_a_body_that_does_not_say_how_it_is_encoded_is_looked_into(name: str):
    """The secret is replaced, and who decodes the body as before gets the rest."""
    encode, decode = CODINGS[name]
    assert {"access_token": "(access_token)", "n": "ä"} == json.loads(decode(scrubber.body(encode(PLAIN))))
    ordinary = encode(b'{"name": "ann"}')
    assert ordinary is scrubber.body(ordinary)


@pytest.mark.parametrize("body", [
    b"\x1f\x8bnot gzip", gzip.compress(PLAIN, mtime=0)[:-9], b"\x28\xb5\x2f\xfdno", b"x\x9cno", b"BZhno",
    b"\xfd7zXZ\0no", b"\xff\xfe\x00\xd8", b"", b"a"])
def test_what_only_begins_like_an_encoding_stays(body: bytes):
    """A broken or cut body is kept as it came."""
    assert body is scrubber.body(body)


MEMBERS = b"\xacaccess_token\xd9\x20" + SECRET.encode()


@pytest.mark.parametrize(("before", "after"), [
    (b"\x81" + MEMBERS, b"\x81\xacaccess_token\xae(access_token)"),
    (b"\x92\x01\x82" + MEMBERS + b"\xa1b\xc4\x02\x00\xff", b"\x92\x01\x82\xacaccess_token\xae(access_token)\xa1b\xc4\x02\x00\xff"),
    (b"\xdf\x00\x00\x00\x01" + MEMBERS, b"\xdf\x00\x00\x00\x01\xacaccess_token\xae(access_token)"),
    (b"\xa1\x6caccess_token\x78\x20" + SECRET.encode(), b"\xa1\x6caccess_token\x6e(access_token)"),
    (b"\x82\xc0\x18\x2a\xa1\x6caccess_token\x78\x20" + SECRET.encode(), b"\x82\xc0\x18\x2a\xa1\x6caccess_token\x6e(access_token)"),
])
def test_texts_of_messagepack_and_cbor_are_looked_at(before: bytes, after: bytes):
    """By the names of their members; lengths follow."""
    assert after == scrubber.body(before)


@pytest.mark.parametrize("body", [
    b"\x81\xa1a\xd9\xff", b"\x81\xa1", b"\xdf\xff\xff\xff\xff", b"\x91" * 1000, b"\xc6" * 5000, b"\x93\x01\x02", b"\x9f\x01\xff", b"\x81\xc1\xc1"])
def test_what_is_neither_messagepack_nor_cbor_is_no_text(body: bytes):
    """Cut, nested without end, or of other bytes."""
    assert packed.rewritten(body, lambda name, text: text) in (None, body)


@pytest.mark.parametrize("name", [r"pass\u0077ord", r"\u0070\u0061\u0073\u0073word", r"access\u005Ftoken"])
def test_a_name_with_escapes_is_the_name(name: str):
    """In JSON a letter may stand as its number."""
    cleaned = json.loads(scrubber.body(b'{"%s": "%s", "\\u0061": 1}' % (name.encode(), SECRET.encode())))
    assert SECRET not in cleaned.values()
    assert 1 == cleaned["a"]


@pytest.mark.parametrize("body", [
    b'{"access_token":"%s","pad":"%s"}', b'{"pad": "%s", "access_token": "%s"}', b'pad=%s&access_token=%s',
    b'{"a":"b","pad":"%s","access_token":"%s","z":[1]}',
])
def test_a_body_of_any_length_is_looked_through_in_pieces(body: bytes, monkeypatch: pytest.MonkeyPatch):
    """Cut between members; nothing else in it changes."""
    monkeypatch.setattr("sessionmock.secrets.scrubber._LARGEST", 4000)
    monkeypatch.setattr(encodings, "_PIECE", 1000)
    pad = b"x" * 9000
    whole = body % ((SECRET.encode(), pad) if body.startswith(b'{"access') else (pad, SECRET.encode()))
    cleaned = scrubber.body(whole)
    assert SECRET.encode() not in cleaned
    assert whole.replace(SECRET.encode(), b"(access_token)").replace(b"=(access_token)", b"=%28access_token%29") == cleaned
