"""Cassette files: what is written is read back, by this reader and by vcrpy, and what is broken says where."""
from __future__ import annotations

import gzip
import http.server
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessionmock.errors import CassetteError
from sessionmock.models.message import ResponseHead
from sessionmock.routes.cassette import Extra, Interaction, RecordedRequest, RecordedResponse, Tape, files
from sessionmock.routes.cassette.formats import vcr_yaml, yaml_writer

ALL_BYTES = bytes(range(256)) * 3


def interaction(body: bytes = b"ok", *, method: str = "GET", uri: str = "http://127.0.0.1:1/", asked: bytes | None = None,
                headers: list[tuple[str, str]] | None = None, extra: Extra | None = None) -> Interaction:
    return Interaction(
        RecordedRequest(method, uri, [("Accept", "*/*")], asked),
        RecordedResponse(200, "OK", headers or [("Content-Type", "text/plain")], body),
        extra or Extra(),
    )


@pytest.fixture(params=["tape.yaml", "tape.json"])
def path(request, tmp_path: Path) -> Path:
    return tmp_path / request.param


# Round trips ---------------------------------------------------------------------------------------------------------

TEXT = st.text(max_size=30)
ODD_TEXT = st.one_of(TEXT, st.text(st.characters(categories=["Cs", "Cc", "Zs", "Zl", "Po", "L"]), max_size=12),
                     st.sampled_from(["null", "~", "yes", "012", "1.5", "2020-01-01", "<<", "=", "'", "\\", "#c", "\ufeff"]),
                     st.sampled_from(["- a", "a: b", " x "]))
HEADERS = st.lists(st.tuples(st.one_of(ODD_TEXT, st.sampled_from(["A", "a", "B"])), ODD_TEXT), max_size=5)
BODIES = st.one_of(st.binary(max_size=200), ODD_TEXT.map(lambda t: t.encode("utf-8", "surrogatepass")),
                   st.text("\r\n\t :-x", max_size=40).map(str.encode),
                   st.text("\n\t #:-'{\"ab", min_size=1, max_size=200).map(str.encode))
HEADS = st.builds(ResponseHead, st.integers(100, 199), HEADERS, ODD_TEXT)
KEPT = st.none() | st.booleans() | st.integers() | ODD_TEXT.filter(str.isprintable)
INTERACTIONS = st.builds(
    Interaction,
    st.builds(RecordedRequest, ODD_TEXT, ODD_TEXT, HEADERS, st.none() | BODIES),
    st.builds(RecordedResponse, st.integers(0, 999), ODD_TEXT, HEADERS, BODIES),
    st.builds(Extra, st.sampled_from(["HTTP/1.1", "HTTP/1.0", "HTTP/2"]), st.lists(HEADS, max_size=2), HEADERS,
              st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**6)), max_size=3),
              st.dictionaries(st.text("abc", min_size=1, max_size=3), KEPT, max_size=2)),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(INTERACTIONS, max_size=3))
def test_any_tape_survives_yaml(tmp_path_factory, interactions):
    """Whatever was recorded comes back from a YAML file equal in every byte."""
    path = tmp_path_factory.getbasetemp() / f"survives-{os.getpid()}.yaml"
    files.save(path, Tape(interactions, {"key": 1}))
    assert Tape(interactions, {"key": 1}) == files.load(path)


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.dates() | ODD_TEXT.filter(str.isprintable),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text(max_size=5) | st.just("long" * 400), TREES, min_size=1, max_size=3))
def test_any_tree_is_written_as_yaml_reads_it(tree):
    """What is written means the same to PyYAML, in C and in Python, and to this package's reader."""
    import yaml

    written = yaml_writer.dump(tree)
    assert tree == yaml.load(written, Loader=yaml.CSafeLoader) == yaml.load(written, Loader=yaml.SafeLoader)
    assert tree == vcr_yaml.typed(vcr_yaml.read(written))


def test_text_of_several_lines_is_written_as_it_is(tmp_path: Path):
    """A body of several lines stands in the file line for line, so that a review can read it."""
    files.save(tmp_path / "a.yaml", Tape([interaction(b'{\n  "a": 1,\n\n\t"b": 2\n}\n')]))
    assert '      string: |\n        {\n          "a": 1,\n\n        \t"b": 2\n        }\n' in (tmp_path / "a.yaml").read_text()


def test_exact_bytes_survive(path: Path):
    """Line ends, text that looks like other types, repeated headers, trailers and heads come back as they were."""
    hints = ResponseHead(103, [("Link", "<a>"), ("Link", "<b>")], "Early Hints")
    tape = Tape([
        interaction(b"a\r\nb\n\n  c\t \n", headers=[("A", "1"), ("B", "012"), ("A", "caf\xe9")],
                    extra=Extra("HTTP/1.0", [hints], [("X-Sum", "1")], [(0, 0), (3, 250)])),
        interaction("snow ☃ \U0001f600".encode(), method="POST", asked=b""),
        Interaction(RecordedRequest("GET", "http://h/", [("X", "1"), ("x", "2"), ("X", "3")]), RecordedResponse(299, "Tr\xe8s")),
    ])
    files.save(path, tape)
    assert tape == files.load(path)


@pytest.mark.parametrize("body", [gzip.compress(b"x" * 500, mtime=0), ALL_BYTES, b"\xff\xfe\x00a", b"\xed\xa0\x80"])
def test_binary_bodies_survive(tmp_path: Path, body: bytes):
    """Bytes that are no text stay exactly those bytes, in both directions."""
    files.save(tmp_path / "a.yaml", Tape([interaction(body, asked=body)]))
    loaded = files.load(tmp_path / "a.yaml")
    assert loaded is not None
    assert (body, body) == (loaded.interactions[0].request.body, loaded.interactions[0].response.body)


def test_json_holds_bytes_as_base64(tmp_path: Path):
    """Bodies that are no text, in both directions; those that are stay text."""
    path = tmp_path / "tape.json"
    tape = Tape([interaction(), interaction(b"\x89PNG\r\n\x1a\n\xff")])
    tape.interactions[1].request.body = b"\xfe"
    files.save(path, tape)
    assert '"base64_string": "iVBORw0KGgr/"' in path.read_text()
    again = files.load(path)
    assert again is not None
    assert tape.interactions == again.interactions


def test_the_same_tape_gives_the_same_file(path: Path):
    """Writing is deterministic, and a loaded file written again does not change."""
    files.save(path, Tape([interaction(headers=[("B", "1"), ("A", "2"), ("B", "3")])]))
    before = path.read_bytes()
    tape = files.load(path)
    assert tape is not None
    files.save(path, tape)
    assert before == path.read_bytes()


def test_writing_makes_folders_and_follows_links(tmp_path: Path):
    """Missing folders are made, a link keeps pointing where it pointed, and nothing is left beside the file."""
    target = tmp_path / "deep" / "er" / "tape.yaml"
    link = tmp_path / "link.yaml"
    link.symlink_to(target)
    files.save(link, Tape([interaction()]))
    assert link.is_symlink()
    assert [target] == list(target.parent.iterdir())


# What others wrote ---------------------------------------------------------------------------------------------------

def load_text(tmp_path: Path, text: str, name: str = "a.yaml") -> Tape:
    (tmp_path / name).write_text(text)
    tape = files.load(tmp_path / name)
    assert tape is not None
    return tape


OLD = """
interactions:
- request:
    body: {body}
    headers: {{Accept: ['*/*'], X-Plain: text}}
    method: POST
    uri: http://h/a
  response:
    body: {answer}
    headers: {{Content-Length: [012], X-Flag: yes}}
    status: {{code: 200, message: {message}}}
"""


@pytest.mark.parametrize(("written", "expected"), [
    ("null", None), ("''", b""), ("a=1", b"a=1"), ("!!binary /w==", b"\xff"),
    ("!!python/unicode 'a'", b"a"), ("!!python/str 'a'", b"a"),
    ("!!python/object/new:_io.BytesIO {state: !!python/tuple [!!binary /w==, 0, null]}", b"\xff"),
    ("!!python/object/apply:builtins.iter {args: [[ab, c]]}", b"abc"),
    ("&a text", b"text"), ("12", b"12"),
])
def test_request_bodies_of_all_times_are_read(tmp_path: Path, written: str, expected: bytes | None):
    """Bodies that vcrpy wrote in any version, tagged or not, are read without making an object."""
    tape = load_text(tmp_path, OLD.format(body=written, answer="{string: x}", message="OK"))
    assert expected == tape.interactions[0].request.body


@pytest.mark.parametrize(("answer", "message", "expected"), [
    ("{string: hi}", "OK", (b"hi", "OK")), ("null", "null", (b"", "")), ("{string: null}", "''", (b"", "")),
    ("hi", "Not Found", (b"hi", "Not Found")),
    ("{encoding: x, string: !!binary /w==}", "OK", (b"\xff", "OK")),
])
def test_responses_of_all_times_are_read(tmp_path: Path, answer: str, message: str, expected: tuple[bytes, str]):
    """A body may be null, bare or in a mapping, the message null, a header a plain string or an unquoted number."""
    response = load_text(tmp_path, OLD.format(body="null", answer=answer, message=message)).interactions[0].response
    assert expected == (response.body, response.reason)
    assert [("Content-Length", "012"), ("X-Flag", "yes")] == response.headers


def test_old_httpx_layout_is_read(tmp_path: Path):
    """What vcrpy 4.1 to 5.1 wrote for httpx (status_code, content) is read."""
    tape = load_text(tmp_path, """
interactions:
- request: {body: '', headers: {accept: ['*/*']}, method: GET, uri: 'http://h/'}
  response: {content: text, headers: {content-type: [text/plain]}, http_version: HTTP/1.0, status_code: 201}
version: 1
""")
    assert RecordedResponse(201, "", [("content-type", "text/plain")], b"text") == tape.interactions[0].response
    assert Extra("HTTP/1.0") == tape.interactions[0].extra


def test_a_header_name_in_bytes_is_read(tmp_path: Path):
    """A name that stands as bytes, UTF-8 or not, is text as the wire's would be."""
    tape = load_text(tmp_path, """
interactions:
- request: {method: GET, uri: 'http://h/', headers: {!!binary hw==: [x], !!binary w6k=: [y]}}
  response: {status: {code: 200}, headers: {}, body: {string: ''}}
""")
    assert [("\x87", "x"), ("\xe9", "y")] == tape.interactions[0].request.headers


def test_shared_headers_are_followed(tmp_path: Path):
    """Anchors and aliases, as a dumper makes of shared lists, stand for what they name."""
    tape = load_text(tmp_path, """
interactions:
- request: {method: GET, uri: 'http://h/', headers: &id001 {A: &id002 ['1'], B: *id002}}
  response: {status: {code: 200}, headers: *id001, body: {string: ''}}
""")
    assert [("A", "1"), ("B", "1")] == tape.interactions[0].request.headers == tape.interactions[0].response.headers


def test_unknown_keys_and_metadata_are_kept(path: Path):
    """Keys of a response that are not ours, and vcrpy's metadata, survive a load and a save with their types."""
    tape = Tape([interaction(extra=Extra(unknown={"recorded_by": {"tool": "x", "n": 3, "on": True}}))], {"seed": 7, "name": "7"})
    files.save(path, tape)
    assert tape == files.load(path)


def test_missing_and_empty_files_are_no_tape(path: Path):
    """No file and an empty file are the same: nothing recorded yet."""
    assert files.load(path) is None
    path.write_text(" \n")
    assert files.load(path) is None


def test_an_edit_by_hand_wins_over_the_extra(tmp_path: Path):
    """Where vcrpy's part of a file was edited and the extra part no longer says the same, the edit holds."""
    path = tmp_path / "a.yaml"
    files.save(path, Tape([interaction(headers=[("A", "1"), ("B", "2"), ("A", "3")])]))
    text = path.read_text()
    assert "sessionmock:" in text
    path.write_text(text.replace("      B:\n      - '2'", "      B:\n      - '9'", 1))
    tape = files.load(path)
    assert tape is not None
    assert [("A", "1"), ("A", "3"), ("B", "9")] == tape.interactions[0].response.headers


# Broken files --------------------------------------------------------------------------------------------------------

GOOD = """interactions:
- request: {method: GET, uri: u}
  response:
    status: {code: 200, message: OK}
    body: {string: x}
    headers: {}
"""


@pytest.mark.parametrize(("text", "line", "word"), [
    ("interactions: [\n\n", 3, "node content"),
    ("- request: 1\n", 1, "`request` is a mapping"),
    ("text\n", 1, "mapping"),
    ("{}\n", 1, "interactions"),
    ("interactions: {}\n", 1, "interactions"),
    (GOOD + "version: 7\n", 1, "version 7"),
    (GOOD + "- 5\n", 1, "an interaction is a mapping"),
    (GOOD.replace("code: 200", "code: fine"), 4, "status code is a number"),
    (GOOD.replace("method: GET, ", ""), 2, "`method`"),
    (GOOD.replace("string: x", "string: !!binary '_'"), 5, "base64"),
    (GOOD.replace("string: x", "string: !!python/object/apply:os.system [id]"), 5, "make an object"),
    (GOOD.replace("headers: {}", "headers: {A: [{b: c}]}"), 6, "header A is text"),
    (GOOD.replace("headers: {}", "headers: {[a]: b}"), 6, "key is text"),
    (GOOD.replace("string: x", "string: *gone"), 5, "alias"),
    (GOOD.replace("headers: {}", "headers: &a {A: *a}"), 6, "alias"),
    (GOOD + "metadata: " + "[" * 200000 + "\n", 7, "nest"),      # "nested more than ...", or what libyaml says since 0.2.6
    (GOOD.replace("uri: u", 'uri: "\\ud800"'), 2, "escape"),
])
def test_a_broken_file_names_its_line(tmp_path: Path, text: str, line: int, word: str):
    """A file that is no cassette is a CassetteError with the file's name and the line."""
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    with pytest.raises(CassetteError) as caught:
        files.load(path)
    assert str(caught.value).startswith(f"{path}, line {line}: ")
    assert word in str(caught.value)


def test_aliases_that_multiply_are_refused(tmp_path: Path):
    """A file of a few lines that stands for a billion nodes is refused before it is expanded."""
    lines = ["a0: &a0 [x]"] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    path = tmp_path / "bomb.yaml"
    path.write_text("\n".join(lines) + "\n" + GOOD)
    with pytest.raises(CassetteError, match=r"line \d+: aliases"):
        files.load(path)


@pytest.mark.parametrize(("data", "line"), [
    (b'{"interactions": [\n{]}', 2),
    (b'{"interactions": [\n{"request": {"method": "GET", "uri": "u"},\n"response": {\n"status": {"code": "x"}}}]}', 4),
    (b'{"a": "\n\xff"}', 2),
])
def test_a_broken_json_file_names_its_line(tmp_path: Path, data: bytes, line: int):
    """A JSON file too says where it is wrong."""
    path = tmp_path / "broken.json"
    path.write_bytes(data)
    with pytest.raises(CassetteError, match=rf"broken\.json, line {line}: "):
        files.load(path)


def test_text_that_is_not_utf8_names_its_line(tmp_path: Path):
    """A YAML file in another encoding is a CassetteError with the line of the first bad byte."""
    path = tmp_path / "latin.yaml"
    path.write_bytes(GOOD.encode() + b"# caf\xe9\n")
    with pytest.raises(CassetteError, match="line 7: not UTF-8"):
        files.load(path)


def test_without_libyaml_the_same_is_read(tmp_path: Path, monkeypatch):
    """Where PyYAML was built without libyaml, its Python parser and emitter give the same tape."""
    import yaml

    tape = Tape([interaction(ALL_BYTES, headers=[("A", "caf\xe9"), ("B", "x" * 300)])])
    monkeypatch.delattr(yaml, "CSafeLoader")
    monkeypatch.delattr(yaml, "CSafeDumper")
    files.save(tmp_path / "a.yaml", tape)
    assert tape == files.load(tmp_path / "a.yaml")
    (tmp_path / "b.yaml").write_bytes(GOOD.encode() + b"# caf\xe9\n")
    with pytest.raises(CassetteError, match="line 7: "):
        files.load(tmp_path / "b.yaml")


def test_importing_the_package_imports_no_yaml():
    """The cassette route brings in no PyYAML, httpx, asyncio or vcrpy."""
    code = ("import sys, sessionmock; before = set(sys.modules); import sessionmock.routes.cassette; "
            "print([m for m in ('yaml', 'httpx', 'asyncio', 'vcr') if m in sys.modules.keys() - before])")
    assert "[]\n" == subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_a_missing_library_names_the_extra(tmp_path: Path, monkeypatch):
    """Without PyYAML a YAML cassette of uncommon layout is an error that says what to install; others are read."""
    (tmp_path / "a.yaml").write_text(GOOD)
    files.save(tmp_path / "b.yaml", Tape([interaction()]))
    files.save(tmp_path / "a.json", Tape([interaction()]))
    monkeypatch.setitem(sys.modules, "yaml", None)
    assert Tape([interaction()]) == files.load(tmp_path / "b.yaml")
    with pytest.raises(CassetteError, match=r"sessionmock\[cassette\]"):
        files.load(tmp_path / "a.yaml")
    assert Tape([interaction()]) == files.load(tmp_path / "a.json")


# vcrpy as the second reader ------------------------------------------------------------------------------------------

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        asked = self.rfile.read(length)
        bodies = {"/gzip": gzip.compress(b"hello " * 50, mtime=0), "/binary": ALL_BYTES, "/echo": asked}
        body = bodies.get(self.path.partition("?")[0], b'{"a": 1}\r\n')
        self.send_response(200)
        if self.path == "/gzip":
            self.send_header("Content-Encoding", "gzip")
        for cookie in ("a=1", "b=2"):
            self.send_header("Set-Cookie", cookie)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *arguments: object) -> None:
        """Stay quiet."""


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


ASKED = [("GET", "/json?b=2&a=1", None), ("GET", "/gzip", None), ("GET", "/binary", None),
         ("POST", "/echo", b'{"n": 1}'), ("POST", "/echo", ALL_BYTES)]


def ask(url: str) -> list[tuple[int, str, bytes, list[str]]]:
    """What an httpx client gets for each of ASKED."""
    import httpx

    answers = []
    with httpx.Client(trust_env=False) as client:
        for method, target, body in ASKED:
            with client.stream(method, url + target, content=body) as response:
                cookies = response.headers.get_list("set-cookie")
                answers.append((response.status_code, response.reason_phrase, response.read(), cookies))
    return answers


def test_what_vcrpy_records_is_read(tmp_path: Path, server: str):
    """A file that vcrpy recorded from a real server holds the server's exact bytes for this reader."""
    import vcr

    path = tmp_path / "vcr.yaml"
    with vcr.use_cassette(str(path)):
        ask(server)
    tape = files.load(path)
    assert tape is not None
    assert [(method, server + target, body or b"") for method, target, body in ASKED] == [
        (i.request.method, i.request.uri, i.request.body) for i in tape.interactions
    ]
    bodies = [i.response.body for i in tape.interactions]
    assert [b'{"a": 1}\r\n', gzip.compress(b"hello " * 50, mtime=0), ALL_BYTES, b'{"n": 1}', ALL_BYTES] == bodies
    assert ["a=1", "b=2"] == [value for name, value in tape.interactions[0].response.headers if name.lower() == "set-cookie"]


@pytest.mark.parametrize("name", ["again.yaml", "again.json"])
def test_what_we_write_vcrpy_replays(tmp_path: Path, server: str, name: str, monkeypatch):
    """vcrpy replays our file to httpx, byte for byte, with no server there; and writes it again without losing our part."""
    import vcr

    kind = name.rpartition(".")[2]
    if kind == "json":
        monkeypatch.setattr(sys.modules[__name__], "ASKED", [ASKED[0], ASKED[3]])
    live = ask(server)
    with vcr.use_cassette(str(tmp_path / f"vcr.{kind}"), serializer=kind):
        ask(server)
    tape = files.load(tmp_path / f"vcr.{kind}")
    assert tape is not None
    for item in tape.interactions:
        item.request.uri = item.request.uri.replace(server, "http://127.0.0.1:9")
        item.extra = Extra("HTTP/1.0", [ResponseHead(103, [("Link", "<x>")])], [("X-Sum", "1")], [(0, 0), (1, 5)])
    tape.interactions[0].response.headers += [("X-Late", "1"), ("set-cookie", "c=3")]
    tape.interactions[0].request.headers += [("X-Twice", "1"), ("X-Twice", "2")]
    if kind == "yaml":
        tape.interactions[0].response.headers.append(("X-Latin", "caf\xe9"))
    files.save(tmp_path / name, tape)
    live[0][3].append("c=3")
    with vcr.use_cassette(str(tmp_path / name), record_mode="none", serializer=kind) as played:
        assert live == ask("http://127.0.0.1:9")
        assert played.all_played
        played._save(force=True)
    assert tape == files.load(tmp_path / name)


def test_the_layout_is_vcrpys(tmp_path: Path):
    """vcrpy's own serializer gives the same tree for what it read from our file."""
    import vcr.serialize
    from vcr.serializers import yamlserializer

    path = tmp_path / "a.yaml"
    files.save(path, Tape([interaction(b"text \xe2\x98\x83", asked=b"a=1"), interaction(ALL_BYTES)]))
    requests, responses = vcr.serialize.deserialize(path.read_text(), yamlserializer)
    text = vcr.serialize.serialize({"requests": requests, "responses": responses}, yamlserializer)
    assert vcr_yaml.read(text.encode()) == vcr_yaml.read(path.read_bytes())
    assert {"interactions", "version"} == set(json.loads(json.dumps(vcr_yaml.read(path.read_bytes()), default=repr)))
