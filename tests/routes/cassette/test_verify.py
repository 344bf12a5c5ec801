"""The server's answer beside the recorded one: what counts as a difference, and how it is told."""
from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from sessionmock.models.message import Headers
from sessionmock.routes.cassette import Interaction, RecordedRequest, RecordedResponse, Secrets
from sessionmock.routes.cassette.ignored import Ignored
from sessionmock.routes.cassette.verify import compare

JSON = [("Content-Type", "application/json")]


def item(body: bytes = b"", headers: Headers | None = None, status: int = 200) -> Interaction:
    return Interaction(RecordedRequest("GET", "http://api.test/"), RecordedResponse(status, "OK", headers or [], body))


def places(tape: Interaction | None, live: Interaction, *ignore: str, secrets: bool = False) -> dict[str, tuple[str, str]]:
    masking = Secrets().masking if secrets else None
    return {found.place: (found.tape, found.live) for found in compare(tape, live, masking, Ignored(ignore))}


def test_an_answer_that_was_not_recorded() -> None:
    """Everything of it is new."""
    assert {"answer": ("none", "status 404")} == places(None, item(status=404))


def test_status_and_headers() -> None:
    """Names in any case; headers that differ from one answer to the next are left out."""
    tape = item(headers=[("X-A", "1"), ("x-gone", "1"), ("Date", "then"), ("X-Request-Id", "1")])
    live = item(headers=[("x-a", "2"), ("X-New", "1"), ("Date", "now"), ("X-Request-Id", "2")], status=500)
    fields = {"headers.x-a": ("1", "2"), "headers.x-gone": ("1", "none"), "headers.x-new": ("none", "1")}
    assert {"status": ("200", "500"), **fields} == places(tape, live)
    assert {"status": ("200", "500")} == places(tape, live, "headers.x-*")


@pytest.mark.parametrize(("one", "other", "expected"), [
    ({"a": 1, "b": [1, 2]}, {"b": [1, 2], "a": 1}, {}),
    ({"a": 1}, {"a": 2}, {"body.a": ("1", "2")}),
    ({"a": 1}, {"a": 1.0}, {"body.a": ("1", "1.0")}),
    ({"a": 1}, {"b": None}, {"body.a": ("1", "none"), "body.b": ("none", "null")}),
    ([{"id": 1}, {"id": 2}], [{"id": 1}, {"id": 3}], {"body.1.id": ("2", "3")}),
    ([1, 2], [1, 3, 4], {"body": ("2 elements", "3 elements"), "body.1": ("2", "3")}),
    ({"a": "x" * 300}, {"a": None}, {"body.a": ('"' + "x" * 199 + "…", "null")}),
])
def test_json_differs_member_by_member(one: Any, other: Any, expected: dict[str, tuple[str, str]]) -> None:
    """The place of each difference, and both values, cut to what fits."""
    assert expected == places(item(json.dumps(one).encode(), JSON), item(json.dumps(other).encode(), JSON))


def test_places_that_do_not_count() -> None:
    """A pattern leaves out all places that it names."""
    tape, live = (item(json.dumps([{"id": number, "name": "a"}]).encode(), JSON) for number in (1, 2))
    assert {} == places(tape, live, "body.*.id")
    assert {"body.0.id": ("1", "2")} == places(tape, live, "body.1.id")
    assert {} == places(tape, live, "body.0")


@pytest.mark.parametrize(("kind", "one", "other", "expected"), [
    ("text/plain", b"a", b"b", {"body": ("a", "b")}),
    ("application/x-www-form-urlencoded", b"a=1&b=2", b"b=2&a=1", {}),
    ("application/json", b"{", b"{}", {"body": ("{", "{}")}),       # of which one is no JSON
    ("application/octet-stream", b"\xff", b"", {"body": ("1 bytes beginning ff", "(none)")}),
])
def test_other_bodies_differ_as_a_whole(kind: str, one: bytes, other: bytes, expected: dict[str, tuple[str, str]]) -> None:
    """By what they mean, where their type says that."""
    assert expected == places(*(item(body, [("Content-Type", kind)]) for body in (one, other)))


def test_codings_and_secrets_are_no_difference() -> None:
    """What was sent in another coding, or with another secret, is the same."""
    assert {} == places(item(gzip.compress(b"a"), [("Content-Encoding", "gzip")]), item(b"a"))
    tape, live = (item(json.dumps({"token": f"a-long-secret-{number}"}).encode(), [*JSON, ("X-Token", f"a-long-secret-{number}")])
                  for number in (1, 2))
    assert {} == places(tape, live, secrets=True)
    assert 2 == len(places(tape, live))


def test_no_more_than_fifty_are_told() -> None:
    """An answer that differs everywhere does not fill a report."""
    found = compare(item(json.dumps(list(range(100))).encode(), JSON), item(json.dumps(list(range(1, 101))).encode(), JSON), None)
    assert 50 == len(found)
    assert "GET http://api.test/: body.0: the cassette has 0, the server gave 1" == str(found[0])
