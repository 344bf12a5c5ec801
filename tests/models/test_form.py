import io
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.formparser import FormDataParser

from sessionmock.errors import InvalidArgumentException
from sessionmock.models.form import multipart, urlencoded


def read(body):
    if isinstance(body, bytes):
        return body
    pieces = []
    while piece := body.read(11):
        pieces.append(piece)
    body.close()
    return b"".join(pieces)


def parse(kind, body):
    """What werkzeug makes of a multipart body: fields, and files as (name, file name, type, content)."""
    content = read(body)
    media, _, boundary = kind.partition("; boundary=")
    _, fields, files = FormDataParser().parse(io.BytesIO(content), media, len(content), {"boundary": boundary.strip('"')})
    sent = []
    for name, file in files.items(multi=True):
        with file.stream:
            sent.append((name, file.filename, file.content_type, file.read()))
    return list(fields.items(multi=True)), sent


def test_urlencoded():
    """Blanks become "+", and all but letters, digits and *-._ is percent-encoded (WHATWG URL, section 5.2)."""
    assert b"a=b+c&d=%C3%A9%26%7E*-._&n=1&n=2.5&e=" == urlencoded({"a": "b c", "d": "é&~*-._", "n": [1, 2.5], "e": ""})
    assert b"a=1&a=2" == urlencoded([("a", "1"), ("a", "2")])
    assert b"a=%E9" == urlencoded({"a": "é"}, "latin-1")
    assert b"" == urlencoded({})


@given(st.lists(st.tuples(st.text(), st.text())))
def test_urlencoded_round_trip(fields):
    """What is serialized is what the standard library parses."""
    assert fields == parse_qsl(urlencoded(fields).decode(), keep_blank_values=True, strict_parsing=bool(fields))


LINES = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]))


@given(st.dictionaries(st.text(st.characters(codec="utf-8", exclude_characters='\r\n"\\')), LINES, max_size=4),
       st.lists(st.binary(max_size=60), max_size=3))
def test_multipart_round_trip(fields, contents):
    """What is written is what werkzeug parses, whatever the content."""
    kind, body = multipart(fields, [("f", (f"{number}.bin", content)) for number, content in enumerate(contents)])
    files = [("f", f"{number}.bin", "application/octet-stream", content) for number, content in enumerate(contents)]
    assert (list(fields.items()), files) == parse(kind, body)


def test_multipart_sources(tmp_path):
    """Files come from bytes, text, a path or an open file; those on disk are read while sending, the length is known."""
    path = tmp_path / "a.bin"
    path.write_bytes(b"on disk")
    with path.open("rb") as file:
        files = {"bytes": b"raw", "text": "plain é", "path": path, "open": file,
                 "named": ("n.png", bytearray(b"png"), "image/png"), "stream": ("s.txt", path)}
        kind, body = multipart({"field": "1"}, files)
        length = body.length
        content = read(body)
    assert len(content) == length
    octets = "application/octet-stream"
    assert ([("field", "1")], [
        ("bytes", "bytes", octets, b"raw"), ("text", "text", "text/plain", "plain é".encode()),
        ("path", "a.bin", octets, b"on disk"), ("open", "a.bin", octets, b"on disk"),
        ("named", "n.png", "image/png", b"png"), ("stream", "s.txt", octets, b"on disk"),
    ]) == parse(kind, content)


def test_multipart_in_memory_is_bytes():
    """Without a file of the disk the body is bytes, which can be sent again after a redirect or a challenge."""
    assert isinstance(multipart({"a": "b"}, {"f": b"c"})[1], bytes)


def test_multipart_of_unknown_length():
    """A part of unknown length makes the whole length unknown."""
    assert -1 == multipart({}, {"f": iter([b"a"])})[1].length


def test_names_are_escaped():
    """Line breaks and quotes in names are escaped as in browsers (WHATWG HTML), and breaks in values become CRLF."""
    _, body = multipart({'a"\r\nb': "1\n2\r3\r\n4"}, {"f": ('x"\r\nEvil: 1.txt', b"")}, "B")
    assert b'name="a%22%0D%0Ab"\r\n\r\n1\r\n2\r\n3\r\n4\r\n' in body
    assert b'filename="x%22%0D%0AEvil: 1.txt"' in body


def test_boundary():
    """A boundary is made fresh each time, may be given, and is quoted where it has to be."""
    assert multipart({}, {})[0] != multipart({}, {})[0]
    assert 'multipart/form-data; boundary="a b"' == multipart({}, {}, "a b")[0]
    for wrong in ("", "a ", "é", "a" * 71, "a\r\nb"):
        with pytest.raises(InvalidArgumentException, match="boundary"):
            multipart({}, {}, wrong)


@pytest.mark.parametrize("call", [
    lambda: urlencoded({"a": None}), lambda: urlencoded({"a": True}), lambda: urlencoded({"a": b"x"}),
    lambda: urlencoded({5: "a"}), lambda: urlencoded(["ab"]), lambda: multipart({"a": object()}, {}),
    lambda: multipart({}, {"f": 5}), lambda: multipart({}, {"f": ("a",)}),
    lambda: multipart({}, {"f": ("a", b"", "text/plain\r\nX: 1")}), lambda: multipart({}, {"f": io.StringIO("text")}),
])
def test_wrong_values(call):
    """What no form can hold is refused by name."""
    with pytest.raises(InvalidArgumentException, match=r"fields|files|text mode|body stream"):
        call()
