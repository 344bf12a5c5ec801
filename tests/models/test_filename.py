from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.http import dump_options_header, parse_options_header

from sessionmock.models.filename import disposition_filename, parameters, suggested_filename

# Content-Disposition, our answer, and why werkzeug's parser has another; no reason: it has the same.
DISPOSITIONS = [
    ('attachment; filename="report.pdf"', "report.pdf", None),
    ("attachment; filename=report.pdf", "report.pdf", None),
    ("attachment; filename*=UTF-8''na%C3%AFve.txt", "naïve.txt", None),
    ("attachment; filename*=UTF-8''a'b.txt", "a'b.txt", None),
    ('attachment; filename="../../etc/passwd"', "../../etc/passwd", None),
    ('attachment; filename="a;b.txt"; x=y', "a;b.txt", None),
    (r'attachment; filename="a\"b\\c.txt"', r'a"b\c.txt', None),
    (r'attachment; a=b\; filename="wrong.ext"; filename="fname.ext"; c=d', "fname.ext", None),
    ("attachment; FILENAME=x", "x", None),
    ('attachment; filename="%41.txt"', "%41.txt", None),
    ('attachment; name="filename=x"; filename=y', "y", None),
    ("attachment; filename*=utf-8''%ff.txt; filename=b.txt", "b.txt", None),
    ("attachment; filename*=utf-16''a.txt; filename=b.txt", "b.txt", None),
    ('attachment; filename=""', "", None),
    ("attachment", None, None),
    ("", None, None),
    ("attachment; filename*=iso-8859-1'en'%A3.txt; filename=b.txt", "£.txt", "the last one wins there; RFC 6266 has it first"),
    ("attachment; filename=b.txt; filename*=utf-8''%zz.txt", "b.txt", "broken escapes stay there; here the plain name is taken"),
    ("attachment; filename=a.txt; filename=b.txt", "a.txt", "the last one wins there; browsers take the first"),
    (r'attachment; filename="f\o\\o.txt"', r"fo\o.txt", None),
    ('attachment; filename="abc; x=y', "abc", "a quote left open gives nothing there"),
    ('attachment; x="open; filename=y', "y", "a quote left open ends the field there"),
    ('attachment; filename = "a b"', "a b", "blanks around = give nothing there; browsers allow them"),
    ("attachment; filename=a b.txt", "a b.txt", "a blank ends a token there; browsers read on"),
    ("attachment; filename=café.txt", "café.txt", "only ASCII is a token there; servers send UTF-8"),
    ("filename=x", "x", "the first part is always the type there; browsers look on"),
    (";;; filename=z", "z", "an empty type ends the field there"),
    ('attachment; filename="a"junk; filename=b', "a", "what follows a quoted string voids it there"),
    ("attachment; filename*=\"UTF-8''x.txt\"", "x.txt", "a quoted filename* is not decoded there"),
    ('attachment; filename*0="a"; filename*1="b.txt"', None, "continuations (RFC 2231) are joined there; RFC 6266 has none"),
]


@pytest.mark.parametrize(("value", "name", "reason"), DISPOSITIONS)
def test_disposition(value, name, reason):
    """The file name of a Content-Disposition is werkzeug's, but where a reason is given."""
    assert name == disposition_filename(value)
    assert (reason is None) == (name == parse_options_header(value)[1].get("filename"))


@given(st.text(st.characters(min_codepoint=32, max_codepoint=0x2000, exclude_characters="\x7f")))
def test_disposition_round_trip(name):
    """Any name that werkzeug writes into a Content-Disposition is read back."""
    assert name == disposition_filename(dump_options_header("attachment", {"filename": name}))


@pytest.mark.parametrize("piece", ['"\\', ';"\\"', 'a="\\";', "a=\\;", "=;", " ", "a= ", "a=\"b\"", "\\"])
def test_any_value_is_read_to_its_end(piece):
    """No field value, however long and broken, loops or raises."""
    assert len(list(parameters(piece * 20_000))) <= 20_000


SUGGESTED = [
    # the six scenarios filename-*
    ("http://h/x", 'attachment; filename="report.pdf"', None, "report.pdf"),
    ("http://h/x", "attachment; filename=report.pdf", None, "report.pdf"),
    ("http://h/x", "attachment; filename*=UTF-8''na%C3%AFve.txt", None, "naïve.txt"),
    ("http://h/x", 'attachment; filename="../../etc/passwd"', None, ".._.._etc_passwd"),
    ("http://h/dir/picture.png", None, "image/png", "picture.png"),
    ("http://h/dir/picture", None, "image/png", "picture.png"),
    # paths
    ("http://h/x", 'attachment; filename="/a/b/name"', None, "_a_b_name"),
    ("http://h/x", "attachment; filename=a/../b/name", None, "a_.._b_name"),
    ("http://h/x", r'attachment; filename="C:\\dir\\f.txt"', None, "C__dir_f.txt"),
    ("http://h/a/b%2Fc%5Cd", None, None, "b_c_d"),
    ("http://h/a/%2e%2e", None, None, "h"),
    ("http://h/x", 'attachment; filename=".."', None, "x"),
    ("http://h/x", "attachment; filename*=UTF-8''a%00b%0Ac%E2%80%AEd", None, "abcd"),
    ("http://h/x", 'attachment; filename="name. . "', None, "name"),
    # where the name comes from
    ("http://h/dir/", None, None, "dir"),
    ("http://h/a%20b.txt?q=c.png#d.gif", None, "text/plain", "a b.txt"),
    ("http://h/a;b=c", None, None, "a;b=c"),
    ("http://example.com/", None, "text/html", "example.com.html"),
    ("http://example.com", None, None, "example.com"),
    ("http://127.0.0.1:80/", None, "text/plain", "127.0.0.1.txt"),
    ("http://[::1]/", None, None, "__1"),
    ("http://h/x", "attachment", None, "x"),
    ("http://h:port/x", None, None, "unknown"),
    ("data:text/plain,a/b", None, "text/plain", "unknown.txt"),
    ("file:///tmp/f.bin", None, None, "f.bin"),
    (None, None, "image/png", "unknown.png"),
    ("", None, None, "unknown"),
    # extensions
    ("http://h/picture.PNG", None, "image/png", "picture.PNG"),
    ("http://h/picture.jpeg", None, "image/jpeg", "picture.jpeg"),
    ("http://h/index.php", None, "text/html", "index.php.html"),
    ("http://h/a.tar.gz", None, "application/gzip", "a.tar.gz"),
    ("http://h/script", None, "text/javascript", "script.js"),
    ("http://h/feed", None, "application/xml", "feed.xml"),
    ("http://h/read.me", None, "text/plain", "read.me"),
    ("http://h/readme", None, "text/plain", "readme.txt"),
    ("http://h/blob", None, "application/octet-stream", "blob"),
    ("http://h/x", "attachment; filename=report", "application/pdf", "report.pdf"),
    ("http://h/.profile", None, "application/x-nobody-knows", ".profile"),
]


@pytest.mark.parametrize(("url", "disposition", "mime_type", "name"), SUGGESTED)
def test_suggested(url, disposition, mime_type, name):
    """Content-Disposition, else the last path component, else the host, else "unknown"; with the type's extension."""
    headers = [] if disposition is None else [("content-disposition", disposition)]
    assert name == suggested_filename(url, headers, mime_type)


@pytest.mark.parametrize(("given", "name"), [
    # Windows: drives, streams, devices, what it drops at the end
    ("C:evil.txt", "C_evil.txt"), ("file.txt:stream", "file.txt_stream"), ("file.txt::$DATA", "file.txt__$DATA"),
    ("NUL", "_NUL"), ("com1.txt", "_com1.txt"), ("Aux.tar.gz", "_Aux.tar.gz"), ("LPT\u00b2.h", "_LPT\u00b2.h"), ("con .txt", "_con .txt"),
    ("CONIN$", "_CONIN$"), ("nul\u200e.txt", "_nul.txt"), ("nul. .", "_nul"), ("COM0", "_COM0"), ("prn:", "prn_"),
    ("console.txt", "console.txt"), ("com10", "com10"), ("my nul.txt", "my nul.txt"), ("a.nul", "a.nul"),
    ('what? "d".txt', 'what? "d".txt'), ("\\\\.\\COM1", "__._COM1"), (" . a . .", ". a"),
    # what is hidden, or turns text
    ("a\u200fgpj.exe", "agpj.exe"), ("a\u202egpj.exe", "agpj.exe"), ("a\u061cb\u200ec\u2066d\u2069", "abcd"),
    ("a\u200bb\ufeffc\u00add\u2060e", "abcde"), ("a\u2028b\u2029c\x85d\x7fe\x00f\x1bg", "abcdefg"), ("a\U000e0041b", "ab"),
    # letters, whatever they are
    ("\u0645\u06cc\u200c\u062e.txt", "\u0645\u06cc\u200c\u062e.txt"), ("\U0001f468\u200d\U0001f469.png", "\U0001f468\u200d\U0001f469.png"),
    ("\u30d5\u30a1\u30a4\u30eb.txt", "\u30d5\u30a1\u30a4\u30eb.txt"), ("\ue000.txt", "\ue000.txt"),
])
def test_a_name_is_safe_on_every_system(given, name):
    """From a field or from a URL it is a name, of a file, that reads as what it is."""
    escaped = given.replace("\\", "\\\\").replace('"', '\\"')
    assert name == suggested_filename(None, [("Content-Disposition", f'attachment; filename="{escaped}"')], None)
    assert name == suggested_filename(f"http://h/{quote(given, safe='')}", [], None)


@given(st.text(max_size=300), st.sampled_from([None, "text/plain", "image/png", "application/x-nobody-knows"]))
def test_any_name_is_safe(name, mime_type):
    """Wherever it is saved it stays in its folder, and the name is the one that was given."""
    found = suggested_filename(f"http://h/{quote(name, safe='', errors='surrogatepass')}", [], mime_type)
    assert found
    assert not set(found) & set("/\\:\0")
    assert found == found.rstrip(". ")
    assert len(found.encode()) <= 255
    assert found.partition(".")[0].rstrip(" ").upper() not in {"CON", "PRN", "AUX", "NUL", "COM1", "LPT1"}


@pytest.mark.parametrize(("name", "mime_type", "end"), [
    ("é" * 200 + ".txt", None, "é.txt"), ("€" * 200, "image/png", "€.png"), ("a." + "b" * 400, None, "b"),
    ("a" * 253 + " . " + "b" * 200, None, "a")])
def test_long_names(name, mime_type, end):
    """A name is cut to 255 bytes of UTF-8, between characters and before its extension."""
    cut = suggested_filename(None, [("Content-Disposition", f'attachment; filename="{name}"')], mime_type)
    assert 252 <= len(cut.encode()) <= 255
    assert cut.endswith(end)


@given(st.text(), st.sampled_from([None, "image/png", "text/plain"]))
def test_never_a_path(name, mime_type):
    """Whatever a server sends, the name is one component, not empty and writable as UTF-8."""
    suggested = suggested_filename("http://h/", [("Content-Disposition", f'attachment; filename="{name}"')], mime_type)
    assert suggested.strip(".")
    assert not set(suggested) & set("/\\\0\n\r")
    assert len(suggested.encode()) <= 255
