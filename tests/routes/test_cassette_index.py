"""The quick reader of YAML cassettes gives what the full reader gives, for what recorders write and for all else."""
from __future__ import annotations

import base64
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sessionmock.errors import CassetteError
from sessionmock.routes.cassette import Tape, files, keys
from sessionmock.routes.cassette.formats import vcr_tree, vcr_yaml, yaml_index

PATH = Path("tape.yaml")


def full(data: bytes) -> Tape:
    return vcr_tree.decode(vcr_yaml.read(data))


def item(**more: object) -> dict[str, object]:
    request = {"body": None, "headers": {"Accept": ["*/*"]}, "method": "GET", "uri": "http://h/a?b=c"}
    response = {"body": {"string": "hi"}, "headers": {"A": ["1", "2"]}, "status": {"code": 200, "message": "OK"}}
    for key, value in more.items():
        {"body": request, "asked": request, "uri": request}.get(key, response)[
            {"asked": "headers", "answer": "body", "answered": "headers"}.get(key, key)] = value
    return {"request": request, "response": response}


def dumped(*items: object, **how: object) -> bytes:
    """As vcrpy's serializer writes it."""
    return yaml.dump({"interactions": list(items), "version": 1}, Dumper=yaml.CDumper, **how).encode()


TEXT = st.one_of(
    st.text(max_size=40),
    st.text("ab'\":#-{}[],&*!|>%@` \n\t\\", max_size=60),
    st.text("ab '\n:,{\"", min_size=60, max_size=300),
    st.sampled_from(["null", "~", "", "yes", "012", "- a", "a: b", "a #b", "---", "...", "\ufeff", "\x85", "\u2028x", "a" * 200]),
)
BODY = st.one_of(st.none(), TEXT, st.binary(max_size=120))
HEADERS = st.dictionaries(st.sampled_from(["A", "Content-Type", "null", "1", ":x", "\t"]), st.lists(TEXT, max_size=3) | TEXT, max_size=3)
ITEMS = st.builds(
    item, body=BODY, asked=HEADERS, answer=st.builds(lambda body: {"string": body}, BODY), answered=HEADERS,
    status=st.builds(lambda code, message: {"code": code, "message": message}, st.integers(0, 999), TEXT | st.none()),
)
WIDTHS = st.sampled_from([None, 20, 80, 10_000])


@settings(max_examples=200, deadline=None)
@given(st.lists(ITEMS, min_size=1, max_size=3), WIDTHS, st.booleans(), st.sampled_from([False, None]), st.booleans())
def test_what_a_dumper_writes_is_read_alike(items, width, unicode, flow, crlf):
    """Whatever PyYAML dumps in vcrpy's layout, folded or not, escaped or not, in the flow style of old times or not."""
    data = dumped(*items, width=width, allow_unicode=unicode, default_flow_style=flow)
    if crlf:
        data = data.replace(b"\n", b"\r\n")
    quick = yaml_index.read(PATH, data)
    if quick is not None:
        assert full(data) == quick


@pytest.mark.parametrize("written", [
    "null", "''", "hi", "'it''s'", "http://h/?a#b", "'a\n\n        b\n        c'", '"a\\\n        \\ b\\t\\u2603\\U0001F600"',
    '"a\n\n\n        b"', "|\n        a\n\n         b\n", "|-\n        a\n        b", "|+\n        a\n\n", "|2-\n          a\n        b",
    ">-\n        a\n        b", ">\n        a\n\n        b\n         c", "some plain\n        text\n\n        goes on",
    "!!binary |\n        " + base64.b64encode(bytes(range(200))).decode(), "!!binary 'AAAA'", "!!python/unicode 'a'", "12", "~", "-a", ":b", "?c",
    "|\n        a\n       ", "'a \n        \tb'", '"\\x41\\\n\n        b"', "caf\xe9", "'\u2603'", "a \t", "\"a\\\n          b\\\n        \\\tc\"",
])
def test_each_form_of_text_is_read_alike(written: str):
    """Folded, literal, tagged and escaped text is found by the quick reader and means the same to both."""
    data = dumped(item(answer={"string": "@@"}), item()).decode().replace("'@@'", written, 1).encode()
    quick = yaml_index.read(PATH, data)
    assert quick is not None
    assert full(data) == quick


@pytest.mark.parametrize("change", [
    ("string: hi", "string: &a hi"), ("string: hi", "string: 'a\n- request: b'"), ("string: hi", "string: hi # comment"),
    ("interactions:", "# comment\ninteractions:"), ("interactions:", "interactions: &all"), ("- request:", "-   request:"),
    ("    method: GET\n", ""), ("string: hi", "string: >1\n        hi"), ("hi", "'caf\xe9\x85x'"),
    ("version: 1", "---\nversion: 2"), ("version: 1", "version: 1\n..."), ("version: 1", "other: 2"), ("string: hi", "string:\n        hi"),
    ("string: hi", "string: {a: b}"), ("      - '1'\n", "      -   '1'\n"), ("method: GET", "method: null"),
    ("interactions:", "%TAG ! tag:x,2000:\n---\ninteractions:"), ("\n", "\n  "), ("code: 200", "code: 0x1f"), ("hi", '"a\u2028b"'),
    ("string: hi", "string: |\n        \thi"), ("string: hi", 'string: "\\xzz"'), ("string: hi", "string: !!binary |\n        AA\n       AA"),
    ("- '1'", "- |-\n          1"), ("      A:", f"      {'A' * 2000}:"),
])
def test_other_layouts_are_left_to_the_full_reader(tmp_path: Path, change: tuple[str, str]):
    """Anchors, comments, other depths, directives: a file gives the tape of the full reader, or its error."""
    data = dumped(item(), item()).decode().replace(*change).encode()
    path = tmp_path / "a.yaml"
    path.write_bytes(data)
    try:
        expected: object = full(data)
    except (vcr_yaml.YAMLError, vcr_tree.Misshapen) as error:
        expected = str(error)
    try:
        found: object = files.load(path)
        repr([i.response for i in found.interactions])    # type: ignore[union-attr]
    except CassetteError as error:
        assert str(error).startswith(f"{path}, line ")
        found = str(error).partition(": ")[2]
    assert expected == found


def test_recorders_files_take_the_quick_way(tmp_path: Path):
    """What this package writes, with everything that vcrpy cannot say, and what vcrpy wrote before and after PyYAML 5.1."""
    from .test_cassette_files import ALL_BYTES, Extra, ResponseHead, interaction

    extra = Extra("HTTP/2", [ResponseHead(103, [("Link", "<x>; rel=preload")])], [("X-Sum", "1")], [(0, 0), (3, 250)])
    repeated = interaction(headers=[("B", "1"), ("A", "2"), ("B", "3")], extra=extra)
    tape = Tape([interaction(ALL_BYTES, asked=b"a: b\n- c\n"), repeated], {"seed": 7})
    files.save(tmp_path / "a.yaml", tape)
    assert tape == yaml_index.read(PATH, (tmp_path / "a.yaml").read_bytes())
    for flow in (False, None):
        assert yaml_index.read(PATH, dumped(item(), item(body="a=1"), default_flow_style=flow)) is not None


@pytest.mark.parametrize("line", ["method: DELETE", "headers: {}", "body: twice"])
def test_a_key_that_stands_twice_is_the_full_readers_matter(line: str):
    """It takes the last one, of which the quick reader would not know."""
    data = dumped(item()).replace(b"    uri:", b"    " + line.encode() + b"\n    uri:")
    assert line.encode() in data
    assert yaml_index.read(PATH, data) is None


def test_only_what_is_asked_for_is_read(monkeypatch):
    """Method, URL and body of a request are known without its answer being read."""
    tape = yaml_index.read(PATH, dumped(item(body="a=1", answer={"string": "never"})))
    assert tape is not None
    monkeypatch.setattr(vcr_tree, "decode_item", None)
    assert ("GET", "http://h/a?b=c", b"a=1") == (tape.interactions[0].method, tape.interactions[0].uri, tape.interactions[0].body)


@pytest.mark.parametrize("wrong", ["!!binary '@'", '"\\ud800"', '"\\q"', "!!binary |\n        @@"])
def test_an_error_in_a_body_is_raised_at_its_first_use(tmp_path: Path, wrong: str):
    """A file whose layout is whole is opened; the body that is wrong names file and line when it is asked for, each time."""
    head, _, tail = dumped(item(), item()).decode().rpartition("string: hi")
    path = tmp_path / "a.yaml"
    path.write_text(f"{head}string: {wrong}{tail}")
    tape = files.load(path)
    assert tape is not None
    assert b"hi" == tape.interactions[0].response.body
    for _ in range(2):
        with pytest.raises(CassetteError, match=rf"a\.yaml, line {head.count(chr(10)) + 1}: "):
            _ = tape.interactions[1].response


def test_a_broken_body_fails_the_request_that_it_answers(tmp_path: Path):
    """A request whose answer cannot be read fails with the error that names file and line; others are answered."""
    from sessionmock.errors import UNDERLYING
    from sessionmock.models.message import Request
    from sessionmock.routes.cassette import CassetteRoute

    from .doubles import FakeHost, RecordingSink

    path = tmp_path / "a.yaml"
    path.write_bytes(dumped(item(uri="http://h/1"), item(uri="http://h/2")).replace(b"string: hi", b'string: "\\ud800"', 1))
    channel = CassetteRoute(path).bind(None, FakeHost())    # type: ignore[arg-type]
    broken, whole = RecordingSink(), RecordingSink()
    channel.open(Request("GET", "http://h/1", []), broken)
    channel.open(Request("GET", "http://h/2", []), whole)
    assert "a.yaml, line 11: " in str(broken.calls[-1][1].user_info[UNDERLYING])
    assert ("data", b"hi") in whole.calls


URLS = st.one_of(
    st.text("ah:/?&=#%+.;@[] é\\\t1", max_size=20).map("http://h".__add__),
    st.builds("{}://{}{}?{}".format, st.sampled_from(["http", "https", "HTTP", "ftp"]), st.sampled_from(["h", "H.x", "h:80", "[::1]", "1.2"]),
              st.text("/a%;.~", max_size=6), st.text("ab=&+%?41/", max_size=12)),
    st.text(max_size=10),
)


@settings(max_examples=500, deadline=None)
@given(URLS)
def test_the_short_way_to_a_key_is_the_long_one(url: str):
    """A common URL has the key that taking it apart in full gives."""
    assert keys.split_key(url) == keys.url_key(url)


PARSED = """interactions:
- request:
    headers:
      content-type:
      - application/json
    method: POST
    parsed_body:
      messages:
      - content: |-
          uri: http://no/

          - request:
        role: user
      - content: 'it''s
          uri: not this one

          either'
        more: "a\\
          \\ b: c"
      model: a plain text
        that goes on
      nested:
      - - 1
        - -0.5
      'odd key': []
      $ref: {}
      none: null
      done: true
    uri: http://h/1
  response:
    headers: {}
    parsed_body:
      ok: true
    status:
      code: 200
      message: OK
version: 1
"""


def test_a_body_as_a_tree_takes_the_quick_way():
    """Whatever stands in it, it ends where it ends; it is put together when it is asked for."""
    quick = yaml_index.read(PATH, PARSED.encode())
    assert quick is not None
    assert ("POST", "http://h/1") == (quick.interactions[0].method, quick.interactions[0].uri)
    assert full(PARSED.encode()) == quick


def test_a_body_as_a_tree_with_aliases_is_understood_when_asked_for(tmp_path: Path):
    """The full reader has it, and the same comes of it."""
    text = PARSED.replace("ok: true", "ok: &a true").replace("version: 1", "") + PARSED.partition("\n")[2].replace("ok: true", "ok: *a")
    (tmp_path / "a.yaml").write_text(text)
    found = files.load(tmp_path / "a.yaml")
    assert yaml_index.read(PATH, text.encode()) is None
    assert full(text.encode()) == found
    assert [b'{"ok": true}'] * 2 == [one.response.body for one in found.interactions]
