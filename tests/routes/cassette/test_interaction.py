"""Interactions, which are read when a part of them is first asked for."""
from __future__ import annotations

import pytest

from sessionmock.errors import CassetteError
from sessionmock.routes.cassette import Extra, Interaction, RecordedRequest, RecordedResponse
from sessionmock.routes.cassette.interaction import Format

REQUEST = RecordedRequest("GET", "http://a.test/", [], b"asked")
RESPONSE = RecordedResponse(200, "OK", [], b"ok")


class Source:
    """What an interaction is read from; counts how often."""

    method, uri = "GET", "http://a.test/"
    reads = 0

    def body(self) -> bytes | None:
        return b"asked"

    def read(self) -> Interaction:
        self.reads += 1
        return Interaction(REQUEST, RESPONSE, Extra())


def test_the_request_costs_no_reading() -> None:
    """Method, URI and body are there; the rest is read once, when it is first asked for."""
    source = Source()
    found = Interaction.of(source)
    assert ("GET", "http://a.test/", b"asked", 0) == (found.method, found.uri, found.body, source.reads)
    assert "not read yet" in repr(found)
    assert b"ok" == found.response.body
    assert (REQUEST, 1) == (found.request, source.reads)
    found.read()
    assert ("GET", "http://a.test/", b"asked", 1) == (found.method, found.uri, found.body, source.reads)
    assert repr(RESPONSE) in repr(found)


def test_interactions_are_equal_by_what_they_hold() -> None:
    """Read or not; and to nothing else."""
    whole = Interaction(REQUEST, RESPONSE)
    assert whole == Interaction.of(Source())
    assert whole != Interaction(REQUEST, RecordedResponse(201, "OK", [], b"ok"))
    assert whole != "an interaction"


def test_what_an_interaction_does_not_have() -> None:
    """Is an AttributeError as of any object, and reads nothing."""
    source = Source()
    with pytest.raises(AttributeError, match="'Interaction' object has no attribute 'answer'"):
        _ = Interaction.of(source).answer  # type: ignore[attr-defined]
    assert 0 == source.reads


def test_what_is_written_again() -> None:
    """Only layouts that are written can be saved in the place of the file that was read."""
    assert {Format.VCR_YAML, Format.VCR_JSON, Format.HAR, Format.VCR_0} == {each for each in Format if each.written}


def test_it_has_no_hash() -> None:
    """As any value that changes."""
    with pytest.raises(TypeError, match="unhashable"):
        hash(Interaction(REQUEST, RESPONSE))


def test_what_cannot_be_read_is_told_each_time() -> None:
    """A broken one stays one."""
    class Broken(Source):
        def read(self) -> Interaction:
            raise CassetteError("line 7")

    one = Interaction.of(Broken())
    for _ in range(2):
        with pytest.raises(CassetteError, match="line 7"):
            _ = one.response
