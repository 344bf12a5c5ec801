"""Files of other recorders are known by what is in them, and read with their own ways of saying things; HAR is written too."""
from __future__ import annotations

import gzip
import json
import shutil
import zipfile
import zlib
from datetime import UTC, datetime
from pathlib import Path

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from sessionmock.errors import CassetteError
from sessionmock.models.message import ResponseHead
from sessionmock.routes.cassette import Extra, Format, Interaction, RecordedRequest, RecordedResponse, Tape, read_tape, write_tape
from sessionmock.routes.cassette.formats import codings
from sessionmock.routes.cassette.interaction import METRICS

from .test_cassette_files import interaction

SAMPLES = Path(__file__).parent / "cassettes"
GZIPPED = gzip.compress(b'{"ok": true}', mtime=0)


def read(name: str) -> Tape:
    return read_tape(SAMPLES / name)


@pytest.mark.parametrize(("name", "layout", "count"), [
    ("vcr_0.yaml", Format.VCR_0, 2), ("vcr_0.json", Format.VCR_0, 1), ("httpx_old.yaml", Format.VCR_YAML, 1),
    ("parsed_body.yaml", Format.VCR_YAML, 1), ("decoded.yaml", Format.VCR_YAML, 1), ("betamax.json", Format.BETAMAX, 3),
    ("ruby_vcr.yml", Format.RUBY_VCR, 2), ("ruby_vcr_1.yml", Format.RUBY_VCR, 1), ("ruby_vcr.json", Format.RUBY_VCR, 1),
    ("go_vcr_1.yaml", Format.GO_VCR, 1), ("go_vcr_2.yaml", Format.GO_VCR, 1), ("go_vcr_empty.yaml", Format.GO_VCR, 0),
    ("aiohttp.yaml", Format.VCR_YAML, 3), ("dvr.json", Format.DVR, 2), ("cassetter.yaml", Format.CASSETTER, 3), ("browser.har", Format.HAR, 3),
    ("playwright.har", Format.HAR, 1), ("mitmproxy.har", Format.HAR, 1), ("polly.har", Format.HAR, 3), ("replay.har", Format.HAR, 2),
])
def test_a_file_is_known_by_what_is_in_it(tmp_path: Path, name: str, layout: Format, count: int):
    """The layout is told from the content, under any name; what was read can be written in every layout that is written."""
    for file in SAMPLES.glob("*.txt"):
        shutil.copy(file, tmp_path)
    for other in ("cassette", "cassette.yaml"):
        shutil.copy(SAMPLES / name, tmp_path / other)
        tape = read_tape(tmp_path / other)
        assert (layout, count) == (tape.format, len(tape.interactions))
    for kind in ("yaml", "har"):
        write_tape(tmp_path / "again", tape, kind)
        assert tape.interactions == read_tape(tmp_path / "again").interactions


def test_vcrpy_before_1_0():
    """A request in parts gets its URL, pickled headers are data, header lines are taken apart, repeats kept."""
    first, second = read("vcr_0.yaml").interactions
    asked = RecordedRequest("GET", "https://api.example.com/ip?a=1", [("accept-encoding", "gzip, deflate"), ("accept", "*/*")])
    assert asked == first.request
    headers = [("content-type", "application/json"), ("set-cookie", "a=1"), ("set-cookie", "b=2")]
    assert RecordedResponse(200, "OK", headers, b'{\n  "origin": "192.0.2.1"\n}') == first.response
    assert RecordedRequest("POST", "http://api.example.com:8080/form", [], b"a=1") == second.request
    assert RecordedResponse(404, "Not Found", [], b"\xff") == second.response
    third = read("vcr_0.json").interactions[0]
    assert RecordedRequest("GET", "http://api.example.com/ip", [("accept", "*/*")]) == third.request
    assert RecordedResponse(200, "OK", [("content-type", "text/plain")], b"hi") == third.response


def test_a_cassette_of_old_is_recorded_into_as_version_1(tmp_path: Path):
    """A file of vcrpy before 1.0 that is saved anew becomes one that vcrpy of today opens."""
    from sessionmock.routes.cassette import files

    path = tmp_path / "vcr_0.yaml"
    shutil.copy(SAMPLES / path.name, path)
    tape = read_tape(path)
    files.save(path, tape)
    again = read_tape(path)
    assert (Format.VCR_YAML, tape) == (again.format, again)


def test_betamax():
    """Text goes back into its encoding, base64 into bytes; the bare bodies and single headers of old are read."""
    first, second, third = read("betamax.json").interactions
    assert "name=caf\xe9".encode() == first.request.body
    assert RecordedResponse(201, "Created", [("content-type", "text/plain"), ("set-cookie", "a=1"), ("set-cookie", "b=2")],
                            b"caf\xe9") == first.response
    assert datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC) == first.extra.recorded_at
    assert (None, RecordedResponse(200, "OK", [("content-encoding", "gzip")], GZIPPED)) == (second.request.body, second.response)
    assert RecordedResponse(200, "", [("X-A", "1")], b"old") == third.response


def test_ruby_vcr():
    """Methods are HTTP's, bytes are bytes, a body that was inflated loses the header that says gzip."""
    first, second = read("ruby_vcr.yml").interactions
    assert RecordedRequest("GET", "https://api.example.com/users?page=1", [("Accept", "*/*"), ("User-Agent", "Ruby")]) == first.request
    assert [("Content-Type", "application/json; charset=utf-8"), ("Content-Length", "16")] == first.response.headers
    assert '{"name":"caf\xe9"}'.encode() == first.response.body
    assert datetime(2011, 11, 1, 4, 58, 44, tzinfo=UTC) == first.extra.recorded_at
    assert (b"\xff\x00\x01", b"\xff\x00", "") == (second.request.body, second.response.body, second.response.reason)
    old = read("ruby_vcr_1.yml").interactions[0]
    assert ("GET", "http://api.example.com:80/", b"Hello") == (old.method, old.uri, old.response.body)


def test_go_vcr():
    """Both versions: the reason is what follows the code, trailers and the version of HTTP are kept."""
    old, new = read("go_vcr_1.yaml").interactions[0], read("go_vcr_2.yaml").interactions[0]
    assert RecordedRequest("GET", "https://api.example.com/v1", [("Accept", "*/*")]) == old.request
    assert RecordedResponse(200, "OK", [("Content-Type", "application/json")], b'{"ok":true}\n') == old.response
    assert RecordedRequest("POST", "https://api.example.com/v2", [("Content-Type", "application/json")], b'{"a":1}') == new.request
    assert RecordedResponse(422, "Unprocessable Entity", [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")], b"\xff") == new.response
    assert Extra("HTTP/2", trailers=[("X-Sum", "1")]) == new.extra


def test_dvr():
    """Bodies are what their types say: a JSON value, text or base64; a length goes with the body that is there."""
    first, second = read("dvr.json").interactions
    assert RecordedRequest("POST", "https://api.example.com/json", [("Content-Type", "application/octet-stream")], b"\xff\x00") == first.request
    assert (b'{"ok": true}', ("Content-Length", "12")) == (first.response.body, first.response.headers[1])
    assert datetime(2016, 4, 3, 19, 18, 11, 500000, UTC) == first.extra.recorded_at
    assert (401, b"hello", None) == (second.response.status, second.response.body, second.request.body)


def test_cassetter():
    """Bodies are what their types say: a tree is its JSON, with its own length, and binary stands in hexadecimal."""
    tree, binary, text = read("cassetter.yaml").interactions
    assert ({"x": [1, None]}, {"a": 1}, 201) == (json.loads(tree.body or b""), json.loads(tree.response.body), tree.response.status)
    assert ("content-length", "8") == tree.response.headers[1]
    assert datetime(2026, 11, 29, 16, 51, 21, 14370, UTC) == tree.extra.recorded_at
    assert (None, b"\xff\x00") == (binary.body, binary.response.body)
    assert (b"a=b", b"12") == (text.body, text.response.body)


def test_ruby_and_betamax_pass_over_what_is_no_base64(tmp_path: Path):
    """A body into which a placeholder was put is read as Ruby and Python read it."""
    text = (SAMPLES / "ruby_vcr.json").read_text()
    broken = '{"encoding": "ASCII-8BIT", "base64_string": "aGVs___bG8\\n==x"}'
    entry = json.loads(text)
    entry["http_interactions"][0]["request"]["body"] = json.loads(broken)
    (tmp_path / "a.json").write_text(json.dumps(entry))
    assert b"hello" == (read_tape(tmp_path / "a.json").interactions[0].request.body or b"")[:5]


def test_har_of_browsers():
    """Blocked requests and sockets are left out, pseudo fields dropped, forms put together, decoded bodies lose their coding."""
    first, image, form = read("browser.har").interactions
    assert [("accept", "*/*")] == first.request.headers
    assert [("set-cookie", "a=1"), ("set-cookie", "b=2"), ("content-length", "12")] == first.response.headers
    assert ("HTTP/2", datetime(2025, 6, 7, 8, 9, 10, 123000, UTC)) == (first.extra.http_version, first.extra.recorded_at)
    assert b"\xff\x00" == image.response.body
    assert b"a=1+2&b=%C3%A9" == form.request.body


def test_har_of_others():
    """mitmproxy's base64, Polly's pieces, order and lists of values, Replay's bytes without a flag, Playwright's files."""
    proxied = read("mitmproxy.har").interactions[0]
    assert (b"a=1", b"\xff\x00\x01", [("a", "1"), ("A", "2")]) == (proxied.request.body, proxied.response.body, proxied.response.headers)
    gzipped, second, third = read("polly.har").interactions
    assert (GZIPPED, b"second", GZIPPED) == (gzipped.response.body, second.response.body, third.response.body)
    assert [("content-encoding", "gzip"), ("x-list", "1"), ("x-list", "2")] == gzipped.response.headers
    assert [b"\xff\xfe\x00\x01", b"abcd"] == [found.request.body for found in read("replay.har").interactions]
    assert b"hello" == read("playwright.har").interactions[0].response.body


def test_har_in_an_archive(tmp_path: Path):
    """Playwright's .har.zip is read with the bodies in it; a body that is missing is an error."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(SAMPLES / "playwright.har", "har.har")
        archive.write(next(SAMPLES.glob("*.txt")), next(SAMPLES.glob("*.txt")).name)
    assert b"hello" == read_tape(tmp_path / "a.zip").interactions[0].response.body
    shutil.copy(SAMPLES / "playwright.har", tmp_path)
    with pytest.raises(CassetteError, match=r"playwright\.har, line \d+: entry 1: the attached file 'aaf4"):
        read_tape(tmp_path / "playwright.har")


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a.txt", ".aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"])
def test_a_har_names_no_other_file(tmp_path: Path, name: str):
    """A name in a HAR is no path: only what Playwright attaches is opened."""
    text = (SAMPLES / "playwright.har").read_text().replace("aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d.txt", name)
    (tmp_path / "a.txt").write_text("secret")
    (tmp_path / "a.har").write_text(text)
    with pytest.raises(CassetteError, match="the attached file"):
        read_tape(tmp_path / "a.har")


# Written as HAR --------------------------------------------------------------------------------------------------------

LINE = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
HEADERS = st.lists(st.tuples(st.sampled_from(["A", "a", "Content-Type", "Content-Encoding"]), LINE | st.just("gzip")), max_size=4)
INTERACTIONS = st.builds(
    Interaction,
    st.builds(RecordedRequest, LINE, LINE, HEADERS, st.none() | st.binary(max_size=50) | LINE.map(str.encode)),
    st.builds(RecordedResponse, st.integers(200, 999), LINE, HEADERS,
              st.binary(max_size=50) | LINE.map(str.encode) | st.just(GZIPPED)),
    st.builds(Extra, st.sampled_from(["HTTP/1.1", "HTTP/1.0", "HTTP/2"]), st.lists(st.builds(ResponseHead, st.just(103), HEADERS, LINE), max_size=1),
              HEADERS, st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), max_size=2),
              recorded_at=st.none() | st.datetimes(datetime(1980, 1, 1), timezones=st.just(UTC)),
              metrics=st.dictionaries(st.sampled_from(METRICS), st.integers(0, 10**9 - 1))),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(INTERACTIONS, max_size=3), st.sampled_from(["har", "yaml"]))
def test_any_tape_survives_conversion(tmp_path_factory, interactions, kind):
    """Whatever was recorded, with codings that fit their bodies or not, comes back equal in every byte."""
    import os

    path = tmp_path_factory.getbasetemp() / f"converted-{os.getpid()}"
    write_tape(path, Tape(interactions), kind)
    assert interactions == read_tape(path).interactions


def test_a_har_shows_what_a_browser_would(tmp_path: Path):
    """A gzip body stands there decoded, with the exact bytes beside it; an edit of what is shown holds."""
    path = tmp_path / "a.har"
    coded = [("Content-Encoding", "gzip"), ("Content-Type", "application/json")]
    write_tape(path, Tape([interaction(GZIPPED, headers=coded)]))
    tree = json.loads(path.read_text())
    content = tree["log"]["entries"][0]["response"]["content"]
    assert {"size": 12, "mimeType": "application/json", "text": '{"ok": true}'} == content
    content["text"] = '{"ok": false}'
    path.write_text(json.dumps(tree))
    response = read_tape(path).interactions[0].response
    assert (b'{"ok": false}', [("Content-Type", "application/json")]) == (response.body, response.headers)


def test_a_layout_that_is_only_read_is_not_written(tmp_path: Path):
    """Writing a layout of others is an error that names what can be written, and no file is made."""
    for layout in (Format.BETAMAX, Format.GO_VCR):
        with pytest.raises(CassetteError, match="choose yaml, json or har"):
            write_tape(tmp_path / "a", Tape(), layout)
    with pytest.raises(CassetteError, match="no such file"):
        read_tape(tmp_path / "a")


# Codings -------------------------------------------------------------------------------------------------------------

TEXT = b'{"text": "some text that is long enough to compress, compress, compress"}'
PACKED = gzip.compress(TEXT, mtime=0)


@pytest.mark.parametrize(("coding", "body"), [
    ("gzip", PACKED), ("x-gzip", PACKED), ("deflate", zlib.compress(TEXT)), ("deflate", zlib.compress(TEXT)[2:-4]),
    ("br", brotli.compress(TEXT)), ("zstd", zstandard.compress(TEXT)), ("GZIP", PACKED), ("gzip, br", brotli.compress(b"x")),
    ("gzip", PACKED[:20]), ("gzip", b""), ("identity", TEXT), ("other", TEXT),
])
def test_a_coding_that_may_be_true_stays(coding: str, body: bytes):
    """Encoded bodies, cut ones and unknown codings keep their headers as they are."""
    headers = [("Content-Encoding", coding), ("Content-Length", "5")]
    assert headers is codings.repaired(headers, body)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "br, gzip"])
def test_a_coding_that_cannot_be_true_goes(coding: str):
    """A decoded body under a header that says otherwise loses the header and gets its own length."""
    headers = [("A", "1"), ("content-encoding", coding), ("Content-Length", "5")]
    assert [("A", "1"), ("Content-Length", str(len(TEXT)))] == codings.repaired(headers, TEXT)


@pytest.mark.parametrize("name", ["decoded.yaml", "httpx_old.yaml"])
def test_a_decoded_cassette_replays_under_httpx(name: str):
    """What vcrpy and urllib3 2 left with a header over decoded text, httpx reads."""
    import httpx

    response = read(name).interactions[0].response
    answer = httpx.Response(response.status, headers=response.headers, content=response.body)
    assert {"ok": True} == answer.json()


def test_a_server_that_lied_is_replayed_lying(tmp_path: Path):
    """A coding that the server itself named over a plain body is what was recorded, and stays."""
    lie = interaction(b"plain", headers=[("Content-Encoding", "gzip")])
    for name in ("a.yaml", "a.json", "a.har"):
        write_tape(tmp_path / name, Tape([lie]))
        assert [lie] == read_tape(tmp_path / name).interactions


def test_a_body_as_a_tree_is_json():
    """What a project's own serializer wrote as a tree in place of a body is its JSON, and its length that of this JSON."""
    found = read("parsed_body.yaml").interactions[0]
    assert ({"model": "m", "n": 1}, {"ok": True, "text": None}) == (json.loads(found.body or b""), json.loads(found.response.body))
    assert ("content-length", str(len(found.response.body))) == found.response.headers[1]


def test_vcrpy_of_aiohttp_and_tornado():
    """Bodies that vcrpy kept as trees are what was sent; pickled names are text; headers may be a list of pairs."""
    chat, form, patch = read("aiohttp.yaml").interactions
    assert {"model": "m", "n": 1, "stream": False} == json.loads(chat.body or b"")
    assert [("Content-Type", "application/json"), ("X-A", "1")] == chat.request.headers
    assert (b"a=1+2&b=c", [{"op": "replace"}]) == (form.body, json.loads(patch.body or b""))
    assert [("Content-Length", "7"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")] == form.response.headers
