"""Secrets wherever else they stand."""

from __future__ import annotations

import pytest

from sessionmock.models.message import ResponseHead
from sessionmock.routes.cassette import Extra, Interaction, RecordedRequest, RecordedResponse
from sessionmock.routes.cassette.echoes import FEW, Echoes


def echoes(*secrets: str) -> Echoes:
    made = Echoes(lambda secret: "XXX")
    for secret in secrets:
        made.add(secret)
    return made


def test_a_secret_is_found_as_it_is_and_encoded() -> None:
    """In text, header fields and bodies; others stay the same object."""
    one = echoes("AnnExample 77")
    assert "a=XXX&b=XXX" == one.url("a=AnnExample 77&b=AnnExample%2077")
    assert [("X-Note", "by XXX"), ("A", "b")] == one.headers([("X-Note", "by AnnExample 77"), ("A", "b")])
    assert (b"\xffXXX", body := b"other") == (one.body(b"\xffAnnExample 77"), one.body(body))
    assert {"AnnExample"} == one.runs


@pytest.mark.parametrize("secret", ["short", "production", "fake-garcia-0123456789ab", "a-b-c-d-e-f"])
def test_what_may_be_anything_is_not_looked_for(secret: str) -> None:
    """Short ones, words, pseudonyms."""
    assert not echoes(secret)


@pytest.mark.parametrize("place", ["uri", "headers", "asked", "answered", "trailers", "early", "coded", "nowhere"])
def test_a_quick_look_passes_over_no_place(place: str) -> None:
    """What is coded, and parts that few have, are looked at in any case."""
    text = "by AnnExample77"
    one = Interaction(
        RecordedRequest("GET", f"http://a.test/{text if place == 'uri' else ''}", [], text.encode() if place == "asked" else None),
        RecordedResponse(
            200,
            "OK",
            [("X-Note", text)] if place == "headers" else [("Content-Encoding", "gzip")] if place == "coded" else [],
            text.encode() if place == "answered" else b"",
        ),
        Extra(trailers=[("a", "b")] if place == "trailers" else [], informational=[ResponseHead(103, [])] if place == "early" else []),
    )
    assert ([] if place == "nowhere" else [one]) == list(echoes("AnnExample77").among([one]))
    assert [one] == list(echoes(*(f"SecretNumber{number}X" for number in range(FEW + 1))).among([one]))
    assert [] == list(echoes().among([one]))
