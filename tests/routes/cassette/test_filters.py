"""What a user says of names that no cassette may hold: names, and vcrpy's pairs of a name and what stands instead."""
from __future__ import annotations

import json
from typing import Any

import pytest

from sessionmock.errors import InvalidArgumentException
from sessionmock.models.message import Request
from sessionmock.routes.cassette import CassetteRoute, Interaction, RecordedRequest, RecordedResponse, Secrets

URL = "https://api.test/me"
FORM = [("Content-Type", "application/x-www-form-urlencoded")]


def cleaned(rules: Any, url: str = URL, headers: Any = (), body: bytes | None = None, answer: bytes = b"") -> Interaction:
    interaction = Interaction(RecordedRequest("POST", url, list(headers), body), RecordedResponse(200, "OK", [], answer))
    secrets = Secrets(rules)
    secrets.clean_all([interaction])
    secrets.clean_all([interaction])      # what was put in is no secret
    return interaction


def shorter(key: str, value: str, request: Request) -> str | None:
    return f"{key} of {request.method}: {value[:2]}" if value != "gone" else None


def test_a_text_takes_the_place_of_the_value_wherever_it_stands() -> None:
    """The whole of a header, a parameter, a field, a member at any depth, in the answer too."""
    found = cleaned([("authorization", "DUMMY"), ("shop", "a shop")], URL + "?shop=mine&page=1",
                    [("Authorization", "Bearer abcdefgh12345"), ("X-A", "b")], b'{"a": [{"Shop": "mine", "n": 1}]}',
                    b'{"shop": 7, "authorization": "x"}')
    assert URL + "?shop=a%20shop&page=1" == found.request.uri
    assert [("Authorization", "DUMMY"), ("X-A", "b")] == found.request.headers
    assert {"a": [{"Shop": "a shop", "n": 1}]} == json.loads(found.request.body or b"")
    assert {"shop": "a shop", "authorization": "DUMMY"} == json.loads(found.response.body)
    assert b"a=1&shop=a%20shop" == cleaned([("shop", "a shop")], headers=FORM, body=b"a=1&shop=mine").request.body


def test_none_drops_the_name_too() -> None:
    """As vcrpy does."""
    found = cleaned([("authorization", None), ("shop", None)], URL + "?shop=mine", [("Authorization", "x")], b'{"shop": "mine", "n": 1}',
                    b"shop=mine&a=1")
    assert (URL, []) == (found.request.uri, found.request.headers)
    assert b'{"n": 1}' == found.request.body
    assert b"a=1" == found.response.body


def test_a_function_says_what_stands_instead() -> None:
    """It gets the key as it is written, the value and the request; None drops both."""
    found = cleaned([("shop", shorter)], URL + "?Shop=mine", [("Shop", "gone")], b"shop=other")
    assert URL + "?Shop=Shop%20of%20POST%3A%20mi" == found.request.uri
    assert [] == found.request.headers
    assert b"shop=shop%20of%20POST%3A%20ot" == found.request.body


def test_names_and_pairs_stand_side_by_side() -> None:
    """A name alone gets a pseudonym, and what is secret anyway does too."""
    found = cleaned(["shop", ("till", "T")], URL + "?shop=abcdef123456&till=9&token=qwertz098765")
    assert "till=T" in found.request.uri
    assert not {"abcdef123456", "qwertz098765"} & {value.partition("=")[2] for value in found.request.uri.split("&")}
    assert b"mine" not in (cleaned([("shop", "T")], headers=[("Content-Type", "multipart/form-data; boundary=b")],
                                   body=b'--b\r\nContent-Disposition: form-data; name="shop"\r\n\r\nmine\r\n--b--\r\n').request.body or b"")


@pytest.mark.parametrize(("given", "named"), [
    (5, "5"), (None, "None"), (b"name", "b'name'"), ({"a": "b"}, "{'a': 'b'}"), ([1], "1"), ([("a", 1)], "('a', 1)"), ([("a",)], "('a',)"),
    ([("a", "b", "c")], "('a', 'b', 'c')"), ("", "''"), (["ok", ""], "''"), ([(None, "a")], "(None, 'a')"), ([["a", "b"]], "['a', 'b']"),
])
def test_anything_else_is_refused(given: Any, named: str) -> None:
    """With what was given, and what may be."""
    with pytest.raises(InvalidArgumentException) as error:
        CassetteRoute("a.yaml", "none", filter=given)
    assert f"filter {named}: " in str(error.value)


@pytest.mark.parametrize("rules", [{"patterns": "("}, {"patterns": 5}, {"keep": [None]}, {"keep": b"a"}])
def test_what_is_no_pattern_and_no_name_is_refused(rules: Any) -> None:
    """By what it was given for."""
    with pytest.raises(InvalidArgumentException, match=f"^{next(iter(rules))} "):
        Secrets(**rules)
