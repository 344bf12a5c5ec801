"""HAR as trees: the ways in which its writers differ, and what we write."""
from __future__ import annotations

import base64
import gzip
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from sessionmock.errors import CassetteError
from sessionmock.routes.cassette import Extra, Interaction, RecordedRequest, RecordedResponse, Tape
from sessionmock.routes.cassette.formats.har import decode
from sessionmock.routes.cassette.formats.har_writer import encode
from sessionmock.routes.cassette.formats.vcr_tree import Misshapen

URL = "http://api.test/"
NAME = "a" * 40 + ".txt"


def entry(request: dict[str, Any] | None = None, response: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"request": {"method": "GET", "url": URL, **(request or {})}, "response": {"status": 200, **(response or {})}, **more}


def told(error: Misshapen, which: str, again: Any) -> CassetteError:
    return CassetteError(f"{which}: {error}")


def read(*entries: dict[str, Any]) -> list[Interaction]:
    return decode({"log": {"entries": list(entries)}}, {NAME: b"attached"}.get, told).interactions


@pytest.mark.parametrize("status", [0, -1, "0", None, 101])
def test_entries_without_an_answer_are_left_out(status: Any) -> None:
    """Blocked, failed, or of another protocol."""
    assert 1 == len(read(entry(response={"status": status}), entry()))


def test_an_entry_without_a_response_is_one_of_them() -> None:
    """As a writer leaves it that was cut off."""
    assert [] == read({"request": {}, "response": None})


def test_pollys_order_is_the_order() -> None:
    """Where every entry says it."""
    first, second = entry({"url": f"{URL}1"}, _order=2), entry({"url": f"{URL}2"}, _order=1)
    assert [f"{URL}2", f"{URL}1"] == [one.uri for one in read(first, second)]
    del second["_order"]
    assert [f"{URL}1", f"{URL}2"] == [one.uri for one in read(first, second)]


@pytest.mark.parametrize(("version", "expected"), [
    ("h2", "HTTP/2"), ("http/2.0", "HTTP/2"), ("HTTP/3", "HTTP/3"), ("HTTP/1.0", "HTTP/1.0"), ("", "HTTP/1.1"), (None, "HTTP/1.1"),
])
def test_versions_are_those_of_the_wire(version: Any, expected: str) -> None:
    """However a browser writes them."""
    assert expected == read(entry(response={"httpVersion": version}))[0].extra.http_version


@pytest.mark.parametrize(("headers", "expected"), [
    ([{"name": ":status", "value": "200"}, {"name": "A", "value": "1"}], [("A", "1")]),
    ([{"name": "A", "value": ["1", "2"]}, {"name": "B", "value": None}], [("A", "1"), ("A", "2"), ("B", "")]),
    ({"A": "1"}, [("A", "1")]), (None, []),
])
def test_headers_in_all_their_forms(headers: Any, expected: list[tuple[str, str]]) -> None:
    """Pseudo fields are none; Polly writes lists."""
    assert expected == read(entry(response={"headers": headers}))[0].response.headers


POLLY = '["' + base64.b64encode(b"one").decode() + '", "' + base64.b64encode(b"two").decode() + '"]'


@pytest.mark.parametrize(("content", "more", "expected"), [
    ({}, {}, b""), ({"text": "\xe9"}, {}, "\xe9".encode()), ({"text": "/wA=", "encoding": "base64"}, {}, b"\xff\x00"),
    ({"_file": NAME}, {}, b"attached"), ({"text": POLLY}, {"_order": 1}, POLLY.encode()), ({"text": POLLY}, {}, POLLY.encode()),
    ({"text": '{"a": "b"}', "encoding": "base64"}, {}, b'{"a": "b"}'), ({"text": "some text", "encoding": "base64"}, {}, b"some text"),
    ({"text": "/w\nA=", "encoding": "base64"}, {}, b"\xff\x00"), ({"text": "_wA=", "encoding": "Base64"}, {}, b"\xff\x00"),
    ({"text": "/wA", "encoding": "base64"}, {}, b"\xff\x00"), ({"text": "/wA", "encoding": "base64", "size": 2}, {}, b"\xff\x00"),
    ({"text": "/wA", "encoding": "base64", "size": 3}, {}, b"/wA"), ({"text": "/wB", "encoding": "base64"}, {}, b"/wB"),
])
def test_bodies_of_answers(content: dict[str, Any], more: dict[str, Any], expected: bytes) -> None:
    """Text, base64, a file beside, and what Polly makes of an encoded one."""
    assert expected == read(entry(response={"content": content}, **more))[0].response.body


PACKED = gzip.compress(b"packed", mtime=0)


@pytest.mark.parametrize(("content", "expected"), [
    ({"text": json.dumps([base64.b64encode(PACKED[:9]).decode(), base64.b64encode(PACKED[9:]).decode()]), "encoding": "base64"}, PACKED),
    ({"text": json.dumps([PACKED[:9].hex(), PACKED[9:].hex()])}, PACKED), ({"text": POLLY, "encoding": "base64"}, b"onetwo"),
    ({"text": '["news","blog"]'}, b'["news","blog"]'), ({"text": '["broken'}, b'["broken'), ({"text": '[["list"]]'}, b'[["list"]]'),
])
def test_pollys_pieces_are_told_from_a_list_of_words(content: dict[str, Any], expected: bytes) -> None:
    """They stand in the place of an encoded body alone, and decode."""
    headers = [{"name": "Content-Encoding", "value": "gzip"}]
    assert expected == read(entry(response={"headers": headers, "content": content}, _order=1))[0].response.body


@pytest.mark.parametrize(("post", "request_", "expected"), [
    (None, {}, None), ({"text": "a"}, {}, b"a"), ({"text": None}, {}, b""), ({"_file": NAME}, {}, b"attached"),
    ({"params": [{"name": "a", "value": "1 2"}, {"name": "b"}]}, {}, b"a=1+2&b="),
    ({"text": "/wA=", "encoding": "base64"}, {}, b"\xff\x00"),
    ({"text": "/wA="}, {"bodySize": 2}, b"\xff\x00"),                # whose size fits the bytes alone
    ({"text": "/wA="}, {"bodySize": 4}, b"/wA="), ({"text": "/w@="}, {"bodySize": 2}, b"/w@="), ({"text": "/wA="}, {"bodySize": 9}, b"/wA="),
])
def test_bodies_of_requests(post: Any, request_: dict[str, Any], expected: bytes | None) -> None:
    """Text, fields, base64 with a flag or without one, a file."""
    assert expected == read(entry({"postData": post, **request_}))[0].body


@pytest.mark.parametrize(("wrong", "told"), [
    (entry(response={"content": {"text": 7}}), "the text of a body is text"),
    (entry(response={"content": {"_file": "b" * 40}}), "the attached file"),
    (entry(_sessionmock={"chunks": [[1]]}), "a chunk is its first byte and its milliseconds"),
    (entry(_sessionmock={"informational": [7]}), "an informational response is a mapping"),
    (entry({"method": []}), "`method`"), ({"request": 7}, "`request` is a mapping"),
])
def test_an_entry_that_is_wrong_fails_alone(wrong: dict[str, Any], told: str) -> None:
    """In the words of the part; where there is no other, the file does."""
    with pytest.raises(CassetteError, match=f"entry 1: .*{told}"):
        read(wrong)
    broken, whole = read(wrong, entry())
    assert 200 == whole.response.status
    with pytest.raises(CassetteError, match=f"entry 1: .*{told}"):
        _ = broken.response


def written(one: Interaction) -> dict[str, Any]:
    found: dict[str, Any] = encode(Tape([one]))["log"]["entries"][0]
    return found


def test_what_has_no_place_is_left_out_or_beside() -> None:
    """A URL that cannot be split has no query, a moment that nobody knows is the first one, and comes back as none."""
    one = Interaction(RecordedRequest("GET", "http://[/?a=1"), RecordedResponse(200))
    found = written(one)
    assert ([], "1970-01-01T00:00:00.000Z", {"send": 0, "wait": 0, "receive": 0}) == (
        found["request"]["queryString"], found["startedDateTime"], found["timings"])
    assert [one] == decode(encode(Tape([one])), lambda name: None, told).interactions


def test_times_are_shown_as_a_browser_shows_them() -> None:
    """Phases in milliseconds, -1 for one that was not there; the sum leaves TLS out, which is a part of connecting."""
    metrics = {"domain_lookup_start": 0, "domain_lookup_end": 1000, "connect_start": 1000, "secure_connection_start": 2000,
               "secure_connection_end": 4000, "connect_end": 4000, "request_start": 4000, "request_end": 5000, "response_start": 7000,
               "response_end": 8000}
    extra = Extra(metrics=metrics, recorded_at=datetime(2025, 1, 1, tzinfo=UTC))
    one = Interaction(RecordedRequest("GET", f"{URL}?a=1&b"), RecordedResponse(200), extra)
    found = written(one)
    assert {"dns": 1, "connect": 3, "ssl": 2, "send": 1, "wait": 2, "receive": 1} == found["timings"]
    assert (8, "2025-01-01T00:00:00.000000Z") == (found["time"], found["startedDateTime"])
    assert [{"name": "a", "value": "1"}, {"name": "b", "value": ""}] == found["request"]["queryString"]
    plain = Interaction(one.request, one.response, Extra(metrics={"response_start": 1, "response_end": 1001}))
    assert {"dns": -1, "connect": -1, "ssl": -1, "send": 0, "wait": 0, "receive": 1} == written(plain)["timings"]
    streamed = Interaction(one.request, one.response, Extra(chunks=[(0, 1), (1, 700)]))
    assert 700 == written(streamed)["timings"]["receive"]


@pytest.mark.parametrize(("request_", "response", "lost"), [
    ({}, {"content": {"size": 1057}}, 1057), ({}, {"content": {"size": 1057, "text": ""}}, 1057), ({}, {"content": {"size": 0}}, 0),
    ({}, {"content": {"size": -1}, "headers": {"Content-Length": "9"}}, 9), ({}, {"content": {"size": 3, "text": "abc"}}, 0),
    ({"method": "HEAD"}, {"content": {"size": 1057}}, 0), ({}, {"status": 304, "content": {"size": 1057}}, 0),
    ({}, {"status": 302, "content": {"size": 9}, "headers": {"Location": "/b"}}, 0), ({}, {"status": 300, "content": {"size": 9}}, 9),
])
def test_a_body_that_the_browser_did_not_keep_is_lost(request_: dict[str, Any], response: dict[str, Any], lost: int) -> None:
    """But for answers that have none, or whose body nobody sees."""
    assert lost == read(entry(request_, response))[0].extra.lost


@pytest.mark.parametrize("url", ["data:text/plain,hi", "blob:http://a/1", "about:blank", "wss://a.test/", "chrome-extension://abc/x.js"])
def test_what_is_no_servers_is_left_out(url: str) -> None:
    """No request goes there."""
    assert 1 == len(read(entry({"url": url}), entry()))


@pytest.mark.parametrize(("kind", "content", "expected"), [
    ("text/html; charset=windows-1251", {"text": "\u0416"}, b"\xc6"),
    ("text/html", {"text": "\u0416", "mimeType": "text/html; charset=koi8-r"}, b"\xf6"),
    ("text/html; charset=iso-8859-1", {"text": "\u201cq\u201d", "size": 3}, b"\x93q\x94"),
    ("text/html", {"text": '<meta charset="koi8-r">\u0416'}, '<meta charset="koi8-r">\u0416'.encode()),
])
def test_text_goes_back_into_its_charset(kind: str, content: dict[str, Any], expected: bytes) -> None:
    """That of the header, else that of the recorder; what a document says of itself is not asked. What is written is read again."""
    found = read(entry(response={"headers": [{"name": "Content-Type", "value": kind}], "content": content}))[0]
    assert expected == found.response.body
    assert [found] == decode(encode(Tape([found])), lambda name: None, told).interactions


def test_cookies_that_were_joined_come_apart_but_for_those_that_we_wrote() -> None:
    """A server may send what looks so."""
    joined = [("Set-Cookie", "a=1, b=2")]
    assert [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")] == read(entry(response={"headers": dict(joined)}))[0].response.headers
    sent = Interaction(RecordedRequest("GET", URL), RecordedResponse(200, "", joined))
    assert [sent] == decode(encode(Tape([sent])), lambda name: None, told).interactions


def test_forms_of_requests_come_from_their_fields() -> None:
    """Where the text beside them is empty."""
    params = [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}]
    assert b"a=1&a=2" == read(entry({"postData": {"mimeType": "application/x-www-form-urlencoded", "text": "", "params": params}}))[0].body


def test_a_status_may_be_a_number_of_any_kind() -> None:
    """As writers in languages without whole numbers, and careless ones, write it."""
    assert [200] * 3 == [one.response.status for one in read(*(entry(response={"status": status}) for status in (200, "200", 200.0)))]
