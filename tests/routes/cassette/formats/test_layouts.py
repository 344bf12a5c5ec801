"""Bytes of files: known by what is in them, and written as is wanted."""
from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from sessionmock.errors import CassetteError, Code
from sessionmock.routes.cassette import Extra, Format, Interaction, RecordedRequest, RecordedResponse, Tape
from sessionmock.routes.cassette.formats import layouts
from sessionmock.routes.cassette.formats.layouts import decode, encode, layout_for
from sessionmock.routes.cassette.interaction import LEFT, Failure

URL = "http://api.test/"
ITEM = {"request": {"method": "GET", "uri": URL}, "response": {"status": {"code": 200, "message": "OK"}, "body": {"string": "a"}}}
HAR = {"log": {"entries": [{"request": {"method": "GET", "url": URL}, "response": {"status": 200, "content": {"text": "a"}}}]}}


def read(data: bytes, name: str = "a.yaml") -> Tape:
    return decode(Path(name), data, lambda name: None)


def zipped(*members: tuple[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in members:
            archive.writestr(name, data)
    return made.getvalue()


@pytest.mark.parametrize(("data", "layout"), [
    (json.dumps({"interactions": [ITEM], "version": 1}).encode(), Format.VCR_JSON),
    (b"\xef\xbb\xbf \n" + json.dumps({"interactions": [ITEM], "version": 1}).encode(), Format.VCR_JSON),
    (json.dumps({"interactions": [ITEM], "version": 1, "more": 1}).encode(), Format.VCR_JSON),      # not read late
    (b"{interactions: [{request: {method: GET, uri: 'http://api.test/'}, response: {status: {code: 200}, body: a}}]}", Format.VCR_YAML),
    (b"interactions:\n- request: {method: GET, uri: 'http://api.test/'}\n  response: {status: {code: 200}, body: a}\n", Format.VCR_YAML),
    (json.dumps(HAR).encode(), Format.HAR),
    (zipped(("har.har", json.dumps(HAR).encode())), Format.HAR),
])
def test_what_is_in_a_file_says_how_it_is_read(data: bytes, layout: Format) -> None:
    """Whatever its name; with a byte order mark, in brackets as YAML has them too, or in an archive."""
    tape = read(data)
    assert (layout, ["GET"], [b"a"]) == (tape.format, [one.method for one in tape.interactions], [one.response.body for one in tape.interactions])


@pytest.mark.parametrize(("data", "name", "told"), [
    (b"{\n'", "a.json", r"a\.json, line 2: not JSON"),
    (b"{\n'", "a.yaml", r"a\.yaml, line \d: "),
    (b'{"interactions": [\n{"request": 7}]}', "a.json", r"a\.json, line 2: "),
    (b'{"log": {"entries": [\n7]}}', "a.har", r"a\.har, line 1: entry 1: an entry"),
    (b"7", "a.yaml", r"a\.yaml, line 1: a cassette is a mapping"),
    (zipped(("a.txt", b"")), "a.zip", r"a\.zip, line 1: an archive that cannot be read: no \.har in it"),
    (b"PK\x03\x04 and nothing else", "a.zip", r"a\.zip, line 1: an archive that cannot be read"),
    (zipped(("a.har", b"{")), "a.zip", r"a\.zip, line 1: not JSON"),
])
def test_what_is_wrong_is_told_with_its_line(data: bytes, name: str, told: str) -> None:
    """As far as somebody knows it."""
    with pytest.raises(CassetteError, match=told):
        read(data, name)


def test_an_archive_that_would_fill_the_memory_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it says of its size is read first."""
    monkeypatch.setattr(layouts, "MAX_BYTES", 1000)
    with pytest.raises(CassetteError, match="more than 1000 bytes when unpacked"):
        read(zipped(("a.har", json.dumps(HAR).encode()), ("b.txt", b"x" * 1000)), "a.zip")


@pytest.mark.parametrize(("name", "layout"), [
    ("a.json", Format.VCR_JSON), ("a.HAR", Format.HAR), ("a.yml", Format.VCR_YAML), ("a", Format.VCR_YAML),
])
def test_a_new_file_has_the_layout_of_its_name(name: str, layout: Format) -> None:
    """What is none of the names that are known is YAML."""
    assert layout is layout_for(Path(name))


@pytest.mark.parametrize("layout", [Format.VCR_YAML, Format.VCR_JSON, Format.HAR])
def test_what_is_written_is_read_again(layout: Format) -> None:
    """In each layout that is written."""
    tape = Tape([Interaction(RecordedRequest("PUT", URL, [("A", "1")], b"asked"), RecordedResponse(201, "Made", [("B", "2")], b"\xc3\xa9"))])
    again = read(encode(Path("a"), tape, layout))
    assert (layout, tape.interactions) == (again.format, again.interactions)


@pytest.mark.parametrize("layout", [layout for layout in Format if layout.written and layout is not Format.VCR_0])
@pytest.mark.parametrize("failure", [
    LEFT, Failure(Code.TIMED_OUT), Failure(Code.NETWORK_CONNECTION_LOST, "reset: 'by' \"peer\" #1", "ConnectionResetError")])
@pytest.mark.parametrize("response", [RecordedResponse(0), RecordedResponse(206, "Part", [("B", "2")], b"\xff\xc3")])
def test_an_answer_that_is_not_whole_is_one_again(layout: Format, failure: Failure, response: RecordedResponse) -> None:
    """With or without a head, and bytes that are no text, in each layout that is written."""
    tape = Tape([Interaction(RecordedRequest("PUT", URL, [], b"\xff\x00"), response, Extra(failure=failure, cut=bool(response.status)))])
    data = encode(Path("a"), tape, layout)
    again = read(data)
    assert (layout, tape.interactions) == (again.format, again.interactions)
    assert data == encode(Path("a"), again, layout)


def test_a_failure_that_nobody_knows_is_told() -> None:
    """Its code is a name of URLError.Code."""
    tape = Tape([Interaction(RecordedRequest("GET", URL), RecordedResponse(0), Extra(failure=Failure(Code.TIMED_OUT)))])
    data = encode(Path("a"), tape, Format.VCR_YAML).replace(b"TIMED_OUT", b"FORGOTTEN")
    with pytest.raises(CassetteError, match=r"line 1\d: the code of a failure is a name of URLError.Code, not 'FORGOTTEN'"):
        read(data).interactions[0].read()


def test_what_cannot_be_said_is_told() -> None:
    """The layouts of others are only read."""
    tape = Tape([Interaction(RecordedRequest("PUT", URL, [], b"\xff"), RecordedResponse(200))])
    with pytest.raises(CassetteError, match=r"a: files of DVR are read, not written"):
        encode(Path("a"), tape, Format.DVR)
