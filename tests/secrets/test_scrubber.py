"""Where secrets are found, and what is left as it was."""
from __future__ import annotations

import base64
import gzip
import json

import pytest

from sessionmock.secrets.scrubber import Scrubber

SECRET = "a-long-secret-12"


def put(value: str, where: str) -> str | None:
    return "XXX"


def gone(value: str, where: str) -> str | None:
    return None


CLEAN, EMPTY = Scrubber(put), Scrubber(gone)
PART = '--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n{}\r\n--b--'
BASIC = base64.b64encode(b"ann:pw").decode()

TELEGRAM, DISCORD = "110201543:AA" + "HdqTcvCH1v" * 3 + "GW", "123456789012345678/" + "a1B2c3D4" * 8


@pytest.mark.parametrize(("name", "value", "expected", "emptied"), [
    ("Authorization", f"Bearer {SECRET}", "Bearer XXX", None),
    ("Authorization", SECRET, "XXX", None),
    ("Authorization", "", "", ""),
    ("Authorization", f"Basic {BASIC}", "Basic " + base64.b64encode(b"XXX:XXX").decode(), None),
    ("Authorization", "Basic no-base64", "Basic XXX", None),
    ("Cookie", f'a={SECRET}; b="{SECRET}"; {SECRET}; c=', 'a=XXX; b="XXX"; XXX; c=', None),
    ("Set-Cookie", f"a={SECRET}; Path=/x", "a=XXX; Path=/x", None),
    ("X-Api-Key", SECRET, "XXX", None),
    ("X-Note", f"token={SECRET}", "token=XXX", "token="),
    ("X-Note", "nothing of note", "nothing of note", "nothing of note"),
])
def test_headers(name: str, value: str, expected: str, emptied: str | None) -> None:
    """By their names and schemes, cookies by theirs, others by what stands in them; where nothing may stand, the header goes."""
    assert [(name, expected)] == CLEAN.headers([(name, value)])
    assert ([] if emptied is None else [(name, emptied)]) == EMPTY.headers([(name, value)])


def test_headers_without_a_secret_are_the_same_list() -> None:
    """Nothing is made where nothing is found; what was seen once is known."""
    headers = [("Accept", "*/*"), ("X-Request", "1")]
    assert headers is CLEAN.headers(headers)
    assert headers is CLEAN.headers(headers)


@pytest.mark.parametrize(("url", "expected", "emptied"), [
    (f"http://a.test/?token={SECRET}&b=1", "http://a.test/?token=XXX&b=1", "http://a.test/?b=1"),
    (f"http://a.test/?token={SECRET}", "http://a.test/?token=XXX", "http://a.test/"),
    ("http://ann:pw12@a.test/", "http://ann:XXX@a.test/", "http://ann:@a.test/"),
    ("http://a-name-as-long-as-a-token@a.test/", "http://XXX@a.test/", "http://@a.test/"),
    ("http://ann@a.test/", "http://ann@a.test/", "http://ann@a.test/"),
    (f"http://a.test/#access_token={SECRET}", "http://a.test/#access_token=XXX", "http://a.test/#access_token="),
    ("http://a.test/things", "http://a.test/things", "http://a.test/things"),
    (f"http://a.test/?next=http%3A%2F%2Fb.test%2F%3Ftoken%3D{SECRET}", "http://a.test/?next=http%3A%2F%2Fb.test%2F%3Ftoken%3DXXX",
     "http://a.test/?next=http%3A%2F%2Fb.test%2F"),
    ("http://a.test/?next=%2525token", "http://a.test/?next=%2525token", "http://a.test/?next=%2525token"),      # nobody goes so deep
    ("http://a.test/?code=abc&state=xyz", "http://a.test/?code=XXX&state=xyz", "http://a.test/?state=xyz"),
    ("http://a.test/?code=abc", "http://a.test/?code=abc", "http://a.test/?code=abc"),
])
def test_urls(url: str, expected: str, emptied: str) -> None:
    """Passwords, parameters, and URLs in parameters."""
    assert (expected, emptied) == (CLEAN.url(url), EMPTY.url(url))


@pytest.mark.parametrize(("body", "expected"), [
    (f'{{"password": "{SECRET}", "a": 1}}', '{"password": "XXX", "a": 1}'),
    ('{"password": "", "pin": 123456, "a": 123456}', '{"password": "", "pin": XXX, "a": 123456}'),
    (f'{{"token": {{"deep": ["{SECRET}"]}}, "a": "b"}}', '{"token": {"deep": ["XXX"]}, "a": "b"}'),
    (f'{{"name": "password", "value": "{SECRET}"}}', '{"name": "password", "value": "XXX"}'),
    ('{"password": "\\u00e9\\x"}', '{"password": "XXX"}'),                            # which is no JSON, and a secret
    (json.dumps({"a": json.dumps({"password": SECRET})}), json.dumps({"a": json.dumps({"password": "XXX"})})),
    ('{"a": "\\x", "password": "secret-1"}', '{"a": "\\x", "password": "XXX"}'),
    (f"password={SECRET}&a=1", "password=XXX&a=1"),
    (f"grant_type=x&code={SECRET}", "grant_type=x&code=XXX"),
    (f"user[password]={SECRET}", "user[password]=XXX"),
    ("card[number]=4111111111111111&card[month]=12", "card[number]=XXX&card[month]=12"),
    ('{"card": {"number": "4111111111111111"}, "number": "4111111111111112"}', '{"card": {"number": "XXX"}, "number": "4111111111111112"}'),
    (f'{{"API Key": "{SECRET}"}}', '{"API Key": "XXX"}'),
    (f"<member><name>password</name><value><string>{SECRET}</string></value></member>",
     "<member><name>password</name><value><string>XXX</string></value></member>"),
    (f"<Tag><Key>DbPassword</Key><Value>{SECRET}</Value></Tag>", "<Tag><Key>DbPassword</Key><Value>XXX</Value></Tag>"),
    (f"https://api.telegram.org/bot{TELEGRAM}/getMe", "https://api.telegram.org/botXXX/getMe"),
    (f"https://discord.com/api/webhooks/{DISCORD}", "https://discord.com/api/webhooks/XXX"),
    (f'"https:\\/\\/hooks.slack.com\\/services\\/T0A1B2C3D\\/B0A1B2C3D\\/{SECRET}Ab3"', '"https:\\/\\/hooks.slack.com\\/services\\/XXX"'),
    (f"<password>{SECRET}</password><a>b</a>", "<password>XXX</password><a>b</a>"),
    (f'["X-Api-Key", "{SECRET}-{SECRET}"]', '["X-Api-Key", "XXX"]'),
    (f"password = '{SECRET}'", "password = 'XXX'"),
    ("password: justaword", "password: justaword"),                                  # prose
    (PART.format(SECRET), PART.format("XXX")), (PART.format(""), PART.format("")),
    ("Bearer abcdefgh12 and Basic " + BASIC, "Bearer XXX and Basic " + base64.b64encode(b"XXX:XXX").decode()),
    ("bearer of news", "bearer of news"),
    ("Basic bm9jb2xvbg==", "Basic bm9jb2xvbg=="), ("Basic abcdefghi", "Basic abcdefghi"),
    (base64.b64encode(b'{"password": "a-long-secret-12"}').decode(), base64.b64encode(b'{"password": "XXX"}').decode()),
    (base64.b64encode(b'{"a": "nothing of a secret"}').decode(), base64.b64encode(b'{"a": "nothing of a secret"}').decode()),
    ("AKIA" + "A" * 16, "XXX"), ("nothing", "nothing"),
])
def test_bodies(body: str, expected: str) -> None:
    """Forms, JSON, XML, multipart, settings, code, and what shows by its shape; all else stays as it was."""
    assert expected.encode() == CLEAN.body(body.encode())


def test_what_is_compressed_within_a_text_is_looked_into() -> None:
    """As logs are sent: gzip in base64."""
    packed = base64.b64encode(gzip.compress(json.dumps({"password": SECRET}).encode())).decode()
    text = CLEAN.body(json.dumps({"data": packed}).encode())
    assert {"password": "XXX"} == json.loads(gzip.decompress(base64.b64decode(json.loads(text)["data"])))
    nothing = json.dumps({"data": base64.b64encode(gzip.compress(b"nothing of a secret in here")).decode()}).encode()
    assert nothing is CLEAN.body(nothing)


def test_a_body_without_a_secret_is_the_same_object() -> None:
    """Also one that has a name of secrets in it, and one that is no text."""
    for body in (b'{"a": 1}', b'{"password": ""}', b"password\xff: "):
        assert body is CLEAN.body(body)
    assert b"password=XXX\xff" == CLEAN.body(b'password="a-long-secret-12"\xff').replace(b'"', b"")


def test_patterns_of_a_users_own() -> None:
    """The first group is the secret, where there is one that took part; the whole where there is none."""
    own = Scrubber(put, patterns=[r"id-(\d+)", r"K\d+", r"no(x)?thing"])
    assert b"id-XXX and XXX, nothing" == own.body(b"id-77 and K12, nothing")
    assert "http://a.test/id-XXX" == own.url("http://a.test/id-77")
    assert [("X-Note", "id-XXX as it is")] == own.headers([("X-Note", "id-77 as it is")])


def test_a_number_that_nothing_may_stand_for_becomes_empty_text() -> None:
    """Digits stay digits else."""
    assert b'{"pin": ""}' == EMPTY.body(b'{"pin": 123456}')


def test_names_that_are_kept_or_added() -> None:
    """`keep` goes before what is usual, `names` go beside it."""
    own = Scrubber(put, names=["favourite colour"], keep=["cookie", "token"])
    assert [("Cookie", f"a={SECRET}"), ("Favourite-Colour", "XXX")] == own.headers([("Cookie", f"a={SECRET}"), ("Favourite-Colour", "green")])
    assert f'{{"token": "{SECRET}", "favourite_colour": "XXX"}}'.encode() == own.body(
        f'{{"token": "{SECRET}", "favourite_colour": "green"}}'.encode())
