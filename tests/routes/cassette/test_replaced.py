"""What was replaced, said by name."""
from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from sessionmock import Answer, CassetteRoute, ScriptRoute, transport
from sessionmock.routes.cassette import replaced

URL = "https://api.test/a"


def test_a_url_is_told_by_its_parameters() -> None:
    """Or as a whole, where none of them is another."""
    assert set() == replaced.in_url(URL, URL)
    assert {("query api key", "x")} == replaced.in_url(f"{URL}?a=1&api%20key=secret", f"{URL}?a=1&api%20key=x")
    assert {("URL", f"{URL}/x")} == replaced.in_url(f"{URL}/secret?a=1", f"{URL}/x")


def test_headers_are_told_by_name_and_cookies_by_theirs() -> None:
    """Those that stayed are not."""
    before = [("Accept", "*/*"), ("X-Api-Key", "secret"), ("Cookie", "a=1; sid=secret")]
    after = [("Accept", "*/*"), ("X-Api-Key", "x"), ("Cookie", "a=1; sid=y")]
    assert {("header X-Api-Key", "x"), ("cookie sid", "y")} == replaced.in_headers(before, after)


def test_the_words_name_each_place_once() -> None:
    """With the number of all values; of many places not all are named."""
    assert "" == replaced.summary([])
    assert "1 value replaced: body token" == replaced.summary(["body token"])
    assert "3 values replaced: body token, cookie sid" == replaced.summary(["body token", "cookie sid", "body token"])
    assert replaced.summary(f"body {number:02}" for number in range(20)).endswith("body 11 and 8 more")


@pytest.mark.parametrize("name", ["a.yaml", "a.json", "a.har"])
def test_a_cassette_says_once_what_was_replaced_in_it(tmp_path: Path, name: str) -> None:
    """In the file, as it is written and when it is written again, and by its route."""
    script = ScriptRoute()
    script.answer(Answer(headers=[("Set-Cookie", "sid=abcdef1234567890; Path=/"), ("Set-Cookie", "theme=dark")],
                         body=b'{"access_token": "abcdef123456xyz9", "token_type": "bearer"}'))
    script.answer(Answer(body=b"{}"))
    told = "3 values replaced: body access_token, cookie sid, query api_key"
    with CassetteRoute(tmp_path / name, "all", live=script) as route, httpx.Client(transport=transport(route)) as client:
        client.get(f"{URL}?api_key=abcdefgh")
    assert told == route.replaced
    assert 1 == (tmp_path / name).read_text().count(told)
    with CassetteRoute(tmp_path / name, "new_episodes", live=script) as route, httpx.Client(transport=transport(route)) as client:
        client.get(f"{URL}/2")
    assert "" == route.replaced
    assert 1 == (tmp_path / name).read_text().count(told)


def test_what_is_kept_is_not_replaced(tmp_path: Path) -> None:
    """Headers, parameters, fields and cookies by their names; all others are."""
    body = {"access_token": "abcdef123456xyz9", "refresh_token": "abcdef123456xyz8"}
    script = ScriptRoute()
    script.answer(Answer(headers=[("Set-Cookie", "sid=abcdef1234567890"), ("Set-Cookie", "uid=abcdef1234567891")], body=json.dumps(body).encode()))
    with CassetteRoute(tmp_path / "a.yaml", "all", live=script, keep=["sid", "access-token", "X-Api-Key", "api_key"]) as route, \
            httpx.Client(transport=transport(route)) as client:
        client.get(f"{URL}?api_key=abcdefgh", headers={"X-Api-Key": "abcdefgh123"})
    assert "2 values replaced: body refresh_token, cookie uid" == route.replaced
    with CassetteRoute(tmp_path / "a.yaml", "none", keep="sid") as route, httpx.Client(transport=transport(route)) as client:
        answer = client.get(f"{URL}?api_key=abcdefgh")
    assert ("abcdef1234567890", body["access_token"]) == (answer.cookies["sid"], answer.json()["access_token"])
