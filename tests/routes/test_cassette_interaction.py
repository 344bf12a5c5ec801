"""An interaction that is read when it is first needed."""
from __future__ import annotations

import pytest

from sessionmock.errors import CassetteError
from sessionmock.routes.cassette import Extra, Interaction, RecordedRequest, RecordedResponse

URL = "http://api.test/"


class Source:
    """A place in a file."""

    method, uri = "PUT", URL

    def __init__(self) -> None:
        self.reads = 0
        self.whole: Interaction | None = Interaction(RecordedRequest("PUT", URL, [], b"asked"), RecordedResponse(200), Extra("HTTP/2"))

    def body(self) -> bytes | None:
        return b"asked"

    def read(self) -> Interaction:
        self.reads += 1
        if self.whole is None:
            raise CassetteError("line 7")
        return self.whole


def test_what_a_match_asks_costs_no_reading() -> None:
    """Method, URL and body are known from the file's structure; the rest is read once, when a part of it is asked for."""
    source = Source()
    one = Interaction.of(source)
    assert ("PUT", URL, b"asked", "<Interaction PUT http://api.test/, not read yet>") == (one.method, one.uri, one.body, repr(one))
    assert 0 == source.reads
    assert ("HTTP/2", 200) == (one.extra.http_version, one.response.status)
    assert ("PUT", URL, b"asked", 1) == (one.method, one.uri, one.body, source.reads)
    one.read()
    assert 1 == source.reads
    assert repr(one).startswith("Interaction(RecordedRequest(method='PUT'")


def test_it_equals_what_it_is_read_to() -> None:
    """By its parts; nothing else is one, and it has no hash, as any value that changes."""
    source = Source()
    assert Interaction.of(source) == source.whole
    assert Interaction.of(source) != "interaction"
    with pytest.raises(TypeError, match="unhashable"):
        hash(Interaction.of(source))


def test_what_cannot_be_read_is_told_each_time() -> None:
    """A broken one stays one."""
    source = Source()
    one, source.whole = Interaction.of(source), None
    for _ in range(2):
        with pytest.raises(CassetteError, match="line 7"):
            one.response    # noqa: B018


def test_it_has_no_other_parts() -> None:
    """A misspelt name is an error as of any object, and reads nothing."""
    source = Source()
    with pytest.raises(AttributeError, match="'Interaction' object has no attribute 'respons'"):
        Interaction.of(source).respons    # noqa: B018
    assert 0 == source.reads
