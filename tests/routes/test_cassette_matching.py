"""Matching: bodies by meaning, vcrpy's matchers and a user's own, the order of answers, and what a match costs."""
from __future__ import annotations

import threading
from pathlib import Path

import pytest

from sessionmock import URLError, URLSession, URLSessionConfiguration, use_route
from sessionmock.errors import InvalidArgumentException
from sessionmock.models.message import Request
from sessionmock.routes.cassette import CassetteRoute, Interaction, RecordedRequest, RecordedResponse, Tape, files
from sessionmock.routes.cassette.asked import Asked
from sessionmock.routes.cassette.bodies import meaning, multipart, parts, raw, read_body
from sessionmock.routes.cassette.matching import Index

from .doubles import FakeHost, RecordingSink
from .test_cassette_route import URL, get, item


@pytest.fixture
def tape(tmp_path: Path):
    """Writes a cassette and gives its path."""
    def make(*interactions: Interaction) -> Path:
        files.save(tmp_path / "tape.yaml", Tape(list(interactions)))
        return tmp_path / "tape.yaml"
    return make


def uploaded(boundary: str, *fields: tuple[str, str, str, bytes]) -> bytes:
    """A multipart body of (name, file name, type, bytes)."""
    body = b""
    for name, filename, kind, data in fields:
        head = f'Content-Disposition: form-data; name="{name}"' + (f'; filename="{filename}"' if filename else "")
        head += f"\r\nContent-Type: {kind}" if kind else ""
        body += f"--{boundary}\r\n{head}\r\n\r\n".encode() + data + b"\r\n"
    return body + f"--{boundary}--\r\n".encode()


def ask(route: CassetteRoute, headers: list[tuple[str, str]], body: bytes | None = None) -> RecordingSink:
    sink = RecordingSink()
    route.bind(None, FakeHost()).open(Request("GET" if body is None else "POST", URL, headers, body), sink)
    return sink


# Bodies --------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("kind", "one", "other"), [
    ("application/xml", b'<?xml version="1.0"?>\n<a b="1" c="2"> <d/> </a>', b"<a c='2' b='1'><d></d></a>"),
    ("text/xml", b'<x:a xmlns:x="u"><x:b>t</x:b></x:a>', b'<a xmlns="u"><b>t</b></a>'),
    ("application/soap+xml", b"\xef\xbb\xbf<a>\xc3\xa9</a>", b"<a>&#233;</a>"),
    ("application/atom+xml", "<a>\u00e9</a>".encode("utf-16"), b"<a>\xc3\xa9</a>"),
    ("application/json", b'{"a": [1, {"b": null}]}', b'{ "a":[1,{"b":null}] }'),
    ("multipart/form-data; boundary=one", uploaded("one", ("a", "", "", b"1"), ("f", "x.bin", "image/png", b"\0\r\n--")),
     uploaded("other", ("f", "x.bin", "image/png", b"\0\r\n--"), ("a", "", "", b"1"))),
])
def test_bodies_that_mean_the_same_are_equal(kind: str, one: bytes, other: bytes):
    """Layout, order of attributes and members, prefixes, encodings and boundaries do not tell bodies apart."""
    how = meaning([("Content-Type", kind)])
    assert read_body(how, one) == read_body(how, other)


FIELD = ("f", "x.bin", "image/png", b"data")


@pytest.mark.parametrize(("kind", "one", "other"), [
    ("application/xml", b"<a>1</a>", b"<a>2</a>"),
    ("application/xml", b'<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>', b"<a>x</a>"),
    ("application/xml", b"<a>" * 300 + b"</a>" * 300, b"<a>" * 300 + b" </a>" + b"</a>" * 299),
    ("application/xml", b"<a><b></a>", b"<a><b></a> "),
    ("application/xml", b"\xff\xfe\x00", b"\xff\xfe\x01"),
    *(("multipart/form-data; boundary=b", uploaded("b", FIELD), uploaded("b", other))
      for other in (("g", *FIELD[1:]), ("f", "y.bin", *FIELD[2:]), (*FIELD[:2], "image/gif", b"data"), (*FIELD[:3], b"Data"))),
    ("multipart/mixed; boundary=b", b"no boundary", b"no boundary at all"),
    ("multipart/mixed; boundary=b", b"--b\r\n\r\n1\r\n", b"--b\r\n\r\n1"),
])
def test_bodies_that_differ_are_told_apart(kind: str, one: bytes, other: bytes):
    """One part, one text that differs tells bodies apart; what has a DTD, is too deep or is broken goes by its bytes."""
    how = meaning([("Content-Type", kind)])
    assert read_body(how, one) == read_body(how, one)
    assert read_body(how, one) != read_body(how, other)


def test_parts_are_taken_at_the_boundary_alone():
    """A line that only begins like the boundary, or stands within a line, divides nothing; what precedes the first is no part."""
    assert [b"h: 1\r\n\r\n--bb\r\nx--b"] == parts(b"before\r\n--b\r\nh: 1\r\n\r\n--bb\r\nx--b\r\n--b-- \r\nafter")
    assert (("", "", "", (raw, b"x")),) == multipart(b"--b\r\n\r\nx\r\n--b--")


def test_uploads_get_their_own_answers(tape):
    """Two uploads to one URL, each sent with a boundary of its own, get the answers that were recorded for them."""
    kind = "multipart/form-data; boundary="
    recorded = [item(name, method="POST", asked=uploaded("r" + name.decode(), ("f", "a", "", name)), kind=kind + "r") for name in (b"1", b"2")]
    route = CassetteRoute(tape(*recorded))
    assert [b"2", b"1"] == [get(route, method="POST", body=uploaded("new", ("f", "a", "", name)), kind=kind + "new").body for name in (b"2", b"1")]


# Matchers ------------------------------------------------------------------------------------------------------------

def test_a_users_matcher_judges_what_the_fields_leave(tape):
    """A callable sees the two requests and chooses among those that agree in the named fields; it is asked of no others."""
    seen: list[str] = []

    def by_tenant(asked: Asked, recorded: Asked) -> bool:
        seen.append(recorded.url)
        assert "GET" == asked.method
        return asked.fields["x-tenant"] == recorded.fields.get("X-Tenant")

    recorded = []
    for tenant in ("a", "b"):
        recorded.append(item(tenant.encode()))
        recorded[-1].request.headers = [("X-Tenant", tenant)]
    route = CassetteRoute(tape(*recorded, item(b"other", URL + "/2")), match_on=["method", "uri", by_tenant])
    assert [b"b", b"a"] == [ask(route, [("x-Tenant", tenant)]).body for tenant in ("b", "a")]
    assert {URL} == set(seen)
    assert "used up" in str(ask(route, [("X-Tenant", "a")]).missed)
    assert "by_tenant: no match" in str(ask(route, [("X-Tenant", "c")]).missed)


def test_a_matcher_of_vcrpy_sees_what_it_knows(tape):
    """Headers are found by name in any case, as in vcrpy's requests, and are pairs all the same."""
    def same_tenant(one, other):
        assert one.headers["x-tenant"] == other.headers.get("X-Tenant")
        assert "X-TENANT" in one.headers and ("X-Tenant", "a") in one.headers and [("x-tenant", "a")] == list(one.headers.items())
        assert ("http", None, "fallback") == (one.protocol, one.headers.get("none"), other.headers.get("none", "fallback"))

    recorded = item(b"x")
    recorded.request.headers = [("x-tenant", "a")]
    assert b"x" == ask(CassetteRoute(tape(recorded), match_on=["uri", same_tenant]), [("X-Tenant", "a")]).body
    assert ask(CassetteRoute(tape(recorded), match_on=["uri", same_tenant]), [("X-Tenant", "b")]).missed


def test_a_matcher_may_assert(tape):
    """As with vcrpy, a matcher that returns None agrees, and one that raises AssertionError does not."""
    def never(asked: Asked, recorded: Asked) -> None:
        raise AssertionError

    assert b"x" == get(CassetteRoute(tape(item(b"x")), match_on=["uri", lambda asked, recorded: None])).body
    assert get(CassetteRoute(tape(item(b"x")), match_on=["uri", never])).missed


def test_a_matcher_that_raises_is_named(tape, monkeypatch):
    """By the error of the task whose request was judged."""
    def broken(asked: Asked, recorded: Asked) -> bool:
        raise LookupError("no such tenant")

    monkeypatch.setattr(threading, "excepthook", lambda arguments: None)       # which hears of it too
    route = CassetteRoute(tape(item(b"x")), match_on=["uri", broken])
    named = pytest.raises(URLError, match="no such tenant; raised in the matcher broken")
    with use_route(route), URLSession(URLSessionConfiguration.ephemeral()) as session, named:
        session.data(URL).result()


@pytest.mark.parametrize("name", ["uri", "url"])
def test_uri_is_the_text_of_the_url(tape, name: str):
    """The matchers `uri` and `url` compare the URL as it is written, but for its fragment."""
    path = tape(item(b"x", URL + "?a=1&b=2"))
    assert b"x" == get(CassetteRoute(path, match_on=[name]), URL + "?a=1&b=2#top").body
    assert "uri: asked" in str(get(CassetteRoute(path, match_on=[name]), URL + "?b=2&a=1").missed)


@pytest.mark.parametrize("match_on", [["uri"], ["host", "path"]])
def test_a_host_that_is_no_ascii_has_two_forms(tape, match_on: list[str]):
    """Either may have been recorded, and either may be asked."""
    forms = "http://b\xfccher.test/a", "http://xn--bcher-kva.test/a"
    for recorded in forms:
        path = tape(item(b"x", recorded))
        assert [b"x", b"x"] == [get(CassetteRoute(path, match_on=match_on), asked).body for asked in forms]


@pytest.mark.parametrize(("recorded", "asked"), [
    ("http://api.test/%7euser/%3Ca%3E/caf%c3%A9", "http://api.test/~user/<a>/caf\xe9"), ("http://api.test/a b", "http://api.test/a%20b"),
    ("http://api.test/[1]", "http://api.test/%5b1%5D"), ("http://API.test:80", "HTTP://api.test/"),
])
def test_clients_may_differ_in_what_they_escape(tape, recorded: str, asked: str):
    """A path is the same however its characters are escaped, but a slash that is data is none."""
    assert b"x" == get(CassetteRoute(tape(item(b"x", recorded))), asked).body
    assert b"x" == get(CassetteRoute(tape(item(b"x", asked))), recorded).body
    assert get(CassetteRoute(tape(item(b"x", "http://api.test/a%2Fb"))), "http://api.test/a/b").missed


def test_a_method_is_the_same_in_any_case(tape):
    """What recorders of aiohttp wrote in small letters answers what a client sends in capitals."""
    recorded = item(b"x")
    recorded.request.method = "get"
    assert b"x" == get(CassetteRoute(tape(recorded))).body


def test_headers_are_compared_whole(tape):
    """The matcher `headers` compares all names, in any case, and values."""
    recorded = item(b"x")
    recorded.request.headers = [("Accept", "a"), ("B", "1")]
    path = tape(recorded)
    match_on = ["method", "uri", "headers"]
    assert b"x" == ask(CassetteRoute(path, match_on=match_on), [("b", "1"), ("accept", "a")]).body
    message = str(ask(CassetteRoute(path, match_on=match_on), [("b", "2")]).missed)
    assert "headers[b]: asked 2, recorded 1" in message
    assert "headers[accept]: asked (none), recorded a" in message


def test_raw_body_compares_bytes(tape):
    """With `raw_body` two JSON texts of one meaning differ."""
    path = tape(item(b"x", method="POST", asked=b"[1]", kind="application/json"))
    for match_on, expected in ((["body"], b"x"), (["raw_body"], b"")):
        assert expected == get(CassetteRoute(path, match_on=match_on), method="POST", body=b"[ 1 ]", kind="application/json").body


def test_an_unknown_matcher_or_order_is_misuse(tmp_path: Path):
    """What is neither a name nor a callable, and a name that is none, are named in the error."""
    with pytest.raises(InvalidArgumentException, match="'verb'"):
        Index(match_on=["method", "verb"])
    with pytest.raises(InvalidArgumentException, match="per_url"):
        CassetteRoute(tmp_path / "a.yaml", order="random")


def test_reports_show_bytes_that_are_no_text_as_they_are_escaped(tape):
    """What tells two queries apart is seen in the report, which can be printed."""
    message = str(get(CassetteRoute(tape(item(b"x", URL + "?q=caf%E9"))), URL + "?q=caf%E8").missed)
    assert "query: asked q=caf%E8, recorded q=caf%E9" in message
    message.encode()


@pytest.mark.parametrize(("ignore", "match_on"), [
    (["query.t", "header.X-Id", "body.*.id"], ["method", "query", "headers", "body"]), ("*.t", ["method", "uri"]),
    (["headers", "body", "query"], ["method", "path", "query", "headers", "body"]),
])
def test_places_that_are_ignored_are_no_difference(tape, ignore: list[str] | str, match_on: list[str]):
    """In the URL, in header fields, in bodies, whatever is matched on; nor are they in a report."""
    def named(number: int) -> bytes:
        return b'{"items": [{"id": %d, "n": 1}]}' % number

    recorded = item(b"x", URL + "?t=1&a=1", method="POST", asked=named(1), kind="application/json")
    recorded.request.headers.append(("X-Id", "1"))
    route = CassetteRoute(tape(recorded), "none", match_on=match_on, ignore=ignore)

    def ask_for(query: str) -> RecordingSink:
        sink = RecordingSink()
        asked = Request("POST", URL + query, [("x-id", "2"), ("Content-Type", "application/json")], named(2))
        route.bind(None, FakeHost()).open(asked, sink)
        return sink

    assert b"x" == ask_for("?t=2&a=1").body
    missed = str(ask_for("?t=2&a=2" if "query" not in ignore else "/other").missed)
    assert "x-id" not in missed and '"id": 2' not in missed


def asked_with(route: CassetteRoute, body: bytes | None, kind: str = "text/plain") -> RecordingSink:
    sink = RecordingSink()
    route.bind(None, FakeHost()).open(Request("POST", URL, [("Content-Type", kind)], body), sink)
    return sink


def test_a_request_without_a_body_is_not_one_with_a_body(tape):
    """In whichever order they were recorded, and where only one of them was."""
    path = tape(item(b"with", method="POST", asked=b"a"), item(b"without", method="POST"))
    route = CassetteRoute(path, "none")
    assert [b"without", b"with"] == [asked_with(route, body).body for body in (None, b"a")]
    assert asked_with(CassetteRoute(tape(item(b"with", method="POST", asked=b"a")), "none"), None).missed
    assert b"with" == asked_with(CassetteRoute(path, "none", match_on=["method", "uri"]), None).body


def form_of(boundary: bytes, content: bytes) -> bytes:
    return b'--%s\r\nContent-Disposition: form-data; name="f"\r\n\r\n%s\r\n--%s--\r\n' % (boundary, content, boundary)


@pytest.mark.parametrize("suffix", ["yaml", "json", "har"])
def test_a_body_that_was_not_sent_to_its_end_is_compared_as_far_as_it_was(tmp_path: Path, suffix: str):
    """Under any boundary, at its place among whole ones."""
    path = tmp_path / f"tape.{suffix}"
    kinds = [f"multipart/form-data; boundary={boundary}" for boundary in ("one1", "two2", "three3")]
    tape = Tape([item(status, method="POST", asked=body, kind=kind) for status, body, kind in (
        (b"too large", form_of(b"one1", b"abcdef" * 99)[:-40], kinds[0]), (b"taken", form_of(b"two2", b"abcdef" * 99), kinds[1]),
        (b"refused", b"", kinds[0]))])
    tape.interactions[0].extra.cut = tape.interactions[2].extra.cut = True
    files.save(path, tape)
    route = CassetteRoute(path, "none")
    answers = [asked_with(route, form_of(b"three3", content), kinds[2]) for content in (b"abcdef" * 99, b"abcdef" * 99, b"other", b"another")]
    assert [b"too large", b"taken", b"refused"] == [sink.body for sink in answers[:3]]
    assert answers[3].missed


SIGNED = "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID{0}%2F20260{0}01%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20260{0}01T000000Z" \
         "&X-Amz-Expires={0}00&X-Amz-SignedHeaders=host&X-Amz-Signature=abc{0}&X-Amz-Security-Token=t{0}&ClientToken=c{0}"


def test_requests_signed_for_aws_match_whenever_they_were_signed(tape):
    """By parameters and by header fields; what is asked for still counts, and without the option all of it does."""
    def fields(number: int) -> list[tuple[str, str]]:
        return [("Authorization", f"AWS4-HMAC-SHA256 Credential=AKID/2026, SignedHeaders=host, Signature={number}"), ("X-Amz-Date", f"2026{number}"),
                ("X-Amz-Security-Token", f"token{number}"), ("amz-sdk-invocation-id", f"{number}"), ("amz-sdk-request", f"attempt={number}"),
                ("User-Agent", f"Botocore/1.{number}"), ("X-Amz-Content-SHA256", f"{number}"), ("X-Amz-Target", "DynamoDB_20120810.GetItem")]

    def asked(query: str, number: int, match: str | None = "aws") -> RecordingSink:
        route = CassetteRoute(path, "none", match=match, match_on=["method", "uri", "headers"], filter=False)
        sink = RecordingSink()
        route.bind(None, FakeHost()).open(Request("GET", URL + query, fields(number), None), sink)
        return sink

    recorded = item(b"x", URL + SIGNED.format(1) + "&list-type=2")
    recorded.request.headers = fields(1)
    path = tape(recorded)
    assert b"x" == asked(SIGNED.format(2) + "&list-type=2", 2).body
    message = str(asked(SIGNED.format(2) + "&list-type=1", 2).missed)
    assert "headers[" not in message and "uri: asked" in message
    assert asked(SIGNED.format(2) + "&list-type=2", 2, None).missed


# Order ---------------------------------------------------------------------------------------------------------------

def test_strict_order_gives_each_answer_in_its_turn_alone(tape):
    """With order "strict" a request out of turn is a miss that says what is due, and plays nothing."""
    route = CassetteRoute(tape(item(b"1", URL + "/1"), item(b"2", URL + "/2"), item(b"3", URL + "/1")), order="strict")
    message = str(get(route, URL + "/2").missed)
    assert f"out of order (strict): recorded as number 2, while number 1, GET {URL}/1, is due" in message
    assert [b"1", b"2", b"3"] == [get(route, f"{URL}/{number}").body for number in (1, 2, 1)]
    assert "used up" in str(get(route, URL + "/1").missed)


def test_order_per_url_holds_within_each_url(tape):
    """With order "per_url" URLs are asked in any order, but the requests to one as they were recorded."""
    route = CassetteRoute(tape(item(b"1", method="PUT"), item(b"2"), item(b"3", URL + "/2")), order="per_url")
    assert b"3" == get(route, URL + "/2").body
    assert "out of order (per_url)" in str(get(route).missed)
    assert [b"1", b"2"] == [get(route, method="PUT").body, get(route).body]


def test_repeats_go_on_in_strict_order(tape):
    """Once all is played, allow_playback_repeats gives the last of equals again, whatever the order."""
    route = CassetteRoute(tape(item(b"1"), item(b"2", URL + "/2")), order="strict", allow_playback_repeats=True)
    assert [b"1", b"2", b"1", b"2"] == [get(route, url).body for url in (URL, URL + "/2", URL, URL + "/2")]


# Cost ----------------------------------------------------------------------------------------------------------------

class Watched(Interaction):
    """An interaction that counts how often it is looked at."""

    looks = 0
    __slots__ = ()

    @property
    def uri(self) -> str:
        Watched.looks += 1
        return super().uri

    @property
    def body(self) -> bytes | None:
        Watched.looks += 1
        return super().body


@pytest.mark.parametrize("turn", [1, -1])
@pytest.mark.parametrize("same_url", [False, True])
@pytest.mark.parametrize("order", ["any", "per_url"])
def test_a_match_looks_at_no_more_of_a_large_cassette(turn: int, same_url: bool, order: str):
    """However many interactions there are, of one URL or many, in order or reversed, a match looks at a fixed number of them."""
    def looks(count: int) -> float:
        urls = [URL if same_url else f"{URL}/{number}" for number in range(count)]
        bodies = [b"%d" % number for number in range(count)]
        index = Index([Watched(RecordedRequest("POST", url, [], body), RecordedResponse(200)) for url, body in zip(urls, bodies, strict=True)],
                      order=order)
        steps = list(range(count))[::turn if order == "any" or not same_url else 1]
        index.bucket(Asked("POST", URL, [], b"0"))     # the first request with a body divides by bodies
        Watched.looks = 0
        assert steps == [index.take(Asked("POST", urls[step], [], bodies[step])) for step in steps]
        return Watched.looks / count

    assert looks(40) == looks(400)
